/* SPDX-License-Identifier: MIT */
#include "harness/report/event.h"

#include "harness/report/event_jsonl.h"
#include "harness/report/event_tap.h"
#include "harness/report/event_terminal.h"
#include "harness/report/report_fixture_test.h"

#include "harness/base/file.h"
#include "harness/dfu/dfu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Keeps what it was told. */
struct recorder {
	struct event_sink sink;
	struct event last;
	char text[256];
	unsigned int count;
};

static void recorder_emit(struct event_sink *sink, const struct event *event)
{
	struct recorder *self = CONTAINER_OF(sink, struct recorder, sink);

	self->last = *event;
	snprintf(self->text, sizeof(self->text), "%s", event->text ? event->text : "");
	self->count++;
}

static const struct event_sink_ops recorder_ops = {.name = "recorder", .emit = recorder_emit};

static void stream_init(struct event_stream *stream, struct virtual_clock *clock)
{
	virtual_clock_init(clock);
	event_stream_init(stream, &clock->clock);
}

Test(event, every_sink_gets_the_event_with_time_and_number)
{
	struct recorder first = {.sink.ops = &recorder_ops}, second = {.sink.ops = &recorder_ops};
	struct virtual_clock clock;
	struct event_stream stream;

	stream_init(&stream, &clock);
	cr_assert_not(event_stream_heard(&stream));
	event_stream_add(&stream, &first.sink);
	event_stream_add(&stream, &second.sink);
	cr_assert(event_stream_heard(&stream));
	EVENT_EMIT(&stream, .kind = EVENT_NOTE, .text = "one");
	clock.time_us = 1500;
	EVENT_EMIT(&stream, .kind = EVENT_NOTE, .text = "two", .time_us = 99, .seq = 99);
	cr_assert_eq(first.count, 2);
	cr_assert_eq(second.count, 2);
	cr_assert_eq(second.last.time_us, 1500);
	cr_assert_eq(second.last.seq, 2);
	cr_assert_str_eq(second.text, "two");
}

Test(event, a_removed_sink_hears_nothing_more_and_may_be_removed_twice)
{
	struct recorder recorder = {.sink.ops = &recorder_ops};
	struct virtual_clock clock;
	struct event_stream stream;

	stream_init(&stream, &clock);
	event_stream_remove(&recorder.sink);
	event_stream_add(&stream, &recorder.sink);
	event_stream_remove(&recorder.sink);
	event_stream_remove(&recorder.sink);
	EVENT_EMIT(&stream, .kind = EVENT_NOTE);
	cr_assert_eq(recorder.count, 0);
}

Test(event, no_stream_at_all_is_fine)
{
	EVENT_EMIT(NULL, .kind = EVENT_NOTE);
	event_note(NULL, EVENT_ERROR, NULL, "%d", 1);
	cr_assert_not(event_stream_heard(NULL));
}

Test(event, a_note_is_formatted)
{
	struct recorder recorder = {.sink.ops = &recorder_ops};
	struct virtual_clock clock;
	struct event_stream stream;

	stream_init(&stream, &clock);
	event_stream_add(&stream, &recorder.sink);
	event_note(&stream, EVENT_ERROR, "b", "%d of %d", 1, 2);
	cr_assert_eq(recorder.last.kind, EVENT_ERROR);
	cr_assert_str_eq(recorder.text, "1 of 2");
}

Test(event, kinds_have_distinct_names)
{
	for (int i = 0; i < EVENT_KIND_COUNT; i++)
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(event_kind_text(i), event_kind_text(j));
}

/* --- the bus as events --- */

Test(event_tap, plugging_is_an_event_with_the_usb_identity)
{
	struct recorder recorder = {.sink.ops = &recorder_ops};
	struct event_stream stream;
	struct event_tap tap;
	struct fixture fixture;

	fixture_init(&fixture);
	event_stream_init(&stream, &fixture.clock.clock);
	event_stream_add(&stream, &recorder.sink);
	event_tap_init(&tap, &stream, true);
	vusb_bus_add_tap(fixture.bus, &tap.tap);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	cr_assert_eq(recorder.last.kind, EVENT_PLUGGED);
	cr_assert_str_eq(recorder.last.board, "board");
	cr_assert_str_eq(recorder.text, "STM32  BOOTLOADER");
	cr_assert_str_eq(recorder.last.serial, "315A28A0B956");
	cr_assert_eq(recorder.last.vid, 0x0483);
	cr_assert_eq(recorder.last.pid, 0xdf11);
	cr_assert_eq(recorder.last.port, 1);
	vusb_port_reset(fixture.port);
	cr_assert_eq(recorder.last.kind, EVENT_BUS_RESET);
	vusb_port_unplug(fixture.port);
	cr_assert_eq(recorder.last.kind, EVENT_UNPLUGGED);
	cr_assert_eq(recorder.last.vid, 0x0483);
	fixture_done(&fixture);
}

