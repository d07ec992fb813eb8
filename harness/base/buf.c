/* SPDX-License-Identifier: MIT */
#include "harness/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_ROOM 256

void buf_init(struct buf *buf, size_t limit)
{
	*buf = (struct buf){.limit = limit};
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.limit = buf->limit};
}

static int buf_reserve(struct buf *buf, size_t size)
{
	size_t room = buf->room ? buf->room : BUF_FIRST_ROOM;
	uint8_t *data;

	if (size > buf->limit - buf->size)
		return -EOVERFLOW;
	if (buf->size + size <= buf->room)
		return 0;
	while (room < buf->size + size)
		room *= 2;
	if (room > buf->limit)
		room = buf->limit;
	data = realloc(buf->data, room);
	if (!data)
		return -ENOMEM;
	buf->data = data;
	buf->room = room;
	return 0;
}

int buf_grow(struct buf *buf, size_t size, uint8_t **ret)
{
	int r = buf_reserve(buf, size);

	if (r < 0)
		return r;
	*ret = buf->data + buf->size;
	buf->size += size;
	return 0;
}

int buf_append(struct buf *buf, const void *data, size_t size)
{
	uint8_t *to;
	int r;

	if (!size)
		return 0;
	r = buf_grow(buf, size, &to);
	if (r < 0)
		return r;
	memcpy(to, data, size);
	return 0;
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	char *text;
	int r, n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	r = buf_append(buf, text, (size_t)n);
	free(text);
	return r;
}

void buf_consume(struct buf *buf, size_t size)
{
	assert(size <= buf->size);
	buf->size -= size;
	if (buf->size)
		memmove(buf->data, buf->data + size, buf->size);
}
