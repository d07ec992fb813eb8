/* SPDX-License-Identifier: MIT */
#include "harness/report/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT      "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_SIZE 3

/* RFC 3629, section 4: what the second byte may be depends on the first. */
static const struct sequence {
	uint8_t first_min, first_max, second_min, second_max;
	uint8_t length;
} sequences[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool matches(const struct sequence *sequence, const uint8_t *bytes)
{
	if (bytes[0] < sequence->first_min || bytes[0] > sequence->first_max)
		return false;
	if (bytes[1] < sequence->second_min || bytes[1] > sequence->second_max)
		return false;
	for (size_t i = 2; i < sequence->length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t utf8_length(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;

	if (bytes[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (matches(&sequences[i], bytes))
			return sequences[i].length;
	return 0;
}

/* C0, DEL, and C1 (U+0080 to U+009F, which some terminals obey). */
static bool is_control(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;

	return bytes[0] < 0x20 || bytes[0] == 0x7f || (bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

static char *clean(const char *text, bool controls_too)
{
	char *copy = malloc(strlen(text) * REPLACEMENT_SIZE + 1);
	char *to = copy;

	while (copy && *text) {
		size_t length = utf8_length(text);

		if (length && !(controls_too && is_control(text))) {
			memcpy(to, text, length);
			to += length;
		} else {
			memcpy(to, REPLACEMENT, REPLACEMENT_SIZE);
			to += REPLACEMENT_SIZE;
		}
		text += length ? length : 1;
	}
	if (copy)
		*to = '\0';
	return copy;
}

char *utf8_clean(const char *text)
{
	return clean(text, false);
}

char *utf8_printable(const char *text)
{
	return clean(text, true);
}