struct request_case {
	const char *name;
	struct usb_setup setup;
	uint8_t data[8]; /* OUT */
	uint8_t state;   /* of the device before */
	enum vusb_result next;
	const char *text;
	int status;
};

static const struct request_case request_cases[] = {
	{"device descriptor", {0x80, 6, 0x0100, 0, 18}, .text = "GET_DESCRIPTOR device"},
	{"string", {0x80, 6, 0x0302, 0x409, 255}, .text = "GET_DESCRIPTOR string 2"},
	{"qualifier", {0x80, 6, 0x0600, 0, 10}, .text = "GET_DESCRIPTOR qualifier: STALL",
		.status = -EPIPE},
	{"odd descriptor", {0x80, 6, 0x2200, 0, 10}, .text = "GET_DESCRIPTOR ?: STALL",
		.status = -EPIPE},
	{"configuration", {0x00, 9, 1, 0, 0}, .text = "SET_CONFIGURATION 1"},
	{"alternate", {0x01, 11, 0, 0, 0}, .text = "SET_INTERFACE 0, alternate 0"},
	{"set address pointer", {0x21, 1, 0, 0, 5}, {0x21, 0x00, 0x00, 0x02, 0x08},
		.text = "DFU_DNLOAD set address 0x08020000"},
	{"erase", {0x21, 1, 0, 0, 5}, {0x41, 0x00, 0x40, 0x00, 0x08},
		.text = "DFU_DNLOAD erase 0x08004000"},
	{"mass erase", {0x21, 1, 0, 0, 1}, {0x41}, .text = "DFU_DNLOAD mass erase"},
	{"unprotect", {0x21, 1, 0, 0, 1}, {0x92}, .text = "DFU_DNLOAD read unprotect"},
	{"unknown command", {0x21, 1, 0, 0, 1}, {0x77}, .text = "DFU_DNLOAD command 0x77"},
	{"data", {0x21, 1, 2, 0, 8}, .text = "DFU_DNLOAD block 2, 8 bytes"},
	{"leave", {0x21, 1, 0, 0, 0}, .text = "DFU_DNLOAD block 0, 0 bytes"},
	{"upload", {0xa1, 2, 3, 0, 8}, .text = "DFU_UPLOAD block 3, 8 of 8 bytes"},
	{"status", {0xa1, 3, 0, 0, 6}, .state = DFU_DNLOAD_SYNC,
		.text = "DFU_GETSTATUS: dfuDNBUSY, OK, poll 104 ms"},
	{"state", {0xa1, 5, 0, 0, 1}, .state = DFU_IDLE, .text = "DFU_GETSTATE: dfuIDLE"},
	{"clear", {0x21, 4, 0, 0, 0}, .text = "DFU_CLRSTATUS"},
	{"stalled", {0x21, 1, 2, 0, 8}, .next = VUSB_STALL,
		.text = "DFU_DNLOAD block 2, 8 bytes: STALL", .status = -EPIPE},
	{"cancelled", {0xa1, 3, 0, 0, 6}, .next = VUSB_NAK, .text = "DFU_GETSTATUS: cancelled",
		.status = -ENOENT},
	{"vendor", {0xc0, 0xee, 1, 4, 8}, .next = VUSB_STALL,
		.text = "request c0 ee, wValue 0001, wIndex 0004, wLength 8: STALL",
		.status = -EPIPE},
};

Test(event_tap, a_request_is_an_event_in_words)
{
	struct recorder recorder = {.sink.ops = &recorder_ops};
	struct event_stream stream;
	struct event_tap tap;
	struct fixture fixture;

	fixture_init(&fixture);
	event_stream_init(&stream, &fixture.clock.clock);
	event_stream_add(&stream, &recorder.sink);
	event_tap_init(&tap, &stream, true);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	vusb_bus_add_tap(fixture.bus, &tap.tap);
	for (size_t i = 0; i < ARRAY_SIZE(request_cases); i++) {
		const struct request_case *c = &request_cases[i];
		uint8_t data[255];

		memcpy(data, c->data, sizeof(c->data));
		fixture.state = c->state;
		fixture.next = c->next;
		fixture_control(&fixture, c->setup, data);
		fixture.next = VUSB_ACK;
		cr_expect_eq(recorder.last.kind, EVENT_REQUEST, "%s", c->name);
		cr_expect_str_eq(recorder.text, c->text, "%s: %s", c->name, recorder.text);
		cr_expect_eq(recorder.last.status, c->status, "%s", c->name);
	}
	vusb_bus_remove_tap(&tap.tap);
	fixture_done(&fixture);
}

