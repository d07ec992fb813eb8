/* SPDX-License-Identifier: MIT */
/* What the commands of an F405/F407 ROM do to its memories, seen by a second channel.
 * Sources: RM0090 (flash, OTP), AN3156 (text of AN2662 rev 1), [DB] as in chips.c. */
#include "simulators/stm32/conformance_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t sector_addr[] = {0x08000000, 0x08004000, 0x08008000, 0x0800c000, 0x08010000,
	0x08020000, 0x08040000, 0x08060000, 0x08080000, 0x080a0000, 0x080c0000, 0x080e0000,
	0x08100000};
#define SECTORS (ARRAY_SIZE(sector_addr) - 1)

/* A zero at both ends of each sector. */
static void mark_sectors(struct rig *rig)
{
	for (size_t i = 0; i < SECTORS; i++) {
		rig_poke(rig, sector_addr[i], (const uint8_t[]){0}, 1);
		rig_poke(rig, sector_addr[i + 1] - 1, (const uint8_t[]){0}, 1);
	}
}

/* Which sectors have lost their marks; fails when one has lost half of them. */
static uint32_t erased_sectors(struct rig *rig)
{
	uint32_t erased = 0;

	for (size_t i = 0; i < SECTORS; i++) {
		uint8_t first, last;

		rig_peek(rig, sector_addr[i], &first, 1);
		rig_peek(rig, sector_addr[i + 1] - 1, &last, 1);
		cr_expect_eq(first, last, "sector %zu is half erased", i);
		erased |= (uint32_t)(first == 0xff) << i;
	}
	return erased;
}

Test(flash, an_erase_by_any_address_in_a_sector_erases_that_sector_only)
{
	for (size_t i = 0; i < SECTORS; i++) {
		const uint32_t addrs[] = {
			sector_addr[i], sector_addr[i] + 0x1235, sector_addr[i + 1] - 1};

		for (size_t j = 0; j < ARRAY_SIZE(addrs); j++) {
			struct rig rig;

			rig_start_idle(&rig, NULL);
			mark_sectors(&rig);
			rig_erase(&rig, addrs[j]);
			cr_expect_eq(erased_sectors(&rig), 1u << i, "%#x", addrs[j]);
			rig_stop(&rig);
		}
	}
}

Test(flash, an_erase_without_an_address_erases_everything)
{
	struct rig rig;

	rig_start_idle(&rig, NULL);
	mark_sectors(&rig);
	rig_run_or_fail(&rig, 0, (const uint8_t[]){DFUSE_ERASE}, 1);
	cr_expect_eq(erased_sectors(&rig), (1u << SECTORS) - 1);
	rig_stop(&rig);
}

Test(flash, programming_without_an_erase_gives_old_and_new_without_an_error)
{
	const uint8_t old[4] = {0xf0, 0xff, 0x00, 0xaa}, new[4] = {0x3c, 0x12, 0xff, 0x55};
	const uint8_t expected[4] = {0x30, 0x12, 0x00, 0x00};
	uint8_t back[4];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_program(&rig, FLASH + 0x4000, old, 4);
	rig_program(&rig, FLASH + 0x4000, new, 4);
	rig_peek(&rig, FLASH + 0x4000, back, 4);
	cr_expect_arr_eq(back, expected, 4);
	rig_stop(&rig);
}

/* dfu-util writes at 0x08000001 without complaint. */
Test(flash, odd_addresses_and_odd_lengths_are_exact_to_the_byte)
{
	static const struct {
		uint32_t offset;
		uint16_t size;
	} rows[] = {{1, 1}, {1, 2}, {3, 5}, {0x3fff, 2}, {0x3ffd, 777}, {0xffff, 2048}, {7, 2047}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[XFER], around[XFER + 2];
		struct rig rig;

		rig_pattern(data, rows[i].size, i);
		rig_start_idle(&rig, NULL);
		rig_program(&rig, FLASH + rows[i].offset, data, rows[i].size);
		rig_peek(&rig, FLASH + rows[i].offset - 1, around, rows[i].size + 2u);
		cr_expect_eq(around[0], 0xff, "row %zu", i);
		cr_expect_arr_eq(around + 1, data, rows[i].size, "row %zu", i);
		cr_expect_eq(around[rows[i].size + 1], 0xff, "row %zu", i);
		rig_stop(&rig);
	}
}

