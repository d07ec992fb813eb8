/* SPDX-License-Identifier: MIT */
/* dfurig image: what is in a firmware file, the same in another format, and firmware for simulated boards. */
#include "harness/cli/cli.h"
#include "harness/cli/cmd_image_make.h"
#include "harness/cli/image_firmware.h"
#include "harness/cli/json_out.h"

#include "harness/dfu/image.h"
#include "harness/report/format.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define EXIT_CODES                                                                                 \
	"Exit codes: 0 good, 1 the result cannot be written, 2 usage (an option is missing or "    \
	"does not fit the image), 3 the input is missing or damaged, 125 out of memory."

#define FORMATS "bin (raw), hex (Intel HEX), srec, dfu (raw with a DFU suffix), dfuse"

enum image_option {
	OPTION_JSON = 'j',
	OPTION_FORMAT = 'f',
	OPTION_FROM = 0x100,
	OPTION_TO,
	OPTION_ADDRESS,
	OPTION_FILL,
	OPTION_VID,
	OPTION_PID,
	OPTION_BCD_DEVICE,
	OPTION_ALT,
	OPTION_NAME,
};

/* A number that was given, or not. */
struct number {
	bool given;
	uint32_t value;
};

struct image_args {
	const char *in, *out;
	enum image_format from, to;
	bool json;
	struct number address, fill, vid, pid, bcd_device, alternate;
	const char *name;
};

static struct number parse_number(
	struct argp_state *state, const char *option, const char *text, uint32_t max)
{
	return (struct number){.given = true, .value = cli_parse_number(state, option, text, max)};
}

static enum image_format parse_format(struct argp_state *state, const char *text)
{
	int format = image_format_value(text);

	if (format < 0)
		argp_error(state, "\"%s\" is no format; formats are " FORMATS, text);
	return (enum image_format)format;
}

/* An id as dfu-suffix and lsusb write it, hexadecimal with or without 0x. */
static struct number parse_id(struct argp_state *state, const char *option, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 16);

	if (end == text || *end || *text == '-' || value > UINT16_MAX)
		argp_error(state, "--%s: \"%s\" is no hexadecimal number of four digits", option,
			text);
	return (struct number){.given = true, .value = (uint32_t)value};
}

/* The element's table row: where, how much, and a sum to compare by. */
static uint32_t element_crc(const struct image_element *element)
{
	return (uint32_t)crc32_z(0, element->data, element->size);
}

static json_t *json_element(const struct image *image, const struct image_element *element)
{
	return json_pack("{s:o, s:I, s:I}", "address",
		image->addressed ? json_integer(element->addr) : json_null(), "size",
		(json_int_t)element->size, "crc32", (json_int_t)element_crc(element));
}

static json_t *json_targets(const struct image *image)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < image->target_count; i++) {
		const struct image_target *target = &image->targets[i];
		json_t *elements = json_array();

		for (size_t j = 0; j < image->element_count; j++)
			if (image->elements[j].target == i)
				json_array_append_new(
					elements, json_element(image, &image->elements[j]));
		json_array_append_new(targets,
			json_pack("{s:i, s:o, s:o}", "alternate", (int)target->alternate, "name",
				json_out_text(target->name), "elements", elements));
	}
	return targets;
}

static json_t *json_firmware(const struct image *image)
{
	struct image_firmware found[IMAGE_FIRMWARE_MAX];
	size_t count = image_firmware_find(image, found);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, image_firmware_json(&found[i]));
	return list;
}

static int print_json(const char *path, const struct image *image)
{
	json_t *warnings = json_array();
	json_t *root = json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:o}", "file", json_out_text(path),
		"format", image_format_text(image->format), "file_size",
		(json_int_t)image->file_size, "size", (json_int_t)image_size(image), "targets",
		json_targets(image), "firmware", json_firmware(image), "warnings", warnings);

	for (size_t i = 0; i < image->warning_count; i++)
		json_array_append_new(warnings, json_out_text(image->warnings[i]));
	if (image->has_ids)
		json_object_set_new(root, "suffix",
			json_pack("{s:i, s:i, s:i}", "vid", (int)image->ids.vid, "pid",
				(int)image->ids.pid, "bcd_device", (int)image->ids.bcd_device));
	if (image->has_entry)
		json_object_set_new(root, "entry", json_integer(image->entry));
	return json_out_print(root);
}

