/* SPDX-License-Identifier: MIT */
/* `dfurig ecu` in-process, on the simulated ECU. */
#include "harness/cli/ecu_command.h"

#include "harness/cli/cli.h"
#include "harness/host/serial_host_direct.h"
#include "harness/testing/temp.h"
#include "harness/testing/usb_rig.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/tune.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHIP        "stm32f407xg"
#define SIGNATURE   "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define TUNE_SIZE   3000
#define BOARDS      2
#define IMAGE_MAX   (1u << 20)
#define START_UP_US 3000000
#define WORDS       12

struct rig {
	struct usb_rig usb;
	struct serial_host *serial;
	struct host_os os;
	struct firmware firmware;
	struct board *boards[BOARDS];
	struct buf out;
	char text[4096]; /* the output of the last command */
	struct temp_dir dir;
	struct why why;
};

static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	rig->serial = serial_host_direct_new(rig->usb.bus, rig->usb.host);
	cr_assert_not_null(rig->serial);
	rig->os = (struct host_os){
		.clock = rig->usb.host->clock, .usb = rig->usb.host, .serial = rig->serial};
	rig->firmware = firmware_defaults(chip_find(CHIP), false);
	rig->firmware.size = 0x10000;
	rig->firmware.settings_size = TUNE_SIZE;
	snprintf(rig->firmware.signature, sizeof(rig->firmware.signature), SIGNATURE);
	rig->dir = temp_dir_or_fail();
}

static void rig_done(struct rig *rig)
{
	serial_host_direct_free(rig->serial);
	for (size_t i = 0; i < BOARDS; i++)
		if (rig->boards[i])
			rig->boards[i]->ops->free(rig->boards[i]);
	usb_rig_done(&rig->usb);
	temp_dir_done(&rig->dir);
}

static void pass_us(struct rig *rig, uint64_t us)
{
	clock_sleep_until_us(rig->os.clock, clock_after_us(rig->os.clock, us));
}

static void set(struct rig *rig, size_t board, enum board_pin pin)
{
	cr_assert_eq(rig->boards[board]->ops->set_pin(rig->boards[board], pin, true, &rig->why), 0,
		"%s", rig->why.text);
}

/* Board number i with rig->firmware in flash; powered now. */
static void power_up(struct rig *rig, size_t i)
{
	CLEANUP(buf_done) struct buf image;
	struct stm32_board_config config = {
		.name = i ? "second" : "first",
		.chip = CHIP,
		.uid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, (uint8_t)i},
		.pace = ROM_PACE_CHIP,
		.loaders = ecu_loaders,
	};

	buf_init(&image, IMAGE_MAX);
	cr_assert_eq(firmware_build(&rig->firmware, &image, &rig->why), 0, "%s", rig->why.text);
	config.flash = image.data;
	config.flash_size = image.size;
	cr_assert_eq(
		stm32_board_new(&config, rig->usb.bus,
			vusb_bus_port(rig->usb.bus, (uint8_t)(i + 1)), &rig->boards[i], &rig->why),
		0, "%s", rig->why.text);
	set(rig, i, BOARD_VBUS);
	set(rig, i, BOARD_POWER);
}

/* The same, and it has started. */
static void start(struct rig *rig, size_t i)
{
	power_up(rig, i);
	pass_us(rig, START_UP_US);
}

static enum board_mode mode(const struct rig *rig)
{
	return rig->boards[0]->ops->mode(rig->boards[0]);
}

/* The words behind "dfurig ecu", ended by NULL. Returns the exit code; the output is in rig->text. */
static int run(struct rig *rig, const char *word, ...)
{
	CLEANUP(buf_done) struct buf out;
	char *argv[WORDS + 2] = {(char *)"ecu"};
	va_list args;
	int code;

	va_start(args, word);
	for (int i = 1; word && i <= WORDS; i++, word = va_arg(args, const char *))
		argv[i] = (char *)word;
	va_end(args);
	buf_init(&out, HOST_OUTPUT_MAX);
	code = ecu_command_main(&rig->os, argv, &out);
	snprintf(rig->text, sizeof(rig->text), "%.*s", (int)out.size, (const char *)out.data);
	return code;
}

