/* SPDX-License-Identifier: MIT */
/*
 * A client of OpenBLT on a serial port: is it there, which one is it, and a new application for it.
 *
 * Errors: no answer in time is -ETIMEDOUT, a refusal -EREMOTEIO (the code is in why and in xcp->last_error), an
 * answer of another shape -EPROTO, a port that vanishes -ENODEV. Sources: rusEFI's console (OpenbltDetectorStrategy,
 * XcpLoader, XcpSettings, OpenBltFlasher).
 */
#ifndef DFURIG_HOST_XCP_CLIENT_H
#define DFURIG_HOST_XCP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/ports/serial_host.h"

/* XCP's own names for the times: T1 any command, T3 PROGRAM_START, T4 an erase, T5 programming, T6 CONNECT. */
struct xcp_timeouts {
	uint32_t t1_ms, t3_ms, t4_ms, t5_ms, t6_ms;
	uint32_t probe_ms; /* for the first byte of the answer to a probe, */
	uint32_t rest_ms;  /* and for the rest of any answer */
};

extern const struct xcp_timeouts xcp_timeouts_default; /* rusEFI console's */

#define XCP_CLIENT_ERASE_STEP                                                                      \
	4096 /* loaders in the wild lose the second page of a larger erase [FOME OpenBltFlasher] */
#define XCP_CLIENT_WRITE_STEP 1024

struct xcp_client {
	struct serial_port *port; /* borrowed */
	struct xcp_timeouts timeouts;
	bool big_endian;        /* as CONNECT says, as the next two */
	uint8_t max_packet;     /* bytes of a command */
	uint8_t program_packet; /* the same while programming */
	uint8_t last_error;     /* of the last refusal */
	uint8_t answer[255];
	size_t answer_size;
};

enum xcp_probe_result {
	XCP_PROBE_OPENBLT,
	XCP_PROBE_OTHER,  /* something answers, but it is no OpenBLT */
	XCP_PROBE_SILENT, /* nobody answers: an ECU, or nobody */
	XCP_PROBE_FAILED, /* the port cannot be used: why */
	XCP_PROBE_RESULT_COUNT,
};

/* What newer loaders tell; "" = it did not. */
struct xcp_identity {
	char version[64];
	char features[96]; /* "a,b" */
	char board[96];    /* "brand.board" */
};

void xcp_client_init(struct xcp_client *xcp, struct serial_port *port);

/* Asks who is there: CONNECT, and when OpenBLT answers, its banner and its board. ret may be NULL. An ECU takes
 * CONNECT for the beginning of a frame of 767 bytes: when it is in sync, its 0x80 comes a second later and lies in
 * front of what is asked next; when it is not, it drops the bytes. Who goes on with such a port drops its input
 * first. */
enum xcp_probe_result xcp_client_probe(
	struct xcp_client *xcp, struct xcp_identity *ret, struct why *why);
const char *xcp_probe_result_text(enum xcp_probe_result result);

/* CONNECT, again and again for patience_ms (0 = once), and PROGRAM_START. */
MUST_CHECK int xcp_client_connect(struct xcp_client *xcp, uint32_t patience_ms, struct why *why);

/* One command each. write sets the address, and sends as many packets as it takes. */
MUST_CHECK int xcp_client_clear(
	struct xcp_client *xcp, uint32_t addr, uint32_t size, struct why *why);
MUST_CHECK int xcp_client_write(
	struct xcp_client *xcp, uint32_t addr, const uint8_t *data, size_t size, struct why *why);
MUST_CHECK int xcp_client_read(
	struct xcp_client *xcp, uint32_t addr, uint8_t *ret_data, size_t size, struct why *why);

struct xcp_progress {
	/* Called after each step; total bytes are the image's, erased and written each. May be NULL. */
	void (*step)(void *user, const char *what, size_t done, size_t total);
	void *user;
};

/* Erases and writes an application, in steps, and ends the programming. Connected before. progress may be NULL. */
struct xcp_image {
	uint32_t addr;
	const uint8_t *data; /* borrowed */
	size_t size;
};
MUST_CHECK int xcp_client_program(struct xcp_client *xcp, const struct xcp_image *image,
	const struct xcp_progress *progress, struct why *why);

/* PROGRAM_RESET. That nobody answers, or the port vanishes, is as it should be. */
MUST_CHECK int xcp_client_reset(struct xcp_client *xcp, struct why *why);

#endif
