/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_plan.h"

#include "harness/cli/board_file.h"
#include "harness/cli/command_line.h"
#include "harness/cli/data_files.h"
#include "harness/cli/data_load.h"
#include "harness/fault/fault_text.h"
#include "harness/flasher/flasher_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const transport_text[] = {[RUN_DIRECT] = "direct", [RUN_MOCK] = "mock"};
static_assert(ARRAY_SIZE(transport_text) == RUN_TRANSPORT_COUNT, "a name for each transport");
const struct names run_transport_names = NAMES(transport_text);

static const char *const pace_text[] = {[ROM_PACE_CHIP] = "chip", [ROM_PACE_FAST] = "fast"};
static_assert(ARRAY_SIZE(pace_text) == ROM_PACE_COUNT, "a name for each pace");
const struct names run_pace_names = NAMES(pace_text);

static const char *const usual_flashers[] = {"builtin", "console", "dfu-util"};

/* --- scenarios --- */

static int load_scenarios(struct run_plan *plan, char *const names[], size_t count, struct why *why)
{
	int r = 0;

	plan->scenarios = calloc(count + 1, sizeof(struct scenario *));
	if (!plan->scenarios)
		return why_errno(why, -ENOMEM, "scenarios");
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = scenario_load(names[i], &plan->scenarios[i], why);
		plan->scenario_count += r == 0;
	}
	return r;
}

static int load_all_scenarios(struct run_plan *plan, struct why *why)
{
	CLEANUP(free_ptr) char **pointers = NULL;
	struct data_names names;
	int r = data_names_read(&data_scenarios, &names, why);

	if (r < 0)
		return r;
	pointers = calloc(names.count + 1, sizeof(char *));
	if (!pointers)
		r = why_errno(why, -ENOMEM, "scenarios");
	else if (!names.count)
		r = why_set(why, -ENOENT, "there are no scenarios");
	for (size_t i = 0; r == 0 && i < names.count; i++)
		pointers[i] = names.names[i];
	if (r == 0)
		r = load_scenarios(plan, pointers, names.count, why);
	data_names_done(&names);
	return r;
}

/* --- flashers --- */

static int load_flashers(
	struct run_plan *plan, const char *const names[], size_t count, struct why *why)
{
	int r = 0;

	plan->flashers = calloc(count, sizeof(*plan->flashers));
	if (!plan->flashers)
		return why_errno(why, -ENOMEM, "flashers");
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = flasher_load(names[i], &plan->flashers[i], why);
		plan->flasher_count += r == 0;
	}
	return r;
}

/* A flasher that we ship may not be installed; whose own file names a program means it. */
static int check_flashers(
	const struct run_plan *plan, const struct run_choice *choice, struct why *why)
{
	for (size_t i = 0; i < choice->flasher_count; i++)
		if (data_is_path(choice->flashers[i]) && choice->transport != RUN_DIRECT &&
			!run_flasher_is_installed(&plan->flashers[i]))
			return why_set(why, -ENOENT, "%s: command: %s is not installed",
				choice->flashers[i], plan->flashers[i].command[0]);
	return 0;
}

static size_t add_name(const char *names[static RUN_FLASHER_MAX], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return count;
	if (count == RUN_FLASHER_MAX)
		return count;
	names[count] = name;
	return count + 1;
}

/* When nobody chose: the usual ones, and those that a scenario is about. Returns their number. */
static size_t usual_names(
	const struct run_plan *plan, const char *ret_names[static RUN_FLASHER_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(usual_flashers); i++)
		count = add_name(ret_names, count, usual_flashers[i]);
	for (size_t i = 0; i < plan->scenario_count; i++)
		for (const char *const *only = scenario_only(plan->scenarios[i]); *only; only++)
			count = add_name(ret_names, count, *only);
	return count;
}

/* --- tasks --- */

/* A flasher of ours runs in-process as well; a program has only the mock. Windows there is in-process only. */
static enum run_transport transport_for(const struct run_choice *choice,
	const struct scenario *scenario, const struct flasher *flasher)
{
	if (choice->transport >= 0)
		return (enum run_transport)choice->transport;
	if (scenario_system(scenario, flasher) == WORLD_WINDOWS)
		return RUN_DIRECT;
	return strcmp(flasher->command[0], "dfurig") == 0 ? RUN_DIRECT : RUN_MOCK;
}

static enum rom_pace pace_for(const struct run_choice *choice, enum run_transport transport)
{
	if (choice->pace >= 0)
		return (enum rom_pace)choice->pace;
	return transport == RUN_DIRECT ? ROM_PACE_CHIP : ROM_PACE_FAST;
}

/* `--fault RULE` for each, behind count words. texts keep the rules. */
static void add_fault_words(const struct fault_plan *faults,
	char texts[static FAULT_RULE_MAX][FAULT_TEXT_MAX], const char **words, size_t count)
{
	for (size_t i = 0; i < faults->count; i++) {
		words[count++] = "--fault";
		words[count++] = fault_rule_text(&faults->rules[i], texts[i], sizeof(texts[i]));
	}
}

