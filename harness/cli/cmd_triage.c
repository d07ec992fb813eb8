/* SPDX-License-Identifier: MIT */
/* dfurig triage: why does nothing happen when the buttons are pressed? */
#include "harness/cli/cmd_triage.h"

#include "harness/cli/cli.h"
#include "harness/cli/parse_to.h"
#include "harness/cli/triage_say.h"
#include "harness/host/evidence.h"
#include "harness/host/host_os_linux.h"
#include "harness/host/serial_host_tty.h"
#include "harness/host/usb_host_libusb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_UNKNOWN 4 /* something is wrong, and no cause is known */

enum triage_option {
	OPTION_SERIAL = 's',
	OPTION_JSON = 'j',
	OPTION_TRIED = 0x200,
	OPTION_LED,
	OPTION_OTHER,
	OPTION_TRY,
	OPTION_TOOL,
};

struct triage_args {
	struct evidence_options evidence;
	bool json;
};

/* ---- command line ---- */

static const char *const tried_words[] = {
	[EVIDENCE_TRIED_NOTHING] = "nothing",
	[EVIDENCE_TRIED_AUTO] = "auto",
	[EVIDENCE_TRIED_MANUAL] = "manual",
	[EVIDENCE_TRIED_POWER_ON] = "power-on",
};

/* In the order of EVIDENCE_NO, EVIDENCE_YES. */
static const char *const led_words[] = {"dark", "lit"};
static const char *const other_words[] = {"fails", "works"};

static int word(
	struct argp_state *state, const char *option, const struct names *names, const char *text)
{
	char list[80];
	int value = names_value(names, text);

	if (value < 0)
		argp_error(state, "%s: \"%s\" is not one of %s", option, text,
			names_list(names, list, sizeof(list)));
	return value;
}

static error_t parse_tried(struct argp_state *state, const char *text)
{
	static const struct names names = NAMES(tried_words);
	struct triage_args *args = state->input;
	int value = word(state, "--tried", &names, text);

	if (value >= 0)
		args->evidence.person.tried = (enum evidence_tried)value;
	return value < 0 ? EINVAL : 0;
}

static error_t parse_known(struct argp_state *state, const char *option, const struct names *names,
	const char *text, enum evidence_known *ret)
{
	int value = word(state, option, names, text);

	if (value >= 0)
		*ret = evidence_of(value == 1);
	return value < 0 ? EINVAL : 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	static const struct names led = NAMES(led_words), other = NAMES(other_words);
	struct triage_args *args = state->input;

	switch (key) {
	case OPTION_TRIED:
		return parse_tried(state, text);
	case OPTION_LED:
		return parse_known(state, "--led", &led, text, &args->evidence.person.led);
	case OPTION_OTHER:
		return parse_known(
			state, "--other-device", &other, text, &args->evidence.person.other_device);
	case OPTION_TRY:
		args->evidence.try = true;
		return 0;
	case OPTION_TOOL:
		args->evidence.tool = text;
		return 0;
	case OPTION_SERIAL:
		args->evidence.serial = text;
		return 0;
	case OPTION_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\": there is nothing but options", text);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"tried", OPTION_TRIED, "WHAT", 0,
		"What you did before: auto (the tool asked the ECU into its bootloader), manual "
		"(PROGRAM held at power-up), power-on (powered up, PROGRAM not held), nothing "
		"(default)",
		0},
	{"led", OPTION_LED, "lit|dark", 0, "Whether an LED of the board is lit", 0},
	{"other-device", OPTION_OTHER, "works|fails", 0,
		"Whether another device, with its own cable, works in that USB port", 0},
	{"try", OPTION_TRY, NULL, 0,
		"Ask the ECU into its bootloader and out again, or a bootloader to start its "
		"firmware: the engine must not run",
		0},
	{"tool", OPTION_TOOL, "NAME", 0,
		"What you flash with: console (default), console-windows-2021, dfu-util, "
		"stm32-programmer-cli, builtin, or a program",
		0},
	{"serial", OPTION_SERIAL, "TEXT", 0, "Only the board with this USB serial number", 0},
	{"json", OPTION_JSON, NULL, 0, "Print one JSON object", 0},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Look at a board that does not do what it should, and name the cause, how sure it "
	       "is, the evidence and the remedy. Nothing is written, and without --try nothing "
	       "is restarted.\v"
	       "Examples:\n"
	       "  dfurig triage\n"
	       "  dfurig triage --tried manual --led lit --other-device works\n"
	       "  dfurig triage --try\n\n"
	       "Exit codes:\n"
	       "  0    the board is healthy\n"
	       "  1    a cause was found, or several are possible\n"
	       "  2    the command line is wrong\n"
	       "  4    something is wrong, and no cause is known\n"
	       "  125  dfurig itself failed",
};

/* ---- run ---- */

static int exit_code(const struct triage_result *result)
{
	if (result->findings[0].cause == TRIAGE_HEALTHY)
		return CLI_OK;
	return result->findings[0].cause == TRIAGE_UNKNOWN ? EXIT_UNKNOWN : CLI_FAIL;
}

static int triage(struct host_os *os, const struct triage_args *args, struct buf *out)
{
	struct triage_result result = {.count = 0};
	struct evidence evidence;
	int r = evidence_gather(os, &args->evidence, &evidence);

	if (r == 0) {
		triage_judge(&evidence, &result);
		r = args->json ? triage_say_json(&evidence, &result, out)
			       : triage_say_text(&evidence, &result, out);
	}
	if (r < 0) {
		(void)!buf_printf(out, "dfurig: %s\n", strerror(-r));
		return CLI_RIG;
	}
	return exit_code(&result);
}

int cmd_triage_program(struct host_os *os, char *const argv[], struct buf *out)
{
	struct triage_args args = {.json = false};
	int code = cli_parse_to(&argp, "dfurig triage", argv + 1, &args, out);

	return code == PARSE_TO_GO_ON ? triage(os, &args, out) : code;
}

/* On a terminal, one line that is gone in the end. */
static void show_step(const char *what)
{
	fprintf(stderr, "\r\033[K%s ...", what);
}

static void hide_steps(const struct triage_args *args)
{
	if (args->evidence.step)
		fputs("\r\033[K", stderr);
}

static int run_here(const struct triage_args *args, struct usb_host *usb)
{
	struct serial_host *serial = serial_host_tty_new("");
	struct host_os *os = host_os_linux_new(usb, serial);
	CLEANUP(buf_done) struct buf out;
	int code = CLI_RIG;

	buf_init(&out, HOST_OUTPUT_MAX);
	if (os && serial)
		code = triage(os, args, &out);
	else
		cli_errorf(CLI_RIG, "out of memory");
	hide_steps(args);
	if (out.size)
		fwrite(out.data, 1, out.size, code == CLI_RIG ? stderr : stdout);
	host_os_linux_free(os);
	serial_host_tty_free(serial);
	return code;
}

static int run(int argc, char **argv)
{
	struct triage_args args = {.evidence = {.root = ""}};
	struct why why = {0};
	struct usb_host *usb;
	int code = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	if (code != CLI_OK)
		return code;
	if (isatty(STDERR_FILENO))
		args.evidence.step = show_step;
	/* Without USB there is something to be said all the same. */
	usb = usb_host_libusb_new(&why);
	code = run_here(&args, usb);
	if (usb)
		usb_host_libusb_free(usb);
	return code;
}

const struct cli_command cli_command_triage = {
	.name = "triage",
	.summary = "the buttons do nothing: name the cause, the evidence and the remedy",
	.run = run,
};
