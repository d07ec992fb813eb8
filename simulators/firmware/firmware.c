/* SPDX-License-Identifier: MIT */
#include "simulators/firmware/firmware.h"

#include "harness/base/rng.h"
#include "harness/base/wire.h"
#include "simulators/firmware/firmware_header.h"
#include "simulators/firmware/firmware_real.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

#define VECTOR_TABLE_SIZE FIRMWARE_HEADER_OFFSET
#define ENTRY_OFFSET      (FIRMWARE_HEADER_OFFSET + FIRMWARE_HEADER_SIZE)
#define SIZE_MIN          0x400u
#define CHUNK             4096u
#define THUMB_LOOP        0xe7feu /* b . : as true as code can be that nobody executes */

/* --- what rusEFI has on a chip --- */

/* Where the settings lie, and where OpenBLT's application. Source: rusEFI's linker scripts and flash_int users, by way of
 * what its issues and pull requests quote; the rows for chips that are not simulated yet too. */
struct chip_layout {
	const char *prefix; /* of the chip's name */
	uint32_t flash_min; /* bytes; the first row that fits counts */
	uint32_t settings_addr[2];
	uint32_t app_offset;
	bool two_banks; /* it refuses to work in one, where the chip offers both [rusEFI issues 2675, 2679] */
};

static const struct chip_layout layouts[] = {
	{"stm32f4", 1u << 20, {0x080e0000, 0x080c0000}, 0x8000, false},
	{"stm32f4", 0, {0x08060000, 0}, 0x8000, false},
	/* In one bank, as ST ships it; in two rusEFI would have the second copy at 0x08108000 [mpu_util.cpp of the F7]. */
	{"stm32f7", 2u << 20, {0x08100000, 0x08140000}, 0x8000, false},
	{"stm32f7", 0, {0x080c0000, 0x080e0000}, 0x8000, true},
	{"stm32h7", 2u << 20, {0x08100000, 0x08120000}, 0x20000, false},
	{"stm32h7", 0, {0x080e0000, 0}, 0x20000, false},
	{"", 0, {0, 0}, 0x8000, false},
};

static const struct chip_layout *layout_of(const struct chip *chip)
{
	const struct chip_layout *layout = layouts;

	while (strncmp(chip->name, layout->prefix, strlen(layout->prefix)) != 0 ||
		chip->flash.range.size < layout->flash_min)
		layout++;
	return layout;
}

struct firmware firmware_defaults(const struct chip *chip, bool behind_openblt)
{
	const struct chip_layout *layout = layout_of(chip);
	struct firmware firmware = {
		.kind = FIRMWARE_ECU,
		.base = chip->flash.range.addr + (behind_openblt ? layout->app_offset : 0),
		/* A size within the settings page's limit of 65,536 bytes; the number itself is guessed. */
		.settings_size = 22000,
		.settings_version = 20250101,
		.settings_addr = {layout->settings_addr[0], layout->settings_addr[1]},
		.blocking_factor = 750,
		.paged = true,
		.dfu_jump = true,
		.mass_storage = true,
		.behind_openblt = behind_openblt,
	};

	snprintf(firmware.chip, sizeof(firmware.chip), "%s", chip->name);
	return firmware;
}

bool firmware_wants_two_banks(const struct chip *chip)
{
	return chip->options.dual && layout_of(chip)->two_banks;
}

bool firmware_is_for(const struct firmware *firmware, const struct chip *chip)
{
	return strcmp(firmware->chip, chip->name) == 0 ||
	       (chip->also && strcmp(firmware->chip, chip->also) == 0);
}

/* --- building --- */

static uint32_t stack_of(const struct firmware *firmware)
{
	const struct chip *chip = chip_find(firmware->chip);

	if (firmware->stack || !chip)
		return firmware->stack;
	return chip->ram.range.addr + chip->ram.range.size;
}

static int check(const struct firmware *firmware, struct why *why)
{
	if (firmware->size < SIZE_MIN)
		return why_set(why, -EINVAL, "%u bytes; an image has at least %u", firmware->size,
			SIZE_MIN);
	if (firmware->size % 4)
		return why_set(why, -EINVAL, "%u bytes: not a multiple of 4", firmware->size);
	if (!stack_of(firmware))
		return why_set(why, -EINVAL,
			"no chip \"%s\" is known here: its stack pointer must be given",
			firmware->chip);
	if (!memchr(firmware->signature, '\0', sizeof(firmware->signature)) ||
		!memchr(firmware->chip, '\0', sizeof(firmware->chip)))
		return why_set(why, -EINVAL, "a text is too long");
	if (firmware->kind == FIRMWARE_ECU && !firmware_parse_signature(firmware->signature, NULL))
		return why_set(why, -EINVAL,
			"\"%s\" is no signature: rusEFI branch.year.month.day.target.hash",
			firmware->signature);
	return 0;
}

