/* SPDX-License-Identifier: MIT */
#include "harness/base/rng.h"

#include <criterion/criterion.h>

/* First outputs of the authors' reference program for seed 1234567. */
Test(rng, gives_the_published_sequence)
{
	static const uint64_t expected[] = {
		6457827717110365317u,
		3203168211198807973u,
		9817491932198370423u,
		4593380528125082431u,
		16408922859458223821u,
	};
	struct rng rng = {.state = 1234567};

	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(rng_u64(&rng), expected[i], "output %zu", i);
}

Test(rng, stays_below_its_bound_and_reaches_all_of_it)
{
	struct rng rng = {.state = 7};
	unsigned hits[6] = {0};

	for (int i = 0; i < 6000; i++) {
		uint32_t value = rng_below(&rng, 6);

		cr_assert_lt(value, 6);
		hits[value]++;
	}
	for (size_t i = 0; i < 6; i++)
		cr_expect(hits[i] > 850 && hits[i] < 1150, "%zu came %u times", i, hits[i]);
	cr_expect_eq(rng_below(&rng, 1), 0);
}
