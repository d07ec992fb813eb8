/* SPDX-License-Identifier: MIT */
/* Standard requests (USB 2.0, 9.4) as the device layer answers them. */
#include "harness/vusb/device.h"

#include "harness/base/attr.h"
#include "harness/testing/fake_device.h"

#include <criterion/criterion.h>
#include <string.h>

#define IN  USB_DIR_IN
#define ITF USB_RECIPIENT_INTERFACE
#define EP  USB_RECIPIENT_ENDPOINT

static enum vusb_result request(
	struct fake_device *fake, struct usb_setup setup, uint8_t *data, size_t *ret_size)
{
	*ret_size = setup.wLength;
	return vusb_device_control(&fake->device, &setup, data, ret_size);
}

Test(device, descriptors_are_cut_to_what_was_asked_for)
{
	static const uint16_t lengths[] = {0, 1, 8, 9, 17, 18, 64};
	struct fake_device fake;
	uint8_t data[64];
	size_t size;

	fake_device_init(&fake);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		cr_assert_eq(request(&fake, (struct usb_setup){IN, 6, 0x0100, 0, lengths[i]}, data,
				     &size),
			VUSB_ACK);
		cr_expect_eq(size, lengths[i] < 18 ? lengths[i] : 18, "wLength %u", lengths[i]);
	}
	cr_expect_eq(fake.controls, 0, "the device itself is not asked");
}

Test(device, standard_requests_end_as_the_specification_says)
{
	static const struct {
		const char *name;
		struct usb_setup setup;
		enum vusb_result result;
		int value; /* first byte of the answer, -1 = none */
	} rows[] = {
		{"configuration", {IN, 6, 0x0200, 0, 255}, VUSB_ACK, 9},
		{"second configuration", {IN, 6, 0x0201, 0, 255}, VUSB_STALL, -1},
		{"languages", {IN, 6, 0x0300, 0, 255}, VUSB_ACK, 4},
		{"string 3", {IN, 6, 0x0303, 0x0409, 255}, VUSB_ACK, 6},
		{"string 3, unknown language", {IN, 6, 0x0303, 0x0407, 255}, VUSB_ACK, 6},
		{"string 9", {IN, 6, 0x0309, 0x0409, 255}, VUSB_STALL, -1},
		{"qualifier", {IN, 6, 0x0600, 0, 10}, VUSB_STALL, -1},
		{"BOS", {IN, 6, 0x0f00, 0, 5}, VUSB_STALL, -1},
		{"device status", {IN, 0, 0, 0, 2}, VUSB_ACK, 1},
		{"interface status", {IN | ITF, 0, 0, 1, 2}, VUSB_ACK, 0},
		{"interface 2 status", {IN | ITF, 0, 0, 2, 2}, VUSB_STALL, -1},
		{"endpoint status", {IN | EP, 0, 0, 0x81, 2}, VUSB_ACK, 0},
		{"status of nobody", {IN | 7, 0, 0, 0, 2}, VUSB_STALL, -1},
		{"get configuration", {IN, 8, 0, 0, 1}, VUSB_ACK, 0},
		{"get interface", {IN | ITF, 10, 0, 0, 1}, VUSB_ACK, 0},
		{"get interface 2", {IN | ITF, 10, 0, 2, 1}, VUSB_STALL, -1},
		{"get interface 300", {IN | ITF, 10, 0, 300, 1}, VUSB_STALL, -1},
		{"set configuration 2", {0, 9, 2, 0, 0}, VUSB_STALL, -1},
		{"set interface 0 alternate 2", {ITF, 11, 2, 0, 0}, VUSB_STALL, -1},
		{"set interface 300", {ITF, 11, 0, 300, 0}, VUSB_STALL, -1},
		{"remote wakeup", {0, 3, 1, 0, 0}, VUSB_STALL, -1},
	};
	uint8_t data[255];
	size_t size;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_device fake;

		fake_device_init(&fake);
		cr_expect_eq(request(&fake, rows[i].setup, data, &size), rows[i].result, "%s",
			rows[i].name);
		if (rows[i].value >= 0)
			cr_expect(size > 0 && data[0] == rows[i].value, "%s: %d", rows[i].name,
				data[0]);
	}
}

