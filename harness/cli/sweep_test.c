/* SPDX-License-Identifier: MIT */
/* dfurig sweep: it finds what was planted, passes where nothing was, and loses no cell. */
#include "harness/cli/exec_files_test.h"
#include "harness/cli/sweep_children.h"

#include <errno.h>
#include <signal.h>

/* What only an update that is interrupted shows; the words name the promise that was broken. */
static const struct planted {
	const char *flaw, *cut, *says;
} planted[] = {
	{"keeps-error", "error", "a board in its bootloader comes back by running the flasher"},
	{"no-erase-on-retry", "usb",
		"PROGRAM held at power-up and the flasher bring the board back"},
	{"leaves-unverified", "flip",
		"the bootloader is left only when the flash equals the image"},
	{"resumes-wrong-block", "usb", "the bootloader is left only when the flash equals"},
};

static const char *flasher_with(struct temp_dir *dir, const char *flaw)
{
	char text[600];
	int n = snprintf(text, sizeof(text),
		"name: careless\ntitle: a tool with a flaw\n"
		"command: [dfurig, update, \"{flow}\"%s%s, --image, \"{image}\"]\n"
		"flows: [auto, manual]\nrestores-tune: yes\n"
		"success: {exit: 0, says: \"update: done\"}\nlimit: 5 min\nsource: planted\n",
		flaw ? ", --flaw, " : "", flaw ? flaw : "");

	return temp_file_or_fail(dir, "careless.yaml", text, (size_t)n);
}

static struct run sweep_with(struct temp_dir *dir, const char *flaw, const char *cut)
{
	return RUN_OR_FAIL(DFURIG, "sweep", "interrupted-auto", "--at", "every-block", "--cut", cut,
		"--points", "24", "--jobs", "1", "--flasher", flasher_with(dir, flaw));
}

Test(sweep, finds_what_only_an_interrupted_update_shows)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(planted); i++) {
		const struct planted *p = &planted[i];
		CLEANUP(run_done) struct run run = sweep_with(&dir, p->flaw, p->cut);

		cr_expect_eq(run.code, 1, "%s: exit %d\n%s%s", p->flaw, run.code, run.out, run.err);
		cr_expect(strstr(run.out, "  FAIL\n"), "%s: %s", p->flaw, run.out);
		cr_expect(
			strstr(run.out, p->says), "%s: no \"%s\" in %s", p->flaw, p->says, run.out);
		cr_expect(strstr(run.out, "--again-cell"), "%s: %s", p->flaw, run.out);
	}
}

/* The same flasher, with nothing planted. */
Test(sweep, passes_when_nothing_is_planted)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(planted); i++) {
		CLEANUP(run_done) struct run run = sweep_with(&dir, NULL, planted[i].cut);

		cr_expect_eq(run.code, 0, "%s: exit %d\n%s%s", planted[i].cut, run.code, run.out,
			run.err);
		cr_expect(strstr(run.out, "0 boards lost"), "%s", run.out);
	}
}

Test(sweep, cuts_at_each_occasion_of_a_range_in_each_way)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "sweep", "interrupted-flash", "--at", "60..80",
		"--cut", "all", "--json", "/dev/stdout");

	cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "\"verdict\":\"PASS\",\"cuts\":"), "%s", run.out);
	cr_expect(strstr(run.out, "\"needs\":{\"nothing\":"), "%s", run.out);
	cr_expect(strstr(run.out, "\"kinds\":{\"vdd\":"), "%s", run.out);
}

Test(sweep, takes_read_protection_off_and_says_what_that_costs)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, "sweep", "interrupted-unprotect", "--at", "40..55", "--cut", "vdd,usb");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "option bytes"), "%s", run.out);
	cr_expect(strstr(run.out, "(RDP, tune lost, announced)"), "%s", run.out);
}

Test(sweep, repeats_one_cell_with_its_story)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "sweep", "interrupted-flash", "--again-cell", "vdd@1");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "PROGRAM is held"), "%s", run.out);
	cr_expect(strstr(run.out, "  needed    "), "%s", run.out);
}

Test(sweep, writes_its_page_and_its_cells)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, "sweep", "interrupted-auto", "--points", "2", "--report", dir.path);
	CLEANUP(run_done)
	struct run list = RUN_OR_FAIL("ls", dir.path);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(list.out, "cells.jsonl\nindex.html\n"), "%s", list.out);
}

static const struct {
	const char *words[5];
	int code;
	const char *says;
} mistakes[] = {
	{{NULL}, 2, "which scenario?"},
	{{"interrupted-flash", "interrupted-auto"}, 2, "one scenario at a time"},
	{{"interrupted-flash", "--cut", "axe"}, 2, "--cut: \"axe\" is not one of vdd, "},
	{{"interrupted-flash", "--at", "9..3"}, 2,
		"--at: \"9..3\" is not one of every-transaction"},
	{{"interrupted-flash", "--again-cell", "vdd"}, 2, "is not KIND@N"},
	{{"interrupted-flash", "--again-cell", "vdd@999999"}, 125,
		"did not come to occasion 999999"},
	{{"no-such-story"}, 3, "no-such-story"},
	{{"magic-lost"}, 1, "without any cut builtin does not update the board: "},
};

Test(sweep, says_what_is_wrong_with_a_command_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const char *const *w = mistakes[i].words;
		CLEANUP(run_done)
		struct run run = w[0] ? RUN_OR_FAIL(DFURIG, "sweep", w[0], w[1], w[2])
				      : RUN_OR_FAIL(DFURIG, "sweep");

		cr_expect_eq(run.code, mistakes[i].code, "row %zu: exit %d\n%s%s", i, run.code,
			run.out, run.err);
		cr_expect(strstr(run.err, mistakes[i].says), "row %zu: %s", i, run.err);
	}
}

/* ---- the processes of a sweep ---- */

Test(sweep_children, a_cell_whose_process_crashes_is_an_error)
{
	struct sweep_cell *cells = sweep_share(3 * sizeof(*cells));
	struct sweep_children children = {.cells = cells, .jobs = 2, .limit_s = 60};
	struct why why = {""};

	cr_assert_not_null(cells);
	sweep_children_begin(&children);
	for (size_t i = 0; i < 3; i++) {
		int r = sweep_children_fork(&children, i);

		if (r > 0 && i == 0)
			raise(SIGKILL);
		if (r > 0 && i == 1)
			sweep_children_hand_in(
				&children, NULL, why_set(&why, -EIO, "so it is"), &why);
		if (r > 0)
			sweep_children_hand_in(
				&children, &(struct sweep_cell){.need = SWEEP_REPLUG}, 0, NULL);
		cr_assert_eq(r, 0);
	}
	sweep_children_wait(&children);
	sweep_children_end(&children);
	cr_expect_eq(children.done, 3);
	cr_expect_eq(cells[0].verdict, VERDICT_ERROR);
	cr_expect(strstr(cells[0].why, "crashed"), "%s", cells[0].why);
	cr_expect_eq(cells[1].verdict, VERDICT_ERROR);
	cr_expect_str_eq(cells[1].why, "so it is");
	cr_expect_eq(cells[2].verdict, VERDICT_PASS);
	cr_expect_eq(cells[2].need, SWEEP_REPLUG);
	sweep_unshare(cells, 3 * sizeof(*cells));
}
