/* SPDX-License-Identifier: MIT */
/* A Windows with a USB host of which the test says what is plugged in. */
#ifndef DFURIG_WINDOWS_WINDOWS_RIG_TEST_H
#define DFURIG_WINDOWS_WINDOWS_RIG_TEST_H

#include <stdbool.h>

#include "simulators/windows/windows.h"

#define RIG_PORTS   8
#define RIG_DEVICES 32

struct rig_plug {
	struct usb_host_entry entry; /* devnum 0: nothing there */
	const uint8_t *config;
	size_t config_size;
};

struct windows_rig {
	struct virtual_clock clock;
	struct usb_host usb;
	struct rig_plug ports[RIG_PORTS];
	uint8_t last_devnum;
	int list_error;
	struct windows *windows;
	struct pnp *pnp;
	struct pnp_device devices[RIG_DEVICES];
	size_t count;
};

/* A board in its bootloader, one that runs rusEFI with its drive, and one that runs it without. */
#define RIG_DFU    "STM32  BOOTLOADER"
#define RIG_ECU    "rusEFI Engine Management ECU"
#define SERIAL     "315A28A0B956"
#define OTHER      "204A36865246"
#define ECU_SERIAL "2B00A10F1251383933343635"

void rig_init(struct windows_rig *rig);
void rig_done(struct windows_rig *rig);

void rig_plug_dfu(struct windows_rig *rig, size_t port, const char *serial);
void rig_plug_ecu(struct windows_rig *rig, size_t port, bool with_drive);
void rig_unplug(struct windows_rig *rig, size_t port);

/* Makes fixtures/drivers/<name>.inf available. */
void rig_source(struct windows_rig *rig, const char *name);

/* rig_source, then add_driver by an administrator. */
void rig_add(struct windows_rig *rig, const char *name, bool install);

/* Asks for the devices; the one with this in its instance. NULL: there is none. */
const struct pnp_device *rig_device(struct windows_rig *rig, const char *instance);

/* What there is: "caption|problem|service|inf". */
const char *rig_state(struct windows_rig *rig, const char *instance);

/* The published name of a package. "": not in the store. */
const char *rig_published(struct windows_rig *rig, const char *name);

#endif
