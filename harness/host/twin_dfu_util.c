/* SPDX-License-Identifier: MIT */
/*
 * dfu-util 0.11 in-process: which device it takes, in which order it erases and writes, what it says and returns.
 *
 * Measured with Debian's dfu-util 0.11-1 through the mock; a test compares both, with faults on the bus and without. Which
 * devices there are comes from the DfuSe client; the requests are in twin_dfu_util_dfuse.c.
 */
#include "harness/host/twin.h"

#include "harness/base/file.h"
#include "harness/dfu/image.h"
#include "harness/host/dfuse_client.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/twin_dfu_util_args.h"
#include "harness/host/twin_dfu_util_dfuse.h"
#include "harness/host/twin_windows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_MAX         64
#define UPLOAD_NO_ADDRESS 16384 /* bytes of an upload without an address (measured) */
#define BAR_WIDTH         25
#define DETACH_MS         1000

struct dfu_util {
	struct host_os *os;
	struct buf *out;
	struct dfu_util_args args;
	struct dfu_util_dfuse dfuse;
	struct usb_host_entry entry;
	struct dfuse_client client;
	const struct dfuse_alternate *alternate; /* of the client; the one to work on */
	struct dfu_util_link link;               /* to it */
	bool has_erased;
	uint32_t last_erased; /* where the sector begins */
	struct image image;
};

static const char banner[] = "dfu-util 0.11\n\n"
			     "Copyright 2005-2009 Weston Schmidt, Harald Welte and OpenMoko Inc.\n"
			     "Copyright 2010-2021 Tormod Volden and Stefan Schmidt\n"
			     "This program is Free Software and has ABSOLUTELY NO WARRANTY\n"
			     "Please report bugs to http://sourceforge.net/p/dfu-util/tickets/\n\n";

/* ---- which device ---- */

static bool entry_matches(const struct dfu_util *self, const struct usb_host_entry *entry)
{
	const struct dfu_util_args *args = &self->args;

	return (!args->has_id || (args->vid == entry->vid && args->pid == entry->pid)) &&
	       (!args->serial || strcmp(args->serial, entry->serial) == 0) &&
	       (!args->path || strcmp(args->path, entry->path) == 0);
}

static bool alternate_matches(const struct dfu_util *self, const struct dfuse_alternate *alternate)
{
	const char *alt = self->args.alt;
	char *end;
	unsigned long number;

	if (!alt)
		return true;
	number = strtoul(alt, &end, 0);
	return *alt && *end == '\0' ? number == alternate->number
				    : strcmp(alt, alternate->text) == 0;
}

/* The first alternate that is wanted; NULL: none. */
static const struct dfuse_alternate *wanted_alternate(
	const struct dfu_util *self, const struct dfuse_client *client)
{
	for (size_t i = 0; i < client->alternate_count; i++)
		if (alternate_matches(self, &client->alternates[i]))
			return &client->alternates[i];
	return NULL;
}

static void list_alternates(struct dfu_util *self, const struct usb_host_entry *entry,
	const struct dfuse_client *client)
{
	for (size_t i = client->alternate_count; i > 0; i--) {
		const struct dfuse_alternate *alternate = &client->alternates[i - 1];

		if (alternate_matches(self, alternate))
			SAY(self->out,
				"Found DFU: [%04x:%04x] ver=%04x, devnum=%u, cfg=1, intf=%u, "
				"path=\"%s\", alt=%u, name=\"%s\", serial=\"%s\"\n",
				entry->vid, entry->pid, entry->bcd_device, entry->devnum,
				client->interface, entry->path, alternate->number, alternate->text,
				entry->serial);
	}
}

/* On Windows libusb opens what has WinUSB. Another device with a DFU interface is listed, but not opened: with STTub30
 * [monome/crow issue 90] and without a driver [skuep/AIOC issue 28; libusb's wiki, "Windows"]. */
static bool has_other_driver(const struct dfu_util *self, const struct usb_host_entry *entry)
{
	return self->os->pnp && entry->vid == DFUSE_VID && entry->pid == DFUSE_PID &&
	       windows_route(self->os, entry) != PNP_ROUTE_WINUSB;
}

