/* SPDX-License-Identifier: MIT */
/*
 * Effects of a fault plan: what befalls the board or the host from outside, at its time.
 *
 * An effect that is due at once, on the bus (FAULT_REQUEST, FAULT_ANSWER), is done at once; any other at the bus's tick
 * when its time has come, so that nothing is pulled from under a simulator that is in the middle of something.
 */
#ifndef DFURIG_FAULT_FAULT_EFFECTS_H
#define DFURIG_FAULT_FAULT_EFFECTS_H

#include "harness/fault/fault.h"
#include "harness/vusb/bus.h"

#define FAULT_PENDING_MAX 32 /* what comes on top of them is not done */

struct fault_pending {
	enum fault_action action; /* FAULT_NOTHING = free */
	bool end;                 /* of what has begun */
	uint64_t value;
	uint64_t at_us;
};

struct fault_effects {
	struct vusb_bus *bus;    /* borrowed */
	struct fault_plan *plan; /* borrowed */
	struct vusb_ticker ticker;
	struct fault_pending pending[FAULT_PENDING_MAX];
	uint64_t start_us;
	uint64_t next_us;   /* of what is pending */
	size_t known_count; /* rules of the plan that are in next_us */

	/* Does it, now; set by who composes, after fault_effects_begin. For FAULT_CUT_POWER, FAULT_UNPLUG and FAULT_RESET it is
	 * called twice: with begin true, and, when the value says that it ends, with begin false. */
	void (*act)(void *user, enum fault_action action, bool begin);
	void *user;
};

/* From now on the plan's effects are done; the rules at FAULT_TIME count from here. bus and plan are borrowed until
 * fault_effects_done. */
void fault_effects_begin(
	struct fault_effects *effects, struct vusb_bus *bus, struct fault_plan *plan);

/* What is still pending is forgotten. */
void fault_effects_done(struct fault_effects *effects);

#endif
