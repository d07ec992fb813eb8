/* SPDX-License-Identifier: MIT */
/* Numbers of the USB 2.0 specification, chapter 9, and the setup packet (9.3). */
#ifndef DFURIG_VUSB_USB_H
#define DFURIG_VUSB_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_DIR_IN       0x80 /* in bmRequestType and in endpoint addresses */
#define USB_SETUP_SIZE   8
#define USB_LANGID_EN_US 0x0409
#define USB_STRING_MAX   255 /* bytes of a string descriptor */
#define USB_DEVICE_SIZE  18
#define USB_CONFIG_SIZE  9
#define USB_SELF_POWERED 0x40 /* configuration bmAttributes */
#define USB_CLASS_DFU    0xfe /* application specific, with subclass 1 */
#define USB_SUBCLASS_DFU 0x01
#define USB_PROTOCOL_DFU 0x02 /* DFU mode, not run time */

enum usb_request_type { /* bmRequestType bits 6..5 */
	USB_TYPE_STANDARD = 0x00,
	USB_TYPE_CLASS = 0x20,
	USB_TYPE_VENDOR = 0x40,
	USB_TYPE_MASK = 0x60,
};

enum usb_recipient { /* bmRequestType bits 4..0 */
	USB_RECIPIENT_DEVICE = 0,
	USB_RECIPIENT_INTERFACE = 1,
	USB_RECIPIENT_ENDPOINT = 2,
	USB_RECIPIENT_MASK = 0x1f,
};

enum usb_standard_request {
	USB_GET_STATUS = 0,
	USB_CLEAR_FEATURE = 1,
	USB_SET_FEATURE = 3,
	USB_SET_ADDRESS = 5,
	USB_GET_DESCRIPTOR = 6,
	USB_SET_DESCRIPTOR = 7,
	USB_GET_CONFIGURATION = 8,
	USB_SET_CONFIGURATION = 9,
	USB_GET_INTERFACE = 10,
	USB_SET_INTERFACE = 11,
};

enum usb_feature {
	USB_FEATURE_ENDPOINT_HALT = 0,
};

enum usb_descriptor_type {
	USB_DESC_DEVICE = 1,
	USB_DESC_CONFIG = 2,
	USB_DESC_STRING = 3,
	USB_DESC_INTERFACE = 4,
	USB_DESC_ENDPOINT = 5,
	USB_DESC_QUALIFIER = 6,
	USB_DESC_BOS = 15,
};

enum usb_speed { /* the kernel's numbers, which USB/IP shares */
	USB_SPEED_LOW = 1,
	USB_SPEED_FULL = 2,
	USB_SPEED_HIGH = 3,
};

struct usb_setup {
	uint8_t bmRequestType;
	uint8_t bRequest;
	uint16_t wValue;
	uint16_t wIndex;
	uint16_t wLength;
};

struct usb_setup usb_setup_decode(const uint8_t bytes[static USB_SETUP_SIZE]);
void usb_setup_encode(const struct usb_setup *setup, uint8_t ret_bytes[static USB_SETUP_SIZE]);

static inline bool usb_setup_is_in(const struct usb_setup *setup)
{
	return setup->bmRequestType & USB_DIR_IN;
}

#endif
