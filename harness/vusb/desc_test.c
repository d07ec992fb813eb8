/* SPDX-License-Identifier: MIT */
#include "harness/vusb/desc.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t association[] = {8, 11, 0, 2, 2, 2, 0, 0};
static const uint8_t extra[] = {4, 0x24, 1, 2};
static const struct vusb_endpoint_desc endpoint = {
	.address = 0x82, .attributes = 3, .max_packet = 0x0108, .interval = 16};
static const struct vusb_interface_desc interfaces[] = {
	{.number = 0, .class = 2, .subclass = 2, .protocol = 1, .string = 5},
	{
		.number = 1,
		.alternate = 1,
		.class = 10,
		.extra = extra,
		.extra_size = sizeof(extra),
		.endpoints = &endpoint,
		.endpoint_count = 1,
	},
};
static const struct vusb_config_desc config = {
	.value = 1,
	.string = 4,
	.attributes = 0xc0,
	.max_power = 50,
	.extra = association,
	.extra_size = sizeof(association),
	.interfaces = interfaces,
	.interface_count = ARRAY_SIZE(interfaces),
};

Test(desc, a_device_is_the_bytes_of_the_specification)
{
	static const uint8_t golden[] = {
		18, 1, 0x10, 0x02, 0xef, 2, 1, 64, 0x83, 0x04, 0x40, 0x57, 0x00, 0x22, 1, 2, 3, 1};
	struct vusb_device_desc desc = {
		.bcd_usb = 0x0210,
		.class = 0xef,
		.subclass = 2,
		.protocol = 1,
		.max_packet0 = 64,
		.vid = 0x0483,
		.pid = 0x5740,
		.bcd_device = 0x2200,
		.manufacturer = 1,
		.product = 2,
		.serial = 3,
		.config_count = 1,
	};
	uint8_t bytes[sizeof(golden)];
	struct writer out = writer_of(bytes, sizeof(bytes));

	vusb_desc_write_device(&desc, &out);
	cr_assert(!out.failed && out.pos == sizeof(golden));
	cr_expect_arr_eq(bytes, golden, sizeof(golden));
}

Test(desc, a_configuration_holds_all_in_order_and_its_length)
{
	static const uint8_t golden[] = {9, 2, 46, 0, 2, 1, 4, 0xc0, 50, /* */
		8, 11, 0, 2, 2, 2, 0, 0,                                 /* association */
		9, 4, 0, 0, 0, 2, 2, 1, 5,                               /* interface 0 */
		9, 4, 1, 1, 1, 10, 0, 0, 0,                              /* interface 1 alt 1 */
		4, 0x24, 1, 2, 7, 5, 0x82, 3, 0x08, 0x01, 16};
	uint8_t bytes[sizeof(golden)];
	struct writer out = writer_of(bytes, sizeof(bytes));

	vusb_desc_write_config(&config, &out);
	cr_assert(!out.failed && out.pos == sizeof(golden));
	cr_expect_arr_eq(bytes, golden, sizeof(golden));
}

Test(desc, what_does_not_fit_is_marked_failed)
{
	uint8_t bytes[30];
	struct writer out = writer_of(bytes, sizeof(bytes));

	vusb_desc_write_config(&config, &out);
	cr_expect(out.failed);
}

Test(desc, strings_are_utf16_with_their_length)
{
	static const struct {
		const char *text;
		uint8_t golden[10];
	} rows[] = {
		{"", {2, 3}},
		{"Az", {6, 3, 'A', 0, 'z', 0}},
		{"\xc3\xa9", {4, 3, 0xe9, 0}},
		{"\xe2\x82\xac", {4, 3, 0xac, 0x20}},
		{"\xff", {4, 3, 0xfd, 0xff}},
	};
	uint8_t bytes[16];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct writer out = writer_of(bytes, sizeof(bytes));

		vusb_desc_write_string(rows[i].text, &out);
		cr_assert_eq(out.pos, rows[i].golden[0], "row %zu", i);
		cr_expect_eq(memcmp(bytes, rows[i].golden, out.pos), 0, "row %zu", i);
	}
}

Test(desc, a_string_is_cut_at_what_a_descriptor_can_hold)
{
	char text[300];
	uint8_t bytes[USB_STRING_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	vusb_desc_write_string(text, &out);
	cr_assert(!out.failed);
	cr_expect_eq(out.pos, 254);
	cr_expect_eq(bytes[0], 254);
}

Test(desc, interfaces_are_counted_once_whatever_their_alternates)
{
	static const struct vusb_interface_desc four[] = {
		{.number = 0}, {.number = 0, .alternate = 1}, {.number = 0, .alternate = 2}};
	struct vusb_config_desc alternates = {.interfaces = four, .interface_count = 3};

	cr_expect_eq(vusb_desc_interface_count(&config), 2);
	cr_expect_eq(vusb_desc_interface_count(&alternates), 1);
}

Test(desc, the_only_language_is_us_english)
{
	uint8_t bytes[4];
	struct writer out = writer_of(bytes, sizeof(bytes));

	vusb_desc_write_langids(&out);
	cr_expect_eq(memcmp(bytes, "\x04\x03\x09\x04", 4), 0);
}
