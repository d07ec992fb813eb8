/* SPDX-License-Identifier: MIT */
/*
 * Brings a board back after its update was cut, as its owner would, with the least effort that helps:
 *
 *     nothing       supply and cable as before; the new firmware runs
 *     run again     the flasher: flow auto when an ECU runs, manual when the board is in its bootloader
 *     replug        power and cable out and in; then the flasher, if it is needed
 *     PROGRAM held  while the board is powered up; then the flasher, flow manual
 *     option bytes  as above, but read protection is taken off before: that erases the chip, and says so
 *
 * and proves what must hold after every cut:
 *
 *     - PROGRAM held at power-up leads to the bootloader, whatever is in flash;
 *     - a board that is in its bootloader, or whose ECU runs, comes back by running the flasher alone;
 *     - the update then completes: the flash equals the image, its firmware runs, sectors that are no business of the
 *       update are what they were;
 *     - the settings are what they were, or it was said before that they would be lost;
 *     - no flasher says success over a flash that differs from the image, nor makes the board leave its bootloader for it.
 *
 * All by the second channel and the operations of struct world. Private to this folder.
 */
#ifndef DFURIG_SCENARIO_RECOVER_H
#define DFURIG_SCENARIO_RECOVER_H

#include "harness/report/sweep.h"
#include "harness/scenario/run.h"

/* Whether the board under test holds the image of the last update, and that is what runs on it. */
MUST_CHECK int recover_is_done(struct run *run, bool *ret, struct why *why);

/* From now on it is seen when the bootloader is left over a flash that differs from the image of the last update. */
void recover_listen(struct run *run);

/* The flasher of run was cut at cut_us, and has ended. Fills in the cell: verdict, need, tune, tries, recovery_us and texts. tries:
 * how often the flasher may be needed without blame. 0, or the rig's failure. */
MUST_CHECK int recover(struct run *run, uint64_t cut_us, unsigned int tries,
	struct sweep_cell *cell, struct why *why);

#endif
