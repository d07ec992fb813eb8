/* SPDX-License-Identifier: MIT */
/* What an erase that was broken off leaves, and how far programming has come at a time. */
#include "simulators/stm32/flash.h"

#include <criterion/criterion.h>
#include <string.h>

#define KIB    1024u
#define SECTOR (16u * KIB)
#define START  0x08000000u

static const struct chip_flash *chip(void)
{
	return &chip_find("stm32f407xg")->flash;
}

/* Sector 0 with some content, torn. */
static void start_torn(struct flash *flash, uint8_t fill, uint32_t step, uint64_t seed)
{
	static uint8_t old[SECTOR];
	struct rng rng = {.state = seed};

	memset(old, fill, sizeof(old));
	cr_assert_eq(flash_init(flash, chip()), 0);
	cr_assert_eq(flash_put(flash, START, old, sizeof(old)), 0);
	flash_tear(flash, 0, step, &rng);
}

static size_t ones(const uint8_t *data, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += (size_t)__builtin_popcount(data[i]);
	return count;
}

/* Bits of two readings that differ. */
static size_t differences(const struct flash *flash, struct rng *rng)
{
	static uint8_t first[SECTOR], second[SECTOR];

	flash_sense(flash, START, first, sizeof(first), rng);
	flash_sense(flash, START, second, sizeof(second), rng);
	for (size_t i = 0; i < sizeof(first); i++)
		first[i] ^= second[i];
	return ones(first, sizeof(first));
}

Test(flash_tear, early_in_an_erase_most_is_old_and_late_most_is_erased)
{
	static const struct {
		uint32_t step;
		size_t least, most; /* per cent of the bits that are erased, or were left as 1 */
	} rows[] = {{1, 2, 5}, {8, 33, 42}, {15, 88, 94}};
	static uint8_t data[SECTOR];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct flash flash;
		size_t percent;

		start_torn(&flash, 0, rows[i].step, 5);
		flash_read(&flash, START, data, sizeof(data));
		percent = 100 * ones(data, sizeof(data)) / (8 * sizeof(data));
		cr_expect_geq(percent, rows[i].least, "step %u: %zu %%", rows[i].step, percent);
		cr_expect_leq(percent, rows[i].most, "step %u: %zu %%", rows[i].step, percent);
		flash_done(&flash);
	}
}

Test(flash_tear, bits_that_were_1_stay_1)
{
	static uint8_t data[SECTOR];
	struct rng rng = {.state = 9};
	struct flash flash;

	start_torn(&flash, 0xa5, 8, 5);
	flash_sense(&flash, START, data, sizeof(data), &rng);
	for (size_t i = 0; i < sizeof(data); i++)
		cr_assert_eq(data[i] & 0xa5, 0xa5, "byte %zu: %02x", i, data[i]);
	flash_done(&flash);
}

Test(flash_tear, unstable_bits_differ_from_read_to_read_but_not_for_the_second_channel)
{
	static uint8_t first[SECTOR], second[SECTOR];
	struct rng rng = {.state = 9};
	struct flash flash;

	start_torn(&flash, 0, 8, 5);
	cr_expect_gt(differences(&flash, &rng), 8 * SECTOR / 16);
	flash_read(&flash, START, first, sizeof(first));
	flash_read(&flash, START, second, sizeof(second));
	cr_expect_arr_eq(first, second, sizeof(first));
	flash_done(&flash);
}

Test(flash_tear, the_same_seed_tears_and_reads_the_same)
{
	static uint8_t data[2][SECTOR];

	for (size_t i = 0; i < 2; i++) {
		struct rng rng = {.state = 9};
		struct flash flash;

		start_torn(&flash, 0x12, 11, 5);
		flash_sense(&flash, START, data[i], sizeof(data[i]), &rng);
		flash_done(&flash);
	}
	cr_expect_arr_eq(data[0], data[1], sizeof(data[0]));
}

