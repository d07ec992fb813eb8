/* SPDX-License-Identifier: MIT */
/* What a host sees of an F405/F407 ROM before any DFU request. Bytes and strings: lsusb log of a Discovery board in
 * dfu-util's device-logs; rusEFI dfu_java, F407usb.txt. */
#include "simulators/stm32/conformance_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int get_descriptor(struct rig *rig, uint8_t recipient, uint8_t type, uint8_t index,
	uint16_t langid, uint8_t *data, uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN | recipient,
		.bRequest = USB_GET_DESCRIPTOR,
		.wValue = (uint16_t)(type << 8 | index),
		.wIndex = langid,
		.wLength = size,
	};

	return rig_control(rig, setup, data);
}

static int standard_in(struct rig *rig, uint8_t recipient, uint8_t request, uint16_t index,
	uint8_t *data, int size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN | recipient,
		.bRequest = request,
		.wIndex = index,
		.wLength = (uint16_t)size,
	};

	return rig_control(rig, setup, data);
}

static int set_interface(struct rig *rig, uint16_t interface, uint16_t alternate)
{
	struct usb_setup setup = {
		.bmRequestType = USB_RECIPIENT_INTERFACE,
		.bRequest = USB_SET_INTERFACE,
		.wValue = alternate,
		.wIndex = interface,
	};

	return rig_control(rig, setup, NULL);
}

static const uint8_t device_bytes[18] = {0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04,
	0x11, 0xdf, 0x00, 0x22, 0x01, 0x02, 0x03, 0x01};

static const uint8_t config_bytes[54] = {
	0x09,
	0x02,
	0x36,
	0x00,
	0x01,
	0x01,
	0x00,
	0xc0,
	0x32,
	0x09,
	0x04,
	0x00,
	0x00,
	0x00,
	0xfe,
	0x01,
	0x02,
	0x04,
	0x09,
	0x04,
	0x00,
	0x01,
	0x00,
	0xfe,
	0x01,
	0x02,
	0x05,
	0x09,
	0x04,
	0x00,
	0x02,
	0x00,
	0xfe,
	0x01,
	0x02,
	0x06,
	0x09,
	0x04,
	0x00,
	0x03,
	0x00,
	0xfe,
	0x01,
	0x02,
	0x07,
	0x09,
	0x21,
	0x0b,
	0xff,
	0x00,
	0x00,
	0x08,
	0x1a,
	0x01,
};

Test(enumeration, the_device_descriptor_is_exact)
{
	struct rig rig;
	uint8_t bytes[64];

	rig_start(&rig, NULL);
	cr_assert_eq(get_descriptor(&rig, 0, USB_DESC_DEVICE, 0, 0, bytes, 64), 18);
	cr_expect_arr_eq(bytes, device_bytes, 18);
	rig_stop(&rig);
}

Test(enumeration, the_old_rom_differs_by_its_release_number_only)
{
	struct stm32_board_config config = rig_config();
	struct rig rig;
	uint8_t bytes[64], expected[18];

	memcpy(expected, device_bytes, 18);
	expected[13] = 0x21;
	config.rom_bcd_device = 0x2100;
	rig_start(&rig, &config);
	cr_assert_eq(get_descriptor(&rig, 0, USB_DESC_DEVICE, 0, 0, bytes, 64), 18);
	cr_expect_arr_eq(bytes, expected, 18);
	rig_stop(&rig);
}

Test(enumeration, the_configuration_is_exact_with_one_functional_descriptor_at_its_end)
{
	struct rig rig;
	uint8_t bytes[255];

	rig_start(&rig, NULL);
	cr_assert_eq(get_descriptor(&rig, 0, USB_DESC_CONFIG, 0, 0, bytes, 255), 54);
	cr_expect_arr_eq(bytes, config_bytes, 54);
	rig_stop(&rig);
}

Test(enumeration, short_reads_are_cut)
{
	static const uint16_t sizes[] = {1, 8, 9, 18, 53};
	struct rig rig;
	uint8_t bytes[64];

	rig_start(&rig, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint16_t device = sizes[i] < 18 ? sizes[i] : 18;

		cr_assert_eq(
			get_descriptor(&rig, 0, USB_DESC_DEVICE, 0, 0, bytes, sizes[i]), device);
		cr_expect_arr_eq(bytes, device_bytes, device);
		cr_assert_eq(
			get_descriptor(&rig, 0, USB_DESC_CONFIG, 0, 0, bytes, sizes[i]), sizes[i]);
		cr_expect_arr_eq(bytes, config_bytes, sizes[i]);
	}
	rig_stop(&rig);
}

