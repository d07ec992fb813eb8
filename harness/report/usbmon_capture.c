/* SPDX-License-Identifier: MIT */
#include "harness/report/usbmon_capture.h"

#include "harness/base/wire.h"
#include "harness/report/event_tap.h"
#include "harness/report/pcapng.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE    64
#define BUS_NUMBER     1
#define DATA_MAX       (256 * 1024) /* of one transfer; usbmon cuts too */
#define FLUSH_AFTER_US 100000
#define URB_DIR_IN     0x200 /* include/linux/usb.h: transfer_flags */
#define NAME_SIZE      64

/* The board that is, or was last, on a port. */
struct captured_port {
	uint8_t devnum; /* 0 = nothing seen yet */
	uint32_t interface;
};

struct captured_interface {
	char name[NAME_SIZE];
	uint32_t number;
};

struct usbmon_capture {
	struct vusb_tap tap;
	struct pcapng *pcapng; /* owned */
	uint64_t wall_us;
	uint64_t flushed_us;                           /* bus time */
	struct captured_port ports[VUSB_PORT_MAX + 1]; /* by port number */
	struct captured_interface *interfaces;         /* owned */
	size_t interface_count;
};

/* One half of a transfer. */
struct record {
	const struct vusb_transfer *transfer;
	char type; /* 'S' or 'C' */
	int status;
	bool in;
	bool setup;    /* the setup packet is in the header */
	size_t length; /* what was asked for, or moved */
	size_t data_size;
};

static uint32_t interface_of_name(struct usbmon_capture *self, const char *name)
{
	struct captured_interface *more;

	for (size_t i = 0; i < self->interface_count; i++)
		if (strcmp(self->interfaces[i].name, name) == 0)
			return self->interfaces[i].number;
	more = realloc(self->interfaces, (self->interface_count + 1) * sizeof(*more));
	if (!more)
		return 0;
	self->interfaces = more;
	more += self->interface_count++;
	snprintf(more->name, sizeof(more->name), "%s", name);
	more->number =
		pcapng_add_interface(self->pcapng, PCAPNG_LINKTYPE_USB_LINUX_MMAPPED, more->name);
	return more->number;
}

static void learn_port(struct usbmon_capture *self, const struct vusb_port *port)
{
	self->ports[port->number] = (struct captured_port){
		.devnum = port->devnum,
		.interface = interface_of_name(self, port->name ? port->name : "?"),
	};
}

/* The board that a transfer went to, also when it is gone by the time the transfer ends. */
static const struct captured_port *port_of(
	struct usbmon_capture *self, const struct vusb_port *port)
{
	struct captured_port *captured = &self->ports[port->number];

	if (port->device && captured->devnum != port->devnum)
		learn_port(self, port);
	else if (!port->device && !captured->devnum)
		captured->interface = interface_of_name(self, "empty port");
	return captured;
}

/* As the kernel sees it: a control transfer that asks for nothing is OUT (usb_submit_urb). */
static bool is_in(const struct vusb_transfer *transfer)
{
	if (transfer->type == VUSB_CONTROL && !transfer->setup.wLength)
		return false;
	return vusb_transfer_is_in(transfer);
}

static char data_flag(const struct record *record)
{
	if (record->in)
		return record->type == 'S' ? '<' : 0;
	return record->type == 'C' ? '>' : 0;
}

static void encode_setup(const struct record *record, struct writer *out)
{
	uint8_t setup[USB_SETUP_SIZE] = {0};

	if (record->setup)
		usb_setup_encode(&record->transfer->setup, setup);
	writer_bytes(out, setup, sizeof(setup));
}

