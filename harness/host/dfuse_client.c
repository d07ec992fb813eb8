/* SPDX-License-Identifier: MIT */
#include "harness/host/dfuse_client.h"

#include "harness/base/names.h"
#include "harness/base/wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define IDLE_TRIES 16 /* CLRSTATUS and ABORT on the way to dfuIDLE */
#define STALLED_POLLS                                                                              \
	3 /* GETSTATUS refused while busy: STM32L4 does it, dfu-util 0.11 takes as many */
#define POLL_MIN_US 1000 /* between two polls of a device that says 0 */
#define BLOCK_LAST  0xffff

/* ---- time ---- */

/* Starts an operation: after limit_ms it is given up. */
static void begin(struct dfuse_client *client, uint32_t limit_ms)
{
	uint64_t limit_us = clock_after_us(client->host->clock, limit_ms * UINT64_C(1000));

	client->limit_us = limit_us < client->deadline_us ? limit_us : client->deadline_us;
}

static bool out_of_time(const struct dfuse_client *client)
{
	return clock_now_us(client->host->clock) >= client->limit_us;
}

/* What is left of the operation, at least 1: 0 would mean for ever. */
static uint32_t left_ms(const struct dfuse_client *client)
{
	uint64_t now_us = clock_now_us(client->host->clock);

	return client->limit_us <= now_us + 1000 ? 1
						 : (uint32_t)((client->limit_us - now_us) / 1000);
}

/* Waits as long as the device asked for, within the limit. */
static void wait_poll(struct dfuse_client *client)
{
	uint64_t delay_us = client->last.poll_timeout_ms * UINT64_C(1000);
	uint64_t until_us = clock_after_us(
		client->host->clock, delay_us < POLL_MIN_US ? POLL_MIN_US : delay_us);

	clock_sleep_until_us(
		client->host->clock, until_us < client->limit_us ? until_us : client->limit_us);
}

/* ---- requests ---- */

static int too_late(const struct dfuse_client *client, const char *what, struct why *why)
{
	if (clock_now_us(client->host->clock) >= client->deadline_us)
		return why_set(
			why, -ETIMEDOUT, "the device %s, and the time for all is over", what);
	return why_set(why, -ETIMEDOUT, "the device %s", what);
}

/* The sentence for a transfer that failed. Returns r. */
static int transfer_failed(const struct dfuse_client *client, int r, struct why *why)
{
	switch (r) {
	case -EPIPE:
		return why_set(why, r, "the device refused it (STALL)");
	case -ETIMEDOUT:
		return too_late(client, "does not answer", why);
	case -ENODEV:
		return why_set(why, r, "the device is gone");
	case -EOVERFLOW:
		return why_set(why, r, "the device sent more than it was asked for");
	default:
		return why_errno(why, r, "USB");
	}
}

/* One class request to the DFU interface. Returns the bytes moved or negative errno, without a sentence. */
static int request(struct dfuse_client *client, enum dfu_request what, uint16_t value,
	uint8_t *data, size_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = (uint8_t)what,
		.wValue = value,
		.wIndex = client->interface,
		.wLength = (uint16_t)size,
	};
	uint8_t none[1];

	if (what == DFU_UPLOAD || what == DFU_GETSTATUS)
		setup.bmRequestType |= USB_DIR_IN;
	return client->usb->ops->control(client->usb, &setup, data ? data : none, left_ms(client));
}

/* The answer to GETSTATUS, r being what the transfer returned, to client->last. */
static int take_status(struct dfuse_client *client, const uint8_t *bytes, int r, struct why *why)
{
	if (r < 0)
		return transfer_failed(client, r, why);
	if (dfu_getstatus_decode(bytes, (size_t)r, &client->last) < 0)
		return why_set(
			why, -EBADMSG, "GETSTATUS: %d bytes came, %d are due", r, DFU_STATUS_SIZE);
	if (client->last.state >= DFU_STATE_COUNT)
		return why_set(why, -EPROTO, "GETSTATUS: there is no state %u", client->last.state);
	return 0;
}

static int getstatus(struct dfuse_client *client, struct why *why)
{
	uint8_t bytes[DFU_STATUS_SIZE];
	int r = request(client, DFU_GETSTATUS, 0, bytes, sizeof(bytes));

	return take_status(client, bytes, r, why);
}

