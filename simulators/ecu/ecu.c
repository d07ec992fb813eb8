/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/ecu.h"

#include <stddef.h>

const struct program_loader *const ecu_loaders[] = {&ecu_loader, &openblt_loader, NULL};
