/* SPDX-License-Identifier: MIT */
#include "harness/base/wire.h"

#include <string.h>

struct reader reader_of(const void *data, size_t size)
{
	return (struct reader){.data = data, .size = size};
}

size_t reader_left(const struct reader *reader)
{
	return reader->failed ? 0 : reader->size - reader->pos;
}

const uint8_t *reader_take(struct reader *reader, size_t size)
{
	const uint8_t *at;

	if (reader->failed || size > reader->size - reader->pos) {
		reader->failed = true;
		return NULL;
	}
	at = reader->data + reader->pos;
	reader->pos += size;
	return at;
}

static uint64_t take_le(struct reader *reader, size_t size)
{
	const uint8_t *at = reader_take(reader, size);
	uint64_t value = 0;

	for (size_t i = size; at && i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

static uint32_t take_be(struct reader *reader, size_t size)
{
	const uint8_t *at = reader_take(reader, size);
	uint32_t value = 0;

	for (size_t i = 0; at && i < size; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t reader_u8(struct reader *reader)
{
	return (uint8_t)take_le(reader, 1);
}

uint16_t reader_le16(struct reader *reader)
{
	return (uint16_t)take_le(reader, 2);
}

uint32_t reader_le24(struct reader *reader)
{
	return (uint32_t)take_le(reader, 3);
}

uint32_t reader_le32(struct reader *reader)
{
	return (uint32_t)take_le(reader, 4);
}

uint64_t reader_le64(struct reader *reader)
{
	return take_le(reader, 8);
}

uint16_t reader_be16(struct reader *reader)
{
	return (uint16_t)take_be(reader, 2);
}

uint32_t reader_be32(struct reader *reader)
{
	return take_be(reader, 4);
}

struct writer writer_of(void *data, size_t size)
{
	return (struct writer){.data = data, .size = size};
}

/* Gives the place of the next size bytes, or NULL beyond the end. */
static uint8_t *writer_place(struct writer *writer, size_t size)
{
	uint8_t *at;

	if (writer->failed || size > writer->size - writer->pos) {
		writer->failed = true;
		return NULL;
	}
	at = writer->data + writer->pos;
	writer->pos += size;
	return at;
}

void writer_bytes(struct writer *writer, const void *data, size_t size)
{
	uint8_t *at = writer_place(writer, size);

	if (at && size)
		memcpy(at, data, size);
}

void writer_fill(struct writer *writer, uint8_t value, size_t size)
{
	uint8_t *at = writer_place(writer, size);

	if (at && size)
		memset(at, value, size);
}

static void put_le(struct writer *writer, uint64_t value, size_t size)
{
	uint8_t *at = writer_place(writer, size);

	for (size_t i = 0; at && i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void put_be(struct writer *writer, uint32_t value, size_t size)
{
	uint8_t *at = writer_place(writer, size);

	for (size_t i = 0; at && i < size; i++)
		at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

void writer_u8(struct writer *writer, uint8_t value)
{
	put_le(writer, value, 1);
}

void writer_le16(struct writer *writer, uint16_t value)
{
	put_le(writer, value, 2);
}

void writer_le24(struct writer *writer, uint32_t value)
{
	put_le(writer, value, 3);
}

void writer_le32(struct writer *writer, uint32_t value)
{
	put_le(writer, value, 4);
}

void writer_le64(struct writer *writer, uint64_t value)
{
	put_le(writer, value, 8);
}

void writer_be16(struct writer *writer, uint16_t value)
{
	put_be(writer, value, 2);
}

void writer_be32(struct writer *writer, uint32_t value)
{
	put_be(writer, value, 4);
}
