/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault_text.h"

#include "harness/base/quantity.h"
#include "harness/dfu/dfu.h"
#include "harness/fault/fault_rows.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

static const char *const word_text[] = {
	[FAULT_WORD_AT] = "at",
	[FAULT_WORD_MATCH] = "match",
	[FAULT_WORD_BLOCK] = "block",
	[FAULT_WORD_ADDR] = "addr",
	[FAULT_WORD_NTH] = "nth",
	[FAULT_WORD_TIMES] = "times",
	[FAULT_WORD_AFTER] = "after",
	[FAULT_WORD_DO] = "do",
	[FAULT_WORD_VALUE] = "value",
};
static_assert(ARRAY_SIZE(word_text) == FAULT_WORD_COUNT, "a name for each word");
const struct names fault_word_names = NAMES(word_text);

/* --- words to a rule --- */

struct making {
	const struct fault_words *words;
	struct fault_rule *rule;
	enum fault_word bad;
	struct why *why;
};

static const char *word(const struct making *making, enum fault_word which)
{
	const char *text = making->words->text[which];

	return text ? text : "";
}

static int bad(struct making *making, enum fault_word which, const char *fmt, ...) PRINTF(3, 4);

static int bad(struct making *making, enum fault_word which, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	making->bad = which;
	return why_set(making->why, -EBADMSG, "%s", text);
}

/* A word that is nothing of what it may be. */
static int bad_word(struct making *making, enum fault_word which, const char *wanted)
{
	return bad(making, which, "\"%.60s\" is not %s", word(making, which), wanted);
}

static int bad_name(struct making *making, enum fault_word which, const struct names *names)
{
	char list[300];

	return bad(making, which, "\"%.60s\" is not one of %s", word(making, which),
		names_list(names, list, sizeof(list)));
}

/* "erase, program" */
static int take_points(struct making *making)
{
	const char *at = word(making, FAULT_WORD_AT);

	if (strcmp(at, "any") == 0) {
		making->rule->points =
			fault_action_points(making->rule->action) & ~(UINT32_C(1) << FAULT_TIME);
		return 0;
	}
	if (!*at)
		return bad(making, FAULT_WORD_AT, "it must be the name of a point");
	while (*at) {
		size_t size = strcspn(at, ", ");
		char name[32];
		int point;

		snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : 0), at);
		point = names_value(&fault_point_names, name);
		if (point < 0)
			return bad_name(making, FAULT_WORD_AT, &fault_point_names);
		making->rule->points |= UINT32_C(1) << point;
		at += size + strspn(at + size, ", ");
	}
	return 0;
}

static int take_action(struct making *making)
{
	int action = names_value(&fault_action_names, word(making, FAULT_WORD_DO));

	if (action < 0)
		return bad_name(making, FAULT_WORD_DO, &fault_action_names);
	making->rule->action = (enum fault_action)action;
	return 0;
}

/* The actions that are possible at these points: "delay, no-show", those from outside aside. */
static void list_actions(uint32_t points, char *out, size_t size)
{
	size_t length = 0;

	out[0] = '\0';
	for (int i = FAULT_DELAY; i < FAULT_CUT_POWER && length < size; i++)
		if ((fault_action_points((enum fault_action)i) & points) == points)
			length += (size_t)snprintf(out + length, size - length, "%s%s",
				length ? ", " : "", names_text(&fault_action_names, (size_t)i));
	if (length < size)
		snprintf(out + length, size - length, "%scut-power, brown-out, reset, unplug, kill",
			length ? ", " : "");
}

static int check_action(struct making *making)
{
	const struct fault_rule *rule = making->rule;
	char list[200];

	if ((fault_action_points(rule->action) & rule->points) == rule->points)
		return 0;
	list_actions(rule->points, list, sizeof(list));
	return bad(making, FAULT_WORD_DO, "\"%s\" is not possible at %s; possible are %s",
		names_text(&fault_action_names, rule->action), word(making, FAULT_WORD_AT), list);
}

