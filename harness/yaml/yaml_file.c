/* SPDX-License-Identifier: MIT */
#include "harness/yaml/yaml_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE     256
#define SENTENCE_SIZE 384

/*
 * What libcyaml 1.x logs of a failure: the message, then a backtrace from the inside out ("in mapping field 'uid'
 * (line: 2, column: 6)", "in sequence entry '3' ..."). Only names are taken from it; lines come from the marks.
 */
struct complaint {
	char name[YAML_MARK_PATH]; /* the key that a message about keys names */
	char path
		[YAML_MARK_PATH]; /* of the backtrace, its innermost frame left out when name is set */
	size_t frames;
};

static const char *const key_messages[] = {
	"Load: Unexpected key: ",
	"Load: Missing required mapping field: ",
};

static void put_in_front(struct complaint *complaint, const char *part)
{
	char rest[YAML_MARK_PATH];
	bool dot = complaint->path[0] && complaint->path[0] != '[';

	memcpy(rest, complaint->path, sizeof(rest));
	if (snprintf(complaint->path, sizeof(complaint->path), "%s%s%s", part, dot ? "." : "",
		    rest) >= (int)sizeof(complaint->path))
		complaint->path[0] = '\0';
}

static void read_frame(struct complaint *complaint, const char *line)
{
	char part[YAML_MARK_PATH];
	char entry[32];
	unsigned long number;
	bool innermost = complaint->frames == 0;

	if (strncmp(line, "  in ", 5) != 0)
		return;
	complaint->frames++;
	/* For a message about keys that is the last field read, or the mapping itself. */
	if (innermost && complaint->name[0])
		return;
	if (sscanf(line, "  in mapping field '%150[^']'", part) == 1) {
		put_in_front(complaint, part);
	} else if (sscanf(line, "  in sequence entry '%lu'", &number) == 1) {
		/* It has counted the entry that it complains about. */
		snprintf(entry, sizeof(entry), "[%lu]", number ? number - 1 : 0);
		put_in_front(complaint, entry);
	}
}

static void on_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct complaint *complaint = ctx;
	char line[LINE_SIZE];

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(key_messages); i++)
		if (strncmp(line, key_messages[i], strlen(key_messages[i])) == 0)
			snprintf(complaint->name, sizeof(complaint->name), "%.150s",
				line + strlen(key_messages[i]));
	read_frame(complaint, line);
}