static void expect_round_trip(size_t size)
{
	uint8_t *data = malloc(size), *back = malloc(size);
	struct rig rig;

	cr_assert(data && back);
	rig_pattern(data, size, size);
	rig_start_idle(&rig, NULL);
	for (size_t i = 0; i < size; i += XFER)
		rig_program(&rig, FLASH + i, data + i, size - i < XFER ? size - i : XFER);
	rig_read(&rig, FLASH, back, size);
	cr_expect_arr_eq(back, data, size, "%zu bytes by upload", size);
	rig_peek(&rig, FLASH, back, size);
	cr_expect_arr_eq(back, data, size, "%zu bytes by the second channel", size);
	rig_stop(&rig);
	free(data);
	free(back);
}

Test(flash, what_was_written_is_read_back)
{
	static const size_t sizes[] = {1, 2047, 2048, 2049, 16383, 16384, 16385, FLASH_SIZE};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_round_trip(sizes[i]);
}

/* AN2662: "no error is returned". */
Test(flash, a_write_protected_sector_stays_as_it_is_without_an_error)
{
	const uint8_t data[4] = {1, 2, 3, 4};
	uint8_t back[4];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	mark_sectors(&rig);
	options_preset_write_protected(&rig.memory->options, 1u << 2);
	rig_erase(&rig, sector_addr[2]);
	rig_erase(&rig, sector_addr[3]);
	rig_program(&rig, sector_addr[2] + 16, data, 4);
	cr_expect_eq(erased_sectors(&rig), 1u << 3);
	rig_peek(&rig, sector_addr[2] + 16, back, 4);
	cr_expect_arr_eq(back, ((uint8_t[]){0xff, 0xff, 0xff, 0xff}), 4);
	rig_stop(&rig);
}

Test(otp, is_programmed_once_and_cannot_be_erased)
{
	const uint8_t first[4] = {0xf0, 0x0f, 0xff, 0x00};
	const uint8_t second[4] = {0xff, 0x00, 0x5a, 0xff};
	const uint8_t both[4] = {0xf0, 0x00, 0x5a, 0x00};
	uint8_t back[4];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_program(&rig, OTP + 32, first, 4);
	rig_program(&rig, OTP + 32, second, 4);
	cr_expect_eq(rig_command(&rig, DFUSE_ERASE, OTP + 32).status, DFU_ERR_TARGET);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_run_or_fail(&rig, 0, (const uint8_t[]){DFUSE_ERASE}, 1);
	rig_read(&rig, OTP + 32, back, 4);
	cr_expect_arr_eq(back, both, 4);
	rig_stop(&rig);
}

Test(otp, a_lock_byte_seals_its_block_and_no_other)
{
	const uint8_t data[2] = {0x12, 0x34}, lock = 0;
	uint8_t back[2];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_program(&rig, OTP + 512 + 3, &lock, 1);
	rig_program(&rig, OTP + 3 * 32, data, 2);
	rig_program(&rig, OTP + 4 * 32, data, 2);
	rig_read(&rig, OTP + 3 * 32, back, 2);
	cr_expect_arr_eq(back, ((uint8_t[]){0xff, 0xff}), 2, "locked");
	rig_read(&rig, OTP + 4 * 32, back, 2);
	cr_expect_arr_eq(back, data, 2, "open");
	rig_stop(&rig);
}

