/* SPDX-License-Identifier: MIT */
/*
 * A fault plan: rules that say where, on which occasion, something goes wrong, and how.
 *
 * An occasion is anything at which something can go wrong: a named point of a simulator, or a transfer on the bus (see
 * fault_tap.h). Who comes to one asks the plan (fault_ask). The plan counts, fires, and knows afterwards which rules never
 * did: a rule that never fired is an error of the test.
 *
 * What a rule does is either done by who asked (a late answer, a STALL), or it is an effect: something that befalls the
 * board or the host from outside (a power cut, the cable, a killed program), see fault_effects.h.
 */
#ifndef DFURIG_FAULT_FAULT_H
#define DFURIG_FAULT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/names.h"

#define FAULT_RULE_MAX 32

/* Where. A rule's `match` is compared with what the occasion says of itself. */
enum fault_point {
	/* Named points: the simulated board asks. */
	FAULT_BOARD_RESET, /* the chip comes out of reset; match: "power", "pin", "software", "watchdog" */
	FAULT_DFU_CONNECT, /* the ROM is about to appear on USB */
	FAULT_ECU_CONNECT, /* firmware is about to appear on USB; match: "ecu", "openblt" */
	FAULT_ECU_REPLY, /* the ECU is about to answer; match: the command's letter, for E the text too: "E reboot_dfu" */
	FAULT_DFU_EXECUTE, /* the ROM is about to carry out what was downloaded; match: "erase", "mass-erase", "set-address",
			    * "write", "unprotect", "leave"; block, address */
	FAULT_DFU_STATE, /* the ROM has entered a state; match: "dfuDNBUSY" and the like */
	FAULT_ERASE,     /* flash begins to be erased; address and size of the sector; takes time */
	FAULT_PROGRAM,   /* flash begins to be programmed; address and size; takes time */
	FAULT_OPTIONS,   /* the option bytes begin to be erased and programmed; takes time */
	/* On the bus: fault_tap asks, once a transfer; see fault_tap.h for what matches. Block, address. */
	FAULT_REQUEST, /* a transfer is about to reach the device */
	FAULT_ANSWER,  /* the device has answered, and the host does not have it yet */
	/* Time alone: `after` the boards began; asked by fault_effects. */
	FAULT_TIME,
	FAULT_POINT_COUNT,
};

enum fault_action {
	FAULT_NOTHING, /* what fault_ask returns when no rule fires */
	/* Done by who asked. */
	FAULT_DELAY, /* value: microseconds; at dfu-connect from the reset or jump that leads to it */
	FAULT_LOSE_RAM, /* board-reset: what was in RAM is gone */
	FAULT_NO_SHOW, /* it never appears, or never answers; dfu-execute: dfuDNBUSY for ever, "leave": dfuIDLE instead */
	FAULT_BYTEWISE,  /* ecu-reply: in packets of one byte, value microseconds apart */
	FAULT_BAD_CRC,   /* ecu-reply */
	FAULT_CODE,      /* ecu-reply: the response code `value` alone */
	FAULT_DFU_ERROR, /* dfu-execute: not carried out; dfuERROR with the status `value` */
	FAULT_SLOW,      /* erase, program: takes `value` per cent of its time */
	FAULT_FLIP, /* erase, program: one bit of it is wrong afterwards; value: which, counted from the start */
	FAULT_STALL, /* request: the device does not see it; answer: it has seen it and done its part, the host does not know */
	FAULT_NAK, /* request, answer: the host has to wait for value microseconds; 0 = for ever */
	FAULT_SHORT, /* answer: cut to `value` bytes */
	FAULT_CORRUPT, /* answer of the device, or data on their way to it (request): byte number `value` is inverted;
			* counted round when there are fewer */
	FAULT_SAY, /* request, of a GETSTATUS: answered in place of the device, with the state `value`, OK, and nothing to
		    * wait for */
	/* Effects: anywhere. */
	FAULT_CUT_POWER, /* VDD; value: microseconds until it is back; 0 = it stays away. So below */
	FAULT_BROWN_OUT, /* VDD dips: the chip resets, and RAM holds some wrong bits; value is not used */
	FAULT_RESET,  /* NRST held for value microseconds; 0 = 100 us */
	FAULT_UNPLUG, /* the USB cable */
	FAULT_KILL,   /* the program under test, on the host */
	FAULT_ACTION_COUNT,
};

