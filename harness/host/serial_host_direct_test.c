/* SPDX-License-Identifier: MIT */
#include "harness/host/serial_host_direct.h"

#include "harness/base/wire.h"
#include "harness/testing/fake_device.h"
#include "harness/testing/spoil_tap.h"
#include "harness/testing/usb_rig.h"
#include "simulators/ecu/cdc_acm.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINK_TEXT "/dev/serial/by-id/usb-rusEFI_LLC_rusEFI_Engine_Management_ECU_"
#define NOTES     64

/* What went over the bus, one word each. */
struct notes {
	char text[NOTES * 24];
};

static void note(struct notes *notes, const char *fmt, unsigned int a, unsigned int b)
{
	size_t used = strlen(notes->text);

	snprintf(notes->text + used, sizeof(notes->text) - used, fmt, a, b);
}

struct rig {
	struct usb_rig usb;
	struct cdc_acm cdc[3];
	struct serial_host *host;
	struct serial_port *port;
	struct notes notes;
	struct vusb_tap tap;
	unsigned int cleared; /* CLEAR_FEATURE of the data endpoint */
	bool silent;          /* received bytes are not echoed */
	bool leave_first;     /* the device leaves while it receives */
	struct why why;
};

static void received(struct cdc_acm *cdc, const uint8_t *data, size_t size)
{
	struct rig *rig = cdc->owner;

	if (rig->leave_first)
		vusb_port_unplug(cdc->device.port);
	else if (!rig->silent)
		cr_assert_eq(cdc_acm_send(cdc, data, size, 0), 0);
}

static const struct cdc_acm_ops echo_ops = {.received = received};

static void tap_submitted(struct vusb_tap *tap, const struct vusb_transfer *transfer)
{
	struct rig *rig = CONTAINER_OF(tap, struct rig, tap);

	if (transfer->type == VUSB_CONTROL && transfer->setup.bmRequestType == 0x21)
		note(&rig->notes, "%02x:%u ", transfer->setup.bRequest,
			transfer->setup.bRequest == 0x20
				? (unsigned int)(transfer->data[0] | transfer->data[1] << 8 |
						 transfer->data[2] << 16)
				: transfer->setup.wValue);
	else if (transfer->type == VUSB_CONTROL && transfer->setup.bmRequestType == 0x02 &&
		 transfer->setup.wIndex == CDC_ACM_DATA_IN)
		rig->cleared++;
	else if (transfer->type != VUSB_CONTROL)
		note(&rig->notes, "%02x/%u ", transfer->endpoint, (unsigned int)transfer->size);
}

static const struct vusb_tap_ops tap_ops = {.name = "notes", .submitted = tap_submitted};

static void device_init(struct rig *rig, size_t i, bool mass_storage)
{
	uint8_t uid[CHIP_UID_SIZE] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3};

	uid[CHIP_UID_SIZE - 1] = (uint8_t)i;
	cdc_acm_init(&rig->cdc[i],
		&(struct cdc_acm_config){
			.ops = &echo_ops, .owner = rig, .uid = uid, .mass_storage = mass_storage});
}

/* Three devices, none plugged in; the last without mass storage. */
static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	for (size_t i = 0; i < ARRAY_SIZE(rig->cdc); i++)
		device_init(rig, i, i < 2);
	rig->host = serial_host_direct_new(rig->usb.bus, rig->usb.host);
	cr_assert_not_null(rig->host);
	rig->tap.ops = &tap_ops;
	vusb_bus_add_tap(rig->usb.bus, &rig->tap);
}

static void rig_done(struct rig *rig)
{
	if (rig->port)
		rig->port->ops->close(rig->port);
	vusb_bus_remove_tap(&rig->tap);
	serial_host_direct_free(rig->host);
	usb_rig_done(&rig->usb);
	for (size_t i = 0; i < ARRAY_SIZE(rig->cdc); i++)
		cdc_acm_done(&rig->cdc[i]);
}

static void plug(struct rig *rig, uint8_t socket, size_t device)
{
	usb_rig_plug(&rig->usb, socket, &rig->cdc[device].device);
}

static void unplug(struct rig *rig, uint8_t socket)
{
	vusb_port_unplug(vusb_bus_port(rig->usb.bus, socket));
}

