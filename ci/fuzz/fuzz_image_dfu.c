/* SPDX-License-Identifier: MIT */
/* DFU suffix files: nothing crashes, and what is accepted survives being written and read again. */
#include "ci/fuzz/fuzz_image_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_image(IMAGE_DFU, data, size);
	fuzz_image_suffixed(IMAGE_DFU, data, size);
	return 0;
}
