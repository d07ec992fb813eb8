/* SPDX-License-Identifier: MIT */
/*
 * Time: now, and wait until. Microseconds since an origin of the clock's own.
 *
 * The monotonic clock is the machine's; the virtual one stands still until somebody waits, and then jumps.
 */
#ifndef DFURIG_BASE_CLOCK_H
#define DFURIG_BASE_CLOCK_H

#include <stdint.h>

/* "No deadline", for every function that takes or gives one. */
#define CLOCK_NEVER UINT64_MAX

struct clock {
	uint64_t (*now_us)(const struct clock *clock);
	void (*sleep_until_us)(struct clock *clock, uint64_t when_us); /* at once when it is past */
};

struct virtual_clock {
	struct clock clock;
	uint64_t time_us;
};

/* The machine's monotonic clock; its origin is the first call in this process. Borrowed, for ever. */
struct clock *clock_monotonic(void);

/* The wall clock now, microseconds since 1970: for time stamps that people read, never for waiting. */
uint64_t clock_wall_us(void);

/* A virtual clock that starts at 0. */
void virtual_clock_init(struct virtual_clock *clock);

static inline uint64_t clock_now_us(const struct clock *clock)
{
	return clock->now_us(clock);
}

static inline void clock_sleep_until_us(struct clock *clock, uint64_t when_us)
{
	clock->sleep_until_us(clock, when_us);
}

/* Now + delay, CLOCK_NEVER stays CLOCK_NEVER. */
static inline uint64_t clock_after_us(const struct clock *clock, uint64_t delay_us)
{
	uint64_t now = clock_now_us(clock);

	return delay_us >= CLOCK_NEVER - now ? CLOCK_NEVER : now + delay_us;
}

#endif
