/* SPDX-License-Identifier: MIT */
#include "harness/cli/rig.h"

#include "harness/cli/cli.h"
#include "harness/cli/image_file.h"
#include "harness/cli/rig_faults.h"

#include "harness/base/file.h"
#include "harness/base/names.h"
#include "harness/dfu/image.h"
#include "harness/report/board_text.h"
#include "simulators/ecu/ecu.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_LIMIT_US 10000000

/* --- options --- */

enum rig_key {
	KEY_FLASH = 0x100,
	KEY_DUMP_FLASH,
	KEY_START,
	KEY_PACE,
	KEY_CAPTURE,
	KEY_EVENTS,
	KEY_FAULT,
	KEY_SEED,
};

static const char *const start_text[] = {
	[RIG_START_DFU] = "dfu",
	[RIG_START_OFF] = "off",
	[RIG_START_RUN] = "run",
};
static_assert(ARRAY_SIZE(start_text) == RIG_START_COUNT, "a name for each start");
static const struct names start_names = NAMES(start_text);
static const char *const pace_text[] = {[ROM_PACE_CHIP] = "chip", [ROM_PACE_FAST] = "fast"};
static const struct names pace_names = NAMES(pace_text);

static const struct argp_option rig_argp_options[] = {
	{"board", 'b', "NAME", 0,
		"A board to plug in: a name of `dfurig list boards`, or a path. May be given "
		"several times; default " RIG_DEFAULT_BOARD,
		0},
	{"flash", KEY_FLASH, "FILE|IMAGE", 0,
		"Preset the flash of the --board before this option, or of the first one: a file "
		"(any image format; one without addresses goes to the start), or a name of "
		"`dfurig list images`",
		0},
	{"dump-flash", KEY_DUMP_FLASH, "FILE", 0,
		"At the end write the flash of the --board before this option, or of the first "
		"one, to FILE, whole and raw",
		0},
	{"start", KEY_START, "dfu|run|off", 0,
		"dfu: powered up with PROGRAM (BOOT0) held, in the bootloader (default); run: "
		"powered up, what is in flash runs; off: no power",
		0},
	{"pace", KEY_PACE, "chip|fast", 0,
		"chip: flash takes the data sheet's times, hosts are told to wait as by the chip; "
		"fast (default): 1 ms in place of each wait",
		0},
	{"fault", KEY_FAULT, "RULE", 0,
		"What goes wrong with the first board, \"where: what\", such as \"request write "
		"nth=5: stall\"; see `dfurig list faults`. May be given several times; each must "
		"happen",
		0},
	{"seed", KEY_SEED, "N", 0, "For all that is left to chance; default 0", 0},
	{"capture", KEY_CAPTURE, "FILE", 0,
		"Write the USB traffic to FILE (pcapng); open with wireshark "
		"-d " USBMON_CAPTURE_DECODE_AS,
		0},
	{"events", KEY_EVENTS, "FILE", 0, "Write what happens to FILE, one JSON object a line", 0},
	{"verbose", 'v', NULL, 0, "Tell what happens on standard error", 0},
	{0},
};

static void option_value(struct argp_state *state, const char *option, const struct names *names,
	const char *arg, int *ret)
{
	char list[128];
	int value = names_value(names, arg);

	if (value < 0)
		argp_error(state, "%s: \"%s\" is not one of %s", option, arg,
			names_list(names, list, sizeof(list)));
	*ret = value;
}

/* The board that --flash and --dump-flash belong to: the last one named, else the first that will be. */
static struct rig_board_options *current_board(struct rig_options *options)
{
	if (!options->board_count)
		options->boards[options->board_count++].name = NULL;
	return &options->boards[options->board_count - 1];
}

static void add_board(struct argp_state *state, struct rig_options *options, const char *name)
{
	if (options->board_count == 1 && !options->boards[0].name)
		options->board_count = 0;
	if (options->board_count == RIG_BOARD_MAX)
		argp_error(state, "more than %d boards", RIG_BOARD_MAX);
	options->boards[options->board_count++].name = name;
}

