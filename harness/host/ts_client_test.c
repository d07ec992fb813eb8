/* SPDX-License-Identifier: MIT */
#include "harness/host/ts_client.h"

#include "harness/host/scripted_port_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define SIGNATURE "rusEFI master.2026.09.01.f407-discovery.3456789012"

struct rig {
	struct scripted_port port;
	struct ts_client ts;
	struct why why;
	struct ts_answer answer;
};

static void rig_init(struct rig *rig, const struct scripted_answer *answers, size_t count)
{
	memset(rig, 0, sizeof(*rig));
	scripted_port_init(&rig->port, answers, count);
	ts_client_init(&rig->ts, &rig->port.port);
}

static void rig_done(struct rig *rig)
{
	ts_client_done(&rig->ts);
	scripted_port_done(&rig->port);
}

static const struct ts_request signature_request = {.command = TS_SIGNATURE};

static int ask(struct rig *rig)
{
	return ts_client_ask(&rig->ts, &signature_request, 0, &rig->answer, &rig->why);
}

static void expect_sent(const struct rig *rig, const void *data, size_t size)
{
	cr_assert_eq(rig->port.sent.size, size);
	cr_expect_arr_eq(rig->port.sent.data, data, size);
}

Test(ts_client, signature_in_a_frame)
{
	static const struct scripted_answer answers[] = {ANSWER("\0" SIGNATURE "\0")};
	CLEANUP(rig_done) struct rig rig;
	char text[TS_SIGNATURE_ROOM];

	rig_init(&rig, answers, 1);
	cr_assert_eq(ts_client_signature(&rig.ts, false, 0, text, &rig.why), 0);
	cr_expect_str_eq(text, SIGNATURE);
	expect_sent(&rig, "\x00\x01S\x20\x60\xef\xc3", 7);
}

Test(ts_client, signature_as_a_plain_byte)
{
	static const struct scripted_answer answers[] = {
		ANSWER_AS(SIGNATURE "\0", .raw = true, .piece = 7, .gap_ms = 1)};
	CLEANUP(rig_done) struct rig rig;
	char text[TS_SIGNATURE_ROOM];

	rig_init(&rig, answers, 1);
	cr_assert_eq(ts_client_signature(&rig.ts, true, 500, text, &rig.why), 0);
	cr_expect_str_eq(text, SIGNATURE);
	expect_sent(&rig, "S", 1);
}

Test(ts_client, a_plain_signature_without_an_end_times_out)
{
	static const struct scripted_answer answers[] = {ANSWER_AS(SIGNATURE, .raw = true)};
	CLEANUP(rig_done) struct rig rig;
	char text[TS_SIGNATURE_ROOM];

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_signature(&rig.ts, true, 500, text, &rig.why), -ETIMEDOUT);
	cr_expect_eq(scripted_port_now_ms(&rig.port), 500);
}

Test(ts_client, a_signature_is_no_rubbish)
{
	static const struct scripted_answer empty[] = {ANSWER("\0\0")};
	static const struct scripted_answer inner[] = {ANSWER("\0abc\0def\0")};
	static const struct scripted_answer endless[] = {
		ANSWER_AS(SIGNATURE SIGNATURE SIGNATURE, .raw = true)};
	CLEANUP(rig_done) struct rig a;
	CLEANUP(rig_done) struct rig b;
	CLEANUP(rig_done) struct rig c;
	char text[TS_SIGNATURE_ROOM];

	rig_init(&a, empty, 1);
	cr_expect_eq(ts_client_signature(&a.ts, false, 0, text, &a.why), -EBADMSG);
	rig_init(&b, inner, 1);
	cr_expect_eq(ts_client_signature(&b.ts, false, 0, text, &b.why), -EBADMSG);
	rig_init(&c, endless, 1);
	cr_expect_eq(ts_client_signature(&c.ts, true, 0, text, &c.why), -EBADMSG);
}

Test(ts_client, an_answer_in_pieces_is_put_together)
{
	static const struct scripted_answer answers[] = {
		ANSWER_AS("\0hello", .piece = 1, .gap_ms = 100)};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_assert_eq(ask(&rig), 0);
	cr_assert_eq(rig.answer.size, 5);
	cr_expect_arr_eq(rig.answer.data, "hello", 5);
	cr_expect_eq(scripted_port_now_ms(&rig.port), 1100);
}

