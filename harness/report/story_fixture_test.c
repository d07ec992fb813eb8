/* SPDX-License-Identifier: MIT */
#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

void teller_init(struct teller *teller)
{
	virtual_clock_init(&teller->clock);
	event_stream_init(&teller->stream, &teller->clock.clock);
	story_init(&teller->story);
	event_stream_add(&teller->stream, &teller->story.sink);
}

void teller_done(struct teller *teller)
{
	event_stream_remove(&teller->story.sink);
	story_done(&teller->story);
}

void teller_wait(struct teller *teller, uint64_t us)
{
	teller->clock.time_us += us;
}

static void state(struct teller *teller, const char *name)
{
	TELL(teller, .kind = EVENT_DFU_STATE, .name = name, .text = "OK");
}

static void erase(struct teller *teller, uint32_t size)
{
	static const uint32_t sizes[] = {16, 16, 16, 16, 64, 128, 128, 128};
	uint32_t addr = 0x08000000;

	for (uint32_t i = 0; i < ARRAY_SIZE(sizes) && addr < 0x08000000 + size; i++) {
		state(teller, "dfuDNLOAD-SYNC");
		TELL(teller, .kind = EVENT_ERASE, .addr = addr, .size = sizes[i] << 10,
			.sector = i);
		state(teller, "dfuDNBUSY");
		teller_wait(teller, 500000);
		state(teller, "dfuDNLOAD-IDLE");
		addr += sizes[i] << 10;
	}
}

void teller_flash(struct teller *teller, uint32_t size)
{
	erase(teller, size);
	for (uint32_t offset = 0; offset < size; offset += 2048) {
		TELL(teller, .kind = EVENT_REQUEST, .text = "DFU_DNLOAD block 2, 2048 bytes");
		state(teller, "dfuDNLOAD-SYNC");
		TELL(teller, .kind = EVENT_PROGRAM, .addr = 0x08000000 + offset, .size = 2048);
		state(teller, "dfuDNBUSY");
		teller_wait(teller, 8000);
		state(teller, "dfuDNLOAD-IDLE");
	}
}

static void ecu_starts(struct teller *teller, const char *signature)
{
	TELL(teller, .kind = EVENT_MODE, .name = "ecu");
	TELL(teller, .kind = EVENT_FIRMWARE, .text = signature);
	teller_wait(teller, 300000);
	TELL(teller, .kind = EVENT_PLUGGED, .vid = 0x0483, .pid = 0x5740, .port = 1,
		.text = "rusEFI Engine Management ECU", .serial = "0123456789ABCDEF01234567");
}

static void ecu_leaves(struct teller *teller)
{
	TELL(teller, .kind = EVENT_ECU_COMMAND, .text = "S", .size = 7);
	TELL(teller, .kind = EVENT_ECU_REPLY, .text = "OK, 52 bytes", .size = 59);
	TELL(teller, .kind = EVENT_ECU_COMMAND, .text = "E reboot_dfu", .size = 17);
	TELL(teller, .kind = EVENT_RESET, .text = "the firmware resets itself");
	TELL(teller, .kind = EVENT_MODE, .name = "reset");
	TELL(teller, .kind = EVENT_UNPLUGGED, .vid = 0x0483, .pid = 0x5740);
}

static void sectors(struct teller *teller, const char *fate)
{
	for (uint32_t i = 0; i < 12; i++)
		TELL(teller, .kind = EVENT_SECTOR, .sector = i, .addr = 0x08000000 + i * 0x10000,
			.size = 0x10000,
			.name = i >= 10  ? "settings"
				: i == 0 ? "image"
					 : "other",
			.text = i == 0 ? fate : "untouched");
}

static void begin(struct teller *teller)
{
	EVENT_EMIT(&teller->stream, .kind = EVENT_SCENARIO, .name = "auto-dfu");
	TELL(teller, .kind = EVENT_PIN, .name = "boot0", .level = false);
	TELL(teller, .kind = EVENT_PIN, .name = "power", .level = true);
	ecu_starts(teller, "rusEFI old");
	TELL(teller, .kind = EVENT_STEP, .name = "update", .text = "the tool runs");
	EVENT_EMIT(&teller->stream, .kind = EVENT_COMMAND_START, .text = "/usr/bin/tool --auto");
	ecu_leaves(teller);
}

void teller_good_run(struct teller *teller)
{
	begin(teller);
	TELL(teller, .kind = EVENT_MODE, .name = "dfu");
	TELL(teller, .kind = EVENT_PLUGGED, .vid = 0x0483, .pid = 0xdf11, .port = 1,
		.text = "STM32  BOOTLOADER", .serial = "315A28A0B956");
	teller_wait(teller, 3000000);
	teller_flash(teller, 0x10000);
	TELL(teller, .kind = EVENT_LEAVE, .addr = 0x08000000);
	TELL(teller, .kind = EVENT_UNPLUGGED, .vid = 0x0483, .pid = 0xdf11);
	EVENT_EMIT(
		&teller->stream, .kind = EVENT_OUTPUT, .name = "tool", .text = "File downloaded");
	EVENT_EMIT(&teller->stream, .kind = EVENT_COMMAND_END, .status = 0, .text = "tool");
	ecu_starts(teller, "rusEFI new");
	sectors(teller, "written");
	TELL(teller, .kind = EVENT_EXPECTATION, .name = "outcome", .expected = "updated",
		.text = "updated", .level = true);
	EVENT_EMIT(&teller->stream, .kind = EVENT_VERDICT, .name = "PASS", .text = "updated");
}

