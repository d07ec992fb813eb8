/* SPDX-License-Identifier: MIT */
/* Runs a command under the mock transport, from its start until all that it left behind has ended. */
#ifndef DFURIG_CLI_MOCK_RUN_H
#define DFURIG_CLI_MOCK_RUN_H

#include "harness/cli/rig.h"

/* Sets up the boards, runs argv under the mock, and finishes the rig, with their messages on stderr. Returns the exit code for
 * the program: the command's, or CLI_RIG, 126, 127. */
int mock_run_rig(const struct rig_options *options, char *const argv[]);

#endif
