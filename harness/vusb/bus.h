/* SPDX-License-Identifier: MIT */
/*
 * The bus between devices and whatever offers them to a host.
 *
 * A transfer is submitted and completes exactly once: inside vusb_bus_submit, or later from vusb_bus_tick, a kick,
 * a cancel, a reset or an unplug (the one that a device has in hand: when its op returns). A NAKed transfer waits
 * in its endpoint's queue; transfers of one endpoint complete in order. Single-threaded: one thread drives a bus
 * and everything on it.
 */
#ifndef DFURIG_VUSB_BUS_H
#define DFURIG_VUSB_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/list.h"
#include "harness/vusb/device.h"
#include "harness/vusb/usb.h"

#define VUSB_PORT_MAX 127

enum vusb_transfer_type { /* usbmon's numbers */
	VUSB_INTERRUPT = 1,
	VUSB_CONTROL = 2,
	VUSB_BULK = 3,
};

struct vusb_transfer {
	/* Set by who submits; all borrowed until complete() is called. */
	struct vusb_port *port;
	enum vusb_transfer_type type;
	uint8_t endpoint;       /* with USB_DIR_IN; 0 for control */
	struct usb_setup setup; /* control only; data holds at least wLength bytes */
	uint8_t *data;
	size_t size; /* bytes to send, or room to receive */
	void (*complete)(struct vusb_transfer *transfer);
	void *user;

	/* Set by the bus. */
	uint64_t id; /* unique on this bus, in order of submission */
	enum vusb_result result;
	size_t actual; /* bytes moved */
	bool pending;
	bool attempting; /* the device has it in hand */
	bool ended;      /* meanwhile: completes when the attempt returns */
	struct list link;
};

/* True when data flows from the device to the host. */
bool vusb_transfer_is_in(const struct vusb_transfer *transfer);

struct vusb_bus;

/* A socket that a device is plugged into. */
struct vusb_port {
	struct vusb_bus *bus;
	uint8_t number; /* 1 .. port count */
	uint8_t devnum; /* the host's number of the device plugged now, new with each plug; 0 = empty */
	const char *name;           /* what is plugged here, for captures and messages; borrowed */
	struct vusb_device *device; /* borrowed; NULL = empty */
	struct list pending;        /* transfers, in order of submission */
};

/*
 * Stands between the bus and the devices. Taps form a chain; the last one added is asked first.
 * Every op is optional.
 */
struct vusb_tap;
struct vusb_tap_ops {
	const char *name;
	void (*submitted)(struct vusb_tap *tap, const struct vusb_transfer *transfer);
	/* One attempt at the device. Passes it on with vusb_tap_next, or answers itself (result, and actual on ACK). */
	enum vusb_result (*attempt)(struct vusb_tap *tap, struct vusb_transfer *transfer);
	void (*completed)(struct vusb_tap *tap, const struct vusb_transfer *transfer);
	void (*plugged)(struct vusb_tap *tap, struct vusb_port *port);
	void (*unplugged)(
		struct vusb_tap *tap, struct vusb_port *port); /* port->device still set */
	void (*reset)(struct vusb_tap *tap, struct vusb_port *port);
};

struct vusb_tap {
	const struct vusb_tap_ops *ops;
	struct vusb_bus *bus;
	struct list link;
};

/* The rest of the chain, the device at its end. */
enum vusb_result vusb_tap_next(struct vusb_tap *tap, struct vusb_transfer *transfer);

/* Something beside the devices that wants time: a board that starts up. */
struct vusb_ticker {
	void (*tick)(struct vusb_ticker *ticker, uint64_t now_us);
	uint64_t (*deadline_us)(const struct vusb_ticker *ticker); /* CLOCK_NEVER = none */
	struct list link;
};

/* clock is borrowed for the life of the bus. NULL when out of memory; ports <= VUSB_PORT_MAX. */
struct vusb_bus *vusb_bus_new(struct clock *clock, uint8_t ports);

/* Unplugs everything. Taps and tickers must have been removed or outlive it. NULL is fine. */
void vusb_bus_free(struct vusb_bus *bus);

struct clock *vusb_bus_clock(const struct vusb_bus *bus);
uint8_t vusb_bus_port_count(const struct vusb_bus *bus);

/* number from 1; NULL beyond the last. */
struct vusb_port *vusb_bus_port(struct vusb_bus *bus, uint8_t number);

/* Plugs a device in (the port must be empty) and resets it; name is borrowed while it is plugged. */
void vusb_port_plug(struct vusb_port *port, struct vusb_device *device, const char *name);

/* Pending transfers end with VUSB_GONE. Harmless on an empty port. */
void vusb_port_unplug(struct vusb_port *port);

/* Bus reset: pending transfers end with VUSB_ERROR, then the device is reset. */
void vusb_port_reset(struct vusb_port *port);

/* The device has something for a pending transfer: tries the queue again. */
void vusb_port_kick(struct vusb_port *port);

/* See the head of the file. With no device: completes with VUSB_GONE. */
void vusb_bus_submit(struct vusb_transfer *transfer);

/* Ends a pending transfer with VUSB_CANCELLED; harmless on one that is not pending. */
void vusb_bus_cancel(struct vusb_transfer *transfer);

/* Ticks what is due and retries NAKed transfers whose time has come. */
void vusb_bus_tick(struct vusb_bus *bus);

/* When vusb_bus_tick has something to do next; CLOCK_NEVER = nothing. */
uint64_t vusb_bus_deadline_us(const struct vusb_bus *bus);

void vusb_bus_add_tap(struct vusb_bus *bus, struct vusb_tap *tap);
void vusb_bus_remove_tap(struct vusb_tap *tap);
void vusb_bus_add_ticker(struct vusb_bus *bus, struct vusb_ticker *ticker);
void vusb_bus_remove_ticker(struct vusb_ticker *ticker);

#endif
