/* SPDX-License-Identifier: MIT */
/* The digest's sentences. */
#include "harness/report/digest_parts.h"
#include "harness/report/event_text.h"
#include "harness/report/format.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(char *out, size_t size, const char *fmt, ...) PRINTF(3, 4);

static void add(char *out, size_t size, const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, fmt);
	vsnprintf(out + used, size - used, fmt, args);
	va_end(args);
}

#define SAY(item, ...)    add((item)->text, sizeof((item)->text), __VA_ARGS__)
#define ANSWER(item, ...) add((item)->answer, sizeof((item)->answer), __VA_ARGS__)

static void add_times(struct digest_item *item)
{
	if (item->count > 1)
		SAY(item, " (%" PRIu32 " times)", item->count);
}

static void word_sentence(struct digest_item *item)
{
	event_sentence(item->event, 1, item->text, sizeof(item->text));
	add_times(item);
}

/* The kind of item says who tells it. */
static void word_plain(struct digest_item *item)
{
	SAY(item, "%s", item->event->text ? item->event->text : "");
	add_times(item);
}

static void word_step(struct digest_item *item)
{
	const struct event *event = item->event;

	SAY(item, "%s",
		event->text && event->text[0] ? event->text
		: event->name                 ? event->name
					      : "step");
}

void digest_item_add_pin(struct digest_item *item, const struct event *event)
{
	SAY(item, "%s%s %s", item->text[0] ? ", " : "", event->name ? event->name : "?",
		event_pin_level_text(event->name, event->level));
}

static void word_usb(struct digest_item *item)
{
	const struct event *event = item->event;

	SAY(item, "%04x:%04x", event->vid, event->pid);
	if (event->kind == EVENT_UNPLUGGED) {
		SAY(item, " gone");
		return;
	}
	if (event->text)
		SAY(item, " \"%s\"", event->text);
	if (event->serial && event->serial[0])
		SAY(item, " serial %s", event->serial);
}

static void word_board(struct digest_item *item)
{
	const struct event *event = item->event;

	if (event->kind == EVENT_DFU_STATE)
		SAY(item, "dfuERROR%s%s", event->text ? ", " : "", event->text ? event->text : "");
	else if (event->kind == EVENT_MODE)
		SAY(item, "is %s%s%s", event->name, event->text ? ": " : "",
			event->text ? event->text : "");
	else
		event_sentence(event, 1, item->text, sizeof(item->text));
	add_times(item);
}

static void word_tool_start(struct digest_item *item)
{
	SAY(item, "%s", item->event->text ? item->event->text : "");
}

static void word_tool_end(struct digest_item *item)
{
	SAY(item, "exit %" PRId32, item->event->status);
}

/* One answer is given as it was, of several how often each came. */
static void word_ecu(struct digest_item *item)
{
	const char *only = item->state_count ? item->states[0].name : "no answer";
	char bytes[FORMAT_U64_SIZE];

	SAY(item, "%s", item->event->text ? item->event->text : "?");
	item->silent = item->bytes == 0;
	if (item->count == 1) {
		ANSWER(item, "%s", only);
		return;
	}
	SAY(item, " ... %" PRIu32 " times", item->count);
	for (size_t i = 0; i < item->state_count; i++)
		ANSWER(item, "%s%.*s \xc3\x97%" PRIu32, i ? ", " : "",
			(int)strcspn(item->states[i].name, ","), item->states[i].name,
			item->states[i].count);
	if (!item->silent)
		ANSWER(item, ", %s bytes in all", format_u64(item->bytes, bytes));
}

static void word_states(struct digest_item *item)
{
	for (size_t i = 0; i < item->state_count; i++) {
		ANSWER(item, "%s%s", i ? ", " : "", item->states[i].name);
		if (item->states[i].count > 1)
			ANSWER(item, " \xc3\x97%" PRIu32, item->states[i].count);
	}
}

static void word_erase(struct digest_item *item)
{
	char bytes[FORMAT_U64_SIZE];

	if (item->count == 1)
		SAY(item, "erase sector %" PRIu32, item->sector_first);
	else
		SAY(item, "erase sectors %" PRIu32 " to %" PRIu32, item->sector_first,
			item->sector_last);
	SAY(item, ", %s bytes at 0x%08" PRIx32, format_u64(item->bytes, bytes), item->addr);
}

static void word_move(struct digest_item *item, const char *verb)
{
	char bytes[FORMAT_U64_SIZE], count[FORMAT_U64_SIZE];

	SAY(item, "%s %s byte%s", verb, format_u64(item->bytes, bytes),
		item->bytes == 1 ? "" : "s");
	if (item->count > 1)
		SAY(item, " in %s blocks", format_u64(item->count, count));
	SAY(item, " at 0x%08" PRIx32, item->addr);
}

static void word_dfu(struct digest_item *item)
{
	word_states(item);
	if (item->event->kind == EVENT_ERASE)
		word_erase(item);
	else if (item->event->kind == EVENT_PROGRAM)
		word_move(item, "write");
	else if (item->event->kind == EVENT_UPLOAD)
		word_move(item, "read");
	else if (item->event->kind == EVENT_LEAVE)
		SAY(item, "leave, jump to 0x%08" PRIx32, item->addr);
	else
		word_sentence(item);
	if (item->own)
		SAY(item, ", %s", item->event->text);
}

static void word_requests(struct digest_item *item)
{
	if (item->requests == 1)
		word_plain(item);
	else if (item->bad)
		SAY(item, "%" PRIu32 " requests refused, first %s", item->requests,
			item->event->text);
	else
		SAY(item, "%" PRIu32 " requests: descriptors, strings, configuration",
			item->requests);
	if (!item->bad && item->refused && item->requests > 1)
		ANSWER(item, "%" PRIu32 " refused", item->refused);
}

typedef void word_fn(struct digest_item *item);

static word_fn *const words[] = {
	[DIGEST_STEP] = word_step,
	[DIGEST_PIN] = NULL,
	[DIGEST_USB] = word_usb,
	[DIGEST_BOARD] = word_board,
	[DIGEST_FAULT] = word_plain,
	[DIGEST_TOOL_START] = word_tool_start,
	[DIGEST_TOOL_END] = word_tool_end,
	[DIGEST_ECU] = word_ecu,
	[DIGEST_DFU] = word_dfu,
	[DIGEST_REQUESTS] = word_requests,
	[DIGEST_NOTE] = word_plain,
	[DIGEST_ERROR] = word_sentence,
};
static_assert(ARRAY_SIZE(words) == DIGEST_KIND_COUNT, "words for each kind");

void digest_item_word(struct digest_item *item)
{
	if (!words[item->kind])
		return;
	item->text[0] = item->answer[0] = '\0';
	words[item->kind](item);
}
