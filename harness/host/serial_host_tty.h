/* SPDX-License-Identifier: MIT */
/*
 * Serial ports of the system that this process runs on, or of a mock around it: the ttys of USB devices, on the monotonic
 * clock. Other ttys are not listed, but open by their name.
 */
#ifndef DFURIG_HOST_SERIAL_HOST_TTY_H
#define DFURIG_HOST_SERIAL_HOST_TTY_H

#include "harness/ports/serial_host.h"

/* root: folder that holds sys and dev/serial/by-id, copied; "" = the system's own, else for tests. NULL when out of memory.
 * Close all ports before the host is freed. */
struct serial_host *serial_host_tty_new(const char *root);
void serial_host_tty_free(struct serial_host *host);

#endif
