/* SPDX-License-Identifier: MIT */
#include "harness/report/sweep_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static int append(struct buf *out, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	int r = text ? buf_printf(out, "%s\n", text) : -ENOMEM;

	free(text);
	json_decref(object);
	return r;
}

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static json_t *cell_object(const struct sweep *sweep, const struct sweep_cell *cell)
{
	char again[640];
	json_t *object = json_pack("{s:s, s:s, s:I, s:o, s:s, s:f, s:s, s:o, s:s, s:s, s:s, s:i, "
				   "s:b, s:f, s:I, s:s}",
		"kind", "cell", "cut", names_text(&sweep_cut_names, cell->cut), "occasion",
		(json_int_t)cell->occasion, "percent",
		cell->inside ? json_integer(cell->percent) : json_null(), "phase",
		names_text(&sweep_phase_names, cell->phase), "seconds", seconds(cell->at_us),
		"where", cell->where, "address",
		cell->has_addr ? json_integer(cell->addr) : json_null(), "verdict",
		names_text(&verdict_names, cell->verdict), "need",
		names_text(&sweep_need_names, cell->need), "tune",
		names_text(&sweep_tune_names, cell->tune), "tries", (int)cell->tries,
		"said_success", (int)cell->said_success, "recovery_seconds",
		seconds(cell->recovery_us), "wall_us", (json_int_t)cell->wall_us, "again",
		sweep_again(sweep, cell, again, sizeof(again)));

	if (!object || cell->verdict == VERDICT_PASS)
		return object;
	if (json_object_set_new(object, "expected", text_or_null(cell->expected)) < 0 ||
		json_object_set_new(object, "got", text_or_null(cell->got)) < 0 ||
		json_object_set_new(object, "why", text_or_null(cell->why)) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *needs_object(const struct sweep_summary *summary)
{
	json_t *object = json_object();

	for (size_t need = 0; object && need < SWEEP_NEED_COUNT; need++)
		(void)json_object_set_new(object, names_text(&sweep_need_names, need),
			json_integer((json_int_t)summary->needs[need]));
	return object;
}

static json_t *cuts_object(const struct sweep_summary *summary)
{
	json_t *object = json_object();

	for (size_t cut = 0; object && cut < SWEEP_CUT_COUNT; cut++)
		if (summary->cuts[cut])
			(void)json_object_set_new(object, names_text(&sweep_cut_names, cut),
				json_integer((json_int_t)summary->cuts[cut]));
	return object;
}

static json_t *summary_object(const struct sweep *sweep, const struct sweep_summary *summary)
{
	const struct sweep_cell *worst =
		summary->worst == SIZE_MAX ? NULL : &sweep->cells[summary->worst];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:b, s:I, s:I, s:I, "
			 "s:o, s:o, s:f, s:s, s:f, s:f, s:I, s:f, s:I, s:s}",
		"kind", "summary", "scenario", sweep->scenario, "board", sweep->board, "flasher",
		sweep->flasher, "transport", sweep->transport, "verdict",
		names_text(&verdict_names, sweep_verdict(sweep, summary)), "cuts",
		(json_int_t)sweep->count, "planned", (json_int_t)sweep->planned, "occasions",
		(json_int_t)sweep->occasions, "exhaustive", (int)sweep->exhaustive, "interrupted",
		(int)sweep->interrupted, "passed", (json_int_t)summary->verdicts[VERDICT_PASS],
		"failed", (json_int_t)summary->verdicts[VERDICT_FAIL], "errors",
		(json_int_t)summary->verdicts[VERDICT_ERROR], "needs", needs_object(summary),
		"kinds", cuts_object(summary), "worst_recovery_seconds",
		worst ? seconds(worst->recovery_us) : 0.0, "worst_where", worst ? worst->where : "",
		"median_recovery_seconds", seconds(summary->median_us), "update_seconds",
		seconds(sweep->update_us), "image_bytes", (json_int_t)sweep->image_size,
		"wall_seconds", seconds(sweep->wall_us), "seed", (json_int_t)sweep->seed, "again",
		sweep->again);
}

int sweep_json_append(struct buf *out, const struct sweep *sweep)
{
	struct sweep_summary summary;
	int r = sweep_summarise(sweep, &summary);

	for (size_t i = 0; r == 0 && i < sweep->count; i++)
		r = append(out, cell_object(sweep, &sweep->cells[i]));
	return r == 0 ? append(out, summary_object(sweep, &summary)) : r;
}
