/* SPDX-License-Identifier: MIT */
#include "harness/report/html.h"

#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOSTILE "</script></pre><img src=x onerror=\"alert('1')\">&amp;\x01\xff"

static void run_or_fail(
	struct buf *buf, const struct run_summary *summary, const struct teller *teller)
{
	buf_init(buf, 4 << 20);
	cr_assert_eq(html_run_append(buf, summary, &teller->story), 0);
	expect_well_formed(buf);
}

static void page_or_fail(struct buf *page, const struct html_run *runs, size_t count)
{
	buf_init(page, 16 << 20);
	cr_assert_eq(html_page_append(page, runs, count, 1767225600000000, "0.1.0"), 0);
	expect_well_formed(page);
}

Test(html, an_update_shows_all_its_parts)
{
	static const char *const parts[] = {
		"<details class=\"run pass\">",
		"id=\"run-auto-dfu--f407-discovery--tool--direct--7\"",
		"<h3>What was expected</h3>",
		"\xe2\x9c\x94 fits",
		"<h3>Time line</h3>",
		">DFU 0483:df11<",
		"<h3>Flash at the end</h3>",
		"<li class=\"f-written\"",
		"<li class=\"f-untouched settings\"",
		"<h3>Conversation</h3>",
		"<b>erase sectors 0 to 3, 65,536 bytes at 0x08000000</b>",
		"no answer",
		"dfuDNBUSY \u00d732",
		"words</h3>\n<pre><b class=\"of\">tool</b>\nFile downloaded\n</pre>",
		"All events: ",
	};
	struct run_summary summary = summary_of("auto-dfu", VERDICT_PASS, "updated");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	teller_good_run(&teller);
	run_or_fail(&buf, &summary, &teller);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		cr_expect_geq(count_text(&buf, parts[i]), 1, "%s is missing", parts[i]);
	buf_done(&buf);
	teller_done(&teller);
}

Test(html, a_failure_is_open_and_says_what_differs_and_how_to_see_it_again)
{
	struct run_summary summary = summary_of("magic-lost", VERDICT_FAIL, "it lied");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	teller_bad_run(&teller);
	run_or_fail(&buf, &summary, &teller);
	cr_expect_eq(count_text(&buf, "<details class=\"run fail\" open=\"open\">"), 1);
	cr_expect_eq(count_text(&buf, "<tr class=\"differs\">"), 1);
	cr_expect_eq(count_text(&buf, "<code>dfurig run magic-lost</code>"), 1);
	cr_expect_eq(count_text(&buf, "<p class=\"box board fault\">"), 1);
	cr_expect_geq(count_text(&buf, "class=\"k-fault\""), 1);
	buf_done(&buf);
	teller_done(&teller);
}

Test(html, an_empty_story_is_a_run)
{
	struct run_summary summary = summary_of("x", VERDICT_SKIP, "not installed");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	run_or_fail(&buf, &summary, &teller);
	cr_expect_eq(count_text(&buf, "<h3>"), 0);
	buf_done(&buf);
	teller_done(&teller);
}

Test(html, what_triage_says_comes_before_what_was_expected)
{
	struct run_summary summary = summary_of("triage-no-power", VERDICT_PASS, "named");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	TELL(&teller, .kind = EVENT_DIAGNOSIS, .name = "no-power",
		.title = "the board has no power", .sure = "likely", .text = "nothing is on USB",
		.remedy = "give it its supply");
	TELL(&teller, .kind = EVENT_EXPECTATION, .name = "cause", .expected = "no-power",
		.text = "no-power", .level = true);
	run_or_fail(&buf, &summary, &teller);
	cr_expect_eq(
		count_text(&buf,
			"<h3>What triage says</h3>\n<div class=\"dx\"><p class=\"cause\"><b>"
			"the board has no power</b> <code>no-power</code> <span "
			"class=\"badge is-unsure\">likely</span></p>\n<dl>\n<dt>because</dt><dd>"
			"nothing is on USB</dd>\n<dt>remedy</dt><dd>give it its supply</dd>\n"
			"</dl></div>\n<h3>What was expected</h3>"),
		1);
	buf_done(&buf);
	teller_done(&teller);
}

Test(html, what_device_manager_shows_is_a_table)
{
	static const char *const parts[] = {
		"data-h=\"shown\">STM32  BOOTLOADER</td><td data-h=\"state\">works</td>",
		"works</td><td data-h=\"driver\">WinUSB (oem3.inf)</td>",
		"<td class=\"shown\" data-h=\"shown\"><i>no device</i></td>",
		"STM Device in DFU Mode</td><td data-h=\"state\">code 10</td>",
		"code 10</td><td data-h=\"driver\">STTub30 (oem4.inf)</td>",
		"Unknown</td><td data-h=\"state\">being installed</td>",
	};
	struct run_summary summary = summary_of("windows-faq-2021", VERDICT_PASS, "written");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	TELL(&teller, .kind = EVENT_DRIVER, .name = "STM32  BOOTLOADER",
		.text = "WinUSB (oem3.inf)");
	TELL(&teller, .kind = EVENT_DRIVER);
	TELL(&teller, .kind = EVENT_DRIVER, .name = "STM Device in DFU Mode",
		.text = "STTub30 (oem4.inf)", .status = 10);
	TELL(&teller, .kind = EVENT_DRIVER, .name = "Unknown", .status = 1);
	run_or_fail(&buf, &summary, &teller);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		cr_expect_eq(count_text(&buf, parts[i]), 1, "%s", parts[i]);
	cr_expect_eq(count_text(&buf, "class=\"warn\""), 1);
	buf_done(&buf);
	teller_done(&teller);
}

