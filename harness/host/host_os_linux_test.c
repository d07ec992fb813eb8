/* SPDX-License-Identifier: MIT */
#include "harness/host/host_os_linux.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct linux_rig {
	struct host_os *os;
	struct host_program_result result;
	struct why why;
};

static void linux_rig_init(struct linux_rig *rig)
{
	*rig = (struct linux_rig){.os = host_os_linux_new(NULL, NULL)};
	cr_assert(rig->os);
}

static void linux_rig_done(struct linux_rig *rig)
{
	buf_done(&rig->result.output);
	host_os_linux_free(rig->os);
}

static int run(struct linux_rig *rig, uint32_t limit_ms, char *const argv[])
{
	buf_done(&rig->result.output);
	rig->result = (struct host_program_result){0};
	return rig->os->ops->run(rig->os, argv, limit_ms, &rig->result, &rig->why);
}

#define RUN(rig, limit_ms, ...) run(rig, limit_ms, (char *const[]){__VA_ARGS__, NULL})

static void expect_output(const struct linux_rig *rig, const char *text)
{
	cr_expect_eq(rig->result.output.size, strlen(text), "%.*s", (int)rig->result.output.size,
		(const char *)rig->result.output.data);
	cr_expect_arr_eq(rig->result.output.data, text, strlen(text));
}

Test(host_os_linux, gives_output_and_exit_code)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	cr_assert_eq(RUN(&rig, 0, "sh", "-c", "echo out; echo err >&2; exit 7"), 0);
	expect_output(&rig, "out\nerr\n");
	cr_expect_eq(rig.result.exit_code, 7);
	cr_expect(!rig.result.timed_out);
}

Test(host_os_linux, inherits_the_environment_but_no_input)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	setenv("DFURIG_TEST_WORD", "below", 1);
	cr_assert_eq(RUN(&rig, 0, "sh", "-c", "cat; echo $DFURIG_TEST_WORD"), 0);
	expect_output(&rig, "below\n");
}

Test(host_os_linux, a_missing_program_is_enoent)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	cr_expect_eq(RUN(&rig, 0, "no-such-program-of-dfurig"), -ENOENT);
	cr_expect(strstr(rig.why.text, "no-such-program-of-dfurig"), "%s", rig.why.text);
	cr_expect_eq(RUN(&rig, 0, "/etc/passwd"), -EACCES);
}

Test(host_os_linux, a_signal_is_told_as_the_shell_does)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	cr_assert_eq(RUN(&rig, 0, "sh", "-c", "kill -TERM $$"), 0);
	cr_expect_eq(rig.result.exit_code, 128 + SIGTERM);
}

/* The number in the output is a process of its own; it must be gone. */
static void expect_gone(const struct linux_rig *rig)
{
	char text[32] = "";
	pid_t pid;
	int fd;

	cr_assert_lt(rig->result.output.size, sizeof(text));
	memcpy(text, rig->result.output.data, rig->result.output.size);
	pid = (pid_t)strtol(text, NULL, 10);
	cr_assert_gt(pid, 1);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && errno == ESRCH)
		return;
	cr_assert_geq(fd, 0);
	/* Readable when it has ended, whoever is to look at that. */
	cr_expect_eq(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 10000), 1);
	close(fd);
}

Test(host_os_linux, who_takes_too_long_is_killed_with_his_children)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	cr_assert_eq(RUN(&rig, 100, "sh", "-c", "sleep 1000 & echo $!; wait"), 0);
	cr_expect(rig.result.timed_out);
	cr_expect_eq(rig.result.exit_code, 128 + SIGKILL);
	expect_gone(&rig);
}

Test(host_os_linux, children_that_are_left_behind_are_killed)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	cr_assert_eq(RUN(&rig, 0, "sh", "-c", "sleep 1000 & echo $!"), 0);
	cr_expect_eq(rig.result.exit_code, 0);
	expect_gone(&rig);
}

Test(host_os_linux, output_beyond_the_limit_is_dropped)
{
	CLEANUP(linux_rig_done) struct linux_rig rig;

	linux_rig_init(&rig);
	cr_assert_eq(RUN(&rig, 0, "head", "-c", "3000000", "/dev/zero"), 0);
	cr_expect_eq(rig.result.exit_code, 0);
	cr_expect_leq(rig.result.output.size, HOST_OUTPUT_MAX);
	cr_expect_gt(rig.result.output.size, HOST_OUTPUT_MAX - 8192);
}
