/* SPDX-License-Identifier: MIT */
/* What a scenario names must be there: boards, images, points and actions of faults. The scenario itself knows words only. */
#ifndef DFURIG_CLI_SCENARIO_CHECK_H
#define DFURIG_CLI_SCENARIO_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

/* data: of a file that scenario_parse takes; path is for messages. 0; -EBADMSG with "path:line: key: what to do" in why;
 * -ENOMEM. */
MUST_CHECK int scenario_check(const char *path, const uint8_t *data, size_t size, struct why *why);

#endif
