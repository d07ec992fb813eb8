/* SPDX-License-Identifier: MIT */
/* `dfurig triage`: its command line, its exit codes, and what it prints. What it finds out, the tests of harness/host and
 * harness/triage check. */
#include "harness/cli/cmd_triage.h"

#include "harness/cli/cli.h"
#include "harness/cli/host_programs.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/serial_host_direct.h"
#include "harness/testing/run.h"
#include "harness/testing/usb_rig.h"
#include "harness/triage/triage.h"
#include "simulators/ecu/ecu.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DFURIG    DFURIG_BUILD "/harness/cli/dfurig"
#define SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define START_US  2000000

struct triage_cli {
	struct usb_rig usb;
	struct serial_host *serial;
	struct host_os *os;
	struct board *board;
	char *text; /* what was said last */
};

static void triage_cli_init(struct triage_cli *cli)
{
	*cli = (struct triage_cli){.text = NULL};
	usb_rig_init_or_fail(&cli->usb);
	cli->serial = serial_host_direct_new(cli->usb.bus, cli->usb.host);
	cli->os = host_os_direct_new(cli->usb.host, cli->serial, host_programs);
	cr_assert(cli->serial && cli->os);
}

static void triage_cli_done(struct triage_cli *cli)
{
	free(cli->text);
	host_os_direct_free(cli->os);
	serial_host_direct_free(cli->serial);
	if (cli->board)
		cli->board->ops->free(cli->board);
	usb_rig_done(&cli->usb);
}

/* With firmware, or blank. */
static void add_board(struct triage_cli *cli, bool firmware, bool boot0)
{
	CLEANUP(buf_done) struct buf image;
	struct firmware what = firmware_defaults(chip_find("stm32f407xg"), false);
	struct stm32_board_config config = {
		.name = "board", .chip = "stm32f407xg", .loaders = ecu_loaders};
	struct clock *clock = cli->usb.host->clock;
	struct why why = {""};

	what.size = 40000;
	snprintf(what.signature, sizeof(what.signature), SIGNATURE);
	buf_init(&image, 1u << 20);
	cr_assert_eq(firmware_build(&what, &image, &why), 0, "%s", why.text);
	config.flash = firmware ? image.data : NULL;
	config.flash_size = firmware ? image.size : 0;
	cr_assert_eq(stm32_board_new(&config, cli->usb.bus, vusb_bus_port(cli->usb.bus, 1),
			     &cli->board, &why),
		0, "%s", why.text);
	cr_assert_eq(cli->board->ops->set_pin(cli->board, BOARD_BOOT0, boot0, NULL), 0);
	cr_assert_eq(cli->board->ops->set_pin(cli->board, BOARD_POWER, true, NULL), 0);
	clock_sleep_until_us(clock, clock_after_us(clock, START_US));
}

static int run(struct triage_cli *cli, char *const argv[])
{
	struct host_program_result result = {0};
	struct why why = {0};

	free(cli->text);
	cr_assert_eq(cli->os->ops->run(cli->os, argv, 0, &result, &why), 0, "%s", why.text);
	cli->text =
		strndup(result.output.data ? (char *)result.output.data : "", result.output.size);
	buf_done(&result.output);
	return result.exit_code;
}

#define RUN(cli, ...) run(cli, (char *const[]){"dfurig", "triage", __VA_ARGS__ NULL})

Test(cmd_triage, exit_codes_tell_a_healthy_board_from_others)
{
	CLEANUP(triage_cli_done) struct triage_cli cli;

	triage_cli_init(&cli);
	cr_expect_eq(RUN(&cli, ), CLI_FAIL, "%s", cli.text);
	add_board(&cli, true, false);
	cr_expect_eq(RUN(&cli, ), CLI_OK, "%s", cli.text);
	cr_expect_eq(RUN(&cli, "--serial", "another", ), 4, "%s", cli.text);
	cr_expect(strstr(cli.text, "no board has the serial number"), "%s", cli.text);
	cr_expect_eq(RUN(&cli, "--tried", "manual", ), CLI_FAIL, "%s", cli.text);
}

