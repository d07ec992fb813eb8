/* SPDX-License-Identifier: MIT */
#include "harness/scenario/steps.h"

#include "harness/report/board_text.h"
#include "harness/scenario/run.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_LIMIT_US    10000000u
#define PROGRAM_LIMIT_US 60000000u
#define PRESS_RESET_US   100000u
#define PRESS_OFF_US     500000u /* without power, so that RAM is surely gone */
#define PRESS_HELD_US    500000u /* PROGRAM, after the power is back */

static int step_word(const struct words *value, const char *const words[2], bool *ret)
{
	const struct names names = {words, 2};
	int chosen, r = words_name(value, &names, &chosen);

	if (r == 0)
		*ret = chosen == 1;
	return r;
}

/* ---- pins ---- */

static int parse_pin(
	const struct words *value, enum board_pin pin, const char *const words[2], struct step *ret)
{
	ret->pin = pin;
	return step_word(value, words, &ret->level);
}

static const char *const off_on[] = {"off", "on"};
static const char *const released_held[] = {"released", "held"};
static const char *const unplugged_plugged[] = {"unplugged", "plugged"};

static int parse_power(const struct words *value, struct step *ret)
{
	return parse_pin(value, BOARD_POWER, off_on, ret);
}

static int parse_vbus(const struct words *value, struct step *ret)
{
	return parse_pin(value, BOARD_VBUS, off_on, ret);
}

static int parse_boot0(const struct words *value, struct step *ret)
{
	return parse_pin(value, BOARD_BOOT0, released_held, ret);
}

static int parse_nrst(const struct words *value, struct step *ret)
{
	return parse_pin(value, BOARD_NRST, released_held, ret);
}

static int parse_usb(const struct words *value, struct step *ret)
{
	return parse_pin(value, BOARD_USB, unplugged_plugged, ret);
}

static int parse_data(const struct words *value, struct step *ret)
{
	static const char *const cut_connected[] = {"cut", "connected"};

	return parse_pin(value, BOARD_DATA, cut_connected, ret);
}

static const char *pin_sentence(const struct step *step)
{
	static const char *const sentences[BOARD_PIN_COUNT][2] = {
		[BOARD_POWER] = {"the power is switched off", "the power is switched on"},
		[BOARD_BOOT0] = {"PROGRAM (BOOT0) is let go", "PROGRAM (BOOT0) is held"},
		[BOARD_NRST] = {"the reset is let go", "the board is held in reset"},
		[BOARD_USB] = {"the USB cable is pulled out", "the USB cable is plugged in"},
		[BOARD_DATA] = {"the cable is one without data wires",
			"the cable is one with data wires"},
		[BOARD_VBUS] = {"the host's port loses its 5 V", "the host's port has 5 V"},
	};

	return sentences[step->pin][step->level];
}

static int do_pin(struct run *run, const struct step *step, struct why *why)
{
	run_tell_step(run, step->board, step->type->word, "%s", pin_sentence(step));
	return run_set_pin(run, step->board, step->pin, step->level, why);
}

/* ---- pins that go and come back ---- */

static int parse_time(const struct words *value, struct step *ret)
{
	return words_time(value, &ret->time_us);
}

/* The pin away from where it rests, and back: reset is let go at rest, all else is on. */
static int pulse(
	struct run *run, size_t board, enum board_pin pin, uint64_t time_us, struct why *why)
{
	bool level = pin == BOARD_NRST;
	int r = run_set_pin(run, board, pin, level, why);

	if (r == 0)
		r = run_wait(run, time_us, why);
	return r == 0 ? run_set_pin(run, board, pin, !level, why) : r;
}

static int do_reset(struct run *run, const struct step *step, struct why *why)
{
	run_tell_step(run, step->board, "reset", "the board is reset for %g ms",
		(double)step->time_us / 1e3);
	return pulse(run, step->board, BOARD_NRST, step->time_us, why);
}

static int do_power_cycle(struct run *run, const struct step *step, struct why *why)
{
	run_tell_step(run, step->board, "power-cycle", "the board is without power for %g ms",
		(double)step->time_us / 1e3);
	return pulse(run, step->board, BOARD_POWER, step->time_us, why);
}

static int do_replug(struct run *run, const struct step *step, struct why *why)
{
	run_tell_step(run, step->board, "replug", "the USB cable is out for %g ms",
		(double)step->time_us / 1e3);
	return pulse(run, step->board, BOARD_USB, step->time_us, why);
}

static const char *const buttons[] = {"reset", "program"};

static int parse_press(const struct words *value, struct step *ret)
{
	return step_word(value, buttons, &ret->level);
}

