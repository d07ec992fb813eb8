/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/cdc_acm.h"

#include "harness/vusb/bus.h"

#include <errno.h>
#include <string.h>

#define CS_INTERFACE 0x24

/* [rusEFI usbcfg.cpp] */
static const struct vusb_endpoint_desc msc_endpoints[] = {
	{.address = CDC_ACM_MSC_IN, .attributes = 2, .max_packet = 64},
	{.address = CDC_ACM_MSC_OUT, .attributes = 2, .max_packet = 64},
};

static const struct vusb_endpoint_desc notify_endpoints[] = {
	{.address = CDC_ACM_NOTIFY, .attributes = 3, .max_packet = 8, .interval = 0xff},
};

static const struct vusb_endpoint_desc data_endpoints[] = {
	{.address = CDC_ACM_DATA_OUT, .attributes = 2, .max_packet = CDC_ACM_PACKET},
	{.address = CDC_ACM_DATA_IN, .attributes = 2, .max_packet = CDC_ACM_PACKET},
};

#define ASSOCIATION_SIZE 8
#define FUNCTIONAL_SIZE  19

/* Interface association, and the functional descriptors: header 1.10, call management, ACM, union. */
#define ASSOCIATION(first)                                                                         \
	{                                                                                          \
		ASSOCIATION_SIZE, 11, (first), 2, 0x02, 0x02, 0x01, 5                              \
	}
#define FUNCTIONAL(first)                                                                          \
	{                                                                                          \
		5, CS_INTERFACE, 0x00, 0x10, 0x01, 5, CS_INTERFACE, 0x01, 0x00, (first) + 1, 4,    \
			CS_INTERFACE, 0x02, 0x02, 5, CS_INTERFACE, 0x06, (first), (first) + 1      \
	}

static const uint8_t association_0[ASSOCIATION_SIZE] = ASSOCIATION(0);
static const uint8_t association_1[ASSOCIATION_SIZE] = ASSOCIATION(1);
static const uint8_t functional_0[FUNCTIONAL_SIZE] = FUNCTIONAL(0);
static const uint8_t functional_1[FUNCTIONAL_SIZE] = FUNCTIONAL(1);

#define COMMUNICATION(first)                                                                       \
	{                                                                                          \
		.before = association_##first, .before_size = ASSOCIATION_SIZE, .number = (first), \
		.class = 0x02, .subclass = 0x02, .protocol = 0x01, .extra = functional_##first,    \
		.extra_size = FUNCTIONAL_SIZE, .endpoints = notify_endpoints,                      \
		.endpoint_count = ARRAY_SIZE(notify_endpoints),                                    \
	}
#define DATA(index)                                                                                \
	{                                                                                          \
		.number = (index), .class = 0x0a, .endpoints = data_endpoints,                     \
		.endpoint_count = ARRAY_SIZE(data_endpoints),                                      \
	}

static const struct vusb_interface_desc port_interfaces[] = {COMMUNICATION(0), DATA(1)};

static const struct vusb_interface_desc composite_interfaces[] = {
	{
		.number = 0,
		.class = 0x08,
		.subclass = 0x06,
		.protocol = 0x50,
		.string = 4,
		.endpoints = msc_endpoints,
		.endpoint_count = ARRAY_SIZE(msc_endpoints),
	},
	COMMUNICATION(1),
	DATA(2),
};

#define CONFIG(list)                                                                               \
	{                                                                                          \
		.value = 1, .attributes = 0x80, .max_power = 200, .interfaces = (list),            \
		.interface_count = ARRAY_SIZE(list),                                               \
	}

static const struct vusb_config_desc port_config = CONFIG(port_interfaces);
static const struct vusb_config_desc composite_config = CONFIG(composite_interfaces);

static const struct vusb_device_desc device_desc = {
	.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0110,
	.class = 0xef,
	.subclass = 0x02,
	.protocol = 0x01,
	.max_packet0 = 64,
	.vid = CDC_ACM_VID,
	.pid = CDC_ACM_PID,
	.bcd_device = 0x0200,
	.manufacturer = 1,
	.product = 2,
	.serial = 3,
	.config_count = 1,
};

