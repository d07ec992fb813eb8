/* SPDX-License-Identifier: MIT */
/*
 * The system that this process runs on: programs are processes, with its environment, so that below a mock they are below
 * it too. A program and all it starts in its process group end with its time limit, with itself, or with us.
 */
#ifndef DFURIG_HOST_HOST_OS_LINUX_H
#define DFURIG_HOST_HOST_OS_LINUX_H

#include "harness/ports/host_os.h"

/* usb and serial are borrowed for the system's life and may be NULL. NULL when out of memory. On the monotonic clock. */
struct host_os *host_os_linux_new(struct usb_host *usb, struct serial_host *serial);
void host_os_linux_free(struct host_os *os);

#endif
