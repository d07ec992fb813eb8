/* SPDX-License-Identifier: MIT */
/* The option bytes in a scenario's `start`: see scenario.h. */
#ifndef DFURIG_SCENARIO_START_OPTIONS_H
#define DFURIG_SCENARIO_START_OPTIONS_H

#include "harness/scenario/scenario.h"
#include "harness/scenario/words.h"

/* start: where they stand in; without them *ret is all 0. 0, or -EBADMSG with why. */
MUST_CHECK int start_options_parse(const struct words *start, struct scenario_options *ret);

#endif
