/* SPDX-License-Identifier: MIT */
/* DfuSe commands, block numbers and uploads of an F405/F407 ROM. Sources: AN3156 (text of AN2662 rev 1), ST's
 * usbd_dfu.c, and the sequences of dfu-util 0.11, fwupd and betaflight, which work with real chips. */
#include "simulators/stm32/conformance_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static void expect_flash(struct rig *rig, uint32_t addr, const uint8_t *data, size_t size)
{
	uint8_t back[3 * XFER];

	rig_peek(rig, addr, back, size);
	cr_expect_arr_eq(back, data, size, "flash at %#x", addr);
}

Test(command, blocks_go_to_the_pointer_which_does_not_move)
{
	uint8_t data[2 * XFER];
	struct rig rig;

	rig_pattern(data, sizeof(data), 1);
	rig_start_idle(&rig, NULL);
	rig_set_address(&rig, FLASH + 0x8000);
	rig_run_or_fail(&rig, 2, data, XFER);
	rig_run_or_fail(&rig, 3, data + XFER, XFER);
	expect_flash(&rig, FLASH + 0x8000, data, sizeof(data));
	rig_run_or_fail(&rig, 10, data, XFER);
	expect_flash(&rig, FLASH + 0x8000 + 8 * XFER, data, XFER);
	rig_stop(&rig);
}

Test(command, the_pointer_begins_at_the_start_of_the_flash)
{
	uint8_t data[16];
	struct rig rig;

	rig_pattern(data, sizeof(data), 2);
	rig_start_idle(&rig, NULL);
	rig_run_or_fail(&rig, 2, data, sizeof(data));
	expect_flash(&rig, FLASH, data, sizeof(data));
	rig_stop(&rig);
}

/* AN2662 says "length of the requested data buffer"; dfu-util and betaflight number a short last block on. */
Test(command, a_block_number_counts_whole_transfers_even_for_short_blocks)
{
	uint8_t data[100], back[100];
	struct rig rig;

	rig_pattern(data, sizeof(data), 3);
	rig_start_idle(&rig, NULL);
	rig_set_address(&rig, FLASH);
	rig_run_or_fail(&rig, 5, data, sizeof(data));
	expect_flash(&rig, FLASH + 3 * XFER, data, sizeof(data));
	cr_assert_eq(rig_abort(&rig), 0);
	cr_assert_eq(rig_upload(&rig, 5, back, sizeof(back)), (int)sizeof(back));
	cr_expect_arr_eq(back, data, sizeof(data));
	rig_stop(&rig);
}

Test(command, dfu_util_and_fwupd_write_the_same_flash)
{
	uint8_t data[2 * XFER + 700];
	struct rig one, other;

	rig_pattern(data, sizeof(data), 4);
	rig_start_idle(&one, NULL);
	rig_start_idle(&other, NULL);
	rig_set_address(&other, FLASH);
	for (size_t i = 0; i < 3; i++) {
		size_t size = i < 2 ? XFER : 700;

		rig_program(&one, FLASH + i * XFER, data + i * XFER, size);
		rig_run_or_fail(&other, (uint16_t)(2 + i), data + i * XFER, size);
	}
	expect_flash(&one, FLASH, data, sizeof(data));
	expect_flash(&other, FLASH, data, sizeof(data));
	rig_stop(&one);
	rig_stop(&other);
}

Test(command, block_one_is_reserved)
{
	uint8_t data[8] = {0};
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_expect_eq(rig_dnload(&rig, 1, data, 8), -EPIPE);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_STALLEDPKT, 0, "DNLOAD");
	cr_assert_eq(rig_clrstatus(&rig), 0);
	cr_expect_eq(rig_upload(&rig, 1, data, 8), -EPIPE);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_STALLEDPKT, 0, "UPLOAD");
	rig_stop(&rig);
}

