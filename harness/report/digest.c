/* SPDX-License-Identifier: MIT */
#include "harness/report/digest.h"

#include "harness/report/digest_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool digester_repeats(struct digester *self, enum digest_kind kind, const struct event *event)
{
	struct digest_item *last = last_item(self);

	if (!last || last->kind != kind || last->event->kind != event->kind ||
		!same_text(last->event->text, event->text) || !same_text(last->board, event->board))
		return false;
	last->count++;
	last->end_us = event->time_us;
	return true;
}

/* ---- pins, boards, steps ---- */

static void take_pin(struct digester *self, const struct event *event)
{
	struct digest_item *last = last_item(self);

	/* Pins that move at one moment are neighbours in the story: event + count is the next. */
	if (last && last->kind == DIGEST_PIN && last->time_us == event->time_us &&
		last->event + last->count == event && same_text(last->board, event->board))
		last->count++;
	else
		digester_push(self, DIGEST_PIN, event);
}

static const char **mode_of(struct digester *self, const char *board)
{
	for (size_t i = 0; i < self->board_count; i++)
		if (same_text(self->boards[i].board, board))
			return &self->boards[i].mode;
	if (self->board_count == DIGESTER_BOARD_MAX)
		return &self->boards[0].mode;
	self->boards[self->board_count].board = board;
	return &self->boards[self->board_count++].mode;
}

/* USB and what runs tell the rest. */
static void take_mode(struct digester *self, const struct event *event)
{
	*mode_of(self, event->board) = event->name;
	if (event->name && strcmp(event->name, "dead") == 0)
		digester_push(self, DIGEST_BOARD, event);
}

static void take_usb(struct digester *self, const struct event *event)
{
	self->ecu = 0;
	digester_push(self, DIGEST_USB, event);
}

static void take_board(struct digester *self, const struct event *event)
{
	if (!digester_repeats(self, DIGEST_BOARD, event))
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

/* ---- the firmware's conversation ---- */

static bool same_first_word(const char *a, const char *b)
{
	size_t length = a ? strcspn(a, " ,") : 0;

	return a && b && length == strcspn(b, " ,") && memcmp(a, b, length) == 0;
}

/* Reads and writes of the tune differ in their addresses only; E and Z are what the story is about. */
static bool same_command(const struct event *a, const struct event *b)
{
	if (same_text(a->text, b->text))
		return true;
	return a->text && a->text[0] != 'E' && a->text[0] != 'Z' &&
	       same_first_word(a->text, b->text);
}

static bool same_answer(const struct digest_item *a, const struct digest_item *b)
{
	if (!a->reply || !b->reply)
		return a->reply == b->reply;
	return same_first_word(a->reply->text, b->reply->text);
}

/* The last item goes on with the one before it. */
static void fold_ecu(struct digester *self)
{
	struct digest *digest = self->digest;
	struct digest_item *to, *from;

	if (digest->count < 2 || self->ecu != digest->count)
		return;
	to = &digest->items[digest->count - 2];
	from = to + 1;
	if (to->kind != DIGEST_ECU || !same_text(to->board, from->board) ||
		!same_command(to->event, from->event) || !same_answer(to, from))
		return;
	to->count += from->count;
	to->bytes += from->bytes;
	to->end_us = from->end_us;
	to->reply = from->reply;
	digest->count--;
	self->ecu = 0;
}

static void take_ecu_command(struct digester *self, const struct event *event)
{
	const char **mode = mode_of(self, event->board);
	struct digest_item *item;

	if (self->ecu && self->ecu == self->digest->count &&
		!self->digest->items[self->ecu - 1].reply)
		fold_ecu(self);
	item = digester_push(self, DIGEST_ECU, event);
	item->peer = *mode && strcmp(*mode, "openblt") == 0 ? "OpenBLT" : "ECU";
	item->bytes = 0;
	self->ecu = item == &self->nowhere ? 0 : self->digest->count;
}

static void take_ecu_reply(struct digester *self, const struct event *event)
{
	struct digest_item *item;

	if (!self->ecu)
		return;
	item = &self->digest->items[self->ecu - 1];
	if (item->reply) /* one more of the same command */
		item->count++;
	item->reply = event;
	item->bytes += event->size;
	item->end_us = event->time_us;
	fold_ecu(self);
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
	[EVENT_ECU_COMMAND] = take_ecu_command,
	[EVENT_ECU_REPLY] = take_ecu_reply,
	[EVENT_FAULT] = take_fault,
	[EVENT_STEP] = take_step,
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
	for (size_t i = 0; i < ret->count; i++)
		digest_item_word(&ret->items[i]);
	return 0;
}

void digest_done(struct digest *digest)
{
	free(digest->items);
	*digest = (struct digest){0};
}
