/* SPDX-License-Identifier: MIT */
/*
 * The syntax of a Windows INF file: sections, entries, quoted strings, comments, line continuation, %string% tokens. What
 * the entries mean is inf.h's.
 *
 * Source: Microsoft, "General Syntax Rules for INF Files", "INF Strings Section".
 */
#ifndef DFURIG_WINDOWS_INF_TEXT_H
#define DFURIG_WINDOWS_INF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

#define INF_SIZE_MAX  65536 /* bytes of a file; ours are below 4 KiB, ST's below 16 */
#define INF_ENTRY_MAX 2048
#define INF_FIELD_MAX 16  /* values of one entry */
#define INF_NAME_MAX  64  /* bytes of the file's name, with its NUL */
#define INF_TEXT      128 /* bytes of a value, with its NUL */

/* "key = field, field", or "field, field" (key NULL), or a section's header (neither). Texts lie in the file's own memory, tokens not replaced. */
struct inf_entry {
	uint32_t line; /* from 1 */
	const char *section;
	const char *key;
	const char *field[INF_FIELD_MAX];
	size_t field_count;
};

struct inf_text {
	char name[INF_NAME_MAX]; /* for messages */
	char *memory;            /* owned */
	size_t used, room;
	struct inf_entry *entries; /* owned */
	size_t entry_count, entry_room;
};

/* Takes a file apart. ret is zeroed by the caller; inf_text_done it in any case. 0; -EBADMSG with "name:line: ...", -E2BIG,
 * -ENOMEM. */
MUST_CHECK int inf_text_read(
	const char *name, const char *text, size_t size, struct inf_text *ret, struct why *why);

void inf_text_done(struct inf_text *text);

/* The next entry behind after (NULL: from the start) in a section, with a key unless that is NULL; names without regard to
 * case, as everywhere in an INF. NULL: no more. */
const struct inf_entry *inf_text_next(const struct inf_text *text, const struct inf_entry *after,
	const char *section, const char *key);

/* Is there such a section, be it empty? */
bool inf_text_has_section(const struct inf_text *text, const char *section);

/* Writes source to ret with its %tokens% replaced from [Strings]. 0; -EBADMSG: a token without a string, or too long. */
MUST_CHECK int inf_text_expand(const struct inf_text *text, const struct inf_entry *entry,
	const char *source, char ret[static INF_TEXT], struct why *why);

#endif
