/* SPDX-License-Identifier: MIT */
#include "harness/scenario/expect.h"

#include "harness/report/board_text.h"

#include <assert.h>
#include <errno.h>
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

static const char *const reason_text[] = {
	[FLASHER_NO_REASON] = "none",
	[FLASHER_NO_ECU] = "no-ecu",
	[FLASHER_PORT_HELD] = "port-held",
	[FLASHER_BAD_ANSWER] = "bad-answer",
	[FLASHER_TUNE_UNREADABLE] = "tune-unreadable",
	[FLASHER_TOOL_MISSING] = "tool-missing",
	[FLASHER_WRONG_IMAGE] = "wrong-image",
	[FLASHER_NO_DFU] = "no-dfu",
	[FLASHER_CAME_BACK_AS_ECU] = "came-back-as-ecu",
	[FLASHER_SEVERAL_DEVICES] = "several-devices",
	[FLASHER_NO_PERMISSION] = "no-permission",
	[FLASHER_WRITE_FAILED] = "write-failed",
	[FLASHER_VERIFY_FAILED] = "verify-failed",
	[FLASHER_NO_ECU_AFTER] = "no-ecu-after",
	[FLASHER_SEVERAL_ECUS] = "several-ecus",
	[FLASHER_TUNE_NOT_RESTORED] = "tune-not-restored",
	[FLASHER_TIMED_OUT] = "timed-out",
};
static_assert(ARRAY_SIZE(reason_text) == FLASHER_REASON_COUNT, "a word for each reason");
const struct names flasher_reason_words = NAMES(reason_text);

/* What a check says for people; returns 1 (fits), 0 or the rig's failure. */
struct told {
	char expected[EXPECT_SENTENCE];
	char got[EXPECT_SENTENCE];
};

static PRINTF(2, 3) void tell(char *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(out, EXPECT_SENTENCE, fmt, args);
	va_end(args);
}

/* What every expectation of the tool needs. */
static bool tool_ran(const struct findings *findings, struct told *told)
{
	if (!findings->tool)
		tell(told->got, "the flasher was not run");
	return findings->tool != NULL;
}

/* ---- one pair of functions for each key ---- */

static int parse_outcome(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &outcome_names, &value);

	if (r == 0)
		expect->outcome = (enum outcome)value;
	return r;
}

static int check_outcome(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	tell(told->expected, "%s", names_text(&outcome_names, expect->outcome));
	tell(told->got, "%s: %s", names_text(&outcome_names, findings->outcome),
		findings->outcome_text);
	return findings->outcome == expect->outcome;
}

static int parse_reason(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &flasher_reason_words, &value);

	if (r == 0)
		expect->reason = (enum flasher_reason)value;
	return r;
}

static int check_reason(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	tell(told->expected, "%s", names_text(&flasher_reason_words, expect->reason));
	if (!tool_ran(findings, told))
		return 0;
	tell(told->got, "%s", names_text(&flasher_reason_words, findings->tool->reason));
	return findings->tool->reason == expect->reason;
}

static const char *const tool_text[] = {
	[EXPECT_FAILURE] = "failure",
	[EXPECT_SUCCESS] = "success",
	[EXPECT_ANY] = "any",
};
static_assert(ARRAY_SIZE(tool_text) == EXPECT_WORD_COUNT, "a text for each word");
static const struct names tool_words = NAMES(tool_text);

static int parse_tool(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &tool_words, &value);

	if (r == 0)
		expect->tool = (enum expect_word)value;
	return r;
}

static int check_tool(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct flasher_result *tool = findings->tool;

	tell(told->expected, "%s", names_text(&tool_words, expect->tool));
	if (!tool_ran(findings, told))
		return 0;
	if (tool->missing)
		tell(told->got, "it is not installed");
	else if (tool->timed_out)
		tell(told->got, "it was stopped after its time");
	else if (tool->success)
		tell(told->got, "success, exit %d", tool->exit_code);
	else
		tell(told->got, "failure (%s), exit %d",
			names_text(&flasher_reason_words, tool->reason), tool->exit_code);
	return expect->tool == EXPECT_ANY || tool->success == (expect->tool == EXPECT_SUCCESS);
}

