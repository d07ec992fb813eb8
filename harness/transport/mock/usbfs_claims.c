/* SPDX-License-Identifier: MIT */
/* Who may use which interface of a device, and what the kernel does when a program lets go of one. */
#include "harness/transport/mock/tty.h"
#include "harness/transport/mock/usbfs.h"

#include <errno.h>

#define INTERFACE_NUMBERS 64 /* bits of usbfs's ifclaimed; devices have VUSB_INTERFACE_MAX */

static bool has_interface(const struct usbfs_file *file, uint32_t number)
{
	return file->slot->port->device->configuration &&
	       number < sysfs_interface_count(&file->slot->device);
}

int usbfs_check_interface(struct usbfs_file *file, uint32_t number)
{
	struct mock_slot *slot = file->slot;

	if (number >= INTERFACE_NUMBERS)
		return -EINVAL;
	if (!has_interface(file, number))
		return -ENOENT;
	if (slot->claims[number] == file->owner)
		return 0;
	/* The root hub's interface belongs to the kernel's hub driver. */
	if (slot->claims[number] || !slot->device.port)
		return -EBUSY;
	slot->claims[number] = file->owner;
	return 0;
}

/* What every alternate setting of an interface has of it counts, as in the kernel's findintfep; -ENOENT. */
int usbfs_interface_of_endpoint(const struct usbfs_file *file, uint8_t endpoint)
{
	const struct vusb_config_desc *config = vusb_device_config(file->slot->port->device);

	for (uint8_t i = 0; i < config->interface_count; i++) {
		const struct vusb_interface_desc *interface = &config->interfaces[i];

		for (uint8_t e = 0; e < interface->endpoint_count; e++)
			if (interface->endpoints[e].address == endpoint)
				return interface->number;
	}
	return -ENOENT;
}

int usbfs_check_endpoint(struct usbfs_file *file, uint32_t endpoint)
{
	int interface;

	if (endpoint & ~(uint32_t)(USB_DIR_IN | 0x0f))
		return -EINVAL;
	interface = usbfs_interface_of_endpoint(file, (uint8_t)endpoint);
	return interface < 0 ? interface : usbfs_check_interface(file, (uint32_t)interface);
}

/* Requests to an interface or an endpoint need its claim; vendor requests do not. */
int usbfs_check_control(struct usbfs_file *file, const struct usb_setup *setup)
{
	uint32_t index = setup->wIndex & 0xff;
	int r;

	if ((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR)
		return 0;
	switch (setup->bmRequestType & USB_RECIPIENT_MASK) {
	case USB_RECIPIENT_INTERFACE:
		return usbfs_check_interface(file, index);
	case USB_RECIPIENT_ENDPOINT:
		if (!(index & ~(uint32_t)USB_DIR_IN))
			return 0;
		r = usbfs_check_endpoint(file, index);
		/* Some programs give the endpoint's number without its direction, and the kernel lets them. */
		return r == -ENOENT ? usbfs_check_endpoint(file, index ^ USB_DIR_IN) : r;
	default:
		return 0;
	}
}

bool usbfs_anybody_claims(const struct mock_slot *slot)
{
	if (!slot->device.port)
		return true;
	for (size_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		if (slot->claims[i])
			return true;
	return false;
}

int usbfs_driver(const struct usbfs_file *file, uint32_t number)
{
	if (number >= INTERFACE_NUMBERS)
		return -EINVAL;
	if (!has_interface(file, number))
		return -ENOENT;
	if (!file->slot->device.port)
		return MOCK_DRIVER_HUB;
	if (file->slot->claims[number] == MOCK_OWNER_CDC_ACM)
		return MOCK_DRIVER_CDC_ACM;
	if (file->slot->claims[number] == MOCK_OWNER_USBTEST)
		return MOCK_DRIVER_USBTEST;
	return file->slot->claims[number] ? MOCK_DRIVER_USBFS : -ENODATA;
}

/* Lets go of an interface. The kernel puts it back to its first alternate setting (usb_unbind_interface). */
static void let_go(struct usbfs_file *file, uint8_t number)
{
	struct mock_slot *slot = file->slot;

	slot->claims[number] = 0;
	if (!slot->alternate[number] || usbfs_is_gone(file))
		return;
	slot->alternate[number] = 0;
	/* Out of memory: sysfs tells the old one. */
	(void)!sysfs_set_alternate(file->mock->tree, &slot->device, number, 0);
	/* Nobody waits for it. */
	mock_request_send(file->mock, slot->port,
		(struct usb_setup){.bmRequestType = USB_RECIPIENT_INTERFACE,
			.bRequest = USB_SET_INTERFACE,
			.wIndex = number},
		NULL, (struct mock_request_done){.call = NULL});
}

int usbfs_release(struct usbfs_file *file, uint32_t number)
{
	if (number >= INTERFACE_NUMBERS)
		return -EINVAL;
	if (!has_interface(file, number))
		return -ENOENT;
	if (file->slot->claims[number] != file->owner)
		return -EINVAL;
	usbfs_discard_on_interface(file, (uint8_t)number);
	let_go(file, (uint8_t)number);
	return 0;
}

/* The program's own usbfs counts as a driver; another program's is left to it (the kernel would take it away). */
int usbfs_disconnect(struct usbfs_file *file, uint32_t number)
{
	int driver = usbfs_driver(file, number);

	if (driver < 0)
		return driver;
	if (driver == MOCK_DRIVER_CDC_ACM)
		cdc_acm_unbind(file->mock, file->slot, (uint8_t)number);
	else if (driver == MOCK_DRIVER_USBTEST)
		usbtest_unbind(file->mock, file->slot, (uint8_t)number);
	else
		return usbfs_release(file, number);
	return 0;
}

int usbfs_connect(struct usbfs_file *file, uint32_t number)
{
	int driver = usbfs_driver(file, number);

	if (driver != -ENODATA)
		return driver < 0 ? driver : -EBUSY;
	return cdc_acm_bind(file->mock, file->slot, (uint8_t)number, true) ||
	       usbtest_bind(file->mock, file->slot, (uint8_t)number, true);
}

/* Another process has the file too: its claims stay. */
static bool is_shared(const struct usbfs_file *file)
{
	list_for_each (node, &file->mock->clients) {
		const struct mock_client *client = LIST_ENTRY(node, struct mock_client, link);

		if (client->file && client->file != file && client->file->owner == file->owner)
			return true;
	}
	return false;
}

void usbfs_release_all(struct usbfs_file *file)
{
	if (is_shared(file))
		return;
	for (uint8_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		if (file->slot->claims[i] == file->owner)
			let_go(file, i);
}
