/* SPDX-License-Identifier: MIT */
#include "harness/cli/scenario_check.h"

#include "harness/cli/board_file.h"
#include "harness/cli/data_files.h"
#include "harness/fault/fault.h"
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

static int check_word(
	const struct check *check, const struct yaml_mark *mark, const struct names *names)
{
	char list[160];

	if (names_value(names, mark->text) >= 0)
		return 0;
	return bad(check, mark,
		why_set(check->why, -EBADMSG, "\"%.60s\" is not one of %s", mark->text,
			names_list(names, list, sizeof(list))));
}

static int check_point(const struct check *check, const struct yaml_mark *mark)
{
	return check_word(check, mark, &fault_point_names);
}

/* A delay of no time would be a fault that fires and does nothing. */
static int check_action(const struct check *check, const struct yaml_mark *mark)
{
	int stem = (int)(strlen(mark->path) - strlen("do"));
	char time[YAML_MARK_PATH], value[YAML_MARK_PATH];
	int r = check_word(check, mark, &fault_action_names);

	snprintf(time, sizeof(time), "%.*stime", stem, mark->path);
	snprintf(value, sizeof(value), "%.*svalue", stem, mark->path);
	if (r < 0 || names_value(&fault_action_names, mark->text) != FAULT_DELAY ||
		yaml_marks_find(check->marks, time) || yaml_marks_find(check->marks, value))
		return r;
	return bad(check, mark, why_set(check->why, -EBADMSG, "a delay needs \"time: 2.9 s\""));
}

/* By their paths, without the numbers of lists. */
static const struct {
	const char *path; /* a pattern of fnmatch */
	int (*check)(const struct check *check, const struct yaml_mark *mark);
} rules[] = {
	{"board", check_board},
	{"others.board", check_board},
	{"start.firmware", check_image},
	{"others.firmware", check_image},
	{"image", check_image},
	{"steps.image", check_image},
	{"expect.signature", check_image},
	{"expect-of.*.signature", check_image},
	{"steps.expect.signature", check_image},
	{"faults.at", check_point},
	{"faults.do", check_action},
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
