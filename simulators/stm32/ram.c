/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/ram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ram_init(struct ram *ram, const struct chip_range *range, uint64_t noise)
{
	size_t count = (range->size + RAM_PAGE - 1) / RAM_PAGE;
	struct ram_page *pages = calloc(count, sizeof(*pages));

	if (!pages)
		return -ENOMEM;
	*ram = (struct ram){.range = *range, .noise = noise, .pages = pages, .page_count = count};
	return 0;
}

static void lose_page(struct ram *ram, size_t page)
{
	ram->pages[page].losses++;
	if (!ram->pages[page].data)
		return;
	free(ram->pages[page].data);
	ram->pages[page].data = NULL;
	ram->taken -= RAM_PAGE;
}

void ram_done(struct ram *ram)
{
	for (size_t i = 0; i < ram->page_count; i++)
		lose_page(ram, i);
	free(ram->pages);
	*ram = (struct ram){0};
}

/* The noise at an offset: each eight bytes have a generator of their own. */
static uint8_t noise_at(const struct ram *ram, size_t offset)
{
	uint64_t losses = ram->pages[offset / RAM_PAGE].losses;
	struct rng rng = {.state = ram->noise + (offset / 8) * UINT64_C(0x2545f4914f6cdd1d) +
				   losses * UINT64_C(0xd1342543de82ef95)};

	return (uint8_t)(rng_u64(&rng) >> 8 * (offset % 8));
}

void ram_read(const struct ram *ram, uint32_t addr, uint8_t *ret_data, size_t size)
{
	size_t offset = addr - ram->range.addr;

	for (size_t i = 0; i < size; i++, offset++) {
		const uint8_t *page = ram->pages[offset / RAM_PAGE].data;

		ret_data[i] = page ? page[offset % RAM_PAGE] : noise_at(ram, offset);
	}
}

static int take_page(struct ram *ram, size_t page)
{
	uint8_t *data;

	if (ram->pages[page].data)
		return 0;
	data = malloc(RAM_PAGE);
	if (!data)
		return -ENOMEM;
	for (size_t i = 0; i < RAM_PAGE; i++)
		data[i] = noise_at(ram, page * RAM_PAGE + i);
	ram->pages[page].data = data;
	ram->taken += RAM_PAGE;
	return 0;
}

int ram_write(struct ram *ram, uint32_t addr, const uint8_t *data, size_t size)
{
	size_t offset = addr - ram->range.addr;

	for (size_t i = 0; i < size; i++, offset++) {
		if (take_page(ram, offset / RAM_PAGE) < 0)
			return -ENOMEM;
		ram->pages[offset / RAM_PAGE].data[offset % RAM_PAGE] = data[i];
	}
	return 0;
}

void ram_lose(struct ram *ram)
{
	ram_lose_part(ram, ram->range.addr, ram->range.size);
}

void ram_lose_part(struct ram *ram, uint32_t addr, size_t size)
{
	size_t first = (addr - ram->range.addr) / RAM_PAGE;
	size_t last = (addr - ram->range.addr + size - 1) / RAM_PAGE;

	if (!size)
		return;
	for (size_t i = first; i <= last; i++)
		lose_page(ram, i);
}

/* 64 bits, each set with a probability of 1 / 2^rarity. */
static uint64_t rare_bits(struct rng *rng, uint32_t rarity)
{
	uint64_t bits = UINT64_MAX;

	while (rarity-- && bits)
		bits &= rng_u64(rng);
	return bits;
}

static void disturb_page(uint8_t *page, uint32_t rarity, struct rng *rng)
{
	for (size_t i = 0; i < RAM_PAGE; i += 8) {
		uint64_t bits = rare_bits(rng, rarity);

		for (size_t k = 0; k < 8; k++)
			page[i + k] ^= (uint8_t)(bits >> 8 * k);
	}
}

void ram_disturb(struct ram *ram, struct rng *rng)
{
	uint32_t rarity = 2 + rng_below(rng, 9); /* how deep the dip was */

	for (size_t i = 0; i < ram->page_count; i++)
		if (ram->pages[i].data)
			disturb_page(ram->pages[i].data, rarity, rng);
}
