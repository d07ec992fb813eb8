/* SPDX-License-Identifier: MIT */
/* The words of a command as one line for a person, who may type it again. */
#ifndef DFURIG_CLI_COMMAND_LINE_H
#define DFURIG_CLI_COMMAND_LINE_H

#include "harness/base/attr.h"

/* Words that a shell would not take as they are stand in single quotes. Owned by the caller; NULL when out of memory or
 * longer than 64 KiB. */
char *command_line_text(char *const argv[]);

#endif
