/* SPDX-License-Identifier: MIT */
/* The DFU machine of an F405/F407 ROM: states, status, polling, busy flash.
 * Sources: AN3156 (text of AN2662 rev 1); ST's usbd_dfu.c; logs of dfu-util, as said at each test. */
#include "simulators/stm32/conformance_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const enum dfu_state reachable[] = {
	DFU_IDLE, DFU_DNLOAD_SYNC, DFU_DNLOAD_IDLE, DFU_MANIFEST_SYNC, DFU_UPLOAD_IDLE, DFU_ERROR};

/* dfu-util log of a Discovery board and later ones: state 10, status 10. */
Test(state, the_first_getstatus_after_enumeration_says_corrupt_firmware)
{
	static const uint8_t fresh[6] = {0x0a, 0, 0, 0, 0x0a, 0};
	uint8_t bytes[6];
	struct rig rig;

	rig_start(&rig, NULL);
	cr_assert_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 6), 6);
	cr_expect_arr_eq(bytes, fresh, 6);
	rig_stop(&rig);
}

Test(state, clrstatus_in_error_gives_idle_and_ok)
{
	struct rig rig;

	rig_start(&rig, NULL);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "after CLRSTATUS");
	rig_stop(&rig);
}

/* usbd_dfu.c; a CubeProgrammer log of an H743 shows the pair of them at work. */
Test(state, clrstatus_without_an_error_is_an_unknown_error_but_acked)
{
	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++) {
		struct rig rig;

		if (reachable[i] == DFU_ERROR)
			continue;
		rig_start_idle(&rig, NULL);
		rig_enter(&rig, reachable[i]);
		cr_expect_eq(rig_clrstatus(&rig), 0, "%s", dfu_state_text(reachable[i]));
		rig_expect(&rig, DFU_ERROR, DFU_ERR_UNKNOWN, 0, dfu_state_text(reachable[i]));
		cr_expect_eq(rig_clrstatus(&rig), 0);
		rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "second CLRSTATUS");
		rig_stop(&rig);
	}
}

Test(state, abort_leads_to_idle_from_everywhere_but_error)
{
	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++) {
		bool error = reachable[i] == DFU_ERROR;
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_enter(&rig, reachable[i]);
		cr_expect_eq(rig_abort(&rig), 0, "%s", dfu_state_text(reachable[i]));
		rig_expect(&rig, error ? DFU_ERROR : DFU_IDLE, error ? DFU_ERR_UNKNOWN : DFU_OK, 0,
			dfu_state_text(reachable[i]));
		rig_stop(&rig);
	}
}

Test(state, getstate_answers_one_byte_and_changes_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++) {
		uint8_t bytes[8];
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_enter(&rig, reachable[i]);
		for (int j = 0; j < 3; j++) {
			cr_assert_eq(rig_request(&rig, DFU_GETSTATE, 0, bytes, sizeof(bytes)), 1);
			cr_expect_eq(bytes[0], reachable[i]);
		}
		rig_stop(&rig);
	}
}

Test(state, getstatus_answers_six_bytes_without_a_string_or_what_was_asked_for)
{
	uint8_t bytes[64];
	struct rig rig;

	rig_start(&rig, NULL);
	memset(bytes, 0xee, sizeof(bytes));
	cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 64), 6);
	cr_expect_eq(bytes[5], 0);
	cr_expect_eq(bytes[6], 0xee);
	cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 3), 3);
	cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 0), 0);
	cr_expect_eq(rig_request(&rig, DFU_GETSTATE, 0, bytes, 0), 0);
	rig_stop(&rig);
}

Test(state, the_state_outlives_the_program_that_left_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_enter(&rig, reachable[i]);
		rig_close(&rig);
		rig_wait_ms(&rig, 5000);
		rig_open(&rig);
		cr_expect_eq(rig_getstate(&rig), reachable[i], "%s", dfu_state_text(reachable[i]));
		rig_stop(&rig);
	}
}

