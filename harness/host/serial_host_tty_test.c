/* SPDX-License-Identifier: MIT */
#include "harness/host/serial_host_tty.h"

#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define BY_ID      "usb-rusEFI_LLC_rusEFI_Engine_Management_ECU_0123456789ABCDEF01234567-if01"
#define USB_FOLDER "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4"

/* A folder that looks like a system's /sys and /dev. */
struct tree {
	struct temp_dir dir;
	struct serial_host *host;
	struct why why;
};

static void make_folders(struct tree *tree, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		char folder[256];

		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		cr_assert(mkdir(temp_path(&tree->dir, folder), 0777) == 0 || errno == EEXIST);
	}
}

static void put_file(struct tree *tree, const char *path, const char *text)
{
	make_folders(tree, path);
	temp_file_or_fail(&tree->dir, path, text, strlen(text));
}

static void put_link(struct tree *tree, const char *path, const char *target)
{
	make_folders(tree, path);
	cr_assert_eq(symlink(target, temp_path(&tree->dir, path)), 0, "%s", path);
}

/* An ECU at /dev/ttyACM10, a USB-serial converter at ttyUSB0, and ttys that are not USB. */
static void tree_init(struct tree *tree)
{
	*tree = (struct tree){.dir = temp_dir_or_fail()};
	put_file(tree, USB_FOLDER "/idVendor", "0483\n");
	put_file(tree, USB_FOLDER "/idProduct", "5740\n");
	put_file(tree, USB_FOLDER "/product", "rusEFI Engine Management ECU\n");
	put_file(tree, USB_FOLDER "/serial", "0123456789ABCDEF01234567\n");
	put_file(tree, USB_FOLDER "/1-1.4:1.1/bInterfaceNumber", "01\n");
	put_link(tree, USB_FOLDER "/1-1.4:1.1/tty/ttyACM10/device", "../../../1-1.4:1.1");
	put_link(tree, "sys/class/tty/ttyACM10",
		"../../devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4/1-1.4:1.1/tty/ttyACM10");
	put_file(tree, "sys/devices/usb2/2-1/idVendor", "0403\n");
	put_file(tree, "sys/devices/usb2/2-1/idProduct", "6001\n");
	put_file(tree, "sys/devices/usb2/2-1/2-1:1.0/bInterfaceNumber", "00\n");
	put_link(tree, "sys/devices/usb2/2-1/2-1:1.0/ttyUSB0/tty/ttyUSB0/device",
		"../../../ttyUSB0");
	put_link(tree, "sys/class/tty/ttyUSB0",
		"../../devices/usb2/2-1/2-1:1.0/ttyUSB0/tty/ttyUSB0");
	put_file(tree, "sys/devices/virtual/tty/tty0/dev", "4:0\n");
	put_link(tree, "sys/class/tty/tty0", "../../devices/virtual/tty/tty0");
	put_file(tree, "sys/devices/platform/serial8250/x", "");
	put_link(tree, "sys/devices/platform/serial8250/tty/ttyS0/device", "../../../serial8250");
	put_link(tree, "sys/class/tty/ttyS0", "../../devices/platform/serial8250/tty/ttyS0");
	put_link(tree, "dev/serial/by-id/usb-Somebody_else-if00", "../../ttyUSB1");
	put_link(tree, "dev/serial/by-id/" BY_ID, "../../ttyACM10");
	tree->host = serial_host_tty_new(tree->dir.path);
	cr_assert_not_null(tree->host);
}

static void tree_done(struct tree *tree)
{
	serial_host_tty_free(tree->host);
	temp_dir_done(&tree->dir);
}

static size_t list(struct tree *tree, struct serial_port_entry *ret, size_t room)
{
	size_t count = 99;

	cr_assert_eq(tree->host->ops->list(tree->host, ret, room, &count, &tree->why), 0, "%s",
		tree->why.text);
	return count;
}

