/* SPDX-License-Identifier: MIT */
/*
 * What Linux does and this does not: the first SET_LINE_CODING goes out when the port is first listed, not when it is
 * plugged in; input beyond INPUT_MAX bytes stays with the device; of several ports in one device the first one counts.
 */
#include "harness/host/serial_host_direct.h"

#include "harness/base/buf.h"
#include "harness/base/wire.h"
#include "harness/host/cdc_find.h"
#include "harness/host/udev_name.h"
#include "harness/vusb/wait.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS          256 /* [cdc-acm.h]: ACM_TTY_MINORS */
#define READ_URBS        16  /* [cdc-acm.h]: ACM_NR */
#define WRITE_PACKETS    20  /* [cdc-acm.c, acm_probe]: writesize = 20 packets */
#define NOTIFY_MAX       64
#define INPUT_MAX        65536   /* [tty_buffer.c]: TTYB_DEFAULT_MEM_LIMIT */
#define CONTROL_US       5000000 /* [usb.h]: USB_CTRL_SET_TIMEOUT */
#define FAILURES_MAX     64      /* transfers in a row; Linux goes on for ever */
#define LINE_CODING_SIZE 7

#define PROBE_BAUD 9600 /* [cdc-acm.c, acm_probe] */
#define OPEN_BAUD  115200

/* [USB CDC PSTN 1.2, table 13] */
#define SET_LINE_CODING        0x20
#define SET_CONTROL_LINE_STATE 0x22
#define LINE_DTR_RTS           3

struct direct_port;

/* One number of /dev/ttyACM<n>. */
struct acm {
	bool used;
	struct vusb_port *socket; /* where its device is plugged in */
	uint8_t devnum;           /* the plug that it stands for; 0 = it has left */
	uint64_t since_us;        /* when it appeared */
	struct cdc_function function;
	uint32_t baud; /* that the device was told; 0 = none yet */
	struct direct_port *opened;
};

struct direct_serial {
	struct serial_host host;
	struct vusb_bus *bus;
	struct usb_host *usb;
	struct vusb_tap tap;
	bool held, new_numbers, dead;
	uint64_t probe_us;       /* so long a port that has appeared is somebody else's */
	unsigned int used_below; /* numbers from here on were never used */
	struct acm acms[NUMBERS];
	struct usb_host_entry devices[VUSB_PORT_MAX]; /* scratch of list and open */
};

struct urb {
	struct vusb_transfer transfer;
	struct direct_port *owner;
	bool done; /* completed, and not looked at yet */
};

struct direct_port {
	struct serial_port port;
	struct direct_serial *serial;
	struct acm *acm;
	struct vusb_port *socket;
	struct cdc_function function;
	bool gone, broken;
	bool wake; /* a transfer has completed */
	unsigned int failures;
	struct urb in[READ_URBS];
	unsigned int next; /* of them: the oldest */
	size_t in_size;    /* bytes of each */
	uint8_t *in_data;  /* owned */
	struct urb notify;
	uint8_t notify_data[NOTIFY_MAX];
	size_t out_size;
	uint8_t *out_data; /* owned */
	struct buf input;
};

static struct direct_serial *serial_of(struct serial_host *host)
{
	return CONTAINER_OF(host, struct direct_serial, host);
}

static struct direct_port *port_of(struct serial_port *port)
{
	return CONTAINER_OF(port, struct direct_port, port);
}

static bool acm_present(const struct acm *acm)
{
	return acm->devnum && acm->socket->device && acm->socket->devnum == acm->devnum;
}

/* Class requests to the communication interface; what becomes of them, nobody asks. [cdc-acm.c: acm_probe,
 * acm_port_dtr_rts, acm_tty_set_termios] */
static void send_control(
	const struct acm *acm, uint8_t request, uint16_t value, uint8_t *data, uint16_t size)
{
	const struct usb_setup setup = {
		.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = request,
		.wValue = value,
		.wIndex = acm->function.interface,
		.wLength = size,
	};

	if (acm_present(acm))
		(void)!vusb_port_control(acm->socket, &setup, data, CONTROL_US);
}

