/* SPDX-License-Identifier: MIT */
#include "harness/cli/work_folder.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FOLDERS 16

int work_folder_make(char ret[static PATH_MAX], struct why *why)
{
	const char *base = getenv("TMPDIR");

	snprintf(ret, PATH_MAX, "%.4000s/dfurig-XXXXXX", base && base[0] ? base : "/tmp");
	return mkdtemp(ret) ? 0 : why_errno(why, -errno, "a folder for temporary files (%s)", ret);
}

static int remove_entry(
	const char *path, const struct stat *stat UNUSED, int type UNUSED, struct FTW *ftw UNUSED)
{
	return remove(path);
}

void work_folder_remove(const char *path)
{
	nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* --- a PATH with holes --- */

static bool is_hidden(const char *const names[], const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* What is found earlier in PATH wins, as symlink refuses to replace it. */
static void link_programs(const char *from, const char *const names[], const char *to)
{
	DIR *dir = opendir(from);
	struct dirent *entry;
	char target[PATH_MAX], link[PATH_MAX];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_hidden(names, entry->d_name))
			continue;
		if (snprintf(target, sizeof(target), "%s/%s", from, entry->d_name) <
				(int)sizeof(target) &&
			snprintf(link, sizeof(link), "%s/%s", to, entry->d_name) <
				(int)sizeof(link) &&
			symlink(target, link) < 0 && errno != EEXIST)
			break;
	}
	closedir(dir);
}

static void link_path(const char *const names[], const char *to)
{
	const char *path = getenv("PATH");
	CLEANUP(free_ptr) char *copy = strdup(path ? path : "/usr/bin:/bin");
	char *rest = NULL;

	if (!copy)
		return;
	for (char *dir = strtok_r(copy, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest))
		link_programs(dir, names, to);
}

int work_folder_path_without(
	const char *work, const char *const names[], char ret[static PATH_MAX], struct why *why)
{
	snprintf(ret, PATH_MAX, "%.4000s/bin-XXXXXX", work);
	if (!mkdtemp(ret))
		return why_errno(why, -errno, "%s", ret);
	link_path(names, ret);
	return 0;
}
