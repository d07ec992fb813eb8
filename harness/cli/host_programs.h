/* SPDX-License-Identifier: MIT */
/* The programs of a host in-process: dfurig's own subcommands for hosts, and the twins of foreign tools. */
#ifndef DFURIG_CLI_HOST_PROGRAMS_H
#define DFURIG_CLI_HOST_PROGRAMS_H

#include "harness/ports/host_os.h"

/* For host_os_direct_new; ends with NULL. */
extern const struct host_program *const host_programs[];

#endif
