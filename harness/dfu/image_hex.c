/* SPDX-License-Identifier: MIT */
/*
 * Intel HEX: ":LLAAAATT<data>CC", record types 00 to 05.
 *
 * Stricter than the specification where a damaged file would pass: the end record is a must, and nothing may follow it.
 */
#include "harness/dfu/image_text.h"

#include <errno.h>
#include <string.h>

#define HEX_HEADER  4  /* length, offset, type */
#define HEX_PER_ROW 16 /* data bytes of the records we write */

enum hex_type {
	HEX_DATA,
	HEX_END,
	HEX_SEGMENT, /* base address / 16 */
	HEX_START_SEGMENT,
	HEX_LINEAR, /* base address / 65536 */
	HEX_START_LINEAR,
	HEX_TYPE_COUNT,
};

struct hex_state {
	struct image_text text;
	struct image *image; /* borrowed */
	uint32_t base;
	bool segmented; /* offsets wrap at 64 KiB */
	bool ended;
};

static void hex_done(struct hex_state *state)
{
	image_text_done(&state->text);
}

static uint32_t take_be(const uint8_t *bytes, size_t size)
{
	uint32_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* Decodes the line and checks its length and sum. */
static int hex_check_record(struct image_text *text, struct why *why)
{
	uint8_t sum = 0;
	uint8_t found;
	int r;

	if (text->line[0] != ':')
		return image_text_damaged(text, why, "a record starts with ':'");
	r = image_text_decode(text, 1, why);
	if (r < 0)
		return r;
	if (text->count < HEX_HEADER + 1)
		return image_text_damaged(text, why, "the record is cut off");
	if (text->count != HEX_HEADER + text->bytes[0] + 1u)
		return image_text_damaged(text, why, "the record says %d data bytes and has %zu",
			text->bytes[0], text->count - HEX_HEADER - 1);
	for (size_t i = 0; i < text->count - 1; i++)
		sum = (uint8_t)(sum + text->bytes[i]);
	sum = (uint8_t)-sum;
	found = text->bytes[text->count - 1];
	if (sum != found)
		return image_text_damaged(
			text, why, "checksum is 0x%02x, should be 0x%02x", found, sum);
	return 0;
}

static int hex_data(struct hex_state *state, uint32_t offset, size_t size, struct why *why)
{
	const uint8_t *data = state->text.bytes + HEX_HEADER;
	size_t first = size;
	int r;

	/* Within a segment the address wraps; a linear one runs on into the next 64 KiB. */
	if (state->segmented && offset + size > 0x10000)
		first = 0x10000 - offset;
	r = image_text_add(&state->text, state->base + offset, data, first, why);
	if (r < 0 || first == size)
		return r;
	return image_text_add(&state->text, state->base, data + first, size - first, why);
}

static int hex_set_entry(struct hex_state *state, uint32_t entry, struct why *why)
{
	if (state->image->has_entry && state->image->entry != entry)
		return image_text_damaged(&state->text, why,
			"a second start address: 0x%08x after 0x%08x", entry, state->image->entry);
	state->image->has_entry = true;
	state->image->entry = entry;
	return 0;
}

static int hex_record(struct hex_state *state, struct why *why)
{
	static const uint8_t sizes[HEX_TYPE_COUNT] = {[HEX_SEGMENT] = 2,
		[HEX_START_SEGMENT] = 4,
		[HEX_LINEAR] = 2,
		[HEX_START_LINEAR] = 4};
	const uint8_t *bytes = state->text.bytes;
	const uint8_t *data = bytes + HEX_HEADER;
	uint8_t type = bytes[3];

	if (type >= HEX_TYPE_COUNT)
		return image_text_damaged(
			&state->text, why, "record type 0x%02x is unknown (00 to 05 are)", type);
	if (type != HEX_DATA && bytes[0] != sizes[type])
		return image_text_damaged(&state->text, why,
			"a record of type %02x has %d data bytes, not %d", type, sizes[type],
			bytes[0]);
	switch ((enum hex_type)type) {
	case HEX_DATA:
		return hex_data(state, take_be(bytes + 1, 2), bytes[0], why);
	case HEX_SEGMENT:
	case HEX_LINEAR:
		state->segmented = type == HEX_SEGMENT;
		state->base = take_be(data, 2) << (state->segmented ? 4 : 16);
		return 0;
	case HEX_START_SEGMENT:
		return hex_set_entry(state, (take_be(data, 2) << 4) + take_be(data + 2, 2), why);
	case HEX_START_LINEAR:
		return hex_set_entry(state, take_be(data, 4), why);
	case HEX_END:
	case HEX_TYPE_COUNT:
		break;
	}
	state->ended = true;
	return 0;
}

static int hex_parse(const struct image_source *source, struct image *image, struct why *why)
{
	CLEANUP(hex_done) struct hex_state state = {.image = image};
	int r = 0;

	image_text_init(&state.text, source);
	while (r == 0 && image_text_next(&state.text)) {
		if (state.ended)
			return image_text_damaged(
				&state.text, why, "something follows the end record");
		r = hex_check_record(&state.text, why);
		if (r == 0)
			r = hex_record(&state, why);
	}
	if (r < 0)
		return r;
	if (!state.ended)
		return image_text_damaged(&state.text, why,
			"the file ends without an end record (:00000001FF): it is cut off");
	r = image_add_target(image, 0, NULL);
	return r < 0 ? why_errno(why, r, "%s", source->name)
		     : image_text_finish(&state.text, image, why);
}

/* size <= HEX_PER_ROW */
static int hex_put(
	struct buf *out, enum hex_type type, uint32_t offset, const uint8_t *data, size_t size)
{
	uint8_t record[HEX_HEADER + HEX_PER_ROW + 1] = {
		(uint8_t)size, (uint8_t)(offset >> 8), (uint8_t)offset, (uint8_t)type};
	char text[1 + 2 * sizeof(record) + 1] = ":";
	uint8_t sum = 0;
	char *end;

	if (size)
		memcpy(record + HEX_HEADER, data, size);
	for (size_t i = 0; i < HEX_HEADER + size; i++)
		sum = (uint8_t)(sum + record[i]);
	record[HEX_HEADER + size] = (uint8_t)-sum;
	end = image_text_encode(text + 1, record, HEX_HEADER + size + 1);
	*end++ = '\n';
	return buf_append(out, text, (size_t)(end - text));
}

static int hex_put_be(struct buf *out, enum hex_type type, uint32_t value, size_t size)
{
	uint8_t bytes[4];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	return hex_put(out, type, 0, bytes, size);
}

/* *upper: the linear base that the file has set so far. Rows keep to multiples of their length. */
static int hex_put_element(struct buf *out, const struct image_element *element, uint32_t *upper)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < element->size) {
		uint32_t addr = (uint32_t)(element->addr + done);
		size_t row = HEX_PER_ROW - addr % HEX_PER_ROW;

		if (row > element->size - done)
			row = element->size - done;
		if (addr >> 16 != *upper) {
			*upper = addr >> 16;
			r = hex_put_be(out, HEX_LINEAR, *upper, 2);
		}
		if (r == 0)
			r = hex_put(out, HEX_DATA, addr & 0xffff, element->data + done, row);
		done += row;
	}
	return r;
}

static int hex_serialize(const struct image *image, struct buf *out, struct why *why)
{
	CLEANUP(free_ptr) const struct image_element **sorted = NULL;
	uint32_t upper = 0;
	int r = image_need_address(image, IMAGE_HEX, why);

	if (r == 0)
		r = image_sorted(image, &sorted, why);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < image->element_count; i++)
		r = hex_put_element(out, sorted[i], &upper);
	if (r == 0 && image->has_entry)
		r = hex_put_be(out, HEX_START_LINEAR, image->entry, 4);
	if (r == 0)
		r = hex_put(out, HEX_END, 0, NULL, 0);
	return image_output_error(r, why);
}

static bool hex_recognize(const struct image_source *source)
{
	return image_text_recognize(source, ":");
}

static const char *const hex_extensions[] = {"hex", "ihex", "ihx", "ihe", "h86", NULL};

const struct image_codec image_codec_hex = {
	.extensions = hex_extensions,
	.recognize = hex_recognize,
	.parse = hex_parse,
	.serialize = hex_serialize,
};
