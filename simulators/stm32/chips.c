/* SPDX-License-Identifier: MIT */
/* The chips, one row each, and what is computed from a row. */
#include "simulators/stm32/chip.h"

#include "harness/base/names.h"
#include "simulators/stm32/rom_rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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
				/* As the smallest sector at x8: the option bytes are a sector of their own. */
				.erase = {.typ_us = 400 * MS, .max_us = 800 * MS},
				.program = {.typ_us = 16 * 16, .max_us = 16 * 100},
				.source = {CHIP_SECONDARY,
					"[DB] 0x413 bootloader interface; reserved bits and times "
					"guessed"},
			},
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
};

const size_t chip_count = ARRAY_SIZE(chips);

const struct chip *chip_find(const char *name)
{
	for (size_t i = 0; i < chip_count; i++)
		if (!strcmp(chips[i].name, name) || (chips[i].also && !strcmp(chips[i].also, name)))
			return &chips[i];
	return NULL;
}

const struct chip_rom *chip_find_rom(const struct chip *chip, uint16_t bcd_device)
{
	for (uint8_t i = 0; i < chip->rom_count; i++)
		if (chip->roms[i].bcd_device == bcd_device)
			return &chip->roms[i];
	return NULL;
}

const char *chip_confidence_text(enum chip_confidence confidence)
{
	static const char *const text[] = {
		[CHIP_GUESSED] = "guessed",
		[CHIP_SECONDARY] = "secondary",
		[CHIP_VERIFIED] = "verified",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == CHIP_CONFIDENCE_COUNT, "a text for each confidence");
	return names_text(&names, confidence);
}

size_t chip_facts(const struct chip *chip, struct chip_fact ret[static CHIP_FACT_MAX])
{
	const struct chip_fact common[] = {
		{"flash map", NULL, &chip->flash.map_source},
		{"flash times", NULL, &chip->flash.time_source},
		{"option bytes", NULL, &chip->options.source},
		{"OTP", NULL, &chip->otp.source},
		{"system memory, unique ID", NULL, &chip->identity.source},
		{"device feature", NULL, &chip->feature.source},
		{"RAM", NULL, &chip->ram.source},
		{"descriptors", NULL, &chip->dfu.descriptor_source},
		{"behaviour", NULL, &chip->dfu.behaviour_source},
	};
	size_t count = ARRAY_SIZE(common);

	assert(count + 2u * chip->rom_count <= CHIP_FACT_MAX);
	memcpy(ret, common, sizeof(common));
	for (uint8_t i = 0; i < chip->rom_count; i++) {
		const struct chip_rom *rom = &chip->roms[i];

		ret[count++] = (struct chip_fact){"strings", rom, &rom->source};
		ret[count++] =
			(struct chip_fact){"version, start-up time", rom, &rom->version_source};
	}
	return count;
}

const char *chip_roms_text(const struct chip *chip, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (uint8_t i = 0; i < chip->rom_count && used < size; i++)
		used += (size_t)snprintf(ret_text + used, size - used, "%s0x%04x", used ? ", " : "",
			chip->roms[i].bcd_device);
	return ret_text;
}

static unsigned int uid_half_word(const uint8_t *uid, int index)
{
	return uid[2 * index] | (unsigned int)uid[2 * index + 1] << 8;
}

void chip_serial(const struct chip_rom *rom, const uint8_t uid[static CHIP_UID_SIZE],
	char ret_text[static CHIP_SERIAL_ROOM])
{
	unsigned int high = uid_half_word(uid, 1) + uid_half_word(uid, 5);
	unsigned int middle = uid_half_word(uid, 0) + uid_half_word(uid, 4);
	unsigned int low = uid_half_word(uid, 3);

	switch (rom->serial_rule) {
	case CHIP_SERIAL_CONSTANT:
		snprintf(ret_text, CHIP_SERIAL_ROOM, "%s", rom->serial);
		return;
	case CHIP_SERIAL_UID_PLUS_10:
		middle += 0x0a;
		break;
	case CHIP_SERIAL_UID:
		break;
	case CHIP_SERIAL_RULE_COUNT:
		assert(false);
	}
	snprintf(ret_text, CHIP_SERIAL_ROOM, "%04X%04X%04X", high & 0xffff, middle & 0xffff, low);
}

bool chip_sector_at(const struct chip_flash *flash, uint32_t addr, struct chip_sector *ret)
{
	uint32_t offset = addr - flash->range.addr;
	uint32_t start = 0;
	uint16_t index = 0;

	if (offset >= flash->range.size)
		return false;
	for (uint8_t i = 0; i < flash->segment_count; i++) {
		const struct chip_segment *segment = &flash->segments[i];
		uint32_t nth = (offset - start) / segment->size;

		if (nth < segment->count) {
			*ret = (struct chip_sector){
				.index = (uint16_t)(index + nth),
				.addr = flash->range.addr + start + nth * segment->size,
				.size = segment->size,
			};
			return true;
		}
		start += segment->count * segment->size;
		index = (uint16_t)(index + segment->count);
	}
	return false;
}

bool chip_range_holds(const struct chip_range *range, uint32_t addr, size_t size)
{
	uint32_t offset = addr - range->addr;

	return offset < range->size && size <= range->size - offset;
}
