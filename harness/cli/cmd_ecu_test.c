/* SPDX-License-Identifier: MIT */
/* `dfurig ecu` as a process, on the ports that the mock shows. */
#include "harness/testing/run.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#define DFURIG   DFURIG_BUILD "/harness/cli/dfurig"
#define ON_BOARD DFURIG, "exec", "--start", "run", "--flash", "rusefi-2026", "--", DFURIG, "ecu"

Test(cmd_ecu, finds_the_ecu_below_the_mock)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(ON_BOARD, "info", "--wait", "20", "--json");
	const char *port, *link, *signature;
	json_t *document;

	cr_assert_eq(run.code, 0, "%s", run.err);
	document = json_loads(run.out, 0, NULL);
	cr_assert_not_null(document, "%s", run.out);
	cr_assert_eq(json_unpack(document, "{s:s, s:s, s:s}", "port", &port, "link", &link,
			     "signature", &signature),
		0, "%s", run.out);
	cr_expect_str_eq(port, "/dev/ttyACM0");
	cr_expect_str_eq(link, "/dev/serial/by-id/usb-rusEFI_LLC_rusEFI_Engine_Management_ECU_"
			       "57002700033556B93F283331-if01");
	cr_expect_str_eq(signature, "rusEFI main.2026.07.14.f407-discovery.3461352391");
	json_decref(document);
}

Test(cmd_ecu, sends_it_to_its_bootloader)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(ON_BOARD, "reboot-dfu", "--wait=20");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect_str_eq(run.out, "/dev/ttyACM0: reboot-dfu sent; the port is gone\n");
}

Test(cmd_ecu, failures_go_to_stderr)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", DFURIG, "ecu", "info");

	cr_expect_eq(run.code, 1);
	cr_expect_str_eq(run.out, "");
	cr_expect_str_eq(
		run.err, "dfurig: no ECU: no serial port of a rusEFI (0483:5740) is there\n");
}

Test(cmd_ecu, what_is_no_serial_port_is_called_so)
{
	CLEANUP(run_done)
	struct run file = RUN_OR_FAIL(DFURIG, "ecu", "info", "--port", "/dev/null");
	CLEANUP(run_done) struct run folder = RUN_OR_FAIL(DFURIG, "ecu", "info", "--port", "/tmp");

	cr_expect_eq(file.code, 1);
	cr_expect_str_eq(file.err, "dfurig: /dev/null: not a serial port\n");
	cr_expect_eq(folder.code, 1);
	cr_expect_str_eq(folder.err, "dfurig: /tmp: not a serial port\n");
}
