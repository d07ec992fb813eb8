/* SPDX-License-Identifier: MIT */
/* dfurig flash: updates a board with the built-in DfuSe client. */
#include "harness/cli/board_file.h"
#include "harness/cli/cli.h"
#include "harness/cli/flash_story.h"

#include "harness/base/names.h"
#include "harness/host/dfuse_client.h"
#include "harness/host/usb_host_direct.h"
#include "harness/host/usb_host_libusb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLASH_START   0x08000000u /* where raw images belong unless --address says otherwise */
#define BOARD_DEFAULT "f407-discovery"
#define FIND_LIMIT_US 10000000 /* from power-up to the bootloader on USB, board time */
#define FIND_STEP_US  10000
#define SETTLE_US     1000000 /* after leaving, until the board shows what it runs */

enum flash_option {
	OPTION_TRANSPORT = 't',
	OPTION_BOARD = 'b',
	OPTION_VERIFY = 'v',
	OPTION_ADDRESS = 'a',
	OPTION_SERIAL = 's',
	OPTION_JSON = 'j',
	OPTION_PACE = 0x100,
	OPTION_MASS_ERASE,
	OPTION_NO_LEAVE,
	OPTION_USB,
};

enum flash_transport {
	TRANSPORT_DIRECT,
	TRANSPORT_MOCK,
	TRANSPORT_LIBUSB,
};

static const char *const transport_text[] = {
	[TRANSPORT_DIRECT] = "direct",
	[TRANSPORT_MOCK] = "mock",
	[TRANSPORT_LIBUSB] = "libusb",
};
static const struct names transport_names = NAMES(transport_text);

static const char *const pace_text[] = {[ROM_PACE_CHIP] = "chip", [ROM_PACE_FAST] = "fast"};
static const struct names pace_names = NAMES(pace_text);

struct flash_args {
	enum flash_transport transport;
	const char *board; /* NULL = not given */
	const char *pace;  /* NULL = not given */
	enum rom_pace pace_value;
	struct dfuse_options update;
	struct dfuse_filter filter;
	bool has_address;
	uint32_t address;
	bool json;
	const char *image;
};

/* ---- one update, whatever the transport ---- */

/* Waits for the bootloader until until_us on the host's clock: a board takes its time to start. */
static int find_device(struct usb_host *host, const struct dfuse_filter *filter, uint64_t until_us,
	struct usb_host_entry *ret, struct why *why)
{
	int r = dfuse_find(host, filter, ret, why);

	while (r == -ENODEV && clock_now_us(host->clock) < until_us) {
		clock_sleep_until_us(host->clock, clock_after_us(host->clock, FIND_STEP_US));
		r = dfuse_find(host, filter, ret, why);
	}
	return r;
}

static int update(struct flash_story *story, const struct image *image,
	const struct flash_args *args, struct why *why)
{
	struct dfuse_client client;
	int r = dfuse_client_open(&client, story->host, &story->entry, why);

	if (r < 0)
		return r;
	client.on_progress = flash_story_progress;
	client.user = story;
	flash_story_start(story);
	r = dfuse_update(&client, image, &args->update, &story->result, why);
	flash_story_stop(story);
	dfuse_client_close(&client);
	return r;
}

/* What `dfurig flash` ends with: the image is at fault, the rig, or what was asked for did not work out. */
static int exit_code(int r)
{
	if (r == -EFAULT || r == -EINVAL)
		return CLI_INPUT;
	return r == -ENOMEM ? CLI_RIG : r < 0 ? CLI_FAIL : CLI_OK;
}

/* ---- direct ---- */

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct usb_host *host;
	struct board *board;
	struct board_file file;
};

static void rig_done(struct rig *rig)
{
	if (rig->board)
		rig->board->ops->free(rig->board);
	usb_host_direct_free(rig->host);
	vusb_bus_free(rig->bus);
}

static int power_up(struct rig *rig, struct why *why)
{
	int r = rig->board->ops->set_pin(rig->board, BOARD_BOOT0, true, why);

	return r < 0 ? r : rig->board->ops->set_pin(rig->board, BOARD_POWER, true, why);
}

/* A board on a bus of its own, on virtual time, in its bootloader. */
static int rig_init(struct rig *rig, const struct flash_args *args, struct why *why)
{
	struct stm32_board_config config = board_file_config(&rig->file);
	int r;

	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 1);
	rig->host = rig->bus ? usb_host_direct_new(rig->bus) : NULL;
	if (!rig->host)
		return why_errno(why, -ENOMEM, "board %s", rig->file.name);
	config.pace = args->pace_value;
	r = stm32_board_new(&config, rig->bus, vusb_bus_port(rig->bus, 1), &rig->board, why);
	return r < 0 ? r : power_up(rig, why);
}

