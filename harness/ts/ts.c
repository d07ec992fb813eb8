/* SPDX-License-Identifier: MIT */
#include "harness/ts/ts.h"

#include "harness/base/wire.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* What is behind a command letter. */
enum shape {
	SHAPE_UNKNOWN,
	SHAPE_EMPTY,
	SHAPE_PAGE,       /* page */
	SHAPE_RANGE,      /* page, offset, count */
	SHAPE_RANGE_DATA, /* page, offset, count, count bytes */
	SHAPE_OUTPUTS,    /* offset, count; or nothing */
	SHAPE_TEXT,
	SHAPE_IO_TEST, /* subsystem, index */
};

/* The commands that rusEFI takes in a frame. */
static enum shape shape_of(uint8_t command)
{
	switch (command) {
	case TS_SIGNATURE:
	case TS_VERSION:
	case TS_OUTPUTS_ALL:
	case TS_GET_TEXT:
	case TS_BOOTLOADER:
	case TS_ERROR_TEXT:
	case TS_SCATTERED_READ:
		return SHAPE_EMPTY;
	case TS_BURN:
		return SHAPE_PAGE;
	case TS_READ:
	case TS_PAGE_CRC:
		return SHAPE_RANGE;
	case TS_WRITE:
		return SHAPE_RANGE_DATA;
	case TS_OUTPUTS:
		return SHAPE_OUTPUTS;
	case TS_EXECUTE:
		return SHAPE_TEXT;
	case TS_IO_TEST:
		return SHAPE_IO_TEST;
	default: /* the wire's byte, not an enumerator */
		return SHAPE_UNKNOWN;
	}
}

const char *ts_code_text(uint8_t code)
{
	switch ((enum ts_code)code) {
	case TS_OK:
		return "OK";
	case TS_BURN_OK:
		return "burn OK";
	case TS_UNDERRUN:
		return "underrun";
	case TS_OVERRUN:
		return "overrun";
	case TS_CRC_FAILURE:
		return "CRC failure";
	case TS_UNRECOGNIZED_COMMAND:
		return "unrecognized command";
	case TS_OUT_OF_RANGE:
		return "out of range";
	case TS_FRAMING_ERROR:
		return "framing error";
	}
	return "?";
}

static uint32_t crc_of(const uint8_t *data, size_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)size);
}

int ts_frame_append(struct buf *out, const void *payload, size_t size)
{
	uint8_t *frame;
	struct writer to;
	int r;

	if (size == 0 || size > TS_PAYLOAD_MAX)
		return -EINVAL;
	r = buf_grow(out, size + TS_FRAME_OVERHEAD, &frame);
	if (r < 0)
		return r;
	to = writer_of(frame, size + TS_FRAME_OVERHEAD);
	writer_be16(&to, (uint16_t)size);
	writer_bytes(&to, payload, size);
	writer_be32(&to, crc_of(payload, size));
	return 0;
}

static void put_range(struct writer *to, const struct ts_request *request)
{
	if (request->paged)
		writer_le16(to, request->page);
	writer_le16(to, request->offset);
	writer_le16(to, request->count);
}

/* The command letter and what has a fixed size behind it; all but the data. */
static void put_head(struct writer *to, const struct ts_request *request)
{
	writer_u8(to, request->command);
	switch (shape_of(request->command)) {
	case SHAPE_UNKNOWN:
	case SHAPE_EMPTY:
	case SHAPE_TEXT:
		break;
	case SHAPE_PAGE:
		if (request->paged)
			writer_le16(to, request->page);
		break;
	case SHAPE_RANGE:
	case SHAPE_RANGE_DATA:
		put_range(to, request);
		break;
	case SHAPE_OUTPUTS:
		if (!request->all) {
			writer_le16(to, request->offset);
			writer_le16(to, request->count);
		}
		break;
	case SHAPE_IO_TEST:
		writer_be16(to, request->subsystem);
		writer_be16(to, request->index);
		break;
	}
}

int ts_request_append(struct buf *out, const struct ts_request *request)
{
	CLEANUP(buf_done) struct buf payload;
	uint8_t head[16];
	struct writer to = writer_of(head, sizeof(head));
	int r;

	buf_init(&payload, TS_PAYLOAD_MAX);
	if (shape_of(request->command) == SHAPE_RANGE_DATA && request->data_size != request->count)
		return -EINVAL;
	put_head(&to, request);
	if (request->data_size > TS_PAYLOAD_MAX - to.pos)
		return -EINVAL;
	r = buf_append(&payload, head, to.pos);
	if (r == 0 && request->data_size)
		r = buf_append(&payload, request->data, request->data_size);
	return r < 0 ? r : ts_frame_append(out, payload.data, payload.size);
}

static void get_range(struct reader *from, struct ts_request *request)
{
	if (request->paged)
		request->page = reader_le16(from);
	request->offset = reader_le16(from);
	request->count = reader_le16(from);
}

static void get_data(struct reader *from, struct ts_request *request)
{
	request->data_size = reader_left(from);
	request->data = reader_take(from, request->data_size);
}

