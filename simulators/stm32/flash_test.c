/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/flash.h"

#include <criterion/criterion.h>
#include <string.h>

#define KIB 1024u

static const struct chip_flash *chip(void)
{
	return &chip_find("stm32f407xg")->flash;
}

static void start(struct flash *flash)
{
	cr_assert_eq(flash_init(flash, chip()), 0);
}

static void program(struct flash *flash, uint32_t addr, const uint8_t *data, size_t size)
{
	cr_assert_eq(flash_reserve(flash, addr, data, size), 0);
	flash_program(flash, addr, data, size, 0);
}

static uint8_t byte_at(const struct flash *flash, uint32_t addr)
{
	uint8_t byte;

	flash_read(flash, addr, &byte, 1);
	return byte;
}

Test(flash, new_flash_reads_0xff_and_takes_no_memory)
{
	uint8_t data[300];
	struct flash flash;

	start(&flash);
	memset(data, 0, sizeof(data));
	flash_read(&flash, 0x08003fff - 100, data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		cr_assert_eq(data[i], 0xff);
	cr_expect_eq(flash.taken, 0);
	flash_done(&flash);
}

Test(flash, programming_takes_the_memory_of_the_sectors_that_it_changes)
{
	static uint8_t erased[64 * KIB];
	struct flash flash;

	memset(erased, 0xff, sizeof(erased));
	start(&flash);
	program(&flash, 0x08000000, erased, sizeof(erased));
	cr_expect_eq(flash.taken, 0, "0xFF changes nothing");
	program(&flash, 0x08004000, (const uint8_t[]){0xfe}, 1);
	cr_expect_eq(flash.taken, 16 * KIB);
	program(&flash, 0x0801ffff, (const uint8_t[]){1, 2}, 2);
	cr_expect_eq(flash.taken, (16 + 64 + 128) * KIB);
	flash_done(&flash);
}

Test(flash, erase_sets_a_sector_and_takes_no_memory)
{
	struct flash flash;

	start(&flash);
	program(&flash, 0x0801ffff, (const uint8_t[]){1, 2}, 2);
	flash_erase(&flash, 4);
	cr_expect_eq(flash.taken, (64 + 128) * KIB);
	cr_expect_eq(byte_at(&flash, 0x0801ffff), 0xff);
	cr_expect_eq(byte_at(&flash, 0x08020000), 2, "the sector beside it stays");
	flash_erase(&flash, 4);
	flash_erase_all(&flash);
	cr_expect_eq(flash.taken, (64 + 128) * KIB);
	cr_expect_eq(byte_at(&flash, 0x08020000), 0xff);
	flash_done(&flash);
}

/* --- against an array that does the same in the plainest way --- */

#define MODEL_SIZE (80 * KIB) /* sectors 0 to 3 and the start of 4 */

static void model_step(struct flash *flash, uint8_t *model, struct rng *rng)
{
	static const uint32_t sizes[] = {1, 3, 1000, 1024, 2048, 5000};
	static uint8_t data[5000];
	uint32_t size = sizes[rng_below(rng, ARRAY_SIZE(sizes))];
	uint32_t at = rng_below(rng, (MODEL_SIZE - size) / 512) * 512 + rng_below(rng, 2) % size;
	uint32_t sector = rng_below(rng, 4), what = rng_below(rng, 10);

	/* Few different contents, so that the same one comes again at the same place. */
	memset(data, (int)(0xff << rng_below(rng, 3)), sizeof(data));
	if (what == 0) {
		flash_erase(flash, (uint16_t)sector);
		memset(model + sector * 16 * KIB, 0xff, 16 * KIB);
	} else if (what == 1) {
		cr_assert_eq(flash_put(flash, 0x08000000 + at, data, size), 0);
		memcpy(model + at, data, size);
	} else if (what == 2) {
		cr_assert_eq(flash_reserve(flash, 0x08000000 + at, &(uint8_t){0}, 1), 0);
		flash_flip(flash, 0x08000000 + at, 5);
		model[at] ^= 1 << 5;
	} else {
		program(flash, 0x08000000 + at, data, size);
		for (uint32_t i = 0; i < size; i++)
			model[at + i] &= data[i];
	}
}

Test(flash, whatever_is_done_to_it_the_content_is_that_of_a_plain_array)
{
	static uint8_t model[MODEL_SIZE], got[MODEL_SIZE];
	struct rng rng = {.state = 11};
	struct flash flash;

	start(&flash);
	memset(model, 0xff, sizeof(model));
	for (size_t i = 0; i < 4000; i++) {
		model_step(&flash, model, &rng);
		if (i % 8)
			continue;
		flash_read(&flash, 0x08000000, got, sizeof(got));
		cr_assert_eq(memcmp(got, model, sizeof(got)), 0, "step %zu", i);
	}
	flash_done(&flash);
}

Test(flash, programming_ands)
{
	const uint8_t first[] = {0xf0, 0xff, 0x00, 0x5a}, second[] = {0x3c, 0x81, 0xff, 0xa5};
	const uint8_t both[] = {0x30, 0x81, 0x00, 0x00};
	uint8_t data[4];
	struct flash flash;

	start(&flash);
	program(&flash, 0x08040000, first, 4);
	program(&flash, 0x08040000, second, 4);
	flash_read(&flash, 0x08040000, data, 4);
	cr_expect_arr_eq(data, both, 4);
	flash_done(&flash);
}

static const struct span {
	const char *name;
	uint32_t addr;
	size_t size;
} spans[] = {
	{"one byte", 0x08000001, 1},
	{"odd address, odd length", 0x08000003, 2047},
	{"the last byte", 0x080fffff, 1},
	{"across 16 KiB sectors", 0x08003ffd, 7},
	{"across three sectors", 0x0800bfff, 16 * KIB + 2},
	{"across 16, 64 and 128 KiB", 0x0800fff1, 64 * KIB + 0x1d},
	{"everything", 0x08000000, 1024 * KIB},
};

Test(flash, bytes_are_programmed_exactly_where_they_belong)
{
	static uint8_t data[1024 * KIB], back[1024 * KIB];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		const struct span *span = &spans[i];
		uint32_t offset = span->addr - 0x08000000;
		struct flash flash;

		start(&flash);
		program(&flash, span->addr, data, span->size);
		flash_read(&flash, 0x08000000, back, sizeof(back));
		for (uint32_t at = 0; at < sizeof(back); at++) {
			uint8_t expected = at - offset < span->size ? data[at - offset] : 0xff;

			cr_assert_eq(back[at], expected, "%s: at %#x", span->name, at);
		}
		flash_done(&flash);
	}
}

