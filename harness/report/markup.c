/* SPDX-License-Identifier: MIT */
#include "harness/report/markup.h"

#include "harness/report/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6" /* U+2026 */

static void put(struct markup *self, const void *data, size_t size)
{
	if (!self->error)
		self->error = buf_append(self->out, data, size);
}

void markup_raw(struct markup *markup, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (size > 0)
		put(markup, line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* XML 1.0 section 2.2 (Char), C1 and DEL besides; and what turns the direction of the text around it (U+202A to U+202E,
 * U+2066 to U+2069). */
static bool is_allowed(const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;

	if (length == 1)
		return (bytes[0] >= 0x20 && bytes[0] != 0x7f) || bytes[0] == '\n' ||
		       bytes[0] == '\t';
	if (length == 2)
		return bytes[0] != 0xc2 || bytes[1] >= 0xa0;
	if (length == 3 && bytes[0] == 0xef && bytes[1] == 0xbf)
		return bytes[2] < 0xbe;
	if (length == 3 && bytes[0] == 0xe2 && bytes[1] == 0x80)
		return bytes[2] < 0xaa || bytes[2] > 0xae;
	if (length == 3 && bytes[0] == 0xe2 && bytes[1] == 0x81)
		return bytes[2] < 0xa6 || bytes[2] > 0xa9;
	return length > 0;
}

void markup_text_cut(struct markup *markup, const char *text, size_t max)
{
	size_t done = 0;

	while (text && text[done]) {
		size_t length = utf8_length(text + done);
		const char *entity = length == 1 ? entity_of(text[done]) : NULL;

		if (done + (length ? length : 1) > max) {
			put(markup, ELLIPSIS, strlen(ELLIPSIS));
			return;
		}
		if (entity)
			put(markup, entity, strlen(entity));
		else if (is_allowed(text + done, length))
			put(markup, text + done, length);
		else
			put(markup, REPLACEMENT, strlen(REPLACEMENT));
		done += length ? length : 1;
	}
}

void markup_text(struct markup *markup, const char *text)
{
	markup_text_cut(markup, text, SIZE_MAX / 2);
}
