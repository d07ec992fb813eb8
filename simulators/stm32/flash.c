/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/flash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The part of an access that lies in one sector. */
struct piece {
	uint8_t **sector;
	uint16_t index;
	uint32_t sector_size;
	uint32_t offset; /* in the sector */
	size_t size;
};

static struct piece piece_at(const struct flash *flash, uint32_t addr, size_t size)
{
	struct chip_sector sector = {0};
	bool found = chip_sector_at(flash->chip, addr, &sector);
	uint32_t offset = addr - sector.addr;
	size_t left = sector.size - offset;

	assert(found);
	(void)found;
	return (struct piece){
		.sector = &flash->sectors[sector.index],
		.index = sector.index,
		.sector_size = sector.size,
		.offset = offset,
		.size = size < left ? size : left,
	};
}

static bool all_erased(const uint8_t *data, size_t size)
{
	return !size || (data[0] == 0xff && !memcmp(data, data + 1, size - 1));
}

int flash_init(struct flash *flash, const struct chip_flash *chip)
{
	uint8_t **sectors = calloc(chip->sector_count, sizeof(*sectors));

	if (!sectors)
		return -ENOMEM;
	*flash = (struct flash){.chip = chip, .sectors = sectors};
	return 0;
}

void flash_done(struct flash *flash)
{
	flash_erase_all(flash);
	free(flash->sectors);
	flash->sectors = NULL;
}

void flash_read(const struct flash *flash, uint32_t addr, uint8_t *ret_data, size_t size)
{
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		if (*piece.sector)
			memcpy(ret_data, *piece.sector + piece.offset, piece.size);
		else
			memset(ret_data, 0xff, piece.size);
		addr += (uint32_t)piece.size;
		ret_data += piece.size;
		size -= piece.size;
	}
}

int flash_reserve(struct flash *flash, uint32_t addr, const uint8_t *data, size_t size)
{
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		if (!*piece.sector && !all_erased(data, piece.size)) {
			*piece.sector = malloc(piece.sector_size);
			if (!*piece.sector)
				return -ENOMEM;
			memset(*piece.sector, 0xff, piece.sector_size);
			flash->taken += piece.sector_size;
		}
		addr += (uint32_t)piece.size;
		data += piece.size;
		size -= piece.size;
	}
	return 0;
}

static void and_bytes(uint8_t *restrict to, const uint8_t *restrict data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] &= data[i];
}

void flash_program(
	struct flash *flash, uint32_t addr, const uint8_t *data, size_t size, uint32_t locked)
{
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		if (*piece.sector && !(piece.index < 32 && locked >> piece.index & 1))
			and_bytes(*piece.sector + piece.offset, data, piece.size);
		addr += (uint32_t)piece.size;
		data += piece.size;
		size -= piece.size;
	}
}

int flash_put(struct flash *flash, uint32_t addr, const uint8_t *data, size_t size)
{
	int r = flash_reserve(flash, addr, data, size);

	if (r < 0)
		return r;
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		if (*piece.sector)
			memcpy(*piece.sector + piece.offset, data, piece.size);
		addr += (uint32_t)piece.size;
		data += piece.size;
		size -= piece.size;
	}
	return 0;
}

/* Sizes by index, since a sector's number is all that an erase has. */
static uint32_t sector_size(const struct chip_flash *chip, uint16_t sector)
{
	for (uint8_t i = 0; i < chip->segment_count; i++) {
		if (sector < chip->segments[i].count)
			return chip->segments[i].size;
		sector = (uint16_t)(sector - chip->segments[i].count);
	}
	assert(false);
	return 0;
}

void flash_erase(struct flash *flash, uint16_t sector)
{
	if (!flash->sectors[sector])
		return;
	free(flash->sectors[sector]);
	flash->sectors[sector] = NULL;
	flash->taken -= sector_size(flash->chip, sector);
}

void flash_erase_all(struct flash *flash)
{
	for (uint16_t i = 0; i < flash->chip->sector_count; i++)
		flash_erase(flash, i);
}

void flash_flip(struct flash *flash, uint32_t addr, uint64_t bit)
{
	struct piece piece = piece_at(flash, addr + (uint32_t)(bit / 8), 1);

	assert(*piece.sector);
	(*piece.sector)[piece.offset] ^= (uint8_t)(1u << bit % 8);
}

