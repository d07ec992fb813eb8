/* SPDX-License-Identifier: MIT */
/* One cell of a sweep once more, with its story. */
#ifndef DFURIG_CLI_SWEEP_AGAIN_H
#define DFURIG_CLI_SWEEP_AGAIN_H

#include "harness/cli/sweep_take.h"
#include "harness/report/html.h"

/* Reads "vdd@1234+50%". False: it is none. */
bool sweep_cell_parse(const char *text, struct sweep_cell *ret);

/* Whether a cell is the one that is meant: where and how alone. */
bool sweep_cell_is(const struct sweep_cell *cell, const struct sweep_cell *wanted);

/* Makes the cut of a cell once more: the summary and the story, whose fragment is to be freed. 0 or the rig's failure. */
MUST_CHECK int sweep_again_html(const struct sweep_request *request, const struct sweep *sweep,
	const struct sweep_cell *cell, struct html_run *ret, struct why *why);

/* Makes the cut that `name` says, prints its story and what came of it. Returns the exit code. */
MUST_CHECK int sweep_again_run(
	const struct sweep_request *request, const struct sweep *sweep, const char *name);

#endif
