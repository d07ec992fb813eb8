/* SPDX-License-Identifier: MIT */
/* Connections: who may say what, files, hotplug messages, and clients that do not behave. */
#include "harness/transport/mock/server_test.h"

#include "harness/transport/mock/server.h"

#include <sys/resource.h>

/* --- files --- */

struct file_case {
	const char *path;
	enum mock_file_type type;
	const char *found;
};

Test(server, tells_what_is_at_a_path)
{
	static const struct file_case cases[] = {
		{"/sys/bus/usb/devices/1-2/serial", MOCK_FILE_REGULAR,
			"/sys/devices/platform/dfurig.0/usb1/1-2/serial"},
		{"/sys/bus/usb/devices", MOCK_FILE_DIR, "/sys/bus/usb/devices"},
		{NODE, MOCK_FILE_DEVICE, NODE},
		{"/sys/bus/usb/devices/1-1", MOCK_FILE_NONE, ""},
		{"/sys/class/net", MOCK_FILE_NOT_OURS, ""},
		{"", MOCK_FILE_DIR, "/"},
	};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;

	server_rig_init_or_fail(&rig);
	peer = files_peer_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct answer answer = lookup_or_fail(&rig, peer, cases[i].path);

		cr_expect_eq(answer.file.type, cases[i].type, "%s", cases[i].path);
		cr_expect_str_eq(answer.path, cases[i].found, "%s", answer.path);
	}
	cr_expect_str_eq(text_of(&rig, peer, "/sys/bus/usb/devices/1-2/serial"), "S1\n");
}

Test(server, lists_a_folder_with_the_kinds_of_its_entries)
{
	static const char entries[] = "lusb1\0l1-0:1.0\0l1-2\0l1-2:1.0\0l1-2:1.1";
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct answer answer;

	server_rig_init_or_fail(&rig);
	peer = files_peer_or_fail(&rig);
	answer = lookup_or_fail(&rig, peer, "/sys/bus/usb/devices");
	cr_expect_eq(answer.file.transparent, 0);
	cr_assert_eq(answer.size, sizeof(entries));
	cr_expect_arr_eq(answer.data, entries, sizeof(entries));
	answer = lookup_or_fail(&rig, peer, "/dev/bus/usb/001");
	cr_assert_eq(answer.size, 10);
	cr_expect_arr_eq(answer.data, "c001\0c002", 10);
	cr_expect_eq(lookup_or_fail(&rig, peer, "/sys").file.transparent, 1);
}

Test(server, says_that_a_path_is_too_long)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	char path[MOCK_PATH_MAX + 1];

	server_rig_init_or_fail(&rig);
	peer = files_peer_or_fail(&rig);
	memset(path, 'x', MOCK_PATH_MAX);
	path[MOCK_PATH_MAX] = '\0';
	cr_expect_eq(lookup_or_fail(&rig, peer, path).message.result, -ENAMETOOLONG);
	cr_expect_str_eq(text_of(&rig, peer, "/sys/bus/usb/devices/1-2/devnum"), "2\n");
}

/* --- opening --- */

Test(server, opening_a_node_gives_its_descriptors)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message reply;
	const uint8_t *bytes;

	server_rig_init_or_fail(&rig);
	peer = opening_peer_or_fail(&rig, NODE, 0);
	reply = receive_or_fail(&rig, peer);
	bytes = peer->in + sizeof(reply);
	cr_expect_eq(reply.kind, MOCK_REPLY);
	cr_expect_eq(reply.result, 0);
	cr_expect_neq(reply.tag, 0);
	cr_expect_eq(reply.a, 2);
	cr_expect_eq(reply.b, USB_SPEED_FULL);
	cr_expect_eq(reply.c, (uint32_t)(SYSFS_BUS_NUMBER << 8 | PORT));
	cr_assert_gt(reply.size, 18 + 9);
	cr_expect_eq(bytes[0], 18);
	cr_expect_eq(bytes[8] | bytes[9] << 8, FAKE_VID);
	cr_expect_eq(bytes[18], 9);
	cr_expect_eq(reply.size, 18u + bytes[20] + 256u * bytes[21]);
}

Test(server, a_node_that_is_not_there_does_not_open)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;

	server_rig_init_or_fail(&rig);
	peer = opening_peer_or_fail(&rig, "/dev/bus/usb/001/003", 0);
	cr_expect_eq(receive_or_fail(&rig, peer).result, -ENODEV);
	cr_expect_eq(polled(&rig, peer), POLLERR, "the pipe's reader is kept");
}

