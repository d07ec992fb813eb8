/* SPDX-License-Identifier: MIT */
#include "harness/ts/xcp.h"

#include <criterion/criterion.h>

static const struct scan_case {
	const char *name;
	uint8_t data[4];
	size_t size;
	bool whole;
	size_t packet;
} scans[] = {
	{"nothing", {0}, 0, false, 0},
	{"an empty packet", {0x00}, 1, true, 0},
	{"the length alone", {0x02}, 1, false, 0},
	{"one byte is missing", {0x02, 0xff}, 2, false, 0},
	{"CONNECT", {0x02, 0xff, 0x00}, 3, true, 2},
	{"CONNECT and the next length", {0x02, 0xff, 0x00, 0x01}, 4, true, 2},
	{"longer than can ever come", {0xff, 0xff, 0x00, 0x01}, 4, false, 0},
};

Test(xcp, packets_are_found_at_the_front)
{
	for (size_t i = 0; i < ARRAY_SIZE(scans); i++) {
		const struct scan_case *c = &scans[i];
		const uint8_t *packet = NULL;
		size_t size = 99;

		cr_assert_eq(xcp_scan(c->data, c->size, &packet, &size), c->whole, "%s", c->name);
		cr_assert_eq(size, c->whole ? c->packet : 99, "%s", c->name);
		cr_assert(c->whole ? packet == c->data + 1 : !packet, "%s", c->name);
	}
}

Test(xcp, commands_and_errors_have_names)
{
	cr_assert_str_eq(xcp_command_text(XCP_CONNECT), "CONNECT");
	cr_assert_str_eq(xcp_command_text(XCP_PROGRAM_MAX), "PROGRAM_MAX");
	cr_assert_str_eq(xcp_command_text(0x00), "?");
	cr_assert_str_eq(xcp_error_text(XCP_ERR_OUT_OF_RANGE), "out of range");
	cr_assert_str_eq(xcp_error_text(0x99), "?");
}
