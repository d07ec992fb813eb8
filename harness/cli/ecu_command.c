/* SPDX-License-Identifier: MIT */
#include "harness/cli/ecu_command.h"

#include "harness/base/file.h"
#include "harness/cli/cli.h"
#include "harness/cli/ecu_info.h"
#include "harness/cli/ecu_link.h"
#include "harness/cli/parse_to.h"
#include "harness/report/format.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TUNE_FILE_MAX 65536
/* After a reboot command: rusEFI runs it before it answers, so that the port is gone at once, or an answer comes. */
#define REBOOT_LOOK_MS 1000

/* While --wait goes on. */
#define LOOK_GAP_MS 200
#define WAIT_MAX_S  3600

#define OPTION_BY_Z 0x200

struct ecu_args;

/* What is done with the ECU. */
struct ecu_action {
	const char *name;
	const char *argument; /* what its second word is; NULL = none */
	bool openblt;         /* works on an OpenBLT too */
	/* Errors are told by why. Returns the exit code. */
	int (*run)(const struct ecu_args *args, struct ecu_link *link, struct buf *out,
		struct why *why);
	const char *text; /* reboots: the text of 'E' */
	uint16_t z;       /* and the subsystem of 'Z' */
};

struct ecu_args {
	const struct ecu_action *action;
	const char *port;
	const char *argument;
	bool json, by_z;
	uint32_t wait_s;
	struct buf content; /* of FILE */
};

/* One line for people, or one object; document is taken. */
static int say(const struct ecu_args *args, struct buf *out, const char *line, json_t *document)
{
	CLEANUP(free_ptr) char *text = document ? json_dumps(document, 0) : NULL;

	json_decref(document);
	if (!text)
		return CLI_RIG;
	return buf_printf(out, "%s\n", args->json ? text : line) < 0 ? CLI_RIG : CLI_OK;
}

static int run_info(
	const struct ecu_args *args, struct ecu_link *link, struct buf *out, struct why *why)
{
	int r = ecu_info(link, args->json, out, why);

	return r < 0 ? (r == -ENOMEM ? CLI_RIG : CLI_FAIL) : CLI_OK;
}

/* What became of the command: "gone", "answered", "silent". */
static const char *look_after_reboot(struct ecu_link *link)
{
	uint8_t byte;
	int r = link->port->ops->read(link->port, &byte, sizeof(byte), REBOOT_LOOK_MS);

	return r < 0 ? "gone" : r == 0 ? "silent" : "answered";
}

static int run_reboot(
	const struct ecu_args *args, struct ecu_link *link, struct buf *out, struct why *why)
{
	const struct ecu_action *action = args->action;
	const char *then;
	char line[160];
	int r = args->by_z ? ts_client_io_test(&link->ts, action->z, 0, false, why)
			   : ts_client_execute(&link->ts, action->text, false, why);

	if (r < 0)
		return CLI_FAIL;
	then = look_after_reboot(link);
	snprintf(line, sizeof(line), "%s: %s sent; %s", link->entry.name, action->name,
		strcmp(then, "gone") == 0       ? "the port is gone"
		: strcmp(then, "answered") == 0 ? "the ECU has answered and is still there"
						: "no answer, and the ECU is still there");
	return say(args, out, line,
		json_pack("{s:s, s:s, s:s}", "port", link->entry.name, "sent", action->name, "then",
			then));
}

static int run_command(
	const struct ecu_args *args, struct ecu_link *link, struct buf *out, struct why *why)
{
	if (ts_client_execute(&link->ts, args->argument, true, why) < 0)
		return CLI_FAIL;
	return say(args, out, "OK",
		json_pack("{s:s, s:s}", "port", link->entry.name, "command", args->argument));
}

static uint32_t crc_of(const uint8_t *data, size_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)size);
}

static int check_crc(struct ecu_link *link, const uint8_t *tune, size_t size, struct why *why)
{
	uint32_t crc;
	int r = ts_client_page_crc(&link->ts, size, &crc, why);

	if (r < 0)
		return r;
	if (crc != crc_of(tune, size))
		return why_set(why, -EILSEQ, "the ECU's tune has CRC 0x%08x, not 0x%08x", crc,
			crc_of(tune, size));
	return 0;
}

