/* SPDX-License-Identifier: MIT */
/* Runs a command under the mock transport, from its start until all that it left behind has ended. */
#ifndef DFURIG_CLI_MOCK_RUN_H
#define DFURIG_CLI_MOCK_RUN_H

#include "harness/cli/rig.h"

/* Called when the command has ended, while the boards are still there; returns the exit code in place of `code`. */
typedef int (*mock_run_after)(struct rig *rig, int code, void *user);

/* Runs argv under the mock on a rig that rig_begin set up, and finishes the rig, with messages on stderr. after may be
 * NULL. Returns the exit code for the program: the command's, or CLI_RIG, 126, 127. */
int mock_run_rig(struct rig *rig, char *const argv[], mock_run_after after, void *user);

#endif
