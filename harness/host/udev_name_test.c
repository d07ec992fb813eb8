/* SPDX-License-Identifier: MIT */
#include "harness/host/udev_name.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define PREFIX "/dev/serial/by-id/usb-"

static const struct {
	const char *manufacturer, *product, *serial;
	uint8_t interface;
	const char *link;
} cases[] = {
	{"rusEFI LLC", "rusEFI Engine Management ECU", "0123456789ABCDEF01234567", 1,
		PREFIX "rusEFI_LLC_rusEFI_Engine_Management_ECU_0123456789ABCDEF01234567-if01"},
	{"FTDI", "FT232R USB UART", "A50285BI", 0, PREFIX "FTDI_FT232R_USB_UART_A50285BI-if00"},
	{"", "", "", 0, PREFIX "0483_5740-if00"},
	{"  A  B ", "C\tD", "", 16, PREFIX "A_B_C_D-if10"},
	{"A&B/(C)", "x#+-.:=@_y", "1", 0, PREFIX "A_B__C__x#+-.:=@_y_1-if00"},
	{"\xc3\xa9", "\xff!", "1", 0, PREFIX "\xc3\xa9____1-if00"},
	{"A", "B", "12,3", 0, PREFIX "A_B-if00"},
};

Test(udev_name, links_are_as_udev_makes_them)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct usb_host_entry entry = {.vid = 0x0483, .pid = 0x5740};
		char link[256];

		snprintf(entry.manufacturer, sizeof(entry.manufacturer), "%s",
			cases[i].manufacturer);
		snprintf(entry.product, sizeof(entry.product), "%s", cases[i].product);
		snprintf(entry.serial, sizeof(entry.serial), "%s", cases[i].serial);
		cr_expect_str_eq(udev_serial_link(&entry, cases[i].interface, link, sizeof(link)),
			cases[i].link, "%s", link);
	}
}

Test(udev_name, a_link_that_does_not_fit_is_none)
{
	struct usb_host_entry entry = {.vid = 0x0483, .pid = 0x5740};
	char link[37];

	cr_expect_str_eq(udev_serial_link(&entry, 0, link, sizeof(link)), PREFIX "0483_5740-if00");
	cr_expect_str_eq(udev_serial_link(&entry, 0, link, sizeof(link) - 1), "");
}
