/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/openblt_xcp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/wire.h"
#include "harness/ts/xcp.h"
#include "simulators/ecu/fake_machine_test.h"

#define APP_BASE 0x08008000u

struct rig {
	struct fake_machine fake;
	struct openblt_xcp xcp;
	struct buf out; /* what was answered, length bytes included */
};

static void keep(void *owner, const uint8_t *data, size_t size)
{
	struct rig *rig = owner;

	cr_assert_eq(buf_append(&rig->out, data, size), 0);
}

static void init(struct rig *rig, bool probes)
{
	fake_machine_init_or_fail(&rig->fake);
	buf_init(&rig->out, 1u << 16);
	openblt_xcp_init(&rig->xcp, &(struct openblt_xcp_config){.machine = &rig->fake.machine,
					    .app_base = APP_BASE,
					    .probes = probes,
					    .version = "1.2.3",
					    .board = "rusefi.toy",
					    .send = keep,
					    .owner = rig});
}

static void done(struct rig *rig)
{
	openblt_xcp_done(&rig->xcp);
	buf_done(&rig->out);
	fake_machine_done(&rig->fake);
}

static size_t from_hex(const char *hex, uint8_t *ret_data, size_t room)
{
	size_t size = strlen(hex) / 2;

	cr_assert_leq(size, room);
	for (size_t i = 0; i < size; i++) {
		unsigned int byte;

		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		ret_data[i] = (uint8_t)byte;
	}
	return size;
}

/* Gives the loader bytes, and all the time that it asks for. */
static void say(struct rig *rig, const uint8_t *data, size_t size)
{
	openblt_xcp_receive(&rig->xcp, rig->fake.machine.now_us, data, size);
	while (rig->xcp.job == OPENBLT_ERASE || rig->xcp.job == OPENBLT_PROGRAM) {
		rig->fake.machine.now_us = openblt_xcp_deadline_us(&rig->xcp);
		openblt_xcp_tick(&rig->xcp, rig->fake.machine.now_us);
	}
}

