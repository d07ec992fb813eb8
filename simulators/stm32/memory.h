/* SPDX-License-Identifier: MIT */
/*
 * A chip's memory as the DFU of its ROM bootloader reaches it: which addresses there are, what may be done to them, and
 * how long it takes.
 *
 * What changes flash, option bytes or OTP is an operation: memory_start_*() checks it and takes it in hand, and it
 * has its effect when its time has come and memory_settle() is called. One at a time: start another only when
 * memory_busy() is false after memory_settle(). An operation knows nothing of USB: it runs on through a bus reset.
 */
#ifndef DFURIG_STM32_MEMORY_H
#define DFURIG_STM32_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/rng.h"
#include "harness/fault/fault.h"
#include "simulators/stm32/chip.h"
#include "simulators/stm32/flash.h"
#include "simulators/stm32/options.h"
#include "simulators/stm32/otp.h"
#include "simulators/stm32/ram.h"

#define MEMORY_PHASE_MAX 3

enum memory_region {
	MEMORY_NOWHERE,
	MEMORY_FLASH,
	MEMORY_OPTIONS,
	MEMORY_OTP,
	MEMORY_SYSTEM,    /* the ROM itself */
	MEMORY_SIGNATURE, /* unique ID, flash size */
	MEMORY_FEATURE,   /* alternate setting "Device Feature" */
	MEMORY_RAM,
	MEMORY_REGION_COUNT,
};

enum memory_access {
	MEMORY_READ,
	MEMORY_WRITE,
	MEMORY_ERASE,
	MEMORY_ACCESS_COUNT,
};

enum memory_result {
	MEMORY_OK,
	MEMORY_BAD_ADDRESS,   /* nothing there, or not to be accessed so: errTARGET */
	MEMORY_PROTECTED,     /* read protection: errVENDOR */
	MEMORY_OUT_OF_MEMORY, /* of the rig */
	MEMORY_RESULT_COUNT,
};

/* How fast this chip is. */
struct memory_pace {
	bool worst; /* the data sheet's maximum times in place of the typical ones */
	uint32_t
		percent; /* of the chip's times: 100 = as the chip, 0 = everything is done at once, but what a fault
			  * falls into or slows down */
};

struct memory_config {
	const struct chip *chip;    /* borrowed for the memory's life */
	const struct chip_rom *rom; /* one of chip->roms; borrowed for the memory's life */
	uint8_t uid[CHIP_UID_SIZE];
	struct memory_pace pace;
	uint64_t seed; /* for what a power cut leaves behind */
	struct fault_plan *
		faults; /* asked at FAULT_ERASE, FAULT_PROGRAM (OTP too), FAULT_OPTIONS; borrowed for the
				    * memory's life, or NULL */
};

enum memory_phase_kind {
	MEMORY_PROGRAM,
	MEMORY_ERASE_SECTOR,
	MEMORY_ERASE_ALL,
	MEMORY_ERASE_OPTIONS,
	MEMORY_PROGRAM_OPTIONS,
	MEMORY_PROGRAM_OTP,
	MEMORY_PHASE_KIND_COUNT,
};

/* One step of an operation; a power cut tears the step in hand, those before it are done. */
struct memory_phase {
	enum memory_phase_kind kind;
	uint64_t end_us;
	uint64_t chip_us;        /* that the chip needs, whatever the pace */
	struct chip_range about; /* what it changes */
	bool flips;              /* one bit of it is wrong afterwards */
	uint64_t flip;           /* which, counted from its start */
	/* When a fault is going to break it off; CLOCK_NEVER = none is known. A real clock brings that a little late: the phase
	 * waits for it, and is torn as at this moment, so that the same seed leaves the same bytes. */
	uint64_t break_us;
};

/* The operation in hand. */
struct memory_op {
	struct memory_phase phases[MEMORY_PHASE_MAX];
	uint8_t phase_count; /* 0 = none in hand */
	uint8_t phase;       /* the first one that is not done */
	uint64_t start_us;
	uint32_t addr; /* for an erase: any address in the sector */
	uint8_t *data; /* owned; to be programmed */
	size_t size;
};

struct memory {
	struct memory_config config;
	enum chip_width width; /* chip.dfu.width until the host writes the feature word */
	struct flash flash;
	struct options options;
	struct otp otp;
	struct ram ram;
	struct rng rng;   /* of what is torn */
	struct rng shake; /* of unstable bits that are read */
	struct memory_op op;
};

/* A new chip: flash erased, option bytes as shipped. 0 or -ENOMEM; memory_done is needed only after 0. */
MUST_CHECK int memory_init(struct memory *memory, const struct memory_config *config);
void memory_done(struct memory *memory);

