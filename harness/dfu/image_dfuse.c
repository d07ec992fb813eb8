/* SPDX-License-Identifier: MIT */
/*
 * DfuSe files (ST UM0391): prefix, targets with their elements, DFU suffix.
 *
 * DFUImageSize has two readings. UM0391 says the file's total length, and dfuse-pack 0.11 counts the suffix in; fwupd
 * and MicroPython leave the suffix out; dfu-util ignores the field. Both are read, the first is written.
 */
#include "harness/dfu/image_codec.h"

#include "harness/base/wire.h"
#include "harness/dfu/dfu.h"

#include <errno.h>
#include <string.h>

#define DFUSE_PREFIX_SIZE    11
#define DFUSE_TARGET_SIZE    274
#define DFUSE_ELEMENT_SIZE   8
#define DFUSE_NAME_SIZE      255
#define DFUSE_FORMAT_VERSION 1

/* A parse under way. */
struct dfuse_input {
	const struct image_source *source; /* borrowed */
	struct reader in;                  /* without the suffix */
	struct image *image;               /* borrowed */
	struct why *why;
};

static bool dfuse_recognize(const struct image_source *source)
{
	return source->size >= DFUSE_PREFIX_SIZE && memcmp(source->data, "DfuSe", 5) == 0;
}

static int dfuse_check_size(
	struct dfuse_input *input, uint32_t size, const struct dfu_suffix *suffix)
{
	size_t total = input->source->size;

	if (size == total)
		return 0;
	if (size == total - suffix->length) {
		image_warn(input->image,
			"DFUImageSize does not count the suffix (as fwupd and MicroPython have it; "
			"ST and dfuse-pack count it)");
		return 0;
	}
	return image_damaged(input->source, 6, input->why,
		"DFUImageSize says %u bytes, the file has %zu: it is cut off or damaged", size,
		total);
}

/* On success *ret_targets says how many targets follow. */
static int dfuse_prefix(
	struct dfuse_input *input, const struct dfu_suffix *suffix, uint8_t *ret_targets)
{
	uint8_t version;

	if (!dfuse_recognize(input->source))
		return image_damaged(
			input->source, 0, input->why, "a DfuSe file starts with \"DfuSe\"");
	reader_take(&input->in, 5);
	version = reader_u8(&input->in);
	if (version != DFUSE_FORMAT_VERSION)
		return image_damaged(input->source, 5, input->why,
			"version %d of the DfuSe format is unknown (1 is)", version);
	if (suffix->bcd_dfu != DFUSE_VERSION)
		image_warn(input->image, "bcdDFU of the suffix is 0x%04x, 0x%04x in a DfuSe file",
			suffix->bcd_dfu, DFUSE_VERSION);
	if (dfuse_check_size(input, reader_le32(&input->in), suffix) < 0)
		return -EBADMSG;
	*ret_targets = reader_u8(&input->in);
	return 0;
}

static int dfuse_element(struct dfuse_input *input, struct reader *in)
{
	size_t at = (size_t)(in->data - input->source->data) + in->pos;
	struct image_element element = {.target = input->image->target_count - 1};
	int r;

	element.addr = reader_le32(in);
	element.size = reader_le32(in);
	if (in->failed || element.size > reader_left(in))
		return image_damaged(input->source, at, input->why,
			"the element runs beyond the end of its target");
	element.data = (uint8_t *)reader_take(in, element.size);
	r = image_add_element(input->image, &element, input->why);
	if (r < 0) {
		r = r == -EINVAL ? -EBADMSG : r;
		return why_prefix(input->why, r, "%s: at byte %zu", input->source->name, at);
	}
	return 0;
}

static int dfuse_elements(struct dfuse_input *input, size_t start, uint32_t size, uint32_t count)
{
	const uint8_t *bytes = reader_take(&input->in, size);
	struct reader in;
	int r = 0;

	if (!bytes)
		return image_damaged(input->source, start, input->why,
			"the target says that it has %u bytes, the file has fewer", size);
	in = reader_of(bytes, size);
	for (uint32_t i = 0; r == 0 && i < count; i++)
		r = dfuse_element(input, &in);
	if (r == 0 && reader_left(&in))
		return image_damaged(input->source, start, input->why,
			"the target says that it has %u bytes, its %u elements have fewer", size,
			count);
	return r;
}

static int dfuse_target(struct dfuse_input *input)
{
	size_t start = input->in.pos;
	const uint8_t *bytes = reader_take(&input->in, DFUSE_TARGET_SIZE);
	char name[DFUSE_NAME_SIZE + 1] = "";
	struct reader in = reader_of(bytes, DFUSE_TARGET_SIZE);
	uint8_t alternate;
	uint32_t size;
	bool named;
	int r;

	if (!bytes || memcmp(bytes, "Target", 6) != 0)
		return image_damaged(
			input->source, start, input->why, "a target starts with \"Target\"");
	reader_take(&in, 6);
	alternate = reader_u8(&in);
	named = reader_le32(&in) != 0;
	bytes = reader_take(&in, DFUSE_NAME_SIZE);
	if (named)
		memcpy(name, bytes, DFUSE_NAME_SIZE);
	size = reader_le32(&in);
	r = image_add_target(input->image, alternate, name);
	if (r < 0)
		return why_errno(input->why, r, "%s", input->source->name);
	return dfuse_elements(input, start, size, reader_le32(&in));
}

