/* SPDX-License-Identifier: MIT */
#include "harness/host/dfuse_client.h"

#include "harness/vusb/device.h"
#include "harness/vusb/enumerate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_MAX 64

/* One interface descriptor of a configuration; false at the end, or where the lengths make no sense. */
static bool next_interface(struct reader *config, uint8_t ret_desc[static 9])
{
	while (reader_left(config) >= 2) {
		uint8_t length = config->data[config->pos];
		const uint8_t *desc = length < 2 ? NULL : reader_take(config, length);

		if (!desc)
			return false;
		if (desc[1] != USB_DESC_INTERFACE || length < 9)
			continue;
		memcpy(ret_desc, desc, 9);
		return true;
	}
	return false;
}

static bool is_dfu(const uint8_t desc[static 9])
{
	return desc[5] == USB_CLASS_DFU && desc[6] == USB_SUBCLASS_DFU &&
	       desc[7] == USB_PROTOCOL_DFU;
}

static bool config_has_dfu(const uint8_t *bytes, size_t size)
{
	struct reader config = reader_of(bytes, size);
	uint8_t desc[9];

	while (next_interface(&config, desc))
		if (is_dfu(desc))
			return true;
	return false;
}

static bool in_dfu_mode(struct usb_host *host, const struct usb_host_entry *entry)
{
	uint8_t config[VUSB_CONFIG_MAX];
	struct usb_handle *usb;
	bool found;
	int r;

	if (entry->vid == DFUSE_VID && entry->pid == DFUSE_PID)
		return true;
	if (host->ops->open(host, entry, &usb, NULL) < 0)
		return false;
	r = usb->ops->config(usb, config, sizeof(config));
	found = r > 0 && config_has_dfu(config, (size_t)r);
	usb->ops->close(usb);
	return found;
}

static bool matches(const char *wanted, const char *text)
{
	return !wanted || !wanted[0] || strcmp(wanted, text) == 0;
}

static int none_found(const struct dfuse_filter *filter, size_t count, struct why *why)
{
	if (filter->serial && filter->serial[0])
		return why_set(
			why, -ENODEV, "no device in DFU mode with serial \"%s\"", filter->serial);
	if (filter->path && filter->path[0])
		return why_set(why, -ENODEV, "no device in DFU mode at USB %s", filter->path);
	return why_set(why, -ENODEV, "no device in DFU mode among %zu USB devices", count);
}

/* One more than one: tells which there are. */
static int several_found(
	const struct usb_host_entry *a, const struct usb_host_entry *b, struct why *why)
{
	return why_set(why, -ENOTUNIQ,
		"several devices in DFU mode: serial \"%s\" at USB %s, serial \"%s\" at USB %s; "
		"say which",
		a->serial, a->path, b->serial, b->path);
}

int dfuse_find(struct usb_host *host, const struct dfuse_filter *filter, struct usb_host_entry *ret,
	struct why *why)
{
	struct usb_host_entry entries[ENTRY_MAX];
	const struct usb_host_entry *found = NULL;
	size_t count;
	int r = host->ops->list(host, entries, ENTRY_MAX, &count, why);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count && i < ENTRY_MAX; i++) {
		if (!matches(filter->serial, entries[i].serial) ||
			!matches(filter->path, entries[i].path) || !in_dfu_mode(host, &entries[i]))
			continue;
		if (found)
			return several_found(found, &entries[i], why);
		found = &entries[i];
	}
	if (!found)
		return none_found(filter, count, why);
	*ret = *found;
	return 0;
}

/* The interface string, with a language that the device has. Without one the alternate has no layout, no more. */
static void read_text(struct dfuse_client *client, uint8_t index, char ret[static DFUSE_TEXT_MAX])
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN,
		.bRequest = USB_GET_DESCRIPTOR,
		.wValue = (uint16_t)(USB_DESC_STRING << 8 | index),
		.wIndex = USB_LANGID_EN_US,
		.wLength = USB_STRING_MAX,
	};
	uint8_t bytes[USB_STRING_MAX];
	int r;

	ret[0] = '\0';
	if (!index)
		return;
	r = client->usb->ops->control(client->usb, &setup, bytes, DFUSE_COMMAND_LIMIT_MS);
	if (r > 0)
		vusb_string_decode(bytes, (size_t)r, ret, DFUSE_TEXT_MAX);
}

static void add_alternate(struct dfuse_client *client, const uint8_t desc[static 9])
{
	struct dfuse_alternate *alternate = &client->alternates[client->alternate_count++];

	alternate->number = desc[3];
	read_text(client, desc[8], alternate->text);
	alternate->has_layout = dfuse_layout_parse(alternate->text, &alternate->layout, NULL) == 0;
}

