/* SPDX-License-Identifier: MIT */
/*
 * Serial ports as Windows has them: COM<n>, by the number that Plug and Play gave the device's node, and only once its driver is
 * there and runs. Over another host, which moves the bytes.
 */
#ifndef DFURIG_HOST_SERIAL_HOST_WINDOWS_H
#define DFURIG_HOST_SERIAL_HOST_WINDOWS_H

#include "harness/ports/pnp.h"
#include "harness/ports/serial_host.h"

/* under and pnp are borrowed for the life of the host; the host's clock is under's. NULL when out of memory. */
struct serial_host *serial_host_windows_new(struct serial_host *under, struct pnp *pnp);

/* Ports that are open stay open: they are under's. NULL is fine. */
void serial_host_windows_free(struct serial_host *host);

#endif
