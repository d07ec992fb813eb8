/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/ts_server.h"

#include "harness/base/clock.h"
#include "harness/base/wire.h"

#define LONG_US  1000000u /* TS_COMMUNICATION_TIMEOUT */
#define SHORT_US 10000u   /* TS_COMMUNICATION_TIMEOUT_SHORT */

#define LENGTH_SIZE 2u

void ts_server_init(
	struct ts_server *server, const struct ts_server_ops *ops, void *owner, size_t max_payload)
{
	*server = (struct ts_server){
		.ops = ops, .owner = owner, .max_payload = max_payload, .deadline_us = CLOCK_NEVER};
	buf_init(&server->in, TS_SERVER_IN_MAX);
}

void ts_server_done(struct ts_server *server)
{
	buf_done(&server->in);
}

void ts_server_reset(struct ts_server *server)
{
	buf_consume(&server->in, server->in.size);
	server->state = TS_SERVER_FIRST;
	server->in_sync = server->stopped = false;
	server->deadline_us = CLOCK_NEVER;
}

static size_t payload_size(const struct ts_server *server)
{
	struct reader in = reader_of(server->in.data, server->in.size);

	return reader_be16(&in);
}

static size_t frame_size(const struct ts_server *server)
{
	return payload_size(server) + TS_FRAME_OVERHEAD;
}

/* How many bytes must be there for the state to go on. */
static size_t needed(const struct ts_server *server)
{
	switch (server->state) {
	case TS_SERVER_FIRST:
		return 1;
	case TS_SERVER_SECOND:
		return LENGTH_SIZE;
	case TS_SERVER_COMMAND:
		return LENGTH_SIZE + 1;
	case TS_SERVER_WHOLE:
	case TS_SERVER_REST:
		return frame_size(server);
	case TS_SERVER_STATE_COUNT:
		break;
	}
	return SIZE_MAX;
}

static void enter(struct ts_server *server, enum ts_server_state state, uint64_t now_us)
{
	bool is_long = state != TS_SERVER_SECOND && state != TS_SERVER_COMMAND;

	server->state = state;
	server->deadline_us = now_us + (is_long ? LONG_US : SHORT_US);
}

/* The next byte is a first one again. */
static void begin(struct ts_server *server, uint64_t now_us)
{
	enter(server, TS_SERVER_FIRST, now_us);
	if (!server->in_sync)
		server->deadline_us = CLOCK_NEVER;
}

/* Takes size bytes away and says so: by an answer in sync, else silently. Out of sync after it. */
static void fail(struct ts_server *server, size_t size, enum ts_code code, uint64_t now_us)
{
	bool in_sync = server->in_sync;

	buf_consume(&server->in, size);
	server->in_sync = false;
	begin(server, now_us);
	if (in_sync)
		server->ops->error(server, code);
	else
		server->ops->dropped(server, size, ts_code_text((uint8_t)code));
}

static void take_first(struct ts_server *server, uint64_t now_us)
{
	uint8_t byte = server->in.data[0];

	if (server->older || !server->ops->is_plain(server, byte)) {
		enter(server, TS_SERVER_SECOND, now_us);
		return;
	}
	buf_consume(&server->in, 1);
	begin(server, now_us);
	server->ops->plain(server, byte);
}

static void take_length(struct ts_server *server, uint64_t now_us)
{
	size_t size = payload_size(server);

	if (size == 0 || size > server->max_payload)
		fail(server, LENGTH_SIZE, server->older ? TS_UNDERRUN : TS_OUT_OF_RANGE, now_us);
	else
		enter(server, server->in_sync ? TS_SERVER_WHOLE : TS_SERVER_COMMAND, now_us);
}

static bool is_known(const struct ts_server *server)
{
	return server->ops->is_known(server, server->in.data[LENGTH_SIZE]);
}

static void take_command(struct ts_server *server, uint64_t now_us)
{
	if (is_known(server))
		enter(server, TS_SERVER_REST, now_us);
	else
		fail(server, LENGTH_SIZE + 1, TS_UNRECOGNIZED_COMMAND, now_us);
}

static void take_frame(struct ts_server *server, uint64_t now_us)
{
	const uint8_t *payload = NULL;
	size_t size = 0, whole = frame_size(server);

	if (!is_known(server)) {
		fail(server, whole, TS_UNRECOGNIZED_COMMAND, now_us);
		return;
	}
	if (ts_scan(server->in.data, whole, server->max_payload, &payload, &size) !=
		TS_SCAN_FRAME) {
		fail(server, whole, TS_CRC_FAILURE, now_us);
		return;
	}
	server->in_sync = true;
	server->ops->request(server, payload, size);
	buf_consume(&server->in, whole < server->in.size ? whole : server->in.size);
	begin(server, now_us);
}

static void step(struct ts_server *server, uint64_t now_us)
{
	switch (server->state) {
	case TS_SERVER_FIRST:
		take_first(server, now_us);
		break;
	case TS_SERVER_SECOND:
		take_length(server, now_us);
		break;
	case TS_SERVER_COMMAND:
		take_command(server, now_us);
		break;
	case TS_SERVER_WHOLE:
	case TS_SERVER_REST:
		take_frame(server, now_us);
		break;
	case TS_SERVER_STATE_COUNT:
		break;
	}
}

static void run(struct ts_server *server, uint64_t now_us)
{
	if (server->running)
		return;
	server->running = true;
	while (!server->stopped && server->in.size >= needed(server))
		step(server, now_us);
	server->running = false;
}

/* The older generation learns by the gap that a first byte was all. */
static void second_is_late(struct ts_server *server, uint64_t now_us)
{
	uint8_t byte = server->in.data[0];

	if (server->older && server->ops->is_plain(server, byte)) {
		buf_consume(&server->in, 1);
		begin(server, now_us);
		server->ops->plain(server, byte);
		return;
	}
	server->in_sync = false; /* no answer: nobody knows what it was to be */
	fail(server, 1, TS_UNDERRUN, now_us);
}

static void time_is_over(struct ts_server *server, uint64_t now_us)
{
	switch (server->state) {
	case TS_SERVER_FIRST:
		server->in_sync = false;
		server->deadline_us = CLOCK_NEVER;
		break;
	case TS_SERVER_SECOND:
		second_is_late(server, now_us);
		break;
	case TS_SERVER_COMMAND:
	case TS_SERVER_WHOLE:
	case TS_SERVER_REST:
		fail(server, server->in.size, TS_UNDERRUN, now_us);
		break;
	case TS_SERVER_STATE_COUNT:
		break;
	}
}

void ts_server_tick(struct ts_server *server, uint64_t now_us)
{
	if (ts_server_deadline_us(server) <= now_us)
		time_is_over(server, now_us);
	run(server, now_us);
}

void ts_server_feed(struct ts_server *server, const uint8_t *data, size_t size, uint64_t now_us)
{
	ts_server_tick(server, now_us);
	if (buf_append(&server->in, data, size) < 0) {
		server->ops->dropped(server, size, "no memory");
		return;
	}
	run(server, now_us);
}

void ts_server_stop(struct ts_server *server)
{
	server->stopped = true;
}

void ts_server_resume(struct ts_server *server, uint64_t now_us)
{
	if (!server->stopped)
		return;
	server->stopped = false;
	if (!server->running && server->state == TS_SERVER_FIRST)
		begin(server, now_us);
	run(server, now_us);
}

uint64_t ts_server_deadline_us(const struct ts_server *server)
{
	return server->stopped ? CLOCK_NEVER : server->deadline_us;
}
