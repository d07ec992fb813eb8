/* SPDX-License-Identifier: MIT */
/*
 * The root hub of the virtual host controller, as Linux shows one at full speed: a USB device on a bus of its own,
 * so that `lsusb -v` and `lsusb -t` find what they look for. It only reports; it switches nothing.
 * Source: USB 2.0, chapter 11; drivers/usb/core/hcd.c (usb11_rh_dev_descriptor, fs_rh_config_descriptor).
 */
#ifndef DFURIG_TRANSPORT_MOCK_ROOT_HUB_H
#define DFURIG_TRANSPORT_MOCK_ROOT_HUB_H

#include "harness/vusb/bus.h"

struct root_hub;

/* bus: whose ports it reports; borrowed. NULL: out of memory. */
struct root_hub *root_hub_new(struct vusb_bus *bus);
void root_hub_free(struct root_hub *hub);

/* The port of its own bus that it is plugged into, for the life of the hub. */
struct vusb_port *root_hub_port(struct root_hub *hub);

#endif
