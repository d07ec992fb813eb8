/* SPDX-License-Identifier: MIT */
/*
 * Runs jobs in processes beside this one, several at a time: one that crashes or hangs is an ERROR of its own, no more. Jobs
 * may share a process, one after the other, where what a process costs would be seen.
 */
#ifndef DFURIG_CLI_RUN_POOL_H
#define DFURIG_CLI_RUN_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/why.h"
#include "harness/report/verdict.h"

/* What comes out of a job, beside its summary. */
struct run_output {
	struct buf text; /* for the terminal */
	struct buf html; /* fragment of the report */
};

void run_output_init(struct run_output *output);
void run_output_done(struct run_output *output);

struct run_pool {
	unsigned int workers;     /* processes at a time, at least 1 */
	uint64_t limit_us;        /* of one job; longer is an ERROR */
	struct run_summary *jobs; /* borrowed; in: what to run, out: what came of it */
	size_t count;
	void *user;

	/* In the worker process: fills in the rest of the summary and the output. */
	void (*work)(struct run_pool *pool, size_t index, struct run_summary *job,
		struct run_output *output);

	/* In how many jobs from this one on a process may be used, at least 1; NULL = 1. */
	size_t (*batch)(const struct run_pool *pool, size_t index);

	/* In this process, when a job has ended; output is the callee's to move out of. Once more for the last job of a process
	 * that then ended badly (a leak was found). */
	void (*ended)(struct run_pool *pool, size_t index, struct run_output *output);
	bool stop;                           /* set by ended: no more of it, as if interrupted */
	void (*idle)(struct run_pool *pool); /* about every quarter of a second; may be NULL */
};

/* Returns 0 when all have ended; -EINTR: somebody pressed Ctrl-C or asked us to end, or ended did; what ran was killed and has no verdict
 * (ended is not called); other negative errno: cannot go on. */
MUST_CHECK int run_pool(struct run_pool *pool, struct why *why);

#endif
