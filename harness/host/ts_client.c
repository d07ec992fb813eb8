/* SPDX-License-Identifier: MIT */
#include "harness/host/ts_client.h"

#include "harness/base/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* rusEFI's smallest blockingFactor in any .ini known here; every ECU takes it. */
#define BLOCKING_FACTOR 750
#define READ_AT_ONCE    4096
/* Guessed: the console asks again at once, but no loop may go round without time passing. */
#define RETRY_PAUSE_MS 100
#define WHAT_ROOM      64 /* characters of a request in a message */
#define TRIES          3
#define QUIET_MS       100 /* after a request without an answer: nothing more may come */
#define STALE_REQUESTS                                                                             \
	2 /* the one that is sent again, and the next one: two answers may be on the way */
#define TUNE_MAX 65535 /* the largest count on the wire; rusEFI asserts 65536 */

const struct ts_timeouts ts_timeouts_default = {
	/* [rusEFI console, Timeouts.java] */
	.answer_ms = 5000,
	.read_image_ms = 60000,
	.burn_ms = 10000,
};

void ts_client_init(struct ts_client *ts, struct serial_port *port)
{
	*ts = (struct ts_client){
		.port = port,
		.timeouts = ts_timeouts_default,
		.paged = true,
		.blocking_factor = BLOCKING_FACTOR,
	};
	buf_init(&ts->in, TS_PAYLOAD_MAX + TS_FRAME_OVERHEAD + READ_AT_ONCE);
}

void ts_client_done(struct ts_client *ts)
{
	buf_done(&ts->in);
}

static struct clock *clock_of(const struct ts_client *ts)
{
	return ts->port->host->clock;
}

static uint64_t deadline_after(const struct ts_client *ts, uint32_t ms)
{
	return clock_after_us(clock_of(ts), ms * UINT64_C(1000));
}

/* Whole milliseconds until then, at least one when it is not over. */
static uint32_t left_ms(const struct ts_client *ts, uint64_t deadline_us)
{
	uint64_t now_us = clock_now_us(clock_of(ts));

	return now_us >= deadline_us ? 0 : (uint32_t)((deadline_us - now_us + 999) / 1000);
}

/* Waits until nothing has come for a while; what is slow may need more time than it had. */
static void quiet(struct ts_client *ts)
{
	uint64_t deadline_us = deadline_after(ts, 3 * ts->timeouts.answer_ms);
	uint8_t bytes[READ_AT_ONCE];

	while (left_ms(ts, deadline_us) &&
		ts->port->ops->read(ts->port, bytes, sizeof(bytes), QUIET_MS) > 0)
		;
}

/* One request and its answer. */
struct exchange {
	struct ts_client *ts;
	const char *what; /* for messages */
	uint32_t timeout_ms;
	struct why *why;
};

/* Forgets what came before and sends. */
static int send_bytes(const struct exchange *exchange, const uint8_t *data, size_t size)
{
	struct ts_client *ts = exchange->ts;
	int r;

	ts->last_code = TS_OK;
	buf_consume(&ts->in, ts->in.size);
	ts->port->ops->drop_input(ts->port);
	if (ts->stale) {
		ts->stale--;
		quiet(ts);
	}
	r = ts->port->ops->write(ts->port, data, size, exchange->timeout_ms);
	if (r == -ENODEV)
		return why_set(exchange->why, r, "%s: the port is gone", exchange->what);
	return r < 0 ? why_errno(exchange->why, r, "%s: not sent", exchange->what) : 0;
}

/* Appends what comes next to ts->in. */
static int receive(const struct exchange *exchange, uint64_t deadline_us)
{
	struct ts_client *ts = exchange->ts;
	const char *what = exchange->what;
	struct why *why = exchange->why;
	uint32_t left = left_ms(ts, deadline_us);
	uint8_t bytes[READ_AT_ONCE];
	int r = left ? ts->port->ops->read(ts->port, bytes, sizeof(bytes), left) : 0;

	if (r == 0)
		ts->stale = STALE_REQUESTS;
	if (r == -ENODEV)
		return why_set(why, r, "%s: the port is gone", what);
	if (r < 0)
		return why_errno(why, r, "%s", what);
	if (r == 0 && ts->in.size)
		return why_set(why, -ETIMEDOUT, "%s: the answer stopped after %zu bytes", what,
			ts->in.size);
	if (r == 0)
		return why_set(why, -ETIMEDOUT, "%s: no answer", what);
	r = buf_append(&ts->in, bytes, (size_t)r);
	return r < 0 ? why_errno(why, r, "%s", what) : 0;
}

