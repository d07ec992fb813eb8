/* SPDX-License-Identifier: MIT */
/* What is known of points and actions, as tables. Private to this folder. */
#ifndef DFURIG_FAULT_FAULT_ROWS_H
#define DFURIG_FAULT_FAULT_ROWS_H

#include "harness/fault/fault.h"

#define FAULT_POINT_BIT(point)  (UINT32_C(1) << (point))
#define FAULT_POINTS_ON_BUS     (FAULT_POINT_BIT(FAULT_REQUEST) | FAULT_POINT_BIT(FAULT_ANSWER))
#define FAULT_POINTS_WITH_BLOCK (FAULT_POINTS_ON_BUS | FAULT_POINT_BIT(FAULT_DFU_EXECUTE))
/* With a time that they take. */
#define FAULT_POINTS_WITH_TIME                                                                     \
	(FAULT_POINT_BIT(FAULT_ERASE) | FAULT_POINT_BIT(FAULT_PROGRAM) |                           \
		FAULT_POINT_BIT(FAULT_OPTIONS) | FAULT_POINT_BIT(FAULT_DFU_EXECUTE))
#define FAULT_POINTS_WITH_ADDR                                                                     \
	(FAULT_POINTS_WITH_BLOCK | FAULT_POINT_BIT(FAULT_ERASE) | FAULT_POINT_BIT(FAULT_PROGRAM) | \
		FAULT_POINT_BIT(FAULT_OPTIONS))

enum fault_value {
	FAULT_VALUE_NONE,
	FAULT_VALUE_TIME,         /* needed */
	FAULT_VALUE_TIME_OR_EVER, /* none = 0 */
	FAULT_VALUE_PERCENT,      /* needed */
	FAULT_VALUE_STATUS,       /* enum dfu_status; needed */
	FAULT_VALUE_STATE,        /* enum dfu_state; needed */
	FAULT_VALUE_CODE,         /* a byte; needed */
	FAULT_VALUE_NUMBER,       /* none = 0 */
	FAULT_VALUE_NUMBER_NEEDED,
};

enum fault_value fault_action_value_kind(enum fault_action action);
bool fault_value_needed(enum fault_value kind);

/* What has data that the action could change, there: names between commas, those of GETSTATUS with what was before it as
 * well. NULL: it does something to anything. */
const char *fault_action_needs(enum fault_action action, enum fault_point point);

/* Whether `match` is one of those. */
bool fault_needs_met(const char *needs, const char *match);

/* Whether an occasion at the point may be called so. */
bool fault_point_knows(enum fault_point point, const char *match);

#endif
