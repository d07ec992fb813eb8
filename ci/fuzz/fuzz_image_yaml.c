/* SPDX-License-Identifier: MIT */
/* Image specs: nothing crashes, a refusal has a reason, and what is accepted is an image that is recognised. */
#include "harness/cli/image_file.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_file image;
	struct why why = {""};
	int r;

	if (size > 4096) /* what libyaml takes long for is not looked for here */
		return 0;
	r = image_file_parse("f.yaml", data, size, &image, &why);
	if (r < 0) {
		assert(r == -EBADMSG);
		assert(strncmp(why.text, "f.yaml:", 7) == 0 && !strchr(why.text, '\n'));
		return 0;
	}
	assert(image.part_count > 0 && image.part_count <= IMAGE_PART_MAX);
	assert(image.bytes.size >= image.parts[0].size);
	image_file_done(&image);
	return 0;
}
