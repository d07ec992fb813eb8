/* SPDX-License-Identifier: MIT */
/* Which cuts make sense at an occasion of a fault plan, as rules that fire at it; and how far an update is, by its occasions. */
#ifndef DFURIG_CLI_SWEEP_WAYS_H
#define DFURIG_CLI_SWEEP_WAYS_H

#include "harness/fault/fault.h"
#include "harness/report/sweep.h"

#define SWEEP_WAY_MAX 32

/* The occasions that are looked at. */
enum sweep_at {
	SWEEP_AT_TRANSACTIONS, /* before each transfer, after each GETSTATUS, inside each erase and programming, at each
				* reset and appearance on USB */
	SWEEP_AT_BLOCKS, /* the same, but of transfers only those that download a block to be written, or an erase */
	SWEEP_AT_POINTS, /* the simulator's named points alone */
	SWEEP_AT_COUNT,
};

extern const struct names sweep_at_names; /* "every-transaction", "every-block", "points" */

/* The usual kinds: what `--cut` is without it. Bit per enum sweep_cut. */
#define SWEEP_CUTS_USUAL                                                                           \
	(1u << SWEEP_VDD | 1u << SWEEP_NRST | 1u << SWEEP_USB | 1u << SWEEP_KILL |                 \
		1u << SWEEP_STALL | 1u << SWEEP_NAK | 1u << SWEEP_ERROR | 1u << SWEEP_FLIP)
#define SWEEP_CUTS_ALL ((1u << SWEEP_CUT_COUNT) - 1)

struct sweep_way {
	enum sweep_cut cut;
	bool inside;
	uint8_t percent;
	struct fault_rule rule; /* fires at the occasion that it was made for, once */
};

/* The cuts of the set that make sense here, by kind and per cent. Returns their number. */
size_t sweep_ways(uint32_t cuts, enum sweep_at at, const struct fault_occasion *occasion,
	struct sweep_way ret[static SWEEP_WAY_MAX]);

/* When it befalls the board, from the occasion on. */
uint64_t sweep_way_delay_us(const struct sweep_way *way, const struct fault_occasion *occasion);

/* The phase that the update is in with this occasion, which comes after `phase`. */
enum sweep_phase sweep_phase_next(enum sweep_phase phase, const struct fault_occasion *occasion);

/* "before DNLOAD (write 0x08020000)", "erase of 0x08060000, 50 %". Returns out. */
const char *sweep_where(
	const struct fault_occasion *occasion, const struct sweep_way *way, char *out, size_t size);

#endif
