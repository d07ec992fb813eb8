/* SPDX-License-Identifier: MIT */
#include "harness/scenario/start_options.h"

#include <string.h>

#define SECTOR_MAX 32

static bool is_key(const struct words *words, const char *key)
{
	return strcmp(words_key(words), key) == 0;
}

static int parse_erased(const struct words *words, bool *ret)
{
	if (!words->mark->text || strcmp(words->mark->text, "true") != 0)
		return words_bad(words, "true");
	*ret = true;
	return 0;
}

static int parse_sectors(const struct words *list, uint32_t *ret)
{
	struct words entry = words_entry(list, 0);
	uint32_t sector;
	int r = 0;

	if (!entry.mark)
		return words_bad(list, "a list of sectors: [2, 3]");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(list, n++)) {
		r = words_number(&entry, SECTOR_MAX - 1, &sector);
		*ret |= r == 0 ? 1u << sector : 0;
	}
	return r;
}

static int parse_value(const struct words *words, struct scenario_options *options)
{
	struct scenario_option *option = &options->values[options->value_count];
	const char *key = words_key(words);

	if (options->value_count == SCENARIO_OPTION_MAX)
		return words_bad_because(words, "at most %d of them", SCENARIO_OPTION_MAX);
	if (strlen(key) >= sizeof(option->name))
		return words_bad_because(words, "no option byte has such a name");
	memcpy(option->name, key, strlen(key) + 1);
	options->value_count++;
	return words_number(words, 0xffff, &option->value);
}

static int parse_entry(const struct words *words, struct scenario_options *options)
{
	if (is_key(words, "erased"))
		return parse_erased(words, &options->erased);
	if (is_key(words, "wrp"))
		return parse_sectors(words, &options->write_protected);
	if (is_key(words, "level")) {
		options->has_level = true;
		return words_number(words, 2, &options->level);
	}
	return parse_value(words, options);
}

int start_options_parse(const struct words *start, struct scenario_options *ret)
{
	struct words list = words_value(start, "options");
	struct words entry = words_entry(&list, 0);
	struct scenario_options options = {0};
	int r = 0;

	*ret = options;
	if (list.mark && !entry.mark)
		return words_bad(&list, "option bytes such as {level: 1, wrp: [2, 3]}");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(&list, n++))
		r = parse_entry(&entry, &options);
	if (r == 0)
		*ret = options;
	return r;
}
