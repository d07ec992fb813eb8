/* SPDX-License-Identifier: MIT */
/* Enumerators and their names, both ways; a table is an array indexed by the enumerator. */
#ifndef DFURIG_BASE_NAMES_H
#define DFURIG_BASE_NAMES_H

#include <stddef.h>

#include "harness/base/attr.h"

struct names {
	const char *const *text; /* borrowed; entries may be NULL for gaps */
	size_t count;
};

#define NAMES(array)                                                                               \
	{                                                                                          \
		.text = (array), .count = ARRAY_SIZE(array)                                        \
	}

/* Never NULL: "?" for a value without a name. */
const char *names_text(const struct names *names, size_t value);

/* Returns the value, or -ENOENT. */
MUST_CHECK int names_value(const struct names *names, const char *text);

/* Writes "a, b, c" into out (cut to size, always terminated); for messages. Returns out. */
const char *names_list(const struct names *names, char *out, size_t size);

#endif
