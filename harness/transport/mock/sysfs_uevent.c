/* SPDX-License-Identifier: MIT */
/* Hotplug messages, as the kernel and as udev send them. */
#include "harness/base/wire.h"
#include "harness/transport/mock/sysfs_props.h"

#include <stdio.h>
#include <string.h>

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

/* What a message is of. */
struct subject {
	const char *subsystem, *type; /* DEVTYPE or NULL */
	char path[256];
};

static struct subject usb_subject(const struct sysfs_device *device, int interface)
{
	struct subject subject = {.subsystem = "usb",
		.type = interface == SYSFS_NO_INTERFACE ? "usb_device" : "usb_interface"};

	sysfs_path(device, interface, subject.path, sizeof(subject.path));
	return subject;
}

static int add_udev_header(struct buf *out, size_t properties_size, const struct subject *subject)
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
	writer_be32(&header, murmur2(subject->subsystem));
	writer_be32(&header, subject->type ? murmur2(subject->type) : 0);
	writer_le64(&header, 0); /* no tags */
	return 0;
}

/* The message around properties, "\n" after each; they are changed. */
static int add_message(const struct subject *subject, const struct sysfs_uevent *event,
	struct buf *properties, struct buf *out)
{
	int r = buf_printf(properties, "SEQNUM=%llu\n", (unsigned long long)event->seqnum);

	for (size_t i = 0; i < properties->size; i++)
		if (properties->data[i] == '\n')
			properties->data[i] = '\0';
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = add_udev_header(out, properties->size, subject);
	else if (r == 0)
		r = buf_printf(out, "%s@%s%c", event->action, subject->path, '\0');
	return r < 0 ? r : buf_append(out, properties->data, properties->size);
}

static int add_head(
	const struct subject *subject, const struct sysfs_uevent *event, struct buf *out)
{
	return buf_printf(out, "ACTION=%s\nDEVPATH=%s\nSUBSYSTEM=%s\n", event->action,
		subject->path, subject->subsystem);
}

static const char *node_prefix(const struct sysfs_uevent *event)
{
	return event->group == SYSFS_GROUP_UDEV ? "/dev/" : "";
}

static int add_time(const struct sysfs_device *device, struct buf *out)
{
	return buf_printf(
		out, "USEC_INITIALIZED=%llu\n", (unsigned long long)device->plugged_us + 1);
}

int sysfs_uevent(const struct sysfs_device *device, int interface, const struct sysfs_uevent *event,
	struct buf *out)
{
	struct subject subject = usb_subject(device, interface);
	bool binds = strcmp(event->action, "bind") == 0;
	struct buf properties;
	int r;

	buf_init(&properties, 16384);
	r = add_head(&subject, event, &properties);
	if (r == 0)
		r = sysfs_kernel_properties(device, interface,
			binds ? sysfs_driver(device, interface) : NULL, node_prefix(event),
			&properties);
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = add_time(device, &properties);
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = sysfs_udev_properties(device, interface, "", &properties);
	if (r == 0)
		r = add_message(&subject, event, &properties, out);
	buf_done(&properties);
	return r;
}

static int add_tty_links(
	const struct sysfs_device *device, const struct sysfs_tty *tty, struct buf *out)
{
	char link[SYSFS_ID_MAX];
	int r = buf_printf(out, "DEVLINKS=");

	for (unsigned int i = 0; r == 0 && i < SYSFS_TTY_LINKS; i++) {
		sysfs_tty_link(device, tty, i, link);
		r = buf_printf(out, "%s/dev/%s", i ? " " : "", link);
	}
	return r < 0 ? r : buf_append(out, "\n", 1);
}

int sysfs_tty_uevent(const struct sysfs_device *device, const struct sysfs_tty *tty,
	const struct sysfs_uevent *event, struct buf *out)
{
	struct subject subject = {.subsystem = "tty"};
	struct buf properties;
	int r;

	sysfs_tty_path(device, tty, subject.path, sizeof(subject.path));
	buf_init(&properties, 16384);
	r = add_head(&subject, event, &properties);
	if (r == 0)
		r = sysfs_tty_kernel_properties(tty, node_prefix(event), &properties);
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = add_time(device, &properties);
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = sysfs_tty_udev_properties(device, tty, "", &properties);
	if (r == 0 && event->group == SYSFS_GROUP_UDEV)
		r = add_tty_links(device, tty, &properties);
	if (r == 0)
		r = add_message(&subject, event, &properties, out);
	buf_done(&properties);
	return r;
}
