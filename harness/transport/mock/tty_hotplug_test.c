/* SPDX-License-Identifier: MIT */
/* Serial ports that come and go: nodes, messages, numbers, and the driver that lets go. */
#include "harness/transport/mock/tty_rig_test.h"

#include "harness/transport/mock/sysfs.h"

#define BY_ID                                                                                      \
	"/dev/serial/by-id/usb-rusEFI_LLC_rusEFI_Engine_Management_ECU_0123456789ABCDEF01234567-"  \
	"if01"
#define BY_PATH "/dev/serial/by-path/platform-dfurig.0-usb-0:1:1.1"

Test(tty_hotplug, a_port_is_shown_while_it_is_plugged)
{
	static const char *const paths[] = {TTY, BY_ID, BY_PATH, "/sys/class/tty/ttyACM0",
		"/sys/dev/char/166:0", "/run/udev/data/c166:0",
		"/sys/bus/usb/drivers/cdc_acm/1-1:1.1", "/sys/bus/usb/drivers/cdc_acm/1-1:1.2"};
	CLEANUP(tty_rig_done) struct tty_rig rig;

	tty_rig_init_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cr_expect(is_shown(&rig, paths[i]), "%s", paths[i]);
	vusb_port_unplug(rig.port);
	turns(&rig.server, 3);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cr_expect_not(is_shown(&rig, paths[i]), "%s", paths[i]);
	cr_expect_not(is_shown(&rig, "/dev/serial"));
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	turns(&rig.server, 3);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cr_expect(is_shown(&rig, paths[i]), "%s again", paths[i]);
}

struct text_case {
	const char *path, *text;
};

Test(tty_hotplug, its_files_are_as_linux_writes_them)
{
	static const struct text_case cases[] = {
		{TTY_DIR "/1-1:1.1/tty/ttyACM0/dev", "166:0\n"},
		{"/sys/class/tty/ttyACM0/uevent", "MAJOR=166\nMINOR=0\nDEVNAME=ttyACM0\n"},
		{"/sys/class/tty/ttyACM0/device/bInterfaceNumber", "01\n"},
		{"/sys/class/tty/ttyACM0/device/bmCapabilities", "2\n"},
		{TTY_DIR "/1-1:1.1/iad_bFirstInterface", "01\n"},
		{TTY_DIR "/1-1:1.2/iad_bInterfaceCount", "02\n"},
		{TTY_DIR "/1-1:1.2/iad_bFunctionClass", "02\n"},
		{TTY_DIR "/1-1:1.2/iad_bFunctionSubClass", "02\n"},
		{TTY_DIR "/1-1:1.2/iad_bFunctionProtocol", "01\n"},
		{TTY_DIR "/1-1:1.0/iad_bFirstInterface", ""},
		{TTY_DIR "/1-1:1.2/uevent",
			"DEVTYPE=usb_interface\nDRIVER=cdc_acm\nPRODUCT=483/5740/200\nTYPE=239/2/"
			"1\n"
			"INTERFACE=10/0/0\n"
			"MODALIAS=usb:v0483p5740d0200dcEFdsc02dp01ic0Aisc00ip00in02\n"},
	};
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *files = NULL;

	tty_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig.server);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(text_of(&rig.server, files, cases[i].path), cases[i].text,
			"%s: %s", cases[i].path, text_of(&rig.server, files, cases[i].path));
}