/* 8N1. Only what differs from before is sent. [cdc-acm.c, acm_tty_set_termios] */
static void set_line_coding(struct acm *acm, uint32_t baud)
{
	uint8_t bytes[LINE_CODING_SIZE] = {0};
	struct writer out = writer_of(bytes, sizeof(bytes));

	if (acm->baud == baud)
		return;
	acm->baud = baud;
	writer_le32(&out, baud);
	writer_fill(&out, 0, 2);
	writer_u8(&out, 8);
	send_control(acm, SET_LINE_CODING, 0, bytes, sizeof(bytes));
}

static void set_line_state(const struct acm *acm, uint16_t state)
{
	uint8_t none[1];

	send_control(acm, SET_CONTROL_LINE_STATE, state, none, 0);
}

static struct acm *free_number(struct direct_serial *self)
{
	unsigned int number = self->new_numbers ? self->used_below : 0;

	while (number < NUMBERS && self->acms[number].used)
		number++;
	if (number == NUMBERS)
		return NULL;
	if (number >= self->used_below)
		self->used_below = number + 1;
	return &self->acms[number];
}

/* Reads the descriptors where they are: the driver binds before anybody can open the device. */
static bool find_function(const struct vusb_device *device, struct cdc_function *ret)
{
	uint8_t bytes[VUSB_CONFIG_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));

	vusb_desc_write_config(&device->desc->configs[0], &out);
	return cdc_find(bytes, out.pos, ret);
}

static void arrive(struct direct_serial *self, struct vusb_port *socket)
{
	struct cdc_function function;
	struct acm *acm;

	if (!socket->device || !find_function(socket->device, &function))
		return;
	acm = free_number(self);
	if (!acm)
		return;
	*acm = (struct acm){
		.used = true,
		.socket = socket,
		.devnum = socket->devnum,
		.since_us = clock_now_us(vusb_bus_clock(self->bus)),
		.function = function,
	};
}

static void leave(struct acm *acm)
{
	acm->devnum = 0;
	if (acm->opened)
		acm->opened->gone = acm->opened->wake = true;
	else
		acm->used = false;
}

static struct acm *acm_of_socket(struct direct_serial *self, const struct vusb_port *socket)
{
	for (size_t i = 0; i < NUMBERS; i++)
		if (self->acms[i].devnum && self->acms[i].socket == socket)
			return &self->acms[i];
	return NULL;
}

static void tap_plugged(struct vusb_tap *tap, struct vusb_port *socket)
{
	arrive(CONTAINER_OF(tap, struct direct_serial, tap), socket);
}

static void tap_unplugged(struct vusb_tap *tap, struct vusb_port *socket)
{
	struct acm *acm = acm_of_socket(CONTAINER_OF(tap, struct direct_serial, tap), socket);

	if (acm)
		leave(acm);
}

/* The driver has no pre_reset: a reset takes the port away and gives a new one. [cdc-acm.c, acm_driver; usbcore's
 * usb_reset_device] A port that nobody has open keeps its number that way. */
static void tap_reset(struct vusb_tap *tap, struct vusb_port *socket)
{
	struct direct_serial *self = CONTAINER_OF(tap, struct direct_serial, tap);
	struct acm *acm = acm_of_socket(self, socket);

	if (!acm)
		return;
	acm->baud = 0;
	if (!acm->opened)
		return;
	leave(acm);
	arrive(self, socket);
}

/* Fills self->devices; returns how many there are, or negative errno. */
static int list_devices(struct direct_serial *self, struct why *why)
{
	size_t count = 0;
	int r = self->usb->ops->list(
		self->usb, self->devices, ARRAY_SIZE(self->devices), &count, why);

	return r < 0 ? r : (int)count;
}

/* The USB device of a number, of count in self->devices; NULL when the host does not show it (any more). */
static const struct usb_host_entry *device_of(
	struct direct_serial *self, const struct acm *acm, int count)
{
	for (int i = 0; acm_present(acm) && i < count; i++)
		if (self->devices[i].devnum == acm->devnum)
			return &self->devices[i];
	return NULL;
}

static unsigned int number_of(const struct direct_serial *self, const struct acm *acm)
{
	return (unsigned int)(acm - self->acms);
}

static void fill_entry(const struct direct_serial *self, const struct acm *acm,
	const struct usb_host_entry *device, struct serial_port_entry *ret)
{
	*ret = (struct serial_port_entry){
		.vid = device->vid,
		.pid = device->pid,
		.interface = acm->function.interface,
	};
	snprintf(ret->name, sizeof(ret->name), "/dev/ttyACM%u", number_of(self, acm));
	udev_serial_link(device, acm->function.interface, ret->link, sizeof(ret->link));
	snprintf(ret->usb_path, sizeof(ret->usb_path), "%s", device->path);
	snprintf(ret->product, sizeof(ret->product), "%s", device->product);
	snprintf(ret->serial, sizeof(ret->serial), "%s", device->serial);
}

