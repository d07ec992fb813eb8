/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/openblt_xcp.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/wire.h"
#include "harness/ts/xcp.h"

#define RESOURCE_PROGRAMMING 0x10 /* ASAM XCP, CONNECT: bit PGM */
#define CHECKSUM_ADD_11      0x01 /* a byte's sum of bytes [OpenBLT xcp.c; ASAM XCP, BUILD_CHECKSUM] */
#define IN_MAX               4096 /* a host that sends more without waiting for answers loses it */

/* XCP_STATION_ID_STRING of OpenBLT's xcp.h. GET_ID lets UPLOAD read it from the loader's own flash; that it lies right
 * below the application is guessed. */
static const char station_id[] = "OpenBLT";
#define STATION_ID_SIZE ((uint32_t)sizeof(station_id) - 1)

enum outcome {
	REPLY,
	REPLY_LATER, /* when the job is done */
	NO_REPLY,
};

struct command {
	uint8_t code;
	enum outcome (*run)(struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply);
};

static enum outcome done(struct writer *reply)
{
	writer_u8(reply, XCP_PID_RESPONSE);
	return REPLY;
}

static enum outcome refuse(struct writer *reply, enum xcp_error error)
{
	reply->pos = 0;
	writer_u8(reply, XCP_PID_ERROR);
	writer_u8(reply, (uint8_t)error);
	return REPLY;
}

static uint32_t le32_at(const uint8_t *packet, size_t offset)
{
	struct reader in = reader_of(packet + offset, 4);

	return reader_le32(&in);
}

/* data: room for the length byte, then `size` bytes. */
static void answer(struct openblt_xcp *xcp, uint8_t *data, size_t size)
{
	struct machine *machine = xcp->config.machine;
	char text[64] = "OK";

	data[0] = (uint8_t)size;
	if (size == 2 && data[1] == XCP_PID_ERROR)
		snprintf(text, sizeof(text), "error: %s", xcp_error_text(data[2]));
	machine->ops->tell(machine, PROGRAM_FACT_REPLY, (uint32_t)size + 1, text);
	xcp->config.send(xcp->config.owner, data, size + 1);
}

static void answer_job(struct openblt_xcp *xcp, bool good)
{
	uint8_t data[3];
	struct writer reply = writer_of(data + 1, sizeof(data) - 1);

	xcp->job = OPENBLT_IDLE;
	if (good)
		(void)done(&reply);
	else
		(void)refuse(&reply, XCP_ERR_GENERIC);
	answer(xcp, data, reply.pos);
}

static enum outcome cmd_connect(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)packet;
	xcp->connected = true;
	xcp->was_connected = true;
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_u8(reply, RESOURCE_PROGRAMMING);
	writer_u8(reply, 0); /* little-endian, byte granularity */
	writer_u8(reply, XCP_PACKET_MAX);
	writer_le16(reply, XCP_PACKET_MAX);
	writer_u8(reply, 1); /* protocol layer 1.0 */
	writer_u8(reply, 1); /* transport layer 1.0 */
	return REPLY;
}

static enum outcome cmd_disconnect(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)packet;
	xcp->connected = false;
	return done(reply);
}

static enum outcome cmd_get_status(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)xcp;
	(void)packet;
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_fill(reply, 0, 5); /* no session stored, nothing protected (no seed and key) */
	return REPLY;
}

static enum outcome cmd_synch(struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)xcp;
	(void)packet;
	return refuse(reply, XCP_ERR_SYNCH);
}

static uint32_t station_id_addr(const struct openblt_xcp *xcp)
{
	return xcp->config.app_base - STATION_ID_SIZE;
}

static enum outcome cmd_get_id(struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)packet;
	xcp->mta = station_id_addr(xcp);
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_fill(reply, 0, 3);
	writer_le32(reply, STATION_ID_SIZE);
	return REPLY;
}

static enum outcome cmd_set_mta(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	xcp->mta = le32_at(packet, 4);
	return done(reply);
}

/* As the CPU reads it, with the station ID where it is said to be. 0 or -EFAULT. */
static int read_memory(struct openblt_xcp *xcp, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct machine *machine = xcp->config.machine;
	int err = machine->ops->read(machine, addr, ret_data, size);

	for (uint32_t i = 0; err >= 0 && i < size; i++)
		if (addr + i - station_id_addr(xcp) < STATION_ID_SIZE)
			ret_data[i] = (uint8_t)station_id[addr + i - station_id_addr(xcp)];
	return err;
}

