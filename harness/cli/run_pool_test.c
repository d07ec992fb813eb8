/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_pool.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS 20

struct shift {
	struct run_pool pool;
	struct run_summary jobs[JOBS];
	size_t ended;
	bool text_fits;
};

static void ended(struct run_pool *pool, size_t index, struct run_output *output)
{
	struct shift *shift = pool->user;
	char expected[32];

	snprintf(expected, sizeof(expected), "text %zu", index);
	shift->text_fits &= output->text.size == strlen(expected) &&
			    memcmp(output->text.data, expected, output->text.size) == 0;
	shift->ended++;
}

static void do_well(struct run_pool *pool UNUSED, size_t index, struct run_summary *job,
	struct run_output *output)
{
	job->verdict = VERDICT_PASS;
	job->board_us = index;
	(void)!buf_printf(&output->text, "text %zu", index);
	for (int i = 0; i < 5000; i++)
		(void)!buf_printf(
			&output->html, "a report that does not fit into a pipe at once\n");
}

static void crash_at_three(
	struct run_pool *pool, size_t index, struct run_summary *job, struct run_output *output)
{
	if (index == 3)
		raise(SIGKILL);
	if (index == 4)
		_exit(7);
	do_well(pool, index, job, output);
}

static void hang_at_two(
	struct run_pool *pool, size_t index, struct run_summary *job, struct run_output *output)
{
	if (index == 2)
		for (;;)
			pause();
	do_well(pool, index, job, output);
}

static void ask_to_end(struct run_pool *pool UNUSED, size_t index UNUSED,
	struct run_summary *job UNUSED, struct run_output *output UNUSED)
{
	kill(getppid(), SIGTERM);
	for (;;)
		pause();
}

static void prepare(struct shift *shift, __typeof__(&do_well) work, uint64_t limit_us)
{
	memset(shift, 0, sizeof(*shift));
	shift->text_fits = true;
	shift->pool = (struct run_pool){
		.workers = 3,
		.limit_us = limit_us,
		.jobs = shift->jobs,
		.count = JOBS,
		.user = shift,
		.work = work,
		.ended = ended,
	};
}

static int work_off(struct shift *shift, __typeof__(&do_well) work, uint64_t limit_us)
{
	struct why why;

	prepare(shift, work, limit_us);
	return run_pool(&shift->pool, &why);
}

Test(run_pool, every_job_ends_with_its_own_result)
{
	struct shift shift;

	cr_assert_eq(work_off(&shift, do_well, 60000000), 0);
	cr_expect_eq(shift.ended, JOBS);
	cr_expect(shift.text_fits);
	for (size_t i = 0; i < JOBS; i++) {
		cr_expect_eq(shift.jobs[i].verdict, VERDICT_PASS);
		cr_expect_eq(shift.jobs[i].board_us, i);
	}
}

Test(run_pool, a_job_that_crashes_is_an_error_and_the_others_go_on)
{
	struct shift shift;

	cr_assert_eq(work_off(&shift, crash_at_three, 60000000), 0);
	cr_expect_eq(shift.ended, JOBS);
	cr_expect_eq(shift.jobs[3].verdict, VERDICT_ERROR);
	cr_expect_str_eq(shift.jobs[3].reason, "the run crashed: Killed");
	cr_expect_eq(shift.jobs[4].verdict, VERDICT_ERROR);
	cr_expect_str_eq(shift.jobs[4].reason, "the run broke off with exit code 7");
	cr_expect_eq(shift.jobs[5].verdict, VERDICT_PASS);
}

static size_t batch_of_seven(const struct run_pool *pool UNUSED, size_t index UNUSED)
{
	return 7;
}

Test(run_pool, jobs_of_one_process_have_their_own_results_and_one_that_crashes_stops_no_other)
{
	struct shift shift;

	prepare(&shift, crash_at_three, 60000000);
	shift.pool.batch = batch_of_seven;
	cr_assert_eq(run_pool(&shift.pool, NULL), 0);
	cr_expect_eq(shift.ended, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		cr_expect_eq(shift.jobs[i].verdict, i == 3 || i == 4 ? VERDICT_ERROR : VERDICT_PASS,
			"job %zu", i);
		cr_expect_eq(shift.jobs[i].board_us, i == 3 || i == 4 ? 0 : i);
	}
}

Test(run_pool, a_job_that_does_not_end_is_killed_and_an_error)
{
	struct shift shift;

	cr_assert_eq(work_off(&shift, hang_at_two, 300000), 0);
	cr_expect_eq(shift.jobs[2].verdict, VERDICT_ERROR);
	cr_expect_str_eq(shift.jobs[2].reason, "the run did not end in its time and was killed");
}

Test(run_pool, asked_to_end_it_kills_what_runs)
{
	struct shift shift;

	cr_expect_eq(work_off(&shift, ask_to_end, 60000000), -EINTR);
	cr_expect_eq(shift.ended, 0);
	cr_expect_lt(waitpid(-1, NULL, 0), 0);
	cr_expect_eq(errno, ECHILD);
}

static void be_interrupted(
	struct run_pool *pool, size_t index, struct run_summary *job, struct run_output *output)
{
	raise(SIGINT);
	raise(SIGHUP);
	do_well(pool, index, job, output);
}

Test(run_pool, what_the_terminal_sends_to_all_is_the_parents_to_handle)
{
	struct shift shift;

	cr_expect_eq(work_off(&shift, be_interrupted, 60000000), 0);
	cr_expect_eq(shift.jobs[0].verdict, VERDICT_PASS, "%s", shift.jobs[0].reason);
}
