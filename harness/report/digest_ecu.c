/* SPDX-License-Identifier: MIT */
/* The firmware's part of the digest: commands with their answers; those that differ in an address only are one. */
#include "harness/report/digest_parts.h"

#include <string.h>

static bool same_first_word(const char *a, const char *b)
{
	size_t length = a ? strcspn(a, " ,") : 0;

	return a && b && length == strcspn(b, " ,") && memcmp(a, b, length) == 0;
}

/* Reads and writes of the tune differ in their addresses only; E and Z are what the story is about. */
static bool same_command(const struct event *a, const struct event *b)
{
	if (digest_same(a->text, b->text))
		return true;
	return a->text && a->text[0] != 'E' && a->text[0] != 'Z' &&
	       same_first_word(a->text, b->text);
}

/* "OK" of "OK, 52 bytes": answers are counted by what they say first. */
static void count_answer(struct digest_item *item, const struct digest_state *answer)
{
	size_t length = strcspn(answer->name, ",");

	for (size_t i = 0; i < item->state_count; i++) {
		const char *known = item->states[i].name;

		if (strcspn(known, ",") != length || memcmp(known, answer->name, length) != 0)
			continue;
		item->states[i].count += answer->count;
		return;
	}
	if (item->state_count < DIGEST_STATE_MAX)
		item->states[item->state_count++] = *answer;
}

/* The last item, which will not change any more, goes on with the one before it. */
static void fold_ecu(struct digester *self)
{
	struct digest *digest = self->digest;
	struct digest_item *to, *from;

	if (digest->count < 2 || self->ecu != digest->count)
		return;
	from = &digest->items[digest->count - 1];
	to = from - 1;
	if (to->own && digest->count > 2)
		to--;
	if (to->kind != DIGEST_ECU || !digest_same(to->board, from->board) ||
		!same_command(to->event, from->event))
		return;
	for (size_t i = 0; i < from->state_count; i++)
		count_answer(to, &from->states[i]);
	to->count += from->count;
	to->bytes += from->bytes;
	to->end_us = from->end_us;
	digest->count--;
	self->ecu = 0;
}

void digester_settle_ecu(struct digester *self)
{
	if (self->ecu && self->digest->items[self->ecu - 1].state_count)
		fold_ecu(self);
}

void digester_end_ecu(struct digester *self)
{
	static const struct digest_state silence = {.name = "no answer", .count = 1};

	if (!self->ecu)
		return;
	if (!self->digest->items[self->ecu - 1].state_count)
		count_answer(&self->digest->items[self->ecu - 1], &silence);
	fold_ecu(self);
	self->ecu = 0;
}

void digester_ecu_command(struct digester *self, const struct event *event)
{
	const char **mode = digester_mode(self, event->board);
	struct digest_item *item;

	digester_end_ecu(self);
	item = digester_push(self, DIGEST_ECU, event);
	item->peer = *mode && strcmp(*mode, "openblt") == 0 ? "OpenBLT" : "ECU";
	item->bytes = 0;
	self->ecu = item == &self->nowhere ? 0 : self->digest->count;
}

/* Several answers to one command are one: what it says in the end. */
void digester_ecu_reply(struct digester *self, const struct event *event)
{
	struct digest_state answer = {.name = event->text ? event->text : "?", .count = 1};
	struct digest_item *item;

	if (!self->ecu)
		return;
	item = &self->digest->items[self->ecu - 1];
	item->state_count = 0;
	count_answer(item, &answer);
	item->bytes += event->size;
	item->end_us = event->time_us;
}
