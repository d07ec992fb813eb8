/* SPDX-License-Identifier: MIT */
/*
 * Serial ports in the program: slaves of ptys that the rig has opened and marked (../protocol.h, MOCK_TTY_MARK). Data, termios
 * and hang-ups are the kernel's own affair; what a pty cannot do (modem lines, line coding, waiting for the device) is asked
 * of the rig, by a connection for each call: nothing has to be known of numbers, processes or threads.
 */
#include "harness/base/clock.h"
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#define PTS_MAJOR  136 /* to 143 */
#define TTY_IOCTLS 'T'
#define BREAK_US   250000 /* tty_io.c: TCSBRK */
#define BREAK_ON   0xffff
#define NODE_MAX   64
#define NOT_KEPT                                                                                   \
	(CSIZE | PARENB |                                                                          \
		CREAD) /* of c_cflag, by a pty: 8 bits, no parity, reading (pty_set_termios) */

/* struct termios2 begins with the four words of flags, as the struct of TCGETS does; struct termio has 16 bits each. */
enum { WORD_CFLAG = 2 };
#define TCGETS2_NR  0x2a
#define TCSETS2_NR  0x2b
#define TCSETSF2_NR 0x2d

struct reply {
	struct mock_message message;
	uint8_t data[NODE_MAX];
	int fd; /* that came along, -1 = none */
};

/* --- asking --- */

static ssize_t receive(int fd, void *data, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = REAL(recvmsg)(fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return n;
}

/* All of it, or negative errno: -ENODEV without the rest of a message. */
static int receive_all(int fd, void *data, size_t size, int *ret_fd)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = receive(fd, (uint8_t *)data + have, size - have, ret_fd);
		if (n <= 0)
			return n < 0 && errno == EINTR && !have ? -EINTR : -ENODEV;
		have += (size_t)n;
	}
	return 0;
}

static int ask_on(
	const struct rpc *rpc, struct mock_message message, const void *payload, struct reply *ret)
{
	int r = rpc_send(rpc, message, payload, payload ? strlen(payload) : 0, NULL);

	*ret = (struct reply){.fd = -1};
	if (r == 0)
		r = receive_all(rpc->fd, &ret->message, sizeof(ret->message), &ret->fd);
	if (r == 0 && ret->message.size >= sizeof(ret->data))
		r = -ENODEV;
	if (r == 0)
		r = receive_all(rpc->fd, ret->data, ret->message.size, &ret->fd);
	return r < 0 ? r : ret->message.result;
}

/* One call. The reply's result, or negative errno: -EINTR when a signal came first. */
static int ask(struct mock_message message, const char *path, struct reply *ret)
{
	struct rpc rpc;
	int fd = rpc_connect(SOCK_STREAM, ""), r;

	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE ? fd : -EIO;
	rpc_adopt(&rpc, fd);
	message.kind = MOCK_HELLO_TTY;
	message.a = MOCK_VERSION;
	r = ask_on(&rpc, message, path, ret);
	rpc_close(&rpc);
	return r;
}

static int call(uint32_t pts, enum mock_tty_call what, uint64_t argument, struct reply *ret)
{
	return ask((struct mock_message){.b = what, .c = pts, .tag = argument}, NULL, ret);
}

/* --- open --- */

/* Who leads a session without a terminal has one now, as the kernel does it. */
static void take_terminal(int fd, int flags)
{
	int saved = errno;

	if (!(flags & O_NOCTTY) && (flags & O_ACCMODE) != O_WRONLY && getsid(0) == getpid())
		REAL(ioctl)(fd, TIOCSCTTY, 0);
	errno = saved;
}

int tty_open(const struct found *found, int flags)
{
	struct reply reply;
	int r = ask((struct mock_message){.b = MOCK_TTY_OPEN, .c = (uint32_t)flags}, found->path,
		&reply);

	if (r == 0 && reply.fd < 0)
		r = -EMFILE; /* no room for it */
	if (r < 0)
		return preload_fail(-r);
	if (!(flags & O_CLOEXEC))
		REAL(fcntl)(reply.fd, F_SETFD, 0);
	take_terminal(reply.fd, flags);
	return reply.fd;
}

