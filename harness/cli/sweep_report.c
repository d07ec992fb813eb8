/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_report.h"

#include "harness/base/buf.h"
#include "harness/base/clock.h"
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

static int write_html(const char *path, const struct html_sweep *page, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, REPORT_MAX);
	if (html_sweep_append(&buf, page) < 0)
		return why_errno(why, -ENOMEM, "%s", path);
	return file_write(path, buf.data, buf.size, why);
}

int sweep_report_write(const struct sweep_report *report, const struct sweep *sweep,
	const struct html_run *stories, size_t story_count, struct why *why)
{
	const struct html_sweep page = {
		.sweep = sweep,
		.stories = stories,
		.story_count = story_count,
		.wall_us = clock_wall_us(),
		.version = DFURIG_VERSION,
	};
	char path[PATH_MAX];
	int r = 0;

	if (report->folder) {
		snprintf(path, sizeof(path), "%.3900s/index.html", report->folder);
		r = write_html(path, &page, why);
	}
	if (r == 0 && report->folder) {
		snprintf(path, sizeof(path), "%.3900s/cells.jsonl", report->folder);
		r = write_json(path, sweep, why);
	}
	return r == 0 && report->json ? write_json(report->json, sweep, why) : r;
}