static void encode(const struct record *record, const struct captured_port *port, uint64_t time_us,
	uint8_t header[static HEADER_SIZE])
{
	const struct vusb_transfer *transfer = record->transfer;
	struct writer out = writer_of(header, HEADER_SIZE);

	writer_le64(&out, transfer->id);
	writer_u8(&out, (uint8_t)record->type);
	writer_u8(&out, (uint8_t)transfer->type);
	writer_u8(&out, (uint8_t)((transfer->endpoint & 0x0f) | (record->in ? USB_DIR_IN : 0)));
	writer_u8(&out, port->devnum);
	writer_le16(&out, BUS_NUMBER);
	writer_u8(&out, record->setup ? 0 : '-');
	writer_u8(&out, (uint8_t)data_flag(record));
	writer_le64(&out, time_us / 1000000);
	writer_le32(&out, (uint32_t)(time_us % 1000000));
	writer_le32(&out, (uint32_t)record->status);
	writer_le32(&out, (uint32_t)record->length);
	writer_le32(&out, (uint32_t)record->data_size);
	encode_setup(record, &out);
	writer_le32(&out, 0); /* interval */
	writer_le32(&out, 0); /* start frame */
	writer_le32(&out, record->in ? URB_DIR_IN : 0);
	writer_le32(&out, 0); /* isochronous descriptors */
	assert(!out.failed && out.pos == HEADER_SIZE);
}

static void flush_when_due(struct usbmon_capture *self, uint64_t now_us)
{
	if (now_us - self->flushed_us < FLUSH_AFTER_US)
		return;
	pcapng_flush(self->pcapng);
	self->flushed_us = now_us;
}

static void write_record(struct usbmon_capture *self, struct record *record)
{
	const struct vusb_transfer *transfer = record->transfer;
	uint64_t now_us = clock_now_us(vusb_bus_clock(self->tap.bus));
	const struct captured_port *port = port_of(self, transfer->port);
	bool has_data = data_flag(record) == 0;
	uint8_t header[HEADER_SIZE];

	record->data_size = has_data ? record->length : 0;
	if (record->data_size > DATA_MAX)
		record->data_size = DATA_MAX;
	encode(record, port, self->wall_us + now_us, header);
	pcapng_add_packet(
		self->pcapng, &(struct pcapng_packet){
				      .interface = port->interface,
				      .time_us = self->wall_us + now_us,
				      .header = header,
				      .header_size = sizeof(header),
				      .data = transfer->data,
				      .data_size = record->data_size,
				      .cut = has_data ? record->length - record->data_size : 0,
			      });
	flush_when_due(self, now_us);
}

static void tap_submitted(struct vusb_tap *tap, const struct vusb_transfer *transfer)
{
	write_record(CONTAINER_OF(tap, struct usbmon_capture, tap),
		&(struct record){
			.transfer = transfer,
			.type = 'S',
			.status = -EINPROGRESS,
			.in = is_in(transfer),
			.setup = transfer->type == VUSB_CONTROL,
			.length = transfer->size,
		});
}

static void tap_completed(struct vusb_tap *tap, const struct vusb_transfer *transfer)
{
	write_record(CONTAINER_OF(tap, struct usbmon_capture, tap),
		&(struct record){
			.transfer = transfer,
			.type = 'C',
			.status = event_tap_status(transfer->result),
			.in = is_in(transfer),
			.length = transfer->actual,
		});
}

static void tap_plugged(struct vusb_tap *tap, struct vusb_port *port)
{
	learn_port(CONTAINER_OF(tap, struct usbmon_capture, tap), port);
}

int usbmon_capture_start(struct vusb_bus *bus, const char *path, uint64_t wall_us,
	struct usbmon_capture **ret, struct why *why)
{
	static const struct vusb_tap_ops ops = {
		.name = "capture",
		.submitted = tap_submitted,
		.completed = tap_completed,
		.plugged = tap_plugged,
	};
	struct usbmon_capture *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return why_errno(why, -ENOMEM, "%s", path);
	r = pcapng_create(path, &self->pcapng, why);
	if (r < 0) {
		free(self);
		return r;
	}
	self->tap.ops = &ops;
	self->wall_us = wall_us;
	self->flushed_us = clock_now_us(vusb_bus_clock(bus));
	vusb_bus_add_tap(bus, &self->tap);
	*ret = self;
	return 0;
}

void usbmon_capture_flush(struct usbmon_capture *capture)
{
	pcapng_flush(capture->pcapng);
	capture->flushed_us = clock_now_us(vusb_bus_clock(capture->tap.bus));
}

int usbmon_capture_stop(struct usbmon_capture *capture, struct why *why)
{
	int r;

	if (!capture)
		return 0;
	vusb_bus_remove_tap(&capture->tap);
	r = pcapng_close(capture->pcapng, why);
	free(capture->interfaces);
	free(capture);
	return r;
}
