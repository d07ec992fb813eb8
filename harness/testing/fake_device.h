/* SPDX-License-Identifier: MIT */
/*
 * The smallest USB device, for tests of what lies around it: two interfaces (0 with alternates 0 and 1, 1 with a bulk
 * endpoint pair), every answer as the test sets it.
 */
#ifndef DFURIG_TESTING_FAKE_DEVICE_H
#define DFURIG_TESTING_FAKE_DEVICE_H

#include "harness/vusb/device.h"

#define FAKE_VID      0x1209
#define FAKE_PID      0x0001
#define FAKE_BULK_IN  0x81
#define FAKE_BULK_OUT 0x01

struct fake_device {
	struct vusb_device device;

	/* How requests that the device layer leaves over end; ACK gives fake_byte in every byte asked for. */
	enum vusb_result control_result;
	enum vusb_result data_result;
	uint8_t fake_byte;
	uint64_t
		deadline_us; /* CLOCK_NEVER; when it passes, `ticked` counts and it is CLOCK_NEVER again */
	void (*on_control)(struct fake_device *fake); /* called before the answer, or NULL */
	void *user;

	struct usb_setup last_setup;
	uint8_t last_out[64];
	unsigned controls, datas, resets, ticked;
};

/* All ACK, byte 0xa5, no deadline. */
void fake_device_init(struct fake_device *fake);

#endif
