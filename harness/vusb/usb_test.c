/* SPDX-License-Identifier: MIT */
#include "harness/vusb/usb.h"

#include <criterion/criterion.h>
#include <string.h>

Test(usb, a_setup_packet_is_eight_bytes_little_endian)
{
	static const uint8_t golden[] = {0x80, 0x06, 0x02, 0x03, 0x09, 0x04, 0xff, 0x00};
	struct usb_setup setup = usb_setup_decode(golden);
	uint8_t bytes[USB_SETUP_SIZE];

	cr_expect_eq(setup.bmRequestType, USB_DIR_IN);
	cr_expect_eq(setup.bRequest, USB_GET_DESCRIPTOR);
	cr_expect_eq(setup.wValue, 0x0302);
	cr_expect_eq(setup.wIndex, USB_LANGID_EN_US);
	cr_expect_eq(setup.wLength, 255);
	cr_expect(usb_setup_is_in(&setup));
	usb_setup_encode(&setup, bytes);
	cr_expect_eq(memcmp(bytes, golden, sizeof(golden)), 0);
}
