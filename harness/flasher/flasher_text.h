/* SPDX-License-Identifier: MIT */
/* The names of flasher.h's enumerators, in files and in the last line of an update. */
#ifndef DFURIG_FLASHER_FLASHER_TEXT_H
#define DFURIG_FLASHER_FLASHER_TEXT_H

#include "harness/base/names.h"
#include "harness/ports/flasher.h"

extern const struct names flasher_flow_names;   /* "auto", "manual" */
extern const struct names flasher_reason_names; /* "none", "no-ecu", "port-held", ... */

/* For people: "no bootloader showed up". */
const char *flasher_reason_text(enum flasher_reason reason);

#endif
