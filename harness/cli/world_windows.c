/* SPDX-License-Identifier: MIT */
#include "harness/cli/world_windows.h"

#include "harness/cli/data_files.h"
#include "harness/host/serial_host_windows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_MAX 64

/* ---- drivers ---- */

static int add_inf(struct windows *windows, const char *name, struct why *why)
{
	CLEANUP(data_file_done) struct data_file file;
	int r = data_file_read(&data_drivers, name, &file, why);

	if (r < 0)
		return r;
	return windows_add_inf(windows, name, (const char *)file.data, file.size, why);
}

/* All that there are: an installer may bring any of them. */
static int add_infs(struct windows *windows, struct why *why)
{
	struct data_names names;
	int r = data_names_read(&data_drivers, &names, why);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = add_inf(windows, names.names[i], why);
	data_names_done(&names);
	return r;
}

static int stage(struct windows *windows, const char *name, struct why *why)
{
	struct pnp *pnp = windows_pnp(windows);
	int r = pnp->ops->add_driver(pnp, name, false, true, why);

	return r < 0 ? why_prefix(why, r, "host.drivers") : 0;
}

static int fill_store(struct windows *windows, const struct world_host *host,
	const struct flasher *flasher, struct why *why)
{
	int r = 0;

	if (!host->has_drivers)
		return flasher->driver[0] ? stage(windows, flasher->driver, why) : 0;
	for (size_t i = 0; r == 0 && host->drivers[i]; i++)
		r = stage(windows, host->drivers[i], why);
	return r;
}

/* ---- life ---- */

/* Windows begins to install when a device is plugged in, not when somebody asks for it. */
static void on_event(struct event_sink *sink, const struct event *event)
{
	struct world_windows_host *self = CONTAINER_OF(sink, struct world_windows_host, plugs);

	if (event->kind == EVENT_PLUGGED)
		windows_plugged(self->windows, event->devnum);
}

static const struct event_sink_ops plug_ops = {.name = "windows", .emit = on_event};

int world_windows_make(struct world_windows_host *self, const struct world_host *host,
	const struct flasher *flasher, struct why *why)
{
	struct host_os *os = self->os;
	int r;

	world_windows_done(self);
	self->windows = windows_new(os->usb, os->clock);
	self->shown = calloc(self->rig->board_count, sizeof(*self->shown));
	if (!self->windows || !self->shown)
		return why_errno(why, -ENOMEM, "Windows");
	self->plugs = (struct event_sink){.ops = &plug_ops};
	event_stream_add(&self->rig->events, &self->plugs);
	r = add_infs(self->windows, why);
	if (r == 0)
		r = fill_store(self->windows, host, flasher, why);
	if (r < 0)
		return r;
	windows_set_install_time_us(self->windows, host->install_us);
	if (host->failing_service)
		windows_set_service_fails(self->windows, host->failing_service, true);
	windows_set_new_ports(self->windows, host->new_number);
	os->pnp = windows_pnp(self->windows);
	os->unelevated = host->no_elevation;
	self->ports = serial_host_windows_new(os->serial, os->pnp);
	if (!self->ports)
		return why_errno(why, -ENOMEM, "Windows");
	self->plain_ports = os->serial;
	os->serial = self->ports;
	return 0;
}

void world_windows_done(struct world_windows_host *self)
{
	event_stream_remove(&self->plugs);
	if (self->ports)
		self->os->serial = self->plain_ports;
	if (self->windows)
		self->os->pnp = NULL;
	serial_host_windows_free(self->ports);
	self->ports = NULL;
	free(self->shown);
	self->shown = NULL;
	windows_free(self->windows);
	self->windows = NULL;
}

/* ---- what a person does ---- */

static size_t number_of(const struct rig *rig, const struct board *board)
{
	for (size_t i = 0; i < rig->board_count; i++)
		if (rig->boards[i].board == board)
			return i;
	return 0;
}