static void probe(struct acm *acm)
{
	if (!acm->baud)
		set_line_coding(acm, PROBE_BAUD);
}

static int direct_list(struct serial_host *host, struct serial_port_entry *ret_entries, size_t room,
	size_t *ret_count, struct why *why)
{
	struct direct_serial *self = serial_of(host);
	int devices = list_devices(self, why);
	size_t count = 0;

	*ret_count = 0;
	if (devices < 0 || self->dead)
		return devices < 0 ? devices : 0;
	for (size_t i = 0; i < NUMBERS; i++) {
		struct acm *acm = &self->acms[i];
		const struct usb_host_entry *device = device_of(self, acm, devices);

		if (!device)
			continue;
		probe(acm);
		if (count < room)
			fill_entry(self, acm, device, &ret_entries[count]);
		count++;
	}
	*ret_count = count;
	return 0;
}

static struct acm *find_by_name(struct direct_serial *self, const char *name, int devices)
{
	struct serial_port_entry entry;

	for (size_t i = 0; i < NUMBERS; i++) {
		const struct usb_host_entry *device = device_of(self, &self->acms[i], devices);

		if (!device)
			continue;
		fill_entry(self, &self->acms[i], device, &entry);
		if (strcmp(entry.name, name) == 0 || strcmp(entry.link, name) == 0)
			return &self->acms[i];
	}
	return NULL;
}

static void urb_complete(struct vusb_transfer *transfer)
{
	struct urb *urb = transfer->user;

	urb->done = true;
	urb->owner->wake = true;
}

static void urb_init(struct urb *urb, struct direct_port *owner, uint8_t endpoint)
{
	urb->owner = owner;
	urb->transfer = (struct vusb_transfer){
		.port = owner->socket,
		.type = VUSB_BULK,
		.endpoint = endpoint,
		.complete = urb_complete,
		.user = urb,
	};
}

static void urb_submit(struct urb *urb)
{
	urb->done = false;
	if (!urb->owner->gone)
		vusb_bus_submit(&urb->transfer);
}

static void clear_halt(const struct direct_port *self, uint8_t endpoint)
{
	const struct usb_setup setup = {
		.bmRequestType = USB_RECIPIENT_ENDPOINT,
		.bRequest = USB_CLEAR_FEATURE,
		.wValue = USB_FEATURE_ENDPOINT_HALT,
		.wIndex = endpoint,
	};
	uint8_t none[1];

	if (!self->gone)
		(void)!vusb_port_control(self->socket, &setup, none, CONTROL_US);
}

/* One transfer that came back. After a STALL the endpoint is freed, other errors are passed over. [cdc-acm.c,
 * acm_read_bulk_callback] */
static void take_input(struct direct_port *self, struct urb *urb)
{
	if (urb->transfer.result == VUSB_ACK) {
		self->failures = 0;
		if (buf_append(&self->input, urb->transfer.data, urb->transfer.actual) < 0)
			self->broken = true;
	} else if (++self->failures > FAILURES_MAX) {
		self->broken = true;
	}
	if (urb->transfer.result == VUSB_STALL)
		clear_halt(self, self->function.in);
	if (!self->broken)
		urb_submit(urb);
}

/* Takes what came, oldest first, and asks for more. */
static void harvest(struct direct_port *self)
{
	while (!self->broken && self->in[self->next].done &&
		self->input.size + self->in_size <= INPUT_MAX) {
		struct urb *urb = &self->in[self->next];

		if (urb->transfer.result == VUSB_GONE)
			break;
		self->next = (self->next + 1) % READ_URBS;
		take_input(self, urb);
	}
	if (self->notify.done && self->notify.transfer.result == VUSB_ACK)
		urb_submit(&self->notify); /* what the lines do, nobody here wants to know */
}

static size_t give_input(struct direct_port *self, uint8_t *ret_data, size_t size)
{
	size_t take = self->input.size < size ? self->input.size : size;

	if (take) {
		memcpy(ret_data, self->input.data, take);
		buf_consume(&self->input, take);
	}
	return take;
}

