/* SPDX-License-Identifier: MIT */
#include "harness/vusb/bus.h"

#include "harness/testing/fake_device.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct fake_device fake;
	char story[128]; /* one word per completion, tap call, ... */
};

static void tell(struct rig *rig, const char *word)
{
	size_t used = strlen(rig->story);

	snprintf(rig->story + used, sizeof(rig->story) - used, "%s%s", used ? " " : "", word);
}

static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 3);
	cr_assert_not_null(rig->bus);
	rig->port = vusb_bus_port(rig->bus, 2);
	fake_device_init(&rig->fake);
	vusb_port_plug(rig->port, &rig->fake.device, "fake");
}

static void rig_done(struct rig *rig)
{
	vusb_bus_free(rig->bus);
}

static void count_completion(struct vusb_transfer *transfer)
{
	unsigned *count = transfer->user;

	(*count)++;
}

/* A vendor request that reads 4 bytes. */
struct request {
	struct vusb_transfer transfer;
	uint8_t data[64];
	unsigned completions;
};

static void request_init(struct request *request, struct rig *rig)
{
	*request = (struct request){
		.transfer =
			{
				.port = rig->port,
				.type = VUSB_CONTROL,
				.setup = {.bmRequestType = 0xc0, .wLength = 4},
				.size = 4,
				.complete = count_completion,
			},
	};
	request->transfer.data = request->data;
	request->transfer.user = &request->completions;
}

static void bulk_init(struct request *request, struct rig *rig, uint8_t endpoint)
{
	request_init(request, rig);
	request->transfer.type = VUSB_BULK;
	request->transfer.endpoint = endpoint;
	request->transfer.size = sizeof(request->data);
}

Test(bus, a_transfer_completes_once_inside_submit)
{
	CLEANUP(rig_done) struct rig rig;
	struct request request;

	rig_init(&rig);
	request_init(&request, &rig);
	vusb_bus_submit(&request.transfer);
	cr_expect_eq(request.completions, 1);
	cr_expect_eq(request.transfer.result, VUSB_ACK);
	cr_expect_eq(request.transfer.actual, 4);
	cr_expect_eq(request.data[3], rig.fake.fake_byte);
	vusb_bus_cancel(&request.transfer);
	vusb_port_unplug(rig.port);
	cr_expect_eq(request.completions, 1);
}

Test(bus, each_way_to_end_gives_its_result_and_no_bytes)
{
	static const enum vusb_result results[] = {VUSB_STALL, VUSB_BABBLE, VUSB_ERROR};
	CLEANUP(rig_done) struct rig rig;
	struct request request;

	rig_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		request_init(&request, &rig);
		rig.fake.control_result = results[i];
		vusb_bus_submit(&request.transfer);
		cr_expect_eq(request.transfer.result, results[i]);
		cr_expect_eq(request.transfer.actual, 0);
	}
}

Test(bus, a_naked_transfer_waits_for_a_kick)
{
	CLEANUP(rig_done) struct rig rig;
	struct request request;

	rig_init(&rig);
	request_init(&request, &rig);
	rig.fake.control_result = VUSB_NAK;
	vusb_bus_submit(&request.transfer);
	vusb_port_kick(rig.port);
	cr_expect(request.transfer.pending);
	cr_expect_eq(request.completions, 0);
	rig.fake.control_result = VUSB_ACK;
	vusb_port_kick(rig.port);
	cr_expect_eq(request.completions, 1);
}

Test(bus, a_naked_transfer_is_tried_again_when_its_time_has_come)
{
	CLEANUP(rig_done) struct rig rig;
	struct request request;

	rig_init(&rig);
	request_init(&request, &rig);
	rig.fake.device.nak_until_us = 500;
	vusb_bus_submit(&request.transfer);
	cr_expect_eq(vusb_bus_deadline_us(rig.bus), 500);
	clock_sleep_until_us(&rig.clock.clock, 499);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(request.completions, 0);
	clock_sleep_until_us(&rig.clock.clock, 500);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(request.completions, 1);
	cr_expect_eq(vusb_bus_deadline_us(rig.bus), CLOCK_NEVER);
}

