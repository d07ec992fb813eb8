/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_one.h"

#include "harness/base/clock.h"
#include "harness/cli/child.h"
#include "harness/cli/run_world.h"
#include "harness/report/html.h"
#include "harness/report/run_terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_verdict(struct run_summary *summary, enum verdict verdict, const char *reason)
{
	summary->verdict = verdict;
	snprintf(summary->reason, sizeof(summary->reason), "%s", reason);
}

/* The expectations that were not met, for reports that have no story. */
static void list_unmet(struct run_summary *summary, const struct story *story)
{
	size_t used = 0;

	for (size_t i = 0; i < story->count && used < sizeof(summary->unmet); i++) {
		const struct event *event = &story->events[i];

		if (event->kind == EVENT_EXPECTATION && !event->level)
			used += (size_t)snprintf(summary->unmet + used,
				sizeof(summary->unmet) - used, "%s: expected %s, got %s\n",
				event->name, event->expected, event->text);
	}
}

/* What the terminal shows, and the report's fragment. */
static void tell(const struct run_request *request, const struct run_summary *summary,
	const struct story *story, struct run_output *output)
{
	const struct run_terminal terminal = {
		.verbose = request->verbose,
		.colour = request->colour,
		.scenario_width = request->scenario_width,
		.flasher_width = request->flasher_width,
	};
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	(void)!run_terminal_print(&terminal, file, summary, story);
	fclose(file);
	(void)!buf_append(&output->text, text, size);
	free(text);
	if (request->capture[0])
		(void)!html_run_append(&output->html, summary, story);
}

bool run_flasher_is_installed(const struct flasher *flasher)
{
	return strcmp(flasher->command[0], "dfurig") == 0 || child_is_program(flasher->command[0]);
}

/* Only in-process there is a Windows, and everything there but what Linux has. */
static const char *wrong_system(const struct run_request *request)
{
	enum world_system system = scenario_system(request->scenario, request->flasher);
	enum flasher_system tool = request->flasher->system;

	if (tool == FLASHER_ON_WINDOWS && system != WORLD_WINDOWS)
		return "it is a tool for Windows";
	if (tool == FLASHER_ON_LINUX && system != WORLD_LINUX)
		return "it is a tool for Linux";
	if (request->transport == RUN_MOCK && system == WORLD_WINDOWS)
		return "below the mock there is no Windows; --transport direct has one";
	if (request->transport == RUN_MOCK && system == WORLD_MACOS)
		return "below the mock there is no macOS; --transport direct has one";
	return NULL;
}

/* Why this flasher cannot be run over this transport, or NULL. Borrowed, from missing too. */
static const char *out_of_place(const struct run_request *request, struct why *missing)
{
	const char *reason = scenario_skips(request->scenario, request->flasher);

	if (reason)
		return reason;
	if (request->transport == RUN_MOCK && request->flasher->in_process[0])
		return request->flasher->in_process;
	reason = wrong_system(request);
	if (reason)
		return reason;
	if (request->transport == RUN_MOCK && !run_flasher_is_installed(request->flasher))
		(void)!why_set(missing, 0, "%s is not installed", request->flasher->command[0]);
	return missing->text[0] ? missing->text : NULL;
}

static int make_world(const struct run_request *request, struct run_world **ret, struct why *why)
{
	return request->transport == RUN_MOCK ? world_mock_new(request, ret, why)
					      : world_direct_new(request, ret, why);
}

static void free_world(const struct run_request *request, struct run_world *world)
{
	if (request->transport == RUN_MOCK)
		world_mock_free(world);
	else
		world_direct_free(world);
}

static void run_in(
	const struct run_request *request, struct run_world *world, struct run_summary *summary)
{
	uint64_t start_us = clock_now_us(world->world.clock);
	enum verdict verdict = VERDICT_ERROR;
	struct why reason = {""};

	EVENT_EMIT(world->world.events, .kind = EVENT_SCENARIO, .name = summary->scenario,
		.text = summary->title);
	if (scenario_run(request->scenario, request->flasher, &world->world, &verdict, &reason) < 0)
		verdict = VERDICT_ERROR;
	/* What was planned and did not happen points into a run that is over. */
	memset(world->timers, 0, sizeof(world->timers));
	world->timer_count = 0;
	set_verdict(summary, verdict, reason.text);
	summary->board_us = clock_now_us(world->world.clock) - start_us;
}

void run_one(
	const struct run_request *request, struct run_summary *summary, struct run_output *output)
{
	uint64_t start_us = clock_now_us(clock_monotonic());
	struct why why = {""};
	const char *skip = out_of_place(request, &why);
	struct run_world *world;

	if (skip) {
		set_verdict(summary, VERDICT_SKIP, skip);
		return;
	}
	if (make_world(request, &world, &why) < 0) {
		set_verdict(summary, VERDICT_ERROR, why_text(&why));
		return;
	}
	run_in(request, world, summary);
	if (run_world_end_capture(world, &why) < 0 && summary->verdict == VERDICT_PASS)
		set_verdict(summary, VERDICT_ERROR, why_text(&why));
	summary->wall_us = clock_now_us(clock_monotonic()) - start_us;
	list_unmet(summary, &world->story);
	tell(request, summary, &world->story, output);
	free_world(request, world);
}
