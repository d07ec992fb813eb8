/* SPDX-License-Identifier: MIT */
#include "harness/host/twin_dfu_util_dfuse.h"

#include "harness/base/wire.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/twin_dfu_util_args.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define TIMEOUT_MS     5000  /* of every request (measured: 5.0 s to a NAK) */
#define STALLS_MAX     3     /* of GETSTATUS while a command is carried out (measured) */
#define ZERO_POLLS_MAX 100   /* with a poll time-out of 0 (measured) */
#define MASS_LIE_MS    100   /* a poll time-out of a mass erase that it does not believe */
#define MASS_ERASE_MS  35000 /* and what it waits in place of it (measured) */
#define ROUND_TRIP_US  1000  /* a frame of full speed: what a request takes at least */
#define CHUNK_BLOCK    DFUSE_FIRST_BLOCK
#define TRANSFER_MAX   4096
#define SAY(link, ...) ((void)!buf_printf((link)->out, __VA_ARGS__))

const char *dfu_util_error_name(int negative_errno, int *ret_number)
{
	/* libusb 1.0.26, libusb.h and os/linux_usbfs.c */
	static const struct {
		int error, number;
		const char *name;
	} rows[] = {
		{-EIO, -1, "IO"},
		{-EACCES, -3, "ACCESS"},
		{-ENODEV, -4, "NO_DEVICE"},
		{-ENOENT, -5, "NOT_FOUND"},
		{-EBUSY, -6, "BUSY"},
		{-ETIMEDOUT, -7, "TIMEOUT"},
		{-EOVERFLOW, -8, "OVERFLOW"},
		{-EPIPE, -9, "PIPE"},
		{-ENOMEM, -11, "NO_MEM"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].error == negative_errno) {
			*ret_number = rows[i].number;
			return rows[i].name;
		}
	*ret_number = -1;
	return "IO";
}

static bool is_over(const struct dfu_util_link *link)
{
	return clock_now_us(link->clock) >= link->deadline_us;
}

static void wait_ms(struct dfu_util_link *link, uint32_t time_ms)
{
	uint64_t until_us = clock_after_us(link->clock, time_ms * UINT64_C(1000));

	if (time_ms)
		clock_sleep_until_us(
			link->clock, until_us < link->deadline_us ? until_us : link->deadline_us);
}

/* A loop that does not wait takes time nevertheless. */
static void pass_frame(struct dfu_util_link *link)
{
	clock_sleep_until_us(link->clock, clock_after_us(link->clock, ROUND_TRIP_US));
}

/* Returns the bytes moved or negative errno. */
static int request(struct dfu_util_link *link, enum dfu_request what, uint16_t value, uint8_t *data,
	size_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = (uint8_t)what,
		.wValue = value,
		.wIndex = link->interface,
		.wLength = (uint16_t)size,
	};
	uint8_t none[1];

	if (what == DFU_UPLOAD || what == DFU_GETSTATUS)
		setup.bmRequestType |= USB_DIR_IN;
	return link->usb->ops->control(link->usb, &setup, data ? data : none, TIMEOUT_MS);
}

/* A short answer counts as one; it leaves what the status is set to before (measured: dfuERROR). */
static int get_status(struct dfu_util_link *link, struct dfu_getstatus *ret)
{
	uint8_t bytes[DFU_STATUS_SIZE];
	int r = request(link, DFU_GETSTATUS, 0, bytes, sizeof(bytes));

	*ret = (struct dfu_getstatus){.status = DFU_ERR_UNKNOWN, .state = DFU_ERROR};
	if (r >= 0)
		(void)!dfu_getstatus_decode(bytes, (size_t)r, ret);
	return r;
}

/* What a program that failed ends with: stopped, when its time is over. */
static int failed(const struct dfu_util_link *link, int code)
{
	return is_over(link) ? HOST_OS_KILLED : code;
}

static void say_state(struct dfu_util_link *link, const struct dfu_getstatus *status)
{
	SAY(link, "DFU state(%u) = %s, status(%u) = %s\n", status->state,
		dfu_state_text(status->state), status->status,
		status->status == DFU_OK ? "No error condition is present"
					 : dfu_status_text(status->status));
}

/* ---- where the device is ---- */