static int parse_tune(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &tune_fate_names, &value);

	if (r == 0)
		expect->tune = (enum tune_fate)value;
	return r;
}

static int check_tune(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	tell(told->expected, "%s", names_text(&tune_fate_names, expect->tune));
	tell(told->got, "%s%s%s", names_text(&tune_fate_names, findings->tune),
		findings->tune_text[0] ? ": " : "", findings->tune_text);
	return findings->tune == expect->tune ||
	       (expect->tune == TUNE_LOST && findings->tune == TUNE_DEFAULT);
}

/* "dfu", or "dfu: 3 s" as a mapping. */
static int parse_usb_entry(const struct words *entry, struct expect_usb *ret)
{
	struct words bound = words_entry(entry, 0);
	int value, r;

	*ret = (struct expect_usb){0};
	if (!bound.mark) {
		r = words_name(entry, &face_names, &value);
	} else {
		value = names_value(&face_names, words_key(&bound));
		if (value < 0 || words_entry(entry, 1).mark)
			return words_bad(entry,
				"what the board shows (dfu, ecu, openblt, other) or "
				"{dfu: 3 s}, 3 s after what was there before has left");
		r = words_time(&bound, &ret->within_us);
	}
	if (r == 0)
		ret->face = (enum face)value;
	return r;
}

static int parse_usb(const struct words *words, struct expect *expect)
{
	struct words entry = words_entry(words, 0);
	int r = 0;

	if (words->mark->text)
		return words_bad(words, "a list such as [ecu, dfu, ecu]");
	expect->usb_count = 0;
	for (size_t n = 1; r == 0 && entry.mark; n++) {
		if (expect->usb_count == EXPECT_USB_MAX)
			return words_bad_because(
				words, "at most %d of them can be given", EXPECT_USB_MAX);
		r = parse_usb_entry(&entry, &expect->usb[expect->usb_count++]);
		entry = words_entry(words, n);
	}
	return r;
}

static void add(char *out, const char *fmt, const char *word, double seconds)
{
	size_t used = strlen(out);

	snprintf(out + used, EXPECT_SENTENCE - used, fmt, used ? ", " : "", word, seconds);
}

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

/* From the moment when what was there before left; 0 for the first. */
static uint64_t came_after(const struct watch *watch, size_t i)
{
	return i ? watch->seen[i].from_us - watch->seen[i - 1].to_us : 0;
}

static void tell_usb(
	const struct expect *expect, const struct watch *watch, size_t seen, struct told *told)
{
	for (size_t i = 0; i < expect->usb_count; i++)
		add(told->expected, expect->usb[i].within_us ? "%s%s within %.3g s" : "%s%s",
			names_text(&face_names, expect->usb[i].face),
			seconds(expect->usb[i].within_us));
	for (size_t i = 0; i < seen; i++)
		add(told->got, i ? "%s%s after %.3g s" : "%s%s",
			names_text(&face_names, watch->seen[i].face),
			seconds(came_after(watch, i)));
	if (watch->seen_count > seen)
		add(told->got, "%s%s", "and more", 0);
	if (!told->expected[0])
		tell(told->expected, "nothing");
	if (!told->got[0])
		tell(told->got, "nothing");
}

static int check_usb(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct watch *watch = findings->watch;
	size_t seen = watch->seen_count < WATCH_SEEN_MAX ? watch->seen_count : WATCH_SEEN_MAX;
	bool fits = watch->seen_count == expect->usb_count;

	for (size_t i = 0; fits && i < expect->usb_count; i++) {
		uint64_t within_us = expect->usb[i].within_us;

		fits = watch->seen[i].face == expect->usb[i].face &&
		       (!within_us || came_after(watch, i) <= within_us);
	}
	tell_usb(expect, watch, seen, told);
	return fits;
}

static int parse_within(const struct words *words, struct expect *expect)
{
	return words_time(words, &expect->within_us);
}

static int check_within(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	tell(told->expected, "at most %.3f s", seconds(expect->within_us));
	if (!tool_ran(findings, told))
		return 0;
	tell(told->got, "%.3f s", seconds(findings->took_us));
	return findings->took_us <= expect->within_us;
}

