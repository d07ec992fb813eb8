/* SPDX-License-Identifier: MIT */
#include "harness/host/host_os_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS   20 /* how long the end of one that left its output to a child may go unnoticed */
#define DRAIN_MAX 1024 /* reads of what is left behind by one that has ended */

struct process {
	pid_t pid; /* leader of its own process group */
	int output;
	uint64_t deadline_us;
};

/* ---- start ---- */

static void reset_signals(void)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. Tells the parent the errno when the program could not be executed. */
static void become(char *const argv[], int output, int report, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);
	int error;

	setpgid(0, 0);
	reset_signals();
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execvp(argv[0], argv);
	error = errno;
	_exit(write(report, &error, sizeof(error)) < 0 ? 126 : 127);
}

/* The errno of a child that could not become the program; 0: it did. */
static int read_report(int report)
{
	int error = 0;
	ssize_t n;

	do
		n = read(report, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

static int start(char *const argv[], struct process *ret, struct why *why)
{
	pid_t parent = getpid();
	int report[2], output[2], error;

	if (pipe2(report, O_CLOEXEC) < 0)
		return why_errno(why, -errno, "pipe");
	CLEANUP(close_fd) int report_end = report[0];
	if (pipe2(output, O_CLOEXEC) < 0) {
		error = errno;
		close(report[1]);
		return why_errno(why, -error, "pipe");
	}
	ret->pid = fork();
	if (ret->pid == 0)
		become(argv, output[1], report[1], parent);
	error = ret->pid < 0 ? errno : 0;
	close(report[1]);
	close(output[1]);
	if (!error)
		error = read_report(report_end);
	if (error) {
		close(output[0]);
		if (ret->pid > 0)
			waitpid(ret->pid, NULL, 0);
		return why_errno(why, -error, "%s", argv[0]);
	}
	setpgid(ret->pid, ret->pid);
	ret->output = output[0];
	return 0;
}

/* ---- run ---- */

/* Reads what is there. False at the end of the output. What is beyond the limit is read and dropped. */
static bool take_output(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	(void)!buf_append(out, bytes, (size_t)n);
	return n > 0;
}

static int poll_ms(bool has_output, uint64_t now_us, uint64_t deadline_us)
{
	uint64_t left_ms = (deadline_us - now_us) / 1000 + 1;

	if (!has_output)
		return 1;
	return left_ms < POLL_MS ? (int)left_ms : POLL_MS;
}

/* Its end, seen but not yet taken away, so that its process group is still its own. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* Until it ends, or its time does (false). */
static bool attend(const struct process *process, struct clock *clock, struct buf *out)
{
	struct pollfd from = {.fd = process->output, .events = POLLIN};

	while (!has_ended(process->pid)) {
		uint64_t now_us = clock_now_us(clock);

		if (now_us >= process->deadline_us)
			return false;
		if (poll(&from, 1, poll_ms(from.fd >= 0, now_us, process->deadline_us)) > 0 &&
			!take_output(from.fd, out))
			from.fd = -1;
	}
	return true;
}

/* Ends its process group, itself included, and takes what it has still said. */
static int finish(const struct process *process, struct buf *out)
{
	struct pollfd from = {.fd = process->output, .events = POLLIN};
	int status = 0;

	kill(-process->pid, SIGKILL);
	for (int i = 0; i < DRAIN_MAX && poll(&from, 1, 0) > 0; i++)
		if (!take_output(from.fd, out))
			break;
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(process->output);
	return status;
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int linux_run(struct host_os *os, char *const argv[], uint32_t limit_ms,
	struct host_program_result *ret, struct why *why)
{
	struct process process = {0};
	int r = start(argv, &process, why);

	if (r < 0)
		return r;
	buf_init(&ret->output, HOST_OUTPUT_MAX);
	process.deadline_us =
		limit_ms ? clock_after_us(os->clock, limit_ms * UINT64_C(1000)) : CLOCK_NEVER;
	ret->timed_out = !attend(&process, os->clock, &ret->output);
	ret->exit_code = exit_code(finish(&process, &ret->output));
	return 0;
}

static const struct host_os_ops linux_ops = {
	.name = "linux",
	.run = linux_run,
};

struct host_os *host_os_linux_new(struct usb_host *usb, struct serial_host *serial)
{
	struct host_os *os = calloc(1, sizeof(*os));

	if (os)
		*os = (struct host_os){
			.ops = &linux_ops,
			.clock = clock_monotonic(),
			.usb = usb,
			.serial = serial,
		};
	return os;
}

void host_os_linux_free(struct host_os *os)
{
	free(os);
}