static int take_match(struct making *making)
{
	static const char download[] = "DNLOAD ";
	const char *match = word(making, FAULT_WORD_MATCH);
	struct fault_rule *rule = making->rule;
	char list[400] = "";
	size_t length = 0;

	/* "DNLOAD write", as it is told, is what is called "write". */
	if (strncmp(match, download, sizeof(download) - 1) == 0)
		match += sizeof(download) - 1;
	if (strlen(match) >= sizeof(rule->match))
		return bad_word(making, FAULT_WORD_MATCH, "short enough");
	snprintf(rule->match, sizeof(rule->match), "%s", match);
	if (!match[0])
		return 0;
	for (size_t i = 0; i < FAULT_POINT_COUNT; i++) {
		if (!(rule->points >> i & 1))
			continue;
		if (fault_point_knows((enum fault_point)i, match))
			return 0;
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
			length ? "; " : "", fault_point_matches((enum fault_point)i));
		if (length >= sizeof(list))
			length = sizeof(list) - 1;
	}
	if (!list[0])
		return bad(making, FAULT_WORD_MATCH, "nothing matches at %s",
			word(making, FAULT_WORD_AT));
	return bad(making, FAULT_WORD_MATCH, "\"%s\" is not one of %s", match, list);
}

/* A fault that fires and changes nothing would be a lie. */
static int check_needs(struct making *making)
{
	const struct fault_rule *rule = making->rule;

	for (size_t i = 0; i < FAULT_POINT_COUNT; i++) {
		const char *needs = fault_action_needs(rule->action, (enum fault_point)i);

		if (rule->points >> i & 1 && needs && !fault_needs_met(needs, rule->match))
			return bad(making, FAULT_WORD_MATCH, "%s at %s is for one of %s",
				names_text(&fault_action_names, rule->action),
				names_text(&fault_point_names, i), needs);
	}
	return 0;
}

/* Only where an occasion can have it. */
static int check_has(struct making *making, enum fault_word which, uint32_t points)
{
	if (making->rule->points & points)
		return 0;
	return bad(making, which, "there is none at %s", word(making, FAULT_WORD_AT));
}

static int take_block(struct making *making)
{
	if (!word(making, FAULT_WORD_BLOCK)[0])
		return 0;
	if (quantity_size(word(making, FAULT_WORD_BLOCK), &making->rule->block) < 0 ||
		making->rule->block > UINT16_MAX)
		return bad_word(making, FAULT_WORD_BLOCK, "a number up to 65535");
	making->rule->has_block = true;
	return check_has(making, FAULT_WORD_BLOCK, FAULT_POINTS_WITH_BLOCK);
}

static int take_addr(struct making *making)
{
	if (!word(making, FAULT_WORD_ADDR)[0])
		return 0;
	if (quantity_size(word(making, FAULT_WORD_ADDR), &making->rule->addr) < 0)
		return bad_word(making, FAULT_WORD_ADDR, "an address such as 0x08020000");
	making->rule->has_addr = true;
	return check_has(making, FAULT_WORD_ADDR, FAULT_POINTS_WITH_ADDR);
}

static int take_counts(struct making *making)
{
	struct fault_rule *rule = making->rule;
	bool timed = rule->points >> FAULT_TIME & 1;
	const char *nth = word(making, FAULT_WORD_NTH), *times = word(making, FAULT_WORD_TIMES);

	rule->nth = rule->times = 1;
	if (nth[0] && (quantity_size(nth, &rule->nth) < 0 || !rule->nth))
		return bad_word(making, FAULT_WORD_NTH, "a number from 1");
	if (times[0] && quantity_size(times, &rule->times) < 0)
		return bad_word(making, FAULT_WORD_TIMES, "a number; 0 is for ever");
	if (timed && (rule->nth != 1 || rule->times != 1))
		return bad(making, rule->nth != 1 ? FAULT_WORD_NTH : FAULT_WORD_TIMES,
			"a time comes once");
	return 0;
}

static int parse_percent(const char *text, uint32_t max, uint32_t *ret)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	value = strtoul(text, &end, 10);
	while (*end == ' ')
		end++;
	if (*end != '%' || end[1] || value > max)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

