/* SPDX-License-Identifier: MIT */
#include "harness/report/board_text.h"

#include <assert.h>

static const char *const pin_text[] = {
	[BOARD_POWER] = "power",
	[BOARD_BOOT0] = "boot0",
	[BOARD_NRST] = "nrst",
	[BOARD_USB] = "usb",
	[BOARD_DATA] = "data",
	[BOARD_VBUS] = "vbus",
};
static_assert(ARRAY_SIZE(pin_text) == BOARD_PIN_COUNT, "a name for each pin");
const struct names board_pin_names = NAMES(pin_text);

static const char *const mode_text[] = {
	[BOARD_OFF] = "off",
	[BOARD_RESET] = "reset",
	[BOARD_DFU] = "dfu",
	[BOARD_ECU] = "ecu",
	[BOARD_OPENBLT] = "openblt",
	[BOARD_FIRMWARE] = "firmware",
	[BOARD_DEAD] = "dead",
};
static_assert(ARRAY_SIZE(mode_text) == BOARD_MODE_COUNT, "a name for each mode");
const struct names board_mode_names = NAMES(mode_text);