static uint64_t deadline_of(const struct direct_port *self, uint32_t timeout_ms)
{
	return clock_after_us(vusb_bus_clock(self->serial->bus), timeout_ms * UINT64_C(1000));
}

/* Lets time pass until a transfer completes. False when it was over before. */
static bool wait_wake(struct direct_port *self, uint64_t deadline_us)
{
	if (self->serial->dead ||
		(!self->wake && clock_now_us(vusb_bus_clock(self->serial->bus)) >= deadline_us))
		return false;
	if (!self->wake)
		vusb_bus_run_until(self->serial->bus, deadline_us, &self->wake);
	return true;
}

static int direct_read(
	struct serial_port *port, uint8_t *ret_data, size_t size, uint32_t timeout_ms)
{
	struct direct_port *self = port_of(port);
	uint64_t deadline_us = deadline_of(self, timeout_ms);

	if (self->serial->dead)
		return -ENODEV;
	if (size == 0)
		return 0;
	if (size > INPUT_MAX)
		size = INPUT_MAX;
	vusb_bus_settle(self->serial->bus);
	do {
		self->wake = false;
		harvest(self);
		if (self->input.size)
			return (int)give_input(self, ret_data, size);
		if (self->gone)
			return -ENODEV;
		if (self->broken)
			return -EIO;
	} while (wait_wake(self, deadline_us));
	return 0;
}

/* One bulk OUT transfer, waited for. A device that leaves with it in hand has taken it: Linux has said so to the
 * program before. [cdc-acm.c, acm_tty_write: the data is copied and the write returns] */
static int send_chunk(struct direct_port *self, size_t size, uint64_t deadline_us)
{
	struct urb out;

	if (self->gone)
		return -ENODEV;
	urb_init(&out, self, self->function.out);
	out.transfer.data = self->out_data;
	out.transfer.size = size;
	urb_submit(&out);
	while (!out.done && wait_wake(self, deadline_us)) {
		self->wake = false;
		harvest(self);
	}
	if (!out.done) {
		vusb_bus_cancel(&out.transfer);
		return -ETIMEDOUT;
	}
	return out.transfer.result == VUSB_ACK || out.transfer.result == VUSB_GONE ? 0 : -EIO;
}

static int direct_write(
	struct serial_port *port, const uint8_t *data, size_t size, uint32_t timeout_ms)
{
	struct direct_port *self = port_of(port);
	uint64_t deadline_us = deadline_of(self, timeout_ms);

	if (self->serial->dead)
		return -ENODEV;
	vusb_bus_settle(self->serial->bus);
	while (size) {
		size_t chunk = size < self->out_size ? size : self->out_size;
		int r;

		memcpy(self->out_data, data, chunk);
		r = send_chunk(self, chunk, deadline_us);
		if (r < 0)
			return r;
		data += chunk;
		size -= chunk;
	}
	return 0;
}

static void direct_drop_input(struct serial_port *port)
{
	struct direct_port *self = port_of(port);

	if (self->serial->dead)
		return;
	vusb_bus_settle(self->serial->bus);
	harvest(self);
	buf_consume(&self->input, self->input.size);
}

/* DTR drops first, then the transfers come back. [trace of Linux 6.1: SET_CONTROL_LINE_STATE 0, 17 unlinks] */
static void direct_close(struct serial_port *port)
{
	struct direct_port *self = port_of(port);

	if (!self->gone)
		set_line_state(self->acm, 0);
	for (size_t i = 0; i < READ_URBS; i++)
		vusb_bus_cancel(&self->in[i].transfer);
	vusb_bus_cancel(&self->notify.transfer);
	self->acm->opened = NULL;
	if (!self->acm->devnum)
		self->acm->used = false;
	buf_done(&self->input);
	free(self->in_data);
	free(self->out_data);
	free(self);
}

static const struct serial_port_ops port_ops = {
	.read = direct_read,
	.write = direct_write,
	.drop_input = direct_drop_input,
	.close = direct_close,
};

static struct direct_port *port_new(struct direct_serial *serial, struct acm *acm)
{
	struct direct_port *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->port = (struct serial_port){.ops = &port_ops, .host = &serial->host};
	self->serial = serial;
	self->acm = acm;
	self->socket = acm->socket;
	self->function = acm->function;
	self->in_size = 2u * acm->function.in_size;
	self->out_size = WRITE_PACKETS * (size_t)acm->function.out_size;
	self->in_data = calloc(READ_URBS, self->in_size);
	self->out_data = calloc(1, self->out_size);
	buf_init(&self->input, INPUT_MAX);
	if (!self->in_data || !self->out_data) {
		free(self->in_data);
		free(self->out_data);
		free(self);
		return NULL;
	}
	return self;
}

