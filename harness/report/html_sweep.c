/* SPDX-License-Identifier: MIT */
/* The page of a sweep: what was lost, the cut map, what was needed, what failed and what took longest. */
#include "harness/report/html.h"

#include "harness/report/format.h"
#include "harness/report/html_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAILURE_MAX 40
#define WORST_MAX   8

/* clang-format off */
static const char *const style[] = {
	"<style>",
	":root { --n-nothing: #dcefe7; --n-again: #9fd0f0; --n-replug: #5aa5d8; --n-program: #f0b54a;"
	" --n-options: #b46a9e; --n-lost: #7a1f1f; --on-need: #10151a; }",
	"@media (prefers-color-scheme: dark) { :root { --n-nothing: #2b4a40; --n-again: #2f6f9b;"
	" --n-replug: #5aa5d8; --n-program: #d69300; --n-options: #c27ba2; --n-lost: #ff6b5e; } }",
	".cutmap { margin: .6rem 0; }",
	".cm-row { display: flex; align-items: stretch; margin: 0 0 2px; }",
	".cm-name { flex: 0 0 8.5rem; font-size: .8rem; color: var(--dim); line-height: 18px; }",
	".cm-cells { flex: 1 1 0; display: flex; gap: 1px; min-width: 0; }",
	".cm-cells i, .cm-cells a { flex: 1 1 0; min-width: 0; height: 18px; line-height: 18px;"
	" font: 10px/18px ui-monospace, monospace; text-align: center; overflow: hidden;"
	" color: var(--on-need); text-decoration: none; }",
	".cm-axis b { flex: 1 1 0; min-width: 0; overflow: hidden; white-space: nowrap; font-size: .75rem;"
	" font-weight: 500; color: var(--dim); border-left: 1.5px solid var(--dim); padding-left: .3rem;"
	" height: 18px; line-height: 18px; }",
	".cm-axis b.thin { padding: 0; color: transparent; }",
	".cm-scale { flex: 1 1 0; display: flex; justify-content: space-between; font-size: .72rem;"
	" color: var(--dim); }",
	".cm-key { display: inline-block; width: 1.25em; text-align: center; font: 10px/1.4 ui-monospace,"
	" monospace; color: var(--on-need); border: 1px solid var(--dim); border-radius: 2px; }",
	".n-nothing { background: var(--n-nothing); }",
	".n-again { background: var(--n-again); }",
	".n-replug { background: var(--n-replug); }",
	".n-program { background: var(--n-program); }",
	".n-options { background: var(--n-options); }",
	".cm-cells .n-lost, .cm-key.n-lost { background: var(--n-lost); color: #fff; }",
	".cm-cells .none { background: none; border-bottom: 1px dotted var(--line); }",
	".cm-cells .bad, .cm-key.bad { background: #1b1f24; color: #ff9253; font-weight: 700; }",
	"@media (prefers-color-scheme: dark) { .cm-cells .n-nothing, .cm-cells .n-again, .cm-key.n-nothing,"
	" .cm-key.n-again { color: #e4e8ec; } .cm-cells .bad, .cm-key.bad { background: #000; } }",
	".shares { display: flex; height: 1.9rem; border-radius: 6px; overflow: hidden; margin: .8rem 0 .3rem;"
	" border: 1px solid var(--line); }",
	".shares span { min-width: 3px; font-size: .8rem; line-height: 1.9rem; padding-left: .5rem;"
	" overflow: hidden; white-space: nowrap; color: var(--on-need); flex-basis: 0; }",
	".shares .slim { padding: 0; color: transparent; }",
	"@media (prefers-color-scheme: dark) { .shares .n-nothing, .shares .n-again { color: #e4e8ec; } }",
	".big { font-size: 1.25rem; margin: 1rem 0 0; }",
	".big b { font-size: 1.7rem; font-variant-numeric: tabular-nums; }",
	".counted { width: auto; overflow-wrap: normal; }",
	".counted td, .counted th { padding-right: 1.4rem; }",
	".counted td { font-variant-numeric: tabular-nums; }",
	".counted td.zero { color: var(--dim); opacity: .5; }",
	".counted .num { text-align: right; }",
	"@media (max-width: 700px) { .cm-name { flex-basis: 5.2rem; font-size: .7rem; line-height: 16px; }"
	" .cm-cells { gap: 0; } .cm-cells i, .cm-cells a { color: transparent; }"
	" .cm-cells .bad { color: #ff9253; font-size: 8px; } .cm-axis b { font-size: .6rem; padding-left: 1px; }"
	" .cm-name { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }"
	" .counted { display: block; overflow-x: auto; font-size: .78rem; }"
	" .counted td, .counted th { padding-right: .7rem; } }",
	"@media print { .cutmap, .shares { break-inside: avoid; } }",
	"</style>",
};
/* clang-format on */

