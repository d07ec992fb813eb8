/* SPDX-License-Identifier: MIT */
/* The files of a Linux machine, made up in a folder. */
#include "harness/host/evidence_parts.h"

#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEVICES "sys/bus/usb/devices/"

struct machine {
	struct temp_dir dir;
	struct evidence evidence;
};

/* All folders of a path in the machine's own. */
static void make_folders(struct machine *machine, const char *path)
{
	char part[256];

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		mkdir(temp_path(&machine->dir, part), 0755);
	}
}

static void put(struct machine *machine, const char *path, const char *text)
{
	make_folders(machine, path);
	temp_file_or_fail(&machine->dir, path, text, strlen(text));
}

static void put_link(struct machine *machine, const char *path, const char *target)
{
	make_folders(machine, path);
	cr_assert_eq(symlink(target, temp_path(&machine->dir, path)), 0);
}

static void machine_init(struct machine *machine)
{
	*machine = (struct machine){.dir = temp_dir_or_fail()};
	put(machine, DEVICES "usb1/busnum", "1\n");
	put(machine, DEVICES "1-4.2/busnum", "1\n");
	put(machine, DEVICES "1-4.2/devnum", "12\n");
	put(machine, "dev/bus/usb/001/012", "");
	put(machine, "proc/1/comm", "init\n");
}

static void machine_done(struct machine *machine)
{
	temp_dir_done(&machine->dir);
}

static const struct evidence_linux *look(struct machine *machine, enum evidence_face face)
{
	machine->evidence.board.face = face;
	snprintf(machine->evidence.board.path, sizeof(machine->evidence.board.path), "1-4.2");
	evidence_look_at_linux(machine->dir.path, &machine->evidence);
	return &machine->evidence.kernel;
}

Test(evidence_linux, a_machine_without_usb_is_told)
{
	CLEANUP(machine_done) struct machine machine = {.dir = temp_dir_or_fail()};

	cr_expect_eq(look(&machine, EVIDENCE_NOTHING)->usb, EVIDENCE_NO);
	cr_expect_eq(machine.evidence.kernel.rule, EVIDENCE_UNKNOWN);
	cr_expect_not(machine.evidence.kernel.has_over_current);
}

Test(evidence_linux, the_node_of_the_device_is_found_with_its_mode)
{
	CLEANUP(machine_done) struct machine machine;
	const struct evidence_linux *found;

	machine_init(&machine);
	chmod(temp_path(&machine.dir, "dev/bus/usb/001/012"), 0640);
	found = look(&machine, EVIDENCE_DFU);
	cr_expect_eq(found->usb, EVIDENCE_YES);
	cr_expect_str_eq(found->node, "/dev/bus/usb/001/012");
	cr_expect(strstr(found->node_mode, " 0640"), "%s", found->node_mode);
	cr_expect_eq(found->writable, EVIDENCE_YES);
	cr_expect(found->has_hubs);
	cr_expect_eq(found->hubs, 1);
}

/* Root may open everything, unless it gives that up; the process is this test's own. */
static void give_up_capabilities_or_fail(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	cr_assert_eq(syscall(SYS_capset, &header, none), 0);
}

Test(evidence_linux, a_node_that_is_not_ours_is_told)
{
	CLEANUP(machine_done) struct machine machine;

	give_up_capabilities_or_fail();
	machine_init(&machine);
	chmod(temp_path(&machine.dir, "dev/bus/usb/001/012"), 0444);
	cr_expect_eq(look(&machine, EVIDENCE_DFU)->writable, EVIDENCE_NO);
}

Test(evidence_linux, a_driver_of_the_kernel_is_named)
{
	CLEANUP(machine_done) struct machine machine;

	machine_init(&machine);
	cr_expect_str_eq(look(&machine, EVIDENCE_DFU)->driver, "");
	cr_expect_eq(machine.evidence.kernel.driver_looked, EVIDENCE_YES);
	put_link(&machine, DEVICES "1-4.2:1.0/driver", "../../../../bus/usb/drivers/usbtest");
	cr_expect_str_eq(look(&machine, EVIDENCE_DFU)->driver, "usbtest");
}

