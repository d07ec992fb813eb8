/* SPDX-License-Identifier: MIT */
/*
 * The tty of a serial port below its interface: sysfs, node, udev's data base and links.
 * Sources: drivers/tty/tty_io.c (tty_register_device_attr, show_dev); udev's rules.d/60-serial.rules for the links,
 * udev-builtin-usb_id and -path_id for the properties.
 */
#include "harness/transport/mock/sysfs_props.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CLASS "/sys/class/tty"

void sysfs_tty_name(const struct sysfs_tty *tty, char ret[static 16])
{
	snprintf(ret, 16, "ttyACM%u", tty->minor);
}

void sysfs_tty_node(const struct sysfs_tty *tty, char ret[static 32])
{
	snprintf(ret, 32, "/dev/ttyACM%u", tty->minor);
}

void sysfs_tty_path(
	const struct sysfs_device *device, const struct sysfs_tty *tty, char *ret, size_t room)
{
	char name[16];
	size_t n;

	sysfs_tty_name(tty, name);
	sysfs_path(device, tty->interface, ret, room);
	n = strlen(ret);
	snprintf(ret + n, room - n, "/tty/%s", name);
}

int sysfs_tty_kernel_properties(const struct sysfs_tty *tty, const char *dev, struct buf *out)
{
	return buf_printf(out, "MAJOR=%d\nMINOR=%u\nDEVNAME=%sttyACM%u\n", SYSFS_TTY_MAJOR,
		tty->minor, dev, tty->minor);
}

int sysfs_tty_udev_properties(const struct sysfs_device *device, const struct sysfs_tty *tty,
	const char *prefix, struct buf *out)
{
	return sysfs_udev_child_properties(device, tty->interface, prefix, out);
}

void sysfs_tty_link(const struct sysfs_device *device, const struct sysfs_tty *tty,
	unsigned int which, char ret[static SYSFS_ID_MAX])
{
	char id[SYSFS_ID_MAX];

	if (which == 0) {
		sysfs_id_serial(device, id);
		snprintf(ret, SYSFS_ID_MAX, "serial/by-id/usb-%.*s-if%02x", SYSFS_ID_MAX - 64, id,
			tty->interface);
	} else {
		sysfs_id_path(device, tty->interface, id);
		snprintf(ret, SYSFS_ID_MAX, "serial/by-path/%.*s", SYSFS_ID_MAX - 64, id);
	}
}

static int add_links(
	struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty)
{
	char link[SYSFS_ID_MAX], path[SYSFS_ID_MAX + 8], target[32], name[16];
	int r = 0;

	sysfs_tty_name(tty, name);
	snprintf(target, sizeof(target), "../../%s", name);
	r |= tree_add_dir(tree, "/dev/serial");
	for (unsigned int i = 0; i < SYSFS_TTY_LINKS; i++) {
		sysfs_tty_link(device, tty, i, link);
		snprintf(path, sizeof(path), "/dev/%s", link);
		*strrchr(path, '/') = '\0';
		r |= tree_add_dir(tree, path);
		path[strlen(path)] = '/';
		r |= tree_add_link(tree, path, target);
	}
	return r;
}

/* /run/udev/data/c166:N */
static int add_udev_data(
	struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty)
{
	char path[64], link[SYSFS_ID_MAX];
	struct buf text;
	int r = 0;

	buf_init(&text, 16384);
	for (unsigned int i = 0; i < SYSFS_TTY_LINKS; i++) {
		sysfs_tty_link(device, tty, i, link);
		r |= buf_printf(&text, "S:%s\n", link);
	}
	r |= buf_printf(&text, "I:%llu\n", (unsigned long long)device->plugged_us + 1);
	r |= sysfs_tty_udev_properties(device, tty, "E:", &text);
	r |= buf_printf(&text, "G:systemd\nQ:systemd\nV:1\n");
	snprintf(path, sizeof(path), "/run/udev/data/c%d:%u", SYSFS_TTY_MAJOR, tty->minor);
	if (r == 0)
		r = tree_add_file(tree, path, text.data, text.size);
	buf_done(&text);
	return r;
}

