/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault_effects.h"
#include "harness/fault/fault_tap.h"
#include "harness/fault/fault_text.h"

#include "harness/testing/fake_device.h"
#include "harness/testing/usb_rig.h"
#include "harness/vusb/wait.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#define DNLOAD    1
#define GETSTATUS 3

/* A DFU interface with a transfer size of 2048. */
static const uint8_t functional[] = {9, 0x21, 0x0b, 0xff, 0x00, 0x00, 0x08, 0x1a, 0x01};
static const struct vusb_interface_desc interface = {.class = 0xfe,
	.subclass = 1,
	.protocol = 2,
	.extra = functional,
	.extra_size = sizeof(functional)};
static const struct vusb_config_desc config = {
	.value = 1, .attributes = 0x80, .interfaces = &interface, .interface_count = 1};
static const struct vusb_device_desc desc = {.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0200,
	.max_packet0 = 64,
	.configs = &config,
	.config_count = 1};

struct tap_rig {
	struct usb_rig usb;
	struct fake_device fake;
	struct fault_plan plan;
	struct fault_tap tap;
	struct fault_effects effects;
	struct vusb_port *port;
	char log[400]; /* what fired and what was done */
};

static void add_log(struct tap_rig *rig, const char *text)
{
	size_t length = strlen(rig->log);

	snprintf(rig->log + length, sizeof(rig->log) - length, "%s|", text);
}

static void on_fire(struct fault_plan *plan, const struct fault_rule *rule,
	const struct fault_occasion *occasion)
{
	char text[FAULT_TEXT_MAX];

	add_log(plan->user, fault_fired_text(rule, occasion, text, sizeof(text)));
}

static void act(void *user, enum fault_action action, bool begin)
{
	struct tap_rig *rig = user;
	char text[64];

	snprintf(text, sizeof(text), "%s %s at %lu", names_text(&fault_action_names, action),
		begin ? "begins" : "ends", (unsigned long)clock_now_us(&rig->usb.clock.clock));
	add_log(rig, text);
	if (action == FAULT_UNPLUG && begin)
		vusb_port_unplug(rig->port);
}

static void add_or_fail(struct tap_rig *rig, const char *text)
{
	struct fault_rule rule;
	struct why why = {""};

	cr_assert_eq(fault_rule_parse(text, &rule, &why), 0, "%s", why.text);
	cr_assert_eq(fault_add(&rig->plan, &rule), 0);
}

static void tap_rig_init(struct tap_rig *rig, const char *rule)
{
	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	rig->port = vusb_bus_port(rig->usb.bus, 1);
	rig->plan.on_fire = on_fire;
	rig->plan.user = rig;
	if (rule)
		add_or_fail(rig, rule);
	fault_tap_begin(&rig->tap, rig->usb.bus, 1, &rig->plan);
	fault_effects_begin(&rig->effects, rig->usb.bus, &rig->plan);
	rig->effects.act = act;
	rig->effects.user = rig;
	fake_device_init(&rig->fake);
	rig->fake.device.desc = &desc;
	usb_rig_plug(&rig->usb, 1, &rig->fake.device);
}

static void tap_rig_done(struct tap_rig *rig)
{
	fault_effects_done(&rig->effects);
	fault_tap_done(&rig->tap);
	usb_rig_done(&rig->usb);
}

static int request(
	struct tap_rig *rig, uint8_t number, uint16_t block, uint8_t *data, uint16_t size)
{
	const struct usb_setup setup = {
		.bmRequestType =
			(number == GETSTATUS ? 0x80 : 0) | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = number,
		.wValue = block,
		.wLength = size,
	};

	return vusb_port_control(rig->port, &setup, data, 5000000);
}

static int get_status(struct tap_rig *rig, uint8_t bytes[static 6])
{
	return request(rig, GETSTATUS, 0, bytes, 6);
}

