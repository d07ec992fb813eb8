/* SPDX-License-Identifier: MIT */
#include "harness/ts/signature_scan.h"

#include <errno.h>
#include <string.h>

static const char prefix[] = "rusEFI ";

static size_t printable(const uint8_t *data, size_t size)
{
	size_t length = 0;

	while (length < size && data[length] >= ' ' && data[length] < 0x7f)
		length++;
	return length;
}

int ts_signature_scan(const uint8_t *data, size_t size, char ret[static TS_SIGNATURE_ROOM])
{
	const uint8_t *end = data + size;
	struct ts_signature parts;
	char text[TS_SIGNATURE_ROOM];

	while (data < end) {
		const uint8_t *at = memmem(data, (size_t)(end - data), prefix, strlen(prefix));
		size_t length;

		if (!at)
			break;
		length = printable(at, (size_t)(end - at));
		data = at + strlen(prefix);
		if (length >= sizeof(text))
			continue;
		memcpy(text, at, length);
		text[length] = '\0';
		if (ts_signature_read(text, &parts) < 0)
			continue;
		memcpy(ret, text, length + 1);
		return 0;
	}
	return -ENOENT;
}