/* The server reads from it: nothing that could make it wait may come in its place. */
Test(server, takes_nothing_but_a_pipe)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *without = NULL;
	struct mock_message hello = {.kind = MOCK_HELLO_DEVICE, .a = MOCK_VERSION};

	server_rig_init_or_fail(&rig);
	peer = peer_or_fail(&rig);
	send_with_fd_or_fail(&rig, peer, hello, NODE, peer->fd);
	cr_expect_eq(receive_or_fail(&rig, peer).result, -EINVAL);
	without = peer_or_fail(&rig);
	send_or_fail(&rig, without, hello, NODE, strlen(NODE));
	cr_expect(is_closed(&rig, without));
}

/* --- clients that do not behave --- */

struct bad_case {
	const char *name;
	struct mock_message message;
	bool after_hello; /* of a MOCK_HELLO_FILES */
};

Test(server, nonsense_closes_the_connection_and_no_other)
{
	static const struct bad_case cases[] = {
		{"wrong version", {.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION + 1}, false},
		{"unknown hello", {.kind = 99, .a = MOCK_VERSION}, false},
		{"no kind", {.kind = 0, .a = MOCK_VERSION}, false},
		{"a question without hello", {.kind = MOCK_LOOKUP, .a = MOCK_VERSION}, false},
		{"a payload too large", {.kind = MOCK_LOOKUP, .size = MOCK_PAYLOAD_MAX + 1}, true},
		{"a payload beyond all", {.kind = MOCK_LOOKUP, .size = UINT32_MAX}, true},
		{"hello again", {.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION}, true},
		{"a transfer without a device", {.kind = MOCK_SUBMIT, .a = VUSB_CONTROL}, true},
		{"a kind of the other side", {.kind = MOCK_REPLY}, true},
		{"an unknown kind", {.kind = 12345}, true},
	};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *other = NULL;

	server_rig_init_or_fail(&rig);
	other = files_peer_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(peer_free)
		struct peer *peer =
			cases[i].after_hello ? files_peer_or_fail(&rig) : peer_or_fail(&rig);

		send_bytes_or_fail(&rig, peer, &cases[i].message, sizeof(cases[i].message));
		cr_expect(is_closed(&rig, peer), "%s", cases[i].name);
		cr_expect_str_eq(text_of(&rig, other, "/sys/bus/usb/devices/1-2/devnum"), "2\n",
			"%s", cases[i].name);
	}
}

struct bad_device_case {
	const char *name;
	struct mock_message message;
	const char *payload;
	size_t size;
	int result; /* 0: the connection is closed */
};