void teller_bad_run(struct teller *teller)
{
	begin(teller);
	TELL(teller, .kind = EVENT_FAULT, .text = "board-reset software: lose-ram");
	ecu_starts(teller, "rusEFI old");
	EVENT_EMIT(&teller->stream, .kind = EVENT_COMMAND_END, .status = 0, .text = "tool");
	sectors(teller, "untouched");
	TELL(teller, .kind = EVENT_EXPECTATION, .name = "tool", .expected = "failure",
		.text = "success", .level = false);
	EVENT_EMIT(&teller->stream, .kind = EVENT_VERDICT, .name = "FAIL", .text = "it lied");
}

struct run_summary summary_of(const char *scenario, enum verdict verdict, const char *reason)
{
	struct run_summary run = {.verdict = verdict,
		.board = TELLER_BOARD,
		.flasher = "tool",
		.transport = "direct",
		.title = "a title",
		.wall_us = 1500,
		.board_us = 4100000,
		.seed = 7};

	snprintf(run.scenario, sizeof(run.scenario), "%s", scenario);
	snprintf(run.reason, sizeof(run.reason), "%s", reason);
	snprintf(run.again, sizeof(run.again), "dfurig run %.40s", scenario);
	return run;
}

size_t count_text(const struct buf *buf, const char *text)
{
	const uint8_t *at = buf->data, *end = buf->data + buf->size;
	size_t count = 0;

	while (at && (at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
		count++;
		at++;
	}
	return count;
}

/* ---- well-formed ---- */

#define DEPTH_MAX 32

struct checker {
	const char *at, *end;
	char open[DEPTH_MAX][16];
	size_t depth;
};

static void take_entity(struct checker *checker)
{
	const char *semicolon = memchr(checker->at, ';', (size_t)(checker->end - checker->at));

	cr_assert(semicolon && semicolon - checker->at < 8, "a bare &: %.60s", checker->at);
	checker->at = semicolon + 1;
}

static void take_word(struct checker *checker, char *out)
{
	size_t length = 0;

	while (isalnum((unsigned char)*checker->at) || *checker->at == '-') {
		cr_assert_lt(length, 15, "%.60s", checker->at);
		out[length++] = *checker->at++;
	}
	out[length] = '\0';
	cr_assert_gt(length, 0, "a name is missing: %.60s", checker->at);
}

static void take_value(struct checker *checker)
{
	cr_assert_eq(*checker->at, '"', "a value without quotes: %.60s", checker->at);
	checker->at++;
	while (*checker->at != '"') {
		cr_assert_lt(checker->at, checker->end);
		cr_assert_neq(*checker->at, '<', "a bare < in a value: %.60s", checker->at);
		if (*checker->at == '&')
			take_entity(checker);
		else
			checker->at++;
	}
	checker->at++;
}

static void take_end_tag(struct checker *checker)
{
	char name[16];

	checker->at += 2;
	take_word(checker, name);
	cr_assert_gt(checker->depth, 0);
	cr_assert_str_eq(
		name, checker->open[checker->depth - 1], "wrong order at %.60s", checker->at);
	checker->depth--;
	cr_assert_eq(*checker->at++, '>');
}

static void skip_to(struct checker *checker, const char *text)
{
	const char *found =
		memmem(checker->at, (size_t)(checker->end - checker->at), text, strlen(text));

	cr_assert_not_null(found, "no %s", text);
	checker->at = found;
}

static void take_start_tag(struct checker *checker)
{
	char name[16], attribute[16];

	checker->at++;
	take_word(checker, name);
	while (*checker->at == ' ') {
		checker->at++;
		take_word(checker, attribute);
		cr_assert_eq(*checker->at++, '=', "%s in %.60s", attribute, checker->at);
		take_value(checker);
	}
	if (strncmp(checker->at, "/>", 2) == 0) {
		checker->at += 2;
		return;
	}
	cr_assert_eq(*checker->at++, '>', "%.60s", checker->at);
	cr_assert_lt(checker->depth, DEPTH_MAX);
	strncpy(checker->open[checker->depth++], name, 16);
	if (strcmp(name, "style") == 0)
		skip_to(checker, "</style>");
	if (strcmp(name, "script") == 0)
		skip_to(checker, "</script>");
}

void expect_well_formed(const struct buf *buf)
{
	struct checker checker = {
		.at = (const char *)buf->data, .end = (const char *)buf->data + buf->size};

	while (checker.at < checker.end) {
		if (strncmp(checker.at, "<!", 2) == 0 || strncmp(checker.at, "<?", 2) == 0)
			skip_to(&checker, "\n");
		else if (strncmp(checker.at, "</", 2) == 0)
			take_end_tag(&checker);
		else if (*checker.at == '<')
			take_start_tag(&checker);
		else if (*checker.at == '&')
			take_entity(&checker);
		else
			checker.at++;
	}
	cr_assert_eq(checker.depth, 0, "%s is open", checker.open[checker.depth - 1]);
}
