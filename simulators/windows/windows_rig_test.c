/* SPDX-License-Identifier: MIT */
#include "simulators/windows/windows_rig_test.h"

#include "harness/base/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t dfu_config[] = {9, 2, 54, 0, 1, 1, 0, 0xc0, 50, /* */
	9, 4, 0, 0, 0, 0xfe, 1, 2, 4, 9, 4, 0, 1, 0, 0xfe, 1, 2, 5,  /* */
	9, 4, 0, 2, 0, 0xfe, 1, 2, 6, 9, 4, 0, 3, 0, 0xfe, 1, 2, 7,  /* */
	9, 0x21, 0x0b, 0xff, 0, 0, 8, 0x1a, 1};

/* Shortened: the endpoints do not matter here. */
static const uint8_t ecu_config[] = {9, 2, 44, 0, 3, 1, 0, 0x80, 200, /* */
	9, 4, 0, 0, 2, 8, 6, 0x50, 4,                                 /* drive */
	8, 11, 1, 2, 2, 2, 1, 5,                                      /* association */
	9, 4, 1, 0, 1, 2, 2, 1, 0, 9, 4, 2, 0, 2, 10, 0, 0, 0};
static const uint8_t port_config[] = {9, 2, 35, 0, 2, 1, 0, 0x80, 200, /* */
	8, 11, 0, 2, 2, 2, 1, 5, 9, 4, 0, 0, 1, 2, 2, 1, 0, 9, 4, 1, 0, 2, 10, 0, 0, 0};

struct rig_handle {
	struct usb_handle handle;
	const struct rig_plug *plug;
};

static struct windows_rig *rig_of(struct usb_host *usb)
{
	return CONTAINER_OF(usb, struct windows_rig, usb);
}

static int rig_list(struct usb_host *usb, struct usb_host_entry *ret, size_t room,
	size_t *ret_count, struct why *why)
{
	struct windows_rig *rig = rig_of(usb);
	size_t count = 0;

	if (rig->list_error)
		return why_errno(why, rig->list_error, "list");
	for (size_t i = 0; i < RIG_PORTS; i++) {
		if (!rig->ports[i].entry.devnum)
			continue;
		if (count < room)
			ret[count] = rig->ports[i].entry;
		count++;
	}
	*ret_count = count;
	return 0;
}

static int rig_config(struct usb_handle *handle, uint8_t *ret_bytes, size_t room)
{
	const struct rig_plug *plug = CONTAINER_OF(handle, struct rig_handle, handle)->plug;
	size_t size = plug->config_size < room ? plug->config_size : room;

	memcpy(ret_bytes, plug->config, size);
	return (int)size;
}

static void rig_close(struct usb_handle *handle)
{
	free(CONTAINER_OF(handle, struct rig_handle, handle));
}

static const struct usb_handle_ops handle_ops = {.config = rig_config, .close = rig_close};

static int rig_open(struct usb_host *usb, const struct usb_host_entry *entry,
	struct usb_handle **ret, struct why *why UNUSED)
{
	struct windows_rig *rig = rig_of(usb);
	struct rig_handle *handle;

	for (size_t i = 0; i < RIG_PORTS; i++) {
		if (rig->ports[i].entry.devnum != entry->devnum)
			continue;
		if (!rig->ports[i].config)
			return -EACCES;
		handle = calloc(1, sizeof(*handle));
		cr_assert(handle);
		handle->handle.ops = &handle_ops;
		handle->plug = &rig->ports[i];
		*ret = &handle->handle;
		return 0;
	}
	return -ENODEV;
}

static const struct usb_host_ops host_ops = {.name = "rig", .list = rig_list, .open = rig_open};

void rig_init(struct windows_rig *rig)
{
	*rig = (struct windows_rig){.usb = {.ops = &host_ops}};
	virtual_clock_init(&rig->clock);
	rig->usb.clock = &rig->clock.clock;
	rig->windows = windows_new(&rig->usb, &rig->clock.clock);
	cr_assert(rig->windows);
	rig->pnp = windows_pnp(rig->windows);
}

