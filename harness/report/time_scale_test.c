/* SPDX-License-Identifier: MIT */
#include "harness/report/time_scale.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>

Test(time_scale, without_long_gaps_time_is_even)
{
	uint64_t moments[] = {600000, 0, 1000000, 300000};
	struct time_scale scale;

	time_scale_init(&scale, 0, 1000000, moments, ARRAY_SIZE(moments));
	cr_assert_eq(scale.cut_count, 0);
	cr_expect_float_eq(time_scale_at(&scale, 0), 0, 1e-9);
	cr_expect_float_eq(time_scale_at(&scale, 250000), 0.25, 1e-9);
	cr_expect_float_eq(time_scale_at(&scale, 1000000), 1, 1e-9);
	cr_expect_float_eq(time_scale_at(&scale, 9000000), 1, 1e-9);
}

Test(time_scale, a_minute_of_nothing_is_cut)
{
	uint64_t moments[] = {0, 1000000, 2000000, 62000000, 63000000, 64000000};
	struct time_scale scale;
	double before, after;

	time_scale_init(&scale, 0, 64000000, moments, ARRAY_SIZE(moments));
	cr_assert_eq(scale.cut_count, 1);
	cr_assert_eq(scale.cuts[0].start_us, 2000000);
	cr_assert_eq(scale.cuts[0].end_us, 62000000);
	before = time_scale_at(&scale, 2000000);
	after = time_scale_at(&scale, 62000000);
	cr_expect_float_eq(after - before, 0.06 / 1.06, 1e-6);
	cr_expect_float_eq(time_scale_at(&scale, 32000000), (before + after) / 2, 1e-6);
	cr_expect_float_eq(time_scale_at(&scale, 64000000), 1, 1e-9);
}

Test(time_scale, moments_never_change_places)
{
	uint64_t moments[] = {10, 5000000, 5000001, 90000000, 250000000, 250000100, 400000000};
	uint64_t end_us = 500000000;
	struct time_scale scale;
	double last = -1;

	time_scale_init(&scale, 0, end_us, moments, ARRAY_SIZE(moments));
	for (uint64_t i = 0; i <= 5000; i++) {
		double at = time_scale_at(&scale, end_us / 5000 * i);

		cr_assert(at >= last && at <= 1.0000001, "%lu: %f after %f", i, at, last);
		last = at;
	}
	cr_expect_float_eq(last, 1, 1e-9);
}

Test(time_scale, nothing_at_all_is_an_axis_too)
{
	struct time_scale scale;
	uint64_t none[1];

	time_scale_init(&scale, 5, 60000005, none, 0);
	cr_expect_float_eq(time_scale_at(&scale, 5), 0, 1e-9);
	cr_expect_float_eq(time_scale_at(&scale, 60000005), 1, 0.95);
	cr_expect_gt(time_scale_tick_us(&scale, 8), 0);
}

Test(time_scale, ticks_are_round)
{
	static const struct {
		uint64_t length_us, tick_us;
	} cases[] = {
		{1000, 200},
		{250000, 50000},
		{1000000, 200000},
		{1400000, 200000},
		{8000000, 1000000},
		{80000000, 10000000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t moments[64];
		struct time_scale scale;

		for (size_t j = 0; j < ARRAY_SIZE(moments); j++)
			moments[j] = cases[i].length_us * j / ARRAY_SIZE(moments);
		time_scale_init(&scale, 0, cases[i].length_us, moments, ARRAY_SIZE(moments));
		cr_expect_eq(time_scale_tick_us(&scale, 8), cases[i].tick_us, "%lu: %lu",
			cases[i].length_us, time_scale_tick_us(&scale, 8));
	}
}