/* usbd_dfu.c: a STALL, but no error to be cleared. */
Test(state, dnload_out_of_place_stalls_and_changes_nothing)
{
	static const enum dfu_state states[] = {
		DFU_DNLOAD_SYNC, DFU_MANIFEST_SYNC, DFU_UPLOAD_IDLE, DFU_ERROR};
	uint8_t data[4] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_enter(&rig, states[i]);
		cr_expect_eq(rig_dnload(&rig, 2, data, 4), -EPIPE, "%s", dfu_state_text(states[i]));
		cr_expect_eq(rig_dnload(&rig, 0, NULL, 0), -EPIPE, "%s", dfu_state_text(states[i]));
		cr_expect_eq(rig_getstate(&rig), states[i], "%s", dfu_state_text(states[i]));
		rig_stop(&rig);
	}
}

Test(state, upload_out_of_place_stalls_and_changes_nothing)
{
	static const enum dfu_state states[] = {
		DFU_DNLOAD_SYNC, DFU_DNLOAD_IDLE, DFU_MANIFEST_SYNC, DFU_ERROR};
	uint8_t data[4];

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_enter(&rig, states[i]);
		cr_expect_eq(rig_upload(&rig, 2, data, 4), -EPIPE, "%s", dfu_state_text(states[i]));
		cr_expect_eq(rig_upload(&rig, 0, data, 4), -EPIPE, "%s", dfu_state_text(states[i]));
		cr_expect_eq(rig_getstate(&rig), states[i], "%s", dfu_state_text(states[i]));
		rig_stop(&rig);
	}
}

static const uint8_t erase_sector_0[5] = {DFUSE_ERASE, 0x00, 0x00, 0x00, 0x08};

Test(state, a_download_does_nothing_before_the_getstatus)
{
	uint8_t byte = 0x55;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, &byte, 1);
	cr_assert_eq(rig_dnload(&rig, 0, erase_sector_0, 5), 5);
	rig_wait_ms(&rig, 60000);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0x55);
	cr_expect_eq(rig_getstate(&rig), DFU_DNLOAD_SYNC);
	rig_getstatus(&rig);
	rig_getstatus(&rig);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0xff);
	rig_stop(&rig);
}

Test(state, abort_before_the_getstatus_cancels_the_download)
{
	uint8_t byte = 0x55;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, &byte, 1);
	cr_assert_eq(rig_dnload(&rig, 0, erase_sector_0, 5), 5);
	cr_assert_eq(rig_abort(&rig), 0);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "aborted");
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "still");
	rig_wait_ms(&rig, 1000);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0x55);
	rig_stop(&rig);
}

/* The poll times of F4 logs: 100 ms for erases, the mass erase too, 104 ms for everything else. */
Test(state, the_first_getstatus_says_busy_and_the_second_idle)
{
	static const struct {
		const char *name;
		uint16_t block;
		uint8_t data[5];
		size_t size;
		uint32_t poll_ms;
	} rows[] = {
		{"set address", 0, {DFUSE_SET_ADDRESS, 0, 0, 0, 8}, 5, 104},
		{"erase", 0, {DFUSE_ERASE, 0, 0, 0, 8}, 5, 100},
		{"mass erase", 0, {DFUSE_ERASE}, 1, 100},
		{"get commands", 0, {DFUSE_GET_COMMANDS}, 1, 104},
		{"write", 2, {1, 2, 3, 4, 5}, 5, 104},
		{"write that looks like an erase", 2, {DFUSE_ERASE, 0, 0, 0, 8}, 5, 104},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		cr_assert_eq(rig_dnload(&rig, rows[i].block, rows[i].data, rows[i].size),
			(int)rows[i].size);
		rig_expect(&rig, DFU_DNBUSY, DFU_OK, rows[i].poll_ms, rows[i].name);
		rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, rows[i].name);
		rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, rows[i].name);
		rig_stop(&rig);
	}
}

