/* SPDX-License-Identifier: MIT */
/* What is counted from the cells of a sweep, and how it is told. */
#include "harness/report/sweep.h"

#include "harness/report/sweep_json.h"
#include "harness/report/sweep_terminal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/attr.h"

static const struct sweep_cell cells[] = {
	{.occasion = 1, .cut = SWEEP_VDD, .need = SWEEP_NOTHING, .recovery_us = 1000000},
	{.occasion = 2,
		.cut = SWEEP_VDD,
		.need = SWEEP_PROGRAM_HELD,
		.recovery_us = 9000000,
		.phase = SWEEP_WRITING,
		.where = "before DNLOAD"},
	{.occasion = 2,
		.cut = SWEEP_KILL,
		.need = SWEEP_RUN_AGAIN,
		.recovery_us = 3000000,
		.phase = SWEEP_WRITING},
	{.occasion = 4,
		.cut = SWEEP_KILL,
		.need = SWEEP_LOST,
		.recovery_us = 99000000,
		.verdict = VERDICT_FAIL,
		.inside = true,
		.percent = 50,
		.phase = SWEEP_LEAVING,
		.expected = "back",
		.got = "lost",
		.why = "it is so"},
};

static struct sweep sweep_of(size_t count)
{
	return (struct sweep){
		.scenario = "s",
		.flasher = "f",
		.board = "b",
		.transport = "direct",
		.again = "dfurig sweep s",
		.occasions = 4,
		.planned = count,
		.count = count,
		.exhaustive = true,
		.cells = cells,
	};
}

Test(sweep, counts_needs_and_finds_the_worst_recovery)
{
	const struct sweep sweep = sweep_of(ARRAY_SIZE(cells));
	struct sweep_summary summary;

	cr_assert_eq(sweep_summarise(&sweep, &summary), 0);
	cr_expect_eq(summary.verdicts[VERDICT_PASS], 3);
	cr_expect_eq(summary.verdicts[VERDICT_FAIL], 1);
	cr_expect_eq(summary.needs[SWEEP_PROGRAM_HELD], 1);
	cr_expect_eq(summary.cut_needs[SWEEP_KILL][SWEEP_RUN_AGAIN], 1);
	cr_expect_eq(summary.worst, 1, "a board that was lost has no time");
	cr_expect_eq(summary.first_fail, 3);
	cr_expect_eq(summary.median_us, 3000000);
	cr_expect_eq(sweep_verdict(&sweep, &summary), VERDICT_FAIL);
}

Test(sweep, passes_only_when_all_that_was_planned_was_seen)
{
	struct sweep sweep = sweep_of(3);
	struct sweep_summary summary;

	cr_assert_eq(sweep_summarise(&sweep, &summary), 0);
	cr_expect_eq(sweep_verdict(&sweep, &summary), VERDICT_PASS);
	sweep.planned = 4;
	cr_expect_eq(sweep_verdict(&sweep, &summary), VERDICT_ERROR);
	sweep = sweep_of(3);
	sweep.interrupted = true;
	cr_expect_eq(sweep_verdict(&sweep, &summary), VERDICT_ERROR);
	sweep = sweep_of(0);
	cr_assert_eq(sweep_summarise(&sweep, &summary), 0);
	cr_expect_eq(sweep_verdict(&sweep, &summary), VERDICT_ERROR, "nothing proves nothing");
}

Test(sweep, maps_cells_to_columns_of_occasions)
{
	struct sweep sweep = sweep_of(ARRAY_SIZE(cells));
	struct sweep_square map[SWEEP_CUT_COUNT * 2];
	enum sweep_phase phases[2];

	sweep_map(&sweep, 2, map);
	cr_expect_eq(map[SWEEP_VDD * 2].count, 2);
	cr_expect_eq(map[SWEEP_VDD * 2].need, SWEEP_PROGRAM_HELD);
	cr_expect_eq(map[SWEEP_VDD * 2].first, 1);
	cr_expect_eq(map[SWEEP_VDD * 2 + 1].count, 0);
	cr_expect_eq(map[SWEEP_KILL * 2 + 1].fails, 1);
	cr_expect_eq(sweep_square_at(&sweep, SWEEP_KILL, 1, 2).fails, 1);
	sweep_map_phases(&sweep, 2, phases);
	cr_expect_eq(phases[0], SWEEP_BEFORE);
	cr_expect_eq(phases[1], SWEEP_LEAVING);
	/* Of a part of the occasions, the map is of that part. */
	sweep.from = 3;
	sweep.to = 4;
	cr_expect_eq(sweep_square_at(&sweep, SWEEP_KILL, 1, 2).fails, 1);
}

