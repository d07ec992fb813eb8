/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/memory.h"

#include <criterion/criterion.h>
#include <string.h>

#define FLASH   0x08000000u
#define SECTOR1 0x08004000u
#define OPTIONS 0x1fffc000u
#define OTP     0x1fff7800u
#define FEATURE 0xffff0000u
#define MS      1000u
#define T0      5000000u /* when the operations begin */

static void start_pace(struct memory *memory, struct memory_pace pace)
{
	struct memory_config config = {
		.chip = chip_find("stm32f407xg"),
		.pace = pace,
		.seed = 1,
	};

	config.rom = &config.chip->roms[0];
	cr_assert_eq(memory_init(memory, &config), 0);
}

/* At the chip's typical times. */
static void start(struct memory *memory)
{
	start_pace(memory, (struct memory_pace){.percent = 100});
}

/* Where everything is done at once. */
static void start_at_once(struct memory *memory)
{
	start_pace(memory, (struct memory_pace){.percent = 0});
}

static uint8_t byte_at(const struct memory *memory, uint32_t addr)
{
	uint8_t byte = 0;

	cr_assert_eq(memory_peek(memory, addr, &byte, 1), 0, "%#x", addr);
	return byte;
}

static bool is_erased(const struct memory *memory)
{
	static uint8_t flash[1024 * 1024];

	cr_assert_eq(memory_peek(memory, FLASH, flash, sizeof(flash)), 0);
	return flash[0] == 0xff && !memcmp(flash, flash + 1, sizeof(flash) - 1);
}

static void poke(struct memory *memory, uint32_t addr, uint8_t byte)
{
	cr_assert_eq(memory_poke(memory, addr, &byte, 1), 0, "%#x", addr);
}

static void begin_write(struct memory *memory, uint32_t addr, const uint8_t *data, size_t size)
{
	cr_assert_eq(memory_start_write(memory, addr, data, size, T0), MEMORY_OK, "%#x", addr);
}

static void begin_erase(struct memory *memory, uint32_t addr)
{
	cr_assert_eq(memory_start_erase(memory, addr, T0), MEMORY_OK, "%#x", addr);
}

/* Settles when the operation is over; gives how long it took. */
static uint64_t finish(struct memory *memory)
{
	uint64_t end_us = memory_busy_until_us(memory);

	memory_settle(memory, end_us);
	cr_assert_not(memory_busy(memory));
	return end_us - T0;
}

/* The option bytes as they are, with another RDP byte and other write protection. */
static void option_image(const struct memory *memory, uint8_t rdp, uint8_t nwrp, uint8_t ret[16])
{
	memcpy(ret, memory->options.loaded, 16);
	ret[1] = rdp;
	ret[8] = nwrp;
}

/* Time */

Test(memory, an_erase_shows_when_its_time_is_over)
{
	struct memory memory;

	start(&memory);
	poke(&memory, SECTOR1, 0x12);
	begin_erase(&memory, SECTOR1);
	cr_expect_eq(memory_busy_until_us(&memory), T0 + 400 * MS);
	memory_settle(&memory, T0 + 400 * MS - 1);
	cr_expect(memory_busy(&memory));
	cr_expect_eq(byte_at(&memory, SECTOR1), 0x12);
	memory_settle(&memory, T0 + 400 * MS);
	cr_expect_not(memory_busy(&memory));
	cr_expect_eq(memory_busy_until_us(&memory), 0);
	cr_expect_eq(byte_at(&memory, SECTOR1), 0xff);
	memory_done(&memory);
}

Test(memory, a_write_shows_when_its_time_is_over_and_keeps_its_own_copy)
{
	uint8_t data[2] = {0x12, 0x34};
	struct memory memory;

	start(&memory);
	begin_write(&memory, SECTOR1 - 1, data, 2);
	cr_expect_eq(memory_busy_until_us(&memory), T0 + 2 * 16);
	cr_expect_eq(byte_at(&memory, SECTOR1), 0xff);
	data[0] = data[1] = 0;
	finish(&memory);
	cr_expect_eq(byte_at(&memory, SECTOR1 - 1), 0x12);
	cr_expect_eq(byte_at(&memory, SECTOR1), 0x34);
	memory_done(&memory);
}