/* usbd_dfu.c goes back to dfuDNLOAD-SYNC when the work is done. */
Test(state, between_the_work_and_the_second_getstatus_the_state_is_sync)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_assert_eq(rig_dnload(&rig, 0, erase_sector_0, 5), 5);
	rig_expect(&rig, DFU_DNBUSY, DFU_OK, 100, "erase");
	cr_expect_eq(rig_getstate(&rig), DFU_DNLOAD_SYNC);
	rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, "done");
	rig_stop(&rig);
}

/* The CPU waits for its flash. MicroPython's pydfu and fwupd wait up to 20 s and 35 s for a GETSTATUS. */
Test(state, while_the_flash_is_busy_nothing_is_answered)
{
	struct usb_setup getstate = {0xa1, DFU_GETSTATE, 0, 0, 1};
	struct usb_setup descriptor = {0x80, USB_GET_DESCRIPTOR, 0x0100, 0, 18};
	uint8_t bytes[18];
	uint64_t start_us, took_us;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_ERASE, 0, 0, 0x0e, 8}, 5), 5);
	start_us = rig_now_us(&rig);
	rig_expect(&rig, DFU_DNBUSY, DFU_OK, 100, "erase of 128 KiB");
	rig_wait_ms(&rig, 100);
	cr_expect_eq(rig.device->ops->control(rig.device, &getstate, bytes, 500), -ETIMEDOUT);
	cr_expect_eq(rig.device->ops->control(rig.device, &descriptor, bytes, 500), -ETIMEDOUT);
	rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, "done");
	took_us = rig_now_us(&rig) - start_us;
	cr_expect_eq(took_us, 2000000, "128 KiB at x8, typical: %lu us", (unsigned long)took_us);
	rig_stop(&rig);
}

Test(state, the_time_of_an_erase_follows_the_width_and_the_sector)
{
	static const struct {
		enum chip_width width;
		bool worst;
		uint32_t addr; /* 0 = mass erase */
		uint64_t us;
	} rows[] = {
		{CHIP_X8, false, FLASH, 400000},
		{CHIP_X8, true, FLASH, 800000},
		{CHIP_X32, false, FLASH + 0x10000, 550000},
		{CHIP_X32, true, FLASH + 0x20000, 2000000},
		{CHIP_X8, false, 0, 16000000},
		{CHIP_X8, true, 0, 32000000},
		{CHIP_X32, false, 0, 8000000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stm32_board_config config = rig_config();
		uint8_t command[5] = {DFUSE_ERASE, 0, 0, (uint8_t)(rows[i].addr >> 16), 8};
		uint64_t start_us;
		struct rig rig;

		config.width = &rows[i].width;
		config.worst_times = rows[i].worst;
		rig_start_idle(&rig, &config);
		cr_assert_gt(rig_dnload(&rig, 0, command, rows[i].addr ? 5 : 1), 0);
		start_us = rig_now_us(&rig);
		rig_getstatus(&rig);
		rig_getstatus(&rig);
		cr_expect_eq(rig_now_us(&rig) - start_us, rows[i].us, "row %zu: %lu us", i,
			(unsigned long)(rig_now_us(&rig) - start_us));
		rig_stop(&rig);
	}
}

Test(state, fast_pace_keeps_the_states_and_takes_a_millisecond)
{
	struct stm32_board_config config = rig_config();
	uint64_t start_us;
	struct rig rig;

	config.pace = ROM_PACE_FAST;
	rig_start_idle(&rig, &config);
	cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_ERASE}, 1), 1);
	start_us = rig_now_us(&rig);
	rig_expect(&rig, DFU_DNBUSY, DFU_OK, 1, "mass erase");
	rig_wait_ms(&rig, 1);
	rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, "done");
	cr_expect_eq(rig_now_us(&rig) - start_us, 1000);
	rig_stop(&rig);
}