/* The first DFU interface with all its alternate settings. */
static int read_alternates(
	struct dfuse_client *client, const uint8_t *bytes, size_t size, struct why *why)
{
	struct reader config = reader_of(bytes, size);
	bool has_layout = false;
	uint8_t desc[9];

	while (next_interface(&config, desc)) {
		if (!is_dfu(desc) || client->alternate_count == DFUSE_ALTERNATE_MAX)
			continue;
		if (!client->alternate_count)
			client->interface = desc[2];
		if (desc[2] == client->interface)
			add_alternate(client, desc);
	}
	if (!client->alternate_count)
		return why_set(why, -ENOTSUP, "it has no DFU interface");
	for (size_t i = 0; i < client->alternate_count; i++)
		has_layout |= client->alternates[i].has_layout;
	if (!has_layout)
		return why_set(why, -ENOTSUP,
			"no alternate setting names its memory (DfuSe layout string); the first is "
			"\"%s\"",
			client->alternates[0].text);
	return 0;
}

static int read_functional(
	struct dfuse_client *client, const uint8_t *bytes, size_t size, struct why *why)
{
	struct dfu_functional *functional = &client->functional;
	int r = dfu_functional_find(bytes, size, functional);

	if (r < 0)
		return why_set(why, r, "%s DFU functional descriptor",
			r == -ENOENT ? "there is no" : "damaged");
	if (functional->bcd_dfu != DFUSE_VERSION)
		return why_set(why, -ENOTSUP, "it speaks DFU %x.%02x, not DfuSe 1.1a",
			functional->bcd_dfu >> 8, functional->bcd_dfu & 0xff);
	if (functional->transfer_size < DFUSE_ADDRESS_SIZE)
		return why_set(why, -EBADMSG,
			"its transfer size is %u bytes, too few for a command",
			functional->transfer_size);
	return 0;
}

static int read_descriptors(struct dfuse_client *client, struct why *why)
{
	uint8_t config[VUSB_CONFIG_MAX];
	int r = client->usb->ops->config(client->usb, config, sizeof(config));
	size_t size;

	if (r < 0)
		return why_errno(why, r, "configuration descriptor");
	if (!config_has_dfu(config, (size_t)r))
		return why_set(why, -ENOTSUP, "it has no DFU interface");
	size = (size_t)r;
	r = read_functional(client, config, size, why);
	return r < 0 ? r : read_alternates(client, config, size, why);
}

/* Who has the interface that could not be claimed. */
static int held(
	const struct dfuse_client *client, const struct usb_host_entry *entry, struct why *why)
{
	char name[64];
	const struct usb_handle_ops *ops = client->usb->ops;

	if (!ops->driver || ops->driver(client->usb, client->interface, name, sizeof(name)) < 0 ||
		strcmp(name, "usbfs") == 0)
		return why_set(why, -EBUSY, "another program has claimed its DFU interface");
	return why_set(why, -EBUSY,
		"the kernel driver %s has its DFU interface; take it away: echo %s:1.%u > "
		"/sys/bus/usb/drivers/%s/unbind",
		name, entry->path, client->interface, name);
}

static int take(struct dfuse_client *client, const struct usb_host_entry *entry, struct why *why)
{
	int r = client->usb->ops->claim(client->usb, client->interface);

	if (r == -EBUSY)
		return held(client, entry, why);
	if (r < 0)
		return why_errno(why, r, "claim of interface %u", client->interface);
	client->selected = UINT8_MAX;
	return dfuse_client_select(client, client->alternates[0].number, why);
}

/* Closes the client when r is a failure. */
static int done(
	struct dfuse_client *client, const struct usb_host_entry *entry, int r, struct why *why)
{
	if (r >= 0)
		return 0;
	dfuse_client_close(client);
	return why_prefix(why, r, "USB %s (%04x:%04x)", entry->path, entry->vid, entry->pid);
}

int dfuse_client_look(struct dfuse_client *ret, struct usb_host *host,
	const struct usb_host_entry *entry, struct why *why)
{
	int r;

	*ret = (struct dfuse_client){
		.host = host,
		.vid = entry->vid,
		.pid = entry->pid,
		.deadline_us = CLOCK_NEVER,
	};
	r = host->ops->open(host, entry, &ret->usb, why);
	if (r < 0)
		return r;
	return done(ret, entry, read_descriptors(ret, why), why);
}

int dfuse_client_open(struct dfuse_client *ret, struct usb_host *host,
	const struct usb_host_entry *entry, struct why *why)
{
	int r = dfuse_client_look(ret, host, entry, why);

	return r < 0 ? r : done(ret, entry, take(ret, entry, why), why);
}

void dfuse_client_close(struct dfuse_client *client)
{
	if (client->usb)
		client->usb->ops->close(client->usb);
	client->usb = NULL;
}
