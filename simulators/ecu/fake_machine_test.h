/* SPDX-License-Identifier: MIT */
/*
 * A machine for tests of programs, without a board: a chip's flash and RAM, and what the program did with it. Time
 * stands still until the test moves it; each flash operation takes FAKE_FLASH_US, and is seen at once.
 */
#ifndef DFURIG_ECU_FAKE_MACHINE_TEST_H
#define DFURIG_ECU_FAKE_MACHINE_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "simulators/stm32/flash.h"
#include "simulators/stm32/program.h"

#define FAKE_FLASH_US 1000
#define FAKE_RAM_SIZE 0x20000u

struct fake_machine {
	struct machine machine;
	struct flash flash;
	uint8_t *ram; /* owned */
	uint64_t busy_until_us;
	unsigned int erases, programs; /* started */
	bool connected;
	unsigned int resets, jumps;
	enum reset_cause reset_cause; /* of the last */
	uint32_t jump_addr;
	char note[128]; /* the last of its kind, as those below */
	char tune[128];
	char reply[128];
	char command[128];
};

/* An STM32F407xG. CLEANUP(fake_machine_done) on it. */
void fake_machine_init_or_fail(struct fake_machine *fake);
void fake_machine_done(struct fake_machine *fake);

/* Puts bytes into flash. */
void fake_machine_put_or_fail(
	struct fake_machine *fake, uint32_t addr, const uint8_t *data, size_t size);

#endif