/* *ret: the payload, code included. */
static int receive_frame(const struct exchange *exchange, struct ts_answer *ret)
{
	struct ts_client *ts = exchange->ts;
	uint64_t deadline_us = deadline_after(ts, exchange->timeout_ms);
	int r = 0;

	while (r == 0) {
		switch (ts_scan(ts->in.data, ts->in.size, TS_PAYLOAD_MAX, &ret->data, &ret->size)) {
		case TS_SCAN_FRAME:
			return 0;
		case TS_SCAN_CRC:
			return why_set(exchange->why, -EILSEQ, "%s: the answer has a wrong CRC",
				exchange->what);
		case TS_SCAN_LENGTH:
			return why_set(exchange->why, -EILSEQ, "%s: the answer is no frame",
				exchange->what);
		case TS_SCAN_MORE:
		case TS_SCAN_COUNT:
			break;
		}
		r = receive(exchange, deadline_us);
	}
	return r;
}

static int send_request(const struct exchange *exchange, const struct ts_request *request)
{
	CLEANUP(buf_done) struct buf frame;
	int r;

	buf_init(&frame, TS_PAYLOAD_MAX + TS_FRAME_OVERHEAD);
	r = ts_request_append(&frame, request);
	if (r < 0)
		return why_errno(exchange->why, r, "%s", exchange->what);
	return send_bytes(exchange, frame.data, frame.size);
}

int ts_client_ask(struct ts_client *ts, const struct ts_request *request, uint32_t timeout_ms,
	struct ts_answer *ret, struct why *why)
{
	char what[WHAT_ROOM];
	const struct exchange exchange = {
		.ts = ts,
		.what = ts_request_text(request, what, sizeof(what)),
		.timeout_ms = timeout_ms ? timeout_ms : ts->timeouts.answer_ms,
		.why = why,
	};
	struct ts_answer payload;
	int r = send_request(&exchange, request);

	if (r < 0)
		return r;
	r = receive_frame(&exchange, &payload);
	if (r < 0)
		return r;
	ts->last_code = payload.data[0];
	if (ts->last_code != TS_OK && ts->last_code != TS_BURN_OK)
		return why_set(why, -EREMOTEIO, "%s: the ECU answers 0x%02x (%s)", what,
			ts->last_code, ts_code_text(ts->last_code));
	*ret = (struct ts_answer){.data = payload.data + 1, .size = payload.size - 1};
	return 0;
}

static int copy_signature(
	const uint8_t *data, size_t size, char ret[static TS_SIGNATURE_ROOM], struct why *why)
{
	if (size && data[size - 1] == '\0')
		size--;
	if (size == 0 || size >= TS_SIGNATURE_ROOM || memchr(data, '\0', size))
		return why_set(why, -EBADMSG, "S: %zu bytes that are no signature", size);
	memcpy(ret, data, size);
	ret[size] = '\0';
	return 0;
}

static int plain_signature(struct ts_client *ts, uint32_t timeout_ms,
	char ret[static TS_SIGNATURE_ROOM], struct why *why)
{
	static const uint8_t request[] = {TS_SIGNATURE};
	const struct exchange exchange = {
		.ts = ts, .what = "S (plain)", .timeout_ms = timeout_ms, .why = why};
	uint64_t deadline_us = deadline_after(ts, timeout_ms);
	const uint8_t *end;
	int r = send_bytes(&exchange, request, sizeof(request));

	if (r < 0)
		return r;
	do {
		r = receive(&exchange, deadline_us);
		if (r < 0)
			return r;
		end = memchr(ts->in.data, '\0', ts->in.size);
	} while (!end && ts->in.size < TS_SIGNATURE_ROOM);
	return copy_signature(
		ts->in.data, end ? (size_t)(end - ts->in.data) : ts->in.size, ret, why);
}

