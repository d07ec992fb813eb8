/* SPDX-License-Identifier: MIT */
#include "harness/cli/host_programs.h"

#include "harness/cli/cli.h"
#include "harness/cli/cmd_triage.h"
#include "harness/cli/cmd_update.h"
#include "harness/cli/ecu_command.h"
#include "harness/host/twin.h"

#include <string.h>

/* The subcommands that a host's user runs. */
static int dfurig_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *name = argv[1] ? argv[1] : "";

	if (strcmp(name, "update") == 0)
		return cmd_update_program(os, argv, out);
	if (strcmp(name, "ecu") == 0)
		return ecu_command_main(os, argv + 1, out);
	if (strcmp(name, "triage") == 0)
		return cmd_triage_program(os, argv, out);
	(void)!buf_printf(out, "dfurig: in-process there is no command \"%s\"\n", name);
	return CLI_USAGE;
}

static const struct host_program dfurig_program = {.name = "dfurig", .main = dfurig_main};

const struct host_program *const host_programs[] = {
	&dfurig_program,
	&twin_dfu_util,
	&twin_lsusb,
	&twin_powershell,
	&twin_wmic,
	&twin_pnputil,
	&twin_st_drivers,
	&twin_install_drivers,
	&twin_stm32_programmer,
	&twin_dfuse_command,
	NULL,
};
