/* SPDX-License-Identifier: MIT */
/*
 * Plug and Play as a test wants it: each of ST's bootloaders that the USB host lists is a device with what the test says of
 * its driver. What is done to it is written down, and changes nothing.
 */
#ifndef DFURIG_TESTING_FAKE_PNP_H
#define DFURIG_TESTING_FAKE_PNP_H

#include "harness/ports/pnp.h"
#include "harness/ports/usb_host.h"

#define FAKE_PNP_DRIVERS 2

/* What Windows says of a bootloader. */
struct fake_driver {
	const char *caption, *service, *inf;
	enum pnp_route route;
	uint32_t problem;
};

extern const struct fake_driver fake_driver_new; /* WinUSB, "STM32  BOOTLOADER" */
extern const struct fake_driver fake_driver_old; /* STTub30, "STM Device in DFU Mode" */

struct fake_pnp {
	struct pnp pnp;
	struct usb_host *usb; /* borrowed */
	const struct fake_driver
		*drivers[FAKE_PNP_DRIVERS]; /* of the first bootloader, of all others */
	char did[160]; /* the last change that was asked for: "add st-bootloader install elevated" */
	int answer;    /* to changes */
};

/* All have the newer driver. usb is borrowed for the fake's life. */
void fake_pnp_init(struct fake_pnp *fake, struct usb_host *usb);

#endif
