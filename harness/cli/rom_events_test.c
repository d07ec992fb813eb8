/* SPDX-License-Identifier: MIT */
#include "harness/cli/rom_events.h"

#include <criterion/criterion.h>

struct recorder {
	struct event_sink sink;
	struct event last;
	unsigned int count;
};

static void recorder_emit(struct event_sink *sink, const struct event *event)
{
	struct recorder *self = CONTAINER_OF(sink, struct recorder, sink);

	self->last = *event;
	self->count++;
}

static const struct event_sink_ops recorder_ops = {.name = "recorder", .emit = recorder_emit};

static struct event told(const struct rom_fact *fact, unsigned int count)
{
	struct recorder recorder = {.sink.ops = &recorder_ops};
	struct virtual_clock clock;
	struct event_stream stream;
	struct rom_events events;

	virtual_clock_init(&clock);
	event_stream_init(&stream, &clock.clock);
	event_stream_add(&stream, &recorder.sink);
	rom_events_init(&events, &stream, "board");
	events.observer.fact(&events.observer, fact);
	cr_assert_eq(recorder.count, count);
	return recorder.last;
}

Test(rom_events, an_erased_sector_is_an_event)
{
	struct event event = told(
		&(struct rom_fact){
			.kind = ROM_FACT_ERASE, .addr = 0x0800c000, .size = 16384, .index = 3},
		1);

	cr_assert_eq(event.kind, EVENT_ERASE);
	cr_assert_str_eq(event.board, "board");
	cr_assert_eq(event.addr, 0x0800c000);
	cr_assert_eq(event.size, 16384);
	cr_assert_eq(event.sector, 3);
}

Test(rom_events, a_new_state_is_an_event_with_the_specifications_names)
{
	struct event event = told(
		&(struct rom_fact){
			.kind = ROM_FACT_STATE, .state = DFU_ERROR, .status = DFU_ERR_VENDOR},
		1);

	cr_assert_eq(event.kind, EVENT_DFU_STATE);
	cr_assert_str_eq(event.name, "dfuERROR");
	cr_assert_str_eq(event.text, "errVENDOR");
}

Test(rom_events, a_reset_says_why)
{
	struct event event =
		told(&(struct rom_fact){.kind = ROM_FACT_RESET, .reason = ROM_RESET_OPTIONS}, 1);

	cr_assert_eq(event.kind, EVENT_RESET);
	cr_assert_str_eq(event.text, rom_reset_reason_text(ROM_RESET_OPTIONS));
}

Test(rom_events, the_address_pointer_is_left_to_the_request)
{
	told(&(struct rom_fact){.kind = ROM_FACT_POINTER, .addr = 0x08000000}, 0);
}

/* What the firmware says, by the board's observer. */
static struct event told_program(enum program_fact_kind kind, const char *text)
{
	struct recorder recorder = {.sink.ops = &recorder_ops};
	struct virtual_clock clock;
	struct event_stream stream;
	struct rom_events events;

	virtual_clock_init(&clock);
	event_stream_init(&stream, &clock.clock);
	event_stream_add(&stream, &recorder.sink);
	rom_events_init(&events, &stream, "board");
	events.board_observer.program(&events.board_observer, kind, 7, text);
	cr_assert_eq(recorder.count, 1);
	cr_assert_str_eq(recorder.last.text, text);
	cr_assert_eq(recorder.last.size, 7);
	return recorder.last;
}

Test(rom_events, what_firmware_tells_is_an_event_of_its_kind)
{
	static const struct {
		enum program_fact_kind fact;
		enum event_kind event;
	} rows[] = {
		{PROGRAM_FACT_START, EVENT_FIRMWARE},
		{PROGRAM_FACT_COMMAND, EVENT_ECU_COMMAND},
		{PROGRAM_FACT_REPLY, EVENT_ECU_REPLY},
		{PROGRAM_FACT_TUNE, EVENT_TUNE},
		{PROGRAM_FACT_NOTE, EVENT_NOTE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(told_program(rows[i].fact, "text").kind, rows[i].event, "row %zu", i);
}

Test(rom_events, what_runs_is_known_until_the_mode_says_that_nothing_does)
{
	struct virtual_clock clock;
	struct event_stream stream;
	struct rom_events events;
	struct stm32_board_observer *observer = &events.board_observer;

	virtual_clock_init(&clock);
	event_stream_init(&stream, &clock.clock);
	rom_events_init(&events, &stream, "board");
	observer->program(observer, PROGRAM_FACT_START, 0, "rusEFI x");
	observer->mode(observer, BOARD_ECU, NULL);
	cr_expect_str_eq(events.runs, "rusEFI x");
	observer->mode(observer, BOARD_DEAD, "why");
	cr_expect_str_eq(events.runs, "");
}

Test(rom_events, what_the_firmware_does_to_the_flash_is_said_to_be_its_own)
{
	static const struct {
		enum board_mode mode;
		bool own;
	} rows[] = {{BOARD_DFU, false}, {BOARD_ECU, true}, {BOARD_OPENBLT, true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recorder recorder = {.sink.ops = &recorder_ops};
		struct virtual_clock clock;
		struct event_stream stream;
		struct rom_events events;

		virtual_clock_init(&clock);
		event_stream_init(&stream, &clock.clock);
		event_stream_add(&stream, &recorder.sink);
		rom_events_init(&events, &stream, "board");
		events.board_observer.mode(&events.board_observer, rows[i].mode, NULL);
		events.observer.fact(
			&events.observer, &(struct rom_fact){.kind = ROM_FACT_PROGRAM, .size = 4});
		cr_expect_eq(recorder.last.kind, EVENT_PROGRAM);
		cr_expect_eq(recorder.last.text != NULL, rows[i].own, "row %zu", i);
	}
}