/* "50 %", "20 ms", or both with a plus between. */
static int parse_after(const char *text, struct fault_rule *rule)
{
	const char *plus = strchr(text, '+');
	char first[32];
	size_t size = plus ? (size_t)(plus - text) : strlen(text);

	if (size >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, size);
	first[size] = '\0';
	if (plus)
		return parse_percent(first, 100, &rule->after_percent) < 0
			       ? -EINVAL
			       : quantity_time_us(plus + 1, &rule->after_us);
	if (parse_percent(first, 100, &rule->after_percent) == 0)
		return 0;
	return quantity_time_us(first, &rule->after_us);
}

static int take_after(struct making *making)
{
	struct fault_rule *rule = making->rule;
	bool timed = rule->points >> FAULT_TIME & 1;
	const char *after = word(making, FAULT_WORD_AFTER);

	if (timed && (rule->points & (rule->points - 1)))
		return bad(making, FAULT_WORD_AT, "time comes alone");
	if (!after[0])
		return timed ? bad(making, FAULT_WORD_AFTER, "a time such as 2 s is needed") : 0;
	if (parse_after(after, rule) < 0)
		return bad_word(
			making, FAULT_WORD_AFTER, "a time such as 20 ms, or per cent: 50 %");
	if (!fault_is_effect(rule->action))
		return bad(making, FAULT_WORD_AFTER,
			"\"%s\" happens at once; later can cut-power, brown-out, reset, unplug, "
			"kill",
			names_text(&fault_action_names, rule->action));
	if (rule->after_percent && (rule->points & ~FAULT_POINTS_WITH_TIME))
		return bad(making, FAULT_WORD_AFTER,
			"nothing at %s takes a time to have per cent of",
			word(making, FAULT_WORD_AT));
	return 0;
}

/* "errVERIFY" */
static int parse_status(const char *text, uint64_t *ret)
{
	for (uint8_t i = 0; i < DFU_STATUS_COUNT; i++)
		if (strcmp(dfu_status_text(i), text) == 0) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

/* "dfuDNBUSY" */
static int parse_state(const char *text, uint64_t *ret)
{
	for (uint8_t i = 0; i < DFU_STATE_COUNT; i++)
		if (strcmp(dfu_state_text(i), text) == 0) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

static int parse_value(enum fault_value kind, const char *text, uint64_t *ret)
{
	uint32_t number = 0;
	int r;

	if (kind == FAULT_VALUE_TIME || kind == FAULT_VALUE_TIME_OR_EVER)
		return quantity_time_us(text, ret);
	if (kind == FAULT_VALUE_STATUS)
		return parse_status(text, ret);
	if (kind == FAULT_VALUE_STATE)
		return parse_state(text, ret);
	r = kind == FAULT_VALUE_PERCENT ? parse_percent(text, 100000, &number)
					: quantity_size(text, &number);
	if (r == 0 && (kind != FAULT_VALUE_CODE || number <= UINT8_MAX))
		*ret = number;
	else
		r = -EINVAL;
	return r;
}

static int take_value(struct making *making)
{
	struct fault_rule *rule = making->rule;
	enum fault_value kind = fault_action_value_kind(rule->action);
	const char *value = word(making, FAULT_WORD_VALUE);
	const char *action = names_text(&fault_action_names, rule->action);

	if (!value[0] && fault_value_needed(kind))
		return bad(making, FAULT_WORD_DO, "a %s needs %s", action,
			fault_action_value(rule->action));
	if (!value[0])
		return 0;
	if (kind == FAULT_VALUE_NONE)
		return bad(making, FAULT_WORD_VALUE, "\"%.60s\": a %s has no value", value, action);
	if (parse_value(kind, value, &rule->value) < 0)
		return bad_word(making, FAULT_WORD_VALUE, fault_action_value(rule->action));
	return 0;
}

int fault_rule_of_words(const struct fault_words *words, struct fault_rule *ret,
	enum fault_word *ret_bad, struct why *why)
{
	static int (*const steps[])(struct making * making) = {take_action, take_points,
		check_action, take_match, check_needs, take_block, take_addr, take_counts,
		take_after, take_value};
	struct fault_rule rule = {.nth = 1, .times = 1};
	struct making making = {.words = words, .rule = &rule, .why = why};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](&making);

		if (r < 0) {
			*ret_bad = making.bad;
			return r;
		}
	}
	*ret = rule;
	return 0;
}

