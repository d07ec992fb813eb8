/* SPDX-License-Identifier: MIT */
/* The update itself: what happens meanwhile, the flasher, and the judgement. */
#include "harness/scenario/run.h"
#include "harness/scenario/steps.h"

#include "harness/report/board_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ENTER_LIMIT_US 10000000u /* from the reboot command to the bootloader on USB */
#define KILLED         137       /* exit code: 128 + SIGKILL */
#define ECU_REFUSES    1 /* exit code of `dfurig ecu`: there is none, or it does not do it */

/* ---- meanwhile ---- */

void run_keep_failure(struct run *run, int r, const struct why *why)
{
	if (run->failed)
		return;
	run->failed = r;
	run->failure = *why;
}

static void do_pending(void *user)
{
	struct pending *pending = user;
	const struct step *step = &pending->meanwhile->step;
	struct why why = {""};
	int r;

	pending->fired = true;
	r = step->type->run(pending->run, step, &why);
	if (r < 0)
		run_keep_failure(pending->run, r, &why);
}

static void arm(struct run *run, struct pending *pending, const struct meanwhile *meanwhile)
{
	struct world *world = run->world;
	uint64_t when_us = run_now_us(run) + meanwhile->after_us;

	if (pending->armed)
		return;
	*pending = (struct pending){run, meanwhile, true, false};
	if (world->ops->at(world, when_us, do_pending, pending) < 0)
		run_keep_failure(run, -ENOSPC, &(struct why){"too much is to happen meanwhile"});
}

/* The moment has come for some of them. */
static void arm_all(
	struct run *run, enum moment moment, enum face face, uint32_t addr, uint32_t size)
{
	if (!run->flasher_runs)
		return;
	for (size_t i = 0; i < run->scenario->meanwhile_count; i++) {
		const struct meanwhile *meanwhile = &run->scenario->meanwhiles[i];

		if (meanwhile->moment == moment && meanwhile->face == face &&
			meanwhile->addr - addr < size)
			arm(run, &run->pending[i], meanwhile);
	}
}

/* Reading the second channel moves nothing, so that it may be done in the middle of an event. */
static void look_at_tune(struct run *run)
{
	struct world *world = run->world;
	CLEANUP(free_ptr) uint8_t *tune = NULL;
	struct why why = {""};
	size_t size = 0;
	int r;

	if (!run->begin.tune || run->tune_was_lost || run->swept)
		return;
	r = world->ops->tune(world, world->boards[0], &tune, &size, &why);
	if (r < 0 && r != -ENODATA)
		run_keep_failure(run, r, &why);
	else
		run->tune_was_lost = truth_tune_differs(&run->begin, r == 0 ? tune : NULL, size);
}

static void on_face(void *user, enum face face)
{
	struct run *run = user;

	if (face == FACE_ECU)
		look_at_tune(run);
	arm_all(run, MOMENT_FACE, face, 0, 1);
}

static void on_write(void *user, uint32_t addr, uint32_t size)
{
	arm_all(user, MOMENT_WRITE, FACE_GONE, addr, size);
}

static void on_progress(void *user, uint32_t percent)
{
	arm_all(user, MOMENT_PROGRESS, FACE_GONE, 0, percent + 1);
}

void run_listen(struct run *run)
{
	watch_begin(&run->watch);
	run->watch.on_face = on_face;
	run->watch.on_write = on_write;
	run->watch.on_progress = on_progress;
	run->watch.user = run;
}

/* ---- the update ---- */

static void program_done(struct world_program *program)
{
	buf_done(&program->output);
}

static bool has_left_ecu(void *user)
{
	const struct run *run = user;

	return run->watch.face[0] == FACE_DFU ||
	       (run->watch.face[0] == FACE_ECU && run->watch.seen_count > 1 &&
		       run->watch.changed_us[0] > run->before_update_us);
}

/* What a flasher that only knows bootloaders leaves to its user. */
static int enter_dfu(struct run *run, struct why *why)
{
	static char *const argv[] = {"dfurig", "ecu", "reboot-dfu", "--port", "auto", NULL};
	CLEANUP(program_done) struct world_program program = {0};
	int r;

	run_tell_step(run, 0, "enter", "the rig asks the ECU into its bootloader, as %s cannot",
		run->flasher->name);
	r = run_program(run, argv, ENTER_LIMIT_US, &program, why);
	if (r < 0)
		return r;
	if (program.exit_code == 0)
		return run_until(run, has_left_ecu, run, run_now_us(run) + ENTER_LIMIT_US, why);
	if (program.exit_code != ECU_REFUSES && !(run->swept && program.exit_code == KILLED))
		return why_set(why, -EIO, "dfurig ecu reboot-dfu: exit %d", program.exit_code);
	event_note(run->world->events, EVENT_NOTE, run->world->boards[0]->name,
		"the ECU could not be asked");
	return 0;
}

void run_result_done(struct flasher_result *result)
{
	buf_done(&result->output);
	*result = (struct flasher_result){0};
}

int run_tool(struct run *run, enum flasher_flow flow, struct why *why)
{
	struct world *world = run->world;
	int r = 0;

	run->flasher_runs = true;
	arm_all(run, MOMENT_START, FACE_GONE, 0, 1);
	if (flow == FLASHER_AUTO && !run->flasher->flows[FLASHER_AUTO]) {
		flow = FLASHER_MANUAL;
		r = run->watch.face[0] == FACE_DFU ? 0 : enter_dfu(run, why);
	}
	if (r == 0) {
		run_tell_step(run, 0, "update", "%s updates the board (%s)", run->flasher->name,
			names_text(&flasher_flow_words, flow));
		r = world->ops->run_flasher(world,
			&(struct flasher_job){run->flasher, flow, run->image.path, run->stop_ms},
			&run->result, why);
	}
	run->flasher_runs = false;
	return r < 0 ? r : run_check_failure(run, why);
}

