/* SPDX-License-Identifier: MIT */
/*
 * Offers a bus to unmodified programs on this machine, without root and without a kernel module: a preload library in
 * the program carries what it does with USB nodes, serial ports, sysfs, the udev data base and hotplug sockets to this
 * server. What the kernel's drivers would do is done here: the hub driver's enumeration, and cdc_acm.
 *
 * The server runs on a libuv loop and drives the bus from it (ticks, deadlines); nobody else may tick the bus while
 * the loop runs.
 */
#ifndef DFURIG_TRANSPORT_MOCK_MOCK_H
#define DFURIG_TRANSPORT_MOCK_MOCK_H

#include <stdbool.h>
#include <uv.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/vusb/bus.h"

struct mock;

/* Starts to serve; what is plugged already is enumerated and shown before this returns. bus and loop are borrowed until
 * mock_stop. 0 or negative errno. */
MUST_CHECK int mock_start(
	struct vusb_bus *bus, uv_loop_t *loop, struct mock **ret, struct why *why);

/* The value that MOCK_ENV needs in the environment of a program. Borrowed. */
const char *mock_address(const struct mock *mock);

/*
 * Situations of the machine that programs run on, for scenarios; at first all is as on a machine that has been set up well. They
 * hold from the next call of a program on, and what is open already stays so.
 */

/* false: as without udev rules, the nodes of USB devices are the superuser's alone (0600). They cannot be opened (EACCES), not
 * by a superuser either, so that it makes no difference who runs a test; sysfs can be read and serial ports be used. */
void mock_set_permission(struct mock *mock, bool allowed);

/* true: as if another program had each serial port open for itself (TIOCEXCL): opening one gives EBUSY. */
void mock_hold_ports(struct mock *mock, bool held);

/* true: a serial port gets a number (ttyACM<n>) that none has had yet, as when a program keeps the old one's node open. */
void mock_new_numbers(struct mock *mock, bool always_new);

/* A kernel driver takes the interfaces of bootloaders before programs can: a claim gives EBUSY until somebody disconnects it.
 * NULL: none does. 0; -ENOTSUP: no such driver here. */
MUST_CHECK int mock_set_kernel_driver(struct mock *mock, const char *name, struct why *why);

/* As if a service opened each serial port that appears, for itself and so long: EBUSY until then. 0: none does. */
void mock_probe_ports(struct mock *mock, uint64_t for_us);

/* Disconnects all programs and closes the handles, running the loop until they are closed. NULL is fine. */
void mock_stop(struct mock *mock);

#endif
