/* SPDX-License-Identifier: MIT */
/*
 * Offers a bus to unmodified programs on this machine, without root and without a kernel module: a preload library in
 * the program carries what it does with USB nodes, sysfs, the udev data base and hotplug sockets to this server.
 *
 * The server runs on a libuv loop and drives the bus from it (ticks, deadlines); nobody else may tick the bus while
 * the loop runs.
 */
#ifndef DFURIG_TRANSPORT_MOCK_MOCK_H
#define DFURIG_TRANSPORT_MOCK_MOCK_H

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

/* Disconnects all programs and closes the handles, running the loop until they are closed. NULL is fine. */
void mock_stop(struct mock *mock);

#endif
