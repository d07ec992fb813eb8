/* SPDX-License-Identifier: MIT */
#include "simulators/windows/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONFIG_MAX 1024
#define FIRST_COM_PORT                                                                             \
	3 /* COM1 and COM2 are the machine's own (guessed; logs of rusEFI users begin at COM3 too) */

/* Driver files that there are, and where they lead. A package that names another does not start. */
static const struct binary {
	const char *file;
	enum pnp_route route;
} binaries[] = {
	{"STTub30.sys", PNP_ROUTE_STTUB30},
	{"winusb.sys", PNP_ROUTE_WINUSB},
	{"usbser.sys", PNP_ROUTE_SERIAL},
	{"usbccgp.sys", PNP_ROUTE_OTHER},
	{"usbhub3.sys", PNP_ROUTE_OTHER},
	{"usbstor.sys", PNP_ROUTE_OTHER},
};

void nodes_init(
	struct nodes *nodes, struct usb_host *usb, struct clock *clock, struct driver_store *store)
{
	nodes->usb = usb;
	nodes->clock = clock;
	nodes->store = store;
	for (size_t i = 0; i < ARRAY_SIZE(nodes->plugged_us); i++)
		nodes->plugged_us[i] = CLOCK_NEVER;
}

void nodes_done(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++)
		free(nodes->list[i]);
	nodes->count = 0;
}

/* ---- state ---- */

static const struct binary *binary_of(const struct node *node)
{
	for (size_t i = 0; node->driver.package && i < ARRAY_SIZE(binaries); i++)
		if (strcasecmp(binaries[i].file, node->driver.model->binary) == 0)
			return &binaries[i];
	return NULL;
}

static bool is_failing(const struct nodes *nodes, const char *service)
{
	for (size_t i = 0; i < NODE_FAILING_MAX; i++)
		if (nodes->failing[i][0] && strcasecmp(nodes->failing[i], service) == 0)
			return true;
	return false;
}

/* A driver without a service (a "null driver") has nothing to start. */
static bool starts(const struct nodes *nodes, const struct node *node)
{
	const char *service = node->driver.model->service;

	return !service[0] || (binary_of(node) && !is_failing(nodes, service));
}

/* What Device Manager shows while a driver is being installed is guessed: code 1, as for a device that is not configured. */
uint32_t nodes_problem(const struct nodes *nodes, const struct node *node)
{
	if (!node->present)
		return PNP_NOT_PRESENT;
	if (clock_now_us(nodes->clock) < node->ready_us)
		return PNP_NOT_CONFIGURED;
	if (!node->driver.package)
		return PNP_NO_DRIVER;
	return starts(nodes, node) ? PNP_OK : PNP_CANNOT_START;
}

static enum pnp_route route_of(const struct nodes *nodes, const struct node *node)
{
	const struct binary *binary = binary_of(node);

	if (nodes_problem(nodes, node) != PNP_OK)
		return PNP_ROUTE_NONE;
	return binary ? binary->route : PNP_ROUTE_OTHER;
}

static void copy(char ret[static PNP_TEXT], const char *text)
{
	snprintf(ret, PNP_TEXT, "%s", text);
}

/* Ports have their number in their name, "USB Serial Device (COM4)". */
static void describe_driver(const struct node *node, struct pnp_device *ret)
{
	const struct driver_package *package = node->driver.package;
	const struct inf_model *model = node->driver.model;

	copy(ret->caption, model->description);
	if (node->com_port) {
		snprintf(ret->com_port, sizeof(ret->com_port), "COM%u", node->com_port);
		snprintf(ret->caption, sizeof(ret->caption), "%.100s (%s)", model->description,
			ret->com_port);
	}
	copy(ret->class_name, package->inf.class_name);
	copy(ret->manufacturer, model->manufacturer);
	copy(ret->service, model->service);
	copy(ret->inf, package->published);
	inf_date_text(package->inf.date, ret->driver_date, sizeof(ret->driver_date));
	inf_version_text(package->inf.version, ret->driver_version, sizeof(ret->driver_version));
}

void nodes_describe(const struct nodes *nodes, const struct node *node, struct pnp_device *ret)
{
	*ret = (struct pnp_device){
		.problem = nodes_problem(nodes, node),
		.present = node->present,
		.route = route_of(nodes, node),
	};
	copy(ret->instance, node->instance);
	for (size_t i = 0; i < node->ids.hardware_count && i < ARRAY_SIZE(ret->hardware_ids); i++)
		copy(ret->hardware_ids[i], node->ids.hardware[i]);
	if (node->present)
		snprintf(ret->usb_path, sizeof(ret->usb_path), "%s", node->entry.path);
	/* Windows shows what the device says of itself, the bus-reported description, until it knows better. */
	copy(ret->caption, node->product[0] ? node->product : "Unknown USB Device");
	if (node->driver.package && ret->problem != PNP_NOT_CONFIGURED)
		describe_driver(node, ret);
}

