/* SPDX-License-Identifier: MIT */
#include "harness/host/host_os_direct.h"

#include "harness/host/usb_host_direct.h"
#include "harness/testing/usb_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

/* Says its first argument and returns 3. */
static int echo(const struct host_program *program UNUSED, struct host_os *os UNUSED,
	char *const argv[], struct buf *out)
{
	cr_assert_eq(buf_printf(out, "%s", argv[1]), 0);
	return 3;
}

/* Sleeps as it was told, at most until its time is over. */
static int nap(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[] UNUSED, struct buf *out UNUSED)
{
	uint64_t until_us = clock_after_us(os->clock, 10000000);
	uint64_t deadline_us = host_os_direct_deadline_us(os);

	clock_sleep_until_us(os->clock, until_us < deadline_us ? until_us : deadline_us);
	return 0;
}

/* Runs the program that its arguments are, with more time than it has itself. */
static int outer(const struct host_program *program UNUSED, struct host_os *os, char *const argv[],
	struct buf *out)
{
	struct host_program_result result = {0};
	int r = os->ops->run(os, argv + 1, 60000, &result, NULL);

	if (r == 0)
		cr_assert_eq(buf_append(out, result.output.data, result.output.size), 0);
	buf_done(&result.output);
	return r < 0 ? 1 : result.exit_code;
}

static const struct host_program echo_program = {.name = "echo", .main = echo};
static const struct host_program nap_program = {.name = "nap", .main = nap};
static const struct host_program outer_program = {.name = "outer", .main = outer};
static const struct host_program *const programs[] = {
	&echo_program, &nap_program, &outer_program, NULL};

struct os_rig {
	struct usb_rig usb;
	struct host_os *os;
	struct host_program_result result;
	struct why why;
};

static struct os_rig *os_rig_init(struct os_rig *rig)
{
	*rig = (struct os_rig){0};
	usb_rig_init_or_fail(&rig->usb);
	rig->os = host_os_direct_new(rig->usb.host, NULL, programs);
	cr_assert(rig->os);
	return rig;
}

static void os_rig_done(struct os_rig *rig)
{
	buf_done(&rig->result.output);
	host_os_direct_free(rig->os);
	usb_rig_done(&rig->usb);
}

static int run(struct os_rig *rig, uint32_t limit_ms, char *const argv[])
{
	buf_done(&rig->result.output);
	rig->result = (struct host_program_result){0};
	return rig->os->ops->run(rig->os, argv, limit_ms, &rig->result, &rig->why);
}

#define RUN(rig, limit_ms, ...) run(rig, limit_ms, (char *const[]){__VA_ARGS__, NULL})

Test(host_os_direct, programs_are_found_by_name_without_folders_and_exe)
{
	CLEANUP(os_rig_done) struct os_rig rig;
	static char *const names[] = {"echo", "/usr/bin/echo", "bin\\echo.EXE", "./echo.exe"};

	os_rig_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cr_expect_eq(RUN(&rig, 0, names[i], "hello"), 0, "%s", names[i]);
		cr_expect_eq(rig.result.exit_code, 3);
		cr_expect_eq(rig.result.output.size, 5);
		cr_expect(!rig.result.timed_out);
	}
}

Test(host_os_direct, what_is_not_there_is_enoent)
{
	CLEANUP(os_rig_done) struct os_rig rig;

	os_rig_init(&rig);
	cr_expect_eq(RUN(&rig, 0, "ech"), -ENOENT);
	cr_expect_eq(RUN(&rig, 0, "echoo"), -ENOENT);
	cr_expect_str_eq(rig.why.text, "echoo: there is no such program");
}

Test(host_os_direct, programs_can_be_uninstalled)
{
	CLEANUP(os_rig_done) struct os_rig rig;
	static const char *const missing[] = {"echo", NULL};

	os_rig_init(&rig);
	host_os_direct_set_missing(rig.os, missing);
	cr_expect_eq(RUN(&rig, 0, "/usr/bin/echo", "x"), -ENOENT);
	cr_expect_eq(RUN(&rig, 0, "nap"), 0);
	host_os_direct_set_missing(rig.os, NULL);
	cr_expect_eq(RUN(&rig, 0, "echo", "x"), 0);
}

/* Is killed, and does not notice. */
static int victim(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[] UNUSED, struct buf *out)
{
	host_os_direct_kill(os);
	usb_host_direct_set_dead(os->usb, true);
	clock_sleep_until_us(os->clock, clock_after_us(os->clock, 10000000));
	cr_assert_eq(buf_printf(out, "still here"), 0);
	return 0;
}

Test(host_os_direct, who_is_killed_ends_so_and_takes_no_time_of_the_world)
{
	static const struct host_program victim_program = {.name = "victim", .main = victim};
	static const struct host_program *const table[] = {&victim_program, &echo_program, NULL};
	struct usb_rig usb;
	struct host_program_result result = {0};
	struct host_os *os;

	usb_rig_init_or_fail(&usb);
	os = host_os_direct_new(usb.host, NULL, table);
	cr_assert_eq(os->ops->run(os, (char *const[]){"victim", NULL}, 0, &result, NULL), 0);
	usb_host_direct_set_dead(usb.host, false);
	cr_expect_eq(result.exit_code, HOST_OS_KILLED);
	cr_expect(!result.timed_out);
	cr_expect_eq(clock_now_us(os->clock), 0);
	cr_expect_eq(result.output.size, 0, "what it says afterwards, nobody hears");
	buf_done(&result.output);
	cr_expect_eq(os->ops->run(os, (char *const[]){"echo", "x", NULL}, 0, &result, NULL), 0);
	cr_expect_eq(result.exit_code, 3, "the next one lives");
	buf_done(&result.output);
	host_os_direct_free(os);
	usb_rig_done(&usb);
}

Test(host_os_direct, who_takes_too_long_is_killed)
{
	CLEANUP(os_rig_done) struct os_rig rig;

	os_rig_init(&rig);
	cr_expect_eq(RUN(&rig, 2000, "nap"), 0);
	cr_expect(rig.result.timed_out);
	cr_expect_eq(rig.result.exit_code, HOST_OS_KILLED);
	cr_expect_eq(clock_now_us(rig.os->clock), 2000000);
	cr_expect_eq(RUN(&rig, 0, "nap"), 0);
	cr_expect(!rig.result.timed_out);
	cr_expect_eq(clock_now_us(rig.os->clock), 12000000);
}

Test(host_os_direct, a_program_of_a_program_has_no_more_time_than_that)
{
	CLEANUP(os_rig_done) struct os_rig rig;

	os_rig_init(&rig);
	cr_expect_eq(RUN(&rig, 2000, "outer", "nap"), 0);
	cr_expect(rig.result.timed_out);
	cr_expect_eq(clock_now_us(rig.os->clock), 2000000);
	cr_expect_eq(RUN(&rig, 2000, "outer", "echo", "hello"), 0);
	cr_expect_eq(rig.result.exit_code, 3);
	cr_expect_eq(rig.result.output.size, 5);
}

Test(host_os_direct, programs_that_run_themselves_end)
{
	CLEANUP(os_rig_done) struct os_rig rig;
	char *argv[32];

	os_rig_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(argv) - 1; i++)
		argv[i] = "outer";
	argv[ARRAY_SIZE(argv) - 1] = NULL;
	cr_expect_eq(run(&rig, 0, argv), 0);
	cr_expect_eq(rig.result.exit_code, 1);
}
