/* SPDX-License-Identifier: MIT */
/* The rows of the table of expectations: how each is read, and how it is checked. Private to expect*.c. */
#ifndef DFURIG_SCENARIO_EXPECT_ROWS_H
#define DFURIG_SCENARIO_EXPECT_ROWS_H

#include "harness/scenario/expect.h"

/* What a check says for people. */
struct told {
	char expected[EXPECT_SENTENCE];
	char got[EXPECT_SENTENCE];
};

/* Into one of told's texts, cut to its size. */
void expect_print(char *out, const char *fmt, ...) PRINTF(2, 3);

static inline double expect_seconds(uint64_t us)
{
	return (double)us / 1e6;
}

/* Each parse is as words_text. Each check returns 1 (it fits), 0 (it does not), or the rig's failure with its sentence in
 * told->got. */
#define EXPECT_ROW(key)                                                                            \
	int expect_parse_##key(const struct words *words, struct expect *expect);                  \
	int expect_check_##key(                                                                    \
		const struct expect *expect, const struct findings *findings, struct told *told)

/* expect_tool.c: of the flasher's word. */
EXPECT_ROW(reason);
EXPECT_ROW(tool);
EXPECT_ROW(within);
EXPECT_ROW(exit);
EXPECT_ROW(timed_out);
EXPECT_ROW(says);

/* expect_board.c: of the board. */
EXPECT_ROW(outcome);
EXPECT_ROW(tune);
EXPECT_ROW(usb);
EXPECT_ROW(firmware);
EXPECT_ROW(ends_as);
EXPECT_ROW(flash);

#endif
