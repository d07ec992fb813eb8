/* SPDX-License-Identifier: MIT */
/* What all subcommands have in common, as a person starts them. */
#include "harness/testing/run.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define DFURIG DFURIG_BUILD "/harness/cli/dfurig"

static const char *const commands[][3] = {{"ecu"}, {"exec"}, {"flash"}, {"image"},
	{"image", "info"}, {"image", "convert"}, {"list"}, {"triage"}};

Test(dfurig, every_subcommand_has_help_with_an_example_and_its_exit_codes)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *first = commands[i][0], *second = commands[i][1];
		const char *const with_h[] = {
			DFURIG, first, second ? second : "-h", second ? "-h" : NULL, NULL};
		const char *const with_help[] = {
			DFURIG, first, second ? second : "--help", second ? "--help" : NULL, NULL};
		CLEANUP(run_done) struct run run = run_or_fail(with_h);
		CLEANUP(run_done) struct run longer = run_or_fail(with_help);

		cr_expect_eq(run.code, 0, "%s %s", first, second);
		cr_expect(strstr(run.out, "Example"), "%s", run.out);
		cr_expect(strstr(run.out, "Exit code"), "%s", run.out);
		cr_expect_str_eq(run.err, "");
		cr_expect_str_eq(run.out, longer.out, "%s %s: -h is not --help", first, second);
	}
}

Test(dfurig, helps_whoever_does_not_know_it)
{
	CLEANUP(run_done) struct run help = RUN_OR_FAIL(DFURIG, "--help");
	CLEANUP(run_done) struct run nothing = RUN_OR_FAIL(DFURIG);
	CLEANUP(run_done) struct run wrong = RUN_OR_FAIL(DFURIG, "fly");

	cr_expect_eq(help.code, 0);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		cr_expect(strstr(help.out, commands[i][0]), "%s", help.out);
	cr_expect_eq(nothing.code, 2);
	cr_expect_str_eq(nothing.err, help.out);
	cr_expect_eq(wrong.code, 2);
	cr_expect_str_eq(wrong.err, "dfurig: no command \"fly\"; see dfurig --help\n");
}

/* A result that is not all there is no success. */
Test(dfurig, a_full_disk_behind_stdout_is_an_error)
{
	static const char *const lines[] = {
		DFURIG " --help", DFURIG " list", DFURIG " list --json", DFURIG " image --help"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char script[300];

		snprintf(script, sizeof(script), "%s >/dev/full", lines[i]);
		CLEANUP(run_done) struct run run = RUN_OR_FAIL("sh", "-c", script);
		cr_expect_eq(run.code, 125, "%s: %d", lines[i], run.code);
		cr_expect_str_eq(run.err, "dfurig: the result cannot be printed\n");
	}
}
