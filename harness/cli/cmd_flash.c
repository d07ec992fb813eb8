/* SPDX-License-Identifier: MIT */
/* dfurig flash: updates a board with the built-in DfuSe client. */
#include "harness/cli/cli.h"
#include "harness/cli/flash_run.h"

#include "harness/base/names.h"

#include <errno.h>
#include <stdlib.h>

#define FLASH_START 0x08000000u /* where raw images belong unless --address says otherwise */

enum flash_option {
	OPTION_TRANSPORT = 't',
	OPTION_ADDRESS = 'a',
	OPTION_SERIAL = 's',
	OPTION_JSON = 'j',
	OPTION_VERIFY = 0x200, /* above rig_argp's */
	OPTION_MASS_ERASE,
	OPTION_NO_LEAVE,
	OPTION_WILL_RESET,
	OPTION_USB,
};

struct flash_transport {
	const char *name;
	int (*run)(const struct flash_job *job);
};

static const struct flash_transport transports[] = {
	{"direct", flash_run_direct},
	{"mock", flash_run_mock},
	{"libusb", flash_run_libusb},
};

struct flash_args {
	struct flash_job job;
	const struct flash_transport *transport; /* the first one given */
	bool has_address;
	uint32_t address;
	const char *image;
};

/* The first one wins: `--transport mock` starts this program again with --transport libusb before all other words. */
static void choose_transport(struct argp_state *state, struct flash_args *args, const char *name)
{
	const char *names[ARRAY_SIZE(transports)];
	const struct names all = {.text = names, .count = ARRAY_SIZE(names)};
	char list[64];
	int value;

	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		names[i] = transports[i].name;
	value = names_value(&all, name);
	if (value < 0)
		argp_error(state, "--transport: \"%s\" is not one of %s", name,
			names_list(&all, list, sizeof(list)));
	else if (!args->transport)
		args->transport = &transports[value];
}

/* Options that make no sense together. */
static void check_args(const struct flash_args *args, struct argp_state *state)
{
	if (!args->image)
		argp_error(state, "which IMAGE?");
	if (args->job.update.will_reset && args->job.update.verify)
		argp_error(state, "--verify: after a reset the device is not there to be read");
	if (args->job.rig.board_count > 1)
		argp_error(state, "one --board at a time");
	if (args->job.rig.start == RIG_START_OFF)
		argp_error(state, "--start off: a board without power cannot be updated");
	if (args->job.rig.start == RIG_START_RUN)
		argp_error(state, "--start run: this updates a board that is in its bootloader; "
				  "`dfurig update auto` gets a running one there");
	if (args->transport->run == flash_run_libusb && args->job.rig.given &&
		!flash_run_is_child())
		argp_error(state, "--board, --pace and the like are for a simulated board; "
				  "--transport libusb takes a real one (--serial, --usb)");
}

static error_t parse_switch(int key, struct flash_job *job)
{
	switch (key) {
	case OPTION_VERIFY:
		job->update.verify = true;
		return 0;
	case OPTION_MASS_ERASE:
		job->update.mass_erase = true;
		return 0;
	case OPTION_NO_LEAVE:
		job->update.leave = false;
		return 0;
	case OPTION_WILL_RESET:
		job->update.will_reset = true;
		return 0;
	case OPTION_JSON:
		job->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct flash_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->job.rig;
		return 0;
	case OPTION_TRANSPORT:
		choose_transport(state, args, text);
		return 0;
	case OPTION_ADDRESS:
		args->has_address = true;
		args->address = cli_parse_number(state, "address", text, UINT32_MAX);
		return 0;
	case OPTION_SERIAL:
		args->job.filter.serial = text;
		return 0;
	case OPTION_USB:
		args->job.filter.path = text;
		return 0;
	case ARGP_KEY_ARG:
		if (args->image)
			argp_error(state, "one image at a time");
		args->image = text;
		return 0;
	case ARGP_KEY_END:
		if (!args->transport)
			args->transport = &transports[0];
		check_args(args, state);
		return 0;
	default:
		return parse_switch(key, &args->job);
	}
}

static const struct argp_option options[] = {
	{"transport", OPTION_TRANSPORT, "NAME", 0,
		"direct: a simulated board inside this process, on virtual time (default); "
		"mock: a simulated board below the real libusb; libusb: a real board",
		0},
	{"verify", OPTION_VERIFY, NULL, 0, "Read back over USB and compare", 0},
	{"mass-erase", OPTION_MASS_ERASE, NULL, 0, "Erase the whole chip first", 0},
	{"address", OPTION_ADDRESS, "ADDR", 0, "Where a raw image belongs (default 0x08000000)", 0},
	{"no-leave", OPTION_NO_LEAVE, NULL, 0, "Stay in the bootloader afterwards", 0},
	{"will-reset", OPTION_WILL_RESET, NULL, 0,
		"The image ends with option bytes: the device resets when they are written", 0},
	{"serial", OPTION_SERIAL, "TEXT", 0, "Only the device with this serial number", 0},
	{"usb", OPTION_USB, "PATH", 0, "Only the device at this USB path, as 1-1.4", 0},
	{"json", OPTION_JSON, NULL, 0, "Print the result as JSON", 0},
	{0},
};

static const struct argp_child children[] = {{&rig_argp, 0, "The simulated board:", 1}, {0}};

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
	.children = children,
};

static int load_image(const struct flash_args *args, struct image *ret)
{
	struct why why = {0};
	int r = image_read(args->image, IMAGE_AUTO, ret, &why);

	if (r < 0)
		return cli_error(r == -ENOMEM ? CLI_RIG : CLI_INPUT, &why);
	/* Under the mock the parent has said so already. */
	for (size_t i = 0; i < ret->warning_count && !flash_run_is_child(); i++)
		cli_errorf(0, "%s: warning: %s", args->image, ret->warnings[i]);
	if (ret->addressed && !args->has_address)
		return CLI_OK;
	r = image_set_address(ret, args->has_address ? args->address : FLASH_START, &why);
	return r < 0 ? cli_error(CLI_USAGE, &why) : CLI_OK;
}

static int run(int argc, char **argv)
{
	CLEANUP(image_done) struct image image = {0};
	struct flash_args args = {.job = {.update.leave = true, .image = &image, .argv = argv}};
	int code = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	if (code == CLI_OK)
		code = load_image(&args, &image);
	return code == CLI_OK ? args.transport->run(&args.job) : code;
}

const struct cli_command cli_command_flash = {
	.name = "flash",
	.summary = "update a board with the built-in DfuSe client",
	.run = run,
};
