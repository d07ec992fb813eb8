/* SPDX-License-Identifier: MIT */
#include "harness/host/usb_host_direct.h"

#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUS_NUMBER     1
#define SET_TIMEOUT_US 5000000 /* Linux: USB_CTRL_SET_TIMEOUT */

/* What this host knows of one port. */
struct port_record {
	uint8_t devnum;   /* the plug that was enumerated; 0 = none yet */
	bool usable;      /* the enumeration went well */
	uint32_t claimed; /* bit per interface */
	uint8_t alternate[VUSB_INTERFACE_MAX];
	struct vusb_identity identity;
};

struct direct_host {
	struct usb_host host;
	struct clock clock;
	struct vusb_bus *bus;
	bool forbidden;                                 /* device nodes may not be opened */
	const char *kernel_driver;                      /* has every DFU interface; NULL = none */
	bool dead;                                      /* the program is */
	uint64_t dead_us;                               /* what the clock is for it */
	struct vusb_transfer *transfer;                 /* in hand, borrowed; NULL = none */
	struct port_record *records[VUSB_PORT_MAX + 1]; /* by port number, made when first needed */
};

struct direct_handle {
	struct usb_handle handle;
	struct vusb_port *port;
	struct port_record *record;
	uint8_t devnum; /* the plug that was opened */
	uint32_t claimed;
};

static struct direct_host *host_of(struct usb_host *host)
{
	return CONTAINER_OF(host, struct direct_host, host);
}

static struct direct_handle *handle_of(struct usb_handle *handle)
{
	return CONTAINER_OF(handle, struct direct_handle, handle);
}

static uint64_t direct_now_us(const struct clock *clock)
{
	const struct direct_host *self =
		CONTAINER_OF((struct clock *)clock, struct direct_host, clock);

	if (self->dead)
		return self->dead_us;
	return clock_now_us(vusb_bus_clock(self->bus));
}

static void direct_sleep_until_us(struct clock *clock, uint64_t when_us)
{
	struct direct_host *self = CONTAINER_OF(clock, struct direct_host, clock);

	if (!self->dead)
		vusb_bus_run_until(self->bus, when_us, &self->dead);
	if (self->dead && when_us > self->dead_us)
		self->dead_us = when_us;
}

static int enumerate(struct vusb_port *port, struct port_record *record, struct why *why)
{
	uint8_t devnum = port->devnum;
	int r;

	record->devnum = devnum;
	record->claimed = 0;
	memset(record->alternate, 0, sizeof(record->alternate));
	r = vusb_enumerate(port, &record->identity, why);
	record->usable = r == 0 && port->devnum == devnum;
	return r;
}

/* Gives the record of a plugged port, enumerated; *ret is NULL when there is nothing that a host would show. */
static int port_record(struct direct_host *self, struct vusb_port *port, struct port_record **ret)
{
	struct port_record *record = self->records[port->number];

	*ret = NULL;
	if (!port->device)
		return 0;
	if (!record)
		record = self->records[port->number] = calloc(1, sizeof(*record));
	if (!record)
		return -ENOMEM;
	if (record->devnum != port->devnum)
		(void)!enumerate(port, record, NULL); /* a device that fails is not shown */
	if (record->usable)
		*ret = record;
	return 0;
}

/* Cuts between characters. */
static void copy_text(char ret_text[static USB_HOST_TEXT], const char *text)
{
	size_t size = strnlen(text, USB_HOST_TEXT);

	if (size == USB_HOST_TEXT)
		do
			size--;
		while (size && (text[size] & 0xc0) == 0x80);
	memcpy(ret_text, text, size);
	ret_text[size] = '\0';
}

static void fill_entry(const struct vusb_port *port, const struct vusb_identity *identity,
	struct usb_host_entry *ret)
{
	struct reader in = reader_of(identity->device + 8, 6);

	*ret = (struct usb_host_entry){.bus = BUS_NUMBER, .devnum = port->devnum};
	ret->vid = reader_le16(&in);
	ret->pid = reader_le16(&in);
	ret->bcd_device = reader_le16(&in);
	snprintf(ret->path, sizeof(ret->path), "%d-%u", BUS_NUMBER, port->number);
	copy_text(ret->manufacturer, identity->manufacturer);
	copy_text(ret->product, identity->product);
	copy_text(ret->serial, identity->serial);
}

static int direct_list(struct usb_host *host, struct usb_host_entry *ret_entries, size_t room,
	size_t *ret_count, struct why *why)
{
	struct direct_host *self = host_of(host);
	size_t count = 0;

	*ret_count = 0;
	if (self->dead)
		return 0;
	vusb_bus_settle(self->bus);
	for (uint8_t n = 1; n <= vusb_bus_port_count(self->bus); n++) {
		struct vusb_port *port = vusb_bus_port(self->bus, n);
		struct port_record *record;
		int r = port_record(self, port, &record);

		if (r < 0)
			return why_errno(why, r, "list of USB devices");
		if (!record)
			continue;
		if (count < room)
			fill_entry(port, &record->identity, &ret_entries[count]);
		count++;
	}
	*ret_count = count;
	return 0;
}

