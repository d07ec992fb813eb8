/* SPDX-License-Identifier: MIT */
#include "harness/scenario/truth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_flash(struct board *board, uint8_t **ret, struct why *why)
{
	int r;

	*ret = malloc(board->flash_size);
	if (!*ret)
		return why_errno(why, -ENOMEM, "%s: flash", board->name);
	r = board->ops->read_flash(board, board->flash_addr, *ret, board->flash_size);
	if (r < 0)
		return why_errno(why, r, "%s: read the flash by the second channel", board->name);
	return 0;
}

int truth_take(struct world *world, struct truth *ret, struct why *why)
{
	struct board *board = world->boards[0];
	int r;

	truth_done(ret);
	for (size_t i = 0; i < world->board_count; i++) {
		r = read_flash(world->boards[i], &ret->flash[i], why);
		if (r < 0)
			return r;
	}
	ret->mode = board->ops->mode(board);
	r = world->ops->signature(world, board, ret->signature, sizeof(ret->signature), why);
	if (r < 0)
		return why_prefix(why, r, "%s: signature", board->name);
	r = world->ops->tune(world, board, &ret->tune, &ret->tune_size, why);
	if (r == -ENODATA)
		return 0;
	return r < 0 ? why_prefix(why, r, "%s: tune", board->name) : 0;
}

void truth_done(struct truth *truth)
{
	for (size_t i = 0; i < WORLD_BOARD_MAX; i++)
		free(truth->flash[i]);
	free(truth->tune);
	*truth = (struct truth){0};
}

/* ---- sectors ---- */

/* Boards of another kind have other sectors; theirs are asked for when they are needed. */
static bool sector_of(const struct watch *watch, size_t board, size_t index, uint32_t *ret_addr,
	uint32_t *ret_size)
{
	struct world *world = watch->world;

	return index < WATCH_SECTOR_MAX &&
	       world->ops->sector(world, world->boards[board], index, ret_addr, ret_size) == 0;
}

void truth_map_add(struct truth_map *map, const struct watch *watch, size_t board,
	const struct world_image *image)
{
	uint32_t addr = 0, size = 0;

	for (size_t i = 0; sector_of(watch, board, i, &addr, &size); i++)
		for (size_t copy = 0; copy < ARRAY_SIZE(image->settings_addr); copy++)
			if (image->settings_addr[copy] >= addr &&
				image->settings_addr[copy] - addr < size)
				map->settings[board][i] = true;
}

static bool is_same(const struct truth_case *c, size_t board, const struct truth *before,
	const struct watch_sector *sector)
{
	size_t offset = sector->addr - (size_t)c->watch->world->boards[board]->flash_addr;

	return memcmp(before->flash[board] + offset, c->now->flash[board] + offset, sector->size) ==
	       0;
}

/* Whether all sectors of a board that are settings, or are not, hold what they held before. */
static bool all_same(
	const struct truth_case *c, size_t board, const struct truth *before, bool settings)
{
	struct watch_sector sector = {0};

	for (size_t i = 0; sector_of(c->watch, board, i, &sector.addr, &sector.size); i++)
		if (c->map->settings[board][i] == settings && !is_same(c, board, before, &sector))
			return false;
	return true;
}

const char *truth_other_changed(const struct truth_case *c)
{
	for (size_t i = 1; i < c->watch->world->board_count; i++)
		if (!all_same(c, i, c->begin, false))
			return c->watch->world->boards[i]->name;
	return NULL;
}

/* ---- the image ---- */

/* Where the flash first differs from the image; the image's size when it holds it. */
static size_t first_difference(const struct truth_case *c)
{
	const struct board *board = c->watch->world->boards[0];
	const struct world_image *image = c->image;
	size_t offset = image->addr - (size_t)board->flash_addr;
	size_t i = 0;

	if (offset >= board->flash_size || image->size > board->flash_size - offset)
		return 0;
	while (i < image->size && c->now->flash[0][offset + i] == image->data[i])
		i++;
	return i;
}

static bool runs(const struct truth_case *c)
{
	return c->now->mode == BOARD_ECU && c->watch->face[0] == FACE_ECU &&
	       c->image->signature[0] && strcmp(c->image->signature, c->now->signature) == 0;
}

static void say_damage(const struct truth_case *c, struct findings *ret)
{
	if (!c->image)
		snprintf(ret->outcome_text, sizeof(ret->outcome_text),
			"the flash is not what it was");
	else
		snprintf(ret->outcome_text, sizeof(ret->outcome_text),
			"the flash differs from the image at 0x%08zx",
			c->image->addr + first_difference(c));
}

