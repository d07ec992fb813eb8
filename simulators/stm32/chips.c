/* SPDX-License-Identifier: MIT */
/* The chips, one row each. What is computed from a row: chip.c. */
#include "simulators/stm32/chip.h"

#include "simulators/stm32/rom_rules.h"

#define KIB 1024u
#define MS  1000u /* microseconds */
#define S   1000000u

/* STM32F405, F407 (and F415, F417), 1 MiB */

static const struct chip_segment f407_segments[] = {
	{.count = 4, .size = 16 * KIB},
	{.count = 1, .size = 64 * KIB},
	{.count = 7, .size = 128 * KIB},
};

static const struct chip_erase_time f407_erase[] = {
	{
		.sector_size = 16 * KIB,
		.time[CHIP_X8] = {.typ_us = 400 * MS, .max_us = 800 * MS},
		.time[CHIP_X16] = {.typ_us = 300 * MS, .max_us = 600 * MS},
		.time[CHIP_X32] = {.typ_us = 250 * MS, .max_us = 500 * MS},
	},
	{
		.sector_size = 64 * KIB,
		.time[CHIP_X8] = {.typ_us = 1200 * MS, .max_us = 2400 * MS},
		.time[CHIP_X16] = {.typ_us = 700 * MS, .max_us = 1400 * MS},
		.time[CHIP_X32] = {.typ_us = 550 * MS, .max_us = 1100 * MS},
	},
	{
		.sector_size = 128 * KIB,
		.time[CHIP_X8] = {.typ_us = 2 * S, .max_us = 4 * S},
		.time[CHIP_X16] = {.typ_us = 1300 * MS, .max_us = 2600 * MS},
		.time[CHIP_X32] = {.typ_us = 1 * S, .max_us = 2 * S},
	},
};

/* RDP level 0, all of USER and nWRP set; bit 4 clear as in OPTCR's reset value 0x0FFFAAED. */
static const uint8_t f407_option_defaults[16] = {
	0xef, 0xaa, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* USER, RDP */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* nWRP */
};

static const struct chip_option f407_named_options[] = {
	{"RDP", 1, 0, 8},
	{"BOR_LEV", 0, 2, 2},
	{"WDG_SW", 0, 5, 1},
	{"nRST_STOP", 0, 6, 1},
	{"nRST_STDBY", 0, 7, 1},
	{"nWRP", 8, 0, 12},
};

/* nRST_STDBY 7, nRST_STOP 6, WDG_SW 5, BOR_LEV 3..2; RDP; nWRP 11..0. */
static const uint8_t f407_option_writable[16] = {
	[0] = 0xec,
	[1] = 0xff,
	[8] = 0xff,
	[9] = 0x0f,
};

/* 0: 1.8-2.1 V, 1: 2.1-2.4 V, 2: 2.4-2.7 V, 3: 2.7-3.6 V. 4 means an external Vpp, which no board here has. */
static const enum chip_width f407_feature_widths[] = {CHIP_X8, CHIP_X16, CHIP_X16, CHIP_X32};

static const struct chip_rom f407_roms[] = {
	{
		.bcd_device = 0x2200,
		.bootloader_version = 0x90,
		.manufacturer = "STMicroelectronics",
		.product = "STM32  BOOTLOADER",
		.serial_rule = CHIP_SERIAL_UID_PLUS_10,
		.alts =
			{
				"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
				"@Option Bytes  /0x1FFFC000/01*016 e",
				"@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
				"@Device Feature/0xFFFF0000/01*004 e",
			},
		.alt_count = 4,
		.usb_connect_ms = 250,
		.source = {CHIP_VERIFIED, "[DL] stm32f4discovery; rusEFI dfu_java F407usb.txt"},
		.version_source = {CHIP_SECONDARY,
			"[AN2606]: V9.x, at least 250 ms; that it belongs to 22.00 is guessed"},
	},
	{
		.bcd_device = 0x2100,
		.bootloader_version = 0x31,
		.manufacturer = "STMicroelectronics",
		.product = "STM32  BOOTLOADER",
		.serial_rule = CHIP_SERIAL_UID_PLUS_10,
		.alts =
			{
				"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
				"@Option Bytes  /0x1FFFC000/01*016 g",
				"@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
				"@Device Feature/0xFFFF0000/01*004 g",
			},
		.alt_count = 4,
		.usb_connect_ms = 270,
		.source = {CHIP_VERIFIED, "[DL] stm32f4discovery of 2012"},
		.version_source = {CHIP_SECONDARY,
			"[AN2606]: V3.1, at least 270 ms; that it belongs to 21.00 is guessed"},
	},
};

