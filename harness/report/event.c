/* SPDX-License-Identifier: MIT */
#include "harness/report/event.h"

#include "harness/base/attr.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define NOTE_SIZE 1024

static const struct event_shape {
	const char *name;
	unsigned int fields;
} shapes[] = {
	[EVENT_RIG_START] = {"rig-start", EVENT_HAS_WALL},
	[EVENT_RIG_END] = {"rig-end", EVENT_HAS_STATUS},
	[EVENT_PLUGGED] = {"plugged", EVENT_HAS_USB},
	[EVENT_UNPLUGGED] = {"unplugged", EVENT_HAS_USB},
	[EVENT_BUS_RESET] = {"bus-reset", EVENT_HAS_USB},
	[EVENT_MODE] = {"mode", EVENT_HAS_NAME},
	[EVENT_PIN] = {"pin", EVENT_HAS_NAME | EVENT_HAS_LEVEL},
	[EVENT_REQUEST] = {"request", EVENT_HAS_SIZE | EVENT_HAS_STATUS},
	[EVENT_ERASE] = {"erase", EVENT_HAS_ADDR | EVENT_HAS_SIZE | EVENT_HAS_SECTOR},
	[EVENT_MASS_ERASE] = {"mass-erase", EVENT_HAS_ADDR | EVENT_HAS_SIZE},
	[EVENT_PROGRAM] = {"program", EVENT_HAS_ADDR | EVENT_HAS_SIZE},
	[EVENT_OPTIONS] = {"options", EVENT_HAS_ADDR | EVENT_HAS_SIZE},
	[EVENT_UNPROTECT] = {"unprotect", 0},
	[EVENT_UPLOAD] = {"upload", EVENT_HAS_ADDR | EVENT_HAS_SIZE},
	[EVENT_DFU_STATE] = {"dfu-state", EVENT_HAS_NAME},
	[EVENT_LEAVE] = {"leave", EVENT_HAS_ADDR},
	[EVENT_DETACH] = {"detach", 0},
	[EVENT_RESET] = {"reset", 0},
	[EVENT_COMMAND_START] = {"command-start", 0},
	[EVENT_COMMAND_END] = {"command-end", EVENT_HAS_STATUS},
	[EVENT_OUTPUT] = {"output", EVENT_HAS_NAME},
	[EVENT_PROGRESS] = {"progress", EVENT_HAS_NAME | EVENT_HAS_SIZE},
	[EVENT_FIRMWARE] = {"firmware", 0},
	[EVENT_ECU_COMMAND] = {"ecu-command", EVENT_HAS_SIZE},
	[EVENT_ECU_REPLY] = {"ecu-reply", EVENT_HAS_SIZE},
	[EVENT_TUNE] = {"tune", 0},
	[EVENT_FAULT] = {"fault", 0},
	[EVENT_SCENARIO] = {"scenario", EVENT_HAS_NAME},
	[EVENT_STEP] = {"step", EVENT_HAS_NAME},
	[EVENT_SECTOR] = {"sector",
		EVENT_HAS_ADDR | EVENT_HAS_SIZE | EVENT_HAS_SECTOR | EVENT_HAS_NAME},
	[EVENT_EXPECTATION] = {"expectation",
		EVENT_HAS_NAME | EVENT_HAS_LEVEL | EVENT_HAS_EXPECTED},
	[EVENT_VERDICT] = {"verdict", EVENT_HAS_NAME},
	[EVENT_DRIVER] = {"driver", EVENT_HAS_NAME | EVENT_HAS_STATUS},
	[EVENT_DIAGNOSIS] = {"diagnosis", EVENT_HAS_NAME | EVENT_HAS_DIAGNOSIS},
	[EVENT_NOTE] = {"note", 0},
	[EVENT_ERROR] = {"error", 0},
};

static_assert(ARRAY_SIZE(shapes) == EVENT_KIND_COUNT, "a shape for each kind");

void event_stream_init(struct event_stream *stream, const struct clock *clock)
{
	*stream = (struct event_stream){.clock = clock};
	list_init(&stream->sinks);
}

void event_stream_add(struct event_stream *stream, struct event_sink *sink)
{
	list_append(&stream->sinks, &sink->link);
}

void event_stream_remove(struct event_sink *sink)
{
	if (sink->link.next)
		list_remove(&sink->link);
}

bool event_stream_heard(const struct event_stream *stream)
{
	return stream && !list_empty(&stream->sinks);
}

void event_emit(struct event_stream *stream, const struct event *event)
{
	struct event stamped = *event;

	if (!stream)
		return;
	stamped.time_us = clock_now_us(stream->clock);
	stamped.seq = ++stream->seq;
	list_for_each_safe (node, &stream->sinks) {
		struct event_sink *sink = LIST_ENTRY(node, struct event_sink, link);

		sink->ops->emit(sink, &stamped);
	}
}

void event_note(
	struct event_stream *stream, enum event_kind kind, const char *board, const char *fmt, ...)
{
	char text[NOTE_SIZE];
	va_list args;

	if (!stream)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	EVENT_EMIT(stream, .kind = kind, .board = board, .text = text);
}

const char *event_kind_text(enum event_kind kind)
{
	assert(kind < EVENT_KIND_COUNT);
	return shapes[kind].name;
}

unsigned int event_fields(enum event_kind kind)
{
	assert(kind < EVENT_KIND_COUNT);
	return shapes[kind].fields;
}
