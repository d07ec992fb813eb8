/* SPDX-License-Identifier: MIT */
/* How an F405/F407 ROM leaves DFU. Sources: AN3156 (text of AN2662 rev 1); ST's usbd_dfu.c; dfu-util (block 2),
 * MicroPython's pydfu (block 0). */
#include "simulators/stm32/conformance_rig_test.h"

#include "harness/base/wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static enum board_mode mode(struct rig *rig)
{
	return rig->board->ops->mode(rig->board);
}

Test(leave, works_with_every_block_number_and_from_both_idle_states)
{
	static const uint16_t blocks[] = {0, 1, 2, 3, 0xffff};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(blocks); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_poke(&rig, FLASH, rig_vectors, sizeof(rig_vectors));
		if (i % 2)
			rig_set_address(&rig, FLASH);
		cr_assert_eq(rig_dnload(&rig, blocks[i / 2], NULL, 0), 0);
		cr_expect_eq(rig_getstate(&rig), DFU_MANIFEST_SYNC);
		rig_getstatus(&rig);
		rig_wait_ms(&rig, 10);
		cr_expect_eq(mode(&rig), BOARD_FIRMWARE, "block %u", blocks[i / 2]);
		rig_stop(&rig);
	}
}

Test(leave, needs_the_getstatus)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, rig_vectors, sizeof(rig_vectors));
	cr_assert_eq(rig_dnload(&rig, 2, NULL, 0), 0);
	rig_wait_ms(&rig, 60000);
	cr_expect_eq(mode(&rig), BOARD_DFU);
	cr_expect_eq(rig_getstate(&rig), DFU_MANIFEST_SYNC);
	rig_stop(&rig);
}

Test(leave, answers_manifest_with_a_poll_time_of_one_and_then_disconnects)
{
	static const uint8_t reply[6] = {0x00, 0x01, 0x00, 0x00, 0x07, 0x00};
	uint8_t bytes[6];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, rig_vectors, sizeof(rig_vectors));
	cr_assert_eq(rig_dnload(&rig, 2, NULL, 0), 0);
	cr_assert_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 6), 6);
	cr_expect_arr_eq(bytes, reply, 6);
	cr_expect_eq(rig_devices(&rig), 1, "not before the answer is through");
	cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, bytes, 6), -ENODEV);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_stop(&rig);
}

static void vectors_at(struct rig *rig, uint32_t addr, uint32_t stack, uint32_t entry)
{
	uint8_t table[8];
	struct writer out = writer_of(table, sizeof(table));

	writer_le32(&out, stack);
	writer_le32(&out, entry);
	rig_poke(rig, addr, table, sizeof(table));
}

Test(leave, jumps_to_the_vector_table_at_the_pointer)
{
	static const struct {
		const char *name;
		uint32_t pointer;
		enum board_mode mode;
	} rows[] = {
		{"the start of the flash is erased", FLASH, BOARD_DEAD},
		{"the application lies behind a bootloader", FLASH + 0x8000, BOARD_FIRMWARE},
		{"not at the table", FLASH + 0x8004, BOARD_DEAD},
		{"option bytes", OPTIONS, BOARD_DEAD},
		{"the last four bytes", FLASH + FLASH_SIZE - 4, BOARD_DEAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;

		rig_start_idle(&rig, NULL);
		vectors_at(&rig, FLASH + 0x8000, 0x20020000, FLASH + 0x8005);
		rig_set_address(&rig, rows[i].pointer);
		cr_assert_eq(rig_dnload(&rig, 0, NULL, 0), 0);
		rig_getstatus(&rig);
		rig_wait_ms(&rig, 10);
		cr_expect_eq(mode(&rig), rows[i].mode, "%s", rows[i].name);
		cr_expect_eq(rig_devices(&rig), 0);
		rig_stop(&rig);
	}
}

Test(leave, can_be_aborted_before_the_getstatus)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_assert_eq(rig_dnload(&rig, 2, NULL, 0), 0);
	cr_assert_eq(rig_abort(&rig), 0);
	rig_expect(&rig, DFU_IDLE, DFU_OK, 0, "aborted");
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(rig_devices(&rig), 1);
	rig_stop(&rig);
}
