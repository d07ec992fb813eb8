/* SPDX-License-Identifier: MIT */
/* The port as a host sees it: descriptors, requests of the class, packets. */
#include "simulators/ecu/cdc_acm.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/vusb/bus.h"
#include "harness/vusb/wait.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_OUT (USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE)
#define CLASS_IN  (USB_DIR_IN | CLASS_OUT)

#define GET_MAX_LUN 0xfe /* of mass storage */

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct cdc_acm cdc;
	uint8_t got[300]; /* by the owner */
	size_t got_size;
	unsigned int resets, states, msc;
	bool dtr, rts;
	uint8_t in[16384]; /* by the host */
};

static void received(struct cdc_acm *cdc, const uint8_t *data, size_t size)
{
	struct rig *rig = cdc->owner;

	cr_assert_leq(size, sizeof(rig->got));
	memcpy(rig->got, data, size);
	rig->got_size = size;
}

static void line_state(struct cdc_acm *cdc, bool dtr, bool rts)
{
	struct rig *rig = cdc->owner;

	rig->states++;
	rig->dtr = dtr;
	rig->rts = rts;
}

static void bus_reset(struct cdc_acm *cdc)
{
	((struct rig *)cdc->owner)->resets++;
}

static enum vusb_result msc_control(
	struct cdc_acm *cdc, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	(void)setup;
	((struct rig *)cdc->owner)->msc++;
	data[0] = 0;
	*size = 1;
	return VUSB_ACK;
}

static const struct cdc_acm_ops ops = {
	.received = received,
	.line_state = line_state,
	.bus_reset = bus_reset,
	.msc_control = msc_control,
};

static void init(struct rig *rig, bool mass_storage)
{
	static const uint8_t uid[CHIP_UID_SIZE] = {
		0x2b, 0x00, 0xa1, 0x0f, 0x12, 0x51, 0x38, 0x39, 0x33, 0x34, 0x36, 0x35};

	memset(rig, 0, sizeof(*rig));
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 1);
	cr_assert_not_null(rig->bus);
	rig->port = vusb_bus_port(rig->bus, 1);
	cdc_acm_init(&rig->cdc,
		&(struct cdc_acm_config){
			.ops = &ops, .owner = rig, .uid = uid, .mass_storage = mass_storage});
	vusb_port_plug(rig->port, &rig->cdc.device, "test");
}

static void done(struct rig *rig)
{
	vusb_bus_free(rig->bus);
	cdc_acm_done(&rig->cdc);
}

/* To the communication interface, but for GET_MAX_LUN. */
static int control(
	struct rig *rig, uint8_t type, uint8_t request, uint16_t value, void *data, uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = type, .bRequest = request, .wValue = value, .wLength = size};

	if ((type & USB_TYPE_MASK) == USB_TYPE_CLASS && request != GET_MAX_LUN)
		setup.wIndex = rig->cdc.mass_storage ? 1 : 0;

	return vusb_port_control(rig->port, &setup, data, 1000000);
}

static void completed(struct vusb_transfer *transfer)
{
	*(bool *)transfer->user = true;
}

/* Bytes moved, -EAGAIN for NAK until wait_us, or -EIO. */
static int bulk(struct rig *rig, uint8_t endpoint, void *data, size_t size, uint64_t wait_us)
{
	bool ended = false;
	struct vusb_transfer transfer = {
		.port = rig->port,
		.type = endpoint == CDC_ACM_NOTIFY ? VUSB_INTERRUPT : VUSB_BULK,
		.endpoint = endpoint,
		.data = data,
		.size = size,
		.complete = completed,
		.user = &ended,
	};

	vusb_bus_submit(&transfer);
	vusb_bus_run_until(rig->bus, clock_after_us(&rig->clock.clock, wait_us), &ended);
	vusb_bus_cancel(&transfer);
	if (transfer.result == VUSB_CANCELLED)
		return -EAGAIN;
	return transfer.result == VUSB_ACK ? (int)transfer.actual : -EIO;
}

static int bulk_in(struct rig *rig, size_t size)
{
	return bulk(rig, CDC_ACM_DATA_IN, rig->in, size, 0);
}

/* --- descriptors --- */

static int append_hex(struct buf *out, const char *label, const uint8_t *bytes, int size)
{
	int err = buf_printf(out, "%s:", label);

	for (int i = 0; !err && i < size; i++)
		err = buf_printf(out, "%s%02x", i % 18 ? " " : "\n\t", bytes[i]);
	return err ? err : buf_printf(out, "\n");
}

