/* SPDX-License-Identifier: MIT */
#include "harness/host/udev_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Blanks at both ends away, a run of them inside as one underscore. [systemd udev-util.c, udev_replace_whitespace] */
static void replace_blanks(const char *text, char out[static USB_HOST_TEXT])
{
	size_t size = 0;
	bool blank = false;

	for (; *text; text++) {
		if (isspace((unsigned char)*text)) {
			blank = size > 0;
			continue;
		}
		if (blank && size + 1 < USB_HOST_TEXT)
			out[size++] = '_';
		blank = false;
		if (size + 1 < USB_HOST_TEXT)
			out[size++] = *text;
	}
	out[size] = '\0';
}

/* Bytes of the UTF-8 character at text, 0 when it is none. */
static size_t utf8_size(const char *text)
{
	unsigned char first = (unsigned char)*text;
	size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0xc2 || first > 0xf4)
		return 0;
	for (size_t i = 1; i < size; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

/* Everything but letters, digits, "#+-.:=@_" and what is not ASCII becomes an underscore. [systemd udev-util.c,
 * udev_replace_chars] */
static void replace_characters(char *text)
{
	while (*text) {
		size_t size = utf8_size(text);

		if (size) {
			text += size;
			continue;
		}
		if ((unsigned char)*text >= 0x80 ||
			(!isalnum((unsigned char)*text) && !strchr("#+-.:=@_", *text)))
			*text = '_';
		text++;
	}
}

static void part(const char *text, unsigned int number, char out[static USB_HOST_TEXT])
{
	if (*text)
		replace_blanks(text, out);
	else
		snprintf(out, USB_HOST_TEXT, "%04x", number);
	replace_characters(out);
}

/* A serial number with a comma or a control character in it does not count. [udev-builtin-usb_id.c] */
static bool serial_counts(const char *serial)
{
	for (const char *c = serial; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7f || *c == ',')
			return false;
	return *serial;
}

const char *udev_serial_link(
	const struct usb_host_entry *device, uint8_t interface, char *out, size_t room)
{
	char vendor[USB_HOST_TEXT], product[USB_HOST_TEXT], serial[USB_HOST_TEXT] = "";
	int size;

	part(device->manufacturer, device->vid, vendor);
	part(device->product, device->pid, product);
	if (serial_counts(device->serial))
		part(device->serial, 0, serial);
	size = snprintf(out, room, "/dev/serial/by-id/usb-%s_%s%s%s-if%02x", vendor, product,
		*serial ? "_" : "", serial, interface);
	if (size < 0 || (size_t)size >= room)
		out[0] = '\0';
	return out;
}
