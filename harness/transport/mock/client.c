/* SPDX-License-Identifier: MIT */
/* Stream connections of programs under the mock: framing, and what their first message makes of them. */
#include "harness/transport/mock/tty.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define OUT_LIMIT    (16u << 20) /* a client that lets more than this pile up is dropped */
#define MESSAGES_MAX 256         /* served in a row before the loop has its turn */

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
	struct mock_client *client = handle->data;

	client->mock->open_handles--;
	close(client->fd);
	if (client->passed_fd >= 0)
		close(client->passed_fd);
	buf_done(&client->in);
	buf_done(&client->out);
	free(client);
}

void mock_client_close(struct mock_client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	list_remove(&client->link);
	if (client->file)
		usbfs_file_close(client->file);
	client->file = NULL;
	list_remove(&client->waiting);
	close_fd(&client->slave_fd);
	client->slave_fd = -1;
	uv_close((uv_handle_t *)&client->poll, on_closed);
}

void mock_client_accept(struct mock *mock, int fd)
{
	struct mock_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->mock = mock;
	client->fd = fd;
	client->passed_fd = client->slave_fd = -1;
	list_init(&client->waiting);
	/* The largest message, and what one read may bring of those behind it. */
	buf_init(&client->in, sizeof(struct mock_message) + MOCK_PAYLOAD_MAX + MOCK_SCRATCH);
	buf_init(&client->out, OUT_LIMIT);
	list_append(&mock->clients, &client->link);
	uv_poll_init(mock->loop, &client->poll, fd);
	client->poll.data = client;
	mock->open_handles++;
	uv_poll_start(&client->poll, UV_READABLE | UV_DISCONNECT, on_ready);
}

/* --- sending --- */

void mock_client_send(
	struct mock_client *client, struct mock_message message, const void *payload, size_t size)
{
	struct iovec parts[2] = {
		{.iov_base = &message, .iov_len = sizeof(message)},
		{.iov_base = (void *)payload, .iov_len = size},
	};
	struct msghdr header = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};
	size_t total = sizeof(message) + size, sent = 0;
	ssize_t n;

	if (client->closing)
		return;
	message.size = (uint32_t)size;
	if (!client->out.size) {
		n = sendmsg(client->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent = n > 0 ? (size_t)n : 0;
	}
	if (sent == total)
		return;
	for (size_t i = 0; i < header.msg_iovlen; i++) {
		size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		if (buf_append(&client->out, (uint8_t *)parts[i].iov_base + skip,
			    parts[i].iov_len - skip) < 0) {
			mock_client_close(client);
			return;
		}
		sent -= skip;
	}
	uv_poll_start(&client->poll, UV_READABLE | UV_WRITABLE | UV_DISCONNECT, on_ready);
}

