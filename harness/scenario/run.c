/* SPDX-License-Identifier: MIT */
#include "harness/scenario/run.h"

#include "harness/report/board_text.h"
#include "harness/scenario/steps.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_LIMIT_US  5000000u  /* until the boards show what they start as */
#define SETTLE_LIMIT_US 5000000u  /* after the flasher, until the board rests */
#define SETTLE_QUIET_US 400000u   /* a board that has not come or gone for so long stays */
#define ENTER_LIMIT_US  10000000u /* from the reboot command to the bootloader on USB */

#define ECU_REFUSES 1 /* exit code of `dfurig ecu`: there is none, or it does not do it */

/* ---- for steps ---- */

void run_tell_step(struct run *run, size_t board, const char *word, const char *fmt, ...)
{
	char text[192];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	EVENT_EMIT(run->world->events, .kind = EVENT_STEP, .board = run->world->boards[board]->name,
		.name = word, .text = text);
}

int run_set_pin(struct run *run, size_t board, enum board_pin pin, bool level, struct why *why)
{
	struct board *of = run->world->boards[board];
	int r = of->ops->set_pin(of, pin, level, why);

	if (r < 0)
		return why_prefix(why, r, "%s: %s", of->name, names_text(&board_pin_names, pin));
	EVENT_EMIT(run->world->events, .kind = EVENT_PIN, .board = of->name,
		.name = names_text(&board_pin_names, pin), .level = level);
	return 0;
}

/* What callbacks could not say when it happened. */
static int check_failure(const struct run *run, struct why *why)
{
	if (run->failed)
		*why = run->failure;
	return run->failed;
}

static int until(
	struct run *run, bool (*done)(void *user), void *user, uint64_t until_us, struct why *why)
{
	int r = run->world->ops->run_until(run->world, done, user, until_us, why);

	if (r < 0 && r != -ETIMEDOUT)
		return r;
	return check_failure(run, why);
}

static uint64_t now_us(const struct run *run)
{
	return clock_now_us(run->world->clock);
}

int run_wait(struct run *run, uint64_t time_us, struct why *why)
{
	return until(run, NULL, NULL, now_us(run) + time_us, why);
}

struct face_wait {
	const struct run *run;
	size_t board;
	enum face face;
};

static bool shows_face(void *user)
{
	const struct face_wait *wait = user;

	return wait->run->watch.face[wait->board] == wait->face;
}

int run_wait_for(struct run *run, size_t board, enum face face, uint64_t limit_us, bool *ret_seen,
	struct why *why)
{
	struct face_wait wait = {run, board, face};
	int r = 0;

	if (!shows_face(&wait))
		r = until(run, shows_face, &wait, now_us(run) + limit_us, why);
	*ret_seen = shows_face(&wait);
	return r;
}

void run_expect(struct run *run, const char *name, bool fits, const char *expected, const char *got)
{
	expect_tell(run->world, name, fits, expected, got, &run->unmet);
	if (!fits)
		run->stopped = true;
}

int run_program(struct run *run, char *const argv[], uint64_t limit_us, struct world_program *ret,
	struct why *why)
{
	struct world_image image = {0};
	char *words[SCENARIO_WORD_MAX + 1] = {NULL};
	CLEANUP(free_ptr) char *path = NULL;
	int r = 0;

	if (run->scenario->image[0])
		r = run->world->ops->image(run->world, run->scenario->image, &image, why);
	if (r < 0)
		return r;
	path = strdup(image.path ? image.path : "");
	if (!path)
		return why_errno(why, -ENOMEM, "%s", argv[0]);
	for (size_t i = 0; argv[i] && i < SCENARIO_WORD_MAX; i++)
		words[i] = strcmp(argv[i], "{image}") == 0 ? path : argv[i];
	r = run->world->ops->run_program(run->world, words, (uint32_t)(limit_us / 1000), ret, why);
	if (r < 0)
		return why_prefix(why, r, "%s", argv[0]);
	if (ret->missing)
		return why_set(why, -ENOENT, "%s is not installed", argv[0]);
	return check_failure(run, why);
}

/* ---- until a board rests ---- */