static int ask_size(struct ecu_link *link, size_t *ret, struct why *why)
{
	int r = ts_client_probe_paged(&link->ts, why);

	return r < 0 ? r : ts_client_tune_size(&link->ts, ret, why);
}

static int say_tune(const struct ecu_args *args, struct buf *out, const char *done,
	const uint8_t *tune, size_t size)
{
	char line[160], digits[FORMAT_U64_SIZE];

	snprintf(line, sizeof(line), "tune %s: %s bytes, CRC 0x%08x", done,
		format_u64(size, digits), crc_of(tune, size));
	return say(args, out, line,
		json_pack("{s:s, s:I, s:I}", "tune", done, "size", (json_int_t)size, "crc",
			(json_int_t)crc_of(tune, size)));
}

static int run_read_tune(
	const struct ecu_args *args, struct ecu_link *link, struct buf *out, struct why *why)
{
	CLEANUP(buf_done) struct buf tune;
	uint8_t *bytes;
	size_t size;

	buf_init(&tune, TUNE_FILE_MAX);
	if (ask_size(link, &size, why) < 0)
		return CLI_FAIL;
	if (buf_grow(&tune, size, &bytes) < 0)
		return CLI_RIG;
	if (ts_client_read_tune(&link->ts, bytes, size, true, why) < 0 ||
		check_crc(link, bytes, size, why) < 0)
		return CLI_FAIL;
	if (file_write(args->argument, bytes, size, why) < 0)
		return CLI_INPUT;
	return say_tune(args, out, "read", bytes, size);
}

static int run_write_tune(
	const struct ecu_args *args, struct ecu_link *link, struct buf *out, struct why *why)
{
	const struct buf *tune = &args->content;
	size_t size;

	if (ask_size(link, &size, why) < 0)
		return CLI_FAIL;
	if (size != tune->size) {
		why_set(why, -EINVAL, "%s has %zu bytes, the ECU's tune %zu", args->argument,
			tune->size, size);
		return CLI_INPUT;
	}
	if (ts_client_write_tune(&link->ts, tune->data, size, why) < 0 ||
		ts_client_burn(&link->ts, why) < 0 || check_crc(link, tune->data, size, why) < 0)
		return CLI_FAIL;
	return say_tune(args, out, "written", tune->data, size);
}

static const struct ecu_action actions[] = {
	{.name = "info", .openblt = true, .run = run_info},
	{.name = "reboot", .run = run_reboot, .text = "reboot", .z = TS_Z_REBOOT},
	{.name = "reboot-dfu", .run = run_reboot, .text = "reboot_dfu", .z = TS_Z_DFU},
	{.name = "reboot-openblt", .run = run_reboot, .text = "reboot_openblt", .z = TS_Z_OPENBLT},
	{.name = "read-tune", .argument = "FILE", .run = run_read_tune},
	{.name = "write-tune", .argument = "FILE", .run = run_write_tune},
	{.name = "command", .argument = "TEXT", .run = run_command},
};

static error_t parse_word(struct argp_state *state, struct ecu_args *args, char *word)
{
	if (args->action && args->action->argument && !args->argument) {
		args->argument = word;
		return 0;
	}
	for (size_t i = 0; !args->action && i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, word) == 0) {
			args->action = &actions[i];
			return 0;
		}
	argp_error(state, args->action ? "\"%s\" is one word too many" : "no ACTION \"%s\"", word);
	return EINVAL;
}

static error_t check_words(struct argp_state *state, const struct ecu_args *args)
{
	if (!args->action) {
		argp_error(state, "which ACTION?");
		return EINVAL;
	}
	if (args->action->argument && !args->argument) {
		argp_error(state, "%s: which %s?", args->action->name, args->action->argument);
		return EINVAL;
	}
	if (args->by_z && !args->action->z) {
		argp_error(state, "--by-z is for the reboots");
		return EINVAL;
	}
	return 0;
}