/* STM32F765, F767 (and F777), F769 (and F779): 2 MiB (xI) or 1 MiB (xG), in one bank or, with option bit nDBANK clear, in two */

static const struct chip_segment f767_segments[] = {
	{.count = 4, .size = 32 * KIB},
	{.count = 1, .size = 128 * KIB},
	{.count = 7, .size = 256 * KIB},
};

static const struct chip_segment f767_dual_segments[] = {
	{.count = 4, .size = 16 * KIB},
	{.count = 1, .size = 64 * KIB},
	{.count = 7, .size = 128 * KIB},
	{.count = 4, .size = 16 * KIB},
	{.count = 1, .size = 64 * KIB},
	{.count = 7, .size = 128 * KIB},
};

static const struct chip_segment f767xg_segments[] = {
	{.count = 4, .size = 32 * KIB},
	{.count = 1, .size = 128 * KIB},
	{.count = 3, .size = 256 * KIB},
};

static const struct chip_segment f767xg_dual_segments[] = {
	{.count = 4, .size = 16 * KIB},
	{.count = 1, .size = 64 * KIB},
	{.count = 3, .size = 128 * KIB},
	{.count = 4, .size = 16 * KIB},
	{.count = 1, .size = 64 * KIB},
	{.count = 3, .size = 128 * KIB},
};

static const struct chip_erase_time f767_erase[] = {
	{
		.sector_size = 32 * KIB,
		.time[CHIP_X8] = {.typ_us = 400 * MS, .max_us = 800 * MS},
		.time[CHIP_X16] = {.typ_us = 300 * MS, .max_us = 600 * MS},
		.time[CHIP_X32] = {.typ_us = 250 * MS, .max_us = 500 * MS},
	},
	{
		.sector_size = 128 * KIB,
		.time[CHIP_X8] = {.typ_us = 1200 * MS, .max_us = 2400 * MS},
		.time[CHIP_X16] = {.typ_us = 700 * MS, .max_us = 1400 * MS},
		.time[CHIP_X32] = {.typ_us = 550 * MS, .max_us = 1100 * MS},
	},
	{
		.sector_size = 256 * KIB,
		.time[CHIP_X8] = {.typ_us = 2 * S, .max_us = 4 * S},
		.time[CHIP_X16] = {.typ_us = 1300 * MS, .max_us = 2600 * MS},
		.time[CHIP_X32] = {.typ_us = 1 * S, .max_us = 2 * S},
	},
};

/* RDP level 0, one bank, nothing write-protected, BOOT_ADD0 = 0x0080, BOOT_ADD1 = 0x0040. Each value stands in a row of
 * eight bytes, its complement behind it; the other four bytes are nothing that is known. */
static const uint8_t f767_option_defaults[32] = {
	0xff, 0xaa, 0x00, 0x55, 0xff, 0xff, 0xff, 0xff, /* USER, RDP */
	0xff, 0xff, 0x00, 0x00, 0xff, 0xff, 0xff,
	0xff, /* nWRP 11..0, nDBOOT, nDBANK, IWDG_STDBY, IWDG_STOP */
	0x80, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, /* BOOT_ADD0 */
	0x40, 0x00, 0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, /* BOOT_ADD1 */
};

static const struct chip_option f767_named_options[] = {
	{"RDP", 1, 0, 8},
	{"BOR_LEV", 0, 2, 2},
	{"WWDG_SW", 0, 4, 1},
	{"IWDG_SW", 0, 5, 1},
	{"nRST_STOP", 0, 6, 1},
	{"nRST_STDBY", 0, 7, 1},
	{"nWRP", 8, 0, 12},
	{"nDBOOT", 9, 4, 1},
	{"nDBANK", 9, 5, 1},
	{"IWDG_STDBY", 9, 6, 1},
	{"IWDG_STOP", 9, 7, 1},
	{"BOOT_ADD0", 16, 0, 16},
	{"BOOT_ADD1", 24, 0, 16},
};

