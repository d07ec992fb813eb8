/* SPDX-License-Identifier: MIT */
/* A bus on virtual time with the in-process host on it, and straight lines for tests that use them. */
#ifndef DFURIG_TESTING_USB_RIG_H
#define DFURIG_TESTING_USB_RIG_H

#include "harness/base/clock.h"
#include "harness/ports/usb_host.h"
#include "harness/vusb/bus.h"

#define USB_RIG_PORTS 4

struct usb_rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct usb_host *host;
};

/* CLEANUP(usb_rig_done) on it. */
void usb_rig_init_or_fail(struct usb_rig *rig);
void usb_rig_done(struct usb_rig *rig);

/* Plugs a device into port number (from 1). */
void usb_rig_plug(struct usb_rig *rig, uint8_t number, struct vusb_device *device);

/* How many devices the host lists; the first goes to *ret_first (or NULL). */
size_t usb_rig_list_or_fail(struct usb_rig *rig, struct usb_host_entry *ret_first);

/* Opens the only device that is listed. CLEANUP(usb_rig_close) on it. */
struct usb_handle *usb_rig_open_or_fail(struct usb_rig *rig);
void usb_rig_close(struct usb_handle **handle);

#endif
