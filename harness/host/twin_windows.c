/* SPDX-License-Identifier: MIT */
#include "harness/host/twin_windows.h"

#include "harness/host/host_os_direct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEVICE_MAX 64

int windows_devices_read(struct host_os *os, struct windows_devices *ret)
{
	int r;

	*ret = (struct windows_devices){.at = calloc(DEVICE_MAX, sizeof(*ret->at))};
	if (!ret->at)
		return -ENOMEM;
	r = os->pnp->ops->devices(os->pnp, ret->at, DEVICE_MAX, &ret->count, NULL);
	if (ret->count > DEVICE_MAX)
		ret->count = DEVICE_MAX;
	return r;
}

void windows_devices_done(struct windows_devices *devices)
{
	free(devices->at);
	devices->at = NULL;
}

/* ---- words ---- */

const char *windows_word_with(char *const argv[], const char *text)
{
	for (size_t i = 1; argv[i]; i++)
		if (strstr(argv[i], text))
			return argv[i];
	return NULL;
}

const char *windows_value_of(char *const argv[], const char *option)
{
	for (size_t i = 1; argv[i]; i++)
		if (strcasecmp(argv[i], option) == 0)
			return argv[i + 1];
	return NULL;
}

bool windows_has_word(char *const argv[], const char *word)
{
	for (size_t i = 1; argv[i]; i++)
		if (strcasecmp(argv[i], word) == 0)
			return true;
	return false;
}

bool windows_contains(const char *text, const char *part, size_t size)
{
	for (; strlen(text) >= size; text++) {
		if (strncasecmp(text, part, size) == 0)
			return true;
		if (!*text)
			break;
	}
	return false;
}

/* ---- bootloaders ---- */

static bool is_bootloader(const struct pnp_device *device)
{
	static const char id[] = "VID_0483&PID_DF11";

	return device->present && windows_contains(device->instance, id, sizeof(id) - 1);
}

static int find_entry(struct host_os *os, const char *path, struct usb_host_entry *ret)
{
	struct usb_host_entry entries[DEVICE_MAX];
	size_t count;
	int r = os->usb->ops->list(os->usb, entries, DEVICE_MAX, &count, NULL);

	for (size_t i = 0; r == 0 && i < count && i < DEVICE_MAX; i++)
		if (strcmp(entries[i].path, path) == 0 && entries[i].vid == DFUSE_VID &&
			entries[i].pid == DFUSE_PID) {
			*ret = entries[i];
			return 0;
		}
	return r < 0 ? r : -ENODEV;
}

int windows_find_bootloader(struct host_os *os, enum pnp_route route, struct usb_host_entry *ret)
{
	CLEANUP(windows_devices_done) struct windows_devices devices;
	int r = windows_devices_read(os, &devices);

	for (size_t i = 0; r == 0 && i < devices.count; i++)
		if (is_bootloader(&devices.at[i]) && devices.at[i].route == route)
			return find_entry(os, devices.at[i].usb_path, ret);
	return r < 0 ? r : -ENODEV;
}

enum pnp_route windows_route(struct host_os *os, const struct usb_host_entry *entry)
{
	CLEANUP(windows_devices_done) struct windows_devices devices;
	int r = windows_devices_read(os, &devices);

	for (size_t i = 0; r == 0 && i < devices.count; i++)
		if (devices.at[i].present && strcmp(devices.at[i].usb_path, entry->path) == 0)
			return devices.at[i].route;
	return PNP_ROUTE_NONE;
}

int windows_open_bootloader(struct host_os *os, enum pnp_route route, struct dfuse_client *ret)
{
	struct usb_host_entry entry;
	int r = windows_find_bootloader(os, route, &entry);

	if (r == 0)
		r = dfuse_client_open(ret, os->usb, &entry, NULL);
	if (r == 0)
		ret->deadline_us = host_os_direct_deadline_us(os);
	return r;
}

const struct host_program *const host_twins[] = {
	&twin_dfu_util,
	&twin_lsusb,
	&twin_powershell,
	&twin_wmic,
	&twin_pnputil,
	&twin_st_drivers,
	&twin_install_drivers,
	&twin_stm32_programmer,
	&twin_dfuse_command,
	NULL,
};