/* What was answered since the last call, as hex. */
static const char *heard(struct rig *rig, char *ret_hex, size_t size)
{
	cr_assert_lt(2 * rig->out.size, size);
	ret_hex[0] = '\0';
	for (size_t i = 0; i < rig->out.size; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", rig->out.data[i]);
	buf_consume(&rig->out, rig->out.size);
	return ret_hex;
}

static void expect_row(struct rig *rig, const char *name, const char *sent, const char *answer)
{
	uint8_t data[2 * XCP_PACKET_MAX];
	char hex[4 * XCP_PACKET_MAX];

	say(rig, data, from_hex(sent, data, sizeof(data)));
	cr_assert_str_eq(heard(rig, hex, sizeof(hex)), answer, "%s: %s", name, hex);
}

/* One conversation, row by row. Numbers: ASAM XCP; shapes: OpenBLT's xcp.c. */
static const struct row {
	const char *name, *sent, *answer;
} session[] = {
	{"nothing is answered before CONNECT", "01fd", ""},
	{"not even the probes", "013f01bf", ""},
	{"CONNECT", "02ff00", "08ff1000f0f0000101"},
	{"GET_STATUS", "01fd", "06ff0000000000"},
	{"SYNCH", "01fc", "02fe00"},
	{"an unknown command", "01c0", "02fe20"},
	{"GET_ID", "02fa00", "08ff00000007000000"},
	{"UPLOAD of the station ID", "02f507", "08ff4f70656e424c54"},
	{"SET_MTA", "08f600000000800008", "01ff"},
	{"UPLOAD of blank flash", "02f504", "05ffffffffff"},
	{"SHORT_UPLOAD of RAM", "08f402000000000020", "03ff0000"},
	{"two packets at once", "01fc01fd", "02fe0006ff0000000000"},
	{"UPLOAD of too much", "02f5f0", "02fe22"},
	{"SHORT_UPLOAD of nowhere", "08f404000000000040", "02fe22"},
	{"PROGRAM_PREPARE", "01cc", "02fe31"},
	{"PROGRAM_START", "01d2", "07ff0000f0000000"},
	{"the end of programming", "02d000", "01ff"},
	{"zeros in front", "000001fc", "02fe00"},
	{"a length beyond the largest", "fa01fc", "02fe00"},
	{"DISCONNECT", "01fe", "01ff"},
	{"nothing is answered after it", "01fd", ""},
};

Test(openblt_xcp, answers_as_openblt)
{
	struct rig rig;

	init(&rig, true);
	for (size_t i = 0; i < ARRAY_SIZE(session); i++)
		expect_row(&rig, session[i].name, session[i].sent, session[i].answer);
	cr_assert(rig.xcp.was_connected && !rig.xcp.connected);
	done(&rig);
}

static const struct row probes[] = {
	{"CONNECT", "02ff00", "08ff1000f0f0000101"},
	{"banner", "013f", "09626c7420312e322e33"},
	{"board", "01bf", "0bff7275736566692e746f79"},
};

Test(openblt_xcp, newer_loaders_answer_the_probes_with_their_version_and_board)
{
	struct rig rig;

	init(&rig, true);
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
		expect_row(&rig, probes[i].name, probes[i].sent, probes[i].answer);
	done(&rig);
}

Test(openblt_xcp, older_loaders_do_not_know_the_probes)
{
	struct rig rig;

	init(&rig, false);
	expect_row(&rig, "CONNECT", "02ff00", "08ff1000f0f0000101");
	expect_row(&rig, "banner", "013f", "02fe20");
	expect_row(&rig, "board", "01bf", "02fe20");
	done(&rig);
}

static void connect(struct rig *rig)
{
	expect_row(rig, "CONNECT", "02ff00", "08ff1000f0f0000101");
}

static void fill(struct rig *rig, uint32_t addr, size_t size)
{
	uint8_t data[64];

	memset(data, 0x5a, sizeof(data));
	cr_assert_leq(size, sizeof(data));
	fake_machine_put_or_fail(&rig->fake, addr, data, size);
}

Test(openblt_xcp, erase_takes_every_sector_that_the_range_touches)
{
	struct rig rig;
	uint8_t byte;

	init(&rig, false);
	connect(&rig);
	fill(&rig, 0x08008000, 1);
	fill(&rig, 0x0800ffff, 1);
	fill(&rig, 0x08010000, 1);
	fill(&rig, 0x08020000, 1); /* beyond */
	expect_row(&rig, "SET_MTA", "08f600000000800008", "01ff");
	expect_row(&rig, "8008000 .. 8010001", "08d100000001800000", "01ff");
	cr_assert_eq(rig.fake.erases, 3);
	cr_assert_eq(rig.fake.machine.now_us, 3 * FAKE_FLASH_US);
	flash_read(&rig.fake.flash, 0x08010000, &byte, 1);
	cr_assert_eq(byte, 0xff);
	flash_read(&rig.fake.flash, 0x08020000, &byte, 1);
	cr_assert_eq(byte, 0x5a);
	expect_row(&rig, "what is blank is left alone", "08d100000001800000", "01ff");
	cr_assert_eq(rig.fake.erases, 3);
	done(&rig);
}

/* Where it must not erase, nor (but for the sizes) program. */
static const struct forbidden {
	const char *name;
	uint32_t addr, size;
	bool program_too;
} forbidden[] = {
	{"its own start", 0x08000000, 0x8000, true},
	{"the byte before the application", 0x08007fff, 1, true},
	{"up to beyond the flash", 0x080f0000, 0x10001, false},
	{"a size that wraps", 0x08008000, 0xffffffff, false},
	{"option bytes", 0x1fffc000, 16, true},
	{"RAM", 0x20000000, 16, true},
};

static void command(struct rig *rig, uint8_t code, uint32_t value)
{
	uint8_t packet[9] = {8, code};
	struct writer out = writer_of(packet + 5, 4);

	writer_le32(&out, value);
	say(rig, packet, sizeof(packet));
}

Test(openblt_xcp, its_own_area_and_what_is_no_flash_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		const struct forbidden *c = &forbidden[i];
		struct rig rig;
		char hex[16];

		init(&rig, false);
		connect(&rig);
		fill(&rig, 0x08000000, 64);
		fill(&rig, 0x08007fc0, 64);
		fill(&rig, 0x080fffc0, 64);
		command(&rig, XCP_SET_MTA, c->addr);
		command(&rig, XCP_PROGRAM_CLEAR, c->size);
		cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "01ff02fe31", "%s", c->name);
		if (c->program_too)
			expect_row(&rig, c->name, "03d00100", "02fe31");
		cr_assert_eq(rig.fake.erases + rig.fake.programs, 0, "%s", c->name);
		done(&rig);
	}
}

