/* SPDX-License-Identifier: MIT */
/* The client against a port that answers from a script; the simulated OpenBLT is in xcp_rig_test.c. */
#include "harness/host/xcp_client.h"

#include "harness/ts/xcp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What comes when so many bytes have been written in one go; hex. "-" = nothing. */
struct line {
	const char *sent, *answer;
};

struct script {
	struct serial_port port;
	struct serial_host host;
	struct virtual_clock clock;
	const struct line *lines; /* the last one's sent is NULL */
	uint8_t in[512];
	size_t in_size;
	uint32_t late_ms; /* of each answer */
	uint64_t in_at_us;
	int error; /* of every call */
};

static struct script *script_of(struct serial_port *port)
{
	return CONTAINER_OF(port, struct script, port);
}

static int script_read(
	struct serial_port *port, uint8_t *ret_data, size_t size, uint32_t timeout_ms)
{
	struct script *script = script_of(port);
	uint64_t end = script->clock.time_us + UINT64_C(1000) * timeout_ms;

	if (script->error)
		return script->error;
	if (!script->in_size || script->in_at_us > end) {
		script->clock.time_us = end;
		return 0;
	}
	if (script->clock.time_us < script->in_at_us)
		script->clock.time_us = script->in_at_us;
	if (size > script->in_size)
		size = script->in_size;
	if (size > 3)
		size = 3; /* in pieces */
	memcpy(ret_data, script->in, size);
	memmove(script->in, script->in + size, script->in_size - size);
	script->in_size -= size;
	return (int)size;
}

static void to_hex(const uint8_t *data, size_t size, char *ret)
{
	ret[0] = '\0';
	for (size_t i = 0; i < size; i++)
		snprintf(ret + 2 * i, 3, "%02x", data[i]);
}

static int script_write(
	struct serial_port *port, const uint8_t *data, size_t size, uint32_t timeout_ms)
{
	struct script *script = script_of(port);
	char hex[600];

	(void)timeout_ms;
	if (script->error)
		return script->error;
	to_hex(data, size, hex);
	cr_assert_not_null(script->lines->sent, "nothing more was expected: %s", hex);
	cr_assert_str_eq(hex, script->lines->sent);
	script->in_size = 0;
	if (strcmp(script->lines->answer, "-") != 0)
		for (; script->in_size < strlen(script->lines->answer) / 2; script->in_size++) {
			unsigned int byte;

			cr_assert_eq(
				sscanf(script->lines->answer + 2 * script->in_size, "%2x", &byte),
				1);
			script->in[script->in_size] = (uint8_t)byte;
		}
	script->in_at_us = script->clock.time_us + UINT64_C(1000) * script->late_ms;
	script->lines++;
	return 0;
}

static void script_drop_input(struct serial_port *port)
{
	struct script *script = script_of(port);

	if (script->in_at_us <= script->clock.time_us)
		script->in_size = 0;
}

static const struct serial_port_ops script_ops = {
	.read = script_read,
	.write = script_write,
	.drop_input = script_drop_input,
};

static void script_init(struct script *script, struct xcp_client *xcp, const struct line *lines)
{
	*script = (struct script){.port = {.ops = &script_ops}, .lines = lines};
	virtual_clock_init(&script->clock);
	script->host.clock = &script->clock.clock;
	script->port.host = &script->host;
	xcp_client_init(xcp, &script->port);
}

#define CONNECTED                                                                                  \
	{                                                                                          \
		"02ff00", "08ff1000f0f0000101"                                                     \
	}

static const struct probe_case {
	const char *name;
	struct line lines[4];
	enum xcp_probe_result result;
	struct xcp_identity identity;
} probe_cases[] = {
	{"nobody", {{"02ff00", "-"}}, XCP_PROBE_SILENT, {"", "", ""}},
	{"an error of TunerStudio's", {{"02ff00", "0001803fba6cad"}}, XCP_PROBE_OTHER,
		{"", "", ""}},
	{"a text", {{"02ff00", "7275734546490d0a"}}, XCP_PROBE_OTHER, {"", "", ""}},
	{"half an answer", {{"02ff00", "08ff10"}}, XCP_PROBE_OTHER, {"", "", ""}},
	{"eight bytes of something", {{"02ff00", "080010000000000000"}}, XCP_PROBE_OTHER,
		{"", "", ""}},
	{"an old loader that is silent", {CONNECTED, {"013f", "-"}, {"01bf", "-"}},
		XCP_PROBE_OPENBLT, {"", "", ""}},
	{"an old loader that refuses", {CONNECTED, {"013f", "02fe20"}, {"01bf", "02fe20"}},
		XCP_PROBE_OPENBLT, {"", "", ""}},
	{"a version", {CONNECTED, {"013f", "09626c7420312e322e33"}, {"01bf", "-"}},
		XCP_PROBE_OPENBLT, {"1.2.3", "", ""}},
	{"features and a board",
		{CONNECTED, {"013f", "12626c7420322066656174757265733d612c62"},
			{"01bf", "04ff612e62"}},
		XCP_PROBE_OPENBLT, {"2", "a,b", "a.b"}},
	{"another banner", {CONNECTED, {"013f", "0368692e"}, {"01bf", "01ff"}}, XCP_PROBE_OPENBLT,
		{"", "", ""}},
	{"no text at all", {CONNECTED, {"013f", "06626c74200001"}, {"01bf", "03ff1b5b"}},
		XCP_PROBE_OPENBLT, {"..", "", ".["}},
};

