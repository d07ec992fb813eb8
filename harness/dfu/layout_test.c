/* SPDX-License-Identifier: MIT */
#include "harness/dfu/layout.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define KI 1024u
#define E  DFUSE_ERASABLE
#define G  (DFUSE_READABLE | DFUSE_ERASABLE | DFUSE_WRITABLE)
#define ER (DFUSE_READABLE | DFUSE_WRITABLE)

/* Strings of real ROMs, from public logs of dfu-util, lsusb and betaflight's configurator. In DfuSe's own
 * letters 'e' is readable and writable. */
static const struct good {
	const char *text;
	const char *name;
	struct dfuse_segment segments[7];
} good[] = {
	{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", "Internal Flash",
		{{0x08000000, 16 * KI, 4, G}, {0x08010000, 64 * KI, 1, G},
			{0x08020000, 128 * KI, 7, G}}},
	{"@Option Bytes  /0x1FFFC000/01*016 e", "Option Bytes", {{0x1fffc000, 16, 1, ER}}},
	{"@Option Bytes  /0x1FFFC000/01*016 g", "Option Bytes", {{0x1fffc000, 16, 1, G}}},
	{"@OTP Memory /0x1FFF7800/01*512 e,01*016 e", "OTP Memory",
		{{0x1fff7800, 512, 1, ER}, {0x1fff7a00, 16, 1, ER}}},
	{"@Device Feature/0xFFFF0000/01*004 e", "Device Feature", {{0xffff0000, 4, 1, ER}}},
	{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg", "Internal Flash",
		{{0x08000000, 16 * KI, 4, G}, {0x08010000, 64 * KI, 1, G},
			{0x08020000, 128 * KI, 3, G}}},
	{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,011*128Kg", "Internal Flash",
		{{0x08000000, 16 * KI, 4, G}, {0x08010000, 64 * KI, 1, G},
			{0x08020000, 128 * KI, 11, G}}},
	{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
		"Internal Flash",
		{{0x08000000, 16 * KI, 4, G}, {0x08010000, 64 * KI, 1, G},
			{0x08020000, 128 * KI, 7, G}, {0x08100000, 16 * KI, 4, G},
			{0x08110000, 64 * KI, 1, G}, {0x08120000, 128 * KI, 7, G}}},
	{"@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e", "Option Bytes",
		{{0x1fffc000, 16, 1, ER}, {0x1ffec000, 16, 1, ER}}},
	{"@OTP Memory /0x1FFF7800/01*512 e,01*016 e/0x1FFE7800/01*512 e,01*016 e", "OTP Memory",
		{{0x1fff7800, 512, 1, ER}, {0x1fff7a00, 16, 1, ER}, {0x1ffe7800, 512, 1, ER},
			{0x1ffe7a00, 16, 1, ER}}},
	{"@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg", "Internal Flash",
		{{0x08000000, 16 * KI, 4, G}, {0x08010000, 64 * KI, 1, G},
			{0x08020000, 128 * KI, 3, G}}},
	{"@Option Bytes  /0x1FFF0000/01*048 e", "Option Bytes", {{0x1fff0000, 48, 1, ER}}},
	{"@OTP Memory /0x1FF07800/01*528e", "OTP Memory", {{0x1ff07800, 528, 1, ER}}},
	{"@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg", "Internal Flash",
		{{0x08000000, 32 * KI, 4, G}, {0x08020000, 128 * KI, 1, G},
			{0x08040000, 256 * KI, 3, G}}},
	{"@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg", "Internal Flash",
		{{0x08000000, 32 * KI, 4, G}, {0x08020000, 128 * KI, 1, G},
			{0x08040000, 256 * KI, 7, G}}},
	{"@Internal Flash   /0x08000000/16*128Kg", "Internal Flash",
		{{0x08000000, 128 * KI, 16, G}}},
	{"@Option Bytes   /0x5200201C/01*128 e", "Option Bytes", {{0x5200201c, 128, 1, ER}}},
	{"@Internal Flash   /0x08000000/8*128Kg", "Internal Flash", {{0x08000000, 128 * KI, 8, G}}},
	{"@Option Bytes   /0x5200201C/01*88 e", "Option Bytes", {{0x5200201c, 88, 1, ER}}},
	{"@Internal Flash   /0x08000000/256*08Kg", "Internal Flash",
		{{0x08000000, 8 * KI, 256, G}}},
	{"@Option Bytes   /0x5200201C/01*297 e", "Option Bytes", {{0x5200201c, 297, 1, ER}}},
	{"@OTP Memory   /0x08FFF000/01*1024 e", "OTP Memory", {{0x08fff000, 1024, 1, ER}}},
	{"@Internal Flash  /0x08000000/64*02Kg", "Internal Flash", {{0x08000000, 2 * KI, 64, G}}},
	{"@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e", "Option Bytes",
		{{0x1fff7800, 48, 1, ER}, {0x1ffff800, 48, 1, ER}}},
	{"@Internal Flash  /0x08000000/0256*0002Kg", "Internal Flash",
		{{0x08000000, 2 * KI, 256, G}}},
	{"@Option Bytes  /0x1FFF7800/01*040 e", "Option Bytes", {{0x1fff7800, 40, 1, ER}}},
	{"@OTP Memory /0x1FFF7000/01*0001Ke", "OTP Memory", {{0x1fff7000, KI, 1, ER}}},
	{"@Internal Flash  /0x08000000/128*002Kg", "Internal Flash",
		{{0x08000000, 2 * KI, 128, G}}},
	{"@Option Bytes  /0x1FFFF800/01*016 g", "Option Bytes", {{0x1ffff800, 16, 1, G}}},
	{"@Internal Flash  /0x08000000/032*0001Kg", "Internal Flash", {{0x08000000, KI, 32, G}}},
	{"@Internal Flash /0x08000000/64*08Kg", "Internal Flash", {{0x08000000, 8 * KI, 64, G}}},
	/* Not from a ROM: the letters of the document. */
	{"@B/0x0/1*1Ba,1*1Bb,1*1Bc,1*1Bd", "B",
		{{0, 1, 1, DFUSE_READABLE}, {1, 1, 1, E}, {2, 1, 1, DFUSE_READABLE | E},
			{3, 1, 1, DFUSE_WRITABLE}}},
	{"@Top/0xFFF00000/1*1Mg", "Top", {{0xfff00000, 1024 * KI, 1, G}}},
	{"@Blanks behind  /0x08000000/1*1Kg  ", "Blanks behind", {{0x08000000, KI, 1, G}}},
};

