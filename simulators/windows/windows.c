/* SPDX-License-Identifier: MIT */
#include "simulators/windows/windows.h"

#include "simulators/windows/driver_store.h"
#include "simulators/windows/nodes.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SOURCE_MAX 32

/* An INF that add_driver finds. */
struct source {
	char name[INF_TEXT]; /* "st-bootloader.inf" */
	char *text;          /* owned */
	size_t size;
};

struct windows {
	struct pnp pnp;
	struct driver_store store;
	struct nodes nodes;
	struct source sources[SOURCE_MAX];
	size_t source_count;
	bool unsigned_allowed;
};

static struct windows *windows_of(struct pnp *pnp)
{
	return CONTAINER_OF(pnp, struct windows, pnp);
}

static int need_elevation(bool elevated, struct why *why)
{
	return elevated ? 0 : why_set(why, -EPERM, "Access is denied.");
}

/* ---- looking ---- */

static int windows_devices(
	struct pnp *pnp, struct pnp_device *ret, size_t room, size_t *ret_count, struct why *why)
{
	struct windows *windows = windows_of(pnp);
	size_t count = 0;
	int r = nodes_look(&windows->nodes, why);

	if (r < 0)
		return r;
	for (size_t i = 0; i < windows->nodes.count; i++) {
		const struct node *node = windows->nodes.list[i];

		if (node->removed)
			continue;
		if (count < room)
			nodes_describe(&windows->nodes, node, &ret[count]);
		count++;
	}
	*ret_count = count;
	return 0;
}

