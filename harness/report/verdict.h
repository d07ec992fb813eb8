/* SPDX-License-Identifier: MIT */
/* What a run came to: the four verdicts, and the line of a run that every report begins with. */
#ifndef DFURIG_REPORT_VERDICT_H
#define DFURIG_REPORT_VERDICT_H

#include <stdint.h>

#include "harness/base/names.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,  /* the thing under test is wrong */
	VERDICT_ERROR, /* the rig is wrong */
	VERDICT_SKIP,  /* did not run, for a reason */
	VERDICT_COUNT,
};

extern const struct names verdict_names; /* "PASS", "FAIL", "ERROR", "SKIP" */

#define RUN_TEXT 64

/* One run. Plain data: may be copied, and sent from process to process. */
struct run_summary {
	char scenario[RUN_TEXT];
	char title[160];
	char board[RUN_TEXT];
	char flasher[RUN_TEXT];
	char transport[16]; /* "direct", "mock" */
	enum verdict verdict;
	char reason[512]; /* one sentence */
	char unmet
		[1024]; /* a line "what: expected ..., got ..." for each expectation that was not met, cut */
	char again[1024];  /* the command line that repeats it */
	uint64_t wall_us;  /* that it took */
	uint64_t board_us; /* of the boards' time: virtual when direct */
	uint64_t seed;
	char capture[256]; /* path of the pcapng relative to the report, or "" */
};

#endif
