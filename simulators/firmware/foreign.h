/* SPDX-License-Identifier: MIT */
/* A program that is no rusEFI: what somebody's first lesson leaves on a board. It blinks, and has no USB. */
#ifndef DFURIG_FIRMWARE_FOREIGN_H
#define DFURIG_FIRMWARE_FOREIGN_H

#include <stdint.h>

#include "simulators/stm32/chip.h"

#define FOREIGN_SIZE 1024u

/* For the start of this chip's flash: a vector table, code behind it, a text. */
void foreign_build(const struct chip *chip, uint8_t ret[static FOREIGN_SIZE]);

#endif
