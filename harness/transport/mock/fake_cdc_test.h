/* SPDX-License-Identifier: MIT */
/*
 * A USB serial port for tests of the mock: mass storage on interface 0, CDC-ACM on 1 and 2 with an interface association, as a
 * rusEFI ECU has them. It keeps what the host sends and says what the test wants.
 */
#ifndef DFURIG_TRANSPORT_MOCK_FAKE_CDC_TEST_H
#define DFURIG_TRANSPORT_MOCK_FAKE_CDC_TEST_H

#include <string.h>

#include "harness/base/attr.h"
#include "harness/vusb/bus.h"

#define CDC_IN     0x82
#define CDC_OUT    0x02
#define CDC_NOTIFY 0x83
#define CDC_LOG    64

struct fake_cdc {
	struct vusb_device device;
	bool echo;         /* what comes goes back */
	bool naks;         /* takes no bytes */
	bool naks_control; /* answers no class request */
	bool stalls_in;
	uint8_t in[4096]; /* from the host */
	size_t in_size;
	uint8_t out[70000]; /* for the host */
	size_t out_size;
	uint8_t notify[16];
	size_t notify_size;
	uint8_t line[7];
	struct usb_setup log[CDC_LOG]; /* class requests */
	unsigned int requests;
	unsigned int reads; /* attempts at bulk IN */
};

static inline struct fake_cdc *fake_cdc_of(struct vusb_device *device)
{
	return CONTAINER_OF(device, struct fake_cdc, device);
}

static inline enum vusb_result fake_cdc_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct fake_cdc *cdc = fake_cdc_of(device);

	if (cdc->naks_control)
		return VUSB_NAK;
	if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_CLASS)
		return VUSB_STALL;
	if (cdc->requests < CDC_LOG)
		cdc->log[cdc->requests] = *setup;
	cdc->requests++;
	if (setup->bRequest == 0x20 && *size == 7)
		memcpy(cdc->line, data, 7);
	return setup->bRequest == 0x20 || setup->bRequest == 0x22 ? VUSB_ACK : VUSB_STALL;
}

static inline void fake_cdc_give(
	uint8_t *from, size_t *from_size, uint8_t *data, size_t *size, size_t most)
{
	size_t n = *from_size < *size ? *from_size : *size;

	n = n < most ? n : most;
	memcpy(data, from, n);
	memmove(from, from + n, *from_size - n);
	*from_size -= n;
	*size = n;
}

static inline enum vusb_result fake_cdc_data(
	struct vusb_device *device, uint8_t endpoint, uint8_t *data, size_t *size)
{
	struct fake_cdc *cdc = fake_cdc_of(device);

	if (endpoint == CDC_OUT) {
		if (cdc->naks || cdc->in_size + *size > sizeof(cdc->in) ||
			(cdc->echo && cdc->out_size + *size > sizeof(cdc->out)))
			return VUSB_NAK;
		memcpy(cdc->in + cdc->in_size, data, *size);
		cdc->in_size += *size;
		if (cdc->echo) {
			memcpy(cdc->out + cdc->out_size, data, *size);
			cdc->out_size += *size;
			cdc->in_size = 0;
			vusb_port_kick(device->port);
		}
		return VUSB_ACK;
	}
	if (endpoint == CDC_NOTIFY) {
		if (!cdc->notify_size)
			return VUSB_NAK;
		fake_cdc_give(cdc->notify, &cdc->notify_size, data, size, 8);
		return VUSB_ACK;
	}
	if (endpoint != CDC_IN)
		return VUSB_NAK;
	cdc->reads++;
	if (cdc->stalls_in)
		return VUSB_STALL;
	if (!cdc->out_size)
		return VUSB_NAK;
	fake_cdc_give(cdc->out, &cdc->out_size, data, size, sizeof(cdc->out));
	vusb_port_kick(device->port); /* there is room for more */
	return VUSB_ACK;
}

static inline void fake_cdc_init(struct fake_cdc *cdc)
{
	static const uint8_t association[] = {8, 0x0b, 1, 2, 2, 2, 1, 0};
	static const uint8_t functional[] = {
		5, 0x24, 0, 0x10, 0x01, 5, 0x24, 1, 0, 2, 4, 0x24, 2, 2, 5, 0x24, 6, 1, 2};
	static uint8_t control_extra[sizeof(functional)];
	static const struct vusb_endpoint_desc storage[] = {
		{.address = 0x81, .attributes = 2, .max_packet = 64},
		{.address = 0x01, .attributes = 2, .max_packet = 64}};
	static const struct vusb_endpoint_desc control[] = {
		{.address = CDC_NOTIFY, .attributes = 3, .max_packet = 8, .interval = 255}};
	static const struct vusb_endpoint_desc data[] = {
		{.address = CDC_OUT, .attributes = 2, .max_packet = 64},
		{.address = CDC_IN, .attributes = 2, .max_packet = 64}};
	static const struct vusb_interface_desc interfaces[] = {{.number = 0,
									.class = 8,
									.subclass = 6,
									.protocol = 0x50,
									.endpoints = storage,
									.endpoint_count = 2},
		{.number = 1,
			.class = 2,
			.subclass = 2,
			.protocol = 1,
			.extra = control_extra,
			.extra_size = sizeof(control_extra),
			.endpoints = control,
			.endpoint_count = 1},
		{.number = 2, .class = 10, .endpoints = data, .endpoint_count = 2}};
	static const struct vusb_config_desc configs[] = {{.value = 1,
		.attributes = 0x80,
		.max_power = 200,
		.extra = association,
		.extra_size = sizeof(association),
		.interfaces = interfaces,
		.interface_count = 3}};
	static const struct vusb_device_desc desc = {.speed = USB_SPEED_FULL,
		.bcd_usb = 0x0110,
		.class = 0xef,
		.subclass = 2,
		.protocol = 1,
		.max_packet0 = 64,
		.vid = 0x0483,
		.pid = 0x5740,
		.bcd_device = 0x0200,
		.manufacturer = 1,
		.product = 2,
		.serial = 3,
		.configs = configs,
		.config_count = 1};
	static const char *const strings[] = {
		NULL, "rusEFI LLC", "rusEFI Engine Management ECU", "0123456789ABCDEF01234567"};
	static const struct vusb_device_ops ops = {
		.name = "fake cdc", .control = fake_cdc_control, .data = fake_cdc_data};

	memcpy(control_extra, functional, sizeof(functional));
	*cdc = (struct fake_cdc){.line = {0}};
	vusb_device_init(&cdc->device, &ops, &desc,
		(struct vusb_strings){.text = strings, .count = ARRAY_SIZE(strings)});
}

#endif
