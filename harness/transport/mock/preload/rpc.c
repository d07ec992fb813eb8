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

#define FD_AWAY    900 /* below the usual limit of 1024 */
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

int rpc_move_away(int fd)
{
	int away = REAL(fcntl)(fd, F_DUPFD_CLOEXEC, FD_AWAY);

	if (away < 0)
		return fd;
	REAL(close)(fd);
	return away;
}

int rpc_connect(int socket_type, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = getenv(MOCK_ENV);
	int fd, length, r;

	if (!name)
		return -ENOTCONN;
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s%s", name, suffix);
	if (length >= (int)sizeof(address.sun_path) - 1)
		return -ENAMETOOLONG;
	fd = REAL(socket)(AF_UNIX, socket_type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) < 0) {
		r = -errno;
		REAL(close)(fd);
		return r;
	}
	return fd;
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

int rpc_send(int fd, struct mock_message message, const void *head, size_t head_size,
	const struct iovec *tail)
{
	struct iovec parts[] = {
		{.iov_base = &message, .iov_len = sizeof(message)},
		{.iov_base = (void *)head, .iov_len = head_size},
		tail ? *tail : (struct iovec){0},
	};

	message.size = (uint32_t)(head_size + parts[2].iov_len);
	return send_parts(fd, parts, ARRAY_SIZE(parts), NULL, 0);
}

int rpc_send_fd(int fd, struct mock_message message, const void *payload, size_t size, int passed)
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
	return send_parts(fd, parts, ARRAY_SIZE(parts), &control, sizeof(control));
}

void rpc_close(struct rpc *rpc)
{
	if (rpc->fd >= 0)
		REAL(close)(rpc->fd);
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
 * that starts when the rig has ended already, or just while it ends, goes the same way.
 */
static void hold_lifeline(void)
{
	struct mock_message hello = {.kind = MOCK_HELLO_LIFELINE, .a = MOCK_VERSION};
	int saved = errno;
	int fd = rpc_connect(SOCK_STREAM, "");
	char byte;

	if (fd == -ECONNREFUSED)
		raise(SIGKILL);
	if (fd >= 0) {
		fd = rpc_move_away(fd);
		rpc_send(fd, hello, NULL, 0, NULL);
		REAL(fcntl)(fd, F_SETOWN, getpid());
		REAL(fcntl)(fd, F_SETSIG, SIGKILL);
		REAL(fcntl)(fd, F_SETFL, O_ASYNC);
		if (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
			raise(SIGKILL);
	}
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
}
