/* SPDX-License-Identifier: MIT */
/* dfurig list: the boards, chips, images, scenarios, flashers, faults and formats that there are. */
#include "harness/cli/board_file.h"
#include "harness/cli/cli.h"
#include "harness/cli/command_line.h"
#include "harness/cli/data_files.h"
#include "harness/cli/data_load.h"
#include "harness/cli/image_file.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "harness/flasher/flasher_file.h"

#include "harness/dfu/image.h"
#include "harness/fault/fault_text.h"
#include "simulators/windows/inf.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTINGS "boards, chips, images, scenarios, flashers, drivers, faults, sources, formats"

#define USB_ID_SIZE 10 /* "0483:df11" */

struct column {
	const char *key;  /* in JSON */
	const char *head; /* of the table; NULL = in JSON only */
	bool number;      /* in JSON */
};

/* Where entries go: a table for people and an array for machines; one is printed. */
struct out {
	const struct column *columns; /* ends with a NULL key */
	struct table table;
	json_t *array;
};

/* One kind of things to list. */
struct listing {
	const char *name;
	const struct column *columns;
	int (*fill)(struct
		out *out); /* CLI_OK, or what the command ends with; the rest is printed all the same */
};

/* texts: one a column, then NULL. 0 or -ENOMEM. */
static int out_add(struct out *out, const char *const texts[])
{
	const char *cells[TABLE_COLUMN_MAX + 1] = {NULL};
	json_t *object = json_object();
	size_t shown = 0;

	for (size_t i = 0; texts[i]; i++) {
		const struct column *column = &out->columns[i];

		if (column->head)
			cells[shown++] = texts[i];
		json_object_set_new(object, column->key,
			column->number ? json_integer(strtol(texts[i], NULL, 0))
				       : json_string(texts[i]));
	}
	if (json_array_append_new(out->array, object) < 0)
		return -ENOMEM;
	return table_add(&out->table, cells);
}

/* out_add(out, "a", "b") */
#define OUT_ADD(out, ...) out_add((out), (const char *const[]){__VA_ARGS__, NULL})

static int out_add_head(struct out *out)
{
	const char *cells[TABLE_COLUMN_MAX + 1] = {NULL};
	size_t shown = 0;

	for (const struct column *column = out->columns; column->key; column++)
		if (column->head)
			cells[shown++] = column->head;
	return table_add(&out->table, cells);
}

static const char *usb_id(const struct chip *chip, char ret[static USB_ID_SIZE])
{
	snprintf(ret, USB_ID_SIZE, "%04x:%04x", chip->dfu.vid, chip->dfu.pid);
	return ret;
}

static const struct column board_columns[] = {
	{"name", "NAME", false},
	{"title", "TITLE", false},
	{"chip", "CHIP", false},
	{"rom", "ROM", false},
	{"usb", "USB ID", false},
	{"serial", "SERIAL", false},
	{"source", NULL, false},
	{NULL, NULL, false},
};

static int add_board(struct out *out, const char *name)
{
	char rom[8], usb[USB_ID_SIZE], serial[CHIP_SERIAL_ROOM];
	struct board_file board;
	struct why why = {0};

	if (board_file_load(name, &board, &why) < 0)
		return cli_error(CLI_INPUT, &why);
	snprintf(rom, sizeof(rom), "0x%04x", board.rom->bcd_device);
	chip_serial(board.rom, board.uid, serial);
	if (OUT_ADD(out, board.name, board.title, board.chip->name, rom, usb_id(board.chip, usb),
		    serial, board.source) < 0)
		return CLI_RIG;
	return CLI_OK;
}

/* Every file of a kind; one that is damaged does not keep the others away. */
static int fill_names(struct out *out, const struct data_kind *kind,
	int (*add)(struct out *out, const char *name))
{
	struct data_names names;
	struct why why = {0};
	int code = CLI_OK;

	if (data_names_read(kind, &names, &why) < 0)
		return cli_error(CLI_RIG, &why);
	for (size_t i = 0; i < names.count; i++) {
		int r = add(out, names.names[i]);

		code = r ? r : code;
	}
	data_names_done(&names);
	return code;
}

