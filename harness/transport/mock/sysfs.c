/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/sysfs.h"

#include "harness/base/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NO_INTERFACE    (-1)
#define USB_DRIVER      "/sys/bus/usb/drivers/usb"
#define HUB_DRIVER      "/sys/bus/usb/drivers/hub"
#define PLATFORM        "/sys/bus/platform"
#define PLATFORM_DRIVER PLATFORM "/drivers/dfurig"

/* The fields of descriptors that sysfs shows, as numbers. */
struct device_fields {
	uint16_t bcd_usb, vid, pid, bcd_device;
	uint8_t class, subclass, protocol, max_packet0, config_count;
};

struct config_fields {
	uint8_t interface_count, value, attributes, max_power;
};

static struct device_fields device_fields(const struct sysfs_device *device)
{
	struct reader in = reader_of(device->identity.device, USB_DEVICE_SIZE);
	struct device_fields fields;

	reader_take(&in, 2);
	fields.bcd_usb = reader_le16(&in);
	fields.class = reader_u8(&in);
	fields.subclass = reader_u8(&in);
	fields.protocol = reader_u8(&in);
	fields.max_packet0 = reader_u8(&in);
	fields.vid = reader_le16(&in);
	fields.pid = reader_le16(&in);
	fields.bcd_device = reader_le16(&in);
	reader_take(&in, 3);
	fields.config_count = reader_u8(&in);
	return fields;
}

static struct config_fields config_fields(const struct sysfs_device *device)
{
	struct reader in = reader_of(device->identity.config, device->identity.config_size);
	struct config_fields fields;

	reader_take(&in, 4);
	fields.interface_count = reader_u8(&in);
	fields.value = reader_u8(&in);
	reader_take(&in, 1);
	fields.attributes = reader_u8(&in);
	fields.max_power = reader_u8(&in);
	return fields;
}

const uint8_t *sysfs_find_alternate(
	const struct sysfs_device *device, uint8_t number, uint8_t alternate)
{
	struct reader in = reader_of(device->identity.config, device->identity.config_size);

	while (reader_left(&in) >= 2) {
		const uint8_t *at = in.data + in.pos;

		if (at[0] < 2 || !reader_take(&in, at[0]))
			return NULL;
		if (at[1] == USB_DESC_INTERFACE && at[0] >= 9 && at[2] == number &&
			at[3] == alternate)
			return at;
	}
	return NULL;
}

uint8_t sysfs_interface_count(const struct sysfs_device *device)
{
	uint8_t count = config_fields(device).interface_count;

	return count < VUSB_INTERFACE_MAX ? count : VUSB_INTERFACE_MAX;
}

void sysfs_name(const struct sysfs_device *device, char ret[static 16])
{
	if (device->port)
		snprintf(ret, 16, "%d-%d", SYSFS_BUS_NUMBER, device->port);
	else
		snprintf(ret, 16, "usb%d", SYSFS_BUS_NUMBER);
}

void sysfs_node(const struct sysfs_device *device, char ret[static 32])
{
	snprintf(ret, 32, "/dev/bus/usb/%03d/%03d", SYSFS_BUS_NUMBER, device->devnum);
}

static uint32_t minor_number(const struct sysfs_device *device)
{
	return (SYSFS_BUS_NUMBER - 1) * 128u + device->devnum - 1u;
}

/* "/devices/platform/dfurig.0/usb1/1-3[/1-3:1.0]", as DEVPATH has it. */
static void device_path(const struct sysfs_device *device, int interface, char *ret, size_t room)
{
	char name[16];
	int n;

	sysfs_name(device, name);
	if (device->port)
		n = snprintf(ret, room, SYSFS_CONTROLLER "/usb%d/%s", SYSFS_BUS_NUMBER, name);
	else
		n = snprintf(ret, room, SYSFS_CONTROLLER "/%s", name);
	if (interface == NO_INTERFACE)
		return;
	if (!device->port)
		snprintf(name, sizeof(name), "%d-0", SYSFS_BUS_NUMBER);
	snprintf(ret + n, room - (size_t)n, "/%s:%d.%d", name, config_fields(device).value,
		interface);
}

