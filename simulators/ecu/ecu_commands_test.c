/* SPDX-License-Identifier: MIT */
/* Frames, byte for byte; what each command is answered. */
#include "simulators/ecu/ecu_rig_test.h"

#include "harness/base/wire.h"
#include "harness/ts/ts.h"
#include "simulators/ecu/outputs.h"
#include "simulators/ecu/tune.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

#define DATA(rig) ((rig)->in + 3)

static void start(struct ecu_rig *rig)
{
	ecu_rig_init_or_fail(rig);
	ecu_rig_start_or_fail(rig);
}

/* Bytes out, bytes back. */
struct exchange {
	const char *name, *request, *answer;
};

static void check_exchange(struct ecu_rig *rig, const struct exchange *row)
{
	uint8_t request[256], answer[256];
	size_t size = ecu_rig_hex(row->request, request, sizeof(request));
	size_t answer_size = ecu_rig_hex(row->answer, answer, sizeof(answer));

	cr_assert(ecu_rig_send(rig, request, size), "%s", row->name);
	ecu_rig_receive(rig, 4096, 1200);
	cr_assert_eq(rig->in_size, answer_size, "%s: %zu bytes came", row->name, rig->in_size);
	cr_assert(memcmp(rig->in, answer, answer_size) == 0, "%s", row->name);
}

#define OK_FRAME "00 01 00 d2 02 ef 8d"

Test(ecu_commands, frames_are_byte_for_byte_those_of_rusefi)
{
	static const struct exchange rows[] = {
		{"S", "00 01 53 20 60 ef c3",
			"00 32 00 72 75 73 45 46 49 20 6d 61 69 6e 2e 32 30 32 36 2e 30 37 2e 31 "
			"34 "
			"2e 66 34 30 37 2d 64 69 73 63 6f 76 65 72 79 2e 33 34 36 31 33 35 32 33 "
			"39 "
			"31 00 00 ce 7e 2a"},
		{"B", "00 03 42 00 00 8c 5f 80 bc", "00 01 04 d5 6f 2b 94"},
		{"Z of something else", "00 05 5a 00 14 00 01 d8 a9 1b 4d", OK_FRAME},
		{"E reboot", "00 07 45 72 65 62 6f 6f 74 fb ce a0 8f", OK_FRAME},
	};
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_exchange(&rig, &rows[i]);
}

Test(ecu_commands, error_frames_are_byte_for_byte_those_of_rusefi)
{
	static const struct exchange rows[] = {
		{"an XCP probe", "02 ff 00", "00 01 80 3f ba 6c ad"},
		{"bad CRC", "00 01 53 20 60 ef c4", "00 01 82 d1 b4 0d 81"},
		{"unknown command", "00 01 57 27 0d 2b da", "00 01 83 a6 b3 3d 17"},
		{"bad length", "ff ff", "00 01 84 38 d7 a8 b4"},
		{"out of range", "00 07 52 00 00 e8 03 04 00 5c c7 35 6a", "00 01 84 38 d7 a8 b4"},
	};
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t sync = 'L';

	start(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert_eq(ecu_rig_ask_or_fail(&rig, &sync, 1, NULL), TS_OK);
		check_exchange(&rig, &rows[i]);
	}
}

Test(ecu_commands, plain_bytes_are_answered_raw)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	for (const char *at = "SQ"; *at; at++) {
		cr_assert(ecu_rig_send(&rig, at, 1));
		ecu_rig_receive(&rig, 64, 50);
		cr_expect_eq(rig.in_size, strlen(ECU_RIG_SIGNATURE) + 1);
		cr_expect_str_eq((char *)rig.in, ECU_RIG_SIGNATURE);
	}
	cr_assert(ecu_rig_send(&rig, "F", 1));
	ecu_rig_receive(&rig, 64, 50);
	cr_expect_eq(rig.in_size, 3);
	cr_expect_arr_eq(rig.in, "001", 3);
}