/* What a status usually means, for a person. */
static const char *status_hint(uint8_t status)
{
	switch (status) {
	case DFU_ERR_TARGET:
		return " (an address that the chip does not have?)";
	case DFU_ERR_VENDOR:
		return " (read protection is active?)";
	case DFU_ERR_STALLEDPKT:
		return " (a request that it does not know)";
	default:
		return "";
	}
}

/* dfuERROR, as client->last has it. */
static int device_says(const struct dfuse_client *client, struct why *why)
{
	return why_set(why, -EREMOTEIO, "the device says %s%s",
		dfu_status_text(client->last.status), status_hint(client->last.status));
}

/* A refused transfer usually has its reason in the status. Returns r, or -EREMOTEIO with the reason. */
static int explain(struct dfuse_client *client, int r, struct why *why)
{
	if (r == -EPIPE && getstatus(client, NULL) == 0 && client->last.state == DFU_ERROR)
		return device_says(client, why);
	return transfer_failed(client, r, why);
}

/* Sends a request without data. */
static int simple(struct dfuse_client *client, enum dfu_request what, struct why *why)
{
	int r = request(client, what, 0, NULL, 0);

	if (r >= 0)
		return 0;
	r = transfer_failed(client, r, why);
	return why_prefix(why, r, "%s", dfu_request_text((uint8_t)what));
}

/* ---- states ---- */

/* One step from client->last towards dfuIDLE. */
static int idle_step(struct dfuse_client *client, struct why *why)
{
	switch ((enum dfu_state)client->last.state) {
	case DFU_ERROR:
		return simple(client, DFU_CLRSTATUS, why);
	case DFU_DNLOAD_SYNC:
	case DFU_DNLOAD_IDLE:
	case DFU_MANIFEST_SYNC:
	case DFU_UPLOAD_IDLE:
		return simple(client, DFU_ABORT, why);
	case DFU_DNBUSY:
	case DFU_MANIFEST:
		wait_poll(client);
		return 0;
	case DFU_APP_IDLE:
	case DFU_APP_DETACH:
		return why_set(why, -EPROTO,
			"the device runs its firmware, not the bootloader (%s)",
			dfu_state_text(client->last.state));
	case DFU_MANIFEST_WAIT_RESET:
		return why_set(why, -EPROTO, "the device waits for a reset: unplug it");
	case DFU_IDLE:
	case DFU_STATE_COUNT:
		break;
	}
	return 0;
}

static bool is_busy(const struct dfuse_client *client)
{
	return client->last.state == DFU_DNBUSY || client->last.state == DFU_MANIFEST;
}

static int go_idle(struct dfuse_client *client, struct why *why)
{
	int tries = 0;

	while (tries < IDLE_TRIES && !out_of_time(client)) {
		int r = getstatus(client, why);

		if (r < 0 || client->last.state == DFU_IDLE)
			return r;
		r = idle_step(client, why);
		if (r < 0)
			return r;
		if (!is_busy(client))
			tries++;
	}
	return too_late(client, is_busy(client) ? "stays busy" : "does not come to rest", why);
}

int dfuse_client_idle(struct dfuse_client *client, struct why *why)
{
	int r;

	begin(client, DFUSE_ERASE_LIMIT_MS);
	r = go_idle(client, why);
	return r < 0 ? why_prefix(why, r, "getting to dfuIDLE") : 0;
}

int dfuse_client_select(struct dfuse_client *client, uint8_t alternate, struct why *why)
{
	int r;

	if (client->selected == alternate)
		return 0;
	r = client->usb->ops->set_alternate(client->usb, client->interface, alternate);
	if (r < 0)
		return why_errno(why, r, "alternate setting %u", alternate);
	client->selected = alternate;
	return 0;
}

const struct dfuse_alternate *dfuse_client_alternate(
	const struct dfuse_client *client, uint8_t number)
{
	for (size_t i = 0; i < client->alternate_count; i++)
		if (client->alternates[i].number == number)
			return &client->alternates[i];
	return NULL;
}

/* ---- downloads ---- */