static int parse_firmware(const struct words *words, struct expect *expect)
{
	int r = words_identifier(words, expect->firmware, sizeof(expect->firmware));

	if (r == 0 && strcmp(expect->firmware, "none") == 0)
		expect->firmware[0] = '\0';
	return r;
}

static int check_firmware(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	struct world_image image = {.signature = ""};
	struct world *world = findings->world;
	struct why why = {""};
	int r = 0;

	if (expect->firmware[0])
		r = world->ops->image(world, expect->firmware, &image, &why);
	if (r < 0) {
		tell(told->got, "%s", why_text(&why));
		return r;
	}
	tell(told->expected, "%s", image.signature[0] ? image.signature : "none");
	tell(told->got, "%s", findings->signature[0] ? findings->signature : "none");
	return strcmp(image.signature, findings->signature) == 0;
}

static int parse_ends_as(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &board_mode_names, &value);

	if (r == 0)
		expect->ends_as = (enum board_mode)value;
	return r;
}

static int check_ends_as(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	tell(told->expected, "%s", names_text(&board_mode_names, expect->ends_as));
	tell(told->got, "%s", names_text(&board_mode_names, findings->mode));
	return findings->mode == expect->ends_as;
}

static int parse_exit(const struct words *words, struct expect *expect)
{
	uint32_t value;
	int r = words_number(words, 255, &value);

	if (r == 0)
		expect->exit_code = (int)value;
	return r;
}

static int check_exit(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	tell(told->expected, "%d", expect->exit_code);
	if (!tool_ran(findings, told))
		return 0;
	tell(told->got, "%d", findings->tool->exit_code);
	return !findings->tool->missing && findings->tool->exit_code == expect->exit_code;
}

static int parse_says(const struct words *words, struct expect *expect)
{
	return words_text(
		words, expect->says, sizeof(expect->says), "one line of 1 to 95 characters");
}

static int check_says(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct buf *output = findings->tool ? &findings->tool->output : NULL;
	bool fits;

	tell(told->expected, "\"%s\"", expect->says);
	if (!tool_ran(findings, told))
		return 0;
	fits = memmem(output->data ? output->data : (const uint8_t *)"", output->size, expect->says,
		       strlen(expect->says)) != NULL;
	tell(told->got, fits ? "it says so" : "it does not say so");
	return fits;
}

struct expectation {
	const char *key;
	int (*parse)(const struct words *words, struct expect *expect);
	int (*check)(
		const struct expect *expect, const struct findings *findings, struct told *told);
};

static const struct expectation table[] = {
	[EXPECT_OUTCOME] = {"outcome", parse_outcome, check_outcome},
	[EXPECT_REASON] = {"reason", parse_reason, check_reason},
	[EXPECT_TOOL] = {"tool", parse_tool, check_tool},
	[EXPECT_TUNE] = {"tune", parse_tune, check_tune},
	[EXPECT_USB] = {"usb", parse_usb, check_usb},
	[EXPECT_WITHIN] = {"within", parse_within, check_within},
	[EXPECT_FIRMWARE] = {"signature", parse_firmware, check_firmware},
	[EXPECT_ENDS_AS] = {"ends-as", parse_ends_as, check_ends_as},
	[EXPECT_EXIT] = {"exit", parse_exit, check_exit},
	[EXPECT_OUTPUT] = {"says", parse_says, check_says},
};
static_assert(ARRAY_SIZE(table) == EXPECT_KEY_COUNT, "a row for each expectation");

static int parse_entry(const struct words *entry, struct expect *expect)
{
	char known[160];
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
	case EXPECT_OUTPUT:
		memcpy(expect->says, over->says, sizeof(expect->says));
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

void expect_tell(struct world *world, const char *name, bool fits, const char *expected,
	const char *got, struct why *unmet)
{
	EVENT_EMIT(world->events, .kind = EVENT_EXPECTATION, .board = world->boards[0]->name,
		.name = name, .expected = expected, .text = got, .level = fits);
	if (!fits && !unmet->text[0])
		why_set(unmet, 0, "%s: expected %s, got %s", name, expected, got);
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
		expect_tell(findings->world, table[i].key, r == 1, told.expected, told.got, unmet);
	}
	return 0;
}
