/* SPDX-License-Identifier: MIT */
#include "harness/host/usb_host_libusb.h"

#include "harness/vusb/enumerate.h"

#include <errno.h>
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_TIMEOUT_MS 5000
#define PORT_DEPTH_MAX  7 /* USB 3.0 specification, hub depth */

struct libusb_host {
	struct usb_host host;
	libusb_context *context; /* owned */
};

struct libusb_handle {
	struct usb_handle handle;
	libusb_device_handle *usb; /* owned */
};

static struct libusb_host *host_of(struct usb_host *host)
{
	return CONTAINER_OF(host, struct libusb_host, host);
}

static libusb_device_handle *usb_of(struct usb_handle *handle)
{
	return CONTAINER_OF(handle, struct libusb_handle, handle)->usb;
}

/* Counts (>= 0) pass. */
static int errno_of(int r)
{
	if (r >= 0)
		return r;
	switch ((enum libusb_error)r) {
	case LIBUSB_ERROR_PIPE:
		return -EPIPE;
	case LIBUSB_ERROR_TIMEOUT:
		return -ETIMEDOUT;
	case LIBUSB_ERROR_NO_DEVICE:
		return -ENODEV;
	case LIBUSB_ERROR_OVERFLOW:
		return -EOVERFLOW;
	case LIBUSB_ERROR_ACCESS:
		return -EACCES;
	case LIBUSB_ERROR_BUSY:
		return -EBUSY;
	case LIBUSB_ERROR_NOT_FOUND:
		return -ENOENT;
	case LIBUSB_ERROR_INVALID_PARAM:
		return -EINVAL;
	case LIBUSB_ERROR_NO_MEM:
		return -ENOMEM;
	case LIBUSB_ERROR_NOT_SUPPORTED:
		return -ENOTSUP;
	case LIBUSB_ERROR_INTERRUPTED:
		return -EINTR;
	case LIBUSB_SUCCESS:
	case LIBUSB_ERROR_IO:
	case LIBUSB_ERROR_OTHER:
		break;
	}
	return -EIO;
}

/* ---- list ---- */

static void fill_path(libusb_device *device, char *out, size_t room)
{
	uint8_t ports[PORT_DEPTH_MAX];
	int depth = libusb_get_port_numbers(device, ports, PORT_DEPTH_MAX);
	size_t used = (size_t)snprintf(out, room, "%u-", libusb_get_bus_number(device));

	if (depth <= 0)
		snprintf(out + used, room - used, "0"); /* a root hub */
	for (int i = 0; i < depth && used < room; i++)
		used += (size_t)snprintf(out + used, room - used, i ? ".%u" : "%u", ports[i]);
}

static uint16_t first_langid(libusb_device_handle *usb)
{
	uint8_t bytes[USB_STRING_MAX];
	int r = libusb_get_string_descriptor(usb, 0, 0, bytes, sizeof(bytes));

	return r >= 4 ? (uint16_t)(bytes[2] | bytes[3] << 8) : USB_LANGID_EN_US;
}

static void fill_text(libusb_device_handle *usb, uint8_t index, uint16_t langid,
	char ret_text[static USB_HOST_TEXT])
{
	uint8_t bytes[USB_STRING_MAX];
	int r = index ? libusb_get_string_descriptor(usb, index, langid, bytes, sizeof(bytes)) : 0;

	if (r > 0)
		vusb_string_decode(bytes, (size_t)r, ret_text, USB_HOST_TEXT);
}

static void fill_texts(libusb_device *device, const struct libusb_device_descriptor *desc,
	struct usb_host_entry *ret)
{
	libusb_device_handle *usb;
	uint16_t langid;

	if (libusb_open(device, &usb) < 0)
		return;
	langid = first_langid(usb);
	fill_text(usb, desc->iManufacturer, langid, ret->manufacturer);
	fill_text(usb, desc->iProduct, langid, ret->product);
	fill_text(usb, desc->iSerialNumber, langid, ret->serial);
	libusb_close(usb);
}