Test(server, nonsense_on_a_node_is_refused_or_closes_it)
{
	static const struct bad_device_case cases[] = {
		{"unknown kind", {.kind = 77}, NULL, 0, 0},
		{"another hello", {.kind = MOCK_HELLO_DEVICE, .a = MOCK_VERSION}, NULL, 0, 0},
		{"unknown call", {.kind = MOCK_CALL, .a = 99}, NULL, 0, 0},
		{"a discard of nothing", {.kind = MOCK_DISCARD, .tag = 5}, NULL, 0, -EINVAL},
		{"no setup packet", {.kind = MOCK_SUBMIT, .a = VUSB_CONTROL, .c = 100}, "1234567",
			7, -EINVAL},
		{"less room than wLength", {.kind = MOCK_SUBMIT, .a = VUSB_CONTROL, .c = 3},
			"\xc0\7\0\0\0\0\4\0", 8, -EINVAL},
		{"less data than wLength", {.kind = MOCK_SUBMIT, .a = VUSB_CONTROL, .c = 4},
			"\x40\7\0\0\0\0\4\0abc", 11, -EINVAL},
		{"less data than room", {.kind = MOCK_SUBMIT, .a = VUSB_BULK, .b = 1, .c = 4},
			"abc", 3, -EINVAL},
		{"more room than allowed",
			{.kind = MOCK_SUBMIT, .a = VUSB_BULK, .b = 0x81, .c = MOCK_PAYLOAD_MAX + 1},
			NULL, 0, -EINVAL},
		{"isochronous", {.kind = MOCK_SUBMIT, .a = 0, .b = 0x81, .c = 8}, NULL, 0, -EINVAL},
		{"no such endpoint", {.kind = MOCK_SUBMIT, .a = VUSB_BULK, .b = 0x83, .c = 8}, NULL,
			0, -ENOENT},
		{"no endpoint number", {.kind = MOCK_SUBMIT, .a = VUSB_BULK, .b = 0xf1, .c = 8},
			NULL, 0, -EINVAL},
		{"an interrupt URB on a bulk endpoint",
			{.kind = MOCK_SUBMIT, .a = VUSB_INTERRUPT, .b = 0x81, .c = 8}, NULL, 0,
			-EINVAL},
		{"no such interface", {.kind = MOCK_CALL, .a = MOCK_CLAIM, .b = 7}, NULL, 0,
			-ENOENT},
		{"no interface number", {.kind = MOCK_CALL, .a = MOCK_CLAIM, .b = 64}, NULL, 0,
			-EINVAL},
		{"release of no interface", {.kind = MOCK_CALL, .a = MOCK_RELEASE, .b = 7}, NULL, 0,
			-ENOENT},
		{"release of what is not claimed", {.kind = MOCK_CALL, .a = MOCK_RELEASE}, NULL, 0,
			-EINVAL},
		{"no such alternate", {.kind = MOCK_CALL, .a = MOCK_SET_ALT, .b = 0, .c = 9}, NULL,
			0, -EINVAL},
		{"no such configuration", {.kind = MOCK_CALL, .a = MOCK_SET_CONFIG, .b = 9}, NULL,
			0, -EINVAL},
		{"clear halt of no endpoint", {.kind = MOCK_CALL, .a = MOCK_CLEAR_HALT, .b = 0x85},
			NULL, 0, -ENOENT},
		{"clear halt of nonsense", {.kind = MOCK_CALL, .a = MOCK_CLEAR_HALT, .b = 0x181},
			NULL, 0, -EINVAL},
		{"driver of no interface", {.kind = MOCK_CALL, .a = MOCK_GET_DRIVER, .b = 9}, NULL,
			0, -ENOENT},
		{"driver of nothing", {.kind = MOCK_CALL, .a = MOCK_GET_DRIVER, .b = 99}, NULL, 0,
			-EINVAL},
	};
	CLEANUP(server_rig_done) struct server_rig rig;

	server_rig_init_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(peer_free) struct peer *peer = device_peer_or_fail(&rig);

		send_or_fail(&rig, peer, cases[i].message, cases[i].payload, cases[i].size);
		if (cases[i].result)
			cr_expect_eq(receive_or_fail(&rig, peer).result, cases[i].result, "%s",
				cases[i].name);
		else
			cr_expect(is_closed(&rig, peer), "%s", cases[i].name);
		peer_close(peer);
		turns(&rig, 5);
	}
	cr_expect_eq(rig.fake.controls + rig.fake.datas, 0, "the device was asked");
	cr_expect_eq(count_fds(), rig.fds);
}

Test(server, a_message_may_come_in_pieces)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	const char *path = "/sys/bus/usb/devices/1-2/product";
	struct mock_message messages[] = {{.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION},
		{.kind = MOCK_LOOKUP, .a = 1, .size = (uint32_t)strlen(path)}};
	struct mock_message reply;

	server_rig_init_or_fail(&rig);
	peer = peer_or_fail(&rig);
	for (size_t i = 0; i < sizeof(messages); i++)
		send_bytes_or_fail(&rig, peer, (const uint8_t *)messages + i, 1);
	for (size_t i = 0; i < strlen(path); i++)
		send_bytes_or_fail(&rig, peer, path + i, 1);
	reply = receive_or_fail(&rig, peer);
	cr_expect_eq(reply.result, 0);
	cr_expect_not_null(memmem(peer->in + sizeof(reply), reply.size, "Fake  \xc3\xa9\n", 9));
}

Test(server, messages_may_come_all_at_once)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	uint8_t bytes[1 + 1000][sizeof(struct mock_message)];
	struct mock_message hello = {.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION};

	server_rig_init_or_fail(&rig);
	peer = peer_or_fail(&rig);
	memcpy(bytes[0], &hello, sizeof(hello));
	for (uint64_t i = 1; i < ARRAY_SIZE(bytes); i++) {
		struct mock_message ask = {.kind = MOCK_LOOKUP, .tag = i};

		memcpy(bytes[i], &ask, sizeof(ask));
	}
	send_bytes_or_fail(&rig, peer, bytes, sizeof(bytes));
	for (uint64_t i = 1; i < ARRAY_SIZE(bytes); i++)
		cr_assert_eq(receive_or_fail(&rig, peer).tag, i);
}

