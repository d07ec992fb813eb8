/* SPDX-License-Identifier: MIT */
/* What the kernel's usbfs says to programs that use it without libusb. Source: drivers/usb/core/devio.c of Linux 6.1. */
#include "harness/transport/mock/probe/probe.h"

#include "harness/base/attr.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

int open_node(int flags)
{
	return open(NODE, flags | O_CLOEXEC);
}

/* A transfer that is pending when the board leaves ends, and poll() on the node says that it has left. */
bool notices_departure(libusb_device_handle *handle)
{
	int fd = open_node(O_RDWR);
	struct pollfd node = {.fd = fd, .events = POLLOUT};
	int interface = 0, r;
	uint8_t setup[] = {CLASS_OUT, DFU_DETACH, 0xe8, 0x03, 0, 0, 0, 0};
	struct usbdevfs_urb urb = {
		.type = USBDEVFS_URB_TYPE_CONTROL, .buffer = setup, .buffer_length = 8};
	struct usbdevfs_urb *reaped = NULL;

	libusb_close(handle);
	if (fd < 0 || ioctl(fd, USBDEVFS_CLAIMINTERFACE, &interface) < 0)
		return say("the node does not open", errno);
	if (poll(&node, 1, 0) != 0)
		return say("nothing was asked, and poll says", node.revents);
	if (ioctl(fd, USBDEVFS_SUBMITURB, &urb) < 0 || poll(&node, 1, LIMIT_MS) != 1)
		return say("the detach is not taken", errno);
	if (ioctl(fd, USBDEVFS_REAPURBNDELAY, &reaped) < 0 || reaped != &urb || urb.status != 0)
		return say("the detach does not come back", errno);
	r = poll(&node, 1, 0);
	while (r == 0 || (r > 0 && !(node.revents & POLLERR)))
		r = poll(&node, 1, LIMIT_MS) == 1 && node.revents & POLLERR ? 1 : -1;
	if (r < 0)
		return say("poll does not say that the board has left", node.revents);
	r = ioctl(fd, USBDEVFS_REAPURBNDELAY, &reaped);
	return r < 0 && errno == ENODEV ? true : say("reaping on a board that has left", errno);
}

/* The kernel's older, waiting calls, and reading the node. */
bool waits_in_ioctl(libusb_device_handle *handle UNUSED)
{
	uint8_t data[DEVICE_SIZE], node[DEVICE_SIZE];
	struct usbdevfs_ctrltransfer control = {.bRequestType = 0x80,
		.bRequest = 6,
		.wValue = 0x0100,
		.wLength = sizeof(data),
		.timeout = TIMEOUT_MS,
		.data = data};
	CLEANUP(close_fd) int fd = open_node(O_RDWR);
	int r;

	r = ioctl(fd, USBDEVFS_CONTROL, &control);
	if (r != DEVICE_SIZE)
		return say("USBDEVFS_CONTROL", r < 0 ? errno : r);
	if (read(fd, node, sizeof(node)) != DEVICE_SIZE || memcmp(node, data, sizeof(data)) != 0)
		return say("the node does not read as the device", errno);
	control.wValue = 0x0600; /* the device qualifier, which a full-speed device STALLs */
	r = ioctl(fd, USBDEVFS_CONTROL, &control);
	return r < 0 && errno == EPIPE ? true : say("a STALL gives", errno);
}

struct call_case {
	const char *name;
	unsigned long request;
	uint32_t value[2];
	int error; /* 0 = it succeeds */
};

/* What the kernel says, in this order, of one open node. */
bool answers_as_the_kernel(libusb_device_handle *handle UNUSED)
{
	static const struct call_case cases[] = {
		{"nothing to reap", USBDEVFS_REAPURBNDELAY, {0}, EAGAIN},
		{"driver of a free interface", USBDEVFS_GETDRIVER, {0}, ENODATA},
		{"claim of no interface", USBDEVFS_CLAIMINTERFACE, {5}, ENOENT},
		{"claim of no number", USBDEVFS_CLAIMINTERFACE, {64}, EINVAL},
		{"release of what is free", USBDEVFS_RELEASEINTERFACE, {0}, EINVAL},
		{"release of no interface", USBDEVFS_RELEASEINTERFACE, {5}, ENOENT},
		{"alternate without a claim", USBDEVFS_SETINTERFACE, {0, 2}, 0},
		{"no such alternate", USBDEVFS_SETINTERFACE, {0, 9}, EINVAL},
		{"configuration under a claim", USBDEVFS_SETCONFIGURATION, {1}, EBUSY},
		{"release", USBDEVFS_RELEASEINTERFACE, {0}, 0},
		{"configuration", USBDEVFS_SETCONFIGURATION, {1}, 0},
		{"no such configuration", USBDEVFS_SETCONFIGURATION, {7}, EINVAL},
		{"halt of no endpoint", USBDEVFS_CLEAR_HALT, {0x81}, ENOENT},
		{"halt of no number", USBDEVFS_CLEAR_HALT, {0x181}, EINVAL},
		{"reset of no endpoint", USBDEVFS_RESETEP, {0x81}, ENOENT},
		{"no such call", _IOW('U', 99, int), {0}, ENOTTY},
		{"a terminal's call", 0x5401, {0}, ENOTTY},
		{"reset", USBDEVFS_RESET, {0}, 0},
	};
	CLEANUP(close_fd) int fd = open_node(O_RDWR);
	CLEANUP(close_fd) int reader = open_node(O_RDONLY);
	uint32_t value[1024];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(value, cases[i].value, sizeof(cases[i].value));
		int r = ioctl(fd, cases[i].request, value) < 0 ? errno : 0;

		if (r != cases[i].error)
			return say(cases[i].name, r);
	}
	if (ioctl(reader, USBDEVFS_GET_CAPABILITIES, value) == 0 || errno != EPERM)
		return say("a call on what was opened to read", errno);
	if (write(fd, "x", 1) >= 0 || errno != EINVAL)
		return say("a write gives", errno);
	return fcntl(fd, F_GETFL) == (O_RDWR | O_LARGEFILE) || fcntl(fd, F_GETFL) == O_RDWR
		       ? true
		       : say("its flags are", fcntl(fd, F_GETFL));
}

