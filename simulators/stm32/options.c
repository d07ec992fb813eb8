/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

void options_init(struct options *options, const struct chip_options *chip)
{
	assert(chip->range.size <= OPTIONS_MAX && chip->wrp_count <= 32);
	*options = (struct options){.chip = chip};
	memcpy(options->stored, chip->defaults, chip->range.size);
	options_load(options);
}

void options_load(struct options *options)
{
	memcpy(options->loaded, options->stored, options->chip->range.size);
}

enum options_level options_level(const struct options *options)
{
	switch (options->loaded[options->chip->rdp_offset]) {
	case OPTIONS_RDP_0:
		return OPTIONS_OPEN;
	case OPTIONS_RDP_2:
		return OPTIONS_SEALED;
	default:
		return OPTIONS_READ_PROTECTED;
	}
}

static bool is_dual(const struct options *options)
{
	const struct chip_options *chip = options->chip;

	return chip->dual && !(options->loaded[chip->dual_offset] & chip->dual_bit);
}

const struct chip_flash *options_flash(
	const struct options *options, const struct chip_flash *usual)
{
	return is_dual(options) ? options->chip->dual : usual;
}

/* What a chip can start from: flash, ROM, RAM of any kind. */
static bool is_memory(const struct chip *chip, uint32_t addr)
{
	return chip_range_holds(&chip->flash.range, addr, 1) ||
	       chip_range_holds(&chip->identity.system, addr, 1) ||
	       chip_range_holds(&chip->ram.range, addr, 1) ||
	       chip_range_holds(&chip->ram.core, addr, 1);
}

uint32_t options_boot_address(
	const struct options *options, const struct chip *chip, bool boot0, bool *ret_lost)
{
	const struct chip_boot *boot = &chip->boot;
	const uint8_t *base = options->loaded + boot->offset[boot0];
	uint32_t addr = chip_real_address(
		chip, ((uint32_t)base[0] | (uint32_t)base[1] << 8) << boot->shift);
	bool lost = boot->shift && !is_memory(chip, addr);

	if (ret_lost)
		*ret_lost = lost;
	if (lost)
		return chip_real_address(chip, boot->fallback[boot0]);
	if (boot->shift)
		return addr;
	return boot0 ? chip->identity.system.addr : chip->flash.range.addr;
}

/* The sectors that a bit of nWRP stands for. In two banks each has half of the bits, needed or not, and each bit two
 * sectors [RM0410 3.7.7, from memory]. */
static uint32_t sectors_of(const struct options *options, uint8_t bit)
{
	const struct chip_options *chip = options->chip;
	unsigned int bits_of_bank = chip->wrp_count / 2u;
	unsigned int sectors_of_bank, nth;

	if (!is_dual(options))
		return 1u << bit;
	sectors_of_bank = chip->dual->sector_count / 2u;
	nth = 2 * (bit % bits_of_bank);
	return nth < sectors_of_bank ? 3u << (bit / bits_of_bank * sectors_of_bank + nth) : 0;
}

uint32_t options_write_protected(const struct options *options)
{
	const uint8_t *wrp = options->loaded + options->chip->wrp_offset;
	uint32_t mask = 0;

	for (uint8_t i = 0; i < options->chip->wrp_count; i++)
		if (!(wrp[i / 8] >> i % 8 & 1))
			mask |= sectors_of(options, i);
	return mask;
}

/* A value of 16 bits and its complement at the start of each row. */
static void complement(struct options *options)
{
	uint32_t row = options->chip->row_size;

	for (uint32_t i = 0; row && i + 4 <= options->chip->range.size; i += row) {
		options->stored[i + 2] = (uint8_t)~options->stored[i];
		options->stored[i + 3] = (uint8_t)~options->stored[i + 1];
	}
}

void options_erase(struct options *options)
{
	if (options_level(options) == OPTIONS_SEALED)
		return;
	memset(options->stored, 0xff, options->chip->range.size);
}

void options_program(struct options *options, const uint8_t *data)
{
	const struct chip_options *chip = options->chip;

	if (options_level(options) == OPTIONS_SEALED)
		return;
	for (uint32_t i = 0; i < chip->range.size; i++) {
		uint8_t mask = chip->writable[i];

		options->stored[i] &=
			(uint8_t)((data[i] & mask) | (options->loaded[i] & (uint8_t)~mask));
	}
	complement(options);
}

void options_preset_byte(struct options *options, uint8_t offset, uint8_t value)
{
	options->stored[offset] = value;
	complement(options);
	options_load(options);
}

void options_flip(struct options *options, uint64_t bit)
{
	options->stored[bit / 8 % options->chip->range.size] ^= (uint8_t)(1u << bit % 8);
}

static bool is_name(const char *name, const char *given)
{
	while (*name && (tolower((unsigned char)*name) == tolower((unsigned char)*given) ||
				(*name == '_' && *given == '-'))) {
		name++;
		given++;
	}
	return !*name && !*given;
}

static const struct chip_option *find_named(const struct chip_options *chip, const char *name)
{
	for (uint8_t i = 0; i < chip->named_count; i++)
		if (is_name(chip->named[i].name, name))
			return &chip->named[i];
	return NULL;
}

int options_preset(struct options *options, const char *name, uint32_t value)
{
	const struct chip_option *option = find_named(options->chip, name);
	uint32_t mask, old;

	if (!option)
		return -ENOENT;
	if (value >> option->bits)
		return -ERANGE;
	mask = ((1u << option->bits) - 1) << option->shift;
	old = options->stored[option->offset] | (uint32_t)options->stored[option->offset + 1] << 8;
	value = (old & ~mask) | value << option->shift;
	options_preset_byte(options, option->offset, (uint8_t)value);
	if (option->shift + option->bits > 8)
		options_preset_byte(options, (uint8_t)(option->offset + 1), (uint8_t)(value >> 8));
	return 0;
}

int options_value(const struct options *options, const char *name, uint32_t *ret)
{
	const struct chip_option *option = find_named(options->chip, name);
	const uint8_t *at;

	if (!option)
		return -ENOENT;
	at = options->loaded + option->offset;
	*ret = ((at[0] | (uint32_t)at[1] << 8) >> option->shift) & ((1u << option->bits) - 1);
	return 0;
}

void options_preset_erased(struct options *options)
{
	memset(options->stored, 0xff, options->chip->range.size);
	options_load(options);
}

void options_preset_rdp(struct options *options, uint8_t rdp)
{
	options_preset_byte(options, options->chip->rdp_offset, rdp);
}

void options_preset_write_protected(struct options *options, uint32_t sectors)
{
	uint8_t *wrp = options->stored + options->chip->wrp_offset;

	for (uint8_t i = 0; i < options->chip->wrp_count; i++) {
		uint8_t bit = (uint8_t)(1u << i % 8);

		if (sectors & sectors_of(options, i))
			wrp[i / 8] &= (uint8_t)~bit;
		else
			wrp[i / 8] |= bit;
	}
	complement(options);
	options_load(options);
}