Test(server, a_client_that_goes_in_the_middle_of_a_message_leaves_nothing)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	struct mock_message half = {.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION};

	server_rig_init_or_fail(&rig);
	for (size_t size = 0; size < sizeof(half); size += 5) {
		CLEANUP(peer_free) struct peer *peer = peer_or_fail(&rig);

		send_bytes_or_fail(&rig, peer, &half, size);
		peer_close(peer);
		turns(&rig, 5);
		cr_expect_eq(count_fds(), rig.fds, "after %zu bytes", size);
	}
}

/* Two fds at once, and again with more bytes of the same hello: all but one are closed at once, the last with the client. */
Test(server, fds_that_nobody_asked_for_are_closed)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr header = {.msg_control = &control, .msg_controllen = sizeof(control)};
	int fds[] = {STDERR_FILENO, STDERR_FILENO};

	server_rig_init_or_fail(&rig);
	peer = peer_or_fail(&rig);
	for (int i = 0; i < 3; i++) {
		struct iovec part = {"xyz", 3};

		header.msg_iov = &part;
		header.msg_iovlen = 1;
		control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fds)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
		cr_assert_eq(sendmsg(peer->fd, &header, 0), 3);
		turns(&rig, 3);
	}
	cr_expect_eq(count_fds(), rig.fds + 2 + 1, "the peer's socket, its end here, one fd");
	peer_close(peer);
	turns(&rig, 5);
	cr_expect_eq(count_fds(), rig.fds);
}

/* 64 KiB of answer for each question, and none is read. */
Test(server, a_client_that_does_not_read_is_dropped)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	uint8_t setup[8] = {0xc0, 7, 0, 0, 0, 0, 0xff, 0xff};
	struct mock_message ask = {
		.kind = MOCK_SUBMIT, .a = VUSB_CONTROL, .c = 0xffff, .size = sizeof(setup)};
	uint8_t bytes[sizeof(ask) + sizeof(setup)];
	ssize_t n = 1;
	int asked = 0;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	memcpy(bytes, &ask, sizeof(ask));
	memcpy(bytes + sizeof(ask), setup, sizeof(setup));
	for (; n > 0 && asked < 1000; asked++) {
		n = send(peer->fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		turn(&rig);
	}
	cr_expect_lt(n, 0, "still there after %d answers", asked);
	cr_expect_eq(errno, EPIPE);
	cr_expect_gt(asked, 200);
	peer_close(peer);
	turns(&rig, 5);
	cr_expect_eq(count_fds(), rig.fds);
}

Test(server, a_client_may_be_slow_to_read)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	uint8_t setup[8] = {0xc0, 7, 0, 0, 0, 0, 0xff, 0xff};

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	for (uint64_t i = 0; i < 20; i++)
		send_or_fail(&rig, peer,
			(struct mock_message){
				.kind = MOCK_SUBMIT, .tag = i, .a = VUSB_CONTROL, .c = 0xffff},
			setup, sizeof(setup));
	for (uint64_t i = 0; i < 20; i++) {
		struct mock_message message = receive_or_fail(&rig, peer);

		cr_assert_eq(message.kind, MOCK_COMPLETED);
		cr_assert_eq(message.tag, i);
		cr_assert_eq(message.size, 0xffff);
		cr_assert_eq(peer->in[sizeof(message) + 0xfffe], rig.fake.fake_byte);
	}
}

Test(server, clients_that_go_leave_nothing_behind)
{
	CLEANUP(server_rig_done) struct server_rig rig;

	server_rig_init_or_fail(&rig);
	for (int i = 0; i < 30; i++) {
		CLEANUP(peer_free) struct peer *files = files_peer_or_fail(&rig);
		CLEANUP(peer_free) struct peer *device = device_peer_or_fail(&rig);

		cr_expect_str_neq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/devnum"), "");
		rig.fake.control_result = VUSB_NAK;
		submit_vendor(&rig, device, 1, true);
	}
	turns(&rig, 10);
	cr_expect_eq(count_fds(), rig.fds);
	cr_expect(list_empty(&rig.port->pending), "a transfer of a client that has gone");
	cr_expect_eq(rig.mock->urb_bytes, 0);
	cr_expect(list_empty(&rig.mock->clients));
}

