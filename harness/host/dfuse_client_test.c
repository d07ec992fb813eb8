/* SPDX-License-Identifier: MIT */
/* Single operations of the client. */
#include "harness/host/dfuse_rig_test.h"
#include "harness/host/usb_host_direct.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(client, knows_the_alternates_of_an_f407)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_expect_eq(rig.client.alternate_count, 4);
	cr_expect_str_eq(dfuse_client_alternate(&rig.client, 0)->text,
		"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
	cr_expect_str_eq(dfuse_client_alternate(&rig.client, 2)->layout.name, "OTP Memory");
	cr_expect_null(dfuse_client_alternate(&rig.client, 4));
	cr_expect_eq(rig.client.functional.transfer_size, 2048);
	cr_expect_eq(rig.client.selected, 0);
}

Test(client, comes_to_idle_from_every_state)
{
	static const struct {
		const char *name;
		struct spoil_rule first; /* what the device is made to say first, or nothing */
	} rows[] = {
		{"fresh", {0}},
		{"busy", {DFU_GETSTATUS, SPOIL_ANY, 0, 2, .size = 6, .bytes = {0, 100, 0, 0, 4}}},
		{"manifest", {DFU_GETSTATUS, SPOIL_ANY, 0, 2, .size = 6, .bytes = {0, 1, 0, 0, 7}}},
		{"download sync",
			{DFU_GETSTATUS, SPOIL_ANY, 0, 1, .size = 6, .bytes = {0, 0, 0, 0, 3}}},
		{"upload idle",
			{DFU_GETSTATUS, SPOIL_ANY, 0, 1, .size = 6, .bytes = {0, 0, 0, 0, 9}}},
		{"error", {DFU_GETSTATUS, SPOIL_ANY, 0, 1, .size = 6, .bytes = {1, 0, 0, 0, 10}}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		spoil_tap_set(&rig.spoil, &rows[i].first);
		cr_expect_eq(dfuse_client_idle(&rig.client, &rig.why), 0, "%s: %s", rows[i].name,
			rig.why.text);
		cr_expect_eq(rig.client.last.state, DFU_IDLE, "%s", rows[i].name);
	}
}

Test(client, reads_any_range_and_only_that)
{
	static const struct {
		uint32_t offset;
		size_t size;
	} rows[] = {{0, 1}, {0, 2048}, {1, 2047}, {5, 2049}, {0x3ffe, 4}, {0xfffff, 1}, {7, 0}};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	uint8_t data[4096], got[4098];

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	dfuse_rig_pattern(data, sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t addr = FLASH + rows[i].offset;

		cr_assert_eq(rig.board->ops->write_flash(rig.board, addr, data, rows[i].size), 0);
		memset(got, 0xee, sizeof(got));
		cr_expect_eq(dfuse_client_read(&rig.client, addr, got, rows[i].size, &rig.why), 0,
			"row %zu: %s", i, rig.why.text);
		cr_expect_eq(memcmp(got, data, rows[i].size), 0, "row %zu", i);
		cr_expect_eq(got[rows[i].size], 0xee, "row %zu", i);
	}
}

Test(client, compares_to_the_end_and_tells_the_first_difference)
{
	static const struct {
		size_t wrong[2]; /* bytes that differ */
		size_t same;
	} rows[] = {{{5000, 5000}, 5000}, {{0, 4999}, 0}, {{2047, 2048}, 2047},
		{{2048, 4100}, 2048}, {{4999, 4999}, 4999}};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	uint8_t data[5001];

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	dfuse_rig_pattern(data, sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dfuse_comparison got = {.expected = data, .size = 5000};
		uint8_t wrong = (uint8_t)~data[rows[i].same];

		cr_assert_eq(rig.board->ops->write_flash(rig.board, FLASH, data, 5000), 0);
		for (size_t k = 0; k < 2; k++)
			cr_assert_eq(rig.board->ops->write_flash(rig.board,
					     FLASH + (uint32_t)rows[i].wrong[k],
					     (uint8_t[]){(uint8_t)~data[rows[i].wrong[k]]}, 1),
				0);
		cr_expect_eq(
			dfuse_client_compare(&rig.client, FLASH, &got, &rig.why), 0, "row %zu", i);
		cr_expect_eq(got.same, rows[i].same, "row %zu: %zu", i, got.same);
		if (got.same < got.size)
			cr_expect_eq(got.found, wrong, "row %zu", i);
		cr_expect_eq(rig.client.last.state, DFU_IDLE, "row %zu: it was read to the end", i);
	}
}

Test(client, reading_what_is_not_there_says_so)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	uint8_t got[4096];

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_expect_lt(dfuse_client_read(&rig.client, 0x08100000, got, 4, &rig.why), 0);
	cr_expect(strstr(rig.why.text, "read 0x08100000: "), "%s", rig.why.text);
	cr_expect(strstr(rig.why.text, "errTARGET (an address that the chip does not have?)"), "%s",
		rig.why.text);
	cr_expect_lt(dfuse_client_read(&rig.client, 0x080ff800, got, 4096, &rig.why), 0);
	cr_expect(strstr(rig.why.text, "read 0x08100000: "), "%s", rig.why.text);
}