/* --- whose --- */

static bool has_mark(const struct stat *st)
{
	unsigned int number = major(st->st_rdev);

	return S_ISCHR(st->st_mode) && st->st_mode & MOCK_TTY_MARK && number >= PTS_MAJOR &&
	       number < PTS_MAJOR + 8;
}

/* Changes nothing, errno included. */
static bool is_ours(int fd, uint32_t *ret_pts)
{
	int saved = errno;
	struct stat st;
	bool ours = rpc_enabled() && REAL(fstat)(fd, &st) == 0 && has_mark(&st);

	errno = saved;
	if (ours)
		*ret_pts = minor(st.st_rdev);
	return ours;
}

bool tty_node(const struct stat *st, char ret_path[static 64])
{
	struct reply reply;
	int saved = errno, r = -1;

	if (has_mark(st) && rpc_enabled())
		r = call(minor(st->st_rdev), MOCK_TTY_NODE, 0, &reply);
	errno = saved;
	if (r < 0)
		return false;
	memcpy(ret_path, reply.data, reply.message.size);
	ret_path[reply.message.size] = '\0';
	return true;
}

/* Who sits in read() when a pty's master goes may be told EIO; of a port that hangs up, the end (n_tty_read). */
ssize_t tty_read_end(int fd, ssize_t result)
{
	uint32_t pts;

	return result < 0 && errno == EIO && is_ours(fd, &pts) ? 0 : result;
}

/* --- termios --- */

/* The program has set them: c_cflag as it wanted it. A pty that was hung up has said so itself. */
static void tell_changed(uint32_t pts, uint32_t cflag)
{
	struct reply reply;

	call(pts, MOCK_TTY_CHANGED, cflag, &reply);
}

/* What the program has set in truth. */
static void correct(uint32_t pts, uint32_t *cflag)
{
	struct reply reply;

	if (call(pts, MOCK_TTY_CFLAG, 0, &reply) == 0)
		*cflag = (*cflag & ~(uint32_t)NOT_KEPT) | reply.message.a;
}

static int drain(uint32_t pts)
{
	struct reply reply;
	int r = call(pts, MOCK_TTY_DRAIN, 0, &reply);

	return r < 0 ? preload_fail(-r) : 0;
}

EXPORT int tcgetattr(int fd, struct termios *termios)
{
	int r = REAL(tcgetattr)(fd, termios);
	uint32_t pts;

	if (r == 0 && is_ours(fd, &pts))
		correct(pts, &termios->c_cflag);
	return r;
}

/* libc looks whether the settings were taken: the pty is asked for those only that it can take. */
EXPORT int tcsetattr(int fd, int actions, const struct termios *termios)
{
	struct termios taken;
	uint32_t pts;
	int r;

	if (!is_ours(fd, &pts))
		return REAL(tcsetattr)(fd, actions, termios);
	if (actions != TCSANOW && drain(pts) < 0)
		return -1;
	taken = *termios;
	taken.c_cflag = (taken.c_cflag & ~(tcflag_t)NOT_KEPT) | CS8 | CREAD;
	r = REAL(tcsetattr)(fd, actions, &taken);
	if (r == 0)
		tell_changed(pts, termios->c_cflag);
	return r;
}

EXPORT int tcdrain(int fd)
{
	uint32_t pts;

	return is_ours(fd, &pts) ? drain(pts) : REAL(tcdrain)(fd);
}

/* --- break --- */

static int set_break(uint32_t pts, bool on)
{
	struct reply reply;
	int r = call(pts, MOCK_TTY_BREAK, on ? BREAK_ON : 0, &reply);

	return r < 0 ? preload_fail(-r) : 0;
}

static int send_break(uint32_t pts)
{
	struct clock *clock = clock_monotonic();

	if (drain(pts) < 0 || set_break(pts, true) < 0)
		return -1;
	clock_sleep_until_us(clock, clock_after_us(clock, BREAK_US));
	return set_break(pts, false);
}

