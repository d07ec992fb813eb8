/* SPDX-License-Identifier: MIT */
/*
 * The requests of dfu-util 0.11: in which order, how long it waits, what it says and returns when one of them fails.
 *
 * Measured with Debian's dfu-util 0.11-1 through the mock, faults among it. It differs from a careful client: no request is
 * repeated, dfuERROR in the middle is not cleared, a device that stays busy with a poll time-out above 0 is waited for
 * without end.
 */
#ifndef DFURIG_HOST_TWIN_DFU_UTIL_DFUSE_H
#define DFURIG_HOST_TWIN_DFU_UTIL_DFUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/dfu/dfu.h"
#include "harness/ports/usb_host.h"

/* A device as dfu-util talks to it; all borrowed. */
struct dfu_util_link {
	struct usb_handle *usb;
	struct clock *clock;
	struct buf *out;
	uint64_t deadline_us; /* when the program is stopped, whatever it does */
	uint8_t interface;
	bool will_reset; /* a block that is answered with dfuDNBUSY is enough */
};

enum dfu_util_command {
	DFU_UTIL_SET_ADDRESS,
	DFU_UTIL_ERASE_PAGE,
	DFU_UTIL_MASS_ERASE,
	DFU_UTIL_READ_UNPROTECT,
	DFU_UTIL_COMMAND_COUNT,
};

/* All return 0 or the exit code that dfu-util ends with (HOST_OS_KILLED when its time is over); what it says is in link->out. */

/* From what the device is in to dfuIDLE, where dfu-util knows a way. */
MUST_CHECK int dfu_util_begin(struct dfu_util_link *link);

MUST_CHECK int dfu_util_special(
	struct dfu_util_link *link, enum dfu_util_command command, uint32_t addr);

#define DFU_UTIL_REFUSED (-1) /* the device says dfuERROR; no exit code yet */

/* One block at the address pointer; size 0 asks the device to leave. DFU_UTIL_REFUSED besides the others. */
MUST_CHECK int dfu_util_chunk(struct dfu_util_link *link, const uint8_t *data, size_t size);

/* One block back. *ret_size: the bytes that came. */
MUST_CHECK int dfu_util_upload(struct dfu_util_link *link, uint16_t block, uint8_t *ret_data,
	size_t size, size_t *ret_size);

MUST_CHECK int dfu_util_abort(struct dfu_util_link *link);

/* "NO_DEVICE" of LIBUSB_ERROR_NO_DEVICE, and its number. */
const char *dfu_util_error_name(int negative_errno, int *ret_number);

#endif