static void expect_says(const struct rig *rig, const char *text)
{
	cr_expect_not_null(strstr(rig->text, text), "\"%s\" is not in:\n%s", text, rig->text);
}

Test(ecu_command, info_tells_what_the_ecu_is)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start(&rig, 0);
	cr_assert_eq(mode(&rig), BOARD_ECU);
	cr_expect_eq(run(&rig, "info", NULL), CLI_OK, "%s", rig.text);
	expect_says(&rig, "port:       /dev/ttyACM0\n");
	expect_says(&rig, "usb:        0483:5740 at 1-1, interface 1\n");
	expect_says(&rig, "serial:     0102030405060708090A0B00\n");
	expect_says(&rig, "program:    rusEFI\n");
	expect_says(&rig, "signature:  " SIGNATURE "\n");
	expect_says(&rig, "version:    rusEFI v20260714@");
	expect_says(&rig, "protocol:   001, with pages\n");
	expect_says(&rig, "bootloader: none\n");
	expect_says(&rig, "tune:       3,000 bytes, CRC 0x");
}

Test(ecu_command, info_knows_the_protocol_without_pages)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	rig.firmware.paged = false;
	start(&rig, 0);
	cr_expect_eq(run(&rig, "info", "--port", "/dev/ttyACM0", NULL), CLI_OK, "%s", rig.text);
	expect_says(&rig, ", without pages\n");
	expect_says(&rig, "tune:       3,000 bytes, CRC 0x");
}

Test(ecu_command, info_is_for_machines_too)
{
	CLEANUP(rig_done) struct rig rig;
	const char *signature;
	json_t *document;
	int size;

	rig_init(&rig);
	start(&rig, 0);
	cr_assert_eq(run(&rig, "info", "--json", NULL), CLI_OK);
	document = json_loads(rig.text, 0, NULL);
	cr_assert_not_null(document, "%s", rig.text);
	cr_assert_eq(json_unpack(document, "{s:s, s:{s:i}}", "signature", &signature, "tune",
			     "size", &size),
		0);
	cr_expect_str_eq(signature, SIGNATURE);
	cr_expect_eq(size, TUNE_SIZE);
	json_decref(document);
}

static void start_openblt(struct rig *rig)
{
	rig->firmware = (struct firmware){
		.kind = FIRMWARE_OPENBLT,
		.base = 0x08000000,
		.size = 0x5000,
		.signature = "1.2.3",
		.chip = CHIP,
		.app_base = 0x08008000,
		.probes = true,
	};
	start(rig, 0);
	cr_assert_eq(mode(rig), BOARD_OPENBLT);
}

Test(ecu_command, info_tells_an_openblt_from_an_ecu)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start_openblt(&rig);
	cr_expect_eq(run(&rig, "info", NULL), CLI_OK, "%s", rig.text);
	expect_says(&rig, "interface 0\n");
	expect_says(&rig, "program:    OpenBLT\n");
	expect_says(&rig, "version:    1.2.3\n");
	cr_expect_eq(run(&rig, "info", "--json", NULL), CLI_OK, "%s", rig.text);
	expect_says(&rig, "\"program\": \"OpenBLT\"");
}

Test(ecu_command, an_openblt_is_not_rebooted_as_an_ecu)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start_openblt(&rig);
	cr_expect_eq(run(&rig, "reboot-dfu", NULL), CLI_FAIL);
	expect_says(&rig, "OpenBLT answers there");
}

Test(ecu_command, reboot_dfu_brings_the_bootloader)
{
	static const char *const ways[] = {NULL, "--by-z"};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		CLEANUP(rig_done) struct rig rig;

		rig_init(&rig);
		start(&rig, 0);
		cr_expect_eq(run(&rig, "reboot-dfu", "--port", "auto", ways[i], NULL), CLI_OK, "%s",
			rig.text);
		cr_expect_str_eq(rig.text, "/dev/ttyACM0: reboot-dfu sent; the port is gone\n");
		pass_us(&rig, START_UP_US);
		cr_expect_eq(mode(&rig), BOARD_DFU);
	}
}

