/* SPDX-License-Identifier: MIT */
/*
 * Where a moment lies on an axis. Long stretches in which nothing happens are cut short: an update of four seconds that then
 * waits a minute for a port is still to be read.
 */
#ifndef DFURIG_REPORT_TIME_SCALE_H
#define DFURIG_REPORT_TIME_SCALE_H

#include <stddef.h>
#include <stdint.h>

#define TIME_SCALE_CUT_MAX 6

struct time_cut {
	uint64_t start_us, end_us;
};

struct time_scale {
	uint64_t start_us, end_us;
	struct time_cut cuts[TIME_SCALE_CUT_MAX]; /* in order */
	size_t cut_count;
	uint64_t cut_width_us; /* of each on the axis */
	uint64_t width_us;     /* of the whole axis */
};

/* moments: when something happened, count of them in any order; sorted in place. end_us > start_us. */
void time_scale_init(struct time_scale *scale, uint64_t start_us, uint64_t end_us,
	uint64_t *moments, size_t count);

/* 0.0 to 1.0; moments outside are at the ends. */
double time_scale_at(const struct time_scale *scale, uint64_t time_us);

/* Distance of round ticks so that at most max of them fit on the axis: 1, 2 or 5 times a power of ten, microseconds. */
uint64_t time_scale_tick_us(const struct time_scale *scale, unsigned int max);

#endif