/* Classes have a name for programs and one for people, which Device Manager and pnputil /enum-drivers show. */
static const char *class_caption(const char *class_name)
{
	static const struct {
		const char *name, *caption;
	} classes[] = {
		{"USB", "Universal Serial Bus controllers"},
		{"USBDevice", "Universal Serial Bus devices"},
		{"Ports", "Ports (COM & LPT)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (strcasecmp(classes[i].name, class_name) == 0)
			return classes[i].caption;
	return class_name;
}

static void describe_package(const struct driver_package *package, struct pnp_package *ret)
{
	const struct inf *inf = &package->inf;

	*ret = (struct pnp_package){.inbox = package->inbox};
	snprintf(ret->published, sizeof(ret->published), "%s", package->published);
	snprintf(ret->original, sizeof(ret->original), "%s", package->original);
	snprintf(ret->provider, sizeof(ret->provider), "%s", inf->provider);
	snprintf(ret->class_name, sizeof(ret->class_name), "%s", class_caption(inf->class_name));
	snprintf(ret->signer, sizeof(ret->signer), "%s", inf->signer);
	inf_date_text(inf->date, ret->date, sizeof(ret->date));
	inf_version_text(inf->version, ret->version, sizeof(ret->version));
}

static int windows_packages(struct pnp *pnp, struct pnp_package *ret, size_t room,
	size_t *ret_count, struct why *why UNUSED)
{
	const struct driver_store *store = &windows_of(pnp)->store;

	for (size_t i = 0; i < store->count && i < room; i++)
		describe_package(store->packages[i], &ret[i]);
	*ret_count = store->count;
	return 0;
}

/* ---- adding ---- */

/* "st-bootloader", "C:\drivers\ST-Bootloader.inf" -> "st-bootloader.inf". */
static void source_name(const char *source, char ret[static INF_TEXT])
{
	const char *name = source + strlen(source);
	size_t size;

	while (name > source && name[-1] != '\\' && name[-1] != '/')
		name--;
	size = strlen(name);
	if (size >= 4 && strcasecmp(name + size - 4, ".inf") == 0)
		size -= 4;
	snprintf(ret, INF_TEXT, "%.*s.inf", (int)(size > 100 ? 100 : size), name);
}

static struct source *find_source(struct windows *windows, const char *name)
{
	char wanted[INF_TEXT];

	source_name(name, wanted);
	for (size_t i = 0; i < windows->source_count; i++)
		if (strcasecmp(windows->sources[i].name, wanted) == 0)
			return &windows->sources[i];
	return NULL;
}

/* Windows 10 on 64 bits takes unsigned packages from nobody, elevated or not. [Microsoft, "Driver Signing"; ERROR_NO_CATALOG_
 * FOR_OEM_INF 0xE000022F] */
static int check_signature(
	const struct windows *windows, const struct source *source, struct why *why)
{
	CLEANUP(inf_done) struct inf inf = {0};
	int r = inf_read(source->name, source->text, source->size, &inf, why);

	if (r < 0)
		return r;
	if (!windows->unsigned_allowed && rank_signature_of(&inf) == RANK_SIGNATURE_UNSIGNED)
		return why_set(why, -EACCES,
			"The third-party INF does not contain digital signature information.");
	return 0;
}

/* Is the package better for the node than what it has? As DiInstallDriver without force. */
static bool is_better(const struct node *node, const struct driver_package *package)
{
	const struct driver_package *now = node->driver.package;
	struct rank candidate, current;
	size_t model;

	candidate = rank_package(&node->ids, &package->inf, &model);
	if (candidate.value == RANK_NONE)
		return false;
	if (!now)
		return true;
	current = rank_package(&node->ids, &now->inf, &model);
	return rank_compare(&candidate, &current) < 0;
}

static int windows_add_driver(
	struct pnp *pnp, const char *name, bool install, bool elevated, struct why *why)
{
	struct windows *windows = windows_of(pnp);
	const struct source *source = find_source(windows, name);
	struct driver_package *package;
	int r = need_elevation(elevated, why);

	if (r < 0)
		return r;
	if (!source)
		return why_set(why, -ENOENT, "The system cannot find the file specified.");
	r = check_signature(windows, source, why);
	if (r == 0)
		r = driver_store_add(&windows->store,
			&(struct driver_source){source->name, source->text, source->size}, &package,
			why);
	if (r < 0 || !install)
		return r;
	r = nodes_look(&windows->nodes, why);
	for (size_t i = 0; r == 0 && i < windows->nodes.count; i++) {
		struct node *node = windows->nodes.list[i];

		if (node->present && !node->removed && is_better(node, package))
			nodes_install(&windows->nodes, node);
	}
	return r;
}

/* ---- taking away ---- */

/* Devices of the package get the next best, those that are away when they come back. [Microsoft, DiUninstallDriver] */
static void delete_package(struct windows *windows, struct driver_package *package)
{
	struct nodes *nodes = &windows->nodes;
	struct node *users[NODE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->list[i]->driver.package == package) {
			users[count++] = nodes->list[i];
			nodes->list[i]->driver = (struct driver){0};
		}
	driver_store_remove(&windows->store, package);
	for (size_t i = 0; i < count; i++)
		if (users[i]->present && !users[i]->removed)
			nodes_install(nodes, users[i]);
}

static int windows_delete_driver(
	struct pnp *pnp, const char *published, bool uninstall, bool elevated, struct why *why)
{
	struct windows *windows = windows_of(pnp);
	struct driver_package *package = driver_store_find(&windows->store, published);
	int r = need_elevation(elevated, why);

	if (r == 0)
		r = nodes_look(&windows->nodes, why);
	if (r < 0)
		return r;
	if (!package || package->inbox)
		return why_set(why, -ENOENT, "The specified file is not an installed OEM INF.");
	if (!uninstall && nodes_use(&windows->nodes, package))
		return why_set(why, -EBUSY,
			"One or more devices are presently installed using the specified INF.");
	delete_package(windows, package);
	return 0;
}

/* The box "Attempt to remove the driver for this device" takes the package out of the store unless other devices have it, and
 * is not there for drivers of Windows. [the first is in its name, "attempt"; that others keep it is guessed] */
static int windows_remove_device(
	struct pnp *pnp, const char *instance, bool delete_driver, bool elevated, struct why *why)
{
	struct windows *windows = windows_of(pnp);
	struct driver_package *package;
	struct node *node;
	int r = need_elevation(elevated, why);

	if (r == 0)
		r = nodes_look(&windows->nodes, why);
	if (r < 0)
		return r;
	node = nodes_find(&windows->nodes, instance);
	if (!node)
		return why_set(why, -ENODEV, "There is no device %s.", instance);
	package = node->driver.package;
	nodes_remove(&windows->nodes, node);
	if (delete_driver && package && !package->inbox && !nodes_use(&windows->nodes, package))
		driver_store_remove(&windows->store, package);
	return 0;
}

static int windows_scan(struct pnp *pnp, struct why *why)
{
	struct windows *windows = windows_of(pnp);
	int r = nodes_look(&windows->nodes, why);

	if (r < 0)
		return r;
	nodes_scan(&windows->nodes);
	return nodes_look(&windows->nodes, why);
}

static const struct pnp_ops ops = {
	.name = "windows",
	.devices = windows_devices,
	.packages = windows_packages,
	.add_driver = windows_add_driver,
	.delete_driver = windows_delete_driver,
	.remove_device = windows_remove_device,
	.scan = windows_scan,
};

struct windows *windows_new(struct usb_host *usb, struct clock *clock)
{
	struct windows *windows = calloc(1, sizeof(*windows));

	if (!windows)
		return NULL;
	windows->pnp.ops = &ops;
	nodes_init(&windows->nodes, usb, clock, &windows->store);
	if (driver_store_init(&windows->store) < 0) {
		windows_free(windows);
		return NULL;
	}
	return windows;
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	nodes_done(&windows->nodes);
	driver_store_done(&windows->store);
	for (size_t i = 0; i < windows->source_count; i++)
		free(windows->sources[i].text);
	free(windows);
}

struct pnp *windows_pnp(struct windows *windows)
{
	return &windows->pnp;
}

int windows_add_inf(
	struct windows *windows, const char *name, const char *text, size_t size, struct why *why)
{
	CLEANUP(inf_done) struct inf inf = {0};
	struct source *source = find_source(windows, name);
	char full[INF_TEXT];
	char *copy;
	int r;

	source_name(name, full);
	r = inf_read(full, text, size, &inf, why);
	if (r < 0)
		return r;
	if (!source && windows->source_count == SOURCE_MAX)
		return why_set(why, -ENOSPC, "%s: more than %d INF files", full, SOURCE_MAX);
	copy = malloc(size + 1);
	if (!copy)
		return why_errno(why, -ENOMEM, "%s", full);
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (source)
		free(source->text);
	else
		source = &windows->sources[windows->source_count++];
	*source = (struct source){.text = copy, .size = size};
	snprintf(source->name, sizeof(source->name), "%s", full);
	return 0;
}

void windows_set_install_time_us(struct windows *windows, uint64_t time_us)
{
	windows->nodes.install_us = time_us;
}

void windows_plugged(struct windows *windows, uint8_t devnum)
{
	windows->nodes.plugged_us[devnum] = clock_now_us(windows->nodes.clock);
}

void windows_set_new_ports(struct windows *windows, bool new_ports)
{
	windows->nodes.new_com_ports = new_ports;
}

void windows_set_service_fails(struct windows *windows, const char *service, bool fails)
{
	struct nodes *nodes = &windows->nodes;
	size_t free_place = NODE_FAILING_MAX;

	for (size_t i = 0; i < NODE_FAILING_MAX; i++) {
		if (strcasecmp(nodes->failing[i], service) == 0)
			nodes->failing[i][0] = '\0';
		if (!nodes->failing[i][0])
			free_place = i;
	}
	assert(free_place < NODE_FAILING_MAX);
	if (fails)
		snprintf(nodes->failing[free_place], INF_TEXT, "%s", service);
}

void windows_set_unsigned_allowed(struct windows *windows, bool allowed)
{
	windows->unsigned_allowed = allowed;
}