Test(ecu_command, a_reboot_that_does_nothing_is_not_hidden)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	rig.firmware.dfu_jump = false;
	start(&rig, 0);
	cr_expect_eq(run(&rig, "reboot-dfu", NULL), CLI_OK);
	expect_says(&rig, "the ECU has answered and is still there");
	cr_expect_eq(mode(&rig), BOARD_ECU);
	cr_expect_eq(run(&rig, "reboot-dfu", "--json", NULL), CLI_OK);
	expect_says(&rig, "\"then\": \"answered\"");
}

Test(ecu_command, reboot_comes_back_as_ecu)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start(&rig, 0);
	cr_expect_eq(run(&rig, "reboot", "--by-z", NULL), CLI_OK);
	expect_says(&rig, "the port is gone");
	cr_expect_neq(mode(&rig), BOARD_ECU);
	pass_us(&rig, START_UP_US);
	cr_expect_eq(mode(&rig), BOARD_ECU);
}

static void read_file(struct rig *rig, const char *name, uint8_t *ret, size_t size)
{
	FILE *file = fopen(temp_path(&rig->dir, name), "rb");

	cr_assert_not_null(file);
	cr_expect_eq(fread(ret, 1, size, file), size);
	cr_expect_eq(fgetc(file), EOF);
	fclose(file);
}

Test(ecu_command, a_tune_is_read_as_it_is)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t wanted[TUNE_SIZE], got[TUNE_SIZE];
	char path[256];

	rig_init(&rig);
	start(&rig, 0);
	snprintf(path, sizeof(path), "%s", temp_path(&rig.dir, "my.tune"));
	cr_assert_eq(run(&rig, "read-tune", path, NULL), CLI_OK, "%s", rig.text);
	expect_says(&rig, "tune read: 3,000 bytes, CRC 0x");
	read_file(&rig, "my.tune", got, sizeof(got));
	tune_default(&rig.firmware, wanted);
	cr_expect_arr_eq(got, wanted, TUNE_SIZE);
}

static int read_flash(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct board *board = user;

	return board->ops->read_flash(board, addr, ret_data, size);
}

Test(ecu_command, a_tune_is_written_and_burnt)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t tune[TUNE_SIZE], stored[TUNE_SIZE];

	rig_init(&rig);
	start(&rig, 0);
	tune_custom(&rig.firmware, 1, tune);
	cr_assert_eq(run(&rig, "write-tune",
			     temp_file_or_fail(&rig.dir, "my.tune", tune, sizeof(tune)), NULL),
		CLI_OK, "%s", rig.text);
	expect_says(&rig, "tune written: 3,000 bytes, CRC 0x");
	pass_us(&rig, START_UP_US);
	cr_assert_eq(tune_load(&rig.firmware, read_flash, rig.boards[0], stored), TUNE_FIRST_COPY);
	cr_expect_arr_eq(stored, tune, TUNE_SIZE);
}

Test(ecu_command, a_file_of_another_size_is_no_tune)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start(&rig, 0);
	cr_expect_eq(run(&rig, "write-tune", temp_file_or_fail(&rig.dir, "x", "abc", 3), NULL),
		CLI_INPUT);
	expect_says(&rig, "has 3 bytes, the ECU's tune 3000");
	cr_expect_eq(run(&rig, "write-tune", temp_path(&rig.dir, "none"), NULL), CLI_INPUT);
	expect_says(&rig, "No such file");
}

Test(ecu_command, a_locked_ecu_keeps_its_tune)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t tune[TUNE_SIZE];

	rig_init(&rig);
	rig.firmware.locked = true;
	start(&rig, 0);
	tune_custom(&rig.firmware, 1, tune);
	cr_expect_eq(run(&rig, "write-tune",
			     temp_file_or_fail(&rig.dir, "my.tune", tune, sizeof(tune)), NULL),
		CLI_FAIL);
	expect_says(&rig, "0x83");
}