Test(server, stops_while_clients_are_busy)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *files = NULL;
	CLEANUP(peer_free) struct peer *device = NULL;
	CLEANUP(close_fd) int monitor = -1;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	device = device_peer_or_fail(&rig);
	monitor = connect_or_fail(&rig, SOCK_SEQPACKET, MOCK_MONITOR_SUFFIX);
	rig.fake.control_result = VUSB_NAK;
	submit_vendor(&rig, device, 1, true);
	cr_expect_eq(submitted_or_fail(&rig, device), 0);
	mock_stop(rig.mock);
	rig.mock = NULL;
	cr_expect_eq(recv(files->fd, &message, sizeof(message), 0), 0);
	cr_expect_eq(recv(monitor, &message, sizeof(message), 0), 0);
	cr_expect(list_empty(&rig.port->pending));
	cr_expect_eq(uv_loop_alive(&rig.loop), 0);
}

/* Who connects while there is no free fd waits; the loop does not spin meanwhile. */
Test(server, waits_for_fds_when_there_are_none)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct rlimit limit, low;

	server_rig_init_or_fail(&rig);
	peer = peer_or_fail(&rig);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	turns(&rig, 10);
	cr_expect(!uv_is_active((uv_handle_t *)&rig.mock->listen_poll), "it goes on trying");
	cr_expect(list_empty(&rig.mock->clients));
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < 3 && !uv_is_active((uv_handle_t *)&rig.mock->listen_poll); i++)
		uv_run(&rig.loop, UV_RUN_ONCE); /* until its timer */
	turns(&rig, 3);
	send_or_fail(&rig, peer, (struct mock_message){.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION},
		NULL, 0);
	cr_expect_str_eq(text_of(&rig, peer, "/sys/bus/usb/devices/1-2/devnum"), "2\n");
}

/* --- hotplug messages --- */

static int monitor_or_fail(struct server_rig *rig, uint8_t groups)
{
	int fd = connect_or_fail(rig, SOCK_SEQPACKET, MOCK_MONITOR_SUFFIX);

	cr_assert_eq(send(fd, &groups, 1, 0), 1);
	turns(rig, 3);
	return fd;
}

/* The messages that have come, "ACTION NAME" each, a '*' before those of udev; in one line. */
static const char *heard(struct server_rig *rig, int monitor, char *ret, size_t room)
{
	uint8_t message[4096];
	ssize_t size;
	size_t n = 0;

	turns(rig, 5);
	ret[0] = '\0';
	while ((size = recv(monitor, message, sizeof(message), 0)) > 0) {
		bool is_udev = memcmp(message, "libudev", 8) == 0;
		const char *text = memmem(message, (size_t)size, "ACTION=", 7);
		const char *action = text + strlen("ACTION=");
		const char *path = action + strlen(action) + 1;

		cr_assert_not_null(text);
		n += (size_t)snprintf(ret + n, room - n, "%s%s%s %s", n ? ", " : "",
			is_udev ? "*" : "", action, strrchr(path, '/') + 1);
	}
	return ret;
}

struct group_case {
	const char *name;
	uint8_t groups;
	const char *left, *came;
};

Test(server, monitors_hear_what_their_groups_do)
{
	static const struct group_case cases[] = {
		{"none", 0, "", ""},
		{"kernel", 1, "remove 1-2:1.0, remove 1-2:1.1, unbind 1-2, remove 1-2",
			"add 1-2, add 1-2:1.0, add 1-2:1.1, bind 1-2"},
		{"udev", 2, "*remove 1-2:1.0, *remove 1-2:1.1, *unbind 1-2, *remove 1-2",
			"*add 1-2, *add 1-2:1.0, *add 1-2:1.1, *bind 1-2"},
		{"both", 3,
			"remove 1-2:1.0, *remove 1-2:1.0, remove 1-2:1.1, *remove 1-2:1.1, "
			"unbind 1-2, *unbind 1-2, remove 1-2, *remove 1-2",
			"add 1-2, *add 1-2, add 1-2:1.0, *add 1-2:1.0, add 1-2:1.1, *add 1-2:1.1, "
			"bind 1-2, *bind 1-2"},
	};
	CLEANUP(server_rig_done) struct server_rig rig;

	server_rig_init_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(close_fd) int monitor = monitor_or_fail(&rig, cases[i].groups);
		char story[512];

		vusb_port_unplug(rig.port);
		cr_expect_str_eq(heard(&rig, monitor, story, sizeof(story)), cases[i].left,
			"%s: %s", cases[i].name, story);
		vusb_port_plug(rig.port, &rig.fake.device, "fake");
		cr_expect_str_eq(heard(&rig, monitor, story, sizeof(story)), cases[i].came,
			"%s: %s", cases[i].name, story);
	}
}

