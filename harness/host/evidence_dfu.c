/* SPDX-License-Identifier: MIT */
/*
 * Evidence from the bootloader: its state as it was found, the option bytes, the flash. Read by set address, ABORT and
 * UPLOAD; it is left in dfuIDLE.
 * Option bytes as the ROM shows them: ST's device data base of STM32CubeProgrammer (STM32_Prog_DB_0x413, 0x419, 0x449,
 * 0x451), "Bootloader" interface.
 */
#include "harness/host/evidence_parts.h"

#include "harness/base/wire.h"
#include "harness/host/dfuse_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RDP_OFFSET      1
#define WRP_OFFSET      8
#define BOOT_ADD_OFFSET 0x10 /* F7; BOOT_ADD1 eight bytes behind it */
#define NDBANK          (1u << 13)
#define WRP_BITS        12 /* a bank of the F4 and F76x; fewer sectors, fewer bits */
#define OPTIONS_MAX     64
#define FLASH_CHUNK     16384u
#define IMAGE_MAX       0xc0000u    /* F4, F7: settings lie behind it [rusEFI's linker scripts] */
#define IMAGE_MAX_H7    0x100000u   /* H7 */
#define F7_FLASH_SIZE   0x1ff0f442u /* KiB, 16 bits [ST RM0410, "Flash size data register"] */
#define F76X_SECTORS    12
#define BUSY_US         40000000 /* a mass erase takes up to 32 s [DS8626 table 40] */
#define OPEN_GAP_US     1000000
#define AWAY_US         5000000 /* a reset takes less */

/* What one visit works with. */
struct visit {
	struct dfuse_client client;
	struct evidence *ret;
};

/* ---- state ---- */

static int class_in(
	struct dfuse_client *client, enum dfu_request what, uint8_t *data, uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = (uint8_t)what,
		.wIndex = client->interface,
		.wLength = size,
	};

	return client->usb->ops->control(client->usb, &setup, data, DFUSE_COMMAND_LIMIT_MS);
}

static void note_status(struct evidence_dfu *dfu, uint8_t state, uint8_t status)
{
	dfu->has_status = true;
	dfu->state = state;
	dfu->status = status;
	evidence_copy(dfu->state_text, sizeof(dfu->state_text), dfu_state_text(state));
	evidence_copy(dfu->status_text, sizeof(dfu->status_text), dfu_status_text(status));
}

/* GETSTATE first, because it changes nothing: GETSTATUS would carry out what was downloaded. */
static void look_at_state(struct visit *visit)
{
	uint8_t bytes[DFU_STATUS_SIZE], state;
	struct dfu_getstatus status;
	int r = class_in(&visit->client, DFU_GETSTATE, &state, 1);

	if (r == 1 && (state == DFU_DNLOAD_SYNC || state == DFU_MANIFEST_SYNC)) {
		note_status(&visit->ret->dfu, state, DFU_OK);
		return;
	}
	r = class_in(&visit->client, DFU_GETSTATUS, bytes, sizeof(bytes));
	if (r >= 0 && dfu_getstatus_decode(bytes, (size_t)r, &status) == 0)
		note_status(&visit->ret->dfu, status.state, status.status);
}

static bool comes_to_rest(struct visit *visit)
{
	struct evidence_dfu *dfu = &visit->ret->dfu;
	struct why why = {""};
	int r = dfuse_client_idle(&visit->client, &why);

	dfu->rests = evidence_of(r == 0);
	if (r < 0)
		evidence_copy(dfu->why, sizeof(dfu->why), why_text(&why));
	return r == 0;
}

/* ---- option bytes ---- */

static const struct dfuse_alternate *alternate_named(
	const struct dfuse_client *client, const char *front)
{
	for (size_t i = 0; i < client->alternate_count; i++)
		if (client->alternates[i].has_layout &&
			strncmp(client->alternates[i].layout.name, front, strlen(front)) == 0)
			return &client->alternates[i];
	return NULL;
}

static enum evidence_family family_of(const struct dfuse_client *client)
{
	static const struct {
		uint32_t addr;
		enum evidence_family family;
	} families[] = {
		{0x1fffc000, EVIDENCE_F4},
		{0x1fff0000, EVIDENCE_F7},
		{0x5200201c, EVIDENCE_H7},
	};
	const struct dfuse_alternate *options = alternate_named(client, "Option Bytes");

	for (size_t i = 0; options && i < ARRAY_SIZE(families); i++)
		if (options->layout.segments[0].addr == families[i].addr)
			return families[i].family;
	return EVIDENCE_FAMILY_UNKNOWN;
}

static uint32_t sectors_of(const struct dfuse_client *client)
{
	const struct dfuse_alternate *flash = alternate_named(client, "Internal Flash");
	uint32_t count = 0;

	for (size_t i = 0; flash && i < flash->layout.count; i++)
		count += flash->layout.segments[i].count;
	return count;
}

/* 0 in nWRP protects. */
static uint32_t protected_of(const uint8_t *options, uint32_t bits)
{
	struct reader in = reader_of(options + WRP_OFFSET, 4);

	return ~reader_le32(&in) & ((1u << bits) - 1);
}

