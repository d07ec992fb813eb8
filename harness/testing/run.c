/* SPDX-License-Identifier: MIT */
#include "harness/testing/run.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *read_all(int fd)
{
	struct stat st;
	char *text;

	cr_assert_eq(fstat(fd, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	cr_assert_not_null(text);
	cr_assert_eq(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
	close(fd);
	return text;
}

static pid_t start(const char *dir, const char *const argv[], int out, int err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, dir);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	cr_assert_eq(r, 0, "%s: %s", argv[0], strerror(r));
	return pid;
}

struct run run_in_or_fail(const char *dir, const char *const argv[])
{
	int out = memfd_create("stdout", MFD_CLOEXEC);
	int err = memfd_create("stderr", MFD_CLOEXEC);
	pid_t pid = start(dir, argv, out, err);
	int status = 0;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return (struct run){
		.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		.out = read_all(out),
		.err = read_all(err),
	};
}

struct run run_or_fail(const char *const argv[])
{
	return run_in_or_fail(".", argv);
}

static bool is_installed(const char *program)
{
	const char *path = getenv("PATH");
	char file[512];

	while (path && *path) {
		size_t length = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, program);
		if (access(file, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

void need_tool(const char *program)
{
	if (is_installed(program))
		return;
	if (getenv("DFURIG_ALLOW_MISSING_TOOLS"))
		cr_skip_test("%s is not installed", program);
	cr_assert_fail(
		"%s is not installed (ci/setup installs it; DFURIG_ALLOW_MISSING_TOOLS=1 skips)",
		program);
}

void run_done(struct run *run)
{
	free(run->out);
	free(run->err);
}