/* --- the form with a colon --- */

/* Where the texts of a rule's words are. */
struct split {
	char text[FAULT_WORD_COUNT][FAULT_TEXT_MAX];
	enum fault_word last; /* that more may be added to */
};

static char *trim(char *text)
{
	size_t size;

	while (isspace((unsigned char)*text))
		text++;
	size = strlen(text);
	while (size && isspace((unsigned char)text[size - 1]))
		size--;
	text[size] = '\0';
	return text;
}

static void add_text(char to[static FAULT_TEXT_MAX], const char *text)
{
	size_t length = strlen(to);

	snprintf(to + length, FAULT_TEXT_MAX - length, "%s%s", length ? " " : "", text);
}

/* A key and its value, or more of what came before. */
static int take_where_word(struct split *split, char *text, struct why *why)
{
	char *equals = strchr(text, '=');
	int which;

	if (!equals) {
		add_text(split->text[split->last], text);
		if (split->last == FAULT_WORD_AT && text[strlen(text) - 1] != ',')
			split->last = FAULT_WORD_MATCH;
		return 0;
	}
	*equals = '\0';
	which = names_value(&fault_word_names, text);
	if (which < FAULT_WORD_BLOCK || which > FAULT_WORD_AFTER)
		return why_set(why, -EBADMSG,
			"\"%.40s\" is not one of block, addr, nth, times, after", text);
	if (split->text[which][0])
		return why_set(why, -EBADMSG, "%s: said twice", text);
	split->last = (enum fault_word)which;
	add_text(split->text[which], equals + 1);
	return 0;
}

static int split_where(struct split *split, char *text, struct why *why)
{
	int r = 0;

	for (text += strspn(text, BLANKS); r == 0 && *text;) {
		size_t size = strcspn(text, BLANKS);
		char *next = text + size + strspn(text + size, BLANKS);

		text[size] = '\0';
		r = take_where_word(split, text, why);
		text = next;
	}
	return r;
}

static void split_what(struct split *split, char *text)
{
	size_t size = strcspn(text, BLANKS);
	char *value = text + size + strspn(text + size, BLANKS);

	text[size] = '\0';
	add_text(split->text[FAULT_WORD_VALUE], value);
	add_text(split->text[FAULT_WORD_DO], text);
}

int fault_rule_parse(const char *text, struct fault_rule *ret, struct why *why)
{
	struct split split = {.last = FAULT_WORD_AT};
	struct fault_words words;
	char copy[FAULT_TEXT_MAX], *colon;
	enum fault_word which = FAULT_WORD_AT;
	int r;

	if (strlen(text) >= sizeof(copy))
		return why_set(why, -EBADMSG, "too long a fault");
	snprintf(copy, sizeof(copy), "%s", text);
	colon = strrchr(copy, ':');
	if (!colon)
		return why_set(why, -EBADMSG,
			"\"%s\" is not \"where: what\", as in \"request write nth=5: stall\"",
			text);
	*colon = '\0';
	r = split_where(&split, copy, why);
	if (r < 0)
		return r;
	split_what(&split, trim(colon + 1));
	for (size_t i = 0; i < FAULT_WORD_COUNT; i++)
		words.text[i] = split.text[i];
	r = fault_rule_of_words(&words, ret, &which, why);
	if (r < 0 && which != FAULT_WORD_AT && which != FAULT_WORD_MATCH &&
		which != FAULT_WORD_DO && which != FAULT_WORD_VALUE)
		return why_prefix(why, r, "%s", word_text[which]);
	return r;
}

/* --- a rule to text --- */

struct text {
	char *out;
	size_t size, length;
};

static void say(struct text *text, const char *fmt, ...) PRINTF(2, 3);

