/* SPDX-License-Identifier: MIT */
#include "harness/host/serial_host_windows.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PORTS 3

/* Ports below, and nodes, as a test says. */
struct rig {
	struct serial_host under;
	struct pnp pnp;
	struct serial_port_entry ports[PORTS];
	struct pnp_device devices[PORTS + 1];
	size_t port_count, device_count;
	int list_error, devices_error, open_error;
	char opened[64];
	struct serial_port port;
	struct serial_host *host;
};

static struct rig rig;

static int under_list(struct serial_host *host, struct serial_port_entry *ret, size_t room,
	size_t *ret_count, struct why *why UNUSED)
{
	cr_assert_eq(host, &rig.under);
	cr_assert_geq(room, rig.port_count);
	memcpy(ret, rig.ports, rig.port_count * sizeof(*ret));
	*ret_count = rig.port_count;
	return rig.list_error;
}

static int under_open(struct serial_host *host UNUSED, const char *name, struct serial_port **ret,
	struct why *why UNUSED)
{
	snprintf(rig.opened, sizeof(rig.opened), "%s", name);
	if (rig.open_error)
		return rig.open_error;
	*ret = &rig.port;
	return 0;
}

static int devices(struct pnp *pnp, struct pnp_device *ret, size_t room, size_t *ret_count,
	struct why *why UNUSED)
{
	cr_assert_eq(pnp, &rig.pnp);
	cr_assert_geq(room, rig.device_count);
	memcpy(ret, rig.devices, rig.device_count * sizeof(*ret));
	*ret_count = rig.device_count;
	return rig.devices_error;
}

static const struct serial_host_ops under_ops = {.list = under_list, .open = under_open};
static const struct pnp_ops pnp_ops = {.devices = devices};

static void add_port(const char *name, const char *path, uint8_t interface)
{
	struct serial_port_entry *port = &rig.ports[rig.port_count++];

	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->link, sizeof(port->link), "a link");
	snprintf(port->usb_path, sizeof(port->usb_path), "%s", path);
	port->interface = interface;
}

static void add_device(const char *instance, const char *path, const char *com_port)
{
	struct pnp_device *device = &rig.devices[rig.device_count++];

	snprintf(device->instance, sizeof(device->instance), "%s", instance);
	snprintf(device->usb_path, sizeof(device->usb_path), "%s", path);
	snprintf(device->com_port, sizeof(device->com_port), "%s", com_port);
	device->present = true;
	device->route = com_port[0] ? PNP_ROUTE_SERIAL : PNP_ROUTE_OTHER;
}

static void setup(void)
{
	rig = (struct rig){.under = {.ops = &under_ops}, .pnp = {.ops = &pnp_ops}};
	rig.host = serial_host_windows_new(&rig.under, &rig.pnp);
	cr_assert(rig.host);
}

static void teardown(void)
{
	serial_host_windows_free(rig.host);
}

TestSuite(serial_host_windows, .init = setup, .fini = teardown);

/* All names, with a blank between. */
static const char *names(void)
{
	static char text[256];
	struct serial_port_entry entries[PORTS];
	size_t count, used = 0;

	cr_assert_eq(rig.host->ops->list(rig.host, entries, PORTS, &count, NULL), 0);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%s", i ? " " : "", entries[i].name);
		cr_expect_str_eq(entries[i].link, "");
	}
	return text;
}

Test(serial_host_windows, names_ports_by_their_nodes)
{
	add_port("/dev/ttyACM0", "1-1", 1);
	add_port("/dev/ttyACM1", "1-2", 0);
	add_device("USB\\VID_0483&PID_5740\\A", "1-1", "");
	add_device("USB\\VID_0483&PID_5740&MI_01\\B", "1-1", "COM12");
	add_device("USB\\VID_0483&PID_5740\\C", "1-2", "COM4");
	cr_assert_str_eq(names(), "COM4 COM12", "in the order of their numbers");
}

Test(serial_host_windows, has_no_port_whose_driver_does_not_run)
{
	add_port("/dev/ttyACM0", "1-1", 1);
	cr_expect_str_eq(names(), "", "no node");
	add_device("USB\\VID_0483&PID_5740&MI_01\\B", "1-1", "COM3");
	cr_expect_str_eq(names(), "COM3");
	rig.devices[0].route = PNP_ROUTE_NONE;
	cr_expect_str_eq(names(), "", "a yellow triangle");
	rig.devices[0].route = PNP_ROUTE_SERIAL;
	snprintf(rig.devices[0].usb_path, sizeof(rig.devices[0].usb_path), "1-2");
	cr_assert_str_eq(names(), "", "another socket");
}

Test(serial_host_windows, tells_functions_apart)
{
	add_port("/dev/ttyACM0", "1-1", 1);
	add_device("USB\\VID_0483&PID_5740&MI_03\\B", "1-1", "COM3");
	cr_expect_str_eq(names(), "");
	add_device("USB\\VID_0483&PID_5740&MI_01\\B", "1-1", "COM7");
	cr_assert_str_eq(names(), "COM7");
}

Test(serial_host_windows, opens_the_port_below)
{
	static const char *const spellings[] = {"COM12", "com12", "\\\\.\\COM12"};

	add_port("/dev/ttyACM0", "1-1", 0);
	add_port("/dev/ttyACM1", "1-2", 0);
	add_device("USB\\VID_0483&PID_5740\\B", "1-2", "COM4");
	add_device("USB\\VID_0483&PID_5740\\A", "1-1", "COM12");
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		struct serial_port *port = NULL;

		rig.opened[0] = '\0';
		cr_expect_eq(rig.host->ops->open(rig.host, spellings[i], &port, NULL), 0);
		cr_expect_eq(port, &rig.port);
		cr_expect_str_eq(rig.opened, "/dev/ttyACM0", "%s", spellings[i]);
	}
}

Test(serial_host_windows, opens_no_port_that_is_not_there)
{
	struct serial_port *port = NULL;
	struct why why = {0};

	add_port("/dev/ttyACM0", "1-1", 0);
	add_device("USB\\VID_0483&PID_5740\\A", "1-1", "COM3");
	cr_expect_eq(rig.host->ops->open(rig.host, "COM4", &port, &why), -ENOENT);
	cr_expect_str_eq(why.text, "COM4: No such file or directory");
	cr_expect_eq(rig.host->ops->open(rig.host, "/dev/ttyACM0", &port, &why), -ENOENT);
	cr_expect_null(port);
	rig.open_error = -EBUSY;
	cr_expect_eq(rig.host->ops->open(rig.host, "COM3", &port, &why), -EBUSY);
	cr_assert(strncmp(why.text, "COM3: ", 6) == 0, "%s", why.text);
}

Test(serial_host_windows, passes_on_what_goes_wrong_below)
{
	size_t count = 9;

	rig.list_error = -EIO;
	cr_expect_eq(rig.host->ops->list(rig.host, NULL, 0, &count, NULL), -EIO);
	rig.list_error = 0;
	rig.devices_error = -ENOMEM;
	cr_expect_eq(rig.host->ops->list(rig.host, NULL, 0, &count, NULL), -ENOMEM);
	cr_assert_eq(count, 9);
}
