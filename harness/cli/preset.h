/* SPDX-License-Identifier: MIT */
/* What a simulated board holds when a scenario begins: firmware whole, torn or foreign, settings, option bytes. */
#ifndef DFURIG_CLI_PRESET_H
#define DFURIG_CLI_PRESET_H

#include "harness/base/why.h"
#include "harness/cli/image_file.h"
#include "harness/ports/board.h"
#include "harness/scenario/scenario.h"

/* By the second channel, before the board has power. image: of wanted->firmware, or NULL. 0, or negative errno with why. */
MUST_CHECK int preset_board(const struct scenario_board *wanted, const struct image_file *image,
	struct board *board, struct why *why);

#endif
