/* SPDX-License-Identifier: MIT */
#include "harness/report/event_terminal.h"

#include "harness/base/attr.h"
#include "harness/report/event_text.h"
#include "harness/report/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_line(
	const struct event_terminal *self, const struct event *event, const char *sentence)
{
	CLEANUP(free_ptr) char *clean_who = utf8_printable(event_who(event));
	CLEANUP(free_ptr) char *clean = utf8_printable(sentence);

	fprintf(self->out, "%5" PRIu64 ".%03u  %-16s  %s\n", event->time_us / 1000000,
		(unsigned int)(event->time_us / 1000 % 1000), clean_who ? clean_who : "",
		clean ? clean : "");
}

static void print_event(
	const struct event_terminal *self, const struct event *event, uint32_t count)
{
	char sentence[EVENT_SENTENCE_SIZE];

	print_line(self, event, event_sentence(event, count, sentence, sizeof(sentence)));
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