struct usage_case {
	char *argv[6];
	const char *says;
};

Test(cmd_triage, a_wrong_command_line_is_told)
{
	static const struct usage_case cases[] = {
		{{"dfurig", "triage", "--tried", "hard", NULL},
			"--tried: \"hard\" is not one of nothing, auto, manual, power-on"},
		{{"dfurig", "triage", "--led", "green", NULL},
			"--led: \"green\" is not one of dark, lit"},
		{{"dfurig", "triage", "--other-device", "maybe", NULL},
			"--other-device: \"maybe\" is not one of fails, works"},
		{{"dfurig", "triage", "board", NULL}, "\"board\": there is nothing but options"},
		{{"dfurig", "triage", "--colour", NULL}, "--colour"},
	};
	CLEANUP(triage_cli_done) struct triage_cli cli;

	triage_cli_init(&cli);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(run(&cli, cases[i].argv), CLI_USAGE, "%s", cases[i].says);
		cr_expect(strstr(cli.text, cases[i].says), "%s", cli.text);
	}
	cr_expect_eq(RUN(&cli, "--help", ), CLI_OK);
}

Test(cmd_triage, the_text_has_board_cause_evidence_and_remedy)
{
	static const char *const lines[] = {
		" Board   0483:df11 \"STM32  BOOTLOADER\", USB 1-1, serial ",
		" Cause   there is no firmware in the chip (blank-chip)",
		" Because all of the flash where firmware belongs is erased\n",
		" Remedy  flash the whole firmware again from the bootloader: dfu-util ",
		" Seen    system          Linux\n",
		"         LED             lit\n",
		"         option bytes    RDP 0xaa, no sector write-protected\n",
	};
	CLEANUP(triage_cli_done) struct triage_cli cli;

	triage_cli_init(&cli);
	add_board(&cli, false, true);
	cr_expect_eq(RUN(&cli, "--led", "lit", ), CLI_FAIL);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		cr_expect(strstr(cli.text, lines[i]), "%s\nis not in\n%s", lines[i], cli.text);
	cr_expect_null(strstr(cli.text, " Or "), "%s", cli.text);
}

Test(cmd_triage, without_a_board_it_asks_what_would_help)
{
	static const char *const words[] = {"none on USB", "is a LED of the board lit? --led",
		"--other-device works|fails", "hold PROGRAM", " Or "};
	CLEANUP(triage_cli_done) struct triage_cli cli;

	triage_cli_init(&cli);
	cr_expect_eq(RUN(&cli, ), CLI_FAIL);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		cr_expect(strstr(cli.text, words[i]), "%s\nis not in\n%s", words[i], cli.text);
}

/* ---- JSON ---- */

struct key {
	const char *name;
	json_type type;
};

static void expect_keys(const json_t *object, const struct key *keys, size_t count)
{
	cr_expect_eq(json_object_size(object), count);
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(object, keys[i].name);

		cr_expect(value && (json_typeof(value) == keys[i].type ||
					   (keys[i].type == JSON_TRUE && json_is_boolean(value))),
			"%s", keys[i].name);
	}
}

static json_t *json_or_fail(struct triage_cli *cli)
{
	json_error_t error;
	json_t *json = json_loads(cli->text, 0, &error);

	cr_assert(json, "%s: %s", error.text, cli->text);
	return json;
}