Test(ecu_command, a_text_command_is_answered)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start(&rig, 0);
	cr_expect_eq(run(&rig, "command", "ping", NULL), CLI_OK, "%s", rig.text);
	cr_expect_str_eq(rig.text, "OK\n");
}

Test(ecu_command, nobody_is_an_error)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	cr_expect_eq(run(&rig, "info", NULL), CLI_FAIL);
	expect_says(&rig, "no serial port of a rusEFI (0483:5740) is there");
	cr_expect_eq(run(&rig, "info", "--port", "/dev/ttyACM7", NULL), CLI_FAIL);
	expect_says(&rig, "/dev/ttyACM7: no such port");
}

Test(ecu_command, wait_is_for_an_ecu_that_starts)
{
	CLEANUP(rig_done) struct rig rig;
	uint64_t before_us;

	rig_init(&rig);
	power_up(&rig, 0);
	cr_expect_eq(run(&rig, "info", NULL), CLI_FAIL);
	cr_expect_eq(run(&rig, "info", "--wait", "5", NULL), CLI_OK, "%s", rig.text);
	cr_expect_eq(run(&rig, "info", "--wait", "5", "-p", "none", NULL), CLI_FAIL);
	before_us = clock_now_us(rig.os.clock);
	cr_expect_eq(run(&rig, "info", "--wait=2", "-p", "/dev/ttyACM3", NULL), CLI_FAIL);
	cr_expect_eq((clock_now_us(rig.os.clock) - before_us) / 100000, 20);
}

Test(ecu_command, two_ecus_are_an_error_that_names_them)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start(&rig, 0);
	start(&rig, 1);
	cr_expect_eq(run(&rig, "reboot-dfu", NULL), CLI_FAIL);
	expect_says(&rig, "/dev/ttyACM0 (0102030405060708090A0B00), /dev/ttyACM1 "
			  "(0102030405060708090A0B01)");
	cr_expect_eq(mode(&rig), BOARD_ECU);
	cr_expect_eq(run(&rig, "info", "-p", "/dev/ttyACM1", NULL), CLI_OK);
	expect_says(&rig, "0102030405060708090A0B01");
}

Test(ecu_command, a_held_port_is_told)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	start(&rig, 0);
	serial_host_direct_set_held(rig.serial, true);
	cr_expect_eq(run(&rig, "reboot-dfu", NULL), CLI_FAIL);
	expect_says(&rig, "another program has it open");
	cr_expect_eq(mode(&rig), BOARD_ECU);
}

Test(ecu_command, wrong_words_are_usage_errors)
{
	static const struct {
		const char *words[4];
		const char *says;
	} cases[] = {
		{{NULL}, "which ACTION?"},
		{{"frob"}, "no ACTION \"frob\""},
		{{"info", "more"}, "one word too many"},
		{{"read-tune"}, "which FILE?"},
		{{"command"}, "which TEXT?"},
		{{"info", "--by-z"}, "--by-z is for the reboots"},
		{{"info", "--wait", "x"}, "--wait: \"x\" is no number of seconds"},
		{{"info", "--wait", "-1"}, "--wait: \"-1\" is no number of seconds"},
		{{"info", "--frob"}, "option \"--frob\" is unknown"},
		{{"info", "--port"}, "option \"--port\" is unknown or lacks its value"},
	};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const *words = cases[i].words;

		cr_expect_eq(run(&rig, words[0], words[1], words[2], NULL), CLI_USAGE, "%s",
			cases[i].says);
		expect_says(&rig, cases[i].says);
	}
}

Test(ecu_command, help_is_no_error)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	cr_expect_eq(run(&rig, "--help", NULL), CLI_OK);
	expect_says(&rig, "Usage: dfurig ecu");
	expect_says(&rig, "Exit codes:");
	cr_expect_eq(run(&rig, "--usage", NULL), CLI_OK);
	expect_says(&rig, "Usage: dfurig ecu");
}
