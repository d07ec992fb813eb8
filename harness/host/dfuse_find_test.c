/* SPDX-License-Identifier: MIT */
/* Which devices the client takes for DfuSe, and what it says of the others. */
#include "harness/host/dfuse_client.h"

#include "harness/testing/usb_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define LAYOUT "@Flash /0x08000000/4*16Kg"

/* A device that is nothing but descriptors. */
struct claim {
	const char *name;
	uint16_t vid, pid;
	uint8_t class;
	uint8_t extra[DFU_FUNCTIONAL_SIZE]; /* all 0: none */
	const char *text;                   /* of its only interface */
	int expected;
	const char *why;
};

static enum vusb_result refuse(struct vusb_device *device UNUSED,
	const struct usb_setup *setup UNUSED, uint8_t *data UNUSED, size_t *size UNUSED)
{
	return VUSB_STALL;
}

struct rig {
	struct usb_rig usb;
	struct vusb_device device;
	struct vusb_device_desc desc;
	struct vusb_config_desc config;
	struct vusb_interface_desc interface;
	const char *strings[2];
	struct why why;
};

static void rig_init(struct rig *rig, const struct claim *claim)
{
	static const struct vusb_device_ops ops = {.name = "claim", .control = refuse};

	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	rig->strings[1] = claim->text;
	rig->interface = (struct vusb_interface_desc){
		.class = claim->class,
		.subclass = USB_SUBCLASS_DFU,
		.protocol = USB_PROTOCOL_DFU,
		.string = 1,
		.extra = claim->extra,
		.extra_size = claim->extra[0],
	};
	rig->config = (struct vusb_config_desc){
		.value = 1, .interfaces = &rig->interface, .interface_count = 1};
	rig->desc = (struct vusb_device_desc){
		.speed = USB_SPEED_FULL,
		.bcd_usb = 0x0100,
		.max_packet0 = 64,
		.vid = claim->vid,
		.pid = claim->pid,
		.configs = &rig->config,
		.config_count = 1,
	};
	vusb_device_init(&rig->device, &ops, &rig->desc,
		(struct vusb_strings){.text = rig->strings, .count = 2});
	usb_rig_plug(&rig->usb, 1, &rig->device);
}

static void rig_done(struct rig *rig)
{
	usb_rig_done(&rig->usb);
}

#define FUNCTIONAL(size, version)                                                                  \
	{                                                                                          \
		9, DFU_FUNCTIONAL_TYPE, 0x0b, 255, 0, (size)&0xff, (size) >> 8, (version)&0xff,    \
			(version) >> 8                                                             \
	}

Test(find, a_device_is_taken_or_refused_by_its_descriptors)
{
	static const struct claim rows[] = {
		{"ST's numbers", 0x0483, 0xdf11, 0xfe, FUNCTIONAL(2048, 0x011a), LAYOUT, 0, ""},
		{"others' numbers", 0x1209, 0x0001, 0xfe, FUNCTIONAL(64, 0x011a), LAYOUT, 0, ""},
		{"no DFU", 0x0483, 0xdf11, 0xff, FUNCTIONAL(2048, 0x011a), LAYOUT, -ENOTSUP,
			"USB 1-1 (0483:df11): it has no DFU interface"},
		{"no functional descriptor", 0x0483, 0xdf11, 0xfe, {0}, LAYOUT, -ENOENT,
			"USB 1-1 (0483:df11): there is no DFU functional descriptor"},
		{"short functional descriptor", 0x0483, 0xdf11, 0xfe, {7, 0x21}, LAYOUT, -EBADMSG,
			"USB 1-1 (0483:df11): damaged DFU functional descriptor"},
		{"plain DFU 1.1", 0x0483, 0xdf11, 0xfe, FUNCTIONAL(2048, 0x0110), LAYOUT, -ENOTSUP,
			"USB 1-1 (0483:df11): it speaks DFU 1.10, not DfuSe 1.1a"},
		{"transfer size 0", 0x0483, 0xdf11, 0xfe, FUNCTIONAL(0, 0x011a), LAYOUT, -EBADMSG,
			"USB 1-1 (0483:df11): its transfer size is 0 bytes, too few for a command"},
		{"no layout", 0x0483, 0xdf11, 0xfe, FUNCTIONAL(2048, 0x011a), "Flash", -ENOTSUP,
			"USB 1-1 (0483:df11): no alternate setting names its memory "
			"(DfuSe layout string); the first is \"Flash\""},
		{"no string", 0x0483, 0xdf11, 0xfe, FUNCTIONAL(2048, 0x011a), NULL, -ENOTSUP,
			"USB 1-1 (0483:df11): no alternate setting names its memory "
			"(DfuSe layout string); the first is \"\""},
	};
	const struct dfuse_filter any = {NULL, NULL};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(rig_done) struct rig rig;
		struct usb_host_entry entry;
		struct dfuse_client client;
		int r;

		rig_init(&rig, &rows[i]);
		cr_assert_eq(dfuse_find(rig.usb.host, &any, &entry, &rig.why), 0, "%s: %s",
			rows[i].name, rig.why.text);
		r = dfuse_client_open(&client, rig.usb.host, &entry, &rig.why);
		cr_expect_eq(r, rows[i].expected, "%s: %s", rows[i].name, rig.why.text);
		cr_expect_str_eq(rig.why.text, rows[i].why, "%s: %s", rows[i].name, rig.why.text);
		dfuse_client_close(&client);
	}
}

Test(find, other_devices_are_none_of_its_business)
{
	static const struct claim mouse = {.vid = 0x1209, .pid = 1, .class = 3};
	const struct dfuse_filter any = {NULL, NULL};
	const struct dfuse_filter there = {.path = "1-1"};
	CLEANUP(rig_done) struct rig rig;
	struct usb_host_entry entry;

	rig_init(&rig, &mouse);
	cr_expect_eq(dfuse_find(rig.usb.host, &any, &entry, &rig.why), -ENODEV);
	cr_expect_str_eq(rig.why.text, "no device in DFU mode among 1 USB devices");
	cr_expect_eq(dfuse_find(rig.usb.host, &there, &entry, &rig.why), -ENODEV);
	cr_expect_str_eq(rig.why.text, "no device in DFU mode at USB 1-1");
}