static cyaml_config_t config_for(struct complaint *complaint)
{
	return (cyaml_config_t){
		.log_fn = on_log,
		.log_ctx = complaint,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
}

/* The line of the path, or of the nearest thing around it. */
static size_t line_of(const struct yaml_file *file, const char *path)
{
	char around[YAML_MARK_PATH];
	const struct yaml_mark *mark = yaml_marks_find(&file->marks, path);

	snprintf(around, sizeof(around), "%s", path);
	while (!mark && around[0]) {
		size_t end = strlen(around);

		while (end && around[end - 1] != '.' && around[end - 1] != '[')
			end--;
		around[end ? end - 1 : 0] = '\0';
		mark = yaml_marks_find(&file->marks, around);
	}
	return mark ? mark->line : 1;
}

/* "faults[].at" stands for the entry of any number. */
static bool fits_pattern(const char *pattern, const char *path)
{
	for (; *pattern && *pattern == *path; pattern++, path++)
		if (*pattern == '[' && pattern[1] == ']')
			path += strspn(path + 1, "0123456789");
	return *pattern == *path;
}

static const char *expected_of(const struct yaml_file *file, const char *path)
{
	for (const struct yaml_expected *e = file->expected; e && e->path; e++)
		if (fits_pattern(e->path, path))
			return e->what;
	return NULL;
}

int yaml_file_bad(
	const struct yaml_file *file, struct why *why, const char *path, const char *fmt, ...)
{
	char sentence[SENTENCE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	/* A value may have several lines; what is wrong has one. */
	for (char *c = strchr(sentence, '\n'); c; c = strchr(c, '\n'))
		*c = ' ';
	return why_set(why, -EBADMSG, "%s:%zu: %s%s%s", file->name, line_of(file, path), path,
		path[0] ? ": " : "", sentence);
}

int yaml_file_bad_value(const struct yaml_file *file, struct why *why, const char *path)
{
	const struct yaml_mark *mark = yaml_marks_find(&file->marks, path);
	const char *expected = expected_of(file, path);

	if (!expected)
		expected = "valid here";
	if (!mark || !mark->text)
		return yaml_file_bad(file, why, path, "this is not %s", expected);
	return yaml_file_bad(file, why, path, "\"%.100s%s\" is not %s", mark->text,
		strlen(mark->text) > 100 ? "..." : "", expected);
}

/* The mapping that the next part of the path, length characters, leads to; NULL when there is none. */
static const cyaml_schema_value_t *step_into(
	const cyaml_schema_value_t *value, const char *part, size_t length)
{
	const cyaml_schema_field_t *field = value->mapping.fields;

	while (field->key &&
		(strlen(field->key) != length || strncmp(field->key, part, length) != 0))
		field++;
	if (!field->key)
		return NULL;
	value = &field->value;
	if (value->type == CYAML_SEQUENCE || value->type == CYAML_SEQUENCE_FIXED)
		value = value->sequence.entry;
	return value->type == CYAML_MAPPING ? value : NULL;
}

/* The schema of the mapping that a key with this path would be in; NULL when there is none. */
static const cyaml_schema_field_t *fields_around(const struct yaml_file *file, const char *path)
{
	const cyaml_schema_value_t *value = file->schema;
	const char *dot = strchr(path, '.');

	for (; dot && value; dot = strchr(path, '.')) {
		value = step_into(value, path, strcspn(path, ".["));
		path = dot + 1;
	}
	return value && value->type == CYAML_MAPPING ? value->mapping.fields : NULL;
}

static int bad_key(const struct yaml_file *file, struct why *why, const char *path)
{
	const cyaml_schema_field_t *fields = fields_around(file, path);
	char known[SENTENCE_SIZE] = "";
	size_t used = 0;

	for (; fields && fields->key && used < sizeof(known); fields++)
		used += (size_t)snprintf(
			known + used, sizeof(known) - used, "%s%s", used ? ", " : "", fields->key);
	return yaml_file_bad(
		file, why, path, known[0] ? "unknown key; known are %s" : "unknown key%s", known);
}

static int missing_key(const struct yaml_file *file, struct why *why, const char *path)
{
	const char *expected = expected_of(file, path);

	if (!expected)
		return yaml_file_bad(file, why, path, "missing");
	return yaml_file_bad(file, why, path, "missing; it must be %s", expected);
}

static int bad_load(const struct yaml_file *file, cyaml_err_t err,
	const struct complaint *complaint, struct why *why)
{
	char path[2 * YAML_MARK_PATH];

	snprintf(path, sizeof(path), "%s%s%s", complaint->path,
		complaint->path[0] && complaint->name[0] ? "." : "", complaint->name);
	if (err == CYAML_ERR_OOM)
		return why_errno(why, -ENOMEM, "%s", file->name);
	/* The entry that is too much is not at fault. */
	if (err == CYAML_ERR_SEQUENCE_ENTRIES_MAX && strrchr(path, '['))
		*strrchr(path, '[') = '\0';
	if (err == CYAML_ERR_INVALID_KEY)
		return bad_key(file, why, path);
	if (err == CYAML_ERR_MAPPING_FIELD_MISSING)
		return missing_key(file, why, path);
	if (!path[0])
		return yaml_file_bad(file, why, "", "\"key: value\" lines are expected (%s)",
			cyaml_strerror(err));
	return yaml_file_bad_value(file, why, path);
}

int yaml_file_load(
	struct yaml_file *file, const uint8_t *data, size_t size, void **ret, struct why *why)
{
	struct complaint complaint = {0};
	cyaml_config_t config = config_for(&complaint);
	cyaml_data_t *loaded = NULL;
	cyaml_err_t err;
	int r;

	r = yaml_marks_read(&file->marks, file->name, data, size, why);
	if (r < 0)
		return r;
	err = cyaml_load_data(data, size, &config, file->schema, &loaded, NULL);
	if (err == CYAML_OK && !loaded)
		return why_set(why, -EBADMSG, "%s: the file is empty", file->name);
	if (err != CYAML_OK)
		return bad_load(file, err, &complaint, why);
	*ret = loaded;
	return 0;
}

void yaml_file_free(const struct yaml_file *file, void *loaded)
{
	struct complaint complaint = {0};
	cyaml_config_t config = config_for(&complaint);

	cyaml_free(&config, file->schema, loaded, 0);
}

void yaml_file_done(struct yaml_file *file)
{
	yaml_marks_done(&file->marks);
}
