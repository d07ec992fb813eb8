/* SPDX-License-Identifier: MIT */
/*
 * rusEFI's drive: a small read-only volume with the .ini of the firmware that runs, and the slot of an SD card that
 * is empty.
 *
 * A real ECU has the .ini in a zip archive; here it is plain text, and holds what the simulated ECU's protocol needs,
 * not the thousands of lines of a real one. Source: rusEFI's mass_storage_init.cpp and create_ini_image.sh.
 */
#ifndef DFURIG_ECU_MSC_INI_DRIVE_H
#define DFURIG_ECU_MSC_INI_DRIVE_H

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "simulators/ecu/fat.h"
#include "simulators/ecu/msc.h"
#include "simulators/firmware/firmware.h"

struct msc_ini_drive {
	struct msc msc; /* for cdc_acm_ops: msc_data, msc_control, msc_reset */
	struct fat fat;
	struct buf ini, readme;
};

/* device: whose mass storage this is; borrowed. The struct must not move. 0, -ENOMEM, -ENOSPC; msc_ini_drive_done is
 * needed after both. */
MUST_CHECK int msc_ini_drive_init(
	struct msc_ini_drive *drive, struct vusb_device *device, const struct firmware *firmware);
void msc_ini_drive_done(struct msc_ini_drive *drive);

#endif
