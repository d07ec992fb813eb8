/* SPDX-License-Identifier: MIT */
#include "harness/cli/rom_events.h"

#include "harness/base/names.h"
#include "harness/report/board_text.h"

#include <assert.h>
#include <stdio.h>

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

static const char *text_of(const struct rom_events *self, const struct rom_fact *fact)
{
	if (fact->kind == ROM_FACT_STATE)
		return dfu_status_text((uint8_t)fact->status);
	if (fact->kind == ROM_FACT_RESET)
		return rom_reset_reason_text(fact->reason);
	return self->mode == BOARD_ECU || self->mode == BOARD_OPENBLT ? "by the firmware" : NULL;
}

static void on_fact(struct rom_observer *observer, const struct rom_fact *fact)
{
	struct rom_events *self = CONTAINER_OF(observer, struct rom_events, observer);
	enum event_kind kind = kind_of(fact->kind);

	if (kind == EVENT_KIND_COUNT)
		return;
	EVENT_EMIT(self->stream, .kind = kind, .board = self->board, .addr = fact->addr,
		.size = fact->size, .sector = fact->index,
		.name = dfu_state_text((uint8_t)fact->state), .text = text_of(self, fact));
}

static struct rom_events *events_of(struct stm32_board_observer *observer)
{
	return CONTAINER_OF(observer, struct rom_events, board_observer);
}

static void on_mode(struct stm32_board_observer *observer, enum board_mode mode, const char *reason)
{
	struct rom_events *self = events_of(observer);

	self->mode = mode;
	if (mode != BOARD_ECU && mode != BOARD_OPENBLT && mode != BOARD_FIRMWARE)
		self->runs[0] = '\0';
	EVENT_EMIT(self->stream, .kind = EVENT_MODE, .board = self->board,
		.name = names_text(&board_mode_names, mode), .text = reason);
}

static enum event_kind kind_of_program(enum program_fact_kind kind)
{
	static const enum event_kind kinds[] = {
		[PROGRAM_FACT_START] = EVENT_FIRMWARE,
		[PROGRAM_FACT_COMMAND] = EVENT_ECU_COMMAND,
		[PROGRAM_FACT_REPLY] = EVENT_ECU_REPLY,
		[PROGRAM_FACT_TUNE] = EVENT_TUNE,
		[PROGRAM_FACT_NOTE] = EVENT_NOTE,
	};

	static_assert(ARRAY_SIZE(kinds) == PROGRAM_FACT_KIND_COUNT, "an event for each fact");
	return kinds[kind];
}

static void on_program(struct stm32_board_observer *observer, enum program_fact_kind kind,
	uint32_t size, const char *text)
{
	struct rom_events *self = events_of(observer);

	if (kind == PROGRAM_FACT_START)
		snprintf(self->runs, sizeof(self->runs), "%s", text);
	EVENT_EMIT(self->stream, .kind = kind_of_program(kind), .board = self->board, .size = size,
		.text = text);
}

static void on_reset(struct stm32_board_observer *observer, enum reset_cause cause)
{
	struct rom_events *self = events_of(observer);

	EVENT_EMIT(self->stream, .kind = EVENT_RESET, .board = self->board,
		.text = cause == RESET_WATCHDOG ? "by its watchdog" : "by its firmware");
}

void rom_events_init(struct rom_events *events, struct event_stream *stream, const char *board)
{
	*events = (struct rom_events){
		.observer.fact = on_fact,
		.board_observer = {.mode = on_mode, .program = on_program, .reset = on_reset},
		.stream = stream,
		.board = board,
	};
}
