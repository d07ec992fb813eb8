/* SPDX-License-Identifier: MIT */
/*
 * DfuSe memory layout: the interface string of an alternate setting, which names its memory and says how it is cut into
 * sectors. ST UM0424, 4.3.2 ("@Name/address/count*size multiplier type,..."), and the forms that real ROMs send, which
 * the document does not have: a blank or no multiplier, any number of digits, several regions.
 */
#ifndef DFURIG_DFU_LAYOUT_H
#define DFURIG_DFU_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

#define DFUSE_SEGMENT_MAX 32
#define DFUSE_NAME_MAX    64

enum dfuse_access { /* the three bits of the type letter, 'a' = 1 to 'g' = 7 */
	DFUSE_READABLE = 1,
	DFUSE_ERASABLE = 2,
	DFUSE_WRITABLE = 4,
};

/* Sectors of one size, one after the other. The end never lies beyond 4 GiB. */
struct dfuse_segment {
	uint32_t addr;
	uint32_t sector_size; /* bytes, never 0 */
	uint32_t count;       /* of sectors, never 0 */
	uint8_t access;       /* enum dfuse_access bits */
};

struct dfuse_layout {
	char name[DFUSE_NAME_MAX]; /* without the blanks at its end */
	struct dfuse_segment segments[DFUSE_SEGMENT_MAX];
	size_t count; /* at least 1 */
};

/* One sector of a layout. */
struct dfuse_sector {
	uint32_t addr;
	uint32_t size;
	uint8_t access;
};

/* text is the interface string. Returns 0, -EBADMSG (why names the place in the text), -E2BIG; *ret is then undefined. */
MUST_CHECK int dfuse_layout_parse(const char *text, struct dfuse_layout *ret, struct why *why);

/* The sector that holds addr. False when there is none. */
bool dfuse_layout_find(const struct dfuse_layout *layout, uint32_t addr, struct dfuse_sector *ret);

/* True when every byte lies in a sector that has all of the access bits; size 0 asks for addr alone. */
bool dfuse_layout_covers(
	const struct dfuse_layout *layout, uint32_t addr, size_t size, uint8_t access);

/* First address beyond the segment (2^32 for one that ends there). */
uint64_t dfuse_segment_end(const struct dfuse_segment *segment);

#endif
