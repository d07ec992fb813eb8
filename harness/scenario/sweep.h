/* SPDX-License-Identifier: MIT */
/*
 * One update of a scenario that something befalls, and what came of it: the story up to the update, the update, and, when it was
 * cut, the recovery (recover.h). Who cuts, where and how, is not known here.
 *
 * The update is the scenario's first one. Steps before it are done; from the first `run` among them on, what they do may be cut
 * too. Steps behind the update are not done.
 */
#ifndef DFURIG_SCENARIO_SWEEP_H
#define DFURIG_SCENARIO_SWEEP_H

#include "harness/report/sweep.h"
#include "harness/scenario/scenario.h"

struct sweep_story;
struct sweep_story_ops {
	/* The update begins: what happens from now on may be cut. */
	void (*begin)(struct sweep_story *story);
	/* The flasher has ended and the board has come to rest, as far as it can. */
	void (*end)(struct sweep_story *story);
};

struct sweep_story {
	const struct scenario *scenario; /* borrowed, as all below */
	const struct flasher *flasher;
	struct world *world;
	const struct sweep_story_ops *ops;
	void *user;

	/* Set by who cuts, at the latest in ops->end. */
	bool cut;
	uint64_t cut_us; /* on the world's clock */

	/* Set by sweep_story_run. */
	uint64_t begin_us;   /* the update's begin, before ops->begin is called */
	uint64_t update_us;  /* that it took */
	uint32_t image_size; /* bytes */
	struct sweep_cell
		*cell; /* where to put what came of a cut: verdict, need, tune and the like */
};

/* 0: it was cut, and the cell says what came of it; or it was not, and the board was updated. -ECANCELED: nothing was cut, and
 * the update failed all the same (why). Other: the rig's failure. */
MUST_CHECK int sweep_story_run(struct sweep_story *story, struct why *why);

#endif
