/* SPDX-License-Identifier: MIT */
/* A rusEFI program on a bus, on virtual time, and a host that sends it bytes. */
#ifndef DFURIG_ECU_ECU_RIG_TEST_H
#define DFURIG_ECU_ECU_RIG_TEST_H

#include "harness/base/clock.h"
#include "harness/vusb/bus.h"
#include "simulators/ecu/fake_machine_test.h"
#include "simulators/firmware/firmware.h"

#define ECU_RIG_SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define ECU_RIG_IN_MAX    70000

struct ecu_rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct vusb_ticker ticker; /* the board: lets the program live, and shows it on the port */
	struct fault_plan faults;
	struct fake_machine fake;
	struct firmware firmware;
	struct program *program;    /* NULL = none runs */
	uint8_t in[ECU_RIG_IN_MAX]; /* what came last */
	size_t in_size;
};

/* Firmware with rusEFI's defaults and a tune of 1000 bytes; not in flash yet. CLEANUP(ecu_rig_done). */
void ecu_rig_init_or_fail(struct ecu_rig *rig);
void ecu_rig_done(struct ecu_rig *rig);

/* Writes the firmware into flash. */
void ecu_rig_flash_or_fail(struct ecu_rig *rig);

/* A reset: ends the program, if one runs, and starts what is in flash. Returns what the loader said. */
int ecu_rig_reset(struct ecu_rig *rig);

/* ecu_rig_flash, ecu_rig_reset, and waits until it is enumerated. */
void ecu_rig_start_or_fail(struct ecu_rig *rig);

void ecu_rig_wait_ms(struct ecu_rig *rig, uint32_t ms);

/* Writes bytes to the port. False: they were not taken within 10 s, or it is gone. */
bool ecu_rig_send(struct ecu_rig *rig, const void *data, size_t size);

/* Reads until nothing comes for ms: rig->in, rig->in_size. One transfer asks for at most `most` bytes. Returns the number of
 * transfers. */
size_t ecu_rig_receive(struct ecu_rig *rig, size_t most, uint32_t ms);

/* "00 01 53" as bytes. Returns their number. */
size_t ecu_rig_hex(const char *hex, uint8_t *ret, size_t room);

/* Sends a request's payload in a frame, and expects a good frame back within 5 s: its code; the data behind it is at rig->in + 3,
 * *ret_size bytes (or NULL). */
uint8_t ecu_rig_ask_or_fail(
	struct ecu_rig *rig, const void *payload, size_t size, size_t *ret_size);

/* E with a text; the code. */
uint8_t ecu_rig_execute_or_fail(struct ecu_rig *rig, const char *text);

#endif
