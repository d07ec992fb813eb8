/* SPDX-License-Identifier: MIT */
/*
 * The processes of a sweep: one a cell, several at a time. Each writes its cell into memory that it shares with this process, and
 * ends. One that crashes or hangs leaves a cell that is an ERROR.
 */
#ifndef DFURIG_CLI_SWEEP_CHILDREN_H
#define DFURIG_CLI_SWEEP_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/report/sweep.h"

#define SWEEP_CHILD_MAX 64

struct sweep_child {
	pid_t pid; /* 0 = free */
	size_t cell;
};

struct sweep_children {
	struct sweep_cell *cells; /* borrowed; shared memory */
	unsigned int jobs;        /* at a time, 1 .. SWEEP_CHILD_MAX */
	unsigned int limit_s;     /* of one, on the wall */
	/* Now and then; may be NULL. */
	void (*progress)(void *user, size_t done);
	void *user;

	struct sweep_child children[SWEEP_CHILD_MAX];
	unsigned int busy;
	size_t done;
	uint64_t told_us;
	bool stopped; /* by Ctrl-C: what ran then is VERDICT_SKIP, and there will be no more */

	/* In a child. */
	size_t mine;
	uint64_t start_us;
};

/* Memory that children share. NULL: none. It costs only what is written to. */
void *sweep_share(size_t size);
void sweep_unshare(void *memory, size_t size);

/* From now on Ctrl-C stops the children, and this process goes on. */
void sweep_children_begin(struct sweep_children *self);
void sweep_children_end(struct sweep_children *self);

/* Waits until there is a place, and forks. 1 in the child, which is to make cells[cell] and hand it in; 0 in this process, where
 * it may have been stopped; negative errno. */
MUST_CHECK int sweep_children_fork(struct sweep_children *self, size_t cell);

/* In a child: its cell, or why there is none. Does not return. */
__attribute__((noreturn)) void sweep_children_hand_in(
	struct sweep_children *self, const struct sweep_cell *cell, int r, const struct why *why);

/* Until all have ended. */
void sweep_children_wait(struct sweep_children *self);

#endif
