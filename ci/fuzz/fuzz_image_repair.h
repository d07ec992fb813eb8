/* SPDX-License-Identifier: MIT */
/* For the fuzz targets of image files: the body they share, and checksums made right so that mutations get past them. */
#ifndef DFURIG_FUZZ_IMAGE_REPAIR_H
#define DFURIG_FUZZ_IMAGE_REPAIR_H

#include "harness/dfu/dfu.h"
#include "harness/dfu/image_codec.h"
#include "harness/dfu/image_testing.h"
#include "harness/dfu/image_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses must survive the round trip. */
static inline void fuzz_image(enum image_format format, const uint8_t *data, size_t size)
{
	struct image_source source = {.name = "fuzz", .data = data, .size = size, .format = format};
	CLEANUP(image_done) struct image image = {0};
	struct why why;

	if (image_parse(&source, &image, &why) == 0 && image_round_trip(&image))
		__builtin_trap();
}

/* The same with every record's sum made right: the complement of all but the last byte, plus plus_one. */
static inline void fuzz_image_records(
	enum image_format format, const uint8_t *data, size_t size, size_t skip, uint8_t plus_one)
{
	struct image_source source = {.name = "fuzz", .data = data, .size = size};
	struct image_text text;
	CLEANUP(buf_done) struct buf copy;
	uint8_t *to;

	buf_init(&copy, IMAGE_FILE_MAX);
	if (!size || buf_append(&copy, data, size) < 0)
		return;
	image_text_init(&text, &source);
	while (image_text_next(&text)) {
		uint8_t sum = 0;

		if (image_text_decode(&text, skip, NULL) < 0 || !text.count)
			continue;
		for (size_t i = 0; i < text.count - 1; i++)
			sum = (uint8_t)(sum + text.bytes[i]);
		sum = (uint8_t)(~sum + plus_one);
		to = copy.data + (text.line - data) + text.length - 2;
		image_text_encode((char *)to, &sum, 1);
	}
	fuzz_image(format, copy.data, copy.size);
}

/* The same with a suffix behind it, and with DFUImageSize made right. */
static inline void fuzz_image_suffixed(enum image_format format, const uint8_t *data, size_t size)
{
	struct dfu_suffix suffix = {.ids = {0x0483, 0xdf11, 0x2200},
		.bcd_dfu = DFUSE_VERSION,
		.length = DFU_SUFFIX_SIZE};
	CLEANUP(buf_done) struct buf copy;
	size_t total = size + DFU_SUFFIX_SIZE;

	buf_init(&copy, IMAGE_FILE_MAX);
	if (buf_append(&copy, data, size) < 0)
		return;
	for (size_t i = 6; format == IMAGE_DFUSE && size >= 10 && i < 10; i++)
		copy.data[i] = (uint8_t)(total >> (8 * (i - 6)));
	if (dfu_suffix_append(&copy, &suffix) == 0)
		fuzz_image(format, copy.data, copy.size);
}

#endif
