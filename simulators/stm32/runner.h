/* SPDX-License-Identifier: MIT */
/*
 * The CPU's side of a simulated board: the machine that programs see (program.h), and the one program that runs.
 *
 * What a program asks of the board (reset, jump, USB) is kept here until the board takes it: a program must not be freed
 * or unplugged under its own feet.
 */
#ifndef DFURIG_STM32_RUNNER_H
#define DFURIG_STM32_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/clock.h"
#include "simulators/stm32/memory.h"
#include "simulators/stm32/program.h"
#include "simulators/stm32/rom_dfu.h"

/* Somebody who wants to tell a person. */
struct runner_observer {
	void (*fact)(struct runner_observer *observer, enum program_fact_kind kind, uint32_t size,
		const char *text);
	/* A flash operation of the program began, told as the ROM's are: ROM_FACT_ERASE, ROM_FACT_PROGRAM. */
	void (*flash)(struct runner_observer *observer, const struct rom_fact *fact);
};

struct runner_config {
	struct memory *memory;                       /* borrowed; its config says chip and UID */
	struct clock *clock;                         /* borrowed */
	const struct program_loader *const *loaders; /* borrowed, NULL-terminated; NULL = none */
	struct fault_plan *faults;                   /* borrowed, or NULL */
	bool fast;
	struct runner_observer *observer; /* borrowed */
};

enum runner_request_kind {
	RUNNER_NOTHING,
	RUNNER_RESET, /* cause */
	RUNNER_JUMP,  /* addr */
};

struct runner_request {
	enum runner_request_kind kind;
	enum reset_cause cause;
	uint32_t addr;
};

struct runner {
	struct machine machine;
	struct runner_config config;
	struct program *program; /* owned; NULL = none runs */
	struct runner_request request;
	bool wants_usb; /* the pull-up as the program last set it */
};

/* The struct must not move while it is in use. */
void runner_init(struct runner *runner, const struct runner_config *config);

/* Why a Cortex-M that takes its stack and its start from addr gets nowhere, for people; NULL: a stack in RAM, Thumb code in
 * the same memory as the table, and it is not erased (0xffff is no instruction: HardFault). */
const char *runner_cannot_start(struct memory *memory, uint32_t addr);

/* Starts the program at addr, behind a vector table. 0; -ENOEXEC: no loader knows it; -ENODATA, -ENOMEM. */
MUST_CHECK int runner_load(struct runner *runner, uint32_t addr, enum reset_cause cause);

/* Frees the program, if there is one; its device must be off the bus. */
void runner_stop(struct runner *runner);

/* The program's device, or NULL. */
struct vusb_device *runner_device(const struct runner *runner);

/* When runner_tick is wanted next; CLOCK_NEVER = not. */
uint64_t runner_deadline_us(const struct runner *runner);
void runner_tick(struct runner *runner);

/* What the program asked for; nothing is asked for any more. */
struct runner_request runner_take_request(struct runner *runner);

#endif