Test(serial_tty, lists_the_ttys_of_usb_devices)
{
	CLEANUP(tree_done) struct tree tree;
	struct serial_port_entry entries[4];

	tree_init(&tree);
	cr_assert_eq(list(&tree, entries, ARRAY_SIZE(entries)), 2);
	cr_expect_str_eq(entries[0].name, "/dev/ttyACM10");
	cr_expect_str_eq(entries[0].link, "/dev/serial/by-id/" BY_ID);
	cr_expect_str_eq(entries[0].usb_path, "1-1.4");
	cr_expect_eq(entries[0].vid, 0x0483);
	cr_expect_eq(entries[0].pid, 0x5740);
	cr_expect_eq(entries[0].interface, 1);
	cr_expect_str_eq(entries[0].product, "rusEFI Engine Management ECU");
	cr_expect_str_eq(entries[0].serial, "0123456789ABCDEF01234567");
	cr_expect_str_eq(entries[1].name, "/dev/ttyUSB0");
	cr_expect_str_eq(entries[1].link, "");
	cr_expect_str_eq(entries[1].usb_path, "2-1");
	cr_expect_eq(entries[1].vid, 0x0403);
	cr_expect_str_eq(entries[1].serial, "");
}

Test(serial_tty, ports_are_sorted_by_their_numbers)
{
	CLEANUP(tree_done) struct tree tree;
	struct serial_port_entry entries[4];

	tree_init(&tree);
	put_file(&tree, USB_FOLDER "/1-1.4:1.3/bInterfaceNumber", "03\n");
	put_link(&tree, USB_FOLDER "/1-1.4:1.3/tty/ttyACM2/device", "../../../1-1.4:1.3");
	put_link(&tree, "sys/class/tty/ttyACM2",
		"../../devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4/1-1.4:1.3/tty/ttyACM2");
	cr_assert_eq(list(&tree, entries, ARRAY_SIZE(entries)), 3);
	cr_expect_str_eq(entries[0].name, "/dev/ttyACM2");
	cr_expect_eq(entries[0].interface, 3);
	cr_expect_str_eq(entries[1].name, "/dev/ttyACM10");
	cr_expect_eq(list(&tree, entries, 1), 3);
}

Test(serial_tty, a_tty_that_leaves_while_it_is_listed_is_left_out)
{
	CLEANUP(tree_done) struct tree tree;
	struct serial_port_entry entries[4];

	tree_init(&tree);
	cr_assert_eq(unlink(temp_path(&tree.dir, USB_FOLDER "/idProduct")), 0);
	cr_expect_eq(list(&tree, entries, ARRAY_SIZE(entries)), 1);
	cr_expect_str_eq(entries[0].name, "/dev/ttyUSB0");
}

Test(serial_tty, a_system_without_sysfs_has_no_ports)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	struct serial_host *host = serial_host_tty_new(dir.path);
	struct serial_port_entry entry;
	size_t count = 99;

	cr_assert_not_null(host);
	cr_expect_eq(host->ops->list(host, &entry, 1, &count, NULL), 0);
	cr_expect_eq(count, 0);
	serial_host_tty_free(host);
}

/* A pseudo terminal in place of a port; master is the device's end. */
struct pty {
	struct serial_host *host;
	struct serial_port *port;
	int master;
	char name[64];
	struct why why;
};

static void pty_init(struct pty *pty)
{
	*pty = (struct pty){.host = serial_host_tty_new("")};
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_geq(pty->master, 0);
	cr_assert(grantpt(pty->master) == 0 && unlockpt(pty->master) == 0);
	cr_assert_eq(ptsname_r(pty->master, pty->name, sizeof(pty->name)), 0);
	cr_assert_eq(pty->host->ops->open(pty->host, pty->name, &pty->port, &pty->why), 0, "%s",
		pty->why.text);
}

static void pty_done(struct pty *pty)
{
	if (pty->port)
		pty->port->ops->close(pty->port);
	if (pty->master >= 0)
		close(pty->master);
	serial_host_tty_free(pty->host);
}