/* --- JSON lines --- */

static struct buf read_file(const char *path)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	cr_assert_eq(file_read(path, &buf, NULL), 0);
	cr_assert_eq(buf_append(&buf, "", 1), 0);
	return buf;
}

Test(event_jsonl, each_event_is_one_json_object_a_line)
{
	struct event_jsonl *jsonl;
	struct event_stream stream;
	struct fixture fixture;
	struct buf buf;

	fixture_init(&fixture);
	event_stream_init(&stream, &fixture.clock.clock);
	cr_assert_eq(event_jsonl_open(fixture.path, &jsonl, NULL), 0);
	event_stream_add(&stream, event_jsonl_sink(jsonl));
	EVENT_EMIT(&stream, .kind = EVENT_RIG_START, .wall_us = FIXTURE_WALL_US);
	fixture.clock.time_us = 2000000;
	EVENT_EMIT(&stream, .kind = EVENT_ERASE, .board = "b", .sector = 3, .addr = 0x0800c000,
		.size = 16384, .status = 7);
	EVENT_EMIT(&stream, .kind = EVENT_PIN, .board = "b", .name = "BOOT0", .level = true);
	EVENT_EMIT(&stream, .kind = EVENT_COMMAND_END, .status = -2, .text = "a\n\"b\"");
	EVENT_EMIT(&stream, .kind = EVENT_PLUGGED, .board = "b", .vid = 0x0483, .port = 1);
	cr_assert_eq(event_jsonl_close(jsonl, NULL), 0);
	buf = read_file(fixture.path);
	cr_assert_str_eq((char *)buf.data,
		"{\"seq\":1,\"time_us\":0,\"kind\":\"rig-start\",\"wall_us\":1767225600000000}\n"
		"{\"seq\":2,\"time_us\":2000000,\"kind\":\"erase\",\"board\":\"b\",\"sector\":3,"
		"\"addr\":134266880,\"size\":16384}\n"
		"{\"seq\":3,\"time_us\":2000000,\"kind\":\"pin\",\"board\":\"b\","
		"\"name\":\"BOOT0\",\"level\":true}\n"
		"{\"seq\":4,\"time_us\":2000000,\"kind\":\"command-end\",\"status\":-2,"
		"\"text\":\"a\\n\\\"b\\\"\"}\n"
		"{\"seq\":5,\"time_us\":2000000,\"kind\":\"plugged\",\"board\":\"b\",\"vid\":1155,"
		"\"pid\":0,\"bcd_device\":0,\"port\":1,\"devnum\":0}\n");
	buf_done(&buf);
	fixture_done(&fixture);
}

Test(event_jsonl, a_line_is_in_the_file_before_the_next_event)
{
	struct event_jsonl *jsonl;
	struct event_stream stream;
	struct fixture fixture;
	struct buf buf;

	fixture_init(&fixture);
	event_stream_init(&stream, &fixture.clock.clock);
	cr_assert_eq(event_jsonl_open(fixture.path, &jsonl, NULL), 0);
	event_stream_add(&stream, event_jsonl_sink(jsonl));
	EVENT_EMIT(&stream, .kind = EVENT_NOTE, .text = "x");
	buf = read_file(fixture.path);
	cr_assert_str_eq(
		(char *)buf.data, "{\"seq\":1,\"time_us\":0,\"kind\":\"note\",\"text\":\"x\"}\n");
	buf_done(&buf);
	cr_assert_eq(event_jsonl_close(jsonl, NULL), 0);
	fixture_done(&fixture);
}

Test(event_jsonl, bytes_that_are_not_utf8_become_replacement_characters)
{
	struct event_jsonl *jsonl;
	struct event_stream stream;
	struct fixture fixture;
	struct buf buf;
	json_t *object;

	fixture_init(&fixture);
	event_stream_init(&stream, &fixture.clock.clock);
	cr_assert_eq(event_jsonl_open(fixture.path, &jsonl, NULL), 0);
	event_stream_add(&stream, event_jsonl_sink(jsonl));
	EVENT_EMIT(&stream, .kind = EVENT_NOTE, .text = "a\xff\xc3\xa4\xed\xa0\x80z");
	cr_assert_eq(event_jsonl_close(jsonl, NULL), 0);
	buf = read_file(fixture.path);
	object = json_loads((char *)buf.data, 0, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(object, "text")),
		"a\uFFFD\u00e4\uFFFD\uFFFD\uFFFDz");
	json_decref(object);
	buf_done(&buf);
	fixture_done(&fixture);
}

