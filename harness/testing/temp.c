/* SPDX-License-Identifier: MIT */
#include "harness/testing/temp.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS_MAX 8

struct temp_dir temp_dir_or_fail(void)
{
	const char *base = getenv("TMPDIR");
	struct temp_dir dir;

	snprintf(dir.path, sizeof(dir.path), "%s/dfurig-test-XXXXXX", base ? base : "/tmp");
	cr_assert_not_null(mkdtemp(dir.path), "mkdtemp %s", dir.path);
	return dir;
}

static int remove_one(
	const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *at UNUSED)
{
	return remove(path);
}

void temp_dir_done(struct temp_dir *dir)
{
	nftw(dir->path, remove_one, FDS_MAX, FTW_DEPTH | FTW_PHYS);
}

const char *temp_path(struct temp_dir *dir, const char *name)
{
	snprintf(dir->scratch, sizeof(dir->scratch), "%s/%s", dir->path, name);
	return dir->scratch;
}

const char *temp_file_or_fail(struct temp_dir *dir, const char *name, const void *data, size_t size)
{
	const char *path = temp_path(dir, name);
	FILE *file = fopen(path, "wb");

	cr_assert_not_null(file, "%s", path);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
	return path;
}

size_t temp_dir_count(const struct temp_dir *dir)
{
	DIR *list = opendir(dir->path);
	size_t count = 0;

	cr_assert_not_null(list, "%s", dir->path);
	for (const struct dirent *entry = readdir(list); entry; entry = readdir(list))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(list);
	return count;
}
