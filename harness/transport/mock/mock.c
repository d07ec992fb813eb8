/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/mock.h"

#include "harness/transport/mock/server.h"
#include "harness/transport/mock/tty.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
#define REPLUG_ROUNDS                                                                              \
	16 /* a device that comes and goes while it is enumerated is given up after this many */
#define ACCEPT_AGAIN_MS 20
#define STRING_ASK_SIZE 255
#define STRING_ASK_US   5000000

/* --- what is shown --- */

/* To all listeners of a group; makes one message for each group. */
static void send_to_groups(struct mock *mock, const struct sysfs_device *device,
	const struct sysfs_tty *tty, int interface, const char *action)
{
	static const enum sysfs_group groups[] = {SYSFS_GROUP_KERNEL, SYSFS_GROUP_UDEV};

	mock->seqnum++;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		struct sysfs_uevent event = {
			.action = action, .group = groups[i], .seqnum = mock->seqnum};
		struct buf message;
		int r;

		buf_init(&message, 32768);
		if (tty)
			r = sysfs_tty_uevent(device, tty, &event, &message);
		else
			r = sysfs_uevent(device, interface, &event, &message);
		if (r == 0)
			mock_monitor_send_all(mock, groups[i], message.data, message.size);
		buf_done(&message);
	}
}

void mock_send_uevents(
	struct mock *mock, const struct sysfs_device *device, int interface, const char *action)
{
	send_to_groups(mock, device, NULL, interface, action);
}

void mock_send_tty_uevents(struct mock *mock, const struct sysfs_device *device,
	const struct sysfs_tty *tty, const char *action)
{
	send_to_groups(mock, device, tty, -1, action);
}

static void files_gone(struct mock *mock, const struct mock_slot *slot)
{
	list_for_each_safe (node, &mock->clients) {
		struct mock_client *client = LIST_ENTRY(node, struct mock_client, link);

		if (client->file && usbfs_file_is_of(client->file, slot))
			usbfs_file_gone(client->file);
	}
}

static void hide(struct mock *mock, struct mock_slot *slot)
{
	files_gone(mock, slot);
	for (uint8_t i = 0; i < sysfs_interface_count(&slot->device); i++) {
		cdc_acm_unbind(mock, slot, i);
		usbtest_unbind(mock, slot, i);
		mock_send_uevents(mock, &slot->device, i, "remove");
	}
	sysfs_remove_device(mock->tree, &slot->device);
	mock_send_uevents(mock, &slot->device, -1, "unbind");
	mock_send_uevents(mock, &slot->device, -1, "remove");
	memset(slot->claims, 0, sizeof(slot->claims));
	memset(slot->alternate, 0, sizeof(slot->alternate));
	slot->shown = slot->changed = false;
}

/* iInterface of the first alternate, which sysfs shows as `interface`. */
static void read_interface_text(struct mock_slot *slot, uint8_t number)
{
	const struct vusb_config_desc *config = vusb_device_config(slot->port->device);
	uint8_t bytes[STRING_ASK_SIZE];
	struct usb_setup setup = {.bmRequestType = USB_DIR_IN,
		.bRequest = USB_GET_DESCRIPTOR,
		.wIndex = USB_LANGID_EN_US,
		.wLength = sizeof(bytes)};
	int n;

	slot->device.interface_text[number][0] = '\0';
	for (uint8_t i = 0; i < config->interface_count; i++)
		if (config->interfaces[i].number == number && config->interfaces[i].alternate == 0)
			setup.wValue =
				(uint16_t)(USB_DESC_STRING << 8 | config->interfaces[i].string);
	if (!(setup.wValue & 0xff))
		return;
	n = vusb_port_control(slot->port, &setup, bytes, STRING_ASK_US);
	if (n > 0)
		vusb_string_decode(
			bytes, (size_t)n, slot->device.interface_text[number], VUSB_TEXT_MAX);
}

static void set_node_mode(struct mock *mock, const struct mock_slot *slot);

