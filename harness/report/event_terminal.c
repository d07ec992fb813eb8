/* SPDX-License-Identifier: MIT */
#include "harness/report/event_terminal.h"

#include "harness/base/attr.h"
#include "harness/report/format.h"
#include "harness/report/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_SIZE 1280

static const char *who(const struct event *event)
{
	if (event->board)
		return event->board;
	return event->kind == EVENT_COMMAND_START || event->kind == EVENT_COMMAND_END ? "command"
										      : "rig";
}

static void print_line(
	const struct event_terminal *self, const struct event *event, const char *sentence)
{
	CLEANUP(free_ptr) char *clean_who = utf8_printable(who(event));
	CLEANUP(free_ptr) char *clean = utf8_printable(sentence);

	fprintf(self->out, "%5" PRIu64 ".%03u  %-16s  %s\n", event->time_us / 1000000,
		(unsigned int)(event->time_us / 1000 % 1000), clean_who ? clean_who : "",
		clean ? clean : "");
}

static const char *text_of(const struct event *event)
{
	return event->text ? event->text : "";
}

/* ", <text>", or nothing. */
static const char *comma(const struct event *event)
{
	return event->text ? ", " : "";
}

static void say_plugged(const struct event *event, char *out, size_t size)
{
	snprintf(out, size, "USB %04x:%04x \"%s\" serial %s, port %u", event->vid, event->pid,
		text_of(event), event->serial && event->serial[0] ? event->serial : "none",
		event->port);
}

static void say_erase(const struct event *event, uint32_t count, char *out, size_t size)
{
	char bytes[FORMAT_U64_SIZE];

	format_u64(event->size, bytes);
	if (count == 1)
		snprintf(out, size, "erase sector %" PRIu32 " (0x%08" PRIx32 ", %s bytes)",
			event->sector, event->addr, bytes);
	else
		snprintf(out, size, "erase %" PRIu32 " sectors (0x%08" PRIx32 ", %s bytes)", count,
			event->addr, bytes);
}

static void say_move(const struct event *event, const char *verb, char *out, size_t size)
{
	char bytes[FORMAT_U64_SIZE];

	snprintf(out, size, "%s %s byte%s at 0x%08" PRIx32, verb, format_u64(event->size, bytes),
		event->size == 1 ? "" : "s", event->addr);
}

static void say(const struct event *event, uint32_t count, char *out, size_t size)
{
	switch (event->kind) {
	case EVENT_RIG_START:
		snprintf(out, size, "start%s%s", comma(event), text_of(event));
		return;
	case EVENT_RIG_END:
		snprintf(out, size, "end, exit status %" PRId32 "%s%s", event->status, comma(event),
			text_of(event));
		return;
	case EVENT_PLUGGED:
		say_plugged(event, out, size);
		return;
	case EVENT_UNPLUGGED:
		snprintf(out, size, "USB %04x:%04x gone", event->vid, event->pid);
		return;
	case EVENT_BUS_RESET:
		snprintf(out, size, "USB bus reset");
		return;
	case EVENT_MODE:
		snprintf(out, size, "now %s%s%s", event->name ? event->name : "?", comma(event),
			text_of(event));
		return;
	case EVENT_PIN:
		snprintf(out, size, "%s %s", event->name ? event->name : "?",
			event->level ? "high" : "low");
		return;
	case EVENT_ERASE:
		say_erase(event, count, out, size);
		return;
	case EVENT_MASS_ERASE:
		say_move(event, "mass erase,", out, size);
		return;
	case EVENT_PROGRAM:
		say_move(event, "write", out, size);
		return;
	case EVENT_OPTIONS:
		say_move(event, "write option bytes,", out, size);
		return;
	case EVENT_UNPROTECT:
		snprintf(out, size, "read protection off, flash erased");
		return;
	case EVENT_UPLOAD:
		say_move(event, "read", out, size);
		return;
	case EVENT_DFU_STATE:
		snprintf(out, size, "%s%s%s", event->name ? event->name : "?", comma(event),
			text_of(event));
		return;
	case EVENT_DETACH:
		snprintf(out, size, "detaches");
		return;
	case EVENT_LEAVE:
		snprintf(out, size, "leaves DFU, jumps to 0x%08" PRIx32, event->addr);
		return;
	case EVENT_RESET:
		snprintf(out, size, "resets%s%s", comma(event), text_of(event));
		return;
	case EVENT_COMMAND_START:
		snprintf(out, size, "$ %s", text_of(event));
		return;
	case EVENT_COMMAND_END:
		snprintf(out, size, "exit status %" PRId32 "%s%s", event->status, comma(event),
			text_of(event));
		return;
	case EVENT_REQUEST:
	case EVENT_OUTPUT:
	case EVENT_FIRMWARE:
	case EVENT_ECU_COMMAND:
	case EVENT_ECU_REPLY:
	case EVENT_TUNE:
	case EVENT_FAULT:
	case EVENT_SCENARIO:
	case EVENT_STEP:
	case EVENT_SECTOR:
	case EVENT_EXPECTATION:
	case EVENT_VERDICT:
	case EVENT_NOTE:
		snprintf(out, size, "%s", text_of(event));
		return;
	case EVENT_ERROR:
		snprintf(out, size, "error: %s", text_of(event));
		return;
	case EVENT_KIND_COUNT:
		break;
	}
	out[0] = '\0';
}

