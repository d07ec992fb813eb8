/* SPDX-License-Identifier: MIT */
/*
 * What Linux would show of an F407 in its ROM bootloader. The formats are those of drivers/usb/core/{sysfs,endpoint}.c; the
 * udev properties those that `udevadm test-builtin usb_id` prints for such a device.
 */
#include "harness/transport/mock/sysfs.h"

#include "harness/base/wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIR       "/sys/devices/platform/dfurig.0/usb1/1-3"
#define INTERFACE DIR "/1-3:1.0"

/* 0483:df11, two alternates of interface 0 (the second with an interrupt endpoint, which no ROM has), port 3. */
static struct sysfs_device f407(void)
{
	static const uint8_t device[] = {
		18, 1, 0x00, 0x01, 0, 0, 0, 64, 0x83, 0x04, 0x11, 0xdf, 0x00, 0x22, 1, 2, 3, 1};
	static const uint8_t config[] = {9, 2, 43, 0, 1, 1, 0, 0xc0, 50, 9, 4, 0, 0, 0, 0xfe, 1, 2,
		4, 9, 4, 0, 1, 1, 0xfe, 1, 2, 5, 7, 5, 0x82, 3, 8, 0, 10, 9, 0x21, 0x0b, 0xff, 0x00,
		0x00, 0x08, 0x1a, 0x01};
	struct sysfs_device result = {
		.devnum = 7,
		.port = 3,
		.identity = {.config_size = sizeof(config),
			.manufacturer = "STMicroelectronics",
			.product = "STM32  BOOTLOADER",
			.serial = "315A28A0B956"},
		.interface_text = {"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"},
		.plugged_us = 41,
	};

	memcpy(result.identity.device, device, sizeof(device));
	memcpy(result.identity.config, config, sizeof(config));
	return result;
}

static void drop_tree(struct tree **tree)
{
	tree_free(*tree);
}

static struct tree *tree_with_or_fail(const struct sysfs_device *device)
{
	struct tree *tree = tree_new();

	cr_assert_not_null(tree);
	cr_assert_eq(sysfs_add_skeleton(tree), 0);
	cr_assert_eq(sysfs_add_device(tree, device), 0);
	return tree;
}

static const struct tree_node *find(struct tree *tree, const char *path)
{
	const struct tree_node *node;

	return tree_lookup(tree, path, true, &node) == 0 ? node : NULL;
}

struct content_case {
	const char *path;
	const char *text; /* the whole content */
};

static void expect_contents(struct tree *tree, const struct content_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct tree_node *node = find(tree, cases[i].path);

		cr_expect(node, "%s is not there", cases[i].path);
		if (node)
			cr_expect_str_eq((const char *)node->data, cases[i].text, "%s: \"%s\"",
				cases[i].path, (const char *)node->data);
	}
}

Test(sysfs, attributes_of_a_device_are_as_linux_writes_them)
{
	static const struct content_case cases[] = {
		{DIR "/idVendor", "0483\n"},
		{DIR "/idProduct", "df11\n"},
		{DIR "/bcdDevice", "2200\n"},
		{DIR "/bDeviceClass", "00\n"},
		{DIR "/bDeviceSubClass", "00\n"},
		{DIR "/bDeviceProtocol", "00\n"},
		{DIR "/bMaxPacketSize0", "64\n"},
		{DIR "/bNumConfigurations", "1\n"},
		{DIR "/bNumInterfaces", " 1\n"},
		{DIR "/bConfigurationValue", "1\n"},
		{DIR "/bmAttributes", "c0\n"},
		{DIR "/bMaxPower", "100mA\n"},
		{DIR "/version", " 1.00\n"},
		{DIR "/manufacturer", "STMicroelectronics\n"},
		{DIR "/product", "STM32  BOOTLOADER\n"},
		{DIR "/serial", "315A28A0B956\n"},
		{DIR "/busnum", "1\n"},
		{DIR "/devnum", "7\n"},
		{DIR "/devpath", "3\n"},
		{DIR "/dev", "189:6\n"},
		{DIR "/speed", "12\n"},
		{DIR "/maxchild", "0\n"},
		{DIR "/rx_lanes", "1\n"},
		{DIR "/tx_lanes", "1\n"},
		{DIR "/removable", "unknown\n"},
		{DIR "/authorized", "1\n"},
		{DIR "/quirks", "0x0\n"},
		{DIR "/ltm_capable", "no\n"},
		{DIR "/avoid_reset_quirk", "0\n"},
		{DIR "/configuration", ""},
		{DIR "/uevent", "MAJOR=189\nMINOR=6\nDEVNAME=bus/usb/001/007\nDEVTYPE=usb_device\n"
				"DRIVER=usb\nPRODUCT=483/df11/2200\nTYPE=0/0/0\nBUSNUM=001\n"
				"DEVNUM=007\n"},
	};
	struct sysfs_device device = f407();
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

	expect_contents(tree, cases, ARRAY_SIZE(cases));
}

