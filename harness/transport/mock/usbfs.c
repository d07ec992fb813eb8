/* SPDX-License-Identifier: MIT */
/*
 * An open /dev/bus/usb node, as the kernel's usbfs treats it: URBs that stay pending and can be discarded, interfaces
 * that one file claims, calls that take a control transfer.
 * Source of the rules and errno values: drivers/usb/core/devio.c of Linux 6.1 (proc_do_submiturb, check_ctrlrecip,
 * checkintf, proc_unlinkurb, proc_resetdevice, proc_setintf, proc_setconfig).
 */
#include "harness/transport/mock/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 5000 /* USB_CTRL_SET_TIMEOUT */

struct usbfs_file {
	struct mock *mock;
	struct mock_client *client;
	struct mock_slot *slot;
	uint8_t devnum; /* the device that was opened; another number at the port is another device */
	int pipe_fd;    /* read end; emptied = the program's poll() says "something to reap" */
	bool closing;
	struct list urbs;

	/* One call at a time: the program waits for it. */
	bool calling;
	enum mock_call call;
	uint32_t call_args[2];
	struct vusb_transfer call_transfer;
	uv_timer_t call_timer;
};

struct urb {
	struct vusb_transfer transfer;
	struct list link;
	struct usbfs_file *file;
	uint64_t tag;
	bool submitting; /* inside vusb_bus_submit: completing now is the reply to the MOCK_SUBMIT */
	bool done;
	uint8_t data[];
};

static bool is_gone(const struct usbfs_file *file)
{
	return !file->slot->port->device || file->slot->port->devnum != file->devnum;
}

static void reply(struct usbfs_file *file, uint64_t tag, int result)
{
	mock_client_send(file->client,
		(struct mock_message){.kind = MOCK_REPLY, .tag = tag, .result = result}, NULL, 0);
}

/* Makes the program's end of the pipe writable. */
static void wake(struct usbfs_file *file)
{
	uint8_t byte;

	if (file->pipe_fd >= 0 && read(file->pipe_fd, &byte, 1) < 0 && errno != EAGAIN)
		mock_client_close(file->client);
}

/* --- claims --- */

static int check_interface(struct usbfs_file *file, uint32_t number)
{
	struct mock_slot *slot = file->slot;

	if (number >= sysfs_interface_count(&slot->device))
		return -ENOENT;
	if (slot->claims[number] == file)
		return 0;
	/* The root hub's interface belongs to the kernel's hub driver. */
	if (slot->claims[number] || !slot->device.port)
		return -EBUSY;
	slot->claims[number] = file;
	return 0;
}

static int release_interface(struct usbfs_file *file, uint32_t number)
{
	if (number >= sysfs_interface_count(&file->slot->device))
		return -EINVAL;
	if (file->slot->claims[number] != file)
		return -EINVAL;
	file->slot->claims[number] = NULL;
	return 0;
}

/* The interface that has this endpoint in its current alternate setting; -ENOENT. */
static int interface_of_endpoint(const struct usbfs_file *file, uint8_t endpoint)
{
	const struct vusb_device *device = file->slot->port->device;
	const struct vusb_config_desc *config = vusb_device_config(device);

	for (uint8_t i = 0; i < config->interface_count; i++) {
		const struct vusb_interface_desc *interface = &config->interfaces[i];

		if (device->alternate[interface->number] != interface->alternate)
			continue;
		for (uint8_t e = 0; e < interface->endpoint_count; e++)
			if (interface->endpoints[e].address == endpoint)
				return interface->number;
	}
	return -ENOENT;
}

static int check_endpoint(struct usbfs_file *file, uint8_t endpoint)
{
	int interface = interface_of_endpoint(file, endpoint);

	return interface < 0 ? interface : check_interface(file, (uint32_t)interface);
}

/* Requests to an interface or an endpoint need its claim; vendor requests do not. */
static int check_control(struct usbfs_file *file, const struct usb_setup *setup)
{
	if ((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR)
		return 0;
	switch (setup->bmRequestType & USB_RECIPIENT_MASK) {
	case USB_RECIPIENT_INTERFACE:
		return check_interface(file, setup->wIndex & 0xff);
	case USB_RECIPIENT_ENDPOINT:
		return (setup->wIndex & 0x0f) ? check_endpoint(file, (uint8_t)setup->wIndex) : 0;
	default:
		return 0;
	}
}

/* --- URBs --- */

static int urb_status(enum vusb_result result)
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
		.result = urb_status(transfer->result),
		.a = (uint32_t)transfer->actual,
		.b = urb->submitting,
	};

	list_remove(&urb->link);
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
	*urb = (struct urb){.file = file, .tag = tag};
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

