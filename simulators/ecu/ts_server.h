/* SPDX-License-Identifier: MIT */
/*
 * What rusEFI makes of the bytes that come: where a TunerStudio request begins and ends, when it gives up, and whether it
 * says so. What the requests mean is the owner's.
 *
 * Source: rusEFI's tunerstudio.cpp, tsProcessOne (2025). A first byte that is a plain command is one. Else the second byte
 * has 10 ms. A server in sync waits 1 s for the whole frame and answers errors; one out of sync waits 10 ms for the command
 * byte and 1 s for the rest, and drops silently whatever is not a known command with a good CRC. In sync is who got such
 * a command and then neither erred nor was idle for 1 s. The older generation (and FOME) takes a plain command only
 * after a gap of 10 ms behind it, and calls a bad length an underrun.
 */
#ifndef DFURIG_ECU_TS_SERVER_H
#define DFURIG_ECU_TS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/ts/ts.h"

#define TS_SERVER_IN_MAX (256u << 10)

struct ts_server;

/* Called from ts_server_feed, _resume and _tick. All are there. */
struct ts_server_ops {
	/* Whether a first byte is a command of its own, and then: answers it. */
	bool (*is_plain)(const struct ts_server *server, uint8_t byte);
	void (*plain)(struct ts_server *server, uint8_t byte);
	bool (*is_known)(const struct ts_server *server, uint8_t command);
	/* A whole frame with a good CRC and a known command. payload is borrowed for the call. */
	void (*request)(struct ts_server *server, const uint8_t *payload, size_t size);
	/* An answer of this code alone. */
	void (*error)(struct ts_server *server, enum ts_code code);
	/* size bytes are thrown away without an answer. */
	void (*dropped)(struct ts_server *server, size_t size, const char *reason);
};

enum ts_server_state {
	TS_SERVER_FIRST,   /* for the first byte; after 1 s: out of sync */
	TS_SERVER_SECOND,  /* for the second one of the length */
	TS_SERVER_WHOLE,   /* in sync: for all of the frame */
	TS_SERVER_COMMAND, /* out of sync: for the command byte */
	TS_SERVER_REST,    /* out of sync: for what is behind it */
	TS_SERVER_STATE_COUNT,
};

struct ts_server {
	const struct ts_server_ops *ops; /* borrowed */
	void *owner;
	size_t max_payload; /* bytes of the largest request */
	bool older;

	enum ts_server_state state;
	bool in_sync;
	bool stopped; /* the owner is busy: ts_server_stop */
	bool running; /* it is in the middle of it: who resumes it need not run it */
	struct buf in;
	uint64_t deadline_us; /* of the state; CLOCK_NEVER = none */
};

void ts_server_init(
	struct ts_server *server, const struct ts_server_ops *ops, void *owner, size_t max_payload);
void ts_server_done(struct ts_server *server);

/* Forgets everything: as after start-up. */
void ts_server_reset(struct ts_server *server);

/* Bytes came. Out of memory: they are lost. */
void ts_server_feed(struct ts_server *server, const uint8_t *data, size_t size, uint64_t now_us);

/* Nothing is looked at any more, until resume. The time that a stopped server is idle counts as none. */
void ts_server_stop(struct ts_server *server);
void ts_server_resume(struct ts_server *server, uint64_t now_us);

uint64_t ts_server_deadline_us(const struct ts_server *server);
void ts_server_tick(struct ts_server *server, uint64_t now_us);

#endif
