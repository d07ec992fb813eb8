/* SPDX-License-Identifier: MIT */
#include "harness/cli/installed.h"

#include <stdio.h>
#include <unistd.h>

/* Length of the folder that path (of length bytes) lies in; 0 when it is nameless. */
static int parent_length(const char *path, int length)
{
	while (length > 0 && path[length - 1] != '/')
		length--;
	return length > 0 ? length - 1 : 0;
}

void installed_path(char ret[static PATH_MAX], const char *below)
{
	char exe[PATH_MAX];
	int length = (int)readlink("/proc/self/exe", exe, sizeof(exe));

	length = parent_length(exe, parent_length(exe, length));
	snprintf(ret, PATH_MAX, "%.*s/%s", length, exe, below);
}