EXPORT int tcsendbreak(int fd, int duration)
{
	uint32_t pts;

	return is_ours(fd, &pts) ? send_break(pts) : REAL(tcsendbreak)(fd, duration);
}

/* --- names --- */

EXPORT int ttyname_r(int fd, char *out, size_t room)
{
	char path[NODE_MAX];
	struct stat st;

	if (REAL(fstat)(fd, &st) < 0 || !tty_node(&st, path))
		return REAL(ttyname_r)(fd, out, room);
	if (strlen(path) >= room)
		return ERANGE;
	memcpy(out, path, strlen(path) + 1);
	return 0;
}

EXPORT char *ttyname(int fd)
{
	static char path[NODE_MAX];
	struct stat st;

	if (REAL(fstat)(fd, &st) < 0 || !tty_node(&st, path))
		return REAL(ttyname)(fd);
	return path;
}

/* --- ioctl --- */

/* A number of the rig's for the program. */
static int get_number(uint32_t pts, enum mock_tty_call what, uint64_t argument, int *out)
{
	struct reply reply;
	int r = call(pts, what, argument, &reply);

	if (r < 0)
		return preload_fail(-r);
	*out = (int)reply.message.a;
	return 0;
}

static int tell(uint32_t pts, enum mock_tty_call what, uint64_t argument)
{
	struct reply reply;
	int r = call(pts, what, argument, &reply);

	return r < 0 ? preload_fail(-r) : 0;
}

static int set_lines(uint32_t pts, unsigned int set, unsigned int clear)
{
	return tell(pts, MOCK_TTY_MODEM_SET, set | (uint64_t)clear << 32);
}

static int get_counts(uint32_t pts, struct serial_icounter_struct *out)
{
	struct mock_tty_counts counts;
	struct reply reply;
	int r = call(pts, MOCK_TTY_COUNTS, 0, &reply);

	if (r < 0)
		return preload_fail(-r);
	memcpy(&counts, reply.data, sizeof(counts));
	*out = (struct serial_icounter_struct){.dsr = (int)counts.dsr,
		.rng = (int)counts.rng,
		.dcd = (int)counts.dcd,
		.frame = (int)counts.frame,
		.overrun = (int)counts.overrun,
		.parity = (int)counts.parity,
		.brk = (int)counts.brk};
	return 0;
}

static int get_serial(uint32_t pts, struct serial_struct *out)
{
	struct reply reply;
	int r = call(pts, MOCK_TTY_GET_SERIAL, 0, &reply);

	if (r < 0)
		return preload_fail(-r);
	*out = (struct serial_struct){.line = (int)reply.message.a,
		.close_delay = (unsigned short)reply.message.b,
		.closing_wait = (unsigned short)reply.message.c};
	return 0;
}

/* An ordinary user may change nothing (set_serial_info in cdc-acm.c). */
static int set_serial(uint32_t pts, const struct serial_struct *in)
{
	struct serial_struct now = {0};

	if (get_serial(pts, &now) < 0)
		return -1;
	if (geteuid() != 0)
		return now.close_delay == in->close_delay && now.closing_wait == in->closing_wait
			       ? 0
			       : preload_fail(EPERM);
	return tell(pts, MOCK_TTY_SET_SERIAL, in->close_delay | (uint64_t)in->closing_wait << 32);
}

/* TCSETS and its kin, by the real call and then the rig's. */
static int set_termios(int fd, uint32_t pts, unsigned long request, void *arg)
{
	bool waits = request != TCSETS && request != TCSETA && _IOC_NR(request) != TCSETS2_NR;
	uint32_t cflag;

	if (waits && drain(pts) < 0)
		return -1;
	if (REAL(ioctl)(fd, request, arg) < 0)
		return -1;
	if (request >= TCSETA && request <= TCSETAF)
		cflag = ((const uint16_t *)arg)[WORD_CFLAG];
	else
		cflag = ((const uint32_t *)arg)[WORD_CFLAG];
	tell_changed(pts, cflag);
	return 0;
}