Test(html, hostile_texts_of_every_kind_do_not_break_out)
{
	struct run_summary summary = summary_of("x", VERDICT_FAIL, HOSTILE);
	struct html_run run;
	struct teller teller;
	struct buf buf, page;

	snprintf(summary.scenario, sizeof(summary.scenario), "%s", HOSTILE);
	snprintf(summary.title, sizeof(summary.title), "%s", HOSTILE);
	snprintf(summary.flasher, sizeof(summary.flasher), "%s", HOSTILE);
	snprintf(summary.again, sizeof(summary.again), "%s", HOSTILE);
	snprintf(summary.capture, sizeof(summary.capture), "javascript:%s", HOSTILE);
	teller_init(&teller);
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		EVENT_EMIT(&teller.stream, .kind = kind, .board = HOSTILE, .text = HOSTILE,
			.name = HOSTILE, .expected = HOSTILE, .serial = HOSTILE, .title = HOSTILE,
			.sure = HOSTILE, .remedy = HOSTILE, .vid = 1);
		teller_wait(&teller, 1000);
	}
	TELL(&teller, .kind = EVENT_PLUGGED, .text = HOSTILE, .serial = HOSTILE);
	run_or_fail(&buf, &summary, &teller);
	run = (struct html_run){.summary = summary, .fragment = buf.data, .size = buf.size};
	page_or_fail(&page, &run, 1);
	cr_expect_eq(count_text(&page, "<img"), 0);
	cr_expect_eq(count_text(&page, "href=\"javascript"), 0);
	cr_expect_eq(count_text(&page, "\x01"), 0);
	cr_expect_eq(count_text(&page, "\xff"), 0);
	buf_done(&page);
	buf_done(&buf);
	teller_done(&teller);
}

static void tell_much(struct teller *teller)
{
	char text[64];

	teller_good_run(teller);
	for (unsigned int i = 0; i < 200000; i++) {
		snprintf(text, sizeof(text), "%u: a line that is not like the one before", i);
		TELL(teller, .kind = i % (EVENT_KIND_COUNT - 1), .text = text, .name = "dfu",
			.level = i / 32 % 2, .addr = i * 2048, .size = 2048, .vid = 0x0483,
			.pid = 0xdf11, .sector = i, .expected = "x");
		teller_wait(teller, 400);
	}
}

Test(html, two_hundred_thousand_events_make_a_page_that_opens)
{
	struct run_summary summary = summary_of("x", VERDICT_FAIL, "much");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	tell_much(&teller);
	run_or_fail(&buf, &summary, &teller);
	cr_expect_lt(buf.size, 1000000, "%zu bytes", buf.size);
	buf_done(&buf);
	teller_done(&teller);
}

Test(html, the_page_tells_what_failed_first)
{
	struct run_summary good = summary_of("auto-dfu", VERDICT_PASS, "updated");
	struct run_summary bad = summary_of("magic-lost", VERDICT_FAIL, "it lied");
	struct html_run runs[2] = {{.summary = good}, {.summary = bad}};
	struct teller teller;
	struct buf fragments[2], page;
	const char *failed, *all, *first_story, *second_story;

	teller_init(&teller);
	teller_good_run(&teller);
	for (size_t i = 0; i < 2; i++) {
		run_or_fail(&fragments[i], &runs[i].summary, &teller);
		runs[i].fragment = fragments[i].data;
		runs[i].size = fragments[i].size;
	}
	page_or_fail(&page, runs, 2);
	cr_assert_eq(buf_append(&page, "", 1), 0);
	failed = strstr((char *)page.data, "<h2>What failed</h2>");
	all = strstr((char *)page.data, "<h2>All runs</h2>");
	first_story = strstr((char *)page.data, "id=\"run-magic-lost");
	second_story = strstr((char *)page.data, "id=\"run-auto-dfu");
	cr_assert(failed && all && first_story && second_story);
	cr_expect(failed < all && all < first_story && first_story < second_story);
	cr_expect_not_null(strstr((char *)page.data, "<title>1 of 2 failed"));
	cr_expect_null(strstr((char *)page.data, "http"), "the page needs a network");
	/* Each link leads to a story. */
	cr_expect_not_null(strstr(
		(char *)page.data, "href=\"#run-magic-lost--f407-discovery--tool--direct--7\""));
	for (size_t i = 0; i < 2; i++)
		buf_done(&fragments[i]);
	buf_done(&page);
	teller_done(&teller);
}

Test(html, a_run_that_left_nothing_has_its_place)
{
	struct html_run run = {.summary = summary_of("x", VERDICT_ERROR, "killed by signal 11")};
	struct buf page;

	page_or_fail(&page, &run, 1);
	cr_expect_eq(count_text(&page, "id=\"run-x--"), 1);
	cr_expect_eq(count_text(&page, "killed by signal 11"), 2);
	buf_done(&page);
}

Test(html, a_page_without_runs_is_a_page)
{
	struct buf page;

	page_or_fail(&page, NULL, 0);
	cr_expect_eq(count_text(&page, "What failed"), 0);
	buf_done(&page);
}

Test(html, a_full_buffer_is_an_error)
{
	struct run_summary summary = summary_of("x", VERDICT_PASS, "");
	struct teller teller;
	struct buf buf;

	teller_init(&teller);
	teller_good_run(&teller);
	buf_init(&buf, 2000);
	cr_assert_eq(html_run_append(&buf, &summary, &teller.story), -EOVERFLOW);
	cr_assert_eq(html_page_append(&buf, NULL, 0, 0, ""), -EOVERFLOW);
	buf_done(&buf);
	teller_done(&teller);
}