static void dump(struct rig *rig, struct buf *out)
{
	uint8_t bytes[255];
	char label[16];
	int n = control(rig, USB_DIR_IN, USB_GET_DESCRIPTOR, USB_DESC_DEVICE << 8, bytes, 255);

	cr_assert_eq(append_hex(out, "device", bytes, n), 0);
	n = control(rig, USB_DIR_IN, USB_GET_DESCRIPTOR, USB_DESC_CONFIG << 8, bytes, 255);
	cr_assert_eq(append_hex(out, "configuration 0", bytes, n), 0);
	for (unsigned int i = 0; i < 6; i++) {
		n = control(rig, USB_DIR_IN, USB_GET_DESCRIPTOR,
			(uint16_t)(USB_DESC_STRING << 8 | i), bytes, 255);
		snprintf(label, sizeof(label), "string %u", i);
		cr_assert_eq(append_hex(out, label, bytes, n), 0);
	}
}

static void expect_golden(bool mass_storage, const char *name)
{
	struct rig rig;
	struct buf text, golden;
	struct why why = {""};
	char path[512];

	init(&rig, mass_storage);
	buf_init(&text, 100000);
	buf_init(&golden, 100000);
	dump(&rig, &text);
	snprintf(path, sizeof(path), "%s/golden/%s", DFURIG_FIXTURES, name);
	if (getenv("DFURIG_UPDATE_GOLDEN"))
		cr_assert_eq(file_write(path, text.data, text.size, &why), 0, "%s", why.text);
	cr_assert_eq(file_read(path, &golden, &why), 0, "%s", why.text);
	cr_expect(golden.size == text.size && !memcmp(golden.data, text.data, text.size),
		"%s differs; is that meant? DFURIG_UPDATE_GOLDEN=1 writes it anew. Now:\n%.*s",
		path, (int)text.size, (const char *)text.data);
	buf_done(&text);
	buf_done(&golden);
	done(&rig);
}

Test(cdc_acm, descriptors_are_the_golden_ones)
{
	expect_golden(true, "descriptors-rusefi-composite.txt");
	expect_golden(false, "descriptors-rusefi-port.txt");
}

/* [rusEFI usbcfg.cpp] */
Test(cdc_acm, configurations_have_98_and_75_bytes)
{
	struct rig rig;
	uint8_t bytes[255];

	init(&rig, true);
	cr_expect_eq(control(&rig, 0x80, USB_GET_DESCRIPTOR, 0x200, bytes, 255), 98);
	cr_expect_eq(bytes[2], 98);
	cr_expect_eq(bytes[4], 3);
	done(&rig);
	init(&rig, false);
	cr_expect_eq(control(&rig, 0x80, USB_GET_DESCRIPTOR, 0x200, bytes, 255), 75);
	cr_expect_eq(bytes[2], 75);
	cr_expect_eq(bytes[4], 2);
	done(&rig);
}

Test(cdc_acm, serial_number_is_the_unique_id_high_digit_first)
{
	struct rig rig;

	init(&rig, false);
	cr_expect_str_eq(rig.cdc.serial, "2B00A10F1251383933343635");
	done(&rig);
}

Test(cdc_acm, unknown_strings_and_descriptors_stall)
{
	struct rig rig;
	uint8_t bytes[255];

	init(&rig, true);
	cr_expect_eq(control(&rig, 0x80, USB_GET_DESCRIPTOR, 0x306, bytes, 255), -EPIPE);
	cr_expect_eq(control(&rig, 0x80, USB_GET_DESCRIPTOR, 0x600, bytes, 10), -EPIPE);
	cr_expect_eq(control(&rig, 0x80, USB_GET_DESCRIPTOR, 0xf00, bytes, 5), -EPIPE);
	done(&rig);
}

/* --- requests of the class --- */

Test(cdc_acm, line_coding_is_kept)
{
	uint8_t coding[7] = {0x00, 0xc2, 0x01, 0x00, 2, 1, 7}, back[7];
	struct rig rig;

	init(&rig, true);
	cr_assert_eq(control(&rig, CLASS_IN, CDC_GET_LINE_CODING, 0, back, 7), 7);
	cr_expect_arr_eq(back, ((uint8_t[]){0x00, 0x96, 0, 0, 0, 0, 8}), 7);
	cr_assert_eq(control(&rig, CLASS_OUT, CDC_SET_LINE_CODING, 0, coding, 7), 7);
	cr_expect_eq(rig.cdc.coding.baud, 115200);
	vusb_port_reset(rig.port);
	cr_assert_eq(control(&rig, CLASS_IN, CDC_GET_LINE_CODING, 0, back, 7), 7);
	cr_expect_arr_eq(back, coding, 7);
	cr_expect_eq(control(&rig, CLASS_IN, CDC_GET_LINE_CODING, 0, back, 3), 3);
	done(&rig);
}

