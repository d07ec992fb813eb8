/* SPDX-License-Identifier: MIT */
/* DfuSe files: nothing crashes, and what is accepted survives being written and read again. */
#include "ci/fuzz/fuzz_image_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_image(IMAGE_DFUSE, data, size);
	fuzz_image_suffixed(IMAGE_DFUSE, data, size);
	return 0;
}