static void put_number(struct markup *html, uint64_t number)
{
	char text[FORMAT_U64_SIZE];

	markup_raw(html, "%s", format_u64(number, text));
}

/* ---- the head ---- */

static void put_fact(struct markup *html, const char *text)
{
	markup_raw(html, "<span>");
	markup_text(html, text);
	markup_raw(html, "</span> ");
}

static void put_header(struct markup *html, const struct html_sweep *page)
{
	const struct sweep *sweep = page->sweep;

	markup_raw(html, "<header><h1>Sweep: ");
	markup_text(html, sweep->scenario);
	markup_raw(html, "</h1>\n<p class=\"title\">");
	markup_text(html, sweep->title);
	markup_raw(html, "</p>\n<p class=\"facts\"><span>");
	html_when(html, page->wall_us);
	markup_raw(html, "</span> ");
	put_fact(html, sweep->flasher);
	put_fact(html, sweep->board);
	put_fact(html, sweep->transport);
	markup_raw(html, "<span>");
	put_number(html, sweep->image_size);
	markup_raw(html, " bytes</span> <span>");
	put_number(html, sweep->occasions);
	markup_raw(html, " opportunities in an update of ");
	html_duration(html, sweep->update_us);
	markup_raw(html, " of board time</span> <span>took ");
	html_duration(html, sweep->wall_us);
	markup_raw(html, "</span> <span>seed %" PRIu64 "</span> <span>dfurig ", sweep->seed);
	markup_text(html, page->version);
	markup_raw(html, "</span></p></header>\n");
}

static const char *how_much(const struct sweep *sweep)
{
	if (sweep->interrupted)
		return "interrupted: not all of them were made";
	return sweep->exhaustive ? "every opportunity, in every way that was asked for"
				 : "a spread of the opportunities";
}

static void put_verdict(
	struct markup *html, const struct sweep *sweep, const struct sweep_summary *summary)
{
	size_t bad = summary->verdicts[VERDICT_FAIL] + summary->verdicts[VERDICT_ERROR];

	markup_raw(html, "<p class=\"big\">");
	html_badge(html, sweep_verdict(sweep, summary));
	markup_raw(html, " <b>");
	put_number(html, sweep->count);
	markup_raw(html, "</b> cuts, <b>");
	put_number(html, summary->needs[SWEEP_LOST]);
	markup_raw(html, "</b> boards lost");
	if (bad) {
		markup_raw(html, ", <b>");
		put_number(html, bad);
		markup_raw(html, "</b> failed");
	}
	markup_raw(html, "</p>\n<p class=\"facts\">%s</p>\n", how_much(sweep));
	if (!sweep->without[0])
		return;
	markup_raw(html, "<p class=\"facts\">left out: ");
	markup_text(html, sweep->without);
	markup_raw(html, "</p>\n");
}

/* ---- what was needed ---- */

static size_t judged(const struct sweep_summary *summary)
{
	size_t all = 0;

	for (size_t i = 0; i < SWEEP_NEED_COUNT; i++)
		all += summary->needs[i];
	return all;
}

