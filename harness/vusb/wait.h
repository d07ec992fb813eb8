/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a bus in-process: time passes on the bus's clock and the devices live meanwhile.
 *
 * For a host that has nothing else to do. A transport with an event loop of its own ticks the bus itself. Never call
 * these from inside an op, a tap or a ticker.
 */
#ifndef DFURIG_VUSB_WAIT_H
#define DFURIG_VUSB_WAIT_H

#include "harness/vusb/bus.h"

#define VUSB_NO_TIMEOUT CLOCK_NEVER

/* Ticks what is due now. */
void vusb_bus_settle(struct vusb_bus *bus);

/* Sleeps until when_us, waking for every deadline of the bus. Ends early when *stop becomes true (NULL = never), or
 * when when_us is CLOCK_NEVER and nothing is left that could happen. */
void vusb_bus_run_until(struct vusb_bus *bus, uint64_t when_us, const bool *stop);

/* Submits a transfer and waits for it; complete and user are set here. Who wants to end it earlier cancels it. Returns the
 * bytes moved, or as vusb_port_control. */
MUST_CHECK int vusb_transfer_wait(struct vusb_transfer *transfer, uint64_t timeout_us);

/* One control transfer, waited for; data holds wLength bytes. Returns the bytes moved, or -EPIPE (STALL), -ETIMEDOUT
 * (cancelled after timeout_us), -ENODEV, -EOVERFLOW (babble), -EPROTO. */
MUST_CHECK int vusb_port_control(
	struct vusb_port *port, const struct usb_setup *setup, uint8_t *data, uint64_t timeout_us);

#endif
