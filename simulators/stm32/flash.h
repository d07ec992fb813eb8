/* SPDX-License-Identifier: MIT */
/*
 * The flash array: what its bytes are, and how long the chip takes to change them.
 *
 * Everything here is immediate; time, protection by RDP and the operation in hand are memory.h's. A sector takes
 * memory once it has been programmed.
 */
#ifndef DFURIG_STM32_FLASH_H
#define DFURIG_STM32_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/rng.h"
#include "simulators/stm32/chip.h"

struct flash {
	const struct chip_flash *chip; /* borrowed */
	uint8_t **sectors;             /* owned; sector_count entries, NULL = erased, never used */
	uint8_t **
		unstable; /* owned; as sectors: bits that read as they like (see flash_tear), NULL = none */
	uint8_t *pages; /* owned; one a KiB of flash: what its memory holds */
	size_t taken;   /* bytes that the sectors take now */
};

/* Erased. 0 or -ENOMEM; flash_done is needed only after 0. */
MUST_CHECK int flash_init(struct flash *flash, const struct chip_flash *chip);
void flash_done(struct flash *flash);

/* The content as a second channel shows it: an unstable bit always has the value that it was left with.
 * addr and size must lie in the flash, here and below (chip_range_holds). */
void flash_read(const struct flash *flash, uint32_t addr, uint8_t *ret_data, size_t size);

/* The same as the chip reads it: unstable bits come from rng. */
void flash_sense(
	const struct flash *flash, uint32_t addr, uint8_t *ret_data, size_t size, struct rng *rng);

/* Takes the memory that programming this data will need, so that flash_program cannot fail. 0 or -ENOMEM. */
MUST_CHECK int flash_reserve(struct flash *flash, uint32_t addr, const uint8_t *data, size_t size);

/* Programs: new content = old AND data [RM0090]. Bits of `locked` (bit 0 = sector 0) leave their sector as it is,
 * silently. An unstable bit that is programmed to 0 is stable; at one that is to stay 1 nothing is done. The memory was
 * taken by flash_reserve, with nothing erased since. */
void flash_program(
	struct flash *flash, uint32_t addr, const uint8_t *data, size_t size, uint32_t locked);

/* Erases one sector to 0xFF. */
void flash_erase(struct flash *flash, uint16_t sector);
void flash_erase_all(struct flash *flash);

/* Inverts one bit, counted from addr on. Its memory was taken by flash_reserve, or by anything that was there. */
void flash_flip(struct flash *flash, uint32_t addr, uint64_t bit);

#define FLASH_TEAR_STEPS 16

/*
 * Leaves a sector as an erase that was broken off may, after `step` of FLASH_TEAR_STEPS of its time: of the bits that were 0
 * the part f = step / FLASH_TEAR_STEPS has changed; of these again the part f is erased, and the others are unstable. They
 * read as they like until the sector is erased anew or they are programmed. Guessed: RM0090 says only that the content is not
 * guaranteed; that bits read differently from time to time is known of flash cells that are between the levels. The same rng
 * gives the same content. Without memory for it (of the rig) nothing is unstable.
 */
void flash_tear(struct flash *flash, uint16_t sector, uint32_t step, struct rng *rng);

/*
 * Another organisation of the same array (chip_options.dual). The bytes stay at their addresses, or, with `mixed`, are as a
 * real chip shows them that was programmed in the other organisation: in one bank each line of 32 bytes lies half in each
 * bank, in two they lie one behind the other. Guessed from the widths that AN4826 names; every other 16 bytes 0xFF: ST
 * community 168255; firmware is useless afterwards: rusEFI issue 2996. Unstable bits become stable. 0 or -ENOMEM
 * (then unchanged).
 */
MUST_CHECK int flash_organise(struct flash *flash, const struct chip_flash *chip, bool mixed);

/* The second channel: puts the bytes there, whatever was there, all stable. 0 or -ENOMEM (then unchanged). */
MUST_CHECK int flash_put(struct flash *flash, uint32_t addr, const uint8_t *data, size_t size);

/* Bit i set: sector i holds one of these bytes. */
uint32_t flash_sector_mask(const struct chip_flash *chip, uint32_t addr, size_t size);

/* The chip's times in microseconds; worst = the data sheet's maximum in place of the typical value. */
uint64_t flash_erase_us(
	const struct chip_flash *chip, uint32_t sector_size, enum chip_width width, bool worst);
uint64_t flash_mass_erase_us(const struct chip_flash *chip, enum chip_width width, bool worst);

/* What is programmed: accesses of the width where addr and size allow it, bytes at the edges. */
struct flash_work {
	uint32_t addr;
	size_t size;
	enum chip_width width;
	bool worst;
};

uint64_t flash_program_us(const struct chip_flash *chip, const struct flash_work *work);

/* The bytes of it that are programmed `us` after the start, at these times. *ret_in_hand: bytes behind those of the access
 * that is going on; 0 = none, one is just over. */
size_t flash_programmed(const struct chip_flash *chip, const struct flash_work *work, uint64_t us,
	size_t *ret_in_hand);

#endif