/* nRST_STDBY 7, nRST_STOP 6, IWDG_SW 5, WWDG_SW 4, BOR_LEV 3..2; RDP; all of the others. */
static const uint8_t f767_option_writable[32] = {
	[0] = 0xfc,
	[1] = 0xff,
	[8] = 0xff,
	[9] = 0xff,
	[16] = 0xff,
	[17] = 0xff,
	[24] = 0xff,
	[25] = 0xff,
};

/* The flash and the ROM on the ITCM bus: where the option bytes as shipped boot from. */
static const struct chip_alias f767_aliases[] = {
	{.range = {.addr = 0x00200000, .size = 2048 * KIB}, .to = 0x08000000},
	{.range = {.addr = 0x00100000, .size = 0xedc0}, .to = 0x1ff00000},
};

#define F767_FLASH_STRING "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg"
#define F767_DUAL_STRING                                                                           \
	"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg"

/* That the flash string follows nDBANK, but not the size, is guessed: a DfuSe erase, which goes by nothing else, was right up to
 * 0x08080000 in two banks [rusEFI issue 3232], and no log has another string of a chip of 1 MiB. */
static const struct chip_rom f767_roms[] = {
	{
		.bcd_device = 0x2200,
		.bootloader_version = 0x93,
		.manufacturer = "STMicroelectronics",
		.product = "STM32  BOOTLOADER",
		.serial_rule = CHIP_SERIAL_UID_PLUS_10,
		.alts =
			{
				F767_FLASH_STRING,
				"@Option Bytes  /0x1FFF0000/01*032 e",
				"@OTP Memory /0x1FF0F000/01*1024 e",
				"@Device Feature/0xFFFF0000/01*004 e",
			},
		.dual_flash = F767_DUAL_STRING,
		.alt_count = 4,
		.usb_connect_ms = 250,
		.source = {CHIP_SECONDARY, "MicroPython mboot; rusEFI issue 7985; "
					   "STM32Cube_MCU_Overall_Offer issue 34; "
					   "option bytes, OTP: guessed"},
		.version_source = {CHIP_GUESSED, "[AN2606]: V9.x, at least 250 ms; from memory"},
	},
};

#define F767_PROGRAM_TIME                                                                          \
	{                                                                                          \
		.typ_us = 16, .max_us = 100                                                        \
	}
#define F767_TIME_SOURCE                                                                           \
	{                                                                                          \
		CHIP_SECONDARY, "maxima x8 and of a mass erase: F767 data sheet, quoted in "       \
				"public; others by analogy with [DS8626]"                          \
	}
/* All of a flash but its organisation. */
#define F767_TIMES                                                                                 \
	.program[CHIP_X8] = F767_PROGRAM_TIME, .program[CHIP_X16] = F767_PROGRAM_TIME,             \
	.program[CHIP_X32] = F767_PROGRAM_TIME,                                                    \
	.mass_erase[CHIP_X8] = {.typ_us = 16 * S, .max_us = 32 * S},                               \
	.mass_erase[CHIP_X16] = {.typ_us = 11 * S, .max_us = 22 * S},                              \
	.mass_erase[CHIP_X32] = {.typ_us = 8 * S, .max_us = 16 * S},                               \
	.time_source = F767_TIME_SOURCE

/* In two banks the ROM erases no sector of the second, and says nothing: seen with dfu-util and 2 MiB, with ST's tools and 1 MiB
 * (where it goes for a sector 8 that there is none of). "Cube issue": STM32Cube_MCU_Overall_Offer. */
#define F767_DUAL_SOURCE                                                                           \
	{                                                                                          \
		CHIP_SECONDARY, "[DB] 0x451; AN4826; second bank: ST community 410209, rusEFI "    \
				"issues 3566 and 3232, Cube issue 11"                              \
	}

