/* SPDX-License-Identifier: MIT */
/* Any content of a flash: nothing beyond its end is read, and what is said of it does not contradict itself. */
#include "harness/host/evidence.h"

#include <string.h>

#define BASE 0x08000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct evidence_bytes *bytes, const struct evidence_flash *found)
{
	if (found->end < BASE || found->end - BASE > bytes->size ||
		(found->blank == EVIDENCE_YES) != (found->end == BASE))
		__builtin_trap();
	if (found->hole_size &&
		(found->hole_addr < BASE || found->hole_addr + found->hole_size >= found->end))
		__builtin_trap();
	if ((found->starts == EVIDENCE_NO) != (found->starts_why[0] != '\0') ||
		(found->other_chip != EVIDENCE_UNKNOWN && !found->signature[0]))
		__builtin_trap();
}

/* The first byte says which family, the rest is the flash. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence_flash found;
	struct evidence_bytes bytes = {.base = BASE, .transfer = 64};

	if (!size)
		return 0;
	bytes.family = data[0] % (EVIDENCE_H7 + 1);
	bytes.data = data + 1;
	bytes.size = size - 1;
	memset(&found, 0, sizeof(found));
	evidence_flash_scan(&bytes, &found);
	check(&bytes, &found);
	return 0;
}