static struct cdc_acm *cdc_of(struct vusb_device *device)
{
	return CONTAINER_OF(device, struct cdc_acm, device);
}

/* The device's own now_us is of the last transfer; the owner may call in between. */
static uint64_t now_us(const struct cdc_acm *cdc)
{
	const struct vusb_port *port = cdc->device.port;

	return port ? clock_now_us(vusb_bus_clock(port->bus)) : cdc->device.now_us;
}

static void kick(struct cdc_acm *cdc)
{
	if (cdc->device.port)
		vusb_port_kick(cdc->device.port);
}

static enum vusb_result set_line_coding(struct cdc_acm *cdc, const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);

	if (size != CDC_LINE_CODING_SIZE)
		return VUSB_STALL;
	cdc->coding.baud = reader_le32(&in);
	cdc->coding.stop_bits = reader_u8(&in);
	cdc->coding.parity = reader_u8(&in);
	cdc->coding.data_bits = reader_u8(&in);
	return VUSB_ACK;
}

static enum vusb_result get_line_coding(
	const struct cdc_acm *cdc, uint16_t room, uint8_t *data, size_t *size)
{
	uint8_t bytes[CDC_LINE_CODING_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));

	writer_le32(&out, cdc->coding.baud);
	writer_u8(&out, cdc->coding.stop_bits);
	writer_u8(&out, cdc->coding.parity);
	writer_u8(&out, cdc->coding.data_bits);
	*size = room < sizeof(bytes) ? room : sizeof(bytes);
	if (*size)
		memcpy(data, bytes, *size);
	return VUSB_ACK;
}

static enum vusb_result set_line_state(struct cdc_acm *cdc, uint16_t value)
{
	bool dtr = value & 1;

	if (dtr != cdc->dtr) {
		cdc->serial_state_due = true;
		cdc->serial_state_sent = 0;
	}
	cdc->dtr = dtr;
	cdc->rts = value & 2;
	if (cdc->ops->line_state)
		cdc->ops->line_state(cdc, cdc->dtr, cdc->rts);
	kick(cdc);
	return VUSB_ACK;
}

static bool is_for_msc(const struct cdc_acm *cdc, const struct usb_setup *setup)
{
	return cdc->mass_storage &&
	       (setup->bmRequestType & USB_RECIPIENT_MASK) == USB_RECIPIENT_INTERFACE &&
	       setup->wIndex == composite_interfaces[0].number;
}

static enum vusb_result control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct cdc_acm *cdc = cdc_of(device);
	bool in = usb_setup_is_in(setup);

	if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_CLASS)
		return VUSB_STALL;
	if (is_for_msc(cdc, setup))
		return cdc->ops->msc_control ? cdc->ops->msc_control(cdc, setup, data, size)
					     : VUSB_STALL;
	switch (setup->bRequest) {
	case CDC_SET_LINE_CODING:
		return in ? VUSB_STALL : set_line_coding(cdc, data, *size);
	case CDC_GET_LINE_CODING:
		return in ? get_line_coding(cdc, setup->wLength, data, size) : VUSB_STALL;
	case CDC_SET_CONTROL_LINE_STATE:
		return in ? VUSB_STALL : set_line_state(cdc, setup->wValue);
	default:
		return VUSB_STALL;
	}
}

