/* SPDX-License-Identifier: MIT */
/*
 * The kernel's usbtest driver, as far as others notice it: given the module parameters vendor and product, it takes any
 * interface of such a device, for its control transfers, and answers no program. Here: of bootloaders.
 * Source: Linux 6.1 drivers/usb/misc/usbtest.c (usbtest_probe, generic_info).
 */
#include "harness/transport/mock/server.h"

#include "harness/vusb/device.h"

static void set_driver(struct mock *mock, struct mock_slot *slot, uint8_t interface, bool bound)
{
	slot->claims[interface] = bound ? MOCK_OWNER_USBTEST : 0;
	slot->device.driver[interface] = bound ? "usbtest" : NULL;
	/* Out of memory: sysfs tells the old one. */
	(void)!sysfs_set_driver(mock->tree, &slot->device, interface);
}

static bool is_bootloader(const struct mock_slot *slot, uint8_t number)
{
	const struct vusb_config_desc *config = vusb_device_config(slot->port->device);

	for (uint8_t i = 0; i < config->interface_count; i++)
		if (config->interfaces[i].number == number &&
			config->interfaces[i].class == USB_CLASS_DFU &&
			config->interfaces[i].subclass == USB_SUBCLASS_DFU)
			return true;
	return false;
}

bool usbtest_bind(struct mock *mock, struct mock_slot *slot, uint8_t interface, bool late)
{
	if (!mock->usbtest || !slot->port || !slot->port->device || slot->claims[interface] ||
		!is_bootloader(slot, interface))
		return false;
	set_driver(mock, slot, interface, true);
	if (late)
		mock_send_uevents(mock, &slot->device, interface, "bind");
	return true;
}

void usbtest_unbind(struct mock *mock, struct mock_slot *slot, uint8_t interface)
{
	if (slot->claims[interface] != MOCK_OWNER_USBTEST)
		return;
	set_driver(mock, slot, interface, false);
	mock_send_uevents(mock, &slot->device, interface, "unbind");
}
