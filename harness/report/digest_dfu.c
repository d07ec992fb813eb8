/* SPDX-License-Identifier: MIT */
/* The bootloader's part of the digest: erases, writes and reads that go on, the states in between, and requests. */
#include "harness/report/digest_parts.h"

#include <string.h>

#define OWN_ITEMS_BACK 2

/* ---- states ---- */

static void add_state(struct digest_state *states, size_t *count, const struct digest_state *state)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(states[i].name, state->name) != 0)
			continue;
		states[i].count += state->count;
		states[i].time_us = state->time_us;
		return;
	}
	if (*count < DIGEST_STATE_MAX)
		states[(*count)++] = *state;
}

/* The first count states at hand were the item's (NULL: nobody's). */
static void give_states(struct digester *self, struct digest_item *item, size_t count)
{
	for (size_t i = 0; item && i < count; i++) {
		add_state(item->states, &item->state_count, &self->states[i]);
		item->end_us = self->states[i].time_us;
	}
	memmove(self->states, self->states + count,
		(self->state_count - count) * sizeof(self->states[0]));
	self->state_count -= count;
	self->last_idle = self->last_idle > count ? self->last_idle - count : 0;
}

static struct digest_item *work_of(struct digester *self)
{
	return self->dfu ? &self->digest->items[self->dfu - 1] : NULL;
}

void digester_end_dfu(struct digester *self)
{
	give_states(self, work_of(self), self->state_count);
	if (self->dfu)
		work_of(self)->requests += self->requests;
	self->requests = 0;
	self->dfu = 0;
}

static bool is_idle(const char *state)
{
	return strstr(state, "IDLE") != NULL;
}

void digester_dfu_state(struct digester *self, const struct event *event)
{
	struct digest_state state = {
		.name = event->name ? event->name : "?", .count = 1, .time_us = event->time_us};

	if (strcmp(state.name, "dfuERROR") == 0) {
		if (!digester_repeats(self, DIGEST_BOARD, event))
			digester_push(self, DIGEST_BOARD, event)->bad = true;
		return;
	}
	if (self->state_count == DIGEST_STATE_MAX)
		give_states(self, work_of(self), self->state_count);
	/* Not folded yet: where the work before ends is still open. */
	self->states[self->state_count++] = state;
	if (is_idle(state.name))
		self->last_idle = self->state_count;
}

/* ---- operations ---- */

static bool moves(const struct event *event)
{
	return event->kind == EVENT_ERASE || event->kind == EVENT_PROGRAM ||
	       event->kind == EVENT_UPLOAD;
}

static bool goes_on(const struct digest_item *item, const struct event *event)
{
	return item->event->kind == event->kind && moves(event) &&
	       event->addr == item->addr + item->bytes &&
	       strcmp(item->board ? item->board : "", event->board ? event->board : "") == 0;
}

static void go_on(struct digester *self, struct digest_item *item, const struct event *event)
{
	give_states(self, item, self->state_count);
	item->requests += self->requests;
	self->requests = 0;
	item->count++;
	item->bytes += event->size;
	item->sector_last = event->sector;
	if (item->end_us < event->time_us)
		item->end_us = event->time_us;
}

/* The firmware's own work, while the host talks to it: it goes on with what it did one or two items before. */
static void take_own(struct digester *self, const struct event *event)
{
	struct digest *digest = self->digest;
	struct digest_item *item = self->own ? &digest->items[self->own - 1] : NULL;

	if (!item || self->own + OWN_ITEMS_BACK < digest->count || !goes_on(item, event)) {
		item = digester_push(self, DIGEST_DFU, event);
		item->own = true;
		self->own = item == &self->nowhere ? 0 : digest->count;
		return;
	}
	item->count++;
	item->bytes += event->size;
	item->sector_last = event->sector;
	item->end_us = event->time_us;
}

void digester_dfu(struct digester *self, const struct event *event)
{
	struct digest_item *item = work_of(self);
	struct digest_state own[DIGEST_STATE_MAX];
	size_t own_count;

	if (event->text && moves(event)) {
		take_own(self, event);
		return;
	}
	if (item && goes_on(item, event)) {
		go_on(self, item, event);
		return;
	}
	give_states(self, item, self->last_idle);
	own_count = self->state_count;
	memcpy(own, self->states, sizeof(own));
	self->state_count = 0;
	item = digester_push(self, DIGEST_DFU, event);
	item->peer = "DFU";
	for (size_t i = 0; i < own_count; i++)
		add_state(item->states, &item->state_count, &own[i]);
	self->dfu = item == &self->nowhere ? 0 : self->digest->count;
}

/* ---- requests ---- */

static bool is_dfu_request(const struct event *event)
{
	return event->text && strncmp(event->text, "DFU_", 4) == 0;
}

static struct digest_item *requests_of(struct digester *self, const struct event *event)
{
	struct digest *digest = self->digest;
	struct digest_item *last = digest->count ? &digest->items[digest->count - 1] : NULL;

	if (last && last->kind == DIGEST_REQUESTS &&
		is_dfu_request(last->event) == is_dfu_request(event) &&
		strcmp(last->board ? last->board : "", event->board ? event->board : "") == 0)
		return last;
	return digester_push(self, DIGEST_REQUESTS, event);
}

/* The bootloader's answers are told by its states; what it refuses is an item, and so is the reading of descriptors. */
void digester_request(struct digester *self, const struct event *event)
{
	struct digest_item *item;

	if (is_dfu_request(event) && event->status == 0) {
		self->requests++;
		return;
	}
	if (self->dfu && !is_dfu_request(event))
		return;
	item = requests_of(self, event);
	item->requests++;
	item->refused += event->status != 0;
	item->bad = is_dfu_request(event);
	item->end_us = event->time_us;
}