Test(layout, reads_the_strings_of_real_roms)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct good *row = &good[i];
		struct dfuse_layout layout;
		struct why why = {""};
		size_t count = 0;

		while (count < ARRAY_SIZE(row->segments) && row->segments[count].count)
			count++;
		cr_assert_eq(dfuse_layout_parse(row->text, &layout, &why), 0, "%s", why.text);
		cr_expect_str_eq(layout.name, row->name, "%s", row->text);
		cr_assert_eq(layout.count, count, "%s", row->text);
		for (size_t j = 0; j < count; j++) {
			const struct dfuse_segment *got = &layout.segments[j];

			cr_expect_eq(got->addr, row->segments[j].addr, "%s, %zu", row->text, j);
			cr_expect_eq(got->sector_size, row->segments[j].sector_size, "%s, %zu",
				row->text, j);
			cr_expect_eq(got->count, row->segments[j].count, "%s, %zu", row->text, j);
			cr_expect_eq(got->access, row->segments[j].access, "%s, %zu", row->text, j);
		}
	}
}

Test(layout, refuses_damaged_strings_and_names_the_place)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{"", "'@' expected at character 1"},
		{"Internal Flash", "'@' expected at character 1"},
		{"@Internal Flash", "'/' expected at character 16"},
		{"@F/", "an address"},
		{"@F/0x", "a hexadecimal address"},
		{"@F/0x08000000", "'/' expected at character 14"},
		{"@F/0x08000000/", "a count of sectors"},
		{"@F/0x108000000/1*1Kg", "32 bits"},
		{"@F/0x08000000/1", "'*' expected"},
		{"@F/0x08000000/1*", "a sector size"},
		{"@F/0x08000000/1*1", "a type letter"},
		{"@F/0x08000000/1*1K", "a type letter"},
		{"@F/0x08000000/1*1Kh", "a type letter"},
		{"@F/0x08000000/1*1KG", "a type letter"},
		{"@F/0x08000000/1*1  e", "a type letter"},
		{"@F/0x08000000/0*1Kg", "not empty"},
		{"@F/0x08000000/1*0Kg", "not empty"},
		{"@F/0x08000000/-1*1Kg", "a count of sectors"},
		{"@F/0x08000000/1*1Kg,", "a count of sectors"},
		{"@F/0x08000000/1*1Kgx", "',' or '/'"},
		{"@F/0x08000000/1*1Kg/", "an address"},
		{"@F/0xFFFFFC00/1*1Kg,1*1Kg", "4 GiB"},
		{"@F/0x80000000/4294967295*4095Mg", "4 GiB"},
		{"@F/0x00000000/1*4096Mg", "4 GiB"},
		{"@F/0x0/99999999999999999999*1Kg", "32 bits"},
		{"@0123456789012345678901234567890123456789012345678901234567890123/0x0/1*1Kg",
			"the end of the name"},
		{"@F/0x0/1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,"
		 "1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,"
		 "1*1a,1*1a,1*1a",
			"more than 32 parts"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dfuse_layout layout;
		struct why why = {""};

		cr_expect_lt(
			dfuse_layout_parse(rows[i].text, &layout, &why), 0, "%s", rows[i].text);
		cr_expect_not_null(strstr(why.text, rows[i].says), "%s", why.text);
		cr_expect_lt(dfuse_layout_parse(rows[i].text, &layout, NULL), 0);
	}
}