Test(cdc_acm, what_it_does_not_offer_stalls)
{
	struct rig rig;
	uint8_t bytes[8] = {0};

	init(&rig, false);
	cr_expect_eq(control(&rig, CLASS_OUT, CDC_SEND_BREAK, 100, NULL, 0), -EPIPE);
	cr_expect_eq(control(&rig, CLASS_OUT, CDC_SET_LINE_CODING, 0, bytes, 6), -EPIPE);
	cr_expect_eq(control(&rig, CLASS_IN, CDC_SET_LINE_CODING, 0, bytes, 7), -EPIPE);
	cr_expect_eq(control(&rig, CLASS_OUT, CDC_GET_LINE_CODING, 0, bytes, 7), -EPIPE);
	cr_expect_eq(control(&rig, 0xc0, 1, 0, bytes, 7), -EPIPE);
	cr_expect_eq(bulk(&rig, CDC_ACM_MSC_IN, bytes, 8, 0), -EIO);
	done(&rig);
}

Test(cdc_acm, line_state_is_told_and_notified_once)
{
	static const uint8_t up[] = {0xa1, 0x20, 0, 0, 1, 0, 2, 0, 3, 0};
	uint8_t bytes[16];
	struct rig rig;

	init(&rig, true);
	cr_expect_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 16, 0), -EAGAIN);
	cr_assert_eq(control(&rig, CLASS_OUT, CDC_SET_CONTROL_LINE_STATE, 3, NULL, 0), 0);
	cr_expect(rig.dtr && rig.rts && rig.states == 1);
	cr_assert_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 16, 0), 10);
	cr_expect_arr_eq(bytes, up, 10);
	cr_assert_eq(control(&rig, CLASS_OUT, CDC_SET_CONTROL_LINE_STATE, 1, NULL, 0), 0);
	cr_expect_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 16, 0), -EAGAIN, "DTR is as it was");
	done(&rig);
}

Test(cdc_acm, a_notification_comes_in_packets_of_eight)
{
	uint8_t bytes[16];
	struct rig rig;

	init(&rig, false);
	cr_assert_eq(control(&rig, CLASS_OUT, CDC_SET_CONTROL_LINE_STATE, 1, NULL, 0), 0);
	cr_expect_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 8, 0), 8);
	cr_expect_eq(bytes[4], 0, "of interface 0");
	cr_expect_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 8, 0), 2);
	cr_expect_arr_eq(bytes, ((uint8_t[]){3, 0}), 2);
	cr_expect_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 8, 0), -EAGAIN);
	done(&rig);
}

Test(cdc_acm, requests_to_mass_storage_go_to_its_owner)
{
	struct rig rig;
	uint8_t byte = 9;

	init(&rig, true);
	cr_expect_eq(control(&rig, CLASS_IN, GET_MAX_LUN, 0, &byte, 1), 1);
	cr_expect_eq(rig.msc, 1);
	done(&rig);
	init(&rig, false);
	cr_expect_eq(control(&rig, CLASS_IN, GET_MAX_LUN, 0, &byte, 1), -EPIPE);
	done(&rig);
}

/* --- data --- */

static void send(struct rig *rig, size_t size)
{
	static const uint8_t bytes[8192];

	cr_assert_eq(cdc_acm_send(&rig->cdc, bytes, size, 0), 0);
}

Test(cdc_acm, what_the_host_writes_is_received)
{
	struct rig rig;

	init(&rig, false);
	cr_expect_eq(bulk(&rig, CDC_ACM_DATA_OUT, "hello", 5, 0), 5);
	cr_expect_eq(rig.got_size, 5);
	cr_expect_arr_eq(rig.got, "hello", 5);
	done(&rig);
}

/* queued bytes, room of each transfer, what they bring */
static const struct {
	size_t queued, room;
	int got[4];
} packet_rows[] = {
	{0, 64, {-EAGAIN}},
	{10, 64, {10, -EAGAIN}},
	{64, 64, {64, 0, -EAGAIN}},
	{64, 512, {64, -EAGAIN}},
	{100, 64, {64, 36, -EAGAIN}},
	{128, 64, {64, 64, 0, -EAGAIN}},
	{512, 512, {512, 0, -EAGAIN}},
	{1000, 16384, {1000, -EAGAIN}},
	{65, 65, {65, -EAGAIN}},
	{10, 5, {-EIO, -EAGAIN}},
};

