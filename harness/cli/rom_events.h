/* SPDX-License-Identifier: MIT */
/* What a simulated ROM bootloader does, as events. */
#ifndef DFURIG_CLI_ROM_EVENTS_H
#define DFURIG_CLI_ROM_EVENTS_H

#include "harness/report/event.h"
#include "simulators/stm32/rom_dfu.h"

struct rom_events {
	struct rom_observer observer; /* for stm32_board_config.observer */
	struct event_stream *stream;  /* borrowed */
	const char *board;            /* borrowed; its name in the rig */
};

void rom_events_init(struct rom_events *events, struct event_stream *stream, const char *board);

#endif
