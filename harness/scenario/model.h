/* SPDX-License-Identifier: MIT */
/* A scenario in memory: what scenario_parse makes of the file, and what scenario_run reads. Private to this folder. */
#ifndef DFURIG_SCENARIO_MODEL_H
#define DFURIG_SCENARIO_MODEL_H

#include "harness/scenario/expect.h"
#include "harness/scenario/grant.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/watch.h"

#define SCENARIO_NAME          49 /* with NUL: scenarios, boards, images, flashers */
#define SCENARIO_TITLE         160
#define SCENARIO_REASON        200
#define SCENARIO_STEP_MAX      32
#define SCENARIO_MEANWHILE_MAX 8
#define SCENARIO_FAULT_MAX     16
#define SCENARIO_OF_MAX        12
#define SCENARIO_MISSING_MAX   3
#define SCENARIO_ONLY_MAX      4
#define SCENARIO_LATE_MAX      WORLD_LATE_MAX
#define SCENARIO_WORD_MAX      15 /* words of a command line */

/* A board's pins and memory when the story begins. */
struct start {
	struct scenario_board board; /* borrows from the two names */
	char board_name[SCENARIO_NAME];
	char firmware[SCENARIO_NAME];
	bool power, boot0, usb;
};

struct step_type;

/* What the owner asks of dfurig triage. */
struct step_triage {
	const char *tried;         /* "manual"; borrowed, for ever */
	char tool[SCENARIO_NAME];  /* "" = the flasher's name */
	char cause[SCENARIO_NAME]; /* that it must name; "" = any */
	bool try;
};

/* One thing that is done. */
struct step {
	const struct step_type *type;
	size_t board; /* index in the world */
	enum board_pin pin;
	bool level;
	uint64_t time_us;  /* how long */
	uint64_t limit_us; /* at most how long */
	enum face face;
	const struct send *send;
	bool has_flow;
	enum flasher_flow flow;
	char image[SCENARIO_NAME];          /* "" = the scenario's */
	char *words[SCENARIO_WORD_MAX + 1]; /* owned; a command line, ends with NULL */
	bool has_exit;
	int exit_code;
	char says[EXPECT_SAYS]; /* "" = anything */
	enum world_windows_action windows;
	char driver[SCENARIO_NAME]; /* "" = none */
	bool unelevated;
	uint64_t stop_us; /* the flasher is stopped after so long; 0 = as its own file says */
	struct step_triage triage;
	struct expect expect;
};

/* What a meanwhile waits for, of the board under test. */
enum moment {
	MOMENT_START,    /* the flasher starts */
	MOMENT_FACE,     /* it shows itself so */
	MOMENT_WRITE,    /* the byte at an address is programmed */
	MOMENT_PROGRESS, /* the flasher says that it is so far, or further */
};

/* Something that is done while the flasher runs. */
struct meanwhile {
	enum moment moment;
	enum face face;
	uint32_t addr; /* MOMENT_PROGRESS: per cent */
	uint64_t after_us;
	struct step step;
};

/* What is different for a flasher. */
struct expect_of {
	char flasher[SCENARIO_NAME];
	struct expect expect;
};

struct skip {
	char flasher[SCENARIO_NAME];
	char reason[SCENARIO_REASON];
};

struct fault_text { /* as struct fault_rule_text */
	char at[SCENARIO_TITLE], match[SCENARIO_NAME];
	char block[SCENARIO_NAME], addr[SCENARIO_NAME];
	char nth[SCENARIO_NAME], times[SCENARIO_NAME], after[SCENARIO_NAME];
	char action[SCENARIO_NAME], value[SCENARIO_NAME];
};

struct scenario {
	char name[SCENARIO_NAME];
	char title[SCENARIO_TITLE];
	enum flasher_flow flow;
	struct start starts[WORLD_BOARD_MAX]; /* the first is updated */
	size_t start_count;
	char image[SCENARIO_NAME];
	struct world_host host; /* missing borrows from missing_names */
	char missing_names[SCENARIO_MISSING_MAX][SCENARIO_NAME];
	char driver_names[WORLD_DRIVER_MAX][SCENARIO_NAME];
	char prober[SCENARIO_NAME], kernel_driver[SCENARIO_NAME];
	char late_names[SCENARIO_LATE_MAX][SCENARIO_NAME];
	char mute_names[SCENARIO_LATE_MAX][SCENARIO_NAME];
	char failing_service[SCENARIO_NAME];
	char only_names[SCENARIO_ONLY_MAX][SCENARIO_NAME];
	const char
		*only[SCENARIO_ONLY_MAX + 1]; /* borrows from only_names; [0] NULL = any flasher */
	struct fault_text faults[SCENARIO_FAULT_MAX];
	size_t fault_count;
	struct step steps[SCENARIO_STEP_MAX];
	size_t step_count;
	struct meanwhile meanwhiles[SCENARIO_MEANWHILE_MAX];
	size_t meanwhile_count;
	struct expect expect;
	struct expect_of of[SCENARIO_OF_MAX];
	size_t of_count;
	struct skip skips[SCENARIO_OF_MAX];
	size_t skip_count;
	struct grant grants[GRANT_MAX];
	size_t grant_count;
};

/* Whether a key of expect-of or skip means this flasher: its name, or the front of it before a "-". */
bool scenario_means(const char *key, const char *flasher);

/* Why it does not apply over this transport, or not with this flasher over it, or NULL. */
const char *scenario_skips_transport(
	const struct scenario *scenario, const struct flasher *flasher, const char *transport);

/* What this flasher's run must come to. */
struct expect scenario_expect(const struct scenario *scenario, const struct flasher *flasher);

#endif
