/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_report.h"

#include "harness/base/buf.h"
#include "harness/base/file.h"
#include "harness/cli/run_report.h"
#include "harness/report/sweep_json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define REPORT_MAX (1u << 30)

int sweep_report_begin(const struct sweep_report *report, struct why *why)
{
	const struct run_report files = {.folder = report->folder, .json = report->json};

	return run_report_begin(&files, why);
}

static int write_json(const char *path, const struct sweep *sweep, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, REPORT_MAX);
	if (sweep_json_append(&buf, sweep) < 0)
		return why_errno(why, -ENOMEM, "%s", path);
	return file_write(path, buf.data, buf.size, why);
}

int sweep_report_write(
	const struct sweep_report *report, const struct sweep *sweep, struct why *why)
{
	char path[PATH_MAX];
	int r = 0;

	if (report->folder) {
		snprintf(path, sizeof(path), "%.3900s/cells.jsonl", report->folder);
		r = write_json(path, sweep, why);
	}
	return r == 0 && report->json ? write_json(report->json, sweep, why) : r;
}
