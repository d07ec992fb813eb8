/* SPDX-License-Identifier: MIT */
#include "harness/dfu/image_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

#define DIGIT       0x10 /* marks a digit in the table, so that all else is 0 */
#define DIGIT_VALUE 0x0f

/* A table, for branches on random digits are what reading a large file would wait for. */
static const uint8_t digits[256] = {
	['0'] = DIGIT | 0,
	['1'] = DIGIT | 1,
	['2'] = DIGIT | 2,
	['3'] = DIGIT | 3,
	['4'] = DIGIT | 4,
	['5'] = DIGIT | 5,
	['6'] = DIGIT | 6,
	['7'] = DIGIT | 7,
	['8'] = DIGIT | 8,
	['9'] = DIGIT | 9,
	['A'] = DIGIT | 10,
	['B'] = DIGIT | 11,
	['C'] = DIGIT | 12,
	['D'] = DIGIT | 13,
	['E'] = DIGIT | 14,
	['F'] = DIGIT | 15,
	['a'] = DIGIT | 10,
	['b'] = DIGIT | 11,
	['c'] = DIGIT | 12,
	['d'] = DIGIT | 13,
	['e'] = DIGIT | 14,
	['f'] = DIGIT | 15,
};

void image_text_init(struct image_text *text, const struct image_source *source)
{
	*text = (struct image_text){.source = source, .sorted = true};
	buf_init(&text->data, IMAGE_DATA_MAX);
}

void image_text_done(struct image_text *text)
{
	buf_done(&text->data);
	free(text->pieces);
}

bool image_text_next(struct image_text *text)
{
	const uint8_t *start, *end, *newline;

	while (text->pos < text->source->size) {
		start = text->source->data + text->pos;
		end = text->source->data + text->source->size;
		newline = memchr(start, '\n', (size_t)(end - start));
		if (newline)
			end = newline;
		text->pos += (size_t)(end - start) + 1;
		text->number++;
		while (start < end && is_blank(*start))
			start++;
		while (end > start && is_blank(end[-1]))
			end--;
		text->line = start;
		text->length = (size_t)(end - start);
		if (text->length)
			return true;
	}
	return false;
}

int image_text_damaged(const struct image_text *text, struct why *why, const char *fmt, ...)
{
	struct why what;
	va_list args;

	va_start(args, fmt);
	vsnprintf(what.text, sizeof(what.text), fmt, args);
	va_end(args);
	return why_set(why, -EBADMSG, "%s:%u: %s", text->source->name, text->number, what.text);
}

/* Names the character of the current line that is no hex digit. */
static int bad_digit(const struct image_text *text, size_t at, struct why *why)
{
	uint8_t c;

	while (digits[text->line[at]])
		at++;
	c = text->line[at];
	if (c > ' ' && c <= '~')
		return image_text_damaged(
			text, why, "'%c' in column %zu is no hex digit", c, at + 1);
	return image_text_damaged(
		text, why, "byte 0x%02x in column %zu is no hex digit", c, at + 1);
}

int image_text_decode(struct image_text *text, size_t skip, struct why *why)
{
	const uint8_t *from = text->line + skip;
	size_t count;

	if (text->length < skip || (text->length - skip) % 2)
		return image_text_damaged(text, why, "the record is cut off or one digit too long");
	count = (text->length - skip) / 2;
	if (count > IMAGE_RECORD_BYTES)
		return image_text_damaged(text, why,
			"the line is too long for a record: %zu characters", text->length);
	for (size_t i = 0; i < count; i++) {
		uint8_t high = digits[from[2 * i]];
		uint8_t low = digits[from[2 * i + 1]];

		if (!high || !low)
			return bad_digit(text, skip + 2 * i, why);
		text->bytes[i] = (uint8_t)(high << 4 | (low & DIGIT_VALUE));
	}
	text->count = count;
	return 0;
}

