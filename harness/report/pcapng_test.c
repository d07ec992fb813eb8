/* SPDX-License-Identifier: MIT */
#include "harness/report/pcapng.h"

#include "harness/base/file.h"
#include "harness/report/format.h"
#include "harness/report/report_fixture_test.h"
#include "harness/report/usbmon_capture.h"
#include "harness/testing/run.h"

#include "harness/dfu/dfu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

Test(format, numbers_are_grouped_by_thousands)
{
	char out[FORMAT_U64_SIZE];

	cr_assert_str_eq(format_u64(0, out), "0");
	cr_assert_str_eq(format_u64(999, out), "999");
	cr_assert_str_eq(format_u64(1000, out), "1,000");
	cr_assert_str_eq(format_u64(UINT64_MAX, out), "18,446,744,073,709,551,615");
}

/* Compares in hex, so that a difference can be read. */
static void expect_bytes(const void *data, size_t size, const char *expected_hex)
{
	char *hex = calloc(size * 2 + 1, 1);

	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", ((const uint8_t *)data)[i]);
	cr_expect_str_eq(hex, expected_hex, "got %s", hex);
	free(hex);
}

static struct buf read_file(const char *path)
{
	struct buf buf;

	buf_init(&buf, 16 << 20);
	cr_assert_eq(file_read(path, &buf, NULL), 0);
	return buf;
}

/* The section header as the draft has it, 4.1: type, length, magic, 1.0, length unknown, shb_userappl, end, length. */
#define SECTION                                                                                    \
	"0a0d0d0a"                                                                                 \
	"2c000000"                                                                                 \
	"4d3c2b1a"                                                                                 \
	"01000000"                                                                                 \
	"ffffffffffffffff"                                                                         \
	"04000600"                                                                                 \
	"6466757269670000"                                                                         \
	"00000000"                                                                                 \
	"2c000000"

Test(pcapng, blocks_are_as_the_draft_says)
{
	struct pcapng *pcapng;
	struct fixture fixture;
	struct buf buf;

	fixture_init(&fixture);
	cr_assert_eq(pcapng_create(fixture.path, &pcapng, NULL), 0);
	cr_assert_eq(pcapng_add_interface(pcapng, 220, "board"), 0);
	pcapng_add_packet(pcapng, &(struct pcapng_packet){.interface = 0,
					  .time_us = 0x0102030405060708,
					  .header = "\x01\x02",
					  .header_size = 2,
					  .data = "\x03\x04\x05",
					  .data_size = 3,
					  .cut = 11});
	cr_assert_eq(pcapng_close(pcapng, NULL), 0);
	buf = read_file(fixture.path);
	expect_bytes(buf.data, buf.size,
		SECTION "01000000"         /* interface description */
			"2c000000"         /* 44 bytes */
			"dc000000"         /* link type, reserved */
			"00000000"         /* no limit */
			"02000500"         /* if_name */
			"626f617264000000" /* "board", padded */
			"09000100"         /* if_tsresol */
			"06000000"
			"00000000" /* end of options */
			"2c000000"
			"06000000" /* enhanced packet */
			"28000000" /* 40 bytes */
			"00000000" /* interface */
			"04030201" /* time, high word first */
			"08070605"
			"05000000" /* captured */
			"10000000" /* on the wire */
			"0102030405000000"
			"28000000");
	buf_done(&buf);
	fixture_done(&fixture);
}

Test(pcapng, a_flushed_file_holds_whole_blocks)
{
	struct pcapng *pcapng;
	struct fixture fixture;
	struct buf buf;

	fixture_init(&fixture);
	cr_assert_eq(pcapng_create(fixture.path, &pcapng, NULL), 0);
	buf = read_file(fixture.path);
	expect_bytes(buf.data, buf.size, SECTION);
	buf_done(&buf);
	pcapng_add_interface(pcapng, 220, "");
	pcapng_flush(pcapng);
	buf = read_file(fixture.path);
	cr_assert_eq(buf.size, 44 + 36);
	buf_done(&buf);
	cr_assert_eq(pcapng_close(pcapng, NULL), 0);
	fixture_done(&fixture);
}

