/* SPDX-License-Identifier: MIT */
#include "harness/flasher/update_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_SIZE 1024

void update_say_plain(struct update *update, const char *line)
{
	if (update->options->said)
		update->options->said(update->options->user, line);
	(void)!buf_printf(update->out, "%s\n", line);
}

void update_say(struct update *update, const char *fmt, ...)
{
	double now = (double)(clock_now_us(update->os->clock) - update->start_us) / 1e6;
	char line[LINE_MAX_SIZE];
	int used = snprintf(line, sizeof(line), "%7.3f  ", now);
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + used, sizeof(line) - (size_t)used, fmt, args);
	va_end(args);
	update_say_plain(update, line);
}

const char *update_number(size_t number, char ret[static UPDATE_NUMBER_ROOM])
{
	char digits[UPDATE_NUMBER_ROOM];
	int size = snprintf(digits, sizeof(digits), "%zu", number);
	size_t used = 0;

	for (int i = 0; i < size; i++) {
		if (i && (size - i) % 3 == 0)
			ret[used++] = ',';
		ret[used++] = digits[i];
	}
	ret[used] = '\0';
	return ret;
}

/* A program draws its progress over the same line: what it was drawn over with last counts. */
static void quote_line(struct update *update, const char *text, size_t size)
{
	char line[LINE_MAX_SIZE];
	const char *drawn;

	if (size && text[size - 1] == '\r')
		size--;
	drawn = memrchr(text, '\r', size);
	if (drawn) {
		size -= (size_t)(drawn + 1 - text);
		text = drawn + 1;
	}
	if (!size)
		return;
	snprintf(line, sizeof(line), "         | %.*s", (int)(size < 900 ? size : 900), text);
	update_say_plain(update, line);
}

void update_quote(struct update *update, const struct buf *output)
{
	size_t at = 0;

	while (at < output->size) {
		const char *text = (const char *)output->data + at;
		const char *end = memchr(text, '\n', output->size - at);
		size_t size = end ? (size_t)(end - text) : output->size - at;

		quote_line(update, text, size);
		at += size + 1;
	}
}

/* What the tool itself would say, before our own last line. */
static void say_own_words(struct update *update, enum flasher_reason reason)
{
	const char *text = update->profile->sentences[reason];

	while (text && *text) {
		size_t size = strcspn(text, "\n");

		update_say(update, "%.*s", (int)size, text);
		text += size + (text[size] == '\n');
	}
}

int update_fail(struct update *update, enum flasher_reason reason, const char *fmt, ...)
{
	struct update_result *result = update->result;
	va_list args;

	say_own_words(update, reason);
	result->reason = reason;
	va_start(args, fmt);
	vsnprintf(result->why.text, sizeof(result->why.text), fmt, args);
	va_end(args);
	return -ECANCELED;
}

int update_wait(struct update *update, uint32_t ms)
{
	uint64_t until_us = clock_after_us(update->os->clock, ms * UINT64_C(1000));

	if (until_us >= update->deadline_us) {
		clock_sleep_until_us(update->os->clock, update->deadline_us);
		return update_fail(update, FLASHER_TIMED_OUT, "the time for the update is over");
	}
	clock_sleep_until_us(update->os->clock, until_us);
	return 0;
}

bool update_is_over(const struct update *update, uint64_t until_us)
{
	return clock_now_us(update->os->clock) >= until_us;
}