static error_t parse_value(int key, char *arg, struct argp_state *state)
{
	struct rig_options *options = state->input;
	int value;

	switch (key) {
	case 'b':
		add_board(state, options, arg);
		return 0;
	case KEY_FLASH:
		if (current_board(options)->flash)
			argp_error(state, "--flash: twice for one board");
		current_board(options)->flash = arg;
		return 0;
	case KEY_DUMP_FLASH:
		current_board(options)->dump_flash = arg;
		return 0;
	case KEY_START:
		option_value(state, "--start", &start_names, arg, &value);
		options->start = (enum rig_start)value;
		return 0;
	case KEY_PACE:
		option_value(state, "--pace", &pace_names, arg, &value);
		options->pace = (enum rom_pace)value;
		return 0;
	case KEY_FAULT:
		rig_faults_option(state, &options->planned, arg);
		return 0;
	case KEY_SEED:
		options->seed = cli_parse_number(state, "seed", arg, UINT32_MAX);
		return 0;
	case KEY_CAPTURE:
		options->capture = arg;
		return 0;
	case KEY_EVENTS:
		options->events = arg;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rig_options *options = state->input;
	error_t r;

	if (key == ARGP_KEY_INIT) {
		options->pace = ROM_PACE_FAST;
		return 0;
	}
	r = parse_value(key, arg, state);
	options->given |= r == 0;
	return r;
}

const struct argp rig_argp = {.options = rig_argp_options, .parser = parse_option};

/* --- boards --- */

/* Copies bytes into a board's flash by the second channel; path is where they come from. */
static int put_element(
	struct board *board, const char *path, const struct image_element *element, struct why *why)
{
	int r = board->ops->write_flash(board, element->addr, element->data, element->size);

	if (r < 0)
		why_set(why, r, "%s: 0x%08x to 0x%08zx is not all in the flash of %s", path,
			element->addr, element->addr + (element->size - 1), board->name);
	return r;
}

/* An image file; one without addresses goes to the start. */
static int preset_from_file(struct board *board, const char *path, struct why *why)
{
	CLEANUP(image_done) struct image image = {0};
	int r = image_read(path, IMAGE_AUTO, &image, why);

	if (r < 0)
		return r;
	if (!image.addressed)
		r = image_set_address(&image, board->flash_addr, why);
	for (size_t i = 0; r == 0 && i < image.element_count; i++)
		r = put_element(board, path, &image.elements[i], why);
	return r;
}

static int preset_from_image(struct board *board, const char *name, struct why *why)
{
	CLEANUP(image_file_done) struct image_file image = {0};
	int r = image_file_load(name, &image, why);
	struct image_element all = {
		.addr = image.addr, .data = image.bytes.data, .size = image.bytes.size};

	return r < 0 ? r : put_element(board, name, &all, why);
}

static bool is_spec(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot, ".yaml") == 0;
}

/* A file that is there is meant, whatever it is called; a name with "/" can be nothing else. */
static int preset_flash(struct board *board, const char *name, struct why *why)
{
	if (!is_spec(name) && (strchr(name, '/') || access(name, F_OK) == 0))
		return preset_from_file(board, name, why);
	return preset_from_image(board, name, why);
}

/* How many boards of the same name come before, and this one. */
static unsigned int instance_number(const struct rig_options *options, unsigned int index)
{
	unsigned int n = 1;

	for (unsigned int i = 0; i < index; i++)
		n += strcmp(options->boards[i].name, options->boards[index].name) == 0;
	return n;
}

static int add_rig_board(
	struct rig *rig, const struct rig_options *options, unsigned int index, struct why *why)
{
	const struct rig_board_options *wanted = &options->boards[index];
	struct rig_board *board = &rig->boards[index];
	struct stm32_board_config config;
	struct board_file file;
	int r = board_file_load(wanted->name, &file, why);

