/* SPDX-License-Identifier: MIT */
/* JUnit XML and JSON lines of runs, as CI systems read them. */
#ifndef DFURIG_REPORT_JUNIT_H
#define DFURIG_REPORT_JUNIT_H

#include "harness/base/buf.h"
#include "harness/report/verdict.h"

/* Appends a whole document: one testsuite a transport and flasher, one testcase a run; FAIL = failure, ERROR = error, SKIP
 * = skipped. 0, -ENOMEM, -EOVERFLOW. */
MUST_CHECK int junit_append(
	struct buf *out, const struct run_summary *runs, size_t count, uint64_t wall_us);

/* Appends one line: {"scenario": ..., "board": ..., "flasher": ..., "transport": ..., "verdict": ..., "reason": ...,
 * "seconds": ..., "virtual_seconds": ..., "again": ...}. Errors as above. */
MUST_CHECK int run_json_append(struct buf *out, const struct run_summary *run);

#endif