Test(sysfs, attributes_of_an_interface_are_as_linux_writes_them)
{
	static const struct content_case cases[] = {
		{INTERFACE "/bInterfaceNumber", "00\n"},
		{INTERFACE "/bAlternateSetting", " 0\n"},
		{INTERFACE "/bNumEndpoints", "00\n"},
		{INTERFACE "/bInterfaceClass", "fe\n"},
		{INTERFACE "/bInterfaceSubClass", "01\n"},
		{INTERFACE "/bInterfaceProtocol", "02\n"},
		{INTERFACE "/interface",
			"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg\n"},
		{INTERFACE "/supports_autosuspend", "1\n"},
		{INTERFACE "/authorized", "1\n"},
		{INTERFACE "/modalias", "usb:v0483pDF11d2200dc00dsc00dp00icFEisc01ip02in00\n"},
		{INTERFACE "/uevent",
			"DEVTYPE=usb_interface\nPRODUCT=483/df11/2200\nTYPE=0/0/0\n"
			"INTERFACE=254/1/2\n"
			"MODALIAS=usb:v0483pDF11d2200dc00dsc00dp00icFEisc01ip02in00\n"},
		{DIR "/ep_00/bEndpointAddress", "00\n"},
		{DIR "/ep_00/bLength", "07\n"},
		{DIR "/ep_00/bmAttributes", "00\n"},
		{DIR "/ep_00/wMaxPacketSize", "0040\n"},
		{DIR "/ep_00/bInterval", "00\n"},
		{DIR "/ep_00/interval", "0ms\n"},
		{DIR "/ep_00/type", "Control\n"},
		{DIR "/ep_00/direction", "both\n"},
	};
	struct sysfs_device device = f407();
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

	expect_contents(tree, cases, ARRAY_SIZE(cases));
	cr_expect_null(find(tree, INTERFACE "/ep_82"), "of the second alternate");
	cr_expect_null(find(tree, INTERFACE "/driver"), "no driver takes a bootloader");
}

Test(sysfs, endpoints_belong_to_the_first_alternate)
{
	static const struct content_case cases[] = {
		{"/sys/devices/platform/dfurig.0/usb1/1-0:1.0/ep_81/type", "Interrupt\n"},
		{"/sys/devices/platform/dfurig.0/usb1/1-0:1.0/ep_81/direction", "in\n"},
		{"/sys/devices/platform/dfurig.0/usb1/1-0:1.0/ep_81/interval", "255ms\n"},
		{"/sys/devices/platform/dfurig.0/usb1/1-0:1.0/ep_81/bInterval", "ff\n"},
		{"/sys/devices/platform/dfurig.0/usb1/maxchild", "4\n"},
		{"/sys/devices/platform/dfurig.0/usb1/devpath", "0\n"},
	};
	static const uint8_t config[] = {
		9, 2, 25, 0, 1, 1, 0, 0xe0, 0, 9, 4, 0, 0, 1, 9, 0, 0, 0, 7, 5, 0x81, 3, 2, 0, 255};
	struct sysfs_device hub = f407();

	hub.port = 0;
	hub.devnum = 1;
	hub.maxchild = 4;
	hub.identity.config_size = sizeof(config);
	memcpy(hub.identity.config, config, sizeof(config));
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&hub);

	expect_contents(tree, cases, ARRAY_SIZE(cases));
	cr_expect_eq(find(tree, "/sys/bus/usb/drivers/hub/1-0:1.0"),
		find(tree, "/sys/devices/platform/dfurig.0/usb1/1-0:1.0"));
	cr_expect_eq(find(tree, "/sys/bus/usb/devices/usb1/1-0:1.0/driver"),
		find(tree, "/sys/bus/usb/drivers/hub"));
}