/* A short update: pointer, erase, pointer, two blocks, leave; each with two GETSTATUS. Returns the first error. */
static int update(struct tap_rig *rig)
{
	static const struct {
		uint16_t block, size;
		uint8_t bytes[5];
	} downloads[] = {
		{0, 5, {0x41, 0x00, 0x40, 0x00, 0x08}},
		{0, 5, {0x21, 0x00, 0x40, 0x00, 0x08}},
		{2, 2048, {1}},
		{3, 2048, {2}},
		{0, 0, {0}},
	};
	uint8_t data[2048] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(downloads); i++) {
		int r;

		memcpy(data, downloads[i].bytes, 5);
		r = request(rig, DNLOAD, downloads[i].block, data, downloads[i].size);
		for (int n = 0; r >= 0 && n < 2; n++)
			r = get_status(rig, data);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct {
	const char *rule, *fired;
	int r;
} rows[] = {
	{"request erase: stall", "request DNLOAD erase block=0 addr=0x08004000: stall|", -EPIPE},
	{"request set-address: stall", "request DNLOAD set-address block=0 addr=0x08004000: stall|",
		-EPIPE},
	{"request DNLOAD nth=4: stall", "request DNLOAD write block=3 addr=0x08004800: stall|",
		-EPIPE},
	{"request write block=2: stall", "request DNLOAD write block=2 addr=0x08004000: stall|",
		-EPIPE},
	{"request addr=0x08004fff: stall", "request DNLOAD write block=3 addr=0x08004800: stall|",
		-EPIPE},
	{"request leave: stall", "request DNLOAD leave block=0: stall|", -EPIPE},
	{"request GETSTATUS write nth=3: stall",
		"request GETSTATUS write block=3 addr=0x08004800: stall|", -EPIPE},
	{"answer GETSTATUS leave: stall", "answer GETSTATUS leave block=0: stall|", -EPIPE},
	{"request GETSTATUS block=3 nth=2: nak",
		"request GETSTATUS write block=3 addr=0x08004800: nak|", -ETIMEDOUT},
	{"request GETSTATUS: nak 4900 ms",
		"request GETSTATUS erase block=0 addr=0x08004000: nak 4900ms|", 0},
	{"answer GETSTATUS erase nth=2: nak 1 s",
		"answer GETSTATUS erase block=0 addr=0x08004000: nak 1s|", 0},
	{"answer write: nak", "answer DNLOAD write block=2 addr=0x08004000: nak|", -ETIMEDOUT},
	{"request control: stall", "", 0},
	{"request in: stall", "", 0},
};

Test(fault_tap, transfers_are_known_by_what_they_are_for)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tap_rig rig;

		tap_rig_init(&rig, rows[i].rule);
		cr_expect_eq(update(&rig), rows[i].r, "%s", rows[i].rule);
		cr_expect_str_eq(rig.log, rows[i].fired, "%s: %s", rows[i].rule, rig.log);
		cr_expect(list_empty(&rig.port->pending));
		tap_rig_done(&rig);
	}
}

Test(fault_tap, what_is_stalled_never_reaches_the_device_or_has_reached_it)
{
	struct tap_rig rig;
	uint8_t data[8] = {1};

	tap_rig_init(&rig, "request DNLOAD: stall");
	add_or_fail(&rig, "answer DNLOAD: stall");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), -EPIPE);
	cr_expect_eq(rig.fake.controls, 0);
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), -EPIPE);
	cr_expect_eq(rig.fake.controls, 1);
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), 8);
	tap_rig_done(&rig);
}

Test(fault_tap, answers_are_cut_and_spoiled)
{
	struct tap_rig rig;
	uint8_t data[6] = {0};

	tap_rig_init(&rig, "answer GETSTATUS: short 3");
	add_or_fail(&rig, "answer GETSTATUS nth=2: corrupt 4");
	add_or_fail(&rig, "request GETSTATUS nth=3: say dfuDNBUSY");
	cr_expect_eq(get_status(&rig, data), 3);
	cr_expect_eq(get_status(&rig, data), 6);
	cr_expect_eq(data[4], 0x5a);
	cr_expect_eq(data[3], 0xa5);
	cr_expect_eq(get_status(&rig, data), 6);
	cr_expect_eq(data[4], 4);
	cr_expect_eq(rig.fake.controls, 2);
	tap_rig_done(&rig);
}

Test(fault_tap, data_are_spoiled_for_the_device_alone)
{
	struct tap_rig rig;
	uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	tap_rig_init(&rig, "request write: corrupt 9");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), 8);
	cr_expect_eq(rig.fake.last_out[1], 0xfd, "counted round");
	cr_expect_eq(rig.fake.last_out[0], 1);
	cr_expect_eq(data[1], 2);
	tap_rig_done(&rig);
}

Test(fault_tap, a_transfer_that_is_tried_again_is_one_occasion)
{
	struct tap_rig rig;
	uint8_t data[6];

	tap_rig_init(&rig, "request GETSTATUS nth=2: stall");
	rig.fake.device.nak_until_us = 3000;
	cr_expect_eq(get_status(&rig, data), 6);
	cr_expect_eq(rig.plan.rules[0].seen, 1);
	cr_expect_eq(get_status(&rig, data), -EPIPE);
	tap_rig_done(&rig);
}

Test(fault_tap, a_nak_takes_its_time_to_the_microsecond)
{
	struct tap_rig rig;
	uint8_t data[6];

	tap_rig_init(&rig, "request GETSTATUS: nak 1234 us");
	cr_expect_eq(get_status(&rig, data), 6);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 1234);
	tap_rig_done(&rig);
}

