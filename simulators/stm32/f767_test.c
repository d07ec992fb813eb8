/* SPDX-License-Identifier: MIT */
/* What the STM32F767 has that the F407 has not: two organisations of its flash, and boot addresses in its option bytes. */
#include "simulators/stm32/conformance_rig_test.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <string.h>

#define F7_OPTIONS  0x1fff0000u
#define NDBANK_BYTE 9
#define NDBANK_BIT  0x20
#define BOOT_ADD0   16
#define BOOT_ADD1   24
#define SECOND_BANK 0x08100000u

/* SP = end of RAM, PC = 0x08000004, Thumb. */
static const uint8_t vectors[8] = {0x00, 0x00, 0x08, 0x20, 0x05, 0x00, 0x00, 0x08};

static struct stm32_board_config f767(const char *chip)
{
	return (struct stm32_board_config){
		.name = "board",
		.chip = chip,
		.uid = {0x38, 0x00, 0x30, 0x00, 0x03, 0x51, 0x4b, 0x46, 0x35, 0x30, 0x36, 0x20},
		.pace = ROM_PACE_FAST,
		.flash = vectors,
		.flash_size = sizeof(vectors),
	};
}

static void set_two_banks(struct rig *rig)
{
	uint8_t byte = rig->memory->options.loaded[NDBANK_BYTE];

	options_preset_byte(&rig->memory->options, NDBANK_BYTE, byte & (uint8_t)~NDBANK_BIT);
}

static void set_boot_address(struct rig *rig, uint8_t offset, uint16_t value)
{
	options_preset_byte(&rig->memory->options, offset, (uint8_t)value);
	options_preset_byte(&rig->memory->options, offset + 1, (uint8_t)(value >> 8));
}

static void power_up(struct rig *rig, bool boot0)
{
	rig_pin(rig, BOARD_POWER, false);
	rig_pin(rig, BOARD_BOOT0, boot0);
	rig_pin(rig, BOARD_POWER, true);
	rig_wait_ms(rig, 1000);
}

static enum board_mode mode(const struct rig *rig)
{
	return rig->board->ops->mode(rig->board);
}

/* In DFU, dfuIDLE. */
static void start_dfu(struct rig *rig)
{
	power_up(rig, true);
	rig_open(rig);
	cr_assert_eq(rig_clrstatus(rig), 0);
}

/* --- what it shows --- */

static void expect_string(struct rig *rig, uint8_t index, const char *expected)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN,
		.bRequest = USB_GET_DESCRIPTOR,
		.wValue = (uint16_t)(USB_DESC_STRING << 8 | index),
		.wIndex = 0x0409,
		.wLength = 255,
	};
	uint8_t bytes[255];
	char text[128] = "";
	int n = rig_control(rig, setup, bytes);

	cr_assert_gt(n, 2);
	for (int i = 2; i < n; i += 2)
		text[i / 2 - 1] = (char)bytes[i];
	cr_expect_str_eq(text, expected);
}

static const struct string_case {
	const char *chip;
	bool two_banks;
	const char *flash;
} string_cases[] = {
	{"stm32f767xi", false, "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg"},
	{"stm32f767xg", false, "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg"},
	{"stm32f767xi", true,
		"@Internal Flash  "
		"/0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg"},
	{"stm32f767xg", true,
		"@Internal Flash  "
		"/0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg"},
};

Test(f767, its_flash_string_follows_the_banks_and_not_the_size)
{
	for (size_t i = 0; i < ARRAY_SIZE(string_cases); i++) {
		struct stm32_board_config config = f767(string_cases[i].chip);
		struct rig rig;

		rig_new(&rig, &config);
		if (string_cases[i].two_banks)
			set_two_banks(&rig);
		start_dfu(&rig);
		expect_string(&rig, 2, "STM32  BOOTLOADER");
		expect_string(&rig, 3, "20663077464B");
		expect_string(&rig, 4, string_cases[i].flash);
		rig_stop(&rig);
	}
}

Test(f767, begins_in_the_error_that_its_kind_begins_in)
{
	struct stm32_board_config config = f767("stm32f767xi");
	struct rig rig;

	rig_new(&rig, &config);
	power_up(&rig, true);
	rig_open(&rig);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "fresh");
	rig_stop(&rig);
}

