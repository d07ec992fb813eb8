/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const char *const point_text[] = {
	[FAULT_BOARD_RESET] = "board-reset",
	[FAULT_DFU_CONNECT] = "dfu-connect",
	[FAULT_ECU_CONNECT] = "ecu-connect",
	[FAULT_ECU_REPLY] = "ecu-reply",
	[FAULT_DFU_EXECUTE] = "dfu-execute",
	[FAULT_DFU_STATE] = "dfu-state",
	[FAULT_ERASE] = "erase",
	[FAULT_PROGRAM] = "program",
	[FAULT_OPTIONS] = "options",
	[FAULT_REQUEST] = "request",
	[FAULT_ANSWER] = "answer",
	[FAULT_TIME] = "time",
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
	[FAULT_DFU_ERROR] = "dfu-error",
	[FAULT_SLOW] = "slow",
	[FAULT_FLIP] = "flip",
	[FAULT_STALL] = "stall",
	[FAULT_NAK] = "nak",
	[FAULT_SHORT] = "short",
	[FAULT_CORRUPT] = "corrupt",
	[FAULT_SAY] = "say",
	[FAULT_CUT_POWER] = "cut-power",
	[FAULT_BROWN_OUT] = "brown-out",
	[FAULT_RESET] = "reset",
	[FAULT_UNPLUG] = "unplug",
	[FAULT_KILL] = "kill",
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
	plan->points |= rule->points;
	return 0;
}

bool fault_is_effect(enum fault_action action)
{
	return action >= FAULT_CUT_POWER && action < FAULT_ACTION_COUNT;
}

static bool is_name(const struct fault_rule *rule, const char *name)
{
	return name && strcmp(rule->match, name) == 0;
}

static bool fits(const struct fault_rule *rule, const struct fault_occasion *occasion)
{
	if (!(rule->points >> occasion->point & 1))
		return false;
	if (rule->match[0] && !is_name(rule, occasion->match) && !is_name(rule, occasion->also))
		return false;
	if (rule->has_block && (!occasion->has_block || rule->block != occasion->block))
		return false;
	return !rule->has_addr || rule->addr - occasion->addr < occasion->size;
}

/* The occasion has been counted: is it one of the rule's? */
static bool is_due(const struct fault_rule *rule)
{
	return rule->seen >= rule->nth && (!rule->times || rule->fired < rule->times);
}

static struct fault_hit fire(
	struct fault_plan *plan, struct fault_rule *rule, const struct fault_occasion *occasion)
{
	uint64_t delay_us = 0;

	if (occasion->point != FAULT_TIME) /* there `after` is over */
		delay_us = occasion->starts_in_us + rule->after_us +
			   occasion->takes_us * rule->after_percent / 100;
	rule->fired++;
	if (plan->on_fire)
		plan->on_fire(plan, rule, occasion);
	if (!fault_is_effect(rule->action))
		return (struct fault_hit){.action = rule->action, .value = rule->value};
	if (plan->on_effect)
		plan->on_effect(plan, rule, occasion, delay_us);
	return (struct fault_hit){
		.effect = delay_us ? FAULT_NOTHING : rule->action,
		.later = delay_us ? rule->action : FAULT_NOTHING,
		.later_us = delay_us,
	};
}

struct fault_hit fault_ask(struct fault_plan *plan, const struct fault_occasion *occasion)
{
	struct fault_rule *fires = NULL;

	if (!plan)
		return (struct fault_hit){.action = FAULT_NOTHING};
	if (plan->on_occasion)
		plan->on_occasion(plan, occasion);
	for (size_t i = 0; i < plan->count; i++) {
		struct fault_rule *rule = &plan->rules[i];

		if (!fits(rule, occasion))
			continue;
		rule->seen++;
		if (!fires && is_due(rule))
			fires = rule;
	}
	return fires ? fire(plan, fires, occasion) : (struct fault_hit){.action = FAULT_NOTHING};
}

struct fault_hit fault_at(struct fault_plan *plan, enum fault_point point, const char *match)
{
	return fault_ask(plan, &(struct fault_occasion){.point = point, .match = match});
}

static bool is_timed(const struct fault_rule *rule)
{
	return !rule->fired && (rule->points >> FAULT_TIME & 1);
}

uint64_t fault_time_next_us(const struct fault_plan *plan)
{
	uint64_t next_us = CLOCK_NEVER;

	for (size_t i = 0; i < plan->count; i++)
		if (is_timed(&plan->rules[i]) && plan->rules[i].after_us < next_us)
			next_us = plan->rules[i].after_us;
	return next_us;
}

void fault_time_pass(struct fault_plan *plan, uint64_t elapsed_us)
{
	static const struct fault_occasion now = {.point = FAULT_TIME};

	for (size_t i = 0; i < plan->count; i++)
		if (is_timed(&plan->rules[i]) && plan->rules[i].after_us <= elapsed_us)
			fire(plan, &plan->rules[i], &now);
}

const struct fault_rule *fault_never_fired(const struct fault_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->rules[i].fired)
			return &plan->rules[i];
	return NULL;
}
