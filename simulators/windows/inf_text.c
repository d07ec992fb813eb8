/* SPDX-License-Identifier: MIT */
#include "simulators/windows/inf_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scan {
	struct inf_text *text;
	const char *at, *end;
	uint32_t line;
	const char *section;
	struct why *why;
};

static int bad(const struct scan *scan, uint32_t line, const char *what)
{
	return why_set(scan->why, -EBADMSG, "%s:%u: %s", scan->text->name, line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Every token of the file takes at most its own length and one more, see inf_text_read. */
static void put(struct inf_text *text, char c)
{
	if (text->used < text->room)
		text->memory[text->used++] = c;
}

/* A backslash with nothing behind it on the line but blanks and a comment. */
static bool is_continuation(const char *at, const char *end)
{
	if (*at != '\\')
		return false;
	for (at++; at < end && is_blank(*at);)
		at++;
	return at == end || *at == '\n' || *at == ';';
}

static void to_line_end(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		scan->at++;
}

/* Moves to the next character that counts, over blanks and continued lines; comments are the end of the line. */
static void skip_blanks(struct scan *scan)
{
	while (scan->at < scan->end) {
		if (is_continuation(scan->at, scan->end)) {
			to_line_end(scan);
			if (scan->at < scan->end)
				scan->at++;
			scan->line++;
		} else if (is_blank(*scan->at)) {
			scan->at++;
		} else {
			break;
		}
	}
	if (scan->at < scan->end && *scan->at == ';')
		to_line_end(scan);
}

static bool at_line_end(const struct scan *scan)
{
	return scan->at == scan->end || *scan->at == '\n';
}

/* "..." with "" for a quotation mark in it. */
static int quoted(struct scan *scan)
{
	for (scan->at++; !at_line_end(scan); scan->at++) {
		if (*scan->at == '"') {
			scan->at++;
			if (at_line_end(scan) || *scan->at != '"')
				return 0;
		}
		if (*scan->at != '\r')
			put(scan->text, *scan->at);
	}
	return bad(scan, scan->line, "a quoted string does not end; put a \" at its end");
}

/* One value up to a delimiter outside of quotation marks; blanks around it go. */
static int value(struct scan *scan, const char *delimiters, const char **ret)
{
	struct inf_text *text = scan->text;
	size_t start = text->used, solid = start;

	for (skip_blanks(scan); !at_line_end(scan); skip_blanks(scan)) {
		const char *before;

		if (strchr(delimiters, *scan->at))
			break;
		if (*scan->at == '"') {
			int r = quoted(scan);

			if (r < 0)
				return r;
		} else {
			put(text, *scan->at++);
		}
		solid = text->used;
		before = scan->at;
		while (scan->at < scan->end && is_blank(*scan->at))
			put(text, *scan->at++);
		if (at_line_end(scan) || *scan->at == ';' || is_continuation(scan->at, scan->end) ||
			strchr(delimiters, *scan->at)) {
			text->used = solid;
			scan->at = before;
		}
	}
	text->used = solid;
	*ret = text->memory + start;
	put(text, '\0');
	return 0;
}

static int new_entry(struct scan *scan, struct inf_entry **ret)
{
	struct inf_text *text = scan->text;

	if (text->entry_count == INF_ENTRY_MAX)
		return bad(scan, scan->line, "more than 2048 entries");
	if (text->entry_count == text->entry_room) {
		size_t room = text->entry_room ? text->entry_room * 2 : 32;
		struct inf_entry *bigger = realloc(text->entries, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		text->entries = bigger;
		text->entry_room = room;
	}
	*ret = &text->entries[text->entry_count++];
	**ret = (struct inf_entry){.line = scan->line, .section = scan->section};
	return 0;
}

static int section(struct scan *scan)
{
	uint32_t line = scan->line;
	struct inf_entry *header;
	int r;

	scan->at++;
	r = value(scan, "]", &scan->section);
	if (r < 0)
		return r;
	if (at_line_end(scan))
		return bad(scan, line, "a section's name does not end; put a ] behind it");
	if (!scan->section[0])
		return bad(scan, line, "a section has no name");
	scan->at++;
	skip_blanks(scan);
	if (!at_line_end(scan))
		return bad(scan, line, "text behind a section's name");
	return new_entry(scan, &header);
}

static int fields(struct scan *scan, struct inf_entry *entry)
{
	for (;;) {
		int r;

		if (entry->field_count == INF_FIELD_MAX)
			return bad(scan, entry->line, "more than 16 values in one entry");
		r = value(scan, ",", &entry->field[entry->field_count]);
		if (r < 0)
			return r;
		entry->field_count++;
		if (at_line_end(scan))
			return 0;
		scan->at++;
	}
}

static int entry(struct scan *scan)
{
	struct inf_entry *found;
	const char *first;
	int r;

	if (!scan->section)
		return bad(scan, scan->line,
			"text before the first section; an INF begins with [Version]");
	r = new_entry(scan, &found);
	if (r == 0)
		r = value(scan, "=,", &first);
	if (r < 0)
		return r;
	if (at_line_end(scan)) {
		found->field[found->field_count++] = first;
		return 0;
	}
	if (*scan->at++ == '=')
		found->key = first;
	else
		found->field[found->field_count++] = first;
	return fields(scan, found);
}

static int one_line(struct scan *scan)
{
	int r = 0;

	skip_blanks(scan);
	if (!at_line_end(scan))
		r = *scan->at == '[' ? section(scan) : entry(scan);
	if (r < 0)
		return r;
	if (scan->at < scan->end)
		scan->at++;
	scan->line++;
	return 0;
}

static int check_encoding(const struct scan *scan)
{
	size_t size = (size_t)(scan->end - scan->at);

	if (size >= 2 && ((uint8_t)scan->at[0] == 0xff || (uint8_t)scan->at[0] == 0xfe))
		return bad(scan, 1, "UTF-16, which is not read here; save it as UTF-8");
	if (size && memchr(scan->at, 0, size))
		return bad(scan, 1, "a zero byte in it: no text");
	return 0;
}

int inf_text_read(
	const char *name, const char *text, size_t size, struct inf_text *ret, struct why *why)
{
	struct scan scan = {.text = ret, .at = text, .end = text + size, .line = 1, .why = why};
	int r;

	snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (size > INF_SIZE_MAX)
		return why_set(why, -E2BIG, "%s: larger than %d bytes", ret->name, INF_SIZE_MAX);
	ret->room = 2 * size +
		    2; /* each token ends at a character of its own, or at the end of the file */
	ret->memory = malloc(ret->room);
	if (!ret->memory)
		return why_errno(why, -ENOMEM, "%s", ret->name);
	r = check_encoding(&scan);
	if (r == 0 && size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		scan.at += 3;
	while (r == 0 && scan.at < scan.end)
		r = one_line(&scan);
	return r == -ENOMEM ? why_errno(why, r, "%s", ret->name) : r;
}

void inf_text_done(struct inf_text *text)
{
	free(text->memory);
	free(text->entries);
	*text = (struct inf_text){0};
}

const struct inf_entry *inf_text_next(const struct inf_text *text, const struct inf_entry *after,
	const char *section_name, const char *key)
{
	size_t i = after ? (size_t)(after - text->entries) + 1 : 0;

	for (; i < text->entry_count; i++) {
		const struct inf_entry *found = &text->entries[i];

		if (!found->field_count || strcasecmp(found->section, section_name) != 0)
			continue;
		if (!key || (found->key && strcasecmp(found->key, key) == 0))
			return found;
	}
	return NULL;
}

bool inf_text_has_section(const struct inf_text *text, const char *section_name)
{
	for (size_t i = 0; i < text->entry_count; i++)
		if (strcasecmp(text->entries[i].section, section_name) == 0)
			return true;
	return false;
}

/* Strings for US English go before those for all languages. */
static const char *string_of(const struct inf_text *text, const char *token, size_t size)
{
	static const char *const sections[] = {"Strings.0409", "Strings"};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct inf_entry *found = NULL;

		while ((found = inf_text_next(text, found, sections[i], NULL)))
			if (found->key && strlen(found->key) == size &&
				strncasecmp(found->key, token, size) == 0)
				return found->field[0];
	}
	return NULL;
}

/* Replaces the token at *source, which moves behind it. NULL: there is no such string. */
static const char *take_token(const struct inf_text *text, const char **source)
{
	const char *start = *source + 1, *end = strchr(start, '%');

	if (!end)
		return NULL;
	*source = end + 1;
	return end == start ? "%" : string_of(text, start, (size_t)(end - start));
}

int inf_text_expand(const struct inf_text *text, const struct inf_entry *entry_of_it,
	const char *source, char ret[static INF_TEXT], struct why *why)
{
	size_t used = 0;

	while (*source) {
		const char *token = source, *piece = source;
		size_t size = strcspn(source, "%");

		if (size) {
			source += size;
		} else {
			piece = take_token(text, &source);
			if (!piece)
				return why_set(why, -EBADMSG,
					"%s:%u: \"%.40s\": no such string; add it to [Strings], "
					"or write %%%% for a percent sign",
					text->name, entry_of_it->line, token);
			size = strlen(piece);
		}
		if (size >= INF_TEXT - used)
			return why_set(why, -EBADMSG, "%s:%u: a text of more than %d bytes",
				text->name, entry_of_it->line, INF_TEXT - 1);
		memcpy(ret + used, piece, size);
		used += size;
	}
	ret[used] = '\0';
	return 0;
}
