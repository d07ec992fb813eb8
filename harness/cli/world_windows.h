/* SPDX-License-Identifier: MIT */
/* The simulated Windows of a world in-process: made as the scenario's host is, and what a person does to it. */
#ifndef DFURIG_CLI_WORLD_WINDOWS_H
#define DFURIG_CLI_WORLD_WINDOWS_H

#include "harness/cli/rig.h"
#include "harness/host/host_os_direct.h"
#include "harness/scenario/world.h"
#include "simulators/windows/windows.h"

struct world_windows_host {
	struct windows *windows;         /* owned; NULL = none */
	struct rig *rig;                 /* borrowed; set by the world */
	struct host_os *os;              /* borrowed; set by the world */
	struct event_sink plugs;         /* tells Windows what is plugged in */
	struct serial_host *ports;       /* owned: os->serial while there is a Windows */
	struct serial_host *plain_ports; /* borrowed: os->serial without */
	struct pnp_device *shown;        /* owned: what was told of each board last */
};

/* A Windows with all packages of fixtures/drivers at hand and those in its store that the host has, or that the flasher
 * wants; self->os is one from then on. 0, -ENOMEM, or what is wrong with a package. */
MUST_CHECK int world_windows_make(struct world_windows_host *self, const struct world_host *host,
	const struct flasher *flasher, struct why *why);

/* None any more; harmless when there was none. */
void world_windows_done(struct world_windows_host *self);

/* An event of each board of which Device Manager shows another thing than at the last time; harmless without a Windows. */
void world_windows_tell(struct world_windows_host *self);

/* As struct world_ops says. */
MUST_CHECK int world_windows_do(
	struct world_windows_host *self, const struct world_windows *what, struct why *why);

#endif
