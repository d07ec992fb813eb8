/* SPDX-License-Identifier: MIT */
/*
 * Where ST's ROM bootloaders depart from DFU 1.1: overlays of single cells on the base table (harness/dfu/rules.h).
 * A chip's row names its overlay.
 */
#ifndef DFURIG_STM32_ROM_RULES_H
#define DFURIG_STM32_ROM_RULES_H

#include "harness/dfu/rules.h"

/* STM32F2, F4, F7. What was seen of F7 ROMs (fresh state, two GETSTATUS an operation: fwupd issue 2696, dfu-util ticket 231) is
 * as the F4's; that all other cells are is guessed. */
extern const struct dfu_overlay rom_rules_f4;

#endif