Test(serial_tty, bytes_go_both_ways_as_they_are)
{
	CLEANUP(pty_done) struct pty pty;
	static const uint8_t bytes[] = {0x00, 0x0a, 0x0d, 0x03, 0x11, 0x13, 0x7f, 0xff, 0x1a};
	uint8_t got[32];

	pty_init(&pty);
	cr_assert_eq(pty.port->ops->write(pty.port, bytes, sizeof(bytes), 1000), 0);
	cr_assert_eq(read(pty.master, got, sizeof(got)), (ssize_t)sizeof(bytes));
	cr_expect_arr_eq(got, bytes, sizeof(bytes));
	cr_assert_eq(write(pty.master, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	cr_assert_eq(pty.port->ops->read(pty.port, got, 2, 1000), 2);
	cr_assert_eq(pty.port->ops->read(pty.port, got, sizeof(got), 1000), 7);
	cr_expect_arr_eq(got, bytes + 2, 7);
}

Test(serial_tty, reading_ends_when_the_time_is_over)
{
	CLEANUP(pty_done) struct pty pty;
	uint8_t got[8];

	pty_init(&pty);
	cr_expect_eq(pty.port->ops->read(pty.port, got, sizeof(got), 0), 0);
	cr_expect_eq(pty.port->ops->read(pty.port, got, sizeof(got), 1), 0);
}

Test(serial_tty, writing_ends_when_nobody_reads)
{
	CLEANUP(pty_done) struct pty pty;
	static uint8_t many[1 << 20];

	pty_init(&pty);
	cr_expect_eq(pty.port->ops->write(pty.port, many, sizeof(many), 1), -ETIMEDOUT);
}

Test(serial_tty, what_came_before_is_dropped)
{
	CLEANUP(pty_done) struct pty pty;
	uint8_t got[8];

	pty_init(&pty);
	cr_assert_eq(write(pty.master, "old", 3), 3);
	pty.port->ops->drop_input(pty.port);
	cr_expect_eq(pty.port->ops->read(pty.port, got, sizeof(got), 0), 0);
}

Test(serial_tty, a_port_that_hangs_up_is_gone)
{
	CLEANUP(pty_done) struct pty pty;
	uint8_t got[8];

	pty_init(&pty);
	close(pty.master);
	pty.master = -1;
	cr_expect_eq(pty.port->ops->read(pty.port, got, sizeof(got), 1000), -ENODEV);
	cr_expect_eq(pty.port->ops->write(pty.port, got, 1, 1000), -ENODEV);
}

Test(serial_tty, a_port_is_for_one_program)
{
	CLEANUP(pty_done) struct pty pty;
	struct serial_port *second;

	pty_init(&pty);
	cr_expect_eq(pty.host->ops->open(pty.host, pty.name, &second, &pty.why), -EBUSY);
	cr_expect_not_null(strstr(pty.why.text, "another program"));
	pty.port->ops->close(pty.port);
	cr_expect_eq(pty.host->ops->open(pty.host, pty.name, &pty.port, &pty.why), 0, "%s",
		pty.why.text);
}

Test(serial_tty, a_port_is_raw_and_fast)
{
	CLEANUP(pty_done) struct pty pty;
	struct termios termios;

	pty_init(&pty);
	cr_assert_eq(tcgetattr(pty.master, &termios), 0);
	cr_expect_eq(cfgetospeed(&termios), B115200);
	cr_expect_eq(termios.c_cflag & CSIZE, CS8);
	cr_expect_eq(termios.c_cflag & (PARENB | CSTOPB | CRTSCTS), 0);
	cr_expect_eq(termios.c_lflag & (ICANON | ECHO | ISIG), 0);
}

Test(serial_tty, other_files_are_no_ports)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	struct serial_host *host = serial_host_tty_new("");
	struct serial_port *port;
	struct why why;

	cr_expect_eq(host->ops->open(host, temp_path(&dir, "none"), &port, &why), -ENOENT);
	cr_expect_eq(host->ops->open(host, temp_file_or_fail(&dir, "file", "x", 1), &port, &why),
		-ENOTTY);
	serial_host_tty_free(host);
}