/* As the wiki tells owners to do it: hold PROGRAM, power the board up, let go. */
static int do_press(struct run *run, const struct step *step, struct why *why)
{
	int r;

	if (!step->level) {
		run_tell_step(run, step->board, "press", "the reset button is pressed");
		return pulse(run, step->board, BOARD_NRST, PRESS_RESET_US, why);
	}
	run_tell_step(run, step->board, "press", "PROGRAM is held while the board is powered up");
	r = run_set_pin(run, step->board, BOARD_BOOT0, true, why);
	if (r == 0)
		r = pulse(run, step->board, BOARD_POWER, PRESS_OFF_US, why);
	if (r == 0)
		r = run_wait(run, PRESS_HELD_US, why);
	return r == 0 ? run_set_pin(run, step->board, BOARD_BOOT0, false, why) : r;
}

/* ---- the host's words to the ECU ---- */

struct send {
	const char *word;
	char *argv[8];
};

static const struct send sends[] = {
	{"reboot", {"dfurig", "ecu", "reboot", "--port", "auto"}},
	{"reboot_dfu", {"dfurig", "ecu", "reboot-dfu", "--port", "auto"}},
	{"reboot_openblt", {"dfurig", "ecu", "reboot-openblt", "--port", "auto"}},
	{"z-reboot", {"dfurig", "ecu", "reboot", "--port", "auto", "--by-z"}},
	{"z-dfu", {"dfurig", "ecu", "reboot-dfu", "--port", "auto", "--by-z"}},
	{"z-openblt", {"dfurig", "ecu", "reboot-openblt", "--port", "auto", "--by-z"}},
};

static int parse_send(const struct words *value, struct step *ret)
{
	const char *text = value->mark->text;

	for (size_t i = 0; text && i < ARRAY_SIZE(sends); i++)
		if (strcmp(sends[i].word, text) == 0)
			ret->send = &sends[i];
	return ret->send ? 0
			 : words_bad(value, "one of reboot, reboot_dfu, reboot_openblt, z-reboot, "
					    "z-dfu, z-openblt");
}

/* The first line of what a program printed. */
static int first_line(const struct buf *output, const char **ret)
{
	const char *end = output->size ? memchr(output->data, '\n', output->size) : NULL;

	*ret = output->size ? (const char *)output->data : "";
	return (int)(end ? (size_t)(end - *ret) : output->size);
}

static void program_done(struct world_program *program)
{
	buf_done(&program->output);
}

static int do_send(struct run *run, const struct step *step, struct why *why)
{
	CLEANUP(program_done) struct world_program program = {0};
	const char *line;
	int length, r;

	run_tell_step(run, 0, "send", "the host sends %s to the ECU", step->send->word);
	r = run_program(run, step->send->argv, WAIT_LIMIT_US, &program, why);
	if (r < 0 || program.exit_code == 0)
		return r;
	length = first_line(&program.output, &line);
	return why_set(why, -EIO, "send %s: %.*s", step->send->word, length, line);
}

/* ---- waiting ---- */

static int parse_wait_for(const struct words *value, struct step *ret)
{
	int face, r = words_name(value, &face_names, &face);

	ret->limit_us = WAIT_LIMIT_US;
	if (r == 0)
		ret->face = (enum face)face;
	return r;
}

static const char *wait_sentence(enum face face)
{
	static const char *const sentences[FACE_COUNT] = {
		[FACE_GONE] = "the rig waits until the board is not on USB",
		[FACE_DFU] = "the rig waits for the bootloader on USB",
		[FACE_ECU] = "the rig waits for the ECU on USB",
		[FACE_OPENBLT] = "the rig waits for OpenBLT on USB",
		[FACE_OTHER] = "the rig waits for another device on USB",
	};

	return sentences[face];
}

static int do_wait_for(struct run *run, const struct step *step, struct why *why)
{
	const char *face = names_text(&face_names, step->face);
	char expected[96];
	int r;

	run_tell_step(run, step->board, "wait-for", "%s", wait_sentence(step->face));
	r = run_wait_for(run, step->board, step->face, step->limit_us, why);
	if (r < 0)
		return r;
	snprintf(
		expected, sizeof(expected), "%s within %.3g s", face, (double)step->limit_us / 1e6);
	run_expect(run, "wait-for", run->watch.face[step->board] == step->face, expected,
		names_text(&face_names, run->watch.face[step->board]));
	return 0;
}

static int do_wait(struct run *run, const struct step *step, struct why *why)
{
	return run_wait(run, step->time_us, why);
}

/* ---- programs ---- */

