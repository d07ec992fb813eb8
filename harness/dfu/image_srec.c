/* SPDX-License-Identifier: MIT */
/*
 * Motorola S-record: "St<count><address><data><sum>".
 *
 * S0 header, S1 S2 S3 data with an address of 2, 3, 4 bytes, S5 S6 the number of data records so far, S7 S8 S9 the end,
 * with the entry address (0 = none). A file without an end record is taken only when a count record vouches for it.
 */
#include "harness/dfu/image_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SREC_PER_ROW    16  /* data bytes of the records we write */
#define SREC_NAME_MAX   252 /* what a header has room for: 255 less address and sum */
#define SREC_COUNT_MAX  0xffffff
#define SREC_COUNT2_MAX 0xffff

struct srec_state {
	struct image_text text;
	struct image *image; /* borrowed */
	uint32_t records;    /* data records so far */
	size_t widest;       /* address bytes of the widest data record */
	bool counted;        /* a count record came after the last data record */
	bool ended;
	bool named;
	char name[IMAGE_NAME_SIZE];
};

static void srec_done(struct srec_state *state)
{
	image_text_done(&state->text);
}

/* Bytes of the address field, 0 for the type that does not exist. */
static size_t srec_address_size(char type)
{
	static const uint8_t sizes[] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};

	return sizes[type - '0'];
}

/* Decodes the line and checks type, count and sum. */
static int srec_check_record(struct image_text *text, struct why *why)
{
	uint8_t sum = 0;
	uint8_t found;
	int r;

	if (text->line[0] != 'S' || text->length < 2 || text->line[1] < '0' || text->line[1] > '9')
		return image_text_damaged(text, why, "a record starts with 'S' and a digit");
	r = image_text_decode(text, 2, why);
	if (r < 0)
		return r;
	if (!srec_address_size((char)text->line[1]))
		return image_text_damaged(text, why, "record type S%c is unknown", text->line[1]);
	if (!text->count || text->count != text->bytes[0] + 1u)
		return image_text_damaged(text, why, "the record says %d bytes and has %zu",
			text->bytes[0], text->count ? text->count - 1 : 0);
	if (text->bytes[0] < srec_address_size((char)text->line[1]) + 1)
		return image_text_damaged(text, why, "the record is too short for an address");
	for (size_t i = 0; i < text->count - 1; i++)
		sum = (uint8_t)(sum + text->bytes[i]);
	sum = (uint8_t)~sum;
	found = text->bytes[text->count - 1];
	if (sum != found)
		return image_text_damaged(
			text, why, "checksum is 0x%02x, should be 0x%02x", found, sum);
	return 0;
}

static void srec_header(struct srec_state *state, const uint8_t *data, size_t size)
{
	if (state->named)
		return;
	state->named = true;
	if (size > sizeof(state->name) - 1)
		size = sizeof(state->name) - 1;
	memcpy(state->name, data, size);
}

static int srec_count(struct srec_state *state, uint32_t count, struct why *why)
{
	if (count != state->records)
		return image_text_damaged(&state->text, why,
			"the count record says %u data records, there are %u before it", count,
			state->records);
	state->counted = true;
	return 0;
}

static void srec_end(struct srec_state *state, uint32_t entry, size_t address_size)
{
	state->ended = true;
	state->image->has_entry = entry != 0;
	state->image->entry = entry;
	if (state->widest && address_size != state->widest)
		image_warn(state->image,
			"line %u: the end record S%c does not belong to the data records S%zu",
			state->text.number, state->text.line[1], state->widest - 1);
}

static int srec_record(struct srec_state *state, struct why *why)
{
	const struct image_text *text = &state->text;
	char type = (char)text->line[1];
	size_t address_size = srec_address_size(type);
	const uint8_t *data = text->bytes + 1 + address_size;
	size_t size = text->count - 2 - address_size;
	uint32_t addr = 0;

	for (size_t i = 0; i < address_size; i++)
		addr = addr << 8 | text->bytes[1 + i];
	if (type >= '5' && size)
		return image_text_damaged(text, why, "a record S%c carries no data", type);
	if (type == '0') {
		srec_header(state, data, size);
	} else if (type <= '3') {
		state->records++;
		state->counted = false;
		if (address_size > state->widest)
			state->widest = address_size;
		return image_text_add(&state->text, addr, data, size, why);
	} else if (type <= '6') {
		return srec_count(state, addr, why);
	} else {
		srec_end(state, addr, address_size);
	}
	return 0;
}

static int srec_check_end(struct srec_state *state, struct why *why)
{
	if (state->ended)
		return 0;
	if (!state->counted)
		return image_text_damaged(&state->text, why,
			"the file ends without an end record (S7, S8 or S9): it is cut off");
	image_warn(state->image, "no end record (S7, S8 or S9), but the count of records is right");
	return 0;
}