Test(f767, shows_its_option_bytes_with_complements)
{
	static const uint8_t shipped[32] = {0xff, 0xaa, 0x00, 0x55, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x80, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff,
		0xff, 0x40, 0x00, 0xbf, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct stm32_board_config config = f767("stm32f767xi");
	uint8_t bytes[32];
	struct rig rig;

	rig_new(&rig, &config);
	start_dfu(&rig);
	rig_read(&rig, F7_OPTIONS, bytes, sizeof(bytes));
	cr_expect_arr_eq(bytes, shipped, sizeof(shipped));
	rig_stop(&rig);
}

/* --- sectors --- */

static bool is_erased(struct rig *rig, uint32_t addr)
{
	uint8_t byte;

	rig_peek(rig, addr, &byte, 1);
	return byte == 0xff;
}

/* A byte in each of the first four 16 KiB, in the fifth, and in the second bank. */
static const uint32_t places[] = {0x08000100, 0x08004000, 0x08008000, 0x0800c000, 0x08010000,
	0x08018000, 0x08020000, 0x08040000, 0x08060000, 0x08080000, 0x080a0000, SECOND_BANK};

static const struct erase_case {
	const char *chip;
	bool two_banks;
	uint32_t addr;
	uint32_t places; /* bit i: places[i] is erased by it */
} erase_cases[] = {
	{"stm32f767xi", false, 0x08000000, 1u << 0 | 1u << 1},
	{"stm32f767xi", false, 0x0800c000, 1u << 2 | 1u << 3},
	{"stm32f767xi", false, 0x08010000, 1u << 4},
	{"stm32f767xi", false, 0x08040000, 1u << 7 | 1u << 8},
	{"stm32f767xi", false, 0x08080000, 1u << 9 | 1u << 10},
	{"stm32f767xi", false, SECOND_BANK, 1u << 11},
	{"stm32f767xi", true, 0x08000000, 1u << 0},
	{"stm32f767xi", true, 0x08004000, 1u << 1},
	{"stm32f767xi", true, 0x08010000, 1u << 4 | 1u << 5},
	{"stm32f767xi", true, 0x08080000, 1u << 9},
	{"stm32f767xi", true, SECOND_BANK, 0},
	{"stm32f767xg", false, 0x08080000, 1u << 9 | 1u << 10},
	{"stm32f767xg", true, 0x08060000, 1u << 8},
	{"stm32f767xg", true, 0x08080000, 0},
};

Test(f767, erases_the_sectors_of_its_banks_and_none_of_the_second)
{
	for (size_t i = 0; i < ARRAY_SIZE(erase_cases); i++) {
		const struct erase_case *c = &erase_cases[i];
		struct stm32_board_config config = f767(c->chip);
		static const uint8_t zero;
		uint32_t erased = 0;
		struct rig rig;

		rig_new(&rig, &config);
		if (c->two_banks)
			set_two_banks(&rig);
		start_dfu(&rig);
		for (size_t k = 0; k < ARRAY_SIZE(places); k++)
			if (places[k] - FLASH < rig.board->flash_size)
				rig_poke(&rig, places[k], &zero, 1);
		rig_erase(&rig, c->addr);
		for (size_t k = 0; k < ARRAY_SIZE(places); k++)
			if (places[k] - FLASH < rig.board->flash_size && is_erased(&rig, places[k]))
				erased |= 1u << k;
		cr_expect_eq(erased, c->places, "%s %d %#x: %#x", c->chip, c->two_banks, c->addr,
			erased);
		rig_stop(&rig);
	}
}

/* "File byte is 0x61. Read byte is 0x00." [rusEFI issue 3232] */
Test(f767, with_1_mib_in_two_banks_what_lies_from_0x08080000_on_is_mixed_with_what_was_there)
{
	struct stm32_board_config config = f767("stm32f767xg");
	const uint8_t before = 0x9e, after = 0x61;
	uint8_t byte;
	struct rig rig;

	rig_new(&rig, &config);
	set_two_banks(&rig);
	start_dfu(&rig);
	rig_poke(&rig, 0x08060000, &before, 1);
	rig_poke(&rig, 0x08080000, &before, 1);
	rig_erase(&rig, 0x08060000);
	rig_erase(&rig, 0x08080000);
	rig_program(&rig, 0x08060000, &after, 1);
	rig_program(&rig, 0x08080000, &after, 1);
	rig_peek(&rig, 0x08060000, &byte, 1);
	cr_expect_eq(byte, 0x61);
	rig_peek(&rig, 0x08080000, &byte, 1);
	cr_expect_eq(byte, 0x00);
	rig_stop(&rig);
}

Test(f767, a_mass_erase_erases_both_banks)
{
	const uint8_t mass = DFUSE_ERASE, zero = 0;
	struct stm32_board_config config = f767("stm32f767xi");
	struct rig rig;

	rig_new(&rig, &config);
	set_two_banks(&rig);
	start_dfu(&rig);
	rig_poke(&rig, SECOND_BANK, &zero, 1);
	rig_run_or_fail(&rig, 0, &mass, 1);
	cr_expect(is_erased(&rig, SECOND_BANK));
	cr_expect(is_erased(&rig, FLASH));
	rig_stop(&rig);
}

static const struct wrp_case {
	const char *chip;
	bool two_banks;
	uint32_t nwrp, sectors;
} wrp_cases[] = {
	{"stm32f767xi", false, 0xffe, 1},
	{"stm32f767xi", false, 0x7ff, 1u << 11},
	{"stm32f767xi", true, 0xffe, 3},
	{"stm32f767xi", true, 0xfbf, 3u << 12},
	{"stm32f767xi", true, 0x7ff, 3u << 22},
	{"stm32f767xg", true, 0xff7, 3u << 6},
	{"stm32f767xg", true, 0xfcf, 0},
	{"stm32f767xg", true, 0xfbf, 3u << 8},
};

Test(f767, a_bit_of_nwrp_is_two_sectors_in_two_banks)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrp_cases); i++) {
		const struct wrp_case *c = &wrp_cases[i];
		struct options options;

		options_init(&options, &chip_find(c->chip)->options);
		cr_assert_eq(options_preset(&options, "nDBANK", c->two_banks ? 0 : 1), 0);
		cr_assert_eq(options_preset(&options, "nWRP", c->nwrp), 0);
		cr_expect_eq(options_write_protected(&options), c->sectors, "row %zu", i);
		options_preset_write_protected(&options, c->sectors);
		cr_expect_eq(options_write_protected(&options), c->sectors, "row %zu, preset", i);
	}
}

