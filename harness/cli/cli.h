/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table of subcommands, one file cmd_<name>.c each, GNU argp inside them.
 *
 * Only here and in report may anything print. Every command has --help with an example and its exit codes.
 */
#ifndef DFURIG_CLI_CLI_H
#define DFURIG_CLI_CLI_H

#include <argp.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAIL = 1,  /* what was asked for did not work out */
	CLI_USAGE = 2, /* the command line is wrong */
	CLI_INPUT = 3, /* a file that was given is missing, damaged, or says nonsense */
	CLI_RIG = 125, /* the rig itself failed; `exec` uses it for CLI_USAGE and CLI_INPUT too */
};

struct cli_command {
	const char *name;
	const char *summary; /* one line for `dfurig --help` */
	/* argv[0] is "dfurig <name>". Returns the exit code. */
	int (*run)(int argc, char **argv);
};

extern const struct cli_command cli_command_ecu;
extern const struct cli_command cli_command_exec;
extern const struct cli_command cli_command_flash;
extern const struct cli_command cli_command_image;
extern const struct cli_command cli_command_list;
extern const struct cli_command cli_command_run;
extern const struct cli_command cli_command_sweep;
extern const struct cli_command cli_command_triage;
extern const struct cli_command cli_command_update;

/* argp_parse with this program's conventions: -h is help too, options come in order with other words, an error ends the
 * program with usage_code. At most two argp children. Returns 0 or usage_code. */
MUST_CHECK int cli_parse(
	const struct argp *argp, int argc, char **argv, void *input, int usage_code);

/* For option parsers: a number, decimal or hexadecimal with 0x. One that is none, or larger than max, is a usage
 * error and ends the program. */
uint32_t cli_parse_number(
	struct argp_state *state, const char *option, const char *text, uint32_t max);

/* Prints "dfurig: <why>" on stderr, one line. Returns code. */
int cli_error(int code, const struct why *why);
int cli_errorf(int code, const char *fmt, ...) PRINTF(2, 3);

#endif
