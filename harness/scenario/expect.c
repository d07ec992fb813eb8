/* SPDX-License-Identifier: MIT */
#include "harness/scenario/expect_rows.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const outcome_text[] = {
	[OUTCOME_UPDATED] = "updated",
	[OUTCOME_WRITTEN] = "written",
	[OUTCOME_NOT_UPDATED] = "not-updated",
	[OUTCOME_DAMAGED] = "damaged",
};
static_assert(ARRAY_SIZE(outcome_text) == OUTCOME_COUNT, "a word for each outcome");
const struct names outcome_names = NAMES(outcome_text);

static const char *const tune_text[] = {
	[TUNE_KEPT] = "kept",
	[TUNE_RESTORED] = "restored",
	[TUNE_LOST] = "lost",
	[TUNE_DEFAULT] = "default",
};
static_assert(ARRAY_SIZE(tune_text) == TUNE_FATE_COUNT, "a word for each fate");
const struct names tune_fate_names = NAMES(tune_text);

static const char *const flow_text[] = {
	[FLASHER_AUTO] = "auto",
	[FLASHER_MANUAL] = "manual",
};
static_assert(ARRAY_SIZE(flow_text) == FLASHER_FLOW_COUNT, "a word for each flow");
const struct names flasher_flow_words = NAMES(flow_text);

static const char *const reason_text[] = {FLASHER_REASONS(FLASHER_REASON_NAME)};
const struct names flasher_reason_words = NAMES(reason_text);

static const char *const kind_text[] = {
	[SECTOR_IMAGE] = "image",
	[SECTOR_SETTINGS] = "settings",
	[SECTOR_OTHER] = "other",
};
static_assert(ARRAY_SIZE(kind_text) == SECTOR_KIND_COUNT, "a word for each kind");
const struct names sector_kind_names = NAMES(kind_text);

static const char *const fate_text[] = {
	[SECTOR_UNTOUCHED] = "untouched",
	[SECTOR_ERASED] = "erased",
	[SECTOR_WRITTEN] = "written",
	[SECTOR_CHANGED] = "changed",
};
static_assert(ARRAY_SIZE(fate_text) == SECTOR_FATE_COUNT, "a word for each fate");
const struct names sector_fate_names = NAMES(fate_text);

void expect_print(char *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(out, EXPECT_SENTENCE, fmt, args);
	va_end(args);
}

struct expectation {
	const char *key;
	int (*parse)(const struct words *words, struct expect *expect);
	int (*check)(
		const struct expect *expect, const struct findings *findings, struct told *told);
};

static const struct expectation table[] = {
	[EXPECT_OUTCOME] = {"outcome", expect_parse_outcome, expect_check_outcome},
	[EXPECT_REASON] = {"reason", expect_parse_reason, expect_check_reason},
	[EXPECT_TOOL] = {"tool", expect_parse_tool, expect_check_tool},
	[EXPECT_TUNE] = {"tune", expect_parse_tune, expect_check_tune},
	[EXPECT_USB] = {"usb", expect_parse_usb, expect_check_usb},
	[EXPECT_WITHIN] = {"within", expect_parse_within, expect_check_within},
	[EXPECT_FIRMWARE] = {"signature", expect_parse_firmware, expect_check_firmware},
	[EXPECT_ENDS_AS] = {"ends-as", expect_parse_ends_as, expect_check_ends_as},
	[EXPECT_EXIT] = {"exit", expect_parse_exit, expect_check_exit},
	[EXPECT_TIMED_OUT] = {"timed-out", expect_parse_timed_out, expect_check_timed_out},
	[EXPECT_OUTPUT] = {"says", expect_parse_says, expect_check_says},
	[EXPECT_FLASH] = {"flash", expect_parse_flash, expect_check_flash},
};
static_assert(ARRAY_SIZE(table) == EXPECT_KEY_COUNT, "a row for each expectation");

static int parse_entry(const struct words *entry, struct expect *expect)
{
	char known[200];
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].key, words_key(entry)) == 0) {
			expect->given |= 1u << i;
			return table[i].parse(entry, expect);
		}
		used += (size_t)snprintf(
			known + used, sizeof(known) - used, "%s%s", used ? ", " : "", table[i].key);
	}
	return words_bad_because(entry, "unknown key; known are %s", known);
}

int expect_parse(const struct words *words, struct expect *expect)
{
	struct words entry = words_entry(words, 0);
	int r = 0;

	if (words->mark->text || strchr(words_key(words), '[') || !entry.mark)
		return words_bad(words, "a list of \"outcome: updated\" and other expectations");
	for (size_t n = 1; r == 0 && entry.mark; n++) {
		r = parse_entry(&entry, expect);
		entry = words_entry(words, n);
	}
	return r;
}

static void take(struct expect *expect, const struct expect *over, enum expect_key key)
{
	switch (key) {
	case EXPECT_OUTCOME:
		expect->outcome = over->outcome;
		break;
	case EXPECT_REASON:
		expect->reason = over->reason;
		break;
	case EXPECT_TOOL:
		expect->tool = over->tool;
		break;
	case EXPECT_TUNE:
		expect->tune = over->tune;
		break;
	case EXPECT_USB:
		memcpy(expect->usb, over->usb, sizeof(expect->usb));
		expect->usb_count = over->usb_count;
		break;
	case EXPECT_WITHIN:
		expect->within_us = over->within_us;
		break;
	case EXPECT_FIRMWARE:
		memcpy(expect->firmware, over->firmware, sizeof(expect->firmware));
		break;
	case EXPECT_ENDS_AS:
		expect->ends_as = over->ends_as;
		break;
	case EXPECT_EXIT:
		expect->exit_code = over->exit_code;
		break;
	case EXPECT_TIMED_OUT:
		expect->timed_out = over->timed_out;
		break;
	case EXPECT_OUTPUT:
		memcpy(expect->says, over->says, sizeof(expect->says));
		break;
	case EXPECT_FLASH:
		memcpy(expect->flash_given, over->flash_given, sizeof(expect->flash_given));
		memcpy(expect->flash, over->flash, sizeof(expect->flash));
		break;
	case EXPECT_KEY_COUNT:
		break;
	}
}

void expect_merge(struct expect *expect, const struct expect *over)
{
	for (unsigned int i = 0; i < EXPECT_KEY_COUNT; i++)
		if (over->given & 1u << i)
			take(expect, over, (enum expect_key)i);
	expect->given |= over->given;
}

void expect_tell(struct world *world, bool fits, const struct expect_told *told, struct why *unmet)
{
	EVENT_EMIT(world->events, .kind = EVENT_EXPECTATION, .board = world->boards[0]->name,
		.name = told->name, .expected = told->expected, .text = told->got, .level = fits);
	if (!fits && !unmet->text[0])
		why_set(unmet, 0, "%s: expected %s, got %s", told->name, told->expected, told->got);
}

int expect_check(const struct expect *expect, const struct findings *findings, struct why *unmet,
	struct why *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct told told = {"", ""};
		int r;

		if (!(expect->given & 1u << i))
			continue;
		r = table[i].check(expect, findings, &told);
		if (r < 0)
			return why_set(why, r, "%s: %s", table[i].key, told.got);
		expect_tell(findings->world, r == 1,
			&(struct expect_told){table[i].key, told.expected, told.got}, unmet);
	}
	return 0;
}