static void expect_string(struct rig *rig, uint8_t index, const char *text)
{
	uint8_t bytes[255];
	size_t length = strlen(text);
	int n = get_descriptor(rig, 0, USB_DESC_STRING, index, USB_LANGID_EN_US, bytes, 255);

	cr_assert_eq(n, 2 + 2 * (int)length, "string %u: %d bytes", index, n);
	cr_expect_eq(bytes[0], n);
	cr_expect_eq(bytes[1], USB_DESC_STRING);
	for (size_t i = 0; i < length; i++) {
		cr_expect_eq(bytes[2 + 2 * i], text[i], "string %u, character %zu", index, i);
		cr_expect_eq(bytes[3 + 2 * i], 0);
	}
}

Test(enumeration, the_strings_are_exact_with_their_double_blanks)
{
	static const struct {
		uint16_t bcd_device;
		const char *text[8];
	} roms[] = {
		{0x2200, {NULL, "STMicroelectronics", "STM32  BOOTLOADER", RIG_SERIAL,
				 "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
				 "@Option Bytes  /0x1FFFC000/01*016 e",
				 "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
				 "@Device Feature/0xFFFF0000/01*004 e"}},
		{0x2100, {NULL, "STMicroelectronics", "STM32  BOOTLOADER", RIG_SERIAL,
				 "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
				 "@Option Bytes  /0x1FFFC000/01*016 g",
				 "@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
				 "@Device Feature/0xFFFF0000/01*004 g"}},
	};
	static const uint8_t langids[4] = {4, USB_DESC_STRING, 0x09, 0x04};
	uint8_t bytes[255];

	for (size_t i = 0; i < ARRAY_SIZE(roms); i++) {
		struct stm32_board_config config = rig_config();
		struct rig rig;

		config.rom_bcd_device = roms[i].bcd_device;
		rig_start(&rig, &config);
		cr_assert_eq(get_descriptor(&rig, 0, USB_DESC_STRING, 0, 0, bytes, 255), 4);
		cr_expect_arr_eq(bytes, langids, 4);
		for (uint8_t j = 1; j < 8; j++)
			expect_string(&rig, j, roms[i].text[j]);
		rig_stop(&rig);
	}
}

Test(enumeration, unknown_strings_stall)
{
	static const uint8_t unknown[] = {8, 9, 0x10, 0xee, 0xff}; /* 0xee: Microsoft's */
	struct rig rig;
	uint8_t bytes[255];

	rig_start(&rig, NULL);
	for (size_t i = 0; i < sizeof(unknown); i++)
		cr_expect_eq(
			get_descriptor(&rig, 0, USB_DESC_STRING, unknown[i], 0x0409, bytes, 255),
			-EPIPE, "%#x", unknown[i]);
	rig_stop(&rig);
}

/* The sums of panda's python/dfu.py; the second one gets 0x0A more. */
Test(enumeration, the_serial_number_comes_from_the_unique_id)
{
	static const struct {
		uint8_t uid[CHIP_UID_SIZE];
		const char *serial;
	} rows[] = {
		{{0}, "0000000A0000"},
		{{0x11, 0x11, 0x00, 0x31, 0x77, 0x77, 0x56, 0xb9, 0x85, 0x17, 0x5a, 0x00},
			"315A28A0B956"},
		{{0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x04, 0x00, 0x05, 0x00, 0x06, 0x00},
			"000800100004"},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
			"FFFE0008FFFF"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stm32_board_config config = rig_config();
		struct rig rig;

		memcpy(config.uid, rows[i].uid, CHIP_UID_SIZE);
		rig_start(&rig, &config);
		expect_string(&rig, 3, rows[i].serial);
		rig_stop(&rig);
	}
}

Test(enumeration, what_a_full_speed_usb_1_device_does_not_have_stalls)
{
	static const uint8_t types[] = {0, USB_DESC_INTERFACE, USB_DESC_ENDPOINT,
		USB_DESC_QUALIFIER, 7, USB_DESC_BOS, 0x22};
	struct rig rig;
	uint8_t bytes[64];

	rig_start(&rig, NULL);
	for (size_t i = 0; i < sizeof(types); i++)
		cr_expect_eq(get_descriptor(&rig, 0, types[i], 0, 0, bytes, 64), -EPIPE, "%#x",
			types[i]);
	cr_expect_eq(get_descriptor(&rig, 0, USB_DESC_CONFIG, 1, 0, bytes, 64), -EPIPE);
	cr_expect_eq(get_descriptor(&rig, 0, DFU_FUNCTIONAL_TYPE, 0, 0, bytes, 64), -EPIPE,
		"the functional descriptor is the interface's");
	rig_stop(&rig);
}