/* [USB CDC PSTN 1.2, 6.5.4]: bit 0 carrier, bit 1 DSR. */
static enum vusb_result give_serial_state(struct cdc_acm *cdc, uint8_t *data, size_t *size)
{
	uint8_t bytes[CDC_SERIAL_STATE_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));
	size_t left = sizeof(bytes) - cdc->serial_state_sent;

	if (!cdc->serial_state_due)
		return VUSB_NAK;
	writer_u8(&out, USB_DIR_IN | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE);
	writer_u8(&out, CDC_SERIAL_STATE);
	writer_le16(&out, 0);
	writer_le16(&out, cdc->mass_storage ? 1 : 0);
	writer_le16(&out, 2);
	writer_le16(&out, cdc->dtr ? 3 : 0);
	*size = *size < left ? *size : left;
	memcpy(data, bytes + cdc->serial_state_sent, *size);
	cdc->serial_state_sent = (uint8_t)(cdc->serial_state_sent + *size);
	if (cdc->serial_state_sent == sizeof(bytes))
		cdc->serial_state_due = false;
	return VUSB_ACK;
}

/* Bytes of the next transfer, which has room for so many. More than that: its last packet does not fit. */
static size_t next_size(const struct cdc_acm *cdc, size_t room)
{
	size_t waits = cdc->out.size;
	size_t packets = (room + CDC_ACM_PACKET - 1) / CDC_ACM_PACKET * CDC_ACM_PACKET;

	if (cdc->packet_max && waits > cdc->packet_max)
		waits = cdc->packet_max;
	return waits < packets ? waits : packets;
}

static void sent(struct cdc_acm *cdc, size_t size, size_t room)
{
	bool held = cdc->out.size >= CDC_ACM_HOLD;

	buf_consume(&cdc->out, size);
	cdc->end_packet = size && size == room && size % CDC_ACM_PACKET == 0 && !cdc->out.size;
	if (cdc->packet_max)
		cdc->out_at_us = now_us(cdc) + cdc->packet_gap_us;
	if (!cdc->out.size)
		cdc->packet_max = 0;
	if (held && cdc->out.size < CDC_ACM_HOLD)
		kick(cdc);
}

static enum vusb_result give_data(struct cdc_acm *cdc, uint8_t *data, size_t *size)
{
	size_t room = *size, take = next_size(cdc, room);

	if (cdc->end_packet) {
		cdc->end_packet = false;
		*size = 0;
		return VUSB_ACK;
	}
	if (!cdc->out.size || now_us(cdc) < cdc->out_at_us)
		return VUSB_NAK;
	if (take <= room) {
		memcpy(data, cdc->out.data, take);
		*size = take;
	}
	sent(cdc, take, room);
	return take <= room ? VUSB_ACK : VUSB_BABBLE;
}

static enum vusb_result take_data(struct cdc_acm *cdc, const uint8_t *data, size_t size)
{
	if (cdc->out.size >= CDC_ACM_HOLD)
		return VUSB_NAK;
	if (cdc->ops->received && size)
		cdc->ops->received(cdc, data, size);
	return VUSB_ACK;
}

static enum vusb_result data(
	struct vusb_device *device, uint8_t endpoint, uint8_t *bytes, size_t *size)
{
	struct cdc_acm *cdc = cdc_of(device);

	switch (endpoint) {
	case CDC_ACM_NOTIFY:
		return give_serial_state(cdc, bytes, size);
	case CDC_ACM_DATA_IN:
		return give_data(cdc, bytes, size);
	case CDC_ACM_DATA_OUT:
		return take_data(cdc, bytes, *size);
	case CDC_ACM_MSC_IN:
	case CDC_ACM_MSC_OUT:
		if (!cdc->mass_storage)
			return VUSB_STALL;
		return cdc->ops->msc_data ? cdc->ops->msc_data(cdc, endpoint, bytes, size)
					  : VUSB_NAK;
	default:
		return VUSB_STALL;
	}
}

void cdc_acm_drop(struct cdc_acm *cdc)
{
	buf_consume(&cdc->out, cdc->out.size);
	cdc->end_packet = false;
	cdc->out_at_us = 0;
	cdc->packet_max = 0;
}

static void reset(struct vusb_device *device)
{
	struct cdc_acm *cdc = cdc_of(device);

	cdc_acm_drop(cdc);
	cdc->dtr = cdc->rts = false;
	cdc->serial_state_due = false;
	if (cdc->ops->bus_reset)
		cdc->ops->bus_reset(cdc);
}