static void describe_again(const struct run_choice *choice, const char *scenario,
	const char *flasher, struct run_summary *summary)
{
	const char *pace =
		choice->pace < 0 ? NULL : names_text(&run_pace_names, (size_t)choice->pace);
	CLEANUP(free_ptr) char *line = NULL;
	char faults[FAULT_RULE_MAX][FAULT_TEXT_MAX];
	const char *words[16 + 2 * FAULT_RULE_MAX] = {
		"dfurig", "run", scenario, "--flasher", flasher, "--transport", summary->transport};
	size_t count = 7;
	char seed[32];

	snprintf(seed, sizeof(seed), "%lu", (unsigned long)choice->seed);
	for (size_t i = 0; i < 6; i += 2) {
		const char *const options[] = {
			"--board", choice->board, "--pace", pace, "--seed", seed};

		if (!options[i + 1])
			continue;
		words[count++] = options[i];
		words[count++] = options[i + 1];
	}
	add_fault_words(&choice->faults, faults, words, count);
	line = command_line_text((char *const *)words);
	if (line && strlen(line) < sizeof(summary->again))
		memcpy(summary->again, line, strlen(line) + 1);
}

/* The words to repeat a run with: as they were given, else the name. */
static const char *word(char *const given[], size_t count, size_t index, const char *name)
{
	return count ? given[index] : name;
}

static void add_task(
	struct run_plan *plan, const struct run_choice *choice, size_t which, size_t tool)
{
	const struct scenario *scenario = plan->scenarios[which];
	const struct flasher *flasher = &plan->flashers[tool];
	struct run_task *task = &plan->tasks[plan->count];
	struct run_summary *summary = &plan->summaries[plan->count++];

	task->scenario = scenario;
	task->flasher = flasher;
	task->transport = transport_for(choice, scenario, flasher);
	task->pace = pace_for(choice, task->transport);
	snprintf(summary->scenario, RUN_TEXT, "%s", scenario_name(scenario));
	snprintf(summary->title, sizeof(summary->title), "%s", scenario_title(scenario));
	snprintf(summary->board, RUN_TEXT, "%s",
		choice->board ? choice->board : scenario_board(scenario, 0).board);
	snprintf(summary->flasher, RUN_TEXT, "%s", flasher->name);
	snprintf(summary->transport, sizeof(summary->transport), "%s",
		names_text(&run_transport_names, task->transport));
	summary->seed = choice->seed;
	describe_again(choice,
		word(choice->scenarios, choice->scenario_count, which, scenario_name(scenario)),
		choice->flasher_count ? choice->flashers[tool] : flasher->name, summary);
}

/* A scenario that is about certain flashers runs with those, when nobody chose; else with what was chosen. Of all
 * scenarios those are left out that are about others. */
static bool is_wanted(
	const struct run_plan *plan, const struct run_choice *choice, size_t which, size_t tool)
{
	const char *const *only = scenario_only(plan->scenarios[which]);

	if (!only[0])
		return choice->flasher_count || tool < ARRAY_SIZE(usual_flashers);
	if (choice->scenario_count && choice->flasher_count)
		return true;
	return scenario_is_about(plan->scenarios[which], &plan->flashers[tool]);
}

static int add_tasks(struct run_plan *plan, const struct run_choice *choice, struct why *why)
{
	size_t all = plan->scenario_count * plan->flasher_count, seen = 0;

	plan->tasks = calloc(all + 1, sizeof(*plan->tasks));
	plan->summaries = calloc(all + 1, sizeof(*plan->summaries));
	if (!plan->tasks || !plan->summaries)
		return why_errno(why, -ENOMEM, "runs");
	for (size_t i = 0; i < all; i++) {
		size_t which = i / plan->flasher_count, tool = i % plan->flasher_count;

		if (!is_wanted(plan, choice, which, tool))
			continue;
		if (!choice->shards || seen % choice->shards == choice->shard - 1)
			add_task(plan, choice, which, tool);
		seen++;
	}
	return 0;
}

int run_plan_make(const struct run_choice *choice, struct run_plan *ret, struct why *why)
{
	const char *names[RUN_FLASHER_MAX];
	size_t count = choice->flasher_count;
	int r;

	*ret = (struct run_plan){0};
	r = choice->scenario_count
		    ? load_scenarios(ret, choice->scenarios, choice->scenario_count, why)
		    : load_all_scenarios(ret, why);
	if (r == 0 && !count)
		count = usual_names(ret, names);
	if (r == 0)
		r = load_flashers(
			ret, choice->flasher_count ? choice->flashers : names, count, why);
	if (r == 0)
		r = check_flashers(ret, choice, why);
	if (r == 0 && choice->board)
		r = board_file_load(choice->board, &(struct board_file){0}, why);
	return r == 0 ? add_tasks(ret, choice, why) : r;
}

void run_plan_done(struct run_plan *plan)
{
	for (size_t i = 0; i < plan->scenario_count; i++)
		scenario_free(plan->scenarios[i]);
	for (size_t i = 0; i < plan->flasher_count; i++)
		flasher_done(&plan->flashers[i]);
	free(plan->scenarios);
	free(plan->flashers);
	free(plan->tasks);
	free(plan->summaries);
	*plan = (struct run_plan){0};
}
