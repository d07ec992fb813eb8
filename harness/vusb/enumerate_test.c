/* SPDX-License-Identifier: MIT */
#include "harness/vusb/enumerate.h"

#include "harness/testing/fake_device.h"
#include "harness/testing/usb_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Writes down each request as "request/value/length", and spoils answers. */
struct spy {
	struct vusb_tap tap;
	char story[512];
	int spoil_number; /* the n-th request from 0; -1 = none */
	enum vusb_result spoil_result;
	uint8_t spoil_bytes[18];
	size_t spoil_size;
	int seen;
};

static enum vusb_result spy_attempt(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	struct spy *spy = CONTAINER_OF(tap, struct spy, tap);
	size_t used = strlen(spy->story);

	snprintf(spy->story + used, sizeof(spy->story) - used, "%s%u/%04x/%u", used ? " " : "",
		transfer->setup.bRequest, transfer->setup.wValue, transfer->setup.wLength);
	if (spy->seen++ != spy->spoil_number)
		return vusb_tap_next(tap, transfer);
	if (spy->spoil_result == VUSB_ACK) {
		memcpy(transfer->data, spy->spoil_bytes, spy->spoil_size);
		transfer->actual = spy->spoil_size;
	}
	return spy->spoil_result;
}

static void spy_reset(struct vusb_tap *tap, struct vusb_port *port UNUSED)
{
	struct spy *spy = CONTAINER_OF(tap, struct spy, tap);
	size_t used = strlen(spy->story);

	snprintf(spy->story + used, sizeof(spy->story) - used, " reset");
}

static const struct vusb_tap_ops spy_ops = {
	.name = "spy", .attempt = spy_attempt, .reset = spy_reset};

struct rig {
	struct usb_rig usb;
	struct fake_device fake;
	struct spy spy;
	struct vusb_identity identity;
	struct why why;
};

static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	fake_device_init(&rig->fake);
	usb_rig_plug(&rig->usb, 1, &rig->fake.device);
	rig->spy.tap.ops = &spy_ops;
	rig->spy.spoil_number = -1;
	vusb_bus_add_tap(rig->usb.bus, &rig->spy.tap);
}

static void rig_done(struct rig *rig)
{
	vusb_bus_remove_tap(&rig->spy.tap);
	usb_rig_done(&rig->usb);
}

static int enumerate(struct rig *rig)
{
	return vusb_enumerate(vusb_bus_port(rig->usb.bus, 1), &rig->identity, &rig->why);
}

Test(enumerate, asks_what_linux_asks_in_its_order)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	cr_assert_eq(enumerate(&rig), 0, "%s", rig.why.text);
	cr_expect_str_eq(rig.spy.story,
		"6/0100/64 reset 5/0002/0 6/0100/18 6/0600/10 6/0600/10 6/0600/10 "
		"6/0200/9 6/0200/54 6/0300/255 6/0302/255 6/0301/255 6/0303/255 9/0001/0");
	cr_expect_eq(rig.fake.device.address, 2);
	cr_expect_eq(rig.fake.device.configuration, 1);
}

Test(enumerate, gives_raw_descriptors_and_strings_as_utf8)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	cr_assert_eq(enumerate(&rig), 0);
	cr_expect_eq(rig.identity.device[8], FAKE_VID & 0xff);
	cr_expect_eq(rig.identity.config_size, 54);
	cr_expect_eq(rig.identity.config[2], 54);
	cr_expect_str_eq(rig.identity.manufacturer, "Maker");
	cr_expect_str_eq(rig.identity.product, "Fake  \xc3\xa9");
	cr_expect_str_eq(rig.identity.serial, "S1");
}

