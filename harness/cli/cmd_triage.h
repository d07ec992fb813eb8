/* SPDX-License-Identifier: MIT */
/* `dfurig triage` as a program of an in-process host. */
#ifndef DFURIG_CLI_CMD_TRIAGE_H
#define DFURIG_CLI_CMD_TRIAGE_H

#include "harness/ports/host_os.h"

/* argv is the whole command line, from "dfurig" on. Returns the exit code; what is said goes to out. */
int cmd_triage_program(struct host_os *os, char *const argv[], struct buf *out);

#endif
