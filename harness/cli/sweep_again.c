/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_again.h"

#include "harness/cli/cli.h"
#include "harness/report/run_terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORY_MAX (16u << 20)

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

/* With real programs the numbers are not the same each time: then the next such cut will do. */
static bool choose(struct sweep_take *take, const struct sweep_cell *cell)
{
	const struct sweep_cell *wanted = take->user;

	if (take->run.transport == RUN_DIRECT)
		return sweep_cell_is(cell, wanted);
	return cell->cut == wanted->cut && cell->inside == wanted->inside &&
	       cell->percent == wanted->percent && cell->occasion >= wanted->occasion;
}

/* Makes the cut of a cell, loudly. take is done by the caller, also after a failure. */
static int play(struct sweep_take *take, struct sweep_request *loud,
	const struct sweep_cell *wanted, struct why *why)
{
	int r;

	loud->run.quiet = false;
	loud->cuts = 1u << wanted->cut;
	loud->from = loud->to = 0;
	*take = (struct sweep_take){.request = loud, .choose = choose, .user = (void *)wanted};
	r = sweep_take_run(take, why);
	if (r == 0 && !take->story.cut)
		return why_set(
			why, -ENODATA, "the update did not come to occasion %u", wanted->occasion);
	return r;
}

/* As that of a run. */
static void summarise(
	const struct sweep *sweep, const struct sweep_cell *cell, struct run_summary *ret)
{
	*ret = (struct run_summary){.verdict = cell->verdict, .seed = sweep->seed};
	memcpy(ret->scenario, sweep->scenario, sizeof(ret->scenario));
	memcpy(ret->title, sweep->title, sizeof(ret->title));
	memcpy(ret->board, sweep->board, sizeof(ret->board));
	memcpy(ret->flasher, sweep->flasher, sizeof(ret->flasher));
	memcpy(ret->transport, sweep->transport, sizeof(ret->transport));
	ret->board_us = cell->at_us + cell->recovery_us;
	snprintf(ret->reason, sizeof(ret->reason), "%s: %s; needed to recover: %s",
		names_text(&sweep_cut_texts, cell->cut), cell->where,
		names_text(&sweep_need_texts, cell->need));
	if (cell->verdict == VERDICT_FAIL)
		snprintf(ret->unmet, sizeof(ret->unmet), "%s: got %s (%s)\n", cell->expected,
			cell->got, cell->why);
	sweep_again(sweep, cell, ret->again, sizeof(ret->again));
}

int sweep_again_html(const struct sweep_request *request, const struct sweep *sweep,
	const struct sweep_cell *cell, struct html_run *ret, struct why *why)
{
	struct sweep_request loud = *request;
	struct run_summary summary;
	struct sweep_take take;
	struct buf html;
	int r = play(&take, &loud, cell, why);

	buf_init(&html, STORY_MAX);
	if (r == 0) {
		summarise(sweep, &take.cell, &summary);
		r = html_run_append(&html, &summary, &take.world->story);
	}
	if (r == 0)
		*ret = (struct html_run){summary, html.data, html.size};
	else
		buf_done(&html);
	sweep_take_done(&take);
	return r;
}

/* As the line of a run, with the story under it. */
static int print(const struct sweep *sweep, const struct sweep_take *take)
{
	const struct run_terminal terminal = {.verbose = true};
	const struct sweep_cell *cell = &take->cell;
	struct run_summary summary;
	int r;

	summarise(sweep, cell, &summary);
	r = run_terminal_print(&terminal, stdout, &summary, &take->world->story);
	if (cell->verdict == VERDICT_FAIL)
		printf("  expected  %s\n  got       %s\n  why       %s\n", cell->expected,
			cell->got, cell->why);
	printf("  needed    %s, %.1f s of board time, %u run%s of the flasher; tune %s\n",
		names_text(&sweep_need_texts, cell->need), (double)cell->recovery_us / 1e6,
		cell->tries, cell->tries == 1 ? "" : "s",
		names_text(&sweep_tune_names, cell->tune));
	return r;
}

int sweep_again_run(
	const struct sweep_request *request, const struct sweep *sweep, const char *name)
{
	struct sweep_request loud = *request;
	struct sweep_take take = {0};
	struct sweep_cell wanted;
	struct why why = {""};
	int r, code;

	if (!sweep_cell_parse(name, &wanted))
		return cli_errorf(CLI_USAGE,
			"--again-cell: \"%s\" is not KIND@N or KIND@N+P%%, as vdd@12+50%%", name);
	r = play(&take, &loud, &wanted, &why);
	if (r < 0)
		code = cli_error(r == -ECANCELED ? CLI_FAIL : CLI_RIG, &why);
	else if (print(sweep, &take) < 0)
		code = cli_errorf(CLI_RIG, "out of memory");
	else
		code = take.cell.verdict == VERDICT_FAIL ? CLI_FAIL : CLI_OK;
	sweep_take_done(&take);
	return code;
}