/* The properties that `udevadm info` shows of a real one. */
Test(tty_hotplug, the_udev_data_base_names_port_and_device)
{
	static const char *const lines[] = {
		"S:serial/by-id/"
		"usb-rusEFI_LLC_rusEFI_Engine_Management_ECU_0123456789ABCDEF01234567-"
		"if01\n",
		"S:serial/by-path/platform-dfurig.0-usb-0:1:1.1\n", "E:ID_BUS=usb\n",
		"E:ID_VENDOR=rusEFI_LLC\n", "E:ID_MODEL=rusEFI_Engine_Management_ECU\n",
		"E:ID_VENDOR_ID=0483\n", "E:ID_MODEL_ID=5740\n",
		"E:ID_SERIAL=rusEFI_LLC_rusEFI_Engine_Management_ECU_0123456789ABCDEF01234567\n",
		"E:ID_SERIAL_SHORT=0123456789ABCDEF01234567\n", "E:ID_USB_INTERFACE_NUM=01\n",
		"E:ID_USB_DRIVER=cdc_acm\n", "E:ID_PATH=platform-dfurig.0-usb-0:1:1.1\n",
		"E:ID_PATH_TAG=platform-dfurig_0-usb-0_1_1_1\n", "E:ID_TYPE=generic\n"};
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *files = NULL;
	const char *text;

	tty_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig.server);
	text = text_of(&rig.server, files, "/run/udev/data/c166:0");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		cr_expect(strstr(text, lines[i]), "%s is not in %s", lines[i], text);
}

/* A real port on this machine is none of a program's business. */
Test(tty_hotplug, other_ports_are_hidden)
{
	static const char *const hidden[] = {"/dev/ttyACM5", "/dev/ttyUSB0",
		"/sys/class/tty/ttyUSB0", "/dev/serial/by-id/usb-x"};
	static const char *const not_ours[] = {
		"/dev/ttyS0", "/dev/tty", "/sys/class/tty/ttyS0", "/sys/class/ttyUSB0"};
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *files = NULL;

	tty_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig.server);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		cr_expect_eq(lookup_or_fail(&rig.server, files, hidden[i]).file.type,
			MOCK_FILE_NONE, "%s", hidden[i]);
	for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
		cr_expect_eq(lookup_or_fail(&rig.server, files, not_ours[i]).file.type,
			MOCK_FILE_NOT_OURS, "%s", not_ours[i]);
}

/* --- messages --- */

/* "ACTION NAME, ..." of what has come. */
static const char *heard(struct tty_rig *rig, int monitor, char *ret, size_t room)
{
	char message[4096];
	ssize_t size;
	size_t n = 0;

	turns(&rig->server, 5);
	ret[0] = '\0';
	while ((size = recv(monitor, message, sizeof(message) - 1, 0)) > 0) {
		const char *text = memmem(message, (size_t)size, "ACTION=", 7);
		const char *path;

		cr_assert_not_null(text);
		path = text + strlen(text) + 1;
		n += (size_t)snprintf(ret + n, room - n, "%s%s %s", n ? ", " : "",
			text + strlen("ACTION="), strrchr(path, '/') + 1);
	}
	return ret;
}

static int monitor_or_fail(struct tty_rig *rig, uint8_t groups)
{
	int fd = connect_or_fail(&rig->server, SOCK_SEQPACKET, MOCK_MONITOR_SUFFIX);

	cr_assert_eq(send(fd, &groups, 1, 0), 1);
	turns(&rig->server, 3);
	return fd;
}

#define LEFT                                                                                       \
	"remove 1-1:1.0, remove ttyACM0, unbind 1-1:1.2, unbind 1-1:1.1, remove 1-1:1.1, "         \
	"remove 1-1:1.2, unbind 1-1, remove 1-1"
#define CAME                                                                                       \
	"add 1-1, add 1-1:1.0, add 1-1:1.1, add ttyACM0, bind 1-1:1.1, add 1-1:1.2, "              \
	"bind 1-1:1.2, bind 1-1"

Test(tty_hotplug, messages_come_in_the_kernels_order)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char story[512];

	tty_rig_init_or_fail(&rig);
	for (uint8_t group = SYSFS_GROUP_KERNEL; group <= SYSFS_GROUP_UDEV; group++) {
		CLEANUP(close_fd) int monitor = monitor_or_fail(&rig, group);

		vusb_port_unplug(rig.port);
		cr_expect_str_eq(heard(&rig, monitor, story, sizeof(story)), LEFT, "%s", story);
		vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
		cr_expect_str_eq(heard(&rig, monitor, story, sizeof(story)), CAME, "%s", story);
	}
}