static int parse_update(const struct words *value, struct step *ret)
{
	int flow, r;

	if (value->mark->text && !value->mark->text[0])
		return 0;
	r = words_name(value, &flasher_flow_words, &flow);
	if (r == 0) {
		ret->has_flow = true;
		ret->flow = (enum flasher_flow)flow;
	}
	return r;
}

static int parse_run(const struct words *value, struct step *ret)
{
	struct words word = words_entry(value, 0);

	ret->limit_us = PROGRAM_LIMIT_US;
	if (value->mark->text || !word.mark)
		return words_bad(value, "a command line such as [dfu-util, -l]");
	for (size_t n = 0; word.mark; word = words_entry(value, ++n)) {
		if (n == SCENARIO_WORD_MAX)
			return words_bad_because(value, "at most %d words", SCENARIO_WORD_MAX);
		if (!word.mark->text)
			return words_bad(&word, "a word");
		ret->words[n] = strdup(word.mark->text);
		if (!ret->words[n])
			return why_errno(value->why, -ENOMEM, "%s", value->file->name);
	}
	return 0;
}

/* A program that was not asked to fail must not: then the story cannot go on. */
static int do_run(struct run *run, const struct step *step, struct why *why)
{
	CLEANUP(program_done) struct world_program program = {0};
	char expected[160], got[32];
	const char *line;
	int length, r;
	bool says;

	run_tell_step(run, 0, "run", "the host runs %s", step->words[0]);
	r = run_program(run, step->words, step->limit_us, &program, why);
	if (r < 0)
		return r;
	if (!step->has_exit && !step->says[0] && program.exit_code) {
		length = first_line(&program.output, &line);
		return why_set(why, -EIO, "%s: exit %d: %.*s", step->words[0], program.exit_code,
			length, line);
	}
	snprintf(expected, sizeof(expected), "exit %d", step->exit_code);
	snprintf(got, sizeof(got), "exit %d", program.exit_code);
	if (step->has_exit)
		run_expect(
			run, step->words[0], program.exit_code == step->exit_code, expected, got);
	if (!step->says[0])
		return 0;
	snprintf(expected, sizeof(expected), "\"%s\"", step->says);
	says = program.output.size &&
	       memmem(program.output.data, program.output.size, step->says, strlen(step->says));
	run_expect(run, step->words[0], says, expected, says ? "it says so" : "it does not say so");
	return 0;
}

/* ---- the table ---- */

static const struct step_type types[] = {
	{"power", STEP_OF, true, parse_power, do_pin},
	{"boot0", STEP_OF, true, parse_boot0, do_pin},
	{"nrst", STEP_OF, true, parse_nrst, do_pin},
	{"usb", STEP_OF, true, parse_usb, do_pin},
	{"data", STEP_OF, true, parse_data, do_pin},
	{"vbus", STEP_OF, true, parse_vbus, do_pin},
	{"reset", STEP_OF, false, parse_time, do_reset},
	{"power-cycle", STEP_OF, false, parse_time, do_power_cycle},
	{"replug", STEP_OF, false, parse_time, do_replug},
	{"press", STEP_OF, false, parse_press, do_press},
	{"send", 0, false, parse_send, do_send},
	{"wait-for", STEP_OF | STEP_WITHIN, false, parse_wait_for, do_wait_for},
	{"wait", 0, false, parse_time, do_wait},
	{"run", STEP_WITHIN | STEP_EXIT | STEP_SAYS, false, parse_run, do_run},
	{"windows", STEP_OF | STEP_ELEVATED, false, step_windows_parse, step_windows_do},
	{"triage", STEP_TRIAGE, false, step_triage_parse, step_triage_do},
	{"update", STEP_IMAGE | STEP_EXPECT | STEP_STOP, false, parse_update, run_update},
};

static const struct step_type *find_type(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].word, word) == 0)
			return &types[i];
	return NULL;
}

bool step_is_program(const struct step *step)
{
	return step->type->run == do_run;
}

bool step_is_update(const struct step *step)
{
	return step->type->run == run_update;
}

struct step step_update(void)
{
	return (struct step){.type = find_type("update")};
}

void step_done(struct step *step)
{
	for (size_t i = 0; i < ARRAY_SIZE(step->words); i++)
		free(step->words[i]);
	memset(step->words, 0, sizeof(step->words));
}

/* ---- what stands beside the word ---- */

static int parse_of(const struct words *value, size_t board_count, struct step *ret)
{
	uint32_t number;
	int r = words_number(value, WORLD_BOARD_MAX, &number);

	if (r < 0)
		return r;
	if (number < 1 || number > board_count)
		return words_bad_because(
			value, "there is no board %u here; there are %zu", number, board_count);
	ret->board = number - 1;
	return 0;
}