/* Polls until the block that was sent is dealt with. */
static int finish_download(struct dfuse_client *client, struct why *why)
{
	int stalled = 0;

	do {
		int r = getstatus(client, why);

		if (r == -EPIPE && stalled < STALLED_POLLS) {
			stalled++;
			client->last.state = DFU_DNBUSY;
		} else if (r < 0) {
			return r;
		}
		if (client->last.state == DFU_ERROR || client->last.status != DFU_OK)
			return device_says(client, why);
		if (client->last.state == DFU_DNLOAD_IDLE)
			return 0;
		if (client->last.state != DFU_DNBUSY && client->last.state != DFU_DNLOAD_SYNC)
			return why_set(why, -EPROTO, "the device is in %s, dfuDNLOAD-IDLE is due",
				dfu_state_text(client->last.state));
		wait_poll(client);
	} while (!out_of_time(client));
	return too_late(client, "stays busy", why);
}

/* One DNLOAD with all that follows it, within the limit. */
static int download(struct dfuse_client *client, uint16_t block, const uint8_t *data, size_t size,
	struct why *why)
{
	uint8_t copy[DFUSE_BLOCK_MAX];
	int r;

	memcpy(copy, data, size);
	client->last.state = DFU_DNLOAD_SYNC;
	r = request(client, DFU_DNLOAD, block, copy, size);
	if (r < 0)
		return explain(client, r, why);
	if ((size_t)r != size)
		return why_set(why, -EIO, "the device took %d of %zu bytes", r, size);
	return finish_download(client, why);
}

static size_t encode_command(
	enum dfuse_command command, uint32_t addr, uint8_t ret_bytes[static DFUSE_ADDRESS_SIZE])
{
	struct writer out = writer_of(ret_bytes, DFUSE_ADDRESS_SIZE);

	writer_u8(&out, (uint8_t)command);
	writer_le32(&out, addr);
	return out.pos;
}

static int set_address(struct dfuse_client *client, uint32_t addr, struct why *why)
{
	uint8_t bytes[DFUSE_ADDRESS_SIZE];
	size_t size = encode_command(DFUSE_SET_ADDRESS, addr, bytes);
	int r;

	begin(client, DFUSE_COMMAND_LIMIT_MS);
	r = download(client, 0, bytes, size, why);
	return r < 0 ? why_prefix(why, r, "set address 0x%08x", addr) : 0;
}

/* dfuIDLE and dfuDNLOAD-IDLE take a download; anything else has to be left first. */
static int ready_to_download(struct dfuse_client *client, struct why *why)
{
	if (client->last.state == DFU_IDLE || client->last.state == DFU_DNLOAD_IDLE)
		return 0;
	return dfuse_client_idle(client, why);
}

int dfuse_client_set_address(struct dfuse_client *client, uint32_t addr, struct why *why)
{
	int r = ready_to_download(client, why);

	return r < 0 ? r : set_address(client, addr, why);
}

int dfuse_client_erase(struct dfuse_client *client, uint32_t addr, struct why *why)
{
	uint8_t bytes[DFUSE_ADDRESS_SIZE];
	size_t size = encode_command(DFUSE_ERASE, addr, bytes);
	int r = ready_to_download(client, why);

	if (r < 0)
		return r;
	begin(client, DFUSE_ERASE_LIMIT_MS);
	r = download(client, 0, bytes, size, why);
	return r < 0 ? why_prefix(why, r, "erase 0x%08x", addr) : 0;
}

int dfuse_client_mass_erase(struct dfuse_client *client, struct why *why)
{
	uint8_t command = DFUSE_ERASE;
	int r = ready_to_download(client, why);

	if (r < 0)
		return r;
	begin(client, DFUSE_MASS_LIMIT_MS);
	r = download(client, 0, &command, 1, why);
	return r < 0 ? why_prefix(why, r, "mass erase") : 0;
}

/* How a host sees a device that has gone or resets. */
static bool looks_gone(int r)
{
	return r == -ENODEV || r == -EPROTO || r == -EIO;
}

/* What ends with a reset: waits until the device does not answer any more. */
static int wait_gone(struct dfuse_client *client, struct why *why)
{
	do {
		uint8_t bytes[DFU_STATUS_SIZE];
		int r = request(client, DFU_GETSTATUS, 0, bytes, sizeof(bytes));

		if (looks_gone(r))
			return 0;
		r = take_status(client, bytes, r, why);
		if (r < 0)
			return r;
		if (client->last.state == DFU_ERROR)
			return device_says(client, why);
		wait_poll(client);
	} while (!out_of_time(client));
	return too_late(client, "does not reset", why);
}

