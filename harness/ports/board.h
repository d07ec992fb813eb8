/* SPDX-License-Identifier: MIT */
/*
 * A board as a test handles it: supply, pins, plug, and a second channel into its flash.
 * Implemented by the simulated board; a real one (relays and SWD) has the same socket.
 */
#ifndef DFURIG_PORTS_BOARD_H
#define DFURIG_PORTS_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

enum board_pin {
	BOARD_POWER, /* the board's own supply: VDD */
	BOARD_BOOT0, /* the PROGRAM button or jumper: high = ROM bootloader at the next reset */
	BOARD_NRST,  /* true = held in reset */
	BOARD_USB,   /* the cable: true = plugged in */
	BOARD_DATA,  /* the cable's data wires: false = a charge-only cable */
	BOARD_VBUS, /* 5 V on the host's port; a board that is fed over USB takes its VDD from here too */
	BOARD_PIN_COUNT,
};

enum board_mode {
	BOARD_OFF,      /* no power */
	BOARD_RESET,    /* held in reset, or starting up */
	BOARD_DFU,      /* in the ROM bootloader */
	BOARD_ECU,      /* rusEFI runs */
	BOARD_OPENBLT,  /* in the OpenBLT bootloader */
	BOARD_FIRMWARE, /* runs something else, of which only is known that it starts */
	BOARD_DEAD,     /* powered, but nothing that works: no USB */
	BOARD_MODE_COUNT,
};

struct board;

struct board_ops {
	/* 0 or negative errno (the rig's failure). Takes effect at once; what it causes may take time. */
	int (*set_pin)(struct board *board, enum board_pin pin, bool high, struct why *why);
	bool (*get_pin)(const struct board *board, enum board_pin pin);
	enum board_mode (*mode)(const struct board *board);

	/* The second channel: memory as it is, whatever the protection says. -EFAULT outside of the flash. */
	int (*read_flash)(struct board *board, uint32_t addr, uint8_t *ret_data, size_t size);
	int (*write_flash)(struct board *board, uint32_t addr, const uint8_t *data, size_t size);

	void (*free)(struct board *board);
};

struct board {
	const struct board_ops *ops;
	char name
		[64]; /* as in the board's file; unique in a rig ("f407-discovery", "f407-discovery-2") */
	uint32_t flash_addr;
	size_t flash_size; /* bytes */
};

#endif
