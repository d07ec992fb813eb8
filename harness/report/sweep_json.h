/* SPDX-License-Identifier: MIT */
/*
 * A sweep as lines of JSON: one a cell, then one with the summary.
 *
 *     {"kind": "cell", "cut": "vdd", "occasion": 812, "percent": 50, "phase": "erasing", "seconds": 3.1, "where": "...",
 *      "address": 134348800, "verdict": "PASS", "need": "program-held", "tune": "kept", "tries": 1, "said_success": false,
 *      "recovery_seconds": 21.5, "again": "..."}; of a FAIL also "expected", "got", "why"
 *     {"kind": "summary", "scenario": "...", "verdict": "PASS", "cuts": 6214, "planned": 6214, ...}
 */
#ifndef DFURIG_REPORT_SWEEP_JSON_H
#define DFURIG_REPORT_SWEEP_JSON_H

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/report/sweep.h"

/* 0, -ENOMEM, -EOVERFLOW. */
MUST_CHECK int sweep_json_append(struct buf *out, const struct sweep *sweep);

#endif
