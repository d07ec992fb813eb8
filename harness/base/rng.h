/* SPDX-License-Identifier: MIT */
/* A seeded pseudo-random generator (SplitMix64), so that a run can be repeated from its seed. */
#ifndef DFURIG_BASE_RNG_H
#define DFURIG_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state; /* the seed */
};

uint64_t rng_u64(struct rng *rng);

/* Evenly in 0 .. bound-1; bound > 0. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

#endif