Test(state, a_bus_reset_starts_the_machine_anew_and_keeps_the_flash)
{
	uint8_t byte = 0x55;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, &byte, 1);
	rig_set_address(&rig, FLASH + 0x1000);
	cr_assert_eq(rig_dnload(&rig, 0, erase_sector_0, 5), 5);
	cr_assert_eq(rig.device->ops->reset(rig.device), 0);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "after the reset");
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "the stored block is gone");
	cr_assert_eq(rig_upload(&rig, 2, &byte, 1), 1);
	cr_expect_eq(byte, 0x55, "the pointer is at its default again");
	rig_stop(&rig);
}

Test(state, an_erase_that_has_begun_ends_in_spite_of_a_bus_reset)
{
	uint8_t byte = 0x55;
	uint64_t start_us;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, &byte, 1);
	cr_assert_eq(rig_dnload(&rig, 0, erase_sector_0, 5), 5);
	start_us = rig_now_us(&rig);
	rig_getstatus(&rig);
	cr_assert_eq(rig.device->ops->reset(rig.device), 0);
	cr_expect_geq(rig_now_us(&rig) - start_us, 400000, "the chip answered while it erased");
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0xff);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "after the reset");
	rig_stop(&rig);
}

Test(state, detach_leaves_the_bus_and_comes_back_afresh)
{
	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_enter(&rig, reachable[i]);
		cr_expect_eq(rig_request(&rig, DFU_DETACH, 1000, NULL, 0), 0);
		rig_wait_ms(&rig, 2);
		cr_expect_eq(rig_devices(&rig), 0, "%s", dfu_state_text(reachable[i]));
		rig_close(&rig);
		rig_wait_ms(&rig, 100);
		rig_open(&rig);
		rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, dfu_state_text(reachable[i]));
		rig_stop(&rig);
	}
}

Test(state, a_storm_of_getstatus_and_a_slow_host_do_no_harm)
{
	const uint8_t data[4] = {1, 2, 3, 4};
	uint8_t back[4];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	for (int i = 0; i < 10000; i++) {
		rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "storm");
		rig_wait_ms(&rig, 1);
	}
	rig_set_address(&rig, FLASH);
	rig_wait_ms(&rig, 600000);
	cr_assert_eq(rig_dnload(&rig, 2, data, 4), 4);
	rig_wait_ms(&rig, 600000);
	rig_expect(&rig, DFU_DNBUSY, DFU_OK, 104, "slow");
	rig_wait_ms(&rig, 600000);
	rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, "slow");
	rig_peek(&rig, FLASH, back, 4);
	cr_expect_arr_eq(back, data, 4);
	rig_stop(&rig);
}

/* No ROM is known to do this; it is what the base table stands for. */
Test(state, a_chip_without_departures_follows_the_specification)
{
	struct chip plain;
	uint8_t data[4] = {0};
	struct rig rig;

	rig_new(&rig, NULL);
	plain = *rig.memory->config.chip;
	plain.dfu.rules = NULL;
	rig.memory->config.chip = &plain;
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 1000);
	rig_open(&rig);
	cr_expect_eq(rig_abort(&rig), -EPIPE);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	cr_expect_eq(rig_clrstatus(&rig), -EPIPE, "no error to clear");
	rig_expect(&rig, DFU_ERROR, DFU_ERR_STALLEDPKT, 0, "CLRSTATUS in dfuIDLE");
	cr_assert_eq(rig_clrstatus(&rig), 0);
	cr_expect_eq(rig_dnload(&rig, 2, data, 0), -EPIPE, "a download of nothing");
	rig_expect(&rig, DFU_ERROR, DFU_ERR_STALLEDPKT, 0, "DNLOAD of nothing in dfuIDLE");
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_run_or_fail(&rig, 2, data, 4);
	rig_stop(&rig);
}