static void get_arguments(struct reader *from, enum shape shape, struct ts_request *request)
{
	switch (shape) {
	case SHAPE_UNKNOWN:
	case SHAPE_EMPTY:
		break;
	case SHAPE_PAGE:
		if (request->paged)
			request->page = reader_le16(from);
		break;
	case SHAPE_RANGE:
		get_range(from, request);
		break;
	case SHAPE_RANGE_DATA:
		get_range(from, request);
		get_data(from, request);
		break;
	case SHAPE_OUTPUTS:
		request->all = reader_left(from) == 0;
		if (!request->all) {
			request->offset = reader_le16(from);
			request->count = reader_le16(from);
		}
		break;
	case SHAPE_TEXT:
		get_data(from, request);
		break;
	case SHAPE_IO_TEST:
		request->subsystem = reader_be16(from);
		request->index = reader_be16(from);
		break;
	}
}

int ts_request_read(const uint8_t *payload, size_t size, bool paged, struct ts_request *ret)
{
	struct reader from = reader_of(payload, size);
	struct ts_request request = {.command = reader_u8(&from), .paged = paged};
	enum shape shape = shape_of(request.command);

	if (from.failed)
		return -EBADMSG;
	if (shape == SHAPE_UNKNOWN)
		return -ENOENT;
	get_arguments(&from, shape, &request);
	if (from.failed || reader_left(&from))
		return -EBADMSG;
	if (shape == SHAPE_RANGE_DATA && request.data_size != request.count)
		return -EBADMSG;
	*ret = request;
	return 0;
}

enum ts_scan ts_scan(const uint8_t *data, size_t size, size_t max_payload,
	const uint8_t **ret_payload, size_t *ret_size)
{
	struct reader from = reader_of(data, size);
	size_t length = reader_be16(&from);
	const uint8_t *payload;
	uint32_t crc;

	if (from.failed)
		return TS_SCAN_MORE;
	if (length == 0 || length > max_payload)
		return TS_SCAN_LENGTH;
	payload = reader_take(&from, length);
	crc = reader_be32(&from);
	if (!payload || from.failed)
		return TS_SCAN_MORE;
	*ret_payload = payload;
	*ret_size = length;
	return crc_of(payload, length) == crc ? TS_SCAN_FRAME : TS_SCAN_CRC;
}

static void text_of_data(const struct ts_request *request, char *out, size_t size)
{
	size_t used = strlen(out);

	if (request->data_size && used + 1 < size)
		out[used++] = ' ';
	for (size_t i = 0; i < request->data_size && used + 1 < size; i++) {
		uint8_t byte = request->data[i];

		out[used++] = byte >= ' ' && byte <= '~' ? (char)byte : '.';
	}
	out[used] = '\0';
}

const char *ts_request_text(const struct ts_request *request, char *out, size_t size)
{
	char letter = isgraph(request->command) ? (char)request->command : '.';
	char page[16] = "";

	if (request->paged)
		snprintf(page, sizeof(page), "page %u, ", request->page);
	switch (shape_of(request->command)) {
	case SHAPE_UNKNOWN:
	case SHAPE_TEXT:
		snprintf(out, size, "%c", letter);
		text_of_data(request, out, size);
		break;
	case SHAPE_EMPTY:
		snprintf(out, size, "%c", letter);
		break;
	case SHAPE_PAGE:
		snprintf(out, size, "%c%s%.*s", letter, *page ? " " : "",
			(int)(strlen(page) - (*page ? 2 : 0)), page);
		break;
	case SHAPE_RANGE:
	case SHAPE_RANGE_DATA:
		snprintf(out, size, "%c %soffset %u, %u bytes", letter, page, request->offset,
			request->count);
		break;
	case SHAPE_OUTPUTS:
		if (request->all)
			snprintf(out, size, "%c", letter);
		else
			snprintf(out, size, "%c offset %u, %u bytes", letter, request->offset,
				request->count);
		break;
	case SHAPE_IO_TEST:
		snprintf(out, size, "%c %04x %04x", letter, request->subsystem, request->index);
		break;
	}
	return out;
}

/* Copies up to the next dot, or up to the end for the last part; *at moves behind it. */
static int take_part(const char **at, bool last, char *ret, size_t room)
{
	size_t size = strcspn(*at, ".");

	if (size == 0 || size >= room || ((*at)[size] == '\0') != last)
		return -EBADMSG;
	memcpy(ret, *at, size);
	ret[size] = '\0';
	*at += size + (last ? 0 : 1);
	return 0;
}

static int take_number(const char **at, size_t digits, unsigned int *ret)
{
	char text[8];
	int r = take_part(at, false, text, sizeof(text));

	if (r < 0)
		return r;
	if (strlen(text) != digits || strspn(text, "0123456789") != digits)
		return -EBADMSG;
	*ret = 0;
	for (const char *c = text; *c; c++)
		*ret = *ret * 10 + (unsigned int)(*c - '0');
	return 0;
}

int ts_signature_read(const char *text, struct ts_signature *ret)
{
	static const char prefix[] = "rusEFI ";
	struct ts_signature signature = {0};
	const char *at = text + strlen(prefix);

	if (strncmp(text, prefix, strlen(prefix)) != 0 ||
		take_part(&at, false, signature.branch, sizeof(signature.branch)) < 0 ||
		take_number(&at, 4, &signature.year) < 0 ||
		take_number(&at, 2, &signature.month) < 0 ||
		take_number(&at, 2, &signature.day) < 0 ||
		take_part(&at, false, signature.target, sizeof(signature.target)) < 0 ||
		take_part(&at, true, signature.hash, sizeof(signature.hash)) < 0)
		return -EBADMSG;
	*ret = signature;
	return 0;
}