static const struct pace_case {
	const char *name;
	struct memory_pace pace;
	uint64_t erase_us; /* of 128 KiB */
} pace_cases[] = {
	{"the chip's own", {.percent = 100}, 2000 * MS},
	{"the worst chip", {.percent = 100, .worst = true}, 4000 * MS},
	{"a tenth", {.percent = 10}, 200 * MS},
	{"slower than any chip", {.percent = 300}, 6000 * MS},
};

Test(memory, the_pace_scales_the_chips_times)
{
	for (size_t i = 0; i < ARRAY_SIZE(pace_cases); i++) {
		struct memory memory;

		start_pace(&memory, pace_cases[i].pace);
		begin_erase(&memory, 0x08020000);
		cr_expect_eq(finish(&memory), pace_cases[i].erase_us, "%s", pace_cases[i].name);
		memory_done(&memory);
	}
}

Test(memory, with_a_pace_of_nothing_all_is_done_at_once)
{
	uint8_t image[16];
	struct memory memory;

	start_at_once(&memory);
	begin_write(&memory, FLASH, (const uint8_t[]){1}, 1);
	cr_expect_not(memory_busy(&memory));
	cr_expect_eq(byte_at(&memory, FLASH), 1);
	begin_erase(&memory, FLASH);
	cr_expect_eq(byte_at(&memory, FLASH), 0xff);
	option_image(&memory, 0x11, 0xff, image);
	begin_write(&memory, OPTIONS, image, 16);
	cr_expect_not(memory_busy(&memory));
	cr_expect_eq(byte_at(&memory, OPTIONS + 1), 0x11);
	memory_done(&memory);
}

static const struct feature_case {
	uint8_t value;
	uint64_t erase_us; /* of 16 KiB */
} feature_cases[] = {
	{0, 400 * MS},
	{1, 300 * MS},
	{2, 300 * MS},
	{3, 250 * MS},
	{4, 250 * MS},
	{0xff, 250 * MS},
	{0, 400 * MS},
};

Test(memory, the_feature_word_sets_the_width_until_reset)
{
	struct memory memory;

	start(&memory);
	for (size_t i = 0; i < ARRAY_SIZE(feature_cases); i++) {
		begin_write(&memory, FEATURE, &feature_cases[i].value, 1);
		cr_expect_not(memory_busy(&memory));
		begin_erase(&memory, FLASH);
		cr_expect_eq(finish(&memory), feature_cases[i].erase_us, "case %zu", i);
	}
	begin_write(&memory, FEATURE, (const uint8_t[]){3}, 1);
	memory_reset(&memory, T0);
	begin_erase(&memory, FLASH);
	cr_expect_eq(finish(&memory), 400 * MS);
	memory_done(&memory);
}

/* Write protection */

Test(memory, a_write_protected_sector_stays_silently)
{
	struct memory memory;

	start(&memory);
	poke(&memory, SECTOR1, 0x5a);
	options_preset_write_protected(&memory.options, 1u << 1);
	begin_erase(&memory, SECTOR1 + 77);
	cr_expect_not(memory_busy(&memory));
	begin_write(&memory, SECTOR1, (const uint8_t[]){0}, 1);
	cr_expect_not(memory_busy(&memory));
	begin_write(&memory, SECTOR1 - 1, (const uint8_t[]){0, 0}, 2);
	finish(&memory);
	cr_expect_eq(byte_at(&memory, SECTOR1), 0x5a);
	cr_expect_eq(byte_at(&memory, SECTOR1 - 1), 0x00, "the open sector before it");
	memory_done(&memory);
}

Test(memory, one_write_protected_sector_keeps_a_mass_erase_away)
{
	struct memory memory;

	start_at_once(&memory);
	poke(&memory, FLASH, 0x5a);
	options_preset_write_protected(&memory.options, 1u << 11);
	cr_expect_eq(memory_start_mass_erase(&memory, T0), MEMORY_OK);
	cr_expect_eq(byte_at(&memory, FLASH), 0x5a);
	options_preset_write_protected(&memory.options, 0);
	cr_expect_eq(memory_start_mass_erase(&memory, T0), MEMORY_OK);
	cr_expect_eq(byte_at(&memory, FLASH), 0xff);
	memory_done(&memory);
}