static int check_urb(struct usbfs_file *file, const struct urb *urb)
{
	if (is_gone(file))
		return -ENODEV;
	if (urb->transfer.type == VUSB_CONTROL)
		return check_control(file, &urb->transfer.setup);
	return check_endpoint(file, urb->transfer.endpoint);
}

static void submit(
	struct usbfs_file *file, const struct mock_message *message, const uint8_t *payload)
{
	struct urb *urb;
	int r;

	if (message->c > MOCK_PAYLOAD_MAX) {
		reply(file, message->tag, -EINVAL);
		return;
	}
	urb = urb_new(file, message->tag, message->c);
	r = urb ? prepare(urb, message, payload) : -ENOMEM;
	if (r == 0)
		r = check_urb(file, urb);
	if (r < 0) {
		free(urb);
		reply(file, message->tag, r);
		return;
	}
	list_append(&file->urbs, &urb->link);
	urb->submitting = true;
	vusb_bus_submit(&urb->transfer);
	urb->submitting = false;
	if (urb->done)
		free(urb);
	else
		reply(file, message->tag, 0);
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

/* --- calls --- */

static void call_finished(struct usbfs_file *file, int result)
{
	file->calling = false;
	uv_timer_stop(&file->call_timer);
	if (!file->closing)
		reply(file, 0, result);
}

static void call_succeeded(struct usbfs_file *file)
{
	struct mock_slot *slot = file->slot;
	uint8_t number = (uint8_t)file->call_args[0];

	if (file->call == MOCK_SET_ALT && slot->shown) {
		slot->alternate[number] = (uint8_t)file->call_args[1];
		call_finished(file, sysfs_set_alternate(file->mock->tree, &slot->device, number,
					    slot->alternate[number]));
		return;
	}
	if (file->call == MOCK_SET_CONFIG)
		memset(slot->alternate, 0, sizeof(slot->alternate));
	call_finished(file, 0);
}

static void call_completed(struct vusb_transfer *transfer)
{
	struct usbfs_file *file = transfer->user;

	if (transfer->result == VUSB_ACK)
		call_succeeded(file);
	else
		call_finished(file, transfer->result == VUSB_CANCELLED
					    ? -ETIMEDOUT
					    : urb_status(transfer->result));
}

static void on_call_timeout(uv_timer_t *timer)
{
	struct usbfs_file *file = timer->data;

	vusb_bus_cancel(&file->call_transfer);
}

/* A control transfer without data, at whose end the program gets its reply. */
static void call_control(struct usbfs_file *file, struct usb_setup setup)
{
	file->calling = true;
	file->call_transfer = (struct vusb_transfer){
		.port = file->slot->port,
		.type = VUSB_CONTROL,
		.setup = setup,
		.complete = call_completed,
		.user = file,
	};
	uv_update_time(file->mock->loop);
	uv_timer_start(&file->call_timer, on_call_timeout, CALL_TIMEOUT_MS, 0);
	vusb_bus_submit(&file->call_transfer);
}

static bool others_claim(const struct usbfs_file *file)
{
	for (size_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		if (file->slot->claims[i] && file->slot->claims[i] != file)
			return true;
	return false;
}

/* The kernel resets, reads the descriptors again and puts configuration and alternates back. */
static int reset(struct usbfs_file *file)
{
	struct mock_slot *slot = file->slot;

	if (!slot->device.port)
		return 0;
	if (!mock_slot_reread(file->mock, slot))
		return -ENODEV;
	for (uint8_t i = 0; i < VUSB_INTERFACE_MAX; i++) {
		struct usb_setup setup = {.bmRequestType = USB_RECIPIENT_INTERFACE,
			.bRequest = USB_SET_INTERFACE,
			.wValue = slot->alternate[i],
			.wIndex = i};

		if (slot->alternate[i] &&
			vusb_port_control(slot->port, &setup, NULL, CALL_TIMEOUT_MS * 1000) < 0)
			return -ENODEV;
	}
	return 0;
}

static void call_set_alternate(struct usbfs_file *file, uint32_t interface, uint32_t alternate)
{
	int r = check_interface(file, interface);

	if (r < 0) {
		reply(file, 0, r);
		return;
	}
	call_control(file, (struct usb_setup){.bmRequestType = USB_RECIPIENT_INTERFACE,
				   .bRequest = USB_SET_INTERFACE,
				   .wValue = (uint16_t)alternate,
				   .wIndex = (uint16_t)interface});
}

static void call_clear_halt(struct usbfs_file *file, uint8_t endpoint)
{
	int r = check_endpoint(file, endpoint);

	if (r < 0) {
		reply(file, 0, r);
		return;
	}
	call_control(file, (struct usb_setup){.bmRequestType = USB_RECIPIENT_ENDPOINT,
				   .bRequest = USB_CLEAR_FEATURE,
				   .wValue = USB_FEATURE_ENDPOINT_HALT,
				   .wIndex = endpoint});
}

static void call(struct usbfs_file *file, const struct mock_message *message)
{
	if (file->calling || is_gone(file)) {
		reply(file, 0, file->calling ? -EBUSY : -ENODEV);
		return;
	}
	file->call = message->a;
	file->call_args[0] = message->b;
	file->call_args[1] = message->c;
	switch (file->call) {
	case MOCK_CLAIM:
		reply(file, 0, check_interface(file, message->b));
		return;
	case MOCK_RELEASE:
		reply(file, 0, release_interface(file, message->b));
		return;
	case MOCK_RESET:
		reply(file, 0, reset(file));
		return;
	case MOCK_SET_CONFIG:
		if (others_claim(file))
			reply(file, 0, -EBUSY);
		else
			call_control(file, (struct usb_setup){.bRequest = USB_SET_CONFIGURATION,
						   .wValue = (uint16_t)message->b});
		return;
	case MOCK_SET_ALT:
		call_set_alternate(file, message->b, message->c);
		return;
	case MOCK_CLEAR_HALT:
		call_clear_halt(file, (uint8_t)message->b);
		return;
	}
	mock_client_close(file->client);
}

void usbfs_file_message(
	struct usbfs_file *file, const struct mock_message *message, const uint8_t *payload)
{
	switch (message->kind) {
	case MOCK_SUBMIT:
		submit(file, message, payload);
		return;
	case MOCK_DISCARD:
		reply(file, message->tag, discard(file, message->tag));
		return;
	case MOCK_CALL:
		call(file, message);
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
		.a = file->devnum,
		.b = USB_SPEED_FULL,
		.c = SYSFS_BUS_NUMBER,
	};

	memcpy(bytes, identity->device, USB_DEVICE_SIZE);
	memcpy(bytes + USB_DEVICE_SIZE, identity->config, identity->config_size);
	mock_client_send(file->client, message, bytes, USB_DEVICE_SIZE + identity->config_size);
}

struct usbfs_file *usbfs_file_open(struct mock_client *client, const char *path, int pipe_fd)
{
	struct mock_slot *slot = slot_of_node(client->mock, path);
	struct usbfs_file *file = slot ? calloc(1, sizeof(*file)) : NULL;

	if (!file) {
		close(pipe_fd);
		mock_client_send(client,
			(struct mock_message){
				.kind = MOCK_REPLY, .result = slot ? -ENOMEM : -ENODEV},
			NULL, 0);
		return NULL;
	}
	file->client = client;
	file->mock = client->mock;
	file->slot = slot;
	file->devnum = slot->device.devnum;
	file->pipe_fd = pipe_fd;
	list_init(&file->urbs);
	uv_timer_init(file->mock->loop, &file->call_timer);
	file->call_timer.data = file;
	file->mock->open_handles++;
	send_opened(file);
	return file;
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
	while (!list_empty(&file->urbs))
		vusb_bus_cancel(&LIST_ENTRY(file->urbs.next, struct urb, link)->transfer);
	if (file->calling)
		vusb_bus_cancel(&file->call_transfer);
	for (size_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		if (file->slot->claims[i] == file)
			file->slot->claims[i] = NULL;
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
