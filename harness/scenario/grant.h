/* SPDX-License-Identifier: MIT */
/* The key `sweep` of a scenario: what a flasher is known not to do well when it is interrupted, and from where. */
#ifndef DFURIG_SCENARIO_GRANT_H
#define DFURIG_SCENARIO_GRANT_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/scenario/words.h"

#define GRANT_NAME   49
#define GRANT_REASON 200
#define GRANT_MAX    8

struct grant {
	char flasher[GRANT_NAME];
	uint32_t tries;   /* how often it may be needed after a cut; 0 = once */
	uint32_t without; /* cuts that are not made; bit per enum sweep_cut */
	char because[GRANT_REASON];
};

/* Reads the mapping at `sweep`; without one, none. As words_text. */
MUST_CHECK int grants_parse(
	const struct words *list, struct grant ret[static GRANT_MAX], size_t *ret_count);

#endif