static void print_event(
	const struct event_terminal *self, const struct event *event, uint32_t count)
{
	char sentence[SENTENCE_SIZE];

	say(event, count, sentence, sizeof(sentence));
	print_line(self, event, sentence);
}

static void end_run(struct event_terminal *self)
{
	if (self->run_count)
		print_event(self, &self->run, self->run_count);
	self->run_count = 0;
}

static bool is_detail(const struct event *event)
{
	return event->kind == EVENT_REQUEST || event->kind == EVENT_DFU_STATE;
}

static bool may_go_on(const struct event *event)
{
	return event->kind == EVENT_ERASE || event->kind == EVENT_PROGRAM ||
	       event->kind == EVENT_UPLOAD;
}

static bool continues_run(const struct event_terminal *self, const struct event *event)
{
	return self->run_count && event->kind == self->run.kind &&
	       event->addr == self->run.addr + self->run.size &&
	       event->size <= UINT32_MAX - self->run.size &&
	       strcmp(self->run_board, event->board ? event->board : "") == 0;
}

static void start_run(struct event_terminal *self, const struct event *event)
{
	end_run(self);
	self->run = *event;
	snprintf(self->run_board, sizeof(self->run_board), "%s", event->board ? event->board : "");
	self->run.board = event->board ? self->run_board : NULL;
	self->run.text = self->run.name = self->run.serial = NULL;
	self->run_count = 1;
}

static void gather(struct event_terminal *self, const struct event *event)
{
	if (!continues_run(self, event)) {
		start_run(self, event);
		return;
	}
	self->run.size += event->size;
	self->run_count++;
}

static void terminal_emit(struct event_sink *sink, const struct event *event)
{
	struct event_terminal *self = CONTAINER_OF(sink, struct event_terminal, sink);

	if (is_detail(event) && !self->requests)
		return;
	if (may_go_on(event) && !self->requests) {
		gather(self, event);
		return;
	}
	end_run(self);
	print_event(self, event, 1);
	fflush(self->out);
}

void event_terminal_init(struct event_terminal *terminal, FILE *out, bool requests)
{
	static const struct event_sink_ops ops = {.name = "terminal", .emit = terminal_emit};

	*terminal = (struct event_terminal){.sink.ops = &ops, .out = out, .requests = requests};
}

void event_terminal_finish(struct event_terminal *terminal)
{
	end_run(terminal);
	fflush(terminal->out);
	event_stream_remove(&terminal->sink);
}
