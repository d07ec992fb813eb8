/* SPDX-License-Identifier: MIT */
/*
 * The HTML report: one self-contained page, from the events of each run.
 *
 * A run is rendered to a fragment where it happens; the page is put together from fragments and summaries.
 */
#ifndef DFURIG_REPORT_HTML_H
#define DFURIG_REPORT_HTML_H

#include "harness/base/buf.h"
#include "harness/report/story.h"
#include "harness/report/sweep.h"
#include "harness/report/verdict.h"

/* Appends the story of one run. 0, -ENOMEM, -EOVERFLOW. */
MUST_CHECK int html_run_append(
	struct buf *out, const struct run_summary *summary, const struct story *story);

struct html_run {
	struct run_summary summary;
	const uint8_t *fragment; /* borrowed; NULL = it left none */
	size_t size;
};

/* Appends the whole page; runs as given. wall_us: when, since 1970; version: of dfurig. */
MUST_CHECK int html_page_append(struct buf *out, const struct html_run *runs, size_t count,
	uint64_t wall_us, const char *version);

struct html_sweep {
	const struct sweep *sweep; /* borrowed */
	/* Stories of single cells that were played once more; borrowed. */
	const struct html_run *stories;
	size_t story_count;
	uint64_t wall_us;    /* when, since 1970 */
	const char *version; /* of dfurig */
};

/* Appends the whole page of a sweep: its cut map, what was needed, what failed, the worst. 0, -ENOMEM, -EOVERFLOW. */
MUST_CHECK int html_sweep_append(struct buf *out, const struct html_sweep *page);

#endif
