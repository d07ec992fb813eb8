/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/sysfs_props.h"

#include "harness/base/wire.h"

#include <stdio.h>
#include <string.h>

struct sysfs_device_fields sysfs_device_fields(const struct sysfs_device *device)
{
	struct reader in = reader_of(device->identity.device, USB_DEVICE_SIZE);
	struct sysfs_device_fields fields;

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

struct sysfs_config_fields sysfs_config_fields(const struct sysfs_device *device)
{
	struct reader in = reader_of(device->identity.config, device->identity.config_size);
	struct sysfs_config_fields fields;

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
	uint8_t count = sysfs_config_fields(device).interface_count;

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

uint32_t sysfs_minor(const struct sysfs_device *device)
{
	return (SYSFS_BUS_NUMBER - 1) * 128u + device->devnum - 1u;
}

void sysfs_path(const struct sysfs_device *device, int interface, char *ret, size_t room)
{
	char name[16];
	int n;

	sysfs_name(device, name);
	if (device->port)
		n = snprintf(ret, room, SYSFS_CONTROLLER "/usb%d/%s", SYSFS_BUS_NUMBER, name);
	else
		n = snprintf(ret, room, SYSFS_CONTROLLER "/%s", name);
	if (interface == SYSFS_NO_INTERFACE)
		return;
	if (!device->port)
		snprintf(name, sizeof(name), "%d-0", SYSFS_BUS_NUMBER);
	snprintf(ret + n, room - (size_t)n, "/%s:%d.%d", name, sysfs_config_fields(device).value,
		interface);
}

const char *sysfs_last_component(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* --- properties, shared by `uevent` files, the udev data base and hotplug messages --- */

int sysfs_modalias(const struct sysfs_device *device, const uint8_t *interface, struct buf *out)
{
	struct sysfs_device_fields f = sysfs_device_fields(device);

	return buf_printf(out, "usb:v%04Xp%04Xd%04Xdc%02Xdsc%02Xdp%02Xic%02Xisc%02Xip%02Xin%02X",
		f.vid, f.pid, f.bcd_device, f.class, f.subclass, f.protocol, interface[5],
		interface[6], interface[7], interface[2]);
}

const char *sysfs_driver(const struct sysfs_device *device, int interface)
{
	if (interface == SYSFS_NO_INTERFACE)
		return "usb";
	return device->port ? device->driver[interface] : "hub";
}

int sysfs_kernel_properties(const struct sysfs_device *device, int interface, const char *driver,
	const char *dev, struct buf *out)
{
	struct sysfs_device_fields f = sysfs_device_fields(device);
	const uint8_t *desc = NULL;
	int r;

	if (interface == SYSFS_NO_INTERFACE)
		r = buf_printf(out, "MAJOR=%d\nMINOR=%u\nDEVNAME=%sbus/usb/%03d/%03d\n",
			SYSFS_USB_MAJOR, sysfs_minor(device), dev, SYSFS_BUS_NUMBER,
			device->devnum);
	else
		r = 0;
	if (r == 0)
		r = buf_printf(out, "DEVTYPE=usb_%s\n",
			interface == SYSFS_NO_INTERFACE ? "device" : "interface");
	if (r == 0 && driver)
		r = buf_printf(out, "DRIVER=%s\n", driver);
	if (r == 0)
		r = buf_printf(out, "PRODUCT=%x/%x/%x\nTYPE=%d/%d/%d\n", f.vid, f.pid, f.bcd_device,
			f.class, f.subclass, f.protocol);
	if (r == 0 && interface == SYSFS_NO_INTERFACE)
		r = buf_printf(out, "BUSNUM=%03d\nDEVNUM=%03d\n", SYSFS_BUS_NUMBER, device->devnum);
	if (interface != SYSFS_NO_INTERFACE)
		desc = sysfs_find_alternate(device, (uint8_t)interface, 0);
	if (r < 0 || !desc)
		return r;
	r = buf_printf(out, "INTERFACE=%d/%d/%d\nMODALIAS=", desc[5], desc[6], desc[7]);
	if (r == 0)
		r = sysfs_modalias(device, desc, out);
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
	struct sysfs_device_fields f = sysfs_device_fields(device);
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
	struct sysfs_device_fields f = sysfs_device_fields(device);
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

void sysfs_id_serial(const struct sysfs_device *device, char ret[static SYSFS_ID_MAX])
{
	struct usb_id id;

	fill_usb_id(device, &id);
	snprintf(ret, SYSFS_ID_MAX, "%s_%s%s%s", id.vendor, id.model, id.serial[0] ? "_" : "",
		id.serial);
}

void sysfs_id_path(const struct sysfs_device *device, int interface, char ret[static SYSFS_ID_MAX])
{
	int n = snprintf(ret, SYSFS_ID_MAX, "platform-dfurig.0-usb-0:%d", device->port);

	if (interface != SYSFS_NO_INTERFACE)
		snprintf(ret + n, SYSFS_ID_MAX - (size_t)n, ":%d.%d",
			sysfs_config_fields(device).value, interface);
}

/* ID_PATH_TAG has "_" for what a tag may not have. */
static int add_path(
	const struct sysfs_device *device, int interface, const char *prefix, struct buf *out)
{
	char path[SYSFS_ID_MAX], tag[SYSFS_ID_MAX];

	sysfs_id_path(device, interface, path);
	memcpy(tag, path, sizeof(tag));
	for (char *c = tag; (c = strpbrk(c, ":.")); c++)
		*c = '_';
	return buf_printf(out, "%sID_PATH=%s\n%sID_PATH_TAG=%s\n", prefix, path, prefix, tag);
}

static int add_ids(const struct sysfs_device *device, const char *prefix, struct buf *out)
{
	struct usb_id id;
	int r;

	fill_usb_id(device, &id);
	r = buf_printf(out, "%sID_BUS=usb\n", prefix);
	if (r == 0)
		r = add_usb_id(device, &id, prefix, "ID_", out);
	if (r == 0)
		r = add_usb_id(device, &id, prefix, "ID_USB_", out);
	if (r == 0)
		r = buf_printf(out, "%sID_USB_INTERFACES=%s\n", prefix, id.interfaces);
	return r;
}

int sysfs_udev_properties(
	const struct sysfs_device *device, int interface, const char *prefix, struct buf *out)
{
	int r = interface == SYSFS_NO_INTERFACE ? add_ids(device, prefix, out) : 0;

	if (r == 0 && interface == SYSFS_NO_INTERFACE)
		r = add_path(device, interface, prefix, out);
	return r;
}

int sysfs_udev_child_properties(
	const struct sysfs_device *device, uint8_t interface, const char *prefix, struct buf *out)
{
	const char *driver = sysfs_driver(device, interface);
	int r = add_ids(device, prefix, out);

	if (r == 0)
		r = buf_printf(out,
			"%sID_TYPE=generic\n%sID_USB_TYPE=generic\n%sID_USB_INTERFACE_NUM=%02x\n",
			prefix, prefix, prefix, interface);
	if (r == 0 && driver)
		r = buf_printf(out, "%sID_USB_DRIVER=%s\n", prefix, driver);
	return r < 0 ? r : add_path(device, interface, prefix, out);
}
