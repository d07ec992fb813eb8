/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/text_log.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const struct text_log *log, const char *lines)
{
	cr_expect_eq(log->lines.size, strlen(lines));
	cr_expect_eq(memcmp(log->lines.data, lines, strlen(lines)), 0);
}

Test(text_log, lines_are_between_delimiters)
{
	CLEANUP(text_log_done) struct text_log log;

	text_log_init(&log);
	text_log_printf(&log, "rpm=%d", 850);
	text_log_tagged(&log, "rusEfiVersion", "20260714");
	expect(&log, "msg`rpm=850`rusEfiVersion`20260714`");
}

Test(text_log, a_delimiter_in_a_text_is_a_blank)
{
	CLEANUP(text_log_done) struct text_log log;

	text_log_init(&log);
	text_log_printf(&log, "a`b\nc");
	expect(&log, "msg`a b c`");
}

Test(text_log, what_does_not_fit_is_lost_and_the_rest_stays)
{
	CLEANUP(text_log_done) struct text_log log;

	text_log_init(&log);
	for (size_t i = 0; i < TEXT_LOG_MAX; i++)
		text_log_printf(&log, "0123456789");
	cr_expect_leq(log.lines.size, TEXT_LOG_MAX);
	cr_expect_geq(log.lines.size, TEXT_LOG_MAX - 15);
	cr_expect_eq(log.lines.size % strlen("msg`0123456789`"), 0);
	text_log_clear(&log);
	text_log_printf(&log, "again");
	expect(&log, "msg`again`");
}