Test(enumerate, a_device_that_lies_is_refused_with_a_reason)
{
	static const struct {
		const char *name;
		int number;
		enum vusb_result result;
		uint8_t bytes[18];
		size_t size;
		int expected;
		const char *why;
	} rows[] = {
		{"first look stalled", 0, VUSB_STALL, {0}, 0, -EPIPE, "device descriptor: "},
		{"first look short", 0, VUSB_ACK, {18, 1}, 2, -EBADMSG, "2 bytes of nonsense"},
		{"first look of a wrong type", 0, VUSB_ACK, {18, 2}, 18, -EBADMSG, "nonsense"},
		{"address refused", 1, VUSB_STALL, {0}, 0, -EPIPE, "does not accept address 2"},
		{"bus error at the address", 1, VUSB_ERROR, {0}, 0, -EPROTO, "address 2"},
		{"device descriptor short", 2, VUSB_ACK, {18, 1}, 17, -EBADMSG, "not 18 bytes"},
		{"configuration stalled", 6, VUSB_STALL, {0}, 0, -EPIPE, "configuration"},
		{"configuration short", 6, VUSB_ACK, {9, 2}, 3, -EBADMSG, "nonsense"},
		{"configuration huge", 6, VUSB_ACK, {9, 2, 0xff, 0xff}, 9, -EBADMSG, "65535"},
		{"configuration gone", 7, VUSB_ACK, {9, 2}, 2, -EBADMSG, "nonsense"},
		{"configuration that it does not take itself", 7, VUSB_ACK,
			{9, 2, 9, 0, 1, 7, 0, 0, 0}, 9, -EPIPE, "configuration 7"},
		{"configuration not set", 12, VUSB_STALL, {0}, 0, -EPIPE, "configuration 1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(rig_done) struct rig rig;

		rig_init(&rig);
		rig.spy.spoil_number = rows[i].number;
		rig.spy.spoil_result = rows[i].result;
		rig.spy.spoil_size = rows[i].size;
		memcpy(rig.spy.spoil_bytes, rows[i].bytes, sizeof(rows[i].bytes));
		cr_expect_eq(enumerate(&rig), rows[i].expected, "%s", rows[i].name);
		cr_expect(strstr(rig.why.text, rows[i].why), "%s: %s", rows[i].name, rig.why.text);
	}
}

Test(enumerate, odd_but_usable_answers_are_taken)
{
	static const struct {
		const char *name;
		int number;
		enum vusb_result result;
		uint8_t bytes[18];
		size_t size;
	} rows[] = {
		{"no languages", 8, VUSB_STALL, {0}, 0},
		{"no product", 9, VUSB_STALL, {0}, 0},
		{"total length of nothing", 6, VUSB_ACK, {9, 2, 0, 0, 1, 1, 0, 0, 0}, 9},
		{"string longer than sent", 9, VUSB_ACK, {200, 3, 'A', 0, 'B', 0, 'C'}, 7},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(rig_done) struct rig rig;

		rig_init(&rig);
		rig.spy.spoil_number = rows[i].number;
		rig.spy.spoil_result = rows[i].result;
		rig.spy.spoil_size = rows[i].size;
		memcpy(rig.spy.spoil_bytes, rows[i].bytes, sizeof(rows[i].bytes));
		cr_expect_eq(enumerate(&rig), 0, "%s: %s", rows[i].name, rig.why.text);
		cr_expect_str_eq(rig.identity.serial, "S1", "%s", rows[i].name);
	}
}

Test(enumerate, an_empty_port_and_a_silent_device_are_errors)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	rig.fake.device.nak_until_us = CLOCK_NEVER;
	cr_expect_eq(enumerate(&rig), -ETIMEDOUT);
	cr_expect_eq(clock_now_us(&rig.usb.clock.clock), 5000000);
	vusb_port_unplug(vusb_bus_port(rig.usb.bus, 1));
	cr_expect_eq(enumerate(&rig), -ENODEV);
}

Test(string, is_decoded_whatever_its_bytes)
{
	static const struct {
		const char *name;
		uint8_t bytes[12];
		size_t size;
		const char *text; /* NULL = refused */
	} rows[] = {
		{"ASCII", {6, 3, 'H', 0, 'i', 0}, 6, "Hi"},
		{"empty", {2, 3}, 2, ""},
		{"odd length", {5, 3, 'H', 0, 'i'}, 5, "H"},
		{"bLength beyond what came", {12, 3, 'H', 0}, 4, "H"},
		{"bLength before what came", {4, 3, 'H', 0, 'i', 0}, 6, "H"},
		{"two and three bytes of UTF-8", {6, 3, 0xe9, 0, 0xac, 0x20}, 6,
			"\xc3\xa9\xe2\x82\xac"},
		{"surrogates", {6, 3, 0x3d, 0xd8, 0x00, 0xde}, 6, "\xf0\x9f\x98\x80"},
		{"half a surrogate", {6, 3, 0x3d, 0xd8, 'x', 0}, 6, "\xef\xbf\xbdx"},
		{"control characters", {8, 3, 'a', 0, 27, 0, 'b', 0}, 8, "ab"},
		{"wrong type", {4, 2, 'H', 0}, 4, NULL},
		{"one byte", {2}, 1, NULL},
		{"bLength 0", {0, 3}, 2, NULL},
	};
	char text[16];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool ok = vusb_string_decode(rows[i].bytes, rows[i].size, text, sizeof(text));

		cr_expect_eq(ok, rows[i].text != NULL, "%s", rows[i].name);
		cr_expect_str_eq(text, rows[i].text ? rows[i].text : "", "%s", rows[i].name);
	}
}

Test(string, is_cut_between_characters)
{
	static const uint8_t bytes[] = {8, 3, 'a', 0, 0xac, 0x20, 'b', 0};
	char text[4];

	cr_expect(vusb_string_decode(bytes, sizeof(bytes), text, sizeof(text)));
	cr_expect_str_eq(text, "a");
	cr_expect(vusb_string_decode(bytes, sizeof(bytes), text, 1));
	cr_expect_str_eq(text, "");
}