/* The string descriptors may be missing, and then the files are. */
Test(sysfs, a_device_without_texts_has_no_such_files)
{
	struct sysfs_device device = f407();

	device.identity.manufacturer[0] = device.identity.product[0] = '\0';
	device.identity.serial[0] = device.interface_text[0][0] = '\0';
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

	cr_expect_null(find(tree, DIR "/manufacturer"));
	cr_expect_null(find(tree, DIR "/product"));
	cr_expect_null(find(tree, DIR "/serial"));
	cr_expect_null(find(tree, INTERFACE "/interface"));
	const struct tree_node *data = find(tree, "/run/udev/data/c189:6");

	cr_assert_not_null(data);
	cr_expect(strstr((const char *)data->data, "\nE:ID_SERIAL=0483_df11\n"));
	cr_expect(strstr((const char *)data->data, "\nE:ID_VENDOR=0483\n"));
	cr_expect(!strstr((const char *)data->data, "SERIAL_SHORT"));
}

struct link_case {
	const char *link;
	const char *target; /* as readlink says */
	const char *leads_to;
};

Test(sysfs, links_are_relative_and_lead_where_linux_leads_them)
{
	static const struct link_case cases[] = {
		{"/sys/bus/usb/devices/1-3", "../../../devices/platform/dfurig.0/usb1/1-3", DIR},
		{"/sys/bus/usb/devices/1-3:1.0",
			"../../../devices/platform/dfurig.0/usb1/1-3/1-3:1.0", INTERFACE},
		{"/sys/bus/usb/drivers/usb/1-3", "../../../../devices/platform/dfurig.0/usb1/1-3",
			DIR},
		{"/sys/dev/char/189:6", "../../devices/platform/dfurig.0/usb1/1-3", DIR},
		{DIR "/subsystem", "../../../../../bus/usb", "/sys/bus/usb"},
		{DIR "/driver", "../../../../../bus/usb/drivers/usb", "/sys/bus/usb/drivers/usb"},
		{INTERFACE "/subsystem", "../../../../../../bus/usb", "/sys/bus/usb"},
		{"/sys/bus/platform/devices/dfurig.0", "../../../devices/platform/dfurig.0",
			"/sys/devices/platform/dfurig.0"},
		{"/sys/devices/platform/dfurig.0/driver", "../../../bus/platform/drivers/dfurig",
			"/sys/bus/platform/drivers/dfurig"},
		{"/sys/devices/platform/dfurig.0/subsystem", "../../../bus/platform",
			"/sys/bus/platform"},
	};
	struct sysfs_device device = f407();
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct tree_node *node;

		cr_assert_eq(
			tree_lookup(tree, cases[i].link, false, &node), 0, "%s", cases[i].link);
		cr_expect_str_eq((const char *)node->data, cases[i].target, "%s: %s", cases[i].link,
			(const char *)node->data);
		cr_expect(find(tree, cases[i].link), "%s leads nowhere", cases[i].link);
		cr_expect_eq(find(tree, cases[i].link), find(tree, cases[i].leads_to), "%s",
			cases[i].link);
	}
}

Test(sysfs, the_node_and_the_descriptors_are_those_of_the_device)
{
	struct sysfs_device device = f407();
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);
	const struct tree_node *node = find(tree, "/dev/bus/usb/001/007");
	const struct tree_node *bytes = find(tree, DIR "/descriptors");

	cr_assert(node && bytes);
	cr_expect_eq(node->type, MOCK_FILE_DEVICE);
	cr_expect_eq(node->major, 189);
	cr_expect_eq(node->minor, 6);
	cr_expect_eq(node->mode, 0666);
	cr_assert_eq(bytes->size, 18 + device.identity.config_size);
	cr_expect_arr_eq(bytes->data, device.identity.device, 18);
	cr_expect_arr_eq(bytes->data + 18, device.identity.config, device.identity.config_size);
}

