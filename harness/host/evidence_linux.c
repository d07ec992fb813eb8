/* SPDX-License-Identifier: MIT */
/*
 * Evidence from Linux' files: sysfs, device nodes, udev's rules, /proc. What is not there stays unknown.
 * Source: Linux Documentation/ABI/testing/sysfs-bus-usb and ABI/stable/sysfs-bus-usb; proc(5); udev(7).
 */
#include "harness/host/evidence_parts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES     "/sys/bus/usb/devices"
#define FILE_MAX    65536
#define NAME_LENGTH 64

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The first line, without its end. */
static bool read_line(const char *path, char *ret, size_t room)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, room - 1);

	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return n > 0;
}

static bool read_attribute(
	const char *root, const char *device, const char *name, char *ret, size_t room)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/%s", root, device, name);
	return read_line(path, ret, room);
}

/* What a link leads to, without folders. */
static bool read_link_name(const char *path, char *ret, size_t room)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	if (n <= 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	evidence_copy(ret, room, slash ? slash + 1 : target);
	return true;
}

/* ---- the machine ---- */

/* One port of a hub: "usb1-port1", "1-4-port2". */
static void add_port(
	const char *root, const char *hub, const char *port, struct evidence_linux *ret)
{
	char path[PATH_MAX], text[32];
	unsigned long count;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/%s/over_current_count", root, hub, port);
	if (!read_line(path, text, sizeof(text)))
		return;
	count = strtoul(text, NULL, 10);
	ret->has_over_current = true;
	if (!count)
		return;
	ret->over_current += (uint32_t)count;
	evidence_copy(ret->over_current_port, sizeof(ret->over_current_port), port);
}

static void look_at_hub(const char *root, const char *hub, struct evidence_linux *ret)
{
	CLEANUP(close_dir) DIR *dir = NULL;
	char path[PATH_MAX];
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s", root, hub);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (strstr(entry->d_name, "-port"))
			add_port(root, hub, entry->d_name, ret);
}

static void look_at_machine(const char *root, struct evidence_linux *ret)
{
	CLEANUP(close_dir) DIR *dir = NULL;
	char path[PATH_MAX];
	const struct dirent *entry;
	bool any = false;

	snprintf(path, sizeof(path), "%s" DEVICES, root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		any |= entry->d_name[0] != '.';
		if (strchr(entry->d_name, ':'))
			look_at_hub(root, entry->d_name, ret);
	}
	ret->usb = evidence_of(any);
}

/* ---- the device ---- */

static void name_owner(const struct stat *info, struct evidence_linux *ret)
{
	const struct passwd *user = getpwuid(info->st_uid);
	const struct group *group = getgrgid(info->st_gid);

	snprintf(ret->node_mode, sizeof(ret->node_mode), "%.20s:%.20s %04o",
		user ? user->pw_name : "?", group ? group->gr_name : "?",
		(unsigned int)(info->st_mode & 07777));
}

static void look_at_node(const char *root, const char *device, struct evidence_linux *ret)
{
	char path[PATH_MAX], bus[16], number[16];
	struct stat info;

	if (!read_attribute(root, device, "busnum", bus, sizeof(bus)) ||
		!read_attribute(root, device, "devnum", number, sizeof(number)))
		return;
	snprintf(ret->node, sizeof(ret->node), "/dev/bus/usb/%03lu/%03lu", strtoul(bus, NULL, 10),
		strtoul(number, NULL, 10));
	snprintf(path, sizeof(path), "%s%s", root, ret->node);
	if (stat(path, &info) < 0)
		return;
	name_owner(&info, ret);
	ret->writable = evidence_of(access(path, R_OK | W_OK) == 0);
}

static void look_at_device(const char *root, const char *device, struct evidence_linux *ret)
{
	char text[16];

	look_at_node(root, device, ret);
	if (read_attribute(root, device, "authorized", text, sizeof(text)))
		ret->enabled = evidence_of(text[0] != '0');
	ret->has_hubs = true;
	for (const char *dot = device; (dot = strchr(dot, '.')); dot++)
		ret->hubs++;
}