/* The state afterwards by the length that was asked for: usbd_dfu.c. */
Test(command, upload_of_block_zero_lists_the_commands)
{
	static const uint8_t commands[4] = {0x00, 0x21, 0x41, 0x92};
	static const struct {
		uint16_t asked;
		int got;
		enum dfu_state state;
	} rows[] = {
		{1, 1, DFU_UPLOAD_IDLE},
		{3, 3, DFU_UPLOAD_IDLE},
		{4, 4, DFU_IDLE},
		{5, 4, DFU_IDLE},
		{2048, 4, DFU_IDLE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[XFER];
		struct rig rig;

		rig_start_idle(&rig, NULL);
		cr_expect_eq(
			rig_upload(&rig, 0, data, rows[i].asked), rows[i].got, "%u", rows[i].asked);
		cr_expect_arr_eq(data, commands, rows[i].got);
		cr_expect_eq(rig_getstate(&rig), rows[i].state, "%u", rows[i].asked);
		rig_stop(&rig);
	}
}

Test(command, upload_of_nothing_ends_the_upload)
{
	uint8_t data[4];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_expect_eq(rig_upload(&rig, 2, data, 0), 0);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "from dfuIDLE");
	cr_expect_eq(rig_upload(&rig, 2, data, 4), 4);
	rig_expect(&rig, DFU_UPLOAD_IDLE, DFU_OK, 0, "uploading");
	cr_expect_eq(rig_upload(&rig, 3, data, 0), 0);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "from dfuUPLOAD-IDLE");
	rig_stop(&rig);
}

Test(command, an_upload_never_gives_more_than_the_transfer_size)
{
	uint8_t data[65535];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_expect_eq(rig_upload(&rig, 2, data, 2049), 2048);
	cr_expect_eq(rig_upload(&rig, 2, data, 4096), 2048);
	cr_expect_eq(rig_upload(&rig, 2, data, 65535), 2048);
	rig_stop(&rig);
}

Test(command, a_download_of_more_than_the_transfer_size_is_refused)
{
	uint8_t data[XFER + 1] = {0};
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_expect_eq(rig_dnload(&rig, 2, data, sizeof(data)), -EPIPE);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "nothing was stored");
	rig_stop(&rig);
}

Test(command, uploads_run_over_sector_borders_and_up_to_the_last_byte)
{
	static const uint32_t starts[] = {
		FLASH + 0x4000 - 100, FLASH + 0x20000 - XFER / 2, FLASH + FLASH_SIZE - XFER};
	uint8_t data[XFER], back[XFER];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		rig_pattern(data, XFER, i);
		rig_poke(&rig, starts[i], data, XFER);
		rig_read(&rig, starts[i], back, XFER);
		cr_expect_arr_eq(back, data, XFER, "%#x", starts[i]);
	}
	rig_stop(&rig);
}

Test(command, uploads_beyond_the_end_are_refused)
{
	static const struct {
		uint32_t addr;
		uint16_t block, size;
	} rows[] = {
		{FLASH, 514, 1},                    /* right behind the flash */
		{FLASH + FLASH_SIZE - 100, 2, 101}, /* begins inside */
		{FLASH + FLASH_SIZE - 100, 3, 1},   /* begins outside */
		{FLASH, 65535, 2048},               /* far outside */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[XFER];
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_set_address(&rig, rows[i].addr);
		cr_assert_eq(rig_abort(&rig), 0);
		cr_expect_eq(
			rig_upload(&rig, rows[i].block, data, rows[i].size), -EPIPE, "row %zu", i);
		rig_expect(&rig, DFU_ERROR, DFU_ERR_TARGET, 0, "beyond the end");
		rig_stop(&rig);
	}
}