static bool rests(const struct run *run, size_t i)
{
	const struct board *board = run->world->boards[i];
	enum face face = run->watch.face[i];

	switch (board->ops->mode(board)) {
	case BOARD_OFF:
	case BOARD_DEAD:
	case BOARD_FIRMWARE:
		return true;
	case BOARD_RESET:
		return board->ops->get_pin(board, BOARD_NRST);
	case BOARD_DFU:
	case BOARD_ECU:
	case BOARD_OPENBLT:
		return face != FACE_GONE || !board->ops->get_pin(board, BOARD_USB) ||
		       !board->ops->get_pin(board, BOARD_VBUS);
	case BOARD_MODE_COUNT:
		break;
	}
	return true;
}

static bool all_rest(void *user)
{
	const struct run *run = user;

	for (size_t i = 0; i < run->world->board_count; i++)
		if (!rests(run, i))
			return false;
	return true;
}

static bool tested_one_rests(void *user)
{
	return rests(user, 0);
}

/* The board under test has come to rest, and stays so; a board that does not within the limit is what it is. */
static int settle(struct run *run, struct why *why)
{
	uint64_t begin_us = now_us(run);
	uint64_t limit_us = begin_us + SETTLE_LIMIT_US;
	int r = 0;

	while (r == 0 && now_us(run) < limit_us) {
		uint64_t since_us = run->watch.changed_us[0];
		uint64_t quiet_us = (since_us > begin_us ? since_us : begin_us) + SETTLE_QUIET_US;

		if (!rests(run, 0))
			r = until(run, tested_one_rests, run, limit_us, why);
		else if (now_us(run) < quiet_us)
			r = until(run, NULL, NULL, quiet_us, why);
		else
			return 0;
	}
	return r;
}

/* ---- meanwhile ---- */

static void keep_failure(struct run *run, int r, const struct why *why)
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
		keep_failure(pending->run, r, &why);
}

static void arm(struct run *run, struct pending *pending, const struct meanwhile *meanwhile)
{
	struct world *world = run->world;
	uint64_t when_us = now_us(run) + meanwhile->after_us;

	if (pending->armed)
		return;
	*pending = (struct pending){run, meanwhile, true, false};
	if (world->ops->at(world, when_us, do_pending, pending) < 0)
		keep_failure(run, -ENOSPC, &(struct why){"too much is to happen meanwhile"});
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

	if (!run->begin.tune || run->tune_was_lost)
		return;
	r = world->ops->tune(world, world->boards[0], &tune, &size, &why);
	if (r < 0 && r != -ENODATA)
		keep_failure(run, r, &why);
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
		return until(run, has_left_ecu, run, now_us(run) + ENTER_LIMIT_US, why);
	if (program.exit_code != ECU_REFUSES)
		return why_set(why, -EIO, "dfurig ecu reboot-dfu: exit %d", program.exit_code);
	event_note(run->world->events, EVENT_NOTE, run->world->boards[0]->name,
		"the ECU could not be asked");
	return 0;
}

static void result_done(struct flasher_result *result)
{
	buf_done(&result->output);
	*result = (struct flasher_result){0};
}

static int run_flasher(struct run *run, enum flasher_flow flow, struct why *why)
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
		r = world->ops->run_flasher(
			world, run->flasher, flow, run->image.path, &run->result, why);
	}
	run->flasher_runs = false;
	return r < 0 ? r : check_failure(run, why);
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

