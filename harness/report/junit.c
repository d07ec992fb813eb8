/* SPDX-License-Identifier: MIT */
#include "harness/report/junit.h"

#include "harness/report/markup.h"
#include "harness/report/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct totals {
	size_t runs;
	size_t of[VERDICT_COUNT];
	uint64_t wall_us;
};

static bool same_suite(const struct run_summary *a, const struct run_summary *b)
{
	return strcmp(a->transport, b->transport) == 0 && strcmp(a->flasher, b->flasher) == 0;
}

/* suite NULL: of all runs. */
static struct totals count_runs(
	const struct run_summary *runs, size_t count, const struct run_summary *suite)
{
	struct totals totals = {0};

	for (size_t i = 0; i < count; i++) {
		if (suite && !same_suite(&runs[i], suite))
			continue;
		totals.runs++;
		totals.of[runs[i].verdict]++;
		totals.wall_us += runs[i].wall_us;
	}
	return totals;
}

static void put_totals(struct markup *xml, const struct totals *totals)
{
	markup_raw(xml,
		" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%" PRIu64
		".%06" PRIu64 "\"",
		totals->runs, totals->of[VERDICT_FAIL], totals->of[VERDICT_ERROR],
		totals->of[VERDICT_SKIP], totals->wall_us / 1000000, totals->wall_us % 1000000);
}

static void put_attribute(struct markup *xml, const char *name, const char *text)
{
	markup_raw(xml, " %s=\"", name);
	markup_text(xml, text);
	markup_raw(xml, "\"");
}

static const char *element_of(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_FAIL:
		return "failure";
	case VERDICT_ERROR:
		return "error";
	case VERDICT_SKIP:
		return "skipped";
	case VERDICT_PASS:
	case VERDICT_COUNT:
		break;
	}
	return NULL;
}

static void put_verdict(struct markup *xml, const struct run_summary *run)
{
	const char *element = element_of(run->verdict);

	if (!element)
		return;
	markup_raw(xml, "      <%s", element);
	put_attribute(xml, "message", run->reason);
	if (run->verdict == VERDICT_SKIP) {
		markup_raw(xml, "/>\n");
		return;
	}
	put_attribute(xml, "type", names_text(&verdict_names, run->verdict));
	markup_raw(xml, ">");
	markup_text(xml, run->reason);
	markup_raw(xml, "\n");
	markup_text(xml, run->unmet);
	markup_raw(xml, "again: ");
	markup_text(xml, run->again);
	markup_raw(xml, "</%s>\n", element);
}

static void put_case(struct markup *xml, const struct run_summary *run)
{
	markup_raw(xml, "    <testcase");
	put_attribute(xml, "name", run->scenario);
	markup_raw(xml, " classname=\"");
	markup_text(xml, run->board);
	markup_raw(xml, ".");
	markup_text(xml, run->flasher);
	markup_raw(xml, ".");
	markup_text(xml, run->transport);
	markup_raw(xml, "\" time=\"%" PRIu64 ".%06" PRIu64 "\">\n", run->wall_us / 1000000,
		run->wall_us % 1000000);
	put_verdict(xml, run);
	markup_raw(xml, "      <system-out>");
	markup_text(xml, run->title);
	markup_raw(xml, "\n%" PRIu64 ".%06" PRIu64 " s of the board's time, seed %" PRIu64 "\n",
		run->board_us / 1000000, run->board_us % 1000000, run->seed);
	if (run->capture[0]) {
		markup_raw(xml, "capture: ");
		markup_text(xml, run->capture);
		markup_raw(xml, "\n");
	}
	markup_raw(xml, "</system-out>\n    </testcase>\n");
}

static void put_timestamp(struct markup *xml, uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	markup_raw(xml, " timestamp=\"%s\"", text);
}

static void put_suite(struct markup *xml, const struct run_summary *runs, size_t count,
	size_t first, uint64_t wall_us)
{
	struct totals totals = count_runs(runs, count, &runs[first]);

	markup_raw(xml, "  <testsuite name=\"");
	markup_text(xml, runs[first].transport);
	markup_raw(xml, ".");
	markup_text(xml, runs[first].flasher);
	markup_raw(xml, "\"");
	put_totals(xml, &totals);
	put_timestamp(xml, wall_us);
	markup_raw(xml, ">\n");
	for (size_t i = first; i < count; i++)
		if (same_suite(&runs[i], &runs[first]))
			put_case(xml, &runs[i]);
	markup_raw(xml, "  </testsuite>\n");
}

static bool was_before(const struct run_summary *runs, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_suite(&runs[i], &runs[index]))
			return true;
	return false;
}

int junit_append(struct buf *out, const struct run_summary *runs, size_t count, uint64_t wall_us)
{
	struct totals totals = count_runs(runs, count, NULL);
	struct markup xml = {.out = out};

	markup_raw(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dfurig\"");
	put_totals(&xml, &totals);
	markup_raw(&xml, ">\n");
	for (size_t i = 0; i < count; i++)
		if (!was_before(runs, i))
			put_suite(&xml, runs, count, i, wall_us);
	markup_raw(&xml, "</testsuites>\n");
	return xml.error;
}

static void set_text(json_t *object, const char *key, const char *text)
{
	CLEANUP(free_ptr) char *clean = utf8_clean(text);

	json_object_set_new(object, key, clean ? json_string(clean) : NULL);
}

int run_json_append(struct buf *out, const struct run_summary *run)
{
	json_t *object = json_object();
	CLEANUP(free_ptr) char *line = NULL;

	set_text(object, "scenario", run->scenario);
	set_text(object, "title", run->title);
	set_text(object, "board", run->board);
	set_text(object, "flasher", run->flasher);
	set_text(object, "transport", run->transport);
	set_text(object, "verdict", names_text(&verdict_names, run->verdict));
	set_text(object, "reason", run->reason);
	json_object_set_new(object, "seconds", json_real((double)run->wall_us / 1e6));
	json_object_set_new(object, "virtual_seconds", json_real((double)run->board_us / 1e6));
	json_object_set_new(object, "seed", json_integer((json_int_t)run->seed));
	set_text(object, "again", run->again);
	if (run->capture[0])
		set_text(object, "capture", run->capture);
	line = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
	json_decref(object);
	return line ? buf_printf(out, "%s\n", line) : -ENOMEM;
}
