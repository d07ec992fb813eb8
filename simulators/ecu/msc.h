/* SPDX-License-Identifier: MIT */
/*
 * Mass storage: the bulk-only transport and the SCSI commands of rusEFI's drives, read-only.
 *
 * rusEFI never STALLs here: a command that has nothing for a host that waits for data ends the data with a packet of
 * no bytes, and what is no command is ignored. Not here: the 10 s after which rusEFI gives up a data phase that the
 * host has abandoned; a reset by the host ends it too. Sources: rusEFI's mass_storage_device.cpp (2026) and
 * ChibiOS-Contrib's lib_scsi.c; USB Mass Storage Class, Bulk-Only Transport 1.0.
 */
#ifndef DFURIG_ECU_MSC_H
#define DFURIG_ECU_MSC_H

#include <stdint.h>

#include "harness/vusb/device.h"

#define MSC_SECTOR   512u
#define MSC_UNIT_MAX 2

/* A logical unit. */
struct msc_unit {
	const char *vendor;  /* up to 8 characters; borrowed */
	const char *product; /* up to 16; borrowed */
	uint32_t sectors;    /* 0 = no medium */
	/* Computes a sector of MSC_SECTOR bytes; not called without a medium. */
	void (*read)(void *user, uint32_t sector, uint8_t *ret_data);
	void *user;
};

enum msc_phase {
	MSC_COMMAND, /* waits for a command block wrapper */
	MSC_DATA_IN,
	MSC_DATA_OUT, /* takes data, and throws them away */
	MSC_STATUS,   /* a command status wrapper is due */
};

struct msc_sense {
	uint8_t key, code;
};

struct msc {
	struct vusb_device
		*device; /* borrowed: whose endpoints these are; kicked when a phase changes */
	struct msc_unit units[MSC_UNIT_MAX];
	uint8_t unit_count;
	struct msc_sense sense[MSC_UNIT_MAX];

	enum msc_phase phase;
	uint32_t tag;
	uint32_t expected; /* bytes that the host wants to move */
	bool expects_in;
	bool failed;
	uint64_t moved; /* bytes of the data phase so far, */
	uint64_t total; /* and of all of it */
	uint8_t unit;
	uint8_t answer[40]; /* the data, when they are no sectors */
	bool sectors;
	uint32_t sector; /* the first */
};

/* units are copied. */
void msc_init(
	struct msc *msc, struct vusb_device *device, const struct msc_unit *units, uint8_t count);

/* After a bus reset. */
void msc_reset(struct msc *msc);

/* For cdc_acm_ops. endpoint: with USB_DIR_IN. */
enum vusb_result msc_data(struct msc *msc, uint8_t endpoint, uint8_t *data, size_t *size);
enum vusb_result msc_control(
	struct msc *msc, const struct usb_setup *setup, uint8_t *data, size_t *size);

#endif
