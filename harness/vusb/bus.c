/* SPDX-License-Identifier: MIT */
#include "harness/vusb/bus.h"

#include <assert.h>
#include <stdlib.h>

#define DEVNUM_LAST 127 /* USB addresses have seven bits */

struct vusb_bus {
	struct clock *clock; /* borrowed */
	struct list taps;    /* first asked first */
	struct list tickers;
	uint64_t next_id;
	uint8_t last_devnum;
	uint8_t port_count;
	struct vusb_port ports[]; /* number 1 first */
};

bool vusb_transfer_is_in(const struct vusb_transfer *transfer)
{
	if (transfer->type == VUSB_CONTROL)
		return usb_setup_is_in(&transfer->setup);
	return transfer->endpoint & USB_DIR_IN;
}

struct vusb_bus *vusb_bus_new(struct clock *clock, uint8_t ports)
{
	struct vusb_bus *bus = calloc(1, sizeof(*bus) + ports * sizeof(bus->ports[0]));

	assert(ports <= VUSB_PORT_MAX);
	if (!bus)
		return NULL;
	bus->clock = clock;
	bus->port_count = ports;
	list_init(&bus->taps);
	list_init(&bus->tickers);
	for (uint8_t i = 0; i < ports; i++) {
		bus->ports[i].bus = bus;
		bus->ports[i].number = (uint8_t)(i + 1);
		list_init(&bus->ports[i].pending);
	}
	return bus;
}

void vusb_bus_free(struct vusb_bus *bus)
{
	if (!bus)
		return;
	for (uint8_t i = 0; i < bus->port_count; i++)
		vusb_port_unplug(&bus->ports[i]);
	free(bus);
}

struct clock *vusb_bus_clock(const struct vusb_bus *bus)
{
	return bus->clock;
}

uint8_t vusb_bus_port_count(const struct vusb_bus *bus)
{
	return bus->port_count;
}

struct vusb_port *vusb_bus_port(struct vusb_bus *bus, uint8_t number)
{
	return number >= 1 && number <= bus->port_count ? &bus->ports[number - 1] : NULL;
}

/* One attempt at the device itself: the end of the tap chain. */
static enum vusb_result device_attempt(struct vusb_transfer *transfer)
{
	struct vusb_device *device = transfer->port->device;
	enum vusb_result result;

	transfer->actual = transfer->size;
	if (transfer->type == VUSB_CONTROL)
		result = vusb_device_control(
			device, &transfer->setup, transfer->data, &transfer->actual);
	else
		result = vusb_device_data(
			device, transfer->endpoint, transfer->data, &transfer->actual);
	if (result != VUSB_ACK)
		transfer->actual = 0;
	return result;
}

static enum vusb_result chain_attempt(
	struct vusb_bus *bus, struct list *node, struct vusb_transfer *transfer)
{
	for (; node != &bus->taps; node = node->next) {
		struct vusb_tap *tap = LIST_ENTRY(node, struct vusb_tap, link);

		if (tap->ops->attempt)
			return tap->ops->attempt(tap, transfer);
	}
	return device_attempt(transfer);
}

enum vusb_result vusb_tap_next(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	/* A tap may have pulled the plug. */
	if (!transfer->port->device)
		return VUSB_GONE;
	return chain_attempt(tap->bus, tap->link.next, transfer);
}

static void finish(struct vusb_transfer *transfer)
{
	struct vusb_bus *bus = transfer->port->bus;

	transfer->pending = false;
	list_for_each (node, &bus->taps) {
		struct vusb_tap *tap = LIST_ENTRY(node, struct vusb_tap, link);

		if (tap->ops->completed)
			tap->ops->completed(tap, transfer);
	}
	transfer->complete(transfer);
}

static void complete(struct vusb_transfer *transfer, enum vusb_result result)
{
	list_remove(&transfer->link);
	transfer->result = result;
	transfer->ended = true;
	if (!transfer->attempting)
		finish(transfer);
}

/* Returns true when the transfer has ended, by the attempt or because the attempt unplugged the device. Who
 * submitted it may free it in complete(), so that it must not end under the hands of the device. */
static bool attempt(struct vusb_transfer *transfer)
{
	struct vusb_port *port = transfer->port;
	enum vusb_result result;

	port->device->now_us = clock_now_us(port->bus->clock);
	transfer->attempting = true;
	result = chain_attempt(port->bus, port->bus->taps.next, transfer);
	transfer->attempting = false;
	if (transfer->ended) {
		transfer->actual = 0;
		finish(transfer);
		return true;
	}
	if (result == VUSB_NAK)
		return false;
	complete(transfer, result);
	return true;
}

static bool endpoint_has_earlier(const struct vusb_transfer *transfer)
{
	const struct list *head = &transfer->port->pending;

	for (const struct list *node = head->next; node != &transfer->link; node = node->next)
		if (LIST_ENTRY(node, const struct vusb_transfer, link)->endpoint ==
			transfer->endpoint)
			return true;
	return false;
}

void vusb_bus_submit(struct vusb_transfer *transfer)
{
	struct vusb_port *port = transfer->port;
	struct vusb_bus *bus = port->bus;

	assert(!transfer->pending);
	transfer->id = ++bus->next_id;
	transfer->actual = 0;
	transfer->pending = true;
	transfer->attempting = transfer->ended = false;
	list_append(&port->pending, &transfer->link);
	list_for_each (node, &bus->taps) {
		struct vusb_tap *tap = LIST_ENTRY(node, struct vusb_tap, link);

		if (tap->ops->submitted)
			tap->ops->submitted(tap, transfer);
	}
	if (!transfer->pending)
		return;
	if (!port->device)
		complete(transfer, VUSB_GONE);
	else if (!endpoint_has_earlier(transfer))
		attempt(transfer);
}

