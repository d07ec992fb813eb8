/* SPDX-License-Identifier: MIT */
/* Fault rules as text: nothing crashes, and what is accepted is told so that it is the same rule again. */
#include "harness/fault/fault_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rule(const struct fault_rule *rule)
{
	char text[FAULT_TEXT_MAX], again[FAULT_TEXT_MAX];
	struct why why = {""};
	struct fault_rule same;

	assert(rule->points && (fault_action_points(rule->action) & rule->points) == rule->points);
	fault_rule_text(rule, text, sizeof(text));
	assert(fault_rule_parse(text, &same, &why) == 0);
	assert(strcmp(text, fault_rule_text(&same, again, sizeof(again))) == 0);
	assert(same.points == rule->points && same.value == rule->value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* of its own, so that reading beyond the end is found */
	struct fault_rule rule;
	struct why why = {""};

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (fault_rule_parse(text, &rule, &why) < 0)
		assert(why.text[0]);
	else
		check_rule(&rule);
	free(text);
	return 0;
}
