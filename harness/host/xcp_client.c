/* SPDX-License-Identifier: MIT */
#include "harness/host/xcp_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/names.h"
#include "harness/base/wire.h"
#include "harness/ts/xcp.h"

#define WRITE_MS   1000 /* for a packet to be taken */
#define BANNER_MAX 128  /* longer ones the console does not believe */

const struct xcp_timeouts xcp_timeouts_default = {
	.t1_ms = 1000,
	.t3_ms = 2000,
	.t4_ms = 10000,
	.t5_ms = 3000,
	.t6_ms = 50,
	.probe_ms = 250,
	.rest_ms = 100,
};

static const char *const result_text[] = {
	[XCP_PROBE_OPENBLT] = "OpenBLT",
	[XCP_PROBE_OTHER] = "something else",
	[XCP_PROBE_SILENT] = "silence",
	[XCP_PROBE_FAILED] = "failed",
};
static const struct names result_names = NAMES(result_text);

/* --- packets --- */

/* All `size` bytes until the deadline. 0, -ETIMEDOUT, or the port's error. */
static int read_all(struct xcp_client *xcp, uint8_t *ret_data, size_t size, uint32_t timeout_ms)
{
	struct clock *clock = xcp->port->host->clock;
	uint64_t deadline = clock_after_us(clock, UINT64_C(1000) * timeout_ms);
	size_t have = 0;

	while (have < size) {
		uint64_t now = clock_now_us(clock);
		int got;

		if (have && now >= deadline)
			return -ETIMEDOUT;
		got = xcp->port->ops->read(xcp->port, ret_data + have, size - have,
			now < deadline ? (uint32_t)((deadline - now + 999) / 1000) : 0);
		if (got <= 0)
			return got < 0 ? got : -ETIMEDOUT;
		have += (size_t)got;
	}
	return 0;
}

static int send_packet(struct xcp_client *xcp, const uint8_t *packet, size_t size)
{
	uint8_t data[256] = {(uint8_t)size};

	memcpy(data + 1, packet, size);
	return xcp->port->ops->write(xcp->port, data, size + 1, WRITE_MS);
}

/* Into xcp->answer. 0; -ETIMEDOUT: not a byte came; -EPROTO: it breaks off; or the port's error. */
static int receive_packet(struct xcp_client *xcp, uint32_t timeout_ms)
{
	uint8_t size;
	int err = read_all(xcp, &size, 1, timeout_ms);

	if (err < 0)
		return err;
	err = read_all(xcp, xcp->answer, size, xcp->timeouts.rest_ms);
	xcp->answer_size = err < 0 ? 0 : size;
	return err == -ETIMEDOUT ? -EPROTO : err;
}

/* A command and its answer, which must be positive and of so many bytes. */
struct exchange {
	const uint8_t *packet;
	size_t size;
	uint32_t timeout_ms;
	size_t answer_size;
};

static int judge(struct xcp_client *xcp, const struct exchange *exchange, struct why *why)
{
	const char *name = xcp_command_text(exchange->packet[0]);

	if (xcp->answer_size == 2 && xcp->answer[0] == XCP_PID_ERROR) {
		xcp->last_error = xcp->answer[1];
		return why_set(why, -EREMOTEIO, "OpenBLT refuses %s: %s (0x%02x)", name,
			xcp_error_text(xcp->last_error), xcp->last_error);
	}
	if (xcp->answer_size != exchange->answer_size || xcp->answer[0] != XCP_PID_RESPONSE)
		return why_set(why, -EPROTO,
			"%s: the answer has %zu bytes, from 0x%02x on; no OpenBLT answers so", name,
			xcp->answer_size, xcp->answer_size ? xcp->answer[0] : 0);
	return 0;
}

