/* SPDX-License-Identifier: MIT */
#include "harness/report/report_fixture_test.h"

#include "harness/dfu/dfu.h"
#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t functional[] = {0x09, 0x21, 0x0b, 0xff, 0x00, 0x00, 0x08, 0x1a, 0x01};

static const struct vusb_interface_desc interfaces[] = {
	{.class = USB_CLASS_DFU,
		.subclass = USB_SUBCLASS_DFU,
		.protocol = USB_PROTOCOL_DFU,
		.string = 4,
		.extra = functional,
		.extra_size = sizeof(functional)},
};

static const struct vusb_config_desc configs[] = {
	{.value = 1,
		.attributes = 0xc0,
		.max_power = 50,
		.interfaces = interfaces,
		.interface_count = ARRAY_SIZE(interfaces)},
};

static const struct vusb_device_desc device_desc = {
	.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0100,
	.max_packet0 = 64,
	.vid = 0x0483,
	.pid = 0xdf11,
	.bcd_device = 0x2200,
	.manufacturer = 1,
	.product = 2,
	.serial = 3,
	.configs = configs,
	.config_count = ARRAY_SIZE(configs),
};

static const char *const strings[] = {
	NULL,
	"STMicroelectronics",
	"STM32  BOOTLOADER",
	"315A28A0B956",
	"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
};

static struct fixture *fixture_of(struct vusb_device *device)
{
	return CONTAINER_OF(device, struct fixture, device);
}

static enum vusb_result answer_status(struct fixture *fixture, uint8_t *data, size_t *size)
{
	struct dfu_getstatus status = {.state = fixture->state};

	if (fixture->state == DFU_DNLOAD_SYNC) {
		status.state = DFU_DNBUSY;
		status.poll_timeout_ms = 104;
		fixture->state = DFU_DNLOAD_IDLE;
	}
	dfu_getstatus_encode(&status, data);
	*size = DFU_STATUS_SIZE;
	return VUSB_ACK;
}

static enum vusb_result device_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct fixture *fixture = fixture_of(device);
	enum vusb_result next = fixture->next;

	fixture->next = VUSB_ACK;
	if (next != VUSB_ACK)
		return next;
	switch (setup->bRequest) {
	case DFU_DNLOAD:
		fixture->state = DFU_DNLOAD_SYNC;
		return VUSB_ACK;
	case DFU_UPLOAD:
		memset(data, 0x5a, setup->wLength);
		*size = setup->wLength;
		fixture->state = DFU_UPLOAD_IDLE;
		return VUSB_ACK;
	case DFU_GETSTATUS:
		return answer_status(fixture, data, size);
	case DFU_GETSTATE:
		data[0] = fixture->state;
		*size = 1;
		return VUSB_ACK;
	default:
		fixture->state = DFU_IDLE;
		return VUSB_ACK;
	}
}

void fixture_init(struct fixture *fixture)
{
	static const struct vusb_device_ops ops = {.name = "fixture", .control = device_control};

	*fixture = (struct fixture){.state = DFU_IDLE, .dir = malloc(sizeof(*fixture->dir))};
	cr_assert_not_null(fixture->dir);
	*fixture->dir = temp_dir_or_fail();
	fixture->path = temp_path(fixture->dir, "out");
	virtual_clock_init(&fixture->clock);
	fixture->bus = vusb_bus_new(&fixture->clock.clock, 2);
	cr_assert_not_null(fixture->bus);
	fixture->port = vusb_bus_port(fixture->bus, 1);
	vusb_device_init(&fixture->device, &ops, &device_desc,
		(struct vusb_strings){.text = strings, .count = ARRAY_SIZE(strings)});
}

void fixture_done(struct fixture *fixture)
{
	vusb_bus_free(fixture->bus);
	temp_dir_done(fixture->dir);
	free(fixture->dir);
}

static void on_complete(struct vusb_transfer *transfer)
{
	*(bool *)transfer->user = true;
}

int fixture_control(struct fixture *fixture, struct usb_setup setup, void *data)
{
	bool done = false;
	struct vusb_transfer transfer = {
		.port = fixture->port,
		.type = VUSB_CONTROL,
		.setup = setup,
		.data = data,
		.size = setup.wLength,
		.complete = on_complete,
		.user = &done,
	};

	fixture->clock.time_us += 125;
	vusb_bus_submit(&transfer);
	if (!done)
		vusb_bus_cancel(&transfer);
	return transfer.result == VUSB_ACK ? (int)transfer.actual : -1;
}

static void get_descriptor(struct fixture *fixture, uint16_t value, uint16_t size)
{
	uint8_t data[255];

	fixture_control(fixture,
		(struct usb_setup){.bmRequestType = USB_DIR_IN,
			.bRequest = USB_GET_DESCRIPTOR,
			.wValue = value,
			.wIndex = value >> 8 == USB_DESC_STRING ? USB_LANGID_EN_US : 0,
			.wLength = size},
		data);
}

void fixture_enumerate(struct fixture *fixture)
{
	get_descriptor(fixture, USB_DESC_DEVICE << 8, USB_DEVICE_SIZE);
	get_descriptor(fixture, USB_DESC_CONFIG << 8, USB_CONFIG_SIZE);
	get_descriptor(fixture, USB_DESC_CONFIG << 8, 255);
	for (uint16_t i = 0; i < ARRAY_SIZE(strings); i++)
		get_descriptor(fixture, (uint16_t)(USB_DESC_STRING << 8 | i), 255);
	fixture_control(
		fixture, (struct usb_setup){.bRequest = USB_SET_CONFIGURATION, .wValue = 1}, NULL);
}

int fixture_dfu(struct fixture *fixture, uint8_t request, uint16_t value, void *data, uint16_t size)
{
	bool in = request == DFU_UPLOAD || request == DFU_GETSTATUS || request == DFU_GETSTATE;

	return fixture_control(fixture,
		(struct usb_setup){.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE |
						    (in ? USB_DIR_IN : 0),
			.bRequest = request,
			.wValue = value,
			.wLength = size},
		data);
}