static const char *last_component(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* --- properties, shared by `uevent` files, the udev data base and hotplug messages --- */

static int add_modalias(
	const struct sysfs_device *device, const uint8_t *interface, struct buf *out)
{
	struct device_fields f = device_fields(device);

	return buf_printf(out, "usb:v%04Xp%04Xd%04Xdc%02Xdsc%02Xdp%02Xic%02Xisc%02Xip%02Xin%02X",
		f.vid, f.pid, f.bcd_device, f.class, f.subclass, f.protocol, interface[5],
		interface[6], interface[7], interface[2]);
}

/* The name of the driver, or NULL. */
static const char *driver_of(const struct sysfs_device *device, int interface)
{
	if (interface == NO_INTERFACE)
		return "usb";
	return device->port ? NULL : "hub";
}

/* What the kernel puts into `uevent`, "\n" after each (the message wants NULs: see sysfs_uevent). driver: may be NULL; dev:
 * what udev puts in front of the node's name. */
static int add_kernel_properties(const struct sysfs_device *device, int interface,
	const char *driver, const char *dev, struct buf *out)
{
	struct device_fields f = device_fields(device);
	const uint8_t *desc = NULL;
	int r;

	if (interface == NO_INTERFACE)
		r = buf_printf(out, "MAJOR=%d\nMINOR=%u\nDEVNAME=%sbus/usb/%03d/%03d\n",
			SYSFS_USB_MAJOR, minor_number(device), dev, SYSFS_BUS_NUMBER,
			device->devnum);
	else
		r = 0;
	if (r == 0)
		r = buf_printf(out, "DEVTYPE=usb_%s\n",
			interface == NO_INTERFACE ? "device" : "interface");
	if (r == 0 && driver)
		r = buf_printf(out, "DRIVER=%s\n", driver);
	if (r == 0)
		r = buf_printf(out, "PRODUCT=%x/%x/%x\nTYPE=%d/%d/%d\n", f.vid, f.pid, f.bcd_device,
			f.class, f.subclass, f.protocol);
	if (r == 0 && interface == NO_INTERFACE)
		r = buf_printf(out, "BUSNUM=%03d\nDEVNUM=%03d\n", SYSFS_BUS_NUMBER, device->devnum);
	if (interface != NO_INTERFACE)
		desc = sysfs_find_alternate(device, (uint8_t)interface, 0);
	if (r < 0 || !desc)
		return r;
	r = buf_printf(out, "INTERFACE=%d/%d/%d\nMODALIAS=", desc[5], desc[6], desc[7]);
	if (r == 0)
		r = add_modalias(device, desc, out);
	return r < 0 ? r : buf_append(out, "\n", 1);
}

/* Characters that udev leaves as they are. */
static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr("#+-.:=@_", c) || (unsigned char)c >= 0x80;
}

/* udev's form of a text: blanks at the ends dropped, others and odd characters become "_", repeated blanks one. */
static void udev_text(const char *text, char *out, size_t room)
{
	size_t n = 0;

	text += strspn(text, " ");
	for (; *text && n + 1 < room; text++) {
		if (*text == ' ' && (text[1] == ' ' || !text[1]))
			continue;
		out[n++] = is_plain(*text) ? *text : '_';
	}
	out[n] = '\0';
}

/* udev's other form, from which the text can be had back: what is not plain becomes \xNN. */
static void udev_encoded(const char *text, char *out, size_t room)
{
	size_t n = 0;

	for (; *text && n + 5 < room; text++)
		n += (size_t)snprintf(out + n, room - n, is_plain(*text) ? "%c" : "\\x%02x",
			(unsigned char)*text);
	out[n] = '\0';
}

/* ":fe0102:ff0000:": class, subclass and protocol of the interfaces' first alternates, each kind once. */
static void interface_kinds(const struct sysfs_device *device, char *out, size_t room)
{
	size_t n = (size_t)snprintf(out, room, ":");

	for (uint8_t i = 0; i < sysfs_interface_count(device); i++) {
		const uint8_t *desc = sysfs_find_alternate(device, i, 0);
		char kind[8];

		if (!desc)
			continue;
		snprintf(kind, sizeof(kind), "%02x%02x%02x:", desc[5], desc[6], desc[7]);
		if (!strstr(out, kind) && n < room)
			n += (size_t)snprintf(out + n, room - n, "%s", kind);
	}
}

/* What udev's usb_id finds, by its names without "ID_". */
struct usb_id {
	char vendor[VUSB_TEXT_MAX], vendor_enc[4 * VUSB_TEXT_MAX];
	char model[VUSB_TEXT_MAX], model_enc[4 * VUSB_TEXT_MAX];
	char serial[VUSB_TEXT_MAX];
	char interfaces[8 * VUSB_INTERFACE_MAX];
};

