/* SPDX-License-Identifier: MIT */
/* What a careless tool gets wrong while it flashes: after an error, and when it takes up an update that was broken off. */
#include "harness/flasher/update_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- keeps-error ---- */

/* A device that reports an error is given up: nobody sends CLRSTATUS. errFIRMWARE is how a ROM begins, and no error. */
static int check_error(struct dfuse_client *client, struct why *why)
{
	const struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = DFU_GETSTATUS,
		.wIndex = client->interface,
		.wLength = DFU_STATUS_SIZE,
	};
	uint8_t bytes[DFU_STATUS_SIZE];
	struct dfu_getstatus status;
	int r = client->usb->ops->control(client->usb, &setup, bytes, DFUSE_COMMAND_LIMIT_MS);

	if (r < 0 || dfu_getstatus_decode(bytes, (size_t)r, &status) < 0 ||
		status.state != DFU_ERROR || status.status == DFU_ERR_FIRMWARE)
		return 0;
	return why_set(
		why, -EPROTO, "the device is in dfuERROR (%s)", dfu_status_text(status.status));
}

/* ---- an update that was broken off ---- */

static size_t part_at(const struct dfuse_client *client, size_t done, size_t size)
{
	size_t block = dfuse_client_block_size(client);

	return size - done < block ? size - done : block;
}

/* How much of the element is in flash already, in whole blocks. */
static int find_written(struct dfuse_client *client, const struct image_element *element,
	size_t *ret, struct why *why)
{
	uint8_t block[DFUSE_BLOCK_MAX];

	for (*ret = 0; *ret < element->size;) {
		size_t part = part_at(client, *ret, element->size);
		int r = dfuse_client_read(client, element->addr + (uint32_t)*ret, block, part, why);

		if (r < 0)
			return r;
		if (memcmp(block, element->data + *ret, part) != 0)
			return 0;
		*ret += part;
	}
	return 0;
}

/* Goes on behind the block that is missing, and believes that all before it is right. */
static int resume(struct dfuse_client *client, const struct image_element *element, size_t written,
	struct why *why)
{
	size_t from = written + part_at(client, written, element->size);
	int r = 0;

	if (from < element->size)
		r = dfuse_client_program(client, element->addr + (uint32_t)from,
			element->data + from, element->size - from, why);
	return r == 0 ? dfuse_client_leave(client, element->addr, why) : r;
}

static bool is_erased(const uint8_t *data, size_t size)
{
	return data[0] == 0xff && memcmp(data, data + 1, size - 1) == 0;
}

/* Whether the first block looks as if somebody had been here before: erased, or the image's. */
static int looks_begun(struct dfuse_client *client, const struct image_element *element, bool *ret,
	struct why *why)
{
	uint8_t block[DFUSE_BLOCK_MAX];
	size_t size = part_at(client, 0, element->size);
	int r = dfuse_client_read(client, element->addr, block, size, why);

	*ret = r == 0 && (is_erased(block, size) || memcmp(block, element->data, size) == 0);
	return r;
}

static int compare(
	struct dfuse_client *client, const struct image_element *element, struct why *why)
{
	size_t written = 0;
	int r = find_written(client, element, &written, why);

	if (r == 0 && written < element->size)
		r = why_set(why, -EILSEQ, "verify 0x%08zx: it differs", element->addr + written);
	return r;
}

/* Writes without erasing once more. */
static int write_again(
	struct dfuse_client *client, const struct image_element *element, struct why *why)
{
	int r = dfuse_client_program(client, element->addr, element->data, element->size, why);

	if (r == 0)
		r = compare(client, element, why);
	return r == 0 ? dfuse_client_leave(client, element->addr, why) : r;
}

/* Careless with an update that was begun: 1 when it did its work, 0 when there is none such. */
static int take_up(struct update *update, struct dfuse_client *client,
	const struct image_element *element, struct why *why)
{
	size_t written = 0;
	bool begun = false;
	int r = dfuse_client_idle(client, why);

	if (r == 0 && update_has(update, UPDATE_FLAW_NO_ERASE_ON_RETRY))
		r = looks_begun(client, element, &begun, why);
	if (r == 0 && begun) {
		update_say(update, "erased already, as it seems");
		r = write_again(client, element, why);
		return r < 0 ? r : 1;
	}
	if (r == 0 && update_has(update, UPDATE_FLAW_RESUMES_WRONG_BLOCK))
		r = find_written(client, element, &written, why);
	if (r < 0 || !written)
		return r;
	update_say(update, "%zu bytes are there already", written);
	r = resume(client, element, written, why);
	return r < 0 ? r : 1;
}

int update_flawed_dfu(struct update *update, struct dfuse_client *client, const struct image *image,
	struct why *why)
{
	if (update_has(update, UPDATE_FLAW_KEEPS_ERROR)) {
		int r = check_error(client, why);

		if (r < 0)
			return r;
	}
	if (!image->element_count || !(update_has(update, UPDATE_FLAW_NO_ERASE_ON_RETRY) ||
					     update_has(update, UPDATE_FLAW_RESUMES_WRONG_BLOCK)))
		return 0;
	return take_up(update, client, &image->elements[0], why);
}
