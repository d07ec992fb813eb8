/* SPDX-License-Identifier: MIT */
/* What the boards' flash holds before and after, by the second channel, and what that says of an update. */
#ifndef DFURIG_SCENARIO_TRUTH_H
#define DFURIG_SCENARIO_TRUTH_H

#include "harness/scenario/expect.h"
#include "harness/scenario/watch.h"

/* Everything at one moment. */
struct truth {
	uint8_t *flash[WORLD_BOARD_MAX]; /* owned; whole, from flash_addr on */
	uint8_t *tune;                   /* owned; of the board under test; NULL = none is stored */
	size_t tune_size;
	char signature[EXPECT_SIGNATURE];
	enum board_mode mode;
};

/* *ret must be zeroed or done. 0 or the rig's failure. truth_done in both cases. */
MUST_CHECK int truth_take(struct world *world, struct truth *ret, struct why *why);
void truth_done(struct truth *truth);

/* Which sectors of the board under test are settings: an image that is or was in it says so. */
struct truth_map {
	bool settings[WORLD_BOARD_MAX][WATCH_SECTOR_MAX];
};

void truth_map_add(struct truth_map *map, const struct watch *watch, size_t board,
	const struct world_image *image);

/* Whether a tune is another one than before; only the bytes that both have count. */
bool truth_tune_differs(const struct truth *before, const uint8_t *tune, size_t size);

/* What is compared. All borrowed. */
struct truth_case {
	const struct watch *watch;
	const struct truth_map *map;
	const struct truth *begin;  /* before the first step */
	const struct truth *before; /* before the last update; begin when there was none */
	const struct truth *now;
	const struct world_image *image; /* NULL: none was to be flashed */
	bool tune_was_lost;              /* it was seen to be gone in between */
};

/* What became of the image and of the tune; fills the fields of *ret that are about the board. */
MUST_CHECK int truth_find(const struct truth_case *c, struct findings *ret, struct why *why);

/* The first of the other boards whose flash is not what it was, settings aside; NULL = none. */
const char *truth_other_changed(const struct truth_case *c);

/* Emits an EVENT_SECTOR for each sector of the board under test. */
void truth_tell_sectors(const struct watch *watch, const struct findings *findings);

#endif