Test(fault_tap, another_port_is_left_alone)
{
	struct fake_device other;
	struct tap_rig rig;
	uint8_t data[6];

	tap_rig_init(&rig, "request: stall");
	fake_device_init(&other);
	usb_rig_plug(&rig.usb, 2, &other.device);
	rig.port = vusb_bus_port(rig.usb.bus, 2);
	cr_expect_eq(get_status(&rig, data), 6);
	cr_expect_str_empty(rig.log);
	tap_rig_done(&rig);
}

Test(fault_tap, the_pointer_is_followed_before_anybody_listens)
{
	struct tap_rig rig;
	uint8_t pointer[] = {0x21, 0x00, 0x00, 0x02, 0x08}, data[8] = {0};

	tap_rig_init(&rig, NULL);
	cr_assert_eq(request(&rig, DNLOAD, 0, pointer, sizeof(pointer)), 5);
	add_or_fail(&rig, "request addr=0x08021000: stall");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), 8);
	cr_expect_eq(request(&rig, DNLOAD, 4, data, 8), -EPIPE);
	tap_rig_done(&rig);
}

/* --- effects --- */

Test(fault_effects, the_plug_is_out_before_the_device_sees_the_request)
{
	struct tap_rig rig;
	uint8_t data[8] = {0};

	tap_rig_init(&rig, "request write nth=2: unplug");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), 8);
	cr_expect_eq(request(&rig, DNLOAD, 3, data, 8), -ENODEV);
	cr_expect_eq(rig.fake.controls, 1);
	cr_expect_str_eq(rig.log, "request DNLOAD write block=3 addr=0x08000800: unplug|"
				  "unplug begins at 0|");
	tap_rig_done(&rig);
}

Test(fault_effects, the_plug_is_out_when_the_device_has_answered)
{
	struct tap_rig rig;
	uint8_t data[8] = {0};

	tap_rig_init(&rig, "answer write: unplug");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), -ENODEV);
	cr_expect_eq(rig.fake.controls, 1);
	tap_rig_done(&rig);
}

Test(fault_effects, who_is_killed_has_no_transfer_any_more)
{
	struct tap_rig rig;
	uint8_t data[8] = {0};

	tap_rig_init(&rig, "request write: kill");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), -ETIMEDOUT);
	cr_expect_eq(rig.fake.controls, 0);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 0);
	tap_rig_done(&rig);
}

Test(fault_effects, what_comes_later_and_ends_does_so_at_its_time)
{
	struct tap_rig rig;
	uint8_t data[8] = {0};

	tap_rig_init(&rig, "request write after=20ms: cut-power 500 ms");
	add_or_fail(&rig, "answer write nth=2: reset");
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), 8);
	rig.log[0] = '\0';
	vusb_bus_run_until(rig.usb.bus, 1000000, NULL);
	cr_expect_str_eq(rig.log, "cut-power begins at 20000|cut-power ends at 520000|");
	rig.log[0] = '\0';
	cr_expect_eq(request(&rig, DNLOAD, 2, data, 8), 8);
	vusb_bus_run_until(rig.usb.bus, 2000000, NULL);
	cr_expect(strstr(rig.log, "reset begins at 1000000|reset ends at 1000100|"), "%s", rig.log);
	tap_rig_done(&rig);
}

Test(fault_effects, a_part_of_what_begins_is_waited_for)
{
	const struct fault_occasion erase = {
		.point = FAULT_ERASE, .addr = 0x08004000, .size = 0x4000, .takes_us = 400000};
	struct tap_rig rig;

	tap_rig_init(&rig, "erase addr=0x08007fff after=25%+1ms: cut-power");
	add_or_fail(&rig, "erase nth=2: kill");
	cr_expect_eq(fault_ask(&rig.plan, &erase).action, FAULT_NOTHING);
	vusb_bus_run_until(rig.usb.bus, 200000, NULL);
	cr_expect_eq(fault_ask(&rig.plan, &erase).effect, FAULT_KILL);
	cr_expect_null(strstr(rig.log, "kill begins"), "not in the middle of something");
	vusb_bus_run_until(rig.usb.bus, 200000, NULL);
	cr_expect(strstr(rig.log, "cut-power begins at 101000|"), "%s", rig.log);
	cr_expect(strstr(rig.log, "kill begins at 200000|"), "%s", rig.log);
	tap_rig_done(&rig);
}

Test(fault_effects, a_time_comes_once_and_fires_its_rule_then)
{
	struct tap_rig rig;

	tap_rig_init(&rig, "time after=2s: unplug");
	vusb_bus_run_until(rig.usb.bus, 1999999, NULL);
	cr_expect_not_null(fault_never_fired(&rig.plan));
	vusb_bus_run_until(rig.usb.bus, 9000000, NULL);
	cr_expect_null(fault_never_fired(&rig.plan));
	cr_expect_str_eq(rig.log, "time after=2s: unplug|unplug begins at 2000000|");
	tap_rig_done(&rig);
}