Test(cmd_triage, json_has_one_shape)
{
	static const struct key keys[] = {{"healthy", JSON_TRUE}, {"cause", JSON_STRING},
		{"title", JSON_STRING}, {"sure", JSON_STRING}, {"because", JSON_STRING},
		{"remedy", JSON_STRING}, {"settle", JSON_NULL}, {"board", JSON_OBJECT},
		{"causes", JSON_ARRAY}, {"evidence", JSON_OBJECT}};
	static const struct key cause_keys[] = {{"cause", JSON_STRING}, {"title", JSON_STRING},
		{"sure", JSON_STRING}, {"because", JSON_STRING}, {"remedy", JSON_STRING},
		{"settle", JSON_NULL}};
	static const struct key board_keys[] = {{"shows-itself-as", JSON_STRING},
		{"id", JSON_STRING}, {"usb", JSON_STRING}, {"product", JSON_STRING},
		{"serial", JSON_STRING}};
	CLEANUP(triage_cli_done) struct triage_cli cli;
	json_t *json;

	triage_cli_init(&cli);
	add_board(&cli, false, true);
	RUN(&cli, "--json", );
	json = json_or_fail(&cli);
	expect_keys(json, keys, ARRAY_SIZE(keys));
	expect_keys(json_array_get(json_object_get(json, "causes"), 0), cause_keys,
		ARRAY_SIZE(cause_keys));
	expect_keys(json_object_get(json, "board"), board_keys, ARRAY_SIZE(board_keys));
	cr_expect_eq(json_object_size(json_object_get(json, "evidence")), triage_fact_count);
	cr_expect_str_eq(json_string_value(json_object_get(json, "cause")), "blank-chip");
	cr_expect(json_is_false(json_object_get(json, "healthy")));
	json_decref(json);
}

Test(cmd_triage, json_without_a_board_has_the_same_keys)
{
	CLEANUP(triage_cli_done) struct triage_cli cli;
	json_t *json;

	triage_cli_init(&cli);
	RUN(&cli, "--json", );
	json = json_or_fail(&cli);
	cr_expect(json_is_null(json_object_get(json, "board")));
	cr_expect(json_array_size(json_object_get(json, "causes")) > 1);
	cr_expect(json_is_string(json_object_get(json, "settle")));
	cr_expect(json_is_null(json_object_get(json_object_get(json, "evidence"), "led")));
	cr_expect_eq(json_object_size(json_object_get(json, "evidence")), triage_fact_count);
	json_decref(json);
}

/* ---- as a process ---- */

#define BELOW_MOCK DFURIG, "exec", "--start", "run", "--flash", "rusefi-2025", "--"

Test(cmd_triage, finds_the_same_through_linux)
{
	CLEANUP(run_done) struct run healthy = RUN_OR_FAIL(BELOW_MOCK, DFURIG, "triage", "--try");
	CLEANUP(run_done)
	struct run held = RUN_OR_FAIL(BELOW_MOCK, DFURIG, "triage", "--tried", "manual");
	CLEANUP(run_done)
	struct run off = RUN_OR_FAIL(DFURIG, "exec", "--start", "off", "--", DFURIG, "triage",
		"--led", "dark", "--other-device", "works");

	cr_expect_eq(healthy.code, CLI_OK, "%s%s", healthy.out, healthy.err);
	cr_expect(
		strstr(healthy.out, "goes into its bootloader and comes back"), "%s", healthy.out);
	cr_expect(strstr(healthy.out, "/dev/bus/usb/001/"), "%s", healthy.out);
	cr_expect_eq(held.code, CLI_FAIL);
	cr_expect(strstr(held.out, "(boot0-not-held)"), "%s", held.out);
	cr_expect_eq(off.code, CLI_FAIL);
	cr_expect(strstr(off.out, "(no-power)"), "%s", off.out);
}

Test(cmd_triage, tells_a_wrong_command_line_on_stderr)
{
	CLEANUP(run_done) struct run wrong = RUN_OR_FAIL(DFURIG, "triage", "--led", "green");

	cr_expect_eq(wrong.code, CLI_USAGE);
	cr_expect(strstr(wrong.err, "--led: \"green\" is not one of dark, lit"), "%s", wrong.err);
	cr_expect_str_empty(wrong.out);
}