/* [cdc-acm.c, acm_port_activate; the order on the wire is of a trace of Linux 6.1] */
static void start(struct direct_port *self)
{
	const struct cdc_function *function = &self->function;

	urb_init(&self->notify, self, function->notify);
	self->notify.transfer.type = VUSB_INTERRUPT;
	self->notify.transfer.data = self->notify_data;
	self->notify.transfer.size =
		function->notify_size < NOTIFY_MAX ? function->notify_size : NOTIFY_MAX;
	if (function->notify)
		urb_submit(&self->notify);
	for (size_t i = 0; i < READ_URBS; i++) {
		urb_init(&self->in[i], self, function->in);
		self->in[i].transfer.data = self->in_data + i * self->in_size;
		self->in[i].transfer.size = self->in_size;
		urb_submit(&self->in[i]);
	}
	set_line_state(self->acm, LINE_DTR_RTS);
	if (!self->gone)
		set_line_coding(self->acm, OPEN_BAUD);
}

static bool is_probed(const struct direct_serial *self, const struct acm *acm)
{
	return clock_now_us(vusb_bus_clock(self->bus)) - acm->since_us < self->probe_us;
}

static int direct_open(
	struct serial_host *host, const char *name, struct serial_port **ret, struct why *why)
{
	struct direct_serial *self = serial_of(host);
	int devices = list_devices(self, why);
	struct direct_port *port;
	struct acm *acm;

	if (devices < 0)
		return devices;
	acm = find_by_name(self, name, devices);
	if (!acm)
		return why_set(why, -ENOENT, "%s: no such port", name);
	if (self->held || acm->opened || is_probed(self, acm))
		return why_set(why, -EBUSY, "%s: another program has it open", name);
	probe(acm);
	port = acm_present(acm) ? port_new(self, acm) : NULL;
	if (!port)
		return why_errno(why, acm_present(acm) ? -ENOMEM : -ENODEV, "%s", name);
	acm->opened = port;
	start(port);
	if (port->gone) {
		direct_close(&port->port);
		return why_set(why, -ENODEV, "%s: the device left while it was opened", name);
	}
	harvest(port);
	buf_consume(&port->input, port->input.size);
	*ret = &port->port;
	return 0;
}

static const struct serial_host_ops host_ops = {
	.name = "direct",
	.list = direct_list,
	.open = direct_open,
};

static const struct vusb_tap_ops tap_ops = {
	.name = "serial",
	.plugged = tap_plugged,
	.unplugged = tap_unplugged,
	.reset = tap_reset,
};

struct serial_host *serial_host_direct_new(struct vusb_bus *bus, struct usb_host *usb)
{
	struct direct_serial *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->host = (struct serial_host){.ops = &host_ops, .clock = usb->clock};
	self->bus = bus;
	self->usb = usb;
	self->tap.ops = &tap_ops;
	vusb_bus_add_tap(bus, &self->tap);
	for (uint8_t n = 1; n <= vusb_bus_port_count(bus); n++)
		arrive(self, vusb_bus_port(bus, n));
	return &self->host;
}

void serial_host_direct_free(struct serial_host *host)
{
	struct direct_serial *self;

	if (!host)
		return;
	self = serial_of(host);
	vusb_bus_remove_tap(&self->tap);
	free(self);
}

void serial_host_direct_set_held(struct serial_host *host, bool held)
{
	serial_of(host)->held = held;
}

void serial_host_direct_set_dead(struct serial_host *host, bool dead)
{
	struct direct_serial *self = serial_of(host);

	self->dead = dead;
	for (size_t i = 0; i < NUMBERS; i++)
		if (self->acms[i].opened)
			self->acms[i].opened->wake = true; /* nobody waits any more */
}

void serial_host_direct_set_prober(struct serial_host *host, uint64_t for_us)
{
	serial_of(host)->probe_us = for_us;
}

void serial_host_direct_set_new_numbers(struct serial_host *host, bool new_numbers)
{
	serial_of(host)->new_numbers = new_numbers;
}
