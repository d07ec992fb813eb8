/* SPDX-License-Identifier: MIT */
/*
 * The names that Windows gives a USB device and the functions of a composite one: hardware IDs, compatible IDs.
 *
 * Source: Microsoft, "Standard USB Identifiers", "Enumeration of USB Composite Devices" (interface collections, IAD).
 */
#ifndef DFURIG_WINDOWS_USB_IDS_H
#define DFURIG_WINDOWS_USB_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/ports/usb_host.h"

#define USB_ID           64
#define USB_FUNCTION_MAX 8

/* Most specific first. */
struct usb_ids {
	char hardware[2][USB_ID];
	size_t hardware_count;
	char compatible[4][USB_ID];
	size_t compatible_count;
};

/* One function: an interface, or the interfaces of an interface association. */
struct usb_function {
	uint8_t interface; /* the first one's number */
	uint8_t class, subclass, protocol;
};

struct usb_functions {
	struct usb_function list[USB_FUNCTION_MAX];
	size_t count;
	bool composite; /* more than one interface: Windows' generic parent driver takes it apart */
	bool associated; /* interface associations in it, so the device's class is EF/02/01 */
};

/* From the bytes of a configuration; nothing is believed beyond size. */
void usb_functions_read(const uint8_t *config, size_t size, struct usb_functions *ret);

void usb_ids_of_device(const struct usb_host_entry *entry, const struct usb_functions *functions,
	struct usb_ids *ret);
void usb_ids_of_function(const struct usb_host_entry *entry, const struct usb_function *function,
	struct usb_ids *ret);

#endif