void mock_client_send_fd(struct mock_client *client, struct mock_message message, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (client->closing)
		return;
	if (sendmsg(client->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(message))
		mock_client_close(client);
}

static void flush_out(struct mock_client *client)
{
	ssize_t n =
		send(client->fd, client->out.data, client->out.size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		buf_consume(&client->out, (size_t)n);
	if (!client->out.size)
		uv_poll_start(&client->poll, UV_READABLE | UV_DISCONNECT, on_ready);
}

/* --- what is asked --- */

static int append_entries(const struct tree_node *dir, struct buf *out)
{
	static const char letters[] = {[MOCK_FILE_DIR] = 'd',
		[MOCK_FILE_REGULAR] = 'f',
		[MOCK_FILE_LINK] = 'l',
		[MOCK_FILE_DEVICE] = 'c'};
	int r = 0;

	list_for_each (link, (struct list *)&dir->children) {
		const struct tree_node *node = LIST_ENTRY(link, const struct tree_node, link);

		if (r == 0)
			r = buf_printf(out, "%c%s%c", letters[node->type], node->name, '\0');
	}
	return r;
}

static int append_found(const struct mock *mock, const struct tree_node *node, struct buf *out)
{
	char path[MOCK_PATH_MAX];
	struct mock_file file = {
		.type = node->type,
		.mode = node->mode,
		.ino = node->ino,
		.major = node->major,
		.minor = node->minor,
		.transparent = node->transparent,
		.denied = mock->forbidden && node->major == SYSFS_USB_MAJOR,
	};
	int r = tree_path(node, path, sizeof(path));

	if (r < 0)
		return r;
	file.path_size = (uint32_t)strlen(path) + 1;
	r = buf_append(out, &file, sizeof(file));
	if (r == 0)
		r = buf_append(out, path, file.path_size);
	if (r == 0 && node->type == MOCK_FILE_DIR)
		r = append_entries(node, out);
	else if (r == 0 && node->data)
		r = buf_append(out, node->data, node->size);
	return r;
}

static void answer_lookup(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload)
{
	struct mock_message reply = {.kind = MOCK_REPLY, .tag = message->tag};
	struct mock_file missing = {.type = MOCK_FILE_NOT_OURS};
	char path[MOCK_PATH_MAX];
	const struct tree_node *node;
	struct buf out;
	int r;

	buf_init(&out, MOCK_PAYLOAD_MAX);
	if (message->size >= sizeof(path)) {
		r = -ENAMETOOLONG;
	} else {
		memcpy(path, payload, message->size);
		path[message->size] = '\0';
		r = tree_lookup(client->mock->tree, path, message->a, &node);
	}
	if (r == 0) {
		r = append_found(client->mock, node, &out);
	} else if (r == -ENOENT || r == -ENXIO) {
		missing.type = r == -ENOENT ? MOCK_FILE_NONE : MOCK_FILE_NOT_OURS;
		r = buf_append(&out, &missing, sizeof(missing));
	}
	reply.result = r;
	mock_client_send(client, reply, out.data, out.size);
	buf_done(&out);
}

static void open_device(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload)
{
	char path[64];
	int pipe_fd = client->passed_fd;

	client->passed_fd = -1;
	if (message->size >= sizeof(path) || pipe_fd < 0) {
		close_fd(&pipe_fd);
		mock_client_close(client);
		return;
	}
	memcpy(path, payload, message->size);
	path[message->size] = '\0';
	usbfs_file_open(client, path, message->tag, pipe_fd);
}

static void hello(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload)
{
	client->role = message->kind;
	if (message->a != MOCK_VERSION)
		mock_client_close(client);
	else if (client->role == MOCK_HELLO_DEVICE)
		open_device(client, message, payload);
	else if (client->role == MOCK_HELLO_TTY)
		tty_call(client, message, payload);
	else if (client->role != MOCK_HELLO_FILES && client->role != MOCK_HELLO_LIFELINE)
		mock_client_close(client);
}

static void dispatch(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload)
{
	if (!client->role)
		hello(client, message, payload);
	else if (client->role == MOCK_HELLO_FILES && message->kind == MOCK_LOOKUP)
		answer_lookup(client, message, payload);
	else if (client->role == MOCK_HELLO_DEVICE && client->file)
		usbfs_file_message(client->file, message, payload);
	else
		mock_client_close(client);
}

/* --- receiving --- */

/* Serves the complete messages at data; returns the bytes used. */
static size_t serve(
	struct mock_client *client, const uint8_t *data, size_t size, unsigned int *count)
{
	struct mock_message message;
	size_t used = 0;

	while (!client->closing && size - used >= sizeof(message)) {
		memcpy(&message, data + used, sizeof(message));
		if (message.size > MOCK_PAYLOAD_MAX) {
			mock_client_close(client);
			break;
		}
		if (size - used < sizeof(message) + message.size)
			break;
		dispatch(client, &message, data + used + sizeof(message));
		used += sizeof(message) + message.size;
		++*count;
	}
	return used;
}

static void serve_bytes(
	struct mock_client *client, const uint8_t *data, size_t size, unsigned int *count)
{
	size_t used;

	if (client->in.size) {
		if (buf_append(&client->in, data, size) < 0) {
			mock_client_close(client);
			return;
		}
		used = serve(client, client->in.data, client->in.size, count);
		buf_consume(&client->in, used);
		return;
	}
	used = serve(client, data, size, count);
	if (used < size && buf_append(&client->in, data + used, size - used) < 0)
		mock_client_close(client);
}

/* Keeps the last of the fds that came and closes the others. */
static void take_fds(struct mock_client *client, struct cmsghdr *header)
{
	size_t size = header->cmsg_len - CMSG_LEN(0);

	for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
		close_fd(&client->passed_fd);
		memcpy(&client->passed_fd, CMSG_DATA(header) + at, sizeof(int));
	}
}

/* The first message may carry an fd. */
static ssize_t receive_first(struct mock_client *client, uint8_t *data, size_t room)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = data, .iov_len = room};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		take_fds(client, header);
	return n;
}

static ssize_t receive(struct mock_client *client)
{
	struct mock *mock = client->mock;

	if (!client->role)
		return receive_first(client, mock->scratch, MOCK_SCRATCH);
	return recv(client->fd, mock->scratch, MOCK_SCRATCH, MSG_DONTWAIT);
}

/*
 * Serves what is there and then looks a moment longer: a host's next request mostly follows within microseconds, and
 * to wake up for each would cost more than the request (measured: 70 us for a round trip of sleepers, 5 us so; on one
 * processor too, as each look yields it).
 */
static void serve_ready(struct mock_client *client)
{
	struct mock *mock = client->mock;
	uint64_t until = 0;
	unsigned int count = 0;

	while (!client->closing && !mock->changed && count < MESSAGES_MAX) {
		ssize_t n = receive(client);

		if (n > 0) {
			serve_bytes(client, mock->scratch, (size_t)n, &count);
			until = 0;
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			mock_client_close(client);
			return;
		}
		if (client->role != MOCK_HELLO_DEVICE)
			return;
		if (!until)
			until = uv_hrtime() + MOCK_SPIN_US * 1000;
		else if (uv_hrtime() > until)
			return;
		sched_yield(); /* the other side may wait for this processor */
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct mock_client *client = poll->data;

	if (status < 0) {
		mock_client_close(client);
		return;
	}
	if (events & UV_WRITABLE)
		flush_out(client);
	if (events & (UV_READABLE | UV_DISCONNECT))
		serve_ready(client);
}
