/* SPDX-License-Identifier: MIT */
#include "harness/report/event_tap.h"

#include "harness/report/request_text.h"

#include <assert.h>
#include <errno.h>

#define REQUEST_TEXT_SIZE 192

int event_tap_status(enum vusb_result result)
{
	/* Linux, Documentation/driver-api/usb/error-codes: what an URB ends with. A discarded one (usbfs) is ENOENT. */
	static const int status[] = {
		[VUSB_ACK] = 0,
		[VUSB_NAK] = -EINPROGRESS,
		[VUSB_STALL] = -EPIPE,
		[VUSB_GONE] = -ESHUTDOWN,
		[VUSB_CANCELLED] = -ENOENT,
		[VUSB_BABBLE] = -EOVERFLOW,
		[VUSB_ERROR] = -EPROTO,
	};

	static_assert(ARRAY_SIZE(status) == VUSB_RESULT_COUNT, "a status for each result");
	assert(result < VUSB_RESULT_COUNT);
	return status[result];
}

static const char *string_of(const struct vusb_device *device, uint8_t index)
{
	return index && index < device->strings.count ? device->strings.text[index] : NULL;
}

static void emit_usb(struct vusb_tap *tap, enum event_kind kind, const struct vusb_port *port)
{
	struct event_tap *self = CONTAINER_OF(tap, struct event_tap, tap);
	const struct vusb_device *device = port->device;
	const struct vusb_device_desc *desc = device->desc;

	EVENT_EMIT(self->stream, .kind = kind, .board = port->name,
		.text = kind == EVENT_PLUGGED ? string_of(device, desc->product) : NULL,
		.serial = string_of(device, desc->serial), .vid = desc->vid, .pid = desc->pid,
		.bcd_device = desc->bcd_device, .port = port->number, .devnum = port->devnum);
}

static void tap_plugged(struct vusb_tap *tap, struct vusb_port *port)
{
	emit_usb(tap, EVENT_PLUGGED, port);
}

static void tap_unplugged(struct vusb_tap *tap, struct vusb_port *port)
{
	emit_usb(tap, EVENT_UNPLUGGED, port);
}

static void tap_reset(struct vusb_tap *tap, struct vusb_port *port)
{
	emit_usb(tap, EVENT_BUS_RESET, port);
}

static bool is_dfu(const struct vusb_device *device)
{
	const struct vusb_config_desc *config = vusb_device_config(device);

	for (uint8_t i = 0; i < config->interface_count; i++)
		if (config->interfaces[i].class == USB_CLASS_DFU &&
			config->interfaces[i].subclass == USB_SUBCLASS_DFU)
			return true;
	return false;
}

static void tap_completed(struct vusb_tap *tap, const struct vusb_transfer *transfer)
{
	struct event_tap *self = CONTAINER_OF(tap, struct event_tap, tap);
	const struct vusb_port *port = transfer->port;
	char text[REQUEST_TEXT_SIZE];

	if (!self->requests || transfer->type != VUSB_CONTROL || !event_stream_heard(self->stream))
		return;
	/* After an unplug the port's name is not ours to read any more; whatever was pending was the board's. */
	EVENT_EMIT(self->stream, .kind = EVENT_REQUEST, .board = port->device ? port->name : NULL,
		.text = request_text(
			transfer, port->device && is_dfu(port->device), text, sizeof(text)),
		.size = (uint32_t)transfer->actual, .status = event_tap_status(transfer->result),
		.port = port->number, .devnum = port->devnum);
}

void event_tap_init(struct event_tap *tap, struct event_stream *stream, bool requests)
{
	static const struct vusb_tap_ops ops = {
		.name = "event",
		.completed = tap_completed,
		.plugged = tap_plugged,
		.unplugged = tap_unplugged,
		.reset = tap_reset,
	};

	*tap = (struct event_tap){.tap.ops = &ops, .stream = stream, .requests = requests};
}
