/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "harness/triage/triage.h"

Test(triage, says_that_it_does_not_know_when_nothing_is_known)
{
	struct evidence evidence = {0};
	struct triage_result result;

	triage_judge(&evidence, &result);
	cr_assert_eq(result.count, 1);
	cr_assert_eq(result.findings[0].cause, TRIAGE_UNKNOWN);
}