static int run(struct xcp_client *xcp, const struct exchange *exchange, struct why *why)
{
	const char *name = xcp_command_text(exchange->packet[0]);
	int err;

	xcp->port->ops->drop_input(xcp->port); /* a late answer would be taken for this one's */
	err = send_packet(xcp, exchange->packet, exchange->size);
	if (err >= 0)
		err = receive_packet(xcp, exchange->timeout_ms);
	if (err == -ETIMEDOUT)
		return why_set(why, err, "OpenBLT has not answered %s in %u ms", name,
			(unsigned int)exchange->timeout_ms);
	if (err == -EPROTO)
		return why_set(why, err, "%s: the answer breaks off", name);
	if (err < 0)
		return why_errno(why, err, "%s", name);
	return judge(xcp, exchange, why);
}

/* A packet of 8 bytes: the command, and a number behind three reserved bytes. */
static void put_number(
	const struct xcp_client *xcp, uint8_t code, uint32_t value, uint8_t ret_packet[8])
{
	struct writer out = writer_of(ret_packet, 8);

	writer_u8(&out, code);
	writer_fill(&out, 0, 3);
	if (xcp->big_endian)
		writer_be32(&out, value);
	else
		writer_le32(&out, value);
}

/* --- who is there --- */

/* As receive_packet. */
static int ask_probe(struct xcp_client *xcp, const uint8_t *packet, size_t size)
{
	int err;

	xcp->port->ops->drop_input(xcp->port);
	err = send_packet(xcp, packet, size);
	return err < 0 ? err : receive_packet(xcp, xcp->timeouts.probe_ms);
}

static void copy_text(char *out, size_t size, const uint8_t *text, size_t text_size)
{
	size_t n = 0;

	for (; n < text_size && n + 1 < size; n++)
		out[n] = text[n] >= 0x20 && text[n] < 0x7f ? (char)text[n] : '.';
	out[n] = '\0';
}

/* "blt <version> [features=a,b]" */
static void read_banner(const struct xcp_client *xcp, struct xcp_identity *ret)
{
	static const char key[] = " features=";
	char text[BANNER_MAX + 1] = "";
	char *features;
	size_t version;

	if (!xcp->answer_size || xcp->answer_size > BANNER_MAX)
		return;
	copy_text(text, sizeof(text), xcp->answer, xcp->answer_size);
	if (strncmp(text, "blt ", 4) != 0)
		return;
	version = strcspn(text + 4, " ");
	copy_text(ret->version, sizeof(ret->version), (const uint8_t *)text + 4, version);
	features = strstr(text + 4, key);
	if (!features)
		return;
	features += sizeof(key) - 1;
	copy_text(ret->features, sizeof(ret->features), (const uint8_t *)features,
		strcspn(features, " "));
}

/* Older loaders refuse these two, or say nothing: no error. */
static void ask_identity(struct xcp_client *xcp, struct xcp_identity *ret)
{
	const uint8_t banner = XCP_PROBE_BANNER, board = XCP_PROBE_BOARD;

	if (ask_probe(xcp, &banner, 1) == 0)
		read_banner(xcp, ret);
	if (ask_probe(xcp, &board, 1) == 0 && xcp->answer_size > 1 &&
		xcp->answer[0] == XCP_PID_RESPONSE)
		copy_text(ret->board, sizeof(ret->board), xcp->answer + 1, xcp->answer_size - 1);
}

enum xcp_probe_result xcp_client_probe(
	struct xcp_client *xcp, struct xcp_identity *ret, struct why *why)
{
	static const uint8_t connect[] = {XCP_CONNECT, 0};
	struct xcp_identity identity = {0};
	int err = ask_probe(xcp, connect, sizeof(connect));

	if (ret)
		*ret = identity;
	if (err == -ETIMEDOUT)
		return XCP_PROBE_SILENT;
	if (err == -EPROTO)
		return XCP_PROBE_OTHER;
	if (err < 0) {
		(void)why_errno(why, err, "probe for OpenBLT");
		return XCP_PROBE_FAILED;
	}
	if (xcp->answer_size != 8 || xcp->answer[0] != XCP_PID_RESPONSE)
		return XCP_PROBE_OTHER;
	ask_identity(xcp, &identity);
	if (ret)
		*ret = identity;
	return XCP_PROBE_OPENBLT;
}

