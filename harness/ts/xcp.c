/* SPDX-License-Identifier: MIT */
#include "harness/ts/xcp.h"

struct code_text {
	uint8_t code;
	const char *text;
};

static const struct code_text commands[] = {
	{XCP_CONNECT, "CONNECT"},
	{XCP_DISCONNECT, "DISCONNECT"},
	{XCP_GET_STATUS, "GET_STATUS"},
	{XCP_SYNCH, "SYNCH"},
	{XCP_GET_ID, "GET_ID"},
	{XCP_SET_MTA, "SET_MTA"},
	{XCP_UPLOAD, "UPLOAD"},
	{XCP_SHORT_UPLOAD, "SHORT_UPLOAD"},
	{XCP_BUILD_CHECKSUM, "BUILD_CHECKSUM"},
	{XCP_PROGRAM_START, "PROGRAM_START"},
	{XCP_PROGRAM_CLEAR, "PROGRAM_CLEAR"},
	{XCP_PROGRAM, "PROGRAM"},
	{XCP_PROGRAM_RESET, "PROGRAM_RESET"},
	{XCP_PROGRAM_PREPARE, "PROGRAM_PREPARE"},
	{XCP_PROGRAM_MAX, "PROGRAM_MAX"},
	{XCP_PROBE_BANNER, "probe 3F"},
	{XCP_PROBE_BOARD, "probe BF"},
};

static const struct code_text errors[] = {
	{XCP_ERR_SYNCH, "command processor synchronisation"},
	{XCP_ERR_BUSY, "busy"},
	{XCP_ERR_CMD_UNKNOWN, "unknown command"},
	{XCP_ERR_OUT_OF_RANGE, "out of range"},
	{XCP_ERR_ACCESS_LOCKED, "access locked"},
	{XCP_ERR_GENERIC, "generic error"},
};

static const char *text_of(const struct code_text *rows, size_t count, uint8_t code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return rows[i].text;
	return "?";
}

bool xcp_scan(const uint8_t *data, size_t size, const uint8_t **ret_packet, size_t *ret_size)
{
	if (!size || size - 1 < data[0])
		return false;
	*ret_packet = data + 1;
	*ret_size = data[0];
	return true;
}

const char *xcp_command_text(uint8_t command)
{
	return text_of(commands, ARRAY_SIZE(commands), command);
}

const char *xcp_error_text(uint8_t error)
{
	return text_of(errors, ARRAY_SIZE(errors), error);
}
