/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/options.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SIZE 16

static struct options fresh(void)
{
	struct options options;

	options_init(&options, &chip_find("stm32f407xg")->options);
	return options;
}

static struct options with_rdp(uint8_t rdp)
{
	struct options options = fresh();

	options_preset_rdp(&options, rdp);
	return options;
}

Test(options, a_new_chip_is_open_and_nothing_is_write_protected)
{
	struct options options = fresh();

	cr_expect_eq(options_level(&options), OPTIONS_OPEN);
	cr_expect_eq(options_write_protected(&options), 0);
	cr_expect_eq(options.stored[1], 0xaa);
}

static const struct level_case {
	uint8_t rdp;
	enum options_level level;
} level_cases[] = {
	{0xaa, OPTIONS_OPEN},
	{0xcc, OPTIONS_SEALED},
	{0xff, OPTIONS_READ_PROTECTED},
	{0x00, OPTIONS_READ_PROTECTED},
	{0xab, OPTIONS_READ_PROTECTED},
	{0x55, OPTIONS_READ_PROTECTED},
	{0x33, OPTIONS_READ_PROTECTED},
};

Test(options, every_rdp_byte_but_two_is_level_1)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_cases); i++) {
		struct options options = with_rdp(level_cases[i].rdp);

		cr_expect_eq(
			options_level(&options), level_cases[i].level, "%#x", level_cases[i].rdp);
	}
}

Test(options, a_change_is_in_force_only_after_reset)
{
	uint8_t image[SIZE];
	struct options options = fresh();

	memcpy(image, options.stored, SIZE);
	image[1] = 0x00;
	image[8] = 0xfe;
	options_erase(&options);
	options_program(&options, image);
	cr_expect_eq(options_level(&options), OPTIONS_OPEN);
	cr_expect_eq(options_write_protected(&options), 0);
	options_load(&options);
	cr_expect_eq(options_level(&options), OPTIONS_READ_PROTECTED);
	cr_expect_eq(options_write_protected(&options), 1);
}

Test(options, erased_option_bytes_are_level_1_after_reset)
{
	struct options options = fresh();

	options_erase(&options);
	options_load(&options);
	cr_expect_eq(options_level(&options), OPTIONS_READ_PROTECTED);
	cr_expect_eq(options_write_protected(&options), 0);
}

Test(options, reserved_bits_keep_their_value)
{
	uint8_t zeros[SIZE] = {0}, expected[SIZE];
	struct options options = fresh();

	memset(expected, 0xff, SIZE);
	expected[0] = 0xef & ~0xec; /* nRST_STDBY, nRST_STOP, WDG_SW, BOR_LEV */
	expected[1] = 0x00;         /* RDP */
	expected[8] = 0x00;         /* nWRP 7..0 */
	expected[9] = 0xf0;         /* nWRP 11..8 */
	options_erase(&options);
	options_program(&options, zeros);
	cr_expect_arr_eq(options.stored, expected, SIZE);
}

Test(options, programming_without_an_erase_ands)
{
	uint8_t image[SIZE];
	struct options options = fresh();

	memset(image, 0xff, SIZE);
	options_program(&options, image);
	cr_expect_eq(options.stored[1], 0xaa, "RDP stays at 0xAA AND 0xFF");
}

Test(options, level_2_is_for_ever)
{
	uint8_t image[SIZE], before[SIZE];
	struct options options = with_rdp(0xcc);

	memcpy(before, options.stored, SIZE);
	memset(image, 0xff, SIZE);
	image[1] = 0xaa;
	options_erase(&options);
	options_program(&options, image);
	options_load(&options);
	cr_expect_eq(options_level(&options), OPTIONS_SEALED);
	cr_expect_arr_eq(options.stored, before, SIZE);
}

Test(options, level_0_to_1_to_2_is_possible)
{
	const uint8_t way[] = {0x00, 0xcc};
	const enum options_level level[] = {OPTIONS_READ_PROTECTED, OPTIONS_SEALED};
	struct options options = fresh();

	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		uint8_t image[SIZE];

		memcpy(image, options.loaded, SIZE);
		image[1] = way[i];
		options_erase(&options);
		options_program(&options, image);
		options_load(&options);
		cr_expect_eq(options_level(&options), level[i]);
	}
}

Test(options, a_clear_bit_of_nwrp_protects_its_sector)
{
	struct options options = fresh();

	options_preset_write_protected(&options, 1u << 3 | 1u << 11);
	cr_expect_eq(options_write_protected(&options), 1u << 3 | 1u << 11);
	cr_expect_eq(options.stored[8], 0xf7);
	cr_expect_eq(options.stored[9], 0xf7);
	options_preset_write_protected(&options, 1u << 12 | 1u << 0);
	cr_expect_eq(options_write_protected(&options), 1u << 0, "there is no sector 12");
	cr_expect_eq(options.stored[9], 0xff);
}

static const struct named_case {
	const char *chip, *name;
	uint32_t value;
	int result;
	uint8_t offset;
	uint8_t bytes[2]; /* there, afterwards */
} named_cases[] = {
	{"stm32f407xg", "rdp", 0x55, 0, 1, {0x55, 0xff}},
	{"stm32f407xg", "BOR-LEV", 1, 0, 0, {0xe7, 0xaa}},
	{"stm32f407xg", "nwrp", 0x7fe, 0, 8, {0xfe, 0xf7}},
	{"stm32f407xg", "nwrp", 0x1000, -ERANGE, 8, {0xff, 0xff}},
	{"stm32f407xg", "ndbank", 0, -ENOENT, 8, {0xff, 0xff}},
	{"stm32f407xg", "rd", 0, -ENOENT, 0, {0xef, 0xaa}},
	{"stm32f407xg", "rdpp", 0, -ENOENT, 0, {0xef, 0xaa}},
	{"stm32f767xi", "nDBANK", 0, 0, 9, {0xdf, 0x00}},
	{"stm32f767xi", "ndbank", 0, 0, 11, {0x20, 0xff}}, /* its complement */
	{"stm32f767xi", "boot-add0", 0x2000, 0, 16, {0x00, 0x20}},
	{"stm32f767xi", "BOOT_ADD1", 0xffff, 0, 24, {0xff, 0xff}},
};

Test(options, are_preset_and_read_by_the_names_that_st_gives_them)
{
	for (size_t i = 0; i < ARRAY_SIZE(named_cases); i++) {
		const struct named_case *c = &named_cases[i];
		struct options options;
		uint32_t value = 0;

		options_init(&options, &chip_find(c->chip)->options);
		cr_expect_eq(options_preset(&options, c->name, c->value), c->result, "row %zu", i);
		cr_expect_eq(options.stored[c->offset], c->bytes[0], "row %zu", i);
		cr_expect_eq(options.loaded[c->offset + 1], c->bytes[1], "row %zu", i);
		if (c->result == 0)
			cr_expect_eq(options_value(&options, c->name, &value), 0);
		if (c->result == 0)
			cr_expect_eq(value, c->value, "row %zu: %#x", i, value);
	}
}
