/* SPDX-License-Identifier: MIT */
/* Read protection of an F405/F407, and the ways out of it. Sources: AN3156 (text of AN2662 rev 1); RM0090 2.6.3;
 * betaflight's configurator for what Set Address says. */
#include "simulators/stm32/conformance_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define RDP_1 0x55 /* any but 0xaa and 0xcc */

static void start_protected(struct rig *rig)
{
	rig_start_idle(rig, NULL);
	rig_poke(rig, FLASH, (const uint8_t[]){0x12, 0x34, 0x56, 0x78}, 4);
	options_preset_rdp(&rig->memory->options, RDP_1);
}

Test(read_protection, no_byte_is_read)
{
	static const uint16_t sizes[] = {1, 4, 2048};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t data[XFER];
		struct rig rig;

		memset(data, 0xee, sizeof(data));
		start_protected(&rig);
		cr_expect_eq(rig_upload(&rig, 2, data, sizes[i]), -EPIPE);
		rig_expect(&rig, DFU_ERROR, DFU_ERR_VENDOR, 0, "UPLOAD");
		for (size_t j = 0; j < sizeof(data); j++)
			cr_assert_eq(data[j], 0xee, "byte %zu leaked", j);
		rig_stop(&rig);
	}
}

Test(read_protection, nothing_is_written_or_erased)
{
	static const struct {
		const char *name;
		uint16_t block;
		uint8_t data[5];
		size_t size;
	} rows[] = {
		{"write", 2, {0, 0, 0, 0}, 4},
		{"erase", 0, {DFUSE_ERASE, 0, 0, 0, 8}, 5},
		{"mass erase", 0, {DFUSE_ERASE}, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t back[4];
		struct dfu_getstatus status;
		struct rig rig;

		start_protected(&rig);
		status = rig_run(&rig, rows[i].block, rows[i].data, rows[i].size);
		cr_expect_eq(status.state, DFU_ERROR, "%s", rows[i].name);
		cr_expect_eq(status.status, DFU_ERR_VENDOR, "%s", rows[i].name);
		rig_peek(&rig, FLASH, back, 4);
		cr_expect_arr_eq(
			back, ((uint8_t[]){0x12, 0x34, 0x56, 0x78}), 4, "%s", rows[i].name);
		rig_stop(&rig);
	}
}

Test(read_protection, the_list_of_commands_is_no_secret)
{
	uint8_t data[4];
	struct rig rig;

	start_protected(&rig);
	cr_expect_eq(rig_upload(&rig, 0, data, 4), 4);
	rig_stop(&rig);
}

Test(read_protection, set_address_fails_as_it_was_observed)
{
	struct dfu_getstatus status;
	struct rig rig;

	start_protected(&rig);
	status = rig_command(&rig, DFUSE_SET_ADDRESS, FLASH);
	cr_expect_eq(status.state, DFU_ERROR);
	cr_expect_eq(status.status, DFU_ERR_VENDOR);
	rig_stop(&rig);
}

Test(read_protection, set_address_works_on_a_chip_whose_row_follows_the_document)
{
	struct chip documented;
	uint8_t data[4];
	struct rig rig;

	rig_new(&rig, NULL);
	documented = *rig.memory->config.chip;
	documented.dfu.protected_set_address_fails = false;
	rig.memory->config.chip = &documented;
	options_preset_rdp(&rig.memory->options, RDP_1);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 1000);
	rig_open(&rig);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_set_address(&rig, FLASH);
	cr_assert_eq(rig_abort(&rig), 0);
	cr_expect_eq(rig_upload(&rig, 2, data, 4), -EPIPE);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_VENDOR, 0, "UPLOAD");
	rig_stop(&rig);
}

static void expect_erased(struct rig *rig)
{
	uint8_t back[4];

	rig_peek(rig, FLASH, back, 4);
	cr_expect_arr_eq(back, ((uint8_t[]){0xff, 0xff, 0xff, 0xff}), 4);
}

/* Level 0 too: the command does not look. */
Test(read_protection, read_unprotect_is_busy_once_then_erases_everything_and_resets)
{
	for (int level = 0; level < 2; level++) {
		uint8_t bytes[6];
		uint64_t start_us;
		struct rig rig;

		start_protected(&rig);
		if (level == 0)
			options_preset_rdp(&rig.memory->options, OPTIONS_RDP_0);
		cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_READ_UNPROTECT}, 1), 1);
		start_us = rig_now_us(&rig);
		rig_expect(&rig, DFU_DNBUSY, DFU_OK, 104, "read unprotect");
		cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 6), -ENODEV);
		cr_expect_geq(rig_now_us(&rig) - start_us, 16000000, "a mass erase takes time");
		rig_close(&rig);
		rig_wait_ms(&rig, 1000);
		rig_open(&rig);
		rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "afresh");
		cr_expect_eq(options_level(&rig.memory->options), OPTIONS_OPEN);
		expect_erased(&rig);
		cr_assert_eq(rig_clrstatus(&rig), 0);
		rig_set_address(&rig, FLASH);
		rig_stop(&rig);
	}
}

Test(read_protection, read_unprotect_happens_even_when_the_host_has_gone)
{
	struct rig rig;

	start_protected(&rig);
	cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_READ_UNPROTECT}, 1), 1);
	rig_getstatus(&rig);
	rig_pin(&rig, BOARD_USB, false);
	rig_close(&rig);
	rig_wait_ms(&rig, 30000);
	expect_erased(&rig);
	cr_expect_eq(options_level(&rig.memory->options), OPTIONS_OPEN);
	rig_stop(&rig);
}

Test(read_protection, is_set_through_the_option_bytes)
{
	uint8_t bytes[16];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_read(&rig, OPTIONS, bytes, 16);
	bytes[1] = RDP_1;
	rig_set_address(&rig, OPTIONS);
	cr_assert_eq(rig_dnload(&rig, 2, bytes, 16), 16);
	rig_getstatus(&rig);
	rig_close(&rig);
	rig_wait_ms(&rig, 2000);
	rig_open(&rig);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	cr_expect_eq(rig_upload(&rig, 2, bytes, 4), -EPIPE);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_VENDOR, 0, "UPLOAD");
	rig_stop(&rig);
}

Test(read_protection, level_two_never_enumerates)
{
	struct rig rig;

	rig_new(&rig, NULL);
	rig_poke(&rig, FLASH, rig_vectors, sizeof(rig_vectors));
	options_preset_rdp(&rig.memory->options, OPTIONS_RDP_2);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 10000);
	cr_expect_eq(rig_devices(&rig), 0);
	cr_expect_eq(rig.board->ops->mode(rig.board), BOARD_FIRMWARE);
	rig_stop(&rig);
}
