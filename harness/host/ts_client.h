/* SPDX-License-Identifier: MIT */
/*
 * A TunerStudio client on a serial port: signature, tune, commands. For our flashers and `dfurig ecu`.
 *
 * What the ECU does not answer in time is -ETIMEDOUT, a wrong CRC -EILSEQ, an error code -EREMOTEIO (the code is in why and in
 * ts->last_code), a port that vanishes -ENODEV.
 */
#ifndef DFURIG_HOST_TS_CLIENT_H
#define DFURIG_HOST_TS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/ports/serial_host.h"
#include "harness/ts/ts.h"

struct ts_timeouts {
	uint32_t answer_ms;     /* for the answer to any command */
	uint32_t read_image_ms; /* for the whole tune, retries included */
	uint32_t burn_ms;
};

extern const struct ts_timeouts ts_timeouts_default; /* rusEFI console's: 5 s, 60 s, 10 s */

struct ts_client {
	struct serial_port *port; /* borrowed */
	struct ts_timeouts timeouts;
	bool paged; /* page numbers on the wire; set by ts_client_probe_paged, or by who knows */
	uint16_t blocking_factor; /* bytes of the largest read or write */
	uint8_t last_code;
	unsigned int
		stale; /* so many requests may yet find the late answer to an earlier one before theirs */
	struct buf in; /* owned */
};

void ts_client_init(struct ts_client *ts, struct serial_port *port);
void ts_client_done(struct ts_client *ts);

/* 'S' in a frame, or as a plain byte. Waits timeout_ms (0 = answer_ms). Text without NUL at the end of what came. */
MUST_CHECK int ts_client_signature(struct ts_client *ts, bool plain, uint32_t timeout_ms,
	char ret[static TS_SIGNATURE_ROOM], struct why *why);

/* Finds out whether R has a page number, by asking one byte in the newer form. 0 or negative errno. */
MUST_CHECK int ts_client_probe_paged(struct ts_client *ts, struct why *why);

/* Page 0, `size` bytes. retry: a failed chunk is asked again until read_image_ms is over, but for 0x84 (as the console). */
MUST_CHECK int ts_client_read_tune(
	struct ts_client *ts, uint8_t *ret_tune, size_t size, bool retry, struct why *why);
MUST_CHECK int ts_client_write_tune(
	struct ts_client *ts, const uint8_t *tune, size_t size, struct why *why);
MUST_CHECK int ts_client_burn(struct ts_client *ts, struct why *why);

/* The ECU's own CRC-32 of bytes of page 0. */
MUST_CHECK int ts_client_page_crc(
	struct ts_client *ts, size_t size, uint32_t *ret, struct why *why);

/* How large the tune is: the largest size that k accepts, found by halving up to 64 KiB. An .ini says it to others. */
MUST_CHECK int ts_client_tune_size(struct ts_client *ts, size_t *ret, struct why *why);

/* 'E' with a text, and 'Z'. await: false = nobody waits for an answer, as the console with reboot_dfu. */
MUST_CHECK int ts_client_execute(
	struct ts_client *ts, const char *text, bool await, struct why *why);
MUST_CHECK int ts_client_io_test(
	struct ts_client *ts, uint16_t subsystem, uint16_t index, bool await, struct why *why);

/* The data of an answer, behind its code; borrowed from ts->in until the next call. */
struct ts_answer {
	const uint8_t *data;
	size_t size; /* bytes */
};

/* Sends any request; timeout_ms 0 = answer_ms. *ret is set on success only. */
MUST_CHECK int ts_client_ask(struct ts_client *ts, const struct ts_request *request,
	uint32_t timeout_ms, struct ts_answer *ret, struct why *why);

#endif
