/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_report.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/report/junit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_MAX (1u << 30)

/* With the folders above it, as mkdir -p. */
static int make_folder(const char *path, struct why *why)
{
	char part[PATH_MAX];
	struct stat st;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return why_set(why, -ENAMETOOLONG, "%.100s...: too long a path", path);
	for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(part, 0777) < 0 && errno != EEXIST)
			return why_errno(why, -errno, "%s", part);
		*slash = '/';
	}
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return why_errno(why, -errno, "%s", path);
	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return why_errno(why, -ENOTDIR, "%s", path);
	return access(path, W_OK) < 0 ? why_errno(why, -errno, "%s", path) : 0;
}

int run_report_begin(const struct run_report *report, struct why *why)
{
	int r = report->folder ? make_folder(report->folder, why) : 0;

	return r < 0 || !report->json ? r : file_write(report->json, (const uint8_t *)"", 0, why);
}

/* Writes what `append` makes of the runs. */
static int write_buf(const char *folder, const char *name, const struct buf *buf, struct why *why)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3900s%s%s", folder ? folder : "", folder ? "/" : "", name);
	return file_write(path, buf->data, buf->size, why);
}

static int write_html(
	const char *folder, const struct html_run *runs, size_t count, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, REPORT_MAX);
	if (html_page_append(&buf, runs, count, clock_wall_us(), DFURIG_VERSION) < 0)
		return why_errno(why, -ENOMEM, "report");
	return write_buf(folder, "index.html", &buf, why);
}

static int write_junit(
	const char *folder, const struct run_summary *runs, size_t count, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, REPORT_MAX);
	if (junit_append(&buf, runs, count, clock_wall_us()) < 0)
		return why_errno(why, -ENOMEM, "report");
	return write_buf(folder, "junit.xml", &buf, why);
}

static int write_json(const char *folder, const char *name, const struct run_summary *runs,
	size_t count, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, REPORT_MAX);
	for (size_t i = 0; i < count; i++)
		if (run_json_append(&buf, &runs[i]) < 0)
			return why_errno(why, -ENOMEM, "report");
	return write_buf(folder, name, &buf, why);
}

int run_report_write(
	const struct run_report *report, const struct html_run *runs, size_t count, struct why *why)
{
	CLEANUP(free_ptr) struct run_summary *summaries = calloc(count + 1, sizeof(*summaries));
	int r = 0;

	if (!summaries)
		return why_errno(why, -ENOMEM, "report");
	for (size_t i = 0; i < count; i++)
		summaries[i] = runs[i].summary;
	if (report->folder) {
		r = write_html(report->folder, runs, count, why);
		if (r == 0)
			r = write_junit(report->folder, summaries, count, why);
		if (r == 0)
			r = write_json(report->folder, "runs.jsonl", summaries, count, why);
	}
	if (r == 0 && report->json)
		r = write_json(NULL, report->json, summaries, count, why);
	return r;
}