Test(event_jsonl, a_full_disk_is_told_at_close)
{
	struct event_jsonl *jsonl;
	struct virtual_clock clock;
	struct event_stream stream;
	struct why why = {0};

	stream_init(&stream, &clock);
	cr_assert_eq(event_jsonl_open("/dev/full", &jsonl, NULL), 0);
	event_stream_add(&stream, event_jsonl_sink(jsonl));
	EVENT_EMIT(&stream, .kind = EVENT_NOTE);
	cr_assert_eq(event_jsonl_close(jsonl, &why), -ENOSPC);
	cr_assert_str_eq(why_text(&why), "/dev/full: No space left on device");
	EVENT_EMIT(&stream, .kind = EVENT_NOTE); /* the sink is gone */
}

Test(event_jsonl, a_path_that_cannot_be_created_is_named)
{
	struct event_jsonl *jsonl;
	struct why why = {0};

	cr_assert_eq(event_jsonl_open("/nowhere/x", &jsonl, &why), -ENOENT);
	cr_assert_str_eq(why_text(&why), "/nowhere/x: No such file or directory");
}

/* --- terminal --- */

struct screen {
	char *text;
	size_t size;
	FILE *file;
	struct virtual_clock clock;
	struct event_stream stream;
	struct event_terminal terminal;
};

static void screen_init(struct screen *screen, bool requests)
{
	screen->text = NULL;
	screen->file = open_memstream(&screen->text, &screen->size);
	stream_init(&screen->stream, &screen->clock);
	event_terminal_init(&screen->terminal, screen->file, requests);
	event_stream_add(&screen->stream, &screen->terminal.sink);
}

static void screen_expect(struct screen *screen, const char *expected)
{
	event_terminal_finish(&screen->terminal);
	fclose(screen->file);
	cr_expect_str_eq(screen->text, expected, "got:\n%s", screen->text);
	free(screen->text);
}

Test(event_terminal, each_kind_has_its_line)
{
	struct screen screen;
	struct event_stream *stream = &screen.stream;

	screen_init(&screen, false);
	EVENT_EMIT(stream, .kind = EVENT_RIG_START);
	EVENT_EMIT(stream, .kind = EVENT_PIN, .board = "f407-discovery", .name = "BOOT0",
		.level = true);
	EVENT_EMIT(stream, .kind = EVENT_MODE, .board = "f407-discovery", .name = "dfu");
	screen.clock.time_us = 790400;
	EVENT_EMIT(stream, .kind = EVENT_PLUGGED, .board = "f407-discovery", .vid = 0x0483,
		.pid = 0xdf11, .text = "STM32  BOOTLOADER", .serial = "315A28A0B956", .port = 1);
	EVENT_EMIT(stream, .kind = EVENT_COMMAND_START, .text = "dfu-util -l");
	EVENT_EMIT(stream, .kind = EVENT_MASS_ERASE, .board = "f407-discovery", .addr = 0x08000000,
		.size = 1048576);
	screen.clock.time_us = 12345678;
	EVENT_EMIT(stream, .kind = EVENT_LEAVE, .board = "f407-discovery", .addr = 0x08000000);
	EVENT_EMIT(stream, .kind = EVENT_BUS_RESET, .board = "f407-discovery");
	EVENT_EMIT(stream, .kind = EVENT_UNPLUGGED, .board = "f407-discovery", .vid = 0x0483,
		.pid = 0xdf11);
	EVENT_EMIT(stream, .kind = EVENT_COMMAND_END, .status = 74);
	EVENT_EMIT(stream, .kind = EVENT_REQUEST, .text = "not shown");
	EVENT_EMIT(stream, .kind = EVENT_DFU_STATE, .text = "not shown");
	EVENT_EMIT(stream, .kind = EVENT_OPTIONS, .board = "b", .addr = 0x1fffc000, .size = 16);
	EVENT_EMIT(stream, .kind = EVENT_UNPROTECT, .board = "b");
	EVENT_EMIT(stream, .kind = EVENT_DETACH, .board = "b");
	EVENT_EMIT(stream, .kind = EVENT_RESET, .board = "b", .text = "for a reason");
	EVENT_EMIT(stream, .kind = EVENT_NOTE, .text = "a note");
	EVENT_EMIT(stream, .kind = EVENT_ERROR, .text = "no such thing");
	EVENT_EMIT(stream, .kind = EVENT_RIG_END, .status = 74);
	screen_expect(&screen,
		"    0.000  rig               start\n"
		"    0.000  f407-discovery    BOOT0 high\n"
		"    0.000  f407-discovery    now dfu\n"
		"    0.790  f407-discovery    USB 0483:df11 \"STM32  BOOTLOADER\" serial "
		"315A28A0B956, port 1\n"
		"    0.790  command           $ dfu-util -l\n"
		"    0.790  f407-discovery    mass erase, 1,048,576 bytes at 0x08000000\n"
		"   12.345  f407-discovery    leaves DFU, jumps to 0x08000000\n"
		"   12.345  f407-discovery    USB bus reset\n"
		"   12.345  f407-discovery    USB 0483:df11 gone\n"
		"   12.345  command           exit status 74\n"
		"   12.345  b                 write option bytes, 16 bytes at 0x1fffc000\n"
		"   12.345  b                 read protection off, flash erased\n"
		"   12.345  b                 detaches\n"
		"   12.345  b                 resets, for a reason\n"
		"   12.345  rig               a note\n"
		"   12.345  rig               error: no such thing\n"
		"   12.345  rig               end, exit status 74\n");
}

