/* SPDX-License-Identifier: MIT */
#include "harness/testing/fake_device.h"

#include "harness/base/attr.h"

#include <string.h>

static const uint8_t class_descriptor[] = {4, 0x24, 0xaa, 0xbb};

static const struct vusb_endpoint_desc endpoints[] = {
	{.address = FAKE_BULK_IN, .attributes = 2, .max_packet = 64},
	{.address = FAKE_BULK_OUT, .attributes = 2, .max_packet = 64},
};

static const struct vusb_interface_desc interfaces[] = {
	{.number = 0, .alternate = 0, .class = 0xff, .string = 4},
	{.number = 0, .alternate = 1, .class = 0xff, .string = 5},
	{
		.number = 1,
		.class = 0xff,
		.extra = class_descriptor,
		.extra_size = sizeof(class_descriptor),
		.endpoints = endpoints,
		.endpoint_count = ARRAY_SIZE(endpoints),
	},
};

static const struct vusb_config_desc configs[] = {{
	.value = 1,
	.attributes = 0x80 | USB_SELF_POWERED,
	.max_power = 50,
	.interfaces = interfaces,
	.interface_count = ARRAY_SIZE(interfaces),
}};

static const struct vusb_device_desc desc = {
	.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0200,
	.max_packet0 = 64,
	.vid = FAKE_VID,
	.pid = FAKE_PID,
	.bcd_device = 0x0102,
	.manufacturer = 1,
	.product = 2,
	.serial = 3,
	.configs = configs,
	.config_count = ARRAY_SIZE(configs),
};

static const char *const strings[] = {NULL, "Maker", "Fake  \xc3\xa9", "S1", "Zero", "One"};

static struct fake_device *fake_of(struct vusb_device *device)
{
	return CONTAINER_OF(device, struct fake_device, device);
}

static void fake_reset(struct vusb_device *device)
{
	fake_of(device)->resets++;
}

static enum vusb_result fake_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct fake_device *fake = fake_of(device);

	fake->controls++;
	fake->last_setup = *setup;
	if (fake->on_control)
		fake->on_control(fake);
	if (fake->control_result != VUSB_ACK)
		return fake->control_result;
	if (usb_setup_is_in(setup)) {
		*size = setup->wLength;
		memset(data, fake->fake_byte, *size);
	} else if (*size && *size <= sizeof(fake->last_out)) {
		memcpy(fake->last_out, data, *size);
	}
	return VUSB_ACK;
}

static enum vusb_result fake_data(
	struct vusb_device *device, uint8_t endpoint, uint8_t *data, size_t *size)
{
	struct fake_device *fake = fake_of(device);

	fake->datas++;
	if (fake->data_result == VUSB_ACK && endpoint & USB_DIR_IN)
		memset(data, fake->fake_byte, *size);
	return fake->data_result;
}

static void fake_tick(struct vusb_device *device)
{
	struct fake_device *fake = fake_of(device);

	if (device->now_us < fake->deadline_us)
		return;
	fake->ticked++;
	fake->deadline_us = CLOCK_NEVER;
}

static uint64_t fake_deadline_us(const struct vusb_device *device)
{
	return ((const struct fake_device *)device)->deadline_us;
}

void fake_device_init(struct fake_device *fake)
{
	static const struct vusb_device_ops ops = {
		.name = "fake",
		.reset = fake_reset,
		.control = fake_control,
		.data = fake_data,
		.tick = fake_tick,
		.deadline_us = fake_deadline_us,
	};

	*fake = (struct fake_device){.fake_byte = 0xa5, .deadline_us = CLOCK_NEVER};
	vusb_device_init(&fake->device, &ops, &desc,
		(struct vusb_strings){.text = strings, .count = ARRAY_SIZE(strings)});
}