static void say(struct text *text, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->out + text->length, text->size - text->length, fmt, args);
	va_end(args);
	text->length += n > 0 ? (size_t)n : 0;
	if (text->length >= text->size)
		text->length = text->size - 1;
}

static void say_time(struct text *text, uint64_t us)
{
	if (us % 1000000 == 0)
		say(text, "%" PRIu64 "s", us / 1000000);
	else if (us % 1000 == 0)
		say(text, "%" PRIu64 "ms", us / 1000);
	else
		say(text, "%" PRIu64 "us", us);
}

static void say_points(struct text *text, const struct fault_rule *rule)
{
	uint32_t any = fault_action_points(rule->action) & ~(UINT32_C(1) << FAULT_TIME);
	bool first = true;

	if (rule->points == any && (any & (any - 1))) {
		say(text, "any");
		return;
	}
	for (size_t i = 0; i < FAULT_POINT_COUNT; i++) {
		if (!(rule->points >> i & 1))
			continue;
		say(text, "%s%s", first ? "" : ",", names_text(&fault_point_names, i));
		first = false;
	}
}

static void say_after(struct text *text, const struct fault_rule *rule)
{
	bool timed = rule->points >> FAULT_TIME & 1;

	if (!rule->after_percent && !rule->after_us && !timed)
		return;
	say(text, " after=");
	if (rule->after_percent)
		say(text, "%" PRIu32 "%%%s", rule->after_percent, rule->after_us ? "+" : "");
	if (rule->after_us || timed)
		say_time(text, rule->after_us);
}

static void say_value(struct text *text, const struct fault_rule *rule)
{
	switch (fault_action_value_kind(rule->action)) {
	case FAULT_VALUE_NONE:
		return;
	case FAULT_VALUE_TIME:
	case FAULT_VALUE_TIME_OR_EVER:
		if (rule->value) {
			say(text, " ");
			say_time(text, rule->value);
		}
		return;
	case FAULT_VALUE_PERCENT:
		say(text, " %" PRIu64 "%%", rule->value);
		return;
	case FAULT_VALUE_STATUS:
		say(text, " %s", dfu_status_text((uint8_t)rule->value));
		return;
	case FAULT_VALUE_STATE:
		say(text, " %s", dfu_state_text((uint8_t)rule->value));
		return;
	case FAULT_VALUE_CODE:
		say(text, " 0x%" PRIx64, rule->value);
		return;
	case FAULT_VALUE_NUMBER:
	case FAULT_VALUE_NUMBER_NEEDED:
		say(text, " %" PRIu64, rule->value);
		return;
	}
}

static void say_what(struct text *text, const struct fault_rule *rule)
{
	say(text, ": %s", names_text(&fault_action_names, rule->action));
	say_value(text, rule);
}

const char *fault_rule_text(const struct fault_rule *rule, char *out, size_t size)
{
	struct text text = {out, size, 0};

	say_points(&text, rule);
	if (rule->match[0])
		say(&text, " %s", rule->match);
	if (rule->has_block)
		say(&text, " block=%" PRIu32, rule->block);
	if (rule->has_addr)
		say(&text, " addr=0x%08" PRIx32, rule->addr);
	if (rule->nth > 1)
		say(&text, " nth=%" PRIu32, rule->nth);
	if (rule->times != 1)
		say(&text, " times=%" PRIu32, rule->times);
	say_after(&text, rule);
	say_what(&text, rule);
	return out;
}

const char *fault_fired_text(const struct fault_rule *rule, const struct fault_occasion *occasion,
	char *out, size_t size)
{
	struct text text = {out, size, 0};

	say(&text, "%s", names_text(&fault_point_names, occasion->point));
	if (occasion->match && !(occasion->also && strstr(occasion->also, occasion->match)))
		say(&text, " %s", occasion->match);
	if (occasion->also)
		say(&text, " %s", occasion->also);
	if (occasion->has_block)
		say(&text, " block=%" PRIu32, occasion->block);
	if (occasion->size)
		say(&text, " addr=0x%08" PRIx32, occasion->addr);
	say_after(&text, rule);
	say_what(&text, rule);
	return out;
}