/* One DNLOAD after which the chip resets, within the limit. */
static int download_and_reset(struct dfuse_client *client, uint16_t block, const uint8_t *data,
	size_t size, struct why *why)
{
	uint8_t copy[DFUSE_BLOCK_MAX];
	int r;

	memcpy(copy, data, size);
	client->last.state = DFU_DNLOAD_SYNC;
	r = request(client, DFU_DNLOAD, block, copy, size);
	return r < 0 ? explain(client, r, why) : wait_gone(client, why);
}

int dfuse_client_unprotect(struct dfuse_client *client, struct why *why)
{
	const uint8_t command = DFUSE_READ_UNPROTECT;
	int r = ready_to_download(client, why);

	if (r < 0)
		return r;
	begin(client, DFUSE_MASS_LIMIT_MS);
	r = download_and_reset(client, 0, &command, 1, why);
	return r < 0 ? why_prefix(why, r, "read unprotect") : 0;
}

/* ---- blocks ---- */

size_t dfuse_client_block_size(const struct dfuse_client *client)
{
	size_t size = client->functional.transfer_size;

	return size < DFUSE_BLOCK_MAX ? size : DFUSE_BLOCK_MAX;
}

/* The number after block: the device multiplies it with its own wTransferSize, so that it counts only for full
 * ones. 0: the pointer has to be set again. */
static uint16_t block_after(const struct dfuse_client *client, uint16_t block)
{
	if (block == BLOCK_LAST || client->functional.transfer_size > DFUSE_BLOCK_MAX)
		return 0;
	return (uint16_t)(block + 1);
}

static void advance(struct dfuse_client *client, size_t size)
{
	client->progress.done += size;
	if (client->on_progress)
		client->on_progress(client->user, &client->progress);
}

int dfuse_client_program(struct dfuse_client *client, uint32_t addr, const uint8_t *data,
	size_t size, struct why *why)
{
	uint16_t block = 0;

	for (size_t done = 0; done < size;) {
		size_t part = size - done < dfuse_client_block_size(client)
				      ? size - done
				      : dfuse_client_block_size(client);
		uint32_t at = addr + (uint32_t)done;
		int r = block ? 0 : dfuse_client_set_address(client, at, why);

		if (r == 0) {
			block = block ? block : DFUSE_FIRST_BLOCK;
			begin(client, DFUSE_PROGRAM_LIMIT_MS);
			r = download(client, block, data + done, part, why);
		}
		if (r < 0)
			return why_prefix(why, r, "program 0x%08x", at);
		block = block_after(client, block);
		done += part;
		advance(client, part);
	}
	return 0;
}

int dfuse_client_program_and_reset(struct dfuse_client *client, uint32_t addr, const uint8_t *data,
	size_t size, struct why *why)
{
	int r;

	if (size > dfuse_client_block_size(client))
		return why_set(why, -E2BIG, "%zu bytes are more than one block", size);
	r = dfuse_client_set_address(client, addr, why);
	if (r == 0) {
		begin(client, DFUSE_PROGRAM_LIMIT_MS);
		r = download_and_reset(client, DFUSE_FIRST_BLOCK, data, size, why);
	}
	if (r < 0)
		return why_prefix(why, r, "program 0x%08x", addr);
	advance(client, size);
	return 0;
}

/* After set address the state is dfuDNLOAD-IDLE, where an UPLOAD is refused. */
static int prepare_upload(struct dfuse_client *client, uint32_t addr, struct why *why)
{
	int r = dfuse_client_idle(client, why);

	if (r < 0)
		return r;
	r = set_address(client, addr, why);
	return r < 0 ? r : dfuse_client_idle(client, why);
}

static int upload(
	struct dfuse_client *client, uint16_t block, uint8_t *ret, size_t size, struct why *why)
{
	int r;