Test(ts_client, a_late_answer_counts_until_the_time_is_over)
{
	static const struct scripted_answer just[] = {ANSWER_AS("\0", .delay_ms = 4999)};
	static const struct scripted_answer late[] = {ANSWER_AS("\0", .delay_ms = 5001)};
	CLEANUP(rig_done) struct rig a;
	CLEANUP(rig_done) struct rig b;

	rig_init(&a, just, 1);
	cr_expect_eq(ask(&a), 0);
	rig_init(&b, late, 1);
	cr_expect_eq(ask(&b), -ETIMEDOUT);
	cr_expect_eq(scripted_port_now_ms(&b.port), 5000);
	cr_expect_str_eq(b.why.text, "S: no answer");
}

Test(ts_client, an_answer_that_stops_times_out)
{
	static const struct scripted_answer answers[] = {ANSWER_AS("\x00\x05\x00", .raw = true)};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_expect_eq(ask(&rig), -ETIMEDOUT);
	cr_expect_str_eq(rig.why.text, "S: the answer stopped after 3 bytes");
}

Test(ts_client, bad_frames_have_an_error_of_their_own)
{
	static const struct scripted_answer crc[] = {ANSWER_AS("\0", .wrong_crc = true)};
	static const struct scripted_answer empty[] = {ANSWER_AS("\0\0\0\0\0\0", .raw = true)};
	CLEANUP(rig_done) struct rig a;
	CLEANUP(rig_done) struct rig b;

	rig_init(&a, crc, 1);
	cr_expect_eq(ask(&a), -EILSEQ);
	rig_init(&b, empty, 1);
	cr_expect_eq(ask(&b), -EILSEQ);
}