/* The board's device as Device Manager has it. Boards are in the order of their sockets. */
static int find_device(const struct world_windows_host *self, const struct board *board,
	struct pnp_device *ret, struct why *why)
{
	CLEANUP(free_ptr) struct pnp_device *devices = calloc(DEVICE_MAX, sizeof(*devices));
	struct pnp *pnp = windows_pnp(self->windows);
	char path[32];
	size_t count;
	int r = devices ? pnp->ops->devices(pnp, devices, DEVICE_MAX, &count, why) : -ENOMEM;

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "1-%zu", number_of(self->rig, board) + 1);
	for (size_t i = 0; i < count && i < DEVICE_MAX; i++)
		if (devices[i].present && strcmp(devices[i].usb_path, path) == 0) {
			*ret = devices[i];
			return 0;
		}
	return why_set(why, -ENODEV, "Device Manager has no device of %s", board->name);
}

static int uninstall(struct world_windows_host *self, const struct world_windows *what,
	bool delete_driver, struct why *why)
{
	struct pnp *pnp = windows_pnp(self->windows);
	struct pnp_device device;
	int r = find_device(self, what->board, &device, why);

	if (r < 0)
		return r;
	return pnp->ops->remove_device(pnp, device.instance, delete_driver, what->elevated, why);
}

static int act(struct world_windows_host *self, const struct world_windows *what, struct why *why)
{
	struct pnp *pnp = windows_pnp(self->windows);

	switch (what->action) {
	case WORLD_UNINSTALL_DEVICE:
		return uninstall(self, what, false, why);
	case WORLD_UNINSTALL_DEVICE_AND_DRIVER:
		return uninstall(self, what, true, why);
	case WORLD_SCAN:
		return pnp->ops->scan(pnp, why);
	case WORLD_ADD_DRIVER:
		return pnp->ops->add_driver(pnp, what->driver, true, what->elevated, why);
	case WORLD_STAGE_DRIVER:
		return pnp->ops->add_driver(pnp, what->driver, false, what->elevated, why);
	case WORLD_WINDOWS_ACTION_COUNT:
		break;
	}
	return -EINVAL;
}

static bool is_same(const struct pnp_device *a, const struct pnp_device *b)
{
	return a->present == b->present && a->problem == b->problem &&
	       strcmp(a->caption, b->caption) == 0 && strcmp(a->inf, b->inf) == 0;
}

static void tell_driver(
	struct world_windows_host *self, const char *board, const struct pnp_device *device)
{
	char driver[2 * PNP_TEXT + 4] = "";

	if (device->inf[0])
		snprintf(driver, sizeof(driver), "%s (%s)", device->service, device->inf);
	EVENT_EMIT(&self->rig->events, .kind = EVENT_DRIVER, .board = board,
		.name = device->present ? device->caption : NULL, .text = driver[0] ? driver : NULL,
		.status = (int32_t)device->problem);
}

void world_windows_tell(struct world_windows_host *self)
{
	for (size_t i = 0; self->windows && i < self->rig->board_count; i++) {
		const struct board *board = self->rig->boards[i].board;
		struct pnp_device device = {.present = false};

		if (find_device(self, board, &device, NULL) < 0)
			device = (struct pnp_device){.present = false};
		if (is_same(&device, &self->shown[i]))
			continue;
		self->shown[i] = device;
		tell_driver(self, board->name, &device);
	}
}

int world_windows_do(
	struct world_windows_host *self, const struct world_windows *what, struct why *why)
{
	struct world_windows really = *what;
	struct pnp_device before;
	int r;

	if (!self->windows)
		return why_set(why, -ENOTSUP, "the host is not Windows: say system: windows");
	really.elevated &= !self->os->unelevated;
	/* What is plugged in got its driver when it was, not from what is in the store from now on. */
	r = find_device(self, what->board, &before, why);
	if (r == 0 || r == -ENODEV)
		r = act(self, &really, why);
	world_windows_tell(self);
	return r;
}