Test(sweep, a_cell_has_a_name_that_repeats_it)
{
	const struct sweep sweep = sweep_of(ARRAY_SIZE(cells));
	char line[80];

	cr_expect_str_eq(sweep_again(&sweep, &cells[0], line, sizeof(line)),
		"dfurig sweep s --again-cell vdd@1");
	cr_expect_str_eq(sweep_cell_name(&cells[3], line, sizeof(line)), "kill@4+50%");
}

static char *print(const struct sweep *sweep, const struct sweep_terminal *terminal)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	cr_assert_not_null(file);
	cr_assert_eq(sweep_terminal_print(terminal, file, sweep), 0);
	fclose(file);
	return text;
}

Test(sweep_terminal, tells_needs_map_and_what_failed)
{
	const struct sweep sweep = sweep_of(ARRAY_SIZE(cells));
	CLEANUP(free_ptr) char *text = print(&sweep, &(struct sweep_terminal){.width = 40});
	static const char *const says[] = {
		"s  b  f  FAIL\n",
		" 4 cuts of 4 in 0 s   1 boards lost   1 broke a promise\n",
		" needed to recover:   nothing 25 %   run again 25 %   PROGRAM held 25 %   lost 25 "
		"%\n",
		" worst recovery 9.0 s of board time (power cut: before DNLOAD), median 3.0 s\n",
		"          power cut  .P  \n",
		"     flasher killed   r !\n",
		"   expected  back\n   got       lost\n   why       it is so\n"
		"   again     dfurig sweep s --again-cell kill@4+50%\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(says); i++)
		cr_expect(strstr(text, says[i]), "no \"%s\" in\n%s", says[i], text);
}

Test(sweep_terminal, colours_only_where_it_may)
{
	const struct sweep sweep = sweep_of(ARRAY_SIZE(cells));
	CLEANUP(free_ptr) char *plain = print(&sweep, &(struct sweep_terminal){.width = 40});
	CLEANUP(free_ptr)
	char *coloured = print(&sweep, &(struct sweep_terminal){.width = 40, .colour = true});

	cr_expect_null(strchr(plain, '\033'));
	cr_expect_not_null(strchr(coloured, '\033'));
}

Test(sweep_terminal, a_bar_fits_into_its_terminal)
{
	char line[SWEEP_PROGRESS_SIZE];

	cr_expect_str_eq(sweep_terminal_progress(50, 100, 3000000, 80, line),
		" 50 cuts of 100  [############------------]  3 s");
	cr_expect_leq(strlen(sweep_terminal_progress(1500000, 3000000, 3000000, 30, line)), 30);
}

Test(sweep_json, is_a_line_a_cell_and_one_with_the_sum)
{
	const struct sweep sweep = sweep_of(ARRAY_SIZE(cells));
	CLEANUP(buf_done) struct buf out;
	size_t lines = 0;

	buf_init(&out, 1 << 20);
	cr_assert_eq(sweep_json_append(&out, &sweep), 0);
	for (size_t i = 0; i < out.size; i++)
		lines += out.data[i] == '\n';
	cr_assert_eq(buf_append(&out, "", 1), 0);
	cr_expect_eq(lines, ARRAY_SIZE(cells) + 1);
	cr_expect(strstr((const char *)out.data, "\"need\":\"program-held\""));
	cr_expect(strstr((const char *)out.data, "\"why\":\"it is so\""));
	cr_expect(strstr((const char *)out.data, "\"kind\":\"summary\""));
}
