/* SPDX-License-Identifier: MIT */
#include "harness/vusb/enumerate.h"

#include "harness/base/wire.h"
#include "harness/vusb/wait.h"

#include <errno.h>
#include <string.h>

#define TIMEOUT_US      5000000 /* Linux: USB_CTRL_GET_TIMEOUT, USB_CTRL_SET_TIMEOUT */
#define FIRST_READ      64      /* Linux: GET_DESCRIPTOR_BUFSIZE, the first look at a device */
#define QUALIFIER_SIZE  10
#define QUALIFIER_TRIES 3
#define USB_2_0         0x0200

static int get_descriptor(
	struct vusb_port *port, uint16_t value, uint16_t langid, uint8_t *data, uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN,
		.bRequest = USB_GET_DESCRIPTOR,
		.wValue = value,
		.wIndex = langid,
		.wLength = size,
	};

	return vusb_port_control(port, &setup, data, TIMEOUT_US);
}

static int set_number(struct vusb_port *port, enum usb_standard_request request, uint16_t value)
{
	struct usb_setup setup = {.bRequest = (uint8_t)request, .wValue = value};
	uint8_t none[1];

	return vusb_port_control(port, &setup, none, TIMEOUT_US);
}

/* Appends one character if all of its bytes fit. */
static void put_utf8(struct writer *out, uint32_t c)
{
	uint8_t bytes[4];
	size_t size;

	if (c < 0x80) {
		bytes[0] = (uint8_t)c;
		size = 1;
	} else if (c < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | c >> 6);
		size = 2;
	} else if (c < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | c >> 12);
		size = 3;
	} else {
		bytes[0] = (uint8_t)(0xf0 | c >> 18);
		size = 4;
	}
	for (size_t i = 1; i < size; i++)
		bytes[i] = (uint8_t)(0x80 | (c >> (6 * (size - 1 - i)) & 0x3f));
	writer_bytes(out, bytes, size);
}

