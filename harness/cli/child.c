/* SPDX-License-Identifier: MIT */
#include "harness/cli/child.h"

#include "harness/base/clock.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORPHANS_US    1000000
#define ORPHANS_MAX   4096
#define CHILD_POLL_US 2000

/* --- start --- */

static void reset_signals(void)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. Tells the parent the errno when the command could not be executed. */
static void become(char *const argv[], const struct child_environment *env, int output,
	pid_t parent, int report)
{
	int error;

	if (output >= 0) {
		dup2(output, STDOUT_FILENO);
		dup2(output, STDERR_FILENO);
	}

	reset_signals();
	for (; env->name; env++)
		setenv(env->name, env->value, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execvp(argv[0], argv);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

int child_start(char *const argv[], const struct child_environment *env, int output, pid_t *ret_pid,
	struct why *why)
{
	pid_t parent = getpid(), pid;
	int report[2], error = 0;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		return why_errno(why, -errno, "pipe");
	pid = fork();
	if (pid == 0)
		become(argv, env, output, parent, report[1]);
	close(report[1]);
	if (pid < 0) {
		close(report[0]);
		return why_errno(why, -errno, "fork");
	}
	do
		n = read(report[0], &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n > 0) {
		waitpid(pid, NULL, 0);
		return why_errno(why, -error, "%s", argv[0]);
	}
	*ret_pid = pid;
	return 0;
}

int child_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* --- orphans --- */

void child_adopt_orphans(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Calls fn for each child of a process. Returns how many there are. */
static unsigned int for_each_child_of(pid_t parent, void (*fn)(pid_t pid))
{
	unsigned int count = 0;
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	file = fopen(path, "re");
	if (!file)
		return 0;
	for (; fscanf(file, "%d", &pid) == 1; count++)
		if (fn)
			fn(pid);
	fclose(file);
	return count;
}

static unsigned int for_each_child(void (*fn)(pid_t pid))
{
	return for_each_child_of(getpid(), fn);
}

/* Stopped first: who is killed has no time to start another. */
void child_kill(pid_t pid)
{
	kill(pid, SIGSTOP);
	for_each_child_of(pid, child_kill);
	kill(pid, SIGKILL);
}

unsigned int child_count(void)
{
	return for_each_child(NULL);
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
}

void child_end_orphans(void)
{
	struct clock *clock = clock_monotonic();
	uint64_t until_us = clock_after_us(clock, ORPHANS_US);

	for (int count = 0; count < ORPHANS_MAX && clock_now_us(clock) < until_us;) {
		pid_t pid;

		for_each_child(kill_child);
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return;
		if (pid > 0)
			count++;
		else
			clock_sleep_until_us(clock, clock_after_us(clock, CHILD_POLL_US));
	}
}

/* --- out of reach --- */

bool child_find(const char *command, char ret[static PATH_MAX])
{
	const char *path = getenv("PATH");

	if (strchr(command, '/'))
		return snprintf(ret, PATH_MAX, "%s", command) < PATH_MAX;
	while (path && *path) {
		size_t length = strcspn(path, ":");

		if (snprintf(ret, PATH_MAX, "%.*s/%s", (int)length, path, command) < PATH_MAX &&
			access(ret, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

bool child_is_program(const char *command)
{
	char path[PATH_MAX];
	struct stat st;

	return child_find(command, path) && access(path, X_OK) == 0 && stat(path, &st) == 0 &&
	       S_ISREG(st.st_mode);
}

/* True for an ELF program that names no dynamic loader. */
static bool is_static(int fd)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);

		if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
			return false;
		if (segment.p_type == PT_INTERP)
			return false;
	}
	return true;
}

const char *child_out_of_reach(const char *command)
{
	char path[PATH_MAX];
	struct stat st;

	if (!child_find(command, path))
		return NULL;
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (st.st_mode & (S_ISUID | S_ISGID) && geteuid() != 0)
		return "it is set-user-ID or set-group-ID";
	return is_static(fd) ? "it is statically linked" : NULL;
}
