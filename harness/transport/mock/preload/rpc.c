/* SPDX-License-Identifier: MIT */
/* Connections to the rig. */
#include "harness/base/clock.h"
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_ROOM 8192

void *preload_real(void **cache, const char *name)
{
	void *real = __atomic_load_n(cache, __ATOMIC_ACQUIRE);

	if (!real) {
		real = dlsym(RTLD_NEXT, name);
		__atomic_store_n(cache, real, __ATOMIC_RELEASE);
	}
	return real;
}

int preload_fail(int error)
{
	errno = error;
	return -1;
}

bool rpc_enabled(void)
{
	const char *name = getenv(MOCK_ENV);

	return name && name[0];
}

/* The rig's address; returns its size, or negative errno. */
static int rig_address(struct sockaddr_un *ret, const char *suffix)
{
	const char *name = getenv(MOCK_ENV);
	int length;

	if (!name)
		return -ENOTCONN;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	length = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "%s%s", name, suffix);
	if (length >= (int)sizeof(ret->sun_path) - 1)
		return -ENAMETOOLONG;
	return (int)offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

int rpc_connect(int socket_type, const char *suffix)
{
	struct sockaddr_un address;
	int fd, r, size = rig_address(&address, suffix);

	if (size < 0)
		return size;
	fd = REAL(socket)(AF_UNIX, socket_type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	do
		r = connect(fd, (const struct sockaddr *)&address, (socklen_t)size) < 0 ? -errno
											: 0;
	while (r == -EINTR);
	if (r == 0)
		return fd;
	REAL(close)(fd);
	return r;
}

bool rpc_is_peer(int fd, int socket_type, const char *suffix)
{
	struct sockaddr_un wanted, peer = {0};
	socklen_t size = sizeof(peer), type_size = sizeof(int);
	int saved = errno, type = 0, wanted_size = rig_address(&wanted, suffix);
	bool is = wanted_size >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 &&
		  type == socket_type && getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
		  size == (socklen_t)wanted_size && memcmp(&peer, &wanted, size) == 0;

	errno = saved;
	return is;
}

/* Moves a number of ours out of the way of the program's own; as it is when there is no room for it. */
static int move_away(int fd, int command, int first)
{
	int away = REAL(fcntl)(fd, command, first);

	if (away < 0)
		return fd;
	REAL(close)(fd);
	return away;
}

void rpc_adopt(struct rpc *rpc, int fd)
{
	fd = move_away(fd, F_DUPFD_CLOEXEC, FD_AWAY);
	fd_guard(fd);
	*rpc = (struct rpc){.fd = fd, .id = fd_id_of(fd)};
}

bool rpc_intact(const struct rpc *rpc)
{
	return rpc->fd >= 0 && fd_id_equal(fd_id_of(rpc->fd), rpc->id);
}

static int send_parts(int fd, struct iovec *parts, size_t count, void *control, size_t control_size)
{
	struct msghdr header = {
		.msg_iov = parts,
		.msg_iovlen = count,
		.msg_control = control,
		.msg_controllen = control_size,
	};

	while (header.msg_iovlen) {
		ssize_t n = sendmsg(fd, &header, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		header.msg_control = NULL;
		header.msg_controllen = 0;
		while (header.msg_iovlen && (size_t)n >= header.msg_iov->iov_len) {
			n -= (ssize_t)header.msg_iov->iov_len;
			header.msg_iov++;
			header.msg_iovlen--;
		}
		if (header.msg_iovlen) {
			header.msg_iov->iov_base = (uint8_t *)header.msg_iov->iov_base + n;
			header.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int rpc_send(const struct rpc *rpc, struct mock_message message, const void *head, size_t head_size,
	const struct iovec *tail)
{
	struct iovec parts[] = {
		{.iov_base = &message, .iov_len = sizeof(message)},
		{.iov_base = (void *)head, .iov_len = head_size},
		tail ? *tail : (struct iovec){0},
	};

	message.size = (uint32_t)(head_size + parts[2].iov_len);
	return send_parts(rpc->fd, parts, ARRAY_SIZE(parts), NULL, 0);
}

int rpc_send_fd(const struct rpc *rpc, struct mock_message message, const void *payload,
	size_t size, int passed)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS},
	};
	struct iovec parts[] = {
		{.iov_base = &message, .iov_len = sizeof(message)},
		{.iov_base = (void *)payload, .iov_len = size},
	};

	message.size = (uint32_t)size;
	memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
	return send_parts(rpc->fd, parts, ARRAY_SIZE(parts), &control, sizeof(control));
}

void rpc_close(struct rpc *rpc)
{
	if (rpc_intact(rpc))
		fd_close_guarded(rpc->fd);
	free(rpc->data);
	*rpc = (struct rpc){.fd = -1};
}

static int make_room(struct rpc *rpc, size_t wanted)
{
	uint8_t *data;
	size_t room = rpc->room ? rpc->room : FIRST_ROOM;

	if (rpc->at) {
		memmove(rpc->data, rpc->data + rpc->at, rpc->have - rpc->at);
		rpc->have -= rpc->at;
		rpc->at = 0;
	}
	while (room < wanted)
		room *= 2;
	if (room == rpc->room)
		return 0;
	data = realloc(rpc->data, room);
	if (!data)
		return -ENOMEM;
	rpc->data = data;
	rpc->room = room;
	return 0;
}

/* Bytes from the socket. Looks for a moment before it sleeps: see MOCK_SPIN_US. */
static ssize_t take(int fd, uint8_t *data, size_t room, bool block)
{
	uint64_t until = 0;
	ssize_t n;

	for (;;) {
		n = recv(fd, data, room, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN || !block)
			return n;
		if (!until)
			until = clock_now_us(clock_monotonic()) + MOCK_SPIN_US;
		else if (clock_now_us(clock_monotonic()) > until)
			break;
		sched_yield(); /* the other side may wait for this processor */
	}
	return recv(fd, data, room, 0);
}

/* Bytes that the first message in the buffer takes up; more than there are when it is not complete. */
static size_t first_size(const struct rpc *rpc, struct mock_message *ret)
{
	if (rpc->have - rpc->at < sizeof(*ret))
		return sizeof(*ret);
	memcpy(ret, rpc->data + rpc->at, sizeof(*ret));
	return sizeof(*ret) + ret->size;
}

int rpc_receive(struct rpc *rpc, bool block, struct mock_message *ret, const uint8_t **ret_payload)
{
	size_t wanted;
	ssize_t n;

	while ((wanted = first_size(rpc, ret)) > rpc->have - rpc->at) {
		if (wanted > sizeof(*ret) + MOCK_PAYLOAD_MAX)
			return -ENODEV;
		if (rpc->at == rpc->have)
			rpc->at = rpc->have = 0;
		if (rpc->room - rpc->at < wanted && make_room(rpc, wanted) < 0)
			return -ENODEV;
		/* A message that has begun is awaited in any case: its rest is on the way. */
		n = take(rpc->fd, rpc->data + rpc->have, rpc->room - rpc->have,
			block || rpc->have > rpc->at);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return -errno;
		if (n <= 0)
			return -ENODEV;
		rpc->have += (size_t)n;
	}
	*ret_payload = rpc->data + rpc->at + sizeof(*ret);
	rpc->at += wanted;
	return 0;
}

/*
 * The lifeline: a connection on which nothing is said. When the rig ends in whatever way, the kernel closes its end and
 * sends this process SIGKILL (fcntl(2), F_SETSIG), so that nothing that was started under the mock stays behind. A process
 * that starts when the rig has ended already, or just while it ends, goes the same way. It stays open across exec(): the
 * process keeps its number, so that the kernel finds it even as a program that does not load this library.
 */
static void check_lifeline(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		raise(SIGKILL);
}

/* One that this process had already as another program. */
static bool have_lifeline(void)
{
	if (!rpc_is_peer(FD_LIFELINE, SOCK_STREAM, ""))
		return false;
	if (REAL(fcntl)(FD_LIFELINE, F_GETOWN) != getpid()) {
		REAL(close)(FD_LIFELINE); /* our copy of the parent's */
		return false;
	}
	check_lifeline(FD_LIFELINE);
	fd_guard(FD_LIFELINE);
	return true;
}

/* Takes a new connection. */
static void make_lifeline(int fd)
{
	static struct rpc lifeline = {.fd = -1}; /* before a fork(): the parent's */
	struct mock_message hello = {.kind = MOCK_HELLO_LIFELINE, .a = MOCK_VERSION};

	rpc_close(&lifeline);
	fd = move_away(fd, F_DUPFD, FD_LIFELINE);
	if (fd != FD_LIFELINE)
		REAL(fcntl)(fd, F_SETFD, FD_CLOEXEC); /* nobody would know it */
	lifeline = (struct rpc){.fd = fd, .id = fd_id_of(fd)};
	rpc_send(&lifeline, hello, NULL, 0, NULL);
	REAL(fcntl)(fd, F_SETOWN, getpid());
	REAL(fcntl)(fd, F_SETSIG, SIGKILL);
	REAL(fcntl)(fd, F_SETFL, O_ASYNC);
	check_lifeline(fd);
	fd_guard(fd);
}

static void hold_lifeline(void)
{
	int saved = errno, fd = have_lifeline() ? -EALREADY : rpc_connect(SOCK_STREAM, "");

	if (fd == -ECONNREFUSED)
		raise(SIGKILL);
	if (fd >= 0)
		make_lifeline(fd);
	errno = saved;
}

static void forked(void)
{
	usbfs_forked();
	lookup_forked();
	if (rpc_enabled())
		hold_lifeline();
}

__attribute__((constructor)) static void begin(void)
{
	if (!rpc_enabled())
		return;
	pthread_atfork(NULL, NULL, forked);
	hold_lifeline();
	cwd_begin();
}