/* A device without a text is named by its number. */
static void fill_usb_id(const struct sysfs_device *device, struct usb_id *id)
{
	const struct vusb_identity *identity = &device->identity;
	struct device_fields f = device_fields(device);
	char vid[8], pid[8];

	snprintf(vid, sizeof(vid), "%04x", f.vid);
	snprintf(pid, sizeof(pid), "%04x", f.pid);
	const char *vendor = identity->manufacturer[0] ? identity->manufacturer : vid;
	const char *model = identity->product[0] ? identity->product : pid;

	udev_text(vendor, id->vendor, sizeof(id->vendor));
	udev_text(model, id->model, sizeof(id->model));
	udev_text(identity->serial, id->serial, sizeof(id->serial));
	udev_encoded(vendor, id->vendor_enc, sizeof(id->vendor_enc));
	udev_encoded(model, id->model_enc, sizeof(id->model_enc));
	interface_kinds(device, id->interfaces, sizeof(id->interfaces));
}

/* The properties under one set of names: udev has had them as ID_ since ever, and as ID_USB_ too since version 248. */
static int add_usb_id(const struct sysfs_device *device, const struct usb_id *id,
	const char *prefix, const char *names, struct buf *out)
{
	struct device_fields f = device_fields(device);
	char p[32];
	int r;

	snprintf(p, sizeof(p), "%s%s", prefix, names);
	r = buf_printf(out, "%sVENDOR=%s\n%sVENDOR_ENC=%s\n%sVENDOR_ID=%04x\n", p, id->vendor, p,
		id->vendor_enc, p, f.vid);
	if (r == 0)
		r = buf_printf(out, "%sMODEL=%s\n%sMODEL_ENC=%s\n%sMODEL_ID=%04x\n", p, id->model,
			p, id->model_enc, p, f.pid);
	if (r == 0)
		r = buf_printf(out, "%sREVISION=%04x\n%sSERIAL=%s_%s%s%s\n", p, f.bcd_device, p,
			id->vendor, id->model, id->serial[0] ? "_" : "", id->serial);
	if (r == 0 && id->serial[0])
		r = buf_printf(out, "%sSERIAL_SHORT=%s\n", p, id->serial);
	return r;
}

/* udev's ID_ properties, "\n" after each, `prefix` before. */
static int add_udev_properties(
	const struct sysfs_device *device, int interface, const char *prefix, struct buf *out)
{
	struct usb_id id;
	int r;

	if (interface != NO_INTERFACE)
		return 0;
	fill_usb_id(device, &id);
	r = buf_printf(out, "%sID_BUS=usb\n", prefix);
	if (r == 0)
		r = add_usb_id(device, &id, prefix, "ID_", out);
	if (r == 0)
		r = add_usb_id(device, &id, prefix, "ID_USB_", out);
	if (r == 0)
		r = buf_printf(out, "%sID_USB_INTERFACES=%s\n", prefix, id.interfaces);
	if (r == 0)
		r = buf_printf(out,
			"%sID_PATH=platform-dfurig.0-usb-0:%d\n"
			"%sID_PATH_TAG=platform-dfurig_0-usb-0_%d\n",
			prefix, device->port, prefix, device->port);
	return r;
}

/* --- the tree --- */

/* One text attribute below a folder, with the newline that sysfs ends it with. */
static int attribute(struct tree *tree, const char *dir, const char *name, const char *fmt, ...)
	PRINTF(4, 5);

static int attribute(struct tree *tree, const char *dir, const char *name, const char *fmt, ...)
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