int run_update(struct run *run, const struct step *step, struct why *why)
{
	const char *name = step->image[0] ? step->image : run->scenario->image;
	enum flasher_flow flow = step->has_flow ? step->flow : run->scenario->flow;
	int r;

	result_done(&run->result);
	r = run->world->ops->image(run->world, name, &run->image, why);
	if (r == 0)
		r = truth_take(run->world, &run->before_update, why);
	if (r < 0)
		return r;
	truth_map_add(&run->map, &run->watch, 0, &run->image);
	run->before_update_us = now_us(run);
	r = run_flasher(run, flow, why);
	if (r < 0)
		return r;
	if (run->result.missing && !is_meant_to_be_missing(run))
		return why_set(why, -ENOENT, "%s is not installed", run->flasher->name);
	if (run->result.missing)
		run->result.reason = FLASHER_TOOL_MISSING;
	run->updated = true;
	run->took_us = now_us(run) - run->before_update_us;
	r = settle(run, why);
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

/* The truth now, kept for what is said at the end. */
static int find(struct run *run, struct why *why)
{
	int r = truth_take(run->world, &run->now, why);

	if (r < 0)
		return r;
	run->findings = (struct findings){
		.world = run->world,
		.watch = &run->watch,
		.tool = run->updated ? &run->result : NULL,
		.took_us = run->took_us,
	};
	return truth_find(&run->watch, &run->map, run->updated ? &run->before_update : &run->begin,
		&run->begin, &run->now, run->updated ? &run->image : NULL, run->tune_was_lost,
		&run->findings, why);
}

/* expect NULL: only whether it told the truth. */
static int judge_update(struct run *run, const struct expect *expect, struct why *why)
{
	int r = find(run, why);

	if (r < 0)
		return r;
	check_word(run, expect, &run->findings);
	return expect ? expect_check(expect, &run->findings, &run->unmet, why) : 0;
}

static void check_others(struct run *run)
{
	const char *name = truth_other_changed(&run->watch, &run->map, &run->begin, &run->now);
	char got[128];

	if (run->world->board_count < 2)
		return;
	snprintf(got, sizeof(got), "%s was written to", name ? name : "none");
	expect_tell(run->world, "other boards", !name, "none is touched", got, &run->unmet);
}

/* A tool that has ended has ended. */
static void check_left_running(struct run *run)
{
	char got[64];

	if (!run->updated || !run->result.left_running)
		return;
	snprintf(got, sizeof(got), "%u left running", run->result.left_running);
	expect_tell(run->world, "processes", false, "none is left running", got, &run->unmet);
}

static int judge(struct run *run, struct why *why)
{
	struct expect expect = scenario_expect(run->scenario, run->flasher);
	int r = judge_update(run, &expect, why);

	if (r < 0)
		return r;
	check_others(run);
	check_left_running(run);
	truth_tell_sectors(&run->watch, &run->map, &run->begin, &run->now, &run->image);
	return 0;
}

/* ---- the story ---- */

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
		r = until(run, all_rest, run, now_us(run) + START_LIMIT_US, why);
	if (r < 0)
		return r;
	watch_begin(&run->watch);
	run->watch.on_face = on_face;
	run->watch.on_write = on_write;
	run->watch.user = run;
	return truth_take(run->world, &run->begin, why);
}

static int play(struct run *run, struct why *why)
{
	const struct scenario *scenario = run->scenario;
	int r;

	if (run->world->board_count != scenario->start_count)
		return why_set(why, -EINVAL, "the scenario has %zu boards, the world %zu",
			scenario->start_count, run->world->board_count);
	r = watch_init(&run->watch, run->world, why);
	if (r == 0)
		r = start(run, why);
	for (size_t i = 0; r == 0 && !run->stopped && i < scenario->step_count; i++) {
		const struct step *step = &scenario->steps[i];

		r = step->type->run(run, step, why);
		if (r < 0)
			return why_prefix(why, r, "step %zu (%s)", i + 1, step->type->word);
	}
	return r == 0 ? judge(run, why) : r;
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

	if (run->findings.outcome == OUTCOME_UPDATED)
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

static void run_done(struct run *run)
{
	watch_done(&run->watch);
	truth_done(&run->begin);
	truth_done(&run->before_update);
	truth_done(&run->now);
	result_done(&run->result);
	free(run);
}

int scenario_run(const struct scenario *scenario, const struct flasher *flasher,
	struct world *world, enum verdict *ret_verdict, struct why *reason)
{
	struct run *run = calloc(1, sizeof(*run));
	const char *skipped = scenario_skips(scenario, flasher);
	struct why said = {""};
	int r = 0;

	if (!skipped)
		skipped = scenario_skips_transport(scenario, world->ops->name);
	if (!run)
		return why_errno(reason, -ENOMEM, "%s", scenario->name);
	run->scenario = scenario;
	run->flasher = flasher;
	run->world = world;
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
	run_done(run);
	why_set(reason, 0, "%s", said.text);
	return r == -ENOMEM ? r : 0;
}
