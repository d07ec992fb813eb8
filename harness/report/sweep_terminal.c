/* SPDX-License-Identifier: MIT */
#include "harness/report/sweep_terminal.h"

#include "harness/report/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAP_MAX   100 /* columns of a map */
#define MAP_LABEL 20  /* before each of its rows */
#define FAIL_MAX  5   /* cells that are told when it is not verbose */
#define BAR       24
#define USUAL     80

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

struct view {
	const struct sweep_terminal *terminal;
	FILE *out;
	const struct sweep *sweep;
	struct sweep_summary summary;
};

static const char *colour(const struct view *view, const char *code)
{
	return view->terminal->colour ? code : "";
}

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

/* ---- head ---- */

static void print_head(const struct view *view)
{
	enum verdict verdict = sweep_verdict(view->sweep, &view->summary);
	const char *code = verdict == VERDICT_PASS ? GREEN : RED;

	fprintf(view->out, "%s  %s  %s  %s%s%s%s\n", view->sweep->scenario, view->sweep->board,
		view->sweep->flasher, colour(view, BOLD), colour(view, code),
		names_text(&verdict_names, verdict), colour(view, PLAIN));
}

static void print_counts(const struct view *view)
{
	const struct sweep *sweep = view->sweep;
	const struct sweep_summary *summary = &view->summary;
	char count[FORMAT_U64_SIZE], planned[FORMAT_U64_SIZE], lost[FORMAT_U64_SIZE];
	const char *code = summary->needs[SWEEP_LOST] ? RED : "";

	fprintf(view->out, " %s cuts of %s%s in %.3g s   %s%s boards lost%s",
		format_u64(sweep->count, count), format_u64(sweep->planned, planned),
		sweep->exhaustive ? "" : " (a choice)", seconds(sweep->wall_us), colour(view, code),
		format_u64(summary->needs[SWEEP_LOST], lost), colour(view, PLAIN));
	if (summary->verdicts[VERDICT_FAIL])
		fprintf(view->out, "   %s%s broke a promise%s", colour(view, RED),
			format_u64(summary->verdicts[VERDICT_FAIL], count), colour(view, PLAIN));
	if (summary->verdicts[VERDICT_ERROR])
		fprintf(view->out, "   %s%s failed in the rig%s", colour(view, RED),
			format_u64(summary->verdicts[VERDICT_ERROR], count), colour(view, PLAIN));
	if (sweep->interrupted)
		fprintf(view->out, "   interrupted");
	fputc('\n', view->out);
}

static size_t known(const struct sweep_summary *summary)
{
	return summary->verdicts[VERDICT_PASS] + summary->verdicts[VERDICT_FAIL];
}

/* Two digits that mean something: "41 %", "0.12 %". */
static void print_share(const struct view *view, const char *text, size_t part)
{
	double percent = 100.0 * (double)part / (double)known(&view->summary);

	fprintf(view->out, "   %s %.*f %%", text, percent < 1 ? 2 : percent < 10 ? 1 : 0, percent);
}

static void print_needs(const struct view *view)
{
	const struct sweep_summary *summary = &view->summary;

	if (!known(summary))
		return;
	fprintf(view->out, " needed to recover:");
	for (size_t need = 0; need < SWEEP_NEED_COUNT; need++)
		if (summary->needs[need])
			print_share(
				view, names_text(&sweep_need_texts, need), summary->needs[need]);
	if (summary->needs[SWEEP_OPTION_BYTES])
		fprintf(view->out, " (RDP, tune lost, announced)");
	fputc('\n', view->out);
}

static void print_worst(const struct view *view)
{
	const struct sweep_cell *cell;

	if (view->summary.worst == SIZE_MAX)
		return;
	cell = &view->sweep->cells[view->summary.worst];
	fprintf(view->out, " worst recovery %.1f s of board time (%s: %s), median %.1f s\n",
		seconds(cell->recovery_us), names_text(&sweep_cut_texts, cell->cut), cell->where,
		seconds(view->summary.median_us));
}

static void print_without(const struct view *view)
{
	if (view->sweep->without[0])
		fprintf(view->out, " left out: %s\n", view->sweep->without);
}

/* ---- the cut map ---- */

static unsigned int map_columns(const struct view *view)
{
	unsigned int width = view->terminal->width ? view->terminal->width : USUAL;
	unsigned int columns = width > MAP_LABEL + 12 ? width - MAP_LABEL - 2 : 10;

	if (columns > MAP_MAX)
		columns = MAP_MAX;
	return columns < view->sweep->occasions ? columns : view->sweep->occasions;
}

static void print_square(const struct view *view, const struct sweep_square *square)
{
	const char *code = "";

	if (!square->count) {
		fputc(' ', view->out);
		return;
	}
	if (square->fails || square->need == SWEEP_LOST)
		code = RED;
	else if (square->need >= SWEEP_PROGRAM_HELD)
		code = YELLOW;
	fprintf(view->out, "%s%c%s", colour(view, code),
		square->fails ? '!' : sweep_need_letter(square->need),
		code[0] ? colour(view, PLAIN) : "");
}