/* Looks at one device of the list. Returns how many of its alternates are wanted. */
static size_t probe(struct dfu_util *self, const struct usb_host_entry *entry)
{
	struct dfuse_client client;
	size_t wanted = 0;
	int r;

	if (!entry_matches(self, entry))
		return 0;
	if (has_other_driver(self, entry)) {
		SAY(self->out,
			"dfu-util: Cannot open DFU device %04x:%04x found on devnum %u "
			"(LIBUSB_ERROR_NOT_SUPPORTED)\n",
			entry->vid, entry->pid, entry->devnum);
		return 0;
	}
	r = dfuse_client_look(&client, self->os->usb, entry, NULL);
	if (r == -EACCES && entry->vid == DFUSE_VID && entry->pid == DFUSE_PID)
		SAY(self->out,
			"dfu-util: Cannot open DFU device %04x:%04x found on devnum %u "
			"(LIBUSB_ERROR_ACCESS)\n",
			entry->vid, entry->pid, entry->devnum);
	if (r < 0)
		return 0;
	for (size_t i = 0; i < client.alternate_count; i++)
		wanted += alternate_matches(self, &client.alternates[i]);
	if (self->args.list)
		list_alternates(self, entry, &client);
	dfuse_client_close(&client);
	return wanted;
}

/* Several alternates of one device are several devices too, but for a DfuSe file, which names them (measured). */
static int find_device(struct dfu_util *self)
{
	struct usb_host_entry entries[ENTRY_MAX];
	size_t count, devices = 0, alternates = 0;
	int r = self->os->usb->ops->list(self->os->usb, entries, ENTRY_MAX, &count, NULL);

	if (r < 0)
		return DFU_UTIL_IO;
	for (size_t i = 0; i < count && i < ENTRY_MAX; i++) {
		size_t wanted = probe(self, &entries[i]);

		if (!wanted)
			continue;
		self->entry = entries[i];
		devices++;
		alternates += wanted;
	}
	if (self->args.list || alternates == 1 ||
		(devices == 1 && self->image.format == IMAGE_DFUSE))
		return DFU_UTIL_OK;
	SAY(self->out,
		devices ? "dfu-util: More than one DFU capable USB device found! Try `--list' "
			  "and specify the serial number or disconnect all but one device\n\n"
			: "dfu-util: No DFU capable USB device available\n");
	return DFU_UTIL_IO;
}

static void make_link(struct dfu_util *self)
{
	self->link = (struct dfu_util_link){
		.usb = self->client.usb,
		.clock = self->os->clock,
		.out = self->out,
		.deadline_us = host_os_direct_deadline_us(self->os),
		.interface = self->client.interface,
	};
}

static int set_alternate(struct dfu_util *self, uint8_t number)
{
	int code, r = self->client.usb->ops->set_alternate(
			  self->client.usb, self->client.interface, number);

	if (r == 0)
		return DFU_UTIL_OK;
	SAY(self->out, "dfu-util: Cannot set alternate interface: LIBUSB_ERROR_%s\n",
		dfu_util_error_name(r, &code));
	return DFU_UTIL_IO;
}

static int claim(struct dfu_util *self)
{
	int number, r = self->client.usb->ops->claim(self->client.usb, self->client.interface);

	if (r == 0)
		return DFU_UTIL_OK;
	SAY(self->out, "dfu-util: Cannot claim interface - LIBUSB_ERROR_%s\n",
		dfu_util_error_name(r, &number));
	return DFU_UTIL_IO;
}

/* From an open device to dfuIDLE. */
static int begin(struct dfu_util *self)
{
	int code;

	SAY(self->out,
		"Device ID %04x:%04x\nDevice DFU version 011a\nClaiming USB DFU Interface...\n",
		self->entry.vid, self->entry.pid);
	code = claim(self);
	if (code != DFU_UTIL_OK)
		return code;
	SAY(self->out, "Setting Alternate Interface #%u ...\n", self->alternate->number);
	code = set_alternate(self, self->alternate->number);
	if (code == DFU_UTIL_OK)
		code = dfu_util_begin(&self->link);
	if (code == DFU_UTIL_OK)
		SAY(self->out,
			"DFU mode device DFU version 011a\nDevice returned transfer size %u\n",
			self->client.functional.transfer_size);
	return code;
}

static int open_device(struct dfu_util *self)
{
	int number, r;

	SAY(self->out, "Opening DFU capable USB device...\n");
	r = dfuse_client_look(&self->client, self->os->usb, &self->entry, NULL);
	if (r < 0) {
		SAY(self->out, "dfu-util: Cannot open device: LIBUSB_ERROR_%s\n",
			dfu_util_error_name(r, &number));
		return DFU_UTIL_IO;
	}
	make_link(self);
	self->alternate = wanted_alternate(self, &self->client);
	return self->alternate ? begin(self) : DFU_UTIL_IO; /* none: it is another device now */
}

/* ---- work ---- */