Test(tty_hotplug, the_message_of_a_port_says_what_it_is)
{
	static const char *const properties[] = {"SUBSYSTEM=tty", "DEVNAME=/dev/ttyACM0",
		"MAJOR=166", "MINOR=0", "ID_SERIAL_SHORT=0123456789ABCDEF01234567",
		"DEVLINKS=" BY_ID " " BY_PATH, "ID_USB_DRIVER=cdc_acm"};
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(close_fd) int monitor = -1;
	char message[8192];
	ssize_t size;

	tty_rig_init_or_fail(&rig);
	vusb_port_unplug(rig.port);
	turns(&rig.server, 3);
	monitor = monitor_or_fail(&rig, SYSFS_GROUP_UDEV);
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	turns(&rig.server, 3);
	do
		size = recv(monitor, message, sizeof(message), 0);
	while (size > 0 && !memmem(message, (size_t)size, "SUBSYSTEM=tty", 13));
	cr_assert_gt(size, 0, "no message of a tty");
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		cr_expect(memmem(message, (size_t)size, properties[i], strlen(properties[i]) + 1),
			"%s", properties[i]);
}

/* --- the device leaves --- */

static bool is_hung_up(int fd)
{
	struct pollfd port = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&port, 1, 0) == 1 && port.revents & POLLHUP && read(fd, &byte, 1) == 0 &&
	       write(fd, "x", 1) < 0 && errno == EIO;
}

Test(tty_hotplug, who_has_it_open_sees_a_hang_up)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *drain = NULL;
	int fd, copy;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	copy = dup(fd);
	rig.cdc.naks = true;
	cr_assert_eq(write(fd, "x", 1), 1);
	drain = asking_peer_or_fail(&rig, MOCK_TTY_DRAIN, pts_of(fd), 0, NULL);
	turns(&rig.server, 3);
	vusb_port_unplug(rig.port);
	turns(&rig.server, 3);
	cr_expect(is_hung_up(fd));
	cr_expect(is_hung_up(copy));
	cr_expect_eq(receive_or_fail(&rig.server, drain).result, 0, "there is nothing to wait for");
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_MODEM_GET, 0).result, -EIO);
	close(fd);
	close(copy);
}

/* A number is free when nobody has the port open any more. */
Test(tty_hotplug, a_number_is_used_again_when_all_have_closed_it)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	int fd, other;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	vusb_port_unplug(rig.port);
	turns(&rig.server, 3);
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	turns(&rig.server, 3);
	cr_expect(is_shown(&rig, "/dev/ttyACM1"), "somebody has the first one open");
	cr_expect_not(is_shown(&rig, TTY));
	other = dup(fd);
	close(fd);
	vusb_port_unplug(rig.port);
	turns(&rig.server, 3);
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	turns(&rig.server, 3);
	cr_expect(is_shown(&rig, "/dev/ttyACM1"), "by a copy");
	close(other);
	vusb_port_unplug(rig.port);
	turns(&rig.server, 3);
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	turns(&rig.server, 3);
	cr_expect(is_shown(&rig, TTY));
	turns(&rig.server, 3);
	cr_expect_eq(count_fds(), rig.server.fds, "%d fds left", count_fds() - rig.server.fds);
}

Test(tty_hotplug, numbers_are_always_new_when_a_scenario_says_so)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;

	tty_rig_init_or_fail(&rig);
	mock_new_numbers(rig.server.mock, true);
	for (int i = 1; i < 4; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/ttyACM%d", i);
		vusb_port_unplug(rig.port);
		turns(&rig.server, 3);
		vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
		turns(&rig.server, 3);
		cr_expect(is_shown(&rig, path), "%s", path);
	}
}

/* What is unplugged and plugged in one turn: nothing of the old port reaches the new device. */
Test(tty_hotplug, a_port_that_is_replugged_is_another_one)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	requests(&rig, text, sizeof(text));
	vusb_port_unplug(rig.port);
	rig.cdc.reads = 0;
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "20", "%s", text);
	cr_expect_eq(rig.cdc.reads, 0);
	cr_expect(is_hung_up(fd));
	close(fd);
}

/* --- usbfs beside it --- */

static struct peer *node_peer_or_fail(struct tty_rig *rig)
{
	struct peer *peer = opening_peer_or_fail(&rig->server, CDC_NODE, 0);