static const struct chip_flash f767_dual = {
	.range = {.addr = 0x08000000, .size = 2048 * KIB},
	.segments = f767_dual_segments,
	.segment_count = ARRAY_SIZE(f767_dual_segments),
	.sector_count = 24,
	.rom_erases = 12,
	.map_source = F767_DUAL_SOURCE,
	F767_TIMES,
	.erase = f407_erase,
	.erase_count = ARRAY_SIZE(f407_erase),
};

static const struct chip_flash f767xg_dual = {
	.range = {.addr = 0x08000000, .size = 1024 * KIB},
	.segments = f767xg_dual_segments,
	.segment_count = ARRAY_SIZE(f767xg_dual_segments),
	.sector_count = 16,
	.rom_erases = 8,
	.map_source = F767_DUAL_SOURCE,
	F767_TIMES,
	.erase = f407_erase,
	.erase_count = ARRAY_SIZE(f407_erase),
};

#define F767_OPTIONS(dual_flash)                                                                   \
	{                                                                                          \
		.range = {.addr = 0x1fff0000, .size = 32}, .defaults = f767_option_defaults,       \
		.writable = f767_option_writable, .rdp_offset = 1, .wrp_offset = 8,                \
		.wrp_count = 12, .named = f767_named_options,                                      \
		.named_count = ARRAY_SIZE(f767_named_options), .row_size = 8, .dual_offset = 9,    \
		.dual_bit = 0x20, .dual = dual_flash,                                              \
		.erase = {.typ_us = 400 * MS, .max_us = 800 * MS},                                 \
		.program = {.typ_us = 16 * 16, .max_us = 16 * 100},                                \
		.source = {CHIP_SECONDARY, "[DB] 0x451; rows and complements: a dump in ST "       \
					   "community 410209; times guessed"},                     \
	}

#define F767_BOOT                                                                                  \
	{                                                                                          \
		.offset = {16, 24}, .shift = 14, .fallback = {0x00200000, 0x00000000},             \
		.aliases = f767_aliases, .alias_count = ARRAY_SIZE(f767_aliases),                  \
		.source = {CHIP_SECONDARY, "RM0410 2.6, from memory, as an H7 manual has it; "     \
					   "0xffff: rusEFI issue 3597, ST community 672018"},      \
	}

#define F767_OTP                                                                                   \
	{                                                                                          \
		.data = {.addr = 0x1ff0f000, .size = 1024},                                        \
		.locks = {.addr = 0x1ff0f400, .size = 16}, .block_size = 64,                       \
		.source = {CHIP_VERIFIED, "OpenOCD stm32f2x.c; [DB] 0x451"},                       \
	}

#define F767_IDENTITY                                                                              \
	{                                                                                          \
		.uid = {.addr = 0x1ff0f420, .size = CHIP_UID_SIZE},                                \
		.flash_kib = {.addr = 0x1ff0f442, .size = 2},                                      \
		.system = {.addr = 0x1ff00000, .size = 0xedc0},                                    \
		.signature = {.addr = 0x1ff0f420, .size = 0x30}, .bootloader_version = 0x1ff0edbe, \
		.filler = 0xff,                                                                    \
		.source = {CHIP_SECONDARY, "[DB] 0x451; that DFU may read it all, and the "        \
					   "signature's end, are guessed"},                        \
	}

#define F767_FEATURE                                                                               \
	{                                                                                          \
		.range = {.addr = 0xffff0000, .size = 4}, .widths = f407_feature_widths,           \
		.width_count = ARRAY_SIZE(f407_feature_widths),                                    \
		.source = {CHIP_GUESSED, "[AN2606], from memory, as F4"},                          \
	}

#define F767_RAM                                                                                   \
	{                                                                                          \
		.range = {.addr = 0x20000000, .size = 512 * KIB}, .rom_size = 0x4000,              \
		.core = {.addr = 0x00000000, .size = 16 * KIB},                                    \
		.source = {CHIP_SECONDARY, "[DB] 0x451; rusEFI STM32F7.ld; what the ROM uses, "    \
					   "and that DFU may access RAM, guessed"},                \
	}

/* poll_erase_ms: other than the F4's 100 ms, since dfu-util, which takes that for a sign to wait 35 s, does not do so in its
 * ticket 231 (a mass erase that ends in a time-out); which time it is, is guessed. */
