/* SPDX-License-Identifier: MIT */
/* Expectations of what the flasher says of itself. */
#include "harness/scenario/expect_rows.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What every expectation of the tool needs. */
static bool tool_ran(const struct findings *findings, struct told *told)
{
	if (!findings->tool)
		expect_print(told->got, "the flasher was not run");
	return findings->tool != NULL;
}

int expect_parse_reason(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &flasher_reason_words, &value);

	if (r == 0)
		expect->reason = (enum flasher_reason)value;
	return r;
}

int expect_check_reason(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(told->expected, "%s", names_text(&flasher_reason_words, expect->reason));
	if (!tool_ran(findings, told))
		return 0;
	expect_print(told->got, "%s", names_text(&flasher_reason_words, findings->tool->reason));
	return findings->tool->reason == expect->reason;
}

static const char *const tool_text[] = {
	[EXPECT_FAILURE] = "failure",
	[EXPECT_SUCCESS] = "success",
	[EXPECT_ANY] = "any",
};
static_assert(ARRAY_SIZE(tool_text) == EXPECT_WORD_COUNT, "a text for each word");
static const struct names tool_words = NAMES(tool_text);

int expect_parse_tool(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &tool_words, &value);

	if (r == 0)
		expect->tool = (enum expect_word)value;
	return r;
}

int expect_check_tool(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct flasher_result *tool = findings->tool;

	expect_print(told->expected, "%s", names_text(&tool_words, expect->tool));
	if (!tool_ran(findings, told))
		return 0;
	if (tool->missing)
		expect_print(told->got, "it is not installed");
	else if (tool->timed_out)
		expect_print(told->got, "it was stopped after its time");
	else if (tool->success)
		expect_print(told->got, "success, exit %d", tool->exit_code);
	else
		expect_print(told->got, "failure (%s), exit %d",
			names_text(&flasher_reason_words, tool->reason), tool->exit_code);
	return expect->tool == EXPECT_ANY || tool->success == (expect->tool == EXPECT_SUCCESS);
}

int expect_parse_within(const struct words *words, struct expect *expect)
{
	return words_time(words, &expect->within_us);
}

int expect_check_within(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(told->expected, "at most %.3f s", expect_seconds(expect->within_us));
	if (!tool_ran(findings, told))
		return 0;
	expect_print(told->got, "%.3f s", expect_seconds(findings->took_us));
	return findings->took_us <= expect->within_us;
}

int expect_parse_exit(const struct words *words, struct expect *expect)
{
	uint32_t value;
	int r = words_number(words, 255, &value);

	if (r == 0)
		expect->exit_code = (int)value;
	return r;
}

int expect_check_exit(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(told->expected, "%d", expect->exit_code);
	if (!tool_ran(findings, told))
		return 0;
	expect_print(told->got, "%d", findings->tool->exit_code);
	return !findings->tool->missing && findings->tool->exit_code == expect->exit_code;
}

static const char *const flag_text[] = {"false", "true"};
static const struct names flags = NAMES(flag_text);

int expect_parse_timed_out(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &flags, &value);

	if (r == 0)
		expect->timed_out = value;
	return r;
}

int expect_check_timed_out(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(
		told->expected, expect->timed_out ? "stopped after its time" : "ends by itself");
	if (!tool_ran(findings, told))
		return 0;
	expect_print(told->got,
		findings->tool->timed_out ? "stopped after its time" : "it ended by itself");
	return findings->tool->timed_out == expect->timed_out;
}

int expect_parse_says(const struct words *words, struct expect *expect)
{
	return words_text(
		words, expect->says, sizeof(expect->says), "one line of 1 to 95 characters");
}

int expect_check_says(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct buf *output = findings->tool ? &findings->tool->output : NULL;
	bool fits;

	expect_print(told->expected, "\"%s\"", expect->says);
	if (!tool_ran(findings, told))
		return 0;
	fits = memmem(output->data ? output->data : (const uint8_t *)"", output->size, expect->says,
		       strlen(expect->says)) != NULL;
	expect_print(told->got, fits ? "it says so" : "it does not say so");
	return fits;
}