Test(cdc_acm, transfers_end_on_short_packets_and_on_empty_ones)
{
	for (size_t i = 0; i < ARRAY_SIZE(packet_rows); i++) {
		struct rig rig;

		init(&rig, false);
		send(&rig, packet_rows[i].queued);
		for (size_t n = 0; n == 0 || packet_rows[i].got[n - 1] != -EAGAIN; n++)
			cr_expect_eq(bulk_in(&rig, packet_rows[i].room), packet_rows[i].got[n],
				"row %zu, transfer %zu", i, n);
		done(&rig);
	}
}

Test(cdc_acm, a_pending_transfer_is_woken)
{
	bool ended = false;
	struct rig rig;
	struct vusb_transfer transfer = {.type = VUSB_BULK,
		.endpoint = CDC_ACM_DATA_IN,
		.data = rig.in,
		.size = 64,
		.complete = completed,
		.user = &ended};

	init(&rig, false);
	transfer.port = rig.port;
	vusb_bus_submit(&transfer);
	cr_expect_not(ended);
	send(&rig, 3);
	cr_expect(ended && transfer.actual == 3);
	done(&rig);
}

Test(cdc_acm, a_delay_is_kept)
{
	struct rig rig;

	init(&rig, false);
	cr_assert_eq(cdc_acm_send(&rig.cdc, "late", 4, 5000), 0);
	cr_expect_eq(bulk(&rig, CDC_ACM_DATA_IN, rig.in, 64, 4999), -EAGAIN);
	cr_expect_eq(bulk(&rig, CDC_ACM_DATA_IN, rig.in, 64, 1), 4);
	cr_expect_eq(cdc_acm_deadline_us(&rig.cdc), CLOCK_NEVER);
	done(&rig);
}

Test(cdc_acm, slow_bytes_come_one_by_one)
{
	struct rig rig;

	init(&rig, false);
	cr_assert_eq(cdc_acm_send_slowly(&rig.cdc, "abc", 3, 1, 2000), 0);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(bulk(&rig, CDC_ACM_DATA_IN, rig.in, 64, 2000), 1);
		cr_expect_eq(rig.in[0], "abc"[i]);
		cr_expect_eq(bulk(&rig, CDC_ACM_DATA_IN, rig.in, 64, 1999), -EAGAIN);
	}
	send(&rig, 3);
	cr_expect_eq(bulk(&rig, CDC_ACM_DATA_IN, rig.in, 64, 2000), 3, "and then as ever");
	done(&rig);
}

Test(cdc_acm, who_does_not_read_cannot_write)
{
	struct rig rig;

	init(&rig, false);
	send(&rig, CDC_ACM_HOLD);
	cr_expect_eq(bulk(&rig, CDC_ACM_DATA_OUT, "x", 1, 100000), -EAGAIN);
	cr_expect_eq(bulk_in(&rig, 64), 64);
	cr_expect_eq(bulk(&rig, CDC_ACM_DATA_OUT, "x", 1, 0), 1);
	done(&rig);
}

Test(cdc_acm, more_than_it_can_hold_is_refused_and_nothing_queued)
{
	static const uint8_t much[CDC_ACM_OUT_MAX];
	struct rig rig;

	init(&rig, false);
	send(&rig, 1);
	cr_expect_eq(cdc_acm_send(&rig.cdc, much, sizeof(much), 0), -ENOBUFS);
	cr_expect_eq(rig.cdc.out.size, 1);
	done(&rig);
}

Test(cdc_acm, a_bus_reset_forgets_what_waits)
{
	struct rig rig;
	uint8_t bytes[16];

	init(&rig, false);
	cr_assert_eq(control(&rig, CLASS_OUT, CDC_SET_CONTROL_LINE_STATE, 1, NULL, 0), 0);
	send(&rig, 64);
	rig.resets = 0;
	vusb_port_reset(rig.port);
	cr_expect_eq(rig.resets, 1);
	cr_expect_eq(bulk_in(&rig, 64), -EAGAIN);
	cr_expect_eq(bulk(&rig, CDC_ACM_NOTIFY, bytes, 16, 0), -EAGAIN);
	cr_expect_not(rig.cdc.dtr);
	done(&rig);
}