Test(bus, a_cancelled_transfer_ends_and_lets_the_next_one_pass)
{
	CLEANUP(rig_done) struct rig rig;
	struct request first, second;

	rig_init(&rig);
	request_init(&first, &rig);
	request_init(&second, &rig);
	rig.fake.control_result = VUSB_NAK;
	vusb_bus_submit(&first.transfer);
	vusb_bus_submit(&second.transfer);
	rig.fake.control_result = VUSB_ACK;
	cr_expect_eq(second.completions, 0, "it waits behind the first");
	vusb_bus_cancel(&first.transfer);
	cr_expect_eq(first.transfer.result, VUSB_CANCELLED);
	cr_expect_eq(second.transfer.result, VUSB_ACK);
	cr_expect_eq(first.completions + second.completions, 2);
}

Test(bus, an_endpoint_keeps_its_order_and_others_overtake)
{
	CLEANUP(rig_done) struct rig rig;
	struct request in1, in2, out;

	rig_init(&rig);
	bulk_init(&in1, &rig, FAKE_BULK_IN);
	bulk_init(&in2, &rig, FAKE_BULK_IN);
	bulk_init(&out, &rig, FAKE_BULK_OUT);
	rig.fake.data_result = VUSB_NAK;
	vusb_bus_submit(&in1.transfer);
	vusb_bus_submit(&in2.transfer);
	cr_expect_eq(rig.fake.datas, 1, "only the first of a queue is tried");
	rig.fake.data_result = VUSB_ACK;
	vusb_bus_submit(&out.transfer);
	cr_expect_eq(out.completions, 1);
	cr_expect_eq(in1.completions, 0);
	vusb_port_kick(rig.port);
	cr_expect_eq(in1.completions + in2.completions, 2);
	cr_expect_lt(in1.transfer.id, in2.transfer.id);
}

Test(bus, unplugging_ends_all_transfers)
{
	CLEANUP(rig_done) struct rig rig;
	struct request first, second, late;

	rig_init(&rig);
	request_init(&first, &rig);
	bulk_init(&second, &rig, FAKE_BULK_IN);
	request_init(&late, &rig);
	rig.fake.control_result = rig.fake.data_result = VUSB_NAK;
	vusb_bus_submit(&first.transfer);
	vusb_bus_submit(&second.transfer);
	vusb_port_unplug(rig.port);
	cr_expect_eq(first.transfer.result, VUSB_GONE);
	cr_expect_eq(second.transfer.result, VUSB_GONE);
	cr_expect_null(rig.fake.device.port);
	vusb_bus_submit(&late.transfer);
	cr_expect_eq(late.transfer.result, VUSB_GONE);
	vusb_port_unplug(rig.port);
	vusb_port_reset(rig.port);
	cr_expect_eq(first.completions + second.completions + late.completions, 3);
}

Test(bus, a_reset_ends_transfers_and_resets_the_device)
{
	CLEANUP(rig_done) struct rig rig;
	struct request request;
	unsigned resets;

	rig_init(&rig);
	request_init(&request, &rig);
	resets = rig.fake.resets;
	rig.fake.device.configuration = 1;
	rig.fake.control_result = VUSB_NAK;
	vusb_bus_submit(&request.transfer);
	vusb_port_reset(rig.port);
	cr_expect_eq(request.transfer.result, VUSB_ERROR);
	cr_expect_eq(rig.fake.resets, resets + 1);
	cr_expect_eq(rig.fake.device.configuration, 0);
}

Test(bus, each_plug_gets_a_number_of_its_own)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t last;

	rig_init(&rig);
	cr_expect_eq(rig.port->devnum, 2, "1 is the root hub's");
	last = rig.port->devnum;
	for (int i = 0; i < 300; i++) {
		vusb_port_unplug(rig.port);
		cr_expect_eq(rig.port->devnum, 0);
		vusb_port_plug(rig.port, &rig.fake.device, "fake");
		cr_assert(rig.port->devnum >= 2 && rig.port->devnum <= 127);
		cr_assert_neq(rig.port->devnum, last);
		last = rig.port->devnum;
	}
}

Test(bus, ports_are_counted_from_one)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	cr_expect_eq(vusb_bus_port_count(rig.bus), 3);
	cr_expect_null(vusb_bus_port(rig.bus, 0));
	cr_expect_null(vusb_bus_port(rig.bus, 4));
	cr_expect_eq(vusb_bus_port(rig.bus, 3)->number, 3);
}

