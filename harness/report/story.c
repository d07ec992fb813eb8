/* SPDX-License-Identifier: MIT */
#include "harness/report/story.h"

#include "harness/base/attr.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE (64u << 10)
#define FIRST_ROOM 256

/* Texts never move: a chunk that is full stays, the next one is put in front. */
struct story_chunk {
	struct story_chunk *next;
	size_t used;
	char text[CHUNK_SIZE];
};
static_assert(STORY_TEXT_MAX < CHUNK_SIZE, "a text fits into a chunk");

static char *text_room(struct story *self, size_t size)
{
	struct story_chunk *chunk = self->chunks;

	if (!chunk || CHUNK_SIZE - chunk->used < size) {
		if (self->text_bytes + CHUNK_SIZE > STORY_TEXTS_MAX)
			return NULL;
		chunk = malloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->next = self->chunks;
		chunk->used = 0;
		self->chunks = chunk;
		self->text_bytes += CHUNK_SIZE;
	}
	chunk->used += size;
	return chunk->text + chunk->used - size;
}

/* *text becomes a copy; false when there is no room. before: a text kept earlier, used again when it is the same. */
static bool keep_text(struct story *self, const char **text, const char *before)
{
	static const char cut[] = "...";
	size_t size;
	char *copy;

	if (!*text)
		return true;
	if (before && strcmp(before, *text) == 0) {
		*text = before;
		return true;
	}
	size = strnlen(*text, STORY_TEXT_MAX);
	copy = text_room(self, size + sizeof(cut));
	if (!copy)
		return false;
	memcpy(copy, *text, size);
	memcpy(copy + size, (*text)[size] ? cut : "", (*text)[size] ? sizeof(cut) : 1);
	*text = copy;
	return true;
}

static bool is_detail(const struct event *event)
{
	return event->kind == EVENT_REQUEST || event->kind == EVENT_DFU_STATE;
}

static bool is_judgement(const struct event *event)
{
	return event->kind == EVENT_SECTOR || event->kind == EVENT_EXPECTATION ||
	       event->kind == EVENT_VERDICT || event->kind == EVENT_COMMAND_END;
}

static bool may_keep(const struct story *self, const struct event *event)
{
	if (is_detail(event) && self->details >= STORY_EVENT_MAX / 2)
		return false;
	return self->count < STORY_EVENT_MAX - (is_judgement(event) ? 0 : STORY_END_ROOM);
}

static bool make_room(struct story *self)
{
	size_t room = self->room ? self->room * 2 : FIRST_ROOM;
	struct event *events;

	if (self->count < self->room)
		return true;
	events = realloc(self->events, room * sizeof(*events));
	if (!events)
		return false;
	self->events = events;
	self->room = room;
	return true;
}

static bool keep(struct story *self, const struct event *event)
{
	const struct event *last = self->count ? &self->events[self->count - 1] : NULL;
	struct event copy = *event;

	if (!keep_text(self, &copy.board, last ? last->board : NULL) ||
		!keep_text(self, &copy.name, last ? last->name : NULL) ||
		!keep_text(self, &copy.serial, last ? last->serial : NULL) ||
		!keep_text(self, &copy.text, last ? last->text : NULL) ||
		!keep_text(self, &copy.expected, NULL) || !keep_text(self, &copy.title, NULL) ||
		!keep_text(self, &copy.sure, NULL) || !keep_text(self, &copy.remedy, NULL))
		return false;
	copy.time_us -= self->start_us;
	self->events[self->count++] = copy;
	self->details += is_detail(event);
	return true;
}

static void story_emit(struct event_sink *sink, const struct event *event)
{
	struct story *self = CONTAINER_OF(sink, struct story, sink);

	if (!self->count)
		self->start_us = event->time_us;
	if (!may_keep(self, event) || !make_room(self) || !keep(self, event))
		self->dropped++;
}

void story_init(struct story *story)
{
	static const struct event_sink_ops ops = {.name = "story", .emit = story_emit};

	*story = (struct story){.sink.ops = &ops};
}

void story_done(struct story *story)
{
	while (story->chunks) {
		struct story_chunk *chunk = story->chunks;

		story->chunks = chunk->next;
		free(chunk);
	}
	free(story->events);
	story->events = NULL;
	story->count = story->room = 0;
}
