/* SPDX-License-Identifier: MIT */
/* What the rows ask of the evidence; a sentence each. Private to this folder. */
#ifndef DFURIG_TRIAGE_PREDICATES_H
#define DFURIG_TRIAGE_PREDICATES_H

#include "harness/ports/evidence.h"

/* The console looks for the bootloader once, so long after it asked for it [rusEFI DfuFlasher]. */
#define TRIAGE_ONE_LOOK_MS 3000

/* Nothing of a board on USB, and it was looked for. */
bool triage_sees_nothing(const struct evidence *e);

/* One board is on USB as bootloader, or with its serial port. */
bool triage_sees_dfu(const struct evidence *e);
bool triage_sees_serial(const struct evidence *e);

/* The tool is there for another system. */
bool triage_is_tool_of_other_system(const struct evidence *e);

/* Which driver Windows has for the bootloader. */
bool triage_has_windows_node(const struct evidence *e);

/* The option bytes, as far as they could be read. */
bool triage_is_read_protected(const struct evidence *e);
bool triage_is_write_protected(const struct evidence *e);
bool triage_has_bad_boot_address(const struct evidence *e);

/* What lies in flash. */
bool triage_is_torn(const struct evidence *e);
bool triage_is_foreign(const struct evidence *e);
bool triage_holds_firmware(const struct evidence *e); /* rusEFI, and nothing speaks against it */

bool triage_is_dfu_error(const struct evidence *e);
bool triage_is_healthy_ecu(const struct evidence *e);
bool triage_is_healthy_dfu(const struct evidence *e);

#endif