Test(ecu_commands, the_test_line_has_hash_uptime_and_date)
{
	static const char first[] = "3461352391";
	static const char second[] = " 0 1 uptime=0s Jul 14 2026 ts_p_alive\r\n";
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	cr_assert(ecu_rig_send(&rig, "t", 1));
	ecu_rig_receive(&rig, 256, 50);
	cr_assert_eq(rig.in_size, sizeof(first) + sizeof(second) - 1);
	cr_expect_arr_eq(rig.in, first, sizeof(first));
	cr_expect_arr_eq(rig.in + sizeof(first), second, sizeof(second) - 1);
}

Test(ecu_commands, version_and_bootloader_are_told)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	size_t size;

	start(&rig);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "V", 1, &size), TS_OK);
	cr_expect_str_eq((char *)DATA(&rig), "rusEFI v20260714@3461352391");
	cr_expect_eq(size, strlen("rusEFI v20260714@3461352391") + 1);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "L", 1, &size), TS_OK);
	cr_expect_eq(size, 1);
	cr_expect_eq(DATA(&rig)[0], 0);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "e", 1, &size), TS_OK);
	cr_expect_eq(size, 0);
}

/* A request of page, offset and count, or of offset and count. */
static size_t range(uint8_t *payload, char command, bool paged, uint16_t offset, uint16_t count)
{
	struct writer out = writer_of(payload, 8);

	writer_u8(&out, (uint8_t)command);
	if (paged)
		writer_le16(&out, 0);
	writer_le16(&out, offset);
	writer_le16(&out, count);
	return out.pos;
}

static void check_pages(bool paged)
{
	static const uint8_t two[] = {0x12, 0x34};
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t payload[32], tune[1000];
	size_t size, n;

	ecu_rig_init_or_fail(&rig);
	rig.firmware.paged = paged;
	ecu_rig_start_or_fail(&rig);
	tune_default(&rig.firmware, tune);
	n = range(payload, 'R', paged, 100, 700);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, payload, n, &size), TS_OK);
	cr_assert_eq(size, 700);
	cr_expect_arr_eq(DATA(&rig), tune + 100, 700);

	n = range(payload, 'C', paged, 998, 2);
	memcpy(payload + n, two, 2);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, payload, n + 2, &size), TS_OK);
	memcpy(tune + 998, two, 2);
	n = range(payload, 'k', paged, 0, 1000);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, payload, n, &size), TS_OK);
	cr_assert_eq(size, 4);
	cr_expect_eq((uint32_t)(DATA(&rig)[0] << 24 | DATA(&rig)[1] << 16 | DATA(&rig)[2] << 8 |
				DATA(&rig)[3]),
		crc32(0, tune, sizeof(tune)));

	n = range(payload, 'R', paged, 999, 2);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, payload, n, NULL), TS_OUT_OF_RANGE);
	payload[0] = 'B';
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "B\0\0", paged ? 3 : 1, NULL), TS_BURN_OK);
}

Test(ecu_commands, pages_are_read_written_and_summed)
{
	check_pages(true);
	check_pages(false);
}

Test(ecu_commands, an_older_ecu_reads_the_newer_form_as_other_numbers)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t payload[8];
	size_t size;

	ecu_rig_init_or_fail(&rig);
	rig.firmware.paged = false;
	ecu_rig_start_or_fail(&rig);
	cr_expect_eq(
		ecu_rig_ask_or_fail(&rig, payload, range(payload, 'R', true, 0, 1), &size), TS_OK);
	cr_expect_eq(size, 0);
}

Test(ecu_commands, a_page_that_is_not_there_is_out_of_range)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "R\7\0\0\0\1\0", 7, NULL), TS_OUT_OF_RANGE);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "B\7\0", 3, NULL), TS_OUT_OF_RANGE);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "R\0", 2, NULL), TS_OUT_OF_RANGE, "too short");
}