Test(pcapng, a_full_disk_is_told_at_the_start)
{
	struct pcapng *pcapng = NULL;
	struct why why = {0};

	cr_assert_eq(pcapng_create("/dev/full", &pcapng, &why), -ENOSPC);
	cr_assert_str_eq(why_text(&why), "/dev/full: No space left on device");
	cr_assert_null(pcapng);
}

Test(pcapng, a_path_that_cannot_be_created_is_named)
{
	struct pcapng *pcapng;
	struct why why = {0};

	cr_assert_eq(pcapng_create("/nowhere/x", &pcapng, &why), -ENOENT);
	cr_assert_str_eq(why_text(&why), "/nowhere/x: No such file or directory");
}

/* --- usbmon --- */

static void start(struct fixture *fixture, struct usbmon_capture **capture)
{
	fixture_init(fixture);
	cr_assert_eq(
		usbmon_capture_start(fixture->bus, fixture->path, FIXTURE_WALL_US, capture, NULL),
		0);
}

/* One packet of the capture, as libpcap gives it. */
struct packet {
	struct pcap_pkthdr head;
	uint8_t bytes[4096];
};

/* Reads all packets back through libpcap (at most room). Returns their number. */
static size_t read_packets(const char *path, struct packet *packets, size_t room)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const uint8_t *bytes;
	size_t count = 0;
	int r;

	cr_assert_not_null(pcap, "%s", error);
	cr_assert_eq(pcap_datalink(pcap), DLT_USB_LINUX_MMAPPED);
	while ((r = pcap_next_ex(pcap, &head, &bytes)) == 1) {
		cr_assert_lt(count, room);
		cr_assert_leq(head->caplen, sizeof(packets->bytes));
		packets[count].head = *head;
		memcpy(packets[count].bytes, bytes, head->caplen);
		count++;
	}
	cr_assert_eq(r, PCAP_ERROR_BREAK, "%s", pcap_geterr(pcap));
	pcap_close(pcap);
	return count;
}

/* id, type, transfer, endpoint, device, bus, flags, seconds, microseconds, status, length, captured, setup,
 * interval, start frame, flags, descriptors; then data. The wall clock is 0x6955b900 s = FIXTURE_WALL_US, the
 * transfer comes 125 us later. */
Test(usbmon_capture, a_download_has_its_data_on_the_submission)
{
	static struct packet packets[4];
	struct usbmon_capture *capture;
	struct fixture fixture;

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	fixture_dfu(&fixture, DFU_DNLOAD, 2, "\xaa\xbb\xcc", 3);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	cr_assert_eq(read_packets(fixture.path, packets, 4), 2);
	expect_bytes(packets[0].bytes, packets[0].head.caplen,
		"0100000000000000"
		"53020002010000"
		"00"
		"00b9556900000000"
		"7d000000"
		"8dffffff"
		"03000000"
		"03000000"
		"2101020000000300"
		"00000000000000000000000000000000"
		"aabbcc");
	expect_bytes(packets[1].bytes, packets[1].head.caplen,
		"0100000000000000"
		"430200020100"
		"2d3e"
		"00b9556900000000"
		"7d000000"
		"00000000"
		"03000000"
		"00000000"
		"0000000000000000"
		"00000000000000000000000000000000");
	cr_assert_eq(packets[1].head.ts.tv_sec, FIXTURE_WALL_US / 1000000);
	cr_assert_eq(packets[1].head.ts.tv_usec, 125);
	fixture_done(&fixture);
}

Test(usbmon_capture, an_upload_has_its_data_on_the_completion)
{
	static struct packet packets[4];
	struct usbmon_capture *capture;
	struct fixture fixture;
	uint8_t data[2];

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	fixture_dfu(&fixture, DFU_UPLOAD, 2, data, sizeof(data));
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	cr_assert_eq(read_packets(fixture.path, packets, 4), 2);
	expect_bytes(packets[0].bytes, packets[0].head.caplen,
		"0100000000000000"
		"530280020100003c"
		"00b9556900000000"
		"7d000000"
		"8dffffff"
		"0200000000000000"
		"a102020000000200"
		"0000000000000000"
		"0002000000000000");
	expect_bytes(packets[1].bytes, packets[1].head.caplen,
		"0100000000000000"
		"4302800201002d00"
		"00b9556900000000"
		"7d000000"
		"00000000"
		"0200000002000000"
		"0000000000000000"
		"0000000000000000"
		"0002000000000000"
		"5a5a");
	fixture_done(&fixture);
}

