/* SPDX-License-Identifier: MIT */
/*
 * The mock's server against clients that send anything, while devices come and go: it never crashes, never stalls, and when it
 * stops nothing is left, neither memory nor a file nor a transfer.
 *
 * Input: steps; see enum step. Each client is a connection of its own, in the same process.
 */
#include "harness/base/wire.h"
#include "harness/transport/mock/mock.h"
#include "harness/transport/mock/protocol.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS   4
#define STEPS_MAX 400
#define FDS       128 /* numbers that are looked at for leaks */
#define PORTS     2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_BYTES,   /* length, bytes: as they are */
	STEP_MESSAGE, /* kind, tag, a, b, c, length of the payload (a byte each), payload */
	STEP_HELLO_FILES,
	STEP_HELLO_DEVICE, /* devnum, owner; with a pipe */
	STEP_LOOKUP,       /* one of paths */
	STEP_SUBMIT,       /* tag, setup packet, data repeats one byte: a control transfer */
	STEP_MONITOR,      /* groups: the client's number becomes a monitor's connection */
	STEP_CLIENT,       /* the number of who acts from here on */
	STEP_CLOSE,
	STEP_READ,   /* what has come is read */
	STEP_TURN,   /* how often */
	STEP_DEVICE, /* how it answers: control, bulk */
	STEP_PLUG,   /* the device is plugged in, or out */
	STEP_KICK,
	STEP_TIME,     /* milliseconds */
	STEP_TTY_OPEN, /* the serial port; its fd replaces an earlier one */
	STEP_TTY_CALL, /* enum mock_tty_call, argument (a byte each) */
	STEP_TTY_DATA, /* length, bytes: written to the port, after what has come was read */
	STEP_TTY_CLOSE,
	STEP_COUNT,
};

static const char *const paths[] = {"/", "/sys/bus/usb/devices", "/sys/bus/usb/devices/1-1/serial",
	"/sys/bus/usb/devices/1-1/../1-1/driver/../..", "/dev/bus/usb/001/002", "/dev/bus/usb/001",
	"/run/udev/data/c189:1", "/etc/passwd", "/sys/devices/platform/dfurig.0/usb1/1-1"};

struct client {
	int fd;   /* -1 = none */
	int pipe; /* write end, or -1 */
};

struct fuzz {
	struct reader in;
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct vusb_port *port;
	uv_loop_t loop;
	struct mock *mock;
	struct client clients[CLIENTS], *client;
	int tty; /* fd of the serial port, -1 = closed */
	struct vusb_device device;
	enum vusb_result control, bulk;
};

/* --- the device --- */

static enum vusb_result device_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct fuzz *fuzz = CONTAINER_OF(device, struct fuzz, device);

	if (fuzz->control == VUSB_ACK && usb_setup_is_in(setup)) {
		memset(data, 0x5a, setup->wLength);
		*size = setup->wLength;
	}
	/* What a device that leaves does, or one whose cable is pulled. */
	if (fuzz->control == VUSB_GONE) {
		vusb_port_unplug(fuzz->port);
		return VUSB_ACK;
	}
	return fuzz->control;
}

static enum vusb_result device_data(
	struct vusb_device *device, uint8_t endpoint, uint8_t *data, size_t *size)
{
	struct fuzz *fuzz = CONTAINER_OF(device, struct fuzz, device);

	if (fuzz->bulk == VUSB_ACK && endpoint & USB_DIR_IN)
		memset(data, 0x5a, *size);
	return fuzz->bulk == VUSB_GONE ? VUSB_NAK : fuzz->bulk;
}

static const struct vusb_device_ops device_ops = {
	.name = "fuzzed", .control = device_control, .data = device_data};
