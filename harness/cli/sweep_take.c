/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_take.h"

#include <errno.h>
#include <stdio.h>

static struct sweep_take *take_of(const struct run_world *world)
{
	return CONTAINER_OF((struct run_request *)world->request, struct sweep_take, run);
}

/* ---- occasions ---- */

static struct sweep_cell cell_at(const struct sweep_take *take, const struct sweep_way *way,
	const struct fault_occasion *occasion)
{
	uint64_t now_us = clock_now_us(take->world->world.clock);
	struct sweep_cell cell = {
		.occasion = take->occasions,
		.cut = way->cut,
		.percent = way->percent,
		.inside = way->inside,
		.phase = take->phase,
		.at_us = now_us + sweep_way_delay_us(way, occasion) - take->story.begin_us,
		.has_addr = occasion->size > 0,
		.addr = occasion->addr,
	};

	sweep_where(occasion, way, cell.where, sizeof(cell.where));
	return cell;
}

/* The rule fires in the very call that this is a part of. */
static void cut(struct sweep_take *take, const struct sweep_way *way, const struct sweep_cell *cell)
{
	struct fault_plan *plan = &take->world->faults;

	take->cell = *cell;
	take->rule = plan->count;
	take->listening = false;
	plan->on_occasion = NULL;
	take->story.cut = true;
	take->story.cut_us = take->story.begin_us + cell->at_us;
	if (fault_add(plan, &way->rule) < 0)
		take->rule = FAULT_RULE_MAX;
}

static bool is_in_range(const struct sweep_request *request, uint32_t occasion)
{
	return occasion >= request->from && (!request->to || occasion <= request->to);
}

static void on_occasion(struct fault_plan *plan, const struct fault_occasion *occasion)
{
	struct sweep_take *take = take_of(CONTAINER_OF(plan, struct run_world, faults));
	struct sweep_way ways[SWEEP_WAY_MAX];
	size_t count;

	if (!take->listening)
		return;
	take->occasions++;
	take->phase = sweep_phase_next(take->phase, occasion);
	if (!is_in_range(take->request, take->occasions))
		return;
	count = sweep_ways(take->request->cuts, take->request->at, occasion, ways);
	for (size_t i = 0; i < count; i++) {
		struct sweep_cell cell = cell_at(take, &ways[i], occasion);

		if (take->choose(take, &cell)) {
			cut(take, &ways[i], &cell);
			return;
		}
	}
}

/* ---- the story ---- */

static void begin(struct sweep_story *story)
{
	struct sweep_take *take = story->user;

	take->listening = true;
}

static void end(struct sweep_story *story)
{
	struct sweep_take *take = story->user;

	take->listening = false;
	take->world->faults.on_occasion = NULL;
}

static const struct sweep_story_ops story_ops = {.begin = begin, .end = end};

static int make_world(struct sweep_take *take, struct why *why)
{
	take->run = take->request->run;
	return take->run.transport == RUN_MOCK ? world_mock_new(&take->run, &take->world, why)
					       : world_direct_new(&take->run, &take->world, why);
}

/* A cut that did not happen proves nothing. */
static int check_fired(const struct sweep_take *take, struct why *why)
{
	const struct fault_plan *plan = &take->world->faults;

	if (!take->story.cut || (take->rule < plan->count && plan->rules[take->rule].fired))
		return 0;
	return why_set(why, -EINVAL, "the cut did not happen: another fault was first");
}

int sweep_take_run(struct sweep_take *take, struct why *why)
{
	int r = make_world(take, why);

	if (r < 0)
		return r;
	take->world->faults.on_occasion = on_occasion;
	take->story = (struct sweep_story){
		.scenario = take->run.scenario,
		.flasher = take->run.flasher,
		.world = &take->world->world,
		.ops = &story_ops,
		.user = take,
		.cell = &take->cell,
	};
	r = sweep_story_run(&take->story, why);
	return r == 0 ? check_fired(take, why) : r;
}

void sweep_take_done(struct sweep_take *take)
{
	struct run_world *world = take->world;

	take->world = NULL;
	if (!world)
		return;
	if (take->run.transport == RUN_MOCK)
		world_mock_free(world);
	else
		world_direct_free(world);
}
