/* SPDX-License-Identifier: MIT */
#include "harness/report/junit.h"

#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

static void append_or_fail(struct buf *buf, const struct run_summary *runs, size_t count)
{
	buf_init(buf, 1 << 20);
	cr_assert_eq(junit_append(buf, runs, count, 1767225600000000), 0);
	cr_assert_eq(buf_append(buf, "", 1), 0);
	buf->size--;
}

Test(junit, a_document_says_what_ran_and_what_came_of_it)
{
	struct run_summary runs[] = {
		summary_of("auto-dfu", VERDICT_PASS, "updated"),
		summary_of("magic-lost", VERDICT_FAIL, "it lied"),
		summary_of("blank-chip", VERDICT_SKIP, "not here"),
	};
	struct buf buf;

	snprintf(runs[1].capture, sizeof(runs[1].capture), "magic-lost.pcapng");
	snprintf(runs[1].unmet, sizeof(runs[1].unmet), "tune: expected kept, got lost\n");
	snprintf(runs[2].transport, sizeof(runs[2].transport), "mock");
	runs[2].board_us = 0;
	append_or_fail(&buf, runs, 3);
	cr_assert_str_eq((char *)buf.data,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"dfurig\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" "
		"time=\"0.004500\">\n"
		"  <testsuite name=\"direct.tool\" tests=\"2\" failures=\"1\" errors=\"0\" "
		"skipped=\"0\" time=\"0.003000\" timestamp=\"2026-01-01T00:00:00Z\">\n"
		"    <testcase name=\"auto-dfu\" classname=\"f407-discovery.tool.direct\" "
		"time=\"0.001500\">\n"
		"      <system-out>a title\n4.100000 s of the board's time, seed 7\n"
		"</system-out>\n    </testcase>\n"
		"    <testcase name=\"magic-lost\" classname=\"f407-discovery.tool.direct\" "
		"time=\"0.001500\">\n"
		"      <failure message=\"it lied\" type=\"FAIL\">it lied\n"
		"tune: expected kept, got lost\nagain: dfurig run magic-lost</failure>\n"
		"      <system-out>a title\n4.100000 s of the board's time, seed 7\n"
		"capture: magic-lost.pcapng\n</system-out>\n    </testcase>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"mock.tool\" tests=\"1\" failures=\"0\" errors=\"0\" "
		"skipped=\"1\" time=\"0.001500\" timestamp=\"2026-01-01T00:00:00Z\">\n"
		"    <testcase name=\"blank-chip\" classname=\"f407-discovery.tool.mock\" "
		"time=\"0.001500\">\n"
		"      <skipped message=\"not here\"/>\n"
		"      <system-out>a title\n0.000000 s of the board's time, seed 7\n"
		"</system-out>\n    </testcase>\n"
		"  </testsuite>\n"
		"</testsuites>\n",
		"got:\n%s", (char *)buf.data);
	buf_done(&buf);
}

Test(junit, nothing_that_ran_is_a_document_too)
{
	struct buf buf;

	append_or_fail(&buf, NULL, 0);
	cr_assert_str_eq((char *)buf.data,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dfurig\" "
		"tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000000\">\n"
		"</testsuites>\n");
	buf_done(&buf);
}

Test(junit, a_hostile_text_does_not_break_out)
{
	struct run_summary run = summary_of("x", VERDICT_ERROR,
		"]]></failure>\"'&<a>\x01\x1b[2J\xff\xc3\xa4\xef\xbf\xbe\xe2\x80\xae\n");
	struct buf buf;

	append_or_fail(&buf, &run, 1);
	expect_well_formed(&buf);
	cr_assert_not_null(strstr((char *)buf.data,
		"<error message=\"]]&gt;&lt;/failure&gt;&quot;&#39;&amp;&lt;a&gt;"
		"\uFFFD\uFFFD[2J\uFFFD\u00e4\uFFFD\uFFFD\n\" type=\"ERROR\">"));
	buf_done(&buf);
}

Test(junit, a_full_buffer_is_an_error)
{
	struct run_summary run = summary_of("x", VERDICT_PASS, "");
	struct buf buf;

	buf_init(&buf, 100);
	cr_assert_eq(junit_append(&buf, &run, 1, 0), -EOVERFLOW);
	cr_assert_eq(run_json_append(&buf, &run), -EOVERFLOW);
	buf_done(&buf);
}

Test(run_json, a_line_holds_all_of_a_run)
{
	struct run_summary run = summary_of("auto-dfu", VERDICT_FAIL, "a \"b\"\n\xff");
	struct buf buf;

	buf_init(&buf, 4096);
	cr_assert_eq(run_json_append(&buf, &run), 0);
	cr_assert_eq(buf_append(&buf, "", 1), 0);
	cr_assert_str_eq((char *)buf.data,
		"{\"scenario\":\"auto-dfu\",\"title\":\"a title\",\"board\":\"f407-discovery\","
		"\"flasher\":\"tool\",\"transport\":\"direct\",\"verdict\":\"FAIL\",\"reason\":"
		"\"a \\\"b\\\"\\n\uFFFD\",\"seconds\":0.0015,\"virtual_seconds\":4.1,\"seed\":7,"
		"\"again\":\"dfurig run auto-dfu\"}\n",
		"got: %s", (char *)buf.data);
	buf_done(&buf);
}
