/* SPDX-License-Identifier: MIT */
#include "harness/vusb/wait.h"

#include "harness/testing/fake_device.h"
#include "harness/testing/usb_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static const struct usb_setup vendor_in = {.bmRequestType = 0xc0, .wLength = 4};

static void plug_fake(struct usb_rig *rig, struct fake_device *fake)
{
	usb_rig_init_or_fail(rig);
	fake_device_init(fake);
	usb_rig_plug(rig, 1, &fake->device);
}

Test(wait, a_nak_takes_exactly_the_devices_time)
{
	struct fake_device fake;
	CLEANUP(usb_rig_done) struct usb_rig rig;
	uint8_t data[4];

	plug_fake(&rig, &fake);
	fake.device.nak_until_us = 2500;
	cr_expect_eq(vusb_port_control(vusb_bus_port(rig.bus, 1), &vendor_in, data, 5000), 4);
	cr_expect_eq(clock_now_us(&rig.clock.clock), 2500);
}

Test(wait, a_time_out_ends_at_its_time_and_takes_the_transfer_back)
{
	struct fake_device fake;
	CLEANUP(usb_rig_done) struct usb_rig rig;
	uint8_t data[4];

	plug_fake(&rig, &fake);
	fake.device.nak_until_us = 6000;
	cr_expect_eq(
		vusb_port_control(vusb_bus_port(rig.bus, 1), &vendor_in, data, 5000), -ETIMEDOUT);
	cr_expect_eq(clock_now_us(&rig.clock.clock), 5000);
	cr_expect(list_empty(&vusb_bus_port(rig.bus, 1)->pending));
	cr_expect_eq(vusb_port_control(vusb_bus_port(rig.bus, 1), &vendor_in, data, 5000), 4);
	cr_expect_eq(clock_now_us(&rig.clock.clock), 6000);
}

Test(wait, without_time_out_it_ends_when_nothing_can_happen_any_more)
{
	struct fake_device fake;
	CLEANUP(usb_rig_done) struct usb_rig rig;
	uint8_t data[4];

	plug_fake(&rig, &fake);
	fake.control_result = VUSB_NAK;
	cr_expect_eq(
		vusb_port_control(vusb_bus_port(rig.bus, 1), &vendor_in, data, VUSB_NO_TIMEOUT),
		-ETIMEDOUT);
	cr_expect_eq(clock_now_us(&rig.clock.clock), 0);
}

Test(wait, each_result_has_its_errno)
{
	static const struct {
		enum vusb_result result;
		int expected;
	} rows[] = {
		{VUSB_ACK, 4},
		{VUSB_STALL, -EPIPE},
		{VUSB_BABBLE, -EOVERFLOW},
		{VUSB_ERROR, -EPROTO},
		{VUSB_NAK, -ETIMEDOUT},
	};
	struct fake_device fake;
	CLEANUP(usb_rig_done) struct usb_rig rig;
	uint8_t data[4];

	plug_fake(&rig, &fake);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fake.control_result = rows[i].result;
		cr_expect_eq(vusb_port_control(vusb_bus_port(rig.bus, 1), &vendor_in, data, 5000),
			rows[i].expected, "%s", vusb_result_text(rows[i].result));
	}
	cr_expect_eq(vusb_port_control(vusb_bus_port(rig.bus, 2), &vendor_in, data, 5000), -ENODEV);
}

Test(wait, a_device_whose_deadline_never_moves_does_not_stop_the_clock)
{
	struct fake_device fake;
	struct vusb_device_ops stuck;
	CLEANUP(usb_rig_done) struct usb_rig rig;
	uint8_t data[4];

	plug_fake(&rig, &fake);
	stuck = *fake.device.ops;
	stuck.tick = NULL;
	fake.device.ops = &stuck;
	fake.deadline_us = 0;
	fake.control_result = VUSB_NAK;
	cr_expect_eq(
		vusb_port_control(vusb_bus_port(rig.bus, 1), &vendor_in, data, 50000), -ETIMEDOUT);
	cr_expect_eq(clock_now_us(&rig.clock.clock), 50000);
}

Test(wait, running_until_a_time_ticks_every_deadline_on_the_way)
{
	struct fake_device fake;
	CLEANUP(usb_rig_done) struct usb_rig rig;

	plug_fake(&rig, &fake);
	fake.deadline_us = 700;
	vusb_bus_run_until(rig.bus, 699, NULL);
	cr_expect_eq(fake.ticked, 0);
	vusb_bus_run_until(rig.bus, 700, NULL);
	cr_expect_eq(fake.ticked, 1, "what is due at the end is done");
	vusb_bus_run_until(rig.bus, CLOCK_NEVER, NULL);
	cr_expect_eq(clock_now_us(&rig.clock.clock), 700);
}