static int dfuse_parse(const struct image_source *source, struct image *image, struct why *why)
{
	struct dfuse_input input = {.source = source, .image = image, .why = why};
	struct dfu_suffix suffix;
	uint8_t targets = 0;
	int r = dfu_suffix_parse(source, &suffix, why);

	if (r < 0)
		return r;
	input.in = reader_of(source->data, source->size - suffix.length);
	r = dfuse_prefix(&input, &suffix, &targets);
	for (unsigned i = 0; r == 0 && i < targets; i++)
		r = dfuse_target(&input);
	if (r < 0)
		return r;
	if (reader_left(&input.in))
		return image_damaged(source, input.in.pos, why,
			"%zu bytes lie between the last target and the suffix",
			reader_left(&input.in));
	if (!image->element_count)
		return image_damaged(source, input.in.pos, why, "the file holds no data");
	image->addressed = true;
	image->has_ids = true;
	image->ids = suffix.ids;
	return image_warn_overlap(image, why);
}

static int dfuse_put_element(struct buf *out, const struct image_element *element)
{
	uint8_t header[DFUSE_ELEMENT_SIZE];
	struct writer writer = writer_of(header, sizeof(header));
	int r;

	writer_le32(&writer, element->addr);
	writer_le32(&writer, (uint32_t)element->size);
	r = buf_append(out, header, sizeof(header));
	return r < 0 ? r : buf_append(out, element->data, element->size);
}

static int dfuse_put_target(struct buf *out, const struct image *image, size_t index)
{
	const struct image_target *target = &image->targets[index];
	size_t name_size = strnlen(target->name, sizeof(target->name));
	uint32_t count = 0, size = 0;
	uint8_t header[DFUSE_TARGET_SIZE];
	struct writer writer = writer_of(header, sizeof(header));
	int r;

	for (size_t i = 0; i < image->element_count; i++)
		if (image->elements[i].target == index) {
			count++;
			size += (uint32_t)(DFUSE_ELEMENT_SIZE + image->elements[i].size);
		}
	writer_bytes(&writer, "Target", 6);
	writer_u8(&writer, target->alternate);
	writer_le32(&writer, name_size ? 1 : 0);
	writer_bytes(&writer, target->name, name_size);
	writer_fill(&writer, 0, DFUSE_NAME_SIZE - name_size);
	writer_le32(&writer, size);
	writer_le32(&writer, count);
	r = buf_append(out, header, sizeof(header));
	for (size_t i = 0; r == 0 && i < image->element_count; i++)
		if (image->elements[i].target == index)
			r = dfuse_put_element(out, &image->elements[i]);
	return r;
}

static int dfuse_put_prefix(struct buf *out, const struct image *image)
{
	size_t size = DFUSE_PREFIX_SIZE + image->target_count * DFUSE_TARGET_SIZE +
		      image->element_count * DFUSE_ELEMENT_SIZE + image_size(image) +
		      DFU_SUFFIX_SIZE;
	uint8_t prefix[DFUSE_PREFIX_SIZE];
	struct writer writer = writer_of(prefix, sizeof(prefix));

	if (size > out->limit)
		return -EOVERFLOW;
	writer_bytes(&writer, "DfuSe", 5);
	writer_u8(&writer, DFUSE_FORMAT_VERSION);
	writer_le32(&writer, (uint32_t)size);
	writer_u8(&writer, (uint8_t)image->target_count);
	return buf_append(out, prefix, sizeof(prefix));
}

static int dfuse_serialize(const struct image *image, struct buf *out, struct why *why)
{
	struct dfu_suffix suffix = {
		.ids = image_ids_for(image, IMAGE_DFUSE),
		.bcd_dfu = DFUSE_VERSION,
	};
	int r = image_need_address(image, IMAGE_DFUSE, why);

	if (r < 0)
		return r;
	r = dfuse_put_prefix(out, image);
	for (size_t i = 0; r == 0 && i < image->target_count; i++)
		r = dfuse_put_target(out, image, i);
	if (r == 0)
		r = dfu_suffix_append(out, &suffix);
	return image_output_error(r, why);
}

static const char *const dfuse_extensions[] = {"dfu", "dfuse", NULL};

const struct image_codec image_codec_dfuse = {
	.extensions = dfuse_extensions,
	.recognize = dfuse_recognize,
	.parse = dfuse_parse,
	.serialize = dfuse_serialize,
};
