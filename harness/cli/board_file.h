/* SPDX-License-Identifier: MIT */
/*
 * Boards as data: fixtures/boards/<name>.yaml.
 *
 *     name: f407-discovery        as the file; lower-case letters, digits, "-"
 *     title: STM32F4 Discovery    for people
 *     chip: stm32f407xg           a row of simulators/stm32/chips.c
 *     rom: 0x2200                 bcdDevice of the ROM bootloader
 *     uid: 57002700033556b93f283331   24 hex digits, the unique ID as it lies in memory; the USB serial number comes from it
 *     parallelism: x32            optional: x8, x16, x32 or x64, what the supply allows; without it as the ROM starts
 *     source: ...                 where all this is known from
 */
#ifndef DFURIG_CLI_BOARD_FILE_H
#define DFURIG_CLI_BOARD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/cli/data_files.h"
#include "simulators/stm32/board.h"
#include "simulators/stm32/chip.h"

#define BOARD_FILE_NAME     DATA_NAME /* with NUL; leaves room for "-2" in struct board */
#define BOARD_INSTANCE_NAME 64

struct board_file {
	char name
		[BOARD_INSTANCE_NAME]; /* "f407-discovery"; of the second in a rig "f407-discovery-2" */
	char title[96];
	char source[1024];
	const struct chip *chip;    /* borrowed, for ever */
	const struct chip_rom *rom; /* borrowed, for ever */
	uint8_t uid[CHIP_UID_SIZE];
	bool has_width;
	enum chip_width width; /* when has_width */
};

/* Reads a board from memory; path is for messages only. Returns 0; -EBADMSG for what is no board, with "path:line:
 * key: what to do" in why; -ENOMEM. *ret is untouched on failure. */
MUST_CHECK int board_file_parse(const char *path, const uint8_t *data, size_t size,
	struct board_file *ret, struct why *why);

/* Loads a board by name, or by path when it contains "/" or ends in ".yaml". Returns as
 * board_file_parse and data_file_read. */
MUST_CHECK int board_file_load(const char *name, struct board_file *ret, struct why *why);

/* The n-th board (from 1) of a kind in one rig. The first is the file's own; others get "-2", "-3" ... at the name,
 * and n - 1 added to the first half-word of the UID (on a real chip the X coordinate on the wafer), so that serial
 * numbers that come from the UID differ up to 65,536 boards. */
struct board_file board_file_instance(const struct board_file *board, unsigned int n);

/* The fields of a simulated board's configuration that the file knows; the others are zero. Borrows from board. */
struct stm32_board_config board_file_config(const struct board_file *board);

#endif
