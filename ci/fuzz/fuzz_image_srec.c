/* SPDX-License-Identifier: MIT */
/* S-record files: nothing crashes, and what is accepted survives being written and read again. */
#include "ci/fuzz/fuzz_image_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_image(IMAGE_SREC, data, size);
	fuzz_image_records(IMAGE_SREC, data, size, 2, 0);
	return 0;
}
