/* SPDX-License-Identifier: MIT */
#include "harness/testing/usb_rig.h"

#include "harness/host/usb_host_direct.h"

#include <criterion/criterion.h>

void usb_rig_init_or_fail(struct usb_rig *rig)
{
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, USB_RIG_PORTS);
	cr_assert_not_null(rig->bus);
	rig->host = usb_host_direct_new(rig->bus);
	cr_assert_not_null(rig->host);
}

void usb_rig_done(struct usb_rig *rig)
{
	usb_host_direct_free(rig->host);
	vusb_bus_free(rig->bus);
}

void usb_rig_plug(struct usb_rig *rig, uint8_t number, struct vusb_device *device)
{
	vusb_port_plug(vusb_bus_port(rig->bus, number), device, "test");
}

size_t usb_rig_list_or_fail(struct usb_rig *rig, struct usb_host_entry *ret_first)
{
	struct usb_host_entry entry;
	struct why why = {""};
	size_t count = 0;

	cr_assert_eq(
		rig->host->ops->list(rig->host, ret_first ? ret_first : &entry, 1, &count, &why), 0,
		"%s", why.text);
	return count;
}

struct usb_handle *usb_rig_open_or_fail(struct usb_rig *rig)
{
	struct usb_handle *handle = NULL;
	struct usb_host_entry entry;
	struct why why = {""};

	cr_assert_eq(usb_rig_list_or_fail(rig, &entry), 1);
	cr_assert_eq(rig->host->ops->open(rig->host, &entry, &handle, &why), 0, "%s", why.text);
	return handle;
}

void usb_rig_close(struct usb_handle **handle)
{
	if (*handle)
		(*handle)->ops->close(*handle);
}
