/* SPDX-License-Identifier: MIT */
#include "harness/host/usb_host_direct.h"

#include "harness/testing/fake_device.h"
#include "harness/testing/usb_rig.h"
#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

struct rig {
	struct usb_rig usb;
	struct fake_device fake;
	struct usb_handle *device;
};

/* A fake device in port 1, not opened. */
static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	fake_device_init(&rig->fake);
	usb_rig_plug(&rig->usb, 1, &rig->fake.device);
}

static void rig_done(struct rig *rig)
{
	usb_rig_close(&rig->device);
	usb_rig_done(&rig->usb);
}

static int read_vendor(struct rig *rig, uint8_t *data, uint32_t timeout_ms)
{
	const struct usb_setup setup = {.bmRequestType = 0xc0, .wLength = 4};

	return rig->device->ops->control(rig->device, &setup, data, timeout_ms);
}

Test(direct, lists_what_is_plugged_in)
{
	CLEANUP(rig_done) struct rig rig;
	struct usb_host_entry entry;

	rig_init(&rig);
	cr_assert_eq(usb_rig_list_or_fail(&rig.usb, &entry), 1);
	cr_expect_str_eq(entry.path, "1-1");
	cr_expect_eq(entry.bus, 1);
	cr_expect_eq(entry.devnum, 2);
	cr_expect_eq(entry.vid, FAKE_VID);
	cr_expect_eq(entry.pid, FAKE_PID);
	cr_expect_eq(entry.bcd_device, 0x0102);
	cr_expect_str_eq(entry.manufacturer, "Maker");
	cr_expect_str_eq(entry.product, "Fake  \xc3\xa9");
	cr_expect_str_eq(entry.serial, "S1");
}

Test(direct, without_permission_devices_are_listed_but_not_opened)
{
	CLEANUP(rig_done) struct rig rig;
	struct usb_host_entry entry;

	rig_init(&rig);
	usb_host_direct_set_permission(rig.usb.host, false);
	cr_assert_eq(usb_rig_list_or_fail(&rig.usb, &entry), 1);
	cr_expect_eq(rig.usb.host->ops->open(rig.usb.host, &entry, &rig.device, NULL), -EACCES);
	usb_host_direct_set_permission(rig.usb.host, true);
	cr_expect_eq(rig.usb.host->ops->open(rig.usb.host, &entry, &rig.device, NULL), 0);
}

Test(direct, counts_devices_beyond_the_room)
{
	CLEANUP(rig_done) struct rig rig;
	struct usb_host_entry entry = {.vid = 1};
	struct fake_device second;
	size_t count = 0;

	rig_init(&rig);
	fake_device_init(&second);
	usb_rig_plug(&rig.usb, 3, &second.device);
	cr_expect_eq(usb_rig_list_or_fail(&rig.usb, NULL), 2);
	cr_expect_eq(rig.usb.host->ops->list(rig.usb.host, &entry, 0, &count, NULL), 0);
	cr_expect_eq(count, 2);
	cr_expect_eq(entry.vid, 1, "no room was given");
	vusb_port_unplug(vusb_bus_port(rig.usb.bus, 3));
}

Test(direct, enumerates_once_a_plug)
{
	CLEANUP(rig_done) struct rig rig;
	unsigned resets;

	rig_init(&rig);
	usb_rig_list_or_fail(&rig.usb, NULL);
	resets = rig.fake.resets;
	usb_rig_list_or_fail(&rig.usb, NULL);
	cr_expect_eq(rig.fake.resets, resets);
	vusb_port_unplug(vusb_bus_port(rig.usb.bus, 1));
	cr_expect_eq(usb_rig_list_or_fail(&rig.usb, NULL), 0);
	usb_rig_plug(&rig.usb, 1, &rig.fake.device);
	cr_expect_eq(usb_rig_list_or_fail(&rig.usb, NULL), 1);
	cr_expect_eq(rig.fake.resets, resets + 2, "plugged and enumerated");
}

Test(direct, a_device_that_does_not_enumerate_is_not_shown)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	rig.fake.device.nak_until_us = CLOCK_NEVER;
	cr_expect_eq(usb_rig_list_or_fail(&rig.usb, NULL), 0);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 5000000);
	cr_expect_eq(usb_rig_list_or_fail(&rig.usb, NULL), 0);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 5000000, "it is not tried again");
}

Test(direct, long_strings_are_cut_between_characters)
{
	static const char *const strings[] = {NULL, "", NULL, NULL};
	CLEANUP(rig_done) struct rig rig;
	struct usb_host_entry entry;
	const char *ours[4];
	char text[160];

	rig_init(&rig);
	memcpy(ours, strings, sizeof(ours));
	memset(text, 'x', sizeof(text));
	memcpy(text + 126, "\xc3\xa9", 3);
	ours[2] = text;
	rig.fake.device.strings = (struct vusb_strings){.text = ours, .count = 4};
	/* Longer than the entry, but no longer than a descriptor: 126 units. */
	memmove(text + 125, "\xe2\x82\xac", 4);
	cr_assert_eq(usb_rig_list_or_fail(&rig.usb, &entry), 1);
	cr_expect_eq(strlen(entry.product), 125);
	cr_expect_str_eq(entry.serial, "");
}

