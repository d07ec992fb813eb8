/* SPDX-License-Identifier: MIT */
#include "harness/report/html.h"

#include "harness/base/attr.h"
#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OCCASIONS 200
#define CUTS      3

static struct sweep_cell cells[OCCASIONS * CUTS];

/* Power cuts, STALLs and kills at each of the occasions: the board always comes back. */
static struct sweep sweep_of_all(void)
{
	static const enum sweep_cut cuts[CUTS] = {SWEEP_VDD, SWEEP_KILL, SWEEP_STALL};

	for (uint32_t i = 0; i < OCCASIONS * CUTS; i++) {
		cells[i] = (struct sweep_cell){
			.occasion = i / CUTS + 1,
			.cut = cuts[i % CUTS],
			.phase = i / CUTS < 50 ? SWEEP_ERASING : SWEEP_WRITING,
			.where = "DNLOAD, block <2>",
			.need = i % CUTS ? SWEEP_RUN_AGAIN : SWEEP_PROGRAM_HELD,
			.recovery_us = 1000000 + i,
		};
	}
	return (struct sweep){
		.scenario = "interrupted-flash",
		.title = "Cut & recovered",
		.flasher = "builtin",
		.again = "dfurig sweep interrupted-flash",
		.occasions = OCCASIONS,
		.exhaustive = true,
		.planned = OCCASIONS * CUTS,
		.cells = cells,
		.count = OCCASIONS * CUTS,
	};
}

static char *page_or_fail(const struct sweep *sweep, struct buf *out)
{
	const struct html_sweep page = {
		.sweep = sweep, .wall_us = UINT64_C(1795500000000000), .version = "1.2.3"};

	buf_init(out, 4u << 20);
	cr_assert_eq(html_sweep_append(out, &page), 0);
	expect_well_formed(out);
	cr_assert_eq(buf_append(out, "", 1), 0);
	return (char *)out->data;
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		found++;
	return found;
}

Test(html_sweep, the_page_says_how_many_boards_were_lost_and_what_was_needed)
{
	CLEANUP(buf_done) struct buf out;
	struct sweep sweep = sweep_of_all();
	const char *page = page_or_fail(&sweep, &out);

	cr_expect(strstr(page, "<b>600</b> cuts, <b>0</b> boards lost"), "%s", page);
	cr_expect(strstr(page, "run again 66.7 %"));
	cr_expect(strstr(page, "PROGRAM held 33.3 %"));
	cr_expect(strstr(page, "every opportunity"));
	cr_expect(!strstr(page, "What failed"));
	cr_expect(strstr(page, "Cut &amp; recovered"));
}

Test(html_sweep, the_map_has_a_row_for_each_kind_of_cut_that_was_made)
{
	CLEANUP(buf_done) struct buf out;
	struct sweep sweep = sweep_of_all();
	const char *page = page_or_fail(&sweep, &out);
	const char *map = strstr(page, "<div class=\"cutmap\">");

	cr_assert(map);
	/* Two of the axes besides. */
	cr_expect_eq(count(map, "<div class=\"cm-row"), CUTS + 2);
	cr_expect_eq(count(map, "<i class=\"n-program\""), 96);
	cr_expect_eq(count(map, "<i class=\"n-again\""), 2 * 96);
	cr_expect(strstr(map, "title=\"erasing\""));
	cr_expect(strstr(map, "DNLOAD, block &lt;2&gt;"));
}

Test(html_sweep, cells_that_failed_in_one_way_are_told_once_and_linked_from_the_map)
{
	CLEANUP(buf_done) struct buf out;
	struct sweep sweep = sweep_of_all();
	const char *page;

	for (size_t i = 302; i < 332; i += CUTS) {
		cells[i].verdict = VERDICT_FAIL;
		cells[i].need = SWEEP_LOST;
		snprintf(cells[i].why, SWEEP_TEXT, "it never clears <dfuERROR>");
	}
	page = page_or_fail(&sweep, &out);
	cr_expect(strstr(page, "<b>10</b> boards lost"));
	cr_expect_eq(count(page, "it never clears &lt;dfuERROR&gt;"), 1);
	cr_expect(strstr(page, "and 9 more like it"));
	cr_expect(strstr(page, "id=\"cell-stall-101-0\""));
	cr_expect_gt(count(page, "href=\"#cell-stall-101-0\""), 1);
	cr_expect(strstr(page, "--again-cell stall@101"));
}

Test(html_sweep, an_interrupted_sweep_says_so)
{
	CLEANUP(buf_done) struct buf out;
	struct sweep sweep = sweep_of_all();

	sweep.interrupted = true;
	sweep.count = 0;
	cr_expect(strstr(page_or_fail(&sweep, &out), "not all of them were made"));
}
