/* SPDX-License-Identifier: MIT */
/*
 * What is special about a chip, as data: one row of chips[] a chip, no code.
 *
 * Flash map and times, option bytes, OTP, identification, and all that the DFU of its ROM bootloader shows. Every group
 * names its source and how far it is to be trusted; one capture of a real chip corrects one row.
 * Source keys, as used in chips.c: [AN2606] [AN2662] [AN3156] ST application notes; [DS8626] F405/407 data sheet;
 * [RM0090] [RM0410] F4 and F76x reference manuals; [DB] the device database of STM32CubeProgrammer; [DL] dfu-util's device logs.
 */
#ifndef DFURIG_STM32_CHIP_H
#define DFURIG_STM32_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/dfu/dfu.h"
#include "harness/dfu/rules.h"

#define CHIP_UID_SIZE    12
#define CHIP_SERIAL_ROOM 16 /* the longest serial number with its NUL */
#define CHIP_ALT_MAX     4  /* alternate settings of a ROM's DFU interface */

enum chip_confidence {
	CHIP_GUESSED,   /* from memory, or by analogy: to be confirmed */
	CHIP_SECONDARY, /* somebody's log or code */
	CHIP_VERIFIED,  /* the primary document, or several independent logs */
	CHIP_CONFIDENCE_COUNT,
};

struct chip_source {
	enum chip_confidence confidence;
	const char *text;
};

/* "guessed", "secondary", "verified". */
const char *chip_confidence_text(enum chip_confidence confidence);

struct chip_range {
	uint32_t addr;
	uint32_t size; /* bytes; 0 = the chip has none */
};

/* Bits that flash programs and erases in parallel (PSIZE); the supply voltage limits it. */
enum chip_width {
	CHIP_X8,
	CHIP_X16,
	CHIP_X32,
	CHIP_X64,
	CHIP_WIDTH_COUNT,
};

struct chip_time {
	uint32_t typ_us;
	uint32_t max_us;
};

/* A run of equal sectors. */
struct chip_segment {
	uint16_t count;
	uint32_t size; /* bytes of one sector */
};

/* How long the sectors of one size take to erase. */
struct chip_erase_time {
	uint32_t sector_size;
	struct chip_time time[CHIP_WIDTH_COUNT];
};

struct chip_flash {
	struct chip_range range;
	const struct chip_segment *segments; /* from range.addr upwards */
	uint8_t segment_count;
	uint16_t sector_count;
	uint16_t
		rom_erases; /* the ROM erases so many sectors, of the others none, silently; 0 = all */
	struct chip_source map_source;

	struct chip_time program[CHIP_WIDTH_COUNT]; /* one access of that width; 0 = not offered */
	const struct chip_erase_time *erase;
	uint8_t erase_count;
	struct chip_time mass_erase[CHIP_WIDTH_COUNT];
	struct chip_source time_source;
};

/* A value in the option bytes, by the name that ST's tools give it. */
struct chip_option {
	const char *name; /* "nDBANK" */
	uint8_t offset;   /* of the byte that its lowest bit lies in */
	uint8_t shift;    /* of that bit */
	uint8_t bits;     /* up to 16; may go on in the next byte */
};

/* The option bytes as the ROM shows them. */
struct chip_options {
	struct chip_range range;
	const uint8_t *defaults; /* range.size bytes, as ST ships the chip */
	const uint8_t *writable; /* range.size bytes of mask; reserved bits (0) keep their value */
	uint8_t rdp_offset;      /* of the RDP byte */
	uint8_t wrp_offset;      /* of nWRP, little-endian, bit 0 = sector 0, 0 = protected */
	uint8_t wrp_count;       /* bits */
	uint8_t row_size; /* bytes; each row begins with 16 bits and their complement; 0 = no complements */
	/* Another organisation of the same flash, in force while dual_bit in the byte at dual_offset is clear; NULL = none.
	 * A bit of nWRP stands for two sectors then. */
	const struct chip_flash *dual;
	uint8_t dual_offset, dual_bit;
	const struct chip_option *named;
	uint8_t named_count;
	struct chip_time erase; /* of all option bytes */
	struct chip_time program;
	struct chip_source source;
};

/* The same memory at another address. */
struct chip_alias {
	struct chip_range range;
	uint32_t to; /* where it is known by here */
};

/* What boots. By BOOT0 alone: low the flash, high the ROM. Or an address in the option bytes for each of its levels. */
struct chip_boot {
	uint8_t offset[2];    /* in the option bytes, of 16 bits for BOOT0 low and high */
	uint8_t shift;        /* these bits, so far to the left, are the address; 0 = BOOT0 alone */
	uint32_t fallback[2]; /* where it starts when that is no memory */
	const struct chip_alias *aliases;
	uint8_t alias_count;
	struct chip_source source;
};

struct chip_otp {
	struct chip_range data;
	struct chip_range locks; /* right behind data; one byte a block, 0x00 = locked */
	uint32_t block_size;
	struct chip_source source;
};

struct chip_identity {
	struct chip_range uid;       /* CHIP_UID_SIZE bytes */
	struct chip_range flash_kib; /* two bytes, little-endian: the flash's size in KiB */
	struct chip_range system;    /* system memory: the ROM bootloader itself */
	struct chip_range signature; /* the read-only area that holds uid and flash_kib */
	uint32_t bootloader_version; /* address of the version byte, in `system` */
	uint8_t filler;              /* what the rest of system and signature reads here */
	struct chip_source source;
};

