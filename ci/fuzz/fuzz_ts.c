/* SPDX-License-Identifier: MIT */
/*
 * A stream of TunerStudio frames, and a signature: nothing crashes, and what is understood survives being written and
 * read again. The first byte chooses the form of the requests; a wrong CRC is read all the same, or the fuzzer would
 * never get behind it.
 */
#include <string.h>

#include "harness/ts/ts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAYLOAD_MAX 1500

static void check_text(const struct ts_request *request)
{
	char text[40];

	for (size_t room = 1; room <= sizeof(text); room += 13)
		if (strlen(ts_request_text(request, text, room)) >= room)
			__builtin_trap();
}

static void check_request(const uint8_t *payload, size_t size, bool paged)
{
	CLEANUP(buf_done) struct buf out;
	struct ts_request request;

	buf_init(&out, TS_PAYLOAD_MAX + TS_FRAME_OVERHEAD);
	if (ts_request_read(payload, size, paged, &request) < 0)
		return;
	check_text(&request);
	if (ts_request_append(&out, &request) < 0 || out.size != size + TS_FRAME_OVERHEAD ||
		memcmp(out.data + 2, payload, size) != 0)
		__builtin_trap();
}

static void check_stream(const uint8_t *data, size_t size, bool paged)
{
	const uint8_t *payload;
	size_t payload_size;

	while (size) {
		size_t step = 1;

		switch (ts_scan(data, size, PAYLOAD_MAX, &payload, &payload_size)) {
		case TS_SCAN_FRAME:
		case TS_SCAN_CRC:
			check_request(payload, payload_size, paged);
			step = payload_size + TS_FRAME_OVERHEAD;
			break;
		case TS_SCAN_MORE:
		case TS_SCAN_LENGTH:
		case TS_SCAN_COUNT:
			break;
		}
		data += step;
		size -= step;
	}
}

static void check_signature(const uint8_t *data, size_t size)
{
	struct ts_signature signature;
	char text[TS_SIGNATURE_ROOM] = "";

	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	if (ts_signature_read(text, &signature) == 0 &&
		(!*signature.branch || !*signature.target || !*signature.hash ||
			signature.year > 9999 || signature.day > 99))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	check_stream(data + 1, size - 1, data[0] & 1);
	check_signature(data + 1, size - 1);
	return 0;
}