/* System reset: takes the option bytes over (with them the flash may be organised in another way), puts the width back. An
 * operation in hand is torn as by a power cut (RM0090 guarantees the content in neither case): accesses that were
 * programmed by then stay, of the one in hand some bits have become 0; a sector under erase: see flash_tear; under a mass
 * erase every sector, each as far as it likes (guessed). Option bytes are left erased, 0xFF, which is RDP level 1 (seen in
 * the field: STM32CubeF7 issue 96, rusEFI issue 8926), or, when their programming had begun, programmed in part. */
void memory_reset(struct memory *memory, uint64_t now_us);

/* Power is gone, and comes back: memory_reset, and the RAM holds garbage. */
void memory_power_lost(struct memory *memory, uint64_t now_us);

/* VDD dips below the brown-out level: memory_reset, and the RAM holds wrong bits (see ram_disturb). */
void memory_brown_out(struct memory *memory, uint64_t now_us);

enum memory_region memory_region_at(const struct memory *memory, uint32_t addr);

/* What the ROM says to an access, without doing it; size bytes from addr, size is not looked at for an erase. A
 * size of 0 asks for the address alone. RDP level 1 refuses everything everywhere in flash, option bytes and OTP
 * [AN2662], and by analogy (guessed) all else. */
enum memory_result memory_check(
	const struct memory *memory, enum memory_access access, uint32_t addr, size_t size);

/* Reads as the ROM does; nothing is written to ret_data unless MEMORY_OK. Shows the content before the operation in
 * hand; unstable bits of flash (see flash_tear) each time as they like. */
enum memory_result memory_read(
	struct memory *memory, uint32_t addr, uint8_t *ret_data, size_t size);

/*
 * The operations. MEMORY_OK: it is in hand (with a pace of 0 % already done), busy until memory_busy_until_us().
 * Else nothing happened and nothing is in hand. data is copied; size > 0.
 */

/* Flash: AND, at any address; write-protected sectors stay, silently [AN2662]. Option bytes: the whole block; the new
 * ones are in force after memory_reset. RAM and the feature word: at once. */
enum memory_result memory_start_write(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size, uint64_t now_us);

/* The sector that addr lies in. A write-protected one stays, silently [AN2662]; so does one that this ROM cannot erase
 * (chip_flash.rom_erases). */
enum memory_result memory_start_erase(struct memory *memory, uint32_t addr, uint64_t now_us);

/* Stays without effect, silently, when any sector is write-protected (guessed: as the flash controller refuses it). */
enum memory_result memory_start_mass_erase(struct memory *memory, uint64_t now_us);

/* Read unprotect: mass erase, also at level 0 and of write-protected sectors, then RDP = level 0, in force after
 * memory_reset. Other option bytes stay. */
enum memory_result memory_start_unprotect(struct memory *memory, uint64_t now_us);

/*
 * The same for the chip's own code: flash as the flash controller programs and erases it, whatever the read protection;
 * RAM all over, the ROM's part too. Addresses outside: MEMORY_BAD_ADDRESS.
 */
enum memory_result memory_start_own_program(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size, uint64_t now_us);
enum memory_result memory_start_own_erase(struct memory *memory, uint32_t addr, uint64_t now_us);
enum memory_result memory_write_ram(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size);

/* As the chip's own code reads: any region but the feature word, whatever the protection. 0 or -EFAULT. */
MUST_CHECK int memory_fetch(struct memory *memory, uint32_t addr, uint8_t *ret_data, size_t size);

/* Does what is due of the operation in hand. */
void memory_settle(struct memory *memory, uint64_t now_us);

/* True while an operation is in hand (it may be due: settle first). */
bool memory_busy(const struct memory *memory);

/* When the operation in hand is over; 0 without one. */
uint64_t memory_busy_until_us(const struct memory *memory);

/* The second channel (SWD, test, file): content as it is, whatever the protection; unstable bits of flash always with the
 * value that they were left with. Peek: within one region, any but the feature word; 0 or -EFAULT. Poke: flash only; 0, -EFAULT, -ENOMEM. */
MUST_CHECK int memory_peek(
	const struct memory *memory, uint32_t addr, uint8_t *ret_data, size_t size);
MUST_CHECK int memory_poke(struct memory *memory, uint32_t addr, const uint8_t *data, size_t size);

/* Bytes of heap and struct that this chip takes now. */
size_t memory_footprint(const struct memory *memory);

const char *memory_region_text(enum memory_region region);

#endif