static void decode_options(const struct visit *visit, const uint8_t *options, size_t size)
{
	struct evidence_dfu *dfu = &visit->ret->dfu;
	uint32_t sectors = sectors_of(&visit->client);
	struct reader in = reader_of(options, size);
	uint32_t word;

	dfu->has_options = true;
	dfu->rdp = options[RDP_OFFSET];
	dfu->protected_sectors = protected_of(options, sectors < WRP_BITS ? sectors : WRP_BITS);
	if (dfu->family != EVIDENCE_F7)
		return;
	in.pos = WRP_OFFSET;
	word = reader_le32(&in);
	if (sectors >= F76X_SECTORS)
		dfu->single_bank = evidence_of(word & NDBANK);
	in.pos = BOOT_ADD_OFFSET;
	dfu->boot_add[0] = reader_le16(&in);
	in.pos = BOOT_ADD_OFFSET + 8;
	dfu->boot_add[1] = reader_le16(&in);
	dfu->has_boot_add = !in.failed;
}

/* The second bank's, where there is one (F42x). */
static void add_second_bank(struct visit *visit, const struct dfuse_alternate *alternate)
{
	uint8_t options[WRP_OFFSET + 4];

	if (visit->ret->dfu.family != EVIDENCE_F4 || alternate->layout.count < 2)
		return;
	if (dfuse_client_read(&visit->client, alternate->layout.segments[1].addr, options,
		    sizeof(options), NULL) == 0)
		visit->ret->dfu.protected_sectors |= protected_of(options, WRP_BITS) << WRP_BITS;
}

/* What fails may have been disturbed once: that is no refusal. */
static int read_twice(
	struct visit *visit, uint32_t addr, uint8_t *data, size_t size, struct why *why)
{
	int r = dfuse_client_read(&visit->client, addr, data, size, why);

	if (r < 0 && r != -ENODEV && dfuse_client_idle(&visit->client, NULL) == 0)
		r = dfuse_client_read(&visit->client, addr, data, size, why);
	return r;
}

static bool is_vendor_error(const struct visit *visit, int r)
{
	return r == -EREMOTEIO && visit->client.last.status == DFU_ERR_VENDOR;
}

/* H7 shows an image of its registers, which is not taken apart here. */
static void read_options(struct visit *visit)
{
	struct evidence_dfu *dfu = &visit->ret->dfu;
	const struct dfuse_alternate *alternate = alternate_named(&visit->client, "Option Bytes");
	uint8_t options[OPTIONS_MAX];
	size_t size;
	int r;

	if (!alternate || (dfu->family != EVIDENCE_F4 && dfu->family != EVIDENCE_F7))
		return;
	size = alternate->layout.segments[0].sector_size;
	if (size > sizeof(options) || size < WRP_OFFSET + 4)
		return;
	r = read_twice(visit, alternate->layout.segments[0].addr, options, size, NULL);
	if (is_vendor_error(visit, r))
		dfu->options_refused = EVIDENCE_YES;
	if (r < 0)
		return;
	decode_options(visit, options, size);
	add_second_bank(visit, alternate);
}

/* Not all ROMs let it be read; then it stays unknown. */
static void read_flash_size(struct visit *visit)
{
	uint8_t bytes[2];

	if (visit->ret->dfu.single_bank == EVIDENCE_UNKNOWN)
		return;
	if (dfuse_client_read(&visit->client, F7_FLASH_SIZE, bytes, sizeof(bytes), NULL) == 0)
		visit->ret->dfu.flash_kib = (uint32_t)(bytes[0] | bytes[1] << 8);
	else if (dfuse_client_idle(&visit->client, NULL) < 0)
		visit->ret->dfu.rests = EVIDENCE_NO;
}

/* ---- flash ---- */

/* Bytes up to where the settings lie, at most what the ROM says it has. */
static uint32_t image_room(const struct visit *visit, const struct dfuse_alternate *alternate)
{
	uint32_t room = visit->ret->dfu.family == EVIDENCE_H7 ? IMAGE_MAX_H7 : IMAGE_MAX;
	const struct dfuse_layout *layout = &alternate->layout;
	uint64_t end = 0;

	for (size_t i = 0; i < layout->count; i++)
		if (dfuse_segment_end(&layout->segments[i]) > end)
			end = dfuse_segment_end(&layout->segments[i]);
	end -= layout->segments[0].addr;
	return end < room ? (uint32_t)end : room;
}

/* As much as can be read: a ROM names more than a small chip has. */
static size_t read_all(struct visit *visit, uint32_t addr, uint8_t *data, size_t size)
{
	struct evidence_flash *flash = &visit->ret->flash;
	struct why why = {""};
	size_t done = 0;
	int r = 0;

	while (done < size) {
		size_t part = size - done < FLASH_CHUNK ? size - done : FLASH_CHUNK;

		r = read_twice(visit, addr + (uint32_t)done, data + done, part, &why);
		if (r < 0)
			break;
		done += part;
	}
	flash->readable = evidence_of(done > 0);
	if (r < 0)
		evidence_copy(flash->why, sizeof(flash->why), why_text(&why));
	if (done)
		return done;
	if (is_vendor_error(visit, r) && !visit->ret->dfu.has_options)
		visit->ret->dfu.options_refused = EVIDENCE_YES;
	return 0;
}

