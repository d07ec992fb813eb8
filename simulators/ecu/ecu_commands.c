/* SPDX-License-Identifier: MIT */
/*
 * TunerStudio's requests, and what they are answered.
 * Source: rusEFI's tunerstudio.cpp (2025) and ts_protocol.txt.
 */
#include "simulators/ecu/ecu_program.h"

#include "harness/base/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define PROTOCOL         "001"
#define LONG_ANSWER_MORE 7u /* beyond the blocking factor [rusEFI tunerstudio_io.cpp] */
#define ONE_LETTER       2

static const char *match_of(uint8_t command, char text[static ONE_LETTER])
{
	text[0] = (char)command;
	text[1] = '\0';
	return text;
}

static void answer(
	struct ecu *ecu, uint8_t command, enum ts_code code, const void *data, size_t size)
{
	char match[ONE_LETTER];

	ecu_reply(ecu, match_of(command, match), code, data, size);
}

/* --- plain commands --- */

static bool is_plain(const struct ts_server *server, uint8_t byte)
{
	(void)server;
	return byte == TS_SIGNATURE || byte == TS_SIGNATURE_PLAIN || byte == TS_PROTOCOL ||
	       byte == TS_TEST || byte == 'T';
}

/* As the compiler's __DATE__. */
static void date_text(const struct ts_signature *signature, char *ret, size_t size)
{
	static const char *const months[] = {"???", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec"};
	unsigned int month = signature->month < ARRAY_SIZE(months) ? signature->month : 0;

	snprintf(ret, size, "%s %2u %04u", months[month], signature->day, signature->year);
}

/* The fields are empty when it cannot be taken apart. */
static struct ts_signature signature_of(const struct ecu *ecu)
{
	struct ts_signature signature = {.hash = "0"};

	if (ts_signature_read(ecu->firmware.signature, &signature) < 0)
		return (struct ts_signature){.hash = "0"};
	return signature;
}

/* The hash with its NUL, then a line; one more after a critical error. */
static void answer_test(struct ecu *ecu)
{
	struct ts_signature signature = signature_of(ecu);
	char text[256], date[16], error[112] = "";
	size_t hash_size = strlen(signature.hash) + 1;
	int n;

	ecu->tests++;
	date_text(&signature, date, sizeof(date));
	if (ecu->error[0])
		snprintf(error, sizeof(error), "error=%s\r\n", ecu->error);
	memcpy(text, signature.hash, hash_size);
	n = snprintf(text + hash_size, sizeof(text) - hash_size,
		" 0 %" PRIu32 " uptime=%" PRIu64 "s %s ts_p_alive\r\n%s", ecu->tests,
		(ecu->now_us - ecu->start_us) / 1000000, date, error);
	ecu_reply_plain(ecu, "t", text, hash_size + (size_t)n);
}

static void plain(struct ts_server *server, uint8_t byte)
{
	struct ecu *ecu = server->owner;
	char match[ONE_LETTER];

	ecu_tell(ecu, PROGRAM_FACT_COMMAND, 1, "%c, plain", byte);
	ecu->commands++;
	if (byte == TS_PROTOCOL)
		ecu_reply_plain(ecu, "F", PROTOCOL, strlen(PROTOCOL));
	else if (byte == TS_TEST || byte == 'T')
		answer_test(ecu);
	else
		ecu_reply_plain(ecu, match_of(byte, match), ecu->firmware.signature,
			strlen(ecu->firmware.signature) + 1);
}

/* --- pages --- */

struct page {
	uint8_t *data; /* NULL = there is no such page */
	size_t size;
};

static struct page page_of(struct ecu *ecu, const struct ts_request *request)
{
	uint16_t page = request->paged ? request->page : ECU_PAGE_SETTINGS;

	if (page == ECU_PAGE_SETTINGS)
		return (struct page){ecu->tune, ecu->firmware.settings_size};
	if (page == ECU_PAGE_SCATTER)
		return (struct page){ecu->scatter, sizeof(ecu->scatter)};
	return (struct page){NULL, 0};
}

static bool is_locked(const struct ecu *ecu, const struct page *page)
{
	return ecu->firmware.locked && page->data == ecu->tune;
}

/* The bytes that a request names, or NULL: answered that they are out of range. */
static uint8_t *range_of(struct ecu *ecu, const struct ts_request *request, struct page *ret_page)
{
	*ret_page = page_of(ecu, request);
	if (ret_page->data && (size_t)request->offset + request->count <= ret_page->size)
		return ret_page->data + request->offset;
	text_log_printf(&ecu->log, "%c: %u bytes from %u on, of a page of %zu", request->command,
		request->count, request->offset, ret_page->size);
	answer(ecu, request->command, TS_OUT_OF_RANGE, NULL, 0);
	return NULL;
}

/* More than the blocking factor allows is answered all the same, but it is a critical error.
 * [rusEFI tunerstudio_io.cpp, assertPacketSize] */
static void check_length(struct ecu *ecu, size_t count)
{
	if (count <= ecu->firmware.blocking_factor + LONG_ANSWER_MORE || ecu->error[0])
		return;
	snprintf(ecu->error, sizeof(ecu->error), "an answer of %zu bytes is too long", count);
	ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "critical error: %s", ecu->error);
}