static int parse_exit(const struct words *value, struct step *ret)
{
	uint32_t code;
	int r = words_number(value, 255, &code);

	if (r == 0) {
		ret->has_exit = true;
		ret->exit_code = (int)code;
	}
	return r;
}

static int parse_elevated(const struct words *value, struct step *ret)
{
	static const char *const words[] = {"false", "true"};
	bool elevated;
	int r = step_word(value, words, &elevated);

	if (r == 0)
		ret->unelevated = !elevated;
	return r;
}

/* cause, tool or try: the key says it. */
static int parse_triage(const struct words *value, struct step_triage *ret)
{
	static const char *const words[] = {"false", "true"};

	if (strcmp(words_key(value), "cause") == 0)
		return words_identifier(value, ret->cause, sizeof(ret->cause));
	if (strcmp(words_key(value), "tool") == 0)
		return words_text(value, ret->tool, sizeof(ret->tool), "the name of a tool");
	return step_word(value, words, &ret->try);
}

static int parse_option(
	const struct words *value, enum step_option option, size_t board_count, struct step *ret)
{
	switch (option) {
	case STEP_OF:
		return parse_of(value, board_count, ret);
	case STEP_WITHIN:
		return words_time(value, &ret->limit_us);
	case STEP_IMAGE:
		return words_identifier(value, ret->image, sizeof(ret->image));
	case STEP_EXPECT:
		return expect_parse(value, &ret->expect);
	case STEP_EXIT:
		return parse_exit(value, ret);
	case STEP_ELEVATED:
		return parse_elevated(value, ret);
	case STEP_STOP:
		return words_time(value, &ret->stop_us);
	case STEP_TRIAGE:
		return parse_triage(value, &ret->triage);
	case STEP_SAYS:
		return words_text(
			value, ret->says, sizeof(ret->says), "one line of 1 to 95 characters");
	}
	return 0;
}

static int parse_beside(const struct words *value, size_t board_count, struct step *ret)
{
	static const struct {
		const char *word;
		enum step_option option;
	} options[] = {
		{"of", STEP_OF},
		{"within", STEP_WITHIN},
		{"image", STEP_IMAGE},
		{"expect", STEP_EXPECT},
		{"exit", STEP_EXIT},
		{"says", STEP_SAYS},
		{"elevated", STEP_ELEVATED},
		{"stop-after", STEP_STOP},
		{"cause", STEP_TRIAGE},
		{"try", STEP_TRIAGE},
		{"tool", STEP_TRIAGE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(options[i].word, words_key(value)) == 0 &&
			ret->type->options & options[i].option)
			return parse_option(value, options[i].option, board_count, ret);
	return words_bad_because(value, "this does not stand beside \"%s\"", ret->type->word);
}

static int unknown_step(const struct words *words)
{
	char known[200];
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(types) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			used ? ", " : "", types[i].word);
	if (words->mark->text)
		return words_bad_because(
			words, "\"%.60s\" is no step; there are %s", words->mark->text, known);
	return words_bad_because(words, "here is no step; there are %s", known);
}

/* "- update": a word alone. */
static int parse_word_alone(const struct words *words, struct step *ret)
{
	const struct step_type *type = find_type(words->mark->text);

	if (!type)
		return unknown_step(words);
	if (type->run != run_update)
		return words_bad_because(
			words, "\"%s\" needs a value: \"%s: ...\"", type->word, type->word);
	ret->type = type;
	return 0;
}

static int find_word(const struct words *words, struct step *ret, size_t *ret_at)
{
	struct words entry = words_entry(words, 0);

	for (size_t n = 0; entry.mark; entry = words_entry(words, ++n)) {
		const struct step_type *type = find_type(words_key(&entry));

		if (type && ret->type)
			return words_bad_because(&entry,
				"one step at a time; \"%s\" is one already", ret->type->word);
		if (type) {
			ret->type = type;
			*ret_at = n;
		}
	}
	return ret->type ? 0 : unknown_step(words);
}

int step_parse(const struct words *words, size_t board_count, bool instant, struct step *ret)
{
	struct words entry;
	size_t at = 0;
	int r;

	*ret = (struct step){0};
	if (words->mark->text)
		return parse_word_alone(words, ret);
	r = find_word(words, ret, &at);
	if (r < 0)
		return r;
	if (instant && !ret->type->instant)
		return words_bad_because(words, "only pins can be moved here");
	entry = words_entry(words, at);
	r = ret->type->parse(&entry, ret);
	for (size_t n = 0; r == 0; n++) {
		entry = words_entry(words, n);
		if (!entry.mark)
			break;
		if (n != at)
			r = parse_beside(&entry, board_count, ret);
	}
	return r;
}
