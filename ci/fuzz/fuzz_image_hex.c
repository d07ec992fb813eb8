/* SPDX-License-Identifier: MIT */
/* Intel HEX files: nothing crashes, and what is accepted survives being written and read again. */
#include "ci/fuzz/fuzz_image_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_image(IMAGE_HEX, data, size);
	fuzz_image_records(IMAGE_HEX, data, size, 1, 1);
	return 0;
}