/* Enumerates what is plugged into the slot's port and shows it. A device that no host could enumerate is not shown. */
static int show(struct mock *mock, struct mock_slot *slot)
{
	uint8_t devnum = slot->port->devnum;
	int r;

	slot->tried = devnum;
	r = vusb_enumerate(slot->port, &slot->device.identity, NULL);
	if (r < 0)
		return 0;
	slot->device.devnum = devnum;
	slot->device.plugged_us = clock_now_us(vusb_bus_clock(mock->bus));
	for (uint8_t i = 0; i < sysfs_interface_count(&slot->device); i++)
		if (slot->port->device)
			read_interface_text(slot, i);
	if (slot->port->devnum != devnum)
		return 0;
	r = sysfs_add_device(mock->tree, &slot->device);
	if (r < 0)
		return r;
	slot->shown = true;
	if (mock->forbidden)
		set_node_mode(mock, slot);
	mock_send_uevents(mock, &slot->device, -1, "add");
	for (uint8_t i = 0; i < sysfs_interface_count(&slot->device); i++) {
		mock_send_uevents(mock, &slot->device, i, "add");
		if (!cdc_acm_bind(mock, slot, i, false))
			usbtest_bind(mock, slot, i, false);
		if (slot->claims[i])
			mock_send_uevents(mock, &slot->device, i, "bind");
	}
	mock_send_uevents(mock, &slot->device, -1, "bind");
	return 0;
}

/* Brings what is shown in line with what is plugged. */
static int update(struct mock *mock)
{
	int r = 0;

	for (int round = 0; mock->changed && r == 0 && round < REPLUG_ROUNDS; round++) {
		mock->changed = false;
		for (size_t i = 1; r == 0 && i <= vusb_bus_port_count(mock->bus); i++) {
			struct mock_slot *slot = &mock->slots[i];

			if (slot->shown &&
				(slot->changed || slot->port->devnum != slot->device.devnum))
				hide(mock, slot);
			if (!slot->shown && slot->port->device && slot->tried != slot->port->devnum)
				r = show(mock, slot);
		}
	}
	return r;
}

/* What the kernel compares after a reset (descriptors_changed). */
static bool is_same(const struct vusb_identity *a, const struct vusb_identity *b)
{
	return a->config_size == b->config_size &&
	       memcmp(a->device, b->device, USB_DEVICE_SIZE) == 0 &&
	       memcmp(a->config, b->config, a->config_size) == 0 &&
	       strcmp(a->serial, b->serial) == 0;
}

bool mock_slot_reread(struct mock *mock, struct mock_slot *slot)
{
	uint8_t devnum = slot->port->devnum;
	struct vusb_identity identity;

	vusb_port_reset(slot->port);
	if (slot->port->device && vusb_enumerate(slot->port, &identity, NULL) == 0 &&
		slot->port->devnum == devnum && is_same(&identity, &slot->device.identity))
		return true;
	/* As if it had been plugged out and in: the hub driver does so with a device that came back as another one. */
	slot->changed = mock->changed = true;
	slot->tried = 0;
	return false;
}

static void on_plugged(struct vusb_tap *tap, struct vusb_port *port UNUSED)
{
	CONTAINER_OF(tap, struct mock, tap)->changed = true;
}

static const struct vusb_tap_ops tap_ops = {
	.name = "mock",
	.plugged = on_plugged,
	.unplugged = on_plugged,
};

/* --- the loop --- */

static void on_timer(uv_timer_t *timer)
{
	struct mock *mock = timer->data;

	vusb_bus_tick(mock->bus);
}

/* Before the loop sleeps: show what has changed, wake up for the bus's next deadline. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct mock *mock = prepare->data;
	uint64_t deadline_us, now_us;

	/* Out of memory: what could not be shown is tried again with the next change. */
	if (update(mock) < 0)
		mock->changed = false;
	deadline_us = vusb_bus_deadline_us(mock->bus);
	if (deadline_us == CLOCK_NEVER) {
		uv_timer_stop(&mock->timer);
		return;
	}
	now_us = clock_now_us(vusb_bus_clock(mock->bus));
	uv_update_time(mock->loop);
	uv_timer_start(&mock->timer, on_timer,
		deadline_us > now_us ? (deadline_us - now_us + 999) / 1000 : 0, 0);
}

static void on_connection(uv_poll_t *poll, int status, int events);
static void on_monitor_connection(uv_poll_t *poll, int status, int events);

