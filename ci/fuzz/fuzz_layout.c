/* SPDX-License-Identifier: MIT */
/* DfuSe layout strings: nothing crashes, and what is accepted makes sense. */
#include "harness/dfu/layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segment(const struct dfuse_layout *layout, const struct dfuse_segment *segment)
{
	struct dfuse_sector sector;
	uint32_t last = (uint32_t)(dfuse_segment_end(segment) - 1);

	assert(segment->count && segment->sector_size && segment->access);
	assert(dfuse_segment_end(segment) <= UINT64_C(1) << 32);
	assert(dfuse_layout_find(layout, segment->addr, &sector) && sector.size);
	assert(dfuse_layout_find(layout, last, &sector) && sector.addr <= last);
	assert(dfuse_layout_covers(layout, last, 1, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* of its own, so that reading beyond the end is found */
	struct dfuse_layout layout;
	struct why why = {""};

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (dfuse_layout_parse(text, &layout, &why) < 0) {
		assert(why.text[0]);
	} else {
		assert(layout.count > 0 && layout.count <= DFUSE_SEGMENT_MAX);
		for (size_t i = 0; i < layout.count; i++)
			check_segment(&layout, &layout.segments[i]);
	}
	free(text);
	return 0;
}
