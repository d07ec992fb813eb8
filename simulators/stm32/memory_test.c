/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define FLASH   0x08000000u
#define OPTIONS 0x1fffc000u
#define OTP     0x1fff7800u
#define UID     0x1fff7a10u
#define FEATURE 0xffff0000u
#define RAM     0x20000000u

static const uint8_t uid[CHIP_UID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/* Typical times of the chip, unless percent is another. */
static void start(struct memory *memory, uint32_t percent)
{
	struct memory_config config = {
		.chip = chip_find("stm32f407xg"),
		.pace = {.percent = percent},
		.seed = 1,
	};

	config.rom = &config.chip->roms[0];
	memcpy(config.uid, uid, sizeof(uid));
	cr_assert_eq(memory_init(memory, &config), 0);
}

static uint8_t byte_at(const struct memory *memory, uint32_t addr)
{
	uint8_t byte = 0;

	cr_assert_eq(memory_peek(memory, addr, &byte, 1), 0, "%#x", addr);
	return byte;
}

static void poke(struct memory *memory, uint32_t addr, uint8_t byte)
{
	cr_assert_eq(memory_poke(memory, addr, &byte, 1), 0, "%#x", addr);
}

static void write_bytes(struct memory *memory, uint32_t addr, const uint8_t *data, size_t size)
{
	cr_assert_eq(memory_start_write(memory, addr, data, size, 0), MEMORY_OK, "%#x", addr);
}

/* Regions */

static const struct region_case {
	uint32_t addr;
	enum memory_region region;
} region_cases[] = {
	{0x00000000, MEMORY_NOWHERE},
	{0x07ffffff, MEMORY_NOWHERE},
	{0x08000000, MEMORY_FLASH},
	{0x080fffff, MEMORY_FLASH},
	{0x08100000, MEMORY_NOWHERE},
	{0x10000000, MEMORY_NOWHERE}, /* CCM */
	{0x1ffeffff, MEMORY_NOWHERE},
	{0x1fff0000, MEMORY_SYSTEM},
	{0x1fff77ff, MEMORY_SYSTEM},
	{0x1fff7800, MEMORY_OTP},
	{0x1fff7a0f, MEMORY_OTP},
	{0x1fff7a10, MEMORY_SIGNATURE},
	{0x1fff7a23, MEMORY_SIGNATURE},
	{0x1fff7a30, MEMORY_NOWHERE},
	{0x1fffbfff, MEMORY_NOWHERE},
	{0x1fffc000, MEMORY_OPTIONS},
	{0x1fffc00f, MEMORY_OPTIONS},
	{0x1fffc010, MEMORY_NOWHERE},
	{0x20000000, MEMORY_RAM},
	{0x2001ffff, MEMORY_RAM},
	{0x20020000, MEMORY_NOWHERE},
	{0x40023c00, MEMORY_NOWHERE}, /* flash registers */
	{0xfffeffff, MEMORY_NOWHERE},
	{0xffff0000, MEMORY_FEATURE},
	{0xffff0003, MEMORY_FEATURE},
	{0xffff0004, MEMORY_NOWHERE},
	{0xffffffff, MEMORY_NOWHERE},
};

Test(memory, an_address_lies_in_its_region)
{
	struct memory memory;

	start(&memory, 0);
	for (size_t i = 0; i < ARRAY_SIZE(region_cases); i++) {
		enum memory_region region = memory_region_at(&memory, region_cases[i].addr);

		cr_expect_eq(region, region_cases[i].region, "%#x: %s", region_cases[i].addr,
			memory_region_text(region));
	}
	memory_done(&memory);
}

#define OK  MEMORY_OK
#define BAD MEMORY_BAD_ADDRESS

static const struct check_case {
	const char *name;
	uint32_t addr;
	size_t size;
	enum memory_result read, write, erase;
} check_cases[] = {
	{"flash", 0x08000000, 2048, OK, OK, OK},
	{"flash, odd", 0x08000001, 3, OK, OK, OK},
	{"the last byte of flash", 0x080fffff, 1, OK, OK, OK},
	{"beyond the end of flash", 0x080fffff, 2, BAD, BAD, OK},
	{"behind flash", 0x08100000, 1, BAD, BAD, BAD},
	{"option bytes", 0x1fffc000, 16, OK, OK, BAD},
	{"some option bytes", 0x1fffc000, 4, OK, BAD, BAD},
	{"option bytes not from their start", 0x1fffc008, 8, BAD, BAD, BAD},
	{"too many option bytes", 0x1fffc000, 17, BAD, BAD, BAD},
	{"OTP with its locks", 0x1fff7800, 528, OK, OK, BAD},
	{"OTP and more", 0x1fff7800, 529, BAD, BAD, BAD},
	{"system memory", 0x1fff0000, 2048, OK, BAD, BAD},
	{"unique ID", 0x1fff7a10, 12, OK, BAD, BAD},
	{"device feature", 0xffff0000, 4, OK, OK, BAD},
	{"more than the device feature", 0xffff0000, 5, BAD, BAD, BAD},
	{"RAM", 0x20003000, 2048, OK, OK, BAD},
	{"the ROM's own RAM", 0x20002fff, 1, BAD, BAD, BAD},
	{"the end of RAM", 0x2001ffff, 2, BAD, BAD, BAD},
	{"a peripheral", 0x40023c00, 4, BAD, BAD, BAD},
	{"flash's address alone", 0x08000000, 0, OK, OK, OK},
	{"option bytes' address alone", 0x1fffc000, 0, OK, OK, BAD},
	{"an option byte's address alone", 0x1fffc001, 0, BAD, BAD, BAD},
	{"no memory's address alone", 0x30000000, 0, BAD, BAD, BAD},
	{"the top of the address space", 0xffffffff, 2, BAD, BAD, BAD},
};

Test(memory, the_rom_accepts_what_it_offers_and_nothing_else)
{
	struct memory memory;

	start(&memory, 0);
	for (size_t i = 0; i < ARRAY_SIZE(check_cases); i++) {
		const struct check_case *c = &check_cases[i];

		cr_expect_eq(memory_check(&memory, MEMORY_READ, c->addr, c->size), c->read,
			"read %s", c->name);
		cr_expect_eq(memory_check(&memory, MEMORY_WRITE, c->addr, c->size), c->write,
			"write %s", c->name);
		cr_expect_eq(memory_check(&memory, MEMORY_ERASE, c->addr, c->size), c->erase,
			"erase %s", c->name);
	}
	memory_done(&memory);
}

/* Reading */

Test(memory, a_refused_read_writes_nothing)
{
	uint8_t data[4] = {1, 2, 3, 4};
	struct memory memory;

	start(&memory, 0);
	poke(&memory, FLASH + 0xfffff, 0x77);
	cr_expect_eq(memory_read(&memory, FLASH + 0xfffff, data, 2), MEMORY_BAD_ADDRESS);
	options_preset_rdp(&memory.options, 0);
	cr_expect_eq(memory_read(&memory, FLASH + 0xfffff, data, 1), MEMORY_PROTECTED);
	cr_expect_arr_eq(data, ((const uint8_t[]){1, 2, 3, 4}), 4);
	memory_done(&memory);
}

Test(memory, the_unique_id_and_the_flash_size_are_at_their_addresses)
{
	uint8_t data[32];
	struct memory memory;

	start(&memory, 0);
	cr_assert_eq(memory_read(&memory, UID, data, sizeof(data)), MEMORY_OK);
	cr_expect_arr_eq(data, uid, sizeof(uid));
	cr_expect_eq(data[0x12], 0x00, "1024 KiB");
	cr_expect_eq(data[0x13], 0x04, "1024 KiB");
	cr_expect_eq(data[0x14], 0xff);
	cr_assert_eq(memory_read(&memory, UID + 11, data, 2), MEMORY_OK);
	cr_expect_eq(data[0], 12, "from its middle");
	cr_expect_eq(data[1], 0xff);
	memory_done(&memory);
}

Test(memory, the_bootloaders_version_follows_the_rom_revision)
{
	struct memory memory;

	start(&memory, 0);
	for (uint8_t i = 0; i < memory.config.chip->rom_count; i++) {
		uint8_t data[3];

		memory.config.rom = &memory.config.chip->roms[i];
		cr_assert_eq(memory_read(&memory, 0x1fff77dd, data, 3), MEMORY_OK);
		cr_expect_eq(data[0], 0xff);
		cr_expect_eq(data[1], memory.config.rom->bootloader_version);
		cr_expect_eq(data[2], 0xff);
	}
	memory_done(&memory);
}

Test(memory, ram_keeps_what_is_written_through_a_reset_and_loses_it_without_power)
{
	struct memory memory;

	start(&memory, 100);
	write_bytes(&memory, RAM + 0x3001, (const uint8_t[]){0x12, 0x34}, 2);
	cr_expect_not(memory_busy(&memory), "RAM takes no time");
	cr_expect_eq(byte_at(&memory, RAM + 0x3002), 0x34);
	memory_reset(&memory, 0);
	cr_expect_eq(byte_at(&memory, RAM + 0x3001), 0x12);
	memory_power_lost(&memory, 0);
	cr_expect_neq(byte_at(&memory, RAM + 0x3001), 0x12);
	memory_done(&memory);
}

Test(memory, the_second_channel_looks_past_the_protection)
{
	struct memory memory;
	uint8_t byte;

	start(&memory, 0);
	options_preset_rdp(&memory.options, 0);
	options_preset_write_protected(&memory.options, 0xfff);
	poke(&memory, FLASH, 0x55);
	poke(&memory, FLASH, 0xaa);
	cr_expect_eq(byte_at(&memory, FLASH), 0xaa);
	cr_expect_eq(byte_at(&memory, OPTIONS + 1), 0x00);
	cr_expect_eq(memory_peek(&memory, FLASH + 0x100000, &byte, 1), -EFAULT);
	cr_expect_eq(memory_peek(&memory, FEATURE, &byte, 1), -EFAULT);
	cr_expect_eq(memory_poke(&memory, OPTIONS, &byte, 1), -EFAULT);
	memory_done(&memory);
}

Test(memory, an_idle_chip_is_small)
{
	struct memory memory;

	start(&memory, 0);
	cr_expect_lt(memory_footprint(&memory), 4096);
	cr_expect_lt(sizeof(memory), 2048);
	memory_done(&memory);
}

Test(memory, a_whole_update_takes_as_much_as_the_flash_has_and_the_next_one_no_more)
{
	static uint8_t zeros[2048];
	struct memory memory;
	size_t idle;

	start(&memory, 0);
	idle = memory_footprint(&memory);
	for (size_t i = 0; i < 2; i++) {
		for (uint32_t offset = 0; offset < 0x100000; offset += sizeof(zeros))
			write_bytes(&memory, FLASH + offset, zeros, sizeof(zeros));
		cr_expect_eq(memory_footprint(&memory), idle + 0x100000);
		cr_assert_eq(memory_start_mass_erase(&memory, 0), MEMORY_OK);
	}
	memory_done(&memory);
}
