/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the server share: a bus with a fake device, the server on a loop, and clients in the same process that
 * speak ../protocol.h as the preload library does. Nobody waits: the loop is turned until what is awaited has come.
 */
#ifndef DFURIG_TRANSPORT_MOCK_SERVER_TEST_H
#define DFURIG_TRANSPORT_MOCK_SERVER_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/base/clock.h"
#include "harness/testing/fake_device.h"
#include "harness/transport/mock/mock.h"
#include "harness/transport/mock/protocol.h"

#define PORTS     2
#define PORT      2 /* where the fake device is plugged */
#define TURNS_MAX 4000
#define NODE      "/dev/bus/usb/001/002"

struct server_rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct fake_device fake;
	uv_loop_t loop;
	struct mock *mock;
	int fds; /* open ones before any client */
};

/* Open file numbers of this process. */
static inline int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static inline void turn(struct server_rig *rig)
{
	uv_run(&rig->loop, UV_RUN_NOWAIT);
}

static inline void turns(struct server_rig *rig, int count)
{
	for (int i = 0; i < count; i++)
		turn(rig);
}

/* CLEANUP(server_rig_done) */
static inline void server_rig_init_or_fail(struct server_rig *rig)
{
	struct why why = {""};

	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, PORTS);
	cr_assert_not_null(rig->bus);
	rig->port = vusb_bus_port(rig->bus, PORT);
	fake_device_init(&rig->fake);
	vusb_port_plug(rig->port, &rig->fake.device, "fake");
	cr_assert_eq(uv_loop_init(&rig->loop), 0);
	cr_assert_eq(mock_start(rig->bus, &rig->loop, &rig->mock, &why), 0, "%s", why_text(&why));
	turns(rig, 2);
	rig->fds = count_fds();
}

static inline void server_rig_done(struct server_rig *rig)
{
	mock_stop(rig->mock);
	cr_expect_eq(uv_loop_close(&rig->loop), 0, "a handle is still open");
	vusb_bus_free(rig->bus);
}

/* A client's connection. */
struct peer {
	int fd;
	int pipe[2]; /* of an open node: what the server reads from, what the program polls */
	uint8_t in[MOCK_PAYLOAD_MAX / 8];
	size_t have;
};

static inline int connect_or_fail(struct server_rig *rig, int type, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s%s",
		mock_address(rig->mock), suffix);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)),
		0);
	return fd;
}

/* CLEANUP(peer_free) */
static inline struct peer *peer_or_fail(struct server_rig *rig)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	cr_assert_not_null(peer);
	peer->fd = connect_or_fail(rig, SOCK_STREAM, "");
	peer->pipe[0] = peer->pipe[1] = -1;
	return peer;
}

static inline void peer_close(struct peer *peer)
{
	close_fd(&peer->fd);
	close_fd(&peer->pipe[1]);
	peer->fd = peer->pipe[1] = -1;
}

static inline void peer_free(struct peer **peer)
{
	if (!*peer)
		return;
	peer_close(*peer);
	free(*peer);
}

/* Hands over all of it, turning the loop when the socket is full. */
static inline void send_bytes_or_fail(
	struct server_rig *rig, struct peer *peer, const void *data, size_t size)
{
	size_t sent = 0;

	for (int i = 0; sent < size && i < TURNS_MAX; i++) {
		ssize_t n = send(peer->fd, (const uint8_t *)data + sent, size - sent, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		turn(rig);
	}
	cr_assert_eq(sent, size, "%zu of %zu bytes taken", sent, size);
}

static inline void send_or_fail(struct server_rig *rig, struct peer *peer,
	struct mock_message message, const void *payload, size_t size)
{
	message.size = (uint32_t)size;
	send_bytes_or_fail(rig, peer, &message, sizeof(message));
	if (size)
		send_bytes_or_fail(rig, peer, payload, size);
}

/* The next message, if one comes; its payload is at peer->in + sizeof(message) until the next call. */
static inline bool receive(struct server_rig *rig, struct peer *peer, struct mock_message *ret)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		size_t wanted = sizeof(*ret);
		ssize_t n;

		if (peer->have >= wanted) {
			memcpy(ret, peer->in, sizeof(*ret));
			wanted += ret->size;
			cr_assert_leq(wanted, sizeof(peer->in));
		}
		if (peer->have == wanted) {
			peer->have = 0;
			return true;
		}
		turn(rig);
		n = recv(peer->fd, peer->in + peer->have, wanted - peer->have, 0);
		if (n == 0)
			return false;
		peer->have += n > 0 ? (size_t)n : 0;
	}
	return false;
}

static inline struct mock_message receive_or_fail(struct server_rig *rig, struct peer *peer)
{
	struct mock_message message = {0};

	cr_assert(receive(rig, peer, &message), "no message");
	return message;
}

/* True when the server has closed the connection, and said nothing before. */
static inline bool is_closed(struct server_rig *rig, struct peer *peer)
{
	uint8_t byte;
	ssize_t n = -1;

	for (int i = 0; i < 50 && n < 0; i++) {
		turn(rig);
		n = recv(peer->fd, &byte, 1, 0);
		if (n < 0 && errno != EAGAIN)
			return true; /* reset: it did not read all */
	}
	return n == 0;
}

