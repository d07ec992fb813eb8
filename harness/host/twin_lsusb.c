/* SPDX-License-Identifier: MIT */
/* lsusb without options: one line a device. */
#include "harness/host/twin.h"

#include "harness/base/names.h"

#define ENTRY_MAX 64

/* What the USB ID database of Debian 12 calls these; others get their own strings. */
static const struct known {
	uint16_t vid, pid;
	const char *text;
} known[] = {
	{0x0483, 0xdf11, "STMicroelectronics STM Device in DFU Mode"},
	{0x0483, 0x5740, "STMicroelectronics Virtual COM Port"},
};

static const char *known_text(const struct usb_host_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].vid == entry->vid && known[i].pid == entry->pid)
			return known[i].text;
	return NULL;
}

static int print(struct buf *out, const struct usb_host_entry *entry)
{
	const char *text = known_text(entry);

	return text ? buf_printf(out, "Bus %03u Device %03u: ID %04x:%04x %s\n", entry->bus,
			      entry->devnum, entry->vid, entry->pid, text)
		    : buf_printf(out, "Bus %03u Device %03u: ID %04x:%04x %s %s\n", entry->bus,
			      entry->devnum, entry->vid, entry->pid, entry->manufacturer,
			      entry->product);
}

static int lsusb_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	struct usb_host_entry entries[ENTRY_MAX];
	size_t count;

	if (argv[1]) {
		(void)!buf_printf(out, "lsusb: this twin knows no options\n");
		return 1;
	}
	if (os->usb->ops->list(os->usb, entries, ENTRY_MAX, &count, NULL) < 0)
		return 1;
	for (size_t i = 0; i < count && i < ENTRY_MAX; i++)
		if (print(out, &entries[i]) < 0)
			return 1;
	return 0;
}

const struct host_program twin_lsusb = {
	.name = "lsusb",
	.main = lsusb_main,
	.source = "usbutils 014, run through the mock; usb.ids of Debian 12",
	.on = HOST_NOT_ON_WINDOWS,
};
