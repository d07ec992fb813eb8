/* SPDX-License-Identifier: MIT */
/*
 * What runs on the chip beside its ROM: the socket between the board and simulated firmware.
 *
 * The board offers a machine (memory, time, reset, the USB pull-up); a program is loaded from what is in flash at an
 * address, lives until the next reset or jump, and never waits: it gives a deadline and is ticked. A program keeps what
 * it must not lose in flash or RAM by way of the machine, nowhere else.
 */
#ifndef DFURIG_STM32_PROGRAM_H
#define DFURIG_STM32_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/fault/fault.h"
#include "harness/ports/board.h"
#include "harness/vusb/device.h"
#include "simulators/stm32/chip.h"

enum reset_cause {
	RESET_POWER,    /* POR, BOR */
	RESET_PIN,      /* NRST */
	RESET_SOFTWARE, /* SYSRESETREQ */
	RESET_WATCHDOG,
	RESET_CAUSE_COUNT,
};

/* What a program tells of itself, for reports. */
enum program_fact_kind {
	PROGRAM_FACT_START, /* text: what runs, "rusEFI ..." */
	PROGRAM_FACT_COMMAND, /* text: what the host asked, "R page 0, offset 0, 1400 bytes"; size: bytes of the frame */
	PROGRAM_FACT_REPLY, /* text: what is answered, "OK, 1400 bytes"; size: bytes of the frame */
	PROGRAM_FACT_TUNE, /* text: what became of the settings, "read from the first copy", "defaults: wrong CRC" */
	PROGRAM_FACT_NOTE,
	PROGRAM_FACT_KIND_COUNT,
};

/* "power", "pin", "software", "watchdog": what FAULT_BOARD_RESET matches. */
const char *reset_cause_text(enum reset_cause cause);

struct machine;

/* Called by programs from load, tick and the ops of their device. All are there. */
struct machine_ops {
	/* Memory as the CPU reads it. 0 or -EFAULT. */
	int (*read)(struct machine *machine, uint32_t addr, uint8_t *ret_data, size_t size);

	/* RAM only, at once; RAM survives resets, not the loss of power. 0, -EFAULT, -ENOMEM. */
	int (*write_ram)(struct machine *machine, uint32_t addr, const uint8_t *data, size_t size);

	/* Flash, one operation at a time: done when the time busy_until_us is reached. Programming ANDs; what is
	 * write-protected stays, silently. data is copied. 0, -EBUSY, -EFAULT (no flash), -ENOMEM. */
	int (*start_erase)(
		struct machine *machine, uint32_t addr); /* the sector that addr lies in */
	int (*start_program)(
		struct machine *machine, uint32_t addr, const uint8_t *data, size_t size);
	uint64_t (*busy_until_us)(const struct machine *machine); /* <= now_us: not busy */

	/* The pull-up: the program's device appears on the bus (when the cable is in and has VBUS), or leaves it. Takes
	 * effect when the load or tick that calls it has returned; called from an op of the device, at the bus's next
	 * tick, of which only the last wish counts. The board asks FAULT_ECU_CONNECT here; programs do not. */
	void (*set_connected)(struct machine *machine, bool connected);

	/* NVIC_SystemReset, and a start of the vector table at addr in place of this program; in the chip's system memory
	 * (chip->identity.system) that is the ROM bootloader. Both take effect after the load, op or tick that calls
	 * them has returned: the program is not ticked any more, its device NAKs, and it is freed at the bus's next tick.
	 * The first of several counts. */
	void (*system_reset)(struct machine *machine, enum reset_cause cause);
	void (*jump)(struct machine *machine, uint32_t addr);

	void (*tell)(struct machine *machine, enum program_fact_kind kind, uint32_t size,
		const char *text);
};

struct machine {
	const struct machine_ops *ops;
	const struct chip *chip; /* borrowed, for ever */
	const struct chip_flash
		*flash;     /* its flash as the option bytes organise it; borrowed, for ever */
	const uint8_t *uid; /* CHIP_UID_SIZE bytes as in memory; borrowed */
	struct fault_plan *faults; /* borrowed; NULL = none */
	enum reset_cause cause;    /* of the last reset */
	uint64_t now_us; /* set by the board before it calls the program, and by each call above */
	bool fast;       /* pauses of firmware that no host has to see are 1 ms */
};

struct program;
struct program_ops {
	const char *name;
	void (*tick)(struct program *program); /* machine->now_us is at or past the deadline */
	uint64_t (*deadline_us)(const struct program *program); /* CLOCK_NEVER = none */
	void (*free)(struct program *program);
};

struct program {
	const struct program_ops *ops;
	struct vusb_device *device; /* borrowed from the program for its life; NULL = no USB */
	enum board_mode mode;       /* BOARD_ECU, BOARD_OPENBLT, BOARD_FIRMWARE */
};

/* Knows one kind of firmware. */
struct program_loader {
	const char *name;
	/* Starts what lies at addr, when it is of this kind. 0; -ENOEXEC: not of this kind; -ENODATA: of this kind, but
	 * damaged: it hangs without USB; -ENOMEM. machine is borrowed for the program's life. After a reset or a jump *ret
	 * may stay NULL. addr holds a vector table that this chip can start from. */
	int (*load)(struct machine *machine, uint32_t addr, struct program **ret);
};

#endif