static void write_vectors(const struct firmware *firmware, uint8_t *image)
{
	struct writer out = writer_of(image, VECTOR_TABLE_SIZE);

	writer_le32(&out, stack_of(firmware));
	while (out.pos < VECTOR_TABLE_SIZE)
		writer_le32(&out, (firmware->base + ENTRY_OFFSET) | 1);
	out.pos = FIRMWARE_SIZE_OFFSET;
	writer_le32(&out, firmware->size);
}

/* Another signature, another body. */
static void write_body(const struct firmware *firmware, uint8_t *image)
{
	struct writer out = writer_of(image + ENTRY_OFFSET, firmware->size - ENTRY_OFFSET);
	struct rng rng = {
		.state = libdeflate_crc32(firmware->base, (const uint8_t *)firmware->signature,
			strlen(firmware->signature))};

	writer_le16(&out, THUMB_LOOP);
	writer_le16(&out, THUMB_LOOP);
	while (out.size - out.pos >= 8)
		writer_le64(&out, rng_u64(&rng));
	if (out.pos < out.size)
		writer_le32(&out, (uint32_t)rng_u64(&rng));
}

/* Of all bytes but the CRC's own [rusEFI openblt_flash.cpp, FlashVerifyChecksum]. */
static uint32_t image_crc(const uint8_t *image, size_t size)
{
	uint32_t crc = libdeflate_crc32(0, image, FIRMWARE_CRC_OFFSET);

	return libdeflate_crc32(
		crc, image + FIRMWARE_CRC_OFFSET + 4, size - FIRMWARE_CRC_OFFSET - 4);
}

int firmware_build(const struct firmware *firmware, struct buf *out, struct why *why)
{
	struct writer crc;
	uint8_t *image;
	int r = check(firmware, why);

	if (r < 0)
		return r;
	r = buf_grow(out, firmware->size, &image);
	if (r < 0)
		return why_errno(why, r, "an image of %u bytes", firmware->size);
	write_vectors(firmware, image);
	firmware_header_write(firmware, image + FIRMWARE_HEADER_OFFSET);
	write_body(firmware, image);
	crc = writer_of(image + FIRMWARE_CRC_OFFSET, 4);
	writer_le32(&crc, image_crc(image, firmware->size));
	return 0;
}

/* --- recognising --- */

/* What firmware_identify looks at. */
struct source {
	int (*read)(void *user, uint32_t addr, uint8_t *ret_data, size_t size);
	void *user;
};

/* Sum over [base, base + size) without the CRC's own word. */
static int crc_of_flash(
	const struct source *source, uint32_t base, uint32_t size, uint32_t *ret_crc)
{
	uint8_t chunk[CHUNK];
	uint32_t crc = 0;

	for (uint32_t at = 0; at < size;) {
		uint32_t end = at < FIRMWARE_CRC_OFFSET ? FIRMWARE_CRC_OFFSET : size;
		uint32_t part = end - at < CHUNK ? end - at : CHUNK;

		if (source->read(source->user, base + at, chunk, part) < 0)
			return -EFAULT;
		crc = libdeflate_crc32(crc, chunk, part);
		at += part;
		if (at == FIRMWARE_CRC_OFFSET)
			at += 4;
	}
	*ret_crc = crc;
	return 0;
}

static bool is_whole(const struct source *source, uint32_t base, const struct firmware *firmware,
	uint32_t stored)
{
	uint32_t crc;

	return firmware->base == base && crc_of_flash(source, base, firmware->size, &crc) == 0 &&
	       crc == stored;
}

int firmware_identify(const struct chip *chip, uint32_t base,
	int (*read)(void *user, uint32_t addr, uint8_t *ret_data, size_t size), void *user,
	struct firmware *ret)
{
	const struct source source = {read, user};
	uint8_t start[FIRMWARE_HEADER_OFFSET + FIRMWARE_HEADER_SIZE];
	struct reader crc;

	if (read(user, base, start, sizeof(start)) < 0)
		return -ENOEXEC;
	switch (firmware_header_read(start + FIRMWARE_HEADER_OFFSET, ret)) {
	case FIRMWARE_HEADER_NONE:
		return firmware_real_identify(chip, base, read, user, ret);
	case FIRMWARE_HEADER_DAMAGED:
		*ret = (struct firmware){.kind = FIRMWARE_ECU, .base = base};
		return -ENODATA;
	case FIRMWARE_HEADER_GOOD:
		break;
	}
	crc = reader_of(start + FIRMWARE_CRC_OFFSET, 4);
	return is_whole(&source, base, ret, reader_le32(&crc)) ? 0 : -ENODATA;
}
