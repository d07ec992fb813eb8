/* SPDX-License-Identifier: MIT */
#include "harness/cli/parse_to.h"

#include "harness/cli/cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define WORD_MAX     64
#define OPTION_USAGE 0x400

struct parse {
	FILE *stream;
	error_t (*parser)(int key, char *text, struct argp_state *state); /* the command's own */
	void *input;                                                      /* its */
	const char *last; /* the word where an error was found, borrowed */
	bool helped;
};

static error_t help(struct parse *parse, struct argp_state *state, unsigned int what)
{
	parse->helped = true;
	state->flags &= ~(unsigned int)ARGP_NO_ERRS;
	argp_state_help(state, parse->stream, what);
	return ECANCELED;
}

static error_t parse_common(int key, char *text UNUSED, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->out_stream = state->err_stream = parse->stream;
		state->child_inputs[0] = parse;
		return 0;
	case ARGP_KEY_ERROR:
		if (state->next > 0 && !parse->last)
			parse->last = state->argv[state->next - 1];
		return 0;
	case 'h':
	case '?':
		return help(parse, state, ARGP_HELP_STD_HELP & ~(unsigned int)(ARGP_HELP_EXIT_OK));
	case OPTION_USAGE:
		return help(parse, state, ARGP_HELP_USAGE);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The command's own parser may complain; getopt is silent because it would do so on stderr. */
static error_t parse_own(int key, char *text, struct argp_state *state)
{
	struct parse *parse = state->input;
	error_t err;

	state->input = parse->input;
	state->flags &= ~(unsigned int)ARGP_NO_ERRS;
	err = parse->parser(key, text, state);
	state->flags |= ARGP_NO_ERRS;
	state->input = parse;
	return err;
}

static const struct argp_option common_options[] = {
	{"help", 'h', NULL, 0, "Print this help", -1},
	{NULL, '?', NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 0},
	{"usage", OPTION_USAGE, NULL, 0, "Print a short usage message", 0},
	{0},
};

static int parse_with(
	const struct argp *argp, const char *name, char *const argv[], struct parse *parse)
{
	const struct argp own = {.options = argp->options, .parser = parse_own};
	const struct argp_child children[] = {{&own, 0, NULL, 0}, {0}};
	const struct argp all = {
		.options = common_options,
		.parser = parse_common,
		.args_doc = argp->args_doc,
		.doc = argp->doc,
		.children = children,
	};
	char *words[WORD_MAX + 1];
	int count = 0;

	for (; argv[count]; count++) {
		if (count == WORD_MAX)
			return E2BIG;
		words[count] = argv[count];
	}
	words[0] = (char *)name; /* argp changes none of them */
	words[count] = NULL;
	return argp_parse(&all, count, words,
		ARGP_IN_ORDER | ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_NO_ERRS, NULL, parse);
}

int cli_parse_to(
	const struct argp *argp, const char *name, char *const argv[], void *input, struct buf *out)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t size = 0;
	struct parse parse = {
		.stream = open_memstream(&text, &size), .parser = argp->parser, .input = input};
	error_t err;

	if (!parse.stream)
		return CLI_RIG;
	err = parse_with(argp, name, argv, &parse);
	if (fclose(parse.stream) != 0 || (size && buf_append(out, text, size) < 0))
		return CLI_RIG;
	if (parse.helped)
		return CLI_OK;
	if (err && !size &&
		buf_printf(out, "%s: option \"%s\" is unknown or lacks its value; see --help\n",
			name, parse.last ? parse.last : "") < 0)
		return CLI_RIG;
	return err || size ? CLI_USAGE : PARSE_TO_GO_ON;
}
