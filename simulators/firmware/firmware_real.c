/* SPDX-License-Identifier: MIT */
#include "simulators/firmware/firmware_real.h"

#include "harness/base/wire.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK  4096u
#define PREFIX "rusEFI "

/* A chip's flash, and how to look at it. */
struct source {
	const struct chip *chip;
	int (*read)(void *user, uint32_t addr, uint8_t *ret_data, size_t size);
	void *user;
};

/* --- the signature --- */

/* The next part of at least one character up to `end`. Returns what comes behind the end, or NULL. */
static const char *take_part(const char *text, char end, char *ret, size_t room)
{
	const char *stop = strchr(text, end);

	if (!stop || stop == text)
		return NULL;
	snprintf(ret, room, "%.*s", (int)(stop - text), text);
	return end ? stop + 1 : stop;
}

static bool is_number(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789") == digits;
}

static bool is_printable(const char *text)
{
	while (*text && isprint((unsigned char)*text))
		text++;
	return !*text;
}

bool firmware_parse_signature(const char *text, struct firmware_signature *ret)
{
	struct firmware_signature parts;
	const char *at = text;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0 || !is_printable(text))
		return false;
	at = take_part(at + strlen(PREFIX), '.', parts.branch, sizeof(parts.branch));
	at = at ? take_part(at, '.', parts.year, sizeof(parts.year)) : NULL;
	at = at ? take_part(at, '.', parts.month, sizeof(parts.month)) : NULL;
	at = at ? take_part(at, '.', parts.day, sizeof(parts.day)) : NULL;
	at = at ? take_part(at, '.', parts.target, sizeof(parts.target)) : NULL;
	at = at && !strchr(at, '.') ? take_part(at, '\0', parts.hash, sizeof(parts.hash)) : NULL;
	if (!at || !is_number(parts.year, 4) || !is_number(parts.month, 2) ||
		!is_number(parts.day, 2))
		return false;
	if (ret)
		*ret = parts;
	return true;
}

/* --- finding it --- */

/* What may be a signature at the start of a text of `size` bytes. */
static bool signature_at(const uint8_t *text, size_t size, char ret[static FIRMWARE_TEXT])
{
	const uint8_t *end = memchr(text, '\0', size < FIRMWARE_TEXT ? size : FIRMWARE_TEXT);
	char copy[FIRMWARE_TEXT];

	if (!end)
		return false;
	memcpy(copy, text, (size_t)(end - text) + 1);
	if (!firmware_parse_signature(copy, NULL))
		return false;
	memcpy(ret, copy, sizeof(copy));
	return true;
}

static bool find_in(const uint8_t *data, size_t size, size_t *ret_offset, char *ret_text)
{
	const uint8_t *at = data;
	const uint8_t *end = data + size;

	while ((at = memchr(at, PREFIX[0], (size_t)(end - at)))) {
		if (signature_at(at, (size_t)(end - at), ret_text)) {
			*ret_offset = (size_t)(at - data);
			return true;
		}
		if (++at == end)
			break;
	}
	return false;
}

/* Pieces overlap by the longest text, so that none is cut in two. */
static bool find_signature(
	const struct source *source, uint32_t base, uint32_t *ret_addr, char *ret_text)
{
	const struct chip_range *flash = &source->chip->flash.range;
	uint8_t chunk[CHUNK + FIRMWARE_TEXT];
	uint32_t left = flash->addr + flash->size - base;

	for (uint32_t at = 0; at < left; at += CHUNK) {
		uint32_t size = left - at < sizeof(chunk) ? left - at : (uint32_t)sizeof(chunk);
		size_t offset;

		if (source->read(source->user, base + at, chunk, size) < 0)
			return false;
		if (find_in(chunk, size, &offset, ret_text)) {
			*ret_addr = base + at + (uint32_t)offset;
			return true;
		}
	}
	return false;
}

/* --- what it is --- */

/* The entry of a vector table that this chip can start from; 0 = there is none. */
static uint32_t entry_at(const struct source *source, uint32_t addr)
{
	const struct chip *chip = source->chip;
	uint8_t table[8];
	struct reader in;
	uint32_t stack, entry;

	if (!chip_range_holds(&chip->flash.range, addr, sizeof(table)) ||
		source->read(source->user, addr, table, sizeof(table)) < 0)
		return 0;
	in = reader_of(table, sizeof(table));
	stack = reader_le32(&in);
	entry = chip_real_address(
		chip, reader_le32(&in)); /* rusEFI on F7: on the ITCM bus [STM32F7.ld] */
	if (!chip_range_holds(&chip->ram.range, stack - 4, 4) &&
		!chip_range_holds(&chip->ram.core, stack - 4, 4))
		return 0;
	return entry & 1 && chip_range_holds(&chip->flash.range, entry - 1, 2) ? entry - 1 : 0;
}

int firmware_real_identify(const struct chip *chip, uint32_t base,
	int (*read)(void *user, uint32_t addr, uint8_t *ret_data, size_t size), void *user,
	struct firmware *ret)
{
	const struct source source = {chip, read, user};
	uint32_t app_base = firmware_defaults(chip, true).base;
	uint32_t entry = entry_at(&source, base);
	uint32_t app_entry = entry_at(&source, app_base);
	struct firmware found = firmware_defaults(chip, base != chip->flash.range.addr);
	uint32_t addr;

	if (!entry || !find_signature(&source, base, &addr, found.signature))
		return -ENOEXEC;
	found.base = base;
	/* Code below the application's base, a second vector table there, and the text behind it: that is OpenBLT and
	 * the signature is the application's. */
	if (base == chip->flash.range.addr && entry < app_base && app_entry > app_base &&
		addr >= app_base) {
		found = (struct firmware){.kind = FIRMWARE_OPENBLT,
			.base = base,
			.app_base = app_base,
			.dfu_check = true};
		snprintf(found.chip, sizeof(found.chip), "%s", chip->name);
	}
	*ret = found;
	return 0;
}