int ts_client_signature(struct ts_client *ts, bool plain, uint32_t timeout_ms,
	char ret[static TS_SIGNATURE_ROOM], struct why *why)
{
	const struct ts_request request = {.command = TS_SIGNATURE};
	struct ts_answer answer;
	int r;

	if (!timeout_ms)
		timeout_ms = ts->timeouts.answer_ms;
	if (plain)
		return plain_signature(ts, timeout_ms, ret, why);
	r = ts_client_ask(ts, &request, timeout_ms, &answer, why);
	return r < 0 ? r : copy_signature(answer.data, answer.size, ret, why);
}

/* Not answered as it should be, but worth another try: the line was bad, or the ECU busy. */
static bool worth_another_try(const struct ts_client *ts, int err)
{
	if (err == -EREMOTEIO)
		return ts->last_code != TS_OUT_OF_RANGE;
	return err == -EILSEQ || err == -ETIMEDOUT || err == -EBADMSG;
}

static void pause_ms(struct ts_client *ts, uint32_t ms)
{
	clock_sleep_until_us(clock_of(ts), deadline_after(ts, ms));
}

static int read_range(
	struct ts_client *ts, size_t offset, uint8_t *ret_data, size_t count, struct why *why)
{
	const struct ts_request request = {
		.command = TS_READ,
		.paged = ts->paged,
		.offset = (uint16_t)offset,
		.count = (uint16_t)count,
	};
	struct ts_answer answer;
	int r = ts_client_ask(ts, &request, 0, &answer, why);

	if (r < 0)
		return r;
	if (answer.size != count)
		return why_set(why, -EBADMSG, "R at offset %zu: %zu bytes, not %zu", offset,
			answer.size, count);
	memcpy(ret_data, answer.data, count);
	return 0;
}

/* A bad line is asked again; an answer of another length or an error code says that it is the other form. */
static int try_form(struct ts_client *ts, bool paged, struct why *why)
{
	uint8_t byte;
	int r = -EILSEQ;

	ts->paged = paged;
	for (int i = 0; i < TRIES && r == -EILSEQ; i++)
		r = read_range(ts, 0, &byte, 1, why);
	return r;
}

int ts_client_probe_paged(struct ts_client *ts, struct why *why)
{
	int r = try_form(ts, true, why);

	if (r != -EBADMSG && r != -EREMOTEIO && r != -ETIMEDOUT)
		return r;
	r = try_form(ts, false, why);
	if (r < 0)
		ts->paged = true;
	return r;
}

/* Whether there is time for another try; waits a little before it. */
static bool try_again(struct ts_client *ts, uint64_t deadline_us)
{
	if (left_ms(ts, deadline_us) <= RETRY_PAUSE_MS)
		return false;
	pause_ms(ts, RETRY_PAUSE_MS);
	return true;
}

static size_t chunk_of(const struct ts_client *ts, size_t left)
{
	return left < ts->blocking_factor ? left : ts->blocking_factor;
}

int ts_client_read_tune(
	struct ts_client *ts, uint8_t *ret_tune, size_t size, bool retry, struct why *why)
{
	uint64_t deadline_us = deadline_after(ts, ts->timeouts.read_image_ms);

	for (size_t offset = 0; offset < size;) {
		size_t count = chunk_of(ts, size - offset);
		int r;

		if (!left_ms(ts, deadline_us))
			return why_set(why, -ETIMEDOUT, "tune: %zu of %zu bytes read in %u ms",
				offset, size, ts->timeouts.read_image_ms);
		r = read_range(ts, offset, ret_tune + offset, count, why);
		if (r == 0)
			offset += count;
		else if (!retry || !worth_another_try(ts, r) || !try_again(ts, deadline_us))
			return why_prefix(why, r, "tune");
	}
	return 0;
}

