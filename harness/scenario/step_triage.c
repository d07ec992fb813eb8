/* SPDX-License-Identifier: MIT */
/*
 * The owner asks `dfurig triage` on the host of this world, and says what he sees: an LED is lit when the board has power,
 * another device works when the port has its 5 V. Which cause it names is judged.
 */
#include "harness/scenario/steps.h"

#include "harness/scenario/run.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_US UINT64_C(180000000)

static const char *const tried_words[] = {"nothing", "auto", "manual", "power-on"};

int step_triage_parse(const struct words *value, struct step *ret)
{
	static const struct names names = NAMES(tried_words);
	int tried, r = words_name(value, &names, &tried);

	if (r == 0)
		ret->triage.tried = tried_words[tried];
	return r;
}

static void program_done(struct world_program *program)
{
	buf_done(&program->output);
}

static void json_done(json_t **json)
{
	json_decref(*json);
}

static int run_triage(
	struct run *run, const struct step *step, struct world_program *ret, struct why *why)
{
	const struct board *board = run->world->boards[step->board];
	bool lit = board->ops->mode(board) != BOARD_OFF;
	bool works = board->ops->get_pin(board, BOARD_VBUS);
	char tool[FLASHER_NAME], tried[16];
	char *argv[] = {"dfurig", "triage", "--json", "--tried", tried, "--led",
		lit ? "lit" : "dark", "--other-device", works ? "works" : "fails", "--tool", tool,
		step->triage.try ? "--try" : NULL, NULL};

	snprintf(tried, sizeof(tried), "%s", step->triage.tried);
	snprintf(tool, sizeof(tool), "%s",
		step->triage.tool[0] ? step->triage.tool : run->flasher->name);
	run_tell_step(run, step->board, "triage",
		"the owner asks dfurig triage: tried %s, LED %s, another device in that port %s%s",
		tried, argv[6], argv[8], step->triage.try ? ", and lets it try" : "");
	return run_program(run, argv, LIMIT_US, ret, why);
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static void tell(struct run *run, const struct step *step, const json_t *json)
{
	const char *board = run->world->boards[step->board]->name;

	EVENT_EMIT(run->world->events, .kind = EVENT_DIAGNOSIS, .board = board,
		.name = text_of(json, "cause"), .title = text_of(json, "title"),
		.sure = text_of(json, "sure"), .text = text_of(json, "because"),
		.remedy = text_of(json, "remedy"));
	event_note(run->world->events, EVENT_NOTE, board, "triage: remedy: %s",
		text_of(json, "remedy"));
}

int step_triage_do(struct run *run, const struct step *step, struct why *why)
{
	CLEANUP(program_done) struct world_program program = {0};
	CLEANUP(json_done) json_t *json = NULL;
	const char *cause;
	int r = run_triage(run, step, &program, why);

	if (r < 0)
		return r;
	json = json_loadb((const char *)program.output.data, program.output.size, 0, NULL);
	cause = text_of(json, "cause");
	if (!cause[0])
		return why_set(why, -EIO, "dfurig triage: exit %d: %.*s", program.exit_code,
			(int)(program.output.size < 200 ? program.output.size : 200),
			program.output.size ? (const char *)program.output.data : "");
	tell(run, step, json);
	snprintf(run->named, sizeof(run->named), "%.40s, %.16s", cause, text_of(json, "sure"));
	if (step->triage.cause[0])
		run_expect(run, "cause", strcmp(cause, step->triage.cause) == 0, step->triage.cause,
			cause);
	return 0;
}
