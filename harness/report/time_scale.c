/* SPDX-License-Identifier: MIT */
#include "harness/report/time_scale.h"

#include <stdlib.h>

/* A gap is cut when it is so many times as long as all the rest would be without it, and at least so long. */
#define GAP_MIN_US   1500000
#define GAP_PER_CENT 25
#define CUT_PER_CENT 6
#define CUT_MIN_US   1000

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t cut_us(const struct time_scale *scale)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < scale->cut_count; i++)
		sum += scale->cuts[i].end_us - scale->cuts[i].start_us;
	return sum;
}

static uint64_t length(const struct time_cut *cut)
{
	return cut->end_us - cut->start_us;
}

static int compare_cuts(const void *a, const void *b)
{
	const struct time_cut *x = a, *y = b;

	return compare(&x->start_us, &y->start_us);
}

/* The longest gap that is not among the cuts. */
static struct time_cut longest_gap(
	const struct time_scale *scale, const uint64_t *moments, size_t count)
{
	struct time_cut longest = {0};
	uint64_t last_us = scale->start_us;

	for (size_t i = 0; i <= count; i++) {
		uint64_t now_us = i < count ? moments[i] : scale->end_us;
		struct time_cut gap = {.start_us = last_us, .end_us = now_us};
		size_t known = 0;

		if (now_us < last_us || now_us > scale->end_us)
			continue;
		while (known < scale->cut_count && scale->cuts[known].start_us != last_us)
			known++;
		if (known == scale->cut_count && length(&gap) > length(&longest))
			longest = gap;
		last_us = now_us;
	}
	return longest;
}

void time_scale_init(struct time_scale *scale, uint64_t start_us, uint64_t end_us,
	uint64_t *moments, size_t count)
{
	*scale = (struct time_scale){.start_us = start_us, .end_us = end_us};
	qsort(moments, count, sizeof(*moments), compare);
	while (scale->cut_count < TIME_SCALE_CUT_MAX) {
		struct time_cut gap = longest_gap(scale, moments, count);
		uint64_t rest = end_us - start_us - cut_us(scale);

		if (length(&gap) < GAP_MIN_US || length(&gap) < rest / 100 * GAP_PER_CENT)
			break;
		scale->cuts[scale->cut_count++] = gap;
	}
	qsort(scale->cuts, scale->cut_count, sizeof(scale->cuts[0]), compare_cuts);
	scale->width_us = end_us - start_us - cut_us(scale);
	scale->cut_width_us = scale->width_us * CUT_PER_CENT / 100;
	/* When there is nothing but gaps, they are the axis. */
	if (scale->cut_width_us < CUT_MIN_US)
		scale->cut_width_us = CUT_MIN_US;
	scale->width_us += scale->cut_count * scale->cut_width_us;
}

double time_scale_at(const struct time_scale *scale, uint64_t time_us)
{
	uint64_t at_us, cut_before = 0, width_before = 0;
	double inside = 0;

	if (time_us < scale->start_us)
		time_us = scale->start_us;
	if (time_us > scale->end_us)
		time_us = scale->end_us;
	at_us = time_us - scale->start_us;
	for (size_t i = 0; i < scale->cut_count && scale->cuts[i].start_us < time_us; i++) {
		const struct time_cut *cut = &scale->cuts[i];

		if (time_us >= cut->end_us) {
			cut_before += length(cut);
			width_before += scale->cut_width_us;
			continue;
		}
		cut_before += time_us - cut->start_us;
		inside = (double)scale->cut_width_us * (double)(time_us - cut->start_us) /
			 (double)length(cut);
	}
	at_us = at_us - cut_before + width_before;
	return ((double)at_us + inside) / (double)scale->width_us;
}

uint64_t time_scale_tick_us(const struct time_scale *scale, unsigned int max)
{
	static const uint64_t factors[] = {1, 2, 5};
	uint64_t power = 1;

	for (;; power *= 10)
		for (size_t i = 0; i < 3; i++)
			if (scale->width_us / (factors[i] * power) <= max)
				return factors[i] * power;
}