#define F767_DFU                                                                                   \
	{                                                                                          \
		.vid = 0x0483, .pid = 0xdf11, .bcd_usb = 0x0100, .max_packet0 = 64,                \
		.config_attributes = 0xc0, .max_power = 50,                                        \
		.functional =                                                                      \
			{                                                                          \
				.attributes = DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH,   \
				.detach_timeout_ms = 255,                                          \
				.transfer_size = 2048,                                             \
				.bcd_dfu = DFUSE_VERSION,                                          \
			},                                                                         \
		.functional_alone = true,                                                          \
		.descriptor_source = {CHIP_SECONDARY, "transfer size and bcdDevice: dfu-util "     \
						      "logs of F74x and F76x; the others as F4"},  \
		.rules = &rom_rules_f4, .fresh_state = DFU_ERROR,                                  \
		.fresh_status = DFU_ERR_FIRMWARE, .fresh_address = 0x08000000,                     \
		.poll_erase_ms = 104, .poll_other_ms = 104, .poll_manifest_ms = 1,                 \
		.protected_set_address_fails = true, .width = CHIP_X8,                             \
		.behaviour_source = {CHIP_SECONDARY, "fresh state: dfu-util ticket 231; 104 ms: "  \
						     "fwupd issue 2696 (F745); others as F4"},     \
	}