static int fill_boards(struct out *out)
{
	return fill_names(out, &data_boards, add_board);
}

static const struct column chip_columns[] = {
	{"name", "NAME", false},
	{"also", "ALSO", false},
	{"flash_kib", "FLASH KiB", true},
	{"sectors", "SECTORS", true},
	{"usb", "USB ID", false},
	{"roms", "ROMS", false},
	{NULL, NULL, false},
};

static int fill_chips(struct out *out)
{
	for (size_t i = 0; i < chip_count; i++) {
		const struct chip *chip = &chips[i];
		char flash[12], sectors[8], usb[USB_ID_SIZE], roms[TABLE_CELL_SIZE];

		snprintf(flash, sizeof(flash), "%" PRIu32, chip->flash.range.size / 1024);
		snprintf(sectors, sizeof(sectors), "%u", chip->flash.sector_count);
		if (OUT_ADD(out, chip->name, chip->also ? chip->also : "", flash, sectors,
			    usb_id(chip, usb), chip_roms_text(chip, roms, sizeof(roms))) < 0)
			return CLI_RIG;
	}
	return CLI_OK;
}

static const struct column image_columns[] = {
	{"name", "NAME", false},
	{"title", "TITLE", false},
	{"chip", NULL, false},
	{"size", "BYTES", true},
	{"openblt", NULL, false},
	{"signature", "SIGNATURE", false},
	{"source", NULL, false},
	{NULL, NULL, false},
};

static int add_image(struct out *out, const char *name)
{
	CLEANUP(image_file_done) struct image_file image = {0};
	const char *openblt;
	struct why why = {0};
	char size[12];

	if (image_file_load(name, &image, &why) < 0)
		return cli_error(CLI_INPUT, &why);
	openblt = image.parts[0].kind == FIRMWARE_OPENBLT ? image.parts[0].signature : "";
	snprintf(size, sizeof(size), "%zu", image.bytes.size);
	if (OUT_ADD(out, image.name, image.title, image.parts[0].chip, size, openblt,
		    image.ecu.signature, image.source) < 0)
		return CLI_RIG;
	return CLI_OK;
}

static int fill_images(struct out *out)
{
	return fill_names(out, &data_images, add_image);
}

static const struct column scenario_columns[] = {
	{"name", "NAME", false},
	{"title", "TITLE", false},
	{"board", NULL, false},
	{NULL, NULL, false},
};

static int add_scenario(struct out *out, const char *name)
{
	struct scenario *scenario;
	struct why why = {0};
	int r;

	if (scenario_load(name, &scenario, &why) < 0)
		return cli_error(CLI_INPUT, &why);
	r = OUT_ADD(out, scenario_name(scenario), scenario_title(scenario),
		scenario_board(scenario, 0).board);
	scenario_free(scenario);
	return r < 0 ? CLI_RIG : CLI_OK;
}

static int fill_scenarios(struct out *out)
{
	return fill_names(out, &data_scenarios, add_scenario);
}

static const struct column flasher_columns[] = {
	{"name", "NAME", false},
	{"title", "TITLE", false},
	{"command", "COMMAND", false},
	{NULL, NULL, false},
};

static int add_flasher(struct out *out, const char *name)
{
	CLEANUP(free_ptr) char *line = NULL;
	struct flasher flasher;
	struct why why = {0};
	int r;

	if (flasher_load(name, &flasher, &why) < 0)
		return cli_error(CLI_INPUT, &why);
	line = command_line_text(flasher.command);
	r = OUT_ADD(out, flasher.name, flasher.title, line ? line : "");
	flasher_done(&flasher);
	return r < 0 ? CLI_RIG : CLI_OK;
}

static int fill_flashers(struct out *out)
{
	return fill_names(out, &data_flashers, add_flasher);
}

static const struct column driver_columns[] = {
	{"name", "NAME", false},
	{"shows", "DEVICE MANAGER SHOWS", false},
	{"service", "SERVICE", false},
	{"date", "DATE", false},
	{"version", "VERSION", false},
	{"id", "ID", false},
	{NULL, NULL, false},
};