static void draw(struct dfu_util *self, const char *what, size_t done, size_t total)
{
	char bar[BAR_WIDTH + 1];
	size_t filled = total ? done * BAR_WIDTH / total : BAR_WIDTH;

	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', filled);
	bar[BAR_WIDTH] = '\0';
	SAY(self->out, "\r%s\t[%s] %3zu%% %12zu bytes", what, bar, total ? done * 100 / total : 100,
		done);
}

static void draw_end(struct dfu_util *self, const char *what, size_t total)
{
	draw(self, what, total, total);
	SAY(self->out, "\n%s done.\n", what);
}

/* A sector that is not the one that was erased last. */
static int erase_page(struct dfu_util *self, const struct dfuse_layout *layout, uint32_t addr)
{
	struct dfuse_sector sector;

	if (!dfuse_layout_find(layout, addr, &sector) || !(sector.access & DFUSE_WRITABLE)) {
		SAY(self->out, "dfu-util: Page at 0x%08x is not writeable\n", (unsigned)addr);
		return DFU_UTIL_USAGE;
	}
	if (!(sector.access & DFUSE_ERASABLE) ||
		(self->has_erased && self->last_erased == sector.addr))
		return DFU_UTIL_OK;
	self->has_erased = true;
	self->last_erased = sector.addr;
	return dfu_util_special(&self->link, DFU_UTIL_ERASE_PAGE, addr);
}

/* The sector that a chunk begins in, and the one that it ends in: the command has the address of that byte (measured). */
static int erase(struct dfu_util *self, const struct dfuse_layout *layout,
	const struct image_element *element)
{
	size_t chunk = dfuse_client_block_size(&self->client);
	int code = DFU_UTIL_OK;

	for (size_t at = 0; code == DFU_UTIL_OK && at < element->size; at += chunk) {
		size_t left = element->size - at, size = left < chunk ? left : chunk;
		uint32_t addr = element->addr + (uint32_t)at;

		draw(self, "Erase   ", at, element->size);
		code = erase_page(self, layout, addr);
		if (code == DFU_UTIL_OK)
			code = erase_page(self, layout, addr + (uint32_t)size - 1);
	}
	if (code == DFU_UTIL_OK)
		draw_end(self, "Erase   ", element->size);
	return code;
}

/* Set Address Pointer and block 2 for each chunk. */
static int program(struct dfu_util *self, const struct image_element *element)
{
	size_t chunk = dfuse_client_block_size(&self->client);

	for (size_t at = 0; at < element->size; at += chunk) {
		size_t left = element->size - at, size = left < chunk ? left : chunk;
		int code;

		draw(self, "Download", at, element->size);
		code = dfu_util_special(
			&self->link, DFU_UTIL_SET_ADDRESS, element->addr + (uint32_t)at);
		if (code)
			return code;
		code = dfu_util_chunk(&self->link, element->data + at, size);
		if (code == DFU_UTIL_REFUSED) {
			SAY(self->out, "dfu-util: Failed to write whole chunk: -1 of %zu bytes\n",
				size);
			return DFU_UTIL_IO;
		}
		if (code)
			return code;
	}
	draw_end(self, "Download", element->size);
	return DFU_UTIL_OK;
}

static int download_element(struct dfu_util *self, const struct image_element *element)
{
	uint8_t number = self->image.format == IMAGE_DFUSE
				 ? self->image.targets[element->target].alternate
				 : self->alternate->number;
	const struct dfuse_alternate *alternate = dfuse_client_alternate(&self->client, number);
	uint64_t end = (uint64_t)element->addr + element->size;
	struct dfuse_sector sector;
	int code;

	SAY(self->out, "Downloading element to address = 0x%08x, size = %zu\n", element->addr,
		element->size);
	if (!alternate || !dfuse_layout_find(&alternate->layout, (uint32_t)(end - 1), &sector) ||
		!(sector.access & DFUSE_WRITABLE)) {
		SAY(self->out, "dfu-util: Last page at 0x%08x is not writeable\n",
			(unsigned)(end - 1));
		return DFU_UTIL_USAGE;
	}
	code = self->image.format == IMAGE_DFUSE ? set_alternate(self, number) : DFU_UTIL_OK;
	if (code == DFU_UTIL_OK && !self->dfuse.mass_erase)
		code = erase(self, &alternate->layout, element);
	return code == DFU_UTIL_OK ? program(self, element) : code;
}

static int leave(struct dfu_util *self)
{
	uint32_t addr = self->dfuse.has_address     ? self->dfuse.address
			: self->image.element_count ? self->image.elements[0].addr
						    : 0x08000000;
	int code = dfu_util_special(&self->link, DFU_UTIL_SET_ADDRESS, addr);

	if (code)
		return code;
	SAY(self->out, "Submitting leave request...\n");
	code = dfu_util_chunk(&self->link, NULL, 0);
	/* dfuERROR is no failure here: nobody looks at what the chunk came to (measured) */
	return code == DFU_UTIL_REFUSED ? DFU_UTIL_OK : code;
}

