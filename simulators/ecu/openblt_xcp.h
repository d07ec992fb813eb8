/* SPDX-License-Identifier: MIT */
/*
 * OpenBLT's XCP session: packets in, packets out, erase and program of the application in between.
 *
 * It never waits: a command that takes time is answered from a tick; what the host sends meanwhile waits in a queue.
 * Source: OpenBLT's xcp.c, and rusEFI's openblt_usb.cpp and openblt_flash.cpp.
 */
#ifndef DFURIG_ECU_OPENBLT_XCP_H
#define DFURIG_ECU_OPENBLT_XCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "simulators/stm32/program.h"

#define OPENBLT_PACKET_MS 100 /* to finish a packet [rusEFI openblt_usb.cpp] */

struct openblt_xcp_config {
	struct machine *machine; /* borrowed */
	uint32_t app_base;       /* what is below is OpenBLT's own */
	bool probes;             /* answers 3F and BF */
	const char *version;     /* for 3F; borrowed */
	const char *board;       /* for BF: "brand.board"; borrowed */
	/* A packet with its length byte goes to the host. */
	void (*send)(void *owner, const uint8_t *data, size_t size);
	void *owner;
};

enum openblt_job {
	OPENBLT_IDLE,
	OPENBLT_ERASE,
	OPENBLT_PROGRAM,
	OPENBLT_RESET, /* the chip is about to be reset: nothing is answered any more */
};

struct openblt_xcp {
	struct openblt_xcp_config config;
	bool connected;     /* a session is open */
	bool was_connected; /* one was, since the reset */
	uint32_t mta;       /* memory transfer address */
	struct buf in;      /* from the host, not yet understood */
	uint64_t
		in_until_us; /* then the packet at the front is given up; CLOCK_NEVER = none has begun */
	enum openblt_job job;
	uint32_t erase_at, erase_end;
};

void openblt_xcp_init(struct openblt_xcp *xcp, const struct openblt_xcp_config *config);
void openblt_xcp_done(struct openblt_xcp *xcp);

/* Bytes from the host at now_us. */
void openblt_xcp_receive(
	struct openblt_xcp *xcp, uint64_t now_us, const uint8_t *data, size_t size);

/* Forgets what has come: the bus was reset. */
void openblt_xcp_drop(struct openblt_xcp *xcp);

uint64_t openblt_xcp_deadline_us(const struct openblt_xcp *xcp);
void openblt_xcp_tick(struct openblt_xcp *xcp, uint64_t now_us);

#endif