const struct chip chips[] = {
	{
		.name = "stm32f407xg",
		.also = "stm32f405xg",
		.flash =
			{
				.range = {.addr = 0x08000000, .size = 1024 * KIB},
				.segments = f407_segments,
				.segment_count = ARRAY_SIZE(f407_segments),
				.sector_count = 12,
				.map_source = {CHIP_VERIFIED, "[DB] 0x413; OpenOCD stm32f2x.c"},
				.program[CHIP_X8] = {.typ_us = 16, .max_us = 100},
				.program[CHIP_X16] = {.typ_us = 16, .max_us = 100},
				.program[CHIP_X32] = {.typ_us = 16, .max_us = 100},
				.erase = f407_erase,
				.erase_count = ARRAY_SIZE(f407_erase),
				.mass_erase[CHIP_X8] = {.typ_us = 16 * S, .max_us = 32 * S},
				.mass_erase[CHIP_X16] = {.typ_us = 11 * S, .max_us = 22 * S},
				.mass_erase[CHIP_X32] = {.typ_us = 8 * S, .max_us = 16 * S},
				.time_source = {CHIP_SECONDARY,
					"[DS8626] table 40; maxima x32 and x8 quoted in public, "
					"typical values from memory"},
			},
		.options =
			{
				.range = {.addr = 0x1fffc000, .size = 16},
				.defaults = f407_option_defaults,
				.writable = f407_option_writable,
				.rdp_offset = 1,
				.wrp_offset = 8,
				.wrp_count = 12,
				.named = f407_named_options,
				.named_count = ARRAY_SIZE(f407_named_options),
				/* As the smallest sector at x8: the option bytes are a sector of their own. */
				.erase = {.typ_us = 400 * MS, .max_us = 800 * MS},
				.program = {.typ_us = 16 * 16, .max_us = 16 * 100},
				.source = {CHIP_SECONDARY,
					"[DB] 0x413 bootloader interface; reserved bits and times "
					"guessed"},
			},
		.boot = {.source = {CHIP_VERIFIED, "[RM0090] 2.4: BOOT0 alone, with BOOT1 low"}},
		.otp =
			{
				.data = {.addr = 0x1fff7800, .size = 512},
				.locks = {.addr = 0x1fff7a00, .size = 16},
				.block_size = 32,
				.source = {CHIP_VERIFIED, "[RM0090]; OpenOCD stm32f2x.c"},
			},
		.identity =
			{
				.uid = {.addr = 0x1fff7a10, .size = CHIP_UID_SIZE},
				.flash_kib = {.addr = 0x1fff7a22, .size = 2},
				.system = {.addr = 0x1fff0000, .size = 0x7800},
				.signature = {.addr = 0x1fff7a10, .size = 0x20},
				.bootloader_version = 0x1fff77de,
				.filler = 0xff, /* ST's code is not ours to ship */
				.source = {CHIP_SECONDARY,
					"[DB] 0x413 and 0x419, [RM0090]; that DFU may read it all, "
					"and the signature's end, are guessed"},
			},
		.feature =
			{
				.range = {.addr = 0xffff0000, .size = 4},
				.widths = f407_feature_widths,
				.width_count = ARRAY_SIZE(f407_feature_widths),
				.source = {CHIP_GUESSED, "[AN2606], from memory"},
			},
		.ram =
			{
				.range = {.addr = 0x20000000, .size = 128 * KIB},
				.rom_size = 0x3000,
				.core = {.addr = 0x10000000, .size = 64 * KIB},
				.source = {CHIP_SECONDARY,
					"stm32flash's device table, for the serial bootloader; "
					"that DFU may access RAM is guessed"},
			},
		.dfu =
			{
				.vid = 0x0483,
				.pid = 0xdf11,
				.bcd_usb = 0x0100,
				.max_packet0 = 64,
				.config_attributes = 0xc0,
				.max_power = 50,
				.functional =
					{
						.attributes = DFU_CAN_DNLOAD | DFU_CAN_UPLOAD |
							      DFU_WILL_DETACH,
						.detach_timeout_ms = 255,
						.transfer_size = 2048,
						.bcd_dfu = DFUSE_VERSION,
					},
				.functional_alone = true,
				.descriptor_source = {CHIP_VERIFIED,
					"[DL] stm32f4discovery; rusEFI dfu_java F407usb.txt"},
				.rules = &rom_rules_f4,
				.fresh_state = DFU_ERROR,
				.fresh_status = DFU_ERR_FIRMWARE,
				.fresh_address = 0x08000000,
				.poll_erase_ms = 100,
				.poll_other_ms = 104,
				.poll_manifest_ms = 1,
				.protected_set_address_fails = true,
				.width = CHIP_X8,
				.behaviour_source = {CHIP_SECONDARY,
					"[DL] and later dfu-util logs; poll times as seen on F4 "
					"and F7; Set Address under protection as betaflight saw "
					"it; x8: [AN2606]"},
			},
		.roms = f407_roms,
		.rom_count = ARRAY_SIZE(f407_roms),
	},
	{
		.name = "stm32f767xi",
		.also = "stm32f765xi",
		.flash =
			{
				.range = {.addr = 0x08000000, .size = 2048 * KIB},
				.segments = f767_segments,
				.segment_count = ARRAY_SIZE(f767_segments),
				.sector_count = 12,
				.map_source = {CHIP_VERIFIED, "[DB] 0x451; OpenOCD stm32f2x.c"},
				F767_TIMES,
				.erase = f767_erase,
				.erase_count = ARRAY_SIZE(f767_erase),
			},
		.options = F767_OPTIONS(&f767_dual),
		.boot = F767_BOOT,
		.otp = F767_OTP,
		.identity = F767_IDENTITY,
		.feature = F767_FEATURE,
		.ram = F767_RAM,
		.dfu = F767_DFU,
		.roms = f767_roms,
		.rom_count = ARRAY_SIZE(f767_roms),
	},
	{
		.name = "stm32f767xg",
		.also = "stm32f765xg",
		.flash =
			{
				.range = {.addr = 0x08000000, .size = 1024 * KIB},
				.segments = f767xg_segments,
				.segment_count = ARRAY_SIZE(f767xg_segments),
				.sector_count = 8,
				.map_source = {CHIP_VERIFIED, "[DB] 0x451; OpenOCD stm32f2x.c"},
				F767_TIMES,
				.erase = f767_erase,
				.erase_count = ARRAY_SIZE(f767_erase),
			},
		.options = F767_OPTIONS(&f767xg_dual),
		.boot = F767_BOOT,
		.otp = F767_OTP,
		.identity = F767_IDENTITY,
		.feature = F767_FEATURE,
		.ram = F767_RAM,
		.dfu = F767_DFU,
		.roms = f767_roms,
		.rom_count = ARRAY_SIZE(f767_roms),
	},
};

const size_t chip_count = ARRAY_SIZE(chips);
