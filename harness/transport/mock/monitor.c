/* SPDX-License-Identifier: MIT */
/* Hotplug messages to programs that listen for them: one seqpacket connection a listener, one packet a message. */
#include "harness/transport/mock/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel drops messages too when a listener does not read (ENOBUFS); this many wait here first. */
#define QUEUE_MAX 1024

struct packet {
	struct list link;
	size_t size;
	uint8_t data[];
};

struct monitor {
	struct list link;
	struct mock *mock;
	uv_poll_t poll;
	int fd;
	uint8_t groups; /* bits of enum sysfs_group; 0 until the client has said it */
	bool closing;
	struct list queue; /* of struct packet */
	size_t queued;
};

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
	struct monitor *monitor = handle->data;

	monitor->mock->open_handles--;
	close(monitor->fd);
	free(monitor);
}

static void monitor_close(struct monitor *monitor)
{
	if (monitor->closing)
		return;
	monitor->closing = true;
	list_remove(&monitor->link);
	list_for_each_safe (node, &monitor->queue)
		free(LIST_ENTRY(node, struct packet, link));
	list_init(&monitor->queue);
	uv_close((uv_handle_t *)&monitor->poll, on_closed);
}

void mock_monitor_accept(struct mock *mock, int fd)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor) {
		close(fd);
		return;
	}
	monitor->mock = mock;
	monitor->fd = fd;
	list_init(&monitor->queue);
	list_append(&mock->monitors, &monitor->link);
	uv_poll_init(mock->loop, &monitor->poll, fd);
	monitor->poll.data = monitor;
	mock->open_handles++;
	uv_poll_start(&monitor->poll, UV_READABLE | UV_DISCONNECT, on_ready);
}

static void queue_packet(struct monitor *monitor, const uint8_t *data, size_t size)
{
	struct packet *packet;

	if (monitor->queued >= QUEUE_MAX)
		return;
	packet = malloc(sizeof(*packet) + size);
	if (!packet)
		return;
	packet->size = size;
	memcpy(packet->data, data, size);
	list_append(&monitor->queue, &packet->link);
	monitor->queued++;
	uv_poll_start(&monitor->poll, UV_READABLE | UV_WRITABLE | UV_DISCONNECT, on_ready);
}

static void flush_queue(struct monitor *monitor)
{
	while (!list_empty(&monitor->queue)) {
		struct packet *packet = LIST_ENTRY(monitor->queue.next, struct packet, link);

		if (send(monitor->fd, packet->data, packet->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		list_remove(&packet->link);
		monitor->queued--;
		free(packet);
	}
	uv_poll_start(&monitor->poll, UV_READABLE | UV_DISCONNECT, on_ready);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct monitor *monitor = poll->data;
	uint8_t groups;
	ssize_t n;

	if (status < 0) {
		monitor_close(monitor);
		return;
	}
	if (events & (UV_READABLE | UV_DISCONNECT)) {
		n = recv(monitor->fd, &groups, 1, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			monitor_close(monitor);
			return;
		}
		if (n == 1)
			monitor->groups = groups;
	}
	if (events & UV_WRITABLE)
		flush_queue(monitor);
}

void mock_monitor_send_all(
	struct mock *mock, enum sysfs_group group, const uint8_t *data, size_t size)
{
	list_for_each (node, &mock->monitors) {
		struct monitor *monitor = LIST_ENTRY(node, struct monitor, link);

		if (!(monitor->groups & group))
			continue;
		if (!list_empty(&monitor->queue) ||
			send(monitor->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			queue_packet(monitor, data, size);
	}
}

void mock_monitor_close_all(struct mock *mock)
{
	while (!list_empty(&mock->monitors))
		monitor_close(LIST_ENTRY(mock->monitors.next, struct monitor, link));
}
