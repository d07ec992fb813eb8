/* SPDX-License-Identifier: MIT */
/*
 * /sys/class/tty/<name> points to .../<device>/<device>:<config>.<interface>/tty/<name>, where the interface has
 * bInterfaceNumber and the device above it idVendor and the rest. Links are followed by hand: what is below a mock shows
 * every link, but resolves no path for libc's realpath.
 * Source: Linux Documentation/ABI/testing/sysfs-class-tty, sysfs-bus-usb; a listing of Linux 6.1.
 */
#include "harness/host/tty_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORTS_MAX 256
#define DEPTH_MAX                                                                                  \
	4 /* folders between a tty and its USB interface; ttyUSB has one more than ttyACM */

struct path {
	char text[PATH_MAX];
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static PRINTF(2, 3) bool path_print(struct path *path, const char *fmt, ...)
{
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(path->text, sizeof(path->text), fmt, args);
	va_end(args);
	return size >= 0 && (size_t)size < sizeof(path->text);
}

static bool path_up(struct path *path)
{
	char *slash = strrchr(path->text, '/');

	if (!slash || slash == path->text)
		return false;
	*slash = '\0';
	return true;
}

/* Goes where a link says: relative to the folder that the link lies in. */
static bool path_follow(struct path *path, const char *target)
{
	if (*target == '/')
		return path_print(path, "%s", target);
	if (!path_up(path))
		return false;
	for (size_t size; *target; target += size + (target[size] == '/')) {
		size_t used = strlen(path->text);

		size = strcspn(target, "/");
		if (size == 0 || (size == 1 && *target == '.'))
			continue;
		if (size == 2 && memcmp(target, "..", 2) == 0) {
			if (!path_up(path))
				return false;
			continue;
		}
		if (used + 1 + size >= sizeof(path->text))
			return false;
		path->text[used] = '/';
		memcpy(path->text + used + 1, target, size);
		path->text[used + 1 + size] = '\0';
	}
	return true;
}

static bool read_link(const char *path, struct path *ret)
{
	ssize_t size = readlink(path, ret->text, sizeof(ret->text) - 1);

	if (size < 0)
		return false;
	ret->text[size] = '\0';
	return true;
}

/* The first line of a file in a folder, cut to room; false when there is no such file. */
static bool read_line(const struct path *folder, const char *name, char *out, size_t room)
{
	struct path path;
	CLEANUP(close_fd) int fd = -1;
	ssize_t size;

	out[0] = '\0';
	if (path_print(&path, "%s/%s", folder->text, name))
		fd = open(path.text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, out, room - 1);
	out[size > 0 ? size : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return size > 0;
}

static bool read_number(
	const struct path *folder, const char *name, unsigned long max, unsigned long *ret)
{
	char text[16], *end;

	if (!read_line(folder, name, text, sizeof(text)))
		return false;
	*ret = strtoul(text, &end, 16);
	return *end == '\0' && *ret <= max;
}

/* Goes up to the first folder that has a hexadecimal number of this name. */
static bool climb_to(struct path *folder, const char *name, unsigned long max, unsigned long *ret)
{
	for (int i = 0; i < DEPTH_MAX; i++) {
		if (read_number(folder, name, max, ret))
			return true;
		if (!path_up(folder))
			return false;
	}
	return false;
}

/* The link in by-id that points to this tty; "" when there is none. */
static void find_link(const char *root, const char *tty, char *ret, size_t room)
{
	struct path folder, path, target;
	CLEANUP(close_dir) DIR *dir = NULL;
	const struct dirent *entry;

	ret[0] = '\0';
	if (path_print(&folder, "%s/dev/serial/by-id", root))
		dir = opendir(folder.text);
	while (dir && (entry = readdir(dir))) {
		const char *base;

		if (!path_print(&path, "%s/%s", folder.text, entry->d_name) ||
			!read_link(path.text, &target))
			continue;
		base = strrchr(target.text, '/');
		if (strcmp(base ? base + 1 : target.text, tty) != 0)
			continue;
		if (snprintf(ret, room, "/dev/serial/by-id/%s", entry->d_name) >= (int)room)
			ret[0] = '\0';
		return;
	}
}

/* The folder of the device behind a tty; false: it has none. */
static bool device_folder(const char *root, const char *tty, struct path *ret)
{
	struct path link, target;

	if (!path_print(ret, "%s/sys/class/tty/%s", root, tty) || !read_link(ret->text, &target) ||
		!path_follow(ret, target.text) || !path_print(&link, "%s/device", ret->text) ||
		!read_link(link.text, &target))
		return false;
	*ret = link;
	return path_follow(ret, target.text);
}

static bool fill_entry(const char *root, const char *tty, struct serial_port_entry *ret)
{
	struct path folder;
	unsigned long interface, vid, pid;

	if (!device_folder(root, tty, &folder) ||
		!climb_to(&folder, "bInterfaceNumber", UINT8_MAX, &interface) ||
		!climb_to(&folder, "idVendor", UINT16_MAX, &vid) ||
		!read_number(&folder, "idProduct", UINT16_MAX, &pid))
		return false;
	*ret = (struct serial_port_entry){
		.vid = (uint16_t)vid,
		.pid = (uint16_t)pid,
		.interface = (uint8_t)interface,
	};
	snprintf(ret->name, sizeof(ret->name), "/dev/%.*s", (int)sizeof(ret->name) - 6, tty);
	snprintf(ret->usb_path, sizeof(ret->usb_path), "%.*s", (int)sizeof(ret->usb_path) - 1,
		strrchr(folder.text, '/') + 1);
	read_line(&folder, "product", ret->product, sizeof(ret->product));
	read_line(&folder, "serial", ret->serial, sizeof(ret->serial));
	find_link(root, tty, ret->link, sizeof(ret->link));
	return true;
}

/* "ttyACM2" before "ttyACM10". */
static int by_name(const void *a, const void *b)
{
	const struct serial_port_entry *left = a, *right = b;

	return strverscmp(left->name, right->name);
}

int tty_list(
	const char *root, struct serial_port_entry *ret_entries, size_t room, size_t *ret_count)
{
	CLEANUP(free_ptr)
	struct serial_port_entry *all = calloc(PORTS_MAX, sizeof(*all));
	CLEANUP(close_dir) DIR *dir = NULL;
	const struct dirent *entry;
	struct path folder;
	size_t count = 0;

	if (!all)
		return -ENOMEM;
	if (!path_print(&folder, "%s/sys/class/tty", root))
		return -ENAMETOOLONG;
	dir = opendir(folder.text);
	if (!dir && errno != ENOENT)
		return -errno;
	while (dir && count < PORTS_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && fill_entry(root, entry->d_name, &all[count]))
			count++;
	qsort(all, count, sizeof(*all), by_name);
	if (count)
		memcpy(ret_entries, all, (count < room ? count : room) * sizeof(*all));
	*ret_count = count;
	return 0;
}
