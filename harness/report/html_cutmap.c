/* SPDX-License-Identifier: MIT */
/*
 * The cut map of a sweep: the progress of the update from left to right, a row a kind of cut, in each square the recovery that
 * was needed there, the worst of its cells. A letter says what the colour says.
 */
#include "harness/report/format.h"
#include "harness/report/html_parts.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 96

static const char *const need_classes[] = {
	[SWEEP_NOTHING] = "nothing",
	[SWEEP_RUN_AGAIN] = "again",
	[SWEEP_REPLUG] = "replug",
	[SWEEP_PROGRAM_HELD] = "program",
	[SWEEP_OPTION_BYTES] = "options",
	[SWEEP_LOST] = "lost",
};
static_assert(ARRAY_SIZE(need_classes) == SWEEP_NEED_COUNT, "a class for each need");

const char *html_need_class(enum sweep_need need)
{
	return need_classes[need];
}

void html_cell_anchor(struct markup *html, const struct sweep_cell *cell)
{
	markup_raw(html, "cell-%s-%" PRIu32 "-%u", names_text(&sweep_cut_names, cell->cut),
		cell->occasion, cell->percent);
}

static bool is_alike(const struct sweep_cell *a, const struct sweep_cell *b)
{
	return a->verdict == b->verdict && a->cut == b->cut && a->need == b->need &&
	       strcmp(a->expected, b->expected) == 0 && strcmp(a->why, b->why) == 0;
}

size_t html_cell_like(const struct sweep *sweep, size_t index)
{
	size_t first = 0;

	while (first < index && !is_alike(&sweep->cells[first], &sweep->cells[index]))
		first++;
	return first;
}

/* ---- what the update does, above ---- */

static void put_phases(struct markup *html, const enum sweep_phase *phases)
{
	markup_raw(html, "<div class=\"cm-row cm-axis\"><span class=\"cm-name\">the update</span>"
			 "<span class=\"cm-cells\">");
	for (size_t i = 0, end; i < COLUMNS; i = end) {
		for (end = i + 1; end < COLUMNS && phases[end] == phases[i];)
			end++;
		markup_raw(html, "<b style=\"flex-grow:%zu\" title=\"%s\"%s>%s</b>", end - i,
			names_text(&sweep_phase_names, phases[i]),
			end - i < 5 ? " class=\"thin\"" : "",
			names_text(&sweep_phase_names, phases[i]));
	}
	markup_raw(html, "</span></div>\n");
}

/* ---- the squares ---- */

static void put_cells_title(
	struct markup *html, const struct sweep *sweep, const struct sweep_square *square)
{
	const struct sweep_cell *cell = &sweep->cells[square->first];

	markup_text(html, names_text(&sweep_cut_texts, cell->cut));
	markup_raw(html, ", ");
	markup_text(html, cell->where);
	markup_raw(html, ": %s", names_text(&sweep_need_texts, square->need));
	if (cell->recovery_us)
		markup_raw(html, ", %.2f s", (double)cell->recovery_us / 1e6);
	if (square->count > 1)
		markup_raw(html, " (worst of %zu cuts here)", square->count);
}

static void put_square(
	struct markup *html, const struct sweep *sweep, const struct sweep_square *square)
{
	if (!square->count) {
		markup_raw(html, "<i class=\"none\"></i>");
		return;
	}
	if (square->fails) {
		markup_raw(html, "<a class=\"n-%s bad\" href=\"#", html_need_class(square->need));
		html_cell_anchor(html, &sweep->cells[html_cell_like(sweep, square->first)]);
		markup_raw(html, "\" title=\"");
		put_cells_title(html, sweep, square);
		markup_raw(html, "\">\xe2\x9c\x96</a>");
		return;
	}
	markup_raw(html, "<i class=\"n-%s\" title=\"", html_need_class(square->need));
	put_cells_title(html, sweep, square);
	markup_raw(html, "\">%c</i>", sweep_need_letter(square->need));
}

static void put_row(struct markup *html, const struct sweep *sweep, enum sweep_cut cut,
	const struct sweep_square *row)
{
	markup_raw(html,
		"<div class=\"cm-row\"><span class=\"cm-name\">%s</span>"
		"<span class=\"cm-cells\">",
		names_text(&sweep_cut_texts, cut));
	for (size_t i = 0; i < COLUMNS; i++)
		put_square(html, sweep, &row[i]);
	markup_raw(html, "</span></div>\n");
}

/* ---- below ---- */

static void put_scale(struct markup *html)
{
	markup_raw(html, "<div class=\"cm-row cm-axis\"><span class=\"cm-name\"></span>"
			 "<span class=\"cm-scale\">");
	for (unsigned int percent = 0; percent <= 100; percent += 25)
		markup_raw(html, "<span>%u %%</span>", percent);
	markup_raw(html, "</span></div>\n");
}

static void put_legend(struct markup *html, const struct sweep_summary *summary)
{
	markup_raw(html, "<p class=\"legend\">needed to recover: ");
	for (size_t i = 0; i < SWEEP_NEED_COUNT; i++)
		if (summary->needs[i])
			markup_raw(html, "<span><i class=\"cm-key n-%s\">%c</i> %s</span>",
				need_classes[i], sweep_need_letter((enum sweep_need)i),
				names_text(&sweep_need_texts, i));
	if (summary->verdicts[VERDICT_FAIL] || summary->verdicts[VERDICT_ERROR])
		markup_raw(html, "<span><i class=\"cm-key bad\">\xe2\x9c\x96</i> what must hold "
				 "did not</span>");
	markup_raw(html, "</p>\n");
}

void html_cutmap(
	struct markup *html, const struct sweep *sweep, const struct sweep_summary *summary)
{
	CLEANUP(free_ptr)
	struct sweep_square *map = calloc((size_t)SWEEP_CUT_COUNT * COLUMNS, sizeof(*map));
	enum sweep_phase phases[COLUMNS];

	if (!map) {
		html->error = html->error ? html->error : -ENOMEM;
		return;
	}
	sweep_map(sweep, COLUMNS, map);
	sweep_map_phases(sweep, COLUMNS, phases);
	markup_raw(html, "<div class=\"cutmap\">\n");
	put_phases(html, phases);
	for (size_t cut = 0; cut < SWEEP_CUT_COUNT; cut++)
		if (summary->cuts[cut])
			put_row(html, sweep, (enum sweep_cut)cut, &map[cut * COLUMNS]);
	put_scale(html);
	markup_raw(html, "</div>\n");
	put_legend(html, summary);
}