static int add_models(struct out *out, const char *name, const struct inf *inf)
{
	char date[INF_TEXT], version[INF_TEXT];

	inf_date_text(inf->date, date, sizeof(date));
	inf_version_text(inf->version, version, sizeof(version));
	for (size_t i = 0; i < inf->model_count; i++)
		if (OUT_ADD(out, name, inf->models[i].description, inf->models[i].service, date,
			    version, inf->models[i].id[0]) < 0)
			return CLI_RIG;
	return CLI_OK;
}

static int add_driver(struct out *out, const char *name)
{
	CLEANUP(data_file_done) struct data_file file;
	struct inf inf = {0};
	struct why why = {0};
	int code, r = data_file_read(&data_drivers, name, &file, &why);

	if (r == 0)
		r = inf_read(file.path, (const char *)file.data, file.size, &inf, &why);
	code = r < 0 ? cli_error(CLI_INPUT, &why) : add_models(out, name, &inf);
	inf_done(&inf);
	return code;
}

static int fill_drivers(struct out *out)
{
	return fill_names(out, &data_drivers, add_driver);
}

static const struct column source_columns[] = {
	{"chip", "CHIP", false},
	{"rom", "ROM", false},
	{"about", "ABOUT", false},
	{"confidence", "CONFIDENCE", false},
	{"source", "SOURCE", false},
	{NULL, NULL, false},
};

static int fill_chip_sources(struct out *out, const struct chip *chip)
{
	struct chip_fact facts[CHIP_FACT_MAX];
	size_t count = chip_facts(chip, facts);

	for (size_t i = 0; i < count; i++) {
		const struct chip_fact *fact = &facts[i];
		char rom[8] = "all";

		if (fact->rom)
			snprintf(rom, sizeof(rom), "0x%04x", fact->rom->bcd_device);
		if (OUT_ADD(out, chip->name, rom, fact->about,
			    chip_confidence_text(fact->source->confidence), fact->source->text) < 0)
			return CLI_RIG;
	}
	return CLI_OK;
}

static int fill_sources(struct out *out)
{
	int code = CLI_OK;

	for (size_t i = 0; code == CLI_OK && i < chip_count; i++)
		code = fill_chip_sources(out, &chips[i]);
	return code;
}

static const struct column fault_columns[] = {
	{"word", "", false},
	{"name", "NAME", false},
	{"about", "MEANS", false},
	{"at", "AT", false},
	{"takes", "MATCHES, OR TAKES", false},
	{NULL, NULL, false},
};

static const char *points_text(uint32_t points, char *out, size_t size)
{
	size_t length = 0;

	if (points == (UINT32_C(1) << FAULT_POINT_COUNT) - 1)
		return "any";
	out[0] = '\0';
	for (size_t i = 0; i < FAULT_POINT_COUNT && length < size; i++)
		if (points >> i & 1)
			length += (size_t)snprintf(out + length, size - length, "%s%s",
				length ? ", " : "", names_text(&fault_point_names, i));
	return out;
}

static int fill_faults(struct out *out)
{
	char text[TABLE_CELL_SIZE];

	for (size_t i = 0; i < FAULT_POINT_COUNT; i++)
		if (OUT_ADD(out, "where", names_text(&fault_point_names, i),
			    fault_point_about((enum fault_point)i), "",
			    fault_point_matches((enum fault_point)i)) < 0)
			return CLI_RIG;
	for (size_t i = 0; i < FAULT_ACTION_COUNT; i++) {
		enum fault_action action = (enum fault_action)i;

		if (OUT_ADD(out, "what", names_text(&fault_action_names, i),
			    fault_action_about(action),
			    points_text(fault_action_points(action), text, sizeof(text)),
			    fault_action_value(action)) < 0)
			return CLI_RIG;
	}
	return CLI_OK;
}

static const struct column format_columns[] = {
	{"name", "NAME", false},
	{"extensions", "EXTENSIONS", false},
	{"description", "DESCRIPTION", false},
	{NULL, NULL, false},
};