static void print_elements(const struct image *image, size_t target)
{
	char size[FORMAT_U64_SIZE];

	for (size_t i = 0; i < image->element_count; i++) {
		const struct image_element *element = &image->elements[i];

		if (element->target != target)
			continue;
		format_u64(element->size, size);
		if (image->addressed)
			printf("  0x%08x to 0x%08x  %10s bytes  CRC-32 0x%08x\n", element->addr,
				(uint32_t)(element->addr + (element->size - 1)), size,
				element_crc(element));
		else
			printf("  no address                %10s bytes  CRC-32 0x%08x\n", size,
				element_crc(element));
	}
}

static void print_id(const char *name, uint16_t id)
{
	if (id == IMAGE_ANY_ID)
		printf("  %s any", name);
	else
		printf("  %s 0x%04x", name, id);
}

static void print_firmware(const struct image *image)
{
	struct image_firmware found[IMAGE_FIRMWARE_MAX];
	size_t count = image_firmware_find(image, found);

	for (size_t i = 0; i < count; i++)
		image_firmware_print(&found[i]);
}

static void print_text(const char *path, const struct image *image)
{
	char file_size[FORMAT_U64_SIZE], size[FORMAT_U64_SIZE];

	printf("%s: %s, %s bytes, of which %s are data\n", path, image_format_text(image->format),
		format_u64(image->file_size, file_size), format_u64(image_size(image), size));
	if (image->has_ids) {
		fputs("suffix", stdout);
		print_id("vendor", image->ids.vid);
		print_id("product", image->ids.pid);
		print_id("version", image->ids.bcd_device);
		putchar('\n');
	}
	for (size_t i = 0; i < image->target_count; i++) {
		const struct image_target *target = &image->targets[i];

		if (image->format == IMAGE_DFUSE)
			printf("alternate %d  \"%s\"\n", target->alternate, target->name);
		else if (target->name[0])
			printf("header \"%s\"\n", target->name);
		print_elements(image, i);
	}
	if (image->has_entry)
		printf("entry 0x%08x\n", image->entry);
	print_firmware(image);
	for (size_t i = 0; i < image->warning_count; i++)
		printf("warning: %s\n", image->warnings[i]);
}

static error_t parse_info(int key, char *text, struct argp_state *state)
{
	struct image_args *args = state->input;

	switch (key) {
	case OPTION_JSON:
		args->json = true;
		return 0;
	case OPTION_FORMAT:
		args->from = parse_format(state, text);
		return 0;
	case ARGP_KEY_ARG:
		if (args->in)
			argp_error(state, "one file at a time");
		args->in = text;
		return 0;
	case ARGP_KEY_END:
		if (!args->in)
			argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int input_error(int r, const struct why *why)
{
	return cli_error(r == -ENOMEM ? CLI_RIG : CLI_INPUT, why);
}

static int run_info(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", OPTION_JSON, NULL, 0,
			"Print JSON: numbers as numbers, address null when unknown", 0},
		{"format", OPTION_FORMAT, "FMT", 0, "Read as FMT instead of finding out: " FORMATS,
			0},
		{0},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_info,
		.args_doc = "FILE",
		.doc = "Show what is in a firmware file: format, addresses, sizes, checksums, and "
		       "which rusEFI or OpenBLT it is.\v"
		       "Example:\n  dfurig image info rusefi.hex\n\n" EXIT_CODES,
	};
	CLEANUP(image_done) struct image image = {0};
	struct image_args args = {0};
	struct why why = {0};
	int r = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	if (r)
		return r;
	r = image_read(args.in, args.from, &image, &why);
	if (r < 0)
		return input_error(r, &why);
	if (args.json)
		return print_json(args.in, &image);
	print_text(args.in, &image);
	return CLI_OK;
}

static error_t parse_convert_path(struct image_args *args, char *text, struct argp_state *state)
{
	if (!args->in)
		args->in = text;
	else if (!args->out)
		args->out = text;
	else
		argp_error(state, "\"%s\": more than IN and OUT", text);
	return 0;
}

