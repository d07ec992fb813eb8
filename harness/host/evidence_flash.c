/* SPDX-License-Identifier: MIT */
/* What the bytes of a flash are: nothing, firmware, half of it, or something else. Pure. */
#include "harness/host/evidence_parts.h"

#include "harness/base/wire.h"
#include "harness/ts/signature_scan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

/* The checksum that rusEFI puts into its images for OpenBLT: CRC-32 of all bytes but its own four [rusEFI openblt_flash.cpp,
 * FlashVerifyChecksum]. */
#define CRC_OFFSET  0x1cu
#define SIZE_OFFSET 0x20u
#define IMAGE_MIN   0x200u
#define HOLE_MIN    2048u
#define HOLE_ALIGN  4u
#define VECTORS     8u /* bytes of stack pointer and reset vector */

/* Where an application lies behind OpenBLT: F4 and F7, H7 [rusEFI's linker scripts]. */
static const uint32_t app_offsets[] = {0x8000, 0x20000};

struct scan {
	const uint8_t *data;
	size_t size;
	uint32_t base;
	size_t end; /* offset behind the last byte that is not erased */
};

static uint32_t word_at(const struct scan *scan, size_t offset)
{
	struct reader in = reader_of(scan->data, scan->size);

	in.pos = offset < scan->size ? offset : scan->size;
	return reader_le32(&in);
}

static bool is_erased(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != 0xff)
			return false;
	return true;
}

static size_t end_of(const uint8_t *data, size_t size)
{
	while (size && data[size - 1] == 0xff)
		size--;
	return size;
}

/* ---- does it start? ---- */

/* SRAM, core-coupled memory, H7's AXI SRAM; the end of a memory counts. */
static bool is_stack(uint32_t sp)
{
	return sp % 4 == 0 &&
	       ((sp > 0x20000000 && sp <= 0x20100000) || (sp > 0x10000000 && sp <= 0x10010000) ||
		       (sp > 0x24000000 && sp <= 0x24100000));
}

/* F7 sees its flash at 0x00200000 too. */
static size_t code_offset(const struct scan *scan, uint32_t pc)
{
	uint32_t addr = pc & ~1u;

	if (addr >= 0x00200000 && addr < 0x00400000)
		addr += scan->base - 0x00200000;
	return addr >= scan->base ? addr - scan->base : SIZE_MAX;
}

static const char *cannot_start(const struct scan *scan, size_t offset)
{
	uint32_t sp = word_at(scan, offset), pc = word_at(scan, offset + 4);
	size_t code = code_offset(scan, pc);

	if (!is_stack(sp))
		return "its stack pointer is not in RAM";
	if (!(pc & 1) || code >= scan->size)
		return "its reset vector leads out of the flash";
	if (code + 2 <= scan->size && is_erased(scan->data + code, 2))
		return "its reset vector leads to erased flash";
	return NULL;
}

/* ---- is it whole? ---- */

static bool crc_fits(const struct scan *scan, size_t offset, size_t size)
{
	const uint8_t *image = scan->data + offset;
	uLong crc = crc32_z(0, image, CRC_OFFSET);

	crc = crc32_z(crc, image + CRC_OFFSET + 4, size - CRC_OFFSET - 4);
	return crc == word_at(scan, offset + CRC_OFFSET);
}

/* Unknown when there is no checksum: the size beside it makes no sense then (it is a vector, or erased). */
static enum evidence_known is_whole(const struct scan *scan, size_t offset, size_t *ret_size)
{
	size_t size = word_at(scan, offset + SIZE_OFFSET);

	if (size < IMAGE_MIN || size > scan->size - offset)
		return EVIDENCE_UNKNOWN;
	*ret_size = size;
	return evidence_of(crc_fits(scan, offset, size));
}

/* Of the application behind a loader too; the worse of the two counts. */
static void judge_whole(const struct scan *scan, size_t app, struct evidence_flash *ret)
{
	enum evidence_known of_app;
	size_t size = 0;

	ret->whole = is_whole(scan, 0, &size);
	if (!app || size > app)
		return;
	of_app = is_whole(scan, app, &size);
	if (of_app == EVIDENCE_NO || ret->whole == EVIDENCE_UNKNOWN)
		ret->whole = of_app;
}

