/* SPDX-License-Identifier: MIT */
/*
 * Firmware image files: which bytes belong where, read from and written to five formats.
 *
 * An image is elements (contiguous bytes at an address), each in a target (a DFU alternate setting). Raw and plain
 * DFU files know no address until somebody gives one. It is not a model of flash: sectors and erased bytes are
 * unknown here.
 *
 * Sources: Intel "Hexadecimal Object File Format Specification" revision A; Motorola S-record (M68000 family reference,
 * appendix C); USB DFU 1.1, appendix B (suffix); ST UM0391 (DfuSe file).
 */
#ifndef DFURIG_DFU_IMAGE_H
#define DFURIG_DFU_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/why.h"

#define IMAGE_DATA_MAX    (64u << 20)  /* bytes of all elements; larger images are refused */
#define IMAGE_FILE_MAX    (192u << 20) /* bytes of a file: IMAGE_DATA_MAX as text */
#define IMAGE_ELEMENT_MAX 65536
#define IMAGE_TARGET_MAX  255
#define IMAGE_NAME_SIZE   255 /* with the NUL */
#define IMAGE_WARNING_MAX 8
#define IMAGE_ANY_ID      0xffff /* in a suffix: any vendor, product or version */

enum image_format {
	IMAGE_AUTO,  /* by content, then by the path's extension */
	IMAGE_BIN,   /* raw bytes */
	IMAGE_HEX,   /* Intel HEX, record types 00 to 05 */
	IMAGE_SREC,  /* Motorola S-record, S0 to S9 */
	IMAGE_DFU,   /* raw bytes and a DFU suffix */
	IMAGE_DFUSE, /* ST's DfuSe: targets, elements, DFU suffix */
	IMAGE_FORMAT_COUNT,
};

struct image_target {
	uint8_t alternate;
	char name[IMAGE_NAME_SIZE]; /* printable ASCII; "" = none */
};

struct image_element {
	size_t target; /* index of image.targets */
	uint32_t addr; /* 0 when the image is not addressed */
	uint8_t *data; /* owned by the image */
	size_t size;   /* > 0; addr + size <= 2^32 */
};

/* Whom a DFU suffix says that the file is for; IMAGE_ANY_ID for each that does not matter. */
struct image_ids {
	uint16_t vid, pid, bcd_device;
};

/* All zero is an empty image, ready to be filled. */
struct image {
	enum image_format format;     /* what it was read from; IMAGE_AUTO = not from a file */
	size_t file_size;             /* of that file */
	bool addressed;               /* false: one element whose address nobody has given yet */
	struct image_target *targets; /* owned */
	size_t target_count;
	struct image_element
		*elements; /* owned; in the file's order, HEX and S-record by address */
	size_t element_count;

	bool has_ids; /* from a suffix, or set for one */
	struct image_ids ids;

	bool has_entry; /* HEX type 03 or 05, S7 to S9 with an address other than 0 */
	uint32_t entry;

	char warnings[IMAGE_WARNING_MAX][192]; /* what was accepted but is odd, for people */
	size_t warning_count;
};

/* A file's content, and how to read it. Everything borrowed. */
struct image_source {
	const char *name; /* for messages and for the extension */
	const uint8_t *data;
	size_t size;
	enum image_format format;
	struct buf *whole; /* what data lies in, when its memory may be taken; NULL = it may not */
};

/* Frees what the image owns; it is empty again. */
void image_done(struct image *image);

/* "bin", "hex", "srec", "dfu", "dfuse", "auto"; the value or -ENOENT. */
const char *image_format_text(enum image_format format);
MUST_CHECK int image_format_value(const char *text);

/* By the extension: a format, or -ENOENT. ".dfu" gives IMAGE_DFUSE. */
MUST_CHECK int image_format_of_path(const char *path);

/* Reads source into *ret (empty before). -EBADMSG for damaged content, -EOVERFLOW beyond a limit, -ENOTSUP for a file
 * that is no image, -ENOMEM. why names source->name and line or byte. *ret is untouched on failure. */
MUST_CHECK int image_parse(const struct image_source *source, struct image *ret, struct why *why);

/* As image_parse, of a file; also the errors of file_read. */
MUST_CHECK int image_read(
	const char *path, enum image_format format, struct image *ret, struct why *why);

/* Appends the image as a file of this format to out, which must be empty. -EINVAL when the format cannot carry it (no
 * address, several targets, gaps; why says what to do), -EOVERFLOW beyond a limit, -ENOMEM. */
MUST_CHECK int image_serialize(
	const struct image *image, enum image_format format, struct buf *out, struct why *why);

/* The format to write path in, by its extension: ".dfu" is IMAGE_DFUSE for an addressed image and IMAGE_DFU for others.
 * -EINVAL for an unknown one. */
MUST_CHECK int image_format_for(const struct image *image, const char *path, struct why *why);

/* As image_serialize, into a file, all or nothing. IMAGE_AUTO: as image_format_for says. */
MUST_CHECK int image_write(
	const struct image *image, enum image_format format, const char *path, struct why *why);

/* Adds a target at the end; name may be NULL, is cut to IMAGE_NAME_SIZE, and what does not print becomes "?".
 * 0, -EOVERFLOW, -ENOMEM. */
MUST_CHECK int image_add_target(struct image *image, uint8_t alternate, const char *name);

/* Cuts and replaces as image_add_target. */
void image_name_target(struct image_target *target, const char *name);

/* The image's own, or those that this format is written with by default: STM32 ROM bootloader for DfuSe, any for
 * others. */
struct image_ids image_ids_for(const struct image *image, enum image_format format);

/* Adds a copy of element (its target must be there) at the end. 0, -EINVAL when it is empty or runs beyond 2^32,
 * -EOVERFLOW beyond a limit, -ENOMEM. */
MUST_CHECK int image_add_element(
	struct image *image, const struct image_element *element, struct why *why);

/* Bytes of all elements. */
size_t image_size(const struct image *image);

/* Gives an image without an address one. -EINVAL when it has addresses already, or would run beyond 2^32. */
MUST_CHECK int image_set_address(struct image *image, uint32_t addr, struct why *why);

/* Keeps only the targets with this alternate and their elements. -ENOENT when none has bytes: nothing is changed. */
MUST_CHECK int image_select(struct image *image, uint8_t alternate, struct why *why);

/* Appends the bytes from the lowest to the highest address to out. fill: the byte for gaps, or -1: gaps are refused.
 * -EINVAL for gaps, overlaps and several targets, -EOVERFLOW when that is more than IMAGE_DATA_MAX, -ENOMEM. */
MUST_CHECK int image_flatten(const struct image *image, int fill, struct buf *out, struct why *why);

/* Makes it one element, gaps filled with this byte. Errors as image_flatten; nothing is changed then. */
MUST_CHECK int image_fill_gaps(struct image *image, uint8_t fill, struct why *why);

#endif
