/* SPDX-License-Identifier: MIT */
/* The step `triage`: what it asks with, and what it expects. */
#include "harness/scenario/fake_world_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEAD   "name: t\ntitle: t\nsource: s\nflow: auto\nstart: {firmware: old}\nimage: new\n"
#define EXPECT "expect: {outcome: not-updated}\n"
#define ANSWER                                                                                     \
	"{\"cause\": \"no-power\", \"title\": \"the board has no power\", \"sure\": \"likely\", "  \
	"\"because\": \"it is dark\", \"remedy\": \"plug it in\", \"causes\": [{\"cause\": "       \
	"\"port-dead\"}]}\n"

static void done(struct fake_world *fake)
{
	fake_world_done(fake);
}

static enum verdict run(struct fake_world *fake, const char *steps, struct why *why)
{
	char yaml[600];

	snprintf(yaml, sizeof(yaml), HEAD "steps: %s\n" EXPECT, steps);
	*why = (struct why){""};
	return fake_run(fake, yaml, why);
}

struct words_case {
	const char *steps, *ran;
};

Test(step_triage, tells_what_the_owner_did_and_sees)
{
	static const struct words_case cases[] = {
		{"[{triage: manual, cause: no-power}]",
			"--tried manual --led lit --other-device works --tool fake-tool"},
		{"[{triage: power-on}]",
			"--tried power-on --led lit --other-device works --tool fake-tool"},
		{"[{power: off}, {triage: nothing}]",
			"--tried nothing --led dark --other-device works --tool fake-tool"},
		{"[{vbus: off}, {triage: auto}]",
			"--tried auto --led lit --other-device fails --tool fake-tool"},
		{"[{triage: auto, try: true, tool: dfu-util}]",
			"--tried auto --led lit --other-device works --tool dfu-util --try"},
		{"[{triage: auto, try: false}]",
			"--tried auto --led lit --other-device works --tool fake-tool"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(done) struct fake_world fake;
		char expected[200];
		struct why why;

		fake_world_init(&fake, 1);
		fake.boards[0].pins[BOARD_VBUS] = true;
		fake.program_says = ANSWER;
		snprintf(expected, sizeof(expected), "dfurig triage --json %s", cases[i].ran);
		cr_expect_eq(run(&fake, cases[i].steps, &why), VERDICT_PASS, "%s: %s",
			cases[i].steps, why.text);
		cr_expect_str_eq(fake.ran, expected);
	}
}

Test(step_triage, the_first_cause_counts)
{
	CLEANUP(done) struct fake_world fake;
	const struct fake_seen *seen;
	struct why why;

	fake_world_init(&fake, 1);
	fake.program_says = ANSWER;
	fake.program_exit = 1;
	cr_expect_eq(run(&fake, "[{triage: manual, cause: no-power}]", &why), VERDICT_PASS, "%s",
		why.text);
	seen = fake_find(&fake, EVENT_EXPECTATION, "cause");
	cr_assert(seen && seen->level);
	cr_expect_eq(run(&fake, "[{triage: manual, cause: port-dead}]", &why), VERDICT_FAIL);
	cr_expect_str_eq(why.text, "cause: expected port-dead, got no-power");
}

Test(step_triage, what_it_says_is_told)
{
	CLEANUP(done) struct fake_world fake;
	const struct fake_seen *seen;
	struct why why;
	bool told = false;

	fake_world_init(&fake, 1);
	fake.program_says = ANSWER;
	cr_assert_eq(run(&fake, "[{triage: manual}]", &why), VERDICT_PASS, "%s", why.text);
	seen = fake_find(&fake, EVENT_DIAGNOSIS, "no-power");
	for (size_t i = 0; i < fake.seen_count; i++)
		told |= fake.seen[i].kind == EVENT_NOTE &&
			strncmp(fake.seen[i].text, "triage: remedy: ", 16) == 0;
	cr_expect(told);
	cr_assert(seen);
	cr_expect_str_eq(seen->text, "it is dark");
}

Test(step_triage, an_answer_that_is_none_is_an_error_of_the_rig)
{
	static const char *const answers[] = {"dfurig: out of memory\n", "{}", "[]", ""};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		CLEANUP(done) struct fake_world fake;
		struct why why;

		fake_world_init(&fake, 1);
		fake.program_exit = 125;
		fake.program_says = answers[i];
		cr_expect_eq(run(&fake, "[{triage: manual, cause: no-power}]", &why), VERDICT_ERROR,
			"%s", answers[i]);
		cr_expect(strstr(why.text, "dfurig triage: exit 125"), "%s", why.text);
	}
}

Test(step_triage, a_mistake_in_it_is_told_with_its_line)
{
	static const struct {
		const char *steps, *why;
	} cases[] = {
		{"[{triage: by-hand}]", "is not one of nothing, auto, manual, power-on"},
		{"[{triage: auto, try: maybe}]", "is not one of false, true"},
		{"[{triage: auto, cause: No Power}]", "cause"},
		{"[{wait: 1 s, cause: no-power}]", "this does not stand beside \"wait\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scenario *scenario = NULL;
		struct why why = {""};
		char yaml[600];

		snprintf(yaml, sizeof(yaml), HEAD "steps: %s\n" EXPECT, cases[i].steps);
		cr_expect_eq(scenario_parse("t.yaml", (const uint8_t *)yaml, strlen(yaml),
				     &scenario, &why),
			-EBADMSG, "%s", cases[i].steps);
		cr_expect(strstr(why.text, cases[i].why), "%s", why.text);
		scenario_free(scenario);
	}
}
