/* SPDX-License-Identifier: MIT */
#include "harness/cli/scenario_check.h"

#include "harness/cli/board_file.h"
#include "harness/cli/data_files.h"
#include "harness/fault/fault_text.h"
#include "harness/yaml/yaml_marks.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const char *path;
	const struct yaml_marks *marks;
	struct why *why;
};

static int bad(const struct check *check, const struct yaml_mark *mark, int err)
{
	if (err == 0 || err == -ENOMEM)
		return err;
	return why_prefix(check->why, -EBADMSG, "%s:%zu: %s", check->path, mark->line, mark->path);
}

static int check_board(const struct check *check, const struct yaml_mark *mark)
{
	struct board_file board;

	return bad(check, mark, board_file_load(mark->text, &board, check->why));
}

/* Only that it is there: to make it would take its time. */
static int check_image(const struct check *check, const struct yaml_mark *mark)
{
	CLEANUP(data_file_done) struct data_file file = {.data = NULL};

	if (strcmp(mark->text, "none") == 0)
		return 0;
	return bad(check, mark, data_file_read(&data_images, mark->text, &file, check->why));
}

/* The key beside `at` of a fault. */
static const struct yaml_mark *beside(
	const struct check *check, const struct yaml_mark *at, const char *key)
{
	char path[YAML_MARK_PATH];

	snprintf(path, sizeof(path), "%.*s%s", (int)(strlen(at->path) - strlen("at")), at->path,
		key);
	return yaml_marks_find(check->marks, path);
}

/* What follows the action has two names. */
static const struct yaml_mark *fault_mark(
	const struct check *check, const struct yaml_mark *at, enum fault_word word)
{
	const struct yaml_mark *mark = beside(check, at, names_text(&fault_word_names, word));

	return mark || word != FAULT_WORD_VALUE ? mark : beside(check, at, "time");
}

static int check_fault(const struct check *check, const struct yaml_mark *mark)
{
	struct fault_words words = {{NULL}};
	const struct yaml_mark *place;
	enum fault_word wrong;
	struct fault_rule rule;

	for (enum fault_word i = 0; i < FAULT_WORD_COUNT; i++) {
		place = fault_mark(check, mark, i);
		words.text[i] = place ? place->text : NULL;
	}
	if (fault_rule_of_words(&words, &rule, &wrong, check->why) == 0)
		return 0;
	place = fault_mark(check, mark, wrong);
	if (!place)
		why_prefix(check->why, -EBADMSG, "%s", names_text(&fault_word_names, wrong));
	return bad(check, place ? place : mark, -EBADMSG);
}

static int check_driver(const struct check *check, const struct yaml_mark *mark)
{
	CLEANUP(data_file_done) struct data_file file = {.data = NULL};

	return bad(check, mark, data_file_read(&data_drivers, mark->text, &file, check->why));
}

/* "add-driver st-bootloader" */
static int check_windows(const struct check *check, const struct yaml_mark *mark)
{
	CLEANUP(data_file_done) struct data_file file = {.data = NULL};
	const char *driver = strchr(mark->text, ' ');

	if (!driver)
		return 0;
	driver += strspn(driver, " ");
	return bad(check, mark, data_file_read(&data_drivers, driver, &file, check->why));
}

/* By their paths, without the numbers of lists. */
static const struct {
	const char *path; /* a pattern of fnmatch */
	int (*check)(const struct check *check, const struct yaml_mark *mark);
} rules[] = {
	{"board", check_board},
	{"others.board", check_board},
	{"host.drivers", check_driver},
	{"steps.windows", check_windows},
	{"start.firmware", check_image},
	{"others.firmware", check_image},
	{"image", check_image},
	{"steps.image", check_image},
	{"expect.signature", check_image},
	{"expect-of.*.signature", check_image},
	{"steps.expect.signature", check_image},
	{"faults.at", check_fault},
};

/* "faults[2].at": "faults.at" */
static void without_numbers(const char *path, char ret[static YAML_MARK_PATH])
{
	bool number = false;

	for (; *path; path++) {
		number = *path == '[' || (number && *path != ']');
		if (!number && *path != ']')
			*ret++ = *path;
	}
	*ret = '\0';
}

static int check_mark(const struct check *check, const struct yaml_mark *mark)
{
	char path[YAML_MARK_PATH];

	without_numbers(mark->path, path);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (fnmatch(rules[i].path, path, 0) == 0)
			return rules[i].check(check, mark);
	return 0;
}

int scenario_check(const char *path, const uint8_t *data, size_t size, struct why *why)
{
	struct yaml_marks marks = {0};
	const struct check check = {path, &marks, why};
	int r = yaml_marks_read(&marks, path, data, size, why);

	for (size_t i = 0; r == 0 && i < marks.count; i++)
		if (marks.marks[i].text)
			r = check_mark(&check, &marks.marks[i]);
	yaml_marks_done(&marks);
	return r;
}