static error_t parse_convert(int key, char *text, struct argp_state *state)
{
	struct image_args *args = state->input;

	switch (key) {
	case OPTION_JSON:
		args->json = true;
		return 0;
	case OPTION_FROM:
		args->from = parse_format(state, text);
		return 0;
	case OPTION_TO:
		args->to = parse_format(state, text);
		return 0;
	case OPTION_ADDRESS:
		args->address = parse_number(state, "address", text, UINT32_MAX);
		return 0;
	case OPTION_FILL:
		args->fill = parse_number(state, "fill", text, UINT8_MAX);
		return 0;
	case OPTION_VID:
		args->vid = parse_id(state, "vid", text);
		return 0;
	case OPTION_PID:
		args->pid = parse_id(state, "pid", text);
		return 0;
	case OPTION_BCD_DEVICE:
		args->bcd_device = parse_id(state, "bcd-device", text);
		return 0;
	case OPTION_ALT:
		args->alternate = parse_number(state, "alt", text, UINT8_MAX);
		return 0;
	case OPTION_NAME:
		args->name = text;
		return 0;
	case ARGP_KEY_ARG:
		return parse_convert_path(args, text, state);
	case ARGP_KEY_END:
		if (!args->out)
			argp_error(state, "IN and OUT are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int set_name(struct image *image, const char *name, struct why *why)
{
	if (image->target_count > 1)
		return why_set(why, -EINVAL,
			"--name: the image has %zu targets; choose one with --alt",
			image->target_count);
	image_name_target(&image->targets[0], name);
	return 0;
}

/* A DfuSe file knows its alternates, and --alt chooses; for others it says what they are meant for. */
static int set_alternate(struct image *image, uint8_t alternate, struct why *why)
{
	if (image->format == IMAGE_DFUSE)
		return image_select(image, alternate, why);
	image->targets[0].alternate = alternate;
	return 0;
}

static void set_ids(struct image *image, const struct image_args *args, enum image_format to)
{
	if (!args->vid.given && !args->pid.given && !args->bcd_device.given)
		return;
	image->ids = image_ids_for(image, to);
	image->has_ids = true;
	if (args->vid.given)
		image->ids.vid = (uint16_t)args->vid.value;
	if (args->pid.given)
		image->ids.pid = (uint16_t)args->pid.value;
	if (args->bcd_device.given)
		image->ids.bcd_device = (uint16_t)args->bcd_device.value;
}

/* What the options ask for, in the order in which they build on each other. */
static int apply_options(struct image *image, const struct image_args *args, struct why *why)
{
	int r = 0;

	if (args->alternate.given)
		r = set_alternate(image, (uint8_t)args->alternate.value, why);
	if (r == 0 && args->name)
		r = set_name(image, args->name, why);
	if (r == 0 && args->address.given)
		r = image_set_address(image, args->address.value, why);
	if (r == 0 && args->fill.given)
		r = image_fill_gaps(image, (uint8_t)args->fill.value, why);
	return r;
}

/* What the new file does not say any more. */
static void print_losses(const struct image *image, enum image_format to)
{
	bool raw = to == IMAGE_BIN || to == IMAGE_DFU;
	bool text = to == IMAGE_HEX || to == IMAGE_SREC;

	if (raw && image->addressed) {
		uint32_t lowest = image->elements[0].addr;

		for (size_t i = 1; i < image->element_count; i++)
			if (image->elements[i].addr < lowest)
				lowest = image->elements[i].addr;
		fprintf(stderr, "dfurig: note: %s keeps no address; these bytes belong at 0x%08x\n",
			image_format_text(to), lowest);
	}
	if (image->has_entry && !text)
		fprintf(stderr, "dfurig: note: %s keeps no entry address (0x%08x)\n",
			image_format_text(to), image->entry);
	if (to != IMAGE_DFUSE && image->targets[image->elements[0].target].alternate)
		fprintf(stderr, "dfurig: note: %s keeps no alternate (%d)\n", image_format_text(to),
			image->targets[image->elements[0].target].alternate);
}

/* One line or one object, unless the new file itself went to stdout (/dev/stdout). */
static int print_result(
	const struct image *image, enum image_format to, const struct image_args *args)
{
	char size[FORMAT_U64_SIZE];
	struct stat st;

	if (lstat(args->out, &st) < 0 || !S_ISREG(st.st_mode))
		return CLI_OK;
	if (args->json)
		return json_out_print(json_pack("{s:o, s:s, s:I, s:I}", "file",
			json_out_text(args->out), "format", image_format_text(to), "elements",
			(json_int_t)image->element_count, "size", (json_int_t)image_size(image)));
	printf("%s: %s, %zu element%s, %s bytes of data\n", args->out, image_format_text(to),
		image->element_count, image->element_count == 1 ? "" : "s",
		format_u64(image_size(image), size));
	return CLI_OK;
}

/* An image that does not fit the format is the options' fault: they choose the format and can bend the image. */
static int write_image(
	const struct image *image, enum image_format to, const struct image_args *args)
{
	struct why why = {0};
	int r = image_write(image, to, args->out, &why);

	if (r == -EINVAL || r == -EOVERFLOW)
		return cli_error(CLI_USAGE, &why);
	if (r < 0)
		return cli_error(r == -ENOMEM ? CLI_RIG : CLI_FAIL, &why);
	print_losses(image, to);
	return print_result(image, to, args);
}

static int convert(const struct image_args *args)
{
	CLEANUP(image_done) struct image image = {0};
	struct why why = {0};
	int r = image_read(args->in, args->from, &image, &why);

	if (r < 0)
		return input_error(r, &why);
	for (size_t i = 0; i < image.warning_count; i++)
		fprintf(stderr, "dfurig: warning: %s: %s\n", args->in, image.warnings[i]);
	r = apply_options(&image, args, &why);
	if (r < 0)
		return cli_errorf(
			r == -ENOMEM ? CLI_RIG : CLI_USAGE, "%s: %s", args->in, why_text(&why));
	r = args->to == IMAGE_AUTO ? image_format_for(&image, args->out, &why) : (int)args->to;
	if (r < 0)
		return cli_errorf(CLI_USAGE, "%s, or give --to", why_text(&why));
	set_ids(&image, args, (enum image_format)r);
	return write_image(&image, (enum image_format)r, args);
}

static int run_convert(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"from", OPTION_FROM, "FMT", 0, "Read IN as FMT instead of finding out", 1},
		{"to", OPTION_TO, "FMT", 0,
			"Write OUT as FMT instead of by its extension: " FORMATS, 1},
		{"address", OPTION_ADDRESS, "ADDR", 0, "Where raw bytes belong (0x08000000)", 2},
		{"fill", OPTION_FILL, "BYTE", 0,
			"Fill gaps between elements; without it raw formats refuse gaps", 2},
		{"alt", OPTION_ALT, "N", 0,
			"Of a DfuSe file take only alternate N; of others: meant for N (default 0)",
			2},
		{"name", OPTION_NAME, "TEXT", 0, "Name of the target (DfuSe) or header (srec)", 2},
		{"vid", OPTION_VID, "HEX", 0, "Vendor in the DFU suffix (DfuSe: 0483)", 3},
		{"pid", OPTION_PID, "HEX", 0, "Product in the DFU suffix (DfuSe: df11)", 3},
		{"bcd-device", OPTION_BCD_DEVICE, "HEX", 0,
			"Version in the DFU suffix (default ffff: any)", 3},
		{"json", OPTION_JSON, NULL, 0, "Print what was written as JSON", 4},
		{0},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_convert,
		.args_doc = "IN OUT",
		.doc = "Write a firmware file in another format. OUT takes its place only when it "
		       "is complete.\vExamples:\n"
		       "  dfurig image convert rusefi.hex rusefi.dfu\n"
		       "  dfurig image convert rusefi.bin rusefi.dfu --address 0x08000000\n"
		       "  dfurig image convert rusefi.hex rusefi.bin --fill 0xff\n\n" EXIT_CODES,
	};
	struct image_args args = {0};
	int r = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	return r ? r : convert(&args);
}

static const struct image_command {
	const char *name, *title;
	int (*run)(int argc, char **argv);
} image_commands[] = {
	{"info", "dfurig image info", run_info},
	{"convert", "dfurig image convert", run_convert},
	{"make", "dfurig image make", cmd_image_make},
};

static void print_help(FILE *to)
{
	fputs("Usage: dfurig image info FILE [--json]\n"
	      "       dfurig image convert IN OUT [OPTION...]\n"
	      "       dfurig image make NAME OUT [OPTION...]\n"
	      "Firmware files: " FORMATS ".\n\n"
	      "  info     what is in FILE: format, addresses, sizes, checksums, which rusEFI\n"
	      "  convert  the same bytes in another format\n"
	      "  make     firmware for simulated boards (dfurig list images)\n\n"
	      "Example:  dfurig image info rusefi.hex\n"
	      "More:     dfurig image convert --help\n" EXIT_CODES "\n",
		to);
}

static int run_image(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (name && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
			    strcmp(name, "-?") == 0)) {
		print_help(stdout);
		return CLI_OK;
	}
	for (size_t i = 0; name && i < ARRAY_SIZE(image_commands); i++)
		if (strcmp(name, image_commands[i].name) == 0) {
			argv[1] = (char *)image_commands[i].title;
			return image_commands[i].run(argc - 1, argv + 1);
		}
	if (name)
		return cli_errorf(
			CLI_USAGE, "image has no command \"%s\"; see dfurig image --help", name);
	print_help(stderr);
	return CLI_USAGE;
}

const struct cli_command cli_command_image = {
	.name = "image",
	.summary = "look into firmware files, convert and make them (bin, hex, srec, dfu, dfuse)",
	.run = run_image,
};
