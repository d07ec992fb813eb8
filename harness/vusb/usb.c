/* SPDX-License-Identifier: MIT */
#include "harness/vusb/usb.h"

#include "harness/base/wire.h"

struct usb_setup usb_setup_decode(const uint8_t bytes[static USB_SETUP_SIZE])
{
	struct reader in = reader_of(bytes, USB_SETUP_SIZE);
	struct usb_setup setup;

	setup.bmRequestType = reader_u8(&in);
	setup.bRequest = reader_u8(&in);
	setup.wValue = reader_le16(&in);
	setup.wIndex = reader_le16(&in);
	setup.wLength = reader_le16(&in);
	return setup;
}

void usb_setup_encode(const struct usb_setup *setup, uint8_t ret_bytes[static USB_SETUP_SIZE])
{
	struct writer out = writer_of(ret_bytes, USB_SETUP_SIZE);

	writer_u8(&out, setup->bmRequestType);
	writer_u8(&out, setup->bRequest);
	writer_le16(&out, setup->wValue);
	writer_le16(&out, setup->wIndex);
	writer_le16(&out, setup->wLength);
}