/* False for a device that has gone meanwhile. */
static bool fill_entry(libusb_device *device, struct usb_host_entry *ret)
{
	struct libusb_device_descriptor desc;

	if (libusb_get_device_descriptor(device, &desc) < 0)
		return false;
	*ret = (struct usb_host_entry){
		.bus = libusb_get_bus_number(device),
		.devnum = libusb_get_device_address(device),
		.vid = desc.idVendor,
		.pid = desc.idProduct,
		.bcd_device = desc.bcdDevice,
	};
	fill_path(device, ret->path, sizeof(ret->path));
	fill_texts(device, &desc, ret);
	return true;
}

static int libusb_host_list(struct usb_host *host, struct usb_host_entry *ret_entries, size_t room,
	size_t *ret_count, struct why *why)
{
	libusb_device **devices;
	struct usb_host_entry spare;
	size_t count = 0;
	ssize_t n = libusb_get_device_list(host_of(host)->context, &devices);

	if (n < 0)
		return why_set(why, errno_of((int)n), "list of USB devices: %s",
			libusb_error_name((int)n));
	for (ssize_t i = 0; i < n; i++)
		count += fill_entry(devices[i], count < room ? &ret_entries[count] : &spare);
	libusb_free_device_list(devices, 1);
	*ret_count = count;
	return 0;
}

/* ---- handle ---- */

static int libusb_handle_control(struct usb_handle *handle, const struct usb_setup *setup,
	uint8_t *data, uint32_t timeout_ms)
{
	return errno_of(libusb_control_transfer(usb_of(handle), setup->bmRequestType,
		setup->bRequest, setup->wValue, setup->wIndex, data, setup->wLength, timeout_ms));
}

/* The index of the active configuration's descriptor; 0 when that cannot be told. */
static uint8_t active_index(libusb_device_handle *usb)
{
	libusb_device *device = libusb_get_device(usb);
	struct libusb_device_descriptor desc;
	int active = 0;

	if (libusb_get_configuration(usb, &active) < 0 ||
		libusb_get_device_descriptor(device, &desc) < 0)
		return 0;
	for (uint8_t i = 0; i < desc.bNumConfigurations; i++) {
		struct libusb_config_descriptor *config;
		bool found;

		if (libusb_get_config_descriptor(device, i, &config) < 0)
			continue;
		found = config->bConfigurationValue == active;
		libusb_free_config_descriptor(config);
		if (found)
			return i;
	}
	return 0;
}

/* libusb gives configurations only parsed, and its parser refuses odd ones: asks the device. */
static int libusb_handle_config(struct usb_handle *handle, uint8_t *ret_bytes, size_t room)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN,
		.bRequest = USB_GET_DESCRIPTOR,
		.wValue = (uint16_t)(USB_DESC_CONFIG << 8 | active_index(usb_of(handle))),
		.wLength = (uint16_t)(room < UINT16_MAX ? room : UINT16_MAX),
	};

	return libusb_handle_control(handle, &setup, ret_bytes, READ_TIMEOUT_MS);
}

static int libusb_handle_claim(struct usb_handle *handle, uint8_t interface)
{
	return errno_of(libusb_claim_interface(usb_of(handle), interface));
}

/* libusb knows whether there is one, sysfs knows which. */
static int libusb_handle_driver(
	struct usb_handle *handle, uint8_t interface, char *ret, size_t room)
{
	int r = libusb_kernel_driver_active(usb_of(handle), interface);
	char path[32], link[80], target[256];
	const char *name;
	ssize_t n;

