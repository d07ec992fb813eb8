/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/sysfs.h"

#include "harness/base/wire.h"
#include "harness/transport/mock/sysfs_props.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define USB_DRIVER      SYSFS_USB_DRIVERS "/usb"
#define HUB_DRIVER      SYSFS_USB_DRIVERS "/hub"
#define CDC_ACM_DRIVER  SYSFS_USB_DRIVERS "/cdc_acm"
#define ASSOCIATION     0x0b
#define PLATFORM        "/sys/bus/platform"
#define PLATFORM_DRIVER PLATFORM "/drivers/dfurig"

int sysfs_attribute(struct tree *tree, const char *dir, const char *name, const char *fmt, ...)
{
	char path[320], text[VUSB_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return tree_add_text(tree, path, "%s\n", text);
}

/* What is not there reads as nothing at all, not even a newline. */
static int empty_attribute(struct tree *tree, const char *dir, const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return tree_add_file(tree, path, "", 0);
}

int sysfs_link(struct tree *tree, const char *dir, const char *name, const char *target)
{
	char path[320], relative[320] = "";
	size_t n = 0;

	for (const char *at = dir + strlen("/sys"); (at = strchr(at, '/')); at++)
		n += (size_t)snprintf(relative + n, sizeof(relative) - n, "../");
	snprintf(relative + n, sizeof(relative) - n, "%s", target + strlen("/sys/"));
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return tree_add_link(tree, path, relative);
}

static int add_uevent_file(
	struct tree *tree, const char *dir, const struct sysfs_device *device, int interface)
{
	struct buf text;
	char path[320];
	int r;

	buf_init(&text, 4096);
	r = sysfs_kernel_properties(device, interface, sysfs_driver(device, interface), "", &text);
	snprintf(path, sizeof(path), "%s/uevent", dir);
	if (r == 0)
		r = tree_add_file(tree, path, text.data, text.size);
	buf_done(&text);
	return r;
}

static int add_endpoint(struct tree *tree, const char *dir, const uint8_t *desc)
{
	static const char *const types[] = {"Control", "Isoc", "Bulk", "Interrupt"};
	char path[320];
	uint8_t address = desc[2], type = desc[3] & 3;
	int r;

	snprintf(path, sizeof(path), "%s/ep_%02x", dir, address);
	r = tree_add_dir(tree, path);
	r |= sysfs_attribute(tree, path, "bEndpointAddress", "%02x", address);
	r |= sysfs_attribute(tree, path, "bLength", "%02x", desc[0]);
	r |= sysfs_attribute(tree, path, "bmAttributes", "%02x", desc[3]);
	r |= sysfs_attribute(tree, path, "wMaxPacketSize", "%04x", desc[4] | desc[5] << 8);
	r |= sysfs_attribute(tree, path, "bInterval", "%02x", desc[6]);
	r |= sysfs_attribute(tree, path, "interval", "%dms", type == 3 ? desc[6] : 0);
	r |= sysfs_attribute(tree, path, "type", "%s", types[type]);
	r |= sysfs_attribute(tree, path, "direction", "%s",
		type == 0              ? "both"
		: address & USB_DIR_IN ? "in"
				       : "out");
	return r ? -ENOMEM : 0;
}

static int add_endpoints(struct tree *tree, const char *dir, const struct sysfs_device *device,
	const uint8_t *interface)
{
	const uint8_t *end = device->identity.config + device->identity.config_size;
	int r = 0;

	for (const uint8_t *at = interface + interface[0];
		r == 0 && end - at >= 7 && at[0] >= 2 && at[0] <= end - at; at += at[0]) {
		if (at[1] == USB_DESC_INTERFACE)
			break;
		if (at[1] == USB_DESC_ENDPOINT && at[0] >= 7)
			r = add_endpoint(tree, dir, at);
	}
	return r;
}

/* "/sys/bus/usb/drivers/NAME/1-1:1.0" */
static void driver_entry(const char *driver, const char *dir, char *ret, size_t room)
{
	snprintf(ret, room, SYSFS_USB_DRIVERS "/%s/%s", driver, sysfs_last_component(dir));
}

/* Links between an interface and its driver; a driver that has let go has none. */
static int set_driver(
	struct tree *tree, const char *dir, const struct sysfs_device *device, uint8_t number)
{
	static const char *const drivers[] = {"hub", "cdc_acm", "usbtest"};
	const char *driver = sysfs_driver(device, number);
	char path[320];
	int r = add_uevent_file(tree, dir, device, number);

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		driver_entry(drivers[i], dir, path, sizeof(path));
		tree_remove(tree, path);
	}
	snprintf(path, sizeof(path), "%s/driver", dir);
	tree_remove(tree, path);
	if (!driver)
		return r;
	snprintf(path, sizeof(path), SYSFS_USB_DRIVERS "/%s", driver);
	r |= sysfs_link(tree, dir, "driver", path);
	return r | sysfs_link(tree, path, sysfs_last_component(dir), dir);
}

