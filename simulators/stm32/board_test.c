/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/conformance_rig_test.h"

#include "harness/base/wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static enum board_mode mode(struct rig *rig)
{
	return rig->board->ops->mode(rig->board);
}

Test(board, erases_programs_reads_back_and_leaves_to_the_firmware)
{
	uint8_t image[5000], back[5000];
	struct rig rig;

	rig_pattern(image, sizeof(image), 1);
	memcpy(image, rig_vectors, sizeof(rig_vectors));
	rig_start_idle(&rig, NULL);
	rig_erase(&rig, FLASH);
	for (size_t i = 0; i < sizeof(image); i += XFER)
		rig_program(&rig, FLASH + i, image + i,
			sizeof(image) - i < XFER ? sizeof(image) - i : XFER);
	cr_assert_eq(rig_abort(&rig), 0);
	rig_read(&rig, FLASH, back, sizeof(back));
	cr_assert_arr_eq(back, image, sizeof(image));
	rig_set_address(&rig, FLASH);
	cr_assert_eq(rig_dnload(&rig, 2, NULL, 0), 0);
	rig_expect(&rig, DFU_MANIFEST, DFU_OK, 1, "leave");
	rig_wait_ms(&rig, 10);
	cr_assert_eq(mode(&rig), BOARD_FIRMWARE);
	cr_assert_eq(rig_devices(&rig), 0);
	rig_stop(&rig);
}

Test(board, without_power_it_is_off)
{
	struct rig rig;

	rig_new(&rig, NULL);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_OFF);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_stop(&rig);
}

Test(board, boot0_takes_it_to_dfu_after_the_rom_has_started)
{
	struct rig rig;

	rig_new(&rig, NULL);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_pin(&rig, BOARD_POWER, true);
	cr_expect_eq(mode(&rig), BOARD_RESET);
	rig_wait_ms(&rig, 100);
	cr_expect_eq(mode(&rig), BOARD_DFU);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_wait_ms(&rig, 200);
	cr_expect_eq(rig_devices(&rig), 1);
	rig_stop(&rig);
}

Test(board, what_runs_without_boot0_is_decided_by_the_flash)
{
	static const struct {
		const char *name;
		uint32_t stack, entry;
		enum board_mode mode;
	} rows[] = {
		{"erased", 0xffffffff, 0xffffffff, BOARD_DEAD},
		{"stack at the end of the RAM", 0x20020000, 0x08000005, BOARD_FIRMWARE},
		{"stack in core-coupled memory", 0x10010000, 0x08000005, BOARD_FIRMWARE},
		{"stack at the start of the RAM", 0x20000000, 0x08000101, BOARD_DEAD},
		{"stack beyond the RAM", 0x20020004, 0x08000101, BOARD_DEAD},
		{"stack not aligned", 0x2001fffe, 0x08000101, BOARD_DEAD},
		{"stack nowhere", 0x00000000, 0x08000101, BOARD_DEAD},
		{"no Thumb code", 0x20020000, 0x08000100, BOARD_DEAD},
		{"erased code", 0x20020000, 0x08000101, BOARD_DEAD},
		{"code beyond the flash", 0x20020000, 0x08100001, BOARD_DEAD},
		{"code in RAM", 0x20020000, 0x20000101, BOARD_DEAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stm32_board_config config = rig_config();
		uint8_t table[8];
		struct writer out = writer_of(table, sizeof(table));
		struct rig rig;

		writer_le32(&out, rows[i].stack);
		writer_le32(&out, rows[i].entry);
		config.flash = table;
		config.flash_size = sizeof(table);
		rig_new(&rig, &config);
		rig_pin(&rig, BOARD_POWER, true);
		rig_wait_ms(&rig, 10);
		cr_expect_eq(mode(&rig), rows[i].mode, "%s", rows[i].name);
		rig_wait_ms(&rig, 1000);
		cr_expect_eq(rig_devices(&rig), 0, "%s", rows[i].name);
		rig_stop(&rig);
	}
}

Test(board, boot0_counts_when_the_chip_comes_out_of_reset)
{
	struct rig rig;

	rig_new(&rig, NULL);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 100);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_DEAD);
	rig_pin(&rig, BOARD_NRST, true);
	cr_expect_eq(mode(&rig), BOARD_RESET);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_RESET);
	rig_pin(&rig, BOARD_NRST, false);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_DFU);
	rig_pin(&rig, BOARD_BOOT0, false);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_DFU);
	cr_expect_eq(rig_devices(&rig), 1);
	rig_stop(&rig);
}

Test(board, power_applied_in_reset_waits_for_its_release)
{
	struct rig rig;

	rig_new(&rig, NULL);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_pin(&rig, BOARD_NRST, true);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_RESET);
	rig_pin(&rig, BOARD_NRST, false);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(mode(&rig), BOARD_DFU);
	rig_stop(&rig);
}

