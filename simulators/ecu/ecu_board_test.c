/* SPDX-License-Identifier: MIT */
/* The ECU on a whole simulated board: from a running ECU into the ROM bootloader and back, and its tune through power cuts. */
#include "simulators/ecu/ecu.h"

#include "harness/base/clock.h"
#include "harness/ts/ts.h"
#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct board *board;
	struct stm32_board_observer observer;
	char tune[128]; /* what became of it, last */
	char note[128]; /* the last */
	uint8_t in[4096];
	size_t in_size;
};

static void see_program(struct stm32_board_observer *observer, enum program_fact_kind kind,
	uint32_t size, const char *text)
{
	struct rig *rig = CONTAINER_OF(observer, struct rig, observer);

	(void)size;
	if (kind == PROGRAM_FACT_TUNE)
		snprintf(rig->tune, sizeof(rig->tune), "%s", text);
	if (kind == PROGRAM_FACT_NOTE)
		snprintf(rig->note, sizeof(rig->note), "%s", text);
}

static void see_mode(
	struct stm32_board_observer *observer, enum board_mode mode, const char *reason)
{
	(void)observer;
	(void)mode;
	(void)reason;
}

static void see_reset(struct stm32_board_observer *observer, enum reset_cause cause)
{
	(void)observer;
	(void)cause;
}

static void set(struct rig *rig, enum board_pin pin, bool level)
{
	struct why why = {""};

	cr_assert_eq(rig->board->ops->set_pin(rig->board, pin, level, &why), 0, "%s", why.text);
}

static void wait_ms(struct rig *rig, uint32_t ms)
{
	vusb_bus_run_until(rig->bus, clock_after_us(&rig->clock.clock, ms * UINT64_C(1000)), NULL);
}

/* Not powered yet. */
static void init_off(struct rig *rig, enum rom_pace pace, const char *chip)
{
	struct firmware firmware = firmware_defaults(chip_find(chip), false);
	CLEANUP(buf_done) struct buf image;
	struct stm32_board_config config = {
		.name = "test",
		.chip = chip,
		.pace = pace,
		.loaders = ecu_loaders,
		.board_observer = &rig->observer,
	};

	memset(rig, 0, sizeof(*rig));
	rig->observer = (struct stm32_board_observer){see_mode, see_program, see_reset};
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 1);
	cr_assert_not_null(rig->bus);
	rig->port = vusb_bus_port(rig->bus, 1);
	firmware.size = 0x4000;
	snprintf(firmware.signature, sizeof(firmware.signature), "rusEFI main.2026.07.14.f4.1");
	buf_init(&image, 1u << 20);
	cr_assert_eq(firmware_build(&firmware, &image, NULL), 0);
	config.flash = image.data;
	config.flash_size = image.size;
	cr_assert_eq(stm32_board_new(&config, rig->bus, rig->port, &rig->board, NULL), 0);
}

static void init(struct rig *rig, enum rom_pace pace)
{
	init_off(rig, pace, "stm32f407xg");
	set(rig, BOARD_POWER, true);
	wait_ms(rig, 1000);
}

static void done(struct rig *rig)
{
	rig->board->ops->free(rig->board);
	vusb_bus_free(rig->bus);
}

static enum board_mode mode(const struct rig *rig)
{
	return rig->board->ops->mode(rig->board);
}

static uint16_t pid(const struct rig *rig)
{
	return rig->port->device ? rig->port->device->desc->pid : 0;
}

static void ended(struct vusb_transfer *transfer)
{
	*(bool *)transfer->user = true;
}

static enum vusb_result bulk(
	struct rig *rig, uint8_t endpoint, void *data, size_t *size, uint32_t ms)
{
	bool end = false;
	struct vusb_transfer transfer = {.port = rig->port,
		.type = VUSB_BULK,
		.endpoint = endpoint,
		.data = data,
		.size = *size,
		.complete = ended,
		.user = &end};

	vusb_bus_submit(&transfer);
	vusb_bus_run_until(rig->bus, clock_after_us(&rig->clock.clock, ms * UINT64_C(1000)), &end);
	vusb_bus_cancel(&transfer);
	*size = transfer.actual;
	return transfer.result;
}

/* How the wait for the answer ended; the answer is in rig->in. */
static enum vusb_result ask(struct rig *rig, const void *payload, size_t size, uint32_t ms)
{
	CLEANUP(buf_done) struct buf frame;

	buf_init(&frame, 4096);
	cr_assert_eq(ts_frame_append(&frame, payload, size), 0);
	cr_assert_eq(bulk(rig, CDC_ACM_DATA_OUT, frame.data, &frame.size, ms), VUSB_ACK);
	rig->in_size = sizeof(rig->in);
	return bulk(rig, CDC_ACM_DATA_IN, rig->in, &rig->in_size, ms);
}

Test(ecu_board, auto_dfu_goes_to_the_rom_without_an_answer_and_a_reset_brings_it_back)
{
	static const struct {
		const char *payload;
		size_t size;
	} ways[] = {{"Ereboot_dfu", 11}, {"Z\0\xba\0\0", 5}};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct rig rig;

		init(&rig, ROM_PACE_CHIP);
		cr_assert_eq(mode(&rig), BOARD_ECU);
		cr_assert_eq(pid(&rig), CDC_ACM_PID);
		cr_expect_eq(ask(&rig, ways[i].payload, ways[i].size, 100), VUSB_GONE);
		wait_ms(&rig, 3000);
		cr_expect_eq(mode(&rig), BOARD_DFU);
		cr_expect_eq(pid(&rig), 0xdf11);
		set(&rig, BOARD_NRST, true);
		wait_ms(&rig, 10);
		set(&rig, BOARD_NRST, false);
		wait_ms(&rig, 1000);
		cr_expect_eq(mode(&rig), BOARD_ECU);
		cr_expect_eq(pid(&rig), CDC_ACM_PID);
		done(&rig);
	}
}

