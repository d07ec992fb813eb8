/* SPDX-License-Identifier: MIT */
/* dfurig ecu: on this machine's serial ports. */
#include "harness/cli/cli.h"
#include "harness/cli/ecu_command.h"

#include "harness/host/serial_host_tty.h"

#include <stdio.h>

static void print(const struct buf *text, FILE *to)
{
	if (text->size)
		fwrite(text->data, 1, text->size, to);
}

static int run(int argc, char **argv)
{
	struct host_os os = {
		.clock = clock_monotonic(),
		.serial = serial_host_tty_new(""),
	};
	CLEANUP(buf_done) struct buf out;
	int code;

	(void)argc; /* argv ends with NULL */
	buf_init(&out, HOST_OUTPUT_MAX);
	if (!os.serial)
		return cli_errorf(CLI_RIG, "out of memory");
	code = ecu_command_main(&os, argv, &out);
	print(&out, code ? stderr : stdout);
	serial_host_tty_free(os.serial);
	return code;
}

const struct cli_command cli_command_ecu = {
	.name = "ecu",
	.summary = "a running ECU: what it is, its tune, its reboots",
	.run = run,
};
