/* SPDX-License-Identifier: MIT */
#include "harness/report/sweep.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cut_names[] = {
	[SWEEP_VDD] = "vdd",
	[SWEEP_BROWN_OUT] = "brown-out",
	[SWEEP_NRST] = "nrst",
	[SWEEP_USB] = "usb",
	[SWEEP_KILL] = "kill",
	[SWEEP_STALL] = "stall",
	[SWEEP_NAK] = "nak",
	[SWEEP_ERROR] = "error",
	[SWEEP_SHORT] = "short",
	[SWEEP_CORRUPT] = "corrupt",
	[SWEEP_FLIP] = "flip",
	[SWEEP_LOSE_RAM] = "lose-ram",
	[SWEEP_NO_SHOW] = "no-show",
};
static_assert(ARRAY_SIZE(cut_names) == SWEEP_CUT_COUNT, "a name for each kind of cut");
const struct names sweep_cut_names = NAMES(cut_names);

static const char *const cut_texts[] = {
	[SWEEP_VDD] = "power cut",
	[SWEEP_BROWN_OUT] = "brown-out",
	[SWEEP_NRST] = "reset",
	[SWEEP_USB] = "cable out",
	[SWEEP_KILL] = "flasher killed",
	[SWEEP_STALL] = "STALL",
	[SWEEP_NAK] = "no answer (NAK)",
	[SWEEP_ERROR] = "dfuERROR",
	[SWEEP_SHORT] = "short answer",
	[SWEEP_CORRUPT] = "wrong byte",
	[SWEEP_FLIP] = "weak flash cell",
	[SWEEP_LOSE_RAM] = "RAM lost",
	[SWEEP_NO_SHOW] = "not on USB",
};
static_assert(ARRAY_SIZE(cut_texts) == SWEEP_CUT_COUNT, "a text for each kind of cut");
const struct names sweep_cut_texts = NAMES(cut_texts);

static const char *const need_names[] = {
	[SWEEP_NOTHING] = "nothing",
	[SWEEP_RUN_AGAIN] = "run-again",
	[SWEEP_REPLUG] = "replug",
	[SWEEP_PROGRAM_HELD] = "program-held",
	[SWEEP_OPTION_BYTES] = "option-bytes",
	[SWEEP_LOST] = "lost",
};
static_assert(ARRAY_SIZE(need_names) == SWEEP_NEED_COUNT, "a name for each need");
const struct names sweep_need_names = NAMES(need_names);

static const char *const need_texts[] = {
	[SWEEP_NOTHING] = "nothing",
	[SWEEP_RUN_AGAIN] = "run again",
	[SWEEP_REPLUG] = "replug",
	[SWEEP_PROGRAM_HELD] = "PROGRAM held",
	[SWEEP_OPTION_BYTES] = "option bytes",
	[SWEEP_LOST] = "lost",
};
static_assert(ARRAY_SIZE(need_texts) == SWEEP_NEED_COUNT, "a text for each need");
const struct names sweep_need_texts = NAMES(need_texts);

static const char *const tune_names[] = {
	[SWEEP_TUNE_KEPT] = "kept",
	[SWEEP_TUNE_SAME] = "same",
	[SWEEP_TUNE_ANNOUNCED] = "announced",
	[SWEEP_TUNE_LOST] = "lost",
};
static_assert(ARRAY_SIZE(tune_names) == SWEEP_TUNE_COUNT, "a name for each fate of the tune");
const struct names sweep_tune_names = NAMES(tune_names);

static const char *const phase_names[] = {
	[SWEEP_BEFORE] = "before",
	[SWEEP_OPENING] = "opening",
	[SWEEP_ERASING] = "erasing",
	[SWEEP_WRITING] = "writing",
	[SWEEP_READING] = "reading",
	[SWEEP_LEAVING] = "leaving",
	[SWEEP_AFTER] = "after",
};
static_assert(ARRAY_SIZE(phase_names) == SWEEP_PHASE_COUNT, "a name for each phase");
const struct names sweep_phase_names = NAMES(phase_names);

char sweep_need_letter(enum sweep_need need)
{
	static const char letters[] = {
		[SWEEP_NOTHING] = '.',
		[SWEEP_RUN_AGAIN] = 'r',
		[SWEEP_REPLUG] = 'p',
		[SWEEP_PROGRAM_HELD] = 'P',
		[SWEEP_OPTION_BYTES] = 'O',
		[SWEEP_LOST] = 'L',
	};

	static_assert(sizeof(letters) == SWEEP_NEED_COUNT, "a letter for each need");
	return letters[need];
}

/* ---- the summary ---- */

/* A recovery has been seen to its end. */
static bool has_need(const struct sweep_cell *cell)
{
	return cell->verdict == VERDICT_PASS || cell->verdict == VERDICT_FAIL;
}