Test(ecu_board, reboot_comes_back_as_the_ecu)
{
	struct rig rig;

	init(&rig, ROM_PACE_CHIP);
	cr_expect_eq(ask(&rig, "Ereboot", 7, 100), VUSB_ACK);
	wait_ms(&rig, 3100);
	cr_expect_null(rig.port->device, "off the bus for a quarter of a second");
	wait_ms(&rig, 1000);
	cr_expect_eq(pid(&rig), CDC_ACM_PID);
	done(&rig);
}

static void write_byte(struct rig *rig, uint8_t value)
{
	uint8_t payload[] = {'C', 0, 0, 10, 0, 1, 0, value};

	cr_assert_eq(ask(rig, payload, sizeof(payload), 100), VUSB_ACK);
	cr_assert_eq(rig->in[2], TS_OK);
}

static void power_cycle(struct rig *rig)
{
	set(rig, BOARD_POWER, false);
	wait_ms(rig, 100);
	set(rig, BOARD_POWER, true);
	wait_ms(rig, 1000);
	cr_assert_eq(mode(rig), BOARD_ECU);
}

Test(ecu_board, burning_takes_the_time_of_the_flash)
{
	uint64_t began_us;
	struct rig rig;

	init(&rig, ROM_PACE_CHIP);
	write_byte(&rig, 1);
	began_us = clock_now_us(&rig.clock.clock);
	cr_assert_eq(ask(&rig, "B\0\0", 3, 20000), VUSB_ACK);
	cr_expect_eq(rig.in[2], TS_BURN_OK);
	/* Two sectors of 128 KiB: a second each, typically [DS8626]. */
	cr_expect_gt(clock_now_us(&rig.clock.clock) - began_us, 1000000);
	power_cycle(&rig);
	cr_expect_str_eq(rig.tune, "read from the first copy");
	done(&rig);
}

Test(ecu_board, power_cut_at_any_time_of_burning_leaves_a_tune)
{
	for (uint32_t ms = 1; ms < 6000; ms += 470) {
		CLEANUP(buf_done) struct buf frame;
		struct rig rig;
		uint8_t back;

		init(&rig, ROM_PACE_CHIP);
		write_byte(&rig, 1);
		cr_assert_eq(ask(&rig, "B\0\0", 3, 20000), VUSB_ACK);
		write_byte(&rig, 2);
		buf_init(&frame, 100);
		cr_assert_eq(ts_frame_append(&frame, "B\0\0", 3), 0);
		cr_assert_eq(bulk(&rig, CDC_ACM_DATA_OUT, frame.data, &frame.size, 100), VUSB_ACK);
		wait_ms(&rig, ms);
		power_cycle(&rig);
		cr_expect_neq(strstr(rig.tune, "copy"), NULL, "after %u ms: %s", ms, rig.tune);
		cr_assert_eq(ask(&rig, "R\0\0\12\0\1\0", 7, 100), VUSB_ACK);
		back = rig.in[3];
		cr_expect(back == 1 || back == 2, "after %u ms: %u", ms, back);
		done(&rig);
	}
}

Test(ecu_board, nothing_takes_time_at_a_fast_pace)
{
	uint64_t began_us;
	struct rig rig;

	init(&rig, ROM_PACE_FAST);
	write_byte(&rig, 1);
	began_us = clock_now_us(&rig.clock.clock);
	cr_assert_eq(ask(&rig, "B\0\0", 3, 20000), VUSB_ACK);
	cr_expect_lt(clock_now_us(&rig.clock.clock) - began_us, 100000);
	done(&rig);
}

Test(ecu_board, a_host_enumerates_it_under_its_unique_id)
{
	struct vusb_identity identity;
	struct rig rig;

	init(&rig, ROM_PACE_CHIP);
	cr_assert_eq(vusb_enumerate(rig.port, &identity, NULL), 0);
	cr_expect_str_eq(identity.product, "rusEFI Engine Management ECU");
	cr_expect_str_eq(identity.serial, "000000000000000000000000");
	cr_expect_eq(identity.config_size, 98);
	done(&rig);
}

/* --- the F767 --- */

static const struct bank_case {
	const char *chip;
	bool two_banks;
	bool complains;
} bank_cases[] = {
	{"stm32f407xg", false, false},
	{"stm32f767xi", false, false},
	{"stm32f767xi", true, false},
	{"stm32f767xg", false, true},
	{"stm32f767xg", true, false},
};

Test(ecu_board, complains_of_1_mib_in_one_bank_and_shows_itself_all_the_same)
{
	for (size_t i = 0; i < ARRAY_SIZE(bank_cases); i++) {
		const struct bank_case *c = &bank_cases[i];
		struct rig rig;

		init_off(&rig, ROM_PACE_FAST, c->chip);
		if (c->two_banks)
			options_preset_byte(&stm32_board_memory(rig.board)->options, 9, 0xdf);
		set(&rig, BOARD_POWER, true);
		wait_ms(&rig, 1000);
		cr_expect_eq(mode(&rig), BOARD_ECU, "%s", c->chip);
		cr_expect_eq(pid(&rig), 0x5740, "%s", c->chip);
		cr_expect_eq(strstr(rig.note, "1MB single bank") != NULL, c->complains, "%s: %s",
			c->chip, rig.note);
		done(&rig);
	}
}