	if (r < 0)
		return r;
	board->file = board_file_instance(&file, instance_number(options, index));
	board->dump_flash = wanted->dump_flash;
	rom_events_init(&board->events, &rig->events, board->file.name);
	config = board_file_config(&board->file);
	config.pace = options->pace;
	config.seed = options->seed + index;
	config.loaders = ecu_loaders;
	config.faults = index == 0 ? rig->faults : NULL;
	config.flash = wanted->flash_data;
	config.flash_size = wanted->flash_size;
	config.observer = &board->events.observer;
	config.board_observer = &board->events.board_observer;
	r = stm32_board_new(&config, rig->bus, vusb_bus_port(rig->bus, (uint8_t)(index + 1)),
		&board->board, why);
	if (r < 0)
		return r;
	rig->board_count++;
	return wanted->flash ? preset_flash(board->board, wanted->flash, why) : 0;
}

static int open_outputs(struct rig *rig, const struct rig_options *options, struct why *why)
{
	int r = 0;

	if (options->events)
		r = event_jsonl_open(options->events, &rig->jsonl, why);
	if (r < 0)
		return r;
	if (rig->jsonl)
		event_stream_add(&rig->events, event_jsonl_sink(rig->jsonl));
	if (options->verbose) {
		event_terminal_init(&rig->terminal, stderr, false);
		event_stream_add(&rig->events, &rig->terminal.sink);
	}
	if (!options->capture)
		return 0;
	r = usbmon_capture_start(rig->bus, options->capture,
		clock_wall_us() - clock_now_us(vusb_bus_clock(rig->bus)), &rig->capture, why);
	rig->capture_path = r < 0 ? NULL : options->capture;
	return r;
}

static int set_pin(
	struct rig *rig, struct board *board, enum board_pin pin, const char *name, struct why *why)
{
	EVENT_EMIT(
		&rig->events, .kind = EVENT_PIN, .board = board->name, .name = name, .level = true);
	return board->ops->set_pin(board, pin, true, why);
}

/* Whatever shows itself on USB in this mode. */
static bool has_usb(enum board_mode mode)
{
	return mode == BOARD_DFU || mode == BOARD_ECU || mode == BOARD_OPENBLT;
}

/* What runs takes a moment more until it is on the bus. */
static bool any_starting(const struct rig *rig)
{
	for (unsigned int i = 0; i < rig->board_count; i++) {
		const struct board *board = rig->boards[i].board;
		enum board_mode mode = board->ops->mode(board);

		if (mode == BOARD_RESET ||
			(has_usb(mode) && !vusb_bus_port(rig->bus, (uint8_t)(i + 1))->device))
			return true;
	}
	return false;
}

int rig_await_boards(struct rig *rig, struct why *why)
{
	struct clock *clock = vusb_bus_clock(rig->bus);
	uint64_t until_us = clock_after_us(clock, START_LIMIT_US);

	vusb_bus_tick(rig->bus);
	while (any_starting(rig)) {
		uint64_t next_us = vusb_bus_deadline_us(rig->bus);

		if (next_us > until_us)
			return why_set(why, -ETIMEDOUT, "a board does not start up");
		clock_sleep_until_us(clock, next_us);
		vusb_bus_tick(rig->bus);
	}
	return 0;
}

static int start_boards(struct rig *rig, const struct rig_options *options, struct why *why)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < rig->board_count; i++) {
		struct board *board = rig->boards[i].board;

		if (options->start == RIG_START_OFF)
			continue;
		if (options->start == RIG_START_DFU)
			r = set_pin(rig, board, BOARD_BOOT0, "boot0", why);
		if (r == 0)
			r = set_pin(rig, board, BOARD_POWER, "power", why);
	}
	return r < 0 ? r : rig_await_boards(rig, why);
}

