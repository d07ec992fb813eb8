/* SPDX-License-Identifier: MIT */
/* The flash after the run: a block a sector, as wide as the logarithm of its size, by what became of it. */
#include "harness/report/format.h"
#include "harness/report/html_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_MAX 96 /* then neighbours that are alike share one */
#define LIST_MAX  64

/* Neighbouring sectors with one fate. */
struct block {
	const struct event *first, *last; /* sectors */
	uint64_t size;
};

struct map {
	const struct story *story;
	const char *board; /* NULL is a board too */
	size_t sectors;
};

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_of(const struct map *map, const struct event *event)
{
	return event->kind == EVENT_SECTOR && same(event->board, map->board);
}

static bool alike(const struct event *a, const struct event *b)
{
	return same(a->name, b->name) && same(a->text, b->text) &&
	       (uint64_t)a->addr + a->size == b->addr;
}

/* The block that begins at the first sector from *index on; false at the end. merge: as long as they are alike. */
static bool next_block(const struct map *map, size_t *index, bool merge, struct block *ret)
{
	*ret = (struct block){0};
	for (; *index < map->story->count; (*index)++) {
		const struct event *event = &map->story->events[*index];

		if (!is_of(map, event))
			continue;
		if (ret->first && (!merge || !alike(ret->last, event)))
			return true;
		if (!ret->first)
			ret->first = event;
		ret->last = event;
		ret->size += event->size;
	}
	return ret->first != NULL;
}

static const char *fate_class(const struct event *sector)
{
	static const char *const fates[] = {"untouched", "erased", "written", "changed"};

	for (size_t i = 0; sector->text && i < ARRAY_SIZE(fates); i++)
		if (strcmp(sector->text, fates[i]) == 0)
			return fates[i];
	return "untouched";
}

static bool is_settings(const struct event *sector)
{
	return sector->name && strcmp(sector->name, "settings") == 0;
}

static unsigned int weight_of(uint64_t size)
{
	unsigned int weight = 2;

	for (size >>= 10; size > 1; size >>= 1)
		weight++;
	return weight;
}

static void put_size(struct markup *html, uint64_t size)
{
	char bytes[FORMAT_U64_SIZE];

	if (size % 1024 == 0 && size)
		markup_raw(html, "%" PRIu64 " KiB", size / 1024);
	else
		markup_raw(html, "%s bytes", format_u64(size, bytes));
}

static void put_numbers(struct markup *html, const struct block *block)
{
	markup_raw(html, "%" PRIu32, block->first->sector);
	if (block->first != block->last)
		markup_raw(html, "\xe2\x80\x93%" PRIu32, block->last->sector);
}

static uint32_t end_of(const struct block *block)
{
	return block->last->addr + block->last->size - 1;
}

static void put_block(struct markup *html, const struct block *block)
{
	const struct event *first = block->first;

	markup_raw(html, "<li class=\"f-%s%s%s\" style=\"flex-grow:%u\" title=\"sector ",
		fate_class(first), is_settings(first) ? " settings" : "",
		first != block->last ? " many" : "", weight_of(block->size));
	put_numbers(html, block);
	markup_raw(html, ", 0x%08" PRIx32 " to 0x%08" PRIx32 ", ", first->addr, end_of(block));
	put_size(html, block->size);
	markup_raw(html, ", ");
	markup_text(html, first->name);
	markup_raw(html, ", ");
	markup_text(html, first->text);
	markup_raw(html, "\"><span>");
	put_numbers(html, block);
	markup_raw(html, "</span></li>\n");
}

static void put_map(struct markup *html, const struct map *map)
{
	bool merge = map->sectors > BLOCK_MAX;
	struct block block;
	size_t blocks = 0;

	markup_raw(html, "<ol class=\"flash\">\n");
	for (size_t i = 0; blocks < BLOCK_MAX && next_block(map, &i, merge, &block); blocks++)
		put_block(html, &block);
	markup_raw(html, "</ol>\n");
}

static void put_row(struct markup *html, const struct block *block)
{
	markup_raw(html, "<tr><td>");
	put_numbers(html, block);
	markup_raw(html, "</td><td><code>0x%08" PRIx32 "\xe2\x80\x93%08" PRIx32 "</code></td><td>",
		block->first->addr, end_of(block));
	put_size(html, block->size);
	markup_raw(html, "</td><td>");
	markup_text(html, block->first->name);
	markup_raw(html, "</td><td><i class=\"sw f-%s%s\"></i>", fate_class(block->first),
		is_settings(block->first) ? " settings" : "");
	markup_text(html, block->first->text);
	markup_raw(html, "</td></tr>\n");
}

static void put_list(struct markup *html, const struct map *map)
{
	struct block block;
	size_t rows = 0, more = 0;

	markup_raw(html,
		"<table class=\"sectors\"><thead><tr><th>sectors</th><th>addresses</th>"
		"<th>size</th><th>holds</th><th>what became of it</th></tr></thead><tbody>\n");
	for (size_t i = 0; next_block(map, &i, true, &block); rows++) {
		if (rows < LIST_MAX)
			put_row(html, &block);
		else
			more++;
	}
	markup_raw(html, "</tbody></table>\n");
	if (more)
		markup_raw(html, "<p class=\"more\">%zu more</p>\n", more);
}

static void put_board(struct markup *html, const struct map *map)
{
	if (map->board) {
		markup_raw(html, "<h4>");
		markup_text(html, map->board);
		markup_raw(html, "</h4>\n");
	}
	put_map(html, map);
	put_list(html, map);
}

static struct map map_of(const struct story *story, const char *board)
{
	struct map map = {.story = story, .board = board};

	for (size_t i = 0; i < story->count; i++)
		map.sectors += is_of(&map, &story->events[i]);
	return map;
}

/* A board's sectors are told one after the other. */
void html_flashmap(struct markup *html, const struct story *story)
{
	const struct event *last = NULL;

	for (size_t i = 0, maps = 0; i < story->count && maps < TRACK_BOARD_MAX; i++) {
		const struct event *event = &story->events[i];
		struct map map;

		if (event->kind != EVENT_SECTOR)
			continue;
		if (!last)
			markup_raw(html, "<h3>Flash at the end</h3>\n");
		if (!last || !same(last->board, event->board)) {
			map = map_of(story, event->board);
			put_board(html, &map);
			maps++;
		}
		last = event;
	}
}
