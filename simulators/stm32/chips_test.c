/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/chip.h"

#include "harness/base/why.h"
#include "harness/dfu/layout.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct chip *f407(void)
{
	return chip_find("stm32f407xg");
}

Test(chips, are_found_by_either_name)
{
	cr_assert_not_null(f407());
	cr_expect_eq(chip_find("stm32f405xg"), f407());
	cr_expect_null(chip_find("stm32f405"));
	cr_expect_null(chip_find(""));
}

Test(chips, know_their_rom_revisions_by_bcd_device)
{
	cr_assert_not_null(chip_find_rom(f407(), 0x2200));
	char text[32];

	cr_assert_not_null(chip_find_rom(f407(), 0x2100));
	cr_expect_str_eq(chip_roms_text(f407(), text, sizeof(text)), "0x2200, 0x2100");
	cr_expect_str_eq(chip_roms_text(f407(), text, 9), "0x2200, ", "cut");
	cr_expect_eq(chip_find_rom(f407(), 0x2200), &f407()->roms[0], "the newest is first");
	cr_expect_null(chip_find_rom(f407(), 0x2000));
}

Test(chips, the_newer_rom_has_e_where_the_older_one_has_g)
{
	const struct chip_rom *newer = chip_find_rom(f407(), 0x2200);
	const struct chip_rom *older = chip_find_rom(f407(), 0x2100);

	cr_expect_str_eq(newer->alts[0], "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
	cr_expect_str_eq(newer->alts[1], "@Option Bytes  /0x1FFFC000/01*016 e");
	cr_expect_str_eq(newer->alts[2], "@OTP Memory /0x1FFF7800/01*512 e,01*016 e");
	cr_expect_str_eq(newer->alts[3], "@Device Feature/0xFFFF0000/01*004 e");
	cr_expect_str_eq(older->alts[0], newer->alts[0]);
	cr_expect_str_eq(older->alts[1], "@Option Bytes  /0x1FFFC000/01*016 g");
	cr_expect_str_eq(older->alts[2], "@OTP Memory /0x1FFF7800/01*512 g,01*016 g");
	cr_expect_str_eq(older->alts[3], "@Device Feature/0xFFFF0000/01*004 g");
}

/* Every row must agree with itself: what the ROM says of the flash is the flash. */
Test(chips, the_layout_string_names_the_sectors_that_there_are)
{
	for (size_t i = 0; i < chip_count; i++) {
		const struct chip_flash *flash = &chips[i].flash;
		struct dfuse_layout layout;
		struct dfuse_sector told;
		struct chip_sector sector;
		struct why why = {0};
		uint32_t addr = flash->range.addr;

		cr_assert_eq(dfuse_layout_parse(chips[i].roms[0].alts[0], &layout, &why), 0, "%s",
			why_text(&why));
		for (uint16_t n = 0; n < flash->sector_count; n++, addr += sector.size) {
			cr_assert(chip_sector_at(flash, addr, &sector), "%s: %#x", chips[i].name,
				addr);
			cr_assert(dfuse_layout_find(&layout, addr, &told));
			cr_expect_eq(sector.index, n);
			cr_expect_eq(sector.addr, told.addr);
			cr_expect_eq(sector.size, told.size);
		}
		cr_expect_eq(addr, flash->range.addr + flash->range.size, "%s", chips[i].name);
	}
}

Test(chips, every_row_has_a_time_for_every_sector_at_the_width_its_rom_starts_with)
{
	for (size_t i = 0; i < chip_count; i++) {
		const struct chip_flash *flash = &chips[i].flash;
		enum chip_width width = chips[i].dfu.width;

		cr_expect_gt(flash->program[width].typ_us, 0);
		cr_expect_gt(flash->mass_erase[width].typ_us, 0);
		for (uint8_t s = 0; s < flash->segment_count; s++) {
			bool found = false;

			for (uint8_t e = 0; e < flash->erase_count; e++)
				found |= flash->erase[e].sector_size == flash->segments[s].size &&
					 flash->erase[e].time[width].typ_us > 0;
			cr_expect(found, "%s: segment %u", chips[i].name, s);
		}
	}
}

Test(chips, every_group_of_facts_names_its_source)
{
	for (size_t i = 0; i < chip_count; i++) {
		struct chip_fact facts[CHIP_FACT_MAX];
		size_t count = chip_facts(&chips[i], facts);

		cr_expect_eq(count, 10 + (chips[i].options.dual ? 1 : 0) + 2u * chips[i].rom_count);
		for (size_t f = 0; f < count; f++)
			cr_expect(facts[f].source->text && *facts[f].source->text, "%s: %s",
				chips[i].name, facts[f].about);
	}
}

static const struct sector_case {
	uint32_t addr;
	int index; /* -1 = outside */
	uint32_t start, size;
} sector_cases[] = {
	{0x07ffffff, -1, 0, 0},
	{0x08000000, 0, 0x08000000, 0x4000},
	{0x08003fff, 0, 0x08000000, 0x4000},
	{0x08004000, 1, 0x08004000, 0x4000},
	{0x0800ffff, 3, 0x0800c000, 0x4000},
	{0x08010000, 4, 0x08010000, 0x10000},
	{0x0801ffff, 4, 0x08010000, 0x10000},
	{0x08020000, 5, 0x08020000, 0x20000},
	{0x080e0001, 11, 0x080e0000, 0x20000},
	{0x080fffff, 11, 0x080e0000, 0x20000},
	{0x08100000, -1, 0, 0},
	{0xffffffff, -1, 0, 0},
	{0x00000000, -1, 0, 0},
};

Test(chips, an_address_lies_in_its_sector)
{
	for (size_t i = 0; i < ARRAY_SIZE(sector_cases); i++) {
		const struct sector_case *c = &sector_cases[i];
		struct chip_sector sector = {0};
		bool found = chip_sector_at(&f407()->flash, c->addr, &sector);

		cr_expect_eq(found, c->index >= 0, "%#x", c->addr);
		cr_expect_eq(sector.index, c->index < 0 ? 0 : c->index, "%#x", c->addr);
		cr_expect_eq(sector.addr, c->start, "%#x", c->addr);
		cr_expect_eq(sector.size, c->size, "%#x", c->addr);
	}
}

Test(chips, a_range_holds_accesses_up_to_its_end_and_not_around_the_top_of_the_address_space)
{
	const struct chip_range range = {.addr = 0xfffffff0, .size = 16};

	cr_expect(chip_range_holds(&range, 0xfffffff0, 16));
	cr_expect(chip_range_holds(&range, 0xffffffff, 1));
	cr_expect(chip_range_holds(&range, 0xffffffff, 0));
	cr_expect_not(chip_range_holds(&range, 0xffffffff, 2));
	cr_expect_not(chip_range_holds(&range, 0x00000000, 1));
	cr_expect_not(chip_range_holds(&range, 0xffffffef, 1));
	cr_expect_not(chip_range_holds(&range, 0xfffffff0, SIZE_MAX));
}

/* Computed by hand: u0 .. u5 are the little-endian half-words, the text is u1+u5, u0+u4 (+0x0A), u3. */
static const struct serial_case {
	const char *name;
	enum chip_serial_rule rule;
	uint8_t uid[CHIP_UID_SIZE];
	const char *serial;
} serial_cases[] = {
	/* 002B+3237, 0031+3938+000A, 3134 */
	{"F4", CHIP_SERIAL_UID_PLUS_10,
		{0x31, 0x00, 0x2b, 0x00, 0x03, 0x51, 0x34, 0x31, 0x38, 0x39, 0x37, 0x32},
		"326239733134"},
	{"H7, the same UID", CHIP_SERIAL_UID,
		{0x31, 0x00, 0x2b, 0x00, 0x03, 0x51, 0x34, 0x31, 0x38, 0x39, 0x37, 0x32},
		"326239693134"},
	{"nothing but zeros", CHIP_SERIAL_UID_PLUS_10, {0}, "0000000A0000"},
	/* FFFF+FFFF = 1FFFE, FFFF+FFFF+000A = 20008 */
	{"sums that wrap", CHIP_SERIAL_UID_PLUS_10,
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"FFFE0008FFFF"},
	/* 00FF+0001: the carry goes from one byte into the next */
	{"a carry between bytes", CHIP_SERIAL_UID,
		{0, 0, 0xff, 0x00, 0, 0, 0xcd, 0xab, 0, 0, 0x01, 0x00}, "01000000ABCD"},
	{"a constant", CHIP_SERIAL_CONSTANT, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		"STM32FxSTM32"},
};

Test(chips, the_serial_number_is_made_of_the_unique_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(serial_cases); i++) {
		const struct serial_case *c = &serial_cases[i];
		struct chip_rom rom = {.serial_rule = c->rule, .serial = "STM32FxSTM32"};
		char text[CHIP_SERIAL_ROOM];

		chip_serial(&rom, c->uid, text);
		cr_expect_str_eq(text, c->serial, "%s: %s", c->name, text);
	}
}