/* AN2662 figure 55, usbd_dfu.c. The first GETSTATUS cannot know yet. */
Test(command, what_is_no_command_is_busy_once_and_then_an_error)
{
	static const struct {
		const char *name;
		uint8_t data[6];
		size_t size;
	} rows[] = {
		{"unknown command", {0x42}, 1},
		{"unknown command with an address", {0x42, 0, 0, 0, 8}, 5},
		{"set address without an address", {DFUSE_SET_ADDRESS}, 1},
		{"set address, 2 bytes", {DFUSE_SET_ADDRESS, 0}, 2},
		{"set address, 4 bytes", {DFUSE_SET_ADDRESS, 0, 0, 0}, 4},
		{"set address, 6 bytes", {DFUSE_SET_ADDRESS, 0, 0, 0, 8, 0}, 6},
		{"erase, 2 bytes", {DFUSE_ERASE, 0}, 2},
		{"erase, 3 bytes", {DFUSE_ERASE, 0, 0}, 3},
		{"erase, 4 bytes", {DFUSE_ERASE, 0, 0, 0}, 4},
		{"erase, 6 bytes", {DFUSE_ERASE, 0, 0, 0, 8, 0}, 6},
		{"read unprotect with an address", {DFUSE_READ_UNPROTECT, 0, 0, 0, 8}, 5},
		{"get commands with an address", {DFUSE_GET_COMMANDS, 0, 0, 0, 8}, 5},
	};
	uint8_t byte = 0x55;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_poke(&rig, FLASH, &byte, 1);
		cr_assert_eq(rig_dnload(&rig, 0, rows[i].data, rows[i].size), (int)rows[i].size);
		cr_expect_eq(rig_getstatus(&rig).state, DFU_DNBUSY, "%s", rows[i].name);
		rig_expect(&rig, DFU_ERROR, DFU_ERR_STALLEDPKT, 0, rows[i].name);
		expect_flash(&rig, FLASH, &byte, 1);
		rig_stop(&rig);
	}
}

static const uint32_t bad_addresses[] = {
	0x00000000, 0x07ffffff, FLASH + FLASH_SIZE, 0x10000000, 0x40023c00, 0x60000000, 0xfffffffc};

Test(command, a_bad_address_is_busy_once_and_then_a_target_error)
{
	static const enum dfuse_command commands[] = {DFUSE_SET_ADDRESS, DFUSE_ERASE};

	for (size_t i = 0; i < ARRAY_SIZE(bad_addresses); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(commands); j++) {
			struct dfu_getstatus status;
			struct rig rig;

			rig_start_idle(&rig, NULL);
			status = rig_command(&rig, commands[j], bad_addresses[i]);
			cr_expect_eq(status.state, DFU_ERROR, "%#x", bad_addresses[i]);
			cr_expect_eq(status.status, DFU_ERR_TARGET, "%#x", bad_addresses[i]);
			rig_stop(&rig);
		}
	}
}

Test(command, only_flash_can_be_erased_by_address)
{
	static const uint32_t addresses[] = {OPTIONS, OTP, 0x1fff0000, 0x20010000, 0xffff0000};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct dfu_getstatus status;
		struct rig rig;

		rig_start_idle(&rig, NULL);
		status = rig_command(&rig, DFUSE_ERASE, addresses[i]);
		cr_expect_eq(status.status, DFU_ERR_TARGET, "%#x", addresses[i]);
		rig_stop(&rig);
	}
}

Test(command, writing_beyond_the_end_is_busy_once_and_then_a_target_error)
{
	uint8_t data[XFER] = {0}, byte;
	struct dfu_getstatus status;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_set_address(&rig, FLASH + FLASH_SIZE - 100);
	status = rig_run(&rig, 2, data, 101);
	cr_expect_eq(status.state, DFU_ERROR);
	cr_expect_eq(status.status, DFU_ERR_TARGET);
	rig_peek(&rig, FLASH + FLASH_SIZE - 100, &byte, 1);
	cr_expect_eq(byte, 0xff, "nothing of the block was written");
	rig_stop(&rig);
}

Test(command, a_bad_address_leaves_the_pointer_alone)
{
	uint8_t byte = 0x12, back;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_set_address(&rig, FLASH + 0x1234);
	cr_expect_eq(rig_command(&rig, DFUSE_SET_ADDRESS, 0x40000000).status, DFU_ERR_TARGET);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_run_or_fail(&rig, 2, &byte, 1);
	rig_peek(&rig, FLASH + 0x1234, &back, 1);
	cr_expect_eq(back, 0x12);
	rig_stop(&rig);
}