static size_t list(struct rig *rig, struct serial_port_entry *ret, size_t room)
{
	size_t count = 99;

	cr_assert_eq(rig->host->ops->list(rig->host, ret, room, &count, &rig->why), 0, "%s",
		rig->why.text);
	return count;
}

static int open_port(struct rig *rig, const char *name, struct serial_port **ret)
{
	return rig->host->ops->open(rig->host, name, ret, &rig->why);
}

static void open_or_fail(struct rig *rig)
{
	cr_assert_eq(open_port(rig, "/dev/ttyACM0", &rig->port), 0, "%s", rig->why.text);
}

/* "0 1": the numbers that are listed. */
static const char *numbers(struct rig *rig, char *out, size_t size)
{
	struct serial_port_entry entries[8];
	size_t count = list(rig, entries, ARRAY_SIZE(entries));

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "",
			entries[i].name + strlen("/dev/ttyACM"));
	return out;
}

static uint64_t now_ms(struct rig *rig)
{
	return clock_now_us(rig->host->clock) / 1000;
}

static void write_or_fail(struct rig *rig, const char *text)
{
	cr_assert_eq(
		rig->port->ops->write(rig->port, (const uint8_t *)text, strlen(text), 1000), 0);
}

static int read_text(struct rig *rig, char *out, size_t size, uint32_t timeout_ms)
{
	int n = rig->port->ops->read(rig->port, (uint8_t *)out, size - 1, timeout_ms);

	out[n > 0 ? n : 0] = '\0';
	return n;
}

Test(serial_direct, lists_a_port_as_udev_names_it)
{
	CLEANUP(rig_done) struct rig rig;
	struct serial_port_entry entry;

	rig_init(&rig);
	plug(&rig, 2, 0);
	cr_assert_eq(list(&rig, &entry, 1), 1);
	cr_expect_str_eq(entry.name, "/dev/ttyACM0");
	cr_expect_str_eq(entry.link, LINK_TEXT "0123456789ABCDEF01020300-if01");
	cr_expect_str_eq(entry.usb_path, "1-2");
	cr_expect_eq(entry.vid, 0x0483);
	cr_expect_eq(entry.pid, 0x5740);
	cr_expect_eq(entry.interface, 1);
	cr_expect_str_eq(entry.product, "rusEFI Engine Management ECU");
	cr_expect_str_eq(entry.serial, "0123456789ABCDEF01020300");
}

Test(serial_direct, interface_number_follows_the_configuration)
{
	CLEANUP(rig_done) struct rig rig;
	struct serial_port_entry entry;

	rig_init(&rig);
	plug(&rig, 1, 2);
	cr_assert_eq(list(&rig, &entry, 1), 1);
	cr_expect_str_eq(entry.link, LINK_TEXT "0123456789ABCDEF01020302-if00");
	cr_expect_eq(entry.interface, 0);
}

Test(serial_direct, other_devices_have_no_port)
{
	CLEANUP(rig_done) struct rig rig;
	struct fake_device fake;
	struct serial_port_entry entry;

	rig_init(&rig);
	fake_device_init(&fake);
	usb_rig_plug(&rig.usb, 1, &fake.device);
	cr_expect_eq(list(&rig, &entry, 1), 0);
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), -ENOENT);
	unplug(&rig, 1);
}

Test(serial_direct, devices_that_were_there_before_the_host_are_listed)
{
	CLEANUP(rig_done) struct rig rig;
	struct serial_port_entry entry;

	rig_init(&rig);
	serial_host_direct_free(rig.host);
	plug(&rig, 1, 0);
	rig.host = serial_host_direct_new(rig.usb.bus, rig.usb.host);
	cr_expect_eq(list(&rig, &entry, 1), 1);
}

Test(serial_direct, numbers_are_given_in_the_order_of_plugging)
{
	CLEANUP(rig_done) struct rig rig;
	struct serial_port_entry entries[2];
	char text[32];

	rig_init(&rig);
	plug(&rig, 3, 0);
	plug(&rig, 1, 1);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0 1");
	cr_assert_eq(list(&rig, entries, 2), 2);
	cr_expect_str_eq(entries[0].usb_path, "1-3");
	cr_expect_eq(list(&rig, entries, 1), 2);
}