static bool is_meant_to_be_missing(const struct run *run)
{
	return run->scenario->host.missing[0] != NULL;
}

static int judge_update(struct run *run, const struct expect *expect, struct why *why);

static bool is_last_update(const struct run *run, const struct step *step)
{
	const struct step *end = run->scenario->steps + run->scenario->step_count;

	for (step++; step < end; step++)
		if (step_is_update(step))
			return false;
	return true;
}

/* The last one is judged at the end; what an earlier one left behind will be gone then. */
static int judge_now(struct run *run, const struct step *step, struct why *why)
{
	if (step->expect.given)
		return judge_update(run, &step->expect, why);
	return is_last_update(run, step) ? 0 : judge_update(run, NULL, why);
}

static void keep_pins(struct run *run)
{
	const struct board *board = run->world->boards[0];

	for (int pin = 0; pin < BOARD_PIN_COUNT; pin++)
		run->pins_before_update[pin] = board->ops->get_pin(board, (enum board_pin)pin);
}

int run_update_begin(struct run *run, const struct step *step, struct why *why)
{
	const char *name = step->image[0] ? step->image : run->scenario->image;
	int r;

	run_result_done(&run->result);
	r = run->world->ops->image(run->world, name, &run->image, why);
	if (r == 0)
		r = truth_take(run->world, &run->before_update, why);
	if (r < 0)
		return r;
	truth_map_add(&run->map, &run->watch, 0, &run->image);
	run->before_update_us = run_now_us(run);
	run->stop_ms = (uint32_t)(step->stop_us / 1000);
	keep_pins(run);
	return 0;
}

int run_update(struct run *run, const struct step *step, struct why *why)
{
	enum flasher_flow flow = step->has_flow ? step->flow : run->scenario->flow;
	int r = run_update_begin(run, step, why);

	if (r == 0)
		r = run_tool(run, flow, why);
	if (r < 0)
		return r;
	if (run->result.missing && !is_meant_to_be_missing(run))
		return why_set(why, -ENOENT, "%s is not installed", run->flasher->name);
	if (run->result.missing)
		run->result.reason = FLASHER_TOOL_MISSING;
	run->updated = true;
	run->took_us = run_now_us(run) - run->before_update_us;
	r = run_settle(run, why);
	return r == 0 ? judge_now(run, step, why) : r;
}

/* ---- the judgement ---- */

/* The tool's word against the board's: what a tool may never say. */
static void check_word(
	struct run *run, const struct expect *expect, const struct findings *findings)
{
	const unsigned int both = 1u << EXPECT_OUTCOME | 1u << EXPECT_TOOL;
	bool known = expect && (expect->given & both) == both && expect->tool != EXPECT_FAILURE &&
		     expect->outcome == findings->outcome;

	if (!findings->tool || !findings->tool->success || known ||
		findings->outcome == OUTCOME_UPDATED)
		return;
	EVENT_EMIT(run->world->events, .kind = EVENT_EXPECTATION,
		.board = run->world->boards[0]->name, .name = "the tool's word", .expected = "true",
		.text = findings->outcome_text, .level = false);
	/* It is the first thing to be said of such a run. */
	why_set(&run->unmet, 0, "the tool said success; %s%s%s", findings->outcome_text,
		findings->outcome == OUTCOME_WRITTEN ? ": it ends as " : "",
		findings->outcome == OUTCOME_WRITTEN ? names_text(&board_mode_names, findings->mode)
						     : "");
}

static struct truth_case case_of(const struct run *run)
{
	return (struct truth_case){
		.watch = &run->watch,
		.map = &run->map,
		.begin = &run->begin,
		.before = run->updated ? &run->before_update : &run->begin,
		.now = &run->now,
		.image = run->updated ? &run->image : NULL,
		.tune_was_lost = run->tune_was_lost,
	};
}

/* The truth now, kept for what is said at the end. */
static int find(struct run *run, struct why *why)
{
	struct truth_case now = case_of(run);
	int r = truth_take(run->world, &run->now, why);

	if (r < 0)
		return r;
	run->findings = (struct findings){
		.world = run->world,
		.watch = &run->watch,
		.tool = run->updated ? &run->result : NULL,
		.took_us = run->took_us,
	};
	return truth_find(&now, &run->findings, why);
}

/* A tool that has ended has ended. */
static void check_left_running(struct run *run)
{
	char got[64];

	if (!run->updated || !run->result.left_running)
		return;
	snprintf(got, sizeof(got), "%u left running", run->result.left_running);
	expect_tell(run->world, false,
		&(struct expect_told){"processes", "none is left running", got}, &run->unmet);
}

/* expect NULL: only whether it told the truth. */
static int judge_update(struct run *run, const struct expect *expect, struct why *why)
{
	int r = find(run, why);

	if (r < 0)
		return r;
	check_word(run, expect, &run->findings);
	check_left_running(run);
	return expect ? expect_check(expect, &run->findings, &run->unmet, why) : 0;
}

static void check_others(struct run *run)
{
	struct truth_case now = case_of(run);
	const char *name = truth_other_changed(&now);
	char got[128];

	if (run->world->board_count < 2)
		return;
	snprintf(got, sizeof(got), "%s was written to", name ? name : "none");
	expect_tell(run->world, !name,
		&(struct expect_told){"other boards", "none is touched", got}, &run->unmet);
}

int run_judge(struct run *run, struct why *why)
{
	struct expect expect = scenario_expect(run->scenario, run->flasher);
	int r = judge_update(run, &expect, why);

	if (r < 0)
		return r;
	check_others(run);
	truth_tell_sectors(&run->watch, &run->findings);
	return 0;
}