Test(flash, locked_sectors_stay_and_the_open_ones_beside_them_do_not)
{
	const uint8_t data[4] = {0};
	struct flash flash;

	start(&flash);
	program(&flash, 0x08004000, (const uint8_t[]){0x77}, 1);
	cr_assert_eq(flash_reserve(&flash, 0x08003ffe, data, 4), 0);
	flash_program(&flash, 0x08003ffe, data, 4, 1u << 1);
	cr_expect_eq(byte_at(&flash, 0x08003ffe), 0);
	cr_expect_eq(byte_at(&flash, 0x08003fff), 0);
	cr_expect_eq(byte_at(&flash, 0x08004000), 0x77);
	cr_expect_eq(byte_at(&flash, 0x08004001), 0xff);
	flash_done(&flash);
}

Test(flash, put_sets_bits_too)
{
	struct flash flash;
	uint8_t data[2];

	start(&flash);
	program(&flash, 0x08004000, (const uint8_t[]){0x00}, 1);
	cr_assert_eq(flash_put(&flash, 0x08003fff, (const uint8_t[]){0x12, 0xff}, 2), 0);
	flash_read(&flash, 0x08003fff, data, 2);
	cr_expect_arr_eq(data, ((const uint8_t[]){0x12, 0xff}), 2);
	flash_done(&flash);
}

Test(flash, the_sector_mask_names_each_sector_that_is_touched)
{
	cr_expect_eq(flash_sector_mask(chip(), 0x08000000, 1), 1u << 0);
	cr_expect_eq(flash_sector_mask(chip(), 0x08003fff, 2), 3u << 0);
	cr_expect_eq(flash_sector_mask(chip(), 0x08003fff, 1), 1u << 0);
	cr_expect_eq(flash_sector_mask(chip(), 0x08000000, 1024 * KIB), 0xfffu);
	cr_expect_eq(flash_sector_mask(chip(), 0x080fffff, 1), 1u << 11);
	cr_expect_eq(flash_sector_mask(chip(), 0x08000000, 0), 0);
}

/* Data sheet DS8626, table 40, in milliseconds. */
static const struct erase_case {
	uint32_t kib; /* 0 = mass erase */
	enum chip_width width;
	uint32_t typ_ms, max_ms;
} erase_cases[] = {
	{16, CHIP_X8, 400, 800},
	{64, CHIP_X8, 1200, 2400},
	{128, CHIP_X8, 2000, 4000},
	{0, CHIP_X8, 16000, 32000},
	{16, CHIP_X16, 300, 600},
	{64, CHIP_X16, 700, 1400},
	{128, CHIP_X16, 1300, 2600},
	{0, CHIP_X16, 11000, 22000},
	{16, CHIP_X32, 250, 500},
	{64, CHIP_X32, 550, 1100},
	{128, CHIP_X32, 1000, 2000},
	{0, CHIP_X32, 8000, 16000},
};

Test(flash, erase_takes_what_the_data_sheet_says)
{
	for (size_t i = 0; i < ARRAY_SIZE(erase_cases); i++) {
		const struct erase_case *c = &erase_cases[i];

		for (int worst = 0; worst < 2; worst++) {
			uint64_t us = c->kib ? flash_erase_us(chip(), c->kib * KIB, c->width, worst)
					     : flash_mass_erase_us(chip(), c->width, worst);

			cr_expect_eq(us, 1000ull * (worst ? c->max_ms : c->typ_ms),
				"%u KiB, width %d: %llu us", c->kib, c->width,
				(unsigned long long)us);
		}
	}
}

static const struct program_case {
	const char *name;
	uint32_t addr;
	size_t size;
	enum chip_width width;
	uint32_t accesses;
} program_cases[] = {
	{"a block by bytes", 0x08000000, 2048, CHIP_X8, 2048},
	{"a block by half-words", 0x08000000, 2048, CHIP_X16, 1024},
	{"a block by words", 0x08000000, 2048, CHIP_X32, 512},
	{"odd start", 0x08000001, 2048, CHIP_X32, 3 + 511 + 1},
	{"less than a word", 0x08000000, 3, CHIP_X32, 3},
	{"inside a word", 0x08000001, 2, CHIP_X32, 2},
	{"nothing", 0x08000000, 0, CHIP_X32, 0},
};

Test(flash, programming_takes_16_us_for_each_access_and_100_at_worst)
{
	for (size_t i = 0; i < ARRAY_SIZE(program_cases); i++) {
		const struct program_case *c = &program_cases[i];

		struct flash_work typical = {c->addr, c->size, c->width, false};
		struct flash_work worst = {c->addr, c->size, c->width, true};

		cr_expect_eq(flash_program_us(chip(), &typical), 16 * c->accesses, "%s", c->name);
		cr_expect_eq(flash_program_us(chip(), &worst), 100 * c->accesses, "%s", c->name);
	}
}
