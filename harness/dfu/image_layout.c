/* SPDX-License-Identifier: MIT */
/* Where the elements of an image lie: order, overlaps, gaps, and the choice among targets. */
#include "harness/dfu/image_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t element_end(const struct image_element *element)
{
	return (uint64_t)element->addr + element->size;
}

static int by_target_and_address(const void *left, const void *right)
{
	const struct image_element *a = *(const struct image_element *const *)left;
	const struct image_element *b = *(const struct image_element *const *)right;

	if (a->target != b->target)
		return a->target > b->target ? 1 : -1;
	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int by_address(const void *left, const void *right)
{
	const struct image_element *a = *(const struct image_element *const *)left;
	const struct image_element *b = *(const struct image_element *const *)right;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int check_one_alternate(const struct image *image, struct why *why)
{
	uint8_t first = image->targets[image->elements[0].target].alternate;

	for (size_t i = 1; i < image->element_count; i++) {
		uint8_t alternate = image->targets[image->elements[i].target].alternate;

		if (alternate != first)
			return why_set(why, -EINVAL,
				"the image has bytes for alternates %d and %d, and this format "
				"cannot tell them apart: choose one (--alt %d)",
				first, alternate, first);
	}
	return 0;
}

static const struct image_element **sort(
	const struct image *image, int (*compare)(const void *, const void *))
{
	const struct image_element **sorted =
		calloc(image->element_count, sizeof(const struct image_element *));

	for (size_t i = 0; sorted && i < image->element_count; i++)
		sorted[i] = &image->elements[i];
	if (sorted)
		qsort(sorted, image->element_count, sizeof(const struct image_element *), compare);
	return sorted;
}

int image_warn_overlap(struct image *image, struct why *why)
{
	CLEANUP(free_ptr)
	const struct image_element **sorted = sort(image, by_target_and_address);

	if (!sorted)
		return why_errno(why, -ENOMEM, "image");
	for (size_t i = 1; i < image->element_count; i++) {
		const struct image_element *a = sorted[i - 1], *b = sorted[i];

		if (a->target != b->target || element_end(a) <= b->addr)
			continue;
		image_warn(image,
			"alternate %d: the elements at 0x%08x and 0x%08x overlap, these bytes are "
			"programmed twice",
			image->targets[b->target].alternate, a->addr, b->addr);
		break;
	}
	return 0;
}

int image_sorted(const struct image *image, const struct image_element ***ret, struct why *why)
{
	CLEANUP(free_ptr) const struct image_element **sorted = NULL;
	int r;

	if (!image->element_count)
		return why_set(why, -EINVAL, "the image is empty");
	r = check_one_alternate(image, why);
	if (r < 0)
		return r;
	sorted = sort(image, by_address);
	if (!sorted)
		return why_errno(why, -ENOMEM, "image");
	for (size_t i = 1; i < image->element_count; i++)
		if (element_end(sorted[i - 1]) > sorted[i]->addr)
			return why_set(why, -EINVAL, "the elements at 0x%08x and 0x%08x overlap",
				sorted[i - 1]->addr, sorted[i]->addr);
	*ret = sorted;
	sorted = NULL;
	return 0;
}

/* Gap before sorted[i], in bytes. */
static uint64_t gap_before(const struct image_element **sorted, size_t i)
{
	return i ? sorted[i]->addr - element_end(sorted[i - 1]) : 0;
}

static int check_gaps(const struct image_element **sorted, size_t count, int fill, struct why *why)
{
	uint64_t span = element_end(sorted[count - 1]) - sorted[0]->addr;
	size_t gaps = 0, first = 0;

	for (size_t i = count; i > 0; i--)
		if (gap_before(sorted, i - 1)) {
			first = i - 1;
			gaps++;
		}
	if (span > IMAGE_DATA_MAX)
		return why_set(why, -EOVERFLOW,
			"from 0x%08x to 0x%08llx are %llu bytes, more than the limit of %u for raw "
			"bytes: convert to hex, srec or dfuse, which keep gaps",
			sorted[0]->addr, (unsigned long long)(sorted[0]->addr + span - 1),
			(unsigned long long)span, IMAGE_DATA_MAX);
	if (gaps && fill < 0)
		return why_set(why, -EINVAL,
			"%zu gap%s, the first of %llu bytes at 0x%08llx, and raw bytes cannot keep "
			"gaps: say what to fill them with (--fill 0xff is erased flash), or use "
			"hex, srec or dfuse",
			gaps, gaps > 1 ? "s" : "", (unsigned long long)gap_before(sorted, first),
			(unsigned long long)element_end(sorted[first - 1]));
	return 0;
}

int image_flatten(const struct image *image, int fill, struct buf *out, struct why *why)
{
	CLEANUP(free_ptr) const struct image_element **sorted = NULL;
	size_t before = out->size;
	int r = image_sorted(image, &sorted, why);

	if (r == 0)
		r = check_gaps(sorted, image->element_count, fill, why);
	for (size_t i = 0; r == 0 && i < image->element_count; i++) {
		size_t gap = (size_t)gap_before(sorted, i);
		uint8_t *to;

		r = buf_grow(out, gap + sorted[i]->size, &to);
		if (r < 0) {
			out->size = before;
			return image_output_error(r, why);
		}
		memset(to, fill, gap);
		memcpy(to + gap, sorted[i]->data, sorted[i]->size);
	}
	return r;
}

static uint32_t lowest_address(const struct image *image)
{
	uint32_t lowest = UINT32_MAX;

	for (size_t i = 0; i < image->element_count; i++)
		if (image->elements[i].addr < lowest)
			lowest = image->elements[i].addr;
	return lowest;
}

int image_fill_gaps(struct image *image, uint8_t fill, struct why *why)
{
	struct buf flat;
	int r;

	buf_init(&flat, IMAGE_DATA_MAX);
	r = image_flatten(image, fill, &flat, why);
	if (r < 0) {
		buf_done(&flat);
		return r;
	}
	image->elements[0].addr = lowest_address(image);
	for (size_t i = 0; i < image->element_count; i++)
		free(image->elements[i].data);
	image->elements[0].data = flat.data;
	image->elements[0].size = flat.size;
	image->element_count = 1;
	return 0;
}

int image_set_address(struct image *image, uint32_t addr, struct why *why)
{
	if (!image->element_count)
		return why_set(why, -EINVAL, "the image is empty");
	if (image->addressed)
		return why_set(why, -EINVAL,
			"the image has addresses of its own (the first is 0x%08x); --address is "
			"for raw bytes",
			image->elements[0].addr);
	if (image->elements[0].size > (UINT64_C(1) << 32) - addr)
		return why_set(why, -EINVAL, "%zu bytes at 0x%08x run beyond 0xffffffff",
			image->elements[0].size, addr);
	image->elements[0].addr = addr;
	image->addressed = true;
	return 0;
}

static bool has_bytes_for(const struct image *image, uint8_t alternate)
{
	for (size_t i = 0; i < image->element_count; i++)
		if (image->targets[image->elements[i].target].alternate == alternate)
			return true;
	return false;
}

int image_select(struct image *image, uint8_t alternate, struct why *why)
{
	size_t new_index[IMAGE_TARGET_MAX];
	size_t targets = 0, elements = 0;

	if (!has_bytes_for(image, alternate))
		return why_set(why, -ENOENT, "the image has nothing for alternate %d", alternate);
	for (size_t i = 0; i < image->target_count; i++) {
		new_index[i] = SIZE_MAX;
		if (image->targets[i].alternate != alternate)
			continue;
		new_index[i] = targets;
		image->targets[targets++] = image->targets[i];
	}
	for (size_t i = 0; i < image->element_count; i++) {
		struct image_element element = image->elements[i];

		element.target = new_index[element.target];
		if (element.target == SIZE_MAX)
			free(element.data);
		else
			image->elements[elements++] = element;
	}
	image->target_count = targets;
	image->element_count = elements;
	return 0;
}
