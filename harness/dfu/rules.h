/* SPDX-License-Identifier: MIT */
/*
 * The DFU machine as data: what a device in DFU mode does with each request in each state.
 *
 * The base is DFU 1.1, appendix A.2, with what DfuSe puts on top (a download's work starts at DFU_GETSTATUS, which the
 * specification has too). A ROM that departs from it says so cell by cell, each cell with its source; base and cells
 * together make the device's own table. This file does nothing by itself: the device carries out the actions.
 */
#ifndef DFURIG_DFU_RULES_H
#define DFURIG_DFU_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/dfu/dfu.h"

enum dfu_action {
	DFU_DO_REFUSE, /* STALL, and dfuERROR with the rule's status */
	DFU_DO_STALL,  /* STALL, nothing else changes */
	DFU_DO_IGNORE, /* ACK, nothing else changes */
	DFU_DO_STORE,  /* DNLOAD: keep the block for the next GETSTATUS; empty = without data */
	DFU_DO_UPLOAD, /* answer with memory or the command list; empty = nothing was asked for */
	DFU_DO_STATUS, /* answer the six bytes */
	DFU_DO_BEGIN, /* answer the six bytes, then carry out the stored block; empty = none stored */
	DFU_DO_LEAVE, /* answer the six bytes, then leave DFU */
	DFU_DO_STATE, /* answer the state's byte */
	DFU_DO_SET,   /* ACK: drop the stored block, take the rule's state and status */
	DFU_DO_DETACH, /* ACK: drop the stored block, take the rule's state, leave the bus for a moment */
	DFU_ACTION_COUNT,
};

struct dfu_rule {
	uint8_t action; /* enum dfu_action */
	uint8_t next;   /* enum dfu_state afterwards */
	uint8_t empty;  /* the same where there is no data: see the actions */
	uint8_t status; /* enum dfu_status afterwards: DFU_DO_REFUSE and DFU_DO_SET */
};

/* One departure from the base. */
struct dfu_rule_cell {
	enum dfu_state state;
	enum dfu_request request;
	struct dfu_rule rule;
	const char *source; /* document or log that shows it */
};

struct dfu_overlay {
	const struct dfu_rule_cell *cells;
	size_t count;
};

/* A device's table. */
struct dfu_rules {
	struct dfu_rule rule[DFU_STATE_COUNT][DFU_REQUEST_COUNT];
	const char *source[DFU_STATE_COUNT][DFU_REQUEST_COUNT]; /* borrowed from the overlays */
};

/* The base alone. */
void dfu_rules_init(struct dfu_rules *ret);

/* Puts an overlay on top; the last one wins. NULL is fine. */
void dfu_rules_apply(struct dfu_rules *rules, const struct dfu_overlay *overlay);

/* The table as text for golden files, one line a cell. Returns 0 or negative errno of the buffer. */
MUST_CHECK int dfu_rules_dump(const struct dfu_rules *rules, struct buf *out);

const char *dfu_action_text(enum dfu_action action);

#endif
