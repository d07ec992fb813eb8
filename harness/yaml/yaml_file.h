/* SPDX-License-Identifier: MIT */
/*
 * YAML files by a libcyaml schema, with mistakes as one line for people:
 *
 *     boards/f407.yaml:7: uid: "31" is not 24 hex digits
 */
#ifndef DFURIG_YAML_YAML_FILE_H
#define DFURIG_YAML_YAML_FILE_H

#include <cyaml/cyaml.h>

#include "harness/yaml/yaml_marks.h"

/* What a key's value must be, to follow "is not" and "missing; it must be". */
struct yaml_expected {
	const char *path; /* "uid", "faults[].at"; NULL ends the table */
	const char *what; /* "24 hex digits" */
};

/* All but marks is set by the caller and borrowed. */
struct yaml_file {
	const char *name; /* for messages: the path */
	const cyaml_schema_value_t *schema;
	const struct yaml_expected *expected; /* may be NULL */
	struct yaml_marks marks;
};

/* Loads data. *ret is owned by the caller (yaml_file_free). Returns 0; -EBADMSG with the line, the key and what to
 * do in why; -ENOMEM. yaml_file_done in all cases. */
MUST_CHECK int yaml_file_load(
	struct yaml_file *file, const uint8_t *data, size_t size, void **ret, struct why *why);

void yaml_file_free(const struct yaml_file *file, void *loaded);
void yaml_file_done(struct yaml_file *file);

/* A mistake that the schema cannot see: "name:line: path: <sentence>". Returns -EBADMSG. */
int yaml_file_bad(const struct yaml_file *file, struct why *why, const char *path, const char *fmt,
	...) PRINTF(4, 5);

/* The same with the sentence "<value>" is not <what is expected>. */
int yaml_file_bad_value(const struct yaml_file *file, struct why *why, const char *path);

#endif
