/* SPDX-License-Identifier: MIT */
/*
 * Bounded reading and writing of wire formats, little- and big-endian.
 *
 * Both have a sticky error: after the first access beyond the end, reads give 0, writes do nothing, and
 * `failed` stays true, so that a codec checks once at its end.
 */
#ifndef DFURIG_BASE_WIRE_H
#define DFURIG_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *data; /* borrowed */
	size_t size;
	size_t pos;
	bool failed;
};

struct writer {
	uint8_t *data; /* borrowed */
	size_t size;
	size_t pos;
	bool failed;
};

struct reader reader_of(const void *data, size_t size);
size_t reader_left(const struct reader *reader);
/* Gives the next size bytes in place (borrowed from the source), or NULL beyond the end. */
const uint8_t *reader_take(struct reader *reader, size_t size);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_le16(struct reader *reader);
uint32_t reader_le24(struct reader *reader);
uint32_t reader_le32(struct reader *reader);
uint64_t reader_le64(struct reader *reader);
uint16_t reader_be16(struct reader *reader);
uint32_t reader_be32(struct reader *reader);

struct writer writer_of(void *data, size_t size);
void writer_bytes(struct writer *writer, const void *data, size_t size);
void writer_fill(struct writer *writer, uint8_t value, size_t size);
void writer_u8(struct writer *writer, uint8_t value);
void writer_le16(struct writer *writer, uint16_t value);
void writer_le24(struct writer *writer, uint32_t value);
void writer_le32(struct writer *writer, uint32_t value);
void writer_le64(struct writer *writer, uint64_t value);
void writer_be16(struct writer *writer, uint16_t value);
void writer_be32(struct writer *writer, uint32_t value);

#endif
