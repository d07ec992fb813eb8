/* SPDX-License-Identifier: MIT */
/* For the tests of this folder: a simulated F407 in DFU, the client, and a tap that spoils what it wants. */
#ifndef DFURIG_HOST_DFUSE_RIG_TEST_H
#define DFURIG_HOST_DFUSE_RIG_TEST_H

#include "harness/host/dfuse_client.h"
#include "harness/testing/spoil_tap.h"
#include "harness/testing/usb_rig.h"
#include "simulators/stm32/board.h"

#define FLASH        0x08000000u
#define FLASH_SIZE   (1024u * 1024u)
#define OPTION_BYTES 0x1fffc000u
#define SECTORS      12

struct dfuse_rig {
	struct usb_rig usb;
	struct board *board;
	struct memory *memory;
	struct usb_host_entry entry;
	struct dfuse_client client; /* open */
	struct spoil_tap spoil;
	struct why why;
	struct dfuse_result result;

	/* What the chip did. */
	struct rom_observer observer;
	unsigned erased[SECTORS], mass_erased;
	size_t programmed; /* bytes */

	/* What the progress said. */
	struct dfuse_progress last;
	unsigned phases[DFUSE_PHASE_COUNT]; /* calls */
	bool went_back;                     /* or beyond its total */
};

/* A board in its ROM's fresh state at this pace, and the client on it. CLEANUP(dfuse_rig_done) on it. */
void dfuse_rig_init(struct dfuse_rig *rig, enum rom_pace pace);
void dfuse_rig_done(struct dfuse_rig *rig);

/* dfuse_update of size bytes at addr; 0 or negative errno, the sentence in rig->why. */
int dfuse_rig_update(struct dfuse_rig *rig, uint32_t addr, const uint8_t *data, size_t size,
	const struct dfuse_options *options);

/* Fails the test unless the flash holds the bytes there and is erased everywhere else. */
void dfuse_rig_expect_flash(struct dfuse_rig *rig, uint32_t addr, const uint8_t *data, size_t size);

uint64_t dfuse_rig_now_us(const struct dfuse_rig *rig);

/* Bytes that differ from place to place, none 0xff. */
void dfuse_rig_pattern(uint8_t *data, size_t size);

#endif
