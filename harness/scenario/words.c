/* SPDX-License-Identifier: MIT */
#include "harness/scenario/words.h"

#include "harness/base/quantity.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define IDENTIFIER "abcdefghijklmnopqrstuvwxyz0123456789-"

struct words words_at(const struct yaml_file *file, const char *path, struct why *why)
{
	return (struct words){file, yaml_marks_find(&file->marks, path), why};
}

static bool is_entry_of(const char *path, const char *of)
{
	size_t length = strlen(of);

	return strncmp(path, of, length) == 0 && (path[length] == '.' || path[length] == '[') &&
	       path[length + 1 + strcspn(path + length + 1, ".[")] == '\0';
}

struct words words_entry(const struct words *words, size_t n)
{
	const struct yaml_marks *marks = &words->file->marks;
	size_t i = words->mark ? (size_t)(words->mark - marks->marks) : marks->count;
	struct words entry = {words->file, NULL, words->why};

	/* Entries stand behind what they are in. */
	for (; i < marks->count && !entry.mark; i++)
		if (is_entry_of(marks->marks[i].path, words->mark->path) && n-- == 0)
			entry.mark = &marks->marks[i];
	return entry;
}

struct words words_value(const struct words *words, const char *key)
{
	char path[2 * YAML_MARK_PATH];

	snprintf(path, sizeof(path), "%s.%s", words->mark->path, key);
	return words_at(words->file, path, words->why);
}

const char *words_key(const struct words *words)
{
	const char *dot = strrchr(words->mark->path, '.');

	return dot ? dot + 1 : words->mark->path;
}

int words_bad(const struct words *words, const char *expected)
{
	const char *text = words->mark->text;

	if (!text)
		return yaml_file_bad(
			words->file, words->why, words->mark->path, "this is not %s", expected);
	return yaml_file_bad(words->file, words->why, words->mark->path, "\"%.100s%s\" is not %s",
		text, strlen(text) > 100 ? "..." : "", expected);
}

int words_bad_because(const struct words *words, const char *fmt, ...)
{
	char sentence[384];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	return yaml_file_bad(words->file, words->why, words->mark->path, "%s", sentence);
}

int words_check_keys(const struct yaml_file *file, struct why *why)
{
	for (size_t i = 0; i < file->marks.count; i++) {
		const struct yaml_mark *mark = &file->marks.marks[i];
		char around[YAML_MARK_PATH];
		const struct yaml_mark *in;
		size_t end = strlen(mark->path);

		while (end && mark->path[end - 1] != '.' && mark->path[end - 1] != '[')
			end--;
		if (!end)
			continue;
		snprintf(around, sizeof(around), "%.*s", (int)end - 1, mark->path);
		in = yaml_marks_find(&file->marks, around);
		if (!in || in->text)
			return yaml_file_bad(
				file, why, mark->path, "a key has no \".\" and no \"[\"");
	}
	return 0;
}

int words_text(const struct words *words, char *ret, size_t room, const char *expected)
{
	const char *text = words->mark->text;

	if (!text || !text[0] || strlen(text) >= room || strpbrk(text, "\n\t"))
		return words_bad(words, expected);
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

int words_identifier(const struct words *words, char *ret, size_t room)
{
	const char *text = words->mark->text;

	if (!text || !text[0] || text[0] == '-' || strlen(text) >= room ||
		text[strspn(text, IDENTIFIER)])
		return words_bad(words, "1 to 48 lower-case letters, digits and \"-\"");
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

int words_name(const struct words *words, const struct names *names, int *ret)
{
	int value = words->mark->text ? names_value(names, words->mark->text) : -ENOENT;
	char expected[320] = "one of ";

	if (value < 0) {
		names_list(names, expected + strlen(expected), sizeof(expected) - strlen(expected));
		return words_bad(words, expected);
	}
	*ret = value;
	return 0;
}

int words_time(const struct words *words, uint64_t *ret)
{
	if (!words->mark->text || quantity_time_us(words->mark->text, ret) < 0)
		return words_bad(words, "a time such as 2.9 s, 100 ms or 2 min");
	return 0;
}

int words_number(const struct words *words, uint32_t max, uint32_t *ret)
{
	uint32_t value;
	char expected[64];

	snprintf(expected, sizeof(expected), "a whole number from 0 to %u", max);
	if (!words->mark->text || quantity_size(words->mark->text, &value) < 0 || value > max)
		return words_bad(words, expected);
	*ret = value;
	return 0;
}