#define UDEV_PROPERTIES(prefix)                                                                    \
	prefix "ID_BUS=usb\n" prefix "ID_VENDOR=STMicroelectronics\n" prefix                       \
	       "ID_VENDOR_ENC=STMicroelectronics\n" prefix "ID_VENDOR_ID=0483\n" prefix            \
	       "ID_MODEL=STM32_BOOTLOADER\n" prefix                                                \
	       "ID_MODEL_ENC=STM32\\x20\\x20BOOTLOADER\n" prefix "ID_MODEL_ID=df11\n" prefix       \
	       "ID_REVISION=2200\n" prefix                                                         \
	       "ID_SERIAL=STMicroelectronics_STM32_BOOTLOADER_315A28A0B956\n" prefix               \
	       "ID_SERIAL_SHORT=315A28A0B956\n" prefix "ID_USB_VENDOR=STMicroelectronics\n" prefix \
	       "ID_USB_VENDOR_ENC=STMicroelectronics\n" prefix "ID_USB_VENDOR_ID=0483\n" prefix    \
	       "ID_USB_MODEL=STM32_BOOTLOADER\n" prefix                                            \
	       "ID_USB_MODEL_ENC=STM32\\x20\\x20BOOTLOADER\n" prefix                               \
	       "ID_USB_MODEL_ID=df11\n" prefix "ID_USB_REVISION=2200\n" prefix                     \
	       "ID_USB_SERIAL=STMicroelectronics_STM32_BOOTLOADER_315A28A0B956\n" prefix           \
	       "ID_USB_SERIAL_SHORT=315A28A0B956\n" prefix "ID_USB_INTERFACES=:fe0102:\n" prefix   \
	       "ID_PATH=platform-dfurig.0-usb-0:3\n" prefix                                        \
	       "ID_PATH_TAG=platform-dfurig_0-usb-0_3\n"

Test(sysfs, the_udev_data_base_has_what_usb_id_finds)
{
	static const struct content_case cases[] = {
		{"/run/udev/data/c189:6",
			"I:42\n" UDEV_PROPERTIES("E:") "G:uaccess\nQ:uaccess\nV:1\n"},
	};
	struct sysfs_device device = f407();
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

	expect_contents(tree, cases, ARRAY_SIZE(cases));
}

struct text_case {
	const char *text, *plain, *encoded;
};

/* udev_replace_whitespace, udev_replace_chars and encode_devnode_string of systemd. */
Test(sysfs, texts_are_made_fit_for_udev)
{
	static const struct text_case cases[] = {
		{"plain", "plain", "plain"},
		{"  two  words ", "two_words", "\\x20\\x20two\\x20\\x20words\\x20"},
		{"a/b", "a_b", "a\\x2fb"},
		{"back\\slash", "back_slash", "back\\x5cslash"},
		{"#+-.:=@_", "#+-.:=@_", "#+-.:=@_"},
		{"caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sysfs_device device = f407();
		char wanted[256];

		snprintf(device.identity.product, sizeof(device.identity.product), "%s",
			cases[i].text);
		CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);
		const char *data = (const char *)find(tree, "/run/udev/data/c189:6")->data;

		snprintf(wanted, sizeof(wanted), "\nE:ID_MODEL=%s\nE:ID_MODEL_ENC=%s\n",
			cases[i].plain, cases[i].encoded);
		cr_expect(strstr(data, wanted), "%s: no %s in %s", cases[i].text, wanted, data);
	}
}

static size_t count_nodes(const struct tree_node *node)
{
	size_t count = 1;

	list_for_each (link, (struct list *)&node->children)
		count += count_nodes(LIST_ENTRY(link, const struct tree_node, link));
	return count;
}

Test(sysfs, a_removed_device_leaves_nothing)
{
	struct sysfs_device device = f407(), other = f407();
	CLEANUP(drop_tree) struct tree *tree = NULL;
	size_t before;

	other.port = 2;
	other.devnum = 8;
	tree = tree_with_or_fail(&other);
	before = count_nodes(find(tree, "/"));
	cr_assert_eq(sysfs_add_device(tree, &device), 0);
	cr_expect_gt(count_nodes(find(tree, "/")), before + 40);
	sysfs_remove_device(tree, &device);
	cr_expect_eq(count_nodes(find(tree, "/")), before);
	cr_expect_not_null(find(tree, "/sys/bus/usb/devices/1-2/serial"));
}