Test(xcp_client, probe_tells_openblt_from_others)
{
	for (size_t i = 0; i < ARRAY_SIZE(probe_cases); i++) {
		const struct probe_case *c = &probe_cases[i];
		struct xcp_identity identity;
		struct xcp_client xcp;
		struct script script;
		struct why why = {""};

		script_init(&script, &xcp, c->lines);
		cr_assert_eq(xcp_client_probe(&xcp, &identity, &why), c->result, "%s", c->name);
		cr_assert_str_eq(identity.version, c->identity.version, "%s", c->name);
		cr_assert_str_eq(identity.features, c->identity.features, "%s", c->name);
		cr_assert_str_eq(identity.board, c->identity.board, "%s", c->name);
		cr_assert_null(script.lines->sent, "%s", c->name);
	}
}

Test(xcp_client, probe_waits_250_ms_and_not_for_an_ecu)
{
	static const struct line lines[] = {{"02ff00", "0001803fba6cad"}, {NULL, NULL}};
	struct xcp_client xcp;
	struct script script;

	script_init(&script, &xcp, lines);
	script.late_ms = 1000;
	cr_assert_eq(xcp_client_probe(&xcp, NULL, NULL), XCP_PROBE_SILENT);
	cr_assert_eq(script.clock.time_us, 250000);
}

Test(xcp_client, probe_of_a_dead_port_says_why)
{
	struct xcp_client xcp;
	struct script script;
	struct why why = {""};

	script_init(&script, &xcp, NULL);
	script.error = -ENODEV;
	cr_assert_eq(xcp_client_probe(&xcp, NULL, &why), XCP_PROBE_FAILED);
	cr_assert(strstr(why.text, "probe for OpenBLT"), "%s", why.text);
	cr_assert_str_eq(xcp_probe_result_text(XCP_PROBE_FAILED), "failed");
}

Test(xcp_client, connect_is_patient)
{
	static const struct line lines[] = {{"02ff00", "-"}, {"02ff00", "-"}, CONNECTED,
		{"01d2", "07ff0000f0000000"}, {NULL, NULL}};
	struct xcp_client xcp;
	struct script script;

	script_init(&script, &xcp, lines);
	cr_assert_eq(xcp_client_connect(&xcp, 1000, NULL), 0);
	cr_assert_eq(script.clock.time_us, 100000);
	cr_assert_eq(xcp.program_packet, 240);

	script_init(&script, &xcp, lines);
	cr_assert_eq(xcp_client_connect(&xcp, 0, NULL), -ETIMEDOUT);
}

static const struct refusal {
	const char *name;
	struct line lines[3];
	int err;
	const char *why;
} refusals[] = {
	{"refused", {{"08f600000000800008", "02fe25"}}, -EREMOTEIO, "access locked (0x25)"},
	{"no answer", {{"08f600000000800008", "-"}}, -ETIMEDOUT, "1000 ms"},
	{"another shape", {{"08f600000000800008", "03ffffff"}}, -EPROTO, "3 bytes"},
	{"an empty answer", {{"08f600000000800008", "00"}}, -EPROTO, "0 bytes"},
	{"half an answer", {{"08f600000000800008", "02ff"}}, -EPROTO, "breaks off"},
	{"the erase is refused", {{"08f600000000800008", "01ff"}, {"08d100000000100000", "02fe31"}},
		-EREMOTEIO,
		"erase at 0x08008000: OpenBLT refuses PROGRAM_CLEAR: generic error (0x31)"},
};

Test(xcp_client, what_goes_wrong_is_named)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct xcp_client xcp;
		struct script script;
		struct why why = {""};

		script_init(&script, &xcp, c->lines);
		cr_assert_eq(xcp_client_clear(&xcp, 0x08008000, 4096, &why), c->err, "%s", c->name);
		cr_assert(strstr(why.text, c->why), "%s: %s", c->name, why.text);
	}
}

Test(xcp_client, a_big_endian_loader_gets_big_endian_numbers)
{
	static const struct line lines[] = {{"02ff00", "08ff10010800080101"},
		{"01d2", "07ff000008000000"}, {"08f600000008008000", "01ff"},
		{"08c901020304050607", "01ff"}, {"03d00108", "01ff"}, {NULL, NULL}};
	struct xcp_client xcp;
	struct script script;
	struct why why = {""};

	script_init(&script, &xcp, lines);
	cr_assert_eq(xcp_client_connect(&xcp, 0, &why), 0, "%s", why.text);
	cr_assert_eq(
		xcp_client_write(&xcp, 0x08008000, (const uint8_t *)"\1\2\3\4\5\6\7\x8", 8, &why),
		0, "%s", why.text);
	cr_assert_null(script.lines->sent);
}

Test(xcp_client, packets_too_small_to_work_with_are_an_error)
{
	static const struct line lines[] = {{"02ff00", "08ff100000f0000101"}, {NULL, NULL}};
	struct xcp_client xcp;
	struct script script;
	struct why why = {""};

	script_init(&script, &xcp, lines);
	cr_assert_eq(xcp_client_connect(&xcp, 0, &why), -EPROTO);
	cr_assert(strstr(why.text, "0 bytes"), "%s", why.text);
}

Test(xcp_client, reset_needs_no_answer)
{
	static const struct line silent[] = {{"01cf", "-"}, {NULL, NULL}};
	static const struct line refused[] = {{"01cf", "02fe25"}, {NULL, NULL}};
	struct xcp_client xcp;
	struct script script;

	script_init(&script, &xcp, silent);
	cr_assert_eq(xcp_client_reset(&xcp, NULL), 0);
	script_init(&script, &xcp, refused);
	cr_assert_eq(xcp_client_reset(&xcp, NULL), -EREMOTEIO);
}
