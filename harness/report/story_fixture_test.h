/* SPDX-License-Identifier: MIT */
/* For the tests of this folder: made-up runs, and a check that markup is well-formed. */
#ifndef DFURIG_REPORT_STORY_FIXTURE_TEST_H
#define DFURIG_REPORT_STORY_FIXTURE_TEST_H

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/report/story.h"
#include "harness/report/verdict.h"

#define TELLER_BOARD "f407-discovery"

/* A stream on virtual time with a story behind it. */
struct teller {
	struct virtual_clock clock;
	struct event_stream stream;
	struct story story;
};

void teller_init(struct teller *teller);
void teller_done(struct teller *teller);

#define TELL(teller, ...) EVENT_EMIT(&(teller)->stream, .board = TELLER_BOARD, __VA_ARGS__)

/* So many microseconds later. */
void teller_wait(struct teller *teller, uint64_t us);

/* Whole runs: an update that works, and a reboot after which the ECU comes back. */
void teller_good_run(struct teller *teller);
void teller_bad_run(struct teller *teller);

/* An update in blocks of 2048 bytes to 0x08000000, with the states between. */
void teller_flash(struct teller *teller, uint32_t size);

/* PASS of auto-dfu; the rest is filled in with short texts. */
struct run_summary summary_of(const char *scenario, enum verdict verdict, const char *reason);

/* How often text is in the buffer. */
size_t count_text(const struct buf *buf, const char *text);

/* Fails the test when elements are not closed in order, an attribute has no quotes, or a bare & or < is in the text. Style
 * and script are passed over. */
void expect_well_formed(const struct buf *buf);

#endif
