/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/options.h"

#include <assert.h>
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

uint32_t options_write_protected(const struct options *options)
{
	const uint8_t *wrp = options->loaded + options->chip->wrp_offset;
	uint32_t mask = 0;

	for (uint8_t i = 0; i < options->chip->wrp_count; i++)
		if (!(wrp[i / 8] >> i % 8 & 1))
			mask |= 1u << i;
	return mask;
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
}

void options_flip(struct options *options, uint64_t bit)
{
	options->stored[bit / 8 % options->chip->range.size] ^= (uint8_t)(1u << bit % 8);
}

void options_preset_rdp(struct options *options, uint8_t rdp)
{
	options->stored[options->chip->rdp_offset] = rdp;
	options_load(options);
}

void options_preset_write_protected(struct options *options, uint32_t sectors)
{
	uint8_t *wrp = options->stored + options->chip->wrp_offset;

	for (uint8_t i = 0; i < options->chip->wrp_count; i++) {
		uint8_t bit = (uint8_t)(1u << i % 8);

		if (sectors >> i & 1)
			wrp[i / 8] &= (uint8_t)~bit;
		else
			wrp[i / 8] |= bit;
	}
	options_load(options);
}
