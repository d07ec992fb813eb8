/* SPDX-License-Identifier: MIT */
/* Which runs `dfurig run` makes: scenarios times flashers, each over a transport, of these perhaps a part. */
#ifndef DFURIG_CLI_RUN_PLAN_H
#define DFURIG_CLI_RUN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "harness/cli/run_one.h"
#include "harness/fault/fault.h"
#include "harness/report/verdict.h"

#define RUN_FLASHER_MAX 16

/* As the command line says it; all borrowed. */
struct run_choice {
	char *const *scenarios; /* names or paths; none = all that there are */
	size_t scenario_count;
	const char *flashers[RUN_FLASHER_MAX]; /* names or paths; none = the usual ones */
	size_t flasher_count;
	int transport;       /* enum run_transport; -1 = each flasher's best */
	int pace;            /* enum rom_pace; -1 = chip's for direct, fast for mock */
	const char *board;   /* in place of the scenarios'; NULL = as they say */
	unsigned int shard;  /* from 1 */
	unsigned int shards; /* 0 = all */
	uint64_t seed;
	struct fault_plan faults; /* besides the scenarios' */
};

struct run_task {
	const struct scenario *scenario; /* borrowed from the plan */
	const struct flasher *flasher;
	enum run_transport transport;
	enum rom_pace pace;
};

struct run_plan {
	struct scenario **scenarios; /* owned */
	size_t scenario_count;
	struct flasher *flashers; /* owned */
	size_t flasher_count;
	struct run_task *tasks;        /* owned */
	struct run_summary *summaries; /* owned; one a task: all that is known before it runs */
	size_t count;
};

/* Loads what is chosen. 0; -ENOENT, -EBADMSG: a file is missing or wrong; -ENOMEM. run_plan_done in all cases; *ret needs no
 * initialisation. */
MUST_CHECK int run_plan_make(
	const struct run_choice *choice, struct run_plan *ret, struct why *why);
void run_plan_done(struct run_plan *plan);

#endif
