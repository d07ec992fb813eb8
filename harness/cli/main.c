/* SPDX-License-Identifier: MIT */
/* dfurig: chooses the subcommand. */
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command *const commands[] = {
	&cli_command_ecu,
	&cli_command_exec,
	&cli_command_flash,
	&cli_command_image,
	&cli_command_list,
	&cli_command_run,
	&cli_command_sweep,
	&cli_command_triage,
	&cli_command_update,
};

static void print_help(FILE *to)
{
	fputs("Usage: dfurig COMMAND [OPTION...]\n"
	      "Test rig for STM32 firmware updates over USB (DFU).\n\n",
		to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nA first look:  dfurig exec --board f407-discovery -- dfu-util -l\n"
	      "More:          dfurig COMMAND --help\n"
	      "Exit codes:    0 good, 1 failed, 2 usage, 3 bad input file, 125 the rig itself "
	      "failed\n",
		to);
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "dfurig %s", command->name);
	argv[1] = name;
	return command->run(argc - 1, argv + 1);
}

static int dispatch(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help(stdout);
		return CLI_OK;
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("dfurig " DFURIG_VERSION);
		return CLI_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i]->name) == 0)
			return run_command(commands[i], argc, argv);
	return cli_errorf(CLI_USAGE, "no command \"%s\"; see dfurig --help", name);
}

int main(int argc, char **argv)
{
	int code = dispatch(argc, argv);

	/* A full disk behind stdout must not pass for success. */
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return cli_errorf(code ? code : CLI_RIG, "the result cannot be printed");
}
