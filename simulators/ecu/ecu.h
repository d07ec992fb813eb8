/* SPDX-License-Identifier: MIT */
/* The programs that a rusEFI board runs: loaders for struct stm32_board_config.loaders. */
#ifndef DFURIG_ECU_ECU_H
#define DFURIG_ECU_ECU_H

#include "simulators/stm32/program.h"

extern const struct program_loader ecu_loader;     /* rusEFI */
extern const struct program_loader openblt_loader; /* OpenBLT at the start of the flash */

/* Both, and NULL. */
extern const struct program_loader *const ecu_loaders[];

#endif