static bool gone(const struct direct_handle *self)
{
	return host_of(self->handle.host)->dead || !self->port->device ||
	       self->port->devnum != self->devnum;
}

/* As vusb_port_control; the end of the program is its end. */
static int control(const struct direct_handle *self, const struct usb_setup *setup, uint8_t *data,
	uint64_t timeout_us)
{
	struct direct_host *host = host_of(self->handle.host);
	struct vusb_transfer transfer = {
		.port = self->port,
		.type = VUSB_CONTROL,
		.setup = *setup,
		.data = data,
		.size = setup->wLength,
	};
	int r;

	host->transfer = &transfer;
	r = vusb_transfer_wait(&transfer, timeout_us);
	host->transfer = NULL;
	return host->dead ? -ENODEV : r;
}

static int direct_control(struct usb_handle *handle, const struct usb_setup *setup, uint8_t *data,
	uint32_t timeout_ms)
{
	struct direct_handle *self = handle_of(handle);

	if (gone(self))
		return -ENODEV;
	vusb_bus_settle(self->port->bus);
	if (gone(self))
		return -ENODEV;
	return control(
		self, setup, data, timeout_ms ? timeout_ms * UINT64_C(1000) : VUSB_NO_TIMEOUT);
}

static int direct_config(struct usb_handle *handle, uint8_t *ret_bytes, size_t room)
{
	const struct direct_handle *self = handle_of(handle);
	const struct vusb_identity *identity = &self->record->identity;
	size_t size = identity->config_size < room ? identity->config_size : room;

	if (gone(self))
		return -ENODEV;
	memcpy(ret_bytes, identity->config, size);
	return (int)size;
}

static bool has_interface(const struct vusb_identity *identity, uint8_t number)
{
	size_t pos = 0;

	while (pos + 3 <= identity->config_size && identity->config[pos] >= 2) {
		if (identity->config[pos + 1] == USB_DESC_INTERFACE &&
			identity->config[pos + 2] == number)
			return true;
		pos += identity->config[pos];
	}
	return false;
}

static bool is_dfu(const struct vusb_identity *identity, uint8_t number)
{
	const uint8_t *desc = identity->config;

	for (size_t pos = 0; pos + 9 <= identity->config_size && desc[pos] >= 2; pos += desc[pos])
		if (desc[pos + 1] == USB_DESC_INTERFACE && desc[pos + 2] == number &&
			desc[pos + 5] == USB_CLASS_DFU && desc[pos + 6] == USB_SUBCLASS_DFU)
			return true;
	return false;
}

/* NULL: none. */
static const char *kernel_driver(const struct direct_handle *self, uint8_t interface)
{
	const char *name = host_of(self->handle.host)->kernel_driver;

	return name && is_dfu(&self->record->identity, interface) ? name : NULL;
}

static int direct_driver(struct usb_handle *handle, uint8_t interface, char *ret, size_t room)
{
	const char *name = kernel_driver(handle_of(handle), interface);

	if (!name)
		return -ENODATA;
	snprintf(ret, room, "%s", name);
	return 0;
}

static int direct_claim(struct usb_handle *handle, uint8_t interface)
{
	struct direct_handle *self = handle_of(handle);
	uint32_t bit = interface < 32 ? UINT32_C(1) << interface : 0;

	if (gone(self))
		return -ENODEV;
	if (!bit || !has_interface(&self->record->identity, interface))
		return -ENOENT;
	if ((self->record->claimed & bit & ~self->claimed) || kernel_driver(self, interface))
		return -EBUSY;
	self->record->claimed |= bit;
	self->claimed |= bit;
	return 0;
}

static int send_alternate(struct direct_handle *self, uint8_t interface, uint8_t alternate)
{
	struct usb_setup setup = {
		.bmRequestType = USB_RECIPIENT_INTERFACE,
		.bRequest = USB_SET_INTERFACE,
		.wValue = alternate,
		.wIndex = interface,
	};
	uint8_t none[1];

	return control(self, &setup, none, SET_TIMEOUT_US);
}

static int direct_set_alternate(struct usb_handle *handle, uint8_t interface, uint8_t alternate)
{
	struct direct_handle *self = handle_of(handle);
	int r;

	if (gone(self))
		return -ENODEV;
	vusb_bus_settle(self->port->bus);
	if (gone(self))
		return -ENODEV;
	r = send_alternate(self, interface, alternate);
	if (r == 0 && interface < VUSB_INTERFACE_MAX)
		self->record->alternate[interface] = alternate;
	return r;
}

