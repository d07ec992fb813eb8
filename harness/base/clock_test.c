/* SPDX-License-Identifier: MIT */
#include "harness/base/clock.h"

#include <criterion/criterion.h>

Test(clock, virtual_time_stands_still_until_somebody_waits)
{
	struct virtual_clock clock;

	virtual_clock_init(&clock);
	cr_expect_eq(clock_now_us(&clock.clock), 0);
	clock_sleep_until_us(&clock.clock, 5000);
	cr_expect_eq(clock_now_us(&clock.clock), 5000);
	clock_sleep_until_us(&clock.clock, 100);
	cr_expect_eq(clock_now_us(&clock.clock), 5000, "it never goes back");
}

Test(clock, a_delay_is_counted_from_now_and_never_stays_never)
{
	struct virtual_clock clock;

	virtual_clock_init(&clock);
	clock_sleep_until_us(&clock.clock, 7);
	cr_expect_eq(clock_after_us(&clock.clock, 3), 10);
	cr_expect_eq(clock_after_us(&clock.clock, CLOCK_NEVER), CLOCK_NEVER);
	cr_expect_eq(clock_after_us(&clock.clock, CLOCK_NEVER - 1), CLOCK_NEVER);
}

Test(clock, monotonic_time_does_not_go_back_and_a_past_time_is_not_waited_for)
{
	struct clock *clock = clock_monotonic();
	uint64_t before = clock_now_us(clock);

	clock_sleep_until_us(clock, before);
	cr_expect_geq(clock_now_us(clock), before);
}