Test(client, addresses_that_the_chip_does_not_have_are_refused_by_it)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_expect_eq(dfuse_client_erase(&rig.client, 0x08100000, &rig.why), -EREMOTEIO);
	cr_expect_str_eq(rig.why.text, "erase 0x08100000: the device says errTARGET "
				       "(an address that the chip does not have?)");
	cr_expect_eq(dfuse_client_erase(&rig.client, FLASH + 0x4321, &rig.why), 0,
		"it works again: %s", rig.why.text);
	cr_expect_eq(rig.erased[1], 1);
}

Test(client, a_mass_erase_that_the_chip_takes_its_time_for_is_waited_for)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	uint64_t start_us;

	dfuse_rig_init(&rig, ROM_PACE_CHIP);
	start_us = dfuse_rig_now_us(&rig);
	cr_expect_eq(dfuse_client_mass_erase(&rig.client, &rig.why), 0, "%s", rig.why.text);
	cr_expect_gt(dfuse_rig_now_us(&rig) - start_us, 1000000);
	cr_expect_eq(rig.mass_erased, 1);
}

Test(client, read_unprotect_erases_and_the_device_goes)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	static const uint8_t data[4] = {0};

	dfuse_rig_init(&rig, ROM_PACE_CHIP);
	cr_assert_eq(rig.board->ops->write_flash(rig.board, FLASH, data, 4), 0);
	options_preset_rdp(&rig.memory->options, 0x55);
	cr_expect_eq(dfuse_client_unprotect(&rig.client, &rig.why), 0, "%s", rig.why.text);
	cr_expect_eq(options_level(&rig.memory->options), OPTIONS_OPEN);
	dfuse_rig_expect_flash(&rig, FLASH, data, 0);
	cr_expect_eq(dfuse_client_idle(&rig.client, &rig.why), -ENODEV);
}

Test(client, a_device_that_does_not_unprotect_is_given_up)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	const struct spoil_rule rule = {DFU_GETSTATUS, SPOIL_ANY, .skip = 2, .count = SPOIL_FOREVER,
		.size = 6, .bytes = {0, 100, 0, 0, DFU_DNBUSY}};

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	spoil_tap_set(&rig.spoil, &rule);
	cr_expect_eq(dfuse_client_unprotect(&rig.client, &rig.why), -ETIMEDOUT);
	cr_expect_str_eq(rig.why.text, "read unprotect: the device does not reset");
}

Test(client, leaving_into_something_else_is_a_failure)
{
	static const struct {
		struct spoil_rule rule;
		const char *why;
	} rows[] = {
		{{DFU_GETSTATUS, SPOIL_ANY, 4, 1, .size = 6, .bytes = {0, 0, 0, 0, DFU_IDLE}},
			"leave: the device is in dfuIDLE, dfuMANIFEST is due"},
		{{DFU_GETSTATUS, SPOIL_ANY, 4, 1, .size = 6, .bytes = {11, 0, 0, 0, DFU_ERROR}},
			"leave: the device says errVENDOR (read protection is active?)"},
		{{DFU_GETSTATUS, SPOIL_ANY, 4, 1, .size = 6, .bytes = {0, 0, 0, 0, 200}},
			"leave: GETSTATUS: there is no state 200"},
		{{DFU_GETSTATUS, SPOIL_ANY, 4, SPOIL_FOREVER, .result = VUSB_NAK},
			"leave: the device does not answer"},
		{{DFU_DNLOAD, 0, 1, 1, .result = VUSB_STALL},
			"leave: the device refused it (STALL)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		spoil_tap_set(&rig.spoil, &rows[i].rule);
		cr_expect_lt(dfuse_client_leave(&rig.client, FLASH, &rig.why), 0, "row %zu", i);
		cr_expect_str_eq(rig.why.text, rows[i].why, "row %zu: %s", i, rig.why.text);
	}
}

Test(client, a_second_client_finds_the_interface_claimed)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	struct dfuse_client second;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_expect_eq(dfuse_client_open(&second, rig.usb.host, &rig.entry, &rig.why), -EBUSY);
	cr_expect_str_eq(
		rig.why.text, "USB 1-1 (0483:df11): another program has claimed its DFU interface");
	dfuse_client_close(&rig.client);
	cr_expect_eq(dfuse_client_open(&rig.client, rig.usb.host, &rig.entry, &rig.why), 0, "%s",
		rig.why.text);
}

Test(client, a_kernel_driver_that_has_the_interface_is_named)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	struct dfuse_client second;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	dfuse_client_close(&rig.client);
	usb_host_direct_set_kernel_driver(rig.usb.host, "usbtest");
	cr_expect_eq(dfuse_client_open(&second, rig.usb.host, &rig.entry, &rig.why), -EBUSY);
	cr_expect_str_eq(rig.why.text,
		"USB 1-1 (0483:df11): the kernel driver usbtest has its DFU interface; take it "
		"away: echo 1-1:1.0 > /sys/bus/usb/drivers/usbtest/unbind");
	cr_expect_eq(dfuse_client_look(&second, rig.usb.host, &rig.entry, &rig.why), 0,
		"who only looks needs no claim");
	cr_expect_eq(second.alternate_count, 4);
	dfuse_client_close(&second);
	usb_host_direct_set_kernel_driver(rig.usb.host, NULL);
	cr_expect_eq(dfuse_client_open(&rig.client, rig.usb.host, &rig.entry, &rig.why), 0, "%s",
		rig.why.text);
}

Test(client, phases_have_names)
{
	cr_expect_str_eq(dfuse_phase_text(DFUSE_PROGRAMMING), "write");
}