struct status_case {
	const char *name;
	enum vusb_result next;
	int32_t status;
};

Test(usbmon_capture, a_completion_has_the_status_that_linux_gives)
{
	static const struct status_case cases[] = {
		{"good", VUSB_ACK, 0},
		{"stalled", VUSB_STALL, -32},
		{"cancelled", VUSB_NAK, -2},
		{"babble", VUSB_BABBLE, -75},
		{"bus error", VUSB_ERROR, -71},
		{"gone", VUSB_GONE, -108},
	};
	static struct packet packets[2 * ARRAY_SIZE(cases)];
	struct usbmon_capture *capture;
	struct fixture fixture;

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fixture.next = cases[i].next;
		fixture_dfu(&fixture, DFU_ABORT, 0, NULL, 0);
	}
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	cr_assert_eq(read_packets(fixture.path, packets, ARRAY_SIZE(packets)), ARRAY_SIZE(packets));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int32_t status;

		memcpy(&status, packets[2 * i + 1].bytes + 28, sizeof(status));
		cr_expect_eq(status, cases[i].status, "%s: %d", cases[i].name, status);
		memcpy(&status, packets[2 * i].bytes + 28, sizeof(status));
		cr_expect_eq(status, -115, "%s", cases[i].name);
	}
	fixture_done(&fixture);
}

static void on_complete(struct vusb_transfer *transfer UNUSED)
{
}

Test(usbmon_capture, a_transfer_that_an_unplug_ends_keeps_its_device)
{
	static struct packet packets[4];
	struct usbmon_capture *capture;
	struct fixture fixture;
	char name[] = "board";
	struct vusb_transfer transfer = {
		.type = VUSB_CONTROL,
		.setup = {.bmRequestType = 0x21, .bRequest = DFU_ABORT},
		.complete = on_complete,
	};

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, name);
	transfer.port = fixture.port;
	fixture.next = VUSB_NAK;
	vusb_bus_submit(&transfer);
	vusb_port_unplug(fixture.port);
	memset(name, 'x', sizeof(name) - 1); /* the name was ours only while plugged in */
	vusb_bus_submit(&transfer);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	cr_assert_eq(read_packets(fixture.path, packets, 4), 4);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(packets[i].bytes[11], 2, "packet %zu", i);
	cr_expect_eq(packets[1].bytes[28], 0x94, "-108");
	fixture_done(&fixture);
}

Test(usbmon_capture, a_board_that_was_plugged_in_before_is_captured_too)
{
	static struct packet packets[4];
	struct usbmon_capture *capture;
	struct fixture fixture;

	fixture_init(&fixture);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	cr_assert_eq(usbmon_capture_start(fixture.bus, fixture.path, 0, &capture, NULL), 0);
	fixture_dfu(&fixture, DFU_ABORT, 0, NULL, 0);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	cr_assert_eq(read_packets(fixture.path, packets, 4), 2);
	cr_assert_eq(packets[0].bytes[11], 2);
	fixture_done(&fixture);
}

Test(usbmon_capture, what_came_a_while_ago_is_on_the_disk)
{
	static struct packet packets[4];
	struct usbmon_capture *capture;
	struct fixture fixture;

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	fixture_dfu(&fixture, DFU_ABORT, 0, NULL, 0);
	fixture.clock.time_us += 100000;
	fixture_dfu(&fixture, DFU_ABORT, 0, NULL, 0);
	cr_assert_eq(read_packets(fixture.path, packets, 4), 3);
	usbmon_capture_flush(capture);
	cr_assert_eq(read_packets(fixture.path, packets, 4), 4);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	fixture_done(&fixture);
}

Test(usbmon_capture, a_huge_transfer_is_cut_and_says_so)
{
	struct usbmon_capture *capture;
	struct fixture fixture;
	size_t size = 1 << 20;
	uint8_t *data = calloc(1, size);
	struct vusb_transfer transfer = {.type = VUSB_BULK,
		.endpoint = 1,
		.data = data,
		.size = size,
		.complete = on_complete};
	struct buf buf;

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "board");
	transfer.port = fixture.port;
	vusb_bus_submit(&transfer);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	buf = read_file(fixture.path);
	/* section, interface, and the packet's head: captured, then length */
	expect_bytes(buf.data + 44 + 44 + 20, 8,
		"40000400"
		"40001000");
	buf_done(&buf);
	free(data);
	fixture_done(&fixture);
}

