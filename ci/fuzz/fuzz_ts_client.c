/* SPDX-License-Identifier: MIT */
/*
 * The TunerStudio client against an ECU that answers anything: it ends within its limits, and nothing crashes.
 *
 * Input: one byte a reading. 0: nothing comes in time; 0xff: an I/O error; with the top bit: so many bytes follow (modulo 128)
 * and come in a good frame; else so many bytes follow and come as they are. When the input is used up the port is gone.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "harness/base/wire.h"
#include "harness/host/ts_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMED    0x80
#define IO_ERROR  0xff
#define TUNE_SIZE 300
#define WAIT_MAX_US                                                                                \
	UINT64_C(                                                                                  \
		3600000000) /* each call has its own limits; all of them together end long before */

struct liar {
	struct serial_port port;
	struct serial_host host;
	struct virtual_clock clock;
	struct reader in;
	struct buf frame;
};

static int give_frame(struct liar *liar, const uint8_t *bytes, size_t size)
{
	buf_consume(&liar->frame, liar->frame.size);
	return size ? ts_frame_append(&liar->frame, bytes, size) : 0;
}

static int give_bytes(struct liar *liar, const uint8_t *bytes, size_t size)
{
	return size ? buf_append(&liar->frame, bytes, size) : 0;
}

static int give(struct liar *liar, uint8_t *ret_data, size_t room)
{
	size_t size = liar->frame.size < room ? liar->frame.size : room;

	if (size)
		memcpy(ret_data, liar->frame.data, size);
	buf_consume(&liar->frame, size);
	return (int)size;
}

static int liar_read(struct serial_port *port, uint8_t *ret_data, size_t room, uint32_t timeout_ms)
{
	struct liar *liar = CONTAINER_OF(port, struct liar, port);
	uint8_t how = reader_u8(&liar->in);
	size_t size = how & (FRAMED - 1);
	const uint8_t *bytes;

	if (liar->in.failed)
		return -ENODEV;
	if (how == 0)
		liar->clock.time_us += timeout_ms * UINT64_C(1000);
	if (how == 0 || how == IO_ERROR)
		return how ? -EIO : 0;
	if (size > reader_left(&liar->in))
		size = reader_left(&liar->in);
	bytes = reader_take(&liar->in, size);
	if (how & FRAMED ? give_frame(liar, bytes, size) : give_bytes(liar, bytes, size))
		__builtin_trap();
	liar->clock.time_us += 1000;
	return give(liar, ret_data, room);
}

static int liar_write(struct serial_port *port UNUSED, const uint8_t *data UNUSED,
	size_t size UNUSED, uint32_t timeout_ms UNUSED)
{
	return 0;
}

static void liar_drop_input(struct serial_port *port UNUSED)
{
}

static void talk(struct ts_client *ts, struct liar *liar)
{
	uint8_t tune[TUNE_SIZE] = {0};
	char text[TS_SIGNATURE_ROOM];
	struct ts_signature signature;
	struct why why = {""};
	size_t size;
	int r = 0;

	ts->blocking_factor = 100;
	while (r != -ENODEV && !liar->in.failed) {
		r = ts_client_signature(ts, reader_left(&liar->in) & 1, 0, text, &why);
		if (r == 0)
			(void)!ts_signature_read(text, &signature);
		r = ts_client_probe_paged(ts, &why);
		r = ts_client_tune_size(ts, &size, &why);
		assert(r < 0 || size <= TS_PAYLOAD_MAX);
		r = ts_client_read_tune(ts, tune, sizeof(tune), true, &why);
		r = ts_client_write_tune(ts, tune, sizeof(tune), &why);
		r = ts_client_burn(ts, &why);
		r = ts_client_execute(ts, "ping", true, &why);
		assert(r <= 0);
	}
	assert(strlen(why.text) < sizeof(why.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct serial_port_ops ops = {
		.read = liar_read, .write = liar_write, .drop_input = liar_drop_input};
	struct liar liar = {.in = reader_of(data, size)};
	struct ts_client ts;

	virtual_clock_init(&liar.clock);
	liar.host.clock = &liar.clock.clock;
	liar.port = (struct serial_port){.ops = &ops, .host = &liar.host};
	buf_init(&liar.frame, 1 << 20);
	ts_client_init(&ts, &liar.port);
	talk(&ts, &liar);
	assert(liar.clock.time_us < WAIT_MAX_US * (1 + size));
	ts_client_done(&ts);
	buf_done(&liar.frame);
	return 0;
}
