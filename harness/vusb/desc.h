/* SPDX-License-Identifier: MIT */
/* Descriptors as a tree of const data, and the tree as the bytes of USB 2.0, 9.6. */
#ifndef DFURIG_VUSB_DESC_H
#define DFURIG_VUSB_DESC_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/wire.h"
#include "harness/vusb/usb.h"

struct vusb_endpoint_desc {
	uint8_t address;    /* with USB_DIR_IN */
	uint8_t attributes; /* 2 bulk, 3 interrupt */
	uint16_t max_packet;
	uint8_t interval;
};

/* One alternate setting. */
struct vusb_interface_desc {
	const uint8_t *before; /* descriptors right before it (an interface association), or NULL */
	size_t before_size;
	uint8_t number;
	uint8_t alternate;
	uint8_t class, subclass, protocol;
	uint8_t string; /* iInterface, 0 = none */
	const uint8_t
		*extra; /* class-specific descriptors between interface and endpoints, or NULL */
	size_t extra_size;
	const struct vusb_endpoint_desc *endpoints;
	uint8_t endpoint_count;
};

struct vusb_config_desc {
	uint8_t value;
	uint8_t string;
	uint8_t attributes;
	uint8_t max_power; /* units of 2 mA */
	const uint8_t *
		extra; /* descriptors right behind the header (an interface association), or NULL */
	size_t extra_size;
	const struct vusb_interface_desc *interfaces; /* in the order of the wire */
	uint8_t interface_count;                      /* entries, alternates counted each */
};

struct vusb_device_desc {
	enum usb_speed speed;
	uint16_t bcd_usb;
	uint8_t class, subclass, protocol;
	uint8_t max_packet0;
	uint16_t vid, pid;
	uint16_t bcd_device;
	uint8_t manufacturer, product, serial; /* string indexes */
	const struct vusb_config_desc *configs;
	uint8_t config_count;
};

/* Strings by index; text[0] is unused. ASCII or UTF-8 below U+10000. */
struct vusb_strings {
	const char *const *text; /* borrowed; NULL entries STALL */
	uint8_t count;           /* highest index + 1 */
};

/* Distinct interface numbers of a configuration (bNumInterfaces). */
uint8_t vusb_desc_interface_count(const struct vusb_config_desc *config);

void vusb_desc_write_device(const struct vusb_device_desc *desc, struct writer *out);
void vusb_desc_write_config(const struct vusb_config_desc *config, struct writer *out);
void vusb_desc_write_string(const char *text, struct writer *out);
void vusb_desc_write_langids(struct writer *out);

#endif