static void find_outcome(const struct truth_case *c, struct findings *ret)
{
	bool holds = c->image && first_difference(c) == c->image->size;
	char *text = ret->outcome_text;
	size_t room = sizeof(ret->outcome_text);

	if (holds && runs(c)) {
		ret->outcome = OUTCOME_UPDATED;
		snprintf(text, room, "the board holds the image and runs it");
	} else if (holds) {
		ret->outcome = OUTCOME_WRITTEN;
		snprintf(text, room, "the board holds the image, but does not run it");
	} else if (all_same(c, 0, c->before, false)) {
		ret->outcome = OUTCOME_NOT_UPDATED;
		snprintf(text, room, "the flash still holds what it held before");
	} else {
		ret->outcome = OUTCOME_DAMAGED;
		say_damage(c, ret);
	}
}

/* ---- the tune ---- */

bool truth_tune_differs(const struct truth *before, const uint8_t *tune, size_t size)
{
	size_t common = before->tune_size < size ? before->tune_size : size;

	return !tune || memcmp(before->tune, tune, common) != 0;
}

static int is_default(struct world *world, const struct truth *now, bool *ret, struct why *why)
{
	CLEANUP(free_ptr) uint8_t *tune = NULL;
	size_t size = 0;
	int r = world->ops->default_tune(world, world->boards[0], &tune, &size, why);

	*ret = r == 0 && size == now->tune_size && memcmp(tune, now->tune, size) == 0;
	return r == -ENODATA ? 0 : r;
}

static int find_tune(const struct truth_case *c, struct findings *ret, struct why *why)
{
	const struct truth *begin = c->begin, *now = c->now;
	bool factory = !now->tune;
	const char *text = "";
	int r = 0;

	if (begin->tune && !truth_tune_differs(begin, now->tune, now->tune_size)) {
		ret->tune = c->tune_was_lost ? TUNE_RESTORED : TUNE_KEPT;
	} else if (!now->tune && now->mode != BOARD_ECU && begin->tune &&
		   all_same(c, 0, begin, true)) {
		ret->tune = TUNE_KEPT;
		text = "no firmware reads it now; its sectors are as they were";
	} else {
		if (now->tune)
			r = is_default(c->watch->world, now, &factory, why);
		ret->tune = factory && now->signature[0] ? TUNE_DEFAULT : TUNE_LOST;
		text = !begin->tune ? "there was none before"
		       : !now->tune ? "nothing valid is stored"
				    : "";
	}
	snprintf(ret->tune_text, sizeof(ret->tune_text), "%s", text);
	return r;
}

/* ---- the flash map ---- */

static bool is_erased(const uint8_t *data, size_t size)
{
	return data[0] == 0xff && memcmp(data, data + 1, size - 1) == 0;
}

static bool overlaps(const struct watch_sector *sector, const struct world_image *image)
{
	return image->size && image->addr < sector->addr + sector->size &&
	       sector->addr < image->addr + image->size;
}

static enum sector_fate became(
	const struct watch_sector *sector, const uint8_t *before, const uint8_t *now, bool in_image)
{
	bool changed = memcmp(before, now, sector->size) != 0;

	if (!changed && !sector->erased && !sector->programmed)
		return SECTOR_UNTOUCHED;
	if (is_erased(now, sector->size))
		return SECTOR_ERASED;
	return in_image || !changed ? SECTOR_WRITTEN : SECTOR_CHANGED;
}

static void find_sectors(const struct truth_case *c, struct findings *ret)
{
	const struct watch *watch = c->watch;
	uint32_t base = watch->world->boards[0]->flash_addr;

	ret->sector_count = watch->sector_count;
	for (size_t i = 0; i < watch->sector_count; i++) {
		const struct watch_sector *sector = &watch->sectors[i];
		size_t offset = sector->addr - base;
		bool in_image = c->image && overlaps(sector, c->image);

		ret->sectors[i] = (struct sector_state){
			.kind = c->map->settings[0][i] ? SECTOR_SETTINGS
				: in_image             ? SECTOR_IMAGE
						       : SECTOR_OTHER,
			.fate = became(sector, c->begin->flash[0] + offset,
				c->now->flash[0] + offset, in_image),
		};
	}
}

void truth_tell_sectors(const struct watch *watch, const struct findings *findings)
{
	for (size_t i = 0; i < findings->sector_count; i++) {
		const struct watch_sector *sector = &watch->sectors[i];

		EVENT_EMIT(watch->world->events, .kind = EVENT_SECTOR,
			.board = watch->world->boards[0]->name, .addr = sector->addr,
			.size = sector->size, .sector = (uint32_t)i,
			.name = names_text(&sector_kind_names, findings->sectors[i].kind),
			.text = names_text(&sector_fate_names, findings->sectors[i].fate));
	}
}

int truth_find(const struct truth_case *c, struct findings *ret, struct why *why)
{
	ret->mode = c->now->mode;
	memcpy(ret->signature, c->now->signature, sizeof(ret->signature));
	find_outcome(c, ret);
	find_sectors(c, ret);
	return find_tune(c, ret, why);
}