/* One step towards dfuIDLE. *ret_again: it has to be asked again. */
static int step(struct dfu_util_link *link, const struct dfu_getstatus *status, bool *ret_again)
{
	*ret_again = true;
	switch (status->state) {
	case DFU_ERROR:
		SAY(link, "Clearing status\n");
		if (request(link, DFU_CLRSTATUS, 0, NULL, 0) >= 0)
			return 0;
		SAY(link, "dfu-util: error clear_status\n");
		return failed(link, DFU_UTIL_IO);
	case DFU_DNLOAD_IDLE:
	case DFU_UPLOAD_IDLE:
		SAY(link, "Aborting previous incomplete transfer\n");
		if (request(link, DFU_ABORT, 0, NULL, 0) >= 0)
			return 0;
		SAY(link, "dfu-util: can't send DFU_ABORT\n");
		return failed(link, DFU_UTIL_IO);
	case DFU_APP_IDLE:
	case DFU_APP_DETACH:
		SAY(link, "dfu-util: Device still in Run-Time Mode!\n");
		return DFU_UTIL_PROTOCOL;
	default: /* it goes on from any other: dfuDNBUSY and dfuMANIFEST among them (measured) */
		*ret_again = false;
		return 0;
	}
}

int dfu_util_begin(struct dfu_util_link *link)
{
	struct dfu_getstatus status;
	bool again = true;

	while (again) {
		int code, r;

		SAY(link, "Determining device status...\n");
		r = get_status(link, &status);
		if (r < 0) {
			SAY(link, "dfu-util: error get_status: LIBUSB_ERROR_%s\n",
				dfu_util_error_name(r, &code));
			return failed(link, DFU_UTIL_IO);
		}
		say_state(link, &status);
		wait_ms(link, status.poll_timeout_ms);
		code = step(link, &status, &again);
		if (code)
			return code;
		if (again)
			pass_frame(link);
		if (is_over(link))
			return HOST_OS_KILLED;
	}
	return 0;
}

/* ---- downloads ---- */

static int download(struct dfu_util_link *link, uint16_t block, const uint8_t *data, size_t size)
{
	uint8_t copy[TRANSFER_MAX];
	int number, r;

	if (size)
		memcpy(copy, data, size);
	r = request(link, DFU_DNLOAD, block, size ? copy : NULL, size);
	if (r < 0) {
		const char *name = dfu_util_error_name(r, &number);

		SAY(link,
			"dfu-util: dfuse_download: libusb_control_transfer returned %d "
			"(LIBUSB_ERROR_%s)\n",
			number, name);
	}
	return r;
}

static const char *const command_names[] = {
	[DFU_UTIL_SET_ADDRESS] = "SET_ADDRESS",
	[DFU_UTIL_ERASE_PAGE] = "ERASE_PAGE",
	[DFU_UTIL_MASS_ERASE] = "MASS_ERASE",
	[DFU_UTIL_READ_UNPROTECT] = "READ_UNPROTECT",
};
static_assert(ARRAY_SIZE(command_names) == DFU_UTIL_COMMAND_COUNT, "a name for each command");

static size_t encode(
	enum dfu_util_command command, uint32_t addr, uint8_t ret_bytes[static DFUSE_ADDRESS_SIZE])
{
	static const uint8_t first[] = {
		[DFU_UTIL_SET_ADDRESS] = DFUSE_SET_ADDRESS,
		[DFU_UTIL_ERASE_PAGE] = DFUSE_ERASE,
		[DFU_UTIL_MASS_ERASE] = DFUSE_ERASE,
		[DFU_UTIL_READ_UNPROTECT] = DFUSE_READ_UNPROTECT,
	};
	struct writer out = writer_of(ret_bytes, DFUSE_ADDRESS_SIZE);

	writer_u8(&out, first[command]);
	if (command == DFU_UTIL_SET_ADDRESS || command == DFU_UTIL_ERASE_PAGE)
		writer_le32(&out, addr);
	return out.pos;
}

/* What is known of a command that is being carried out. */
struct poll {
	struct dfu_getstatus status;
	uint32_t wait_ms;
	int stalls, zeros;
	bool first;
};

/* The first answer has to be dfuDNBUSY. */
static int check_first(struct dfu_util_link *link, enum dfu_util_command command, struct poll *poll)
{
	poll->first = false;
	if (poll->status.state != DFU_DNBUSY) {
		say_state(link, &poll->status);
		SAY(link, "dfu-util: Wrong state after command \"%s\" download\n",
			command_names[command]);
		return DFU_UTIL_PROTOCOL;
	}
	if (command == DFU_UTIL_MASS_ERASE && poll->status.poll_timeout_ms == MASS_LIE_MS) {
		SAY(link, "dfu-util: Setting timeout to 35 seconds\n");
		poll->wait_ms = MASS_ERASE_MS;
	}
	return 0;
}

/* Asks once, and waits as it was told. A STALL stands for what the device said last, when that was a time to wait
 * (STM32L4; measured: after the second answer on). */