/* Puts the image's bytes into *want, which is as long as the flash. */
static void paint(const struct image *image, const struct board *board, uint8_t *want)
{
	for (size_t i = 0; i < image->element_count; i++) {
		const struct image_element *element = &image->elements[i];
		size_t offset = element->addr - (size_t)board->flash_addr;

		if (offset < board->flash_size && element->size <= board->flash_size - offset)
			memcpy(want + offset, element->data, element->size);
	}
}

/* The second channel: the board began erased, so that now its flash is the image and nothing else. Bytes for other memories
 * (option bytes, OTP) are not compared. */
static int compare_flash(struct rig *rig, const struct image *image, struct why *why)
{
	size_t size = rig->board->flash_size;
	CLEANUP(free_ptr) uint8_t *want = malloc(size);
	CLEANUP(free_ptr) uint8_t *got = malloc(size);
	size_t i = 0;

	if (!want || !got)
		return why_errno(why, -ENOMEM, "flash");
	memset(want, 0xff, size);
	paint(image, rig->board, want);
	if (rig->board->ops->read_flash(rig->board, rig->board->flash_addr, got, size) < 0)
		return why_set(why, -EIO, "the flash cannot be read by the second channel");
	if (memcmp(want, got, size) == 0)
		return 0;
	while (want[i] == got[i])
		i++;
	return why_set(why, -EILSEQ,
		"the client said success, but the flash holds 0x%02x at 0x%08zx and not 0x%02x",
		got[i], rig->board->flash_addr + i, want[i]);
}

static int run_in_rig(struct rig *rig, const struct flash_args *args, const struct image *image,
	struct flash_story *story, struct why *why)
{
	int r = find_device(rig->host, &args->filter, FIND_LIMIT_US, &story->entry, why);

	if (r == 0)
		r = update(story, image, args, why);
	if (r < 0)
		return r;
	r = compare_flash(rig, image, why);
	story->flash = r == 0 ? FLASH_EQUAL : FLASH_DIFFERENT;
	clock_sleep_until_us(rig->host->clock, clock_after_us(rig->host->clock, SETTLE_US));
	story->mode = rig->board->ops->mode(rig->board);
	story->has_mode = true;
	return r;
}

static int run_direct(const struct flash_args *args, const struct image *image)
{
	CLEANUP(rig_done) struct rig rig = {0};
	struct flash_story story = {.transport = "direct", .json = args->json};
	struct why why = {0};
	int r;

	if (board_file_load(args->board ? args->board : BOARD_DEFAULT, &rig.file, &why) < 0)
		return cli_error(CLI_INPUT, &why);
	if (rig_init(&rig, args, &why) < 0)
		return cli_error(CLI_RIG, &why);
	story.host = rig.host;
	story.board = rig.board->name;
	story.virtual_time = true;
	r = run_in_rig(&rig, args, image, &story, &why);
	return flash_story_tell(&story, exit_code(r), r < 0 ? &why : NULL);
}

/* ---- libusb, mock ---- */

static int run_libusb(const struct flash_args *args, const struct image *image)
{
	struct flash_story story = {.transport = "libusb", .json = args->json};
	struct why why = {0};
	struct usb_host *host = usb_host_libusb_new(&why);
	int code, r;

	if (!host)
		return cli_error(CLI_RIG, &why);
	story.host = host;
	r = find_device(host, &args->filter, 0, &story.entry, &why);
	if (r == 0)
		r = update(&story, image, args, &why);
	code = flash_story_tell(&story, exit_code(r), r < 0 ? &why : NULL);
	usb_host_libusb_free(host);
	return code;
}

static int run_mock(const struct flash_args *args UNUSED)
{
	return cli_errorf(CLI_RIG, "--transport mock is not wired up yet");
}

/* ---- command line ---- */

static uint32_t parse_address(struct argp_state *state, const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value > UINT32_MAX)
		argp_error(state, "--address: \"%s\" is no 32-bit address", text);
	return (uint32_t)value;
}

static int parse_name(
	struct argp_state *state, const char *option, const struct names *names, const char *text)
{
	char list[128];
	int value = names_value(names, text);

	if (value < 0)
		argp_error(state, "--%s: \"%s\" is not one of %s", option, text,
			names_list(names, list, sizeof(list)));
	return value;
}

/* Options that make no sense together. */
static void check_args(const struct flash_args *args, struct argp_state *state)
{
	if (!args->image)
		argp_error(state, "which IMAGE?");
	if (args->transport == TRANSPORT_LIBUSB && (args->board || args->pace))
		argp_error(state, "--board and --pace choose a simulated board, "
				  "--transport libusb a real one (with --serial or --usb)");
}

