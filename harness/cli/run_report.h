/* SPDX-License-Identifier: MIT */
/* What `dfurig run` leaves in files: the report's folder, and a line of JSON a run. */
#ifndef DFURIG_CLI_RUN_REPORT_H
#define DFURIG_CLI_RUN_REPORT_H

#include "harness/base/why.h"
#include "harness/report/html.h"
#include "harness/report/verdict.h"

struct run_report {
	const char *folder; /* borrowed; NULL = none */
	const char *json;   /* borrowed; file, NULL = none */
};

/* Makes the folder, and sees that the files can be written: before hours are spent. 0 or negative errno. */
MUST_CHECK int run_report_begin(const struct run_report *report, struct why *why);

/* Writes index.html, junit.xml and runs.jsonl to the folder, and the JSON file. runs: those that have a verdict. */
MUST_CHECK int run_report_write(const struct run_report *report, const struct html_run *runs,
	size_t count, struct why *why);

#endif