Test(sysfs, programs_read_back_what_they_have_set)
{
	static const struct content_case changed[] = {
		{INTERFACE "/bAlternateSetting", " 1\n"},
		{INTERFACE "/bNumEndpoints", "01\n"},
		{DIR "/bConfigurationValue", ""},
	};
	static const struct content_case again[] = {
		{INTERFACE "/bAlternateSetting", " 0\n"},
		{DIR "/bConfigurationValue", "1\n"},
	};
	struct sysfs_device device = f407();
	CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

	cr_expect_eq(sysfs_set_alternate(tree, &device, 0, 1), 0);
	cr_expect_eq(sysfs_set_configured(tree, &device, false), 0);
	expect_contents(tree, changed, ARRAY_SIZE(changed));
	cr_expect_eq(sysfs_set_alternate(tree, &device, 0, 2), -ENOENT);
	cr_expect_eq(sysfs_set_alternate(tree, &device, 0, 0), 0);
	cr_expect_eq(sysfs_set_configured(tree, &device, true), 0);
	expect_contents(tree, again, ARRAY_SIZE(again));
}

/* --- hotplug messages --- */

static struct buf uevent_or_fail(
	const struct sysfs_device *device, int interface, const struct sysfs_uevent *event)
{
	struct buf message;

	buf_init(&message, 16384);
	cr_assert_eq(sysfs_uevent(device, interface, event, &message), 0);
	return message;
}

/* As text: a line for each NUL-terminated string. */
static void expect_lines(const uint8_t *data, size_t size, const char *wanted)
{
	char text[4096];

	cr_assert_lt(size, sizeof(text));
	for (size_t i = 0; i < size; i++)
		text[i] = data[i] ? (char)data[i] : '\n';
	text[size] = '\0';
	cr_expect_str_eq(text, wanted, "%s", text);
}

Test(sysfs, the_kernels_message_is_text)
{
	struct sysfs_device device = f407();
	struct sysfs_uevent event = {.action = "add", .group = SYSFS_GROUP_KERNEL, .seqnum = 1234};
	CLEANUP(buf_done) struct buf message = uevent_or_fail(&device, -1, &event);

	expect_lines(message.data, message.size,
		"add@/devices/platform/dfurig.0/usb1/1-3\nACTION=add\n"
		"DEVPATH=/devices/platform/dfurig.0/usb1/1-3\nSUBSYSTEM=usb\nMAJOR=189\nMINOR=6\n"
		"DEVNAME=bus/usb/001/007\nDEVTYPE=usb_device\nPRODUCT=483/df11/2200\nTYPE=0/0/0\n"
		"BUSNUM=001\nDEVNUM=007\nSEQNUM=1234\n");
}

Test(sysfs, an_interface_has_messages_of_its_own)
{
	struct sysfs_device device = f407();
	struct sysfs_uevent event = {.action = "remove", .group = SYSFS_GROUP_KERNEL, .seqnum = 9};
	CLEANUP(buf_done) struct buf message = uevent_or_fail(&device, 0, &event);

	expect_lines(message.data, message.size,
		"remove@/devices/platform/dfurig.0/usb1/1-3/1-3:1.0\nACTION=remove\n"
		"DEVPATH=/devices/platform/dfurig.0/usb1/1-3/1-3:1.0\nSUBSYSTEM=usb\n"
		"DEVTYPE=usb_interface\nPRODUCT=483/df11/2200\nTYPE=0/0/0\nINTERFACE=254/1/2\n"
		"MODALIAS=usb:v0483pDF11d2200dc00dsc00dp00icFEisc01ip02in00\nSEQNUM=9\n");
}

Test(sysfs, binding_names_the_driver)
{
	struct sysfs_device device = f407();
	static const char properties[] = "DEVTYPE=usb_device\0DRIVER=usb\0PRODUCT=";
	struct sysfs_uevent event = {.action = "bind", .group = SYSFS_GROUP_KERNEL, .seqnum = 9};
	CLEANUP(buf_done) struct buf message = uevent_or_fail(&device, -1, &event);

	cr_expect_not_null(memmem(message.data, message.size, properties, sizeof(properties) - 1));
}

