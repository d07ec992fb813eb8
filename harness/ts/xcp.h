/* SPDX-License-Identifier: MIT */
/*
 * XCP packets as OpenBLT speaks them on a serial port: one length byte, then as many bytes; no checksum. Pure: no I/O.
 *
 * Source: OpenBLT's XCP driver and RS232 transport as rusEFI builds them; ASAM MCD-1 XCP 1.0 for the commands' numbers.
 */
#ifndef DFURIG_TS_XCP_H
#define DFURIG_TS_XCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"

#define XCP_PACKET_MAX 240u /* bytes behind the length byte */

enum xcp_command {
	XCP_CONNECT = 0xff,
	XCP_DISCONNECT = 0xfe,
	XCP_GET_STATUS = 0xfd,
	XCP_SYNCH = 0xfc,
	XCP_GET_ID = 0xfa,
	XCP_SET_MTA = 0xf6,
	XCP_UPLOAD = 0xf5,
	XCP_SHORT_UPLOAD = 0xf4,
	XCP_BUILD_CHECKSUM = 0xf3,
	XCP_PROGRAM_START = 0xd2,
	XCP_PROGRAM_CLEAR = 0xd1,
	XCP_PROGRAM = 0xd0,
	XCP_PROGRAM_RESET = 0xcf,
	XCP_PROGRAM_PREPARE = 0xcc,
	XCP_PROGRAM_MAX = 0xc9,
	/* rusEFI's own probes. */
	XCP_PROBE_BANNER = 0x3f, /* answer: "blt <version> [features=a,b]" */
	XCP_PROBE_BOARD = 0xbf,  /* answer: FF + "brand.board" */
};

enum xcp_pid {
	XCP_PID_RESPONSE = 0xff,
	XCP_PID_ERROR = 0xfe,
};

enum xcp_error {
	XCP_ERR_SYNCH = 0x00,
	XCP_ERR_BUSY = 0x10,
	XCP_ERR_CMD_UNKNOWN = 0x20,
	XCP_ERR_OUT_OF_RANGE = 0x22,
	XCP_ERR_ACCESS_LOCKED = 0x25,
	XCP_ERR_GENERIC = 0x31,
};

/* Whether data begins with a whole packet. True: *ret_packet (borrowed) has *ret_size bytes and it takes one more of
 * data. An empty packet (length 0) is one too. */
bool xcp_scan(const uint8_t *data, size_t size, const uint8_t **ret_packet, size_t *ret_size);

const char *xcp_command_text(uint8_t command); /* "CONNECT"; "?" */
const char *xcp_error_text(uint8_t error);

#endif
