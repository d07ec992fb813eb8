/* SPDX-License-Identifier: MIT */
/* For tests and fuzz targets: are two images the same, and does an image survive being written and read again? */
#ifndef DFURIG_DFU_IMAGE_TESTING_H
#define DFURIG_DFU_IMAGE_TESTING_H

#include "harness/dfu/image.h"

#include <string.h>

static inline const char *image_target_difference(const struct image *a, const struct image *b)
{
	if (a->target_count != b->target_count)
		return "number of targets";
	for (size_t i = 0; i < a->target_count; i++) {
		if (a->targets[i].alternate != b->targets[i].alternate)
			return "alternate";
		if (strcmp(a->targets[i].name, b->targets[i].name) != 0)
			return "target name";
	}
	return NULL;
}

static inline const char *image_element_difference(const struct image *a, const struct image *b)
{
	if (a->element_count != b->element_count)
		return "number of elements";
	for (size_t i = 0; i < a->element_count; i++) {
		const struct image_element *x = &a->elements[i], *y = &b->elements[i];

		if (x->target != y->target || x->addr != y->addr || x->size != y->size)
			return "place of an element";
		if (memcmp(x->data, y->data, x->size) != 0)
			return "bytes of an element";
	}
	return NULL;
}

/* What differs, or NULL. Format and warnings do not count. */
static inline const char *image_difference(const struct image *a, const struct image *b)
{
	const char *difference = image_target_difference(a, b);

	if (!difference)
		difference = image_element_difference(a, b);
	if (difference)
		return difference;
	if (a->addressed != b->addressed)
		return "addressed or not";
	if (a->has_ids != b->has_ids || a->ids.vid != b->ids.vid || a->ids.pid != b->ids.pid ||
		a->ids.bcd_device != b->ids.bcd_device)
		return "ids of the suffix";
	if (a->has_entry != b->has_entry || a->entry != b->entry)
		return "entry";
	return NULL;
}

/* Writes image in its own format and reads that again. What went wrong, or NULL. */
static inline const char *image_round_trip(const struct image *image)
{
	CLEANUP(image_done) struct image again = {0};
	CLEANUP(buf_done) struct buf out;
	struct image_source source = {.name = "round trip", .format = image->format};

	buf_init(&out, IMAGE_FILE_MAX);
	if (image_serialize(image, image->format, &out, NULL) < 0)
		return "cannot be written";
	source.data = out.data;
	source.size = out.size;
	if (image_parse(&source, &again, NULL) < 0)
		return "cannot be read again";
	return image_difference(image, &again);
}

#endif
