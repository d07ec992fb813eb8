/* SPDX-License-Identifier: MIT */
/* For the tests of this folder: a bus on virtual time with a small DFU device, and a temporary file. */
#ifndef DFURIG_REPORT_REPORT_FIXTURE_TEST_H
#define DFURIG_REPORT_REPORT_FIXTURE_TEST_H

#include "harness/base/clock.h"
#include "harness/vusb/bus.h"

#define FIXTURE_WALL_US 1767225600000000 /* 2026-01-01 00:00:00 UTC */

struct temp_dir;

struct fixture {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port; /* number 1 */
	struct vusb_device
		device; /* 0483:df11, interface class FE/01/02 with a functional descriptor */
	uint8_t state;  /* of DFU */
	enum vusb_result next; /* what the next class request ends with, once; ACK = as it should */
	struct temp_dir *dir;
	const char *path; /* of a file in dir, not there yet */
};

/* The device is not plugged in yet. */
void fixture_init(struct fixture *fixture);
void fixture_done(struct fixture *fixture);

/* One control transfer that ends at once; size = wLength. Returns bytes moved or -1. */
int fixture_control(struct fixture *fixture, struct usb_setup setup, void *data);

/* Enumerates as far as a dissector needs it: device, configuration, strings, SET_CONFIGURATION. */
void fixture_enumerate(struct fixture *fixture);

/* A DFU class request to interface 0. Returns bytes moved or -1. */
int fixture_dfu(
	struct fixture *fixture, uint8_t request, uint16_t value, void *data, uint16_t size);

#endif
