/* SPDX-License-Identifier: MIT */
/* Calls on an open node that are no URBs: one at a time, the program waits for it. */
#include "harness/transport/mock/tty.h"
#include "harness/transport/mock/usbfs.h"

#include <errno.h>
#include <string.h>

static void call_finished(struct usbfs_file *file, int result)
{
	file->calling = false;
	uv_timer_stop(&file->call_timer);
	if (!file->closing)
		usbfs_reply(file, 0, result);
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
	if (file->call == MOCK_SET_CONFIG && slot->shown) {
		memset(slot->alternate, 0, sizeof(slot->alternate));
		call_finished(file, sysfs_set_configured(file->mock->tree, &slot->device,
					    file->call_args[0] != 0));
		return;
	}
	call_finished(file, 0);
}

/* A device with one alternate setting need not know the request (USB 2.0, 9.4.10), and the kernel does without. */
static bool may_stall(const struct usbfs_file *file)
{
	return file->call == MOCK_SET_ALT &&
	       !sysfs_find_alternate(&file->slot->device, (uint8_t)file->call_args[0], 1);
}

static void call_completed(struct vusb_transfer *transfer)
{
	struct usbfs_file *file = transfer->user;

	if (transfer->result == VUSB_ACK || (transfer->result == VUSB_STALL && may_stall(file)))
		call_succeeded(file);
	else
		call_finished(file, transfer->result == VUSB_CANCELLED
					    ? -ETIMEDOUT
					    : usbfs_urb_status(transfer->result));
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
	uv_timer_start(&file->call_timer, on_call_timeout, USBFS_TIMEOUT_MS, 0);
	vusb_bus_submit(&file->call_transfer);
}

/* The kernel resets, reads the descriptors again and puts configuration and alternates back. */
static int reset(struct usbfs_file *file)
{
	struct mock_slot *slot = file->slot;

	if (!slot->device.port)
		return 0;
	/* A driver that cannot be told of a reset lets go before and takes its interfaces again behind it, and cdc_acm has
	 * no post_reset (usb_reset_device in drivers/usb/core/hub.c). */
	cdc_acm_unbind_all(file->mock, slot);
	if (!mock_slot_reread(file->mock, slot))
		return -ENODEV;
	for (uint8_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		cdc_acm_bind(file->mock, slot, i, true);
	for (uint8_t i = 0; i < VUSB_INTERFACE_MAX; i++) {
		struct usb_setup setup = {.bmRequestType = USB_RECIPIENT_INTERFACE,
			.bRequest = USB_SET_INTERFACE,
			.wValue = slot->alternate[i],
			.wIndex = i};

		if (slot->alternate[i] &&
			vusb_port_control(slot->port, &setup, NULL, USBFS_TIMEOUT_MS * 1000) < 0)
			return -ENODEV;
	}
	return 0;
}

static void call_set_alternate(struct usbfs_file *file, uint32_t interface, uint32_t alternate)
{
	int r = usbfs_check_interface(file, interface);

	if (r == 0)
		usbfs_discard_on_interface(file, (uint8_t)interface);
	if (r == 0 && usbfs_is_gone(file))
		r = -ENODEV;
	if (r == 0 && (alternate > UINT8_MAX || !sysfs_find_alternate(&file->slot->device,
							(uint8_t)interface, (uint8_t)alternate)))
		r = -EINVAL;
	if (r < 0) {
		usbfs_reply(file, 0, r);
		return;
	}
	call_control(file, (struct usb_setup){.bmRequestType = USB_RECIPIENT_INTERFACE,
				   .bRequest = USB_SET_INTERFACE,
				   .wValue = (uint16_t)alternate,
				   .wIndex = (uint16_t)interface});
}

static void call_clear_halt(struct usbfs_file *file, uint32_t endpoint)
{
	int r = usbfs_check_endpoint(file, endpoint);

	if (r < 0) {
		usbfs_reply(file, 0, r);
		return;
	}
	call_control(file, (struct usb_setup){.bmRequestType = USB_RECIPIENT_ENDPOINT,
				   .bRequest = USB_CLEAR_FEATURE,
				   .wValue = USB_FEATURE_ENDPOINT_HALT,
				   .wIndex = (uint16_t)endpoint});
}

/* value: of the only configuration that is known, or 0 or -1 for none. */
static void call_set_configuration(struct usbfs_file *file, uint32_t value)
{
	const struct mock_slot *slot = file->slot;
	int r = 0;

	if (value == UINT32_MAX)
		value = file->call_args[0] = 0;
	if (usbfs_anybody_claims(slot))
		r = -EBUSY;
	else if (value && value != vusb_device_config(slot->port->device)->value)
		r = -EINVAL;
	if (r < 0)
		usbfs_reply(file, 0, r);
	else
		call_control(file, (struct usb_setup){.bRequest = USB_SET_CONFIGURATION,
					   .wValue = (uint16_t)value});
}

void usbfs_call(struct usbfs_file *file, const struct mock_message *message)
{
	if (file->calling || usbfs_is_gone(file)) {
		usbfs_reply(file, 0, file->calling ? -EBUSY : -ENODEV);
		return;
	}
	file->call = message->a;
	file->call_args[0] = message->b;
	file->call_args[1] = message->c;
	switch (file->call) {
	case MOCK_CLAIM:
		usbfs_reply(file, 0, usbfs_check_interface(file, message->b));
		return;
	case MOCK_RELEASE:
		usbfs_reply(file, 0, usbfs_release(file, message->b));
		return;
	case MOCK_RESET:
		usbfs_reply(file, 0, reset(file));
		return;
	case MOCK_SET_CONFIG:
		call_set_configuration(file, message->b);
		return;
	case MOCK_SET_ALT:
		call_set_alternate(file, message->b, message->c);
		return;
	case MOCK_CLEAR_HALT:
		call_clear_halt(file, message->b);
		return;
	case MOCK_RESET_ENDPOINT: /* the host controller's side alone: nothing to do */
		usbfs_reply(file, 0, usbfs_check_endpoint(file, message->b));
		return;
	case MOCK_GET_DRIVER:
		usbfs_reply(file, 0, usbfs_driver(file, message->b));
		return;
	case MOCK_DISCONNECT:
		usbfs_reply(file, 0, usbfs_disconnect(file, message->b));
		return;
	case MOCK_CONNECT:
		usbfs_reply(file, 0, usbfs_connect(file, message->b));
		return;
	}
	mock_client_close(file->client);
}
