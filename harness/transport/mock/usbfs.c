/* SPDX-License-Identifier: MIT */
/* An open /dev/bus/usb node, as the kernel's usbfs treats it: URBs that stay pending and can be discarded. */
#include "harness/transport/mock/usbfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define URB_BYTES_MAX      (16u << 20) /* in flight at once: usbcore's parameter usbfs_memory_mb */
#define ENDPOINT_BULK      2
#define ENDPOINT_INTERRUPT 3

struct urb {
	struct vusb_transfer transfer;
	struct list link;
	struct usbfs_file *file;
	uint64_t tag;
	size_t size;     /* counted in mock->urb_bytes */
	bool submitting; /* inside vusb_bus_submit: completing now is the reply to the MOCK_SUBMIT */
	bool done;
	uint8_t data[];
};

bool usbfs_is_gone(const struct usbfs_file *file)
{
	return !file->slot->port->device || file->slot->port->devnum != file->devnum;
}

void usbfs_reply(struct usbfs_file *file, uint64_t tag, int result)
{
	mock_client_send(file->client,
		(struct mock_message){.kind = MOCK_REPLY, .tag = tag, .result = result}, NULL, 0);
}

/* Makes the program's end of the pipe writable. */
static void wake(struct usbfs_file *file)
{
	uint8_t bytes[64];

	if (file->pipe_fd >= 0 && read(file->pipe_fd, bytes, sizeof(bytes)) < 0 && errno != EAGAIN)
		mock_client_close(file->client);
}

/* --- URBs --- */

int usbfs_urb_status(enum vusb_result result)
{
	switch (result) {
	case VUSB_ACK:
		return 0;
	case VUSB_STALL:
		return -EPIPE;
	case VUSB_GONE:
		return -ESHUTDOWN;
	case VUSB_CANCELLED:
		return -ENOENT;
	case VUSB_BABBLE:
		return -EOVERFLOW;
	case VUSB_ERROR:
	case VUSB_NAK:
	case VUSB_RESULT_COUNT:
		break;
	}
	return -EPROTO;
}

static void urb_completed(struct vusb_transfer *transfer)
{
	struct urb *urb = CONTAINER_OF(transfer, struct urb, transfer);
	struct usbfs_file *file = urb->file;
	struct mock_message message = {
		.kind = MOCK_COMPLETED,
		.tag = urb->tag,
		.result = usbfs_urb_status(transfer->result),
		.a = (uint32_t)transfer->actual,
		.b = urb->submitting,
	};

	list_remove(&urb->link);
	file->mock->urb_bytes -= urb->size;
	urb->done = true;
	if (!file->closing) {
		wake(file);
		mock_client_send(file->client, message, urb->data,
			vusb_transfer_is_in(transfer) ? transfer->actual : 0);
	}
	if (!urb->submitting)
		free(urb);
}

static struct urb *urb_new(struct usbfs_file *file, uint64_t tag, size_t room)
{
	struct urb *urb = malloc(sizeof(*urb) + room);

	if (!urb)
		return NULL;
	*urb = (struct urb){.file = file, .tag = tag, .size = sizeof(*urb) + room};
	list_init(&urb->link);
	urb->transfer.port = file->slot->port;
	urb->transfer.data = urb->data;
	urb->transfer.complete = urb_completed;
	return urb;
}

/* Takes the setup packet and the data from the payload; 0 or the errno of ioctl(USBDEVFS_SUBMITURB). */
static int prepare(struct urb *urb, const struct mock_message *message, const uint8_t *payload)
{
	struct vusb_transfer *transfer = &urb->transfer;
	size_t skip = 0;

	transfer->type = message->a;
	transfer->endpoint = (uint8_t)message->b;
	transfer->size = message->c;
	if (transfer->type == VUSB_CONTROL) {
		if (message->size < USB_SETUP_SIZE)
			return -EINVAL;
		transfer->endpoint = 0;
		transfer->setup = usb_setup_decode(payload);
		skip = USB_SETUP_SIZE;
		if (message->c < transfer->setup.wLength)
			return -EINVAL;
		transfer->size = transfer->setup.wLength;
	} else if (transfer->type != VUSB_BULK && transfer->type != VUSB_INTERRUPT) {
		return -EINVAL;
	}
	if (vusb_transfer_is_in(transfer))
		return 0;
	if (message->size - skip < transfer->size)
		return -EINVAL;
	memcpy(urb->data, payload + skip, transfer->size);
	return 0;
}

