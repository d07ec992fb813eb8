/* SPDX-License-Identifier: MIT */
/*
 * One run of an update through whose occasions a sweep goes: at each one that can be cut, in each way, somebody chooses
 * whether it is cut here. Once it is, the update runs on to its end, and the board is recovered.
 */
#ifndef DFURIG_CLI_SWEEP_TAKE_H
#define DFURIG_CLI_SWEEP_TAKE_H

#include "harness/cli/run_world.h"
#include "harness/cli/sweep_ways.h"
#include "harness/scenario/sweep.h"

/* What may be cut; all borrowed. */
struct sweep_request {
	struct run_request run;
	uint32_t cuts; /* bit per enum sweep_cut */
	enum sweep_at at;
	uint32_t from, to; /* occasions; 0 = from the first, to the last */
};

struct sweep_take {
	const struct sweep_request *request; /* borrowed */
	struct run_request run;              /* the world's; a copy of the request's */
	/* Is it cut here? The cell says where and how; all else in it is still unknown. */
	bool (*choose)(struct sweep_take *take, const struct sweep_cell *cell);
	void *user;

	struct run_world *world; /* owned while it runs */
	struct sweep_story story;
	struct sweep_cell cell; /* of the cut that was made */
	bool listening;
	enum sweep_phase phase;
	uint32_t occasions; /* so far */
	size_t rule;        /* index in the plan of the one that cuts */
};

/* 0: it was cut (take->story.cut), and take->cell is complete; or it was not cut, and the board was updated. As
 * sweep_story_run besides. take->world is there still: end with sweep_take_done, also after a failure. */
MUST_CHECK int sweep_take_run(struct sweep_take *take, struct why *why);
void sweep_take_done(struct sweep_take *take);

#endif
