/* SPDX-License-Identifier: MIT */
/* How udev names a USB serial port: the link in /dev/serial/by-id. */
#ifndef DFURIG_HOST_UDEV_NAME_H
#define DFURIG_HOST_UDEV_NAME_H

#include "harness/ports/usb_host.h"

/* "/dev/serial/by-id/usb-<manufacturer>_<product>[_<serial>]-if<NN>", cut to room, or "" when it would not fit. As
 * [systemd rules.d/60-serial.rules] with ID_SERIAL of [systemd src/udev/udev-builtin-usb_id.c]: numbers in place of texts
 * that the device does not have, blanks as one underscore each run, other characters that are not allowed as an
 * underscore. */
const char *udev_serial_link(
	const struct usb_host_entry *device, uint8_t interface, char *out, size_t room);

#endif
