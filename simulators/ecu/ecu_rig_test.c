/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/ecu_rig_test.h"

#include "harness/ts/ts.h"
#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/ecu.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_US 10000000u

static struct ecu_rig *rig_of(const struct vusb_ticker *ticker)
{
	return CONTAINER_OF((struct vusb_ticker *)ticker, struct ecu_rig, ticker);
}

static void plug(struct ecu_rig *rig)
{
	bool plugged = rig->port->device;

	if (rig->fake.connected == plugged || !rig->program)
		return;
	if (plugged)
		vusb_port_unplug(rig->port);
	else
		vusb_port_plug(rig->port, rig->program->device, "ecu");
}

static void tick(struct vusb_ticker *ticker, uint64_t now_us)
{
	struct ecu_rig *rig = rig_of(ticker);

	rig->fake.machine.now_us = now_us;
	if (rig->program && !rig->fake.resets &&
		rig->program->ops->deadline_us(rig->program) <= now_us)
		rig->program->ops->tick(rig->program);
	plug(rig);
}

static uint64_t deadline_us(const struct vusb_ticker *ticker)
{
	const struct ecu_rig *rig = rig_of(ticker);

	return rig->program && !rig->fake.resets ? rig->program->ops->deadline_us(rig->program)
						 : CLOCK_NEVER;
}

void ecu_rig_init_or_fail(struct ecu_rig *rig)
{
	*rig = (struct ecu_rig){.ticker = {.tick = tick, .deadline_us = deadline_us}};
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 1);
	cr_assert_not_null(rig->bus);
	rig->port = vusb_bus_port(rig->bus, 1);
	vusb_bus_add_ticker(rig->bus, &rig->ticker);
	fake_machine_init_or_fail(&rig->fake);
	rig->fake.machine.faults = &rig->faults;
	rig->firmware = firmware_defaults(rig->fake.machine.chip, false);
	rig->firmware.size = 0x4000;
	rig->firmware.settings_size = 1000;
	snprintf(rig->firmware.signature, sizeof(rig->firmware.signature), "%s", ECU_RIG_SIGNATURE);
}

static void stop(struct ecu_rig *rig)
{
	vusb_port_unplug(rig->port);
	if (rig->program)
		rig->program->ops->free(rig->program);
	rig->program = NULL;
	rig->fake.connected = false;
	rig->fake.resets = rig->fake.jumps = 0;
}

void ecu_rig_done(struct ecu_rig *rig)
{
	stop(rig);
	fake_machine_done(&rig->fake);
	vusb_bus_free(rig->bus);
}

void ecu_rig_flash_or_fail(struct ecu_rig *rig)
{
	CLEANUP(buf_done) struct buf image;
	struct why why = {""};

	buf_init(&image, 1u << 20);
	cr_assert_eq(firmware_build(&rig->firmware, &image, &why), 0, "%s", why.text);
	fake_machine_put_or_fail(&rig->fake, rig->firmware.base, image.data, image.size);
}

int ecu_rig_reset(struct ecu_rig *rig)
{
	int r;

	stop(rig);
	rig->fake.machine.now_us = clock_now_us(&rig->clock.clock);
	r = ecu_loader.load(&rig->fake.machine, rig->firmware.base, &rig->program);
	vusb_bus_settle(rig->bus);
	return r;
}

void ecu_rig_start_or_fail(struct ecu_rig *rig)
{
	struct vusb_identity identity;
	struct why why = {""};

	ecu_rig_flash_or_fail(rig);
	cr_assert_eq(ecu_rig_reset(rig), 0);
	ecu_rig_wait_ms(rig, 400);
	cr_assert(rig->fake.connected);
	cr_assert_eq(vusb_enumerate(rig->port, &identity, &why), 0, "%s", why.text);
}

void ecu_rig_wait_ms(struct ecu_rig *rig, uint32_t ms)
{
	vusb_bus_run_until(rig->bus, clock_after_us(&rig->clock.clock, ms * UINT64_C(1000)), NULL);
	rig->fake.machine.now_us = clock_now_us(&rig->clock.clock);
}

static void done(struct vusb_transfer *transfer)
{
	*(bool *)transfer->user = true;
}

/* True: it ended well within timeout_us. */
static bool run(struct ecu_rig *rig, struct vusb_transfer *transfer, uint64_t timeout_us)
{
	bool ended = false;

	transfer->port = rig->port;
	transfer->type = VUSB_BULK;
	transfer->complete = done;
	transfer->user = &ended;
	rig->fake.machine.now_us = clock_now_us(&rig->clock.clock);
	vusb_bus_submit(transfer);
	vusb_bus_run_until(rig->bus, clock_after_us(&rig->clock.clock, timeout_us), &ended);
	vusb_bus_cancel(transfer);
	cr_assert(ended);
	return transfer->result == VUSB_ACK;
}

bool ecu_rig_send(struct ecu_rig *rig, const void *data, size_t size)
{
	struct vusb_transfer transfer = {
		.endpoint = CDC_ACM_DATA_OUT, .data = (uint8_t *)data, .size = size};

	return run(rig, &transfer, SEND_US);
}

size_t ecu_rig_receive(struct ecu_rig *rig, size_t most, uint32_t ms)
{
	size_t count = 0;

	rig->in_size = 0;
	for (;;) {
		size_t room = sizeof(rig->in) - rig->in_size;
		struct vusb_transfer transfer = {
			.endpoint = CDC_ACM_DATA_IN,
			.data = rig->in + rig->in_size,
			.size = most < room ? most : room,
		};

		if (!run(rig, &transfer, ms * UINT64_C(1000)))
			return count;
		rig->in_size += transfer.actual;
		count++;
	}
}

size_t ecu_rig_hex(const char *hex, uint8_t *ret, size_t room)
{
	size_t size = 0;
	char *end;

	while (*hex) {
		cr_assert_lt(size, room);
		ret[size++] = (uint8_t)strtoul(hex, &end, 16);
		cr_assert(end > hex);
		hex = end + strspn(end, " ");
	}
	return size;
}

uint8_t ecu_rig_ask_or_fail(struct ecu_rig *rig, const void *payload, size_t size, size_t *ret_size)
{
	CLEANUP(buf_done) struct buf frame;
	const uint8_t *answer = NULL;
	size_t answer_size = 0;

	buf_init(&frame, TS_PAYLOAD_MAX + TS_FRAME_OVERHEAD);
	cr_assert_eq(ts_frame_append(&frame, payload, size), 0);
	cr_assert(ecu_rig_send(rig, frame.data, frame.size));
	ecu_rig_receive(rig, 4096, 500);
	cr_assert_eq(ts_scan(rig->in, rig->in_size, TS_PAYLOAD_MAX, &answer, &answer_size),
		TS_SCAN_FRAME, "%zu bytes came", rig->in_size);
	cr_assert_eq(rig->in_size, answer_size + TS_FRAME_OVERHEAD);
	if (ret_size)
		*ret_size = answer_size - 1;
	return answer[0];
}

uint8_t ecu_rig_execute_or_fail(struct ecu_rig *rig, const char *text)
{
	char payload[200];
	int n = snprintf(payload, sizeof(payload), "E%s", text);

	return ecu_rig_ask_or_fail(rig, payload, (size_t)n, NULL);
}
