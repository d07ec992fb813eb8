/* SPDX-License-Identifier: MIT */
/* The parts of the table of causes, and what their texts have in common. Private to this folder. */
#ifndef DFURIG_TRIAGE_ROWS_H
#define DFURIG_TRIAGE_ROWS_H

#include "harness/triage/triage.h"

struct triage_rows {
	const struct triage_row *rows;
	size_t count;
};

#define TRIAGE_ROWS(array)                                                                         \
	{                                                                                          \
		.rows = (array), .count = ARRAY_SIZE(array)                                        \
	}

extern const struct triage_rows triage_rows_machine;
extern const struct triage_rows triage_rows_nothing;
extern const struct triage_rows triage_rows_dfu;
extern const struct triage_rows triage_rows_ecu;
extern const struct triage_rows triage_rows_tool;

#define HOLD_PROGRAM "unplug the board, hold PROGRAM (BOOT0), plug it in, let go after a second"
#define FLASH_AGAIN                                                                                \
	"flash the whole firmware again from the bootloader: dfu-util -a 0 -d 0483:df11 "          \
	"-s 0x08000000:leave -D rusefi.bin"

#endif
