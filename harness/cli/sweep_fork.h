/* SPDX-License-Identifier: MIT */
/*
 * A whole sweep in-process: the update runs once, and at each cut a process is forked, which is a snapshot of board, host and
 * flasher at that very moment. The child makes the cut and recovers the board; this process goes on to the next one. That it
 * comes to the end proves that there are no more.
 */
#ifndef DFURIG_CLI_SWEEP_FORK_H
#define DFURIG_CLI_SWEEP_FORK_H

#include "harness/cli/sweep_take.h"

struct sweep_fork {
	const struct sweep_request *request; /* borrowed */
	unsigned int jobs;                   /* children at a time, at least 1 */
	/* Now and then; may be NULL. */
	void (*progress)(void *user, size_t done, size_t planned);
	void *user;
};

/* Fills in what the sweep itself knows of *ret: planned, count, occasions, update_us, image_size, interrupted, and the cells, which
 * live until sweep_fork_done. 0, also when it was interrupted; -ECANCELED: the update fails without a cut; other: the rig's
 * failure. */
MUST_CHECK int sweep_fork_run(const struct sweep_fork *fork, struct sweep *ret, struct why *why);
void sweep_fork_done(struct sweep *sweep);

#endif