/* --- changing the banks --- */

/* Writes one byte of the option bytes as a host does, from dfuIDLE, and lets the board reset. */
static void write_option(struct rig *rig, uint8_t offset, uint8_t value)
{
	uint8_t bytes[32];

	memcpy(bytes, rig->memory->options.loaded, sizeof(bytes));
	bytes[offset] = value;
	rig_set_address(rig, F7_OPTIONS);
	cr_assert_eq(rig_dnload(rig, 2, bytes, sizeof(bytes)), sizeof(bytes));
	rig_getstatus(rig);
	rig_close(rig);
	rig_wait_ms(rig, 1000);
}

Test(f767, a_change_of_ndbank_is_in_force_after_reset_and_mixes_the_flash_up)
{
	struct stm32_board_config config = f767("stm32f767xi");
	uint8_t image[4096], back[4096];
	struct rig rig;

	rig_pattern(image, sizeof(image), 1);
	rig_new(&rig, &config);
	rig_poke(&rig, 0x08040000, image, sizeof(image));
	start_dfu(&rig);
	write_option(&rig, NDBANK_BYTE, 0xdf);
	cr_expect_eq(rig.memory->flash.chip->sector_count, 24);
	cr_expect_eq(rig.memory->options.loaded[NDBANK_BYTE + 2], 0x20, "its complement");
	rig_peek(&rig, 0x08040000, back, sizeof(back));
	cr_expect_arr_neq(back, image, sizeof(image));
	rig_peek(&rig, 0x08020000, back, sizeof(back));
	cr_expect_arr_eq(back, image, 16, "half of it in the first bank");
	rig_peek(&rig, SECOND_BANK + 0x20000, back, sizeof(back));
	cr_expect_arr_eq(back, image + 16, 16, "half of it in the second");

	rig_open(&rig);
	cr_assert_eq(rig_clrstatus(&rig), 0);
	write_option(&rig, NDBANK_BYTE, 0xff);
	cr_expect_eq(rig.memory->flash.chip->sector_count, 12);
	rig_peek(&rig, 0x08040000, back, sizeof(back));
	cr_expect_arr_eq(back, image, sizeof(image));
	rig_stop(&rig);
}