uint64_t cdc_acm_deadline_us(const struct cdc_acm *cdc)
{
	return cdc->out.size && cdc->out_at_us ? cdc->out_at_us : CLOCK_NEVER;
}

void cdc_acm_tick(struct cdc_acm *cdc)
{
	if (now_us(cdc) < cdc->out_at_us)
		return;
	cdc->out_at_us = 0;
	kick(cdc);
}

static uint64_t device_deadline_us(const struct vusb_device *device)
{
	return cdc_acm_deadline_us(cdc_of((struct vusb_device *)device));
}

static void device_tick(struct vusb_device *device)
{
	cdc_acm_tick(cdc_of(device));
}

static const struct vusb_device_ops device_ops = {
	.name = "cdc-acm",
	.reset = reset,
	.control = control,
	.data = data,
	.tick = device_tick,
	.deadline_us = device_deadline_us,
};

/* The high digit of each byte first. [rusEFI usbcfg.cpp, usbPopulateSerialNumber] */
static void write_serial(const uint8_t *uid, char *ret_text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < CHIP_UID_SIZE; i++) {
		ret_text[2 * i] = digits[uid[i] >> 4];
		ret_text[2 * i + 1] = digits[uid[i] & 0x0f];
	}
	ret_text[2 * CHIP_UID_SIZE] = '\0';
}

/* Empty entry 0; the text of mass storage is there without it too. */
static void set_strings(struct cdc_acm *cdc)
{
	cdc->strings[0] = NULL;
	cdc->strings[1] = "rusEFI LLC";
	cdc->strings[2] = "rusEFI Engine Management ECU";
	cdc->strings[3] = cdc->serial;
	cdc->strings[4] = "rusEFI MSD";
	cdc->strings[5] = "rusEFI Virtual COM Port";
}

void cdc_acm_init(struct cdc_acm *cdc, const struct cdc_acm_config *config)
{
	*cdc = (struct cdc_acm){
		.ops = config->ops,
		.owner = config->owner,
		/* [ChibiOS hal_serial_usb.c]: its start value; kept over bus resets. */
		.coding = {.baud = 38400, .data_bits = 8},
		.mass_storage = config->mass_storage,
		.desc = device_desc,
	};
	cdc->desc.configs = config->mass_storage ? &composite_config : &port_config;
	buf_init(&cdc->out, CDC_ACM_OUT_MAX);
	write_serial(config->uid, cdc->serial);
	set_strings(cdc);
	vusb_device_init(&cdc->device, &device_ops, &cdc->desc,
		(struct vusb_strings){.text = cdc->strings, .count = ARRAY_SIZE(cdc->strings)});
}

void cdc_acm_done(struct cdc_acm *cdc)
{
	buf_done(&cdc->out);
}

static int queue(struct cdc_acm *cdc, const void *bytes, size_t size, uint64_t delay_us)
{
	uint64_t at_us = delay_us ? now_us(cdc) + delay_us : 0;
	int err = buf_append(&cdc->out, bytes, size);

	if (err < 0)
		return err == -EOVERFLOW ? -ENOBUFS : err;
	if (at_us > cdc->out_at_us)
		cdc->out_at_us = at_us;
	return 0;
}

int cdc_acm_send(struct cdc_acm *cdc, const void *bytes, size_t size, uint64_t delay_us)
{
	int err = queue(cdc, bytes, size, delay_us);

	if (err < 0)
		return err;
	kick(cdc);
	return 0;
}

int cdc_acm_send_slowly(
	struct cdc_acm *cdc, const void *bytes, size_t size, uint32_t packet_max, uint64_t gap_us)
{
	int err = queue(cdc, bytes, size, 0);

	if (err < 0)
		return err;
	cdc->packet_max = packet_max;
	cdc->packet_gap_us = gap_us;
	kick(cdc);
	return 0;
}
