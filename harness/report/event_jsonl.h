/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON lines: one object a line, one write(2) a line, so that a killed rig leaves whole lines.
 *
 * Keys: seq, time_us, kind, board, text, and those of event_fields: addr, size, sector, status, name, level, vid,
 * pid, bcd_device, serial, port, devnum, wall_us. Numbers are numbers; what an event does not have is left out.
 * Bytes that are not UTF-8 become U+FFFD.
 */
#ifndef DFURIG_REPORT_EVENT_JSONL_H
#define DFURIG_REPORT_EVENT_JSONL_H

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/report/event.h"

struct event_jsonl;

/* Creates or empties the file; it grows line by line. Returns 0 or negative errno, why names the path. */
MUST_CHECK int event_jsonl_open(const char *path, struct event_jsonl **ret, struct why *why);

/* Borrowed; for event_stream_add. */
struct event_sink *event_jsonl_sink(struct event_jsonl *jsonl);

/* Removes the sink from its stream. Returns 0, or the first error of all the writes (nothing was written after it).
 * NULL is fine. */
int event_jsonl_close(struct event_jsonl *jsonl, struct why *why);

#endif