int sysfs_set_driver(struct tree *tree, const struct sysfs_device *device, uint8_t interface)
{
	char path[200], dir[256];

	sysfs_path(device, interface, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	return set_driver(tree, dir, device, interface) ? -ENOMEM : 0;
}

/* The interface association that an interface belongs to, or NULL. */
static const uint8_t *find_association(const struct sysfs_device *device, uint8_t number)
{
	struct reader in = reader_of(device->identity.config, device->identity.config_size);

	while (reader_left(&in) >= 2) {
		const uint8_t *at = in.data + in.pos;

		if (at[0] < 2 || !reader_take(&in, at[0]))
			return NULL;
		if (at[1] == ASSOCIATION && at[0] >= 8 && number >= at[2] && number - at[2] < at[3])
			return at;
	}
	return NULL;
}

static int add_association(
	struct tree *tree, const char *dir, const struct sysfs_device *device, uint8_t number)
{
	const uint8_t *desc = find_association(device, number);
	int r;

	if (!desc)
		return 0;
	r = sysfs_attribute(tree, dir, "iad_bFirstInterface", "%02x", desc[2]);
	r |= sysfs_attribute(tree, dir, "iad_bInterfaceCount", "%02d", desc[3]);
	r |= sysfs_attribute(tree, dir, "iad_bFunctionClass", "%02x", desc[4]);
	r |= sysfs_attribute(tree, dir, "iad_bFunctionSubClass", "%02x", desc[5]);
	r |= sysfs_attribute(tree, dir, "iad_bFunctionProtocol", "%02x", desc[6]);
	return r;
}

static int add_interface(struct tree *tree, const struct sysfs_device *device, uint8_t number)
{
	const uint8_t *desc = sysfs_find_alternate(device, number, 0);
	struct buf modalias;
	char dir[256], path[200];
	int r;

	if (!desc)
		return 0;
	sysfs_path(device, number, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	r = tree_add_dir(tree, dir);
	r |= sysfs_attribute(tree, dir, "bInterfaceNumber", "%02x", desc[2]);
	r |= sysfs_attribute(tree, dir, "bAlternateSetting", "%2d", desc[3]);
	r |= sysfs_attribute(tree, dir, "bNumEndpoints", "%02x", desc[4]);
	r |= sysfs_attribute(tree, dir, "bInterfaceClass", "%02x", desc[5]);
	r |= sysfs_attribute(tree, dir, "bInterfaceSubClass", "%02x", desc[6]);
	r |= sysfs_attribute(tree, dir, "bInterfaceProtocol", "%02x", desc[7]);
	r |= sysfs_attribute(tree, dir, "supports_autosuspend", "1");
	r |= sysfs_attribute(tree, dir, "authorized", "1");
	if (device->interface_text[number][0])
		r |= sysfs_attribute(tree, dir, "interface", "%s", device->interface_text[number]);
	buf_init(&modalias, 256);
	r |= sysfs_modalias(device, desc, &modalias);
	r |= sysfs_attribute(
		tree, dir, "modalias", "%.*s", (int)modalias.size, (const char *)modalias.data);
	buf_done(&modalias);
	r |= sysfs_link(tree, dir, "subsystem", "/sys/bus/usb");
	r |= add_association(tree, dir, device, number);
	r |= set_driver(tree, dir, device, number);
	r |= add_endpoints(tree, dir, device, desc);
	r |= sysfs_link(tree, "/sys/bus/usb/devices", sysfs_last_component(path), dir);
	return r ? -ENOMEM : 0;
}

static int add_device_attributes(
	struct tree *tree, const char *dir, const struct sysfs_device *device)
{
	struct sysfs_device_fields f = sysfs_device_fields(device);
	struct sysfs_config_fields c = sysfs_config_fields(device);
	int r;

	r = sysfs_attribute(tree, dir, "idVendor", "%04x", f.vid);
	r |= sysfs_attribute(tree, dir, "idProduct", "%04x", f.pid);
	r |= sysfs_attribute(tree, dir, "bcdDevice", "%04x", f.bcd_device);
	r |= sysfs_attribute(tree, dir, "bDeviceClass", "%02x", f.class);
	r |= sysfs_attribute(tree, dir, "bDeviceSubClass", "%02x", f.subclass);
	r |= sysfs_attribute(tree, dir, "bDeviceProtocol", "%02x", f.protocol);
	r |= sysfs_attribute(tree, dir, "bMaxPacketSize0", "%d", f.max_packet0);
	r |= sysfs_attribute(tree, dir, "bNumConfigurations", "%d", f.config_count);
	r |= sysfs_attribute(tree, dir, "bNumInterfaces", "%2d", c.interface_count);
	r |= sysfs_attribute(tree, dir, "bConfigurationValue", "%d", c.value);
	r |= sysfs_attribute(tree, dir, "bmAttributes", "%02x", c.attributes);
	r |= sysfs_attribute(tree, dir, "bMaxPower", "%dmA", c.max_power * 2);
	r |= sysfs_attribute(tree, dir, "version", "%2x.%02x", f.bcd_usb >> 8, f.bcd_usb & 0xff);
	if (device->identity.manufacturer[0])
		r |= sysfs_attribute(
			tree, dir, "manufacturer", "%s", device->identity.manufacturer);
	if (device->identity.product[0])
		r |= sysfs_attribute(tree, dir, "product", "%s", device->identity.product);
	if (device->identity.serial[0])
		r |= sysfs_attribute(tree, dir, "serial", "%s", device->identity.serial);
	return r ? -ENOMEM : 0;
}

static int add_device_numbers(struct tree *tree, const char *dir, const struct sysfs_device *device)
{
	int r;

	r = sysfs_attribute(tree, dir, "busnum", "%d", SYSFS_BUS_NUMBER);
	r |= sysfs_attribute(tree, dir, "devnum", "%d", device->devnum);
	r |= sysfs_attribute(tree, dir, "devpath", "%d", device->port);
	r |= sysfs_attribute(tree, dir, "dev", "%d:%u", SYSFS_USB_MAJOR, sysfs_minor(device));
	r |= sysfs_attribute(tree, dir, "speed", "12");
	r |= sysfs_attribute(tree, dir, "maxchild", "%d", device->maxchild);
	r |= sysfs_attribute(tree, dir, "rx_lanes", "1");
	r |= sysfs_attribute(tree, dir, "tx_lanes", "1");
	r |= sysfs_attribute(tree, dir, "removable", "unknown");
	r |= sysfs_attribute(tree, dir, "authorized", "1");
	r |= sysfs_attribute(tree, dir, "quirks", "0x0");
	r |= sysfs_attribute(tree, dir, "ltm_capable", "no");
	r |= sysfs_attribute(tree, dir, "avoid_reset_quirk", "0");
	r |= empty_attribute(tree, dir, "configuration"); /* iConfiguration is not read */
	return r ? -ENOMEM : 0;
}

static int add_descriptors(struct tree *tree, const char *dir, const struct sysfs_device *device)
{
	const struct vusb_identity *identity = &device->identity;
	uint8_t bytes[USB_DEVICE_SIZE + VUSB_CONFIG_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	char path[320];

	writer_bytes(&out, identity->device, USB_DEVICE_SIZE);
	writer_bytes(&out, identity->config, identity->config_size);
	snprintf(path, sizeof(path), "%s/descriptors", dir);
	return tree_add_file(tree, path, bytes, out.pos);
}

/* /run/udev/data/c189:N, without which libudev takes the device for not yet initialised. */
static int add_udev_data(struct tree *tree, const struct sysfs_device *device)
{
	struct buf text;
	char path[64];
	int r;

	buf_init(&text, 8192);
	r = buf_printf(&text, "I:%llu\n", (unsigned long long)device->plugged_us + 1);
	if (r == 0)
		r = sysfs_udev_properties(device, SYSFS_NO_INTERFACE, "E:", &text);
	if (r == 0)
		r = buf_printf(&text, "G:uaccess\nQ:uaccess\nV:1\n");
	snprintf(path, sizeof(path), "/run/udev/data/c%d:%u", SYSFS_USB_MAJOR, sysfs_minor(device));
	if (r == 0)
		r = tree_add_file(tree, path, text.data, text.size);
	buf_done(&text);
	return r;
}

int sysfs_set_node_mode(struct tree *tree, const struct sysfs_device *device, unsigned int mode)
{
	char node[32];

	sysfs_node(device, node);
	return tree_add_device(tree, node, SYSFS_USB_MAJOR, sysfs_minor(device), mode);
}

static int add_device_links(
	struct tree *tree, const char *dir, const char *path, const struct sysfs_device *device)
{
	char name[64];
	int r;

	r = sysfs_set_node_mode(tree, device, 0666);
	r |= sysfs_link(tree, "/sys/bus/usb/devices", sysfs_last_component(path), dir);
	r |= sysfs_link(tree, USB_DRIVER, sysfs_last_component(path), dir);
	snprintf(name, sizeof(name), "%d:%u", SYSFS_USB_MAJOR, sysfs_minor(device));
	r |= sysfs_link(tree, "/sys/dev/char", name, dir);
	r |= sysfs_link(tree, dir, "subsystem", "/sys/bus/usb");
	r |= sysfs_link(tree, dir, "driver", USB_DRIVER);
	return r ? -ENOMEM : 0;
}

/* The controller, a platform device with a driver of its own name. */
static int add_controller(struct tree *tree)
{
	int r;

	r = tree_add_dir(tree, "/sys" SYSFS_CONTROLLER);
	r |= tree_add_dir(tree, PLATFORM_DRIVER);
	r |= sysfs_link(tree, "/sys" SYSFS_CONTROLLER, "subsystem", PLATFORM);
	r |= sysfs_link(tree, "/sys" SYSFS_CONTROLLER, "driver", PLATFORM_DRIVER);
	r |= sysfs_link(tree, PLATFORM "/devices", "dfurig.0", "/sys" SYSFS_CONTROLLER);
	r |= sysfs_link(tree, PLATFORM_DRIVER, "dfurig.0", "/sys" SYSFS_CONTROLLER);
	r |= tree_add_text(tree, "/sys" SYSFS_CONTROLLER "/uevent", "%s",
		"DRIVER=dfurig\nMODALIAS=platform:dfurig\n");
	r |= tree_add_text(tree, "/sys" SYSFS_CONTROLLER "/modalias", "%s", "platform:dfurig\n");
	return r ? -ENOMEM : 0;
}

int sysfs_add_skeleton(struct tree *tree)
{
	static const char *const dirs[] = {"/sys/bus/usb", "/sys/bus/usb/devices",
		SYSFS_USB_DRIVERS, USB_DRIVER, HUB_DRIVER, CDC_ACM_DRIVER, "/dev/bus",
		"/dev/bus/usb", "/dev/bus/usb/001", "/run/udev", "/run/udev/data",
		"/run/udev/tags"};
	int r = 0;

	static_assert(SYSFS_BUS_NUMBER == 1, "the bus's folder");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++)
		r = tree_add_dir(tree, dirs[i]);
	if (r == 0)
		r = add_controller(tree);
	/* libudev takes this file for the sign that udev runs, and only then listens for hotplug. */
	return r < 0 ? r : tree_add_text(tree, "/run/udev/control", "%s", "");
}

int sysfs_add_device(struct tree *tree, const struct sysfs_device *device)
{
	static const uint8_t endpoint0[7] = {7, USB_DESC_ENDPOINT, 0, 0, 64, 0, 0};
	char path[200], dir[256];
	int r;

	sysfs_path(device, SYSFS_NO_INTERFACE, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	r = tree_add_dir(tree, dir);
	r |= add_device_attributes(tree, dir, device);
	r |= add_device_numbers(tree, dir, device);
	r |= add_descriptors(tree, dir, device);
	r |= add_uevent_file(tree, dir, device, SYSFS_NO_INTERFACE);
	r |= add_endpoint(tree, dir, endpoint0);
	r |= add_device_links(tree, dir, path, device);
	r |= add_udev_data(tree, device);
	for (uint8_t i = 0; i < sysfs_interface_count(device); i++)
		r |= add_interface(tree, device, i);
	return r ? -ENOMEM : 0;
}

void sysfs_remove_device(struct tree *tree, const struct sysfs_device *device)
{
	char path[200], full[256];

	for (int i = sysfs_interface_count(device) - 1; i >= 0; i--) {
		sysfs_path(device, i, path, sizeof(path));
		snprintf(full, sizeof(full), "/sys/bus/usb/devices/%s", sysfs_last_component(path));
		tree_remove(tree, full);
		snprintf(full, sizeof(full), HUB_DRIVER "/%s", sysfs_last_component(path));
		tree_remove(tree, full);
		snprintf(full, sizeof(full), CDC_ACM_DRIVER "/%s", sysfs_last_component(path));
		tree_remove(tree, full);
	}
	sysfs_path(device, SYSFS_NO_INTERFACE, path, sizeof(path));
	snprintf(full, sizeof(full), "/sys/bus/usb/devices/%s", sysfs_last_component(path));
	tree_remove(tree, full);
	snprintf(full, sizeof(full), USB_DRIVER "/%s", sysfs_last_component(path));
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/sys%s", path);
	tree_remove(tree, full);
	sysfs_node(device, full);
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/sys/dev/char/%d:%u", SYSFS_USB_MAJOR, sysfs_minor(device));
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/run/udev/data/c%d:%u", SYSFS_USB_MAJOR, sysfs_minor(device));
	tree_remove(tree, full);
}

int sysfs_set_alternate(
	struct tree *tree, const struct sysfs_device *device, uint8_t interface, uint8_t alternate)
{
	const uint8_t *desc = sysfs_find_alternate(device, interface, alternate);
	char path[200], dir[256];
	int r;

	if (!desc)
		return -ENOENT;
	sysfs_path(device, interface, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	r = sysfs_attribute(tree, dir, "bAlternateSetting", "%2d", alternate);
	r |= sysfs_attribute(tree, dir, "bNumEndpoints", "%02x", desc[4]);
	return r ? -ENOMEM : 0;
}

int sysfs_set_configured(struct tree *tree, const struct sysfs_device *device, bool configured)
{
	char path[200], dir[256];

	sysfs_path(device, SYSFS_NO_INTERFACE, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	if (!configured)
		return empty_attribute(tree, dir, "bConfigurationValue");
	return sysfs_attribute(
		tree, dir, "bConfigurationValue", "%d", sysfs_config_fields(device).value);
}