static const struct vusb_endpoint_desc endpoints[] = {
	{.address = 0x81, .attributes = 2, .max_packet = 64},
	{.address = 0x01, .attributes = 2, .max_packet = 64},
	{.address = 0x82, .attributes = 3, .max_packet = 8, .interval = 10},
};
static const struct vusb_endpoint_desc control_endpoints[] = {
	{.address = 0x83, .attributes = 3, .max_packet = 8, .interval = 255},
};
static const struct vusb_endpoint_desc data_endpoints[] = {
	{.address = 0x84, .attributes = 2, .max_packet = 64},
	{.address = 0x04, .attributes = 2, .max_packet = 64},
};
static const uint8_t functional[] = {5, 0x24, 0x06, 2, 3}; /* union */
static const struct vusb_interface_desc interfaces[] = {
	{.number = 0, .class = 0xfe, .subclass = 1, .protocol = 2, .string = 2},
	{.number = 0, .alternate = 1, .class = 0xfe, .subclass = 1, .protocol = 2},
	{.number = 1, .class = 0xff, .endpoints = endpoints, .endpoint_count = 3},
	{.number = 2,
		.class = 2,
		.subclass = 2,
		.extra = functional,
		.extra_size = sizeof(functional),
		.endpoints = control_endpoints,
		.endpoint_count = 1},
	{.number = 3, .class = 10, .endpoints = data_endpoints, .endpoint_count = 2},
};
static const struct vusb_config_desc configs[] = {
	{.value = 1, .attributes = 0x80, .interfaces = interfaces, .interface_count = 5}};
static const struct vusb_device_desc device_desc = {.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0100,
	.max_packet0 = 64,
	.vid = 0x0483,
	.pid = 0xdf11,
	.serial = 1,
	.configs = configs,
	.config_count = 1};
static const char *const device_texts[] = {NULL, "serial", "text"};

/* --- clients --- */

static void turn(struct fuzz *fuzz, unsigned int times)
{
	while (times--)
		uv_run(&fuzz->loop, UV_RUN_NOWAIT);
}

static int open_connection(struct fuzz *fuzz, int type, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s%s",
		mock_address(fuzz->mock), suffix);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);

	assert(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&address, size) < 0)
		assert(false);
	return fd;
}

static void close_client(struct client *client)
{
	close_fd(&client->fd);
	close_fd(&client->pipe);
	client->fd = client->pipe = -1;
}

static struct client *connected(struct fuzz *fuzz)
{
	if (fuzz->client->fd < 0)
		fuzz->client->fd = open_connection(fuzz, SOCK_STREAM, "");
	return fuzz->client;
}

/* As much as the socket takes. */
static void send_bytes(struct fuzz *fuzz, const void *bytes, size_t size)
{
	(void)!send(connected(fuzz)->fd, bytes, size, MSG_NOSIGNAL);
	turn(fuzz, 1);
}

static void send_message(
	struct fuzz *fuzz, struct mock_message message, const void *payload, size_t size)
{
	uint8_t bytes[sizeof(message) + 512];

	assert(size <= 512);
	message.size = (uint32_t)size;
	memcpy(bytes, &message, sizeof(message));
	if (size)
		memcpy(bytes + sizeof(message), payload, size);
	send_bytes(fuzz, bytes, sizeof(message) + size);
}

static const uint8_t *some_bytes(struct fuzz *fuzz, size_t *ret_size)
{
	size_t size = reader_u8(&fuzz->in);

	*ret_size = size < reader_left(&fuzz->in) ? size : reader_left(&fuzz->in);
	return reader_take(&fuzz->in, *ret_size);
}

static void any_bytes(struct fuzz *fuzz)
{
	size_t size;
	const uint8_t *bytes = some_bytes(fuzz, &size);

	if (size)
		send_bytes(fuzz, bytes, size);
}

static void any_message(struct fuzz *fuzz)
{
	struct mock_message message = {.kind = reader_u8(&fuzz->in)};
	const uint8_t *payload;
	size_t size;

	message.tag = reader_u8(&fuzz->in);
	message.a = reader_u8(&fuzz->in);
	message.b = reader_u8(&fuzz->in);
	message.c = reader_u8(&fuzz->in);
	payload = some_bytes(fuzz, &size);
	send_message(fuzz, message, payload, size);
}

static void hello_device(struct fuzz *fuzz)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct mock_message hello = {.kind = MOCK_HELLO_DEVICE, .a = MOCK_VERSION};
	char path[32];
	struct iovec parts[] = {{&hello, sizeof(hello)}, {path, 0}};
	struct msghdr header = {.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct client *client = connected(fuzz);
	int ends[2];

	snprintf(path, sizeof(path), "/dev/bus/usb/001/%03u", reader_u8(&fuzz->in) % 8u);
	hello.tag = reader_u8(&fuzz->in);
	hello.size = (uint32_t)strlen(path);
	parts[1].iov_len = hello.size;
	if (pipe2(ends, O_CLOEXEC) < 0)
		assert(false);
	memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
	(void)!sendmsg(client->fd, &header, MSG_NOSIGNAL);
	close(ends[0]);
	close_fd(&client->pipe);
	client->pipe = ends[1];
	turn(fuzz, 2);
}

