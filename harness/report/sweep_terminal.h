/* SPDX-License-Identifier: MIT */
/*
 * A sweep for people at a terminal: what was cut, what was needed, the cut map, and the cells that broke a promise.
 *
 *     interrupted-flash  f407-discovery  builtin  PASS
 *      6,214 cuts of 6,214 in 21 s   0 boards lost
 *      needed to recover:  nothing 12 %   run again 41 %   PROGRAM held 47 %
 *      worst recovery 61.2 s of board time (power cut: erase (0x080e0000), 90 %)
 */
#ifndef DFURIG_REPORT_SWEEP_TERMINAL_H
#define DFURIG_REPORT_SWEEP_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/base/attr.h"
#include "harness/report/sweep.h"

struct sweep_terminal {
	bool colour;        /* the caller knows whether out is a terminal and NO_COLOR is not set */
	bool verbose;       /* every cell that failed, not only the first few */
	unsigned int width; /* of the terminal, columns; 0 = 80 */
};

/* 0 or -ENOMEM; errors of out stay with out. */
MUST_CHECK int sweep_terminal_print(
	const struct sweep_terminal *terminal, FILE *out, const struct sweep *sweep);

#define SWEEP_PROGRESS_SIZE 160

/* " 1,234 cuts of 6,214  [#####-----]  12 s" without a line feed, cut to what fits. Returns out. */
const char *sweep_terminal_progress(size_t done, size_t planned, uint64_t wall_us,
	unsigned int width, char out[static SWEEP_PROGRESS_SIZE]);

#endif
