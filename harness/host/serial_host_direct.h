/* SPDX-License-Identifier: MIT */
/*
 * Serial ports in-process: Linux' cdc_acm driver and udev's names, over a vusb_bus and on its clock.
 *
 * A device with a CDC-ACM interface is /dev/ttyACM<n>: the lowest number that is free when it is plugged in. A number is
 * free again when its device has left and nobody has the port open any more. What is sent is what Linux sends:
 * SET_LINE_CODING, SET_CONTROL_LINE_STATE, and bulk IN transfers that stay pending while a port is open.
 * Source: Linux 6.1 drivers/usb/class/cdc-acm.c, and a trace of it.
 */
#ifndef DFURIG_HOST_SERIAL_HOST_DIRECT_H
#define DFURIG_HOST_SERIAL_HOST_DIRECT_H

#include <stdbool.h>

#include "harness/ports/serial_host.h"
#include "harness/ports/usb_host.h"
#include "harness/vusb/bus.h"

/* bus and usb are borrowed for the life of the host. usb is a host of that bus; it enumerates, and only what it lists has
 * a port. The host's clock is usb's. NULL when out of memory. Close all ports before the host is freed, and free
 * the host before usb and bus. */
struct serial_host *serial_host_direct_new(struct vusb_bus *bus, struct usb_host *usb);
void serial_host_direct_free(struct serial_host *host);

/* Another program has all ports open: opening one is -EBUSY. Who has one open keeps it. */
void serial_host_direct_set_held(struct serial_host *host, bool held);

/* As usb_host_direct_set_dead. */
void serial_host_direct_set_dead(struct serial_host *host, bool dead);

/* A service opens each port that appears, for itself and so long: opening it is -EBUSY until then. 0: none does. */
void serial_host_direct_set_prober(struct serial_host *host, uint64_t for_us);

/* Devices that are plugged in from now on get numbers that were never used. */
void serial_host_direct_set_new_numbers(struct serial_host *host, bool new_numbers);

#endif
