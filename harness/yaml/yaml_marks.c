/* SPDX-License-Identifier: MIT */
#include "harness/yaml/yaml_marks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 16
#define MARK_MAX  2000

/* An open mapping or sequence. */
struct level {
	bool sequence;
	bool value_next;    /* mapping: a key was read */
	size_t entries;     /* sequence: so far */
	size_t path_length; /* of the path of the mapping or sequence itself */
};

struct walk {
	struct yaml_marks *marks;
	const char *name;
	struct why *why;
	char path[YAML_MARK_PATH]; /* of the value that is read now */
	struct level levels[DEPTH_MAX];
	size_t depth;
	size_t line; /* of the current event */
	bool had_document;
};

static int bad(struct walk *walk, const char *what)
{
	return why_set(walk->why, -EBADMSG, "%s:%zu: %s%s%s", walk->name, walk->line, walk->path,
		walk->path[0] ? ": " : "", what);
}

/* Puts the last part of the path behind what the level above has. */
static int extend_path(struct walk *walk, const char *fmt, const char *key, size_t index)
{
	size_t length = walk->depth ? walk->levels[walk->depth - 1].path_length : 0;
	size_t room = sizeof(walk->path) - length;
	int n;

	if (key)
		n = snprintf(walk->path + length, room, fmt, length ? "." : "", key);
	else
		n = snprintf(walk->path + length, room, fmt, index);
	if (n >= 0 && (size_t)n < room)
		return 0;
	walk->path[length] = '\0';
	return bad(walk, "the keys are too long");
}

static int add_mark(struct walk *walk, const char *text)
{
	struct yaml_marks *marks = walk->marks;
	struct yaml_mark *more;

	if (marks->count >= MARK_MAX)
		return bad(walk, "too many entries in one file");
	more = realloc(marks->marks, (marks->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	marks->marks = more;
	more += marks->count++;
	*more = (struct yaml_mark){.line = walk->line};
	memcpy(more->path, walk->path, sizeof(more->path));
	if (!text)
		return 0;
	more->text = strdup(text);
	return more->text ? 0 : -ENOMEM;
}

static int check_text(struct walk *walk, const yaml_event_t *event)
{
	const uint8_t *text = event->data.scalar.value;

	for (size_t i = 0; i < event->data.scalar.length; i++)
		if ((text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f ||
			(text[i] == 0xc2 && text[i + 1] < 0xa0))
			return bad(walk, "control characters are not allowed");
	return 0;
}

static int read_key(struct walk *walk, struct level *level, const yaml_event_t *event)
{
	const struct yaml_mark *before;
	char what[64];
	int r;

	walk->path[level->path_length] = '\0';
	if (event->type != YAML_SCALAR_EVENT)
		return bad(walk, "a key must be a word");
	r = check_text(walk, event);
	if (r < 0)
		return r;
	if (strpbrk((const char *)event->data.scalar.value, "\n\t"))
		return bad(walk, "a key must be a word");
	r = extend_path(walk, "%s%s", (const char *)event->data.scalar.value, 0);
	if (r < 0)
		return r;
	before = yaml_marks_find(walk->marks, walk->path);
	if (before) {
		snprintf(what, sizeof(what), "given twice (first in line %zu)", before->line);
		return bad(walk, what);
	}
	level->value_next = true;
	return 0;
}

static int open_level(struct walk *walk, bool sequence)
{
	if (walk->depth == DEPTH_MAX)
		return bad(walk, "nested too deeply");
	walk->levels[walk->depth++] =
		(struct level){.sequence = sequence, .path_length = strlen(walk->path)};
	return 0;
}

static int read_value(struct walk *walk, const yaml_event_t *event)
{
	int r = 0;

	if (event->type == YAML_SCALAR_EVENT)
		r = check_text(walk, event);
	if (!r)
		r = add_mark(walk, event->type == YAML_SCALAR_EVENT
					   ? (const char *)event->data.scalar.value
					   : NULL);
	if (!r && event->type != YAML_SCALAR_EVENT)
		r = open_level(walk, event->type == YAML_SEQUENCE_START_EVENT);
	return r;
}

/* A scalar, or the start of a mapping or sequence: a key or a value, depending on where we are. */
static int read_node(struct walk *walk, const yaml_event_t *event)
{
	struct level *level = walk->depth ? &walk->levels[walk->depth - 1] : NULL;
	int r;

	if (level && !level->sequence && !level->value_next)
		return read_key(walk, level, event);
	if (level && level->sequence) {
		r = extend_path(walk, "[%zu]", NULL, level->entries++);
		if (r < 0)
			return r;
	}
	if (level)
		level->value_next = false;
	return read_value(walk, event);
}

static int read_event(struct walk *walk, const yaml_event_t *event)
{
	walk->line = event->start_mark.line + 1;
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		walk->path[0] = '\0';
		if (walk->had_document)
			return bad(walk, "a second document begins; one is expected");
		walk->had_document = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return bad(walk, "aliases (*name) are not supported");
	case YAML_SCALAR_EVENT:
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return read_node(walk, event);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		walk->depth--;
		walk->path[walk->levels[walk->depth].path_length] = '\0';
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/* What libyaml has to say of bytes that are no YAML. */
static int bad_syntax(struct walk *walk, const yaml_parser_t *parser)
{
	char what[256];

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	walk->line = parser->problem_mark.line + 1;
	walk->path[0] = '\0';
	/* A wrong byte has an offset and no line. */
	if (parser->error == YAML_READER_ERROR)
		return why_set(walk->why, -EBADMSG, "%s: byte %zu: no valid YAML: %s", walk->name,
			parser->problem_offset, parser->problem);
	snprintf(what, sizeof(what), "no valid YAML: %s%s%s",
		parser->problem ? parser->problem : "syntax error", parser->context ? " " : "",
		parser->context ? parser->context : "");
	return bad(walk, what);
}

static int read_all(struct walk *walk, yaml_parser_t *parser)
{
	bool end = false;
	int r = 0;

	while (!end && r == 0) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return bad_syntax(walk, parser);
		r = read_event(walk, &event);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return r;
}

int yaml_marks_read(
	struct yaml_marks *ret, const char *name, const uint8_t *data, size_t size, struct why *why)
{
	struct walk walk = {.marks = ret, .name = name, .why = why};
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return why_errno(why, -ENOMEM, "%s", name);
	yaml_parser_set_input_string(&parser, data, size);
	r = read_all(&walk, &parser);
	yaml_parser_delete(&parser);
	if (r == -ENOMEM)
		return why_errno(why, r, "%s", name);
	if (r == 0 && !walk.had_document)
		return why_set(why, -EBADMSG, "%s: the file is empty", name);
	return r;
}

void yaml_marks_done(struct yaml_marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		free(marks->marks[i].text);
	free(marks->marks);
	*marks = (struct yaml_marks){0};
}

const struct yaml_mark *yaml_marks_find(const struct yaml_marks *marks, const char *path)
{
	for (size_t i = 0; i < marks->count; i++)
		if (strcmp(marks->marks[i].path, path) == 0)
			return &marks->marks[i];
	return NULL;
}