Test(device, configuration_and_alternates_are_kept_until_reset)
{
	struct fake_device fake;
	uint8_t data[1];
	size_t size;

	fake_device_init(&fake);
	cr_expect_eq(request(&fake, (struct usb_setup){0, 5, 9, 0, 0}, data, &size), VUSB_ACK);
	cr_expect_eq(request(&fake, (struct usb_setup){0, 9, 1, 0, 0}, data, &size), VUSB_ACK);
	cr_expect_eq(request(&fake, (struct usb_setup){ITF, 11, 1, 0, 0}, data, &size), VUSB_ACK);
	cr_expect_eq(fake.device.address, 9);
	request(&fake, (struct usb_setup){IN, 8, 0, 0, 1}, data, &size);
	cr_expect_eq(data[0], 1);
	request(&fake, (struct usb_setup){IN | ITF, 10, 0, 0, 1}, data, &size);
	cr_expect_eq(data[0], 1);
	vusb_device_reset(&fake.device);
	cr_expect_eq(fake.device.address + fake.device.configuration + fake.device.alternate[0], 0);
	cr_expect_eq(fake.resets, 1);
}

Test(device, a_halted_endpoint_stalls_until_the_halt_is_cleared)
{
	struct fake_device fake;
	uint8_t data[4];
	size_t size;

	fake_device_init(&fake);
	request(&fake, (struct usb_setup){EP, 3, 0, 0x81, 0}, data, &size);
	request(&fake, (struct usb_setup){IN | EP, 0, 0, 0x81, 2}, data, &size);
	cr_expect_eq(data[0], 1);
	size = 4;
	cr_expect_eq(vusb_device_data(&fake.device, 0x81, data, &size), VUSB_STALL);
	cr_expect_eq(vusb_device_data(&fake.device, 0x01, data, &size), VUSB_ACK,
		"the other direction is not halted");
	request(&fake, (struct usb_setup){EP, 1, 0, 0x81, 0}, data, &size);
	cr_expect_eq(vusb_device_data(&fake.device, 0x81, data, &size), VUSB_ACK);
}

Test(device, what_is_not_standard_goes_to_the_device)
{
	struct fake_device fake;
	uint8_t data[4];
	size_t size;

	fake_device_init(&fake);
	cr_expect_eq(request(&fake, (struct usb_setup){0xa1, 3, 1, 2, 4}, data, &size), VUSB_ACK);
	cr_expect_eq(size, 4);
	cr_expect_eq(data[3], fake.fake_byte);
	cr_expect_eq(fake.last_setup.wIndex, 2);
	fake.control_result = VUSB_STALL;
	cr_expect_eq(request(&fake, (struct usb_setup){0xc0, 3, 0, 0, 4}, data, &size), VUSB_STALL);
	cr_expect_eq(fake.controls, 2);
	cr_expect_eq(request(&fake, (struct usb_setup){0, 7, 0, 0, 0}, data, &size), VUSB_STALL,
		"SET_DESCRIPTOR is the device's to refuse");
}

Test(device, every_endpoint_naks_until_its_time)
{
	struct fake_device fake;
	uint8_t data[18];
	size_t size;

	fake_device_init(&fake);
	fake.device.nak_until_us = 100;
	cr_expect_eq(
		request(&fake, (struct usb_setup){IN, 6, 0x0100, 0, 18}, data, &size), VUSB_NAK);
	cr_expect_eq(vusb_device_data(&fake.device, 0x81, data, &size), VUSB_NAK);
	cr_expect_eq(vusb_device_deadline_us(&fake.device), 100);
	fake.deadline_us = 50;
	cr_expect_eq(vusb_device_deadline_us(&fake.device), 50, "the earlier of the two");
	fake.device.now_us = 100;
	cr_expect_eq(
		request(&fake, (struct usb_setup){IN, 6, 0x0100, 0, 18}, data, &size), VUSB_ACK);
}

Test(device, results_have_names)
{
	cr_expect_str_eq(vusb_result_text(VUSB_STALL), "STALL");
	cr_expect_str_eq(vusb_result_text(VUSB_RESULT_COUNT), "?");
}