static void rig_free(struct rig *rig)
{
	if (rig->faults)
		rig_faults_done(rig);
	for (unsigned int i = 0; i < RIG_BOARD_MAX; i++)
		if (rig->boards[i].board)
			rig->boards[i].board->ops->free(rig->boards[i].board);
	vusb_bus_remove_tap(&rig->event_tap.tap);
	vusb_bus_free(rig->bus);
}

int rig_begin(
	struct rig *ret, const struct rig_options *options, struct clock *clock, struct why *why)
{
	struct rig_options with_board = *options;
	struct rig *rig = ret;
	int r = 0;

	current_board(&with_board);
	if (!with_board.boards[0].name)
		with_board.boards[0].name = RIG_DEFAULT_BOARD;
	options = &with_board;
	memset(rig, 0, sizeof(*rig));
	event_stream_init(&rig->events, clock);
	rig->planned = options->planned;
	rig->faults = options->faults          ? options->faults
		      : options->planned.count ? &rig->planned
					       : NULL;
	rig->bus = vusb_bus_new(clock, (uint8_t)options->board_count);
	if (!rig->bus)
		return why_set(why, -ENOMEM, "out of memory");
	for (unsigned int i = 0; r == 0 && i < options->board_count; i++)
		r = add_rig_board(rig, options, i, why);
	/* Only when all that was given makes sense are files begun. */
	if (r == 0)
		r = open_outputs(rig, options, why);
	if (r == 0) {
		if (rig->faults)
			rig_faults_begin(rig, rig->faults);
		EVENT_EMIT(&rig->events, .kind = EVENT_RIG_START,
			.wall_us = clock_wall_us() - clock_now_us(clock));
		event_tap_init(&rig->event_tap, &rig->events,
			options->requests || options->events != NULL);
		vusb_bus_add_tap(rig->bus, &rig->event_tap.tap);
		r = start_boards(rig, options, why);
	}
	if (r < 0) {
		usbmon_capture_stop(rig->capture, NULL);
		event_jsonl_close(rig->jsonl, NULL);
		rig_free(rig);
	}
	return r;
}

int rig_begin_code(int r)
{
	return r == -ENOMEM || r == -ETIMEDOUT ? CLI_RIG : CLI_INPUT;
}

/* --- the end --- */

static int dump_flash(struct board *board, const char *path, struct why *why)
{
	uint8_t *data = malloc(board->flash_size);
	int r = data ? board->ops->read_flash(board, board->flash_addr, data, board->flash_size)
		     : -ENOMEM;

	if (r < 0)
		why_errno(why, r, "%s: cannot read the flash", board->name);
	else
		r = file_write(path, data, board->flash_size, why);
	free(data);
	return r;
}

/* Keeps the first error and its reason. */
static void keep_first(int *first, int r, struct why *why, const struct why *reason)
{
	if (*first == 0 && r < 0) {
		*first = r;
		if (why)
			*why = *reason;
	}
}

static int finish_capture(struct rig *rig, struct why *why)
{
	int r = usbmon_capture_stop(rig->capture, why);

	if (rig->capture_path && r == 0)
		fprintf(stderr, "dfurig: capture: %s (open with: wireshark -d %s %s)\n",
			rig->capture_path, USBMON_CAPTURE_DECODE_AS, rig->capture_path);
	return r;
}

int rig_finish(struct rig *rig, struct why *why)
{
	struct why reason;
	int first = 0;

	for (unsigned int i = 0; i < rig->board_count; i++)
		if (rig->boards[i].dump_flash)
			keep_first(&first,
				dump_flash(
					rig->boards[i].board, rig->boards[i].dump_flash, &reason),
				why, &reason);
	keep_first(&first, finish_capture(rig, &reason), why, &reason);
	rig_free(rig);
	EVENT_EMIT(&rig->events, .kind = EVENT_RIG_END, .status = first);
	if (rig->terminal.out)
		event_terminal_finish(&rig->terminal);
	keep_first(&first, event_jsonl_close(rig->jsonl, &reason), why, &reason);
	return first;
}
