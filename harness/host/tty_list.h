/* SPDX-License-Identifier: MIT */
/* The ttys of USB devices as Linux' sysfs and udev's links show them. */
#ifndef DFURIG_HOST_TTY_LIST_H
#define DFURIG_HOST_TTY_LIST_H

#include "harness/ports/serial_host.h"

/* root: what is in front of /sys and /dev, "" for the system's own. Fills at most room entries, sorted by name; *ret_count
 * says how many there are. 0 (also when there is no sysfs), -ENOMEM, or what reading a folder gave. */
MUST_CHECK int tty_list(
	const char *root, struct serial_port_entry *ret_entries, size_t room, size_t *ret_count);

#endif
