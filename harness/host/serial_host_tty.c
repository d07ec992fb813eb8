/* SPDX-License-Identifier: MIT */
#include "harness/host/serial_host_tty.h"

#include "harness/host/tty_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct tty_host {
	struct serial_host host;
	char *root; /* owned */
};

struct tty_port {
	struct serial_port port;
	int fd;
};

static struct tty_port *port_of(struct serial_port *port)
{
	return CONTAINER_OF(port, struct tty_port, port);
}

static int tty_list_ports(struct serial_host *host, struct serial_port_entry *ret_entries,
	size_t room, size_t *ret_count, struct why *why)
{
	const struct tty_host *self = CONTAINER_OF(host, struct tty_host, host);
	int r = tty_list(self->root, ret_entries, room, ret_count);

	return r < 0 ? why_errno(why, r, "list of serial ports") : 0;
}

static uint64_t deadline_after(uint32_t timeout_ms)
{
	return clock_after_us(clock_monotonic(), timeout_ms * UINT64_C(1000));
}

/* What a call on the tty of a device that has left gives, depending on how far the kernel is. */
static int port_error(int err)
{
	return err == EIO || err == ENXIO || err == ENODEV ? -ENODEV : -EIO;
}

/* 1: something has happened; 0: the time is over; -ENODEV, -EIO. */
static int wait_for(const struct tty_port *self, short events, uint64_t deadline_us)
{
	struct pollfd fd = {.fd = self->fd, .events = events};
	int r;

	do {
		uint64_t now_us = clock_now_us(clock_monotonic());
		uint64_t left_ms = now_us < deadline_us ? (deadline_us - now_us + 999) / 1000 : 0;

		r = poll(&fd, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -EIO : 0;
	if (fd.revents & events)
		return 1;
	return fd.revents & (POLLHUP | POLLERR) ? -ENODEV : -EIO;
}

static int tty_read(struct serial_port *port, uint8_t *ret_data, size_t size, uint32_t timeout_ms)
{
	const struct tty_port *self = port_of(port);
	uint64_t deadline_us = deadline_after(timeout_ms);
	int r;

	if (size > INT_MAX)
		size = INT_MAX;
	do {
		ssize_t n = read(self->fd, ret_data, size);

		if (n > 0)
			return (int)n;
		if (n == 0)
			return size ? -ENODEV : 0; /* hung up */
		if (errno != EAGAIN && errno != EINTR)
			return port_error(errno);
		r = wait_for(self, POLLIN, deadline_us);
	} while (r > 0);
	return r;
}

static int tty_write(
	struct serial_port *port, const uint8_t *data, size_t size, uint32_t timeout_ms)
{
	const struct tty_port *self = port_of(port);
	uint64_t deadline_us = deadline_after(timeout_ms);

	while (size) {
		ssize_t n = write(self->fd, data, size);
		int r;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return port_error(errno);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
			continue;
		}
		r = wait_for(self, POLLOUT, deadline_us);
		if (r <= 0)
			return r < 0 ? r : -ETIMEDOUT;
	}
	return 0;
}

static void tty_drop_input(struct serial_port *port)
{
	tcflush(port_of(port)->fd, TCIFLUSH);
}

static void tty_close(struct serial_port *port)
{
	struct tty_port *self = port_of(port);

	ioctl(self->fd, TIOCNXCL);
	close(self->fd);
	free(self);
}

static const struct serial_port_ops port_ops = {
	.read = tty_read,
	.write = tty_write,
	.drop_input = tty_drop_input,
	.close = tty_close,
};

/* TIOCEXCL keeps later openers out, but not root; the lock also finds who came before and locks as well. */
static int make_exclusive(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return ioctl(fd, TIOCEXCL) < 0 ? -errno : 0;
}

/* Raw, 115200 8N1, no flow control, no modem lines. */
static int make_raw(int fd)
{
	struct termios termios;

	if (tcgetattr(fd, &termios) < 0)
		return -errno;
	cfmakeraw(&termios);
	termios.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	termios.c_cflag |= CLOCAL | CREAD;
	termios.c_cc[VMIN] = 1;
	termios.c_cc[VTIME] = 0;
	if (cfsetspeed(&termios, B115200) < 0 || tcsetattr(fd, TCSANOW, &termios) < 0)
		return -errno;
	return tcflush(fd, TCIFLUSH) < 0 ? -errno : 0;
}

static int open_error(struct why *why, int err, const char *name)
{
	switch (err) {
	case -ENOENT:
		return why_set(why, err, "%s: no such port", name);
	case -EBUSY:
		return why_set(why, err, "%s: another program has it open", name);
	case -EACCES:
		return why_set(why, err, "%s: no permission; is the user in group dialout?", name);
	case -ENOTTY:
	case -EISDIR:
		return why_set(why, err, "%s: not a serial port", name);
	default:
		return why_errno(why, err, "%s", name);
	}
}

static int tty_open(
	struct serial_host *host, const char *name, struct serial_port **ret, struct why *why)
{
	struct tty_port *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return open_error(why, -ENOMEM, name);
	self->port = (struct serial_port){.ops = &port_ops, .host = host};
	self->fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	r = self->fd < 0 ? -errno : make_exclusive(self->fd);
	if (r == 0)
		r = make_raw(self->fd);
	if (r < 0) {
		close_fd(&self->fd);
		free(self);
		return open_error(why, r, name);
	}
	*ret = &self->port;
	return 0;
}

static const struct serial_host_ops host_ops = {
	.name = "tty",
	.list = tty_list_ports,
	.open = tty_open,
};

struct serial_host *serial_host_tty_new(const char *root)
{
	struct tty_host *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->host = (struct serial_host){.ops = &host_ops, .clock = clock_monotonic()};
	self->root = strdup(root);
	if (!self->root) {
		free(self);
		return NULL;
	}
	return &self->host;
}

void serial_host_tty_free(struct serial_host *host)
{
	struct tty_host *self;

	if (!host)
		return;
	self = CONTAINER_OF(host, struct tty_host, host);
	free(self->root);
	free(self);
}