static void put_shares(struct markup *html, const struct sweep_summary *summary)
{
	size_t all = judged(summary);

	if (!all)
		return;
	markup_raw(html, "<div class=\"shares\">");
	for (size_t i = 0; i < SWEEP_NEED_COUNT; i++) {
		double share = 100.0 * (double)summary->needs[i] / (double)all;
		const char *text = names_text(&sweep_need_texts, i);

		if (summary->needs[i])
			markup_raw(html,
				"<span class=\"n-%s%s\" style=\"flex-grow:%zu\" title=\"%s: %zu of "
				"%zu\">%s %.3g %%</span>",
				html_need_class((enum sweep_need)i), share < 8 ? " slim" : "",
				summary->needs[i], text, summary->needs[i], all, text, share);
	}
	markup_raw(html, "</div>\n");
}

static void put_count_row(
	struct markup *html, const struct sweep_summary *summary, enum sweep_cut cut)
{
	markup_raw(html, "<tr><th>%s</th>", names_text(&sweep_cut_texts, cut));
	for (size_t i = 0; i < SWEEP_NEED_COUNT; i++) {
		size_t count = summary->cut_needs[cut][i];

		if (!summary->needs[i])
			continue;
		markup_raw(html, "<td class=\"num%s\">", count ? "" : " zero");
		put_number(html, count);
		markup_raw(html, "</td>");
	}
	markup_raw(html, "</tr>\n");
}

static void put_counts(struct markup *html, const struct sweep_summary *summary)
{
	markup_raw(html, "<h2>What was needed</h2>\n<table class=\"counted\"><thead><tr><th></th>");
	for (size_t i = 0; i < SWEEP_NEED_COUNT; i++)
		if (summary->needs[i])
			markup_raw(html, "<th class=\"num\">%s</th>",
				names_text(&sweep_need_texts, i));
	markup_raw(html, "</tr></thead><tbody>\n");
	for (size_t cut = 0; cut < SWEEP_CUT_COUNT; cut++)
		if (summary->cuts[cut])
			put_count_row(html, summary, (enum sweep_cut)cut);
	markup_raw(html, "</tbody></table>\n");
}

/* ---- what failed ---- */

static bool is_bad(const struct sweep_cell *cell)
{
	return cell->verdict == VERDICT_FAIL || cell->verdict == VERDICT_ERROR;
}

static void put_labelled(struct markup *html, const char *label, const char *text)
{
	if (!text[0])
		return;
	markup_raw(html, "<p><span class=\"with\">%s</span> ", label);
	markup_text(html, text);
	markup_raw(html, "</p>");
}

static void put_failure(struct markup *html, const struct sweep *sweep, size_t index, size_t like)
{
	const struct sweep_cell *cell = &sweep->cells[index];
	char again[640];

	markup_raw(html, "<li id=\"");
	html_cell_anchor(html, cell);
	markup_raw(html, "\" class=\"%s\">", html_verdict_class(cell->verdict));
	html_badge(html, cell->verdict);
	markup_raw(html, " <b>%s</b> at ", names_text(&sweep_cut_texts, cell->cut));
	markup_text(html, cell->where);
	if (like > 1)
		markup_raw(html, " <span class=\"with\">and %zu more like it</span>", like - 1);
	put_labelled(html, "expected", cell->expected);
	put_labelled(html, "got", cell->got);
	put_labelled(html, "why", cell->why);
	markup_raw(html, "<p class=\"again\">again <code>");
	markup_text(html, sweep_again(sweep, cell, again, sizeof(again)));
	markup_raw(html, "</code></p></li>\n");
}

/* How many cells each failed cell stands for: itself and all that are like it; 0: another one does. *ret is owned by the
 * caller. */
static int count_alike(const struct sweep *sweep, size_t **ret)
{
	size_t *alike = calloc(sweep->count + 1, sizeof(*alike));

	if (!alike)
		return -ENOMEM;
	for (size_t i = 0; i < sweep->count; i++)
		if (is_bad(&sweep->cells[i]))
			alike[html_cell_like(sweep, i)]++;
	*ret = alike;
	return 0;
}

static void put_failures(
	struct markup *html, const struct sweep *sweep, const struct sweep_summary *summary)
{
	size_t bad = summary->verdicts[VERDICT_FAIL] + summary->verdicts[VERDICT_ERROR];
	CLEANUP(free_ptr) size_t *alike = NULL;
	size_t shown = 0, ways = 0;

