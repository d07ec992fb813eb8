/* SPDX-License-Identifier: MIT */
/* Any configuration descriptor: nothing beyond its end is read, and a port that is found has what a driver needs. */
#include "harness/host/cdc_find.h"

#include "harness/vusb/usb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cdc_function found;

	if (cdc_find(data, size, &found) &&
		(!found.in_size || !found.out_size || !(found.in & USB_DIR_IN) ||
			found.out & USB_DIR_IN))
		__builtin_trap();
	return 0;
}
