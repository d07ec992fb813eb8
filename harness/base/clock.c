/* SPDX-License-Identifier: MIT */
#include "harness/base/clock.h"

#include "harness/base/attr.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

static uint64_t raw_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t origin_us(void)
{
	static _Atomic uint64_t origin;
	uint64_t none = 0;

	if (!atomic_load(&origin))
		atomic_compare_exchange_strong(&origin, &none, raw_us());
	return atomic_load(&origin);
}

static uint64_t monotonic_now_us(const struct clock *clock UNUSED)
{
	uint64_t origin = origin_us();

	return raw_us() - origin;
}

static void monotonic_sleep_until_us(struct clock *clock UNUSED, uint64_t when_us)
{
	uint64_t abs_us = origin_us() + when_us;
	struct timespec ts = {
		.tv_sec = (time_t)(abs_us / 1000000),
		.tv_nsec = (long)(abs_us % 1000000) * 1000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		continue;
}

struct clock *clock_monotonic(void)
{
	static struct clock clock = {
		.now_us = monotonic_now_us,
		.sleep_until_us = monotonic_sleep_until_us,
	};

	return &clock;
}

uint64_t clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t virtual_now_us(const struct clock *clock)
{
	return ((const struct virtual_clock *)clock)->time_us;
}

static void virtual_sleep_until_us(struct clock *clock, uint64_t when_us)
{
	struct virtual_clock *self = CONTAINER_OF(clock, struct virtual_clock, clock);

	if (when_us > self->time_us)
		self->time_us = when_us;
}

void virtual_clock_init(struct virtual_clock *clock)
{
	*clock = (struct virtual_clock){
		.clock = {.now_us = virtual_now_us, .sleep_until_us = virtual_sleep_until_us},
	};
}