void rig_done(struct windows_rig *rig)
{
	windows_free(rig->windows);
}

static void plug(struct windows_rig *rig, size_t port, uint16_t pid, const char *product)
{
	struct usb_host_entry *entry = &rig->ports[port].entry;

	*entry = (struct usb_host_entry){
		.bus = 1, .devnum = ++rig->last_devnum, .vid = 0x0483, .pid = pid};
	snprintf(entry->path, sizeof(entry->path), "1-%zu", port + 1);
	snprintf(entry->product, sizeof(entry->product), "%s", product);
}

void rig_plug_dfu(struct windows_rig *rig, size_t port, const char *serial)
{
	plug(rig, port, 0xdf11, RIG_DFU);
	rig->ports[port].entry.bcd_device = 0x2200;
	snprintf(rig->ports[port].entry.serial, USB_HOST_TEXT, "%s", serial);
	rig->ports[port].config = dfu_config;
	rig->ports[port].config_size = sizeof(dfu_config);
}

void rig_plug_ecu(struct windows_rig *rig, size_t port, bool with_drive)
{
	plug(rig, port, 0x5740, RIG_ECU);
	rig->ports[port].entry.bcd_device = 0x0200;
	snprintf(rig->ports[port].entry.serial, USB_HOST_TEXT, ECU_SERIAL);
	rig->ports[port].config = with_drive ? ecu_config : port_config;
	rig->ports[port].config_size = with_drive ? sizeof(ecu_config) : sizeof(port_config);
}

void rig_unplug(struct windows_rig *rig, size_t port)
{
	rig->ports[port] = (struct rig_plug){0};
}

void rig_source(struct windows_rig *rig, const char *name)
{
	CLEANUP(buf_done) struct buf text;
	char path[512];
	struct why why = {0};

	snprintf(path, sizeof(path), "%s/drivers/%s.inf", DFURIG_FIXTURES, name);
	buf_init(&text, 65536);
	cr_assert_eq(file_read(path, &text, &why), 0, "%s", why_text(&why));
	cr_assert_eq(windows_add_inf(rig->windows, name, (char *)text.data, text.size, &why), 0,
		"%s", why_text(&why));
}

void rig_add(struct windows_rig *rig, const char *name, bool install)
{
	struct why why = {0};

	rig_source(rig, name);
	cr_assert_eq(rig->pnp->ops->add_driver(rig->pnp, name, install, true, &why), 0, "%s",
		why_text(&why));
}

const struct pnp_device *rig_device(struct windows_rig *rig, const char *instance)
{
	struct why why = {0};

	cr_assert_eq(rig->pnp->ops->devices(rig->pnp, rig->devices, RIG_DEVICES, &rig->count, &why),
		0, "%s", why_text(&why));
	for (size_t i = 0; i < rig->count; i++)
		if (strstr(rig->devices[i].instance, instance))
			return &rig->devices[i];
	return NULL;
}

const char *rig_state(struct windows_rig *rig, const char *instance)
{
	static char text[4 * PNP_TEXT];
	const struct pnp_device *device = rig_device(rig, instance);

	if (!device)
		return "none";
	snprintf(text, sizeof(text), "%s|%u|%s|%s", device->caption, device->problem,
		device->service, device->inf);
	return text;
}

const char *rig_published(struct windows_rig *rig, const char *name)
{
	static char text[PNP_TEXT];
	struct pnp_package packages[32];
	size_t count;

	cr_assert_eq(rig->pnp->ops->packages(rig->pnp, packages, 32, &count, NULL), 0);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (strncmp(packages[i].original, name, strlen(name)) == 0)
			snprintf(text, sizeof(text), "%s", packages[i].published);
	return text;
}