Test(direct, transfers_data_both_ways)
{
	CLEANUP(rig_done) struct rig rig;
	const struct usb_setup out = {.bmRequestType = 0x40, .wLength = 3};
	uint8_t data[4] = {1, 2, 3};

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	cr_expect_eq(rig.device->ops->control(rig.device, &out, data, 100), 3);
	cr_expect_arr_eq(rig.fake.last_out, ((uint8_t[]){1, 2, 3}), 3);
	cr_expect_eq(read_vendor(&rig, data, 100), 4);
	cr_expect_eq(data[3], 0xa5);
	rig.fake.control_result = VUSB_STALL;
	cr_expect_eq(read_vendor(&rig, data, 100), -EPIPE);
}

Test(direct, a_time_out_takes_as_long_as_was_asked)
{
	CLEANUP(rig_done) struct rig rig;
	uint64_t start_us;
	uint8_t data[4];

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	start_us = clock_now_us(&rig.usb.clock.clock);
	rig.fake.control_result = VUSB_NAK;
	cr_expect_eq(read_vendor(&rig, data, 250), -ETIMEDOUT);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock) - start_us, 250000);
	cr_expect_eq(read_vendor(&rig, data, 0), -ETIMEDOUT, "nothing can happen any more");
}

Test(direct, sleeping_on_the_hosts_clock_keeps_devices_alive)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	rig.fake.deadline_us = 1000;
	clock_sleep_until_us(rig.usb.host->clock, 2000);
	cr_expect_eq(rig.fake.ticked, 1);
	cr_expect_eq(clock_now_us(rig.usb.host->clock), 2000);
}

Test(direct, gives_the_configuration_cut_to_the_room)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t bytes[64];

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	cr_expect_eq(rig.device->ops->config(rig.device, bytes, sizeof(bytes)), 54);
	cr_expect_eq(bytes[1], USB_DESC_CONFIG);
	cr_expect_eq(rig.device->ops->config(rig.device, bytes, 9), 9);
}

Test(direct, an_interface_is_claimed_by_one_handle)
{
	CLEANUP(rig_done) struct rig rig;
	struct usb_handle *other;

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	other = usb_rig_open_or_fail(&rig.usb);
	cr_expect_eq(rig.device->ops->claim(rig.device, 0), 0);
	cr_expect_eq(rig.device->ops->claim(rig.device, 0), 0, "again by the same");
	cr_expect_eq(other->ops->claim(other, 0), -EBUSY);
	cr_expect_eq(other->ops->claim(other, 1), 0);
	cr_expect_eq(other->ops->claim(other, 2), -ENOENT);
	cr_expect_eq(other->ops->claim(other, 200), -ENOENT);
	usb_rig_close(&rig.device);
	rig.device = NULL;
	cr_expect_eq(other->ops->claim(other, 0), 0, "closing lets it go");
	usb_rig_close(&other);
}

Test(direct, a_dead_program_reaches_nothing_any_more)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t data[4];
	unsigned int controls;
	size_t count = 1;

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	cr_expect_eq(read_vendor(&rig, data, 100), 4);
	controls = rig.fake.controls;
	usb_host_direct_set_dead(rig.usb.host, true);
	cr_expect_eq(read_vendor(&rig, data, 100), -ENODEV);
	cr_expect_eq(rig.device->ops->set_alternate(rig.device, 0, 1), -ENODEV);
	cr_expect_eq(rig.device->ops->reset(rig.device), -ENODEV);
	cr_expect_eq(rig.usb.host->ops->list(rig.usb.host, NULL, 0, &count, NULL), 0);
	cr_expect_eq(count, 0);
	cr_expect_eq(rig.fake.controls, controls);
	usb_host_direct_set_dead(rig.usb.host, false);
	cr_expect_eq(read_vendor(&rig, data, 100), 4);
}

Test(direct, what_is_due_happens_before_a_list_and_a_transfer)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t data[4];

	rig_init(&rig);
	usb_rig_list_or_fail(&rig.usb, NULL);
	rig.fake.deadline_us = 10;
	clock_sleep_until_us(&rig.usb.clock.clock, 10);
	usb_rig_list_or_fail(&rig.usb, NULL);
	cr_expect_eq(rig.fake.ticked, 1);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	rig.fake.deadline_us = 20;
	clock_sleep_until_us(&rig.usb.clock.clock, 20);
	cr_expect_eq(read_vendor(&rig, data, 100), 4);
	cr_expect_eq(rig.fake.ticked, 2);
}

