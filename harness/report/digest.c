/* SPDX-License-Identifier: MIT */
#include "harness/report/digest.h"

#include "harness/report/digest_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_US 1000

/* ---- items ---- */

static bool is_needed(enum digest_kind kind)
{
	return kind == DIGEST_STEP || kind == DIGEST_FAULT || kind == DIGEST_TOOL_START ||
	       kind == DIGEST_TOOL_END || kind == DIGEST_USB || kind == DIGEST_ERROR;
}

static struct digest_item *new_item(struct digester *self, enum digest_kind kind)
{
	struct digest *digest = self->digest;
	size_t room = DIGEST_ITEM_MAX + (is_needed(kind) ? DIGEST_END_ROOM : 0);

	if (digest->count < room)
		return &digest->items[digest->count++];
	digest->more++;
	return &self->nowhere;
}

static const char *tool_of(const struct digester *self)
{
	return self->tool_count ? self->tools[self->tool_count - 1] : "host";
}

struct digest_item *digester_push(
	struct digester *self, enum digest_kind kind, const struct event *event)
{
	struct digest_item *item;

	digester_end_dfu(self);
	digester_settle_ecu(self);
	item = new_item(self, kind);
	*item = (struct digest_item){
		.kind = kind,
		.event = event,
		.time_us = event->time_us,
		.end_us = event->time_us,
		.board = event->board,
		.count = 1,
		.addr = event->addr,
		.bytes = event->size,
		.sector_first = event->sector,
		.sector_last = event->sector,
	};
	snprintf(item->tool, sizeof(item->tool), "%s", tool_of(self));
	return item;
}

static struct digest_item *last_item(struct digester *self)
{
	return self->digest->count ? &self->digest->items[self->digest->count - 1] : NULL;
}

bool digest_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool digester_repeats(struct digester *self, enum digest_kind kind, const struct event *event)
{
	struct digest_item *last = last_item(self);

	if (!last || last->kind != kind || last->event->kind != event->kind ||
		!digest_same(last->event->text, event->text) ||
		!digest_same(last->board, event->board))
		return false;
	last->count++;
	last->end_us = event->time_us;
	return true;
}

/* ---- pins, boards, steps ---- */

/* Pins that move at one moment, as a hand does it, are one item. */
static void take_pin(struct digester *self, const struct event *event)
{
	struct digest_item *item = last_item(self);

	if (item && item->kind == DIGEST_PIN && event->time_us - item->time_us < MOMENT_US &&
		digest_same(item->board, event->board))
		item->count++;
	else
		item = digester_push(self, DIGEST_PIN, event);
	digest_item_add_pin(item, event);
}

const char **digester_mode(struct digester *self, const char *board)
{
	for (size_t i = 0; i < self->board_count; i++)
		if (digest_same(self->boards[i].board, board))
			return &self->boards[i].mode;
	if (self->board_count == DIGESTER_BOARD_MAX)
		return &self->boards[0].mode;
	self->boards[self->board_count].board = board;
	return &self->boards[self->board_count++].mode;
}

/* USB and what runs tell the rest. */
static void take_mode(struct digester *self, const struct event *event)
{
	*digester_mode(self, event->board) = event->name;
	if (event->name && strcmp(event->name, "dead") == 0)
		digester_push(self, DIGEST_BOARD, event);
}

static void take_usb(struct digester *self, const struct event *event)
{
	digester_end_ecu(self);
	digester_push(self, DIGEST_USB, event);
}

static void take_board(struct digester *self, const struct event *event)
{
	if (!digester_repeats(self, DIGEST_BOARD, event))
		digester_push(self, DIGEST_BOARD, event);
}

/* Each is another one than the last, whatever its text says. */
static void take_finding(struct digester *self, const struct event *event)
{
	digester_push(self, DIGEST_BOARD, event);
}

static void take_step(struct digester *self, const struct event *event)
{
	digester_push(self, DIGEST_STEP, event);
}

