/* SPDX-License-Identifier: MIT */
/* What `dfurig sweep` leaves in files. */
#ifndef DFURIG_CLI_SWEEP_REPORT_H
#define DFURIG_CLI_SWEEP_REPORT_H

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/report/html.h"
#include "harness/report/sweep.h"

struct sweep_report {
	const char *folder; /* borrowed; NULL = none */
	const char *json;   /* borrowed; file, NULL = none */
};

/* Makes the folder, and sees that the files can be written. 0 or negative errno. */
MUST_CHECK int sweep_report_begin(const struct sweep_report *report, struct why *why);

/* Writes index.html and cells.jsonl to the folder, and the JSON file. stories: of single cells, for the page; may be none. */
MUST_CHECK int sweep_report_write(const struct sweep_report *report, const struct sweep *sweep,
	const struct html_run *stories, size_t story_count, struct why *why);

#endif