/* A word that is no memory: writing its first byte tells the ROM the supply voltage. */
struct chip_feature {
	struct chip_range range;
	const enum chip_width
		*widths; /* flash width by the byte's value; other values change nothing */
	uint8_t width_count;
	struct chip_source source;
};

struct chip_ram {
	struct chip_range range;
	uint32_t rom_size;      /* bytes at the start that the ROM uses itself: no access by DFU */
	struct chip_range core; /* core-coupled memory: a stack may lie there; no access by DFU */
	struct chip_source source;
};

enum chip_serial_rule {
	CHIP_SERIAL_UID_PLUS_10, /* from the UID, 0x0A added to the second half-word (F4) */
	CHIP_SERIAL_UID,         /* from the UID (some H7) */
	CHIP_SERIAL_CONSTANT,    /* the same text in every chip */
	CHIP_SERIAL_RULE_COUNT,
};

/* One revision of the ROM bootloader. */
struct chip_rom {
	uint16_t bcd_device;
	uint8_t bootloader_version;        /* the byte at chip_identity.bootloader_version */
	const char *manufacturer;          /* string 1 */
	const char *product;               /* string 2 */
	enum chip_serial_rule serial_rule; /* string 3 */
	const char *serial;                /* for CHIP_SERIAL_CONSTANT, else NULL */
	const char *alts[CHIP_ALT_MAX];    /* strings 4 ..., one an alternate setting */
	const char *dual_flash; /* alts[0] with the flash as chip_options.dual; NULL = the same */
	uint8_t alt_count;
	uint32_t usb_connect_ms; /* from reset to the pull-up on D+ */
	struct chip_source source;
	struct chip_source version_source; /* bootloader_version and usb_connect_ms */
};

/* What all ROM revisions of a chip have in common. */
struct chip_dfu {
	uint16_t vid, pid;
	uint16_t bcd_usb;
	uint8_t max_packet0;
	uint8_t config_attributes; /* bmAttributes of the configuration */
	uint8_t max_power;         /* units of 2 mA */
	struct dfu_functional functional;
	/* GET_DESCRIPTOR to the interface gives the functional descriptor alone too; else it STALLs. betaflight's web
	 * flasher asks for it and gives up without; ST's usbd_dfu.c answers. */
	bool functional_alone;
	struct chip_source descriptor_source;

	const struct dfu_overlay *rules; /* where the ROM departs from DFU 1.1; NULL = nowhere */
	enum dfu_state fresh_state;      /* after enumeration */
	enum dfu_status fresh_status;
	uint32_t fresh_address; /* address pointer after reset */
	uint32_t poll_erase_ms; /* bwPollTimeout of page and mass erase */
	uint32_t poll_other_ms; /* of set address, write, read unprotect */
	uint32_t poll_manifest_ms;
	bool protected_set_address_fails; /* RDP level 1: Set Address Pointer ends in errVENDOR too */
	enum chip_width width;            /* what the ROM starts with */
	struct chip_source behaviour_source;
};

struct chip {
	const char *name;        /* "stm32f407xg" */
	const char *also;        /* another chip that is the same in all of this; NULL = none */
	struct chip_flash flash; /* as ST ships it; see chip_options.dual */
	struct chip_options options;
	struct chip_boot boot;
	struct chip_otp otp;
	struct chip_identity identity;
	struct chip_feature feature;
	struct chip_ram ram;
	struct chip_dfu dfu;
	const struct chip_rom *roms; /* the newest first */
	uint8_t rom_count;
};

/* Its ROM revisions as "0x2200, 0x2100", cut to size. Returns ret_text. */
const char *chip_roms_text(const struct chip *chip, char *ret_text, size_t size);

/* A group of facts in a chip's row, or in one of its ROMs', and where they come from. */
struct chip_fact {
	const char *about;          /* "flash map" */
	const struct chip_rom *rom; /* NULL = the same with every ROM */
	const struct chip_source *source;
};

#define CHIP_FACT_MAX 16

/* Every group of facts of a chip. Returns their number. */
size_t chip_facts(const struct chip *chip, struct chip_fact ret[static CHIP_FACT_MAX]);

extern const struct chip chips[];
extern const size_t chip_count;

/* By name or `also`; NULL = unknown. */
const struct chip *chip_find(const char *name);

/* The ROM revision with this bcdDevice; NULL = the chip never had it. */
const struct chip_rom *chip_find_rom(const struct chip *chip, uint16_t bcd_device);

/* The serial number (USB string 3) that a ROM shows on a chip with this unique ID.
 * Upper-case hex of three 16-bit sums of the UID's little-endian half-words u[]: u1+u5, u0+u4 (+0x0A), u3; the sums
 * wrap (guessed). Source: comma.ai's panda, python/dfu.py, which found its own boards by it. */
void chip_serial(const struct chip_rom *rom, const uint8_t uid[static CHIP_UID_SIZE],
	char ret_text[static CHIP_SERIAL_ROOM]);

/* A sector of the flash. */
struct chip_sector {
	uint16_t index;
	uint32_t addr;
	uint32_t size;
};

/* The sector that addr lies in. False outside of the flash; *ret is untouched then. */
MUST_CHECK bool chip_sector_at(
	const struct chip_flash *flash, uint32_t addr, struct chip_sector *ret);

/* The address that the chip's memory at addr is known by here: addr itself, or where an alias leads to. */
uint32_t chip_real_address(const struct chip *chip, uint32_t addr);

/* True when all `size` bytes from addr lie in the range; an empty access lies in it when addr does. */
bool chip_range_holds(const struct chip_range *range, uint32_t addr, size_t size);

#endif
