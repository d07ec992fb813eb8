/* SPDX-License-Identifier: MIT */
/*
 * A run for people at a terminal: the line with its verdict, its story in short, the flash as a strip, and for a FAIL what
 * was expected, what was got, why, and how to see it again.
 *
 *     auto-dfu  f407-discovery  dfu-util  PASS    4.1 s  updated, tune kept
 *         0.000  board            power on
 *         3.515  dfu-util -> DFU  erase sectors 0 to 4, 131,072 bytes at 0x08000000
 */
#ifndef DFURIG_REPORT_RUN_TERMINAL_H
#define DFURIG_REPORT_RUN_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/base/attr.h"
#include "harness/report/story.h"
#include "harness/report/verdict.h"

struct run_terminal {
	bool verbose; /* the story whatever the verdict, and all of it */
	bool colour;  /* the caller knows whether out is a terminal and NO_COLOR is not set */
	int scenario_width, flasher_width,
		board_width; /* of the columns; 0 = as long as the text */
};

/* Prints the line, and the rest when the run is a FAIL, an ERROR or verbose. story NULL: just what the summary knows.
 * 0 or -ENOMEM; errors of out stay with out. */
MUST_CHECK int run_terminal_print(const struct run_terminal *terminal, FILE *out,
	const struct run_summary *run, const struct story *story);

/* The line after all runs: "24 runs in 3.2 s: 22 PASS, 1 FAIL, 1 SKIP", without a line feed before it. */
void run_terminal_totals(const struct run_terminal *terminal, FILE *out,
	const struct run_summary *runs, size_t count, uint64_t wall_us);

#endif
