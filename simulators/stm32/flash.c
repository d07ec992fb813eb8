/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/flash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 1024u

/* What the memory of a page holds. Stale bytes are compared with what is programmed next: very often it is the same, and in
 * a forked process memory that is not written to costs nothing. */
enum page {
	PAGE_FRESH, /* nothing yet; the page is erased */
	PAGE_STALE, /* what was there before an erase; the page is erased */
	PAGE_LIVE,  /* the page's content */
};

/* The part of an access that lies in one sector. */
struct piece {
	uint8_t **sector;
	uint8_t *unstable; /* of the sector; NULL = none */
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
		.unstable = flash->unstable[sector.index],
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
	uint8_t **sectors = calloc(2u * chip->sector_count, sizeof(*sectors));
	uint8_t *pages = calloc(chip->range.size / PAGE, sizeof(*pages));

	if (!sectors || !pages) {
		free(sectors);
		free(pages);
		return -ENOMEM;
	}
	*flash = (struct flash){
		.chip = chip,
		.sectors = sectors,
		.unstable = sectors + chip->sector_count,
		.pages = pages,
	};
	return 0;
}

void flash_done(struct flash *flash)
{
	for (uint16_t i = 0; i < flash->chip->sector_count; i++) {
		free(flash->sectors[i]);
		free(flash->unstable[i]);
	}
	free(flash->sectors);
	free(flash->pages);
	flash->sectors = NULL;
	flash->pages = NULL;
}

static uint8_t *page_of(const struct flash *flash, uint32_t addr)
{
	return &flash->pages[(addr - flash->chip->range.addr) / PAGE];
}

/* How many of `size` bytes from addr on lie in its page. */
static size_t in_page(uint32_t addr, size_t size)
{
	size_t left = PAGE - addr % PAGE;

	return size < left ? size : left;
}

static void read_piece(
	const struct flash *flash, const struct piece *piece, uint32_t addr, uint8_t *ret_data)
{
	const uint8_t *from = *piece->sector ? *piece->sector + piece->offset : NULL;
	size_t part;

	for (size_t at = 0; at < piece->size; at += part) {
		part = in_page(addr + (uint32_t)at, piece->size - at);
		if (from && *page_of(flash, addr + (uint32_t)at) == PAGE_LIVE)
			memcpy(ret_data + at, from + at, part);
		else
			memset(ret_data + at, 0xff, part);
	}
}

void flash_read(const struct flash *flash, uint32_t addr, uint8_t *ret_data, size_t size)
{
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		read_piece(flash, &piece, addr, ret_data);
		addr += (uint32_t)piece.size;
		ret_data += piece.size;
		size -= piece.size;
	}
}

/* Lets the bits of the mask read as they like. */
static void shake(uint8_t *data, const uint8_t *unstable, size_t size, struct rng *rng)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < size; i++) {
		if (i % 8 == 0)
			bits = rng_u64(rng);
		data[i] ^= (uint8_t)(unstable[i] & (bits >> 8 * (i % 8)));
	}
}

void flash_sense(
	const struct flash *flash, uint32_t addr, uint8_t *ret_data, size_t size, struct rng *rng)
{
	flash_read(flash, addr, ret_data, size);
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		if (piece.unstable)
			shake(ret_data, piece.unstable + piece.offset, piece.size, rng);
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
			flash->taken += piece.sector_size;
		}
		addr += (uint32_t)piece.size;
		data += piece.size;
		size -= piece.size;
	}
	return 0;
}

/* Eight at a time, for what is not optimised much. */
static void and_bytes(uint8_t *restrict to, const uint8_t *restrict data, size_t size)
{
	size_t i = 0;

	for (; size - i >= 8; i += 8) {
		uint64_t old, new;

		memcpy(&old, to + i, 8);
		memcpy(&new, data + i, 8);
		old &= new;
		memcpy(to + i, &old, 8);
	}
	for (; i < size; i++)
		to[i] &= data[i];
}

