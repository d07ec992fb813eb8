/* SPDX-License-Identifier: MIT */
/*
 * Hotplug sockets: netlink(7), NETLINK_KOBJECT_UEVENT, as libudev and libusb use it. The program's socket is in truth
 * a seqpacket connection to the rig, known by its peer's name, so that it needs no book-keeping.
 * Source of what receivers check: libusb's os/linux_netlink.c; systemd's sd-device/device-monitor.c.
 */
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUP_KERNEL 1
#define GROUP_UDEV   2

static bool is_monitor(int fd)
{
	return rpc_is_peer(fd, SOCK_SEQPACKET, MOCK_MONITOR_SUFFIX);
}

EXPORT int socket(int domain, int type, int protocol)
{
	int fd;

	if (domain != AF_NETLINK || protocol != NETLINK_KOBJECT_UEVENT || !rpc_enabled())
		return REAL(socket)(domain, type, protocol);
	fd = rpc_connect(SOCK_SEQPACKET | (type & SOCK_NONBLOCK), MOCK_MONITOR_SUFFIX);
	return fd < 0 ? preload_fail(-fd) : fd;
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_nl netlink;
	uint8_t group;

	if (size < sizeof(netlink) || address->sa_family != AF_NETLINK || !is_monitor(fd))
		return REAL(bind)(fd, address, size);
	memcpy(&netlink, address, sizeof(netlink));
	group = (uint8_t)netlink.nl_groups;
	return send(fd, &group, 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
	struct sockaddr_nl netlink = {.nl_family = AF_NETLINK, .nl_pid = (uint32_t)getpid()};

	if (!is_monitor(fd))
		return REAL(getsockname)(fd, address, size);
	memcpy(address, &netlink, *size < sizeof(netlink) ? *size : sizeof(netlink));
	*size = sizeof(netlink);
	return 0;
}

/* Filters are left to the receiver, who checks again in any case; credentials are the socket's own affair. */
EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	bool ours = (level == SOL_NETLINK ||
			    (level == SOL_SOCKET &&
				    (option == SO_ATTACH_FILTER || option == SO_DETACH_FILTER ||
					    option == SO_RCVBUFFORCE))) &&
		    is_monitor(fd);

	return ours ? 0 : REAL(setsockopt)(fd, level, option, value, size);
}

/* The sender, as it would be: the kernel, or udevd, each with the superuser's credentials. */
static void dress(struct msghdr *message, bool is_udev)
{
	struct sockaddr_nl from = {
		.nl_family = AF_NETLINK,
		.nl_pid = is_udev ? 1 : 0,
		.nl_groups = is_udev ? GROUP_UDEV : GROUP_KERNEL,
	};
	struct ucred root = {.pid = is_udev ? 1 : 0, .uid = 0, .gid = 0};

	if (message->msg_name) {
		memcpy(message->msg_name, &from, sizeof(from));
		message->msg_namelen = sizeof(from);
	}
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header))
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
			memcpy(CMSG_DATA(header), &root, sizeof(root));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	socklen_t name_room = message->msg_namelen;
	ssize_t n = REAL(recvmsg)(fd, message, flags);
	bool is_udev;

	if (n <= 0 || (message->msg_name && name_room < sizeof(struct sockaddr_nl)) ||
		!is_monitor(fd))
		return n;
	is_udev = message->msg_iovlen && message->msg_iov[0].iov_len >= 8 &&
		  memcmp(message->msg_iov[0].iov_base, "libudev", 8) == 0;
	dress(message, is_udev);
	return n;
}
