/* SPDX-License-Identifier: MIT */
#include "harness/cli/work_folder.h"

#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has(const char *folder, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

Test(work_folder, is_gone_with_all_that_is_in_it)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char path[PATH_MAX], below[2 * PATH_MAX];
	struct why why;

	setenv("TMPDIR", dir.path, 1);
	cr_assert_eq(work_folder_make(path, &why), 0);
	snprintf(below, sizeof(below), "%s/below", path);
	cr_assert_eq(mkdir(below, 0700), 0);
	cr_assert_eq(temp_dir_count(&dir), 1);
	work_folder_remove(path);
	cr_expect_eq(temp_dir_count(&dir), 0);
}

Test(work_folder, a_folder_that_cannot_be_made_is_named)
{
	char path[PATH_MAX];
	struct why why = {""};

	setenv("TMPDIR", "/nowhere", 1);
	cr_expect_lt(work_folder_make(path, &why), 0);
	cr_expect(strstr(why.text, "/nowhere/dfurig-"), "%s", why.text);
}

Test(work_folder, a_path_has_every_program_but_the_hidden_ones)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	static const char *const hidden[] = {"ls", "cat", NULL};
	char path[PATH_MAX];
	struct why why;

	cr_assert_eq(work_folder_path_without(dir.path, hidden, path, &why), 0);
	cr_expect(has(path, "sh"));
	cr_expect(has(path, "cp"));
	cr_expect_not(has(path, "ls"));
	cr_expect_not(has(path, "cat"));
}
