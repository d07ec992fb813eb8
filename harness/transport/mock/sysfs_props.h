/* SPDX-License-Identifier: MIT */
/* Inside sysfs*.c: names, paths and properties of a device, which files and messages share. */
#ifndef DFURIG_TRANSPORT_MOCK_SYSFS_PROPS_H
#define DFURIG_TRANSPORT_MOCK_SYSFS_PROPS_H

#include "harness/transport/mock/sysfs.h"

#define SYSFS_NO_INTERFACE (-1)
#define SYSFS_USB_DRIVERS  "/sys/bus/usb/drivers"

/* The fields of descriptors that sysfs shows, as numbers. */
struct sysfs_device_fields {
	uint16_t bcd_usb, vid, pid, bcd_device;
	uint8_t class, subclass, protocol, max_packet0, config_count;
};

struct sysfs_config_fields {
	uint8_t interface_count, value, attributes, max_power;
};

struct sysfs_device_fields sysfs_device_fields(const struct sysfs_device *device);
struct sysfs_config_fields sysfs_config_fields(const struct sysfs_device *device);

/* Of the device's node. */
uint32_t sysfs_minor(const struct sysfs_device *device);

/* "/devices/platform/dfurig.0/usb1/1-3[/1-3:1.0]", as DEVPATH has it. */
void sysfs_path(const struct sysfs_device *device, int interface, char *ret, size_t room);
const char *sysfs_last_component(const char *path);

MUST_CHECK int sysfs_modalias(
	const struct sysfs_device *device, const uint8_t *interface, struct buf *out);

/* The name of the driver, or NULL. */
const char *sysfs_driver(const struct sysfs_device *device, int interface);

/* What the kernel puts into `uevent`, "\n" after each. driver: may be NULL; dev: what udev puts in front of the node's
 * name. */
MUST_CHECK int sysfs_kernel_properties(const struct sysfs_device *device, int interface,
	const char *driver, const char *dev, struct buf *out);

/* udev's ID_ properties, "\n" after each, `prefix` before; interfaces have none. */
MUST_CHECK int sysfs_udev_properties(
	const struct sysfs_device *device, int interface, const char *prefix, struct buf *out);

/* The same of what is shown below an interface: a tty. */
MUST_CHECK int sysfs_udev_child_properties(
	const struct sysfs_device *device, uint8_t interface, const char *prefix, struct buf *out);

/* ID_SERIAL and ID_PATH, from which udev makes names; each with room for SYSFS_ID_MAX. */
#define SYSFS_ID_MAX (3 * VUSB_TEXT_MAX)
void sysfs_id_serial(const struct sysfs_device *device, char ret[static SYSFS_ID_MAX]);
void sysfs_id_path(const struct sysfs_device *device, int interface, char ret[static SYSFS_ID_MAX]);

/* One text attribute below a folder, with the newline that sysfs ends it with. */
int sysfs_attribute(struct tree *tree, const char *dir, const char *name, const char *fmt, ...)
	PRINTF(4, 5);

/* dir/name -> target, an absolute path below /sys, by as many ".." as lead up to /sys: so are the links of sysfs. */
int sysfs_link(struct tree *tree, const char *dir, const char *name, const char *target);

/* --- ttys (sysfs_tty.c) --- */

void sysfs_tty_path(
	const struct sysfs_device *device, const struct sysfs_tty *tty, char *ret, size_t room);
MUST_CHECK int sysfs_tty_kernel_properties(
	const struct sysfs_tty *tty, const char *dev, struct buf *out);
MUST_CHECK int sysfs_tty_udev_properties(const struct sysfs_device *device,
	const struct sysfs_tty *tty, const char *prefix, struct buf *out);

/* "serial/by-id/..." and "serial/by-path/..." */
#define SYSFS_TTY_LINKS 2
void sysfs_tty_link(const struct sysfs_device *device, const struct sysfs_tty *tty,
	unsigned int which, char ret[static SYSFS_ID_MAX]);

#endif
