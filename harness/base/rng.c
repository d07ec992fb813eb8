/* SPDX-License-Identifier: MIT */
/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
#include "harness/base/rng.h"

uint64_t rng_u64(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
	return (uint32_t)((rng_u64(rng) >> 32) * bound >> 32);
}
