/* SPDX-License-Identifier: MIT */
/*
 * `dfurig ecu`: what there is to know of a running ECU, its tune, and its reboots. The same code is a process on real
 * ports and a program in-process on virtual time.
 */
#ifndef DFURIG_CLI_ECU_COMMAND_H
#define DFURIG_CLI_ECU_COMMAND_H

#include "harness/ports/host_os.h"

/* argv[0] is the command's name, argv ends with NULL. Uses os->serial and its clock only; all that is said goes to out. Returns
 * the exit code (cli.h). */
int ecu_command_main(struct host_os *os, char *const argv[], struct buf *out);

#endif