static const struct format_text {
	enum image_format format;
	const char *extensions;
	const char *description;
} formats[] = {
	{IMAGE_BIN, ".bin .raw .img", "raw bytes, no address"},
	{IMAGE_HEX, ".hex .ihex .ihx", "Intel HEX, record types 00 to 05"},
	{IMAGE_SREC, ".srec .s19 .s28 .s37 .mot", "Motorola S-record, S0 to S9"},
	{IMAGE_DFU, ".dfu", "raw bytes with a DFU suffix"},
	{IMAGE_DFUSE, ".dfu .dfuse", "ST's DfuSe: addresses, several targets, DFU suffix"},
};

static int fill_formats(struct out *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (OUT_ADD(out, image_format_text(formats[i].format), formats[i].extensions,
			    formats[i].description) < 0)
			return CLI_RIG;
	return CLI_OK;
}

static const struct listing listings[] = {
	{"boards", board_columns, fill_boards},
	{"chips", chip_columns, fill_chips},
	{"images", image_columns, fill_images},
	{"scenarios", scenario_columns, fill_scenarios},
	{"flashers", flasher_columns, fill_flashers},
	{"drivers", driver_columns, fill_drivers},
	{"faults", fault_columns, fill_faults},
	{"sources", source_columns, fill_sources},
	{"formats", format_columns, fill_formats},
};

static int print_json(const struct listing *listing, json_t *array, int code)
{
	int r = json_out_print(json_pack("{s:O}", listing->name, array));

	return code ? code : r;
}

static int run_listing(const struct listing *listing, bool json)
{
	struct out out = {.columns = listing->columns, .array = json_array()};
	int code = CLI_RIG;

	if (out_add_head(&out) == 0)
		code = listing->fill(&out);
	if (json)
		code = print_json(listing, out.array, code);
	else
		table_print(&out.table, stdout);
	table_done(&out.table);
	json_decref(out.array);
	return code;
}

struct args {
	const struct listing *listing;
	bool json;
};

static const struct listing *find_listing(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(listings); i++)
		if (strcmp(listings[i].name, name) == 0)
			return &listings[i];
	return NULL;
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "one of " LISTINGS " is enough");
		args->listing = find_listing(arg);
		if (!args->listing)
			argp_error(state, "\"%s\" is not one of " LISTINGS, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", 'j', NULL, 0, "Print one JSON object in place of the table", 0},
		{0},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_arg,
		.args_doc = "[boards|chips|images|scenarios|flashers|drivers|faults|"
			    "sources|formats]",
		.doc = "Lists what there is: the boards that --board takes (the default), the "
		       "chips that boards can have, the firmware images that --flash and `dfurig "
		       "image "
		       "make` take, the scenarios and the flashers of `dfurig run`, the Windows "
		       "drivers of "
		       "scenarios, what --fault "
		       "and the faults of scenarios are made of, where the "
		       "simulated chips' facts come from and how sure they "
		       "are, the image file formats.\v"
		       "Boards, images, scenarios and flashers are YAML files, drivers are INF "
		       "files. "
		       "They are looked for "
		       "in "
		       "folders of these names in $DFURIG_DATA, where dfurig is installed, and in "
		       "fixtures of "
		       "the source tree; the first of a name counts. A new file shows up at once. "
		       "A "
		       "file that is none is named on stderr, the others are listed all the "
		       "same.\n\n"
		       "Confidence of a source: verified (the primary document, or several "
		       "independent logs), secondary (somebody's log or code), guessed. [AN...] is "
		       "an application note of ST, [DS...] a data sheet, [RM...] a reference "
		       "manual, [DB] STM32CubeProgrammer's device database, [DL] dfu-util's device "
		       "logs.\n\n"
		       "Examples:\n"
		       "  dfurig list\n"
		       "  dfurig list chips\n"
		       "  dfurig list faults\n"
		       "  dfurig list boards --json | jq -r '.boards[].serial'\n\n"
		       "Exit codes:\n"
		       "  0    listed\n"
		       "  2    the command line is wrong\n"
		       "  3    a file is damaged\n"
		       "  125  dfurig itself failed",
	};
	struct args args = {.listing = &listings[0]};
	int code = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	return code ? code : run_listing(args.listing, args.json);
}

const struct cli_command cli_command_list = {
	.name = "list",
	.summary = "boards, chips, images, scenarios, flashers, faults and formats that there are",
	.run = run,
};
