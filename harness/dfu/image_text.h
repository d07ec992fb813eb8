/* SPDX-License-Identifier: MIT */
/*
 * Inside the image files only: what Intel HEX and S-record share, lines of hex digits that put bytes at addresses.
 *
 * Records come in any order; what they say is collected with the line it came from and sorted at the end.
 */
#ifndef DFURIG_DFU_IMAGE_TEXT_H
#define DFURIG_DFU_IMAGE_TEXT_H

#include "harness/dfu/image_codec.h"

#define IMAGE_RECORD_BYTES 260        /* decoded bytes of the longest record */
#define IMAGE_RECORD_MAX   (8u << 20) /* data records of a file */

/* What one data record put where. */
struct image_piece {
	uint32_t addr;
	uint32_t size;
	uint32_t offset; /* in image_text.data */
	uint32_t line;
};

struct image_text {
	const struct image_source *source; /* borrowed */
	size_t pos;                        /* where the next line starts */

	const uint8_t *line; /* the current one, without blanks at its ends; borrowed from source */
	size_t length;
	uint32_t number; /* from 1 */

	uint8_t bytes[IMAGE_RECORD_BYTES]; /* the current line decoded */
	size_t count;

	struct buf data;
	struct image_piece *pieces; /* owned */
	size_t piece_count;
	bool sorted; /* so far every piece lies behind the one before */
};

void image_text_init(struct image_text *text, const struct image_source *source);
void image_text_done(struct image_text *text);

/* Goes to the next line that is not blank; false at the end. */
bool image_text_next(struct image_text *text);

/* Turns the line's hex digits, from character skip on, into text->bytes. -EBADMSG. */
MUST_CHECK int image_text_decode(struct image_text *text, size_t skip, struct why *why);

/* Sets "<name>:<line>: ..." and returns -EBADMSG. */
int image_text_damaged(const struct image_text *text, struct why *why, const char *fmt, ...)
	PRINTF(3, 4);

/* Takes a record's data. -EBADMSG beyond 2^32, -EOVERFLOW beyond a limit, -ENOMEM. */
MUST_CHECK int image_text_add(
	struct image_text *text, uint32_t addr, const uint8_t *data, size_t size, struct why *why);

/* Makes elements of what was added: neighbours become one. -EBADMSG for overlaps and when there is nothing. */
MUST_CHECK int image_text_finish(struct image_text *text, struct image *image, struct why *why);

/* True when the first line is prefix and then at least eight hex digits and nothing else. */
bool image_text_recognize(const struct image_source *source, const char *prefix);

/* Writes size bytes as upper-case digits, two characters each. Returns the place behind them. */
char *image_text_encode(char *to, const uint8_t *bytes, size_t size);

#endif