Test(openblt_xcp, program_and_program_max_write_one_behind_the_other)
{
	struct rig rig;
	uint8_t packet[1 + XCP_PACKET_MAX] = {XCP_PACKET_MAX, XCP_PROGRAM_MAX};
	uint8_t data[XCP_PACKET_MAX + 1];
	char hex[16];

	init(&rig, false);
	connect(&rig);
	expect_row(&rig, "SET_MTA", "08f600000000800008", "01ff");
	for (size_t i = 2; i < sizeof(packet); i++)
		packet[i] = (uint8_t)i;
	say(&rig, packet, sizeof(packet));
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "01ff");
	cr_assert_str_eq(rig.fake.command, "PROGRAM_MAX 239 bytes at 0x08008000");
	expect_row(&rig, "PROGRAM", "04d002cafe", "01ff");
	cr_assert_eq(rig.fake.machine.now_us, 2 * FAKE_FLASH_US);
	flash_read(&rig.fake.flash, 0x08008000, data, sizeof(data));
	cr_assert_arr_eq(data, packet + 2, XCP_PACKET_MAX - 1);
	cr_assert_arr_eq(data + XCP_PACKET_MAX - 1, "\xca\xfe", 2);
	/* 2 + 3 + ... + 240, and CA + FE, as a byte */
	expect_row(&rig, "SET_MTA", "08f600000000800008", "01ff");
	expect_row(&rig, "BUILD_CHECKSUM", "08f3000000f1000000", "08ff010000bf000000");
	done(&rig);
}

Test(openblt_xcp, what_comes_while_the_flash_is_busy_waits)
{
	struct rig rig;
	uint8_t data[16];
	char hex[64];

	init(&rig, false);
	connect(&rig);
	expect_row(&rig, "SET_MTA", "08f600000000800008", "01ff");
	openblt_xcp_receive(&rig.xcp, 0, data, from_hex("03d001aa01fc", data, sizeof(data)));
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "");
	openblt_xcp_tick(&rig.xcp, FAKE_FLASH_US - 1);
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "");
	cr_assert_eq(openblt_xcp_deadline_us(&rig.xcp), FAKE_FLASH_US);
	openblt_xcp_tick(&rig.xcp, FAKE_FLASH_US);
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "01ff02fe00");
	cr_assert_eq(openblt_xcp_deadline_us(&rig.xcp), CLOCK_NEVER);
	done(&rig);
}

Test(openblt_xcp, a_packet_that_is_not_finished_in_100_ms_is_forgotten)
{
	struct rig rig;
	const uint8_t half[] = {2, XCP_CONNECT}, rest[] = {0}, whole[] = {2, XCP_CONNECT, 0};
	char hex[64];

	init(&rig, false);
	openblt_xcp_receive(&rig.xcp, 0, half, sizeof(half));
	cr_assert_eq(openblt_xcp_deadline_us(&rig.xcp), 100000);
	openblt_xcp_receive(&rig.xcp, 99999, rest, sizeof(rest));
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "08ff1000f0f0000101");

	openblt_xcp_receive(&rig.xcp, 200000, half, sizeof(half));
	openblt_xcp_tick(&rig.xcp, 300000);
	cr_assert_eq(openblt_xcp_deadline_us(&rig.xcp), CLOCK_NEVER);
	openblt_xcp_receive(&rig.xcp, 300000, rest, sizeof(rest));
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "");
	openblt_xcp_receive(&rig.xcp, 300001, whole, sizeof(whole));
	cr_assert_str_eq(heard(&rig, hex, sizeof(hex)), "08ff1000f0f0000101");
	done(&rig);
}

Test(openblt_xcp, program_reset_resets_and_answers_nothing)
{
	struct rig rig;

	init(&rig, false);
	connect(&rig);
	expect_row(&rig, "PROGRAM_RESET, and more", "01cf01fc", "");
	cr_assert_eq(rig.fake.resets, 1);
	cr_assert_eq(rig.fake.reset_cause, RESET_SOFTWARE);
	done(&rig);
}

Test(openblt_xcp, a_flood_is_cut_not_kept)
{
	struct rig rig;
	uint8_t packet[1 + XCP_PACKET_MAX] = {XCP_PACKET_MAX, XCP_PROGRAM_MAX};

	init(&rig, false);
	connect(&rig);
	expect_row(&rig, "SET_MTA", "08f600000000800008", "01ff");
	for (int i = 0; i < 1000; i++)
		openblt_xcp_receive(&rig.xcp, 0, packet, sizeof(packet));
	cr_assert_leq(rig.xcp.in.size, 4096);
	cr_assert_eq(rig.fake.programs, 1);
	done(&rig);
}
