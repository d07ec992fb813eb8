/* SPDX-License-Identifier: MIT */
/*
 * What must come of an update, and whether it did: one table, a row each.
 */
#ifndef DFURIG_SCENARIO_EXPECT_H
#define DFURIG_SCENARIO_EXPECT_H

#include "harness/ports/flasher.h"
#include "harness/scenario/watch.h"
#include "harness/scenario/words.h"

#define EXPECT_USB_MAX   12
#define EXPECT_SAYS      96
#define EXPECT_IMAGE     49
#define EXPECT_SIGNATURE 96
#define EXPECT_SENTENCE  320

enum outcome {
	OUTCOME_UPDATED,     /* the image is in flash and its ECU runs */
	OUTCOME_WRITTEN,     /* in flash; no ECU of it runs */
	OUTCOME_NOT_UPDATED, /* the flash is as before, settings aside */
	OUTCOME_DAMAGED,     /* neither */
	OUTCOME_COUNT,
};

enum tune_fate {
	TUNE_KEPT,     /* the same all the time */
	TUNE_RESTORED, /* it was gone, and is back */
	TUNE_LOST,     /* another one */
	TUNE_DEFAULT,  /* the factory's: lost as well */
	TUNE_FATE_COUNT,
};

enum sector_kind {
	SECTOR_IMAGE,    /* the image lies in it, in part or in whole */
	SECTOR_SETTINGS, /* of the firmware before or of the image */
	SECTOR_OTHER,
	SECTOR_KIND_COUNT,
};

enum sector_fate {
	SECTOR_UNTOUCHED,
	SECTOR_ERASED,  /* and nothing written to it */
	SECTOR_WRITTEN, /* by the image, or as it was before */
	SECTOR_CHANGED,
	SECTOR_FATE_COUNT,
};

struct sector_state {
	enum sector_kind kind;
	enum sector_fate fate;
};

extern const struct names outcome_names;
extern const struct names sector_kind_names;
extern const struct names sector_fate_names;
extern const struct names tune_fate_names;
extern const struct names flasher_reason_words; /* "none", "no-ecu", ...: enum flasher_reason */
extern const struct names flasher_flow_words;   /* "auto", "manual" */

enum expect_key {
	EXPECT_OUTCOME,
	EXPECT_REASON,
	EXPECT_TOOL,
	EXPECT_TUNE,
	EXPECT_USB,
	EXPECT_WITHIN,
	EXPECT_FIRMWARE,
	EXPECT_ENDS_AS,
	EXPECT_EXIT,
	EXPECT_TIMED_OUT,
	EXPECT_OUTPUT,
	EXPECT_FLASH,
	EXPECT_KEY_COUNT,
};

/* What the tool should say of itself. */
enum expect_word {
	EXPECT_FAILURE,
	EXPECT_SUCCESS,
	EXPECT_ANY, /* it cannot know */
	EXPECT_WORD_COUNT,
};

struct expect_usb {
	enum face face;
	uint64_t within_us; /* after the one before it left; 0 = whenever */
};

struct expect {
	unsigned int given; /* 1 << enum expect_key, or'ed */
	enum outcome outcome;
	enum flasher_reason reason;
	enum expect_word tool;
	enum tune_fate tune;
	struct expect_usb usb[EXPECT_USB_MAX];
	size_t usb_count;
	uint64_t within_us;
	char firmware[EXPECT_IMAGE]; /* whose signature; "" = none */
	enum board_mode ends_as;
	int exit_code;
	bool timed_out;
	char says[EXPECT_SAYS];
	bool flash_given[SECTOR_KIND_COUNT];
	enum sector_fate flash[SECTOR_KIND_COUNT]; /* of all sectors of a kind */
};

/* The truth after an update, or at the end. */
struct findings {
	struct world *world;         /* borrowed */
	const struct watch *watch;   /* borrowed */
	struct flasher_result *tool; /* borrowed; NULL = it did not run */
	uint64_t took_us;
	enum outcome outcome;
	char outcome_text[160]; /* "the flash still holds what it held before" */
	enum tune_fate tune;
	char tune_text[96]; /* "" or why */
	char signature[EXPECT_SIGNATURE];
	enum board_mode mode;
	struct sector_state sectors[WATCH_SECTOR_MAX];
	size_t sector_count;
};

/* Reads a mapping of expectations over what *expect has already. As words_text. */
MUST_CHECK int expect_parse(const struct words *words, struct expect *expect);

/* *over's expectations in place of *expect's. */
void expect_merge(struct expect *expect, const struct expect *over);

/* Emits an EVENT_EXPECTATION for each. unmet gets the sentence of the first that does not fit, when it is empty.
 * Returns 0 or the rig's failure. */
MUST_CHECK int expect_check(const struct expect *expect, const struct findings *findings,
	struct why *unmet, struct why *why);

/* What is said of one. */
struct expect_told {
	const char *name, *expected, *got;
};

/* One of them that is not in the table: emitted, and its sentence put into unmet as above when it does not fit. */
void expect_tell(struct world *world, bool fits, const struct expect_told *told, struct why *unmet);

#endif
