/* SPDX-License-Identifier: MIT */
/* A host through libusb-1.0: real devices, or what the mock shows to this process. On the machine's monotonic clock. */
#ifndef DFURIG_HOST_USB_HOST_LIBUSB_H
#define DFURIG_HOST_USB_HOST_LIBUSB_H

#include "harness/ports/usb_host.h"

/* NULL when libusb cannot start (why says so). Close all handles before the host is freed. Listing opens each
 * device for a moment, to read its strings; one that may not be opened is listed without them. */
struct usb_host *usb_host_libusb_new(struct why *why);
void usb_host_libusb_free(struct usb_host *host);

#endif