/* --- what boots --- */

static const struct boot_case {
	const char *name;
	bool boot0;
	uint16_t low, high;
	enum board_mode mode;
} boot_cases[] = {
	{"as shipped: the flash", false, 0x0080, 0x0040, BOARD_FIRMWARE},
	{"as shipped: the ROM", true, 0x0080, 0x0040, BOARD_DFU},
	{"the flash on AXIM", false, 0x2000, 0x0040, BOARD_FIRMWARE},
	{"the ROM on AXIM", true, 0x0080, 0x7fc0, BOARD_DFU},
	{"the ROM with BOOT0 low", false, 0x0040, 0x0080, BOARD_DFU},
	{"the flash with BOOT0 high", true, 0x0040, 0x0080, BOARD_FIRMWARE},
	{"lost: the flash all the same", false, 0xffff, 0xffff, BOARD_FIRMWARE},
	{"lost: no DFU", true, 0xffff, 0xffff, BOARD_DEAD},
	{"elsewhere in flash, where nothing is", false, 0x2010, 0x0040, BOARD_DEAD},
};

Test(f767, boots_where_its_option_bytes_lead_to)
{
	for (size_t i = 0; i < ARRAY_SIZE(boot_cases); i++) {
		const struct boot_case *c = &boot_cases[i];
		struct stm32_board_config config = f767("stm32f767xi");
		struct rig rig;

		rig_new(&rig, &config);
		set_boot_address(&rig, BOOT_ADD0, c->low);
		set_boot_address(&rig, BOOT_ADD1, c->high);
		power_up(&rig, c->boot0);
		cr_expect_eq(mode(&rig), c->mode, "%s: %d", c->name, (int)mode(&rig));
		rig_stop(&rig);
	}
}

Test(f767, with_its_boot_addresses_lost_says_why_it_is_dead)
{
	struct stm32_board_config config = f767("stm32f767xi");
	struct rig rig;

	rig_new(&rig, &config);
	set_boot_address(&rig, BOOT_ADD1, 0xffff);
	power_up(&rig, true);
	cr_expect_str_eq(stm32_board_dead_text(rig.board),
		"the boot address in the option bytes leads nowhere");
	power_up(&rig, false);
	cr_expect_eq(mode(&rig), BOARD_FIRMWARE);
	rig_stop(&rig);
}

/* Option bytes that were erased are read protection, one bank and no boot address; taking the protection off
 * erases the flash and leaves the rest: nothing starts any more [rusEFI issue 3597]. */
Test(f767, after_erased_option_bytes_read_unprotect_leaves_a_board_that_boots_nothing)
{
	const uint8_t unprotect = DFUSE_READ_UNPROTECT;
	struct stm32_board_config config = f767("stm32f767xg");
	struct rig rig;

	rig_new(&rig, &config);
	start_dfu(&rig);
	options_erase(&rig.memory->options);
	options_load(&rig.memory->options);
	cr_assert_eq(rig_dnload(&rig, 0, &unprotect, 1), 1);
	rig_getstatus(&rig);
	rig_close(&rig);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(rig.memory->options.loaded[1], OPTIONS_RDP_0);
	cr_expect_eq(mode(&rig), BOARD_DEAD);
	power_up(&rig, false);
	cr_expect_eq(mode(&rig), BOARD_DEAD);
	rig_stop(&rig);
}

Test(f767, at_level_2_boot0_leads_to_the_flash)
{
	struct stm32_board_config config = f767("stm32f767xi");
	struct rig rig;

	rig_new(&rig, &config);
	options_preset_rdp(&rig.memory->options, OPTIONS_RDP_2);
	power_up(&rig, true);
	cr_expect_eq(mode(&rig), BOARD_FIRMWARE);
	rig_stop(&rig);
}