Test(serial_direct, the_lowest_free_number_is_taken)
{
	CLEANUP(rig_done) struct rig rig;
	char text[32];

	rig_init(&rig);
	plug(&rig, 1, 0);
	plug(&rig, 2, 1);
	unplug(&rig, 1);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "1");
	plug(&rig, 3, 2);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0 1");
}

Test(serial_direct, an_open_port_keeps_its_number_when_the_device_has_left)
{
	CLEANUP(rig_done) struct rig rig;
	char text[32];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	unplug(&rig, 1);
	plug(&rig, 1, 0);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "1");
	rig.port->ops->close(rig.port);
	rig.port = NULL;
	unplug(&rig, 1);
	plug(&rig, 1, 0);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0");
}

Test(serial_direct, new_numbers_were_never_used)
{
	CLEANUP(rig_done) struct rig rig;
	char text[32];

	rig_init(&rig);
	plug(&rig, 1, 0);
	serial_host_direct_set_new_numbers(rig.host, true);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0");
	unplug(&rig, 1);
	plug(&rig, 1, 0);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "1");
}

Test(serial_direct, open_sends_what_linux_sends)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	cr_expect_str_eq(rig.notes.text,
		"20:9600 83/8 82/128 82/128 82/128 82/128 82/128 82/128 82/128 82/128 82/128 "
		"82/128 82/128 82/128 82/128 82/128 82/128 82/128 22:3 20:115200 83/8 ",
		"%s", rig.notes.text);
	cr_expect(rig.cdc[0].dtr);
	cr_expect_eq(rig.cdc[0].coding.baud, 115200);
	cr_expect_eq(rig.cdc[0].coding.data_bits, 8);
}

Test(serial_direct, close_drops_the_lines_and_takes_all_back)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	rig.notes.text[0] = '\0';
	rig.port->ops->close(rig.port);
	rig.port = NULL;
	cr_expect_str_eq(rig.notes.text, "22:0 ");
	cr_expect_not(rig.cdc[0].dtr);
	cr_expect(list_empty(&vusb_bus_port(rig.usb.bus, 1)->pending));
	open_or_fail(&rig);
	cr_expect_null(strstr(rig.notes.text, "20:"), "%s", rig.notes.text);
}

Test(serial_direct, a_port_opens_by_its_link)
{
	CLEANUP(rig_done) struct rig rig;
	struct serial_port_entry entry;

	rig_init(&rig);
	plug(&rig, 1, 0);
	cr_assert_eq(list(&rig, &entry, 1), 1);
	cr_expect_eq(open_port(&rig, entry.link, &rig.port), 0);
}

Test(serial_direct, a_port_is_for_one_program)
{
	CLEANUP(rig_done) struct rig rig;
	struct serial_port *second = NULL;

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &second), -EBUSY);
	cr_expect_not_null(strstr(rig.why.text, "/dev/ttyACM0"));
	cr_expect_null(second);
}

Test(serial_direct, a_held_port_does_not_open)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	plug(&rig, 1, 0);
	serial_host_direct_set_held(rig.host, true);
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), -EBUSY);
	serial_host_direct_set_held(rig.host, false);
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), 0);
}

Test(serial_direct, a_new_port_belongs_to_a_prober_for_a_while)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	serial_host_direct_set_prober(rig.host, 12000000);
	plug(&rig, 1, 0);
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), -EBUSY);
	clock_sleep_until_us(rig.host->clock, clock_after_us(rig.host->clock, 11999999));
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), -EBUSY);
	clock_sleep_until_us(rig.host->clock, clock_after_us(rig.host->clock, 1));
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), 0);
}

Test(serial_direct, bytes_go_out_and_come_back)
{
	CLEANUP(rig_done) struct rig rig;
	char text[16];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	write_or_fail(&rig, "hello");
	cr_expect_eq(read_text(&rig, text, 3, 100), 2);
	cr_expect_str_eq(text, "he");
	cr_expect_eq(read_text(&rig, text, sizeof(text), 100), 3);
	cr_expect_str_eq(text, "llo");
	cr_expect_eq(now_ms(&rig), 0);
}