/* What comes after all that was written: to dfuIDLE, and on from there. */
static int finish(struct dfu_util *self)
{
	int code = self->dfuse.will_reset ? DFU_UTIL_OK : dfu_util_abort(&self->link);

	return code == DFU_UTIL_OK && self->dfuse.leave ? leave(self) : code;
}

static int special_commands(struct dfu_util *self)
{
	if (self->dfuse.unprotect) {
		if (!self->dfuse.force) {
			SAY(self->out,
				"dfu-util: The read unprotect command will erase the flash memory"
				"and can only be used with force\n");
			return DFU_UTIL_USAGE;
		}
		SAY(self->out, "Device disconnects, erases flash and resets now\n");
		return dfu_util_special(&self->link, DFU_UTIL_READ_UNPROTECT, 0);
	}
	if (!self->dfuse.mass_erase)
		return DFU_UTIL_OK;
	if (!self->dfuse.force) {
		SAY(self->out, "dfu-util: The mass erase command can only be used with force\n");
		return DFU_UTIL_USAGE;
	}
	SAY(self->out, "Performing mass erase, this can take a moment\n");
	return dfu_util_special(&self->link, DFU_UTIL_MASS_ERASE, 0);
}

static int download(struct dfu_util *self)
{
	int code = special_commands(self);

	if (code || self->dfuse.unprotect)
		return code;
	if (!self->args.download) {
		SAY(self->out, "DfuSe command mode\n");
		return finish(self);
	}
	if (self->image.format != IMAGE_DFUSE && !self->dfuse.has_address) {
		SAY(self->out, "dfu-util: Only DfuSe file version 1.1a is supported\n"
			       "dfu-util: (for raw binary download, use the --dfuse-address "
			       "option)\n");
		return DFU_UTIL_USAGE;
	}
	if (self->image.format == IMAGE_DFUSE && self->dfuse.has_address) {
		SAY(self->out, "dfu-util: This is a DfuSe file, not meant for raw download\n");
		return DFU_UTIL_USAGE;
	}
	for (size_t i = 0; i < self->image.element_count; i++) {
		code = download_element(self, &self->image.elements[i]);
		if (code)
			return code;
	}
	SAY(self->out, "File downloaded successfully\n");
	return finish(self);
}

/* Without a length: to the end of the sectors that are as large as the first (measured: 64 KiB of an F4). */
static size_t upload_size(const struct dfu_util *self, uint32_t addr)
{
	const struct dfuse_layout *layout = &self->alternate->layout;

	if (self->dfuse.length)
		return self->dfuse.length;
	if (!self->dfuse.has_address)
		return UPLOAD_NO_ADDRESS;
	for (size_t i = 0; i < layout->count; i++)
		if (addr >= layout->segments[i].addr &&
			addr < dfuse_segment_end(&layout->segments[i]))
			return (size_t)(dfuse_segment_end(&layout->segments[i]) - addr);
	return 0;
}

static int read_blocks(struct dfu_util *self, uint8_t *ret_data, size_t size, size_t *ret_size)
{
	size_t most = dfuse_client_block_size(&self->client), done = 0;
	uint16_t block = DFUSE_FIRST_BLOCK;

	while (done < size) {
		size_t part = size - done < most ? size - done : most, came;
		int code = dfu_util_upload(&self->link, block++, ret_data + done, part, &came);

		if (code)
			return code;
		done += came;
		if (came < part)
			break; /* a short block is the last (measured) */
		draw(self, "Upload", done, size);
	}
	*ret_size = done;
	return DFU_UTIL_OK;
}