/* The endpoint in its interface's current alternate setting, or NULL. */
static const struct vusb_endpoint_desc *find_endpoint(
	const struct usbfs_file *file, uint8_t address)
{
	const struct vusb_device *device = file->slot->port->device;
	const struct vusb_config_desc *config = vusb_device_config(device);

	for (uint8_t i = 0; i < config->interface_count; i++) {
		const struct vusb_interface_desc *interface = &config->interfaces[i];

		if (device->alternate[interface->number] != interface->alternate)
			continue;
		for (uint8_t e = 0; e < interface->endpoint_count; e++)
			if (interface->endpoints[e].address == address)
				return &interface->endpoints[e];
	}
	return NULL;
}

/* A bulk URB on an interrupt endpoint is taken for an interrupt one; the reverse is refused. */
static int check_type(const struct usbfs_file *file, struct vusb_transfer *transfer)
{
	const struct vusb_endpoint_desc *endpoint = find_endpoint(file, transfer->endpoint);

	if (!endpoint)
		return -ENOENT;
	if ((endpoint->attributes & 3) == ENDPOINT_INTERRUPT)
		transfer->type = VUSB_INTERRUPT;
	else if (transfer->type != VUSB_BULK || (endpoint->attributes & 3) != ENDPOINT_BULK)
		return -EINVAL;
	return 0;
}

static int check_urb(struct usbfs_file *file, struct urb *urb)
{
	int r;

	if (usbfs_is_gone(file))
		return -ENODEV;
	if (urb->transfer.type == VUSB_CONTROL) {
		r = usbfs_check_control(file, &urb->transfer.setup);
	} else {
		r = usbfs_check_endpoint(file, urb->transfer.endpoint);
		r = r < 0 ? r : check_type(file, &urb->transfer);
	}
	if (r == 0 && file->mock->urb_bytes + urb->size > URB_BYTES_MAX)
		r = -ENOMEM;
	return r;
}

static void submit(
	struct usbfs_file *file, const struct mock_message *message, const uint8_t *payload)
{
	struct urb *urb;
	int r;

	if (message->c > MOCK_PAYLOAD_MAX) {
		usbfs_reply(file, message->tag, -EINVAL);
		return;
	}
	urb = urb_new(file, message->tag, message->c);
	r = urb ? prepare(urb, message, payload) : -ENOMEM;
	if (r == 0)
		r = check_urb(file, urb);
	if (r < 0) {
		free(urb);
		usbfs_reply(file, message->tag, r);
		return;
	}
	list_append(&file->urbs, &urb->link);
	file->mock->urb_bytes += urb->size;
	urb->submitting = true;
	vusb_bus_submit(&urb->transfer);
	urb->submitting = false;
	if (urb->done)
		free(urb);
	else
		usbfs_reply(file, message->tag, 0);
}

static int discard(struct usbfs_file *file, uint64_t tag)
{
	list_for_each (link, &file->urbs) {
		struct urb *urb = LIST_ENTRY(link, struct urb, link);

		if (urb->tag != tag)
			continue;
		vusb_bus_cancel(&urb->transfer);
		return 0;
	}
	return -EINVAL;
}

void usbfs_discard_on_interface(struct usbfs_file *file, uint8_t number)
{
	struct list *node = file->urbs.next;

	while (!usbfs_is_gone(file) && node != &file->urbs) {
		struct urb *urb = LIST_ENTRY(node, struct urb, link);

		node = node->next;
		if (urb->transfer.type == VUSB_CONTROL || !urb->transfer.pending ||
			usbfs_interface_of_endpoint(file, urb->transfer.endpoint) != number)
			continue;
		vusb_bus_cancel(&urb->transfer);
		node = file->urbs.next; /* a completion may have changed the list */
	}
}

