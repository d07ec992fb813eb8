/* SPDX-License-Identifier: MIT */
/* Where this program's own files lie after `cmake --install`, wherever its prefix was moved to. */
#ifndef DFURIG_CLI_INSTALLED_H
#define DFURIG_CLI_INSTALLED_H

#include <limits.h>

/* Writes "<prefix>/<below>" when the program is <prefix>/bin/<name>; whether it exists is for the caller to see. */
void installed_path(char ret[static PATH_MAX], const char *below);

#endif
