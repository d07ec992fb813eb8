/* SPDX-License-Identifier: MIT */
#include "harness/dfu/rules.h"

#include <criterion/criterion.h>
#include <string.h>

Test(rules, every_cell_names_known_actions_states_and_a_source)
{
	struct dfu_rules rules;

	dfu_rules_init(&rules);
	for (uint8_t state = 0; state < DFU_STATE_COUNT; state++) {
		for (uint8_t request = 0; request < DFU_REQUEST_COUNT; request++) {
			const struct dfu_rule *rule = &rules.rule[state][request];
			const char *cell = dfu_state_text(state);

			cr_assert_lt(rule->action, DFU_ACTION_COUNT, "%s %u", cell, request);
			cr_assert_lt(rule->next, DFU_STATE_COUNT, "%s %u", cell, request);
			cr_assert_lt(rule->empty, DFU_STATE_COUNT, "%s %u", cell, request);
			cr_assert_lt(rule->status, DFU_STATUS_COUNT, "%s %u", cell, request);
			cr_assert_not_null(rules.source[state][request]);
		}
	}
}

/* An action that answers GETSTATUS under another request would send six bytes to nobody. */
Test(rules, actions_stand_only_under_requests_that_they_answer)
{
	static const uint8_t only[DFU_ACTION_COUNT] = {
		[DFU_DO_REFUSE] = 0x7f,
		[DFU_DO_STALL] = 0x7f,
		[DFU_DO_IGNORE] = 1 << DFU_DETACH | 1 << DFU_CLRSTATUS | 1 << DFU_ABORT,
		[DFU_DO_STORE] = 1 << DFU_DNLOAD,
		[DFU_DO_UPLOAD] = 1 << DFU_UPLOAD,
		[DFU_DO_STATUS] = 1 << DFU_GETSTATUS,
		[DFU_DO_BEGIN] = 1 << DFU_GETSTATUS,
		[DFU_DO_LEAVE] = 1 << DFU_GETSTATUS,
		[DFU_DO_STATE] = 1 << DFU_GETSTATE,
		[DFU_DO_SET] = 1 << DFU_CLRSTATUS | 1 << DFU_ABORT,
		[DFU_DO_DETACH] = 1 << DFU_DETACH,
	};
	struct dfu_rules rules;

	dfu_rules_init(&rules);
	for (uint8_t state = 0; state < DFU_STATE_COUNT; state++)
		for (uint8_t request = 0; request < DFU_REQUEST_COUNT; request++)
			cr_expect(only[rules.rule[state][request].action] >> request & 1, "%s %s",
				dfu_state_text(state), dfu_request_text(request));
}

Test(rules, an_overlay_replaces_its_cells_and_no_other)
{
	static const struct dfu_rule_cell cell = {.state = DFU_ERROR,
		.request = DFU_ABORT,
		.rule = {DFU_DO_IGNORE, DFU_ERROR, DFU_ERROR, DFU_OK},
		.source = "a log"};
	static const struct dfu_overlay overlay = {&cell, 1};
	struct dfu_rules base, rules;
	size_t differ = 0;

	dfu_rules_init(&base);
	dfu_rules_init(&rules);
	dfu_rules_apply(&rules, &overlay);
	dfu_rules_apply(&rules, NULL);
	for (size_t i = 0; i < DFU_STATE_COUNT; i++)
		for (size_t j = 0; j < DFU_REQUEST_COUNT; j++)
			differ += rules.source[i][j] != base.source[i][j];
	cr_expect_eq(differ, 1);
	cr_expect_eq(rules.rule[DFU_ERROR][DFU_ABORT].action, DFU_DO_IGNORE);
	cr_expect_str_eq(rules.source[DFU_ERROR][DFU_ABORT], "a log");
}

Test(rules, the_dump_has_a_line_for_each_cell)
{
	struct dfu_rules rules;
	struct buf out;
	size_t lines = 0;

	dfu_rules_init(&rules);
	buf_init(&out, 100000);
	cr_assert_eq(dfu_rules_dump(&rules, &out), 0);
	for (size_t i = 0; i < out.size; i++)
		lines += out.data[i] == '\n';
	cr_expect_eq(lines, 1 + DFU_STATE_COUNT * DFU_REQUEST_COUNT);
	buf_done(&out);
}

Test(rules, the_dump_stops_at_the_limit_of_the_buffer)
{
	struct dfu_rules rules;
	struct buf out;

	dfu_rules_init(&rules);
	buf_init(&out, 1000);
	cr_expect_lt(dfu_rules_dump(&rules, &out), 0);
	buf_done(&out);
}