static void count_cell(const struct sweep *sweep, size_t index, struct sweep_summary *summary)
{
	const struct sweep_cell *cell = &sweep->cells[index];
	size_t first = summary->first_fail;

	summary->verdicts[cell->verdict]++;
	summary->cuts[cell->cut]++;
	if ((cell->verdict == VERDICT_FAIL &&
		    (first == SIZE_MAX || sweep->cells[first].verdict != VERDICT_FAIL)) ||
		(cell->verdict == VERDICT_ERROR && first == SIZE_MAX))
		summary->first_fail = index;
	if (!has_need(cell))
		return;
	summary->needs[cell->need]++;
	summary->cut_needs[cell->cut][cell->need]++;
	summary->tunes[cell->tune]++;
	if (cell->need != SWEEP_LOST &&
		(summary->worst == SIZE_MAX ||
			cell->recovery_us > sweep->cells[summary->worst].recovery_us))
		summary->worst = index;
}

static int compare_times(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static int find_median(const struct sweep *sweep, uint64_t *ret)
{
	uint64_t *times = malloc((sweep->count + 1) * sizeof(*times));
	size_t count = 0;

	if (!times)
		return -ENOMEM;
	for (size_t i = 0; i < sweep->count; i++)
		if (has_need(&sweep->cells[i]) && sweep->cells[i].need != SWEEP_LOST)
			times[count++] = sweep->cells[i].recovery_us;
	qsort(times, count, sizeof(*times), compare_times);
	*ret = count ? times[count / 2] : 0;
	free(times);
	return 0;
}

int sweep_summarise(const struct sweep *sweep, struct sweep_summary *ret_summary)
{
	*ret_summary = (struct sweep_summary){.worst = SIZE_MAX, .first_fail = SIZE_MAX};
	for (size_t i = 0; i < sweep->count; i++)
		count_cell(sweep, i, ret_summary);
	return find_median(sweep, &ret_summary->median_us);
}

enum verdict sweep_verdict(const struct sweep *sweep, const struct sweep_summary *summary)
{
	if (summary->verdicts[VERDICT_ERROR] || sweep->interrupted ||
		sweep->count != sweep->planned || !sweep->count)
		return VERDICT_ERROR;
	return summary->verdicts[VERDICT_FAIL] ? VERDICT_FAIL : VERDICT_PASS;
}

/* ---- the map ---- */

/* Of the occasions that were looked at. */
static unsigned int column_of(
	const struct sweep *sweep, const struct sweep_cell *cell, unsigned int columns)
{
	uint32_t from = sweep->from ? sweep->from : 1;
	uint32_t to = sweep->to && sweep->to < sweep->occasions ? sweep->to : sweep->occasions;
	uint64_t all = to >= from ? to - from + UINT64_C(1) : 1;
	uint64_t before = cell->occasion > from ? cell->occasion - from : 0;

	return before < all ? (unsigned int)(before * columns / all) : columns - 1;
}

static void add_to_square(struct sweep_square *square, const struct sweep_cell *cell, size_t index)
{
	bool bad = cell->verdict == VERDICT_FAIL || cell->verdict == VERDICT_ERROR;

	if (!square->count)
		*square = (struct sweep_square){
			.need = cell->need, .phase = cell->phase, .first = index};
	square->count++;
	if (bad ? !square->fails : !square->fails && cell->need > square->need)
		square->first = index;
	square->fails += bad;
	if (cell->need > square->need)
		square->need = cell->need;
}

struct sweep_square sweep_square_at(
	const struct sweep *sweep, enum sweep_cut cut, unsigned int column, unsigned int columns)
{
	struct sweep_square square = {0};

	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->cells[i].cut == cut &&
			column_of(sweep, &sweep->cells[i], columns) == column)
			add_to_square(&square, &sweep->cells[i], i);
	return square;
}

void sweep_map(const struct sweep *sweep, unsigned int columns, struct sweep_square *ret)
{
	memset(ret, 0, sizeof(*ret) * columns * SWEEP_CUT_COUNT);
	for (size_t i = 0; i < sweep->count; i++) {
		const struct sweep_cell *cell = &sweep->cells[i];

		add_to_square(&ret[cell->cut * columns + column_of(sweep, cell, columns)], cell, i);
	}
}

void sweep_map_phases(const struct sweep *sweep, unsigned int columns, enum sweep_phase *ret_phases)
{
	enum sweep_phase phase = sweep->count ? sweep->cells[0].phase : SWEEP_BEFORE;
	size_t i = 0;

	for (unsigned int column = 0; column < columns; column++) {
		while (i < sweep->count && column_of(sweep, &sweep->cells[i], columns) < column)
			phase = sweep->cells[i++].phase;
		if (i < sweep->count && column_of(sweep, &sweep->cells[i], columns) == column)
			phase = sweep->cells[i].phase;
		ret_phases[column] = phase;
	}
}

/* ---- again ---- */

const char *sweep_cell_name(const struct sweep_cell *cell, char *out, size_t size)
{
	const char *cut = names_text(&sweep_cut_names, cell->cut);

	if (cell->inside)
		snprintf(out, size, "%s@%u+%u%%", cut, cell->occasion, cell->percent);
	else
		snprintf(out, size, "%s@%u", cut, cell->occasion);
	return out;
}

const char *sweep_again(
	const struct sweep *sweep, const struct sweep_cell *cell, char *out, size_t size)
{
	char name[48];

	snprintf(out, size, "%s --again-cell %s", sweep->again,
		sweep_cell_name(cell, name, sizeof(name)));
	return out;
}
