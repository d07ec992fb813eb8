/* SPDX-License-Identifier: MIT */
/*
 * Events for people: one plain line each, "seconds  who  what".
 *
 *     0.790  f407-discovery    USB 0483:df11 "STM32  BOOTLOADER" serial 315A28A0B956, port 1
 *
 * Erases, writes and reads that go on where the last one ended are one line, printed when something else happens.
 * Host requests and DFU states are shown only when asked for; then nothing is gathered.
 */
#ifndef DFURIG_REPORT_EVENT_TERMINAL_H
#define DFURIG_REPORT_EVENT_TERMINAL_H

#include <stdio.h>

#include "harness/report/event.h"

struct event_terminal {
	struct event_sink sink;
	FILE *out;     /* borrowed */
	bool requests; /* show every host request and DFU state too */

	struct event run; /* the erase, write or read that may go on; board points into run_board */
	char run_board[64];
	uint32_t run_count; /* events in it, 0 = none */
};

/* Nothing to free, but event_terminal_finish prints the last line. */
void event_terminal_init(struct event_terminal *terminal, FILE *out, bool requests);

/* Prints what is still gathered, flushes, and removes the sink from its stream. */
void event_terminal_finish(struct event_terminal *terminal);

#endif
