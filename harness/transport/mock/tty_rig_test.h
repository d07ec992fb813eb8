/* SPDX-License-Identifier: MIT */
/* What the tests of serial ports share: the server with a serial device on it, and programs that open its port. */
#ifndef DFURIG_TRANSPORT_MOCK_TTY_RIG_TEST_H
#define DFURIG_TRANSPORT_MOCK_TTY_RIG_TEST_H

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "harness/transport/mock/fake_cdc_test.h"
#include "harness/transport/mock/server_test.h"

#define TTY         "/dev/ttyACM0"
#define TTY_DIR     "/sys/devices/platform/dfurig.0/usb1/1-1"
#define CDC_NODE    "/dev/bus/usb/001/003"
#define SET_LINE    0x20
#define SET_CONTROL 0x22

struct tty_rig {
	struct server_rig server; /* its fake device is in port 2 */
	struct vusb_port *port;   /* 1 */
	struct fake_cdc cdc;
};

/* CLEANUP(tty_rig_done) */
static inline void tty_rig_init_or_fail(struct tty_rig *rig)
{
	server_rig_init_or_fail(&rig->server);
	fake_cdc_init(&rig->cdc);
	rig->port = vusb_bus_port(rig->server.bus, 1);
	vusb_port_plug(rig->port, &rig->cdc.device, "cdc");
	turns(&rig->server, 2);
}

static inline void tty_rig_done(struct tty_rig *rig)
{
	server_rig_done(&rig->server);
}

/* Asks; the reply is the caller's to receive. */
static inline struct peer *asking_peer_or_fail(struct tty_rig *rig, enum mock_tty_call what,
	uint32_t number, uint64_t argument, const char *path)
{
	struct peer *peer = peer_or_fail(&rig->server);
	struct mock_message hello = {
		.kind = MOCK_HELLO_TTY, .tag = argument, .a = MOCK_VERSION, .b = what, .c = number};

	send_or_fail(&rig->server, peer, hello, path, path ? strlen(path) : 0);
	return peer;
}

/* The reply with its fd, -1 when none came along; -EAGAIN in result when there is no reply yet. */
static inline struct mock_message opened(struct tty_rig *rig, struct peer *peer, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct mock_message message = {.result = -EAGAIN};
	struct iovec part = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *passed;
	ssize_t n;

	*ret_fd = -1;
	turns(&rig->server, 5);
	n = recvmsg(peer->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n != sizeof(message))
		return (struct mock_message){.result = -EAGAIN};
	passed = CMSG_FIRSTHDR(&header);
	if (passed)
		memcpy(ret_fd, CMSG_DATA(passed), sizeof(*ret_fd));
	return message;
}

/* open(): an fd or negative errno. */
static inline int open_port(struct tty_rig *rig, const char *path, int flags)
{
	struct peer *peer =
		asking_peer_or_fail(rig, MOCK_TTY_OPEN, (uint32_t)(flags | O_NONBLOCK), 0, path);
	int fd, result = opened(rig, peer, &fd).result;

	peer_free(&peer);
	turns(&rig->server, 3);
	return result < 0 ? result : fd;
}

/* open() and raw termios. */
static inline int open_raw_or_fail(struct tty_rig *rig)
{
	int fd = open_port(rig, TTY, O_RDWR);
	struct termios termios;

	cr_assert_geq(fd, 0, "open: %d", fd);
	cr_assert_eq(tcgetattr(fd, &termios), 0);
	cfmakeraw(&termios);
	cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
	return fd;
}

static inline uint32_t pts_of(int fd)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert(st.st_mode & MOCK_TTY_MARK);
	return minor(st.st_rdev);
}

/* A call on an open port that is answered at once. */
static inline struct mock_message asked_or_fail(
	struct tty_rig *rig, int fd, enum mock_tty_call what, uint64_t argument)
{
	struct peer *peer = asking_peer_or_fail(rig, what, pts_of(fd), argument, NULL);
	struct mock_message reply = receive_or_fail(&rig->server, peer);

	peer_free(&peer);
	cr_assert_eq(reply.kind, MOCK_REPLY);
	return reply;
}

/* Turns the loop until the device has got so many bytes: a pty hands them over in the kernel's own time. */
static inline bool receives(struct tty_rig *rig, size_t size)
{
	for (int i = 0; i < 100 * TURNS_MAX && rig->cdc.in_size < size; i++)
		turn(&rig->server);
	return rig->cdc.in_size == size;
}

/* The next so many bytes, turning the loop; as text. */
static inline const char *read_text(struct tty_rig *rig, int fd, char *ret, size_t size)
{
	size_t have = 0;
	ssize_t n;

	for (int i = 0; i < 100 * TURNS_MAX && have < size; i++) {
		turn(&rig->server);
		n = read(fd, ret + have, size - have);
		have += n > 0 ? (size_t)n : 0;
	}
	ret[have] = '\0';
	return ret;
}

/* The class requests that have come since the last call: "20 22:3 ..." Turns the loop until there are `least`. */
static inline const char *requests_from(
	struct tty_rig *rig, unsigned int least, char *ret, size_t room)
{
	size_t n = 0;

	turns(&rig->server, 5);
	for (int i = 0; i < 100 * TURNS_MAX && rig->cdc.requests < least; i++)
		turn(&rig->server);
	ret[0] = '\0';
	for (unsigned int i = 0; i < rig->cdc.requests && i < CDC_LOG; i++) {
		const struct usb_setup *setup = &rig->cdc.log[i];
		const char *blank = i ? " " : "";

		if (setup->bRequest == SET_LINE)
			n += (size_t)snprintf(ret + n, room - n, "%s20", blank);
		else
			n += (size_t)snprintf(ret + n, room - n, "%s%x:%x", blank, setup->bRequest,
				setup->wValue);
	}
	rig->cdc.requests = 0;
	return ret;
}

static inline const char *requests(struct tty_rig *rig, char *ret, size_t room)
{
	return requests_from(rig, 0, ret, room);
}

/* The device has something to say. */
static inline void notify_state(struct tty_rig *rig, uint8_t state)
{
	const uint8_t bytes[] = {0xa1, 0x20, 0, 0, 1, 0, 2, 0, state, 0};

	memcpy(rig->cdc.notify, bytes, sizeof(bytes));
	rig->cdc.notify_size = sizeof(bytes);
	vusb_port_kick(rig->port);
	turns(&rig->server, 3);
}

static inline bool is_shown(struct tty_rig *rig, const char *path)
{
	struct peer *files = files_peer_or_fail(&rig->server);
	enum mock_file_type type = lookup_or_fail(&rig->server, files, path).file.type;

	peer_free(&files);
	return type != MOCK_FILE_NONE && type != MOCK_FILE_NOT_OURS;
}

#endif
