/* SPDX-License-Identifier: MIT */
/* Any file: the format found by content, the image bent (address, choice, gaps) and written in every format. */
#include "harness/dfu/image_testing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPAN_MAX (1u << 20) /* larger gaps only cost time */

static bool is_small(const struct image *image)
{
	uint32_t low = UINT32_MAX, high = 0;

	for (size_t i = 0; i < image->element_count; i++) {
		low = image->elements[i].addr < low ? image->elements[i].addr : low;
		high = image->elements[i].addr > high ? image->elements[i].addr : high;
	}
	return high - low < SPAN_MAX;
}

static void write_all(const struct image *image)
{
	struct why why;

	for (enum image_format format = IMAGE_BIN; format < IMAGE_FORMAT_COUNT; format++) {
		CLEANUP(buf_done) struct buf out;
		CLEANUP(image_done) struct image again = {0};
		struct image_source source = {.name = "fuzz", .format = format};

		buf_init(&out, IMAGE_FILE_MAX);
		if (image_serialize(image, format, &out, &why) < 0)
			continue;
		source.data = out.data;
		source.size = out.size;
		if (image_parse(&source, &again, &why) < 0 ||
			image_size(&again) != image_size(image))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_source source = {.name = "fuzz.dfu", .data = data, .size = size};
	CLEANUP(image_done) struct image image = {0};
	struct why why;

	if (image_parse(&source, &image, &why) < 0)
		return 0;
	if (!image.addressed && image_set_address(&image, 0x08000000, &why) < 0)
		__builtin_trap();
	write_all(&image);
	if (image_select(&image, image.targets[image.elements[0].target].alternate, &why) < 0)
		__builtin_trap();
	write_all(&image);
	if (is_small(&image) && image_fill_gaps(&image, 0xff, &why) == 0)
		write_all(&image);
	return 0;
}
