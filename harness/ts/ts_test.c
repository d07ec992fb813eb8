/* SPDX-License-Identifier: MIT */
#include "harness/ts/ts.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FRAME_ROOM (TS_PAYLOAD_MAX + TS_FRAME_OVERHEAD)

static const uint8_t two_bytes[] = {0xab, 0xcd};

/* Frames on the wire: E and Z as rusEFI's console and TunerStudio send them, the rest worked out by zlib's crc32. */
static const struct golden {
	struct ts_request request;
	const char *hex;
	const char *text;
} golden[] = {
	{{.command = TS_EXECUTE, .data = (const uint8_t *)"reboot_dfu", .data_size = 10},
		"000b457265626f6f745f646675fd68c0df", "E reboot_dfu"},
	{{.command = TS_EXECUTE, .data = (const uint8_t *)"reboot", .data_size = 6},
		"0007457265626f6f74fbcea08f", "E reboot"},
	{{.command = TS_EXECUTE, .data = (const uint8_t *)"reboot_openblt", .data_size = 14},
		"000f457265626f6f745f6f70656e626c741916a393", "E reboot_openblt"},
	{{.command = TS_IO_TEST, .subsystem = TS_Z_DFU}, "00055a00ba00007c485bb1", "Z 00ba 0000"},
	{{.command = TS_IO_TEST, .subsystem = TS_Z_REBOOT}, "00055a00bb00007d8a3186",
		"Z 00bb 0000"},
	{{.command = TS_IO_TEST, .subsystem = TS_Z_OPENBLT}, "00055a00bc000078c52703",
		"Z 00bc 0000"},
	{{.command = TS_IO_TEST, .subsystem = 0x1234, .index = 0x5678}, "00055a12345678",
		"Z 1234 5678"},
	{{.command = TS_SIGNATURE}, "000153", "S"},
	{{.command = TS_READ, .paged = true, .page = 1, .offset = 0x0203, .count = 1400},
		"000752010003027805", "R page 1, offset 515, 1400 bytes"},
	{{.command = TS_READ, .offset = 0x0203, .count = 1400}, "00055203027805",
		"R offset 515, 1400 bytes"},
	{{.command = TS_WRITE,
		 .paged = true,
		 .offset = 16,
		 .count = 2,
		 .data = two_bytes,
		 .data_size = 2},
		"000943000010000200abcd", "C page 0, offset 16, 2 bytes"},
	{{.command = TS_WRITE, .offset = 16, .count = 2, .data = two_bytes, .data_size = 2},
		"00074310000200abcd", "C offset 16, 2 bytes"},
	{{.command = TS_PAGE_CRC, .paged = true, .count = 0x5678}, "00076b000000007856",
		"k page 0, offset 0, 22136 bytes"},
	{{.command = TS_BURN, .paged = true, .page = 0x0102}, "0003420201", "B page 258"},
	{{.command = TS_BURN}, "000142", "B"},
	{{.command = TS_OUTPUTS, .offset = 4, .count = 8}, "00054f04000800", "O offset 4, 8 bytes"},
	{{.command = TS_OUTPUTS, .all = true}, "00014f", "O"},
	{{.command = TS_OUTPUTS_ALL}, "000141", "A"},
	{{.command = TS_GET_TEXT}, "000147", "G"},
	{{.command = TS_VERSION}, "000156", "V"},
	{{.command = TS_BOOTLOADER}, "00014c", "L"},
	{{.command = TS_ERROR_TEXT}, "000165", "e"},
	{{.command = TS_SCATTERED_READ}, "000139", "9"},
};

static void to_hex(const struct buf *buf, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < buf->size && 2 * i + 3 <= size; i++)
		snprintf(out + 2 * i, 3, "%02x", buf->data[i]);
}

Test(ts, requests_have_the_bytes_of_the_wire)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		CLEANUP(buf_done) struct buf out;
		char hex[128];

		buf_init(&out, FRAME_ROOM);
		cr_assert_eq(ts_request_append(&out, &golden[i].request), 0, "%s", golden[i].text);
		to_hex(&out, hex, sizeof(hex));
		cr_expect(strncmp(hex, golden[i].hex, strlen(golden[i].hex)) == 0, "%s: %s, not %s",
			golden[i].text, hex, golden[i].hex);
	}
}

static void expect_same(
	const struct ts_request *got, const struct ts_request *wanted, const char *text)
{
	cr_expect_eq(got->command, wanted->command, "%s: command", text);
	cr_expect_eq(got->page, wanted->page, "%s: page", text);
	cr_expect_eq(got->offset, wanted->offset, "%s: offset", text);
	cr_expect_eq(got->count, wanted->count, "%s: count", text);
	cr_expect_eq(got->subsystem, wanted->subsystem, "%s: subsystem", text);
	cr_expect_eq(got->index, wanted->index, "%s: index", text);
	cr_expect_eq(got->all, wanted->all, "%s: all", text);
	cr_assert_eq(got->data_size, wanted->data_size, "%s: data", text);
	cr_expect(!got->data_size || memcmp(got->data, wanted->data, got->data_size) == 0,
		"%s: data", text);
}

