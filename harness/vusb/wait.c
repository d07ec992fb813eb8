/* SPDX-License-Identifier: MIT */
#include "harness/vusb/wait.h"

#include <errno.h>

/* Step for a deadline that so many ticks did not move: nothing may stop the clock. One tick may well cause another. */
#define STUCK_STEP_US 1000
#define STUCK_TICKS   8

void vusb_bus_settle(struct vusb_bus *bus)
{
	if (vusb_bus_deadline_us(bus) <= clock_now_us(vusb_bus_clock(bus)))
		vusb_bus_tick(bus);
}

void vusb_bus_run_until(struct vusb_bus *bus, uint64_t when_us, const bool *stop)
{
	struct clock *clock = vusb_bus_clock(bus);
	uint64_t ticked_us = CLOCK_NEVER;
	unsigned int ticks = 0; /* at this time */

	while (!stop || !*stop) {
		uint64_t now_us = clock_now_us(clock);
		uint64_t next_us = vusb_bus_deadline_us(bus);

		ticks = ticked_us == now_us ? ticks + 1 : 0;
		if (next_us <= now_us && ticks >= STUCK_TICKS)
			next_us = now_us + STUCK_STEP_US;
		if (next_us > now_us && now_us >= when_us)
			return;
		if (next_us > when_us)
			next_us = when_us;
		if (next_us == CLOCK_NEVER)
			return;
		clock_sleep_until_us(clock, next_us);
		ticked_us = clock_now_us(clock);
		vusb_bus_tick(bus);
	}
}

static void mark_done(struct vusb_transfer *transfer)
{
	bool *done = transfer->user;

	*done = true;
}

static int result_errno(enum vusb_result result)
{
	switch (result) {
	case VUSB_ACK:
		return 0;
	case VUSB_STALL:
		return -EPIPE;
	case VUSB_GONE:
		return -ENODEV;
	case VUSB_NAK:
	case VUSB_CANCELLED:
		return -ETIMEDOUT;
	case VUSB_BABBLE:
		return -EOVERFLOW;
	case VUSB_ERROR:
	case VUSB_RESULT_COUNT:
		break;
	}
	return -EPROTO;
}

int vusb_transfer_wait(struct vusb_transfer *transfer, uint64_t timeout_us)
{
	struct vusb_bus *bus = transfer->port->bus;
	bool done = false;

	transfer->complete = mark_done;
	transfer->user = &done;
	vusb_bus_settle(bus);
	vusb_bus_submit(transfer);
	if (!done)
		vusb_bus_run_until(bus, clock_after_us(vusb_bus_clock(bus), timeout_us), &done);
	if (!done)
		vusb_bus_cancel(transfer);
	transfer->user = NULL;
	return transfer->result == VUSB_ACK ? (int)transfer->actual
					    : result_errno(transfer->result);
}

int vusb_port_control(
	struct vusb_port *port, const struct usb_setup *setup, uint8_t *data, uint64_t timeout_us)
{
	struct vusb_transfer transfer = {
		.port = port,
		.type = VUSB_CONTROL,
		.setup = *setup,
		.data = data,
		.size = setup->wLength,
	};

	return vusb_transfer_wait(&transfer, timeout_us);
}
