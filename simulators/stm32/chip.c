/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/chip.h"

#include "harness/base/names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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
	const struct chip_flash *dual = chip->options.dual;
	const struct chip_fact common[] = {
		{"flash map", NULL, &chip->flash.map_source},
		{"flash times", NULL, &chip->flash.time_source},
		{"option bytes", NULL, &chip->options.source},
		{"what boots", NULL, &chip->boot.source},
		{"OTP", NULL, &chip->otp.source},
		{"system memory, unique ID", NULL, &chip->identity.source},
		{"device feature", NULL, &chip->feature.source},
		{"RAM", NULL, &chip->ram.source},
		{"descriptors", NULL, &chip->dfu.descriptor_source},
		{"behaviour", NULL, &chip->dfu.behaviour_source},
	};
	size_t count = ARRAY_SIZE(common);

	assert(count + 1 + 2u * chip->rom_count <= CHIP_FACT_MAX);
	memcpy(ret, common, sizeof(common));
	if (dual)
		ret[count++] = (struct chip_fact){"flash in two banks", NULL, &dual->map_source};
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

uint32_t chip_real_address(const struct chip *chip, uint32_t addr)
{
	for (uint8_t i = 0; i < chip->boot.alias_count; i++) {
		const struct chip_alias *alias = &chip->boot.aliases[i];

		if (chip_range_holds(&alias->range, addr, 1))
			return alias->to + (addr - alias->range.addr);
	}
	return addr;
}