Test(bus, a_device_is_ticked_at_its_deadline)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	rig.fake.deadline_us = 1000;
	vusb_bus_tick(rig.bus);
	cr_expect_eq(rig.fake.ticked, 0);
	clock_sleep_until_us(&rig.clock.clock, 1000);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(rig.fake.ticked, 1);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(rig.fake.ticked, 1);
}

/* ---- taps and tickers ---- */

struct test_tap {
	struct vusb_tap tap;
	struct rig *rig;
	const char *name;
	enum vusb_result answer; /* VUSB_ACK = pass on */
	bool unplug;
};

static struct test_tap *test_tap_of(struct vusb_tap *tap)
{
	return CONTAINER_OF(tap, struct test_tap, tap);
}

static void tap_submitted(struct vusb_tap *tap, const struct vusb_transfer *transfer UNUSED)
{
	tell(test_tap_of(tap)->rig, "submitted");
}

static enum vusb_result tap_attempt(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	struct test_tap *self = test_tap_of(tap);

	tell(self->rig, self->name);
	if (self->unplug)
		vusb_port_unplug(transfer->port);
	return self->answer == VUSB_ACK ? vusb_tap_next(tap, transfer) : self->answer;
}

static void tap_completed(struct vusb_tap *tap, const struct vusb_transfer *transfer)
{
	tell(test_tap_of(tap)->rig, vusb_result_text(transfer->result));
}

static void tap_plugged(struct vusb_tap *tap, struct vusb_port *port UNUSED)
{
	tell(test_tap_of(tap)->rig, "plugged");
}

static void tap_unplugged(struct vusb_tap *tap, struct vusb_port *port)
{
	tell(test_tap_of(tap)->rig, port->device ? "unplugged" : "too-late");
}

static void tap_reset(struct vusb_tap *tap, struct vusb_port *port UNUSED)
{
	tell(test_tap_of(tap)->rig, "reset");
}

static const struct vusb_tap_ops story_ops = {
	.name = "story",
	.submitted = tap_submitted,
	.attempt = tap_attempt,
	.completed = tap_completed,
	.plugged = tap_plugged,
	.unplugged = tap_unplugged,
	.reset = tap_reset,
};

static const struct vusb_tap_ops filter_ops = {.name = "filter", .attempt = tap_attempt};
static const struct vusb_tap_ops silent_ops = {.name = "silent"};

Test(tap, sees_everything_that_happens_on_a_port)
{
	CLEANUP(rig_done) struct rig rig;
	struct test_tap tap = {.tap.ops = &story_ops, .rig = &rig, .name = "try"};
	struct request request;

	rig_init(&rig);
	vusb_bus_add_tap(rig.bus, &tap.tap);
	request_init(&request, &rig);
	vusb_bus_submit(&request.transfer);
	vusb_port_reset(rig.port);
	vusb_port_unplug(rig.port);
	vusb_port_plug(rig.port, &rig.fake.device, "fake");
	cr_expect_str_eq(rig.story, "submitted try ACK reset unplugged plugged");
	vusb_bus_remove_tap(&tap.tap);
	vusb_bus_remove_tap(&tap.tap);
	vusb_bus_submit(&request.transfer);
	cr_expect_str_eq(rig.story, "submitted try ACK reset unplugged plugged");
}

Test(tap, the_last_one_added_is_asked_first_and_may_answer_itself)
{
	CLEANUP(rig_done) struct rig rig;
	struct test_tap inner = {.tap.ops = &filter_ops, .rig = &rig, .name = "inner"};
	struct test_tap middle = {.tap.ops = &silent_ops, .rig = &rig};
	struct test_tap outer = {.tap.ops = &filter_ops, .rig = &rig, .name = "outer"};
	struct request request;

	rig_init(&rig);
	vusb_bus_add_tap(rig.bus, &inner.tap);
	vusb_bus_add_tap(rig.bus, &middle.tap);
	vusb_bus_add_tap(rig.bus, &outer.tap);
	request_init(&request, &rig);
	vusb_bus_submit(&request.transfer);
	cr_expect_str_eq(rig.story, "outer inner");
	outer.answer = VUSB_STALL;
	vusb_bus_submit(&request.transfer);
	cr_expect_str_eq(rig.story, "outer inner outer");
	cr_expect_eq(request.transfer.result, VUSB_STALL);
	cr_expect_eq(rig.fake.controls, 1);
	vusb_bus_remove_tap(&inner.tap);
	vusb_bus_remove_tap(&middle.tap);
	vusb_bus_remove_tap(&outer.tap);
}