/* --- Wireshark's dissectors --- */

/* A small update: erase, one block, read back, leave. */
static void session(struct fixture *fixture)
{
	uint8_t data[2048] = {0};

	fixture_enumerate(fixture);
	fixture_dfu(fixture, DFU_GETSTATUS, 0, data, 6);
	fixture_dfu(fixture, DFU_CLRSTATUS, 0, NULL, 0);
	fixture_dfu(fixture, DFU_DNLOAD, 0, "\x41\x00\x00\x00\x08", 5);
	fixture_dfu(fixture, DFU_GETSTATUS, 0, data, 6);
	fixture_dfu(fixture, DFU_GETSTATUS, 0, data, 6);
	fixture_dfu(fixture, DFU_DNLOAD, 2, data, sizeof(data));
	fixture_dfu(fixture, DFU_GETSTATUS, 0, data, 6);
	fixture_dfu(fixture, DFU_ABORT, 0, NULL, 0);
	fixture_dfu(fixture, DFU_GETSTATE, 0, data, 1);
	fixture_dfu(fixture, DFU_UPLOAD, 2, data, sizeof(data));
	fixture_dfu(fixture, DFU_DETACH, 1000, NULL, 0);
	fixture->next = VUSB_STALL;
	fixture_dfu(fixture, DFU_DNLOAD, 1, data, sizeof(data));
	fixture->next = VUSB_ERROR;
	fixture_dfu(fixture, DFU_GETSTATUS, 0, data, 6);
	fixture_dfu(fixture, DFU_DNLOAD, 0, NULL, 0); /* leave */
	fixture_dfu(fixture, DFU_GETSTATUS, 0, data, 6);
}

/* fixtures/captures/dfu-session.pcapng is what this writer makes of session(), for people and for other readers. */
Test(usbmon_capture, the_capture_of_a_session_is_the_golden_one)
{
	static const char golden[] = DFURIG_FIXTURES "/captures/dfu-session.pcapng";
	struct usbmon_capture *capture;
	struct buf now, expected;
	struct fixture fixture;

	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "f407-discovery");
	session(&fixture);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	now = read_file(fixture.path);
	if (getenv("DFURIG_UPDATE_GOLDEN"))
		cr_assert_eq(file_write(golden, now.data, now.size, NULL), 0);
	expected = read_file(golden);
	cr_expect(now.size == expected.size && memcmp(now.data, expected.data, now.size) == 0,
		"dfu-session.pcapng differs; is that meant? DFURIG_UPDATE_GOLDEN=1 writes it anew");
	buf_done(&now);
	buf_done(&expected);
	fixture_done(&fixture);
}

/* What tshark says of the capture with these arguments. */
static struct run tshark(const char *path, const char *const extra[])
{
	const char *argv[32] = {"tshark", "-n", "-r", path, "-d", USBMON_CAPTURE_DECODE_AS};
	size_t argc = 6;
	struct run run;

	while (*extra)
		argv[argc++] = *extra++;
	run = run_or_fail(argv);
	cr_assert_eq(run.code, 0, "%s", run.err);
	return run;
}

static void expect_tshark(const char *path, const char *const extra[], const char *expected)
{
	CLEANUP(run_done) struct run run = tshark(path, extra);

	cr_expect_str_eq(run.out, expected, "got:\n%s", run.out);
}

