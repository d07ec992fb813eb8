/* SPDX-License-Identifier: MIT */
#include "harness/cli/rom_events.h"

#include <assert.h>

static enum event_kind kind_of(enum rom_fact_kind kind)
{
	static const enum event_kind kinds[] = {
		[ROM_FACT_STATE] = EVENT_DFU_STATE,
		[ROM_FACT_POINTER] = EVENT_KIND_COUNT, /* the host's request says it */
		[ROM_FACT_ERASE] = EVENT_ERASE,
		[ROM_FACT_MASS_ERASE] = EVENT_MASS_ERASE,
		[ROM_FACT_PROGRAM] = EVENT_PROGRAM,
		[ROM_FACT_OPTIONS] = EVENT_OPTIONS,
		[ROM_FACT_UPLOAD] = EVENT_UPLOAD,
		[ROM_FACT_UNPROTECT] = EVENT_UNPROTECT,
		[ROM_FACT_LEAVE] = EVENT_LEAVE,
		[ROM_FACT_DETACH] = EVENT_DETACH,
		[ROM_FACT_RESET] = EVENT_RESET,
	};

	static_assert(ARRAY_SIZE(kinds) == ROM_FACT_KIND_COUNT, "an event for each fact");
	return kinds[kind];
}

static const char *text_of(const struct rom_fact *fact)
{
	if (fact->kind == ROM_FACT_STATE)
		return dfu_status_text((uint8_t)fact->status);
	return fact->kind == ROM_FACT_RESET ? rom_reset_reason_text(fact->reason) : NULL;
}

static void on_fact(struct rom_observer *observer, const struct rom_fact *fact)
{
	struct rom_events *self = CONTAINER_OF(observer, struct rom_events, observer);
	enum event_kind kind = kind_of(fact->kind);

	if (kind == EVENT_KIND_COUNT)
		return;
	EVENT_EMIT(self->stream, .kind = kind, .board = self->board, .addr = fact->addr,
		.size = fact->size, .sector = fact->index,
		.name = dfu_state_text((uint8_t)fact->state), .text = text_of(fact));
}

void rom_events_init(struct rom_events *events, struct event_stream *stream, const char *board)
{
	*events = (struct rom_events){.observer.fact = on_fact, .stream = stream, .board = board};
}
