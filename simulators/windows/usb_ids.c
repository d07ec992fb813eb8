/* SPDX-License-Identifier: MIT */
#include "simulators/windows/usb_ids.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_INTERFACES 4 /* offset of bNumInterfaces */
#define CONFIG_SIZE       9
#define INTERFACE_SIZE    9
#define ASSOCIATION_SIZE  8
#define DESC_INTERFACE    4
#define DESC_ASSOCIATION  11

struct reading {
	struct usb_functions *ret;
	uint8_t first, count; /* the association that we are in; count 0 = none */
};

static void add(struct reading *reading, const struct usb_function *function)
{
	struct usb_functions *ret = reading->ret;

	if (ret->count < USB_FUNCTION_MAX)
		ret->list[ret->count++] = *function;
}

static void at_interface(struct reading *reading, const uint8_t *desc)
{
	bool inside = desc[2] >= reading->first && desc[2] - reading->first < reading->count;

	if (desc[3] != 0 || inside) /* an alternate setting, or a part of an association */
		return;
	add(reading, &(struct usb_function){desc[2], desc[5], desc[6], desc[7]});
}

static void at_descriptor(struct reading *reading, const uint8_t *desc)
{
	if (desc[1] == DESC_ASSOCIATION && desc[0] >= ASSOCIATION_SIZE) {
		reading->first = desc[2];
		reading->count = desc[3];
		reading->ret->associated = true;
		add(reading, &(struct usb_function){desc[2], desc[4], desc[5], desc[6]});
	} else if (desc[1] == DESC_INTERFACE && desc[0] >= INTERFACE_SIZE) {
		at_interface(reading, desc);
	}
}

void usb_functions_read(const uint8_t *config, size_t size, struct usb_functions *ret)
{
	struct reading reading = {.ret = ret};

	*ret = (struct usb_functions){0};
	if (size >= CONFIG_SIZE)
		ret->composite = config[CONFIG_INTERFACES] > 1;
	for (size_t pos = 0; pos + 2 <= size; pos += config[pos]) {
		if (config[pos] < 2 || config[pos] > size - pos)
			break;
		at_descriptor(&reading, config + pos);
	}
}

static void add_class(struct usb_ids *ret, const char *prefix, const struct usb_function *class)
{
	char *id;

	id = ret->compatible[ret->compatible_count++];
	snprintf(id, USB_ID, "USB\\%s_%02X&SubClass_%02X&Prot_%02X", prefix, class->class,
		class->subclass, class->protocol);
	id = ret->compatible[ret->compatible_count++];
	snprintf(id, USB_ID, "USB\\%s_%02X&SubClass_%02X", prefix, class->class, class->subclass);
	id = ret->compatible[ret->compatible_count++];
	snprintf(id, USB_ID, "USB\\%s_%02X", prefix, class->class);
}

void usb_ids_of_device(const struct usb_host_entry *entry, const struct usb_functions *functions,
	struct usb_ids *ret)
{
	static const struct usb_function none, associated = {0, 0xef, 0x02, 0x01};

	*ret = (struct usb_ids){.hardware_count = 2};
	snprintf(ret->hardware[0], USB_ID, "USB\\VID_%04X&PID_%04X&REV_%04X", entry->vid,
		entry->pid, entry->bcd_device);
	snprintf(ret->hardware[1], USB_ID, "USB\\VID_%04X&PID_%04X", entry->vid, entry->pid);
	if (functions->composite) {
		add_class(ret, "DevClass", functions->associated ? &associated : &none);
		snprintf(ret->compatible[ret->compatible_count++], USB_ID, "USB\\COMPOSITE");
	} else if (functions->count) {
		add_class(ret, "Class", &functions->list[0]);
	}
}

void usb_ids_of_function(const struct usb_host_entry *entry, const struct usb_function *function,
	struct usb_ids *ret)
{
	*ret = (struct usb_ids){.hardware_count = 2};
	snprintf(ret->hardware[0], USB_ID, "USB\\VID_%04X&PID_%04X&REV_%04X&MI_%02X", entry->vid,
		entry->pid, entry->bcd_device, function->interface);
	snprintf(ret->hardware[1], USB_ID, "USB\\VID_%04X&PID_%04X&MI_%02X", entry->vid, entry->pid,
		function->interface);
	add_class(ret, "Class", function);
}