Test(flash_tear, an_erase_cures)
{
	static uint8_t data[SECTOR], erased[SECTOR];
	struct rng rng = {.state = 9};
	struct flash flash;

	memset(erased, 0xff, sizeof(erased));
	start_torn(&flash, 0, 8, 5);
	cr_expect_eq(flash.taken, 2 * SECTOR);
	flash_erase(&flash, 0);
	cr_expect_eq(flash.taken, SECTOR, "nothing is unstable any more");
	flash_sense(&flash, START, data, sizeof(data), &rng);
	cr_expect_arr_eq(data, erased, sizeof(data));
	flash_done(&flash);
}

Test(flash_tear, programming_makes_zeros_stable_and_does_not_touch_ones)
{
	static uint8_t data[SECTOR];
	struct rng rng = {.state = 9};
	struct flash flash;

	start_torn(&flash, 0, 8, 5);
	memset(data, 0xf0, sizeof(data));
	flash_program(&flash, START, data, sizeof(data), 0);
	cr_expect_gt(differences(&flash, &rng), 0);
	flash_sense(&flash, START, data, sizeof(data), &rng);
	for (size_t i = 0; i < sizeof(data); i++)
		cr_assert_eq(data[i] & 0x0f, 0, "byte %zu: %02x", i, data[i]);
	flash_done(&flash);
}

Test(flash_tear, what_the_second_channel_puts_there_is_stable)
{
	static uint8_t data[SECTOR];
	struct rng rng = {.state = 9};
	struct flash flash;

	start_torn(&flash, 0, 8, 5);
	cr_assert_eq(flash_put(&flash, START, data, sizeof(data)), 0);
	cr_expect_eq(differences(&flash, &rng), 0);
	flash_done(&flash);
}

Test(flash_tear, a_torn_erase_of_erased_flash_leaves_it_erased)
{
	struct rng rng = {.state = 5};
	struct flash flash;
	uint8_t byte;

	cr_assert_eq(flash_init(&flash, chip()), 0);
	flash_tear(&flash, 0, 8, &rng);
	cr_expect_eq(flash.taken, 0);
	flash_read(&flash, START, &byte, 1);
	cr_expect_eq(byte, 0xff);
	flash_done(&flash);
}

Test(flash_tear, an_erase_that_has_not_begun_changes_nothing)
{
	struct flash flash;
	uint8_t byte;

	start_torn(&flash, 0x42, 0, 5);
	flash_read(&flash, START, &byte, 1);
	cr_expect_eq(byte, 0x42);
	cr_expect_eq(flash.taken, SECTOR);
	flash_done(&flash);
}

static const struct {
	const char *name;
	struct flash_work work;
	uint64_t us;
	size_t done, in_hand;
} programmed_rows[] = {
	{"the first byte in hand", {START, 64, CHIP_X8, false}, 15, 0, 1},
	{"one byte", {START, 64, CHIP_X8, false}, 16, 1, 0},
	{"in the 33rd byte", {START, 64, CHIP_X8, false}, 32 * 16 + 3, 32, 1},
	{"the last byte in hand", {START, 64, CHIP_X8, false}, 64 * 16 - 1, 63, 1},
	{"all", {START, 64, CHIP_X8, false}, 64 * 16, 64, 0},
	{"a word in hand", {START, 64, CHIP_X32, false}, 7 * 16 + 15, 28, 4},
	{"bytes before the first word", {START + 1, 64, CHIP_X32, false}, 2 * 16 + 1, 2, 1},
	{"the word behind them", {START + 1, 64, CHIP_X32, false}, 3 * 16 + 1, 3, 4},
	{"bytes behind the last word", {START, 6, CHIP_X32, false}, 2 * 16 + 1, 5, 1},
	{"worst times", {START, 64, CHIP_X32, true}, 250, 8, 4},
};

Test(flash_tear, programming_has_come_as_far_as_the_time_says)
{
	for (size_t i = 0; i < ARRAY_SIZE(programmed_rows); i++) {
		size_t in_hand = 99;
		size_t done = flash_programmed(
			chip(), &programmed_rows[i].work, programmed_rows[i].us, &in_hand);

		cr_expect_eq(
			done, programmed_rows[i].done, "%s: %zu", programmed_rows[i].name, done);
		cr_expect_eq(in_hand, programmed_rows[i].in_hand, "%s: %zu",
			programmed_rows[i].name, in_hand);
	}
}