static void listen_again(uv_timer_t *timer)
{
	struct mock *mock = timer->data;

	uv_poll_start(&mock->listen_poll, UV_READABLE, on_connection);
	uv_poll_start(&mock->monitor_poll, UV_READABLE, on_monitor_connection);
}

/* Without a free fd, who connects has to wait until some program has ended. */
static void accept_all(int listen_fd, struct mock *mock, void (*accepted)(struct mock *, int))
{
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		accepted(mock, fd);
	if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)
		return;
	uv_poll_stop(&mock->listen_poll);
	uv_poll_stop(&mock->monitor_poll);
	uv_timer_start(&mock->accept_timer, listen_again, ACCEPT_AGAIN_MS, 0);
}

static void on_connection(uv_poll_t *poll, int status, int events UNUSED)
{
	struct mock *mock = poll->data;

	if (status == 0)
		accept_all(mock->listen_fd, mock, mock_client_accept);
}

static void on_monitor_connection(uv_poll_t *poll, int status, int events UNUSED)
{
	struct mock *mock = poll->data;

	if (status == 0)
		accept_all(mock->monitor_fd, mock, mock_monitor_accept);
}

/* --- start --- */

static int listen_on(int type, const char *name, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int length, r;

	if (fd < 0)
		return -errno;
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s%s", name, suffix);
	if (bind(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) < 0 ||
		listen(fd, BACKLOG) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int open_sockets(struct mock *mock)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(mock->name, sizeof(mock->name), "dfurig-%d-%016llx", (int)getpid(),
		(unsigned long long)random);
	mock->listen_fd = listen_on(SOCK_STREAM, mock->name, "");
	if (mock->listen_fd < 0)
		return mock->listen_fd;
	mock->monitor_fd = listen_on(SOCK_SEQPACKET, mock->name, MOCK_MONITOR_SUFFIX);
	return mock->monitor_fd < 0 ? mock->monitor_fd : 0;
}

static void start_handles(struct mock *mock)
{
	uv_poll_init(mock->loop, &mock->listen_poll, mock->listen_fd);
	uv_poll_init(mock->loop, &mock->monitor_poll, mock->monitor_fd);
	uv_prepare_init(mock->loop, &mock->prepare);
	uv_timer_init(mock->loop, &mock->timer);
	uv_timer_init(mock->loop, &mock->accept_timer);
	mock->open_handles += 5;
	mock->listen_poll.data = mock->monitor_poll.data = mock;
	mock->prepare.data = mock->timer.data = mock->accept_timer.data = mock;
	uv_poll_start(&mock->listen_poll, UV_READABLE, on_connection);
	uv_poll_start(&mock->monitor_poll, UV_READABLE, on_monitor_connection);
	uv_prepare_start(&mock->prepare, on_prepare);
}

static int start_showing(struct mock *mock)
{
	struct mock_slot *hub_slot = &mock->slots[0];
	int r;

	hub_slot->port = root_hub_port(mock->hub);
	hub_slot->device.maxchild = vusb_bus_port_count(mock->bus);
	for (uint8_t i = 1; i <= vusb_bus_port_count(mock->bus); i++) {
		mock->slots[i].port = vusb_bus_port(mock->bus, i);
		mock->slots[i].device.port = i;
	}
	r = sysfs_add_skeleton(mock->tree);
	if (r == 0)
		r = show(mock, hub_slot);
	mock->tap.ops = &tap_ops;
	vusb_bus_add_tap(mock->bus, &mock->tap);
	mock->changed = true;
	return r < 0 ? r : update(mock);
}

static void mock_free(struct mock *mock)
{
	vusb_bus_remove_tap(&mock->tap);
	root_hub_free(mock->hub);
	tree_free(mock->tree);
	close_fd(&mock->listen_fd);
	close_fd(&mock->monitor_fd);
	free(mock->scratch);
	free(mock);
}

static struct mock *mock_new(struct vusb_bus *bus, uv_loop_t *loop)
{
	size_t slots = vusb_bus_port_count(bus) + 1u;
	struct mock *mock = calloc(1, sizeof(*mock) + slots * sizeof(mock->slots[0]));

	if (!mock)
		return NULL;
	mock->bus = bus;
	mock->loop = loop;
	mock->listen_fd = mock->monitor_fd = -1;
	list_init(&mock->clients);
	list_init(&mock->monitors);
	list_init(&mock->requests);
	list_init(&mock->ttys);
	list_init(&mock->lingering);
	mock->hub = root_hub_new(bus);
	mock->tree = tree_new();
	mock->scratch = malloc(MOCK_SCRATCH);
	if (!mock->hub || !mock->tree || !mock->scratch) {
		mock_free(mock);
		return NULL;
	}
	return mock;
}

int mock_start(struct vusb_bus *bus, uv_loop_t *loop, struct mock **ret, struct why *why)
{
	struct mock *mock = mock_new(bus, loop);
	int r;

	if (!mock)
		return why_set(why, -ENOMEM, "mock: out of memory");
	r = start_showing(mock);
	if (r == 0)
		r = open_sockets(mock);
	if (r < 0) {
		mock_free(mock);
		return why_errno(why, r, "mock: cannot start");
	}
	start_handles(mock);
	*ret = mock;
	return 0;
}

const char *mock_address(const struct mock *mock)
{
	return mock->name;
}

/* --- situations --- */

/* Out of memory: the node keeps its mode; it cannot be opened all the same. */
static void set_node_mode(struct mock *mock, const struct mock_slot *slot)
{
	(void)!sysfs_set_node_mode(mock->tree, &slot->device, mock->forbidden ? 0600 : 0666);
}

void mock_set_permission(struct mock *mock, bool allowed)
{
	mock->forbidden = !allowed;
	for (size_t i = 0; i <= vusb_bus_port_count(mock->bus); i++)
		if (mock->slots[i].shown)
			set_node_mode(mock, &mock->slots[i]);
}

void mock_hold_ports(struct mock *mock, bool held)
{
	mock->ports_held = held;
}

void mock_new_numbers(struct mock *mock, bool always_new)
{
	mock->new_numbers = always_new;
}

int mock_set_kernel_driver(struct mock *mock, const char *name, struct why *why)
{
	if (name && strcmp(name, "usbtest") != 0)
		return why_set(why, -ENOTSUP,
			"\"%s\" is no kernel driver that takes a bootloader; usbtest is one", name);
	mock->usbtest = name != NULL;
	for (size_t n = 1; n <= vusb_bus_port_count(mock->bus); n++)
		for (uint8_t i = 0; mock->slots[n].shown && i < VUSB_INTERFACE_MAX; i++) {
			if (name)
				usbtest_bind(mock, &mock->slots[n], i, true);
			else
				usbtest_unbind(mock, &mock->slots[n], i);
		}
	return 0;
}

void mock_probe_ports(struct mock *mock, uint64_t for_us)
{
	mock->probe_us = for_us;
}

/* --- stop --- */

static void on_closed(uv_handle_t *handle)
{
	struct mock *mock = handle->data;

	mock->open_handles--;
}

/* A program that writes and ends at once has written. */
static void settle_ttys(struct mock *mock)
{
	list_for_each_safe (node, &mock->ttys) {
		struct mock_tty *tty = LIST_ENTRY(node, struct mock_tty, link);

		if (tty->session)
			tty_session_settle(tty->session);
	}
}

void mock_stop(struct mock *mock)
{
	if (!mock)
		return;
	settle_ttys(mock);
	while (!list_empty(&mock->clients))
		mock_client_close(LIST_ENTRY(mock->clients.next, struct mock_client, link));
	mock_monitor_close_all(mock);
	for (size_t i = 0; i <= vusb_bus_port_count(mock->bus); i++)
		cdc_acm_unbind_all(mock, &mock->slots[i]);
	mock_cancel_requests(mock);
	tty_minor_forget_all(mock);
	uv_close((uv_handle_t *)&mock->listen_poll, on_closed);
	uv_close((uv_handle_t *)&mock->monitor_poll, on_closed);
	uv_close((uv_handle_t *)&mock->prepare, on_closed);
	uv_close((uv_handle_t *)&mock->timer, on_closed);
	uv_close((uv_handle_t *)&mock->accept_timer, on_closed);
	while (mock->open_handles > 0)
		uv_run(mock->loop, UV_RUN_NOWAIT);
	mock_free(mock);
}
