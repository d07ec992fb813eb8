/* SPDX-License-Identifier: MIT */
/*
 * A host in-process: the devices of a vusb_bus, without any operating system between, on the bus's clock.
 *
 * On a virtual clock a wait takes no time: the clock jumps from one deadline of the bus to the next. The host's own
 * clock (host->clock) is the bus's clock with the bus alive behind it: sleeping on it lets boards start and devices
 * leave.
 */
#ifndef DFURIG_HOST_USB_HOST_DIRECT_H
#define DFURIG_HOST_USB_HOST_DIRECT_H

#include "harness/ports/usb_host.h"
#include "harness/vusb/bus.h"

/* bus is borrowed for the life of the host. Devices are enumerated once per plug, when they are first listed. NULL
 * when out of memory. Close all handles before the host is freed, and free the host before the bus. */
struct usb_host *usb_host_direct_new(struct vusb_bus *bus);

/* Without permission devices are listed, their texts as well (Linux has those from the kernel), but not opened: -EACCES. */
void usb_host_direct_set_permission(struct usb_host *host, bool allowed);

void usb_host_direct_free(struct usb_host *host);

/* The program that uses the host is dead: nothing that it still does reaches a device, and time passes for it alone. false: the
 * next program may use the host. */
void usb_host_direct_set_dead(struct usb_host *host, bool dead);

/* A kernel driver takes the DFU interfaces of all devices, so that nobody else can claim them; NULL: none does. Borrowed
 * until the next call. */
void usb_host_direct_set_kernel_driver(struct usb_host *host, const char *name);

#endif