static uint32_t next_character(struct reader *in)
{
	uint32_t unit = reader_le16(in);
	struct reader ahead = *in;
	uint32_t low;

	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	low = reader_le16(&ahead);
	if (unit > 0xdbff || ahead.failed || low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*in = ahead;
	return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

bool vusb_string_decode(const uint8_t *bytes, size_t size, char *ret_text, size_t room)
{
	struct writer out = writer_of(ret_text, room - 1);
	struct reader in;

	ret_text[0] = '\0';
	if (size < 2 || bytes[0] < 2 || bytes[1] != USB_DESC_STRING)
		return false;
	in = reader_of(bytes, bytes[0] < size ? bytes[0] : size);
	reader_take(&in, 2);
	while (reader_left(&in) >= 2) {
		uint32_t c = next_character(&in);

		if (c >= 0x20 && c != 0x7f)
			put_utf8(&out, c);
	}
	ret_text[out.pos] = '\0';
	return true;
}

/* A device without a usable list of languages is asked in US English, as Linux does. */
static uint16_t read_langid(struct vusb_port *port)
{
	uint8_t bytes[USB_STRING_MAX];
	int n = get_descriptor(port, USB_DESC_STRING << 8, 0, bytes, sizeof(bytes));
	struct reader in = reader_of(bytes, n > 0 ? (size_t)n : 0);

	reader_take(&in, 2);
	n = reader_le16(&in);
	return in.failed || bytes[1] != USB_DESC_STRING ? USB_LANGID_EN_US : (uint16_t)n;
}

static void read_string(
	struct vusb_port *port, uint8_t index, uint16_t langid, char ret_text[static VUSB_TEXT_MAX])
{
	uint8_t bytes[USB_STRING_MAX];
	int n;

	ret_text[0] = '\0';
	if (!index)
		return;
	n = get_descriptor(
		port, (uint16_t)(USB_DESC_STRING << 8 | index), langid, bytes, sizeof(bytes));
	if (n > 0)
		vusb_string_decode(bytes, (size_t)n, ret_text, VUSB_TEXT_MAX);
}

/* Product first: usb_enumerate_device() asks in this order. */
static void read_strings(struct vusb_port *port, struct vusb_identity *ret)
{
	const uint8_t *index = ret->device + 14; /* iManufacturer, iProduct, iSerialNumber */
	uint16_t langid;

	ret->manufacturer[0] = ret->product[0] = ret->serial[0] = '\0';
	if (!index[0] && !index[1] && !index[2])
		return;
	langid = read_langid(port);
	read_string(port, index[1], langid, ret->product);
	read_string(port, index[0], langid, ret->manufacturer);
	read_string(port, index[2], langid, ret->serial);
}

static int read_device(struct vusb_port *port, struct vusb_identity *ret, struct why *why)
{
	uint8_t bytes[FIRST_READ];
	int r = get_descriptor(port, USB_DESC_DEVICE << 8, 0, bytes, sizeof(bytes));

	if (r < 0)
		return why_errno(why, r, "device descriptor");
	if (r < 8 || bytes[1] != USB_DESC_DEVICE)
		return why_set(why, -EBADMSG, "device descriptor: %d bytes of nonsense", r);
	vusb_port_reset(port);
	r = set_number(port, USB_SET_ADDRESS, port->devnum);
	if (r < 0)
		return why_errno(why, r, "device does not accept address %u", port->devnum);
	r = get_descriptor(port, USB_DESC_DEVICE << 8, 0, ret->device, sizeof(ret->device));
	if (r < 0)
		return why_errno(why, r, "device descriptor");
	if (r != USB_DEVICE_SIZE || ret->device[0] < USB_DEVICE_SIZE ||
		ret->device[1] != USB_DESC_DEVICE)
		return why_set(why, -EBADMSG, "device descriptor: not %d bytes", USB_DEVICE_SIZE);
	return 0;
}

/* At full speed Linux asks a USB 2 device whether it could go faster; no answer is an answer. */
static void ask_qualifier(struct vusb_port *port, const struct vusb_identity *identity)
{
	uint8_t bytes[QUALIFIER_SIZE];
	uint32_t bcd_usb = (uint32_t)identity->device[2] | (uint32_t)identity->device[3] << 8;
	int r = -EPIPE;

	if (bcd_usb < USB_2_0 || !port->device || port->device->desc->speed != USB_SPEED_FULL)
		return;
	for (int i = 0; i < QUALIFIER_TRIES && r < 0; i++)
		r = get_descriptor(port, USB_DESC_QUALIFIER << 8, 0, bytes, sizeof(bytes));
}

static int read_config(struct vusb_port *port, struct vusb_identity *ret, struct why *why)
{
	uint8_t head[USB_CONFIG_SIZE];
	int r = get_descriptor(port, USB_DESC_CONFIG << 8, 0, head, sizeof(head));
	uint16_t total;

	if (r < 0)
		return why_errno(why, r, "configuration descriptor");
	if (r < 4 || head[0] < USB_CONFIG_SIZE || head[1] != USB_DESC_CONFIG)
		return why_set(why, -EBADMSG, "configuration descriptor: %d bytes of nonsense", r);
	total = (uint16_t)(head[2] | head[3] << 8);
	if (total > sizeof(ret->config))
		return why_set(why, -EBADMSG, "configuration descriptor: %u bytes, more than %zu",
			total, sizeof(ret->config));
	if (total < USB_CONFIG_SIZE)
		total = USB_CONFIG_SIZE;
	r = get_descriptor(port, USB_DESC_CONFIG << 8, 0, ret->config, total);
	if (r < 0)
		return why_errno(why, r, "configuration descriptor");
	if (r < USB_CONFIG_SIZE || ret->config[1] != USB_DESC_CONFIG)
		return why_set(why, -EBADMSG, "configuration descriptor: %d bytes of nonsense", r);
	ret->config_size = (size_t)r;
	return 0;
}

int vusb_enumerate(struct vusb_port *port, struct vusb_identity *ret, struct why *why)
{
	int r;

	ret->config_size = 0;
	r = read_device(port, ret, why);
	if (r < 0)
		return r;
	ask_qualifier(port, ret);
	r = read_config(port, ret, why);
	if (r < 0)
		return r;
	read_strings(port, ret);
	r = set_number(port, USB_SET_CONFIGURATION, ret->config[5]);
	return r < 0 ? why_errno(why, r, "configuration %u", ret->config[5]) : 0;
}
