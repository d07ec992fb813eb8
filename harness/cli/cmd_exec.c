/* SPDX-License-Identifier: MIT */
/* dfurig exec: runs a command with simulated boards plugged in. */
#include "harness/cli/child.h"
#include "harness/cli/cli.h"
#include "harness/cli/mock_run.h"
#include "harness/cli/rig.h"

#include <stdio.h>
#include <stdlib.h>

struct exec_options {
	struct rig_options rig;
	char **command; /* NULL at its end */
};

static error_t parse_option(int key, char *arg UNUSED, struct argp_state *state)
{
	struct exec_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->rig;
		return 0;
	case ARGP_KEY_ARG:
		options->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no command; for a first look: dfurig exec -- dfu-util -l");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&rig_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.parser = parse_option,
	.args_doc = "[--] COMMAND [ARG...]",
	.doc = "Runs COMMAND with simulated boards plugged in. The command, unmodified, and all "
	       "that it "
	       "starts see them as any USB device of this machine; no root and no kernel module is "
	       "needed. Real USB devices are hidden from it."
	       "\vExamples:\n"
	       "  dfurig exec --board f407-discovery -- dfu-util -l\n"
	       "  dfurig exec --capture a.pcapng --dump-flash f.bin -- \\\n"
	       "      dfu-util -a 0 -s 0x08000000:leave -D fw.bin\n"
	       "  dfurig exec -b f407-discovery -b f407-discovery -- lsusb -v\n"
	       "  dfurig exec --fault 'request write block=2 nth=3: stall' -- \\\n"
	       "      dfu-util -a 0 -s 0x08000000 -D fw.bin\n"
	       "  dfurig exec --pace chip --fault 'erase after=50%: cut-power' -- dfu-util ...\n\n"
	       "Exit code: the command's; 128 + signal when a signal ended it; 127 not found; 126 "
	       "not "
	       "executable; 125 when the rig itself failed, a fault never happened or the command "
	       "line is "
	       "wrong.",
	.children = children,
};

static void warn_out_of_reach(const char *command)
{
	const char *reason = child_out_of_reach(command);

	if (reason)
		fprintf(stderr,
			"dfurig: warning: %s will not see the boards: %s, and the mock reaches "
			"only "
			"dynamically linked programs (--transport usbip, which would, is not in "
			"this "
			"version)\n",
			command, reason);
}

/* Who lets boards run wants to see them. */
static void warn_dead(const struct rig *rig)
{
	for (unsigned int i = 0; i < rig->board_count; i++) {
		const char *reason = stm32_board_dead_text(rig->boards[i].board);

		if (reason)
			fprintf(stderr, "dfurig: warning: %s runs nothing and is not on USB: %s\n",
				rig->boards[i].board->name, reason);
	}
}

static int run(int argc, char **argv)
{
	struct exec_options options = {.command = NULL};
	struct why why = {""};
	struct rig rig;
	int r;

	if (cli_parse(&argp, argc, argv, &options, CLI_RIG))
		return CLI_RIG;
	warn_out_of_reach(options.command[0]);
	r = rig_begin(&rig, &options.rig, clock_monotonic(), &why);
	if (r < 0)
		return cli_error(CLI_RIG, &why);
	if (options.rig.start == RIG_START_RUN)
		warn_dead(&rig);
	return mock_run_rig(&rig, options.command, NULL, NULL);
}

const struct cli_command cli_command_exec = {
	.name = "exec",
	.summary = "run a command with simulated boards plugged in",
	.run = run,
};
