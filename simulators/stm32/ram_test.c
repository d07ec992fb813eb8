/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/ram.h"

#include <criterion/criterion.h>
#include <string.h>

#define START 0x20000000u
#define SIZE  (8u * RAM_PAGE)

static struct ram ram_or_fail(uint64_t noise)
{
	const struct chip_range range = {.addr = START, .size = SIZE};
	struct ram ram;

	cr_assert_eq(ram_init(&ram, &range, noise), 0);
	return ram;
}

static void read_all(const struct ram *ram, uint8_t ret[static SIZE])
{
	ram_read(ram, START, ret, SIZE);
}

Test(ram, holds_noise_of_its_seed_at_first)
{
	struct ram one = ram_or_fail(1), same = ram_or_fail(1), other = ram_or_fail(2);
	uint8_t a[SIZE], b[SIZE], c[SIZE];
	size_t zeros = 0;

	read_all(&one, a);
	read_all(&same, b);
	read_all(&other, c);
	for (size_t i = 0; i < SIZE; i++)
		zeros += a[i] == 0;
	cr_expect_arr_eq(a, b, SIZE);
	cr_expect_arr_neq(a, c, SIZE);
	cr_expect_lt(zeros, SIZE / 64, "%zu zeros", zeros);
	ram_done(&one);
	ram_done(&same);
	ram_done(&other);
}

/* Over the edge of a page, and nothing beside it. */
Test(ram, keeps_what_is_written_and_all_else)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5};
	struct ram ram = ram_or_fail(1);
	uint8_t before[SIZE], after[SIZE];

	read_all(&ram, before);
	cr_assert_eq(ram_write(&ram, START + RAM_PAGE - 2, data, sizeof(data)), 0);
	read_all(&ram, after);
	memcpy(before + RAM_PAGE - 2, data, sizeof(data));
	cr_expect_arr_eq(after, before, SIZE);
	cr_expect_eq(ram.taken, 2 * RAM_PAGE);
	ram_done(&ram);
}

Test(ram, is_other_noise_each_time_it_is_lost)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct ram ram = ram_or_fail(1);
	uint8_t first[SIZE], second[SIZE], third[SIZE];

	cr_assert_eq(ram_write(&ram, START, data, sizeof(data)), 0);
	read_all(&ram, first);
	ram_lose(&ram);
	read_all(&ram, second);
	ram_lose(&ram);
	read_all(&ram, third);
	cr_expect_arr_neq(first, second, sizeof(data));
	cr_expect_arr_neq(second, third, SIZE);
	cr_expect_eq(ram.taken, 0);
	ram_done(&ram);
}

Test(ram, a_lost_part_leaves_the_pages_beside_it)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct ram ram = ram_or_fail(1);
	uint8_t low[8], high[8], noise[8], same[8];

	cr_assert_eq(ram_write(&ram, START, data, 8), 0);
	ram_read(&ram, START + 4 * RAM_PAGE, noise, 8);
	cr_assert_eq(ram_write(&ram, START + 3 * RAM_PAGE, data, 8), 0);
	ram_lose_part(&ram, START, 3 * RAM_PAGE);
	ram_read(&ram, START, low, 8);
	ram_read(&ram, START + 3 * RAM_PAGE, high, 8);
	cr_expect_arr_neq(low, data, 8);
	cr_expect_arr_eq(high, data, 8);
	ram_read(&ram, START + 4 * RAM_PAGE, same, 8);
	cr_expect_arr_eq(noise, same, 8, "noise stays too");
	ram_lose_part(&ram, START, 0);
	ram_read(&ram, START + 3 * RAM_PAGE, high, 8);
	cr_expect_arr_eq(high, data, 8);
	ram_done(&ram);
}
