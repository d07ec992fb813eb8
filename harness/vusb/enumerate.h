/* SPDX-License-Identifier: MIT */
/*
 * What a host learns of a device when it is plugged in: the control requests of a Linux host, in its order.
 * Source: a trace of Linux 6.1 (usbmon, vhci) with a full-speed device; drivers/usb/core/hub.c, hub_port_init().
 */
#ifndef DFURIG_VUSB_ENUMERATE_H
#define DFURIG_VUSB_ENUMERATE_H

#include "harness/base/why.h"
#include "harness/vusb/bus.h"

/* 126 UTF-16 units of a string descriptor, three bytes of UTF-8 each at most, NUL. */
#define VUSB_TEXT_MAX 384

struct vusb_identity {
	uint8_t device[USB_DEVICE_SIZE];
	uint8_t config[VUSB_CONFIG_MAX];  /* the first configuration, the one that is set */
	size_t config_size;               /* bytes that came, perhaps fewer than wTotalLength */
	char manufacturer[VUSB_TEXT_MAX]; /* UTF-8; "" = none or not readable */
	char product[VUSB_TEXT_MAX];
	char serial[VUSB_TEXT_MAX];
};

/* Resets, addresses, reads and configures what is plugged in. Blocks on the bus's clock while the device NAKs (5 s
 * a request, as Linux). Not from inside an op, a tap or a ticker. 0; -ENODEV gone; or as vusb_port_control,
 * -EBADMSG for a descriptor that no host takes: the device stays plugged, but a host shows nothing of it. *ret is
 * changed on failure too. */
MUST_CHECK int vusb_enumerate(struct vusb_port *port, struct vusb_identity *ret, struct why *why);

/* The bytes of a string descriptor as UTF-8, cut to room (at least 1), always terminated. Believes the shorter of
 * bLength and size. Broken surrogates become U+FFFD, control characters are left out. Returns false when it is no
 * string descriptor. */
bool vusb_string_decode(const uint8_t *bytes, size_t size, char *ret_text, size_t room);

#endif