Test(direct, a_reset_keeps_claims_and_alternates)
{
	CLEANUP(rig_done) struct rig rig;
	struct usb_handle *other;
	unsigned resets;
	uint8_t data[4];

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	cr_assert_eq(rig.device->ops->claim(rig.device, 0), 0);
	cr_assert_eq(rig.device->ops->set_alternate(rig.device, 0, 1), 0);
	cr_expect_eq(rig.device->ops->set_alternate(rig.device, 0, 2), -EPIPE);
	resets = rig.fake.resets;
	cr_expect_eq(rig.device->ops->reset(rig.device), 0);
	cr_expect_eq(rig.fake.resets, resets + 2, "the reset, and that of the enumeration");
	cr_expect_eq(rig.fake.device.configuration, 1);
	cr_expect_eq(rig.fake.device.alternate[0], 1);
	cr_expect_eq(read_vendor(&rig, data, 100), 4);
	other = usb_rig_open_or_fail(&rig.usb);
	cr_expect_eq(other->ops->claim(other, 0), -EBUSY);
	usb_rig_close(&other);
}

static const char *const renamed[] = {NULL, "Maker", "Fake", "S2"};

static void rename_self(struct fake_device *fake)
{
	fake->device.strings = (struct vusb_strings){.text = renamed, .count = 4};
}

Test(direct, a_reset_that_brings_another_device_loses_the_handle)
{
	CLEANUP(rig_done) struct rig rig;
	uint8_t data[4];

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	rename_self(&rig.fake);
	cr_expect_eq(rig.device->ops->reset(rig.device), -ENODEV);
	cr_expect_eq(read_vendor(&rig, data, 100), -ENODEV);
	usb_rig_close(&rig.device);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	cr_expect_eq(read_vendor(&rig, data, 100), 4);
}

Test(direct, an_unplugged_device_stays_gone_for_its_handle)
{
	CLEANUP(rig_done) struct rig rig;
	struct usb_host_entry before;
	struct usb_handle *late = NULL;
	struct why why = {""};
	uint8_t data[4];

	rig_init(&rig);
	usb_rig_list_or_fail(&rig.usb, &before);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	vusb_port_unplug(vusb_bus_port(rig.usb.bus, 1));
	usb_rig_plug(&rig.usb, 1, &rig.fake.device);
	cr_expect_eq(read_vendor(&rig, data, 100), -ENODEV, "the one that is there now is another");
	cr_expect_eq(rig.device->ops->claim(rig.device, 0), -ENODEV);
	cr_expect_eq(rig.device->ops->set_alternate(rig.device, 0, 0), -ENODEV);
	cr_expect_eq(rig.device->ops->reset(rig.device), -ENODEV);
	cr_expect_eq(rig.device->ops->config(rig.device, data, 4), -ENODEV);
	cr_expect_eq(rig.usb.host->ops->open(rig.usb.host, &before, &late, &why), -ENODEV);
	cr_expect_str_eq(why.text, "USB device 1-1 is not there any more");
	cr_expect_null(late);
}

/* Ends the program that uses the host, at a time. */
struct killer {
	struct vusb_ticker ticker;
	struct usb_host *host;
	uint64_t at_us;
};

static void kill_now(struct vusb_ticker *ticker, uint64_t now_us UNUSED)
{
	struct killer *killer = CONTAINER_OF(ticker, struct killer, ticker);

	killer->at_us = CLOCK_NEVER;
	usb_host_direct_set_dead(killer->host, true);
}

static uint64_t kill_deadline_us(const struct vusb_ticker *ticker)
{
	return ((const struct killer *)ticker)->at_us;
}

static void kill_at(struct rig *rig, struct killer *killer, uint64_t at_us)
{
	*killer = (struct killer){
		.ticker = {.tick = kill_now, .deadline_us = kill_deadline_us},
		.host = rig->usb.host,
		.at_us = at_us,
	};
	vusb_bus_add_ticker(rig->usb.bus, &killer->ticker);
}

Test(direct, who_is_killed_has_its_transfer_taken_back_and_makes_none)
{
	CLEANUP(rig_done) struct rig rig;
	struct killer killer;
	uint8_t data[4];
	unsigned int controls;

	rig_init(&rig);
	rig.device = usb_rig_open_or_fail(&rig.usb);
	controls = rig.fake.controls;
	rig.fake.device.nak_until_us = 9000;
	kill_at(&rig, &killer, 4000);
	cr_expect_eq(read_vendor(&rig, data, 0), -ENODEV);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 4000);
	cr_expect(list_empty(&vusb_bus_port(rig.usb.bus, 1)->pending));
	vusb_bus_run_until(rig.usb.bus, 20000, NULL);
	cr_expect_eq(read_vendor(&rig, data, 0), -ENODEV);
	cr_expect_eq(rig.fake.controls, controls);
	usb_host_direct_set_dead(rig.usb.host, false);
	cr_expect_eq(read_vendor(&rig, data, 0), 4);
}

Test(direct, the_waits_of_who_is_killed_end_at_once)
{
	CLEANUP(rig_done) struct rig rig;
	struct killer killer;

	rig_init(&rig);
	kill_at(&rig, &killer, 4000);
	clock_sleep_until_us(rig.usb.host->clock, 60000000);
	cr_expect_eq(clock_now_us(rig.usb.host->clock), 60000000, "as it sees it");
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 4000);
	usb_host_direct_set_dead(rig.usb.host, false);
	cr_expect_eq(clock_now_us(rig.usb.host->clock), 4000);
}
