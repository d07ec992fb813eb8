/* SPDX-License-Identifier: MIT */
/* Listens to what happens in a world: what the boards show on USB and when, and which sectors are erased and written. */
#ifndef DFURIG_SCENARIO_WATCH_H
#define DFURIG_SCENARIO_WATCH_H

#include "harness/base/names.h"
#include "harness/scenario/world.h"

#define WATCH_SEEN_MAX   32
#define WATCH_SECTOR_MAX 512

/* What a board shows on USB. */
enum face {
	FACE_GONE,
	FACE_DFU,
	FACE_ECU,
	FACE_OPENBLT,
	FACE_OTHER,
	FACE_COUNT,
};

extern const struct names face_names; /* "gone", "dfu", "ecu", "openblt", "other" */

/* One appearance of the board under test. */
struct watch_seen {
	enum face face;
	uint64_t from_us, to_us; /* CLOCK_NEVER: it is still there */
};

struct watch_sector {
	uint32_t addr, size;
	bool erased, programmed;
};

struct watch {
	struct event_sink sink;
	struct world *world; /* borrowed */
	enum face face[WORLD_BOARD_MAX];
	uint64_t changed_us[WORLD_BOARD_MAX]; /* when it came or went last */

	/* Of the board under test, since watch_begin. */
	struct watch_seen seen[WATCH_SEEN_MAX]; /* the first ones */
	size_t seen_count;                      /* may be larger */
	struct watch_sector sectors[WATCH_SECTOR_MAX];
	size_t sector_count;
	bool options; /* its option bytes were written */
	bool unprotected; /* read protection was taken off, which erases the chip; who asks for it has been told */

	/* The board under test came or went, or was programmed. May be NULL. Pins must not be moved in them. */
	void (*on_face)(void *user, enum face face);
	void (*on_write)(void *user, uint32_t addr, uint32_t size);
	void (*on_progress)(void *user, uint32_t percent); /* of the flasher, as it says */
	void (*on_leave)(void *user); /* its bootloader is about to jump into what is in flash */
	void *user;
};

/* Listens from now on, before boards have power. 0 or the rig's failure. watch_done in both cases. */
MUST_CHECK int watch_init(struct watch *watch, struct world *world, struct why *why);
void watch_done(struct watch *watch);

/* The story begins: what is on USB now is the first that was seen, and no sector has been touched. */
void watch_begin(struct watch *watch);

#endif