static bool same_device(const struct vusb_identity *a, const struct vusb_identity *b)
{
	return memcmp(a->device, b->device, sizeof(a->device)) == 0 &&
	       a->config_size == b->config_size &&
	       memcmp(a->config, b->config, a->config_size) == 0 &&
	       strcmp(a->serial, b->serial) == 0;
}

/* As Linux does after a reset: claims stay, alternate settings are set again. */
static void restore(struct direct_handle *self, const struct port_record *before)
{
	self->record->claimed = before->claimed;
	for (uint8_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		if (before->alternate[i] && send_alternate(self, i, before->alternate[i]) == 0)
			self->record->alternate[i] = before->alternate[i];
}

static int direct_reset(struct usb_handle *handle)
{
	struct direct_handle *self = handle_of(handle);
	struct port_record before;

	if (gone(self))
		return -ENODEV;
	vusb_bus_settle(self->port->bus);
	if (gone(self))
		return -ENODEV;
	before = *self->record;
	vusb_port_reset(self->port);
	if (gone(self) || enumerate(self->port, self->record, NULL) < 0 || gone(self))
		return -ENODEV;
	if (!same_device(&before.identity, &self->record->identity)) {
		self->devnum = 0; /* what answers now has to be opened anew */
		return -ENODEV;
	}
	restore(self, &before);
	return 0;
}

static void direct_close(struct usb_handle *handle)
{
	struct direct_handle *self = handle_of(handle);

	if (self->port->device && self->port->devnum == self->devnum)
		self->record->claimed &= ~self->claimed;
	free(self);
}

static const struct usb_handle_ops handle_ops = {
	.control = direct_control,
	.config = direct_config,
	.claim = direct_claim,
	.driver = direct_driver,
	.set_alternate = direct_set_alternate,
	.reset = direct_reset,
	.close = direct_close,
};

static struct vusb_port *port_of_devnum(struct direct_host *self, uint8_t devnum)
{
	for (uint8_t n = 1; devnum && n <= vusb_bus_port_count(self->bus); n++) {
		struct vusb_port *port = vusb_bus_port(self->bus, n);

		if (port->devnum == devnum)
			return port;
	}
	return NULL;
}

static int direct_open(struct usb_host *host, const struct usb_host_entry *entry,
	struct usb_handle **ret, struct why *why)
{
	struct direct_host *self = host_of(host);
	struct vusb_port *port = port_of_devnum(self, entry->devnum);
	struct port_record *record = NULL;
	struct direct_handle *handle;
	int r = port ? port_record(self, port, &record) : 0;

	if (r < 0)
		return why_errno(why, r, "USB device %s", entry->path);
	if (!record)
		return why_set(why, -ENODEV, "USB device %s is not there any more", entry->path);
	if (self->forbidden)
		return why_errno(why, -EACCES, "USB device %s", entry->path);
	handle = calloc(1, sizeof(*handle));
	if (!handle)
		return why_errno(why, -ENOMEM, "USB device %s", entry->path);
	handle->handle = (struct usb_handle){.ops = &handle_ops, .host = host};
	handle->port = port;
	handle->record = record;
	handle->devnum = port->devnum;
	*ret = &handle->handle;
	return 0;
}

static const struct usb_host_ops host_ops = {
	.name = "direct",
	.list = direct_list,
	.open = direct_open,
};

struct usb_host *usb_host_direct_new(struct vusb_bus *bus)
{
	struct direct_host *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->bus = bus;
	self->clock = (struct clock){
		.now_us = direct_now_us,
		.sleep_until_us = direct_sleep_until_us,
	};
	self->host = (struct usb_host){.ops = &host_ops, .clock = &self->clock};
	return &self->host;
}

void usb_host_direct_set_permission(struct usb_host *host, bool allowed)
{
	host_of(host)->forbidden = !allowed;
}

void usb_host_direct_set_dead(struct usb_host *host, bool dead)
{
	struct direct_host *self = host_of(host);

	if (self->dead == dead)
		return;
	self->dead_us = clock_now_us(vusb_bus_clock(self->bus));
	self->dead = dead;
	if (dead && self->transfer)
		vusb_bus_cancel(self->transfer);
}

void usb_host_direct_set_kernel_driver(struct usb_host *host, const char *name)
{
	host_of(host)->kernel_driver = name;
}

void usb_host_direct_free(struct usb_host *host)
{
	struct direct_host *self;

	if (!host)
		return;
	self = host_of(host);
	for (size_t i = 0; i < ARRAY_SIZE(self->records); i++)
		free(self->records[i]);
	free(self);
}
