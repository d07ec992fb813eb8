/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/root_hub.h"

#include "harness/testing/fake_device.h"
#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define TIMEOUT_US 1000000

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct root_hub *hub;
	struct fake_device fake;
};

static void rig_init_or_fail(struct rig *rig, uint8_t ports)
{
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, ports);
	cr_assert_not_null(rig->bus);
	rig->hub = root_hub_new(rig->bus);
	cr_assert_not_null(rig->hub);
	fake_device_init(&rig->fake);
}

static void rig_done(struct rig *rig)
{
	root_hub_free(rig->hub);
	vusb_bus_free(rig->bus);
}

static int ask(struct rig *rig, struct usb_setup setup, uint8_t data[64])
{
	setup.wLength = setup.wLength ? setup.wLength : 64;
	return vusb_port_control(root_hub_port(rig->hub), &setup, data, TIMEOUT_US);
}

static int port_status(struct rig *rig, uint16_t port)
{
	uint8_t data[64];
	int n = ask(
		rig, (struct usb_setup){.bmRequestType = 0xa3, .wIndex = port, .wLength = 4}, data);

	cr_expect_eq(n, 4);
	cr_expect_eq(data[2] | data[3], 0, "a change that nobody will take back");
	return data[0] | data[1] << 8;
}

/* As the kernel's own: usb11_rh_dev_descriptor, fs_rh_config_descriptor in drivers/usb/core/hcd.c. */
Test(root_hub, enumerates_as_linux_shows_one)
{
	static const uint8_t device[] = {
		18, 1, 0x10, 0x01, 9, 0, 0, 64, 0x6b, 0x1d, 0x01, 0x00, 0x01, 0x06, 1, 2, 3, 1};
	static const uint8_t config[] = {
		9, 2, 25, 0, 1, 1, 0, 0xe0, 0, 9, 4, 0, 0, 1, 9, 0, 0, 0, 7, 5, 0x81, 3, 2, 0, 255};
	CLEANUP(rig_done) struct rig rig;
	struct vusb_identity identity;

	rig_init_or_fail(&rig, 1);
	cr_assert_eq(vusb_enumerate(root_hub_port(rig.hub), &identity, NULL), 0);
	cr_expect_arr_eq(identity.device, device, sizeof(device));
	cr_assert_eq(identity.config_size, sizeof(config));
	cr_expect_arr_eq(identity.config, config, sizeof(config));
	cr_expect_str_eq(identity.serial, "dfurig.0");
}

struct size_case {
	uint8_t ports;
	uint8_t bitmap; /* bytes of one */
};

/* USB 2.0, 11.23.2.1: bit 0 of the bitmaps is reserved, so that 8 ports take two bytes. */
Test(root_hub, its_descriptor_has_room_for_its_ports)
{
	static const struct size_case cases[] = {
		{1, 1}, {7, 1}, {8, 2}, {15, 2}, {16, 3}, {127, 16}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(rig_done) struct rig rig;
		uint8_t data[64];
		int size = 7 + 2 * cases[i].bitmap;

		rig_init_or_fail(&rig, cases[i].ports);
		cr_expect_eq(ask(&rig,
				     (struct usb_setup){.bmRequestType = 0xa0,
					     .bRequest = USB_GET_DESCRIPTOR,
					     .wValue = 0x2900},
				     data),
			size, "%d ports", cases[i].ports);
		cr_expect_eq(data[0], size);
		cr_expect_eq(data[1], 0x29);
		cr_expect_eq(data[2], cases[i].ports);
		for (int b = 0; b < cases[i].bitmap; b++) {
			cr_expect_eq(data[7 + b], 0x00);
			cr_expect_eq(data[7 + cases[i].bitmap + b], 0xff);
		}
	}
}

Test(root_hub, its_descriptor_is_cut_to_what_was_asked_for)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t data[64];

	rig_init_or_fail(&rig, 4);
	cr_expect_eq(ask(&rig,
			     (struct usb_setup){.bmRequestType = 0xa0,
				     .bRequest = USB_GET_DESCRIPTOR,
				     .wValue = 0x2900,
				     .wLength = 3},
			     data),
		3);
}

Test(root_hub, reports_what_is_plugged_into_the_bus)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init_or_fail(&rig, 3);
	vusb_port_plug(vusb_bus_port(rig.bus, 2), &rig.fake.device, "fake");
	cr_expect_eq(port_status(&rig, 1), 0x0100);
	cr_expect_eq(port_status(&rig, 2), 0x0103);
	cr_expect_eq(port_status(&rig, 4), 0x0100, "a port that it has not");
	vusb_port_unplug(vusb_bus_port(rig.bus, 2));
	cr_expect_eq(port_status(&rig, 2), 0x0100);
}

struct request_case {
	const char *name;
	struct usb_setup setup;
	int result;
};

Test(root_hub, switches_nothing_and_stalls_what_it_does_not_know)
{
	static const struct request_case cases[] = {
		{"hub status", {0xa0, USB_GET_STATUS, 0, 0, 4}, 4},
		{"set port feature", {0x23, USB_SET_FEATURE, 4, 1, 0}, 0},
		{"another class request", {0xa3, 77, 0, 1, 4}, -EPIPE},
		{"another descriptor", {0xa0, USB_GET_DESCRIPTOR, 0x2a00, 0, 9}, -EPIPE},
		{"vendor", {0xc0, 1, 0, 0, 4}, -EPIPE},
	};
	CLEANUP(rig_done) struct rig rig;

	rig_init_or_fail(&rig, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t data[64] = {0xff, 0xff, 0xff, 0xff};

		cr_expect_eq(vusb_port_control(
				     root_hub_port(rig.hub), &cases[i].setup, data, TIMEOUT_US),
			cases[i].result, "%s", cases[i].name);
		if (cases[i].result == 4)
			cr_expect_eq(data[0] | data[1] | data[2] | data[3], 0);
	}
}

Test(root_hub, is_device_number_1_and_its_change_endpoint_waits)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t data[2];
	size_t size = sizeof(data);
	struct vusb_port *port;

	rig_init_or_fail(&rig, 1);
	port = root_hub_port(rig.hub);
	cr_expect_eq(port->devnum, 1);
	cr_expect_eq(port->device->ops->data(port->device, 0x81, data, &size), VUSB_NAK);
}
