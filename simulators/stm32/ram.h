/* SPDX-License-Identifier: MIT */
/*
 * The chip's RAM: keeps what is written through resets, and holds garbage after the power was off.
 *
 * What an SRAM holds after power-up is not defined (RM0090); here it is noise from the seed, another one each time, so
 * that nobody can rely on zeros or on a value that was left there. A page takes memory only when it was written.
 */
#ifndef DFURIG_STM32_RAM_H
#define DFURIG_STM32_RAM_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/rng.h"
#include "simulators/stm32/chip.h"

#define RAM_PAGE 1024u

struct ram_page {
	uint8_t *data;   /* owned; NULL = not written since it was lost */
	uint32_t losses; /* how often; each time it holds other noise */
};

struct ram {
	struct chip_range range;
	uint64_t noise;         /* seed of what pages that were not written hold */
	struct ram_page *pages; /* owned */
	size_t page_count;
	size_t taken; /* bytes of written pages */
};

/* 0 or -ENOMEM; ram_done is needed only after 0. */
MUST_CHECK int ram_init(struct ram *ram, const struct chip_range *range, uint64_t noise);
void ram_done(struct ram *ram);

/* addr and size must lie in the range (chip_range_holds), here and below. */
void ram_read(const struct ram *ram, uint32_t addr, uint8_t *ret_data, size_t size);

/* 0 or -ENOMEM: then some of it may be written. */
MUST_CHECK int ram_write(struct ram *ram, uint32_t addr, const uint8_t *data, size_t size);

/* All content is gone: other noise is there now. ram_lose_part: of the pages that the part touches. */
void ram_lose(struct ram *ram);
void ram_lose_part(struct ram *ram, uint32_t addr, size_t size);

/* The supply was too low for a moment: most of the content is there, with wrong bits in it, between one of four and one of
 * a thousand (guessed: RM0090 says nothing). The same rng gives the same bits. */
void ram_disturb(struct ram *ram, struct rng *rng);

#endif
