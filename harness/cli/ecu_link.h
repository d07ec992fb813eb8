/* SPDX-License-Identifier: MIT */
/* The one ECU that a command is about: found among a system's serial ports, opened, and known to answer. */
#ifndef DFURIG_CLI_ECU_LINK_H
#define DFURIG_CLI_ECU_LINK_H

#include <stdbool.h>

#include "harness/host/ts_client.h"
#include "harness/host/xcp_client.h"

/* rusEFI and its OpenBLT both are this. [rusEFI usbcfg.cpp] */
#define ECU_LINK_VID 0x0483
#define ECU_LINK_PID 0x5740

enum ecu_link_kind {
	ECU_LINK_ECU,
	ECU_LINK_OPENBLT,
};

struct ecu_link {
	enum ecu_link_kind kind;
	struct serial_port_entry entry;    /* a port that is not USB has a name only */
	struct serial_port *port;          /* owned; NULL = closed */
	struct ts_client ts;               /* ECU */
	char signature[TS_SIGNATURE_ROOM]; /* ECU */
	struct xcp_identity loader;        /* OpenBLT */
};

/* name: a port or its link, or "auto": the only port of a rusEFI that answers. With openblt an OpenBLT counts too. CLEANUP
 * (ecu_link_close) on it, after any result. 0; -ENODEV: nobody answers; -EBUSY: somebody else has the port;
 * -EMLINK: several answer (why lists them); others as serial_host and ts_client have them. */
MUST_CHECK int ecu_link_open(struct ecu_link *ret, struct serial_host *serial, const char *name,
	bool openblt, struct why *why);
void ecu_link_close(struct ecu_link *link);

#endif
