/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>

#include "harness/fault/fault.h"
#include "harness/fault/fault_text.h"

static void add_or_fail(struct fault_plan *plan, struct fault_rule rule)
{
	cr_assert_eq(fault_add(plan, &rule), 0);
}

static enum fault_action reply(struct fault_plan *plan, const char *match)
{
	return fault_at(plan, FAULT_ECU_REPLY, match).action;
}

Test(fault, without_a_plan_nothing_happens)
{
	cr_expect_eq(reply(NULL, "R"), FAULT_NOTHING);
}

Test(fault, a_rule_fires_from_its_nth_occasion_as_often_as_it_says)
{
	struct fault_plan plan = {.count = 0};
	static const enum fault_action expected[] = {
		FAULT_NOTHING, FAULT_BAD_CRC, FAULT_BAD_CRC, FAULT_NOTHING};

	add_or_fail(&plan, (struct fault_rule){.points = 1u << FAULT_ECU_REPLY,
				   .nth = 2,
				   .times = 2,
				   .action = FAULT_BAD_CRC});
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		cr_expect_eq(reply(&plan, "R"), expected[i], "occasion %zu", i + 1);
}

Test(fault, a_rule_without_an_end_fires_for_ever)
{
	struct fault_plan plan = {.count = 0};

	add_or_fail(
		&plan, (struct fault_rule){
			       .points = 1u << FAULT_ECU_REPLY, .nth = 1, .action = FAULT_NO_SHOW});
	for (int i = 0; i < 100; i++)
		cr_assert_eq(reply(&plan, "S"), FAULT_NO_SHOW);
}

Test(fault, occasions_that_do_not_match_are_not_counted)
{
	struct fault_plan plan = {.count = 0};

	add_or_fail(&plan, (struct fault_rule){.points = 1u << FAULT_ECU_REPLY,
				   .match = "R",
				   .nth = 2,
				   .action = FAULT_CODE,
				   .value = 0x83});
	cr_expect_eq(reply(&plan, "R"), FAULT_NOTHING);
	cr_expect_eq(reply(&plan, "S"), FAULT_NOTHING);
	cr_expect_eq(reply(&plan, NULL), FAULT_NOTHING);
	cr_expect_eq(fault_at(&plan, FAULT_DFU_CONNECT, "R").action, FAULT_NOTHING);
	cr_expect_eq(fault_at(&plan, FAULT_ECU_REPLY, "R").value, 0x83);
}

Test(fault, every_rule_counts_the_occasion_and_the_first_that_is_due_decides)
{
	struct fault_plan plan = {.count = 0};

	add_or_fail(&plan, (struct fault_rule){.points = 1u << FAULT_ECU_REPLY,
				   .nth = 1,
				   .times = 1,
				   .action = FAULT_DELAY});
	add_or_fail(&plan, (struct fault_rule){.points = 1u << FAULT_ECU_REPLY,
				   .nth = 2,
				   .times = 1,
				   .action = FAULT_BAD_CRC});
	cr_expect_eq(reply(&plan, "R"), FAULT_DELAY);
	cr_expect_eq(reply(&plan, "R"), FAULT_BAD_CRC);
}

Test(fault, a_rule_that_never_fired_is_named)
{
	struct fault_plan plan = {.count = 0};
	char text[80];

	add_or_fail(
		&plan, (struct fault_rule){
			       .points = 1u << FAULT_ECU_REPLY, .nth = 1, .action = FAULT_DELAY});
	add_or_fail(&plan, (struct fault_rule){.points = 1u << FAULT_BOARD_RESET,
				   .match = "software",
				   .nth = 1,
				   .action = FAULT_LOSE_RAM});
	cr_expect_eq(reply(&plan, "R"), FAULT_DELAY);
	cr_assert_eq(fault_never_fired(&plan), &plan.rules[1]);
	cr_expect_str_eq(fault_rule_text(fault_never_fired(&plan), text, sizeof(text)),
		"board-reset software times=0: lose-ram");
	cr_expect_eq(fault_at(&plan, FAULT_BOARD_RESET, "software").action, FAULT_LOSE_RAM);
	cr_expect_null(fault_never_fired(&plan));
}

Test(fault, a_full_plan_takes_no_more)
{
	struct fault_plan plan = {.count = 0};
	struct fault_rule rule = {.nth = 1, .action = FAULT_DELAY};

	for (int i = 0; i < FAULT_RULE_MAX; i++)
		add_or_fail(&plan, rule);
	cr_expect_eq(fault_add(&plan, &rule), -ENOSPC);
}
