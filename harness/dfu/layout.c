/* SPDX-License-Identifier: MIT */
#include "harness/dfu/layout.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define ADDRESS_SPACE (UINT64_C(1) << 32)

struct parser {
	const char *text; /* the whole string, for messages */
	const char *at;
	struct why *why;
};

static int bad(const struct parser *parser, const char *wanted)
{
	return why_set(parser->why, -EBADMSG, "layout \"%s\": %s expected at character %zu",
		parser->text, wanted, (size_t)(parser->at - parser->text) + 1);
}

static bool accept(struct parser *parser, char wanted)
{
	if (*parser->at != wanted)
		return false;
	parser->at++;
	return true;
}

static int digit_value(char digit)
{
	if (isdigit((unsigned char)digit))
		return digit - '0';
	if (isxdigit((unsigned char)digit))
		return tolower((unsigned char)digit) - 'a' + 10;
	return 16;
}

/* A number that fits 32 bits, in any number of digits. */
static int number(struct parser *parser, int base, const char *what, uint32_t *ret)
{
	uint64_t value = 0;
	const char *start = parser->at;

	for (; digit_value(*parser->at) < base; parser->at++) {
		value = value * (uint64_t)base + (uint64_t)digit_value(*parser->at);
		if (value > UINT32_MAX)
			return bad(parser, "a number of 32 bits");
	}
	if (parser->at == start)
		return bad(parser, what);
	*ret = (uint32_t)value;
	return 0;
}

/* Blank and none both mean bytes: "01*016 e" (F4 option bytes), "01*528e" (F72x OTP). */
static uint64_t multiplier(struct parser *parser)
{
	if (accept(parser, 'K'))
		return 1024;
	if (accept(parser, 'M'))
		return 1024 * 1024;
	if (!accept(parser, 'B'))
		accept(parser, ' ');
	return 1;
}

static int parse_segment(struct parser *parser, uint64_t addr, struct dfuse_segment *ret)
{
	uint64_t size;
	int err = number(parser, 10, "a count of sectors", &ret->count);

	if (err)
		return err;
	if (!accept(parser, '*'))
		return bad(parser, "'*'");
	err = number(parser, 10, "a sector size", &ret->sector_size);
	if (err)
		return err;
	size = ret->sector_size * multiplier(parser);
	if (*parser->at < 'a' || *parser->at > 'g')
		return bad(parser, "a type letter from 'a' to 'g'");
	ret->access = (uint8_t)(*parser->at - 'a' + 1);
	if (ret->count == 0 || size == 0 || size > ADDRESS_SPACE / ret->count ||
		size * ret->count > ADDRESS_SPACE - addr || size > UINT32_MAX)
		return bad(parser, "the end of a memory within 4 GiB, not empty, before here");
	parser->at++;
	ret->sector_size = (uint32_t)size;
	ret->addr = (uint32_t)addr;
	return 0;
}

/* "0x08000000/04*016Kg,01*064Kg" */
static int parse_region(struct parser *parser, struct dfuse_layout *layout)
{
	uint32_t start;
	uint64_t addr;
	int err;

	if (!accept(parser, '0') || (!accept(parser, 'x') && !accept(parser, 'X')))
		return bad(parser, "an address \"0x...\"");
	err = number(parser, 16, "a hexadecimal address", &start);
	if (err)
		return err;
	if (!accept(parser, '/'))
		return bad(parser, "'/'");
	addr = start;
	do {
		struct dfuse_segment *segment = &layout->segments[layout->count];

		if (layout->count == DFUSE_SEGMENT_MAX)
			return why_set(parser->why, -E2BIG, "layout \"%s\": more than %d parts",
				parser->text, DFUSE_SEGMENT_MAX);
		err = parse_segment(parser, addr, segment);
		if (err)
			return err;
		addr = dfuse_segment_end(segment);
		layout->count++;
	} while (accept(parser, ','));
	return 0;
}

static int parse_name(struct parser *parser, struct dfuse_layout *layout)
{
	size_t size;

	if (!accept(parser, '@'))
		return bad(parser, "'@'");
	size = strcspn(parser->at, "/");
	if (size >= sizeof(layout->name)) {
		parser->at += sizeof(layout->name);
		return bad(parser, "the end of the name");
	}
	memcpy(layout->name, parser->at, size);
	parser->at += size;
	while (size > 0 && layout->name[size - 1] == ' ')
		size--;
	layout->name[size] = '\0';
	return 0;
}

int dfuse_layout_parse(const char *text, struct dfuse_layout *ret, struct why *why)
{
	struct parser parser = {.text = text, .at = text, .why = why};
	int err;

	ret->count = 0;
	err = parse_name(&parser, ret);
	if (err)
		return err;
	do {
		if (!accept(&parser, '/'))
			return bad(&parser, "'/'");
		err = parse_region(&parser, ret);
		if (err)
			return err;
	} while (*parser.at == '/');
	while (accept(&parser, ' '))
		;
	return *parser.at ? bad(&parser, "',' or '/'") : 0;
}

uint64_t dfuse_segment_end(const struct dfuse_segment *segment)
{
	return segment->addr + (uint64_t)segment->sector_size * segment->count;
}

bool dfuse_layout_find(const struct dfuse_layout *layout, uint32_t addr, struct dfuse_sector *ret)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct dfuse_segment *segment = &layout->segments[i];

		if (addr < segment->addr || addr >= dfuse_segment_end(segment))
			continue;
		*ret = (struct dfuse_sector){
			.addr = addr - (addr - segment->addr) % segment->sector_size,
			.size = segment->sector_size,
			.access = segment->access,
		};
		return true;
	}
	return false;
}

bool dfuse_layout_covers(
	const struct dfuse_layout *layout, uint32_t addr, size_t size, uint8_t access)
{
	uint64_t at = addr;
	uint64_t end = addr + (uint64_t)(size ? size : 1);
	struct dfuse_sector sector;

	while (at < end) {
		if (at >= ADDRESS_SPACE || !dfuse_layout_find(layout, (uint32_t)at, &sector) ||
			(sector.access & access) != access)
			return false;
		at = (uint64_t)sector.addr + sector.size;
	}
	return true;
}