static void answer_zeros(struct ecu *ecu, const struct ts_request *request)
{
	static const uint8_t zeros[UINT16_MAX];

	answer(ecu, request->command, TS_OK, zeros, request->count);
}

static void read_page(struct ecu *ecu, const struct ts_request *request)
{
	struct page page;
	const uint8_t *from = range_of(ecu, request, &page);

	if (!from)
		return;
	check_length(ecu, request->count);
	if (is_locked(ecu, &page))
		answer_zeros(ecu, request);
	else
		answer(ecu, request->command, TS_OK, from, request->count);
}

static void write_page(struct ecu *ecu, const struct ts_request *request)
{
	struct page page;
	uint8_t *to = range_of(ecu, request, &page);

	if (!to)
		return;
	if (is_locked(ecu, &page)) {
		answer(ecu, request->command, TS_UNRECOGNIZED_COMMAND, NULL, 0);
		return;
	}
	if (request->count)
		memcpy(to, request->data, request->count);
	answer(ecu, request->command, TS_OK, NULL, 0);
}

static void page_crc(struct ecu *ecu, const struct ts_request *request)
{
	struct page page;
	const uint8_t *from = range_of(ecu, request, &page);
	uint8_t crc[4];
	struct writer out = writer_of(crc, sizeof(crc));

	if (!from)
		return;
	writer_be32(&out, (uint32_t)crc32(crc32(0, NULL, 0), from, request->count));
	answer(ecu, request->command, TS_OK, crc, sizeof(crc));
}

static void burn(struct ecu *ecu, const struct ts_request *request)
{
	struct page page = page_of(ecu, request);

	if (page.data == ecu->tune)
		ecu_burn_start(ecu, TS_BURN_OK, "B");
	else
		answer(ecu, TS_BURN, page.data ? TS_BURN_OK : TS_OUT_OF_RANGE, NULL, 0);
}

/* --- the others --- */

static void outputs(struct ecu *ecu, uint8_t command, size_t offset, size_t count)
{
	uint8_t bytes[OUTPUTS_SIZE];

	if (offset + count > sizeof(bytes)) {
		answer(ecu, command, TS_OUT_OF_RANGE, NULL, 0);
		return;
	}
	outputs_write(ecu->now_us - ecu->start_us, ecu->commands, bytes);
	answer(ecu, command, TS_OK, bytes + offset, count);
}

/* The scatter page's words: the size's logarithm plus one in bits 15..13, 0 = none; the offset below. */
static void scattered(struct ecu *ecu)
{
	uint8_t bytes[OUTPUTS_SIZE], out[ECU_SCATTER_SIZE * 4];
	struct reader in = reader_of(ecu->scatter, sizeof(ecu->scatter));
	struct writer to = writer_of(out, sizeof(out));

	outputs_write(ecu->now_us - ecu->start_us, ecu->commands, bytes);
	while (reader_left(&in)) {
		uint16_t word = reader_le16(&in);
		size_t size = word >> 13 ? (size_t)1 << ((word >> 13) - 1) : 0;
		size_t offset = word & 0x1fff;

		if (size > 8 || offset + size > sizeof(bytes))
			writer_fill(&to, 0, size > 8 ? 0 : size);
		else
			writer_bytes(&to, bytes + offset, size);
	}
	answer(ecu, TS_SCATTERED_READ, TS_OK, out, to.pos);
}

static void version(struct ecu *ecu)
{
	struct ts_signature signature = signature_of(ecu);
	char text[64];
	int n = snprintf(text, sizeof(text), "rusEFI v%04u%02u%02u@%s", signature.year,
		signature.month, signature.day, signature.hash);

	answer(ecu, TS_VERSION, TS_OK, text, (size_t)n + 1);
}

static void get_text(struct ecu *ecu)
{
	answer(ecu, TS_GET_TEXT, TS_OK, ecu->log.lines.data, ecu->log.lines.size);
	text_log_clear(&ecu->log);
}

static void bootloader(struct ecu *ecu)
{
	uint8_t which = ecu->firmware.behind_openblt ? 1 : 0;

	answer(ecu, TS_BOOTLOADER, TS_OK, &which, sizeof(which));
}

