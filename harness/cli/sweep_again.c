/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_again.h"

#include "harness/cli/cli.h"
#include "harness/report/run_terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sweep_cell_parse(const char *text, struct sweep_cell *ret)
{
	const char *at = strchr(text, '@');
	unsigned int occasion = 0, percent = 0;
	char name[24];
	int cut, end = 0, inside;

	if (!at || (size_t)(at - text) >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(at - text), text);
	cut = names_value(&sweep_cut_names, name);
	inside = sscanf(at, "@%9u%n+%2u%%%n", &occasion, &end, &percent, &end);
	if (cut < 0 || inside < 1 || !occasion || at[end])
		return false;
	*ret = (struct sweep_cell){
		.cut = (enum sweep_cut)cut,
		.occasion = occasion,
		.inside = inside == 2,
		.percent = (uint8_t)percent,
	};
	return true;
}

bool sweep_cell_is(const struct sweep_cell *cell, const struct sweep_cell *wanted)
{
	return cell->occasion == wanted->occasion && cell->cut == wanted->cut &&
	       cell->inside == wanted->inside && cell->percent == wanted->percent;
}

static bool choose(struct sweep_take *take, const struct sweep_cell *cell)
{
	return sweep_cell_is(cell, take->user);
}

/* As the line of a run, with the story under it. */
static int print(
	const struct sweep *sweep, const struct sweep_take *take, const struct sweep_cell *cell)
{
	const struct run_terminal terminal = {.verbose = true};
	struct run_summary *summary = calloc(1, sizeof(*summary));
	int r;

	if (!summary)
		return -ENOMEM;
	memcpy(summary->scenario, sweep->scenario, sizeof(summary->scenario));
	memcpy(summary->title, sweep->title, sizeof(summary->title));
	memcpy(summary->board, sweep->board, sizeof(summary->board));
	memcpy(summary->flasher, sweep->flasher, sizeof(summary->flasher));
	memcpy(summary->transport, sweep->transport, sizeof(summary->transport));
	summary->verdict = cell->verdict;
	summary->board_us = cell->at_us + cell->recovery_us;
	snprintf(summary->reason, sizeof(summary->reason), "%s: %s; needed to recover: %s",
		names_text(&sweep_cut_texts, cell->cut), cell->where,
		names_text(&sweep_need_texts, cell->need));
	if (cell->verdict == VERDICT_FAIL)
		snprintf(summary->unmet, sizeof(summary->unmet), "%s: got %s (%s)\n",
			cell->expected, cell->got, cell->why);
	if (cell->verdict == VERDICT_ERROR)
		snprintf(summary->reason, sizeof(summary->reason), "%s", cell->why);
	sweep_again(sweep, cell, summary->again, sizeof(summary->again));
	r = run_terminal_print(&terminal, stdout, summary, &take->world->story);
	if (cell->verdict == VERDICT_FAIL)
		printf("  expected  %s\n  got       %s\n  why       %s\n", cell->expected,
			cell->got, cell->why);
	printf("  needed    %s, %.1f s of board time, %u run%s of the flasher; tune %s\n",
		names_text(&sweep_need_texts, cell->need), (double)cell->recovery_us / 1e6,
		cell->tries, cell->tries == 1 ? "" : "s",
		names_text(&sweep_tune_names, cell->tune));
	free(summary);
	return r;
}

int sweep_again_run(
	const struct sweep_request *request, const struct sweep *sweep, const char *name)
{
	struct sweep_request loud = *request;
	struct sweep_cell wanted;
	struct sweep_take take = {.request = &loud, .choose = choose, .user = &wanted};
	struct why why = {""};
	int r, code;

	if (!sweep_cell_parse(name, &wanted))
		return cli_errorf(CLI_USAGE,
			"--again-cell: \"%s\" is not KIND@N or KIND@N+P%%, as vdd@12+50%%", name);
	loud.run.quiet = false;
	loud.cuts = 1u << wanted.cut;
	loud.from = loud.to = 0;
	r = sweep_take_run(&take, &why);
	if (r == 0 && !take.story.cut)
		code = cli_errorf(CLI_RIG, "%s: the update did not come to it", name);
	else if (r < 0)
		code = cli_error(r == -ECANCELED ? CLI_FAIL : CLI_RIG, &why);
	else if (print(sweep, &take, &take.cell) < 0)
		code = cli_errorf(CLI_RIG, "out of memory");
	else
		code = take.cell.verdict == VERDICT_FAIL ? CLI_FAIL : CLI_OK;
	sweep_take_done(&take);
	return code;
}
