/* SPDX-License-Identifier: MIT */
#include "harness/scenario/sweep.h"

#include "harness/report/board_text.h"
#include "harness/scenario/recover.h"
#include "harness/scenario/steps.h"

#include <errno.h>

/* The steps before the update, and which that is. */
static int play_until_update(struct run *run, const struct step **ret, struct why *why)
{
	const struct scenario *scenario = run->scenario;

	for (size_t i = 0; i < scenario->step_count; i++) {
		const struct step *step = &scenario->steps[i];
		int r;

		if (step_is_update(step)) {
			*ret = step;
			return 0;
		}
		r = step->type->run(run, step, why);
		if (r == 0 && run->stopped)
			r = why_set(why, -EINVAL, "%s", run->unmet.text);
		if (r < 0)
			return why_prefix(why, r, "step %zu (%s)", i + 1, step->type->word);
	}
	return why_set(why, -EINVAL, "%s: there is no update in it", scenario->name);
}

static int update(
	struct sweep_story *story, struct run *run, const struct step *step, struct why *why)
{
	enum flasher_flow flow = step->has_flow ? step->flow : run->scenario->flow;
	int r = run_update_begin(run, step, why);

	if (r < 0)
		return r;
	story->begin_us = run_now_us(run);
	story->image_size = (uint32_t)run->image.size;
	recover_listen(run);
	story->ops->begin(story);
	r = run_tool(run, flow, why);
	if (r < 0)
		return r;
	story->update_us = run_now_us(run) - story->begin_us;
	if (run->result.missing)
		return why_set(why, -ENOENT, "%s is not installed", run->flasher->name);
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
	const struct step *step = NULL;
	int r = run_begin(run, why);

	if (r == 0)
		r = play_until_update(run, &step, why);
	if (r == 0)
		r = update(story, run, step, why);
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