static error_t parse_wait(struct argp_state *state, struct ecu_args *args, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || seconds > WAIT_MAX_S) {
		argp_error(
			state, "--wait: \"%s\" is no number of seconds up to %d", text, WAIT_MAX_S);
		return EINVAL;
	}
	args->wait_s = (uint32_t)seconds;
	return 0;
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct ecu_args *args = state->input;

	switch (key) {
	case 'p':
		args->port = arg;
		return 0;
	case 'j':
		args->json = true;
		return 0;
	case 'w':
		return parse_wait(state, args, arg);
	case OPTION_BY_Z:
		args->by_z = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_word(state, args, arg);
	case ARGP_KEY_END:
		return check_words(state, args);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"port", 'p', "NAME", 0,
		"The ECU's serial port (/dev/ttyACM0, or its link in /dev/serial/by-id), or auto: "
		"the "
		"only port of a rusEFI that answers (default)",
		0},
	{"wait", 'w', "SECONDS", 0, "Wait so long for the ECU to appear (default 0)", 0},
	{"by-z", OPTION_BY_Z, NULL, 0, "Reboots: send TunerStudio's command Z in place of the text",
		0},
	{"json", 'j', NULL, 0, "Print one JSON object", 0},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_arg,
	.args_doc = "info|reboot|reboot-dfu|reboot-openblt\n"
		    "read-tune FILE\n"
		    "write-tune FILE\n"
		    "command TEXT",
	.doc = "Talks to a running rusEFI over its serial port.\v"
	       "info shows signature, version, protocol, and size and CRC of the tune; of a board "
	       "in "
	       "OpenBLT, what its loader tells. The reboots wait for no answer: the line says "
	       "whether the port has gone. reboot-dfu goes to the chip's own bootloader. read-tune "
	       "stores the tune as its bytes, write-tune writes such bytes, burns them and "
	       "compares "
	       "the ECU's CRC. command runs a text command of the console.\n\n"
	       "Examples:\n"
	       "  dfurig ecu info\n"
	       "  dfurig ecu read-tune my.tune --port /dev/ttyACM0\n"
	       "  dfurig ecu reboot-dfu && sleep 3 && dfu-util -l\n"
	       "  dfurig ecu info --wait 10 --json | jq -r .signature\n\n"
	       "Exit codes:\n"
	       "  0    done; for the reboots: sent\n"
	       "  1    no ECU, several, the port is held, or the ECU refuses\n"
	       "  2    the command line is wrong\n"
	       "  3    FILE cannot be read or written, or is no tune of this ECU\n"
	       "  125  dfurig itself failed",
};

static void args_done(struct ecu_args *args)
{
	buf_done(&args->content);
}

/* Nothing is sent to an ECU before the file is known to be there. */
static int read_file(struct ecu_args *args, struct why *why)
{
	if (args->action->run != run_write_tune)
		return CLI_OK;
	return file_read(args->argument, &args->content, why) < 0 ? CLI_INPUT : CLI_OK;
}

/* Tries again while nobody is there, until --wait is over. */
static int open_link(
	const struct ecu_args *args, struct host_os *os, struct ecu_link *link, struct why *why)
{
	uint64_t end_us = clock_after_us(os->clock, args->wait_s * UINT64_C(1000000));

	for (;;) {
		int r = ecu_link_open(link, os->serial, args->port, args->action->openblt, why);

		if ((r != -ENODEV && r != -ENOENT && r != -ETIMEDOUT) ||
			clock_now_us(os->clock) >= end_us)
			return r;
		ecu_link_close(link);
		clock_sleep_until_us(
			os->clock, clock_after_us(os->clock, LOOK_GAP_MS * UINT64_C(1000)));
	}
}

static int run_action(struct ecu_args *args, struct host_os *os, struct buf *out, struct why *why)
{
	CLEANUP(ecu_link_close) struct ecu_link link = {0};
	int code = read_file(args, why);

	if (code)
		return code;
	if (open_link(args, os, &link, why) < 0)
		return CLI_FAIL;
	return args->action->run(args, &link, out, why);
}

int ecu_command_main(struct host_os *os, char *const argv[], struct buf *out)
{
	CLEANUP(args_done) struct ecu_args args = {.port = "auto"};
	struct why why = {""};
	int code;

	buf_init(&args.content, TUNE_FILE_MAX);
	code = cli_parse_to(&argp, "dfurig ecu", argv, &args, out);
	if (code != PARSE_TO_GO_ON)
		return code;
	code = run_action(&args, os, out, &why);
	if (code && buf_printf(out, "dfurig: %s\n", why_text(&why)) < 0)
		return CLI_RIG;
	return code;
}