static void emit_flash(struct screen *screen, enum event_kind kind, const char *board,
	uint32_t addr, uint32_t size)
{
	EVENT_EMIT(&screen->stream, .kind = kind, .board = board, .addr = addr, .size = size,
		.sector = (addr - 0x08000000) / 0x4000);
	screen->clock.time_us += 1000000;
}

Test(event_terminal, what_goes_on_is_one_line)
{
	struct screen screen;

	screen_init(&screen, false);
	emit_flash(&screen, EVENT_ERASE, "a", 0x08000000, 0x4000);
	emit_flash(&screen, EVENT_ERASE, "a", 0x08004000, 0x4000);
	emit_flash(&screen, EVENT_PROGRAM, "a", 0x08000000, 2048);
	EVENT_EMIT(&screen.stream, .kind = EVENT_REQUEST, .text = "in between");
	emit_flash(&screen, EVENT_PROGRAM, "a", 0x08000800, 904);
	emit_flash(&screen, EVENT_PROGRAM, "a", 0x08001000, 1);
	emit_flash(&screen, EVENT_PROGRAM, "b", 0x08001001, 1);
	emit_flash(&screen, EVENT_UPLOAD, "b", 0x08001002, 1);
	emit_flash(&screen, EVENT_ERASE, "b", 0x08004000, 0x4000);
	screen_expect(&screen,
		"    0.000  a                 erase 2 sectors (0x08000000, 32,768 bytes)\n"
		"    2.000  a                 write 2,952 bytes at 0x08000000\n"
		"    4.000  a                 write 1 byte at 0x08001000\n"
		"    5.000  b                 write 1 byte at 0x08001001\n"
		"    6.000  b                 read 1 byte at 0x08001002\n"
		"    7.000  b                 erase sector 1 (0x08004000, 16,384 bytes)\n");
}

Test(event_terminal, requests_are_shown_when_asked_for_and_nothing_is_gathered)
{
	struct screen screen;

	screen_init(&screen, true);
	emit_flash(&screen, EVENT_PROGRAM, "a", 0x08000000, 2048);
	EVENT_EMIT(&screen.stream, .kind = EVENT_REQUEST, .board = "a", .text = "DFU_GETSTATUS");
	emit_flash(&screen, EVENT_PROGRAM, "a", 0x08000800, 2048);
	screen_expect(&screen, "    0.000  a                 write 2,048 bytes at 0x08000000\n"
			       "    1.000  a                 DFU_GETSTATUS\n"
			       "    1.000  a                 write 2,048 bytes at 0x08000800\n");
}

Test(event_terminal, control_characters_do_not_reach_the_terminal)
{
	struct screen screen;

	screen_init(&screen, false);
	EVENT_EMIT(&screen.stream, .kind = EVENT_NOTE, .text = "a\x1b[2J\n\xc2\x9b\xff");
	screen_expect(&screen, "    0.000  rig               a\uFFFD[2J\uFFFD\uFFFD\uFFFD\n");
}