static void submit_control(struct fuzz *fuzz)
{
	uint8_t bytes[USB_SETUP_SIZE + 256] = {0};
	struct mock_message message = {.kind = MOCK_SUBMIT, .a = VUSB_CONTROL};
	const uint8_t *setup;

	message.tag = reader_u8(&fuzz->in);
	setup = reader_take(&fuzz->in, USB_SETUP_SIZE);
	if (!setup)
		return;
	memcpy(bytes, setup, USB_SETUP_SIZE);
	bytes[7] = 0; /* no more than a byte of length */
	message.c = bytes[6];
	memset(bytes + USB_SETUP_SIZE, reader_u8(&fuzz->in), message.c);
	send_message(
		fuzz, message, bytes, USB_SETUP_SIZE + (bytes[0] & USB_DIR_IN ? 0 : message.c));
}

static void monitor(struct fuzz *fuzz)
{
	uint8_t groups = reader_u8(&fuzz->in);

	close_client(fuzz->client);
	fuzz->client->fd = open_connection(fuzz, SOCK_SEQPACKET, MOCK_MONITOR_SUFFIX);
	(void)!send(fuzz->client->fd, &groups, 1, MSG_NOSIGNAL);
	turn(fuzz, 2);
}

static void read_all(struct fuzz *fuzz)
{
	static uint8_t bytes[65536];

	for (int i = 0; i < 100 && fuzz->client->fd >= 0; i++) {
		if (recv(fuzz->client->fd, bytes, sizeof(bytes), 0) <= 0)
			return;
		turn(fuzz, 1);
	}
}

static void lookup(struct fuzz *fuzz)
{
	const char *path = paths[reader_u8(&fuzz->in) % ARRAY_SIZE(paths)];
	struct mock_message ask = {.kind = MOCK_LOOKUP, .a = 1};

	send_message(fuzz, ask, path, strlen(path));
}

/* --- the serial port --- */

static void close_tty(struct fuzz *fuzz)
{
	close_fd(&fuzz->tty);
	fuzz->tty = -1;
	turn(fuzz, 2);
}

/* The fd comes at once or not at all: who closes the connection before it comes gets none. */
static void open_tty(struct fuzz *fuzz)
{
	static const char path[] = "/dev/ttyACM0";
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct mock_message message = {.kind = MOCK_HELLO_TTY,
		.a = MOCK_VERSION,
		.b = MOCK_TTY_OPEN,
		.c = O_RDWR | O_NONBLOCK | O_NOCTTY};
	struct iovec part = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *passed = NULL;

	close_client(fuzz->client);
	send_message(fuzz, message, path, sizeof(path) - 1);
	turn(fuzz, 2);
	if (recvmsg(fuzz->client->fd, &header, MSG_CMSG_CLOEXEC) > 0)
		passed = CMSG_FIRSTHDR(&header);
	if (!passed)
		return;
	close_tty(fuzz);
	memcpy(&fuzz->tty, CMSG_DATA(passed), sizeof(int));
}

static void call_tty(struct fuzz *fuzz)
{
	struct mock_message message = {.kind = MOCK_HELLO_TTY, .a = MOCK_VERSION};
	struct stat st = {0};

	if (fuzz->tty >= 0 && fstat(fuzz->tty, &st) < 0)
		assert(false);
	message.b = reader_u8(&fuzz->in) % 20u;
	message.c = minor(st.st_rdev);
	message.tag = reader_u8(&fuzz->in);
	close_client(fuzz->client);
	send_message(fuzz, message, NULL, 0);
}

static void use_tty(struct fuzz *fuzz)
{
	static uint8_t in[65536];
	size_t size;
	const uint8_t *bytes = some_bytes(fuzz, &size);

	if (fuzz->tty < 0)
		return;
	(void)!read(fuzz->tty, in, sizeof(in));
	if (size)
		(void)!write(fuzz->tty, bytes, size);
	turn(fuzz, 2);
}

/* --- the run --- */

