/* SPDX-License-Identifier: MIT */
#include "harness/report/verdict.h"

#include <assert.h>

static const char *const verdict_text[] = {
	[VERDICT_PASS] = "PASS",
	[VERDICT_FAIL] = "FAIL",
	[VERDICT_ERROR] = "ERROR",
	[VERDICT_SKIP] = "SKIP",
};
static_assert(ARRAY_SIZE(verdict_text) == VERDICT_COUNT, "a name for each verdict");
const struct names verdict_names = NAMES(verdict_text);
