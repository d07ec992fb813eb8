/* SPDX-License-Identifier: MIT */
/* The scenarios that are shipped: each can be read, and is called what its file is called. */
#include "harness/scenario/model.h"

#include "harness/base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define FOLDER DFURIG_FIXTURES "/scenarios"

static void close_dir(DIR **dir)
{
	closedir(*dir);
}

/* At least a word on the tool and what it leaves, for everybody to whom the story applies. */
static void check(const char *file, const struct scenario *scenario)
{
	size_t stem = strlen(file) - strlen(".yaml");
	unsigned int given = scenario->expect.given;

	cr_expect(strlen(scenario_name(scenario)) == stem &&
			  strncmp(scenario_name(scenario), file, stem) == 0,
		"%s: its name is %s", file, scenario_name(scenario));
	cr_expect(given & 1u << EXPECT_OUTCOME, "%s: no outcome is expected", file);
	cr_expect(given & 1u << EXPECT_TUNE, "%s: nothing is expected of the tune", file);
	cr_expect(given & 1u << EXPECT_USB, "%s: nothing is expected on USB", file);
}

static void read_one(const char *file)
{
	CLEANUP(buf_done) struct buf buf;
	struct scenario *scenario = NULL;
	struct why why = {""};
	char path[600];
	int r;

	buf_init(&buf, SCENARIO_FILE_MAX);
	snprintf(path, sizeof(path), "%s/%s", FOLDER, file);
	r = file_read(path, &buf, &why);
	if (r == 0)
		r = scenario_parse(file, buf.data, buf.size, &scenario, &why);
	cr_expect_eq(r, 0, "%s", why_text(&why));
	if (r == 0)
		check(file, scenario);
	scenario_free(scenario);
}

Test(shipped_scenarios, each_can_be_read_and_says_what_it_expects)
{
	CLEANUP(close_dir) DIR *dir = opendir(FOLDER);
	struct dirent *entry;
	size_t count = 0;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".yaml"))
			continue;
		read_one(entry->d_name);
		count++;
	}
	cr_assert_geq(count, 40);
}