/* ---- holes ---- */

static void note_hole(
	const struct scan *scan, size_t from, size_t to, size_t app, struct evidence_flash *ret)
{
	size_t size = to - from;

	/* What lies between a loader and its application is no hole. */
	if (size < HOLE_MIN || size <= ret->hole_size || (app && from < app && to == app))
		return;
	ret->hole_addr = scan->base + (uint32_t)from;
	ret->hole_size = (uint32_t)size;
}

static void find_holes(const struct scan *scan, size_t app, struct evidence_flash *ret)
{
	size_t from = 0;

	for (size_t at = 0; at + HOLE_ALIGN <= scan->end; at += HOLE_ALIGN) {
		if (is_erased(scan->data + at, HOLE_ALIGN))
			continue;
		note_hole(scan, from, at, app, ret);
		from = at + HOLE_ALIGN;
	}
}

/* ---- whose is it? ---- */

/* The target in a signature names its chip: "proteus_f7", "f407-discovery". */
static bool names_family(const char *target, const char *family)
{
	return strcasestr(target, family) != NULL;
}

static bool is_for_other(const char *signature, enum evidence_family family)
{
	static const char *const names[] = {[EVIDENCE_FAMILY_UNKNOWN] = "",
		[EVIDENCE_F4] = "f4",
		[EVIDENCE_F7] = "f7",
		[EVIDENCE_H7] = "h7"};
	struct ts_signature parts;
	bool other = false;

	if (family == EVIDENCE_FAMILY_UNKNOWN || ts_signature_read(signature, &parts) < 0 ||
		names_family(parts.target, names[family]))
		return false;
	for (size_t i = EVIDENCE_F4; i < ARRAY_SIZE(names); i++)
		other |= i != family && names_family(parts.target, names[i]);
	return other;
}

static void find_signature(
	const struct scan *scan, enum evidence_family family, struct evidence_flash *ret)
{
	char signature[TS_SIGNATURE_ROOM];

	if (ts_signature_scan(scan->data, scan->end, signature) < 0)
		return;
	evidence_copy(ret->signature, sizeof(ret->signature), signature);
	ret->other_chip = evidence_of(is_for_other(signature, family));
}

/* Offset of an application behind a loader, 0 = none. */
static size_t find_app(const struct scan *scan)
{
	for (size_t i = 0; i < ARRAY_SIZE(app_offsets); i++)
		if (app_offsets[i] + VECTORS <= scan->end && !cannot_start(scan, app_offsets[i]) &&
			code_offset(scan, word_at(scan, app_offsets[i] + 4)) >= app_offsets[i] &&
			(is_erased(scan->data, VECTORS) ||
				code_offset(scan, word_at(scan, 4)) < app_offsets[i]))
			return app_offsets[i];
	return 0;
}

void evidence_flash_scan(const struct evidence_bytes *bytes, struct evidence_flash *ret)
{
	const uint8_t *data = bytes->data;
	const struct scan scan = {data, bytes->size, bytes->base, end_of(data, bytes->size)};
	const char *because;
	size_t app;

	ret->readable = EVIDENCE_YES;
	ret->read = (uint32_t)scan.size;
	ret->end = scan.base + (uint32_t)scan.end;
	ret->blank = evidence_of(scan.end == 0);
	if (!scan.end)
		return;
	app = find_app(&scan);
	because = cannot_start(&scan, 0);
	ret->starts = evidence_of(!because);
	evidence_copy(ret->starts_why, sizeof(ret->starts_why), because ? because : "");
	ret->front_erased = evidence_of(is_erased(data, scan.size < VECTORS ? scan.size : VECTORS));
	ret->loader_in_front = evidence_of(app != 0);
	find_signature(&scan, bytes->family, ret);
	judge_whole(&scan, app, ret);
	find_holes(&scan, app, ret);
	ret->cut = evidence_of(
		bytes->transfer && scan.end % bytes->transfer == 0 && scan.end < scan.size);
}