/* usbfs is the name of whoever claims it through libusb. */
static void look_at_driver(const char *root, const char *device, struct evidence_linux *ret)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" DEVICES "/%s:1.0/driver", root, device);
	if (!read_link_name(path, ret->driver, sizeof(ret->driver)) ||
		strcmp(ret->driver, "usbfs") == 0)
		ret->driver[0] = '\0';
	ret->driver_looked = EVIDENCE_YES;
}

/* ---- udev's rules ---- */

static bool file_names(const char *path, const char *word)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(free_ptr) char *text = malloc(FILE_MAX + 1);
	ssize_t n = fd < 0 || !text ? -1 : read(fd, text, FILE_MAX);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strcasestr(text, word) != NULL;
}

static bool folder_names(const char *root, const char *folder, const char *word, bool *ret_any)
{
	CLEANUP(close_dir) DIR *dir = NULL;
	char path[PATH_MAX];
	const struct dirent *entry;
	bool found = false;

	snprintf(path, sizeof(path), "%s%s", root, folder);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		const char *end = strrchr(entry->d_name, '.');

		if (!end || strcmp(end, ".rules") != 0)
			continue;
		*ret_any = true;
		snprintf(path, sizeof(path), "%s%s/%s", root, folder, entry->d_name);
		found = file_names(path, word);
	}
	return found;
}

static void look_at_rules(const char *root, struct evidence_linux *ret)
{
	static const char *const folders[] = {
		"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d"};
	bool any = false, found = false;

	for (size_t i = 0; i < ARRAY_SIZE(folders) && !found; i++)
		found = folder_names(root, folders[i], "df11", &any);
	if (any)
		ret->rule = evidence_of(found);
}

/* ---- processes ---- */

/* Calls look for each process; stops when it says true. */
static bool each_process(const char *root,
	bool (*look)(const char *process, const char *pid, void *user), void *user)
{
	CLEANUP(close_dir) DIR *dir = NULL;
	char path[PATH_MAX];
	const struct dirent *entry;
	bool found = false;

	snprintf(path, sizeof(path), "%s/proc", root);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/proc/%s", root, entry->d_name);
		found = look(path, entry->d_name, user);
	}
	return found;
}

static bool is_prober(const char *process, const char *pid UNUSED, void *user UNUSED)
{
	char path[PATH_MAX], name[NAME_LENGTH];

	snprintf(path, sizeof(path), "%.*s/comm", PATH_MAX - 8, process);
	return read_line(path, name, sizeof(name)) && strcmp(name, "ModemManager") == 0;
}

/* Who has a file open. */
struct holder {
	const char *file;
	char *text;
	size_t room;
};

static bool has_open(const char *process, const char *file)
{
	CLEANUP(close_dir) DIR *dir = NULL;
	char path[PATH_MAX], target[PATH_MAX];
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%.*s/fd", PATH_MAX - 8, process);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "%.*s/fd/%s", PATH_MAX - 300, process, entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strcmp(target, file) == 0)
			return true;
	}
	return false;
}

static bool is_holder(const char *process, const char *pid, void *user)
{
	const struct holder *holder = user;
	char path[PATH_MAX], name[NAME_LENGTH];

	if (strtol(pid, NULL, 10) == getpid() || !has_open(process, holder->file))
		return false;
	snprintf(path, sizeof(path), "%.*s/comm", PATH_MAX - 8, process);
	if (!read_line(path, name, sizeof(name)))
		evidence_copy(name, sizeof(name), "a program");
	snprintf(holder->text, holder->room, "%.40s (process %.10s)", name, pid);
	return true;
}

void evidence_find_holder(const char *root, const char *file, char *ret, size_t room)
{
	struct holder holder = {file, ret, room};

	ret[0] = '\0';
	if (file[0])
		each_process(root, is_holder, &holder);
}

void evidence_look_at_linux(const char *root, struct evidence *ret)
{
	struct evidence_linux *kernel = &ret->kernel;

	*kernel = (struct evidence_linux){0};
	look_at_machine(root, kernel);
	kernel->prober = evidence_of(each_process(root, is_prober, NULL));
	if (ret->board.face == EVIDENCE_NOTHING)
		return;
	look_at_device(root, ret->board.path, kernel);
	if (ret->board.face != EVIDENCE_DFU)
		return;
	look_at_driver(root, ret->board.path, kernel);
	look_at_rules(root, kernel);
	evidence_find_holder(root, kernel->node, kernel->holder, sizeof(kernel->holder));
}