static error_t parse_switch(int key, struct flash_args *args)
{
	switch (key) {
	case OPTION_VERIFY:
		args->update.verify = true;
		return 0;
	case OPTION_MASS_ERASE:
		args->update.mass_erase = true;
		return 0;
	case OPTION_NO_LEAVE:
		args->update.leave = false;
		return 0;
	case OPTION_JSON:
		args->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct flash_args *args = state->input;

	switch (key) {
	case OPTION_TRANSPORT:
		args->transport = (enum flash_transport)parse_name(
			state, "transport", &transport_names, text);
		return 0;
	case OPTION_BOARD:
		args->board = text;
		return 0;
	case OPTION_PACE:
		args->pace = text;
		args->pace_value = (enum rom_pace)parse_name(state, "pace", &pace_names, text);
		return 0;
	case OPTION_ADDRESS:
		args->has_address = true;
		args->address = parse_address(state, text);
		return 0;
	case OPTION_SERIAL:
		args->filter.serial = text;
		return 0;
	case OPTION_USB:
		args->filter.path = text;
		return 0;
	case ARGP_KEY_ARG:
		if (args->image)
			argp_error(state, "one image at a time");
		args->image = text;
		return 0;
	case ARGP_KEY_END:
		check_args(args, state);
		return 0;
	default:
		return parse_switch(key, args);
	}
}

static const struct argp_option options[] = {
	{"transport", OPTION_TRANSPORT, "NAME", 0,
		"direct: a simulated board inside this process, on virtual time (default); "
		"mock: a simulated board below the real libusb; libusb: a real board",
		0},
	{"board", OPTION_BOARD, "NAME", 0,
		"The simulated board (default " BOARD_DEFAULT "); see dfurig list boards", 0},
	{"pace", OPTION_PACE, "PACE", 0, "chip: flash takes the chip's time; fast: none (default)",
		0},
	{"verify", OPTION_VERIFY, NULL, 0, "Read back over USB and compare", 0},
	{"mass-erase", OPTION_MASS_ERASE, NULL, 0, "Erase the whole chip first", 0},
	{"address", OPTION_ADDRESS, "ADDR", 0, "Where a raw image belongs (default 0x08000000)", 0},
	{"no-leave", OPTION_NO_LEAVE, NULL, 0, "Stay in the bootloader afterwards", 0},
	{"serial", OPTION_SERIAL, "TEXT", 0, "Only the device with this serial number", 0},
	{"usb", OPTION_USB, "PATH", 0, "Only the device at this USB path, as 1-1.4", 0},
	{"json", OPTION_JSON, NULL, 0, "Print the result as JSON", 0},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "IMAGE",
	.doc = "Update a board with the built-in DfuSe client: erase what the image needs, write, "
	       "leave the bootloader. Of a simulated board the flash is compared afterwards by a "
	       "second channel, whatever the client says.\v"
	       "Example:\n  dfurig flash --verify --pace chip rusefi.bin\n\n"
	       "Exit codes: 0 updated, 1 not updated (the reason is on stderr), 2 usage, 3 the "
	       "image or the board's file is missing, damaged or does not fit the board, 125 the "
	       "rig itself failed.",
};

static int load_image(const struct flash_args *args, struct image *ret)
{
	struct why why = {0};
	int r = image_read(args->image, IMAGE_AUTO, ret, &why);

	if (r < 0)
		return cli_error(r == -ENOMEM ? CLI_RIG : CLI_INPUT, &why);
	for (size_t i = 0; i < ret->warning_count; i++)
		cli_errorf(0, "%s: warning: %s", args->image, ret->warnings[i]);
	if (ret->addressed && !args->has_address)
		return CLI_OK;
	r = image_set_address(ret, args->has_address ? args->address : FLASH_START, &why);
	return r < 0 ? cli_error(CLI_USAGE, &why) : CLI_OK;
}

static int run(int argc, char **argv)
{
	CLEANUP(image_done) struct image image = {0};
	struct flash_args args = {.pace_value = ROM_PACE_FAST, .update.leave = true};
	int code = cli_parse(&argp, argc, argv, &args);

	if (code == CLI_OK)
		code = load_image(&args, &image);
	if (code != CLI_OK)
		return code;
	switch (args.transport) {
	case TRANSPORT_DIRECT:
		return run_direct(&args, &image);
	case TRANSPORT_MOCK:
		return run_mock(&args);
	case TRANSPORT_LIBUSB:
		return run_libusb(&args, &image);
	}
	return CLI_RIG;
}

const struct cli_command cli_command_flash = {
	.name = "flash",
	.summary = "update a board with the built-in DfuSe client",
	.run = run,
};