static int get_termios(int fd, uint32_t pts, unsigned long request, void *arg)
{
	int r = REAL(ioctl)(fd, request, arg);

	if (r == 0)
		correct(pts, &((uint32_t *)arg)[WORD_CFLAG]);
	return r;
}

/* False: the pty itself answers. */
static bool termios_ioctl(int fd, uint32_t pts, unsigned long request, void *arg, int *ret)
{
	bool sets = (request >= TCSETS && request <= TCSETSF) ||
		    (request >= TCSETA && request <= TCSETAF) ||
		    (_IOC_DIR(request) == _IOC_WRITE && _IOC_NR(request) >= TCSETS2_NR &&
			    _IOC_NR(request) <= TCSETSF2_NR);

	if (sets && arg)
		*ret = set_termios(fd, pts, request, arg);
	else if (arg && (request == TCGETS ||
				(_IOC_DIR(request) == _IOC_READ && _IOC_NR(request) == TCGETS2_NR)))
		*ret = get_termios(fd, pts, request, arg);
	else
		return false;
	return true;
}

static bool modem_ioctl(uint32_t pts, unsigned long request, void *arg, int *ret)
{
	const unsigned int *bits = arg;

	switch (request) {
	case TIOCMGET:
		*ret = get_number(pts, MOCK_TTY_MODEM_GET, 0, arg);
		return true;
	case TIOCMSET:
		*ret = set_lines(pts, *bits, ~*bits);
		return true;
	case TIOCMBIS:
		*ret = set_lines(pts, *bits, 0);
		return true;
	case TIOCMBIC:
		*ret = set_lines(pts, 0, *bits);
		return true;
	case TIOCMIWAIT:
		*ret = tell(pts, MOCK_TTY_MODEM_WAIT, (uintptr_t)arg);
		return true;
	case TIOCGICOUNT:
		*ret = get_counts(pts, arg);
		return true;
	default:
		return false;
	}
}

static bool port_ioctl(uint32_t pts, unsigned long request, void *arg, int *ret)
{
	switch (request) {
	case TIOCOUTQ:
		*ret = get_number(pts, MOCK_TTY_UNSENT, 0, arg);
		return true;
	case TIOCEXCL:
		*ret = tell(pts, MOCK_TTY_EXCLUSIVE, 1);
		return true;
	case TIOCNXCL:
		*ret = tell(pts, MOCK_TTY_EXCLUSIVE, 0);
		return true;
	case TIOCGEXCL:
		*ret = get_number(pts, MOCK_TTY_EXCLUSIVE, 2, arg);
		return true;
	case TIOCGSERIAL:
		*ret = get_serial(pts, arg);
		return true;
	case TIOCSSERIAL:
		*ret = set_serial(pts, arg);
		return true;
	case TCSBRK:
		*ret = arg ? drain(pts) : send_break(pts);
		return true;
	case TCSBRKP:
		*ret = send_break(pts);
		return true;
	case TIOCSBRK:
	case TIOCCBRK:
		*ret = set_break(pts, request == TIOCSBRK);
		return true;
	default:
		return false;
	}
}

/* What needs something to point to. */
static bool is_bad_address(unsigned long request, const void *arg)
{
	switch (request) {
	case TIOCMGET:
	case TIOCMSET:
	case TIOCMBIS:
	case TIOCMBIC:
	case TIOCGICOUNT:
	case TIOCOUTQ:
	case TIOCGEXCL:
	case TIOCGSERIAL:
	case TIOCSSERIAL:
		return !arg;
	default:
		return false;
	}
}

bool tty_ioctl(int fd, unsigned long request, void *arg, int *ret)
{
	uint32_t pts;

	if (_IOC_TYPE(request) != TTY_IOCTLS || !is_ours(fd, &pts))
		return false;
	if (is_bad_address(request, arg)) {
		*ret = preload_fail(EFAULT);
		return true;
	}
	return termios_ioctl(fd, pts, request, arg, ret) || modem_ioctl(pts, request, arg, ret) ||
	       port_ioctl(pts, request, arg, ret);
}
