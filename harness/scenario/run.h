/* SPDX-License-Identifier: MIT */
/* A scenario that runs: what steps act on. Private to this folder. */
#ifndef DFURIG_SCENARIO_RUN_H
#define DFURIG_SCENARIO_RUN_H

#include "harness/scenario/model.h"
#include "harness/scenario/truth.h"

struct pending { /* one that waits for its moment */
	struct run *run;
	const struct meanwhile *meanwhile;
	bool armed, fired;
};

struct run {
	const struct scenario *scenario; /* borrowed */
	const struct flasher *flasher;   /* borrowed */
	struct world *world;             /* borrowed */
	struct watch watch;
	struct truth_map map;
	struct truth begin;         /* before the first step */
	struct truth before_update; /* before the last update */
	struct truth now;
	struct world_image image;     /* of the last update */
	struct flasher_result result; /* of the last update */
	uint32_t stop_ms; /* of it: stopped after so long; 0 = as the flasher's file says */
	bool updated;     /* there was one */
	uint64_t before_update_us;                /* when it began */
	bool pins_before_update[BOARD_PIN_COUNT]; /* of the board under test */
	uint64_t took_us;
	char named[64];     /* the cause that triage named last, and how sure; "" = none */
	bool tune_was_lost; /* seen after the board came back */
	bool swept;         /* in a sweep: what becomes of the tune on the way is not asked */
	bool left_damaged; /* it was told to leave its bootloader over a flash that differs from the image; in sweeps */
	struct findings findings; /* of the last judgement */
	struct pending pending[SCENARIO_MEANWHILE_MAX];
	bool flasher_runs;
	bool stopped;       /* a step's expectation was not met: no further steps */
	struct why unmet;   /* the first expectation that did not come true; "" = none */
	int failed;         /* of the rig, in a callback; 0 = not */
	struct why failure; /* its sentence */
};

/* Zeroed but for what is borrowed; NULL: out of memory. run_free also after a run_begin that failed. */
struct run *run_new(
	const struct scenario *scenario, const struct flasher *flasher, struct world *world);
void run_free(struct run *run);

/* The boards begin as the scenario says, and have come to rest. 0 or the rig's failure. */
MUST_CHECK int run_begin(struct run *run, struct why *why);

/* For steps; 0 or the rig's failure. */
MUST_CHECK int run_set_pin(
	struct run *run, size_t board, enum board_pin pin, bool level, struct why *why);
MUST_CHECK int run_wait(struct run *run, uint64_t time_us, struct why *why);

/* Until the board shows the face, or the time is over: run->watch says which. */
MUST_CHECK int run_wait_for(
	struct run *run, size_t board, enum face face, uint64_t limit_us, struct why *why);

/* Lets time pass until done(user) or until_us; done may be NULL. */
MUST_CHECK int run_until(
	struct run *run, bool (*done)(void *user), void *user, uint64_t until_us, struct why *why);

uint64_t run_now_us(const struct run *run);

/* Until the board under test has come to rest and stays so; a board that does not within the limit is what it is. */
MUST_CHECK int run_settle(struct run *run, struct why *why);

/* user is a struct run: no board is on its way to anything. */
bool run_all_rest(void *user);

MUST_CHECK int run_update(struct run *run, const struct step *step, struct why *why);

/* The parts of it: what the board holds before, which image; and the flasher, in this flow, to its end. */
MUST_CHECK int run_update_begin(struct run *run, const struct step *step, struct why *why);
MUST_CHECK int run_tool(struct run *run, enum flasher_flow flow, struct why *why);

/* A host program to its end; {image} among argv is the scenario's image. */
MUST_CHECK int run_program(struct run *run, char *const argv[], uint64_t limit_us,
	struct world_program *ret, struct why *why);

void run_tell_step(struct run *run, size_t board, const char *word, const char *fmt, ...)
	PRINTF(4, 5);

/* A step's expectation: met or not. One that is not stops the story. */
void run_expect(
	struct run *run, const char *name, bool fits, const char *expected, const char *got);

/* What a callback could not say when it happened, and whether there was something. */
void run_keep_failure(struct run *run, int r, const struct why *why);
MUST_CHECK int run_check_failure(const struct run *run, struct why *why);

/* The story begins: the watch tells of faces and writes from now on. */
void run_listen(struct run *run);

/* At the end: the scenario's expectations for this flasher. */
MUST_CHECK int run_judge(struct run *run, struct why *why);

void run_result_done(struct flasher_result *result);

#endif