Test(serial_direct, more_than_all_buffers_come_back_in_order)
{
	CLEANUP(rig_done) struct rig rig;
	static uint8_t sent[40000], got[sizeof(sent)];
	size_t have = 0;

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 251);
	cr_assert_eq(rig.port->ops->write(rig.port, sent, sizeof(sent), 1000), 0);
	while (have < sizeof(got)) {
		int n = rig.port->ops->read(rig.port, got + have, sizeof(got) - have, 100);

		cr_assert_gt(n, 0, "after %zu bytes", have);
		have += (size_t)n;
	}
	cr_expect_arr_eq(got, sent, sizeof(sent));
}

Test(serial_direct, writes_go_out_in_twenty_packets_at_most)
{
	CLEANUP(rig_done) struct rig rig;
	static uint8_t bytes[1281];

	rig_init(&rig);
	plug(&rig, 1, 0);
	rig.silent = true;
	open_or_fail(&rig);
	rig.notes.text[0] = '\0';
	cr_assert_eq(rig.port->ops->write(rig.port, bytes, sizeof(bytes), 1000), 0);
	cr_expect_str_eq(rig.notes.text, "02/1280 02/1 ");
}

Test(serial_direct, reading_ends_when_the_time_is_over)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 500), 0);
	cr_expect_eq(now_ms(&rig), 500);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 0), 0);
	cr_expect_eq(now_ms(&rig), 500);
}

Test(serial_direct, reading_waits_for_what_comes_late)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	cr_assert_eq(cdc_acm_send(&rig.cdc[0], "x", 1, 300000), 0);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 500), 1);
	cr_expect_eq(now_ms(&rig), 300);
}

Test(serial_direct, what_came_before_can_be_dropped)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	write_or_fail(&rig, "old");
	rig.port->ops->drop_input(rig.port);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 10), 0);
	write_or_fail(&rig, "new");
	cr_expect_eq(read_text(&rig, text, sizeof(text), 10), 3);
	cr_expect_str_eq(text, "new");
}

Test(serial_direct, what_the_device_sent_before_the_opening_is_dropped)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	cr_assert_eq(cdc_acm_send(&rig.cdc[0], "old", 3, 0), 0);
	open_or_fail(&rig);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 10), 0);
}

struct leaver {
	struct vusb_ticker ticker;
	struct vusb_port *socket;
	uint64_t at_us;
};

static void leaver_tick(struct vusb_ticker *ticker, uint64_t now_us)
{
	struct leaver *leaver = CONTAINER_OF(ticker, struct leaver, ticker);

	(void)now_us;
	leaver->at_us = CLOCK_NEVER;
	vusb_port_unplug(leaver->socket);
}

static uint64_t leaver_deadline_us(const struct vusb_ticker *ticker)
{
	return ((const struct leaver *)ticker)->at_us;
}

Test(serial_direct, a_device_that_leaves_ends_reading)
{
	CLEANUP(rig_done) struct rig rig;
	struct leaver leaver = {.ticker = {.tick = leaver_tick, .deadline_us = leaver_deadline_us},
		.at_us = 200000};
	char text[8];

	rig_init(&rig);
	leaver.socket = vusb_bus_port(rig.usb.bus, 1);
	vusb_bus_add_ticker(rig.usb.bus, &leaver.ticker);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 1000), -ENODEV);
	cr_expect_eq(now_ms(&rig), 200);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 1000), -ENODEV);
	cr_expect_eq(rig.port->ops->write(rig.port, (const uint8_t *)"x", 1, 100), -ENODEV);
	vusb_bus_remove_ticker(&leaver.ticker);
}

Test(serial_direct, a_device_that_leaves_ends_the_opening)
{
	CLEANUP(rig_done) struct rig rig;
	struct leaver leaver = {.ticker = {.tick = leaver_tick, .deadline_us = leaver_deadline_us},
		.at_us = 200000};
	char text[8];

	rig_init(&rig);
	leaver.socket = vusb_bus_port(rig.usb.bus, 1);
	vusb_bus_add_ticker(rig.usb.bus, &leaver.ticker);
	plug(&rig, 1, 0);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0");
	rig.cdc[0].device.nak_until_us = 1000000;
	cr_expect_eq(open_port(&rig, "/dev/ttyACM0", &rig.port), -ENODEV);
	cr_expect_null(rig.port);
	cr_expect_eq(now_ms(&rig), 200);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "");
	rig.cdc[0].device.nak_until_us = 0;
	plug(&rig, 1, 0);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0");
	vusb_bus_remove_ticker(&leaver.ticker);
}

