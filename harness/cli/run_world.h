/* SPDX-License-Identifier: MIT */
/*
 * The world of a scenario's run: boards on a bus with what the scenario says they hold, and a host, in-process or below the
 * mock. run_world.c has what both kinds share.
 */
#ifndef DFURIG_CLI_RUN_WORLD_H
#define DFURIG_CLI_RUN_WORLD_H

#include <regex.h>

#include "harness/cli/image_file.h"
#include "harness/cli/rig.h"
#include "harness/cli/run_one.h"
#include "harness/fault/fault.h"
#include "harness/fault/fault_text.h"
#include "harness/report/story.h"
#include "harness/report/usbmon_capture.h"
#include "harness/scenario/world.h"

#define RUN_TIMER_MAX 32
#define RUN_IMAGE_MAX 8

struct run_timer {
	uint64_t at_us;
	void (*fn)(void *user); /* NULL = free */
	void *user;
};

/* An image that was loaded, and where programs find it. */
struct run_image {
	char name[DATA_NAME];
	char path[PATH_MAX];
	struct image_file file;
};

struct run_world {
	struct world world;
	const struct run_request *request; /* borrowed */
	struct rig rig;
	struct fault_plan faults; /* of the first board */
	char unfired[FAULT_TEXT_MAX];
	struct vusb_ticker ticker; /* of the timers */
	struct run_timer timers[RUN_TIMER_MAX];
	size_t timer_count;                      /* that are not free */
	struct run_image *images[RUN_IMAGE_MAX]; /* owned */
	size_t image_count;
	char work[PATH_MAX];            /* folder for what programs read; "" = the request's */
	struct world_host host;         /* as set_host said last */
	struct story story;             /* all that happened */
	struct usbmon_capture *capture; /* owned; NULL = none */
	regex_t progress;               /* of the flasher, when has_progress */
	bool has_progress;
	uint32_t percent; /* that the flasher has said last */
};

/* Makes boards and events on clock. 0 or negative errno: the rig's failure, or data that is missing; run_world_done in the
 * first case only. */
MUST_CHECK int run_world_begin(struct run_world *self, const struct run_request *request,
	const struct world_ops *ops, struct clock *clock, struct why *why);

/* Closes the capture, if there is one. 0 or the negative errno of its first write that failed. */
MUST_CHECK int run_world_end_capture(struct run_world *self, struct why *why);

void run_world_done(struct run_world *self);

/* The ops that do not depend on the kind of world: see struct world_ops. */
int run_world_at(struct world *world, uint64_t when_us, void (*fn)(void *user), void *user);
int run_world_image(
	struct world *world, const char *name, struct world_image *ret, struct why *why);
int run_world_tune(
	struct world *world, struct board *board, uint8_t **ret, size_t *ret_size, struct why *why);
int run_world_default_tune(
	struct world *world, struct board *board, uint8_t **ret, size_t *ret_size, struct why *why);
int run_world_sector(struct world *world, const struct board *board, size_t index,
	uint32_t *ret_addr, uint32_t *ret_size);
const char *run_world_unfired(struct world *world);
int run_world_signature(
	struct world *world, struct board *board, char *ret, size_t room, struct why *why);

/* By the world's run_program. */
int run_world_flasher(struct world *world, const struct flasher_job *job,
	struct flasher_result *ret, struct why *why);

/* The flasher's output since its last whole line: EVENT_PROGRESS when its progress went on. */
void run_world_progress(struct run_world *self, const char *text, size_t size);

/* EVENT_OUTPUT for each whole line of text; returns what is left of it. A carriage return begins the line anew, as on a
 * terminal. */
size_t run_world_output(struct run_world *self, const char *text, size_t size);

/* The same for what is left when the program has ended: a last line without an end. */
void run_world_output_rest(struct run_world *self, const char *text, size_t size);

/* In-process, on a virtual clock. */
MUST_CHECK int world_direct_new(
	const struct run_request *request, struct run_world **ret, struct why *why);
void world_direct_free(struct run_world *world);

/* Real programs below the mock, on the machine's clock. */
MUST_CHECK int world_mock_new(
	const struct run_request *request, struct run_world **ret, struct why *why);
void world_mock_free(struct run_world *world);

#endif
