/* SPDX-License-Identifier: MIT */
/* What all subcommands share: messages, and the conventions of the command line. */
#include "harness/cli/cli.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CHILD_MAX 2 /* argp children of a subcommand */

enum help_option {
	OPTION_HELP = 'h',
	OPTION_HELP_OF_ARGP = '?',
	OPTION_USAGE = 0x400, /* above the subcommands' own */
};

int cli_errorf(int code, const char *fmt, ...)
{
	char text[8192];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?'; /* a name from the command line must not steer the terminal */
	fprintf(stderr, "dfurig: %s\n", text);
	return code;
}

int cli_error(int code, const struct why *why)
{
	return cli_errorf(code, "%s", why_text(why));
}

static error_t parse_help(int key, char *text UNUSED, struct argp_state *state)
{
	switch (key) {
	case OPTION_HELP:
	case OPTION_HELP_OF_ARGP:
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case OPTION_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp's own help knows no -h. */
static const struct argp_option help_options[] = {
	{"help", OPTION_HELP, NULL, 0, "Print this help", -1},
	{NULL, OPTION_HELP_OF_ARGP, NULL, OPTION_ALIAS, NULL, 0},
	{"usage", OPTION_USAGE, NULL, 0, "Print a short usage message", 0},
	{0},
};

static const struct argp help_argp = {.options = help_options, .parser = parse_help};

int cli_parse(const struct argp *argp, int argc, char **argv, void *input, int usage_code)
{
	struct argp_child children[CHILD_MAX + 2] = {0};
	struct argp with_help = *argp;
	size_t count = 0;

	while (argp->children && argp->children[count].argp) {
		assert(count < CHILD_MAX);
		children[count] = argp->children[count];
		count++;
	}
	children[count] = (struct argp_child){&help_argp, 0, NULL, -1};
	with_help.children = children;
	argp_err_exit_status = usage_code;
	return argp_parse(&with_help, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, input)
		       ? usage_code
		       : 0;
}

uint32_t cli_parse_number(
	struct argp_state *state, const char *option, const char *text, uint32_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		argp_error(state, "--%s: \"%s\" is no number (decimal, or hexadecimal with 0x)",
			option, text);
	else if (value > max)
		argp_error(state, "--%s: %s is too large (at most 0x%x)", option, text, max);
	return (uint32_t)value;
}
