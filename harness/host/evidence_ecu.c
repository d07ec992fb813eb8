/* SPDX-License-Identifier: MIT */
/* Evidence from the board's serial port: who answers there, and can the tune be read? Nothing is changed. */
#include "harness/host/evidence_parts.h"

#include "harness/host/ts_client.h"
#include "harness/host/xcp_client.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PORT_MAX     64
#define FIRST_TRY_MS 1000
#define GIVE_UP_US   1100000 /* rusEFI waits 1 s for the rest of a frame [rusEFI tunerstudio.cpp] */
#define BUSY_GAP_US  500000  /* between two tries to open a port that is held, */
#define BUSY_TRIES   24      /* so many: ModemManager looks for some 10 s */
#define APPEAR_TRIES 10      /* udev is done with a port that is new */

static void sleep_us(struct host_os *os, uint64_t us)
{
	clock_sleep_until_us(os->clock, clock_after_us(os->clock, us));
}

/* The serial port of the board at that place of the bus. */
static bool look_for_port(
	struct host_os *os, const struct evidence_device *board, struct serial_port_entry *ret)
{
	struct serial_port_entry entries[PORT_MAX];
	size_t count;

	if (os->serial->ops->list(os->serial, entries, PORT_MAX, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count && i < PORT_MAX; i++) {
		if (entries[i].vid != board->vid || entries[i].pid != board->pid)
			continue;
		if (entries[i].usb_path[0] && strcmp(entries[i].usb_path, board->path) != 0)
			continue;
		*ret = entries[i];
		return true;
	}
	return false;
}

static bool find_port(
	struct host_os *os, const struct evidence_device *board, struct serial_port_entry *ret)
{
	for (int i = 0; i < APPEAR_TRIES; i++) {
		if (look_for_port(os, board, ret))
			return true;
		sleep_us(os, BUSY_GAP_US / 5);
	}
	return false;
}

/* ---- who answers ---- */

static bool is_openblt(struct serial_port *port, struct evidence_ecu *ret)
{
	struct xcp_identity identity = {0};
	struct xcp_client xcp;

	port->ops->drop_input(port);
	xcp_client_init(&xcp, port);
	if (xcp_client_probe(&xcp, &identity, NULL) != XCP_PROBE_OPENBLT)
		return false;
	ret->answer = EVIDENCE_ANSWERS_OPENBLT;
	evidence_copy(ret->loader, sizeof(ret->loader),
		identity.board[0] ? identity.board : identity.version);
	return true;
}

static int ask_signature(struct ts_client *ts, uint32_t timeout_ms, struct evidence_ecu *ret)
{
	char signature[TS_SIGNATURE_ROOM];
	struct why why = {""};
	int r = ts_client_signature(ts, false, timeout_ms, signature, &why);

	if (r == 0)
		evidence_copy(ret->signature, sizeof(ret->signature), signature);
	else
		evidence_copy(ret->why, sizeof(ret->why), why_text(&why));
	return r;
}

/* S first: an ECU that is in sync takes OpenBLT's probe for the beginning of a long frame, and is busy with it for a
 * second. */
static void find_out(struct host_os *os, struct ts_client *ts, struct evidence_ecu *ret)
{
	int r = ask_signature(ts, FIRST_TRY_MS, ret);

	if (r < 0 && r != -ENODEV) {
		if (is_openblt(ts->port, ret))
			return;
		sleep_us(os, GIVE_UP_US);
		ts->port->ops->drop_input(ts->port);
		r = ask_signature(ts, 0, ret);
	}
	ret->answer = r == 0                            ? EVIDENCE_ANSWERS_ECU
		      : r == -ETIMEDOUT || r == -ENODEV ? EVIDENCE_SILENT
							: EVIDENCE_ANSWERS_BADLY;
}

static void ask_loader(struct ts_client *ts, struct evidence_ecu *ret)
{
	const struct ts_request request = {.command = TS_BOOTLOADER};
	struct ts_answer answer;

	if (ts_client_ask(ts, &request, 0, &answer, NULL) == 0 && answer.size == 1)
		ret->openblt = evidence_of(answer.data[0] == 1);
}

/* 'e': nothing when there is no critical error [rusEFI tunerstudio.cpp]. */
static void ask_critical(struct ts_client *ts, struct evidence_ecu *ret)
{
	const struct ts_request request = {.command = TS_ERROR_TEXT};
	struct ts_answer answer;

	if (ts_client_ask(ts, &request, 0, &answer, NULL) < 0)
		return;
	snprintf(ret->critical, sizeof(ret->critical), "%.*s", (int)answer.size,
		(const char *)answer.data);
	for (char *c = ret->critical; *c; c++)
		*c = isprint((unsigned char)*c) ? *c : ' ';
}

/* A locked ECU gives zeros and OK, while its checksum is of the real tune [rusEFI tunerstudio.cpp, isLockedFromUser]. */
static int check_tune(struct ts_client *ts, const uint8_t *tune, size_t size, struct why *why)
{
	uint32_t crc = 0;
	int r = ts_client_page_crc(ts, size, &crc, why);

	if (r < 0 || crc == crc32(crc32(0, NULL, 0), tune, (uInt)size))
		return r;
	return why_set(why, -EACCES,
		"what the ECU gives is not what it has; it is locked, or the line is bad");
}

static int read_tune(struct ts_client *ts, struct evidence_ecu *ret, struct why *why)
{
	CLEANUP(free_ptr) uint8_t *tune = NULL;
	size_t size = 0;
	int r = ts_client_probe_paged(ts, why);

	if (r == 0)
		r = ts_client_tune_size(ts, &size, why);
	if (r == 0) {
		tune = malloc(size ? size : 1);
		r = tune ? ts_client_read_tune(ts, tune, size, false, why) : -ENOMEM;
		if (r == 0)
			r = check_tune(ts, tune, size, why);
	}
	ret->tune_size = (uint32_t)size;
	return r;
}

/* As the console does before it flashes; a second time when something was lost. */
static void ask_tune(struct ts_client *ts, struct evidence_ecu *ret)
{
	struct why why = {""};
	int r = read_tune(ts, ret, &why);

	if (r < 0 && r != -ENODEV)
		r = read_tune(ts, ret, &why);
	if (r == -ENOMEM)
		return;
	ret->tune_readable = evidence_of(r == 0);
	if (r < 0)
		evidence_copy(ret->tune_why, sizeof(ret->tune_why), why_text(&why));
}

static void ask(struct host_os *os, struct serial_port *port, struct evidence_ecu *ret)
{
	struct ts_client ts;

	ts_client_init(&ts, port);
	find_out(os, &ts, ret);
	if (ret->answer == EVIDENCE_ANSWERS_ECU) {
		ask_loader(&ts, ret);
		ask_critical(&ts, ret);
		ask_tune(&ts, ret);
	}
	ts_client_done(&ts);
}

/* ---- the port ---- */

static void not_opened(int r, const struct why *why, struct evidence_ecu *ret)
{
	ret->answer = r == -EBUSY    ? EVIDENCE_PORT_BUSY
		      : r == -EACCES ? EVIDENCE_PORT_DENIED
				     : EVIDENCE_PORT_FAILED;
	evidence_copy(ret->why, sizeof(ret->why), why_text(why));
}

/* Whoever looks at new ports lets go by himself; others do not. */
static bool may_let_go(const struct evidence_linux *kernel)
{
	return !kernel->holder[0] || strstr(kernel->holder, "ModemManager");
}

/* One that is held is tried for some time. */
static int open_port(struct host_os *os, const char *root, const struct serial_port_entry *entry,
	struct serial_port **ret_port, struct evidence *ret)
{
	struct why why = {""};
	int r = os->serial->ops->open(os->serial, entry->name, ret_port, &why);

	if (r == -EBUSY && root)
		evidence_find_holder(
			root, entry->name, ret->kernel.holder, sizeof(ret->kernel.holder));
	for (int i = 0; r == -EBUSY && i < BUSY_TRIES && may_let_go(&ret->kernel); i++) {
		sleep_us(os, BUSY_GAP_US);
		r = os->serial->ops->open(os->serial, entry->name, ret_port, &why);
		if (r == 0)
			ret->ecu.had_to_wait = EVIDENCE_YES;
	}
	if (r < 0)
		not_opened(r, &why, &ret->ecu);
	return r;
}

void evidence_ask_ecu(struct host_os *os, const char *root, struct evidence *ret)
{
	struct serial_port_entry entry;
	struct serial_port *port;

	ret->ecu = (struct evidence_ecu){.answer = EVIDENCE_NO_PORT};
	if (!os->serial || !find_port(os, &ret->board, &entry))
		return;
	evidence_copy(ret->ecu.port, sizeof(ret->ecu.port), entry.name);
	if (open_port(os, root, &entry, &port, ret) < 0)
		return;
	ask(os, port, &ret->ecu);
	port->ops->close(port);
}