static enum outcome cmd_upload(struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	uint8_t data[XCP_PACKET_MAX];
	size_t size = packet[1];

	if (size > XCP_PACKET_MAX - 1)
		return refuse(reply, XCP_ERR_OUT_OF_RANGE);
	/* Guessed: on a chip, reading where nothing is ends in a fault, and OpenBLT hangs. */
	if (read_memory(xcp, xcp->mta, data, size) < 0)
		return refuse(reply, XCP_ERR_OUT_OF_RANGE);
	xcp->mta += (uint32_t)size;
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_bytes(reply, data, size);
	return REPLY;
}

static enum outcome cmd_short_upload(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	if (packet[1] <= XCP_PACKET_MAX - 1)
		xcp->mta = le32_at(packet, 4);
	return cmd_upload(xcp, packet, reply);
}

static enum outcome cmd_build_checksum(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	uint32_t addr = xcp->mta, left = le32_at(packet, 4);
	uint8_t data[256], sum = 0;

	while (left) {
		uint32_t part = left < sizeof(data) ? left : (uint32_t)sizeof(data);

		if (read_memory(xcp, addr, data, part) < 0)
			return refuse(reply, XCP_ERR_OUT_OF_RANGE); /* guessed, as for UPLOAD */
		for (uint32_t i = 0; i < part; i++)
			sum = (uint8_t)(sum + data[i]);
		addr += part;
		left -= part;
	}
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_u8(reply, CHECKSUM_ADD_11);
	writer_fill(reply, 0, 2);
	writer_le32(reply, sum);
	return REPLY;
}

static enum outcome cmd_program_start(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)xcp;
	(void)packet;
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_fill(reply, 0, 2);
	writer_u8(reply, XCP_PACKET_MAX);
	writer_fill(reply, 0, 3);
	return REPLY;
}

/* Below the application OpenBLT refuses; beyond the flash its driver fails. Both look the same [rusEFI
 * openblt_flash.cpp]. */
static bool in_application(const struct openblt_xcp *xcp, uint32_t addr, uint32_t size)
{
	const struct chip *chip = xcp->config.machine->chip;

	return addr >= xcp->config.app_base && chip_range_holds(&chip->flash.range, addr, size);
}

/* Nothing but 0xFF; false too when it cannot be read. */
static bool is_erased(struct machine *machine, uint32_t addr, uint32_t size)
{
	uint8_t data[256];

	while (size) {
		uint32_t part = size < sizeof(data) ? size : (uint32_t)sizeof(data);

		if (machine->ops->read(machine, addr, data, part) < 0)
			return false;
		for (uint32_t i = 0; i < part; i++)
			if (data[i] != 0xff)
				return false;
		addr += part;
		size -= part;
	}
	return true;
}

/* Starts with the next sector: true, or false when that fails. */
static bool start_erase(struct openblt_xcp *xcp)
{
	struct machine *machine = xcp->config.machine;
	struct chip_sector sector;

	if (!chip_sector_at(machine->flash, xcp->erase_at, &sector))
		return false;
	xcp->erase_at = sector.addr + sector.size;
	return machine->ops->start_erase(machine, sector.addr) >= 0;
}

/* What is blank already is left alone; else all sectors that the range touches are erased [rusEFI openblt_flash.cpp]. */
static enum outcome cmd_program_clear(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	uint32_t size = le32_at(packet, 4);

	if (!in_application(xcp, xcp->mta, size))
		return refuse(reply, XCP_ERR_GENERIC);
	if (is_erased(xcp->config.machine, xcp->mta, size))
		return done(reply);
	xcp->erase_at = xcp->mta;
	xcp->erase_end = xcp->mta + size;
	if (!start_erase(xcp))
		return refuse(reply, XCP_ERR_GENERIC);
	xcp->job = OPENBLT_ERASE;
	return REPLY_LATER;
}

static enum outcome program(
	struct openblt_xcp *xcp, const uint8_t *data, uint32_t size, struct writer *reply)
{
	struct machine *machine = xcp->config.machine;