static int read_flash(struct visit *visit)
{
	const struct dfuse_alternate *alternate = alternate_named(&visit->client, "Internal Flash");
	CLEANUP(free_ptr) uint8_t *data = NULL;
	struct evidence_bytes bytes = {
		.family = visit->ret->dfu.family,
		.transfer = visit->client.functional.transfer_size,
	};
	size_t size;

	if (!alternate)
		return 0;
	bytes.base = alternate->layout.segments[0].addr;
	size = image_room(visit, alternate);
	data = malloc(size ? size : 1);
	if (!data)
		return -ENOMEM;
	bytes.size = read_all(visit, bytes.base, data, size);
	bytes.data = data;
	if (bytes.size)
		evidence_flash_scan(&bytes, &visit->ret->flash);
	/* A ROM names more than a small chip has: what is erased at its end is all there is. */
	visit->ret->flash.broke_off =
		bytes.size && bytes.size < size && visit->ret->flash.end == bytes.base + bytes.size;
	return 0;
}

/* ---- the whole ---- */

static int visit_opened(struct visit *visit)
{
	int r = 0;

	look_at_state(visit);
	if (!comes_to_rest(visit))
		return 0;
	visit->ret->dfu.family = family_of(&visit->client);
	read_options(visit);
	if (comes_to_rest(visit))
		r = read_flash(visit);
	if (r == 0 && comes_to_rest(visit))
		read_flash_size(visit);
	return r;
}

static void not_opened(struct evidence_dfu *dfu, int r, const struct why *why)
{
	dfu->open = r == -EACCES  ? EVIDENCE_OPEN_DENIED
		    : r == -EBUSY ? EVIDENCE_OPEN_BUSY
				  : EVIDENCE_OPEN_FAILED;
	evidence_copy(dfu->why, sizeof(dfu->why), why_text(why));
}

/* On Windows only WinUSB's devices can be opened by libusb. */
static bool is_in_reach(const struct evidence *e)
{
	return e->windows.looked != EVIDENCE_YES ||
	       (e->windows.present == EVIDENCE_YES && e->windows.node.problem == PNP_OK &&
		       e->windows.node.route == PNP_ROUTE_WINUSB);
}

/* One that is busy leaves out what it is asked for. */
static bool has_all_texts(const struct dfuse_client *client)
{
	for (size_t i = 0; i < client->alternate_count; i++)
		if (!client->alternates[i].text[0])
			return false;
	return true;
}

/* 0 also when it does not say all that it should; -ENOLINK: it is not there. */
static int open_once(struct host_os *os, const struct evidence_device *board,
	struct dfuse_client *ret, struct why *why)
{
	struct usb_host_entry entry;

	if (evidence_find(os, board, &entry) != EVIDENCE_DFU)
		return why_set(why, -ENOLINK, "it has left");
	return dfuse_client_open(ret, os->usb, &entry, why);
}

/* A chip that is erasing itself answers nothing, and then resets: it is given time. */
static int open_patiently(struct host_os *os, const struct evidence_device *board,
	struct dfuse_client *ret, struct why *why)
{
	uint64_t seen_us = clock_now_us(os->clock), end_us = seen_us + BUSY_US;

	for (;;) {
		int r = open_once(os, board, ret, why);
		uint64_t now_us = clock_now_us(os->clock);
		bool last;

		seen_us = r == -ENOLINK ? seen_us : now_us;
		last = now_us >= end_us || now_us - seen_us > AWAY_US;
		if (r == -EACCES || r == -EBUSY || last || (r == 0 && has_all_texts(ret)))
			return r;
		if (r == 0)
			dfuse_client_close(ret);
		clock_sleep_until_us(os->clock, clock_after_us(os->clock, OPEN_GAP_US));
	}
}

/* A chip that was busy may have reset itself before it could be opened. */
static void note_devnum(struct host_os *os, struct evidence_device *board)
{
	struct usb_host_entry entry;

	if (board->face == EVIDENCE_DFU && evidence_find(os, board, &entry) == EVIDENCE_DFU)
		board->devnum = entry.devnum;
}

int evidence_ask_dfu(struct host_os *os, struct evidence *ret)
{
	struct visit visit = {.ret = ret};
	struct why why = {""};
	int r;

	ret->dfu = (struct evidence_dfu){0};
	ret->flash = (struct evidence_flash){0};
	if (!is_in_reach(ret))
		return 0;
	r = open_patiently(os, &ret->board, &visit.client, &why);
	if (r < 0) {
		not_opened(&ret->dfu, r, &why);
		return 0;
	}
	ret->dfu.open = EVIDENCE_OPENED;
	note_devnum(os, &ret->board);
	r = visit_opened(&visit);
	dfuse_client_close(&visit.client);
	return r;
}
