/* SPDX-License-Identifier: MIT */
#include "harness/scenario/run.h"
#include "harness/scenario/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_LIMIT_US 5000000u /* until the boards show what they start as */

static int start_board(struct run *run, size_t i, struct why *why)
{
	const struct start *start = &run->scenario->starts[i];
	int r = run_set_pin(run, i, BOARD_USB, start->usb, why);

	if (r == 0)
		r = run_set_pin(run, i, BOARD_BOOT0, start->boot0, why);
	return r == 0 && start->power ? run_set_pin(run, i, BOARD_POWER, true, why) : r;
}

/* The settings of what is in flash now, of what the scenario flashes, and of what its expectations name. */
static int find_settings(struct run *run, struct why *why)
{
	struct world *world = run->world;
	struct world_image image = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < world->board_count; i++) {
		const char *firmware = run->scenario->starts[i].firmware;

		if (!firmware[0])
			continue;
		r = world->ops->image(world, firmware, &image, why);
		if (r == 0)
			truth_map_add(&run->map, &run->watch, i, &image);
	}
	if (r == 0 && run->scenario->image[0])
		r = world->ops->image(world, run->scenario->image, &run->image, why);
	if (r == 0)
		truth_map_add(&run->map, &run->watch, 0, &run->image);
	return r;
}

static int start(struct run *run, struct why *why)
{
	int r = run->world->ops->set_host(run->world, &run->scenario->host, why);

	if (r == 0)
		r = find_settings(run, why);
	for (size_t i = 0; r == 0 && i < run->world->board_count; i++)
		r = start_board(run, i, why);
	if (r == 0)
		r = run_until(run, run_all_rest, run, run_now_us(run) + START_LIMIT_US, why);
	if (r < 0)
		return r;
	run_listen(run);
	return truth_take(run->world, &run->begin, why);
}

int run_begin(struct run *run, struct why *why)
{
	const struct scenario *scenario = run->scenario;
	int r;

	if (run->world->board_count != scenario->start_count)
		return why_set(why, -EINVAL, "the scenario has %zu boards, the world %zu",
			scenario->start_count, run->world->board_count);
	r = watch_init(&run->watch, run->world, why);
	return r == 0 ? start(run, why) : r;
}

static int play(struct run *run, struct why *why)
{
	const struct scenario *scenario = run->scenario;
	int r = run_begin(run, why);

	for (size_t i = 0; r == 0 && !run->stopped && i < scenario->step_count; i++) {
		const struct step *step = &scenario->steps[i];

		r = step->type->run(run, step, why);
		if (r < 0)
			return why_prefix(why, r, "step %zu (%s)", i + 1, step->type->word);
	}
	return r == 0 ? run_judge(run, why) : r;
}

/* "rusEFI main.2026.07.14.f407-discovery.3461352391" -> "2026.07.14" for people. */
static const char *short_signature(const char *signature, char out[static 32])
{
	unsigned int year, month, day;
	const char *dot = strchr(signature, '.');

	if (!signature[0])
		return "nothing";
	if (!dot || sscanf(dot, ".%4u.%2u.%2u", &year, &month, &day) != 3)
		return signature;
	snprintf(out, 32, "%04u.%02u.%02u", year % 10000, month % 100, day % 100);
	return out;
}

static void tell_success(const struct run *run, struct why *reason)
{
	enum flasher_reason tool = run->result.reason;
	char before[32], after[32];

	if (!run->updated && run->named[0])
		why_set(reason, 0, "triage names it: %s", run->named);
	else if (!run->updated)
		why_set(reason, 0, "as it should be; no flasher has a part in it");
	else if (run->findings.outcome == OUTCOME_UPDATED)
		why_set(reason, 0, "%s → %s, tune %s",
			short_signature(run->begin.signature, before),
			short_signature(run->now.signature, after),
			names_text(&tune_fate_names, run->findings.tune));
	else
		why_set(reason, 0, "%s, as it should be%s%s",
			names_text(&outcome_names, run->findings.outcome),
			tool ? "; the tool's reason: " : "",
			tool ? names_text(&flasher_reason_words, tool) : "");
}

/* What was planned and did not happen: then a success proves nothing. */
static const char *not_happened(const struct run *run, char out[static 160])
{
	const char *fault = run->world->ops->unfired(run->world);

	if (fault) {
		snprintf(out, 160, "the fault never fired: %s", fault);
		return out;
	}
	for (size_t i = 0; i < run->scenario->meanwhile_count; i++) {
		if (run->pending[i].fired)
			continue;
		snprintf(out, 160, "meanwhile %zu never happened (%s)", i + 1,
			run->scenario->meanwhiles[i].step.type->word);
		return out;
	}
	return NULL;
}

static enum verdict decide(
	const struct run *run, int r, const struct why *failure, struct why *reason)
{
	char planned[160];
	const char *missed;

	if (r < 0) {
		why_set(reason, 0, "%s", why_text(failure));
		return VERDICT_ERROR;
	}
	missed = not_happened(run, planned);
	if (run->unmet.text[0]) {
		why_set(reason, 0, "%s%s%s", run->unmet.text, missed ? "; " : "",
			missed ? missed : "");
		return VERDICT_FAIL;
	}
	if (missed) {
		why_set(reason, 0, "%s", missed);
		return VERDICT_ERROR;
	}
	tell_success(run, reason);
	return VERDICT_PASS;
}

struct run *run_new(
	const struct scenario *scenario, const struct flasher *flasher, struct world *world)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->scenario = scenario;
	run->flasher = flasher;
	run->world = world;
	return run;
}

void run_free(struct run *run)
{
	watch_done(&run->watch);
	truth_done(&run->begin);
	truth_done(&run->before_update);
	truth_done(&run->now);
	run_result_done(&run->result);
	free(run);
}

int scenario_run(const struct scenario *scenario, const struct flasher *flasher,
	struct world *world, enum verdict *ret_verdict, struct why *reason)
{
	struct run *run = run_new(scenario, flasher, world);
	const char *skipped = scenario_skips(scenario, flasher);
	struct why said = {""};
	int r = 0;

	if (!skipped)
		skipped = scenario_skips_transport(scenario, flasher, world->ops->name);
	if (!run)
		return why_errno(reason, -ENOMEM, "%s", scenario->name);
	if (skipped) {
		why_set(&said, 0, "%s", skipped);
		*ret_verdict = VERDICT_SKIP;
	} else {
		struct why failure = {""};

		r = play(run, &failure);
		*ret_verdict = decide(run, r, &failure, &said);
	}
	EVENT_EMIT(world->events, .kind = EVENT_VERDICT,
		.name = names_text(&verdict_names, *ret_verdict), .text = said.text);
	run_free(run);
	why_set(reason, 0, "%s", said.text);
	return r == -ENOMEM ? r : 0;
}
