/* SPDX-License-Identifier: MIT */
/* A growing byte buffer with a limit. */
#ifndef DFURIG_BASE_BUF_H
#define DFURIG_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"

struct buf {
	uint8_t *data; /* owned */
	size_t size;   /* bytes in use */
	size_t room;   /* bytes allocated */
	size_t limit;  /* never grows beyond */
};

void buf_init(struct buf *buf, size_t limit);
void buf_done(struct buf *buf);

/* Appends size bytes and gives a pointer to them (borrowed until the next change), not initialised.
 * Returns 0, -EOVERFLOW beyond the limit, -ENOMEM; *ret is untouched on failure. */
MUST_CHECK int buf_grow(struct buf *buf, size_t size, uint8_t **ret);

/* As buf_grow, with a copy of data. */
MUST_CHECK int buf_append(struct buf *buf, const void *data, size_t size);

/* printf at the end, without the terminating NUL. */
MUST_CHECK int buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);

/* Drops the first size bytes (size <= buf->size). */
void buf_consume(struct buf *buf, size_t size);

#endif