/* The first bytes of an erased page; `to` is their place in the sector's memory. */
static void begin_page(uint8_t *page, uint32_t addr, uint8_t *to, const uint8_t *data, size_t size)
{
	if (size < PAGE)
		memset(to - addr % PAGE, 0xff, PAGE);
	if (size < PAGE || *page == PAGE_FRESH || memcmp(to, data, size) != 0)
		memcpy(to, data, size);
	*page = PAGE_LIVE;
}

/* Gives the sector's memory these bytes, or clears bits by them. */
static void write_piece(struct flash *flash, const struct piece *piece, uint32_t addr,
	const uint8_t *data, bool clears)
{
	uint8_t *to = *piece->sector + piece->offset;
	size_t part;

	for (size_t at = 0; at < piece->size; at += part) {
		uint8_t *page = page_of(flash, addr + (uint32_t)at);

		part = in_page(addr + (uint32_t)at, piece->size - at);
		if (*page != PAGE_LIVE && all_erased(data + at, part))
			continue;
		if (*page != PAGE_LIVE)
			begin_page(page, addr + (uint32_t)at, to + at, data + at, part);
		else if (clears)
			and_bytes(to + at, data + at, part);
		else
			memcpy(to + at, data + at, part);
	}
}

void flash_program(
	struct flash *flash, uint32_t addr, const uint8_t *data, size_t size, uint32_t locked)
{
	while (size) {
		struct piece piece = piece_at(flash, addr, size);

		if (*piece.sector && !(piece.index < 32 && locked >> piece.index & 1)) {
			write_piece(flash, &piece, addr, data, true);
			if (piece.unstable)
				and_bytes(piece.unstable + piece.offset, data, piece.size);
		}
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
			write_piece(flash, &piece, addr, data, false);
		if (piece.unstable)
			memset(piece.unstable + piece.offset, 0, piece.size);
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

static void settle_sector(struct flash *flash, uint16_t sector)
{
	if (!flash->unstable[sector])
		return;
	free(flash->unstable[sector]);
	flash->unstable[sector] = NULL;
	flash->taken -= sector_size(flash->chip, sector);
}

static struct chip_range sector_range(const struct chip_flash *chip, uint16_t sector)
{
	struct chip_range range = {.addr = chip->range.addr};

	for (uint16_t i = 0; i < sector; i++)
		range.addr += sector_size(chip, i);
	range.size = sector_size(chip, sector);
	return range;
}

void flash_erase(struct flash *flash, uint16_t sector)
{
	struct chip_range range = sector_range(flash->chip, sector);
	uint8_t *page = page_of(flash, range.addr);

	if (!flash->sectors[sector])
		return;
	settle_sector(flash, sector);
	for (uint32_t i = 0; i < range.size / PAGE; i++)
		if (page[i] == PAGE_LIVE)
			page[i] = PAGE_STALE;
}

void flash_erase_all(struct flash *flash)
{
	for (uint16_t i = 0; i < flash->chip->sector_count; i++)
		flash_erase(flash, i);
}

void flash_flip(struct flash *flash, uint32_t addr, uint64_t bit)
{
	static const uint8_t erased = 0xff;
	uint32_t at = addr + (uint32_t)(bit / 8);
	struct piece piece = piece_at(flash, at, 1);
	uint8_t *page = page_of(flash, at);

	assert(*piece.sector);
	if (*page != PAGE_LIVE)
		begin_page(page, at, *piece.sector + piece.offset, &erased, 1);
	(*piece.sector)[piece.offset] ^= (uint8_t)(1u << bit % 8);
}

/* 64 bits, each set with a probability of step / FLASH_TEAR_STEPS. */
static uint64_t some_bits(uint32_t step, struct rng *rng)
{
	uint64_t bits = 0;

	for (uint32_t bit = 1; bit < FLASH_TEAR_STEPS; bit <<= 1) {
		uint64_t half = rng_u64(rng);

		bits = step & bit ? bits | half : bits & half;
	}
	return bits;
}

/* Eight bytes; those of `unstable` may not be there. */
static void tear(uint8_t *data, uint8_t *unstable, uint32_t step, struct rng *rng)
{
	uint64_t changed, erased, left_as;

	if (all_erased(data, 8))
		return;
	changed = some_bits(step, rng);
	erased = changed & some_bits(step, rng);
	left_as = rng_u64(rng);
	for (size_t i = 0; i < 8; i++) {
		uint8_t shaky = (uint8_t)((changed & ~erased) >> 8 * i) & (uint8_t)~data[i];

		data[i] |= (uint8_t)(erased >> 8 * i) | (shaky & (uint8_t)(left_as >> 8 * i));
		if (unstable)
			unstable[i] |= shaky;
	}
}

/* Of the sector; made when there was none. NULL: the rig is out of memory. */
static uint8_t *take_unstable(struct flash *flash, uint16_t sector)
{
	uint32_t size = sector_size(flash->chip, sector);

	if (flash->unstable[sector])
		return flash->unstable[sector];
	flash->unstable[sector] = calloc(1, size);
	flash->taken += flash->unstable[sector] ? size : 0;
	return flash->unstable[sector];
}

void flash_tear(struct flash *flash, uint16_t sector, uint32_t step, struct rng *rng)
{
	struct chip_range range = sector_range(flash->chip, sector);
	const uint8_t *pages = page_of(flash, range.addr);
	uint8_t *data = flash->sectors[sector], *unstable;

	if (!step || !data || !memchr(pages, PAGE_LIVE, range.size / PAGE))
		return;
	unstable = take_unstable(flash, sector);
	for (uint32_t i = 0; i < range.size; i += 8)
		if (pages[i / PAGE] == PAGE_LIVE)
			tear(data + i, unstable ? unstable + i : NULL, step, rng);
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

/* How many bytes are programmed one by one, how many accesses of the full width, and bytes again. */
struct accesses {
	size_t head, body, tail;
};

static struct accesses accesses_of(const struct flash_work *work)
{
	size_t bytes = (size_t)1 << work->width;
	size_t head = (bytes - work->addr % bytes) % bytes;

	if (head > work->size)
		head = work->size;
	return (struct accesses){
		.head = head,
		.body = (work->size - head) / bytes,
		.tail = (work->size - head) % bytes,
	};
}

uint64_t flash_program_us(const struct chip_flash *chip, const struct flash_work *work)
{
	struct accesses accesses = accesses_of(work);

	return accesses.body * time_us(&chip->program[work->width], work->worst) +
	       (accesses.head + accesses.tail) * time_us(&chip->program[CHIP_X8], work->worst);
}

/* What is left of a time while accesses of one kind are worked off. */
struct work_time {
	uint64_t left_us;
	size_t done;    /* bytes */
	size_t in_hand; /* bytes; it has run out in the middle of them */
};

static void work_off(struct work_time *time, size_t count, size_t bytes, uint64_t each_us)
{
	uint64_t fit = time->left_us / each_us;

	if (!time->left_us)
		return;
	if (fit >= count) {
		time->done += count * bytes;
		time->left_us -= count * each_us;
		return;
	}
	time->done += (size_t)fit * bytes;
	time->in_hand = time->left_us % each_us ? bytes : 0;
	time->left_us = 0;
}

size_t flash_programmed(const struct chip_flash *chip, const struct flash_work *work, uint64_t us,
	size_t *ret_in_hand)
{
	struct accesses accesses = accesses_of(work);
	uint64_t byte_us = time_us(&chip->program[CHIP_X8], work->worst);
	struct work_time time = {.left_us = us};

	work_off(&time, accesses.head, 1, byte_us);
	work_off(&time, accesses.body, (size_t)1 << work->width,
		time_us(&chip->program[work->width], work->worst));
	work_off(&time, accesses.tail, 1, byte_us);
	*ret_in_hand = time.in_hand;
	return time.done;
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