/* betaflight's configurator in a browser asks for it so, and gives up when it is refused; usbd_dfu.c answers. */
Test(enumeration, the_interface_gives_its_functional_descriptor_alone_too)
{
	const uint8_t *expected = config_bytes + sizeof(config_bytes) - DFU_FUNCTIONAL_SIZE;
	struct rig rig;
	uint8_t bytes[255];

	rig_start(&rig, NULL);
	for (int size = 0; size <= 255; size += 5) {
		int wanted = size < DFU_FUNCTIONAL_SIZE ? size : DFU_FUNCTIONAL_SIZE;

		cr_assert_eq(get_descriptor(&rig, USB_RECIPIENT_INTERFACE, DFU_FUNCTIONAL_TYPE, 0,
				     0, bytes, (uint16_t)size),
			wanted, "%d bytes asked for", size);
		cr_expect_arr_eq(bytes, expected, (size_t)wanted);
	}
	rig_stop(&rig);
}

Test(enumeration, the_device_is_self_powered_and_configured)
{
	struct rig rig;
	uint8_t bytes[2];

	rig_start(&rig, NULL);
	cr_assert_eq(standard_in(&rig, 0, USB_GET_STATUS, 0, bytes, 2), 2);
	cr_expect_eq(bytes[0], 1);
	cr_expect_eq(bytes[1], 0);
	cr_assert_eq(standard_in(&rig, 0, USB_GET_CONFIGURATION, 0, bytes, 1), 1);
	cr_expect_eq(bytes[0], 1);
	cr_assert_eq(standard_in(&rig, USB_RECIPIENT_INTERFACE, USB_GET_STATUS, 0, bytes, 2), 2);
	cr_expect_eq(bytes[0], 0);
	rig_stop(&rig);
}

Test(enumeration, the_four_alternate_settings_can_be_chosen_and_no_other)
{
	struct rig rig;
	uint8_t alternate;

	rig_start(&rig, NULL);
	for (uint16_t i = 0; i < 4; i++) {
		cr_assert_eq(set_interface(&rig, 0, i), 0);
		cr_assert_eq(standard_in(&rig, USB_RECIPIENT_INTERFACE, USB_GET_INTERFACE, 0,
				     &alternate, 1),
			1);
		cr_expect_eq(alternate, i);
	}
	cr_expect_eq(set_interface(&rig, 0, 4), -EPIPE);
	cr_expect_eq(set_interface(&rig, 1, 0), -EPIPE);
	cr_expect_eq(
		standard_in(&rig, USB_RECIPIENT_INTERFACE, USB_GET_INTERFACE, 1, &alternate, 1),
		-EPIPE);
	rig_stop(&rig);
}

/* dfu-util's page on DfuSe: the device may ignore the setting; the address decides. */
Test(enumeration, the_alternate_setting_neither_changes_the_dfu_state_nor_limits_the_address)
{
	const uint8_t data[4] = {1, 2, 3, 4};
	uint8_t back[4];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_set_address(&rig, FLASH);
	cr_assert_eq(set_interface(&rig, 0, 2), 0);
	cr_expect_eq(rig_getstate(&rig), DFU_DNLOAD_IDLE);
	rig_run_or_fail(&rig, 2, data, sizeof(data));
	rig_peek(&rig, FLASH, back, sizeof(back));
	cr_expect_arr_eq(back, data, sizeof(data));
	rig_stop(&rig);
}

Test(enumeration, requests_that_are_not_dfu_stall)
{
	static const struct usb_setup setups[] = {
		{.bmRequestType = 0x21, .bRequest = 7},                  /* beyond DFU_ABORT */
		{.bmRequestType = 0xa1, .bRequest = 0xff, .wLength = 4}, /* likewise */
		{.bmRequestType = 0x20, .bRequest = DFU_ABORT},          /* to the device */
		{.bmRequestType = 0x21, .bRequest = DFU_ABORT, .wIndex = 1},
		{.bmRequestType = 0xa2, .bRequest = DFU_GETSTATUS, .wLength = 6},
		{.bmRequestType = 0x21, .bRequest = DFU_GETSTATUS},            /* wrong way */
		{.bmRequestType = 0xa1, .bRequest = DFU_DNLOAD, .wLength = 4}, /* wrong way */
		{.bmRequestType = 0xc0, .bRequest = 0xee, .wIndex = 4, .wLength = 16},
		{.bmRequestType = 0x00, .bRequest = USB_SET_DESCRIPTOR},
		{.bmRequestType = 0x00, .bRequest = USB_SET_FEATURE, .wValue = 1},
	};
	struct rig rig;
	uint8_t bytes[16];

	rig_start_idle(&rig, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(setups); i++)
		cr_expect_eq(rig_control(&rig, setups[i], bytes), -EPIPE, "row %zu", i);
	cr_expect_eq(rig_getstate(&rig), DFU_IDLE);
	rig_stop(&rig);
}