void vusb_bus_cancel(struct vusb_transfer *transfer)
{
	struct vusb_port *port = transfer->port;

	if (!transfer->pending)
		return;
	complete(transfer, VUSB_CANCELLED);
	vusb_port_kick(port); /* the next of its endpoint may have been waiting behind it */
}

void vusb_port_kick(struct vusb_port *port)
{
	struct list *node = port->pending.next;

	while (port->device && node != &port->pending) {
		struct vusb_transfer *transfer = LIST_ENTRY(node, struct vusb_transfer, link);

		if (!transfer->attempting && !endpoint_has_earlier(transfer) && attempt(transfer))
			node = port->pending.next; /* a completion may have changed the queue */
		else
			node = node->next;
	}
}

static void end_all(struct vusb_port *port, enum vusb_result result)
{
	while (!list_empty(&port->pending))
		complete(LIST_ENTRY(port->pending.next, struct vusb_transfer, link), result);
}

static uint8_t next_devnum(struct vusb_bus *bus)
{
	bool used;

	do {
		bus->last_devnum = (uint8_t)(bus->last_devnum % DEVNUM_LAST + 1);
		used = bus->last_devnum == 1; /* the root hub's */
		for (uint8_t i = 0; i < bus->port_count; i++)
			used |= bus->ports[i].devnum == bus->last_devnum;
	} while (used);
	return bus->last_devnum;
}

void vusb_port_plug(struct vusb_port *port, struct vusb_device *device, const char *name)
{
	assert(!port->device && !device->port);
	port->device = device;
	port->devnum = next_devnum(port->bus);
	port->name = name;
	device->port = port;
	device->now_us = clock_now_us(port->bus->clock);
	vusb_device_reset(device);
	list_for_each_safe (node, &port->bus->taps) {
		struct vusb_tap *tap = LIST_ENTRY(node, struct vusb_tap, link);

		if (tap->ops->plugged && port->device == device)
			tap->ops->plugged(tap, port);
	}
}

void vusb_port_unplug(struct vusb_port *port)
{
	struct vusb_device *device = port->device;

	if (!device)
		return;
	list_for_each_safe (node, &port->bus->taps) {
		struct vusb_tap *tap = LIST_ENTRY(node, struct vusb_tap, link);

		if (tap->ops->unplugged)
			tap->ops->unplugged(tap, port);
	}
	port->device = NULL;
	port->devnum = 0;
	device->port = NULL;
	end_all(port, VUSB_GONE);
}

void vusb_port_reset(struct vusb_port *port)
{
	struct vusb_device *device = port->device;

	if (!device)
		return;
	end_all(port, VUSB_ERROR);
	if (port->device != device)
		return;
	device->now_us = clock_now_us(port->bus->clock);
	list_for_each (node, &port->bus->taps) {
		struct vusb_tap *tap = LIST_ENTRY(node, struct vusb_tap, link);

		if (tap->ops->reset)
			tap->ops->reset(tap, port);
	}
	vusb_device_reset(device);
}

static void port_tick(struct vusb_port *port, uint64_t now_us)
{
	struct vusb_device *device = port->device;

	if (!device || vusb_device_deadline_us(device) > now_us)
		return;
	device->now_us = now_us;
	if (device->ops->tick)
		device->ops->tick(device);
	vusb_port_kick(port);
}

void vusb_bus_tick(struct vusb_bus *bus)
{
	uint64_t now_us = clock_now_us(bus->clock);

	list_for_each_safe (node, &bus->tickers) {
		struct vusb_ticker *ticker = LIST_ENTRY(node, struct vusb_ticker, link);

		if (ticker->deadline_us(ticker) <= now_us)
			ticker->tick(ticker, now_us);
	}
	for (uint8_t i = 0; i < bus->port_count; i++)
		port_tick(&bus->ports[i], now_us);
}

uint64_t vusb_bus_deadline_us(const struct vusb_bus *bus)
{
	uint64_t first = CLOCK_NEVER;

	list_for_each (node, (struct list *)&bus->tickers) {
		struct vusb_ticker *ticker = LIST_ENTRY(node, struct vusb_ticker, link);
		uint64_t deadline = ticker->deadline_us(ticker);

		first = deadline < first ? deadline : first;
	}
	for (uint8_t i = 0; i < bus->port_count; i++) {
		const struct vusb_device *device = bus->ports[i].device;
		uint64_t deadline = device ? vusb_device_deadline_us(device) : CLOCK_NEVER;

		first = deadline < first ? deadline : first;
	}
	return first;
}

void vusb_bus_add_tap(struct vusb_bus *bus, struct vusb_tap *tap)
{
	tap->bus = bus;
	tap->link.prev = &bus->taps;
	tap->link.next = bus->taps.next;
	bus->taps.next->prev = &tap->link;
	bus->taps.next = &tap->link;
}

void vusb_bus_remove_tap(struct vusb_tap *tap)
{
	if (tap->bus)
		list_remove(&tap->link);
	tap->bus = NULL;
}

void vusb_bus_add_ticker(struct vusb_bus *bus, struct vusb_ticker *ticker)
{
	list_append(&bus->tickers, &ticker->link);
}

void vusb_bus_remove_ticker(struct vusb_ticker *ticker)
{
	list_remove(&ticker->link);
}
