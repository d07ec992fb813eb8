/* SPDX-License-Identifier: MIT */
/* What a power cut, a reset or a brown-out leaves of the operation in hand. */
#include "simulators/stm32/memory.h"

#include <criterion/criterion.h>
#include <string.h>

#define FLASH   0x08000000u
#define SECTOR1 0x08004000u
#define OPTIONS 0x1fffc000u
#define OTP     0x1fff7800u
#define MS      1000u
#define T0      5000000u /* when the operations begin */
#define SEEDS   32

static void start(struct memory *memory, uint64_t seed)
{
	struct memory_config config = {
		.chip = chip_find("stm32f407xg"),
		.pace = {.percent = 100},
		.seed = seed,
	};

	config.rom = &config.chip->roms[0];
	cr_assert_eq(memory_init(memory, &config), 0);
}

static uint8_t byte_at(const struct memory *memory, uint32_t addr)
{
	uint8_t byte = 0;

	cr_assert_eq(memory_peek(memory, addr, &byte, 1), 0, "%#x", addr);
	return byte;
}

static void fill(struct memory *memory, uint32_t addr, uint8_t value, size_t size)
{
	static uint8_t data[1024 * 1024];

	memset(data, value, size);
	cr_assert_eq(memory_poke(memory, addr, data, size), 0);
}

/* The two ways to break something off; RM0090 guarantees nothing in either. */
static void (*const cuts[])(struct memory *memory, uint64_t now_us) = {
	memory_power_lost, memory_reset, memory_brown_out};

Test(memory_tear, words_before_are_done_words_behind_untouched_the_one_in_hand_is_done_in_part)
{
	static const uint8_t data[64] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		size_t partly = 0;

		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct memory memory;

			start(&memory, seed);
			memory.width = CHIP_X32;
			cr_assert_eq(memory_start_write(&memory, FLASH, data, sizeof(data), T0),
				MEMORY_OK);
			cuts[i](&memory, T0 + 7 * 16 + 8);
			cr_expect_not(memory_busy(&memory));
			for (uint32_t at = 0; at < 28; at++)
				cr_expect_eq(byte_at(&memory, FLASH + at), 0, "byte %u", at);
			for (uint32_t at = 28; at < 32; at++)
				partly += byte_at(&memory, FLASH + at) > 0 &&
					  byte_at(&memory, FLASH + at) < 0xff;
			for (uint32_t at = 32; at < 64; at++)
				cr_expect_eq(byte_at(&memory, FLASH + at), 0xff, "byte %u", at);
			memory_done(&memory);
		}
		cr_expect_gt(partly, SEEDS);
	}
}

Test(memory_tear, the_word_in_hand_loses_no_bit_that_was_not_to_be_lost)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct memory memory;

		start(&memory, seed);
		fill(&memory, FLASH, 0xf5, 1);
		cr_assert_eq(memory_start_write(&memory, FLASH, (const uint8_t[]){0x3c}, 1, T0),
			MEMORY_OK);
		memory_power_lost(&memory, T0 + 8);
		cr_expect_eq(byte_at(&memory, FLASH) & 0x3c, 0xf5 & 0x3c);
		cr_expect_eq(byte_at(&memory, FLASH) & ~0xf5, 0);
		memory_done(&memory);
	}
}

Test(memory_tear, a_word_of_otp_is_torn_too)
{
	size_t partly = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct memory memory;

		start(&memory, seed);
		cr_assert_eq(memory_start_write(&memory, OTP, (const uint8_t[]){0, 0, 0}, 3, T0),
			MEMORY_OK);
		memory_power_lost(&memory, T0 + 20);
		cr_expect_eq(byte_at(&memory, OTP), 0);
		cr_expect_eq(byte_at(&memory, OTP + 2), 0xff);
		partly += byte_at(&memory, OTP + 1) > 0 && byte_at(&memory, OTP + 1) < 0xff;
		memory_done(&memory);
	}
	cr_expect_gt(partly, SEEDS / 2);
}

Test(memory_tear, a_write_that_has_just_begun_has_changed_nothing)
{
	struct memory memory;

	start(&memory, 1);
	cr_assert_eq(memory_start_write(&memory, FLASH, (const uint8_t[]){0}, 1, T0), MEMORY_OK);
	memory_power_lost(&memory, T0);
	cr_expect_eq(byte_at(&memory, FLASH), 0xff);
	memory_done(&memory);
}

/* Two readings by the ROM of the first KiB differ. */
static bool is_unstable(struct memory *memory, uint32_t addr)
{
	uint8_t first[1024], second[1024];

	cr_assert_eq(memory_read(memory, addr, first, sizeof(first)), MEMORY_OK);
	cr_assert_eq(memory_fetch(memory, addr, second, sizeof(second)), 0);
	return memcmp(first, second, sizeof(first)) != 0;
}

Test(memory_tear, an_erase_tears_its_sector_and_no_other)
{
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct memory memory;

		start(&memory, 1);
		fill(&memory, FLASH, 0, 3 * 16 * 1024);
		cr_assert_eq(memory_start_erase(&memory, SECTOR1, T0), MEMORY_OK);
		cuts[i](&memory, T0 + 200 * MS);
		cr_expect(is_unstable(&memory, SECTOR1));
		cr_expect_not(is_unstable(&memory, FLASH));
		cr_expect_not(is_unstable(&memory, SECTOR1 + 16 * 1024));
		cr_expect_eq(byte_at(&memory, SECTOR1 - 1), 0);
		cr_expect_eq(byte_at(&memory, SECTOR1 + 16 * 1024), 0);
		memory_done(&memory);
	}
}