Test(board, power_off_takes_the_device_away_and_leaves_the_flash)
{
	const uint8_t data[4] = {1, 2, 3, 4};
	uint8_t back[4], status[6];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_program(&rig, FLASH, data, 4);
	rig_pin(&rig, BOARD_POWER, false);
	cr_expect_eq(mode(&rig), BOARD_OFF);
	cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, status, 6), -ENODEV);
	rig_close(&rig);
	rig_wait_ms(&rig, 1000);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 1000);
	rig_open(&rig);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "afresh");
	rig_peek(&rig, FLASH, back, 4);
	cr_expect_arr_eq(back, data, 4);
	rig_stop(&rig);
}

Test(board, power_off_in_an_erase_does_not_leave_the_chip_busy)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_ERASE}, 1), 1);
	rig_getstatus(&rig);
	rig_wait_ms(&rig, 3000);
	rig_pin(&rig, BOARD_POWER, false);
	rig_close(&rig);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 300);
	rig_open(&rig);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_erase(&rig, FLASH);
	rig_stop(&rig);
}

Test(board, the_cable_takes_the_device_away_and_brings_it_back)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_pin(&rig, BOARD_USB, false);
	cr_expect_eq(mode(&rig), BOARD_DFU);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_close(&rig);
	rig_pin(&rig, BOARD_USB, true);
	rig_open(&rig);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "afresh");
	rig_stop(&rig);
}

Test(board, a_cable_that_comes_late_is_as_good)
{
	struct rig rig;

	rig_new(&rig, NULL);
	rig_pin(&rig, BOARD_USB, false);
	rig_pin(&rig, BOARD_BOOT0, true);
	rig_pin(&rig, BOARD_POWER, true);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_pin(&rig, BOARD_USB, true);
	cr_expect_eq(rig_devices(&rig), 1);
	rig_stop(&rig);
}

Test(board, after_a_system_reset_boot0_decides_again)
{
	uint8_t options[16];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, rig_vectors, sizeof(rig_vectors));
	rig_read(&rig, OPTIONS, options, 16);
	rig_pin(&rig, BOARD_BOOT0, false);
	rig_set_address(&rig, OPTIONS);
	cr_assert_eq(rig_dnload(&rig, 2, options, 16), 16);
	rig_getstatus(&rig);
	rig_wait_ms(&rig, 3000);
	cr_expect_eq(mode(&rig), BOARD_FIRMWARE);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_stop(&rig);
}

Test(board, setting_a_pin_twice_changes_nothing)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_pin(&rig, BOARD_POWER, true);
	rig_pin(&rig, BOARD_NRST, false);
	rig_pin(&rig, BOARD_USB, true);
	cr_expect_eq(rig_getstate(&rig), DFU_IDLE);
	cr_expect(rig.board->ops->get_pin(rig.board, BOARD_BOOT0));
	cr_expect_not(rig.board->ops->get_pin(rig.board, BOARD_NRST));
	rig_stop(&rig);
}

Test(board, the_second_channel_reaches_the_flash_and_nothing_else)
{
	uint8_t data[4] = {1, 2, 3, 4};
	struct rig rig;
	const struct board_ops *ops;

	rig_new(&rig, NULL);
	ops = rig.board->ops;
	cr_expect_eq(ops->write_flash(rig.board, FLASH + FLASH_SIZE - 4, data, 4), 0);
	cr_expect_eq(ops->write_flash(rig.board, FLASH + FLASH_SIZE - 3, data, 4), -EFAULT);
	cr_expect_eq(ops->write_flash(rig.board, FLASH - 1, data, 4), -EFAULT);
	cr_expect_eq(ops->read_flash(rig.board, OPTIONS, data, 4), -EFAULT);
	cr_expect_eq(ops->read_flash(rig.board, 0xfffffffe, data, 4), -EFAULT);
	cr_expect_eq(ops->read_flash(rig.board, FLASH + FLASH_SIZE, data, 0), 0);
	rig_stop(&rig);
}