Test(memory, a_mass_erase_takes_16_seconds)
{
	struct memory memory;

	start(&memory);
	poke(&memory, FLASH, 0);
	poke(&memory, FLASH + 0xfffff, 0);
	cr_assert_eq(memory_start_mass_erase(&memory, T0), MEMORY_OK);
	cr_expect_eq(finish(&memory), 16000 * MS);
	cr_expect(is_erased(&memory));
	memory_done(&memory);
}

/* Option bytes and read protection */

Test(memory, option_bytes_are_erased_and_then_programmed)
{
	uint8_t image[16];
	struct memory memory;

	start(&memory);
	option_image(&memory, 0xaa, 0xfe, image);
	begin_write(&memory, OPTIONS, image, 16);
	memory_settle(&memory, T0 + 399 * MS);
	cr_expect_eq(byte_at(&memory, OPTIONS + 8), 0xff);
	cr_expect_eq(byte_at(&memory, OPTIONS + 1), 0xaa);
	memory_settle(&memory, T0 + 400 * MS);
	cr_expect(memory_busy(&memory));
	cr_expect_eq(byte_at(&memory, OPTIONS + 1), 0xff, "between the two");
	finish(&memory);
	cr_expect_eq(byte_at(&memory, OPTIONS + 1), 0xaa);
	cr_expect_eq(byte_at(&memory, OPTIONS + 8), 0xfe);
	cr_expect_eq(options_write_protected(&memory.options), 0, "before the reset");
	memory_reset(&memory, T0 + 1000 * MS);
	cr_expect_eq(options_write_protected(&memory.options), 1);
	memory_done(&memory);
}

Test(memory, power_lost_between_erase_and_program_of_the_option_bytes_protects_the_chip)
{
	const uint64_t cuts_us[] = {1, 399 * MS, 400 * MS, 400 * MS + 1, 400 * MS + 255};

	for (size_t i = 0; i < ARRAY_SIZE(cuts_us); i++) {
		uint8_t image[16];
		struct memory memory;

		start(&memory);
		option_image(&memory, 0xaa, 0xfe, image);
		begin_write(&memory, OPTIONS, image, 16);
		memory_power_lost(&memory, T0 + cuts_us[i]);
		cr_expect_not(memory_busy(&memory));
		cr_expect_eq(options_level(&memory.options), OPTIONS_READ_PROTECTED, "cut %zu", i);
		memory_done(&memory);
	}
}

Test(memory, read_protection_refuses_everything)
{
	const uint8_t rdp[] = {0x00, 0xcc};
	uint8_t data[16] = {0};
	struct memory memory;

	start_at_once(&memory);
	poke(&memory, FLASH, 0x5a);
	for (size_t i = 0; i < ARRAY_SIZE(rdp); i++) {
		options_preset_rdp(&memory.options, rdp[i]);
		cr_expect_eq(memory_read(&memory, FLASH, data, 1), MEMORY_PROTECTED);
		cr_expect_eq(memory_start_write(&memory, FLASH, data, 1, T0), MEMORY_PROTECTED);
		cr_expect_eq(memory_start_erase(&memory, FLASH, T0), MEMORY_PROTECTED);
		cr_expect_eq(memory_start_mass_erase(&memory, T0), MEMORY_PROTECTED);
		cr_expect_eq(memory_start_write(&memory, OPTIONS, data, 16, T0), MEMORY_PROTECTED);
		cr_expect_eq(memory_start_write(&memory, OTP, data, 1, T0), MEMORY_PROTECTED);
	}
	cr_expect_eq(data[0], 0);
	cr_expect_eq(byte_at(&memory, FLASH), 0x5a);
	memory_done(&memory);
}