Test(tap, may_pull_the_plug_in_the_middle_of_a_transfer)
{
	CLEANUP(rig_done) struct rig rig;
	struct test_tap tap = {.tap.ops = &filter_ops, .rig = &rig, .name = "x", .unplug = true};
	struct request request;

	rig_init(&rig);
	vusb_bus_add_tap(rig.bus, &tap.tap);
	request_init(&request, &rig);
	vusb_bus_submit(&request.transfer);
	cr_expect_eq(request.completions, 1);
	cr_expect_eq(request.transfer.result, VUSB_GONE);
	cr_expect_eq(rig.fake.controls, 0, "the device saw nothing of it");
	vusb_bus_remove_tap(&tap.tap);
}

static void unplug_self(struct fake_device *fake)
{
	vusb_port_unplug(fake->device.port);
}

static void kick_self(struct fake_device *fake)
{
	vusb_port_kick(fake->device.port);
}

Test(bus, a_device_may_kick_its_port_while_it_has_a_transfer_in_hand)
{
	CLEANUP(rig_done) struct rig rig;
	struct request in, control;

	rig_init(&rig);
	rig.fake.on_control = kick_self;
	bulk_init(&in, &rig, FAKE_BULK_IN);
	request_init(&control, &rig);
	rig.fake.data_result = VUSB_NAK;
	vusb_bus_submit(&in.transfer);
	rig.fake.data_result = VUSB_ACK;
	vusb_bus_submit(&control.transfer);
	cr_expect_eq(in.completions, 1, "the kick was for this one");
	cr_expect_eq(control.completions, 1);
	cr_expect_eq(rig.fake.controls, 1);
}

/* A transport may free a transfer as soon as it has completed. */
static void free_transfer(struct vusb_transfer *transfer)
{
	free(transfer);
}

Test(bus, a_transfer_may_be_freed_when_it_completes)
{
	CLEANUP(rig_done) struct rig rig;
	struct vusb_transfer *transfer = calloc(1, sizeof(*transfer));

	rig_init(&rig);
	rig.fake.on_control = unplug_self;
	*transfer = (struct vusb_transfer){
		.port = rig.port,
		.type = VUSB_CONTROL,
		.setup = {.bmRequestType = 0x40},
		.complete = free_transfer,
	};
	vusb_bus_submit(transfer);
	cr_expect_null(rig.port->device);
}

struct test_ticker {
	struct vusb_ticker ticker;
	uint64_t deadline_us;
	unsigned ticks;
};

static void ticker_tick(struct vusb_ticker *ticker, uint64_t now_us)
{
	struct test_ticker *self = CONTAINER_OF(ticker, struct test_ticker, ticker);

	self->ticks++;
	self->deadline_us = now_us < 300 ? 300 : CLOCK_NEVER;
}

static uint64_t ticker_deadline_us(const struct vusb_ticker *ticker)
{
	return CONTAINER_OF((struct vusb_ticker *)ticker, struct test_ticker, ticker)->deadline_us;
}

Test(ticker, is_called_when_due_and_moves_the_deadline_of_the_bus)
{
	CLEANUP(rig_done) struct rig rig;
	struct test_ticker ticker = {
		.ticker = {.tick = ticker_tick, .deadline_us = ticker_deadline_us},
		.deadline_us = 100,
	};

	rig_init(&rig);
	vusb_bus_add_ticker(rig.bus, &ticker.ticker);
	rig.fake.deadline_us = 200;
	cr_expect_eq(vusb_bus_deadline_us(rig.bus), 100);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(ticker.ticks, 0);
	clock_sleep_until_us(&rig.clock.clock, 100);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(ticker.ticks, 1);
	cr_expect_eq(vusb_bus_deadline_us(rig.bus), 200);
	clock_sleep_until_us(&rig.clock.clock, 1000);
	vusb_bus_tick(rig.bus);
	cr_expect_eq(ticker.ticks, 2);
	cr_expect_eq(vusb_bus_deadline_us(rig.bus), CLOCK_NEVER);
	vusb_bus_remove_ticker(&ticker.ticker);
}