Test(system_memory, shows_version_uid_and_flash_size_and_cannot_be_written)
{
	uint8_t version, uid[CHIP_UID_SIZE], kib[2], byte = 0;
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_read(&rig, 0x1fff77de, &version, 1);
	cr_expect_eq(version, 0x90);
	rig_read(&rig, 0x1fff7a10, uid, sizeof(uid));
	cr_expect_arr_eq(uid, rig_config().uid, sizeof(uid));
	rig_read(&rig, 0x1fff7a22, kib, 2);
	cr_expect_eq(kib[0] | kib[1] << 8, 1024);
	rig_set_address(&rig, 0x1fff77de);
	cr_expect_eq(rig_run(&rig, 2, &byte, 1).status, DFU_ERR_TARGET);
	rig_stop(&rig);
}

Test(option_bytes, are_laid_out_as_the_rom_shows_them)
{
	uint8_t bytes[16];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_read(&rig, OPTIONS, bytes, 16);
	cr_expect_eq(bytes[1], 0xaa, "RDP");
	cr_expect_eq(bytes[0] & 0xec, 0xec, "USER and BOR as shipped");
	cr_expect_eq(bytes[8] | (bytes[9] & 0x0f) << 8, 0xfff, "nWRP");
	rig_stop(&rig);
}

/* Everything that a host can know: DNLOAD, one GETSTATUS, and the device is gone; then it comes back. */
static void write_options(struct rig *rig, const uint8_t *bytes)
{
	rig_set_address(rig, OPTIONS);
	cr_assert_eq(rig_dnload(rig, 2, bytes, 16), 16);
	rig_expect(rig, DFU_DNBUSY, DFU_OK, 104, "option bytes");
}

/* AN2662: "a system reset is generated", dfu-util's :will-reset exists for it. */
Test(option_bytes, writing_them_resets_the_chip_without_a_second_getstatus)
{
	uint8_t bytes[16], back[16], dfu[6];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_read(&rig, OPTIONS, bytes, 16);
	bytes[8] = 0xfe; /* protects sector 0 */
	write_options(&rig, bytes);
	cr_expect_eq(rig_request(&rig, DFU_GETSTATUS, 0, dfu, 6), -ENODEV);
	rig_close(&rig);
	rig_wait_ms(&rig, 1000);
	rig_open(&rig);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "afresh");
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_read(&rig, OPTIONS, back, 16);
	cr_expect_arr_eq(back, bytes, 16);
	cr_expect_eq(options_write_protected(&rig.memory->options), 1);
	rig_stop(&rig);
}

Test(option_bytes, reserved_bits_keep_their_value)
{
	uint8_t before[16], bytes[16] = {0}, back[16];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_read(&rig, OPTIONS, before, 16);
	bytes[1] = 0xaa;
	write_options(&rig, bytes);
	rig_close(&rig);
	rig_wait_ms(&rig, 2000);
	rig_open(&rig);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	rig_read(&rig, OPTIONS, back, 16);
	cr_expect_eq(back[0], before[0] & ~0xec);
	cr_expect_eq(back[1], 0xaa);
	cr_expect_eq(back[8], 0x00);
	cr_expect_eq(back[9], before[9] & ~0x0f);
	cr_expect_arr_eq(back + 2, before + 2, 6);
	cr_expect_arr_eq(back + 10, before + 10, 6);
	rig_stop(&rig);
}

Test(option_bytes, are_written_from_their_start_and_as_a_whole)
{
	static const struct {
		uint32_t addr;
		uint16_t size;
	} rows[] = {{OPTIONS + 8, 8}, {OPTIONS + 8, 16}, {OPTIONS, 8}, {OPTIONS, 17}};
	const uint8_t zeros[17] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t back[16];
		struct rig rig;

		rig_start_idle(&rig, NULL);
		rig_set_address(&rig, rows[i].addr);
		cr_expect_eq(
			rig_run(&rig, 2, zeros, rows[i].size).status, DFU_ERR_TARGET, "row %zu", i);
		cr_assert_eq(rig_clrstatus(&rig), 0);
		rig_read(&rig, OPTIONS, back, 16);
		cr_expect_eq(back[1], 0xaa, "row %zu", i);
		rig_stop(&rig);
	}
}
