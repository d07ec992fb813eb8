/* SPDX-License-Identifier: MIT */
/*
 * The option bytes: what is programmed (`stored`) and what the chip works by (`loaded`, taken over at reset).
 *
 * A change is an erase of all of them and then programming [PM0059]; between the two they are 0xFF, which reads as
 * RDP level 1. Complements: the F4 bootloader's area shows none, the F7's does (chip_options.row_size); the chip makes
 * them itself whenever it programs (guessed), and nothing looks at them.
 */
#ifndef DFURIG_STM32_OPTIONS_H
#define DFURIG_STM32_OPTIONS_H

#include <stdint.h>

#include "harness/base/attr.h"
#include "simulators/stm32/chip.h"

#define OPTIONS_MAX   64   /* bytes */
#define OPTIONS_RDP_0 0xaa /* the RDP byte of level 0 */
#define OPTIONS_RDP_2 0xcc /* of level 2; every other value is level 1 */

enum options_level {
	OPTIONS_OPEN,           /* RDP level 0 */
	OPTIONS_READ_PROTECTED, /* level 1 */
	OPTIONS_SEALED,         /* level 2: for ever, and the ROM bootloader does not start */
	OPTIONS_LEVEL_COUNT,
};

struct options {
	const struct chip_options *chip; /* borrowed */
	uint8_t stored[OPTIONS_MAX];
	uint8_t loaded[OPTIONS_MAX];
};

/* As ST ships the chip. */
void options_init(struct options *options, const struct chip_options *chip);

/* Reset: stored becomes loaded. */
void options_load(struct options *options);

/* The read protection in force. */
enum options_level options_level(const struct options *options);

/* How the flash is organised: `usual`, or chip->dual. */
const struct chip_flash *options_flash(
	const struct options *options, const struct chip_flash *usual);

/* Where the chip starts, with BOOT0 low or high: as chip_boot says, aliases resolved. *ret_lost (may be NULL): the
 * option bytes lead to no memory, and it is the fallback [RM0410 2.6, from memory]. */
uint32_t options_boot_address(
	const struct options *options, const struct chip *chip, bool boot0, bool *ret_lost);

/* The sectors that are write-protected, bit 0 = sector 0. */
uint32_t options_write_protected(const struct options *options);

/* The two halves of a change; data holds chip->range.size bytes. Bits that are reserved keep what `loaded` says.
 * Neither does anything at level 2. */
void options_erase(struct options *options);
void options_program(struct options *options, const uint8_t *data);

/* A fault: one bit of what was programmed is wrong. */
void options_flip(struct options *options, uint64_t bit);

/* What a chip has before a test begins: in force at once. */
void options_preset_byte(struct options *options, uint8_t offset, uint8_t value);
/* A value by its name in the chip's row, whatever the case of its letters, with "-" for "_": "ndbank", "boot-add0".
 * 0; -ENOENT: the chip has none of this name; -ERANGE: it has not so many bits. */
MUST_CHECK int options_preset(struct options *options, const char *name, uint32_t value);
/* The value in force, by the same name; -ENOENT. */
MUST_CHECK int options_value(const struct options *options, const char *name, uint32_t *ret);
void options_preset_erased(struct options *options); /* all 0xff */
void options_preset_rdp(struct options *options, uint8_t rdp);
void options_preset_write_protected(struct options *options, uint32_t sectors);

#endif