	begin(client, DFUSE_COMMAND_LIMIT_MS);
	client->last.state = DFU_UPLOAD_IDLE;
	r = request(client, DFU_UPLOAD, block, ret, size);
	if (r < 0)
		return explain(client, r, why);
	if ((size_t)r == size)
		return 0;
	if (getstatus(client, NULL) == 0 && client->last.state == DFU_ERROR)
		return device_says(client, why);
	return why_set(why, -EBADMSG, "%d bytes came, %zu are due", r, size);
}

/* Whole blocks first: most are equal. */
static void compare(
	struct dfuse_comparison *comparison, size_t offset, const uint8_t *bytes, size_t size)
{
	const uint8_t *expected = comparison->expected + offset;
	size_t i = 0;

	if (comparison->same < offset)
		return;
	if (memcmp(expected, bytes, size) == 0) {
		comparison->same += size;
		return;
	}
	while (expected[i] == bytes[i])
		i++;
	comparison->same += i;
	comparison->found = bytes[i];
}

/* Into ret_data, or, when that is NULL, compared. */
static int read_blocks(struct dfuse_client *client, uint32_t addr, uint8_t *ret_data,
	struct dfuse_comparison *comparison, struct why *why)
{
	uint8_t bytes[DFUSE_BLOCK_MAX];
	uint16_t block = 0;

	for (size_t done = 0; done < comparison->size;) {
		size_t left = comparison->size - done, most = dfuse_client_block_size(client);
		size_t part = left < most ? left : most;
		uint8_t *to = ret_data ? ret_data + done : bytes;
		uint32_t at = addr + (uint32_t)done;
		int r = block ? 0 : prepare_upload(client, at, why);

		block = block ? block : DFUSE_FIRST_BLOCK;
		if (r == 0)
			r = upload(client, block, to, part, why);
		if (r < 0)
			return why_prefix(why, r, "read 0x%08x", at);
		if (!ret_data)
			compare(comparison, done, bytes, part);
		block = block_after(client, block);
		done += part;
		advance(client, part);
	}
	return comparison->size ? dfuse_client_idle(client, why) : 0;
}

int dfuse_client_read(
	struct dfuse_client *client, uint32_t addr, uint8_t *ret_data, size_t size, struct why *why)
{
	struct dfuse_comparison nothing = {.size = size};

	assert(ret_data || !size);
	return read_blocks(client, addr, ret_data, &nothing, why);
}

int dfuse_client_compare(struct dfuse_client *client, uint32_t addr,
	struct dfuse_comparison *comparison, struct why *why)
{
	comparison->same = 0;
	return read_blocks(client, addr, NULL, comparison, why);
}

/* ---- leaving ---- */

/* Some ROMs are gone before they answer (H723, H743); the F4 answers dfuMANIFEST and goes after its poll time. */
static int leave(struct dfuse_client *client, struct why *why)
{
	uint8_t bytes[DFU_STATUS_SIZE];
	int r;

	client->last.state = DFU_MANIFEST_SYNC;
	r = request(client, DFU_DNLOAD, 0, NULL, 0);
	if (looks_gone(r))
		return 0;
	if (r < 0)
		return explain(client, r, why);
	r = request(client, DFU_GETSTATUS, 0, bytes, sizeof(bytes));
	if (looks_gone(r))
		return 0;
	r = take_status(client, bytes, r, why);
	if (r < 0)
		return r;
	if (client->last.state == DFU_ERROR)
		return device_says(client, why);
	if (client->last.state != DFU_MANIFEST)
		return why_set(why, -EPROTO, "the device is in %s, dfuMANIFEST is due",
			dfu_state_text(client->last.state));
	wait_poll(client);
	return 0;
}

int dfuse_client_leave(struct dfuse_client *client, uint32_t addr, struct why *why)
{
	int r = dfuse_client_set_address(client, addr, why);

	if (r == 0) {
		begin(client, DFUSE_COMMAND_LIMIT_MS);
		r = leave(client, why);
	}
	return r < 0 ? why_prefix(why, r, "leave") : 0;
}

const char *dfuse_phase_text(enum dfuse_phase phase)
{
	static const char *const text[] = {
		[DFUSE_ERASING] = "erase",
		[DFUSE_PROGRAMMING] = "write",
		[DFUSE_VERIFYING] = "verify",
		[DFUSE_READING] = "read",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == DFUSE_PHASE_COUNT, "a text for each phase");
	return names_text(&names, phase);
}