struct bad_urb_case {
	const char *name;
	uint8_t type, endpoint;
	uint32_t flags;
	bool has_buffer;
	int size;
	int error;
};

bool refuses_bad_urbs(libusb_device_handle *handle UNUSED)
{
	static uint8_t setup[8 + DEVICE_SIZE + 4] = {0x80, 6, 0, 1, 0, 0, DEVICE_SIZE + 4, 0};
	const uint8_t control = USBDEVFS_URB_TYPE_CONTROL, bulk = USBDEVFS_URB_TYPE_BULK;
	const struct bad_urb_case cases[] = {
		{"no setup packet", control, 0, 0, true, 7, EINVAL},
		{"a short buffer", control, 0, 0, true, 20, EINVAL},
		{"no buffer", control, 0, 0, false, 26, EINVAL},
		{"a negative length", bulk, 0x81, 0, true, -1, EINVAL},
		{"unknown flags", control, 0, 0xff00, true, 26, EINVAL},
		{"an unknown type", 9, 0, 0, true, 8, EINVAL},
		{"no such endpoint", bulk, 0x81, 0, true, 8, ENOENT},
	};
	CLEANUP(close_fd) int fd = open_node(O_RDWR);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct usbdevfs_urb bad = {.type = cases[i].type,
			.endpoint = cases[i].endpoint,
			.flags = cases[i].flags,
			.buffer = cases[i].has_buffer ? setup : NULL,
			.buffer_length = cases[i].size};
		int r = ioctl(fd, USBDEVFS_SUBMITURB, &bad) < 0 ? errno : 0;

		if (r != cases[i].error)
			return say(cases[i].name, r);
	}
	struct usbdevfs_urb urb = {.type = control,
		.buffer = setup,
		.buffer_length = sizeof(setup),
		.flags = USBDEVFS_URB_SHORT_NOT_OK};
	struct usbdevfs_urb *reaped = NULL;

	if (ioctl(fd, USBDEVFS_SUBMITURB, &urb) < 0 || ioctl(fd, USBDEVFS_REAPURB, &reaped) < 0 ||
		reaped != &urb)
		return say("not submitted", errno);
	return urb.status == -EREMOTEIO && urb.actual_length == DEVICE_SIZE
		       ? true
		       : say("a short answer that is not wanted gives", urb.status);
}

/* poll, select and epoll say the same. */
bool can_be_waited_for(libusb_device_handle *handle UNUSED)
{
	static uint8_t setup[8 + DEVICE_SIZE] = {0x80, 6, 0, 1, 0, 0, DEVICE_SIZE, 0};
	CLEANUP(close_fd) int fd = open_node(O_RDWR);
	CLEANUP(close_fd) int waiter = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};

	if (epoll_ctl(waiter, EPOLL_CTL_ADD, fd, &event) < 0)
		return say("not taken by epoll", errno);
	for (int round = 0; round < 3; round++) {
		struct usbdevfs_urb urb = {.type = USBDEVFS_URB_TYPE_CONTROL,
			.buffer = setup,
			.buffer_length = sizeof(setup)};
		struct usbdevfs_urb *reaped;
		struct pollfd node = {.fd = fd, .events = POLLIN | POLLOUT};
		struct timeval limit = {.tv_sec = LIMIT_MS / 1000};
		fd_set set;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		if (poll(&node, 1, 0) != 0 || epoll_wait(waiter, &event, 1, 0) != 0)
			return say("something to reap before it was asked", node.revents);
		if (ioctl(fd, USBDEVFS_SUBMITURB, &urb) < 0)
			return say("not submitted", errno);
		if (select(fd + 1, NULL, &set, NULL, &limit) != 1 ||
			poll(&node, 1, LIMIT_MS) != 1 || node.revents != POLLOUT ||
			epoll_wait(waiter, &event, 1, LIMIT_MS) != 1 || event.events != EPOLLOUT)
			return say("nothing to reap, say select, poll or epoll", node.revents);
		if (ioctl(fd, USBDEVFS_REAPURBNDELAY, &reaped) < 0)
			return say("not reaped", errno);
	}
	return true;
}

