/* SPDX-License-Identifier: MIT */
/*
 * A whole sweep. In-process the update runs once, and at each cut a process is forked, which is a snapshot of board, host and
 * flasher at that very moment: the child makes the cut and recovers the board, and this process goes on to the next one. That
 * it comes to the end proves that there are no more. With real programs each cut is a run of its own, from the start.
 */
#ifndef DFURIG_CLI_SWEEP_FORK_H
#define DFURIG_CLI_SWEEP_FORK_H

#include "harness/cli/sweep_take.h"

#define SWEEP_CELL_MAX 400000 /* of one sweep */

struct sweep_fork {
	const struct sweep_request *request; /* borrowed */
	unsigned int jobs;                   /* processes at a time, at least 1 */
	uint32_t
		points; /* of each kind of cut so many cells at most, spread over the update; 0 = all */
	/* Now and then; may be NULL. */
	void (*progress)(void *user, size_t done, size_t planned);
	void *user;
};

/* Fills in what the sweep itself knows of *ret: planned, count, occasions, update_us, image_size, interrupted, and the cells,
 * which live until sweep_fork_done. 0, also when it was interrupted; -ECANCELED: the update fails without a cut; other: the
 * rig's failure. sweep_fork_done in all cases. */
MUST_CHECK int sweep_fork_run(const struct sweep_fork *fork, struct sweep *ret, struct why *why);
void sweep_fork_done(struct sweep *sweep);

#endif