static int add_folder(
	struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty)
{
	char path[256], dir[300], interface[200], text[300];
	struct buf uevent;
	int r;

	sysfs_tty_path(device, tty, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	sysfs_path(device, tty->interface, interface, sizeof(interface));
	r = tree_add_dir(tree, dir);
	snprintf(text, sizeof(text), "/sys%s/tty", interface);
	r |= tree_add_dir(tree, text);
	r |= sysfs_attribute(tree, dir, "dev", "%d:%u", SYSFS_TTY_MAJOR, tty->minor);
	r |= sysfs_link(tree, dir, "subsystem", CLASS);
	snprintf(text, sizeof(text), "%.280s/device", dir);
	snprintf(path, sizeof(path), "../../../%.100s", sysfs_last_component(interface));
	r |= tree_add_link(tree, text, path);
	snprintf(text, sizeof(text), "/sys%s", interface);
	r |= sysfs_attribute(tree, text, "bmCapabilities", "%d", tty->capabilities);
	buf_init(&uevent, 256);
	r |= sysfs_tty_kernel_properties(tty, "", &uevent);
	snprintf(text, sizeof(text), "%.280s/uevent", dir);
	if (r == 0)
		r = tree_add_file(tree, text, uevent.data, uevent.size);
	buf_done(&uevent);
	return r;
}

int sysfs_add_tty(struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty)
{
	char path[256], dir[300], name[16], node[32];
	int r;

	sysfs_tty_path(device, tty, path, sizeof(path));
	snprintf(dir, sizeof(dir), "/sys%s", path);
	sysfs_tty_name(tty, name);
	sysfs_tty_node(tty, node);
	r = add_folder(tree, device, tty);
	r |= sysfs_link(tree, CLASS, name, dir);
	snprintf(name, sizeof(name), "%d:%u", SYSFS_TTY_MAJOR, tty->minor);
	r |= sysfs_link(tree, "/sys/dev/char", name, dir);
	r |= tree_add_device(tree, node, SYSFS_TTY_MAJOR, tty->minor, 0666);
	r |= add_links(tree, device, tty);
	r |= add_udev_data(tree, device, tty);
	return r ? -ENOMEM : 0;
}

static bool is_empty(struct tree *tree, const char *path)
{
	const struct tree_node *node;

	return tree_lookup(tree, path, false, &node) == 0 && list_empty(&node->children);
}

/* udev removes the folders of links with their last one. */
static void remove_link(struct tree *tree, const char *link)
{
	char path[SYSFS_ID_MAX + 8];

	snprintf(path, sizeof(path), "/dev/%s", link);
	tree_remove(tree, path);
	*strrchr(path, '/') = '\0';
	for (int up = 0; up < 2 && is_empty(tree, path); up++) {
		tree_remove(tree, path);
		*strrchr(path, '/') = '\0';
	}
}

void sysfs_remove_tty(
	struct tree *tree, const struct sysfs_device *device, const struct sysfs_tty *tty)
{
	char path[256], full[300], name[16], node[32], link[SYSFS_ID_MAX];

	sysfs_tty_name(tty, name);
	sysfs_tty_node(tty, node);
	tree_remove(tree, node);
	for (unsigned int i = 0; i < SYSFS_TTY_LINKS; i++) {
		sysfs_tty_link(device, tty, i, link);
		remove_link(tree, link);
	}
	snprintf(full, sizeof(full), CLASS "/%s", name);
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/sys/dev/char/%d:%u", SYSFS_TTY_MAJOR, tty->minor);
	tree_remove(tree, full);
	snprintf(full, sizeof(full), "/run/udev/data/c%d:%u", SYSFS_TTY_MAJOR, tty->minor);
	tree_remove(tree, full);
	sysfs_tty_path(device, tty, path, sizeof(path));
	snprintf(full, sizeof(full), "/sys%s", path);
	*strrchr(full, '/') = '\0';
	tree_remove(tree, full);
	sysfs_path(device, tty->interface, path, sizeof(path));
	snprintf(full, sizeof(full), "/sys%s/bmCapabilities", path);
	tree_remove(tree, full);
}