/* dir/name -> target, an absolute path below /sys, by as many ".." as lead up to /sys: so are all links of sysfs. */
static int link_in(struct tree *tree, const char *dir, const char *name, const char *target)
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
	r = add_kernel_properties(device, interface, driver_of(device, interface), "", &text);
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
	r |= attribute(tree, path, "bEndpointAddress", "%02x", address);
	r |= attribute(tree, path, "bLength", "%02x", desc[0]);
	r |= attribute(tree, path, "bmAttributes", "%02x", desc[3]);
	r |= attribute(tree, path, "wMaxPacketSize", "%04x", desc[4] | desc[5] << 8);
	r |= attribute(tree, path, "bInterval", "%02x", desc[6]);
	r |= attribute(tree, path, "interval", "%dms", type == 3 ? desc[6] : 0);
	r |= attribute(tree, path, "type", "%s", types[type]);
	r |= attribute(tree, path, "direction", "%s",
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

static int add_interface(struct tree *tree, const struct sysfs_device *device, uint8_t number)
{
	const uint8_t *desc = sysfs_find_alternate(device, number, 0);
	struct buf modalias;
	char dir[256], path[200];
	int r;

	if (!desc)
		return 0;
	device_path(device, number, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	r = tree_add_dir(tree, dir);
	r |= attribute(tree, dir, "bInterfaceNumber", "%02x", desc[2]);
	r |= attribute(tree, dir, "bAlternateSetting", "%2d", desc[3]);
	r |= attribute(tree, dir, "bNumEndpoints", "%02x", desc[4]);
	r |= attribute(tree, dir, "bInterfaceClass", "%02x", desc[5]);
	r |= attribute(tree, dir, "bInterfaceSubClass", "%02x", desc[6]);
	r |= attribute(tree, dir, "bInterfaceProtocol", "%02x", desc[7]);
	r |= attribute(tree, dir, "supports_autosuspend", "1");
	r |= attribute(tree, dir, "authorized", "1");
	if (device->interface_text[number][0])
		r |= attribute(tree, dir, "interface", "%s", device->interface_text[number]);
	buf_init(&modalias, 256);
	r |= add_modalias(device, desc, &modalias);
	r |= attribute(
		tree, dir, "modalias", "%.*s", (int)modalias.size, (const char *)modalias.data);
	buf_done(&modalias);
	r |= add_uevent_file(tree, dir, device, number);
	r |= link_in(tree, dir, "subsystem", "/sys/bus/usb");
	if (!device->port) {
		r |= link_in(tree, dir, "driver", HUB_DRIVER);
		r |= link_in(tree, HUB_DRIVER, last_component(path), dir);
	}
	r |= add_endpoints(tree, dir, device, desc);
	r |= link_in(tree, "/sys/bus/usb/devices", last_component(path), dir);
	return r ? -ENOMEM : 0;
}

static int add_device_attributes(
	struct tree *tree, const char *dir, const struct sysfs_device *device)
{
	struct device_fields f = device_fields(device);
	struct config_fields c = config_fields(device);
	int r;

	r = attribute(tree, dir, "idVendor", "%04x", f.vid);
	r |= attribute(tree, dir, "idProduct", "%04x", f.pid);
	r |= attribute(tree, dir, "bcdDevice", "%04x", f.bcd_device);
	r |= attribute(tree, dir, "bDeviceClass", "%02x", f.class);
	r |= attribute(tree, dir, "bDeviceSubClass", "%02x", f.subclass);
	r |= attribute(tree, dir, "bDeviceProtocol", "%02x", f.protocol);
	r |= attribute(tree, dir, "bMaxPacketSize0", "%d", f.max_packet0);
	r |= attribute(tree, dir, "bNumConfigurations", "%d", f.config_count);
	r |= attribute(tree, dir, "bNumInterfaces", "%2d", c.interface_count);
	r |= attribute(tree, dir, "bConfigurationValue", "%d", c.value);
	r |= attribute(tree, dir, "bmAttributes", "%02x", c.attributes);
	r |= attribute(tree, dir, "bMaxPower", "%dmA", c.max_power * 2);
	r |= attribute(tree, dir, "version", "%2x.%02x", f.bcd_usb >> 8, f.bcd_usb & 0xff);
	if (device->identity.manufacturer[0])
		r |= attribute(tree, dir, "manufacturer", "%s", device->identity.manufacturer);
	if (device->identity.product[0])
		r |= attribute(tree, dir, "product", "%s", device->identity.product);
	if (device->identity.serial[0])
		r |= attribute(tree, dir, "serial", "%s", device->identity.serial);
	return r ? -ENOMEM : 0;
}

static int add_device_numbers(struct tree *tree, const char *dir, const struct sysfs_device *device)
{
	int r;

	r = attribute(tree, dir, "busnum", "%d", SYSFS_BUS_NUMBER);
	r |= attribute(tree, dir, "devnum", "%d", device->devnum);
	r |= attribute(tree, dir, "devpath", "%d", device->port);
	r |= attribute(tree, dir, "dev", "%d:%u", SYSFS_USB_MAJOR, minor_number(device));
	r |= attribute(tree, dir, "speed", "12");
	r |= attribute(tree, dir, "maxchild", "%d", device->maxchild);
	r |= attribute(tree, dir, "rx_lanes", "1");
	r |= attribute(tree, dir, "tx_lanes", "1");
	r |= attribute(tree, dir, "removable", "unknown");
	r |= attribute(tree, dir, "authorized", "1");
	r |= attribute(tree, dir, "quirks", "0x0");
	r |= attribute(tree, dir, "ltm_capable", "no");
	r |= attribute(tree, dir, "avoid_reset_quirk", "0");
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
		r = add_udev_properties(device, NO_INTERFACE, "E:", &text);
	if (r == 0)
		r = buf_printf(&text, "G:uaccess\nQ:uaccess\nV:1\n");
	snprintf(
		path, sizeof(path), "/run/udev/data/c%d:%u", SYSFS_USB_MAJOR, minor_number(device));
	if (r == 0)
		r = tree_add_file(tree, path, text.data, text.size);
	buf_done(&text);
	return r;
}

static int add_device_links(
	struct tree *tree, const char *dir, const char *path, const struct sysfs_device *device)
{
	char name[64], node[32];
	int r;

	sysfs_node(device, node);
	r = tree_add_device(tree, node, SYSFS_USB_MAJOR, minor_number(device), 0666);
	r |= link_in(tree, "/sys/bus/usb/devices", last_component(path), dir);
	r |= link_in(tree, USB_DRIVER, last_component(path), dir);
	snprintf(name, sizeof(name), "%d:%u", SYSFS_USB_MAJOR, minor_number(device));
	r |= link_in(tree, "/sys/dev/char", name, dir);
	r |= link_in(tree, dir, "subsystem", "/sys/bus/usb");
	r |= link_in(tree, dir, "driver", USB_DRIVER);
	return r ? -ENOMEM : 0;
}

/* The controller, a platform device with a driver of its own name. */
static int add_controller(struct tree *tree)
{
	int r;

	r = tree_add_dir(tree, "/sys" SYSFS_CONTROLLER);
	r |= tree_add_dir(tree, PLATFORM_DRIVER);
	r |= link_in(tree, "/sys" SYSFS_CONTROLLER, "subsystem", PLATFORM);
	r |= link_in(tree, "/sys" SYSFS_CONTROLLER, "driver", PLATFORM_DRIVER);
	r |= link_in(tree, PLATFORM "/devices", "dfurig.0", "/sys" SYSFS_CONTROLLER);
	r |= link_in(tree, PLATFORM_DRIVER, "dfurig.0", "/sys" SYSFS_CONTROLLER);
	r |= tree_add_text(tree, "/sys" SYSFS_CONTROLLER "/uevent", "%s",
		"DRIVER=dfurig\nMODALIAS=platform:dfurig\n");
	r |= tree_add_text(tree, "/sys" SYSFS_CONTROLLER "/modalias", "%s", "platform:dfurig\n");
	return r ? -ENOMEM : 0;
}

int sysfs_add_skeleton(struct tree *tree)
{
	static const char *const dirs[] = {"/sys/bus/usb", "/sys/bus/usb/devices",
		"/sys/bus/usb/drivers", USB_DRIVER, HUB_DRIVER, "/dev/bus", "/dev/bus/usb",
		"/dev/bus/usb/001", "/run/udev", "/run/udev/data", "/run/udev/tags"};
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

	device_path(device, NO_INTERFACE, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	r = tree_add_dir(tree, dir);
	r |= add_device_attributes(tree, dir, device);
	r |= add_device_numbers(tree, dir, device);
	r |= add_descriptors(tree, dir, device);
	r |= add_uevent_file(tree, dir, device, NO_INTERFACE);
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
		device_path(device, i, path, sizeof(path));
		snprintf(full, sizeof(full), "/sys/bus/usb/devices/%s", last_component(path));
		tree_remove(tree, full);
		snprintf(full, sizeof(full), HUB_DRIVER "/%s", last_component(path));
		tree_remove(tree, full);
	}
	device_path(device, NO_INTERFACE, path, sizeof(path));
	snprintf(full, sizeof(full), "/sys/bus/usb/devices/%s", last_component(path));
	tree_remove(tree, full);
	snprintf(full, sizeof(full), USB_DRIVER "/%s", last_component(path));
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/sys%s", path);
	tree_remove(tree, full);
	sysfs_node(device, full);
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/sys/dev/char/%d:%u", SYSFS_USB_MAJOR, minor_number(device));
	tree_remove(tree, full);
	snprintf(
		full, sizeof(full), "/run/udev/data/c%d:%u", SYSFS_USB_MAJOR, minor_number(device));
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
	device_path(device, interface, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	r = attribute(tree, dir, "bAlternateSetting", "%2d", alternate);
	r |= attribute(tree, dir, "bNumEndpoints", "%02x", desc[4]);
	return r ? -ENOMEM : 0;
}

int sysfs_set_configured(struct tree *tree, const struct sysfs_device *device, bool configured)
{
	char path[200], dir[256];

	device_path(device, NO_INTERFACE, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	if (!configured)
		return empty_attribute(tree, dir, "bConfigurationValue");
	return attribute(tree, dir, "bConfigurationValue", "%d", config_fields(device).value);
}

/* --- hotplug messages --- */

/* MurmurHash2, 32 bits, seed 0: with it libudev's filter finds the subsystem in the header (sd-device's monitor). */
static uint32_t murmur2(const char *text)
{
	const uint32_t m = 0x5bd1e995;
	size_t left = strlen(text);
	struct reader in = reader_of(text, left);
	uint32_t hash = (uint32_t)left;

	for (; left >= 4; left -= 4) {
		uint32_t k = reader_le32(&in) * m;

		hash = hash * m ^ (k ^ k >> 24) * m;
	}
	for (size_t i = left; i > 0; i--)
		hash ^= (uint32_t)in.data[in.pos + i - 1] << (8 * (i - 1));
	if (left)
		hash *= m;
	hash = (hash ^ hash >> 13) * m;
	return hash ^ hash >> 15;
}

#define UDEV_HEADER_SIZE 40
#define UDEV_MAGIC       0xfeedcafe

static int add_udev_header(struct buf *out, size_t properties_size, int interface)
{
	uint8_t *bytes;
	int r = buf_grow(out, UDEV_HEADER_SIZE, &bytes);
	struct writer header = writer_of(bytes, UDEV_HEADER_SIZE);

	if (r < 0)
		return r;
	writer_bytes(&header, "libudev", 8);
	writer_be32(&header, UDEV_MAGIC);
	writer_le32(&header, UDEV_HEADER_SIZE); /* host order: this rig runs beside the client */
	writer_le32(&header, UDEV_HEADER_SIZE);
	writer_le32(&header, (uint32_t)properties_size);
	writer_be32(&header, murmur2("usb"));
	writer_be32(&header, murmur2(interface == NO_INTERFACE ? "usb_device" : "usb_interface"));
	writer_le64(&header, 0); /* no tags */
	return 0;
}

static int add_message_properties(const struct sysfs_device *device, int interface,
	const char *action, enum sysfs_group group, struct buf *out)
{
	char path[200];
	int r;

	device_path(device, interface, path, sizeof(path));
	r = buf_printf(out, "ACTION=%s\nDEVPATH=%s\nSUBSYSTEM=usb\n", action, path);
	if (r == 0)
		r = add_kernel_properties(device, interface,
			strcmp(action, "bind") == 0 ? driver_of(device, interface) : NULL,
			group == SYSFS_GROUP_UDEV ? "/dev/" : "", out);
	if (r < 0 || group == SYSFS_GROUP_KERNEL)
		return r;
	r = buf_printf(out, "USEC_INITIALIZED=%llu\n", (unsigned long long)device->plugged_us + 1);
	return r < 0 ? r : add_udev_properties(device, interface, "", out);
}

int sysfs_uevent(const struct sysfs_device *device, int interface, const struct sysfs_uevent *event,
	struct buf *out)
{
	struct buf properties;
	char path[200];
	int r;

	buf_init(&properties, 8192);
	r = add_message_properties(device, interface, event->action, event->group, &properties);
	if (r == 0)
		r = buf_printf(&properties, "SEQNUM=%llu\n", (unsigned long long)event->seqnum);
	for (size_t i = 0; i < properties.size; i++)
		if (properties.data[i] == '\n')
			properties.data[i] = '\0';
	device_path(device, interface, path, sizeof(path));
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = add_udev_header(out, properties.size, interface);
	else if (r == 0)
		r = buf_printf(out, "%s@%s%c", event->action, path, '\0');
	if (r == 0)
		r = buf_append(out, properties.data, properties.size);
	buf_done(&properties);
	return r;
}