const char *xcp_probe_result_text(enum xcp_probe_result result)
{
	return names_text(&result_names, result);
}

/* --- a session --- */

static int connect_until(struct xcp_client *xcp, uint64_t deadline_us, struct why *why)
{
	static const uint8_t packet[] = {XCP_CONNECT, 0};
	const struct exchange exchange = {packet, sizeof(packet), xcp->timeouts.t6_ms, 8};
	int err;

	do
		err = run(xcp, &exchange, why);
	while (err == -ETIMEDOUT && clock_now_us(xcp->port->host->clock) < deadline_us);
	return err;
}

static int read_connect(struct xcp_client *xcp, struct why *why)
{
	xcp->big_endian = xcp->answer[2] & 1;
	xcp->max_packet = xcp->answer[3];
	if (xcp->max_packet < 8)
		return why_set(
			why, -EPROTO, "OpenBLT takes packets of %u bytes only", xcp->max_packet);
	return 0;
}

static int program_start(struct xcp_client *xcp, struct why *why)
{
	static const uint8_t packet[] = {XCP_PROGRAM_START};
	const struct exchange exchange = {packet, sizeof(packet), xcp->timeouts.t3_ms, 7};
	int err = run(xcp, &exchange, why);

	if (err < 0)
		return err;
	xcp->program_packet = xcp->answer[3];
	if (xcp->program_packet < 8)
		return why_set(why, -EPROTO, "OpenBLT programs with packets of %u bytes only",
			xcp->program_packet);
	return 0;
}

int xcp_client_connect(struct xcp_client *xcp, uint32_t patience_ms, struct why *why)
{
	uint64_t deadline = clock_after_us(xcp->port->host->clock, UINT64_C(1000) * patience_ms);
	int err = connect_until(xcp, deadline, why);

	if (err >= 0)
		err = read_connect(xcp, why);
	return err < 0 ? err : program_start(xcp, why);
}

static int set_mta(struct xcp_client *xcp, uint32_t addr, struct why *why)
{
	uint8_t packet[8];
	const struct exchange exchange = {packet, sizeof(packet), xcp->timeouts.t1_ms, 1};

	put_number(xcp, XCP_SET_MTA, addr, packet);
	return run(xcp, &exchange, why);
}

int xcp_client_clear(struct xcp_client *xcp, uint32_t addr, uint32_t size, struct why *why)
{
	uint8_t packet[8];
	const struct exchange exchange = {packet, sizeof(packet), xcp->timeouts.t4_ms, 1};
	int err = set_mta(xcp, addr, why);

	if (err < 0)
		return err;
	put_number(xcp, XCP_PROGRAM_CLEAR, size, packet);
	err = run(xcp, &exchange, why);
	return err < 0 ? why_prefix(why, err, "erase at 0x%08x", (unsigned int)addr) : 0;
}

/* PROGRAM_MAX when it fills the packet, else PROGRAM. Returns how many bytes went, or negative errno. */
static int write_packet(struct xcp_client *xcp, const uint8_t *data, size_t size, struct why *why)
{
	uint8_t packet[255];
	size_t full = (size_t)xcp->program_packet - 1;
	size_t part = size < full ? size : full;
	struct exchange exchange = {packet, 0, xcp->timeouts.t5_ms, 1};
	struct writer out = writer_of(packet, sizeof(packet));
	int err;

	if (part == full) {
		writer_u8(&out, XCP_PROGRAM_MAX);
	} else {
		writer_u8(&out, XCP_PROGRAM);
		writer_u8(&out, (uint8_t)part);
	}
	writer_bytes(&out, data, part);
	exchange.size = out.pos;
	err = run(xcp, &exchange, why);
	return err < 0 ? err : (int)part;
}