Test(ts_client, error_codes_are_told)
{
	static const struct scripted_answer answers[] = {ANSWER("\x83")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_expect_eq(ask(&rig), -EREMOTEIO);
	cr_expect_eq(rig.ts.last_code, TS_UNRECOGNIZED_COMMAND);
	cr_expect_str_eq(rig.why.text, "S: the ECU answers 0x83 (unrecognized command)");
}

Test(ts_client, a_port_that_leaves_is_gone)
{
	static const struct scripted_answer write[] = {{.write_err = -ENODEV}};
	static const struct scripted_answer answer[] = {{.gone = true}};
	CLEANUP(rig_done) struct rig a;
	CLEANUP(rig_done) struct rig b;

	rig_init(&a, write, 1);
	cr_expect_eq(ask(&a), -ENODEV);
	rig_init(&b, answer, 1);
	cr_expect_eq(ask(&b), -ENODEV);
}

Test(ts_client, what_came_before_the_request_does_not_count)
{
	static const struct scripted_answer answers[] = {ANSWER("\0new")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_assert_eq(ts_frame_append(&rig.port.out, "\x83", 1), 0);
	cr_assert_eq(ask(&rig), 0);
	cr_expect_eq(rig.answer.size, 3);
}

/* A tune of an ECU, read, written and asked for its CRC as the protocol says. */
struct page {
	uint8_t tune[2000];
	size_t size;
	bool paged;
	unsigned int bad_in; /* so many answers from now one has a wrong CRC; 0 = none */
	unsigned int reads, writes, burns;
	size_t largest; /* bytes asked for at once */
};

static void page_answer(struct scripted_port *port, uint8_t code, const void *data, size_t size)
{
	struct page *page = port->user;
	uint8_t payload[2000 + 1] = {code};

	if (size)
		memcpy(payload + 1, data, size);
	cr_assert_eq(ts_frame_append(&port->out, payload, size + 1), 0);
	if (page->bad_in && --page->bad_in == 0)
		port->out.data[port->out.size - 1] ^= 1;
}

static void page_crc(struct scripted_port *port, const struct ts_request *request)
{
	const struct page *page = port->user;
	uint32_t crc = (uint32_t)crc32(0, page->tune + request->offset, request->count);
	const uint8_t bytes[] = {
		(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};

	page_answer(port, TS_OK, bytes, sizeof(bytes));
}

static void page_range(struct scripted_port *port, const struct ts_request *request)
{
	struct page *page = port->user;

	page->largest = request->count > page->largest ? request->count : page->largest;
	if ((size_t)request->offset + request->count > page->size) {
		page_answer(port, TS_OUT_OF_RANGE, NULL, 0);
	} else if (request->command == TS_READ) {
		page->reads++;
		page_answer(port, TS_OK, page->tune + request->offset, request->count);
	} else if (request->command == TS_WRITE) {
		page->writes++;
		memcpy(page->tune + request->offset, request->data, request->count);
		page_answer(port, TS_OK, NULL, 0);
	} else {
		page_crc(port, request);
	}
}

static void page_serve(struct scripted_port *port, const uint8_t *data, size_t size)
{
	struct page *page = port->user;
	struct ts_request request;
	const uint8_t *payload;
	size_t payload_size;

	cr_assert_eq(ts_scan(data, size, TS_PAYLOAD_MAX, &payload, &payload_size), TS_SCAN_FRAME);
	if (ts_request_read(payload, payload_size, page->paged, &request) < 0) {
		page_answer(port, TS_UNDERRUN, NULL, 0);
	} else if (request.command == TS_BURN) {
		page->burns++;
		page_answer(port, TS_BURN_OK, NULL, 0);
	} else {
		page_range(port, &request);
	}
}

static void page_rig_init(struct rig *rig, struct page *page, bool paged)
{
	rig_init(rig, NULL, 0);
	*page = (struct page){.size = sizeof(page->tune), .paged = paged};
	for (size_t i = 0; i < page->size; i++)
		page->tune[i] = (uint8_t)(i * 3 + i / 256);
	rig->port.serve = page_serve;
	rig->port.user = page;
	rig->ts.paged = paged;
}

Test(ts_client, a_tune_is_read_in_pieces_of_the_blocking_factor)
{
	for (int paged = 0; paged < 2; paged++) {
		CLEANUP(rig_done) struct rig rig;
		struct page page;
		uint8_t tune[sizeof(page.tune)];

		page_rig_init(&rig, &page, paged);
		cr_assert_eq(ts_client_read_tune(&rig.ts, tune, sizeof(tune), false, &rig.why), 0,
			"%s", rig.why.text);
		cr_expect_arr_eq(tune, page.tune, sizeof(tune));
		cr_expect_eq(page.largest, 750);
		cr_expect_eq(page.reads, 3);
	}
}

Test(ts_client, a_tune_is_written_and_burnt)
{
	CLEANUP(rig_done) struct rig rig;
	struct page page;
	uint8_t tune[sizeof(page.tune)];

	page_rig_init(&rig, &page, true);
	memset(tune, 0x42, sizeof(tune));
	rig.ts.blocking_factor = 1400;
	cr_expect_eq(ts_client_write_tune(&rig.ts, tune, sizeof(tune), &rig.why), 0);
	cr_expect_eq(ts_client_burn(&rig.ts, &rig.why), 0);
	cr_expect_arr_eq(page.tune, tune, sizeof(tune));
	cr_expect_eq(page.writes, 2);
	cr_expect_eq(page.burns, 1);
}

Test(ts_client, the_size_of_the_tune_is_found)
{
	static const size_t sizes[] = {1, 2, 1000, 1999, 2000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		CLEANUP(rig_done) struct rig rig;
		struct page page;
		size_t size = 0;

		page_rig_init(&rig, &page, true);
		page.size = sizes[i];
		page.bad_in = 3;
		cr_assert_eq(ts_client_tune_size(&rig.ts, &size, &rig.why), 0, "%s", rig.why.text);
		cr_expect_eq(size, sizes[i]);
	}
}

Test(ts_client, a_tune_without_a_size_is_an_error)
{
	CLEANUP(rig_done) struct rig rig;
	struct page page;
	size_t size = 77;

	page_rig_init(&rig, &page, true);
	page.size = 0;
	cr_expect_eq(ts_client_tune_size(&rig.ts, &size, &rig.why), -EBADMSG);
	cr_expect_eq(size, 77);
}

Test(ts_client, the_crc_is_the_ecus)
{
	CLEANUP(rig_done) struct rig rig;
	struct page page;
	uint32_t crc = 0;

	page_rig_init(&rig, &page, true);
	cr_assert_eq(ts_client_page_crc(&rig.ts, 100, &crc, &rig.why), 0);
	cr_expect_eq(crc, crc32(0, page.tune, 100));
	cr_expect_eq(ts_client_page_crc(&rig.ts, 65536, &crc, &rig.why), -EINVAL);
}

Test(ts_client, finds_out_whether_there_are_pages)
{
	for (int paged = 0; paged < 2; paged++) {
		CLEANUP(rig_done) struct rig rig;
		struct page page;

		page_rig_init(&rig, &page, paged);
		page.bad_in = 1;
		rig.ts.paged = !paged;
		cr_assert_eq(ts_client_probe_paged(&rig.ts, &rig.why), 0, "%s", rig.why.text);
		cr_expect_eq(rig.ts.paged, paged);
	}
}

/* Firmware that takes the first two words and leaves the rest: no byte from offset 0. */
Test(ts_client, an_ecu_that_answers_nothing_to_the_newer_form_has_no_pages)
{
	static const struct scripted_answer answers[] = {ANSWER("\0"), ANSWER("\0x")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 2);
	cr_expect_eq(ts_client_probe_paged(&rig.ts, &rig.why), 0);
	cr_expect_not(rig.ts.paged);
}

Test(ts_client, an_ecu_that_answers_neither_form_is_an_error)
{
	static const struct scripted_answer answers[] = {ANSWER("\x83")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_probe_paged(&rig.ts, &rig.why), -EREMOTEIO);
}

Test(ts_client, a_failed_piece_is_asked_again_when_wanted)
{
	CLEANUP(rig_done) struct rig rig;
	struct page page;
	uint8_t tune[sizeof(page.tune)];

	page_rig_init(&rig, &page, true);
	page.bad_in = 2;
	cr_expect_eq(ts_client_read_tune(&rig.ts, tune, sizeof(tune), false, &rig.why), -EILSEQ);
	page.bad_in = 2;
	cr_expect_eq(ts_client_read_tune(&rig.ts, tune, sizeof(tune), true, &rig.why), 0);
	cr_expect_arr_eq(tune, page.tune, sizeof(tune));
}

Test(ts_client, retries_end_after_the_time_for_the_whole_tune)
{
	static const struct scripted_answer answers[] = {ANSWER("\x83")};
	CLEANUP(rig_done) struct rig rig;
	uint8_t tune[8];

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_read_tune(&rig.ts, tune, sizeof(tune), true, &rig.why), -EREMOTEIO);
	cr_expect_geq(scripted_port_now_ms(&rig.port), 59000);
	cr_expect_leq(scripted_port_now_ms(&rig.port), 60000);
}

Test(ts_client, out_of_range_and_a_lost_port_are_not_asked_again)
{
	static const struct scripted_answer range[] = {ANSWER("\x84")};
	static const struct scripted_answer gone[] = {{.gone = true}};
	CLEANUP(rig_done) struct rig a;
	CLEANUP(rig_done) struct rig b;
	uint8_t tune[8];

	rig_init(&a, range, 1);
	cr_expect_eq(ts_client_read_tune(&a.ts, tune, sizeof(tune), true, &a.why), -EREMOTEIO);
	cr_expect_eq(a.port.requests, 1);
	rig_init(&b, gone, 1);
	cr_expect_eq(ts_client_read_tune(&b.ts, tune, sizeof(tune), true, &b.why), -ENODEV);
	cr_expect_eq(b.port.requests, 1);
}

Test(ts_client, a_piece_of_another_size_is_no_tune)
{
	static const struct scripted_answer answers[] = {ANSWER("\0abc")};
	CLEANUP(rig_done) struct rig rig;
	uint8_t tune[8];

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_read_tune(&rig.ts, tune, sizeof(tune), false, &rig.why), -EBADMSG);
}

Test(ts_client, a_locked_ecu_refuses_the_writing)
{
	static const struct scripted_answer answers[] = {ANSWER("\x83")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_write_tune(&rig.ts, (const uint8_t *)"ab", 2, &rig.why), -EREMOTEIO);
	cr_expect_eq(rig.port.requests, 3);
}

Test(ts_client, a_reboot_waits_for_no_answer)
{
	static const struct scripted_answer answers[] = {{.data = NULL}};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_execute(&rig.ts, "reboot_dfu", false, &rig.why), 0);
	cr_expect_eq(scripted_port_now_ms(&rig.port), 0);
	expect_sent(&rig,
		"\x00\x0b"
		"Ereboot_dfu\xfd\x68\xc0\xdf",
		17);
}

Test(ts_client, z_has_its_numbers_on_the_wire)
{
	static const struct scripted_answer answers[] = {ANSWER("\0")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 1);
	cr_expect_eq(ts_client_io_test(&rig.ts, TS_Z_DFU, 0, true, &rig.why), 0);
	expect_sent(&rig, "\x00\x05\x5a\x00\xba\x00\x00\x7c\x48\x5b\xb1", 11);
}

Test(ts_client, late_answers_do_not_count_for_what_is_asked_next)
{
	static const struct scripted_answer answers[] = {ANSWER_AS("\0one", .delay_ms = 5050),
		ANSWER_AS("\0two", .delay_ms = 5050), ANSWER("\0three")};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, answers, 3);
	rig.port.keep_input = true;
	cr_expect_eq(ask(&rig), -ETIMEDOUT);
	cr_expect_eq(ask(&rig), -ETIMEDOUT);
	cr_assert_eq(ask(&rig), 0);
	cr_expect_eq(rig.answer.size, 5);
}