void flash_blank(struct flash *flash, uint16_t sector)
{
	if (flash->sectors[sector])
		memset(flash->sectors[sector], 0xff, sector_size(flash->chip, sector));
}

void flash_tear(struct flash *flash, uint16_t sector, struct rng *rng)
{
	uint8_t *bytes = flash->sectors[sector];
	uint32_t size = bytes ? sector_size(flash->chip, sector) : 0;

	for (uint32_t i = 0; i < size; i += 8) {
		uint64_t bits = rng_u64(rng);

		for (uint32_t k = 0; k < 8; k++)
			bytes[i + k] |= (uint8_t)(bits >> 8 * k);
	}
}

uint32_t flash_sector_mask(const struct chip_flash *chip, uint32_t addr, size_t size)
{
	struct chip_sector sector;
	uint32_t mask = 0;

	while (size && chip_sector_at(chip, addr, &sector)) {
		size_t left = sector.size - (addr - sector.addr);
		size_t here = size < left ? size : left;

		if (sector.index < 32)
			mask |= 1u << sector.index;
		addr += (uint32_t)here;
		size -= here;
	}
	return mask;
}

static uint64_t time_us(const struct chip_time *time, bool worst)
{
	return worst ? time->max_us : time->typ_us;
}

uint64_t flash_erase_us(
	const struct chip_flash *chip, uint32_t size, enum chip_width width, bool worst)
{
	for (uint8_t i = 0; i < chip->erase_count; i++)
		if (chip->erase[i].sector_size == size)
			return time_us(&chip->erase[i].time[width], worst);
	assert(false);
	return 0;
}

uint64_t flash_mass_erase_us(const struct chip_flash *chip, enum chip_width width, bool worst)
{
	return time_us(&chip->mass_erase[width], worst);
}

uint64_t flash_program_us(const struct chip_flash *chip, uint32_t addr, size_t size,
	enum chip_width width, bool worst)
{
	size_t bytes = (size_t)1 << width;
	size_t head = (bytes - addr % bytes) % bytes;
	size_t body, tail;

	if (head > size)
		head = size;
	body = (size - head) / bytes;
	tail = (size - head) % bytes;
	return body * time_us(&chip->program[width], worst) +
	       (head + tail) * time_us(&chip->program[CHIP_X8], worst);
}

/* Where the byte at `offset` of one organisation shows itself in the other one. */
static uint32_t moved(uint32_t offset, uint32_t bank, bool to_dual)
{
	if (to_dual)
		return offset / 32 * 16 + offset % 16 + (offset & 16 ? bank : 0);
	return offset % bank / 16 * 32 + offset % 16 + (offset < bank ? 0 : 16);
}

static void mix(uint8_t *to, const uint8_t *from, uint32_t size, bool to_dual)
{
	for (uint32_t i = 0; i < size; i += 16)
		memcpy(to + moved(i, size / 2, to_dual), from + i, 16);
}

/* More sectors: two banks. */
static uint8_t *content(const struct flash *flash, const struct chip_flash *chip, bool mixed)
{
	uint32_t size = chip->range.size;
	uint8_t *bytes = malloc(mixed ? 2 * (size_t)size : size);
	uint8_t *old = bytes && mixed ? bytes + size : bytes;

	if (!bytes)
		return NULL;
	flash_read(flash, chip->range.addr, old, size);
	if (mixed)
		mix(bytes, old, size, chip->sector_count > flash->chip->sector_count);
	return bytes;
}

int flash_organise(struct flash *flash, const struct chip_flash *chip, bool mixed)
{
	struct flash next;
	uint8_t *bytes;
	int r = flash_init(&next, chip);

	if (r < 0)
		return r;
	bytes = flash->taken ? content(flash, chip, mixed) : NULL;
	r = flash->taken && !bytes ? -ENOMEM : 0;
	if (bytes)
		r = flash_put(&next, chip->range.addr, bytes, chip->range.size);
	free(bytes);
	flash_done(r < 0 ? &next : flash);
	if (r == 0)
		*flash = next;
	return r;
}
