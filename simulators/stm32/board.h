/* SPDX-License-Identifier: MIT */
/*
 * A simulated board: an STM32, its supply, BOOT0, NRST and its USB socket, on a port of a vusb_bus.
 *
 * What runs after a reset is decided from BOOT0, the read protection and the content of the flash. The ROM
 * bootloader is a device on the port; firmware is only known to run (BOARD_FIRMWARE), it has no device here.
 */
#ifndef DFURIG_STM32_BOARD_H
#define DFURIG_STM32_BOARD_H

#include <stdint.h>

#include "harness/ports/board.h"
#include "harness/vusb/bus.h"
#include "simulators/stm32/rom_dfu.h"

struct stm32_board_config {
	const char *name;        /* copied; shorter than the name in struct board */
	const char *chip;        /* "stm32f407xg" */
	uint16_t rom_bcd_device; /* the ROM's revision; 0 = the chip's newest */
	uint8_t uid[CHIP_UID_SIZE];
	/* Flash width that the ROM works with from each reset on; NULL = as the chip's ROM starts. Copied. */
	const enum chip_width *width;
	enum rom_pace
		pace; /* fast: flash and start-up take no time that a host would have to wait for */
	bool worst_times; /* the data sheet's maxima in place of the typical times */
	uint64_t seed;    /* for what power cuts leave behind */

	/* What is in flash from its start on; NULL = erased. Copied. */
	const uint8_t *flash;
	size_t flash_size;

	struct rom_observer *observer; /* borrowed for the board's life, or NULL */
};

/* A board without power, its cable plugged in, BOOT0 and NRST let go. bus and port (empty) are borrowed for the board's
 * life. *ret is owned by the caller (ops->free). 0; -EINVAL (config makes no sense), -ENOMEM. */
MUST_CHECK int stm32_board_new(const struct stm32_board_config *config, struct vusb_bus *bus,
	struct vusb_port *port, struct board **ret, struct why *why);

/* The chip's memory, for presets (read and write protection, OTP) and checks. Borrowed until the board is freed. */
struct memory *stm32_board_memory(struct board *board);

/* Bytes that the board takes now, heap included. */
size_t stm32_board_footprint(const struct board *board);

#endif