static void *reap_two(void *arg)
{
	const int *fd = arg;
	struct usbdevfs_urb *reaped;
	intptr_t count = 0;

	while (count < 2 && ioctl(*fd, USBDEVFS_REAPURB, &reaped) == 0)
		count++;
	return (void *)count;
}

/* One thread waits in ioctl for what another one submits. */
bool reaps_in_a_thread(libusb_device_handle *handle UNUSED)
{
	static uint8_t setup[2][8 + DEVICE_SIZE] = {
		{0x80, 6, 0, 1, 0, 0, DEVICE_SIZE, 0}, {0x80, 6, 0, 1, 0, 0, DEVICE_SIZE, 0}};
	int fd = open_node(O_RDWR);
	void *count = NULL;
	pthread_t thread;

	for (int round = 0; round < 200; round++) {
		struct usbdevfs_urb first = {.type = USBDEVFS_URB_TYPE_CONTROL,
			.buffer = setup[0],
			.buffer_length = sizeof(setup[0])};
		struct usbdevfs_urb second = {.type = USBDEVFS_URB_TYPE_CONTROL,
			.buffer = setup[1],
			.buffer_length = sizeof(setup[1])};

		pthread_create(&thread, NULL, reap_two, &fd);
		if (ioctl(fd, USBDEVFS_SUBMITURB, &first) < 0 ||
			ioctl(fd, USBDEVFS_SUBMITURB, &second) < 0)
			return say("not submitted", errno);
		pthread_join(thread, &count);
		if ((intptr_t)count != 2)
			return say("reaped of two", (int)(intptr_t)count);
	}
	close(fd);
	return true;
}

static void *wait_in_control(void *arg)
{
	const int *fd = arg;
	uint8_t data[DEVICE_SIZE];
	struct usbdevfs_ctrltransfer control = {.bRequestType = 0x80,
		.bRequest = 6,
		.wValue = 0x0100,
		.wLength = sizeof(data),
		.timeout = TIMEOUT_MS,
		.data = data};

	return (void *)(intptr_t)(ioctl(*fd, USBDEVFS_CONTROL, &control) < 0 ? errno : 0);
}

/* The board NAKs what the thread asks for; other calls on the same file need not wait for it. */
bool answers_meanwhile(libusb_device_handle *handle)
{
	uint64_t until_us, before_us;
	struct usbdevfs_getdriver driver = {.interface = 0};
	int fd = open_node(O_RDWR), calls = 0;
	void *error = NULL;
	pthread_t thread;

	if (!make_busy(handle))
		return false;
	before_us = clock_now_us(clock_monotonic());
	until_us = before_us + TIMEOUT_MS * 1000ull / 2;
	pthread_create(&thread, NULL, wait_in_control, &fd);
	while (clock_now_us(clock_monotonic()) < until_us) {
		if (ioctl(fd, USBDEVFS_GETDRIVER, &driver) < 0 ||
			strcmp(driver.driver, "usbfs") != 0)
			return say("the other call says", errno);
		calls++;
	}
	pthread_join(thread, &error);
	close(fd);
	if ((intptr_t)error != ETIMEDOUT)
		return say("the waiting call ends with", (int)(intptr_t)error);
	if (clock_now_us(clock_monotonic()) - before_us < TIMEOUT_MS * 1000ull)
		return say("the waiting call ends too early", 0);
	return calls > 10 ? true : say("calls that were answered meanwhile", calls);
}

static void count_alarm(int signum UNUSED)
{
}

/* A signal ends the wait for a URB, as programs expect that have a handler for SIGINT. */
bool is_interrupted(libusb_device_handle *handle)
{
	struct sigaction action = {.sa_handler = count_alarm};
	struct itimerval soon = {.it_value = {.tv_usec = 50000}, .it_interval = {.tv_usec = 50000}};
	int fd = open_node(O_RDWR), r;
	struct usbdevfs_urb *reaped;
	uint8_t status[DFU_STATUS_SIZE];

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	r = ioctl(fd, USBDEVFS_REAPURB, &reaped);
	if (r >= 0 || errno != EINTR)
		return say("the wait goes on, or ends with", errno);
	close(fd);
	if (!make_busy(handle))
		return false;
	r = get_status(handle, status, SHORT_MS);
	return r == LIBUSB_ERROR_TIMEOUT ? true : say("libusb's transfer ends with", r);
}
