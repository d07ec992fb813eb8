/* SPDX-License-Identifier: MIT */
/* Scenarios and flashers by name, or by path: see data_files.h. */
#ifndef DFURIG_CLI_DATA_LOAD_H
#define DFURIG_CLI_DATA_LOAD_H

#include "harness/ports/flasher.h"
#include "harness/scenario/scenario.h"

/* *ret is owned by the caller (scenario_free, flasher_done). Errors of data_file_read, and -EBADMSG with the place and what
 * to do in why. */
MUST_CHECK int scenario_load(const char *name, struct scenario **ret, struct why *why);
MUST_CHECK int flasher_load(const char *name, struct flasher *ret, struct why *why);

#endif