/* The folder is there before anybody hears of it, and gone before anybody hears that. */
Test(server, messages_come_when_the_files_are_so)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(close_fd) int monitor = -1;
	CLEANUP(peer_free) struct peer *files = NULL;
	char story[512];

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	monitor = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);
	vusb_port_unplug(rig.port);
	cr_expect_str_neq(heard(&rig, monitor, story, sizeof(story)), "");
	cr_expect_str_eq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/devnum"), "");
	vusb_port_plug(rig.port, &rig.fake.device, "fake");
	cr_expect_str_neq(heard(&rig, monitor, story, sizeof(story)), "");
	cr_expect_str_eq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/devnum"), "3\n",
		"a new number with each plug");
}

Test(server, a_monitor_that_does_not_read_harms_nobody)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(close_fd) int lazy = -1;
	CLEANUP(close_fd) int other = -1;
	char story[512];
	uint8_t message[4096];
	int count = 0;

	server_rig_init_or_fail(&rig);
	lazy = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL | SYSFS_GROUP_UDEV);
	for (int i = 0; i < 300; i++) {
		vusb_port_unplug(rig.port);
		turn(&rig);
		vusb_port_plug(rig.port, &rig.fake.device, "fake");
		turn(&rig);
	}
	other = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);
	vusb_port_unplug(rig.port);
	cr_expect_str_eq(heard(&rig, other, story, sizeof(story)),
		"remove 1-2:1.0, remove 1-2:1.1, unbind 1-2, remove 1-2");
	for (int i = 0; i < TURNS_MAX; i++) {
		turn(&rig);
		count += recv(lazy, message, sizeof(message), 0) > 0;
	}
	cr_expect_gt(count, 1000, "as many as are kept for it");
	cr_expect_lt(count, 2000);
}

Test(server, monitors_that_go_leave_nothing_behind)
{
	CLEANUP(server_rig_done) struct server_rig rig;

	server_rig_init_or_fail(&rig);
	for (int i = 0; i < 20; i++) {
		int monitor = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);

		if (i == 10)
			vusb_port_unplug(rig.port);
		close(monitor);
	}
	turns(&rig, 5);
	cr_expect_eq(count_fds(), rig.fds);
	cr_expect(list_empty(&rig.mock->monitors));
}

/* --- what is shown --- */

static enum vusb_result stall_all(
	struct vusb_tap *tap UNUSED, struct vusb_transfer *transfer UNUSED)
{
	return VUSB_STALL;
}

Test(server, a_device_that_cannot_be_read_is_not_shown)
{
	static const struct vusb_tap_ops ops = {.name = "stall", .attempt = stall_all};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *files = NULL;
	struct vusb_tap tap = {.ops = &ops};

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	vusb_port_unplug(rig.port);
	vusb_bus_add_tap(rig.bus, &tap);
	vusb_port_plug(rig.port, &rig.fake.device, "fake");
	cr_expect_str_eq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/devnum"), "");
	vusb_bus_remove_tap(&tap);
	turns(&rig, 5);
	cr_expect_str_eq(
		text_of(&rig, files, "/sys/bus/usb/devices/1-2/devnum"), "", "it is tried once");
	vusb_port_unplug(rig.port);
	vusb_port_plug(rig.port, &rig.fake.device, "fake");
	cr_expect_str_eq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/devnum"), "4\n");
}

Test(server, what_is_unplugged_and_plugged_in_one_turn_is_another_device)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(close_fd) int monitor = -1;
	char story[512];

	server_rig_init_or_fail(&rig);
	monitor = monitor_or_fail(&rig, SYSFS_GROUP_KERNEL);
	vusb_port_unplug(rig.port);
	vusb_port_plug(rig.port, &rig.fake.device, "fake");
	cr_expect_str_eq(heard(&rig, monitor, story, sizeof(story)),
		"remove 1-2:1.0, remove 1-2:1.1, unbind 1-2, remove 1-2, "
		"add 1-2, add 1-2:1.0, add 1-2:1.1, bind 1-2");
}

Test(server, the_bus_is_ticked_when_a_device_asks_for_it)
{
	CLEANUP(server_rig_done) struct server_rig rig;

	server_rig_init_or_fail(&rig);
	rig.fake.deadline_us = rig.clock.time_us + 1000;
	turn(&rig);
	cr_expect_eq(rig.fake.ticked, 0);
	rig.clock.time_us += 1000;
	for (int i = 0; i < 100 && !rig.fake.ticked; i++)
		uv_run(&rig.loop, UV_RUN_ONCE);
	cr_expect_eq(rig.fake.ticked, 1);
}
