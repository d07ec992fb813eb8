/* SPDX-License-Identifier: MIT */
/*
 * How a client reaches USB devices: in-process on virtual time, or through libusb.
 *
 * A host gives a list of what is plugged in; a device is opened from its entry. All calls block, on the host's clock.
 */
#ifndef DFURIG_PORTS_USB_HOST_H
#define DFURIG_PORTS_USB_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/why.h"
#include "harness/vusb/usb.h"

#define USB_HOST_TEXT 128

/* One device that is plugged in. */
struct usb_host_entry {
	char path[32]; /* "1-1.4": bus and ports, the same after re-enumeration on the same port */
	uint8_t bus, devnum;
	uint16_t vid, pid, bcd_device;
	char manufacturer[USB_HOST_TEXT]; /* "" = none or not readable */
	char product[USB_HOST_TEXT];
	char serial[USB_HOST_TEXT];
	void *cookie; /* the host's own */
};

struct usb_host;
struct usb_handle;

struct usb_host_ops {
	const char *name;

	/* Fills at most room entries; *ret_count says how many there are. 0 or negative errno. */
	int (*list)(struct usb_host *host, struct usb_host_entry *ret_entries, size_t room,
		size_t *ret_count, struct why *why);

	/* *ret is owned by the caller (handle->ops->close). -ENODEV gone, -EACCES not allowed. */
	int (*open)(struct usb_host *host, const struct usb_host_entry *entry,
		struct usb_handle **ret, struct why *why);
};

struct usb_host {
	const struct usb_host_ops *ops;
	struct clock *clock; /* borrowed; what time-outs and waits are measured on */
};

struct usb_handle_ops {
	/* One control transfer; data holds wLength bytes. Returns the bytes moved, or -EPIPE (STALL), -ETIMEDOUT,
	 * -ENODEV, -EOVERFLOW (babble), -EPROTO, -EIO. */
	int (*control)(struct usb_handle *handle, const struct usb_setup *setup, uint8_t *data,
		uint32_t timeout_ms);

	/* Bytes of the active configuration, cut to room. Returns their number or negative errno. */
	int (*config)(struct usb_handle *handle, uint8_t *ret_bytes, size_t room);

	/* 0, -EBUSY (somebody else), -ENODEV, -ENOENT. */
	int (*claim)(struct usb_handle *handle, uint8_t interface);
	int (*set_alternate)(struct usb_handle *handle, uint8_t interface, uint8_t alternate);

	/* The name of the kernel driver that has the interface. 0; -ENODATA none; other: it cannot be told. Optional (NULL). */
	int (*driver)(struct usb_handle *handle, uint8_t interface, char *ret, size_t room);

	/* Bus reset. 0; -ENODEV: the device is not there any more, or came back as another. */
	int (*reset)(struct usb_handle *handle);

	void (*close)(struct usb_handle *handle);
};

struct usb_handle {
	const struct usb_handle_ops *ops;
	struct usb_host *host; /* borrowed */
};

#endif