Test(evidence_linux, who_claims_through_libusb_is_no_driver)
{
	CLEANUP(machine_done) struct machine machine;

	machine_init(&machine);
	put_link(&machine, DEVICES "1-4.2:1.0/driver", "../../../../bus/usb/drivers/usbfs");
	cr_expect_str_eq(look(&machine, EVIDENCE_DFU)->driver, "");
}

Test(evidence_linux, a_device_that_is_not_authorized_is_told)
{
	CLEANUP(machine_done) struct machine machine;

	machine_init(&machine);
	cr_expect_eq(look(&machine, EVIDENCE_DFU)->enabled, EVIDENCE_UNKNOWN);
	put(&machine, DEVICES "1-4.2/authorized", "0\n");
	cr_expect_eq(look(&machine, EVIDENCE_DFU)->enabled, EVIDENCE_NO);
	put(&machine, DEVICES "1-4.2/authorized", "1\n");
	cr_expect_eq(look(&machine, EVIDENCE_DFU)->enabled, EVIDENCE_YES);
}

Test(evidence_linux, over_current_of_all_ports_is_summed)
{
	CLEANUP(machine_done) struct machine machine;
	const struct evidence_linux *found;

	machine_init(&machine);
	put(&machine, DEVICES "1-0:1.0/usb1-port1/over_current_count", "0\n");
	put(&machine, DEVICES "1-0:1.0/usb1-port2/over_current_count", "3\n");
	found = look(&machine, EVIDENCE_NOTHING);
	cr_expect(found->has_over_current);
	cr_expect_eq(found->over_current, 3);
	cr_expect_str_eq(found->over_current_port, "usb1-port2");
}

Test(evidence_linux, a_rule_of_udev_is_found_by_the_product)
{
	CLEANUP(machine_done) struct machine machine;

	machine_init(&machine);
	put(&machine, "etc/udev/rules.d/10-other.rules", "ATTR{idProduct}==\"5740\"\n");
	put(&machine, "etc/udev/rules.d/60-dfu.rules.bak", "ATTR{idProduct}==\"df11\"\n");
	cr_expect_eq(look(&machine, EVIDENCE_DFU)->rule, EVIDENCE_NO);
	put(&machine, "usr/lib/udev/rules.d/60-dfu.rules", "ATTR{idProduct}==\"DF11\"\n");
	cr_expect_eq(look(&machine, EVIDENCE_DFU)->rule, EVIDENCE_YES);
}

Test(evidence_linux, who_has_the_file_open_is_named)
{
	CLEANUP(machine_done) struct machine machine;
	char holder[64];

	machine_init(&machine);
	evidence_find_holder(machine.dir.path, "/dev/ttyACM0", holder, sizeof(holder));
	cr_expect_str_empty(holder);
	put(&machine, "proc/4711/comm", "TunerStudio\n");
	put_link(&machine, "proc/4711/fd/0", "/dev/null");
	put_link(&machine, "proc/4711/fd/9", "/dev/ttyACM0");
	evidence_find_holder(machine.dir.path, "/dev/ttyACM0", holder, sizeof(holder));
	cr_expect_str_eq(holder, "TunerStudio (process 4711)");
	evidence_find_holder(machine.dir.path, "/dev/ttyACM1", holder, sizeof(holder));
	cr_expect_str_empty(holder);
}

Test(evidence_linux, modemmanager_is_seen_when_it_runs)
{
	CLEANUP(machine_done) struct machine machine;

	machine_init(&machine);
	cr_expect_eq(look(&machine, EVIDENCE_NOTHING)->prober, EVIDENCE_NO);
	put(&machine, "proc/812/comm", "ModemManager\n");
	cr_expect_eq(look(&machine, EVIDENCE_NOTHING)->prober, EVIDENCE_YES);
}