	if (!in_application(xcp, xcp->mta, size) ||
		machine->ops->start_program(machine, xcp->mta, data, size) < 0)
		return refuse(reply, XCP_ERR_GENERIC);
	xcp->mta += size;
	xcp->job = OPENBLT_PROGRAM;
	return REPLY_LATER;
}

static enum outcome cmd_program(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	if (packet[1] > XCP_PACKET_MAX - 2)
		return refuse(reply, XCP_ERR_OUT_OF_RANGE);
	if (!packet[1])
		return done(reply); /* the end of programming */
	return program(xcp, packet + 2, packet[1], reply);
}

static enum outcome cmd_program_max(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	return program(xcp, packet + 1, XCP_PACKET_MAX - 1, reply);
}

/* Resets at once; nobody is left to answer [OpenBLT xcp.c, CpuReset]. */
static enum outcome cmd_program_reset(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	struct machine *machine = xcp->config.machine;

	(void)packet;
	(void)reply;
	xcp->job = OPENBLT_RESET;
	machine->ops->system_reset(machine, RESET_SOFTWARE);
	return NO_REPLY;
}

static enum outcome cmd_program_prepare(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	(void)xcp;
	(void)packet;
	return refuse(reply, XCP_ERR_GENERIC);
}

static enum outcome probe_banner(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	char text[129]; /* the console takes up to 128 bytes */

	(void)packet;
	if (!xcp->config.probes)
		return refuse(reply, XCP_ERR_CMD_UNKNOWN);
	snprintf(text, sizeof(text), "blt %s", xcp->config.version);
	writer_bytes(reply, text, strlen(text));
	return REPLY;
}

static enum outcome probe_board(
	struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	size_t size = strlen(xcp->config.board);

	(void)packet;
	if (!xcp->config.probes)
		return refuse(reply, XCP_ERR_CMD_UNKNOWN);
	writer_u8(reply, XCP_PID_RESPONSE);
	writer_bytes(
		reply, xcp->config.board, size < XCP_PACKET_MAX - 1 ? size : XCP_PACKET_MAX - 1);
	return REPLY;
}

/* The commands that xcp.c has without seed and key, calibration and paging [rusEFI blt_conf.h]. */
static const struct command commands[] = {
	{XCP_CONNECT, cmd_connect},
	{XCP_DISCONNECT, cmd_disconnect},
	{XCP_GET_STATUS, cmd_get_status},
	{XCP_SYNCH, cmd_synch},
	{XCP_GET_ID, cmd_get_id},
	{XCP_SET_MTA, cmd_set_mta},
	{XCP_UPLOAD, cmd_upload},
	{XCP_SHORT_UPLOAD, cmd_short_upload},
	{XCP_BUILD_CHECKSUM, cmd_build_checksum},
	{XCP_PROGRAM_START, cmd_program_start},
	{XCP_PROGRAM_CLEAR, cmd_program_clear},
	{XCP_PROGRAM, cmd_program},
	{XCP_PROGRAM_MAX, cmd_program_max},
	{XCP_PROGRAM_RESET, cmd_program_reset},
	{XCP_PROGRAM_PREPARE, cmd_program_prepare},
	{XCP_PROBE_BANNER, probe_banner},
	{XCP_PROBE_BOARD, probe_board},
};

static enum outcome run(struct openblt_xcp *xcp, const uint8_t *packet, struct writer *reply)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].code == packet[0])
			return commands[i].run(xcp, packet, reply);
	return refuse(reply, XCP_ERR_CMD_UNKNOWN);
}

static void tell_command(struct openblt_xcp *xcp, const uint8_t *packet, size_t size)
{
	struct machine *machine = xcp->config.machine;
	char text[96];
	int used = snprintf(text, sizeof(text), "%s", xcp_command_text(packet[0]));

	if (packet[0] == XCP_SET_MTA)
		snprintf(text + used, sizeof(text) - (size_t)used, " 0x%08x",
			(unsigned int)le32_at(packet, 4));
	else if (packet[0] == XCP_PROGRAM_CLEAR)
		snprintf(text + used, sizeof(text) - (size_t)used, " %u bytes at 0x%08x",
			(unsigned int)le32_at(packet, 4), (unsigned int)xcp->mta);
	else if (packet[0] == XCP_PROGRAM || packet[0] == XCP_PROGRAM_MAX)
		snprintf(text + used, sizeof(text) - (size_t)used, " %u bytes at 0x%08x",
			packet[0] == XCP_PROGRAM ? packet[1] : XCP_PACKET_MAX - 1,
			(unsigned int)xcp->mta);
	machine->ops->tell(machine, PROGRAM_FACT_COMMAND, (uint32_t)size + 1, text);
}

