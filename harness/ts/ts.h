/* SPDX-License-Identifier: MIT */
/*
 * The TunerStudio binary protocol as rusEFI speaks it: frames, commands, response codes, signatures. Pure: no I/O.
 *
 * A frame is a 16-bit big-endian length, the payload, and a big-endian CRC-32 (zlib's) over the payload. A request's
 * payload begins with a command letter, a response's with a code. Besides, some single bytes are commands without a
 * frame ("plain"). Source: rusEFI's tunerstudio.cpp and ts_protocol.txt (2025).
 */
#ifndef DFURIG_TS_TS_H
#define DFURIG_TS_TS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"

#define TS_FRAME_OVERHEAD 6u /* length and CRC */
#define TS_PAYLOAD_MAX    65535u
#define TS_SIGNATURE_ROOM 128

enum ts_code {
	TS_OK = 0x00,
	TS_BURN_OK = 0x04,
	TS_UNDERRUN = 0x80,
	TS_OVERRUN = 0x81,
	TS_CRC_FAILURE = 0x82,
	TS_UNRECOGNIZED_COMMAND = 0x83,
	TS_OUT_OF_RANGE = 0x84,
	TS_FRAMING_ERROR = 0x8d,
};

/* "OK", "CRC failure", ...; "?" for others. */
const char *ts_code_text(uint8_t code);

enum ts_command {
	TS_SIGNATURE = 'S',
	TS_SIGNATURE_PLAIN = 'Q', /* plain only */
	TS_PROTOCOL = 'F',        /* plain only */
	TS_TEST = 't',            /* plain only, as 'T' */
	TS_VERSION = 'V',
	TS_OUTPUTS = 'O',
	TS_OUTPUTS_ALL = 'A',
	TS_READ = 'R',
	TS_WRITE = 'C',
	TS_PAGE_CRC = 'k',
	TS_BURN = 'B',
	TS_EXECUTE = 'E',
	TS_GET_TEXT = 'G',
	TS_IO_TEST = 'Z',
	TS_BOOTLOADER = 'L',
	TS_ERROR_TEXT = 'e',
	TS_SCATTERED_READ = '9',
};

/* Arguments of 'Z'. */
#define TS_Z_DFU     0x00ba
#define TS_Z_REBOOT  0x00bb
#define TS_Z_OPENBLT 0x00bc

/* A command's arguments; which of them it has, its letter says. */
struct ts_request {
	uint8_t command;
	bool paged; /* R, C, k, B: the page number is on the wire */
	uint16_t page;
	uint16_t offset, count;    /* R, C, k, O; little-endian on the wire */
	uint16_t subsystem, index; /* Z; big-endian on the wire */
	const uint8_t *data;       /* C: count bytes; E: the text, not terminated. Borrowed */
	size_t data_size;
	bool all; /* O without a range */
};

/* Appends the whole frame around a payload. 0, -EOVERFLOW, -ENOMEM, -EINVAL (payload empty or too long). */
MUST_CHECK int ts_frame_append(struct buf *out, const void *payload, size_t size);

/* Appends the frame of a request. Errors as above. */
MUST_CHECK int ts_request_append(struct buf *out, const struct ts_request *request);

/* Reads the payload of a request (command letter included). 0, or -EBADMSG: its length does not fit the command;
 * -ENOENT: no such command. *ret borrows from payload; it is set in the first case only. */
MUST_CHECK int ts_request_read(
	const uint8_t *payload, size_t size, bool paged, struct ts_request *ret);

/* What the front of a stream of bytes is. */
enum ts_scan {
	TS_SCAN_MORE, /* the beginning of a frame */
	TS_SCAN_FRAME, /* a whole one: *ret_payload, *ret_size; it takes *ret_size + TS_FRAME_OVERHEAD bytes */
	TS_SCAN_CRC,    /* a whole one with a wrong CRC */
	TS_SCAN_LENGTH, /* a length of 0, or over max */
	TS_SCAN_COUNT,
};
enum ts_scan ts_scan(const uint8_t *data, size_t size, size_t max_payload,
	const uint8_t **ret_payload, size_t *ret_size);

/* For a person: "R page 0, offset 0, 1400 bytes", "E reboot_dfu"; control characters as dots. Cut to size. Returns out. */
const char *ts_request_text(const struct ts_request *request, char *out, size_t size);

/* "rusEFI <branch>.<YYYY>.<MM>.<DD>.<target>.<hash>", as rusEFI's console takes it apart. */
struct ts_signature {
	char branch[48];
	unsigned int year, month, day;
	char target[48]; /* the bundle: "f407-discovery" */
	char hash[24];
};

/* 0 or -EBADMSG: not of that form. */
MUST_CHECK int ts_signature_read(const char *text, struct ts_signature *ret);

#endif
