/* SPDX-License-Identifier: MIT */
/* The names of a board's pins and modes: in events, in scenario files, on the terminal. */
#ifndef DFURIG_REPORT_BOARD_TEXT_H
#define DFURIG_REPORT_BOARD_TEXT_H

#include "harness/base/names.h"
#include "harness/ports/board.h"

extern const struct names board_pin_names; /* "power", "boot0", "nrst", "usb", "vbus" */
extern const struct names
	board_mode_names; /* "off", "reset", "dfu", "ecu", "openblt", "firmware", "dead" */

#endif