/* packet: XCP_PACKET_MAX bytes, those beyond `size` 0 (guessed: on a chip, what an earlier packet left there). */
static void handle(struct openblt_xcp *xcp, const uint8_t *packet, size_t size)
{
	uint8_t data[1 + XCP_PACKET_MAX];
	struct writer reply = writer_of(data + 1, XCP_PACKET_MAX);

	if (!xcp->connected && packet[0] != XCP_CONNECT)
		return; /* no session: no answer [OpenBLT xcp.c, XcpPacketReceived] */
	tell_command(xcp, packet, size);
	if (run(xcp, packet, &reply) == REPLY)
		answer(xcp, data, reply.pos);
}

/* Copies the packet at the front out of the queue and gives its size; 0 = there is none yet. */
static size_t take_packet(struct openblt_xcp *xcp, uint64_t now_us, uint8_t *ret_packet)
{
	const uint8_t *packet;
	size_t size;

	while (xcp->in.size && (!xcp->in.data[0] || xcp->in.data[0] > XCP_PACKET_MAX))
		buf_consume(&xcp->in, 1); /* no length */
	if (!xcp->in.size)
		return 0;
	if (!xcp_scan(xcp->in.data, xcp->in.size, &packet, &size)) {
		if (xcp->in_until_us == CLOCK_NEVER)
			xcp->in_until_us = now_us + OPENBLT_PACKET_MS * 1000;
		return 0;
	}
	memset(ret_packet, 0, XCP_PACKET_MAX);
	memcpy(ret_packet, packet, size);
	buf_consume(&xcp->in, 1 + size);
	xcp->in_until_us = CLOCK_NEVER;
	return size;
}

static void work(struct openblt_xcp *xcp, uint64_t now_us)
{
	uint8_t packet[XCP_PACKET_MAX];
	size_t size;

	while (xcp->job == OPENBLT_IDLE && (size = take_packet(xcp, now_us, packet)) > 0)
		handle(xcp, packet, size);
}

/* The flash is ready: goes on with the job, or answers. */
static void go_on(struct openblt_xcp *xcp)
{
	if (xcp->job == OPENBLT_PROGRAM || xcp->erase_at >= xcp->erase_end)
		answer_job(xcp, true);
	else if (!start_erase(xcp))
		answer_job(xcp, false);
}

static bool job_runs(const struct openblt_xcp *xcp)
{
	return xcp->job == OPENBLT_ERASE || xcp->job == OPENBLT_PROGRAM;
}

void openblt_xcp_init(struct openblt_xcp *xcp, const struct openblt_xcp_config *config)
{
	*xcp = (struct openblt_xcp){.config = *config, .in_until_us = CLOCK_NEVER};
	buf_init(&xcp->in, IN_MAX);
}

void openblt_xcp_done(struct openblt_xcp *xcp)
{
	buf_done(&xcp->in);
}

void openblt_xcp_receive(struct openblt_xcp *xcp, uint64_t now_us, const uint8_t *data, size_t size)
{
	if (buf_append(&xcp->in, data, size) < 0)
		return; /* more than fits: lost */
	work(xcp, now_us);
}

void openblt_xcp_drop(struct openblt_xcp *xcp)
{
	buf_consume(&xcp->in, xcp->in.size);
	xcp->in_until_us = CLOCK_NEVER;
}

uint64_t openblt_xcp_deadline_us(const struct openblt_xcp *xcp)
{
	const struct machine *machine = xcp->config.machine;

	return job_runs(xcp) ? machine->ops->busy_until_us(machine) : xcp->in_until_us;
}

void openblt_xcp_tick(struct openblt_xcp *xcp, uint64_t now_us)
{
	const struct machine *machine = xcp->config.machine;

	if (job_runs(xcp) && now_us >= machine->ops->busy_until_us(machine))
		go_on(xcp);
	else if (xcp->job == OPENBLT_IDLE && now_us >= xcp->in_until_us)
		openblt_xcp_drop(xcp);
	work(xcp, now_us);
}
