/* SPDX-License-Identifier: MIT */
/*
 * Firmware images: what dfurig puts into a flash as "rusEFI", and how the content of a flash is recognised.
 *
 * A generated image begins as a real one does (vector table, OpenBLT's CRC word at base + 0x1c) and carries, at base +
 * FIRMWARE_HEADER_OFFSET, a header of our own that says what the simulated ECU is: signature, layout of the settings, age
 * of the protocol, which features are compiled in. The rest is noise from a seed. A CRC over all of it tells a whole
 * image from a half-written one. A real rusEFI image has no such header: it is recognised by its vector table and its
 * signature text, and gets the defaults of its chip; so is a real OpenBLT, when a real rusEFI lies behind it.
 */
#ifndef DFURIG_FIRMWARE_FIRMWARE_H
#define DFURIG_FIRMWARE_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/why.h"
#include "simulators/stm32/chip.h"

#define FIRMWARE_HEADER_OFFSET 0x200u
#define FIRMWARE_CRC_OFFSET    0x1cu /* OpenBLT's checksum, from the application's base; */
#define FIRMWARE_SIZE_OFFSET   0x20u /* how many bytes it covers, the CRC's own left out */
#define FIRMWARE_TEXT          96

enum firmware_kind {
	FIRMWARE_ECU,
	FIRMWARE_OPENBLT, /* the bootloader itself, at the start of the flash */
	FIRMWARE_KIND_COUNT,
};

/* What an image is. */
struct firmware {
	enum firmware_kind kind;
	uint32_t base; /* of its vector table */
	uint32_t size; /* bytes from base */
	char signature
		[FIRMWARE_TEXT]; /* "rusEFI main.2026.07.14.f407-discovery.3461352391"; OpenBLT: its version */
	char chip
		[24]; /* what it was built for: a row of chips.c, or another name; on another chip it hangs */
	uint32_t
		stack; /* initial stack pointer; 0 = the end of the chip's RAM, for a chip of chips.c */

	/* ECU only. */
	uint32_t settings_size;    /* bytes of a tune */
	uint32_t settings_version; /* another one in flash: defaults */
	uint32_t settings_addr[2]; /* of the copies; 0 = no second */
	uint16_t blocking_factor;  /* bytes of the largest transfer */
	bool paged;                /* R, C, k and B carry a page number */
	bool dfu_jump;             /* reboot_dfu is compiled in (EFI_DFU_JUMP) */
	bool mass_storage;         /* USB composite with MSC */
	bool behind_openblt;       /* started by OpenBLT at the start of the flash; L answers 1 */
	bool locked;               /* isLockedFromUser */

	/* OpenBLT only. */
	uint32_t app_base;
	bool dfu_check;       /* its reset handler looks for the magic word (since PR #4367) */
	bool probes;          /* it answers the newer 3F and BF probes */
	uint16_t backdoor_ms; /* it waits so long for a host before it starts the application */
};

/* Looks at what lies at base. read: 0 or -EFAULT. Returns 0; -ENOEXEC: no such firmware; -ENODATA: an image of ours that
 * is not whole. *ret is set in both the first and the last case (in the last with nothing but kind and base, when the
 * header itself is damaged). A real image's size is not known: 0. */
MUST_CHECK int firmware_identify(const struct chip *chip, uint32_t base,
	int (*read)(void *user, uint32_t addr, uint8_t *ret_data, size_t size), void *user,
	struct firmware *ret);

/* The bytes of an image; the noise comes from its signature. Appends firmware->size bytes to out. -EINVAL: does not make
 * sense (why); -ENOMEM, -EOVERFLOW. */
MUST_CHECK int firmware_build(const struct firmware *firmware, struct buf *out, struct why *why);

/* What rusEFI has on this chip: settings at their usual addresses, protocol of 2026; signature "" and size 0. behind:
 * at OpenBLT's application base. */
struct firmware firmware_defaults(const struct chip *chip, bool behind_openblt);

/* "rusEFI <branch>.<year>.<month>.<day>.<target>.<hash>". ret: the six parts behind "rusEFI ", cut to size; may be NULL.
 * Source: rusEFI's SignatureHelper, which wants this prefix and exactly six parts. */
struct firmware_signature {
	char branch[24], year[8], month[4], day[4], target[32], hash[16];
};
bool firmware_parse_signature(const char *text, struct firmware_signature *ret);

/* Whether rusEFI works on this chip only with the flash in two banks (chip_options.dual). */
bool firmware_wants_two_banks(const struct chip *chip);

/* Whether it was built for this chip. */
bool firmware_is_for(const struct firmware *firmware, const struct chip *chip);

#endif