/* "| opening   | erasing  | writing": the name where a phase begins and there is room for it. */
static void print_phases(const struct view *view, unsigned int columns)
{
	enum sweep_phase phases[MAP_MAX];
	char line[MAP_MAX + 1];

	sweep_map_phases(view->sweep, columns, phases);
	memset(line, ' ', columns);
	line[columns] = '\0';
	for (unsigned int i = 0; i < columns;) {
		const char *name = names_text(&sweep_phase_names, phases[i]);
		unsigned int end = i + 1;

		while (end < columns && phases[end] == phases[i])
			end++;
		line[i] = '|';
		for (unsigned int k = 0; name[k] && i + 1 + k < end; k++)
			line[i + 1 + k] = name[k];
		i = end;
	}
	fprintf(view->out, " %*s  %s\n", MAP_LABEL - 2, "", line);
}

static void print_legend(const struct view *view)
{
	fputs("  ", view->out);
	for (size_t need = 0; need < SWEEP_NEED_COUNT; need++)
		if (view->summary.needs[need])
			fprintf(view->out, " %c %s  ", sweep_need_letter((enum sweep_need)need),
				names_text(&sweep_need_texts, need));
	if (view->summary.first_fail != SIZE_MAX)
		fputs(" ! a promise was broken", view->out);
	fputc('\n', view->out);
}

static int print_map(const struct view *view)
{
	unsigned int columns = map_columns(view);
	struct sweep_square *map;

	if (!columns || !view->sweep->count)
		return 0;
	map = calloc((size_t)columns * SWEEP_CUT_COUNT, sizeof(*map));
	if (!map)
		return -ENOMEM;
	sweep_map(view->sweep, columns, map);
	fputc('\n', view->out);
	print_phases(view, columns);
	for (size_t cut = 0; cut < SWEEP_CUT_COUNT; cut++) {
		if (!view->summary.cuts[cut])
			continue;
		fprintf(view->out, " %*s  ", MAP_LABEL - 2, names_text(&sweep_cut_texts, cut));
		for (unsigned int i = 0; i < columns; i++)
			print_square(view, &map[cut * columns + i]);
		fputc('\n', view->out);
	}
	print_legend(view);
	free(map);
	return 0;
}

/* ---- what went wrong ---- */

static void print_fail(const struct view *view, const struct sweep_cell *cell)
{
	char line[640];

	fprintf(view->out, "\n %s%s%s  %s at %.3f s: %s\n",
		colour(view, cell->verdict == VERDICT_FAIL ? RED : YELLOW),
		names_text(&verdict_names, cell->verdict), colour(view, PLAIN),
		names_text(&sweep_cut_texts, cell->cut), seconds(cell->at_us), cell->where);
	if (cell->verdict == VERDICT_FAIL)
		fprintf(view->out, "   expected  %s\n   got       %s\n", cell->expected, cell->got);
	fprintf(view->out, "   why       %s\n", cell->why);
	fprintf(view->out, "   again     %s\n", sweep_again(view->sweep, cell, line, sizeof(line)));
}

static void print_fails(const struct view *view)
{
	const struct sweep_summary *summary = &view->summary;
	size_t all = summary->verdicts[VERDICT_FAIL] + summary->verdicts[VERDICT_ERROR];
	size_t told = 0;

	for (size_t i = 0; i < view->sweep->count; i++) {
		const struct sweep_cell *cell = &view->sweep->cells[i];

		if (cell->verdict != VERDICT_FAIL && cell->verdict != VERDICT_ERROR)
			continue;
		if (told == FAIL_MAX && !view->terminal->verbose) {
			fprintf(view->out, "\n and %zu more; --verbose tells them all\n",
				all - told);
			return;
		}
		print_fail(view, cell);
		told++;
	}
}

int sweep_terminal_print(
	const struct sweep_terminal *terminal, FILE *out, const struct sweep *sweep)
{
	struct view view = {.terminal = terminal, .out = out, .sweep = sweep};
	int r = sweep_summarise(sweep, &view.summary);

	if (r < 0)
		return r;
	print_head(&view);
	print_counts(&view);
	print_needs(&view);
	print_worst(&view);
	print_without(&view);
	r = print_map(&view);
	print_fails(&view);
	return r;
}

const char *sweep_terminal_progress(size_t done, size_t planned, uint64_t wall_us,
	unsigned int width, char out[static SWEEP_PROGRESS_SIZE])
{
	char count[FORMAT_U64_SIZE], all[FORMAT_U64_SIZE], bar[BAR + 1];
	size_t full = planned ? done * BAR / planned : 0;
	int length;

	memset(bar, '-', BAR);
	memset(bar, '#', full < BAR ? full : BAR);
	bar[BAR] = '\0';
	length = snprintf(out, SWEEP_PROGRESS_SIZE, " %s cuts of %s  [%s]  %.0f s",
		format_u64(done, count), format_u64(planned, all), bar, seconds(wall_us));
	if (width && length >= (int)width)
		snprintf(out, SWEEP_PROGRESS_SIZE, " %s of %s", count, all);
	return out;
}
