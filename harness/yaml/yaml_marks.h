/* SPDX-License-Identifier: MIT */
/*
 * Where in a YAML file things stand, and the checks that no schema can say: one document, no key twice, no aliases, no
 * control characters, bounded depth and size.
 *
 * libcyaml loads values but forgets their lines; this is a pass of libyaml before it.
 */
#ifndef DFURIG_YAML_YAML_MARKS_H
#define DFURIG_YAML_YAML_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

#define YAML_MARK_PATH 160

struct yaml_mark {
	char path[YAML_MARK_PATH]; /* "start.power", "steps[2].action"; "" = the whole document */
	size_t line;               /* from 1 */
	char *text;                /* owned; a scalar's value, NULL for mappings and sequences */
};

struct yaml_marks {
	struct yaml_mark *marks; /* owned, in the file's order */
	size_t count;
};

/* Reads data; name is for messages only. Returns 0, or -EBADMSG with "name:line: key: ..." in why, -ENOMEM. *ret
 * (all zero before) must be freed in both cases. */
MUST_CHECK int yaml_marks_read(struct yaml_marks *ret, const char *name, const uint8_t *data,
	size_t size, struct why *why);

void yaml_marks_done(struct yaml_marks *marks);

/* NULL when the document has no such key. */
const struct yaml_mark *yaml_marks_find(const struct yaml_marks *marks, const char *path);

#endif
