/* SPDX-License-Identifier: MIT */
/* Names of devices, from the descriptors of our boards (fixtures/golden) and of what has been made up. */
#include "simulators/windows/usb_ids.h"

#include "harness/base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of "configuration 0" in a golden file. */
static size_t golden_config(const char *name, uint8_t *ret, size_t room)
{
	CLEANUP(buf_done) struct buf text;
	char path[512], *at;
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/golden/descriptors-%s.txt", DFURIG_FIXTURES, name);
	buf_init(&text, 65536);
	cr_assert_eq(file_read(path, &text, NULL), 0, "%s", path);
	cr_assert_eq(buf_append(&text, "", 1), 0);
	at = strstr((char *)text.data, "configuration 0:");
	cr_assert(at);
	for (at = strchr(at, '\n');; size++) {
		char *end;
		unsigned long byte = strtoul(at, &end, 16);

		if (end == at)
			return size;
		cr_assert_lt(size, room);
		ret[size] = (uint8_t)byte;
		at = end;
	}
}

static void read_golden(const char *name, struct usb_functions *ret)
{
	uint8_t config[512];
	size_t size = golden_config(name, config, sizeof(config));

	usb_functions_read(config, size, ret);
}

static void expect_ids(const char *what, const char ids[][USB_ID], size_t count, const char *wanted)
{
	char all[8 * USB_ID] = "";

	for (size_t i = 0; i < count; i++)
		snprintf(
			all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "", ids[i]);
	cr_expect_str_eq(all, wanted, "%s", what);
}

Test(usb_ids, names_a_bootloader)
{
	const struct usb_host_entry entry = {.vid = 0x0483, .pid = 0xdf11, .bcd_device = 0x2200};
	struct usb_functions functions;
	struct usb_ids ids;

	read_golden("stm32f407xg-2200", &functions);
	cr_expect_not(functions.composite);
	cr_expect_eq(functions.count, 1);
	usb_ids_of_device(&entry, &functions, &ids);
	expect_ids("hardware", ids.hardware, ids.hardware_count,
		"USB\\VID_0483&PID_DF11&REV_2200 USB\\VID_0483&PID_DF11");
	expect_ids("compatible", ids.compatible, ids.compatible_count,
		"USB\\Class_FE&SubClass_01&Prot_02 USB\\Class_FE&SubClass_01 USB\\Class_FE");
}

Test(usb_ids, names_a_running_ecu_and_its_functions)
{
	const struct usb_host_entry entry = {.vid = 0x0483, .pid = 0x5740, .bcd_device = 0x0200};
	struct usb_functions functions;
	struct usb_ids ids;

	read_golden("rusefi-composite", &functions);
	cr_expect(functions.composite);
	cr_assert_eq(functions.count, 2);
	usb_ids_of_device(&entry, &functions, &ids);
	expect_ids("compatible", ids.compatible, ids.compatible_count,
		"USB\\DevClass_EF&SubClass_02&Prot_01 USB\\DevClass_EF&SubClass_02 "
		"USB\\DevClass_EF "
		"USB\\COMPOSITE");
	usb_ids_of_function(&entry, &functions.list[0], &ids);
	expect_ids("drive", ids.compatible, ids.compatible_count,
		"USB\\Class_08&SubClass_06&Prot_50 USB\\Class_08&SubClass_06 USB\\Class_08");
	usb_ids_of_function(&entry, &functions.list[1], &ids);
	expect_ids("port", ids.hardware, ids.hardware_count,
		"USB\\VID_0483&PID_5740&REV_0200&MI_01 USB\\VID_0483&PID_5740&MI_01");
	expect_ids("port", ids.compatible, ids.compatible_count,
		"USB\\Class_02&SubClass_02&Prot_01 USB\\Class_02&SubClass_02 USB\\Class_02");
}

Test(usb_ids, names_an_ecu_without_its_drive)
{
	struct usb_functions functions;

	read_golden("rusefi-port", &functions);
	cr_expect(functions.composite);
	cr_assert_eq(functions.count, 1);
	cr_assert_eq(functions.list[0].interface, 0);
}

Test(usb_ids, takes_interfaces_without_an_association_one_by_one)
{
	static const uint8_t config[] = {9, 2, 27, 0, 2, 1, 0, 0x80, 50, /* */
		9, 4, 0, 0, 0, 3, 1, 1, 0, 9, 4, 1, 0, 0, 8, 6, 0x50, 0};
	const struct usb_host_entry entry = {.vid = 1, .pid = 2, .bcd_device = 3};
	struct usb_functions functions;
	struct usb_ids ids;

	usb_functions_read(config, sizeof(config), &functions);
	cr_expect_eq(functions.count, 2);
	usb_ids_of_device(&entry, &functions, &ids);
	expect_ids("compatible", ids.compatible, ids.compatible_count,
		"USB\\DevClass_00&SubClass_00&Prot_00 USB\\DevClass_00&SubClass_00 "
		"USB\\DevClass_00 "
		"USB\\COMPOSITE");
	cr_assert_str_eq(ids.hardware[0], "USB\\VID_0001&PID_0002&REV_0003");
}

Test(usb_ids, believes_nothing_beyond_the_end)
{
	uint8_t config[512];
	size_t size = golden_config("rusefi-composite", config, sizeof(config));
	struct usb_functions functions;

	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *part = malloc(cut + 1); /* of its own, so that reading beyond is found */

		cr_assert(part);
		memcpy(part, config, cut);
		usb_functions_read(part, cut, &functions);
		cr_expect_leq(functions.count, 2);
		free(part);
	}
}

Test(usb_ids, stops_at_a_descriptor_without_a_size)
{
	static const uint8_t config[] = {9, 2, 27, 0, 1, 1, 0, 0x80, 50, 0, 4, 0, 0, 0, 3, 1, 1, 0};
	struct usb_functions functions;

	usb_functions_read(config, sizeof(config), &functions);
	cr_assert_eq(functions.count, 0);
}

Test(usb_ids, counts_no_more_functions_than_there_is_room_for)
{
	uint8_t config[9 + 20 * 9] = {9, 2, 0, 0, 20};
	struct usb_functions functions;

	for (size_t i = 0; i < 20; i++)
		memcpy(config + 9 + 9 * i, (uint8_t[]){9, 4, (uint8_t)i, 0, 0, 0xff, 0, 0, 0}, 9);
	usb_functions_read(config, sizeof(config), &functions);
	cr_assert_eq(functions.count, USB_FUNCTION_MAX);
}
