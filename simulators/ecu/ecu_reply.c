/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/ecu_program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From a request to its answer: the thread wakes up, the next frame of the bus flushes the buffer (guessed). */
#define REPLY_US 300u

void ecu_tell(struct ecu *ecu, enum program_fact_kind kind, size_t size, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ecu->machine->ops->tell(ecu->machine, kind, (uint32_t)size, text);
}

static void send(struct ecu *ecu, const void *bytes, size_t size, uint64_t delay_us)
{
	if (cdc_acm_send(&ecu->cdc, bytes, size, REPLY_US + delay_us) < 0)
		ecu_tell(ecu, PROGRAM_FACT_NOTE, size, "an answer is lost: the host does not read");
}

static void send_bytewise(struct ecu *ecu, const void *bytes, size_t size, uint64_t gap_us)
{
	if (cdc_acm_send_slowly(&ecu->cdc, bytes, size, 1, gap_us) < 0)
		ecu_tell(ecu, PROGRAM_FACT_NOTE, size, "an answer is lost: the host does not read");
}

static const char *how(enum fault_action action)
{
	static const char *const text[FAULT_ACTION_COUNT] = {
		[FAULT_DELAY] = ", late",
		[FAULT_BYTEWISE] = ", byte by byte",
		[FAULT_BAD_CRC] = ", with a bad CRC",
		[FAULT_NO_SHOW] = ", never sent",
	};

	return text[action] ? text[action] : "";
}

/* What is answered, with what goes wrong on its way. bytes may be changed. */
static void send_with(struct ecu *ecu, struct fault_hit hit, uint8_t *bytes, size_t size)
{
	if (hit.action == FAULT_NO_SHOW)
		return;
	if (hit.action == FAULT_BYTEWISE) {
		send_bytewise(ecu, bytes, size, hit.value);
		return;
	}
	if (hit.action == FAULT_BAD_CRC)
		bytes[size - 1] ^= 0xff;
	send(ecu, bytes, size, hit.action == FAULT_DELAY ? hit.value : 0);
}

static void tell_reply(
	struct ecu *ecu, enum fault_action action, uint8_t code, size_t data_size, size_t size)
{
	if (data_size)
		ecu_tell(ecu, PROGRAM_FACT_REPLY, size, "%s, %zu bytes%s", ts_code_text(code),
			data_size, how(action));
	else
		ecu_tell(ecu, PROGRAM_FACT_REPLY, size, "%s%s", ts_code_text(code), how(action));
}

static int append_frame(struct buf *frame, uint8_t code, const void *data, size_t size)
{
	CLEANUP(buf_done) struct buf payload;
	int r;

	buf_init(&payload, TS_PAYLOAD_MAX);
	r = buf_append(&payload, &code, 1);
	if (r == 0 && size)
		r = buf_append(&payload, data, size);
	return r < 0 ? r : ts_frame_append(frame, payload.data, payload.size);
}

void ecu_reply(struct ecu *ecu, const char *match, enum ts_code code, const void *data, size_t size)
{
	CLEANUP(buf_done) struct buf frame;
	struct fault_hit hit = fault_at(ecu->machine->faults, FAULT_ECU_REPLY, match);
	uint8_t first = hit.action == FAULT_CODE ? (uint8_t)hit.value : (uint8_t)code;

	if (hit.action == FAULT_CODE)
		size = 0;
	buf_init(&frame, TS_PAYLOAD_MAX + TS_FRAME_OVERHEAD);
	if (append_frame(&frame, first, data, size) < 0) {
		ecu_tell(ecu, PROGRAM_FACT_NOTE, size, "an answer is lost: it is too long");
		return;
	}
	tell_reply(ecu, hit.action, first, size, frame.size);
	send_with(ecu, hit, frame.data, frame.size);
}

void ecu_reply_plain(struct ecu *ecu, const char *match, const void *data, size_t size)
{
	struct fault_hit hit = fault_at(ecu->machine->faults, FAULT_ECU_REPLY, match);
	uint8_t bytes[512];

	if (size > sizeof(bytes))
		size = sizeof(bytes);
	memcpy(bytes, data, size);
	if (hit.action == FAULT_BAD_CRC)
		hit.action = FAULT_NOTHING; /* there is none */
	ecu_tell(ecu, PROGRAM_FACT_REPLY, size, "%zu plain bytes%s", size, how(hit.action));
	if (hit.action == FAULT_CODE) {
		bytes[0] = (uint8_t)hit.value;
		size = 1;
	}
	send_with(ecu, hit, bytes, size);
}
