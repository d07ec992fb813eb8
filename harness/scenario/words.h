/* SPDX-License-Identifier: MIT */
/*
 * The parts of a scenario that no libcyaml schema can describe, because words stand where keys do: steps, expectations,
 * names of flashers. They are read from the marks, which have each value's text and line.
 */
#ifndef DFURIG_SCENARIO_WORDS_H
#define DFURIG_SCENARIO_WORDS_H

#include <stdint.h>

#include "harness/base/names.h"
#include "harness/yaml/yaml_file.h"

/* A value at a path of the file; what the functions below are about. mark NULL: nothing is there. */
struct words {
	const struct yaml_file *file; /* borrowed */
	const struct yaml_mark *mark; /* borrowed */
	struct why *why;
};

struct words words_at(const struct yaml_file *file, const char *path, struct why *why);

/* The n-th entry (from 0) of a mapping or sequence; its mark is NULL when there are no more. */
struct words words_entry(const struct words *words, size_t n);

/* The value of a key in a mapping. */
struct words words_value(const struct words *words, const char *key);

/* Its key: the last part of the path; of a sequence's element the sequence's, with its number. */
const char *words_key(const struct words *words);

/* All of these: 0, or -EBADMSG with "file:line: path: ..." in why; *ret is untouched then. */
MUST_CHECK int words_check_keys(const struct yaml_file *file, struct why *why);
MUST_CHECK int words_text(const struct words *words, char *ret, size_t room, const char *expected);
MUST_CHECK int words_name(const struct words *words, const struct names *names, int *ret);
MUST_CHECK int words_time(const struct words *words, uint64_t *ret);
MUST_CHECK int words_number(const struct words *words, uint32_t max, uint32_t *ret);

/* -EBADMSG with "<value>" is not <expected>, or with a sentence. */
int words_bad(const struct words *words, const char *expected);
int words_bad_because(const struct words *words, const char *fmt, ...) PRINTF(2, 3);

/* Lower-case letters, digits and "-", at most room - 1: as scenarios, boards, images and flashers are called. */
MUST_CHECK int words_identifier(const struct words *words, char *ret, size_t room);

#endif