/* struct monitor_netlink_header of systemd: prefix[8], magic (big-endian), header size, properties' offset and size (host
 * order), hashes of subsystem and device type and the tags' filter (big-endian). The hashes are MurmurHash2 with seed 0,
 * computed by another program. */
Test(sysfs, udevs_message_has_its_header)
{
	static const uint8_t usb[] = {0x05, 0x77, 0xc5, 0xe5};
	static const uint8_t usb_device[] = {0x27, 0xf8, 0xf5, 0x0c};
	static const uint8_t usb_interface[] = {0xb1, 0x02, 0x47, 0x65};
	struct sysfs_device device = f407();
	struct sysfs_uevent event = {.action = "add", .group = SYSFS_GROUP_UDEV, .seqnum = 5};
	CLEANUP(buf_done) struct buf message = uevent_or_fail(&device, -1, &event);
	CLEANUP(buf_done) struct buf of_interface = uevent_or_fail(&device, 0, &event);
	struct reader header = reader_of(message.data, message.size);

	cr_expect_arr_eq(reader_take(&header, 8), "libudev", 8);
	cr_expect_eq(reader_be32(&header), 0xfeedcafe);
	cr_expect_eq(reader_le32(&header), 40);
	cr_expect_eq(reader_le32(&header), 40);
	cr_expect_eq(reader_le32(&header), message.size - 40);
	cr_expect_arr_eq(reader_take(&header, 4), usb, 4);
	cr_expect_arr_eq(reader_take(&header, 4), usb_device, 4);
	cr_expect_eq(reader_le64(&header), 0);
	cr_expect_arr_eq(of_interface.data + 24, usb, 4);
	cr_expect_arr_eq(of_interface.data + 28, usb_interface, 4);
}

Test(sysfs, udevs_message_adds_its_properties)
{
	struct sysfs_device device = f407();
	struct sysfs_uevent event = {.action = "add", .group = SYSFS_GROUP_UDEV, .seqnum = 5};
	CLEANUP(buf_done) struct buf message = uevent_or_fail(&device, -1, &event);

	expect_lines(message.data + 40, message.size - 40,
		"ACTION=add\nDEVPATH=/devices/platform/dfurig.0/usb1/1-3\nSUBSYSTEM=usb\n"
		"MAJOR=189\nMINOR=6\nDEVNAME=/dev/bus/usb/001/007\nDEVTYPE=usb_device\n"
		"PRODUCT=483/df11/2200\nTYPE=0/0/"
		"0\nBUSNUM=001\nDEVNUM=007\nUSEC_INITIALIZED=42\n" UDEV_PROPERTIES(
			"") "SEQNUM=5\n");
}

/* --- a device that lies --- */

struct lie_case {
	const char *name;
	size_t at;
	uint8_t value;
	size_t size; /* of the configuration, 0 = all of it */
};

Test(sysfs, broken_descriptors_are_shown_as_far_as_they_go)
{
	static const struct lie_case cases[] = {
		{"a descriptor of no length", 9, 0, 0},
		{"a descriptor of length 1", 18, 1, 0},
		{"a descriptor beyond the end", 27, 255, 0},
		{"more interfaces than there are", 4, 255, 0},
		{"no interface", 4, 0, 0},
		{"a cut configuration", 0, 9, 9},
		{"a cut interface", 0, 9, 14},
		{"a cut endpoint", 0, 9, 30},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sysfs_device device = f407();

		device.identity.config[cases[i].at] = cases[i].value;
		if (cases[i].size)
			device.identity.config_size = cases[i].size;
		CLEANUP(drop_tree) struct tree *tree = tree_with_or_fail(&device);

		cr_expect_not_null(find(tree, DIR "/serial"), "%s", cases[i].name);
		cr_expect_leq(
			sysfs_interface_count(&device), VUSB_INTERFACE_MAX, "%s", cases[i].name);
		sysfs_remove_device(tree, &device);
		cr_expect_null(find(tree, DIR), "%s", cases[i].name);
	}
}