static int upload(struct dfu_util *self)
{
	uint32_t addr = self->dfuse.has_address ? self->dfuse.address : 0x08000000;
	size_t size = upload_size(self, addr);
	CLEANUP(close_fd)
	int fd = open(self->args.upload, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	CLEANUP(free_ptr) uint8_t *data = size ? malloc(size) : NULL;
	int code = DFU_UTIL_OK;
	size_t came = 0;

	if (fd < 0) {
		SAY(self->out, "dfu-util: Cannot open file %s for writing: %s\n", self->args.upload,
			strerror(errno));
		return DFU_UTIL_CANNOT_CREATE;
	}
	if (!data) {
		SAY(self->out, "dfu-util: The address is outside of the memory\n");
		return DFU_UTIL_USAGE;
	}
	if (self->dfuse.has_address) {
		code = dfu_util_special(&self->link, DFU_UTIL_SET_ADDRESS, addr);
		if (code == DFU_UTIL_OK)
			code = dfu_util_abort(&self->link);
	}
	if (code == DFU_UTIL_OK)
		code = read_blocks(self, data, size, &came);
	if (code == DFU_UTIL_OK && file_write_fd(fd, data, came) < 0)
		code = DFU_UTIL_IO;
	if (code == DFU_UTIL_OK)
		code = dfu_util_abort(&self->link);
	if (code == DFU_UTIL_OK)
		draw_end(self, "Upload", size);
	return code;
}

/* -R: DETACH, then a bus reset. */
static int reset(struct dfu_util *self)
{
	struct usb_handle *usb = self->client.usb;
	struct usb_setup setup = {
		.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = DFU_DETACH,
		.wValue = DETACH_MS,
		.wIndex = self->client.interface,
	};
	uint8_t none[1];
	bool detached = usb->ops->control(usb, &setup, none, DFUSE_COMMAND_LIMIT_MS) >= 0;
	int r;

	if (!detached)
		SAY(self->out, "dfu-util: can't detach\n");
	SAY(self->out, "Resetting USB to switch back to Run-Time mode\n");
	r = usb->ops->reset(usb);
	if (r == 0)
		return DFU_UTIL_OK;
	if (detached && r == -ENODEV)
		return DFU_UTIL_CAME_BACK_AS_ANOTHER;
	SAY(self->out, "dfu-util: error resetting after download: LIBUSB_ERROR_%s\n",
		r == -ENODEV ? "NO_DEVICE" : "IO");
	return DFU_UTIL_IO;
}

static int work(struct dfu_util *self)
{
	int code = DFU_UTIL_OK;

	if (self->args.dfuse)
		code = dfu_util_dfuse_read(self->args.dfuse, &self->dfuse, self->out);
	self->link.will_reset = self->dfuse.will_reset;
	if (code == DFU_UTIL_OK)
		code = self->args.upload ? upload(self) : download(self);
	if (code == DFU_UTIL_OK && self->args.reset)
		code = reset(self);
	return code;
}

/* A file without a DfuSe prefix is raw bytes, whatever is in it. */
static int load_file(struct dfu_util *self)
{
	CLEANUP(buf_done) struct buf content;
	struct image_source source = {.name = self->args.download};
	struct why why = {0};
	int r;

	buf_init(&content, IMAGE_DATA_MAX);
	r = file_read(self->args.download, &content, &why);
	if (r < 0) {
		SAY(self->out, "dfu-util: Could not open file %s for reading: %s\n",
			self->args.download, strerror(-r));
		return DFU_UTIL_NO_INPUT;
	}
	source.data = content.data;
	source.size = content.size;
	source.format =
		content.size > 5 && memcmp(content.data, "DfuSe", 5) == 0 ? IMAGE_DFUSE : IMAGE_BIN;
	if (source.format == IMAGE_BIN)
		SAY(self->out, "dfu-util: Warning: Invalid DFU suffix signature\ndfu-util: A valid "
			       "DFU suffix will be required in a future dfu-util release\n");
	r = image_parse(&source, &self->image, &why);
	if (r == 0 && !self->image.addressed && self->args.dfuse)
		r = image_set_address(
			&self->image, (uint32_t)strtoul(self->args.dfuse, NULL, 0), &why);
	if (r == 0)
		return DFU_UTIL_OK;
	SAY(self->out, "dfu-util: %s\n", why_text(&why));
	return DFU_UTIL_NO_INPUT;
}

static int run(struct dfu_util *self)
{
	int code = DFU_UTIL_OK;

	if (self->args.help || self->args.version)
		return DFU_UTIL_OK;
	if (self->args.download)
		code = load_file(self);
	if (code == DFU_UTIL_OK)
		code = find_device(self);
	if (code != DFU_UTIL_OK || self->args.list)
		return code;
	code = open_device(self);
	if (code == DFU_UTIL_OK)
		code = work(self);
	dfuse_client_close(&self->client);
	return code;
}

static int dfu_util_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	struct dfu_util self = {.os = os, .out = out};
	int code = dfu_util_args_read(argv, &self.args, out);

	if (code)
		return code;
	SAY(out, "%s", banner);
	code = run(&self);
	image_done(&self.image);
	return code;
}

const struct host_program twin_dfu_util = {
	.name = "dfu-util",
	.main = dfu_util_main,
	.source = "Debian's dfu-util 0.11-1, run through the mock; dfu-util's manual page",
};