Test(memory_tear, the_longer_the_erase_the_more_is_erased)
{
	static uint8_t data[16 * 1024];
	size_t before = 0;

	for (uint32_t ms = 1; ms < 400; ms += 57) {
		struct memory memory;
		size_t erased = 0;

		start(&memory, 1);
		fill(&memory, SECTOR1, 0, sizeof(data));
		cr_assert_eq(memory_start_erase(&memory, SECTOR1, T0), MEMORY_OK);
		memory_power_lost(&memory, T0 + ms * MS);
		cr_assert_eq(memory_peek(&memory, SECTOR1, data, sizeof(data)), 0);
		for (size_t i = 0; i < sizeof(data); i++)
			erased += (size_t)__builtin_popcount(data[i]);
		cr_expect_gt(erased, before, "after %u ms", ms);
		before = erased;
		memory_done(&memory);
	}
}

Test(memory_tear, the_next_erase_cures_and_takes_nothing_for_ever)
{
	struct memory memory;
	size_t before;

	start(&memory, 1);
	fill(&memory, SECTOR1, 0, 1024);
	before = memory_footprint(&memory);
	cr_assert_eq(memory_start_erase(&memory, SECTOR1, T0), MEMORY_OK);
	memory_reset(&memory, T0 + 200 * MS);
	cr_assert_eq(memory_start_erase(&memory, SECTOR1, T0 + 1000 * MS), MEMORY_OK);
	memory_settle(&memory, T0 + 1400 * MS);
	cr_expect_not(is_unstable(&memory, SECTOR1));
	cr_expect_eq(memory_footprint(&memory), before);
	memory_done(&memory);
}

Test(memory_tear, a_mass_erase_tears_every_sector_each_as_far_as_it_likes)
{
	static uint8_t data[16 * 1024];
	size_t erased[4] = {0};
	struct memory memory;

	start(&memory, 1);
	fill(&memory, FLASH, 0, 1024 * 1024);
	cr_assert_eq(memory_start_mass_erase(&memory, T0), MEMORY_OK);
	memory_power_lost(&memory, T0 + 12000 * MS);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t addr = FLASH + i * (uint32_t)sizeof(data);

		cr_expect(is_unstable(&memory, addr));
		cr_assert_eq(memory_peek(&memory, addr, data, sizeof(data)), 0);
		for (size_t k = 0; k < sizeof(data); k++)
			erased[i] += (size_t)__builtin_popcount(data[k]);
	}
	cr_expect(is_unstable(&memory, FLASH + 1023 * 1024));
	cr_expect_neq(erased[0] / 4096, erased[1] / 4096);
	memory_done(&memory);
}

/* RDP level 1 and some write protection, begun to be written. */
static void begin_options(struct memory *memory, uint64_t seed)
{
	uint8_t image[16];

	start(memory, seed);
	memcpy(image, memory->options.loaded, sizeof(image));
	image[1] = 0x55;
	image[8] = 0xf0;
	cr_assert_eq(memory_start_write(memory, OPTIONS, image, sizeof(image), T0), MEMORY_OK);
}

Test(memory_tear, option_bytes_under_erase_are_left_erased_and_that_is_read_protection)
{
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct memory memory;

		begin_options(&memory, 1);
		cuts[i](&memory, T0 + 1);
		cr_expect_eq(byte_at(&memory, OPTIONS + 1), 0xff);
		cr_expect_eq(options_level(&memory.options), OPTIONS_READ_PROTECTED);
		cr_expect_eq(options_write_protected(&memory.options), 0);
		memory_done(&memory);
	}
}

Test(memory_tear, option_bytes_under_programming_are_erased_or_programmed_in_part)
{
	size_t erased = 0, partly = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct memory memory;

		begin_options(&memory, seed);
		memory_power_lost(&memory, memory_busy_until_us(&memory) - 1);
		cr_expect_eq(options_level(&memory.options), OPTIONS_READ_PROTECTED);
		erased += byte_at(&memory, OPTIONS + 1) == 0xff;
		partly += byte_at(&memory, OPTIONS + 1) != 0xff;
		cr_expect_eq(byte_at(&memory, OPTIONS + 8) & 0xf0, 0xf0);
		memory_done(&memory);
	}
	cr_expect_gt(erased, SEEDS / 4);
	cr_expect_gt(partly, SEEDS / 4);
}

/* What is left of a word that is in RAM. */
static bool word_survives(uint64_t seed, void (*befall)(struct memory *memory, uint64_t now_us))
{
	static const uint8_t magic[4] = {0xef, 0xbe, 0xad, 0xde};
	struct memory memory;
	uint8_t now[4];

	start(&memory, seed);
	cr_assert_eq(memory_write_ram(&memory, 0x2001fff0, magic, sizeof(magic)), MEMORY_OK);
	befall(&memory, T0);
	cr_assert_eq(memory_fetch(&memory, 0x2001fff0, now, sizeof(now)), 0);
	memory_done(&memory);
	return memcmp(now, magic, sizeof(now)) == 0;
}

Test(memory_tear, a_word_in_ram_outlives_a_reset_not_the_loss_of_power_and_perhaps_a_brown_out)
{
	size_t kept[ARRAY_SIZE(cuts)] = {0};

	for (uint64_t seed = 0; seed < SEEDS; seed++)
		for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
			kept[i] += word_survives(seed, cuts[i]);
	cr_expect_eq(kept[0], 0, "power lost");
	cr_expect_eq(kept[1], SEEDS, "reset");
	cr_expect_geq(kept[2], SEEDS / 5, "brown-out: %zu", kept[2]);
	cr_expect_leq(kept[2], SEEDS * 4 / 5, "brown-out: %zu", kept[2]);
}