static int srec_parse(const struct image_source *source, struct image *image, struct why *why)
{
	CLEANUP(srec_done) struct srec_state state = {.image = image};
	int r = 0;

	image_text_init(&state.text, source);
	while (r == 0 && image_text_next(&state.text)) {
		if (state.ended)
			return image_text_damaged(
				&state.text, why, "something follows the end record");
		r = srec_check_record(&state.text, why);
		if (r == 0)
			r = srec_record(&state, why);
	}
	if (r == 0)
		r = srec_check_end(&state, why);
	if (r < 0)
		return r;
	r = image_add_target(image, 0, state.name);
	return r < 0 ? why_errno(why, r, "%s", source->name)
		     : image_text_finish(&state.text, image, why);
}

struct srec_row {
	char type;
	size_t address_size;
	uint32_t addr;
	const uint8_t *data;
	size_t size; /* <= SREC_NAME_MAX */
};

static int srec_put(struct buf *out, const struct srec_row *row)
{
	uint8_t record[1 + 4 + SREC_NAME_MAX + 1];
	char text[2 + 2 * sizeof(record) + 1] = {'S', row->type};
	size_t count = 1 + row->address_size + row->size;
	uint8_t sum = 0;
	char *end;

	record[0] = (uint8_t)count;
	for (size_t i = 0; i < row->address_size; i++)
		record[1 + i] = (uint8_t)(row->addr >> (8 * (row->address_size - 1 - i)));
	if (row->size)
		memcpy(record + 1 + row->address_size, row->data, row->size);
	for (size_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + record[i]);
	record[count] = (uint8_t)~sum;
	end = image_text_encode(text + 2, record, count + 1);
	*end++ = '\n';
	return buf_append(out, text, (size_t)(end - text));
}

static int srec_put_element(struct buf *out, const struct image_element *element,
	size_t address_size, uint32_t *records)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < element->size) {
		struct srec_row row = {
			.type = (char)('0' + address_size - 1),
			.address_size = address_size,
			.addr = (uint32_t)(element->addr + done),
			.data = element->data + done,
		};

		row.size = SREC_PER_ROW - row.addr % SREC_PER_ROW;
		if (row.size > element->size - done)
			row.size = element->size - done;
		r = srec_put(out, &row);
		done += row.size;
		++*records;
	}
	return r;
}

static int srec_put_header(struct buf *out, const struct image *image)
{
	const char *name = image->targets[image->elements[0].target].name;

	return srec_put(out, &(struct srec_row){
				     .type = '0',
				     .address_size = 2,
				     .data = (const uint8_t *)name,
				     .size = strnlen(name, SREC_NAME_MAX),
			     });
}

/* Count and end. */
static int srec_put_footer(struct buf *out, uint32_t records, size_t address_size, uint32_t entry)
{
	bool wide = records > SREC_COUNT2_MAX;
	struct srec_row count = {
		.type = wide ? '6' : '5', .address_size = wide ? 3 : 2, .addr = records};
	struct srec_row end = {.type = (char)('0' + 11 - address_size),
		.address_size = address_size,
		.addr = entry};
	int r = records > SREC_COUNT_MAX ? 0 : srec_put(out, &count);

	return r < 0 ? r : srec_put(out, &end);
}

/* The narrowest address that reaches everything. */
static size_t srec_width(const struct image *image, const struct image_element **sorted)
{
	const struct image_element *last = sorted[image->element_count - 1];
	uint32_t highest = last->addr + (uint32_t)(last->size - 1);

	if (image->has_entry && image->entry > highest)
		highest = image->entry;
	return highest > 0xffffff ? 4 : highest > 0xffff ? 3 : 2;
}

static int srec_serialize(const struct image *image, struct buf *out, struct why *why)
{
	CLEANUP(free_ptr) const struct image_element **sorted = NULL;
	uint32_t records = 0;
	size_t width;
	int r = image_need_address(image, IMAGE_SREC, why);

	if (r < 0)
		return r;
	r = image_sorted(image, &sorted, why);
	if (r < 0)
		return r;
	width = srec_width(image, sorted);
	r = srec_put_header(out, image);
	for (size_t i = 0; r == 0 && i < image->element_count; i++)
		r = srec_put_element(out, sorted[i], width, &records);
	if (r == 0)
		r = srec_put_footer(out, records, width, image->has_entry ? image->entry : 0);
	return image_output_error(r, why);
}

static bool srec_recognize(const struct image_source *source)
{
	return image_text_recognize(source, "S0") || image_text_recognize(source, "S1") ||
	       image_text_recognize(source, "S2") || image_text_recognize(source, "S3");
}

static const char *const srec_extensions[] = {
	"s19", "s28", "s37", "s1", "s2", "s3", "srec", "sx", "mot", "mxt", NULL};

const struct image_codec image_codec_srec = {
	.extensions = srec_extensions,
	.recognize = srec_recognize,
	.parse = srec_parse,
	.serialize = srec_serialize,
};