struct fault_rule {
	uint32_t
		points; /* bit per enum fault_point, at least one: an occasion at any of them counts */
	char match[48]; /* "" = any */
	bool has_block;
	uint32_t block; /* wBlockNum */
	bool has_addr;
	uint32_t addr;  /* lies in what the occasion is about */
	uint32_t nth;   /* the first occasion on which it fires, from 1 */
	uint32_t times; /* on how many occasions; 0 = for ever */
	/* Effects only: how long after the occasion; per cent of the time that it takes, besides. FAULT_TIME: since when. */
	uint64_t after_us;
	uint32_t after_percent;
	enum fault_action action;
	uint64_t value;

	/* Kept by the plan. */
	uint32_t seen, fired;
};

/* What somebody comes to. Texts are borrowed for the call. */
struct fault_occasion {
	enum fault_point point;
	const char *match, *also; /* what a rule's match may be; NULL = nothing */
	bool has_block;
	uint32_t block;
	uint32_t addr, size;   /* bytes that it is about; size 0 = none */
	uint64_t starts_in_us; /* how long until it begins; effects wait for that */
	uint64_t takes_us;     /* how long what begins here will take; 0 = no time */
};

struct fault_plan {
	struct fault_rule rules[FAULT_RULE_MAX];
	size_t count;
	uint32_t points; /* of all rules; kept by fault_add */
	/* Told of each occasion, before the rules are looked at: may add rules. May be NULL. */
	void (*on_occasion)(struct fault_plan *plan, const struct fault_occasion *occasion);
	/* Told of each rule that fires; may be NULL. */
	void (*on_fire)(struct fault_plan *plan, const struct fault_rule *rule,
		const struct fault_occasion *occasion);
	/* Told of each effect that is due in delay_us, as on_fire. NULL: effects are lost. */
	void (*on_effect)(struct fault_plan *plan, const struct fault_rule *rule,
		const struct fault_occasion *occasion, uint64_t delay_us);
	void *user;    /* of on_occasion and on_fire */
	void *effects; /* of on_effect */
};

struct fault_hit {
	enum fault_action action;
	uint64_t value;
	enum fault_action effect; /* that was handed on and is due at once; FAULT_NOTHING = none */
	enum fault_action
		later; /* that was handed on and is due in later_us; FAULT_NOTHING = none */
	uint64_t later_us;
};

/* 0 or -ENOSPC. The rule is copied, its counters cleared. */
MUST_CHECK int fault_add(struct fault_plan *plan, const struct fault_rule *rule);

/* True for what befalls the board or the host from outside. */
bool fault_is_effect(enum fault_action action);

/* An occasion. Every rule that fits counts it; the first of those that are due fires and decides. An effect is handed to
 * on_effect, and FAULT_NOTHING returned. plan NULL or empty: nothing. */
struct fault_hit fault_ask(struct fault_plan *plan, const struct fault_occasion *occasion);

/* The same for a named point that has nothing but a match; NULL = none. */
struct fault_hit fault_at(struct fault_plan *plan, enum fault_point point, const char *match);

/* True when somebody wants to know of an occasion at one of these points (a bit each): where nobody does, nobody needs to
 * ask. */
static inline bool fault_listens(const struct fault_plan *plan, uint32_t points)
{
	return plan->on_occasion || (plan->points & points);
}

/* When the next rule at FAULT_TIME is due, in microseconds since the boards began; CLOCK_NEVER = none. */
uint64_t fault_time_next_us(const struct fault_plan *plan);

/* Fires the rules at FAULT_TIME that are due. */
void fault_time_pass(struct fault_plan *plan, uint64_t elapsed_us);

/* The first rule that never fired, or NULL. */
const struct fault_rule *fault_never_fired(const struct fault_plan *plan);

extern const struct names
	fault_point_names; /* "board-reset", "dfu-connect", "ecu-connect", "ecu-reply", "dfu-execute", ... */
extern const struct names fault_action_names; /* "nothing", "delay", "lose-ram", "no-show", ... */

#endif
