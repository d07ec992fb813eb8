/* SPDX-License-Identifier: MIT */
/* Inside the image files only: the socket of a format, and what formats share. */
#ifndef DFURIG_DFU_IMAGE_CODEC_H
#define DFURIG_DFU_IMAGE_CODEC_H

#include "harness/dfu/image.h"

#define DFU_SUFFIX_SIZE 16

struct image_codec {
	const char *const *extensions; /* without the dot, lower case, NULL at the end */

	/* Does the content look like it? Optional: NULL for a format without marks. */
	bool (*recognize)(const struct image_source *source);

	/* Fills an empty image; what is in it after a failure is thrown away. */
	int (*parse)(const struct image_source *source, struct image *image, struct why *why);

	/* As image_serialize. */
	int (*serialize)(const struct image *image, struct buf *out, struct why *why);
};

extern const struct image_codec image_codec_bin;
extern const struct image_codec image_codec_hex;
extern const struct image_codec image_codec_srec;
extern const struct image_codec image_codec_dfu;
extern const struct image_codec image_codec_dfuse;

/* The elements of an addressed image, sorted by address; owned by the caller, the elements borrowed.
 * -EINVAL (several alternates, overlap), -ENOMEM. */
MUST_CHECK int image_sorted(
	const struct image *image, const struct image_element ***ret, struct why *why);

/* Warns of the first two elements of one target that overlap. -ENOMEM. */
MUST_CHECK int image_warn_overlap(struct image *image, struct why *why);

/* One target (alternate 0) with one element without an address: the first `size` bytes of the source. */
MUST_CHECK int image_add_raw(
	struct image *image, const struct image_source *source, size_t size, struct why *why);

/* -EINVAL, with what to do, when the image has no address; format names who wants one. */
MUST_CHECK int image_need_address(
	const struct image *image, enum image_format format, struct why *why);

/* Keeps a sentence for people; beyond IMAGE_WARNING_MAX it is dropped. */
void image_warn(struct image *image, const char *fmt, ...) PRINTF(2, 3);

/* Sets "<name>: at byte <offset>: ..." and returns -EBADMSG. */
int image_damaged(const struct image_source *source, size_t offset, struct why *why,
	const char *fmt, ...) PRINTF(4, 5);

/* -ENOMEM or -EOVERFLOW of a growing output as a sentence; other values pass. */
int image_output_error(int err, struct why *why);

/* The DFU suffix; lies at the end of the file. */
struct dfu_suffix {
	struct image_ids ids;
	uint16_t bcd_dfu;
	size_t length; /* bytes it takes, DFU_SUFFIX_SIZE or more; written are DFU_SUFFIX_SIZE */
};

/* "UFD" at its place: there is a suffix, or was one. */
bool dfu_suffix_recognize(const struct image_source *source);

/* Checks length and CRC. -EBADMSG. */
MUST_CHECK int dfu_suffix_parse(
	const struct image_source *source, struct dfu_suffix *ret, struct why *why);

/* Appends a suffix to all that is in out. -EOVERFLOW, -ENOMEM. */
MUST_CHECK int dfu_suffix_append(struct buf *out, const struct dfu_suffix *suffix);

#endif
