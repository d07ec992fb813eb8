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
#include "simulators/stm32/chip.h"

#define RAM_PAGE 1024u

struct ram {
	struct chip_range range;
	uint64_t noise;  /* what unwritten pages are made of */
	uint8_t **pages; /* owned; NULL = never written since power-up */
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

/* All content is gone: other noise is there now. */
void ram_lose(struct ram *ram);

/* The same for a part; whole pages that the part touches. */
void ram_lose_part(struct ram *ram, uint32_t addr, size_t size);

#endif