/* For requests that may be sent twice. */
static int ask_some_times(struct ts_client *ts, const struct ts_request *request,
	uint32_t timeout_ms, struct why *why)
{
	struct ts_answer answer;
	int r = -EIO;

	for (int i = 0; i < TRIES; i++) {
		r = ts_client_ask(ts, request, timeout_ms, &answer, why);
		if (r == 0 || !worth_another_try(ts, r))
			return r;
	}
	return r;
}

int ts_client_write_tune(struct ts_client *ts, const uint8_t *tune, size_t size, struct why *why)
{
	for (size_t offset = 0; offset < size;) {
		size_t count = chunk_of(ts, size - offset);
		const struct ts_request request = {
			.command = TS_WRITE,
			.paged = ts->paged,
			.offset = (uint16_t)offset,
			.count = (uint16_t)count,
			.data = tune + offset,
			.data_size = count,
		};
		int r = ask_some_times(ts, &request, 0, why);

		if (r < 0)
			return why_prefix(why, r, "tune");
		offset += count;
	}
	return 0;
}

int ts_client_burn(struct ts_client *ts, struct why *why)
{
	const struct ts_request request = {.command = TS_BURN, .paged = ts->paged};

	return ask_some_times(ts, &request, ts->timeouts.burn_ms, why);
}

int ts_client_page_crc(struct ts_client *ts, size_t size, uint32_t *ret, struct why *why)
{
	const struct ts_request request = {
		.command = TS_PAGE_CRC,
		.paged = ts->paged,
		.count = (uint16_t)size,
	};
	struct ts_answer answer;
	struct reader in;
	int r = size <= TUNE_MAX ? ts_client_ask(ts, &request, 0, &answer, why)
				 : why_set(why, -EINVAL, "k: a tune of %zu bytes", size);

	if (r < 0)
		return r;
	if (answer.size != 4)
		return why_set(why, -EBADMSG, "k: %zu bytes, not 4", answer.size);
	in = reader_of(answer.data, answer.size);
	*ret = reader_be32(&in);
	return 0;
}

/* Whether the tune has so many bytes: 1, 0 or negative errno. */
static int has_size(struct ts_client *ts, size_t size, struct why *why)
{
	uint32_t crc;
	int r = -EILSEQ;

	for (int i = 0; i < TRIES && r < 0; i++) {
		r = ts_client_page_crc(ts, size, &crc, why);
		if (r == -EREMOTEIO && ts->last_code == TS_OUT_OF_RANGE)
			return 0;
		if (r < 0 && !worth_another_try(ts, r))
			return r;
	}
	return r < 0 ? r : 1;
}

int ts_client_tune_size(struct ts_client *ts, size_t *ret, struct why *why)
{
	size_t good = 0, bad = TUNE_MAX + 1;

	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;
		int r = has_size(ts, middle, why);

		if (r < 0)
			return why_prefix(why, r, "size of the tune");
		if (r)
			good = middle;
		else
			bad = middle;
	}
	if (!good)
		return why_set(why, -EBADMSG, "size of the tune: the ECU knows none");
	*ret = good;
	return 0;
}

static int send_command(
	struct ts_client *ts, const struct ts_request *request, bool await, struct why *why)
{
	char what[WHAT_ROOM];
	const struct exchange exchange = {
		.ts = ts,
		.what = ts_request_text(request, what, sizeof(what)),
		.timeout_ms = ts->timeouts.answer_ms,
		.why = why,
	};
	struct ts_answer answer;

	return await ? ts_client_ask(ts, request, 0, &answer, why)
		     : send_request(&exchange, request);
}

int ts_client_execute(struct ts_client *ts, const char *text, bool await, struct why *why)
{
	const struct ts_request request = {
		.command = TS_EXECUTE,
		.data = (const uint8_t *)text,
		.data_size = strlen(text),
	};

	return send_command(ts, &request, await, why);
}

int ts_client_io_test(
	struct ts_client *ts, uint16_t subsystem, uint16_t index, bool await, struct why *why)
{
	const struct ts_request request = {
		.command = TS_IO_TEST,
		.subsystem = subsystem,
		.index = index,
	};

	return send_command(ts, &request, await, why);
}