Test(board, refuses_a_config_that_makes_no_sense)
{
	static const enum chip_width no_vpp = CHIP_X64;
	static const struct {
		const char *says;
		struct stm32_board_config config;
	} rows[] = {
		{"name", {.chip = "stm32f407xg"}},
		{"name",
			{.name = "0123456789012345678901234567890123456789012345678901234567890123",
				.chip = "stm32f407xg"}},
		{"unknown chip \"stm32f999\"", {.name = "b", .chip = "stm32f999"}},
		{"unknown chip", {.name = "b"}},
		{"no ROM revision 12.34",
			{.name = "b", .chip = "stm32f407xg", .rom_bcd_device = 0x1234}},
		{"width", {.name = "b", .chip = "stm32f407xg", .width = &no_vpp}},
		{"1048577 bytes",
			{.name = "b", .chip = "stm32f407xg", .flash_size = FLASH_SIZE + 1}},
	};
	struct rig rig;

	rig_new(&rig, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct board *board = NULL;
		struct why why = {""};

		cr_expect_eq(stm32_board_new(&rows[i].config, rig.bus, vusb_bus_port(rig.bus, 2),
				     &board, &why),
			-EINVAL, "row %zu", i);
		cr_expect_null(board);
		cr_expect_not_null(strstr(why.text, rows[i].says), "%s", why.text);
	}
	rig_stop(&rig);
}

/* 64 KiB is the limit; a board that does nothing should be far below. */
Test(board, an_idle_board_takes_little_memory)
{
	uint8_t data[XFER] = {0};
	size_t idle;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	idle = stm32_board_footprint(rig.board);
	cr_expect_lt(idle, 16 * 1024, "%zu bytes", idle);
	rig_program(&rig, FLASH, data, XFER);
	cr_expect_lt(stm32_board_footprint(rig.board), idle + 20 * 1024);
	rig_stop(&rig);
}

#define FACT_MAX 32

struct recorder {
	struct rom_observer observer;
	struct rom_fact facts[FACT_MAX];
	size_t count;
};

static void record(struct rom_observer *observer, const struct rom_fact *fact)
{
	struct recorder *recorder = CONTAINER_OF(observer, struct recorder, observer);

	if (fact->kind == ROM_FACT_STATE)
		return;
	cr_assert_lt(recorder->count, FACT_MAX);
	recorder->facts[recorder->count++] = *fact;
}

Test(board, tells_an_observer_why_it_resets)
{
	struct recorder recorder = {.observer.fact = record};
	struct stm32_board_config config = rig_config();
	struct rig rig;

	config.observer = &recorder.observer;
	rig_start_idle(&rig, &config);
	cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_READ_UNPROTECT}, 1), 1);
	rig_getstatus(&rig);
	rig_wait_ms(&rig, 60000);
	cr_assert_eq(recorder.count, 2);
	cr_expect_eq(recorder.facts[0].kind, ROM_FACT_UNPROTECT);
	cr_expect_eq(recorder.facts[1].kind, ROM_FACT_RESET);
	cr_expect_eq(recorder.facts[1].reason, ROM_RESET_UNPROTECT);
	rig_stop(&rig);
}

Test(board, tells_an_observer_what_is_done_to_it)
{
	static const struct rom_fact expected[] = {
		{.kind = ROM_FACT_ERASE, .addr = FLASH + 0x10000, .size = 0x10000, .index = 4},
		{.kind = ROM_FACT_POINTER, .addr = FLASH + 0x10000},
		{.kind = ROM_FACT_PROGRAM, .addr = FLASH + 0x10000, .size = 100},
		{.kind = ROM_FACT_POINTER, .addr = FLASH + 0x10000},
		{.kind = ROM_FACT_UPLOAD, .addr = FLASH + 0x10000, .size = 100},
		{.kind = ROM_FACT_MASS_ERASE, .addr = FLASH, .size = FLASH_SIZE},
		{.kind = ROM_FACT_LEAVE, .addr = FLASH + 0x10000},
	};
	struct recorder recorder = {.observer.fact = record};
	struct stm32_board_config config = rig_config();
	uint8_t data[100] = {0};
	struct rig rig;

	config.observer = &recorder.observer;
	rig_start_idle(&rig, &config);
	rig_erase(&rig, FLASH + 0x12345);
	rig_program(&rig, FLASH + 0x10000, data, sizeof(data));
	rig_read(&rig, FLASH + 0x10000, data, sizeof(data));
	rig_run_or_fail(&rig, 0, (const uint8_t[]){DFUSE_ERASE}, 1);
	cr_assert_eq(rig_dnload(&rig, 0, NULL, 0), 0);
	rig_getstatus(&rig);
	rig_wait_ms(&rig, 10);
	cr_assert_eq(recorder.count, ARRAY_SIZE(expected), "%zu facts", recorder.count);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct rom_fact *fact = &recorder.facts[i];

		cr_expect_eq(fact->kind, expected[i].kind, "fact %zu", i);
		cr_expect_eq(fact->addr, expected[i].addr, "fact %zu", i);
		cr_expect_eq(fact->size, expected[i].size, "fact %zu", i);
		cr_expect_eq(fact->index, expected[i].index, "fact %zu", i);
	}
	rig_stop(&rig);
}