struct node *nodes_find(const struct nodes *nodes, const char *instance)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (!nodes->list[i]->removed && strcasecmp(nodes->list[i]->instance, instance) == 0)
			return nodes->list[i];
	return NULL;
}

bool nodes_use(const struct nodes *nodes, const struct driver_package *package)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->list[i]->driver.package == package)
			return true;
	return false;
}

/* ---- drivers ---- */

static bool is_com_port(const struct nodes *nodes, unsigned int number)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->list[i]->com_port == number)
			return true;
	return false;
}

/* The smallest number that no node has, plugged in or not: Windows keeps numbers for devices that are away. */
static unsigned int free_com_port(struct nodes *nodes)
{
	unsigned int number = nodes->new_com_ports ? nodes->com_ports_used + 1 : 0;

	if (number < FIRST_COM_PORT)
		number = FIRST_COM_PORT;
	while (is_com_port(nodes, number))
		number++;
	if (number > nodes->com_ports_used)
		nodes->com_ports_used = number;
	return number;
}

static bool is_port(const struct node *node)
{
	const struct driver_package *package = node->driver.package;

	return package && strcasecmp(package->inf.class_name, "Ports") == 0;
}

/* What Windows brings itself is there at once (guessed: within a second). */
static void install(struct nodes *nodes, struct node *node, uint64_t since_us)
{
	bool inbox;

	driver_store_best(nodes->store, &node->ids, &node->driver);
	inbox = node->driver.package && node->driver.package->inbox;
	node->ready_us = since_us + (inbox ? 0 : nodes->install_us);
	if (!is_port(node))
		node->com_port = 0;
	else if (!node->com_port)
		node->com_port = free_com_port(nodes);
}

void nodes_install(struct nodes *nodes, struct node *node)
{
	install(nodes, node, clock_now_us(nodes->clock));
}

/* ---- nodes ---- */

static void drop(struct nodes *nodes, const struct node *node)
{
	size_t kept = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->list[i] == node || nodes->list[i]->parent == node)
			free(nodes->list[i]);
		else
			nodes->list[kept++] = nodes->list[i];
	}
	nodes->count = kept;
}

/* Room for one more: the device that has been away longest is forgotten. */
static bool make_room(struct nodes *nodes)
{
	for (size_t i = 0; nodes->count == NODE_MAX && i < nodes->count; i++)
		if (!nodes->list[i]->present && !nodes->list[i]->parent)
			drop(nodes, nodes->list[i]);
	return nodes->count < NODE_MAX;
}

static struct node *node_named(const struct nodes *nodes, const char *instance)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (strcasecmp(nodes->list[i]->instance, instance) == 0)
			return nodes->list[i];
	return NULL;
}

static bool is_same_plug(const struct node *node, const struct usb_host_entry *entry)
{
	return node->present && node->entry.devnum == entry->devnum;
}

static struct node *make(struct nodes *nodes, const struct node *what, uint64_t since_us)
{
	struct node *node;

	if (!make_room(nodes))
		return NULL;
	node = malloc(sizeof(*node));
	if (!node)
		return NULL;
	*node = *what;
	nodes->list[nodes->count++] = node;
	install(nodes, node, since_us);
	return node;
}

static bool fits(const struct node *node, const struct driver *driver)
{
	size_t model;

	return driver->package &&
	       rank_package(&node->ids, &driver->package->inf, &model).value != RANK_NONE;
}

/* Plugged in again: a device that was removed is new; else the driver and the port's number stay. Windows looks for a better
 * driver only when somebody installs one, when there was none, or when the old one is not for what the device is now (guessed:
 * OpenBLT has the ECU's IDs and serial number and other functions, and its users have no trouble with Windows). */
static void renew(
	struct nodes *nodes, struct node *node, const struct node *what, uint64_t since_us)
{
	struct driver driver = node->driver;
	unsigned int com_port = node->com_port;

	*node = *what;
	node->com_port = com_port;
	if (fits(node, &driver))
		node->driver = driver;
	if (!node->driver.package)
		install(nodes, node, since_us);
	else if (nodes->new_com_ports && is_port(node))
		node->com_port = free_com_port(nodes);
}

/* A node that is there now, made when it is new. since_us: when it came. NULL: out of memory, or no room. */
static struct node *appear(struct nodes *nodes, const struct node *what, uint64_t since_us)
{
	struct node *node = node_named(nodes, what->instance);
	bool again = node && !is_same_plug(node, &what->entry);

	if (!node)
		node = make(nodes, what, since_us);
	else if (again)
		renew(nodes, node, what, since_us);
	if (node)
		node->present = node->seen = true;
	return node;
}

/* ---- looking ---- */

/* A number from a text, for instances that Windows makes up. FNV-1a; Windows' own is not known. */
static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261u;

	for (; *text; text++)
		value = (value ^ (uint8_t)*text) * 16777619u;
	return value;
}

static unsigned int port_of(const char *path)
{
	const char *last = strrchr(path, *path && strchr(path, '.') ? '.' : '-');

	return last ? (unsigned int)strtoul(last + 1, NULL, 10) : 0;
}

