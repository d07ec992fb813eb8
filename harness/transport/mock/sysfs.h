/* SPDX-License-Identifier: MIT */
/*
 * A USB device as Linux shows it: /sys, /dev/bus/usb, /run/udev/data, and the hotplug messages.
 * Sources: Documentation/ABI/{stable,testing}/sysfs-bus-usb; drivers/usb/core/{sysfs,endpoint,driver}.c of Linux 6.1;
 * systemd's udev-builtin-usb_id for the ID_ properties; sd-device's monitor header for the udev group.
 */
#ifndef DFURIG_TRANSPORT_MOCK_SYSFS_H
#define DFURIG_TRANSPORT_MOCK_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/transport/mock/tree.h"
#include "harness/vusb/enumerate.h"

#define SYSFS_BUS_NUMBER 1
#define SYSFS_USB_MAJOR  189
#define SYSFS_CONTROLLER "/devices/platform/dfurig.0"

struct sysfs_device {
	struct vusb_identity identity;
	uint8_t devnum;
	uint8_t port;     /* 0 = the root hub */
	uint8_t maxchild; /* ports of a hub */
	/* iInterface of each interface's first alternate, "" = none. */
	char interface_text[VUSB_INTERFACE_MAX][VUSB_TEXT_MAX];
	const char *driver[VUSB_INTERFACE_MAX]; /* of the interfaces, NULL = none */
	uint64_t plugged_us;
};

#define SYSFS_TTY_MAJOR 166

/* The serial port that cdc_acm makes of two interfaces. */
struct sysfs_tty {
	uint8_t interface; /* the control interface, below which it is shown */
	uint8_t minor;
	uint8_t capabilities; /* bmCapabilities, an attribute of the interface */
};

/* "usb1" or "1-3"; ret holds 16 bytes. */
void sysfs_name(const struct sysfs_device *device, char ret[static 16]);

/* "/dev/bus/usb/001/005"; ret holds 32 bytes. */
void sysfs_node(const struct sysfs_device *device, char ret[static 32]);

/* The folders and files that are there with no device. */
MUST_CHECK int sysfs_add_skeleton(struct tree *tree);
MUST_CHECK int sysfs_add_device(struct tree *tree, const struct sysfs_device *device);
void sysfs_remove_device(struct tree *tree, const struct sysfs_device *device);

/* Alternate setting and configuration are what programs read back after they changed them. -ENOENT: no such alternate. */
MUST_CHECK int sysfs_set_alternate(
	struct tree *tree, const struct sysfs_device *device, uint8_t interface, uint8_t alternate);
MUST_CHECK int sysfs_set_configured(
	struct tree *tree, const struct sysfs_device *device, bool configured);

/* The permission bits of the device's node; 0666 when it is added. */
MUST_CHECK int sysfs_set_node_mode(
	struct tree *tree, const struct sysfs_device *device, unsigned int mode);

/* A driver has taken an interface, device->driver says which, or has let go of it (NULL). */
MUST_CHECK int sysfs_set_driver(
	struct tree *tree, const struct sysfs_device *device, uint8_t interface);

/* "ttyACM0", "/dev/ttyACM0" */
void sysfs_tty_name(const struct sysfs_tty *tty, char ret[static 16]);
void sysfs_tty_node(const struct sysfs_tty *tty, char ret[static 32]);
MUST_CHECK int sysfs_add_tty(
	struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty);
void sysfs_remove_tty(
	struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty);

/* The descriptor of an alternate setting (9 bytes and what follows), borrowed from the identity; NULL: none. */
const uint8_t *sysfs_find_alternate(
	const struct sysfs_device *device, uint8_t number, uint8_t alternate);

enum sysfs_group { /* netlink multicast groups */
	SYSFS_GROUP_KERNEL = 1,
	SYSFS_GROUP_UDEV = 2,
};

struct sysfs_uevent {
	const char *action; /* "add", "bind", "unbind", "remove" */
	enum sysfs_group group;
	uint64_t seqnum;
};

/* Appends one hotplug message of the device, or of its interface number `interface` (-1: the device itself). */
MUST_CHECK int sysfs_uevent(const struct sysfs_device *device, int interface,
	const struct sysfs_uevent *event, struct buf *out);

/* The same for the tty of a device. */
MUST_CHECK int sysfs_tty_uevent(const struct sysfs_device *device, const struct sysfs_tty *tty,
	const struct sysfs_uevent *event, struct buf *out);

/* How often sysfs_uevent has to be called for all of a device: 1 + its interfaces. */
uint8_t sysfs_interface_count(const struct sysfs_device *device);

#endif
