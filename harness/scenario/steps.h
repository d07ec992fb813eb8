/* SPDX-License-Identifier: MIT */
/* What can be done in a scenario: one table, a row each, with how it is read and how it is done. */
#ifndef DFURIG_SCENARIO_STEPS_H
#define DFURIG_SCENARIO_STEPS_H

#include "harness/scenario/model.h"

struct run;

/* What may stand beside a step's own word. */
enum step_option {
	STEP_OF = 1 << 0,     /* of: 2, the second board */
	STEP_WITHIN = 1 << 1, /* within: 3 s */
	STEP_IMAGE = 1 << 2,
	STEP_EXPECT = 1 << 3,
	STEP_EXIT = 1 << 4,
	STEP_SAYS = 1 << 5,
	STEP_ELEVATED = 1 << 6,
	STEP_STOP = 1 << 7,   /* stop-after: 10 s */
	STEP_TRIAGE = 1 << 8, /* cause, try, tool */
};

struct step_type {
	const char *word;
	unsigned int options; /* enum step_option, or'ed */
	bool instant;         /* a pin: may be done while the flasher runs */
	/* value is what stands behind the word; its text is "" when there is nothing. NULL: nothing may. */
	int (*parse)(const struct words *value, struct step *ret);
	/* 0, also when what it expected did not come true (run_unmet); the rig's failure. */
	int (*run)(struct run *run, const struct step *step, struct why *why);
};

/* Reads one step; board_count says which boards there are. As words_text. step_done in all cases. */
MUST_CHECK int step_parse(
	const struct words *words, size_t board_count, bool instant, struct step *ret);
void step_done(struct step *step);

/* True for the step that runs the flasher. */
bool step_is_program(const struct step *step); /* run: a program of the host */
bool step_is_update(const struct step *step);

/* step_windows.c: what a person does to Windows' drivers. */
int step_windows_parse(const struct words *value, struct step *ret);
int step_windows_do(struct run *run, const struct step *step, struct why *why);

/* step_triage.c: the owner asks what is wrong. */
int step_triage_parse(const struct words *value, struct step *ret);
int step_triage_do(struct run *run, const struct step *step, struct why *why);

/* The step when a scenario names none. */
struct step step_update(void);

#endif