Test(usbmon_capture, tshark_decodes_every_dfu_request, .timeout = 60)
{
	static const char *const requests[] = {"-Y", "usb.bmRequestType.type == 1", "-T", "fields",
		"-e", "frame.interface_name", "-e", "_ws.col.Info", NULL};
	static const char *const answers[] = {"-Y", "usbdfu && usb.urb_type == 'C'", "-T", "fields",
		"-e", "usb.urb_status", "-e", "_ws.col.Info", NULL};
	static const char *const complaints[] = {"-Y",
		"(_ws.malformed && !(" USBMON_CAPTURE_FALSE_ALARM
		")) || (_ws.expert && !_ws.malformed && !usb_dfu.unexpected_response)",
		NULL};
	struct usbmon_capture *capture;
	struct fixture fixture;

	need_tool("tshark");
	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "f407-discovery");
	session(&fixture);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	expect_tshark(fixture.path, requests,
		"f407-discovery\tSent Command: Get Status\n"
		"f407-discovery\tSent Command: Clear Status\n"
		"f407-discovery\tSent Command: Download Block Number=0\n"
		"f407-discovery\tSent Command: Get Status\n"
		"f407-discovery\tSent Command: Get Status\n"
		"f407-discovery\tSent Command: Download Block Number=2\n"
		"f407-discovery\tSent Command: Get Status\n"
		"f407-discovery\tSent Command: Abort\n"
		"f407-discovery\tSent Command: Get State\n"
		"f407-discovery\tSent Command: Upload Block Number=2\n"
		"f407-discovery\tSent Command: Detach Timeout=1000\n"
		"f407-discovery\tSent Command: Download Block Number=1\n"
		"f407-discovery\tSent Command: Get Status\n"
		/* the dissector's mistake, see USBMON_CAPTURE_FALSE_ALARM */
		"f407-discovery\tSent Command: Download Block Number=0[Malformed Packet]\n"
		"f407-discovery\tSent Command: Get Status\n");
	expect_tshark(fixture.path, answers,
		"0\tRcvd Response: Get Status = Status: OK, PollTimeout: 0 ms, State: dfuIdle\n"
		"0\tRcvd Response: Clear Status\n"
		"0\tRcvd Response: Download\n"
		"0\tRcvd Response: Get Status = Status: OK, PollTimeout: 104 ms, State: "
		"dfuDownloadBusy\n"
		"0\tRcvd Response: Get Status = Status: OK, PollTimeout: 0 ms, State: "
		"dfuDownloadIdle\n"
		"0\tRcvd Response: Download\n"
		"0\tRcvd Response: Get Status = Status: OK, PollTimeout: 104 ms, State: "
		"dfuDownloadBusy\n"
		"0\tRcvd Response: Abort\n"
		"0\tRcvd Response: Get State = dfuIdle\n"
		"0\tRcvd Response: Upload Block Number=2\n"
		"0\tRcvd Response: Detach\n"
		"-32\tRcvd Response: Download\n"
		"-71\tRcvd Response: Get Status[Malformed Packet]\n"
		"0\tRcvd Response: Get Status[Malformed Packet]\n"
		"0\tRcvd Response: Get Status = Status: OK, PollTimeout: 104 ms, State: "
		"dfuDownloadBusy\n");
	expect_tshark(fixture.path, complaints, "");
	fixture_done(&fixture);
}

Test(usbmon_capture, tshark_sees_the_descriptors, .timeout = 60)
{
	static const char *const descriptors[] = {"-Y", "usb.idProduct || usbdfu.descriptor", "-T",
		"fields", "-e", "usb.idVendor", "-e", "usb.idProduct", "-e",
		"usbdfu.descriptor.wTransferSize", "-e", "frame.time_epoch", NULL};
	static const char *const interfaces_seen[] = {
		"-T", "fields", "-e", "frame.interface_name", "-c", "60", NULL};
	struct usbmon_capture *capture;
	struct fixture fixture;
	struct run run;

	need_tool("tshark");
	start(&fixture, &capture);
	vusb_port_plug(fixture.port, &fixture.device, "first");
	fixture_enumerate(&fixture);
	vusb_port_unplug(fixture.port);
	fixture.port = vusb_bus_port(fixture.bus, 2);
	vusb_port_plug(fixture.port, &fixture.device, "second");
	fixture_dfu(&fixture, DFU_ABORT, 0, NULL, 0);
	cr_assert_eq(usbmon_capture_stop(capture, NULL), 0);
	expect_tshark(fixture.path, descriptors,
		"0x0483\t0xdf11\t\t1767225600.000125000\n"
		"\t\t2048\t1767225600.000375000\n");
	run = tshark(fixture.path, interfaces_seen);
	cr_expect_not_null(strstr(run.out, "first\nsecond\nsecond\n"));
	run_done(&run);
	fixture_done(&fixture);
}
