/* SPDX-License-Identifier: MIT */
/*
 * What happened in a run, in order: one flat struct, one stream, many sinks.
 *
 * Producers fill in what their kind of event has (event_fields) and call event_emit; the stream adds time and
 * number and hands the event to every sink: terminal, JSON lines, and whatever else reports. Single-threaded, like
 * the bus.
 */
#ifndef DFURIG_REPORT_EVENT_H
#define DFURIG_REPORT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/clock.h"
#include "harness/base/list.h"

enum event_kind {
	EVENT_RIG_START,
	EVENT_RIG_END,
	EVENT_PLUGGED,   /* a device appeared on the bus */
	EVENT_UNPLUGGED, /* it is gone */
	EVENT_BUS_RESET,
	EVENT_MODE,    /* a board's mode changed */
	EVENT_PIN,     /* one of a board's pins was moved */
	EVENT_REQUEST, /* a control transfer of the host ended */
	EVENT_ERASE, /* one sector; text: who did it when it was not the bootloader, as for EVENT_PROGRAM */
	EVENT_MASS_ERASE,
	EVENT_PROGRAM,
	EVENT_OPTIONS,   /* option bytes were written */
	EVENT_UNPROTECT, /* read protection is taken off, which erases the flash */
	EVENT_UPLOAD,    /* memory was read by the host */
	EVENT_DFU_STATE, /* the bootloader's state and status changed */
	EVENT_LEAVE,     /* the bootloader jumps */
	EVENT_DETACH,    /* the bootloader goes off the bus to come back */
	EVENT_RESET,     /* the chip resets itself */
	EVENT_COMMAND_START,
	EVENT_COMMAND_END,
	EVENT_OUTPUT,      /* text: a line that the program under test printed */
	EVENT_PROGRESS,    /* name: the program under test; size: how far it says it is, per cent */
	EVENT_FIRMWARE,    /* text: what runs on the board now, or what it tells of itself */
	EVENT_ECU_COMMAND, /* text: what the host asked of the firmware, over serial; size: bytes */
	EVENT_ECU_REPLY,   /* text: what it answered; size: bytes */
	EVENT_TUNE,        /* text: what became of the settings */
	EVENT_FAULT,       /* text: a planned fault fired */
	EVENT_SCENARIO,    /* name: of the scenario; text: its title. A run begins */
	EVENT_STEP,        /* name: kind of step; text: the sentence */
	EVENT_SECTOR, /* at the end: addr, size, sector, name: "image", "settings", "other"; text: what became of it:
			     * "untouched", "erased", "written", "changed" */
	EVENT_EXPECTATION, /* name: what; expected, text: what was got; level: fits */
	EVENT_VERDICT,     /* name: PASS, FAIL, ERROR, SKIP; text: the reason */
	EVENT_DRIVER, /* Windows' Device Manager shows another thing of a board; name: its caption, NULL = no device; text: its
		       * driver; status: its code, 0 = works */
	EVENT_DIAGNOSIS, /* triage names a cause; name: of the cause; title: the cause in words; sure; text: because; remedy */
	EVENT_NOTE,
	EVENT_ERROR,
	EVENT_KIND_COUNT,
};

/* The fields of struct event that a kind uses beside time_us, seq, kind, board and text. */
enum event_field {
	EVENT_HAS_ADDR = 1 << 0,
	EVENT_HAS_SIZE = 1 << 1,
	EVENT_HAS_SECTOR = 1 << 2,
	EVENT_HAS_STATUS = 1 << 3,
	EVENT_HAS_NAME = 1 << 4,
	EVENT_HAS_LEVEL = 1 << 5,
	EVENT_HAS_USB = 1 << 6, /* vid, pid, bcd_device, serial, port, devnum */
	EVENT_HAS_WALL = 1 << 7,
	EVENT_HAS_EXPECTED = 1 << 8,
	EVENT_HAS_DIAGNOSIS = 1 << 9, /* title, sure, remedy */
};

/* Texts are UTF-8 by intention, but any bytes are allowed; borrowed for the call. NULL = none. */
struct event {
	uint64_t time_us; /* the stream's clock; set by event_emit */
	uint64_t seq;     /* 1, 2, ...; set by event_emit */
	enum event_kind kind;
	const char *board; /* its name in the rig; NULL = the rig itself */
	const char *text;  /* for a person: a reason, a command line, a request, a product string */

	uint32_t addr;
	uint32_t size;   /* bytes moved or erased */
	uint32_t sector; /* number */
	int32_t status;  /* exit status of a command or the rig; 0 or negative errno of a request */
	const char *name;                  /* the pin; the mode; the state */
	bool level;                        /* of the pin */
	const char *expected;              /* of an expectation */
	const char *title, *sure, *remedy; /* of a diagnosis */
	uint64_t wall_us; /* the wall clock at the stream's time 0, microseconds since 1970 */

	uint16_t vid, pid, bcd_device;
	const char *serial;
	uint8_t port, devnum;
};

struct event_sink;
struct event_sink_ops {
	const char *name;
	/* Takes what it wants of the event; nothing may be kept. A sink that fails remembers it for its own close. */
	void (*emit)(struct event_sink *sink, const struct event *event);
};

struct event_sink {
	const struct event_sink_ops *ops;
	struct list link;
};

struct event_stream {
	const struct clock *clock; /* borrowed */
	struct list sinks;
	uint64_t seq;
};

void event_stream_init(struct event_stream *stream, const struct clock *clock);

/* The sink is borrowed until it is removed. */
void event_stream_add(struct event_stream *stream, struct event_sink *sink);

/* Harmless on a sink that was never added (zeroed) or was removed. */
void event_stream_remove(struct event_sink *sink);

/* True when somebody listens: worth preparing a text. NULL is a stream without sinks. */
bool event_stream_heard(const struct event_stream *stream);

/* Stamps a copy of the event and hands it to every sink, in the order of their adding. */
void event_emit(struct event_stream *stream, const struct event *event);

/* event_emit(stream, &(struct event){...}) in one line. */
#define EVENT_EMIT(stream, ...) event_emit((stream), &(const struct event){__VA_ARGS__})

/* A sentence as EVENT_NOTE or EVENT_ERROR; board may be NULL. */
void event_note(struct event_stream *stream, enum event_kind kind, const char *board,
	const char *fmt, ...) PRINTF(4, 5);

/* "plugged", "command-end": the names in JSON. */
const char *event_kind_text(enum event_kind kind);

/* Which fields this kind uses: enum event_field, or'ed. */
unsigned int event_fields(enum event_kind kind);

#endif
