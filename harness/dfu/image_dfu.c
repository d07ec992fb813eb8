/* SPDX-License-Identifier: MIT */
/* The DFU suffix (USB DFU 1.1, appendix B) and plain DFU files: raw bytes with a suffix behind them. */
#include "harness/dfu/image_codec.h"

#include "harness/base/wire.h"
#include "harness/dfu/dfu.h"

#include <string.h>
#include <zlib.h>

#define DFU_FILE_VERSION 0x0100 /* bcdDFU of a file for DFU 1.0 and 1.1 alike */

/* The CRC of the suffix has no final inversion, zlib's has one. */
static uint32_t suffix_crc(const uint8_t *data, size_t size)
{
	return ~(uint32_t)crc32_z(0, data, size);
}

bool dfu_suffix_recognize(const struct image_source *source)
{
	return source->size >= DFU_SUFFIX_SIZE &&
	       memcmp(source->data + source->size - 8, "UFD", 3) == 0;
}

int dfu_suffix_parse(const struct image_source *source, struct dfu_suffix *ret, struct why *why)
{
	size_t start = source->size - DFU_SUFFIX_SIZE;
	struct reader in;
	struct dfu_suffix suffix;
	uint32_t crc, should;

	if (!dfu_suffix_recognize(source))
		return image_damaged(source, source->size, why,
			"there is no DFU suffix: the file is cut off or of another format");
	in = reader_of(source->data + start, DFU_SUFFIX_SIZE);
	suffix.ids.bcd_device = reader_le16(&in);
	suffix.ids.pid = reader_le16(&in);
	suffix.ids.vid = reader_le16(&in);
	suffix.bcd_dfu = reader_le16(&in);
	reader_take(&in, 3);
	suffix.length = reader_u8(&in);
	crc = reader_le32(&in);
	if (suffix.length < DFU_SUFFIX_SIZE || suffix.length > source->size)
		return image_damaged(source, start + 11, why,
			"the DFU suffix says that it has %zu bytes, which cannot be",
			suffix.length);
	should = suffix_crc(source->data, source->size - 4);
	if (crc != should)
		return image_damaged(source, start + 12, why,
			"the DFU suffix says CRC 0x%08x, the file has 0x%08x: it is damaged, or "
			"was changed without a new suffix",
			crc, should);
	*ret = suffix;
	return 0;
}

int dfu_suffix_append(struct buf *out, const struct dfu_suffix *suffix)
{
	uint8_t *to;
	struct writer writer;
	int r = buf_grow(out, DFU_SUFFIX_SIZE, &to);

	if (r < 0)
		return r;
	writer = writer_of(to, DFU_SUFFIX_SIZE);
	writer_le16(&writer, suffix->ids.bcd_device);
	writer_le16(&writer, suffix->ids.pid);
	writer_le16(&writer, suffix->ids.vid);
	writer_le16(&writer, suffix->bcd_dfu);
	writer_bytes(&writer, "UFD", 3);
	writer_u8(&writer, DFU_SUFFIX_SIZE);
	writer_le32(&writer, suffix_crc(out->data, out->size - 4));
	return 0;
}

static int dfu_parse(const struct image_source *source, struct image *image, struct why *why)
{
	struct dfu_suffix suffix = {0};
	int r = dfu_suffix_parse(source, &suffix, why);

	if (r < 0)
		return r;
	if (suffix.length == source->size)
		return image_damaged(source, 0, why, "there is nothing but a DFU suffix");
	if (suffix.bcd_dfu != DFU_FILE_VERSION)
		image_warn(image, "bcdDFU of the suffix is 0x%04x, 0x%04x in a plain DFU file%s",
			suffix.bcd_dfu, DFU_FILE_VERSION,
			suffix.bcd_dfu == DFUSE_VERSION ? ": a DfuSe file without its head?" : "");
	image->has_ids = true;
	image->ids = suffix.ids;
	r = image_add_raw(image, source, source->size - suffix.length, why);
	return r < 0 ? why_prefix(why, r, "%s", source->name) : 0;
}

static int dfu_serialize(const struct image *image, struct buf *out, struct why *why)
{
	struct dfu_suffix suffix = {
		.ids = image_ids_for(image, IMAGE_DFU),
		.bcd_dfu = DFU_FILE_VERSION,
	};
	int r = image_flatten(image, -1, out, why);

	return r < 0 ? r : image_output_error(dfu_suffix_append(out, &suffix), why);
}

static const char *const dfu_extensions[] = {"dfu", NULL};

const struct image_codec image_codec_dfu = {
	.extensions = dfu_extensions,
	.recognize = dfu_suffix_recognize,
	.parse = dfu_parse,
	.serialize = dfu_serialize,
};
