/* SPDX-License-Identifier: MIT */
#include "harness/cli/cmd_image_make.h"

#include "harness/cli/cli.h"
#include "harness/cli/image_file.h"
#include "harness/cli/json_out.h"

#include "harness/dfu/image.h"
#include "harness/report/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

struct make_args {
	const char *name, *out;
	enum image_format to;
	bool json;
};

static error_t parse_make(int key, char *text, struct argp_state *state)
{
	struct make_args *args = state->input;
	int format;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 't':
		format = image_format_value(text);
		if (format < 0)
			argp_error(state, "\"%s\" is no format (dfurig list formats)", text);
		args->to = (enum image_format)format;
		return 0;
	case ARGP_KEY_ARG:
		if (!args->name)
			args->name = text;
		else if (!args->out)
			args->out = text;
		else
			argp_error(state, "\"%s\": more than NAME and OUT", text);
		return 0;
	case ARGP_KEY_END:
		if (!args->out)
			argp_error(state, "NAME and OUT are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The same bytes, as a file of any format is made from. */
static int to_image(const struct image_file *file, struct image *ret, struct why *why)
{
	const struct image_element element = {
		.addr = file->addr, .data = file->bytes.data, .size = file->bytes.size};
	int r = image_add_target(ret, 0, file->name);

	if (r < 0)
		return why_errno(why, r, "%s", file->name);
	ret->addressed = true;
	return image_add_element(ret, &element, why);
}

static int print_result(const struct make_args *args, const struct image_file *file)
{
	const char *signature = file->ecu.signature[0] ? file->ecu.signature : NULL;
	char size[FORMAT_U64_SIZE];
	struct stat st;

	if (lstat(args->out, &st) < 0 || !S_ISREG(st.st_mode))
		return CLI_OK;
	if (args->json)
		return json_out_print(json_pack("{s:o, s:o, s:I, s:I, s:o}", "file",
			json_out_text(args->out), "image", json_out_text(file->name), "address",
			(json_int_t)file->addr, "size", (json_int_t)file->bytes.size, "signature",
			json_out_text(signature)));
	printf("%s: %s, %s bytes at 0x%08" PRIx32 "%s%s\n", args->out, file->title,
		format_u64(file->bytes.size, size), file->addr, signature ? ", " : "",
		signature ? signature : "");
	return CLI_OK;
}

static int make(const struct make_args *args)
{
	CLEANUP(image_file_done) struct image_file file = {0};
	CLEANUP(image_done) struct image image = {0};
	struct why why = {0};
	int r = image_file_load(args->name, &file, &why);

	if (r == 0)
		r = to_image(&file, &image, &why);
	if (r < 0)
		return cli_error(r == -ENOMEM ? CLI_RIG : CLI_INPUT, &why);
	r = args->to == IMAGE_AUTO ? image_format_for(&image, args->out, &why) : (int)args->to;
	if (r < 0)
		return cli_errorf(CLI_USAGE, "%s, or give --to", why_text(&why));
	r = image_write(&image, (enum image_format)r, args->out, &why);
	if (r < 0)
		return cli_error(r == -ENOMEM ? CLI_RIG : CLI_FAIL, &why);
	return print_result(args, &file);
}

int cmd_image_make(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"to", 't', "FMT", 0, "Write OUT as FMT instead of by its extension", 0},
		{"json", 'j', NULL, 0, "Print what was written as JSON", 0},
		{0},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_make,
		.args_doc = "NAME|FILE.yaml OUT",
		.doc = "Make a firmware image that a simulated board runs as rusEFI, from a name "
		       "of `dfurig list images` or a file like those in fixtures/images. The same "
		       "spec gives the same bytes.\v"
		       "Examples:\n"
		       "  dfurig image make rusefi-2026 rusefi.bin\n"
		       "  dfurig image make my.yaml my.hex\n\n"
		       "Exit codes: 0 good, 1 OUT cannot be written, 2 usage, 3 there is no such "
		       "image or its file is damaged, 125 out of memory.",
	};
	struct make_args args = {0};
	int r = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	return r ? r : make(&args);
}
