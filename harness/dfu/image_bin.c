/* SPDX-License-Identifier: MIT */
/* Raw bytes: no address, no checks. */
#include "harness/dfu/image_codec.h"

static int bin_parse(const struct image_source *source, struct image *image, struct why *why)
{
	int r = image_add_raw(image, source, source->size, why);

	return r < 0 ? why_prefix(why, r, "%s", source->name) : 0;
}

static int bin_serialize(const struct image *image, struct buf *out, struct why *why)
{
	return image_flatten(image, -1, out, why);
}

static const char *const bin_extensions[] = {"bin", "raw", "img", NULL};

const struct image_codec image_codec_bin = {
	.extensions = bin_extensions,
	.parse = bin_parse,
	.serialize = bin_serialize,
};