static int append_hex(struct buf *out, const char *label, const uint8_t *bytes, int size)
{
	int err = buf_printf(out, "%s:", label);

	for (int i = 0; !err && i < size; i++)
		err = buf_printf(out, "%s%02x", i % 18 ? " " : "\n\t", bytes[i]);
	return err ? err : buf_printf(out, "\n");
}

static void dump_descriptors(const char *chip, uint16_t bcd_device, const char *golden)
{
	struct stm32_board_config config = rig_config();
	struct rig rig;
	uint8_t bytes[255];
	char label[16];
	struct buf out;
	int n;

	config.chip = chip;
	config.rom_bcd_device = bcd_device;
	rig_start(&rig, &config);
	buf_init(&out, 100000);
	n = get_descriptor(&rig, 0, USB_DESC_DEVICE, 0, 0, bytes, 255);
	cr_assert_eq(append_hex(&out, "device", bytes, n), 0);
	n = get_descriptor(&rig, 0, USB_DESC_CONFIG, 0, 0, bytes, 255);
	cr_assert_eq(append_hex(&out, "configuration 0", bytes, n), 0);
	for (uint8_t i = 0; i < 8; i++) {
		n = get_descriptor(&rig, 0, USB_DESC_STRING, i, i ? 0x0409 : 0, bytes, 255);
		snprintf(label, sizeof(label), "string %u", i);
		cr_assert_eq(append_hex(&out, label, bytes, n), 0);
	}
	rig_golden(golden, &out);
	buf_done(&out);
	rig_stop(&rig);
}

Test(enumeration, the_descriptors_are_the_golden_ones)
{
	dump_descriptors("stm32f407xg", 0x2200, "descriptors-stm32f407xg-2200.txt");
	dump_descriptors("stm32f407xg", 0x2100, "descriptors-stm32f407xg-2100.txt");
	dump_descriptors("stm32f767xi", 0x2200, "descriptors-stm32f767xi-2200.txt");
}

static void dump_rules(const char *name, const char *golden)
{
	const struct chip *chip = chip_find(name);
	struct dfu_rules rules;
	struct buf out;

	dfu_rules_init(&rules);
	dfu_rules_apply(&rules, chip->dfu.rules);
	buf_init(&out, 100000);
	cr_assert_eq(dfu_rules_dump(&rules, &out), 0);
	rig_golden(golden, &out);
	buf_done(&out);
}

Test(enumeration, the_rules_are_the_golden_ones)
{
	dump_rules("stm32f407xg", "rules-stm32f407xg.txt");
	dump_rules("stm32f767xi", "rules-stm32f767xi.txt");
}

Test(enumeration, two_boards_have_the_same_name_and_their_own_serial_and_path)
{
	struct stm32_board_config config = rig_config();
	struct usb_host_entry entries[2];
	struct board *second;
	struct rig rig;
	size_t count;

	rig_start(&rig, NULL);
	config.name = "board-2";
	config.uid[6]++;
	cr_assert_eq(
		stm32_board_new(&config, rig.bus, vusb_bus_port(rig.bus, 3), &second, NULL), 0);
	second->ops->set_pin(second, BOARD_BOOT0, true, NULL);
	second->ops->set_pin(second, BOARD_POWER, true, NULL);
	rig_wait_ms(&rig, 1000);
	cr_assert_eq(rig.host->ops->list(rig.host, entries, 2, &count, NULL), 0);
	cr_assert_eq(count, 2);
	cr_expect_eq(entries[0].vid, 0x0483);
	cr_expect_eq(entries[0].pid, 0xdf11);
	cr_expect_eq(entries[1].vid, 0x0483);
	cr_expect_eq(entries[1].pid, 0xdf11);
	cr_expect_str_eq(entries[0].product, entries[1].product);
	cr_expect_str_eq(entries[0].serial, RIG_SERIAL);
	cr_expect_str_eq(entries[1].serial, "315A28A0B957");
	cr_expect_str_neq(entries[0].path, entries[1].path);
	second->ops->free(second);
	rig_stop(&rig);
}
