/* SPDX-License-Identifier: MIT */
/* The TunerStudio client and the simulated ECU, through a board, its bus and the serial host; with an ECU that answers
 * badly too. */
#include "harness/host/serial_host_direct.h"
#include "harness/host/ts_client.h"

#include "harness/fault/fault.h"
#include "harness/testing/usb_rig.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/tune.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define CHIP        "stm32f407xg"
#define SIGNATURE   "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define TUNE_SIZE   3000
#define IMAGE_MAX   (1u << 20)
#define START_UP_US 3000000

struct rig {
	struct usb_rig usb;
	struct serial_host *serial;
	struct serial_port *port;
	struct board *board;
	struct firmware firmware;
	struct fault_plan faults;
	struct ts_client ts;
	uint8_t tune[TUNE_SIZE];
	struct why why;
};

static void rig_init(struct rig *rig, bool paged)
{
	memset(rig, 0, sizeof(*rig));
	rig->firmware = firmware_defaults(chip_find(CHIP), false);
	rig->firmware.size = 0x10000;
	rig->firmware.settings_size = TUNE_SIZE;
	rig->firmware.paged = paged;
	snprintf(rig->firmware.signature, sizeof(rig->firmware.signature), SIGNATURE);
	usb_rig_init_or_fail(&rig->usb);
	rig->serial = serial_host_direct_new(rig->usb.bus, rig->usb.host);
	cr_assert_not_null(rig->serial);
}

static void set(struct rig *rig, enum board_pin pin)
{
	cr_assert_eq(
		rig->board->ops->set_pin(rig->board, pin, true, &rig->why), 0, "%s", rig->why.text);
}

/* Powers the board, and opens the port when it is there. */
static void start(struct rig *rig)
{
	CLEANUP(buf_done) struct buf image;
	struct stm32_board_config config = {
		.name = "toy", .chip = CHIP, .loaders = ecu_loaders, .faults = &rig->faults};
	struct clock *clock = rig->usb.host->clock;

	buf_init(&image, IMAGE_MAX);
	cr_assert_eq(firmware_build(&rig->firmware, &image, &rig->why), 0, "%s", rig->why.text);
	config.flash = image.data;
	config.flash_size = image.size;
	cr_assert_eq(stm32_board_new(&config, rig->usb.bus, vusb_bus_port(rig->usb.bus, 1),
			     &rig->board, &rig->why),
		0, "%s", rig->why.text);
	set(rig, BOARD_VBUS);
	set(rig, BOARD_POWER);
	clock_sleep_until_us(clock, clock_after_us(clock, START_UP_US));
	cr_assert_eq(rig->serial->ops->open(rig->serial, "/dev/ttyACM0", &rig->port, &rig->why), 0,
		"%s", rig->why.text);
	ts_client_init(&rig->ts, rig->port);
}

static void rig_done(struct rig *rig)
{
	ts_client_done(&rig->ts);
	if (rig->port)
		rig->port->ops->close(rig->port);
	serial_host_direct_free(rig->serial);
	if (rig->board)
		rig->board->ops->free(rig->board);
	usb_rig_done(&rig->usb);
}

static uint64_t now_ms(const struct rig *rig)
{
	return clock_now_us(rig->usb.host->clock) / 1000;
}

Test(ts_rig, a_console_connects)
{
	for (int paged = 0; paged < 2; paged++) {
		CLEANUP(rig_done) struct rig rig;
		uint8_t wanted[TUNE_SIZE];
		char text[TS_SIGNATURE_ROOM];
		uint32_t crc;
		size_t size;

		rig_init(&rig, paged);
		start(&rig);
		cr_assert_eq(ts_client_signature(&rig.ts, true, 500, text, &rig.why), 0, "%s",
			rig.why.text);
		cr_expect_str_eq(text, SIGNATURE);
		cr_assert_eq(ts_client_signature(&rig.ts, false, 500, text, &rig.why), 0, "%s",
			rig.why.text);
		cr_expect_str_eq(text, SIGNATURE);
		cr_assert_eq(ts_client_probe_paged(&rig.ts, &rig.why), 0, "%s", rig.why.text);
		cr_expect_eq(rig.ts.paged, paged);
		cr_assert_eq(ts_client_tune_size(&rig.ts, &size, &rig.why), 0, "%s", rig.why.text);
		cr_expect_eq(size, TUNE_SIZE);
		cr_assert_eq(ts_client_read_tune(&rig.ts, rig.tune, TUNE_SIZE, false, &rig.why), 0,
			"%s", rig.why.text);
		tune_default(&rig.firmware, wanted);
		cr_expect_arr_eq(rig.tune, wanted, TUNE_SIZE);
		cr_assert_eq(ts_client_page_crc(&rig.ts, size, &crc, &rig.why), 0);
		cr_expect_eq(crc, crc32(0, wanted, TUNE_SIZE));
	}
}