static void answer_with(struct fuzz *fuzz)
{
	static const enum vusb_result results[] = {
		VUSB_ACK, VUSB_NAK, VUSB_STALL, VUSB_GONE, VUSB_BABBLE, VUSB_ERROR};

	fuzz->control = results[reader_u8(&fuzz->in) % ARRAY_SIZE(results)];
	fuzz->bulk = results[reader_u8(&fuzz->in) % ARRAY_SIZE(results)];
}

static void plug(struct fuzz *fuzz)
{
	if (fuzz->port->device)
		vusb_port_unplug(fuzz->port);
	else
		vusb_port_plug(fuzz->port, &fuzz->device, "fuzzed");
}

static void run_step(struct fuzz *fuzz)
{
	switch ((enum step)(reader_u8(&fuzz->in) % STEP_COUNT)) {
	case STEP_BYTES:
		any_bytes(fuzz);
		break;
	case STEP_MESSAGE:
		any_message(fuzz);
		break;
	case STEP_HELLO_FILES:
		send_message(fuzz,
			(struct mock_message){.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION}, NULL,
			0);
		break;
	case STEP_HELLO_DEVICE:
		hello_device(fuzz);
		break;
	case STEP_LOOKUP:
		lookup(fuzz);
		break;
	case STEP_SUBMIT:
		submit_control(fuzz);
		break;
	case STEP_MONITOR:
		monitor(fuzz);
		break;
	case STEP_CLIENT:
		fuzz->client = &fuzz->clients[reader_u8(&fuzz->in) % CLIENTS];
		break;
	case STEP_CLOSE:
		close_client(fuzz->client);
		break;
	case STEP_READ:
		read_all(fuzz);
		break;
	case STEP_TURN:
		turn(fuzz, reader_u8(&fuzz->in) % 8u);
		break;
	case STEP_DEVICE:
		answer_with(fuzz);
		break;
	case STEP_PLUG:
		plug(fuzz);
		break;
	case STEP_KICK:
		vusb_port_kick(fuzz->port);
		break;
	case STEP_TIME:
		fuzz->clock.time_us += reader_u8(&fuzz->in) * UINT64_C(1000);
		break;
	case STEP_TTY_OPEN:
		open_tty(fuzz);
		break;
	case STEP_TTY_CALL:
		call_tty(fuzz);
		break;
	case STEP_TTY_DATA:
		use_tty(fuzz);
		break;
	case STEP_TTY_CLOSE:
		close_tty(fuzz);
		break;
	case STEP_COUNT:
		break;
	}
}

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < FDS; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void begin(struct fuzz *fuzz)
{
	virtual_clock_init(&fuzz->clock);
	fuzz->bus = vusb_bus_new(&fuzz->clock.clock, PORTS);
	assert(fuzz->bus);
	fuzz->port = vusb_bus_port(fuzz->bus, 1);
	for (size_t i = 0; i < CLIENTS; i++)
		fuzz->clients[i] = (struct client){.fd = -1, .pipe = -1};
	fuzz->client = fuzz->clients;
	fuzz->tty = -1;
	vusb_device_init(&fuzz->device, &device_ops, &device_desc,
		(struct vusb_strings){.text = device_texts, .count = ARRAY_SIZE(device_texts)});
	vusb_port_plug(fuzz->port, &fuzz->device, "fuzzed");
	if (uv_loop_init(&fuzz->loop) < 0 ||
		mock_start(fuzz->bus, &fuzz->loop, &fuzz->mock, NULL) < 0)
		assert(false);
}

static void end(struct fuzz *fuzz)
{
	for (size_t i = 0; i < CLIENTS; i++)
		close_client(&fuzz->clients[i]);
	close_fd(&fuzz->tty);
	mock_stop(fuzz->mock);
	assert(list_empty(&fuzz->port->pending));
	if (uv_loop_close(&fuzz->loop) < 0)
		assert(false);
	vusb_bus_free(fuzz->bus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool warm;
	struct fuzz fuzz = {.in = reader_of(data, size)};
	int fds;

	if (!warm) { /* libuv has files that it keeps */
		begin(&fuzz);
		end(&fuzz);
		warm = true;
	}
	fds = count_fds();
	begin(&fuzz);
	for (int i = 0; i < STEPS_MAX && reader_left(&fuzz.in); i++)
		run_step(&fuzz);
	end(&fuzz);
	assert(count_fds() == fds);
	return 0;
}