Test(ecu_commands, an_answer_beyond_the_blocking_factor_is_a_critical_error)
{
	static const char error[] = "an answer of 758 bytes is too long";
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t payload[8];
	size_t size;

	start(&rig);
	range(payload, 'R', true, 0, 757);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, payload, 7, &size), TS_OK);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "e", 1, &size), TS_OK);
	cr_expect_eq(size, 0);
	range(payload, 'R', true, 0, 758);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, payload, 7, &size), TS_OK);
	cr_expect_eq(size, 758);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "e", 1, &size), TS_OK);
	cr_assert_eq(size, strlen(error));
	cr_expect_arr_eq(DATA(&rig), error, size);
	cr_assert(ecu_rig_send(&rig, "t", 1));
	ecu_rig_receive(&rig, 256, 50);
	rig.in[rig.in_size] = '\0';
	cr_expect_not_null(
		strstr((char *)rig.in + strlen("3461352391") + 1, "\r\nerror=an answer"));
}

Test(ecu_commands, a_locked_ecu_reads_zeros_and_refuses_writes)
{
	static const uint8_t zeros[10];
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	size_t size;

	ecu_rig_init_or_fail(&rig);
	rig.firmware.locked = true;
	ecu_rig_start_or_fail(&rig);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "R\0\0\0\0\12\0", 7, &size), TS_OK);
	cr_expect_eq(size, 10);
	cr_expect_arr_eq(DATA(&rig), zeros, 10);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "C\0\0\0\0\1\0x", 8, NULL), TS_UNRECOGNIZED_COMMAND);
}

static unsigned int le16(const uint8_t *at)
{
	return at[0] | (unsigned int)at[1] << 8;
}

Test(ecu_commands, output_channels_move_as_of_an_engine_that_idles)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	unsigned int rpm, clt;
	size_t size;

	start(&rig);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "O", 1, &size), TS_OK);
	cr_assert_eq(size, OUTPUTS_SIZE);
	cr_expect_eq(le16(DATA(&rig) + OUTPUTS_RPM), 0, "it has not been started yet");
	ecu_rig_wait_ms(&rig, 5000);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "A", 1, &size), TS_OK);
	rpm = le16(DATA(&rig) + OUTPUTS_RPM);
	clt = le16(DATA(&rig) + OUTPUTS_CLT);
	cr_expect(rpm > 800 && rpm < 900, "%u", rpm);
	ecu_rig_wait_ms(&rig, 1234);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "O\4\0\4\0", 5, &size), TS_OK);
	cr_assert_eq(size, 4);
	cr_expect_neq(le16(DATA(&rig)), rpm);
	cr_expect_gt(le16(DATA(&rig) + 2), clt);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "O\377\0\2\0", 5, NULL), TS_OUT_OF_RANGE);
}

Test(ecu_commands, the_scattered_read_gives_what_its_page_names)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	size_t size;

	start(&rig);
	/* Two bytes at 4, four at 16. */
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "C\0\1\0\0\4\0\4\100\20\140", 11, NULL), TS_OK);
	ecu_rig_wait_ms(&rig, 4000);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "9", 1, &size), TS_OK);
	cr_assert_eq(size, 6);
	cr_expect_gt(le16(DATA(&rig)), 800);
	cr_expect_geq(le16(DATA(&rig) + 2), 4);
}

Test(ecu_commands, the_text_log_is_given_once)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	size_t size;

	start(&rig);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "G", 1, &size), TS_OK);
	cr_assert_geq(size, 4);
	cr_expect_arr_eq(DATA(&rig), "msg`", 4);
	cr_assert_eq(ecu_rig_execute_or_fail(&rig, "nonsense`1"), TS_OK);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "G", 1, &size), TS_OK);
	cr_expect_eq(size, strlen("msg`unknown [nonsense 1]`"));
	cr_expect_arr_eq(DATA(&rig), "msg`unknown [nonsense 1]`", size);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "G", 1, &size), TS_OK);
	cr_expect_eq(size, 0);
}

Test(ecu_commands, logger_commands_are_known_and_give_nothing)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "l\1", 2, NULL), TS_OK);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "l\3", 2, NULL), TS_OUT_OF_RANGE);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "8", 1, NULL), TS_OUT_OF_RANGE);
}
