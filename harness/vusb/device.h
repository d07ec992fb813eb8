/* SPDX-License-Identifier: MIT */
/*
 * A USB device: descriptors as data, behaviour as ops.
 *
 * A device does no I/O and never waits. What takes time is a NAK (until nak_until_us, or until the device kicks the
 * endpoint) or a class's own "busy" answer; deadline_us says when it wants its next tick. The bus sets now_us before
 * it calls any op. Standard requests (USB 2.0, 9.4) are answered here; an op sees what is left.
 */
#ifndef DFURIG_VUSB_DEVICE_H
#define DFURIG_VUSB_DEVICE_H

#include "harness/base/clock.h"
#include "harness/vusb/desc.h"
#include "harness/vusb/usb.h"

#define VUSB_INTERFACE_MAX 8
#define VUSB_CONFIG_MAX    512 /* bytes of the largest configuration descriptor */

/* How one transfer ends, or that it has not. */
enum vusb_result {
	VUSB_ACK,       /* done, `actual` bytes moved */
	VUSB_NAK,       /* not now: the transfer stays pending */
	VUSB_STALL,     /* refused */
	VUSB_GONE,      /* the device was unplugged */
	VUSB_CANCELLED, /* the host took it back */
	VUSB_BABBLE,    /* the device sent more than was asked for */
	VUSB_ERROR,     /* nothing sensible on the wire (CRC, time-out of the hardware) */
	VUSB_RESULT_COUNT,
};

struct vusb_device;
struct vusb_port;

struct vusb_device_ops {
	const char *name;

	/* Bus reset, after address, configuration and alternates were cleared. Optional. */
	void (*reset)(struct vusb_device *device);

	/* A control request that is not answered by the descriptors: class, vendor, other standard ones. OUT: *size
	 * bytes at data came. IN: data has room for setup->wLength; set *size to what was answered. ACK, STALL or
	 * NAK. */
	enum vusb_result (*control)(struct vusb_device *device, const struct usb_setup *setup,
		uint8_t *data, size_t *size);

	/* Bulk and interrupt; endpoint with USB_DIR_IN. As control. Optional: without it all is STALLed. */
	enum vusb_result (*data)(
		struct vusb_device *device, uint8_t endpoint, uint8_t *data, size_t *size);

	/* Called when deadline_us has passed. Optional, both or none; CLOCK_NEVER for "no deadline". */
	void (*tick)(struct vusb_device *device);
	uint64_t (*deadline_us)(const struct vusb_device *device);
};

struct vusb_device {
	const struct vusb_device_ops *ops;   /* borrowed */
	const struct vusb_device_desc *desc; /* borrowed */
	struct vusb_strings strings;         /* borrowed */
	struct vusb_port *port;              /* where it is plugged, or NULL; set by the bus */
	uint64_t now_us;                     /* set by the bus */
	uint64_t nak_until_us;               /* every endpoint NAKs before; a device sets it */
	uint8_t address;                     /* 0 until SET_ADDRESS */
	uint8_t configuration;               /* 0 until SET_CONFIGURATION */
	uint8_t alternate[VUSB_INTERFACE_MAX];
	uint32_t halted; /* bit per endpoint: number, +16 for IN */
};

/* Fields that the bus sets are zeroed; everything is borrowed for the life of the device. */
void vusb_device_init(struct vusb_device *device, const struct vusb_device_ops *ops,
	const struct vusb_device_desc *desc, struct vusb_strings strings);

/* Address, configuration, alternates and halts as after a bus reset, then ops->reset. */
void vusb_device_reset(struct vusb_device *device);

/* One control transfer as vusb_device_ops.control, standard requests included. *size never exceeds wLength after an
 * IN. */
enum vusb_result vusb_device_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size);

/* One bulk or interrupt transfer. */
enum vusb_result vusb_device_data(
	struct vusb_device *device, uint8_t endpoint, uint8_t *data, size_t *size);

/* The next time at which a tick or a retry makes sense, or CLOCK_NEVER. */
uint64_t vusb_device_deadline_us(const struct vusb_device *device);

/* The configuration that is set, or the first one. */
const struct vusb_config_desc *vusb_device_config(const struct vusb_device *device);

const char *vusb_result_text(enum vusb_result result);

#endif
