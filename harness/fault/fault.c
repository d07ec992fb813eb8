/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const point_text[] = {
	[FAULT_BOARD_RESET] = "board-reset",
	[FAULT_DFU_CONNECT] = "dfu-connect",
	[FAULT_ECU_CONNECT] = "ecu-connect",
	[FAULT_ECU_REPLY] = "ecu-reply",
};
static_assert(ARRAY_SIZE(point_text) == FAULT_POINT_COUNT, "a name for each point");
const struct names fault_point_names = NAMES(point_text);

static const char *const action_text[] = {
	[FAULT_NOTHING] = "nothing",
	[FAULT_DELAY] = "delay",
	[FAULT_LOSE_RAM] = "lose-ram",
	[FAULT_NO_SHOW] = "no-show",
	[FAULT_BYTEWISE] = "bytewise",
	[FAULT_BAD_CRC] = "bad-crc",
	[FAULT_CODE] = "code",
};
static_assert(ARRAY_SIZE(action_text) == FAULT_ACTION_COUNT, "a name for each action");
const struct names fault_action_names = NAMES(action_text);

int fault_add(struct fault_plan *plan, const struct fault_rule *rule)
{
	struct fault_rule *copy = &plan->rules[plan->count];

	if (plan->count == FAULT_RULE_MAX)
		return -ENOSPC;
	*copy = *rule;
	copy->seen = copy->fired = 0;
	plan->count++;
	return 0;
}

static bool fits(const struct fault_rule *rule, enum fault_point point, const char *match)
{
	return rule->point == point &&
	       (!rule->match[0] || (match && strcmp(rule->match, match) == 0));
}

/* The occasion has been counted: is it one of the rule's? */
static bool is_due(const struct fault_rule *rule)
{
	return rule->seen >= rule->nth && (!rule->times || rule->fired < rule->times);
}

struct fault_hit fault_at(struct fault_plan *plan, enum fault_point point, const char *match)
{
	struct fault_rule *fires = NULL;

	if (!plan)
		return (struct fault_hit){FAULT_NOTHING, 0};
	for (size_t i = 0; i < plan->count; i++) {
		struct fault_rule *rule = &plan->rules[i];

		if (!fits(rule, point, match))
			continue;
		rule->seen++;
		if (!fires && is_due(rule))
			fires = rule;
	}
	if (!fires)
		return (struct fault_hit){FAULT_NOTHING, 0};
	fires->fired++;
	if (plan->on_fire)
		plan->on_fire(plan, fires);
	return (struct fault_hit){fires->action, fires->value};
}

const struct fault_rule *fault_never_fired(const struct fault_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->rules[i].fired)
			return &plan->rules[i];
	return NULL;
}

const char *fault_rule_text(const struct fault_rule *rule, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s: %s", names_text(&fault_point_names, rule->point),
		rule->match[0] ? " " : "", rule->match,
		names_text(&fault_action_names, rule->action));
	return out;
}
