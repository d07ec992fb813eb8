/* SPDX-License-Identifier: MIT */
#include "harness/base/buf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(buf, appends_prints_and_consumes)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, 100);
	cr_assert_eq(buf_append(&buf, "abc", 3), 0);
	cr_assert_eq(buf_printf(&buf, "%d-%s", 12, "x"), 0);
	cr_assert_eq(buf.size, 7);
	cr_expect_eq(memcmp(buf.data, "abc12-x", 7), 0);
	buf_consume(&buf, 3);
	cr_expect_eq(memcmp(buf.data, "12-x", 4), 0);
	buf_consume(&buf, 4);
	cr_expect_eq(buf.size, 0);
}

Test(buf, grows_to_its_limit_and_not_beyond)
{
	CLEANUP(buf_done) struct buf buf;
	uint8_t *at = NULL;

	buf_init(&buf, 1000);
	cr_assert_eq(buf_grow(&buf, 999, &at), 0);
	memset(at, 0, 999);
	cr_expect_eq(buf_append(&buf, "ab", 2), -EOVERFLOW);
	cr_expect_eq(buf_printf(&buf, "ab"), -EOVERFLOW);
	cr_expect_eq(buf.size, 999, "a refused append changes nothing");
	cr_expect_eq(buf_append(&buf, "a", 1), 0);
	at = NULL;
	cr_expect_eq(buf_grow(&buf, SIZE_MAX, &at), -EOVERFLOW);
	cr_expect_null(at);
	cr_expect_leq(buf.room, 1000);
}

Test(buf, appending_nothing_to_nothing_is_fine)
{
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, 0);
	cr_expect_eq(buf_append(&buf, NULL, 0), 0);
	buf_consume(&buf, 0);
	cr_expect_eq(buf_append(&buf, "a", 1), -EOVERFLOW);
}
