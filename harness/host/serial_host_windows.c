/* SPDX-License-Identifier: MIT */
#include "harness/host/serial_host_windows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT_MAX   64
#define DEVICE_MAX 64

struct windows_serial {
	struct serial_host host;
	struct serial_host *under;
	struct pnp *pnp;
};

/* One look at both. */
struct ports {
	struct serial_port_entry under[PORT_MAX]; /* as the host below names them */
	struct pnp_device devices[DEVICE_MAX];
	size_t device_count;
	struct serial_port_entry found[PORT_MAX]; /* as Windows names them */
	size_t of[PORT_MAX];                      /* index in under */
	size_t count;
};

static struct windows_serial *serial_of(struct serial_host *host)
{
	return CONTAINER_OF(host, struct windows_serial, host);
}

/* The node of a port: that of its interface when the device is a composite one. */
static const struct pnp_device *node_of(
	const struct ports *ports, const struct serial_port_entry *entry)
{
	char function[16];

	snprintf(function, sizeof(function), "&MI_%02X", entry->interface);
	for (size_t i = 0; i < ports->device_count; i++) {
		const struct pnp_device *device = &ports->devices[i];

		if (!device->com_port[0] || strcmp(device->usb_path, entry->usb_path) != 0)
			continue;
		if (!strstr(device->instance, "&MI_") || strcasestr(device->instance, function))
			return device;
	}
	return NULL;
}

static unsigned long number_of(const struct serial_port_entry *entry)
{
	return strtoul(entry->name + strlen("COM"), NULL, 10);
}

/* In the order of their numbers. */
static void insert(struct ports *ports, const struct serial_port_entry *entry, size_t of)
{
	size_t at = ports->count++;

	for (; at > 0 && number_of(&ports->found[at - 1]) > number_of(entry); at--) {
		ports->found[at] = ports->found[at - 1];
		ports->of[at] = ports->of[at - 1];
	}
	ports->found[at] = *entry;
	ports->of[at] = of;
}

static int look(struct windows_serial *self, struct ports *ports, struct why *why)
{
	size_t count = 0;
	int r = self->pnp->ops->devices(
		self->pnp, ports->devices, DEVICE_MAX, &ports->device_count, why);

	if (r == 0)
		r = self->under->ops->list(self->under, ports->under, PORT_MAX, &count, why);
	if (r < 0)
		return r;
	if (ports->device_count > DEVICE_MAX)
		ports->device_count = DEVICE_MAX;
	for (size_t i = 0; i < count && i < PORT_MAX; i++) {
		const struct pnp_device *node = node_of(ports, &ports->under[i]);
		struct serial_port_entry entry = ports->under[i];

		if (!node || node->route != PNP_ROUTE_SERIAL)
			continue;
		snprintf(entry.name, sizeof(entry.name), "%s", node->com_port);
		entry.link[0] = '\0';
		insert(ports, &entry, i);
	}
	return 0;
}

static int look_new(struct windows_serial *self, struct ports **ret, struct why *why)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	int r = ports ? look(self, ports, why) : why_errno(why, -ENOMEM, "serial ports");

	if (r < 0)
		free(ports);
	else
		*ret = ports;
	return r;
}

static int windows_list(struct serial_host *host, struct serial_port_entry *ret_entries,
	size_t room, size_t *ret_count, struct why *why)
{
	CLEANUP(free_ptr) struct ports *ports = NULL;
	int r = look_new(serial_of(host), &ports, why);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ports->count && i < room; i++)
		ret_entries[i] = ports->found[i];
	*ret_count = ports->count;
	return 0;
}

/* "COM4", or "\\.\COM4" as programs have to say for numbers above 9. */
static int windows_open(
	struct serial_host *host, const char *name, struct serial_port **ret, struct why *why)
{
	CLEANUP(free_ptr) struct ports *ports = NULL;
	struct windows_serial *self = serial_of(host);
	const char *wanted = strncmp(name, "\\\\.\\", 4) == 0 ? name + 4 : name;
	int r = look_new(self, &ports, why);

	for (size_t i = 0; r == 0 && i < ports->count; i++) {
		if (strcasecmp(ports->found[i].name, wanted) != 0)
			continue;
		r = self->under->ops->open(self->under, ports->under[ports->of[i]].name, ret, NULL);
		return r < 0 ? why_errno(why, r, "%s", wanted) : 0;
	}
	return r < 0 ? r : why_errno(why, -ENOENT, "%s", wanted);
}

static const struct serial_host_ops ops = {
	.name = "windows",
	.list = windows_list,
	.open = windows_open,
};

struct serial_host *serial_host_windows_new(struct serial_host *under, struct pnp *pnp)
{
	struct windows_serial *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->host = (struct serial_host){.ops = &ops, .clock = under->clock};
	self->under = under;
	self->pnp = pnp;
	return &self->host;
}

void serial_host_windows_free(struct serial_host *host)
{
	if (host)
		free(serial_of(host));
}