static const struct unprotect_case {
	const char *name;
	uint8_t rdp;
	uint32_t write_protected;
} unprotect_cases[] = {
	{"from level 0", 0xaa, 0},
	{"from level 1", 0x00, 0},
	{"with write protection", 0x00, 1u << 0 | 1u << 11},
};

Test(memory, read_unprotect_erases_the_flash_and_opens_the_chip_at_reset)
{
	for (size_t i = 0; i < ARRAY_SIZE(unprotect_cases); i++) {
		const struct unprotect_case *c = &unprotect_cases[i];
		struct memory memory;

		start(&memory);
		poke(&memory, FLASH, 0x5a);
		options_preset_rdp(&memory.options, c->rdp);
		options_preset_write_protected(&memory.options, c->write_protected);
		cr_assert_eq(memory_start_unprotect(&memory, T0), MEMORY_OK);
		cr_expect_eq(finish(&memory), 16000 * MS + 400 * MS + 256, "%s", c->name);
		memory_reset(&memory, T0 + 20000 * MS);
		cr_expect_eq(byte_at(&memory, FLASH), 0xff, "%s", c->name);
		cr_expect_eq(options_level(&memory.options), OPTIONS_OPEN, "%s", c->name);
		cr_expect_eq(options_write_protected(&memory.options), c->write_protected, "%s",
			c->name);
		memory_done(&memory);
	}
}

Test(memory, read_unprotect_never_opens_a_chip_that_still_holds_data)
{
	static uint8_t old[2048]; /* zeros */

	for (uint32_t ms = 0; ms <= 16500; ms += 50) {
		struct memory memory;

		start(&memory);
		cr_assert_eq(memory_poke(&memory, FLASH, old, sizeof(old)), 0);
		options_preset_rdp(&memory.options, 0);
		cr_assert_eq(memory_start_unprotect(&memory, T0), MEMORY_OK);
		memory_power_lost(&memory, T0 + ms * MS);
		cr_expect(options_level(&memory.options) == OPTIONS_READ_PROTECTED ||
				  is_erased(&memory),
			"cut at %u ms", ms);
		memory_done(&memory);
	}
}

Test(memory, level_2_does_not_know_read_unprotect)
{
	struct memory memory;

	start_at_once(&memory);
	poke(&memory, FLASH, 0x5a);
	options_preset_rdp(&memory.options, 0xcc);
	cr_expect_eq(memory_start_unprotect(&memory, T0), MEMORY_PROTECTED);
	memory_reset(&memory, T0);
	cr_expect_eq(options_level(&memory.options), OPTIONS_SEALED);
	cr_expect_eq(byte_at(&memory, FLASH), 0x5a);
	memory_done(&memory);
}

Test(memory, otp_is_programmed_in_time_and_cannot_be_erased)
{
	struct memory memory;

	start(&memory);
	begin_write(&memory, OTP, (const uint8_t[]){0x12, 0x34}, 2);
	cr_expect_eq(byte_at(&memory, OTP), 0xff);
	cr_expect_eq(finish(&memory), 32);
	cr_expect_eq(byte_at(&memory, OTP), 0x12);
	cr_expect_eq(memory_start_erase(&memory, OTP, T0), MEMORY_BAD_ADDRESS);
	cr_assert_eq(memory_start_mass_erase(&memory, T0), MEMORY_OK);
	finish(&memory);
	cr_expect_eq(byte_at(&memory, OTP), 0x12);
	memory_done(&memory);
}

/* Power cuts: see memory_tear_test.c too. */

Test(memory, power_lost_after_the_end_finds_everything_done)
{
	struct memory memory;

	start(&memory);
	poke(&memory, FLASH, 0);
	begin_erase(&memory, FLASH);
	memory_power_lost(&memory, T0 + 400 * MS);
	cr_expect_eq(byte_at(&memory, FLASH), 0xff);
	memory_done(&memory);
}

Test(memory, an_operation_in_hand_is_dropped_with_the_memory)
{
	struct memory memory;

	start(&memory);
	begin_write(&memory, FLASH, (const uint8_t[]){0}, 1);
	memory_done(&memory);
	cr_expect_not(memory_busy(&memory));
}