static void carry_out(struct ecu *ecu, const struct ts_request *request)
{
	switch ((enum ts_command)request->command) {
	case TS_SIGNATURE:
		answer(ecu, TS_SIGNATURE, TS_OK, ecu->firmware.signature,
			strlen(ecu->firmware.signature) + 1);
		break;
	case TS_VERSION:
		version(ecu);
		break;
	case TS_OUTPUTS:
		outputs(ecu, TS_OUTPUTS, request->all ? 0 : request->offset,
			request->all ? OUTPUTS_SIZE : request->count);
		break;
	case TS_OUTPUTS_ALL:
		outputs(ecu, TS_OUTPUTS_ALL, 0, OUTPUTS_SIZE);
		break;
	case TS_READ:
		read_page(ecu, request);
		break;
	case TS_WRITE:
		write_page(ecu, request);
		break;
	case TS_PAGE_CRC:
		page_crc(ecu, request);
		break;
	case TS_BURN:
		burn(ecu, request);
		break;
	case TS_EXECUTE:
		ecu_execute(ecu, request->data, request->data_size);
		break;
	case TS_IO_TEST:
		ecu_io_test(ecu, request->subsystem);
		break;
	case TS_GET_TEXT:
		get_text(ecu);
		break;
	case TS_BOOTLOADER:
		bootloader(ecu);
		break;
	case TS_ERROR_TEXT:
		answer(ecu, TS_ERROR_TEXT, TS_OK, ecu->error, strlen(ecu->error));
		break;
	case TS_SCATTERED_READ:
		scattered(ecu);
		break;
	case TS_SIGNATURE_PLAIN:
	case TS_PROTOCOL:
	case TS_TEST:
		break;
	}
}

/* Logger and performance trace: known, there is nothing to give. True: answered. */
static bool answer_logger(struct ecu *ecu, const uint8_t *payload, size_t size)
{
	uint8_t mode = size > 1 ? payload[1] : 0;

	switch (payload[0]) {
	case 'l': /* 1 and 4 on, 2 and 5 off; 3 and 6 read what was recorded */
		answer(ecu, 'l', mode == 3 || mode == 6 ? TS_OUT_OF_RANGE : TS_OK, NULL, 0);
		return true;
	case '8':
		answer(ecu, '8', TS_OUT_OF_RANGE, NULL, 0);
		return true;
	case '_':
	case 'b':
		answer(ecu, payload[0], TS_OK, NULL, 0);
		return true;
	default:
		return false;
	}
}

/* What is behind the arguments of these is not looked at: the newer form comes to an older ECU as other numbers. */
static size_t looked_at(const struct ecu *ecu, const uint8_t *payload, size_t size)
{
	size_t arguments = ecu->firmware.paged ? 6 : 4;

	if ((payload[0] == TS_READ || payload[0] == TS_PAGE_CRC) && size > 1 + arguments)
		return 1 + arguments;
	if (payload[0] == TS_BURN && size > (ecu->firmware.paged ? 3u : 1u))
		return ecu->firmware.paged ? 3 : 1;
	return size;
}

static void request(struct ts_server *server, const uint8_t *payload, size_t size)
{
	struct ecu *ecu = server->owner;
	struct ts_request asked;
	char text[128];

	ecu->commands++;
	if (ts_request_read(payload, looked_at(ecu, payload, size), ecu->firmware.paged, &asked) <
		0) {
		ecu_tell(ecu, PROGRAM_FACT_COMMAND, size + TS_FRAME_OVERHEAD, "%c, %zu bytes",
			payload[0], size);
		if (!answer_logger(ecu, payload, size))
			answer(ecu, payload[0], TS_OUT_OF_RANGE, NULL, 0);
		return;
	}
	ecu_tell(ecu, PROGRAM_FACT_COMMAND, size + TS_FRAME_OVERHEAD, "%s",
		ts_request_text(&asked, text, sizeof(text)));
	carry_out(ecu, &asked);
}

/* 'W' is not among them, although rusEFI has a name for it. */
static bool is_known(const struct ts_server *server, uint8_t command)
{
	(void)server;
	return command && strchr("SORACBk9EGVZLel8_b", command);
}

static void error(struct ts_server *server, enum ts_code code)
{
	struct ecu *ecu = server->owner;

	ecu_tell(ecu, PROGRAM_FACT_COMMAND, 0, "not understood");
	ecu_reply(ecu, "", code, NULL, 0);
}

static void dropped(struct ts_server *server, size_t size, const char *reason)
{
	ecu_tell(server->owner, PROGRAM_FACT_NOTE, size, "%zu bytes dropped, out of sync: %s", size,
		reason);
}

const struct ts_server_ops ecu_ts_ops = {
	.is_plain = is_plain,
	.plain = plain,
	.is_known = is_known,
	.request = request,
	.error = error,
	.dropped = dropped,
};