	if (!bad || count_alike(sweep, &alike) < 0)
		return;
	markup_raw(html, "<h2>What failed</h2>\n<ul class=\"failures\">\n");
	for (size_t i = 0; i < sweep->count; i++) {
		if (!alike[i] || ways++ >= FAILURE_MAX)
			continue;
		put_failure(html, sweep, i, alike[i]);
		shown += alike[i];
	}
	markup_raw(html, "</ul>\n");
	if (bad > shown)
		markup_raw(html, "<p class=\"more\">and %zu more; --json has them all</p>\n",
			bad - shown);
}

/* ---- the longest recoveries ---- */

static int longer_first(const void *a, const void *b)
{
	const struct sweep_cell *first = *(const struct sweep_cell *const *)a;
	const struct sweep_cell *second = *(const struct sweep_cell *const *)b;

	if (first->recovery_us != second->recovery_us)
		return first->recovery_us < second->recovery_us ? 1 : -1;
	return first->occasion < second->occasion ? -1 : first->occasion > second->occasion;
}

static void put_worst_row(struct markup *html, const struct sweep_cell *cell)
{
	markup_raw(html, "<tr><td class=\"num\">");
	html_duration(html, cell->recovery_us);
	markup_raw(html, "</td><th>%s</th><td>", names_text(&sweep_cut_texts, cell->cut));
	markup_text(html, cell->where);
	markup_raw(html, "</td><td>%s</td></tr>\n", names_text(&sweep_need_texts, cell->need));
}

static void put_worst(
	struct markup *html, const struct sweep *sweep, const struct sweep_summary *summary)
{
	CLEANUP(free_ptr)
	const struct sweep_cell **cells = calloc(sweep->count + 1, sizeof(*cells));

	if (!cells || summary->worst == SIZE_MAX)
		return;
	for (size_t i = 0; i < sweep->count; i++)
		cells[i] = &sweep->cells[i];
	qsort(cells, sweep->count, sizeof(*cells), longer_first);
	markup_raw(html, "<h2>The longest recoveries</h2>\n<p class=\"facts\">from the cut to an "
			 "updated board, of its own time; the median is ");
	html_duration(html, summary->median_us);
	markup_raw(html, "</p>\n<table class=\"counted\"><tbody>\n");
	for (size_t i = 0; i < sweep->count && i < WORST_MAX; i++)
		put_worst_row(html, cells[i]);
	markup_raw(html, "</tbody></table>\n");
}

/* ---- the page ---- */

static void put_stories(struct markup *html, const struct html_sweep *page)
{
	if (page->story_count)
		markup_raw(html, "<h2>Cuts in full</h2>\n");
	for (size_t i = 0; i < page->story_count && !html->error; i++)
		html->error =
			buf_append(html->out, page->stories[i].fragment, page->stories[i].size);
}

int html_sweep_append(struct buf *out, const struct html_sweep *page)
{
	struct markup html = {.out = out};
	struct sweep_summary summary;
	char title[160];
	int r = sweep_summarise(page->sweep, &summary);

	if (r < 0)
		return r;
	snprintf(title, sizeof(title), "%s: %zu of %zu boards lost", page->sweep->scenario,
		summary.needs[SWEEP_LOST], page->sweep->count);
	html_begin(&html, title);
	for (size_t i = 0; i < ARRAY_SIZE(style); i++)
		markup_raw(&html, "%s\n", style[i]);
	markup_raw(&html, "</head><body>\n");
	put_header(&html, page);
	markup_raw(&html, "<main>\n");
	put_verdict(&html, page->sweep, &summary);
	put_shares(&html, &summary);
	put_failures(&html, page->sweep, &summary);
	markup_raw(&html, "<h2>Cut map</h2>\n");
	html_cutmap(&html, page->sweep, &summary);
	put_counts(&html, &summary);
	put_worst(&html, page->sweep, &summary);
	put_stories(&html, page);
	markup_raw(&html, "<p class=\"again\">again <code>");
	markup_text(&html, page->sweep->again);
	markup_raw(&html, "</code></p>\n</main>\n");
	html_script(&html);
	markup_raw(&html, "</body></html>\n");
	return html.error;
}