static int poll_once(struct dfu_util_link *link, enum dfu_util_command command, struct poll *poll)
{
	struct dfu_getstatus last = poll->status;
	int code, r = get_status(link, &poll->status);

	if (r == -EPIPE && poll->wait_ms && poll->stalls < STALLS_MAX) {
		poll->stalls++;
		poll->status = last;
		poll->status.state = DFU_DNBUSY;
	} else if (r < 0) {
		SAY(link, "dfu-util: Error during special command \"%s\" get_status\n",
			command_names[command]);
		return failed(link, DFU_UTIL_IO);
	} else {
		poll->wait_ms = poll->status.poll_timeout_ms;
	}
	code = poll->first ? check_first(link, command, poll) : 0;
	if (code)
		return code;
	wait_ms(link, poll->wait_ms);
	poll->zeros = poll->status.poll_timeout_ms ? 0 : poll->zeros + 1;
	if (poll->zeros < ZERO_POLLS_MAX || command == DFU_UTIL_READ_UNPROTECT)
		return 0;
	SAY(link, "dfu-util: Device stuck after special command request\n");
	return DFU_UTIL_IO;
}

int dfu_util_special(struct dfu_util_link *link, enum dfu_util_command command, uint32_t addr)
{
	struct poll poll = {.first = true};
	uint8_t bytes[DFUSE_ADDRESS_SIZE];

	if (download(link, 0, bytes, encode(command, addr, bytes)) < 0) {
		SAY(link, "dfu-util: Error during special command \"%s\" download\n",
			command_names[command]);
		return failed(link, DFU_UTIL_IO);
	}
	do {
		int code = poll_once(link, command, &poll);

		if (code)
			return code;
		if (is_over(link))
			return HOST_OS_KILLED;
		if (command == DFU_UTIL_READ_UNPROTECT)
			return 0; /* nothing more is asked (measured) */
		if (!poll.wait_ms && poll.status.state == DFU_DNBUSY)
			pass_frame(link);
	} while (poll.status.state == DFU_DNBUSY);
	if (poll.status.status == DFU_OK)
		return 0;
	SAY(link, "dfu-util: %s not correctly executed\n", command_names[command]);
	return DFU_UTIL_IO;
}

/* Any other state is asked about again, for ever: dfuIDLE after a leave among them (measured: stopped after 60 s). */
static bool chunk_ends(const struct dfu_util_link *link, uint8_t state)
{
	return state == DFU_DNLOAD_IDLE || state == DFU_ERROR || state == DFU_MANIFEST ||
	       (link->will_reset && state == DFU_DNBUSY);
}

int dfu_util_chunk(struct dfu_util_link *link, const uint8_t *data, size_t size)
{
	struct dfu_getstatus status;

	if (download(link, CHUNK_BLOCK, data, size) < 0) {
		SAY(link, "dfu-util: Error during download\n");
		return failed(link, DFU_UTIL_IO);
	}
	for (;;) {
		if (get_status(link, &status) < 0) {
			SAY(link, "dfu-util: Error during download get_status\n");
			return failed(link, DFU_UTIL_IO);
		}
		wait_ms(link, status.poll_timeout_ms);
		if (is_over(link))
			return HOST_OS_KILLED;
		if (chunk_ends(link, status.state))
			break;
		if (!status.poll_timeout_ms)
			pass_frame(link);
	}
	if (status.state == DFU_MANIFEST)
		SAY(link, "Transitioning to dfuMANIFEST state\n");
	if (status.status == DFU_OK)
		return 0;
	SAY(link, " failed!\n");
	say_state(link, &status);
	return DFU_UTIL_REFUSED;
}

int dfu_util_upload(struct dfu_util_link *link, uint16_t block, uint8_t *ret_data, size_t size,
	size_t *ret_size)
{
	int number, r = request(link, DFU_UPLOAD, block, ret_data, size);
	const char *name;

	if (is_over(link))
		return HOST_OS_KILLED;
	*ret_size = r < 0 ? 0 : (size_t)r;
	if (r >= 0)
		return 0;
	name = dfu_util_error_name(r, &number);
	SAY(link, "dfu-util: dfuse_upload: libusb_control_transfer returned %d (LIBUSB_ERROR_%s)\n",
		number, name);
	return DFU_UTIL_IO;
}

int dfu_util_abort(struct dfu_util_link *link)
{
	struct dfu_getstatus status;

	if (request(link, DFU_ABORT, 0, NULL, 0) < 0) {
		SAY(link, "dfu-util: Error sending dfu abort request\n");
		return failed(link, DFU_UTIL_IO);
	}
	if (get_status(link, &status) < 0) {
		SAY(link, "dfu-util: Error during abort get_status\n");
		return failed(link, DFU_UTIL_IO);
	}
	if (status.state != DFU_IDLE) {
		SAY(link, "dfu-util: Failed to enter idle state on abort\n");
		return DFU_UTIL_IO;
	}
	wait_ms(link, status.poll_timeout_ms);
	return is_over(link) ? HOST_OS_KILLED : 0;
}
