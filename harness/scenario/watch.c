/* SPDX-License-Identifier: MIT */
#include "harness/scenario/watch.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define DFU_VID 0x0483
#define DFU_PID 0xdf11
#define ECU_PID 0x5740 /* OpenBLT too */

static const char *const face_text[] = {
	[FACE_GONE] = "gone",
	[FACE_DFU] = "dfu",
	[FACE_ECU] = "ecu",
	[FACE_OPENBLT] = "openblt",
	[FACE_OTHER] = "other",
};
static_assert(ARRAY_SIZE(face_text) == FACE_COUNT, "a name for each face");
const struct names face_names = NAMES(face_text);

/* ECU and OpenBLT look the same from outside; only the board knows. */
static enum face face_of(const struct board *board, const struct event *event)
{
	if (event->vid != DFU_VID)
		return FACE_OTHER;
	if (event->pid == DFU_PID)
		return FACE_DFU;
	if (event->pid != ECU_PID)
		return FACE_OTHER;
	switch (board->ops->mode(board)) {
	case BOARD_ECU:
		return FACE_ECU;
	case BOARD_OPENBLT:
		return FACE_OPENBLT;
	case BOARD_OFF:
	case BOARD_RESET:
	case BOARD_DFU:
	case BOARD_FIRMWARE:
	case BOARD_DEAD:
	case BOARD_MODE_COUNT:
		break;
	}
	return FACE_OTHER;
}

static size_t board_of(const struct watch *watch, const struct event *event)
{
	for (size_t i = 0; event->board && i < watch->world->board_count; i++)
		if (strcmp(watch->world->boards[i]->name, event->board) == 0)
			return i;
	return WORLD_BOARD_MAX;
}

static void begin_appearance(struct watch *watch, enum face face, uint64_t now_us)
{
	if (watch->seen_count < WATCH_SEEN_MAX)
		watch->seen[watch->seen_count] = (struct watch_seen){face, now_us, CLOCK_NEVER};
	watch->seen_count++;
}

static void end_appearance(struct watch *watch, uint64_t now_us)
{
	if (watch->seen_count && watch->seen_count <= WATCH_SEEN_MAX)
		watch->seen[watch->seen_count - 1].to_us = now_us;
}

static void show(struct watch *watch, size_t board, enum face face, uint64_t now_us)
{
	if (face == watch->face[board])
		return;
	watch->face[board] = face;
	watch->changed_us[board] = now_us;
	if (board > 0)
		return;
	if (face == FACE_GONE)
		end_appearance(watch, now_us);
	else
		begin_appearance(watch, face, now_us);
	if (watch->on_face)
		watch->on_face(watch->user, face);
}

static void touch(struct watch *watch, uint32_t addr, uint32_t size, bool erased)
{
	for (size_t i = 0; i < watch->sector_count; i++) {
		struct watch_sector *sector = &watch->sectors[i];

		if (addr >= sector->addr + sector->size || addr + size <= sector->addr)
			continue;
		if (erased)
			sector->erased = true;
		else
			sector->programmed = true;
	}
}

static void erase_all(struct watch *watch)
{
	for (size_t i = 0; i < watch->sector_count; i++)
		watch->sectors[i].erased = true;
}

static void touch_by(struct watch *watch, const struct event *event)
{
	if (event->kind == EVENT_PROGRAM && watch->on_write)
		watch->on_write(watch->user, event->addr, event->size);
	if (event->kind == EVENT_LEAVE && watch->on_leave)
		watch->on_leave(watch->user);
	if (event->kind == EVENT_OPTIONS || event->kind == EVENT_UNPROTECT)
		watch->options = true;
	if (event->kind == EVENT_UNPROTECT)
		watch->unprotected = true;
	if (event->kind == EVENT_MASS_ERASE || event->kind == EVENT_UNPROTECT)
		erase_all(watch);
	else if (event->kind == EVENT_ERASE || event->kind == EVENT_PROGRAM)
		touch(watch, event->addr, event->size ? event->size : 1,
			event->kind == EVENT_ERASE);
}

/* What comes by the thousand, and is not looked at. */
static bool is_nothing_to_watch(enum event_kind kind)
{
	return kind == EVENT_REQUEST || kind == EVENT_DFU_STATE || kind == EVENT_UPLOAD;
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct watch *watch = CONTAINER_OF(sink, struct watch, sink);
	size_t board;

	if (is_nothing_to_watch(event->kind))
		return;
	board = board_of(watch, event);
	if (event->kind == EVENT_PROGRESS && watch->on_progress)
		watch->on_progress(watch->user, event->size);
	if (board == WORLD_BOARD_MAX)
		return;
	if (event->kind == EVENT_PLUGGED)
		show(watch, board, face_of(watch->world->boards[board], event), event->time_us);
	else if (event->kind == EVENT_UNPLUGGED)
		show(watch, board, FACE_GONE, event->time_us);
	else if (board == 0)
		touch_by(watch, event);
}

static int read_sectors(struct watch *watch, struct why *why)
{
	struct world *world = watch->world;
	struct watch_sector sector = {0};

	while (world->ops->sector(world, world->boards[0], watch->sector_count, &sector.addr,
		       &sector.size) == 0) {
		if (watch->sector_count == WATCH_SECTOR_MAX)
			return why_set(why, -E2BIG, "%s has more than %d sectors",
				world->boards[0]->name, WATCH_SECTOR_MAX);
		watch->sectors[watch->sector_count++] = sector;
	}
	return 0;
}

int watch_init(struct watch *watch, struct world *world, struct why *why)
{
	static const struct event_sink_ops ops = {.name = "watch", .emit = emit};

	*watch = (struct watch){.sink.ops = &ops, .world = world};
	event_stream_add(world->events, &watch->sink);
	return read_sectors(watch, why);
}

void watch_done(struct watch *watch)
{
	event_stream_remove(&watch->sink);
}

void watch_begin(struct watch *watch)
{
	watch->seen_count = 0;
	watch->options = watch->unprotected = false;
	if (watch->face[0] != FACE_GONE)
		begin_appearance(watch, watch->face[0], watch->changed_us[0]);
	for (size_t i = 0; i < watch->sector_count; i++)
		watch->sectors[i].erased = watch->sectors[i].programmed = false;
}