	cr_assert_eq(receive_or_fail(&rig->server, peer).result, 0);
	return peer;
}

Test(tty_hotplug, usbfs_has_to_take_the_interfaces_from_the_driver)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *node = NULL;
	CLEANUP(close_fd) int monitor = -1;
	char text[256];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	node = node_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_GET_DRIVER, 0, 0), -ENODATA);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_GET_DRIVER, 1, 0), MOCK_DRIVER_CDC_ACM);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_GET_DRIVER, 2, 0), MOCK_DRIVER_CDC_ACM);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CLAIM, 2, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_SET_CONFIG, 1, 0), -EBUSY);
	requests(&rig, text, sizeof(text));
	monitor = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_DISCONNECT, 2, 0), 0);
	cr_expect_str_eq(heard(&rig, monitor, text, sizeof(text)),
		"remove ttyACM0, unbind 1-1:1.1, unbind 1-1:1.2", "%s", text);
	cr_expect(is_hung_up(fd));
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "22:0", "%s", text);
	cr_expect_not(is_shown(&rig, TTY));
	cr_expect_not(is_shown(&rig, TTY_DIR "/1-1:1.1/driver"));
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_GET_DRIVER, 1, 0), -ENODATA);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CLAIM, 2, 0), 0);
	close(fd);
}

Test(tty_hotplug, the_driver_takes_back_what_is_free)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *node = NULL;
	CLEANUP(close_fd) int monitor = -1;
	char text[256];

	tty_rig_init_or_fail(&rig);
	node = node_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CONNECT, 1, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CONNECT, 0, 0), 0, "no driver for it");
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_DISCONNECT, 1, 0), 0);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CLAIM, 2, 0), 0);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CONNECT, 1, 0), 0, "data is claimed");
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_RELEASE, 2, 0), 0);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CONNECT, 2, 0), 0, "not the way round");
	monitor = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_CONNECT, 1, 0), 1);
	cr_expect_str_eq(heard(&rig, monitor, text, sizeof(text)),
		"bind 1-1:1.2, add ttyACM0, bind 1-1:1.1", "%s", text);
	cr_expect(is_shown(&rig, TTY));
}

Test(tty_hotplug, a_reset_takes_the_port_away_and_brings_it_back)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *node = NULL;
	CLEANUP(close_fd) int monitor = -1;
	char text[256];

	tty_rig_init_or_fail(&rig);
	node = node_peer_or_fail(&rig);
	monitor = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);
	cr_expect_eq(call_or_fail(&rig.server, node, MOCK_RESET, 0, 0), 0);
	cr_expect_str_eq(heard(&rig, monitor, text, sizeof(text)),
		"remove ttyACM0, unbind 1-1:1.2, unbind 1-1:1.1, "
		"bind 1-1:1.2, add ttyACM0, bind 1-1:1.1",
		"%s", text);
}

Test(tty_hotplug, without_permission_nodes_stay_shut_and_ports_open)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *node = NULL, *files = NULL;
	struct answer answer;
	int fd;

	tty_rig_init_or_fail(&rig);
	mock_set_permission(rig.server.mock, false);
	node = opening_peer_or_fail(&rig.server, CDC_NODE, 0);
	cr_expect_eq(receive_or_fail(&rig.server, node).result, -EACCES);
	files = files_peer_or_fail(&rig.server);
	answer = lookup_or_fail(&rig.server, files, CDC_NODE);
	cr_expect_eq(answer.file.mode, 0600);
	cr_expect(answer.file.denied);
	cr_expect_not(lookup_or_fail(&rig.server, files, TTY).file.denied);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_expect_geq(fd, 0);
	close(fd);
	vusb_port_unplug(rig.port);
	vusb_port_plug(rig.port, &rig.cdc.device, "cdc");
	turns(&rig.server, 3);
	cr_expect_eq(lookup_or_fail(&rig.server, files, "/dev/bus/usb/001/004").file.mode, 0600);
	mock_set_permission(rig.server.mock, true);
	cr_expect_eq(lookup_or_fail(&rig.server, files, "/dev/bus/usb/001/004").file.mode, 0666);
}
