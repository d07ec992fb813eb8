/* SPDX-License-Identifier: MIT */
/* Evidence from the bus: which boards are there. And the order of all steps. */
#include "harness/host/evidence_parts.h"

#include "harness/dfu/stm32_serial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_MAX    64
#define ROOT_HUB_VID 0x1d6b /* Linux Foundation */

void evidence_copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%.*s", (int)size - 1, text);
}

static enum evidence_face face_of(const struct usb_host_entry *entry)
{
	if (entry->pid == EVIDENCE_DFU_PID)
		return EVIDENCE_DFU;
	if (entry->vid == EVIDENCE_SERIAL_VID && entry->pid == EVIDENCE_SERIAL_PID)
		return EVIDENCE_SERIAL;
	return EVIDENCE_NOTHING;
}

static bool is_meant(const struct usb_host_entry *entry, const char *serial)
{
	return !serial || strcmp(entry->serial, serial) == 0;
}

static void note_board(const struct usb_host_entry *entry, struct evidence_usb *usb)
{
	struct evidence_device board = {
		.face = face_of(entry),
		.vid = entry->vid,
		.pid = entry->pid,
		.bcd_device = entry->bcd_device,
		.devnum = entry->devnum,
	};

	evidence_copy(board.path, sizeof(board.path), entry->path);
	evidence_copy(board.product, sizeof(board.product), entry->product);
	evidence_copy(board.serial, sizeof(board.serial), entry->serial);
	if (usb->count < EVIDENCE_DEVICE_MAX)
		usb->boards[usb->count] = board;
	usb->count++;
	usb->dfu_count += board.face == EVIDENCE_DFU;
	usb->serial_count += board.face == EVIDENCE_SERIAL;
}

void evidence_look_at_usb(struct host_os *os, const char *serial, struct evidence *ret)
{
	struct usb_host_entry entries[ENTRY_MAX];
	struct evidence_usb *usb = &ret->usb;
	size_t count;
	int r = os->usb ? os->usb->ops->list(os->usb, entries, ENTRY_MAX, &count, NULL) : -ENODEV;

	*usb = (struct evidence_usb){.listed = evidence_of(r == 0)};
	ret->board = (struct evidence_device){0};
	for (size_t i = 0; r == 0 && i < count && i < ENTRY_MAX; i++) {
		usb->devices += entries[i].vid != ROOT_HUB_VID;
		if (face_of(&entries[i]) == EVIDENCE_NOTHING)
			continue;
		if (is_meant(&entries[i], serial))
			note_board(&entries[i], usb);
		else
			usb->not_meant++;
	}
	if (usb->count == 1)
		ret->board = usb->boards[0];
}

static bool is_same_chip(const struct evidence_device *board, const struct usb_host_entry *entry)
{
	return board->serial[0] &&
	       (strcmp(board->serial, entry->serial) == 0 ||
		       stm32_serial_match(board->serial, entry->serial) == STM32_SERIAL_SAME);
}

enum evidence_face evidence_find(
	struct host_os *os, const struct evidence_device *board, struct usb_host_entry *ret)
{
	struct usb_host_entry entries[ENTRY_MAX];
	enum evidence_face face = EVIDENCE_NOTHING;
	size_t count;

	if (os->usb->ops->list(os->usb, entries, ENTRY_MAX, &count, NULL) < 0)
		return EVIDENCE_NOTHING;
	for (size_t i = 0; i < count && i < ENTRY_MAX; i++) {
		bool here = strcmp(board->path, entries[i].path) == 0;

		if (face_of(&entries[i]) == EVIDENCE_NOTHING ||
			(!here && !is_same_chip(board, &entries[i])))
			continue;
		face = face_of(&entries[i]);
		*ret = entries[i];
		if (here)
			break;
	}
	return face;
}

void evidence_tell(const struct evidence_options *options, const char *what)
{
	if (options->step)
		options->step(what);
}

static int ask_board(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret)
{
	switch (ret->board.face) {
	case EVIDENCE_SERIAL:
		evidence_tell(options, "asking the ECU");
		evidence_ask_ecu(os, options->root, ret);
		return 0;
	case EVIDENCE_DFU:
		evidence_tell(options, "reading the bootloader and the flash");
		return evidence_ask_dfu(os, ret);
	case EVIDENCE_NOTHING:
		break;
	}
	return 0;
}

/* What was read of a board that went meanwhile says nothing: it broke off. */
static void look_again(struct host_os *os, struct evidence *ret)
{
	struct usb_host_entry entry;

	if (ret->board.face == EVIDENCE_NOTHING)
		return;
	if (evidence_find(os, &ret->board, &entry) == ret->board.face &&
		entry.devnum == ret->board.devnum)
		return;
	ret->usb.left = EVIDENCE_YES;
	ret->ecu = (struct evidence_ecu){0};
	ret->dfu = (struct evidence_dfu){0};
	ret->flash = (struct evidence_flash){0};
}

int evidence_gather(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret)
{
	int r;

	*ret = (struct evidence){.person = options->person};
	evidence_tell(options, "looking at the tool and at USB");
	evidence_look_at_tool(os, options->tool, ret);
	evidence_look_at_usb(os, options->serial, ret);
	evidence_look_at_windows(os, ret);
	evidence_ask_query(os, ret);
	if (options->root)
		evidence_look_at_linux(options->root, ret);
	r = ask_board(os, options, ret);
	look_again(os, ret);
	return r == 0 && options->try ? evidence_try_board(os, options, ret) : r;
}