static void take_fault(struct digester *self, const struct event *event)
{
	if (!digester_repeats(self, DIGEST_FAULT, event))
		digester_push(self, DIGEST_FAULT, event);
}

static void take_note(struct digester *self, const struct event *event)
{
	enum digest_kind kind = event->kind == EVENT_ERROR ? DIGEST_ERROR : DIGEST_NOTE;

	if (!digester_repeats(self, kind, event))
		digester_push(self, kind, event)->bad = kind == DIGEST_ERROR;
}

/* ---- programs on the host ---- */

const char *digest_tool_name(const char *command, char *out, size_t size)
{
	size_t length = strcspn(command, " ");
	size_t start = length;

	while (start > 0 && command[start - 1] != '/')
		start--;
	snprintf(out, size, "%.*s", (int)(length - start < size ? length - start : size - 1),
		command + start);
	return out;
}

static void take_command_start(struct digester *self, const struct event *event)
{
	struct digest_item *item;

	if (self->tool_count == DIGESTER_TOOL_MAX)
		self->tool_count--;
	digest_tool_name(event->text ? event->text : "", self->tools[self->tool_count],
		sizeof(self->tools[0]));
	self->tool_count++;
	item = digester_push(self, DIGEST_TOOL_START, event);
	snprintf(item->tool, sizeof(item->tool), "%s", tool_of(self));
}

static void take_command_end(struct digester *self, const struct event *event)
{
	struct digest_item *item = digester_push(self, DIGEST_TOOL_END, event);

	item->bad = event->status != 0;
	if (self->tool_count)
		self->tool_count--;
}

/* ---- all of it ---- */

typedef void take_fn(struct digester *self, const struct event *event);

static take_fn *const takers[EVENT_KIND_COUNT] = {
	[EVENT_PLUGGED] = take_usb,
	[EVENT_UNPLUGGED] = take_usb,
	[EVENT_MODE] = take_mode,
	[EVENT_PIN] = take_pin,
	[EVENT_REQUEST] = digester_request,
	[EVENT_ERASE] = digester_dfu,
	[EVENT_MASS_ERASE] = digester_dfu,
	[EVENT_PROGRAM] = digester_dfu,
	[EVENT_OPTIONS] = digester_dfu,
	[EVENT_UNPROTECT] = digester_dfu,
	[EVENT_UPLOAD] = digester_dfu,
	[EVENT_LEAVE] = digester_dfu,
	[EVENT_DETACH] = digester_dfu,
	[EVENT_DFU_STATE] = digester_dfu_state,
	[EVENT_RESET] = take_board,
	[EVENT_FIRMWARE] = take_board,
	[EVENT_TUNE] = take_board,
	[EVENT_COMMAND_START] = take_command_start,
	[EVENT_COMMAND_END] = take_command_end,
	[EVENT_ECU_COMMAND] = digester_ecu_command,
	[EVENT_ECU_REPLY] = digester_ecu_reply,
	[EVENT_FAULT] = take_fault,
	[EVENT_STEP] = take_step,
	[EVENT_DRIVER] = take_finding,
	[EVENT_DIAGNOSIS] = take_finding,
	[EVENT_NOTE] = take_note,
	[EVENT_ERROR] = take_note,
};

int digest_make(const struct story *story, struct digest *ret)
{
	struct digester self = {.digest = ret};

	*ret = (struct digest){
		.items = calloc(DIGEST_ITEM_MAX + DIGEST_END_ROOM, sizeof(*ret->items))};
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < story->count; i++) {
		const struct event *event = &story->events[i];

		if (takers[event->kind])
			takers[event->kind](&self, event);
	}
	digester_end_dfu(&self);
	digester_end_ecu(&self);
	for (size_t i = 0; i < ret->count; i++)
		digest_item_word(&ret->items[i]);
	return 0;
}

void digest_done(struct digest *digest)
{
	free(digest->items);
	*digest = (struct digest){0};
}