Test(ts, requests_survive_the_wire)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		CLEANUP(buf_done) struct buf out;
		struct ts_request got;
		const uint8_t *payload;
		size_t size;

		buf_init(&out, FRAME_ROOM);
		cr_assert_eq(ts_request_append(&out, &golden[i].request), 0);
		cr_assert_eq(ts_scan(out.data, out.size, TS_PAYLOAD_MAX, &payload, &size),
			TS_SCAN_FRAME, "%s", golden[i].text);
		cr_expect_eq(size + TS_FRAME_OVERHEAD, out.size, "%s", golden[i].text);
		cr_assert_eq(ts_request_read(payload, size, golden[i].request.paged, &got), 0, "%s",
			golden[i].text);
		expect_same(&got, &golden[i].request, golden[i].text);
	}
}

Test(ts, requests_read_for_people)
{
	char text[80];

	for (size_t i = 0; i < ARRAY_SIZE(golden); i++)
		cr_expect_str_eq(
			ts_request_text(&golden[i].request, text, sizeof(text)), golden[i].text);
}

Test(ts, text_of_a_request_shows_no_control_characters_and_is_cut)
{
	struct ts_request request = {
		.command = TS_EXECUTE, .data = (const uint8_t *)"a\n\x1b[2Jb", .data_size = 7};
	char text[32], small[6];

	cr_expect_str_eq(ts_request_text(&request, text, sizeof(text)), "E a..[2Jb");
	cr_expect_str_eq(ts_request_text(&request, small, sizeof(small)), "E a..");
	request = (struct ts_request){.command = 7};
	cr_expect_str_eq(ts_request_text(&request, text, sizeof(text)), ".");
}

/* The ready answers of rusEFI's firmware. */
Test(ts, answers_have_the_bytes_of_the_wire)
{
	static const struct {
		uint8_t code;
		const char *hex;
	} cases[] = {
		{TS_OK, "000100d202ef8d"},
		{TS_BURN_OK, "000104d56f2b94"},
		{TS_UNDERRUN, "0001803fba6cad"},
		{TS_CRC_FAILURE, "000182d1b40d81"},
		{TS_UNRECOGNIZED_COMMAND, "000183a6b33d17"},
		{TS_OUT_OF_RANGE, "00018438d7a8b4"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_done) struct buf out;
		char hex[32];

		buf_init(&out, FRAME_ROOM);
		cr_assert_eq(ts_frame_append(&out, &cases[i].code, 1), 0);
		to_hex(&out, hex, sizeof(hex));
		cr_expect_str_eq(hex, cases[i].hex, "code %02x: %s", cases[i].code, hex);
	}
}

Test(ts, frames_are_neither_empty_nor_too_long)
{
	CLEANUP(buf_done) struct buf out;
	CLEANUP(buf_done) struct buf long_text;
	uint8_t *data;

	buf_init(&out, FRAME_ROOM);
	buf_init(&long_text, TS_PAYLOAD_MAX + 1);
	cr_assert_eq(buf_grow(&long_text, TS_PAYLOAD_MAX + 1, &data), 0);
	memset(data, 'x', TS_PAYLOAD_MAX + 1);
	cr_expect_eq(ts_frame_append(&out, data, 0), -EINVAL);
	cr_expect_eq(ts_frame_append(&out, data, TS_PAYLOAD_MAX + 1), -EINVAL);
	cr_expect_eq(out.size, 0);
	cr_expect_eq(ts_frame_append(&out, data, TS_PAYLOAD_MAX), 0);
	cr_expect_eq(ts_frame_append(&out, data, 1), -EOVERFLOW);
}

Test(ts, a_request_that_contradicts_itself_is_not_sent)
{
	struct ts_request write = {
		.command = TS_WRITE, .count = 3, .data = two_bytes, .data_size = 2};
	struct ts_request text = {
		.command = TS_EXECUTE, .data = two_bytes, .data_size = TS_PAYLOAD_MAX};
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, FRAME_ROOM);
	cr_expect_eq(ts_request_append(&out, &write), -EINVAL);
	cr_expect_eq(ts_request_append(&out, &text), -EINVAL);
	cr_expect_eq(out.size, 0);
}

