/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/root_hub.h"

#include "harness/base/wire.h"

#include <stdlib.h>
#include <string.h>

#define HUB_DESCRIPTOR_TYPE 0x29
#define HUB_CLASS           9
#define PORT_CONNECTED      0x0001
#define PORT_ENABLED        0x0002
#define PORT_POWERED        0x0100

struct root_hub {
	struct vusb_device device;
	struct vusb_bus *own;     /* owned; the bus that the hub itself is plugged into */
	struct vusb_bus *watched; /* borrowed */
};

static const struct vusb_endpoint_desc endpoints[] = {
	{.address = 0x81, .attributes = 3, .max_packet = 2, .interval = 255},
};

static const struct vusb_interface_desc interfaces[] = {
	{.class = HUB_CLASS, .endpoints = endpoints, .endpoint_count = 1},
};

static const struct vusb_config_desc configs[] = {
	{.value = 1, .attributes = 0xe0, .interfaces = interfaces, .interface_count = 1},
};

static const struct vusb_device_desc desc = {
	.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0110,
	.class = HUB_CLASS,
	.max_packet0 = 64,
	.vid = 0x1d6b,
	.pid = 0x0001,
	.bcd_device = 0x0601,
	.manufacturer = 1,
	.product = 2,
	.serial = 3,
	.configs = configs,
	.config_count = 1,
};

static const char *const strings[] = {
	NULL, "dfurig", "dfurig virtual USB host controller", "dfurig.0"};

static void write_hub_descriptor(const struct root_hub *hub, struct writer *out)
{
	uint8_t ports = vusb_bus_port_count(hub->watched);
	uint8_t bitmap = (uint8_t)(ports / 8 + 1);

	writer_u8(out, (uint8_t)(7 + 2 * bitmap));
	writer_u8(out, HUB_DESCRIPTOR_TYPE);
	writer_u8(out, ports);
	writer_le16(out, 0x0002); /* no power switching */
	writer_u8(out, 0);
	writer_u8(out, 0);
	writer_fill(out, 0x00, bitmap); /* all removable */
	writer_fill(out, 0xff, bitmap); /* PortPwrCtrlMask */
}

static uint16_t port_status(const struct root_hub *hub, uint16_t number)
{
	const struct vusb_port *port = vusb_bus_port(hub->watched, (uint8_t)number);

	return port && port->device ? PORT_POWERED | PORT_CONNECTED | PORT_ENABLED : PORT_POWERED;
}

static enum vusb_result hub_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct root_hub *hub = CONTAINER_OF(device, struct root_hub, device);
	uint8_t bytes[64];
	struct writer out = writer_of(bytes, sizeof(bytes));

	if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_CLASS)
		return VUSB_STALL;
	if (!usb_setup_is_in(setup))
		return VUSB_ACK;
	if (setup->bRequest == USB_GET_DESCRIPTOR && setup->wValue >> 8 == HUB_DESCRIPTOR_TYPE) {
		write_hub_descriptor(hub, &out);
	} else if (setup->bRequest == USB_GET_STATUS) {
		bool of_hub = (setup->bmRequestType & USB_RECIPIENT_MASK) == USB_RECIPIENT_DEVICE;

		writer_le16(&out, of_hub ? 0 : port_status(hub, setup->wIndex));
		writer_le16(&out, 0);
	} else {
		return VUSB_STALL;
	}
	*size = out.pos < setup->wLength ? out.pos : setup->wLength;
	memcpy(data, bytes, *size);
	return VUSB_ACK;
}

/* The status change endpoint: never anything new. */
static enum vusb_result hub_data(struct vusb_device *device UNUSED, uint8_t endpoint UNUSED,
	uint8_t *data UNUSED, size_t *size UNUSED)
{
	return VUSB_NAK;
}

static const struct vusb_device_ops ops = {
	.name = "root hub",
	.control = hub_control,
	.data = hub_data,
};

struct root_hub *root_hub_new(struct vusb_bus *bus)
{
	struct root_hub *hub = calloc(1, sizeof(*hub));

	if (!hub)
		return NULL;
	hub->watched = bus;
	hub->own = vusb_bus_new(vusb_bus_clock(bus), 1);
	if (!hub->own) {
		free(hub);
		return NULL;
	}
	vusb_device_init(&hub->device, &ops, &desc,
		(struct vusb_strings){.text = strings, .count = ARRAY_SIZE(strings)});
	vusb_port_plug(root_hub_port(hub), &hub->device, "root hub");
	root_hub_port(hub)->devnum = 1; /* which other buses keep free for it */
	return hub;
}

void root_hub_free(struct root_hub *hub)
{
	if (!hub)
		return;
	vusb_bus_free(hub->own);
	free(hub);
}

struct vusb_port *root_hub_port(struct root_hub *hub)
{
	return vusb_bus_port(hub->own, 1);
}
