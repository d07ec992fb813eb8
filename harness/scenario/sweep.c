/* SPDX-License-Identifier: MIT */
#include "harness/scenario/sweep.h"

#include "harness/report/board_text.h"
#include "harness/scenario/recover.h"
#include "harness/scenario/steps.h"

#include <errno.h>

static int play_step(struct run *run, size_t i, struct why *why)
{
	const struct step *step = &run->scenario->steps[i];
	int r = step->type->run(run, step, why);

	if (r == 0 && run->stopped)
		r = why_set(why, -EINVAL, "%s", run->unmet.text);
	return r < 0 ? why_prefix(why, r, "step %zu (%s)", i + 1, step->type->word) : 0;
}

/* The first update; its index is the number of steps when there is none. */
static size_t find_update(const struct scenario *scenario)
{
	size_t i = 0;

	while (i < scenario->step_count && !step_is_update(&scenario->steps[i]))
		i++;
	return i;
}

/* What the owner runs before the flasher may be cut as well. */
static size_t find_begin(const struct scenario *scenario, size_t update)
{
	size_t i = 0;

	while (i < update && !step_is_program(&scenario->steps[i]))
		i++;
	return i;
}

/* The flasher; not when something before it was cut, and failed for that. */
static int update(
	struct sweep_story *story, struct run *run, size_t from, size_t index, struct why *why)
{
	const struct step *step = &run->scenario->steps[index];
	int r = 0;

	for (size_t i = from; r == 0 && i < index; i++)
		r = play_step(run, i, why);
	if (r < 0)
		return story->cut && !run->failed ? 0 : r;
	r = run_tool(run, step->has_flow ? step->flow : run->scenario->flow, why);
	if (r == 0 && run->result.missing)
		r = why_set(why, -ENOENT, "%s is not installed", run->flasher->name);
	return r;
}

static int play_cuttable(
	struct sweep_story *story, struct run *run, size_t from, size_t index, struct why *why)
{
	int r = run_update_begin(run, &run->scenario->steps[index], why);

	if (r < 0)
		return r;
	story->begin_us = run_now_us(run);
	story->image_size = (uint32_t)run->image.size;
	recover_listen(run);
	story->ops->begin(story);
	r = update(story, run, from, index, why);
	if (r < 0)
		return r;
	story->update_us = run_now_us(run) - story->begin_us;
	r = run_settle(run, why);
	story->ops->end(story);
	return r;
}

/* A sweep of an update that fails anyway would prove nothing. */
static int check_undisturbed(struct run *run, struct why *why)
{
	bool done = false;
	int r = recover_is_done(run, &done, why);

	if (r < 0)
		return r;
	if (!run->result.success)
		return why_set(why, -ECANCELED, "without any cut %s does not update the board: %s",
			run->flasher->name, names_text(&flasher_reason_words, run->result.reason));
	if (!done)
		return why_set(why, -ECANCELED,
			"without any cut %s says success, but the board does not run the image: "
			"it is %s",
			run->flasher->name,
			names_text(&board_mode_names,
				run->world->boards[0]->ops->mode(run->world->boards[0])));
	return 0;
}

static int play(struct sweep_story *story, struct run *run, struct why *why)
{
	size_t index = find_update(run->scenario), from = find_begin(run->scenario, index);
	int r = run_begin(run, why);

	if (r == 0 && index == run->scenario->step_count)
		r = why_set(why, -EINVAL, "%s: there is no update in it", run->scenario->name);
	for (size_t i = 0; r == 0 && i < from; i++)
		r = play_step(run, i, why);
	if (r == 0)
		r = play_cuttable(story, run, from, index, why);
	if (r < 0)
		return r;
	if (!story->cut)
		return check_undisturbed(run, why);
	return recover(run, story->cut_us, scenario_grant(run->scenario, run->flasher).tries,
		story->cell, why);
}

int sweep_story_run(struct sweep_story *story, struct why *why)
{
	struct run *run = run_new(story->scenario, story->flasher, story->world);
	int r;

	if (!run)
		return why_errno(why, -ENOMEM, "%s", scenario_name(story->scenario));
	r = play(story, run, why);
	run_free(run);
	return r;
}