/* Room for one more piece; doubles whenever the count is a power of two. */
static int grow_pieces(struct image_text *text)
{
	size_t count = text->piece_count;
	struct image_piece *pieces;

	if (count & (count - 1))
		return 0;
	if (count == IMAGE_RECORD_MAX)
		return -EOVERFLOW;
	pieces = reallocarray(text->pieces, count ? 2 * count : 1, sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	text->pieces = pieces;
	return 0;
}

static int append_piece(struct image_text *text, uint32_t addr, const uint8_t *data, size_t size)
{
	int r = grow_pieces(text);
	const struct image_piece *last;

	if (r < 0)
		return r;
	r = buf_append(&text->data, data, size);
	if (r < 0)
		return r;
	text->pieces[text->piece_count] = (struct image_piece){
		.addr = addr,
		.size = (uint32_t)size,
		.offset = (uint32_t)(text->data.size - size),
		.line = text->number,
	};
	last = text->piece_count ? &text->pieces[text->piece_count - 1] : NULL;
	if (last && (uint64_t)last->addr + last->size > addr)
		text->sorted = false;
	text->piece_count++;
	return 0;
}

int image_text_add(
	struct image_text *text, uint32_t addr, const uint8_t *data, size_t size, struct why *why)
{
	int r;

	if (!size)
		return 0;
	if (size > (UINT64_C(1) << 32) - addr)
		return image_text_damaged(
			text, why, "%zu bytes at 0x%08x run beyond 0xffffffff", size, addr);
	r = append_piece(text, addr, data, size);
	if (r == -EOVERFLOW)
		return why_set(why, r,
			"%s:%u: the image is too large: more than %u bytes or %u records",
			text->source->name, text->number, IMAGE_DATA_MAX, IMAGE_RECORD_MAX);
	return r < 0 ? why_errno(why, r, "%s", text->source->name) : 0;
}

static int by_address_and_line(const void *left, const void *right)
{
	const struct image_piece *a = left, *b = right;

	if (a->addr != b->addr)
		return a->addr > b->addr ? 1 : -1;
	return (a->line > b->line) - (a->line < b->line);
}

/* Sorts; of two pieces that overlap, the one that came later in the file is the culprit. */
static int sort_pieces(struct image_text *text, struct why *why)
{
	if (text->sorted)
		return 0;
	qsort(text->pieces, text->piece_count, sizeof(*text->pieces), by_address_and_line);
	for (size_t i = 1; i < text->piece_count; i++) {
		const struct image_piece *a = &text->pieces[i - 1], *b = &text->pieces[i];
		uint32_t first = a->line < b->line ? a->line : b->line;

		if ((uint64_t)a->addr + a->size <= b->addr)
			continue;
		text->number = a->line < b->line ? b->line : a->line;
		return image_text_damaged(text, why,
			"overlap: the byte at 0x%08x was given by line %u already", b->addr, first);
	}
	return 0;
}

/* Copies the pieces first .. end-1, which are neighbours, into one element. */
static int add_run(
	const struct image_text *text, size_t first, size_t end, struct image *image, uint8_t *room)
{
	struct image_element element = {.addr = text->pieces[first].addr, .data = room};

	for (size_t i = first; i < end; i++) {
		const struct image_piece *piece = &text->pieces[i];

		memcpy(room + element.size, text->data.data + piece->offset, piece->size);
		element.size += piece->size;
	}
	return image_add_element(image, &element, NULL);
}

static int add_runs(const struct image_text *text, struct image *image, uint8_t *room)
{
	size_t first = 0;
	int r = 0;

	for (size_t i = 1; r == 0 && i <= text->piece_count; i++) {
		const struct image_piece *last = &text->pieces[i - 1];

		if (i < text->piece_count &&
			(uint64_t)last->addr + last->size == text->pieces[i].addr)
			continue;
		r = add_run(text, first, i, image, room);
		first = i;
	}
	return r;
}

int image_text_finish(struct image_text *text, struct image *image, struct why *why)
{
	CLEANUP(free_ptr) uint8_t *room = NULL;
	int r;

	if (!text->piece_count)
		return why_set(why, -EBADMSG, "%s: the file holds no data", text->source->name);
	r = sort_pieces(text, why);
	if (r < 0)
		return r;
	room = malloc(text->data.size);
	r = room ? add_runs(text, image, room) : -ENOMEM;
	if (r == -EOVERFLOW)
		return why_set(why, r, "%s: more than %d separate pieces", text->source->name,
			IMAGE_ELEMENT_MAX);
	if (r < 0)
		return why_errno(why, r, "%s", text->source->name);
	image->addressed = true;
	return 0;
}

bool image_text_recognize(const struct image_source *source, const char *prefix)
{
	struct image_text text;
	size_t skip = strlen(prefix);

	image_text_init(&text, source);
	if (!image_text_next(&text) || text.length < skip + 8 ||
		memcmp(text.line, prefix, skip) != 0)
		return false;
	for (size_t i = skip; i < text.length; i++)
		if (!digits[text.line[i]])
			return false;
	return true;
}

char *image_text_encode(char *to, const uint8_t *bytes, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < size; i++) {
		*to++ = hex[bytes[i] >> 4];
		*to++ = hex[bytes[i] & 15];
	}
	return to;
}