void usbfs_file_message(
	struct usbfs_file *file, const struct mock_message *message, const uint8_t *payload)
{
	switch (message->kind) {
	case MOCK_SUBMIT:
		submit(file, message, payload);
		return;
	case MOCK_DISCARD:
		usbfs_reply(file, message->tag, discard(file, message->tag));
		return;
	case MOCK_CALL:
		usbfs_call(file, message);
		return;
	case MOCK_WAKE:
		wake(file);
		return;
	default:
		mock_client_close(file->client);
	}
}

/* --- open and close --- */

static struct mock_slot *slot_of_node(struct mock *mock, const char *path)
{
	for (size_t i = 0; i <= vusb_bus_port_count(mock->bus); i++) {
		struct mock_slot *slot = &mock->slots[i];
		char node[32];

		if (!slot->shown)
			continue;
		sysfs_node(&slot->device, node);
		if (strcmp(node, path) == 0)
			return slot;
	}
	return NULL;
}

static void send_opened(struct usbfs_file *file)
{
	const struct vusb_identity *identity = &file->slot->device.identity;
	uint8_t bytes[USB_DEVICE_SIZE + VUSB_CONFIG_MAX];
	struct mock_message message = {
		.kind = MOCK_REPLY,
		.tag = file->owner,
		.a = file->devnum,
		.b = USB_SPEED_FULL,
		.c = SYSFS_BUS_NUMBER << 8 | file->slot->device.port,
	};

	memcpy(bytes, identity->device, USB_DEVICE_SIZE);
	memcpy(bytes + USB_DEVICE_SIZE, identity->config, identity->config_size);
	mock_client_send(file->client, message, bytes, USB_DEVICE_SIZE + identity->config_size);
}

/* Only a pipe, and one that is never waited for. */
static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void refuse(struct mock_client *client, int result)
{
	struct mock_message message = {.kind = MOCK_REPLY, .result = result};

	mock_client_send(client, message, NULL, 0);
}

void usbfs_file_open(struct mock_client *client, const char *path, uint64_t owner, int pipe_fd)
{
	struct mock_slot *slot = slot_of_node(client->mock, path);
	/* A copy of an open file needs no permission. */
	bool forbidden = client->mock->forbidden && !owner;
	bool fine = slot && !forbidden && is_pipe(pipe_fd);
	struct usbfs_file *file = fine ? calloc(1, sizeof(*file)) : NULL;

	if (!file) {
		close(pipe_fd);
		refuse(client, !slot ? -ENODEV : forbidden ? -EACCES : fine ? -ENOMEM : -EINVAL);
		return;
	}
	client->file = file;
	file->client = client;
	file->mock = client->mock;
	file->slot = slot;
	file->devnum = slot->device.devnum;
	file->owner = owner ? owner : ++file->mock->last_owner;
	file->pipe_fd = pipe_fd;
	list_init(&file->urbs);
	uv_timer_init(file->mock->loop, &file->call_timer);
	file->call_timer.data = file;
	file->mock->open_handles++;
	send_opened(file);
}

static void on_closed(uv_handle_t *handle)
{
	struct usbfs_file *file = handle->data;

	file->mock->open_handles--;
	free(file);
}

void usbfs_file_close(struct usbfs_file *file)
{
	file->closing = true;
	while (!list_empty(&file->urbs)) {
		struct urb *urb = LIST_ENTRY(file->urbs.next, struct urb, link);

		/* Out of the list first: one that the device has in hand completes only later. */
		list_remove(&urb->link);
		vusb_bus_cancel(&urb->transfer);
	}
	if (file->calling)
		vusb_bus_cancel(&file->call_transfer);
	usbfs_release_all(file);
	close_fd(&file->pipe_fd);
	file->pipe_fd = -1;
	uv_close((uv_handle_t *)&file->call_timer, on_closed);
}

void usbfs_file_gone(struct usbfs_file *file)
{
	mock_client_send(file->client, (struct mock_message){.kind = MOCK_GONE}, NULL, 0);
	/* Without a reader the program's poll() says POLLERR, as the kernel does for a device that left. */
	close_fd(&file->pipe_fd);
	file->pipe_fd = -1;
}

bool usbfs_file_is_of(const struct usbfs_file *file, const struct mock_slot *slot)
{
	return file->slot == slot && file->devnum == slot->device.devnum;
}
