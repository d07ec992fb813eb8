/* SPDX-License-Identifier: MIT */
#include "harness/dfu/image.h"

#include "harness/base/file.h"
#include "harness/base/names.h"
#include "harness/dfu/image_codec.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STM32_ROM_VID 0x0483
#define STM32_ROM_PID 0xdf11

static const struct image_codec *const codecs[IMAGE_FORMAT_COUNT] = {
	[IMAGE_BIN] = &image_codec_bin,
	[IMAGE_HEX] = &image_codec_hex,
	[IMAGE_SREC] = &image_codec_srec,
	[IMAGE_DFU] = &image_codec_dfu,
	[IMAGE_DFUSE] = &image_codec_dfuse,
};

static const char *const format_names[] = {
	[IMAGE_AUTO] = "auto",
	[IMAGE_BIN] = "bin",
	[IMAGE_HEX] = "hex",
	[IMAGE_SREC] = "srec",
	[IMAGE_DFU] = "dfu",
	[IMAGE_DFUSE] = "dfuse",
};
static_assert(ARRAY_SIZE(format_names) == IMAGE_FORMAT_COUNT, "a name for each format");

static const struct names formats = NAMES(format_names);

const char *image_format_text(enum image_format format)
{
	return names_text(&formats, format);
}

int image_format_value(const char *text)
{
	return names_value(&formats, text);
}

static bool has_extension(enum image_format format, const char *extension)
{
	for (const char *const *known = codecs[format]->extensions; *known; known++)
		if (strcasecmp(*known, extension) == 0)
			return true;
	return false;
}

int image_format_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash : path, '.');

	/* DfuSe and plain DFU share ".dfu": the richer one first. */
	for (enum image_format format = IMAGE_DFUSE; dot && format > IMAGE_AUTO; format--)
		if (has_extension(format, dot + 1))
			return (int)format;
	return -ENOENT;
}

void image_done(struct image *image)
{
	for (size_t i = 0; i < image->element_count; i++)
		free(image->elements[i].data);
	free(image->elements);
	free(image->targets);
	*image = (struct image){0};
}

void image_warn(struct image *image, const char *fmt, ...)
{
	va_list args;

	if (image->warning_count == IMAGE_WARNING_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(image->warnings[image->warning_count++], sizeof(image->warnings[0]), fmt, args);
	va_end(args);
}

int image_damaged(
	const struct image_source *source, size_t offset, struct why *why, const char *fmt, ...)
{
	struct why what;
	va_list args;

	va_start(args, fmt);
	vsnprintf(what.text, sizeof(what.text), fmt, args);
	va_end(args);
	return why_set(why, -EBADMSG, "%s: at byte %zu: %s", source->name, offset, what.text);
}

int image_output_error(int err, struct why *why)
{
	if (err == -EOVERFLOW)
		return why_set(why, err, "the file would be larger than the limit");
	if (err == -ENOMEM)
		return why_set(why, err, "out of memory");
	return err;
}

/* Room for one more: arrays grow whenever their count is a power of two. */
static void *grow_array(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2 * count : 1, size);
}

