/* SPDX-License-Identifier: MIT */
/* A folder for what lives as long as this process: images that programs read, what they may find in their PATH. */
#ifndef DFURIG_CLI_WORK_FOLDER_H
#define DFURIG_CLI_WORK_FOLDER_H

#include <limits.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

/* Makes an empty folder in $TMPDIR, else /tmp. 0 or negative errno. */
MUST_CHECK int work_folder_make(char ret[static PATH_MAX], struct why *why);

/* Removes it with all that is in it. */
void work_folder_remove(const char *path);

/* Makes a folder in `work` that has a link to every program of PATH but these, for use as PATH. names ends with NULL. 0 or
 * negative errno. */
MUST_CHECK int work_folder_path_without(
	const char *work, const char *const names[], char ret[static PATH_MAX], struct why *why);

#endif