/* Nothing more has come. */
static inline bool is_silent(struct server_rig *rig, struct peer *peer)
{
	uint8_t byte;

	turns(rig, 20);
	return recv(peer->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

/* --- a client that looks for files --- */

static inline struct peer *files_peer_or_fail(struct server_rig *rig)
{
	struct peer *peer = peer_or_fail(rig);

	send_or_fail(rig, peer, (struct mock_message){.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION},
		NULL, 0);
	return peer;
}

/* What the server says of a path. */
struct answer {
	struct mock_message message;
	struct mock_file file;
	const char *path;
	const char *data; /* with a NUL behind it; borrowed until the next lookup */
	size_t size;
};

static inline struct answer lookup_or_fail(
	struct server_rig *rig, struct peer *peer, const char *path)
{
	struct answer answer = {.path = ""};
	const uint8_t *at = peer->in + sizeof(answer.message);
	size_t used;

	send_or_fail(
		rig, peer, (struct mock_message){.kind = MOCK_LOOKUP, .a = 1}, path, strlen(path));
	answer.message = receive_or_fail(rig, peer);
	cr_assert_eq(answer.message.kind, MOCK_REPLY);
	if (answer.message.result < 0)
		return answer;
	memcpy(&answer.file, at, sizeof(answer.file));
	answer.path = answer.file.path_size ? (const char *)at + sizeof(answer.file) : "";
	used = sizeof(answer.file) + answer.file.path_size;
	answer.data = (const char *)at + used;
	answer.size = answer.message.size - used;
	peer->in[sizeof(answer.message) + answer.message.size] = '\0';
	return answer;
}

/* The text of a file of sysfs, "" when it is not there. */
static inline const char *text_of(struct server_rig *rig, struct peer *peer, const char *path)
{
	struct answer answer = lookup_or_fail(rig, peer, path);

	return answer.file.type == MOCK_FILE_REGULAR ? answer.data : "";
}

/* --- a client that opens a node --- */

static inline void send_with_fd_or_fail(struct server_rig *rig, struct peer *peer,
	struct mock_message message, const char *path, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec parts[] = {{&message, sizeof(message)}, {(char *)path, strlen(path)}};
	struct msghdr header = {.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	message.size = (uint32_t)strlen(path);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	cr_assert_eq(sendmsg(peer->fd, &header, MSG_NOSIGNAL),
		(ssize_t)(sizeof(message) + message.size));
	turn(rig);
}

/* Says hello for a node; the reply is the caller's to receive. owner: as in MOCK_HELLO_DEVICE. */
static inline struct peer *opening_peer_or_fail(
	struct server_rig *rig, const char *path, uint64_t owner)
{
	struct peer *peer = peer_or_fail(rig);
	struct mock_message hello = {.kind = MOCK_HELLO_DEVICE, .a = MOCK_VERSION, .tag = owner};

	cr_assert_eq(pipe2(peer->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_geq(fcntl(peer->pipe[1], F_SETPIPE_SZ, 4096), 0);
	cr_assert_eq(write(peer->pipe[1], "", 1), 1);
	send_with_fd_or_fail(rig, peer, hello, path, peer->pipe[0]);
	close(peer->pipe[0]);
	return peer;
}

/* Opens the fake device's node. */
static inline struct peer *device_peer_or_fail(struct server_rig *rig)
{
	struct peer *peer = opening_peer_or_fail(rig, NODE, 0);
	struct mock_message reply = receive_or_fail(rig, peer);

	cr_assert_eq(reply.kind, MOCK_REPLY);
	cr_assert_eq(reply.result, 0);
	return peer;
}

/* What poll() of the program says: POLLOUT, POLLERR or nothing. */
static inline short polled(struct server_rig *rig, const struct peer *peer)
{
	struct pollfd node = {.fd = peer->pipe[1], .events = POLLOUT};

	turns(rig, 3);
	return poll(&node, 1, 0) == 1 ? node.revents : 0;
}

/* The result of a call. */
static inline int call_or_fail(
	struct server_rig *rig, struct peer *peer, enum mock_call what, uint32_t b, uint32_t c)
{
	struct mock_message reply;

	send_or_fail(rig, peer, (struct mock_message){.kind = MOCK_CALL, .a = what, .b = b, .c = c},
		NULL, 0);
	do
		reply = receive_or_fail(rig, peer);
	while (reply.kind == MOCK_COMPLETED);
	cr_assert_eq(reply.kind, MOCK_REPLY);
	return reply.result;
}

/* A vendor request of 4 bytes, which needs no claim; IN or OUT. */
static inline void submit_vendor(struct server_rig *rig, struct peer *peer, uint64_t tag, bool in)
{
	uint8_t bytes[12] = {in ? 0xc0 : 0x40, 7, 0, 0, 0, 0, 4, 0, 'd', 'a', 't', 'a'};

	send_or_fail(rig, peer,
		(struct mock_message){.kind = MOCK_SUBMIT, .tag = tag, .a = VUSB_CONTROL, .c = 4},
		bytes, in ? 8 : 12);
}

/* Its reply: 0 = pending or done, negative errno. */
static inline int submitted_or_fail(struct server_rig *rig, struct peer *peer)
{
	struct mock_message message = receive_or_fail(rig, peer);

	cr_assert(message.kind == MOCK_REPLY || (message.kind == MOCK_COMPLETED && message.b));
	return message.kind == MOCK_REPLY ? message.result : 0;
}

#endif