	if (r <= 0)
		return r == 0 ? -ENODATA : errno_of(r);
	fill_path(libusb_get_device(usb_of(handle)), path, sizeof(path));
	snprintf(link, sizeof(link), "/sys/bus/usb/devices/%s:1.%u/driver", path, interface);
	n = readlink(link, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	name = strrchr(target, '/');
	snprintf(ret, room, "%s", name ? name + 1 : "that is bound to it");
	return 0;
}

static int libusb_handle_set_alternate(
	struct usb_handle *handle, uint8_t interface, uint8_t alternate)
{
	return errno_of(libusb_set_interface_alt_setting(usb_of(handle), interface, alternate));
}

static int libusb_handle_reset(struct usb_handle *handle)
{
	int r = libusb_reset_device(usb_of(handle));

	return r == LIBUSB_ERROR_NOT_FOUND ? -ENODEV : errno_of(r);
}

static void libusb_handle_close(struct usb_handle *handle)
{
	struct libusb_handle *self = CONTAINER_OF(handle, struct libusb_handle, handle);

	libusb_close(self->usb);
	free(self);
}

static const struct usb_handle_ops handle_ops = {
	.control = libusb_handle_control,
	.config = libusb_handle_config,
	.claim = libusb_handle_claim,
	.driver = libusb_handle_driver,
	.set_alternate = libusb_handle_set_alternate,
	.reset = libusb_handle_reset,
	.close = libusb_handle_close,
};

/* ---- open ---- */

static int open_device(
	struct libusb_host *self, const struct usb_host_entry *entry, libusb_device_handle **ret)
{
	libusb_device **devices;
	ssize_t n = libusb_get_device_list(self->context, &devices);
	int r = LIBUSB_ERROR_NO_DEVICE;

	if (n < 0)
		return (int)n;
	for (ssize_t i = 0; i < n; i++)
		if (libusb_get_bus_number(devices[i]) == entry->bus &&
			libusb_get_device_address(devices[i]) == entry->devnum)
			r = libusb_open(devices[i], ret);
	libusb_free_device_list(devices, 1);
	return r;
}

static int open_failed(int r, const struct usb_host_entry *entry, struct why *why)
{
	if (r == LIBUSB_ERROR_NO_DEVICE)
		return why_set(why, -ENODEV, "USB device %s is not there any more", entry->path);
	if (r == LIBUSB_ERROR_ACCESS)
		return why_set(why, -EACCES,
			"USB device %s: no permission to open /dev/bus/usb/%03u/%03u (a udev rule "
			"is missing?)",
			entry->path, entry->bus, entry->devnum);
	return why_set(why, errno_of(r), "USB device %s: %s", entry->path, libusb_error_name(r));
}

static int libusb_host_open(struct usb_host *host, const struct usb_host_entry *entry,
	struct usb_handle **ret, struct why *why)
{
	struct libusb_handle *handle = calloc(1, sizeof(*handle));
	int r;

	if (!handle)
		return why_errno(why, -ENOMEM, "USB device %s", entry->path);
	r = open_device(host_of(host), entry, &handle->usb);
	if (r < 0) {
		free(handle);
		return open_failed(r, entry, why);
	}
	handle->handle = (struct usb_handle){.ops = &handle_ops, .host = host};
	*ret = &handle->handle;
	return 0;
}

static const struct usb_host_ops host_ops = {
	.name = "libusb",
	.list = libusb_host_list,
	.open = libusb_host_open,
};

struct usb_host *usb_host_libusb_new(struct why *why)
{
	struct libusb_host *self = calloc(1, sizeof(*self));
	int r;

	if (!self) {
		why_errno(why, -ENOMEM, "libusb");
		return NULL;
	}
	r = libusb_init(&self->context);
	if (r < 0) {
		why_set(why, errno_of(r), "libusb: %s", libusb_error_name(r));
		free(self);
		return NULL;
	}
	self->host = (struct usb_host){.ops = &host_ops, .clock = clock_monotonic()};
	return &self->host;
}

void usb_host_libusb_free(struct usb_host *host)
{
	struct libusb_host *self;

	if (!host)
		return;
	self = host_of(host);
	libusb_exit(self->context);
	free(self);
}
