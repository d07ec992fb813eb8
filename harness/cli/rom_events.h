/* SPDX-License-Identifier: MIT */
/* What a simulated board does, its ROM bootloader and its firmware, as events. */
#ifndef DFURIG_CLI_ROM_EVENTS_H
#define DFURIG_CLI_ROM_EVENTS_H

#include "harness/report/event.h"
#include "simulators/stm32/board.h"

#define ROM_EVENTS_RUNS 128

struct rom_events {
	struct rom_observer observer;               /* for stm32_board_config.observer */
	struct stm32_board_observer board_observer; /* for stm32_board_config.board_observer */
	enum board_mode mode;                       /* the last one told */
	char runs[ROM_EVENTS_RUNS];  /* what the firmware that runs calls itself, or "" */
	struct event_stream *stream; /* borrowed */
	const char *board;           /* borrowed; its name in the rig */
};

void rom_events_init(struct rom_events *events, struct event_stream *stream, const char *board);

#endif
