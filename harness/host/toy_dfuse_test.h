/* SPDX-License-Identifier: MIT */
/* A DfuSe device of a test's own making: any transfer size, any layouts, one memory behind all of them, never busy. */
#ifndef DFURIG_HOST_TOY_DFUSE_TEST_H
#define DFURIG_HOST_TOY_DFUSE_TEST_H

#include "harness/dfu/dfu.h"
#include "harness/vusb/device.h"

#define TOY_ADDR 0x08000000u
#define TOY_SIZE (2048u * 1024u)

struct toy_config {
	uint16_t transfer_size;
	const char *layouts[2]; /* of the alternates; the second may be NULL */
};

struct toy_dfuse {
	struct vusb_device device;
	uint8_t *memory; /* owned; TOY_SIZE bytes at TOY_ADDR */
	enum dfu_state state;
	uint32_t pointer;
	unsigned set_addresses, erases;
	unsigned written_alternates, read_alternates; /* bit per alternate */

	struct toy_config config;
	struct vusb_device_desc desc;
	struct vusb_config_desc config_desc;
	struct vusb_interface_desc interfaces[2];
	uint8_t functional[DFU_FUNCTIONAL_SIZE];
	const char *strings[3];
};

void toy_dfuse_init_or_fail(struct toy_dfuse *toy, const struct toy_config *config);
void toy_dfuse_done(struct toy_dfuse *toy);

#endif
