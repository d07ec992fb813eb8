/* SPDX-License-Identifier: MIT */
#include "harness/host/scripted_port_test.h"

#include "harness/ts/ts.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define ROOM (1u << 20)

static struct scripted_port *self_of(struct serial_port *port)
{
	return CONTAINER_OF(port, struct scripted_port, port);
}

static void queue(struct scripted_port *self, const struct scripted_answer *answer)
{
	int r = 0;

	self->current = answer;
	self->out_at_us = self->clock.time_us + answer->delay_ms * UINT64_C(1000);
	if (!answer->data)
		return;
	if (answer->raw)
		r = buf_append(&self->out, answer->data, answer->size);
	else
		r = ts_frame_append(&self->out, answer->data, answer->size);
	cr_assert_eq(r, 0);
	if (answer->wrong_crc)
		self->out.data[self->out.size - 1] ^= 1;
}

static int scripted_write(
	struct serial_port *port, const uint8_t *data, size_t size, uint32_t timeout_ms)
{
	struct scripted_port *self = self_of(port);
	size_t index =
		self->requests < self->answer_count ? self->requests : self->answer_count - 1;

	(void)timeout_ms;
	self->requests++;
	cr_assert_eq(buf_append(&self->sent, data, size), 0);
	if (self->serve) {
		self->serve(self, data, size);
		return 0;
	}
	if (!self->answers[index].write_err)
		queue(self, &self->answers[index]);
	return self->answers[index].write_err;
}

static int scripted_read(
	struct serial_port *port, uint8_t *ret_data, size_t size, uint32_t timeout_ms)
{
	struct scripted_port *self = self_of(port);
	uint64_t end_us = self->clock.time_us + timeout_ms * UINT64_C(1000);
	size_t take = self->out.size < size ? self->out.size : size;

	if (self->current && self->current->gone)
		return -ENODEV;
	if (self->current && self->current->piece && take > self->current->piece)
		take = self->current->piece;
	if (!take || self->out_at_us > end_us) {
		self->clock.time_us = end_us;
		return 0;
	}
	clock_sleep_until_us(&self->clock.clock, self->out_at_us);
	memcpy(ret_data, self->out.data, take);
	buf_consume(&self->out, take);
	if (self->current)
		self->out_at_us = self->clock.time_us + self->current->gap_ms * UINT64_C(1000);
	return (int)take;
}

static void scripted_drop_input(struct serial_port *port)
{
	struct scripted_port *self = self_of(port);

	if (!self->keep_input)
		buf_consume(&self->out, self->out.size);
}

static const struct serial_port_ops ops = {
	.read = scripted_read,
	.write = scripted_write,
	.drop_input = scripted_drop_input,
};

void scripted_port_init(
	struct scripted_port *self, const struct scripted_answer *answers, size_t count)
{
	*self = (struct scripted_port){.answers = answers, .answer_count = count};
	virtual_clock_init(&self->clock);
	self->host.clock = &self->clock.clock;
	self->port = (struct serial_port){.ops = &ops, .host = &self->host};
	buf_init(&self->sent, ROOM);
	buf_init(&self->out, ROOM);
}

void scripted_port_done(struct scripted_port *self)
{
	buf_done(&self->sent);
	buf_done(&self->out);
}

uint64_t scripted_port_now_ms(const struct scripted_port *self)
{
	return self->clock.time_us / 1000;
}