/* By its serial number, unless another with the same one is there already: Windows wants them unique, and what it does when
 * they are not is guessed. Without: by the socket, "5&2C1B3F09&0&1". */
static void name_device(const struct nodes *nodes, struct node *node)
{
	const struct usb_host_entry *entry = &node->entry;
	const struct node *other;

	snprintf(node->instance, sizeof(node->instance), "USB\\VID_%04X&PID_%04X\\%.80s",
		entry->vid, entry->pid, entry->serial);
	other = node_named(nodes, node->instance);
	if (entry->serial[0] && !(other && other->seen))
		return;
	snprintf(node->instance, sizeof(node->instance), "USB\\VID_%04X&PID_%04X\\5&%X&0&%u",
		entry->vid, entry->pid, hash(entry->path), port_of(entry->path));
}

/* Windows reads a device's configuration when it enumerates it. One that cannot be read has no compatible IDs. */
static void read_functions(struct nodes *nodes, struct node *node)
{
	uint8_t config[CONFIG_MAX];
	struct usb_handle *handle;
	int size;

	if (nodes->usb->ops->open(nodes->usb, &node->entry, &handle, NULL) < 0)
		return;
	size = handle->ops->config(handle, config, sizeof(config));
	handle->ops->close(handle);
	if (size > 0)
		usb_functions_read(config, (size_t)size, &node->functions);
}

static uint64_t plugged_us(const struct nodes *nodes, uint8_t devnum)
{
	uint64_t told = nodes->plugged_us[devnum], now = clock_now_us(nodes->clock);

	return told < now ? told : now;
}

/* A function is there from when its device's driver is. */
static int look_at_function(
	struct nodes *nodes, struct node *device, const struct usb_function *function)
{
	struct node node = {.entry = device->entry, .parent = device};
	uint64_t plugged = plugged_us(nodes, device->entry.devnum);
	uint64_t since_us = device->ready_us > plugged ? device->ready_us : plugged;

	snprintf(node.instance, sizeof(node.instance),
		"USB\\VID_%04X&PID_%04X&MI_%02X\\6&%X&0&%04X", node.entry.vid, node.entry.pid,
		function->interface, hash(device->instance), function->interface);
	snprintf(node.product, sizeof(node.product), "%s", device->product);
	usb_ids_of_function(&device->entry, function, &node.ids);
	return appear(nodes, &node, since_us) ? 0 : -ENOMEM;
}

static bool is_parent(const struct nodes *nodes, const struct node *node)
{
	return nodes_problem(nodes, node) == PNP_OK &&
	       strcasecmp(node->driver.model->service, "usbccgp") == 0;
}

static int look_at(struct nodes *nodes, const struct usb_host_entry *entry)
{
	struct node node = {.entry = *entry};
	struct node *device;
	int r = 0;

	snprintf(node.product, sizeof(node.product), "%s", entry->product);
	name_device(nodes, &node);
	device = node_named(nodes, node.instance);
	if (!device || !is_same_plug(device, entry)) {
		read_functions(nodes, &node);
		usb_ids_of_device(entry, &node.functions, &node.ids);
	}
	device = appear(nodes, &node, plugged_us(nodes, entry->devnum));
	if (!device)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && is_parent(nodes, device) && i < device->functions.count; i++)
		r = look_at_function(nodes, device, &device->functions.list[i]);
	return r;
}

/* What was not seen is away; what was removed before it went is no more. */
static void forget_unseen(struct nodes *nodes)
{
	size_t i = 0;

	while (i < nodes->count) {
		struct node *node = nodes->list[i];

		node->present = node->seen;
		if (node->removed && !node->seen) {
			drop(nodes, node);
			i = 0;
		} else {
			i++;
		}
	}
}

int nodes_look(struct nodes *nodes, struct why *why)
{
	struct usb_host_entry *entries = calloc(NODE_MAX, sizeof(*entries));
	size_t count = 0;
	int r = entries ? nodes->usb->ops->list(nodes->usb, entries, NODE_MAX, &count, why)
			: -ENOMEM;

	for (size_t i = 0; i < nodes->count; i++)
		nodes->list[i]->seen = false;
	for (size_t i = 0; r == 0 && i < count && i < NODE_MAX; i++)
		r = look_at(nodes, &entries[i]);
	free(entries);
	if (r == 0)
		forget_unseen(nodes);
	return r == -ENOMEM ? why_errno(why, r, "Plug and Play") : r;
}

/* ---- what a person does ---- */

void nodes_remove(struct nodes *nodes, struct node *node)
{
	if (!node->present) {
		drop(nodes, node);
		return;
	}
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->list[i] == node || nodes->list[i]->parent == node) {
			nodes->list[i]->removed = true;
			nodes->list[i]->driver = (struct driver){0};
			nodes->list[i]->com_port = 0;
		}
}

void nodes_scan(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		struct node *node = nodes->list[i];

		if (node->removed || (node->present && !node->driver.package)) {
			node->removed = false;
			nodes_install(nodes, node);
		}
	}
}