static struct dfuse_layout f405(void)
{
	struct dfuse_layout layout;

	cr_assert_eq(dfuse_layout_parse(good[0].text, &layout, NULL), 0);
	return layout;
}

Test(layout, finds_the_sector_that_holds_an_address)
{
	static const struct {
		uint32_t addr;
		uint32_t sector, size; /* size 0 = none */
	} rows[] = {
		{0x07ffffff, 0, 0},
		{0x08000000, 0x08000000, 16 * KI},
		{0x08003fff, 0x08000000, 16 * KI},
		{0x08004000, 0x08004000, 16 * KI},
		{0x0800ffff, 0x0800c000, 16 * KI},
		{0x08010000, 0x08010000, 64 * KI},
		{0x0801ffff, 0x08010000, 64 * KI},
		{0x08020000, 0x08020000, 128 * KI},
		{0x080fffff, 0x080e0000, 128 * KI},
		{0x08100000, 0, 0},
	};
	struct dfuse_layout layout = f405();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dfuse_sector sector = {0};

		cr_expect_eq(dfuse_layout_find(&layout, rows[i].addr, &sector), rows[i].size != 0,
			"%#x", rows[i].addr);
		cr_expect_eq(sector.addr, rows[i].sector, "%#x", rows[i].addr);
		cr_expect_eq(sector.size, rows[i].size, "%#x", rows[i].addr);
	}
}

Test(layout, covers_only_ranges_without_a_gap_and_with_all_the_rights)
{
	struct dfuse_layout layout = f405();
	struct dfuse_layout mixed;

	cr_expect(dfuse_layout_covers(&layout, 0x08000000, 1024 * KI, G));
	cr_expect_not(dfuse_layout_covers(&layout, 0x08000000, 1024 * KI + 1, G));
	cr_expect(dfuse_layout_covers(&layout, 0x080fffff, 0, DFUSE_READABLE));
	cr_expect_not(dfuse_layout_covers(&layout, 0x08100000, 0, DFUSE_READABLE));
	cr_assert_eq(dfuse_layout_parse("@M/0x100/1*256a,1*256g/0x400/1*256g", &mixed, NULL), 0);
	cr_expect(dfuse_layout_covers(&mixed, 0x1ff, 2, DFUSE_READABLE));
	cr_expect_not(dfuse_layout_covers(&mixed, 0x1ff, 2, DFUSE_WRITABLE));
	cr_expect_not(dfuse_layout_covers(&mixed, 0x2ff, 0x102, DFUSE_READABLE));
}

Test(layout, a_range_up_to_the_top_of_the_address_space_does_not_wrap)
{
	struct dfuse_layout layout;

	cr_assert_eq(dfuse_layout_parse("@T/0xFFFF0000/1*64Kg", &layout, NULL), 0);
	cr_expect(dfuse_layout_covers(&layout, 0xffff0000, 0x10000, G));
	cr_expect_not(dfuse_layout_covers(&layout, 0xffff0000, 0x10001, G));
	cr_expect_eq(dfuse_segment_end(&layout.segments[0]), UINT64_C(1) << 32);
}
