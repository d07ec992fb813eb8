/* SPDX-License-Identifier: MIT */
#include "harness/cli/rig_faults.h"

#include "harness/cli/cli.h"
#include "harness/fault/fault_text.h"
#include "harness/report/board_text.h"
#include "simulators/stm32/board.h"

#include <errno.h>

static struct board *board_of(struct rig *rig)
{
	return rig->boards[0].board;
}

static void tell_fault(struct fault_plan *plan, const struct fault_rule *rule,
	const struct fault_occasion *occasion)
{
	struct rig *rig = plan->user;
	char text[FAULT_TEXT_MAX];

	EVENT_EMIT(&rig->events, .kind = EVENT_FAULT, .board = rig->boards[0].file.name,
		.text = fault_fired_text(rule, occasion, text, sizeof(text)));
}

/* A pin that is there already says nothing. */
static void set_pin(struct rig *rig, enum board_pin pin, bool level)
{
	struct board *board = board_of(rig);

	if (board->ops->get_pin(board, pin) == level)
		return;
	EVENT_EMIT(&rig->events, .kind = EVENT_PIN, .board = board->name,
		.name = names_text(&board_pin_names, pin), .level = level);
	(void)!board->ops->set_pin(board, pin, level, NULL);
}

static void act(void *user, enum fault_action action, bool begin)
{
	struct rig *rig = user;

	switch (action) {
	case FAULT_CUT_POWER:
		set_pin(rig, BOARD_POWER, !begin);
		return;
	case FAULT_BROWN_OUT:
		(void)!stm32_board_brown_out(board_of(rig), NULL);
		return;
	case FAULT_RESET:
		set_pin(rig, BOARD_NRST, begin);
		return;
	case FAULT_UNPLUG:
		set_pin(rig, BOARD_USB, !begin);
		return;
	case FAULT_KILL:
		if (rig->kill)
			rig->kill(rig->kill_user);
		else
			rig->kill_missed = true;
		return;
	case FAULT_NOTHING:
	case FAULT_DELAY:
	case FAULT_LOSE_RAM:
	case FAULT_NO_SHOW:
	case FAULT_BYTEWISE:
	case FAULT_BAD_CRC:
	case FAULT_CODE:
	case FAULT_DFU_ERROR:
	case FAULT_SLOW:
	case FAULT_FLIP:
	case FAULT_STALL:
	case FAULT_NAK:
	case FAULT_SHORT:
	case FAULT_CORRUPT:
	case FAULT_SAY:
	case FAULT_ACTION_COUNT:
		return; /* not effects */
	}
}

void rig_faults_begin(struct rig *rig, struct fault_plan *plan)
{
	rig->faults = plan;
	plan->on_fire = tell_fault;
	plan->user = rig;
	fault_effects_begin(&rig->fault_effects, rig->bus, plan);
	rig->fault_effects.act = act;
	rig->fault_effects.user = rig;
	fault_tap_begin(&rig->fault_tap, rig->bus, 1, plan);
}

void rig_faults_done(struct rig *rig)
{
	if (!rig->fault_effects.plan)
		return;
	fault_tap_done(&rig->fault_tap);
	fault_effects_done(&rig->fault_effects);
	rig->faults = NULL;
}

int rig_faults_check(const struct rig *rig, int code)
{
	const struct fault_rule *rule = rig->faults ? fault_never_fired(rig->faults) : NULL;
	char text[FAULT_TEXT_MAX];

	if (!rule)
		return code;
	return cli_errorf(
		CLI_RIG, "the fault never fired: %s", fault_rule_text(rule, text, sizeof(text)));
}

void rig_faults_option(struct argp_state *state, struct fault_plan *plan, const char *arg)
{
	struct fault_rule rule;
	struct why why = {""};

	if (fault_rule_parse(arg, &rule, &why) < 0)
		argp_error(state, "--fault: %s", why_text(&why));
	else if (fault_add(plan, &rule) < 0)
		argp_error(state, "--fault: more than %d", FAULT_RULE_MAX);
}