int xcp_client_write(
	struct xcp_client *xcp, uint32_t addr, const uint8_t *data, size_t size, struct why *why)
{
	int err = set_mta(xcp, addr, why);

	for (size_t done = 0; err >= 0 && done < size;) {
		err = write_packet(xcp, data + done, size - done, why);
		if (err < 0)
			return why_prefix(why, err, "write at 0x%08x", (unsigned int)(addr + done));
		done += (size_t)err;
	}
	return err < 0 ? err : 0;
}

int xcp_client_read(
	struct xcp_client *xcp, uint32_t addr, uint8_t *ret_data, size_t size, struct why *why)
{
	int err = set_mta(xcp, addr, why);

	for (size_t done = 0; err >= 0 && done < size;) {
		size_t full = (size_t)xcp->max_packet - 1;
		size_t part = size - done < full ? size - done : full;
		uint8_t packet[] = {XCP_UPLOAD, (uint8_t)part};
		const struct exchange exchange = {
			packet, sizeof(packet), xcp->timeouts.t1_ms, part + 1};

		err = run(xcp, &exchange, why);
		if (err < 0)
			return why_prefix(why, err, "read at 0x%08x", (unsigned int)(addr + done));
		memcpy(ret_data + done, xcp->answer + 1, part);
		done += part;
	}
	return err;
}

/* --- an application --- */

static void tell(const struct xcp_progress *progress, const char *what, size_t done, size_t total)
{
	if (progress && progress->step)
		progress->step(progress->user, what, done, total);
}

static int erase_image(struct xcp_client *xcp, const struct xcp_image *image,
	const struct xcp_progress *progress, struct why *why)
{
	for (size_t done = 0; done < image->size;) {
		size_t left = image->size - done;
		size_t part = left < XCP_CLIENT_ERASE_STEP ? left : XCP_CLIENT_ERASE_STEP;
		int err = xcp_client_clear(xcp, image->addr + (uint32_t)done, (uint32_t)part, why);

		if (err < 0)
			return err;
		done += part;
		tell(progress, "erase", done, image->size);
	}
	return 0;
}

static int write_image(struct xcp_client *xcp, const struct xcp_image *image,
	const struct xcp_progress *progress, struct why *why)
{
	for (size_t done = 0; done < image->size;) {
		size_t left = image->size - done;
		size_t part = left < XCP_CLIENT_WRITE_STEP ? left : XCP_CLIENT_WRITE_STEP;
		int err = xcp_client_write(
			xcp, image->addr + (uint32_t)done, image->data + done, part, why);

		if (err < 0)
			return err;
		done += part;
		tell(progress, "write", done, image->size);
	}
	return 0;
}

int xcp_client_program(struct xcp_client *xcp, const struct xcp_image *image,
	const struct xcp_progress *progress, struct why *why)
{
	static const uint8_t end[] = {XCP_PROGRAM, 0};
	const struct exchange exchange = {end, sizeof(end), xcp->timeouts.t5_ms, 1};
	int err;

	if (image->size > UINT32_MAX - image->addr)
		return why_set(why, -EINVAL, "the image reaches beyond the address space");
	err = erase_image(xcp, image, progress, why);
	if (err >= 0)
		err = write_image(xcp, image, progress, why);
	return err < 0 ? err : run(xcp, &exchange, why);
}

int xcp_client_reset(struct xcp_client *xcp, struct why *why)
{
	static const uint8_t packet[] = {XCP_PROGRAM_RESET};
	const struct exchange exchange = {packet, sizeof(packet), xcp->timeouts.t6_ms, 1};
	int err = run(xcp, &exchange, why);

	return err == -EREMOTEIO || err == -EPROTO ? err : 0;
}

void xcp_client_init(struct xcp_client *xcp, struct serial_port *port)
{
	*xcp = (struct xcp_client){.port = port, .timeouts = xcp_timeouts_default};
}