Test(ts, requests_of_a_wrong_length_are_refused)
{
	static const struct {
		const char *payload;
		size_t size;
		bool paged;
		int err;
	} cases[] = {
		{"", 0, false, -EBADMSG},
		{"Sx", 2, false, -EBADMSG},
		{"R1234", 5, true, -EBADMSG},
		{"R123456", 7, false, -EBADMSG},
		{"k12", 3, false, -EBADMSG},
		{"B", 1, true, -EBADMSG},
		{"B12", 3, false, -EBADMSG},
		{"O12", 3, false, -EBADMSG},
		{"Z123", 4, false, -EBADMSG},
		{"Z12345", 6, false, -EBADMSG},
		{"C\0\0\x02\0a", 6, false, -EBADMSG},
		{"C\0\0\x02\0abc", 8, false, -EBADMSG},
		{"Q", 1, false, -ENOENT},
		{"F", 1, false, -ENOENT},
		{"t", 1, false, -ENOENT},
		{"W", 1, false, -ENOENT},
		{"\0", 1, false, -ENOENT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ts_request request = {.command = 'u'};

		cr_expect_eq(ts_request_read((const uint8_t *)cases[i].payload, cases[i].size,
				     cases[i].paged, &request),
			cases[i].err, "case %zu", i);
		cr_expect_eq(request.command, 'u', "case %zu", i);
	}
}

Test(ts, a_frame_is_found_only_when_it_is_whole)
{
	static const uint8_t frame[] = {
		0x00, 0x05, 0x5a, 0x00, 0xba, 0x00, 0x00, 0x7c, 0x48, 0x5b, 0xb1, 0x00};
	const uint8_t *payload = NULL;
	size_t size = 0;

	for (size_t i = 0; i < 11; i++)
		cr_expect_eq(ts_scan(frame, i, 5, &payload, &size), TS_SCAN_MORE, "%zu", i);
	cr_expect_eq(ts_scan(frame, 11, 5, &payload, &size), TS_SCAN_FRAME);
	cr_expect_eq(ts_scan(frame, 12, 5, &payload, &size), TS_SCAN_FRAME);
	cr_expect_eq(payload, frame + 2);
	cr_expect_eq(size, 5);
	cr_expect_eq(ts_scan(frame, 12, 4, &payload, &size), TS_SCAN_LENGTH);
}

Test(ts, a_bad_crc_and_a_bad_length_are_told_apart)
{
	static const uint8_t crc[] = {0x00, 0x01, 0x00, 0xd2, 0x02, 0xef, 0x8c};
	static const uint8_t empty[] = {0x00, 0x00};
	static const uint8_t probe[] = {
		0x02, 0xff, 0x00}; /* XCP CONNECT, read as a length of 767 */
	const uint8_t *payload;
	size_t size;

	cr_expect_eq(ts_scan(crc, sizeof(crc), 100, &payload, &size), TS_SCAN_CRC);
	cr_expect_eq(size, 1);
	cr_expect_eq(ts_scan(empty, sizeof(empty), 100, &payload, &size), TS_SCAN_LENGTH);
	cr_expect_eq(ts_scan(probe, sizeof(probe), 100, &payload, &size), TS_SCAN_LENGTH);
	cr_expect_eq(ts_scan(probe, sizeof(probe), 1400, &payload, &size), TS_SCAN_MORE);
}

Test(ts, signatures_come_apart)
{
	static const struct {
		const char *text;
		struct ts_signature wanted;
	} cases[] = {
		{"rusEFI master.2026.09.01.f407-discovery.3456789012",
			{"master", 2026, 9, 1, "f407-discovery", "3456789012"}},
		{"rusEFI (FOME) master.2026.08.22.proteus_f7.2608769846",
			{"(FOME) master", 2026, 8, 22, "proteus_f7", "2608769846"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ts_signature *wanted = &cases[i].wanted;
		struct ts_signature got;

		cr_assert_eq(ts_signature_read(cases[i].text, &got), 0, "%s", cases[i].text);
		cr_expect_str_eq(got.branch, wanted->branch);
		cr_expect_eq(got.year, wanted->year);
		cr_expect_eq(got.month, wanted->month);
		cr_expect_eq(got.day, wanted->day);
		cr_expect_str_eq(got.target, wanted->target);
		cr_expect_str_eq(got.hash, wanted->hash);
	}
}

Test(ts, other_texts_are_no_signatures)
{
	static const char *const cases[] = {
		"",
		"rusEFI ",
		"rusEFI",
		"speeduino 202501",
		"rusEFI master.2026.09.01.f407-discovery",
		"rusEFI master.2026.09.01.f407-discovery.345.6",
		"rusEFI master.2026.9.1.f407-discovery.3456789012",
		"rusEFI master.2026.xx.01.f407-discovery.3456789012",
		"rusEFI master.2026.09.01..3456789012",
		"rusEFI master.2026.09.01.f407-discovery.",
		"rusEFI .2026.09.01.f407-discovery.3456789012",
		"rusEFI master.2026.09.01.f407-discovery.0123456789012345678901234",
		"rusefi master.2026.09.01.f407-discovery.3456789012",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ts_signature got = {.year = 1};

		cr_expect_eq(ts_signature_read(cases[i], &got), -EBADMSG, "%s", cases[i]);
		cr_expect_eq(got.year, 1, "%s", cases[i]);
	}
}

Test(ts, codes_have_names)
{
	cr_expect_str_eq(ts_code_text(TS_OK), "OK");
	cr_expect_str_eq(ts_code_text(TS_UNRECOGNIZED_COMMAND), "unrecognized command");
	cr_expect_str_eq(ts_code_text(0x7f), "?");
}
