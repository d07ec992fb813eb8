/* SPDX-License-Identifier: MIT */
/* What the files of the digest share; for them only. */
#ifndef DFURIG_REPORT_DIGEST_PARTS_H
#define DFURIG_REPORT_DIGEST_PARTS_H

#include "harness/report/digest.h"

#define DIGESTER_BOARD_MAX 8
#define DIGESTER_TOOL_MAX  4

struct digester {
	struct digest *digest;
	struct digest_item nowhere; /* what there is no room for goes here */
	size_t dfu; /* index + 1 of the bootloader's work that may go on; 0 = none */
	size_t own; /* of the firmware's own work, that may go on */
	size_t ecu; /* of the command that waits for its answer */

	/* States that belong to the work before them or after them. */
	struct digest_state states[DIGEST_STATE_MAX];
	size_t state_count, last_idle; /* up to last_idle they end the work before */
	uint32_t requests;

	struct {
		const char *board, *mode;
	} boards[DIGESTER_BOARD_MAX];
	size_t board_count;

	char tools[DIGESTER_TOOL_MAX][32]; /* that run now, the last started last */
	size_t tool_count;
};

/* Begins an item; never NULL. Work that went on ends. */
struct digest_item *digester_push(
	struct digester *self, enum digest_kind kind, const struct event *event);

/* True when the last item says the same; then it counts one more. */
bool digester_repeats(struct digester *self, enum digest_kind kind, const struct event *event);

/* The bootloader's operations and states, and requests of the host. */
void digester_dfu(struct digester *self, const struct event *event);
void digester_dfu_state(struct digester *self, const struct event *event);
void digester_request(struct digester *self, const struct event *event);

/* Commands of the host to the firmware, and answers. */
void digester_ecu_command(struct digester *self, const struct event *event);
void digester_ecu_reply(struct digester *self, const struct event *event);

/* Something else follows: an answered command goes to its like before it. */
void digester_settle_ecu(struct digester *self);

/* The command that waited for an answer did not get one. */
void digester_end_ecu(struct digester *self);

/* What the board's last EVENT_MODE said; *mode is NULL before. Never NULL. */
const char **digester_mode(struct digester *self, const char *board);

/* NULL is "". */
bool digest_same(const char *a, const char *b);

/* The states at hand go to the work before; it has ended. */
void digester_end_dfu(struct digester *self);

/* Adds a pin to the item's text: "boot0 held, power on". */
void digest_item_add_pin(struct digest_item *item, const struct event *event);

/* Writes the item's text and answer from what was gathered; a pin's has its text already. */
void digest_item_word(struct digest_item *item);

#endif
