/* SPDX-License-Identifier: MIT */
/*
 * A world without simulators: boards of four sectors that follow a few rules, and a flasher that is a function of the
 * test. What an update does is said here in a dozen lines, so that each thing that can be wrong with one is a line of a
 * test.
 */
#ifndef DFURIG_SCENARIO_FAKE_WORLD_TEST_H
#define DFURIG_SCENARIO_FAKE_WORLD_TEST_H

#include "harness/base/clock.h"
#include "harness/report/event.h"
#include "harness/scenario/scenario.h"

#define FAKE_FLASH    0x08000000u
#define FAKE_SECTOR   64u
#define FAKE_SECTORS  4u
#define FAKE_SIZE     (FAKE_SECTORS * FAKE_SECTOR)
#define FAKE_SETTINGS (3 * FAKE_SECTOR) /* offset of the tune */
#define FAKE_TUNE     8u                /* bytes */
#define FAKE_IMAGE    100u              /* bytes of an image */
#define FAKE_TIMERS   32
#define FAKE_EVENTS   400

struct fake_world;

struct fake_board {
	struct board board;
	struct fake_world *world;
	bool pins[BOARD_PIN_COUNT];
	enum board_mode mode;
	bool plugged;
	bool magic; /* the next reset ends in DFU */
	uint8_t flash[FAKE_SIZE];
	unsigned int boot; /* number of the current start: timers of an older one are void */
};

struct fake_timer {
	uint64_t at_us;
	void (*fn)(void *user);
	void *user;
	struct fake_board *board; /* to appear on USB; NULL: fn */
	unsigned int boot;
};

typedef void fake_flasher(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret);

struct fake_seen { /* one event that somebody should see */
	enum event_kind kind;
	bool level;
	char name[32], expected[160], text[320];
	uint32_t sector;
};

struct fake_world {
	struct world world;
	struct virtual_clock clock;
	struct event_stream events;
	struct event_sink sink;
	struct fake_board boards[2];
	struct fake_timer timers[FAKE_TIMERS];
	struct fake_seen seen[FAKE_EVENTS];
	size_t seen_count;
	struct flasher flasher;
	struct world_host host;
	struct world_windows windows; /* the last that was done */
	char windows_driver[48];
	int windows_answer; /* to all that is done; a test sets it */

	/* What a test sets. */
	fake_flasher *flash;
	const char *unfired;
	bool ecu_forgets;      /* reboot_dfu ends in the ECU */
	uint64_t dfu_delay_us; /* beside the usual */
	uint64_t ecu_delay_us;
	int program_exit; /* of any program but ours */
	const char *program_says;
	bool program_missing;
	char ran[256];     /* the last program's words, a blank between them */
	int broken;        /* errno of run_until */
	uint32_t limit_ms; /* what the last flasher was given; 0 = its own */
};

/* A world with count boards and a flasher that does everything right. fake_world_done at the end. */
void fake_world_init(struct fake_world *fake, size_t count);
void fake_world_done(struct fake_world *fake);

/* What flashers do, for those that do it wrongly. */
void fake_good_flasher(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret);
void fake_enter_dfu(struct fake_world *world);
void fake_write(struct fake_world *world, size_t board, const char *image_path);
void fake_reset(struct fake_board *board);
void fake_pass(struct fake_world *world, uint64_t us);
void fake_say(struct flasher_result *ret, const char *text);

/* Parses and runs; fails the test when it does not parse. reason may be NULL. */
enum verdict fake_run(struct fake_world *fake, const char *yaml, struct why *reason);

/* The last event of a kind and name, or NULL. */
const struct fake_seen *fake_find(
	const struct fake_world *fake, enum event_kind kind, const char *name);

#endif
