/* SPDX-License-Identifier: MIT */
#include "harness/scenario/scenario.h"

#include "harness/scenario/model.h"
#include "harness/scenario/steps.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scenario_free(struct scenario *scenario)
{
	if (!scenario)
		return;
	for (size_t i = 0; i < scenario->step_count; i++)
		step_done(&scenario->steps[i]);
	for (size_t i = 0; i < scenario->meanwhile_count; i++)
		step_done(&scenario->meanwhiles[i].step);
	free(scenario);
}

const char *scenario_name(const struct scenario *scenario)
{
	return scenario->name;
}

const char *scenario_title(const struct scenario *scenario)
{
	return scenario->title;
}

size_t scenario_board_count(const struct scenario *scenario)
{
	return scenario->start_count;
}

struct scenario_board scenario_board(const struct scenario *scenario, size_t index)
{
	assert(index < scenario->start_count);
	return scenario->starts[index].board;
}

size_t scenario_fault_count(const struct scenario *scenario)
{
	return scenario->fault_count;
}

struct fault_rule_text scenario_fault(const struct scenario *scenario, size_t index)
{
	const struct fault_text *fault = &scenario->faults[index];

	assert(index < scenario->fault_count);
	return (struct fault_rule_text){
		.at = fault->at,
		.match = fault->match,
		.block = fault->block,
		.addr = fault->addr,
		.nth = fault->nth,
		.times = fault->times,
		.after = fault->after,
		.action = fault->action,
		.value = fault->value,
	};
}

bool scenario_means(const char *key, const char *flasher)
{
	size_t length = strlen(key);

	return strncmp(key, flasher, length) == 0 &&
	       (flasher[length] == '\0' || flasher[length] == '-');
}

struct expect scenario_expect(const struct scenario *scenario, const struct flasher *flasher)
{
	struct expect expect = scenario->expect;

	for (size_t i = 0; i < scenario->of_count; i++)
		if (scenario_means(scenario->of[i].flasher, flasher->name))
			expect_merge(&expect, &scenario->of[i].expect);
	return expect;
}

struct scenario_grant scenario_grant(const struct scenario *scenario, const struct flasher *flasher)
{
	struct scenario_grant grant = {.tries = 1, .because = ""};

	for (size_t i = 0; i < scenario->grant_count; i++) {
		const struct grant *from = &scenario->grants[i];

		if (!scenario_means(from->flasher, flasher->name))
			continue;
		grant.tries = from->tries ? from->tries : 1;
		grant.without = from->without;
		grant.because = from->because;
	}
	return grant;
}

/* A flow that a flasher has not, and that the rig cannot do for it. */
static bool needs_more(const struct scenario *scenario, const struct flasher *flasher)
{
	for (size_t i = 0; i < scenario->step_count; i++) {
		const struct step *step = &scenario->steps[i];
		enum flasher_flow flow = step->has_flow ? step->flow : scenario->flow;

		if (step_is_update(step) && !flasher->flows[flow] &&
			!flasher->flows[FLASHER_MANUAL])
			return true;
	}
	return false;
}

const char *scenario_skips_transport(
	const struct scenario *scenario, const struct flasher *flasher, const char *transport)
{
	char both[SCENARIO_NAME + 32];

	snprintf(both, sizeof(both), "%s over %s", flasher->name, transport);
	for (size_t i = 0; i < scenario->skip_count; i++)
		if (strcmp(scenario->skips[i].flasher, transport) == 0 ||
			strcmp(scenario->skips[i].flasher, both) == 0)
			return scenario->skips[i].reason;
	return NULL;
}

static const char *const system_text[] = {
	[WORLD_SYSTEM_USUAL] = "usual",
	[WORLD_LINUX] = "linux",
	[WORLD_WINDOWS] = "windows",
	[WORLD_MACOS] = "macos",
};
const struct names world_system_names = NAMES(system_text);

enum world_system scenario_system(const struct scenario *scenario, const struct flasher *flasher)
{
	if (scenario->host.system != WORLD_SYSTEM_USUAL)
		return scenario->host.system;
	switch (flasher->system) {
	case FLASHER_ON_ANY:
		break;
	case FLASHER_ON_LINUX:
		return WORLD_LINUX;
	case FLASHER_ON_WINDOWS:
		return WORLD_WINDOWS;
	}
	return WORLD_SYSTEM_USUAL;
}

const char *const *scenario_only(const struct scenario *scenario)
{
	return scenario->only;
}

bool scenario_is_about(const struct scenario *scenario, const struct flasher *flasher)
{
	for (size_t i = 0; scenario->only[i]; i++)
		if (scenario_means(scenario->only[i], flasher->name))
			return true;
	return !scenario->only[0];
}

const char *scenario_skips(const struct scenario *scenario, const struct flasher *flasher)
{
	for (size_t i = 0; i < scenario->skip_count; i++)
		if (scenario_means(scenario->skips[i].flasher, flasher->name))
			return scenario->skips[i].reason;
	if (!scenario_is_about(scenario, flasher))
		return "it is about other flashers";
	return needs_more(scenario, flasher) ? "it cannot flash a board that is in its bootloader"
					     : NULL;
}
