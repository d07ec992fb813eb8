/* SPDX-License-Identifier: MIT */
/*
 * A fault plan: rules that say at which named point, on which occasion, something goes wrong, and how.
 *
 * Simulators have named points: places where they ask the plan what happens now (fault_at). The plan counts, fires,
 * and knows afterwards which rules never did: a rule that never fired is an error of the test.
 */
#ifndef DFURIG_FAULT_FAULT_H
#define DFURIG_FAULT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/names.h"

#define FAULT_RULE_MAX 32

/* Places in the simulated board. A rule's `match` is compared with what the point says of itself. */
enum fault_point {
	FAULT_BOARD_RESET, /* the chip comes out of reset; match: "power", "pin", "software", "watchdog" */
	FAULT_DFU_CONNECT, /* the ROM is about to appear on USB */
	FAULT_ECU_CONNECT, /* firmware is about to appear on USB; match: "ecu", "openblt" */
	FAULT_ECU_REPLY, /* the ECU is about to answer; match: the command's letter, for E the text too: "E reboot_dfu" */
	FAULT_POINT_COUNT,
};

enum fault_action {
	FAULT_NOTHING, /* what fault_at returns when no rule fires */
	FAULT_DELAY, /* value: microseconds; at dfu-connect from the reset or jump that leads to it */
	FAULT_LOSE_RAM, /* board-reset: what was in RAM is gone */
	FAULT_NO_SHOW,  /* it never appears, or never answers */
	FAULT_BYTEWISE, /* ecu-reply: in packets of one byte, value microseconds apart */
	FAULT_BAD_CRC,  /* ecu-reply */
	FAULT_CODE,     /* ecu-reply: the response code `value` alone */
	FAULT_ACTION_COUNT,
};

struct fault_rule {
	enum fault_point point;
	char match[48]; /* "" = any */
	uint32_t nth;   /* the first occasion on which it fires, from 1 */
	uint32_t times; /* on how many occasions; 0 = for ever */
	enum fault_action action;
	uint64_t value;

	/* Kept by the plan. */
	uint32_t seen, fired;
};

struct fault_plan {
	struct fault_rule rules[FAULT_RULE_MAX];
	size_t count;
	/* Told of each rule that fires; may be NULL. */
	void (*on_fire)(struct fault_plan *plan, const struct fault_rule *rule);
	void *user;
};

struct fault_hit {
	enum fault_action action;
	uint64_t value;
};

/* 0 or -ENOSPC. The rule is copied, its counters cleared. */
MUST_CHECK int fault_add(struct fault_plan *plan, const struct fault_rule *rule);

/* A named point is reached. Every rule that fits counts the occasion; the first of those that are due fires and decides.
 * plan NULL or empty: nothing. match may be NULL. */
struct fault_hit fault_at(struct fault_plan *plan, enum fault_point point, const char *match);

/* The first rule that never fired, or NULL. */
const struct fault_rule *fault_never_fired(const struct fault_plan *plan);

/* "ecu-reply R: bad-crc" for people; out is cut to size. Returns out. */
const char *fault_rule_text(const struct fault_rule *rule, char *out, size_t size);

extern const struct names
	fault_point_names; /* "board-reset", "dfu-connect", "ecu-connect", "ecu-reply" */
extern const struct names
	fault_action_names; /* "nothing", "delay", "lose-ram", "no-show", "bytewise", ... */

#endif
