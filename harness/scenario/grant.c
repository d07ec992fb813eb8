/* SPDX-License-Identifier: MIT */
#include "harness/scenario/grant.h"

#include "harness/report/sweep.h"

#include <stdio.h>
#include <string.h>

#define TRIES_MAX 5

static int parse_without(const struct words *value, uint32_t *ret)
{
	struct words entry = words_entry(value, 0);

	if (value->mark->text || !entry.mark)
		return words_bad(value, "a list of cuts: [flip, corrupt]");
	for (size_t n = 1; entry.mark; entry = words_entry(value, n++)) {
		int cut, r = words_name(&entry, &sweep_cut_names, &cut);

		if (r < 0)
			return r;
		*ret |= 1u << cut;
	}
	return 0;
}

static int parse_key(const struct words *entry, struct grant *ret)
{
	const char *key = words_key(entry);

	if (strcmp(key, "tries") == 0)
		return words_number(entry, TRIES_MAX, &ret->tries);
	if (strcmp(key, "without") == 0)
		return parse_without(entry, &ret->without);
	if (strcmp(key, "because") == 0)
		return words_text(entry, ret->because, sizeof(ret->because),
			"one line of 1 to 199 characters that says why");
	return words_bad_because(entry, "tries, without and because are known here");
}

static int parse_grant(const struct words *value, struct grant *ret)
{
	struct words entry = words_entry(value, 0);
	int r = 0;

	if (value->mark->text || !entry.mark || strchr(words_key(value), '['))
		return words_bad(value, "a mapping such as dfu-util: {tries: 2, because: \"...\"}");
	snprintf(ret->flasher, sizeof(ret->flasher), "%s", words_key(value));
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(value, n++))
		r = parse_key(&entry, ret);
	if (r == 0 && !ret->because[0])
		r = words_bad_because(value, "because: is missing: where is that known from?");
	return r;
}

int grants_parse(const struct words *list, struct grant ret[static GRANT_MAX], size_t *ret_count)
{
	struct words entry = words_entry(list, 0);
	int r = 0;

	*ret_count = 0;
	if (!list->mark)
		return 0;
	if (!entry.mark)
		return words_bad(list, "a list of dfu-util: {tries: 2, because: \"...\"}");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(list, n++)) {
		if (*ret_count == GRANT_MAX)
			return words_bad_because(list, "at most %d of them", GRANT_MAX);
		r = parse_grant(&entry, &ret[(*ret_count)++]);
	}
	return r;
}
