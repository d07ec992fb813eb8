/* SPDX-License-Identifier: MIT */
/*
 * The XCP client: whatever a port answers, it comes to an end, and what it says of the other side are texts.
 *
 * Input: what is done first, then what the port gives: a length for each read, 0xff = the port is gone, 0 = nothing
 * in time.
 */
#include "harness/base/wire.h"
#include "harness/host/xcp_client.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define IMAGE_SIZE 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct serial_host host;
	struct serial_port port;
	struct virtual_clock clock;
	struct reader in;
};

static int port_read(struct serial_port *port, uint8_t *ret_data, size_t size, uint32_t timeout_ms)
{
	struct fuzz *fuzz = CONTAINER_OF(port, struct fuzz, port);
	size_t count = reader_u8(&fuzz->in);

	assert(size);
	if (count == 0xff)
		return -ENODEV;
	if (count > reader_left(&fuzz->in))
		count = reader_left(&fuzz->in);
	if (count > size)
		count = size;
	if (count)
		memcpy(ret_data, reader_take(&fuzz->in, count), count);
	else
		fuzz->clock.time_us += timeout_ms * UINT64_C(1000);
	return (int)count;
}

static int port_write(
	struct serial_port *port, const uint8_t *data, size_t size, uint32_t timeout_ms)
{
	(void)port;
	(void)timeout_ms;
	assert(size >= 2 && data[0] == size - 1);
	return 0;
}

static void port_drop_input(struct serial_port *port)
{
	(void)port;
}

static const struct serial_port_ops ops = {
	.read = port_read, .write = port_write, .drop_input = port_drop_input};

static void probe(struct xcp_client *xcp)
{
	struct xcp_identity identity;
	enum xcp_probe_result result = xcp_client_probe(xcp, &identity, NULL);

	assert(result < XCP_PROBE_RESULT_COUNT);
	assert(strlen(identity.version) < sizeof(identity.version));
	assert(strlen(identity.features) < sizeof(identity.features));
	assert(strlen(identity.board) < sizeof(identity.board));
	assert(result == XCP_PROBE_OPENBLT || !identity.version[0]);
}

static void session(struct xcp_client *xcp)
{
	static uint8_t image[IMAGE_SIZE], back[IMAGE_SIZE];
	struct why why = {""};
	int err = xcp_client_connect(xcp, 200, &why);

	if (err >= 0)
		err = xcp_client_program(
			xcp, &(struct xcp_image){0x08008000, image, sizeof(image)}, NULL, &why);
	if (err >= 0)
		err = xcp_client_read(xcp, 0x08008000, back, sizeof(back), &why);
	assert(err >= 0 || why.text[0]);
	(void)!xcp_client_reset(xcp, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {.port = {.ops = &ops}, .in = reader_of(data, size)};
	struct xcp_client xcp;

	virtual_clock_init(&fuzz.clock);
	fuzz.host.clock = &fuzz.clock.clock;
	fuzz.port.host = &fuzz.host;
	xcp_client_init(&xcp, &fuzz.port);
	if (reader_u8(&fuzz.in) & 1)
		probe(&xcp);
	session(&xcp);
	return 0;
}