void image_name_target(struct image_target *target, const char *name)
{
	size_t i;

	for (i = 0; name && name[i] && i < IMAGE_NAME_SIZE - 1; i++)
		target->name[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	target->name[i] = '\0';
}

struct image_ids image_ids_for(const struct image *image, enum image_format format)
{
	struct image_ids any = {IMAGE_ANY_ID, IMAGE_ANY_ID, IMAGE_ANY_ID};
	struct image_ids stm32 = {STM32_ROM_VID, STM32_ROM_PID, IMAGE_ANY_ID};

	if (image->has_ids)
		return image->ids;
	return format == IMAGE_DFUSE ? stm32 : any;
}

int image_add_target(struct image *image, uint8_t alternate, const char *name)
{
	struct image_target *targets;

	if (image->target_count == IMAGE_TARGET_MAX)
		return -EOVERFLOW;
	targets = grow_array(image->targets, image->target_count, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	image->targets = targets;
	targets[image->target_count].alternate = alternate;
	image_name_target(&targets[image->target_count], name);
	image->target_count++;
	return 0;
}

size_t image_size(const struct image *image)
{
	size_t size = 0;

	for (size_t i = 0; i < image->element_count; i++)
		size += image->elements[i].size;
	return size;
}

static int check_element(
	const struct image *image, const struct image_element *element, struct why *why)
{
	assert(element->target < image->target_count);
	if (!element->size)
		return why_set(why, -EINVAL, "the element at 0x%08x is empty", element->addr);
	if (element->size > IMAGE_DATA_MAX)
		return why_set(why, -EOVERFLOW, "more than %u bytes of data", IMAGE_DATA_MAX);
	if (element->size > (UINT64_C(1) << 32) - element->addr)
		return why_set(why, -EINVAL,
			"the element at 0x%08x of %zu bytes runs beyond 0xffffffff", element->addr,
			element->size);
	if (image->element_count == IMAGE_ELEMENT_MAX)
		return why_set(why, -EOVERFLOW, "more than %d elements", IMAGE_ELEMENT_MAX);
	return 0;
}

/* Checks it and makes room for it. */
static int expect_element(struct image *image, const struct image_element *element, struct why *why)
{
	int r = check_element(image, element, why);
	struct image_element *elements;

	if (r < 0)
		return r;
	elements = grow_array(image->elements, image->element_count, sizeof(*elements));
	if (!elements)
		return why_errno(why, -ENOMEM, "image");
	image->elements = elements;
	return 0;
}

int image_add_element(struct image *image, const struct image_element *element, struct why *why)
{
	int r = expect_element(image, element, why);
	uint8_t *data;

	if (r < 0)
		return r;
	data = malloc(element->size);
	if (!data)
		return why_errno(why, -ENOMEM, "image");
	memcpy(data, element->data, element->size);
	image->elements[image->element_count] = *element;
	image->elements[image->element_count++].data = data;
	return 0;
}

/* The same without a copy: the source's memory becomes the element's. */
static int take_element(struct image *image, const struct image_element *element, struct buf *whole,
	struct why *why)
{
	int r = expect_element(image, element, why);

	if (r < 0)
		return r;
	image->elements[image->element_count++] = *element;
	*whole = (struct buf){.limit = whole->limit};
	return 0;
}

int image_add_raw(
	struct image *image, const struct image_source *source, size_t size, struct why *why)
{
	struct image_element element = {.data = (uint8_t *)source->data, .size = size};
	int r = image_add_target(image, 0, NULL);

	if (r < 0)
		return why_errno(why, r, "image");
	return source->whole ? take_element(image, &element, source->whole, why)
			     : image_add_element(image, &element, why);
}

static enum image_format recognize(const struct image_source *source)
{
	for (enum image_format format = IMAGE_DFUSE; format > IMAGE_AUTO; format--)
		if (codecs[format]->recognize && codecs[format]->recognize(source))
			return format;
	return IMAGE_AUTO;
}

/* Content first, for names lie; the name decides for what has no marks (raw) or whose marks are damaged. */
static enum image_format detect(const struct image_source *source, struct image *image)
{
	enum image_format format = recognize(source);
	int named = image_format_of_path(source->name);

	if (named == IMAGE_DFUSE && format != IMAGE_DFUSE)
		named = IMAGE_DFU;
	if (format == IMAGE_AUTO && named < 0) {
		image_warn(image, "neither content nor name says what this is; read as raw bytes");
		return IMAGE_BIN;
	}
	if (format == IMAGE_AUTO)
		return (enum image_format)named;
	if (named > 0 && named != (int)format)
		image_warn(image, "the name says %s, the content is %s; read as %s",
			format_names[named], format_names[format], format_names[format]);
	return format;
}

/* What people hand over by mistake. */
static int refuse_foreign(const struct image_source *source, struct why *why)
{
	if (!source->size)
		return why_set(why, -EBADMSG, "%s: the file is empty", source->name);
	if (source->format == IMAGE_AUTO && source->size > 4 &&
		memcmp(source->data, "\177ELF", 4) == 0)
		return why_set(why, -ENOTSUP,
			"%s: this is an ELF program, not an image; make one of it: "
			"arm-none-eabi-objcopy -O ihex IN.elf OUT.hex",
			source->name);
	return 0;
}

int image_parse(const struct image_source *source, struct image *ret, struct why *why)
{
	CLEANUP(image_done) struct image image = {0};
	int r = refuse_foreign(source, why);

	if (r < 0)
		return r;
	image.file_size = source->size;
	image.format = source->format == IMAGE_AUTO ? detect(source, &image) : source->format;
	r = codecs[image.format]->parse(source, &image, why);
	if (r < 0)
		return r;
	*ret = image;
	image = (struct image){0};
	return 0;
}

int image_read(const char *path, enum image_format format, struct image *ret, struct why *why)
{
	CLEANUP(buf_done) struct buf file;
	int r;

	buf_init(&file, IMAGE_FILE_MAX);
	r = file_read(path, &file, why);
	if (r < 0)
		return r;
	return image_parse(
		&(struct image_source){
			.name = path,
			.data = file.data,
			.size = file.size,
			.format = format,
			.whole = &file,
		},
		ret, why);
}

int image_need_address(const struct image *image, enum image_format format, struct why *why)
{
	if (image->addressed)
		return 0;
	return why_set(why, -EINVAL,
		"%s wants addresses, and a raw image has none: say where it belongs (--address "
		"0x08000000 is the start of an STM32's flash)",
		format_names[format]);
}

int image_serialize(
	const struct image *image, enum image_format format, struct buf *out, struct why *why)
{
	assert(format != IMAGE_AUTO && out->size == 0);
	if (!image->element_count)
		return why_set(why, -EINVAL, "the image is empty");
	return codecs[format]->serialize(image, out, why);
}

int image_format_for(const struct image *image, const char *path, struct why *why)
{
	int named = image_format_of_path(path);

	if (named < 0)
		return why_set(why, -EINVAL,
			"%s: the name does not tell the format; known are .bin .hex .s19 .dfu",
			path);
	return named == IMAGE_DFUSE && !image->addressed ? IMAGE_DFU : named;
}

int image_write(
	const struct image *image, enum image_format format, const char *path, struct why *why)
{
	CLEANUP(buf_done) struct buf out;
	int r = format == IMAGE_AUTO ? image_format_for(image, path, why) : (int)format;

	buf_init(&out, IMAGE_FILE_MAX);
	if (r < 0)
		return r;
	r = image_serialize(image, (enum image_format)r, &out, why);
	return r < 0 ? why_prefix(why, r, "%s", path) : file_write(path, out.data, out.size, why);
}