Test(ts_rig, a_tune_is_written_burnt_and_read_back)
{
	for (int paged = 0; paged < 2; paged++) {
		CLEANUP(rig_done) struct rig rig;
		uint8_t wanted[TUNE_SIZE];

		rig_init(&rig, paged);
		start(&rig);
		rig.ts.paged = paged;
		tune_custom(&rig.firmware, 7, wanted);
		cr_assert_eq(ts_client_write_tune(&rig.ts, wanted, TUNE_SIZE, &rig.why), 0, "%s",
			rig.why.text);
		cr_assert_eq(ts_client_burn(&rig.ts, &rig.why), 0, "%s", rig.why.text);
		cr_assert_eq(ts_client_read_tune(&rig.ts, rig.tune, TUNE_SIZE, false, &rig.why), 0);
		cr_expect_arr_eq(rig.tune, wanted, TUNE_SIZE);
	}
}

/* Answers to R, from the second one on, that are not as they should be. */
static const struct bad_case {
	const char *name;
	enum fault_action action;
	uint64_t value;
	uint32_t times;
	bool retry;
	int result;
} bad_cases[] = {
	{"late", FAULT_DELAY, 4900000, 1, false, 0},
	{"too late", FAULT_DELAY, 5100000, 1, false, -ETIMEDOUT},
	{"too late, asked again", FAULT_DELAY, 5100000, 1, true, 0},
	{"too late all the time", FAULT_DELAY, 5100000, 0, true, -ETIMEDOUT},
	{"in bytes", FAULT_BYTEWISE, 2000, 0, false, 0},
	{"in bytes, too slowly", FAULT_BYTEWISE, 20000, 1, false, -ETIMEDOUT},
	{"in bytes, too slowly, asked again", FAULT_BYTEWISE, 20000, 1, true, 0},
	{"bad CRC", FAULT_BAD_CRC, 0, 1, false, -EILSEQ},
	{"bad CRC, asked again", FAULT_BAD_CRC, 0, 3, true, 0},
	{"0x83", FAULT_CODE, TS_UNRECOGNIZED_COMMAND, 1, false, -EREMOTEIO},
	{"0x83, asked again", FAULT_CODE, TS_UNRECOGNIZED_COMMAND, 3, true, 0},
	{"0x84 is final", FAULT_CODE, TS_OUT_OF_RANGE, 1, true, -EREMOTEIO},
	{"no answer", FAULT_NO_SHOW, 0, 1, false, -ETIMEDOUT},
	{"no answer, asked again", FAULT_NO_SHOW, 0, 2, true, 0},
};

static void check_bad(const struct bad_case *row)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t wanted[TUNE_SIZE];
	uint64_t begin_ms;
	int r;

	rig_init(&rig, true);
	cr_assert_eq(fault_add(&rig.faults, &(struct fault_rule){.points = 1u << FAULT_ECU_REPLY,
						    .match = "R",
						    .nth = 2,
						    .times = row->times,
						    .action = row->action,
						    .value = row->value}),
		0);
	start(&rig);
	begin_ms = now_ms(&rig);
	r = ts_client_read_tune(&rig.ts, rig.tune, TUNE_SIZE, row->retry, &rig.why);
	cr_expect_eq(r, row->result, "%s: %d, %s", row->name, r, rig.why.text);
	cr_expect_leq(now_ms(&rig) - begin_ms, 66000, "%s", row->name);
	cr_expect_null(fault_never_fired(&rig.faults), "%s", row->name);
	tune_default(&rig.firmware, wanted);
	if (r == 0)
		cr_expect_arr_eq(rig.tune, wanted, TUNE_SIZE, "%s", row->name);
}

Test(ts_rig, bad_answers_are_told_or_asked_again)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_cases); i++)
		check_bad(&bad_cases[i]);
}

Test(ts_rig, an_ecu_that_reboots_takes_the_port_away)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, true);
	start(&rig);
	cr_expect_eq(ts_client_execute(&rig.ts, "reboot_dfu", false, &rig.why), 0);
	cr_expect_eq(ts_client_read_tune(&rig.ts, rig.tune, TUNE_SIZE, true, &rig.why), -ENODEV);
}

Test(ts_rig, a_locked_ecu_reads_as_zeros_and_takes_nothing)
{
	static const uint8_t zeros[TUNE_SIZE];
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, true);
	rig.firmware.locked = true;
	start(&rig);
	cr_assert_eq(ts_client_read_tune(&rig.ts, rig.tune, TUNE_SIZE, false, &rig.why), 0);
	cr_expect_arr_eq(rig.tune, zeros, TUNE_SIZE);
	cr_expect_eq(ts_client_write_tune(&rig.ts, zeros, 10, &rig.why), -EREMOTEIO);
}
