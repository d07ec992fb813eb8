/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "harness/base/attr.h"
#include "harness/base/quantity.h"

Test(quantity, times_are_read_with_their_unit)
{
	static const struct {
		const char *text;
		uint64_t us;
	} rows[] = {{"2.9 s", 2900000}, {"300ms", 300000}, {"0 s", 0}, {"1.5 min", 90000000},
		{"7 us", 7}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t us = 0;

		cr_expect_eq(quantity_time_us(rows[i].text, &us), 0, "%s", rows[i].text);
		cr_expect_eq(us, rows[i].us, "%s: %lu", rows[i].text, us);
	}
}

Test(quantity, what_is_no_time_is_refused_and_leaves_the_result)
{
	static const char *const rows[] = {"", "s", "-1 s", "3", "3 h", "0x3 s", "inf s", "nan s",
		"2 days", "3 s x", "90000 s", ". s"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t us = 77;

		cr_expect_lt(quantity_time_us(rows[i], &us), 0, "%s", rows[i]);
		cr_expect_eq(us, 77, "%s", rows[i]);
	}
}

Test(quantity, sizes_are_read_with_and_without_a_unit)
{
	static const struct {
		const char *text;
		uint32_t size;
	} rows[] = {{"251,904 bytes", 251904}, {"0x10", 16}, {"248 KiB", 253952},
		{"1 MiB", 1048576}, {"0", 0}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t size = 1;

		cr_expect_eq(quantity_size(rows[i].text, &size), 0, "%s", rows[i].text);
		cr_expect_eq(size, rows[i].size, "%s: %u", rows[i].text, size);
	}
}

Test(quantity, what_is_no_size_is_refused_and_leaves_the_result)
{
	static const char *const rows[] = {
		"", "KiB", "-1", "1.5 KiB", "4 GiB", "4096 MiB", "0x", "1,", "9999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t size = 77;

		cr_expect_lt(quantity_size(rows[i], &size), 0, "%s", rows[i]);
		cr_expect_eq(size, 77, "%s", rows[i]);
	}
}
