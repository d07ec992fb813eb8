/* SPDX-License-Identifier: MIT */
/* Our own client talks to our own ECU, through a serial port: both kinds of protocol, all that can go wrong with an answer. */
#include "simulators/ecu/ecu_rig_test.h"

#include "harness/host/serial_host_direct.h"
#include "harness/host/ts_client.h"
#include "harness/host/usb_host_direct.h"
#include "harness/ts/ts.h"
#include "simulators/ecu/tune.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SIZE 1000u

struct pair {
	struct ecu_rig ecu;
	struct usb_host *usb;
	struct serial_host *serial;
	struct serial_port *port;
	struct ts_client ts;
};

static void open_port(struct pair *pair)
{
	struct serial_port_entry entry;
	struct why why = {""};
	size_t count = 0;

	cr_assert_eq(
		pair->serial->ops->list(pair->serial, &entry, 1, &count, &why), 0, "%s", why.text);
	cr_assert_eq(count, 1);
	cr_assert_eq(entry.interface, pair->ecu.firmware.mass_storage ? 1 : 0);
	cr_assert_str_eq(entry.serial, "0102030405060708090A0B0C");
	cr_assert_eq(pair->serial->ops->open(pair->serial, entry.name, &pair->port, &why), 0, "%s",
		why.text);
}

static void init(struct pair *pair, bool paged)
{
	memset(pair, 0, sizeof(*pair));
	ecu_rig_init_or_fail(&pair->ecu);
	pair->ecu.firmware.paged = paged;
	pair->ecu.firmware.mass_storage = paged;
	pair->usb = usb_host_direct_new(pair->ecu.bus);
	pair->serial = serial_host_direct_new(pair->ecu.bus, pair->usb);
	cr_assert(pair->usb && pair->serial);
	ecu_rig_start_or_fail(&pair->ecu);
	open_port(pair);
	ts_client_init(&pair->ts, pair->port);
	pair->ts.blocking_factor = pair->ecu.firmware.blocking_factor;
}

static void done(struct pair *pair)
{
	ts_client_done(&pair->ts);
	pair->port->ops->close(pair->port);
	serial_host_direct_free(pair->serial);
	usb_host_direct_free(pair->usb);
	ecu_rig_done(&pair->ecu);
}

static void check_tune(bool paged)
{
	uint8_t tune[SIZE], back[SIZE];
	char signature[TS_SIGNATURE_ROOM];
	struct why why = {""};
	struct pair pair;
	size_t size = 0;

	init(&pair, paged);
	cr_assert_eq(ts_client_signature(&pair.ts, true, 0, signature, &why), 0, "%s", why.text);
	cr_expect_str_eq(signature, ECU_RIG_SIGNATURE);
	cr_assert_eq(ts_client_signature(&pair.ts, false, 0, signature, &why), 0, "%s", why.text);
	cr_assert_eq(ts_client_probe_paged(&pair.ts, &why), 0, "%s", why.text);
	cr_expect_eq(pair.ts.paged, paged);
	cr_assert_eq(ts_client_tune_size(&pair.ts, &size, &why), 0, "%s", why.text);
	cr_expect_eq(size, SIZE);
	tune_custom(&pair.ecu.firmware, 5, tune);
	cr_assert_eq(ts_client_write_tune(&pair.ts, tune, SIZE, &why), 0, "%s", why.text);
	cr_assert_eq(ts_client_burn(&pair.ts, &why), 0, "%s", why.text);
	cr_assert_eq(ts_client_read_tune(&pair.ts, back, SIZE, false, &why), 0, "%s", why.text);
	cr_expect_arr_eq(back, tune, SIZE);
	done(&pair);
}

Test(ecu_client, tune_goes_there_and_back_in_both_forms_of_the_protocol)
{
	check_tune(true);
	check_tune(false);
}

static void plan(struct pair *pair, enum fault_action action, uint64_t value, uint32_t times)
{
	struct fault_rule rule = {.points = 1u << FAULT_ECU_REPLY,
		.match = "R",
		.nth = 1,
		.times = times,
		.action = action,
		.value = value};

	cr_assert_eq(fault_add(&pair->ecu.faults, &rule), 0);
}

/* The errors of ts_client.h. */
static const struct {
	enum fault_action action;
	uint64_t value;
	int expected;
} faults[] = {
	{FAULT_DELAY, 2000000, 0},
	{FAULT_BYTEWISE, 1000, 0},
	{FAULT_DELAY, 9000000, -ETIMEDOUT},
	{FAULT_NO_SHOW, 0, -ETIMEDOUT},
	{FAULT_BAD_CRC, 0, -EILSEQ},
	{FAULT_CODE, TS_UNRECOGNIZED_COMMAND, -EREMOTEIO},
};

Test(ecu_client, a_fault_in_an_answer_has_its_error)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		uint8_t tune[100];
		struct why why = {""};
		struct pair pair;

		init(&pair, true);
		pair.ts.paged = true;
		plan(&pair, faults[i].action, faults[i].value, 1);
		cr_expect_eq(ts_client_read_tune(&pair.ts, tune, sizeof(tune), false, &why),
			faults[i].expected, "row %zu: %s", i, why.text);
		done(&pair);
	}
}

Test(ecu_client, asking_again_helps_when_it_goes_wrong_once)
{
	uint8_t tune[SIZE], want[SIZE];
	struct why why = {""};
	struct pair pair;

	init(&pair, true);
	pair.ts.paged = true;
	plan(&pair, FAULT_BAD_CRC, 0, 2);
	tune_default(&pair.ecu.firmware, want);
	cr_expect_eq(ts_client_read_tune(&pair.ts, tune, SIZE, true, &why), 0, "%s", why.text);
	cr_expect_arr_eq(tune, want, SIZE);
	done(&pair);
}

Test(ecu_client, after_reboot_dfu_no_answer_comes)
{
	struct why why = {""};
	struct pair pair;

	init(&pair, true);
	cr_expect_eq(ts_client_execute(&pair.ts, "reboot_dfu", false, &why), 0, "%s", why.text);
	ecu_rig_wait_ms(&pair.ecu, 10);
	cr_expect_eq(pair.ecu.fake.resets, 1);
	cr_expect_eq(ts_client_execute(&pair.ts, "anything", true, &why), -ETIMEDOUT);
	done(&pair);
}
