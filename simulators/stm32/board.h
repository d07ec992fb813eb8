/* SPDX-License-Identifier: MIT */
/*
 * A simulated board: an STM32, its supply, BOOT0, NRST and its USB socket, on a port of a vusb_bus.
 *
 * What runs after a reset is decided from BOOT0, the read protection and the content of flash and RAM, by nothing else:
 *
 *     no VDD                                                 BOARD_OFF
 *     NRST held, or starting up                              BOARD_RESET
 *     BOOT0 high at the end of the reset, not RDP level 2    BOARD_DFU, the ROM bootloader (F7: where the option
 *                                                            bytes lead to, for BOOT0 low too)
 *     no vector table that this chip can start from          BOARD_DEAD
 *     the code that it leads to is erased                    BOARD_DEAD
 *     a loader knows the program at the flash's start        what the program says: BOARD_ECU, BOARD_OPENBLT
 *     a loader knows it, but it is damaged                   BOARD_DEAD
 *     no loader knows it                                     BOARD_FIRMWARE: it runs, and has no device here
 *
 * The same holds for a jump, without BOOT0; a jump into system memory starts the ROM. That is how firmware enters DFU: it
 * leaves a word in RAM, which survives a reset but not the loss of power, and the next start looks at it.
 */
#ifndef DFURIG_STM32_BOARD_H
#define DFURIG_STM32_BOARD_H

#include <stdint.h>

#include "harness/ports/board.h"
#include "harness/vusb/bus.h"
#include "simulators/stm32/program.h"
#include "simulators/stm32/rom_dfu.h"

/* Somebody who wants to tell a person what the board does. Both are called in the middle of things: they must not touch the
 * board. */
struct stm32_board_observer {
	/* reason: of BOARD_DEAD, else NULL. */
	void (*mode)(
		struct stm32_board_observer *observer, enum board_mode mode, const char *reason);
	void (*program)(struct stm32_board_observer *observer, enum program_fact_kind kind,
		uint32_t size, const char *text);
	/* The firmware resets the chip; for the ROM's resets see rom_observer. */
	void (*reset)(struct stm32_board_observer *observer, enum reset_cause cause);
};

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

	bool usb_powered; /* VDD comes from the cable's VBUS too; such a board begins unplugged */
	/* What it can run; tried in order. NULL-terminated, borrowed for the board's life; NULL = none. */
	const struct program_loader *const *loaders;
	struct fault_plan *faults; /* borrowed for the board's life; NULL = none */

	/* Told what the ROM does, and what firmware does to the flash. Borrowed for the board's life, or NULL. */
	struct rom_observer *observer;
	struct stm32_board_observer *board_observer; /* borrowed for the board's life, or NULL */
};

/* A board without power, its cable plugged in, BOOT0 and NRST let go. bus and port (empty) are borrowed for the board's
 * life. *ret is owned by the caller (ops->free). 0; -EINVAL (config makes no sense), -ENOMEM. */
MUST_CHECK int stm32_board_new(const struct stm32_board_config *config, struct vusb_bus *bus,
	struct vusb_port *port, struct board **ret, struct why *why);

/* VDD dips below the brown-out level and is back at once: the chip resets (RESET_POWER: a brown-out sets PORRSTF too,
 * RM0090 RCC_CSR), an operation in hand is torn, RAM keeps most of its content with some wrong bits, from the seed. Without
 * power nothing happens. 0. */
MUST_CHECK int stm32_board_brown_out(struct board *board, struct why *why);

/* The chip's memory, for presets (read and write protection, OTP) and checks. Borrowed until the board is freed. */
struct memory *stm32_board_memory(struct board *board);

/* Why it is BOARD_DEAD, for people; NULL in other modes. */
const char *stm32_board_dead_text(const struct board *board);

/* Bytes that the board takes now, heap included. */
size_t stm32_board_footprint(const struct board *board);

#endif