Test(serial_direct, a_device_that_does_not_react_still_opens_and_closes)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "0");
	rig.cdc[0].device.nak_until_us = 100000000;
	open_or_fail(&rig);
	cr_expect_eq(now_ms(&rig), 10000); /* two requests of 5 s */
	rig.port->ops->close(rig.port);
	rig.port = NULL;
	cr_expect_eq(now_ms(&rig), 15000);
	rig.cdc[0].device.nak_until_us = 0;
}

Test(serial_direct, a_port_whose_device_came_back_stays_dead)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	unplug(&rig, 1);
	plug(&rig, 1, 0);
	cr_expect_eq(read_text(&rig, text, sizeof(text), 10), -ENODEV);
	cr_expect_eq(rig.port->ops->write(rig.port, (const uint8_t *)"x", 1, 100), -ENODEV);
}

Test(serial_direct, a_write_that_makes_the_device_leave_is_a_write)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	rig.leave_first = true;
	write_or_fail(&rig, "reboot");
	cr_expect_eq(read_text(&rig, text, sizeof(text), 10), -ENODEV);
}

Test(serial_direct, a_device_that_takes_nothing_times_out)
{
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	rig.cdc[0].device.nak_until_us = 10000000;
	cr_expect_eq(rig.port->ops->write(rig.port, (const uint8_t *)"x", 1, 100), -ETIMEDOUT);
	cr_expect_eq(now_ms(&rig), 100);
	rig.cdc[0].device.nak_until_us = 0;
}

Test(serial_direct, a_bus_reset_takes_an_open_port_away)
{
	CLEANUP(rig_done) struct rig rig;
	char text[8];

	rig_init(&rig);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	vusb_port_reset(vusb_bus_port(rig.usb.bus, 1));
	cr_expect_eq(read_text(&rig, text, sizeof(text), 10), -ENODEV);
	cr_expect_str_eq(numbers(&rig, text, sizeof(text)), "1");
}

/* Answers every bulk IN with this. */
struct bad_tap {
	struct vusb_tap tap;
	enum vusb_result result;
	unsigned int times;
};

static enum vusb_result bad_attempt(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	struct bad_tap *bad = CONTAINER_OF(tap, struct bad_tap, tap);

	if (transfer->endpoint != CDC_ACM_DATA_IN || !bad->times)
		return vusb_tap_next(tap, transfer);
	bad->times--;
	return bad->result;
}

static const struct vusb_tap_ops bad_ops = {.name = "bad", .attempt = bad_attempt};

/* ret_cleared: how often the endpoint was freed. */
static int read_through_bad(enum vusb_result result, unsigned int times, unsigned int *ret_cleared)
{
	CLEANUP(rig_done) struct rig rig;
	struct bad_tap bad = {.tap = {.ops = &bad_ops}, .result = result};
	char text[8];
	int n;

	rig_init(&rig);
	vusb_bus_add_tap(rig.usb.bus, &bad.tap);
	plug(&rig, 1, 0);
	open_or_fail(&rig);
	bad.times = times;
	write_or_fail(&rig, "x");
	n = read_text(&rig, text, sizeof(text), 100);
	vusb_bus_remove_tap(&bad.tap);
	*ret_cleared = rig.cleared;
	return n;
}

Test(serial_direct, errors_on_the_way_in_are_passed_over)
{
	unsigned int cleared;

	cr_expect_eq(read_through_bad(VUSB_ERROR, 3, &cleared), 1);
	cr_expect_eq(read_through_bad(VUSB_BABBLE, 3, &cleared), 1);
	cr_expect_eq(cleared, 0);
}

Test(serial_direct, a_stalled_endpoint_is_freed)
{
	unsigned int cleared;

	cr_expect_eq(read_through_bad(VUSB_STALL, 3, &cleared), 1);
	cr_expect_eq(cleared, 3);
}

Test(serial_direct, errors_without_end_are_an_error)
{
	unsigned int cleared;

	cr_expect_eq(read_through_bad(VUSB_ERROR, 1000000, &cleared), -EIO);
	cr_expect_eq(read_through_bad(VUSB_STALL, 1000000, &cleared), -EIO);
}
