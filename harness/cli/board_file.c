/* SPDX-License-Identifier: MIT */
#include "harness/cli/board_file.h"

#include "harness/cli/data_files.h"
#include "harness/yaml/yaml_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The document as libcyaml loads it, before chip and UID are looked at. */
struct document {
	char name[BOARD_FILE_NAME];
	char title[96];
	char source[1024];
	char chip[64];
	char uid[2 * CHIP_UID_SIZE + 1];
	uint16_t rom;
	enum chip_width *parallelism; /* NULL = not given */
};

static const cyaml_strval_t widths[] = {
	{"x8", CHIP_X8},
	{"x16", CHIP_X16},
	{"x32", CHIP_X32},
	{"x64", CHIP_X64},
};

static const cyaml_schema_field_t fields[] = {
	CYAML_FIELD_STRING("name", CYAML_FLAG_DEFAULT, struct document, name, 1),
	CYAML_FIELD_STRING("title", CYAML_FLAG_DEFAULT, struct document, title, 1),
	CYAML_FIELD_STRING("chip", CYAML_FLAG_DEFAULT, struct document, chip, 1),
	CYAML_FIELD_UINT("rom", CYAML_FLAG_DEFAULT, struct document, rom),
	CYAML_FIELD_STRING("uid", CYAML_FLAG_DEFAULT, struct document, uid, 2 * CHIP_UID_SIZE),
	CYAML_FIELD_ENUM_PTR("parallelism", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
		struct document, parallelism, widths, CYAML_ARRAY_LEN(widths)),
	CYAML_FIELD_STRING("source", CYAML_FLAG_DEFAULT, struct document, source, 1),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, fields),
};

static const struct yaml_expected expected[] = {
	{"name", "1 to 48 lower-case letters, digits and \"-\", as the file is called"},
	{"title", "one line of 1 to 95 characters that says what board it is"},
	{"chip", "the name of a chip (dfurig list chips)"},
	{"rom", "the bcdDevice of the chip's ROM bootloader, such as 0x2200"},
	{"uid", "24 hex digits, the chip's unique ID as it lies in memory"},
	{"parallelism", "one of x8, x16, x32, x64"},
	{"source", "1 to 1023 characters that say where this is known from"},
	{NULL, NULL},
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_uid(const char *hex, uint8_t ret[static CHIP_UID_SIZE])
{
	for (size_t i = 0; i < CHIP_UID_SIZE; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int unknown_chip(const struct yaml_file *file, const char *name, struct why *why)
{
	char known[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < chip_count && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			used ? ", " : "", chips[i].name);
	return yaml_file_bad(file, why, "chip", "no chip \"%s\"; there are: %s", name, known);
}

static int unknown_rom(
	const struct yaml_file *file, const struct chip *chip, uint16_t rom, struct why *why)
{
	char known[128];

	return yaml_file_bad(file, why, "rom", "%s has no ROM 0x%04x; it has: %s", chip->name, rom,
		chip_roms_text(chip, known, sizeof(known)));
}

/* What the schema cannot see. */
static int check_document(const struct yaml_file *file, const struct document *document,
	struct board_file *ret, struct why *why)
{
	struct board_file board = {.chip = chip_find(document->chip)};

	if (!data_is_name(document->name))
		return yaml_file_bad_value(file, why, "name");
	if (strpbrk(document->title, "\n\t"))
		return yaml_file_bad_value(file, why, "title");
	if (!board.chip)
		return unknown_chip(file, document->chip, why);
	board.rom = chip_find_rom(board.chip, document->rom);
	if (!board.rom)
		return unknown_rom(file, board.chip, document->rom, why);
	if (!read_uid(document->uid, board.uid))
		return yaml_file_bad_value(file, why, "uid");
	if (document->parallelism) {
		board.has_width = true;
		board.width = *document->parallelism;
		if (!board.chip->flash.program[board.width].typ_us)
			return yaml_file_bad(
				file, why, "parallelism", "%s cannot do that", board.chip->name);
	}
	memcpy(board.name, document->name, sizeof(document->name));
	memcpy(board.title, document->title, sizeof(document->title));
	memcpy(board.source, document->source, sizeof(document->source));
	*ret = board;
	return 0;
}

int board_file_parse(
	const char *path, const uint8_t *data, size_t size, struct board_file *ret, struct why *why)
{
	struct yaml_file file = {.name = path, .schema = &schema, .expected = expected};
	void *document = NULL;
	int r;

	r = yaml_file_load(&file, data, size, &document, why);
	if (r == 0)
		r = check_document(&file, document, ret, why);
	yaml_file_free(&file, document);
	yaml_file_done(&file);
	return r;
}

int board_file_load(const char *name, struct board_file *ret, struct why *why)
{
	CLEANUP(data_file_done) struct data_file file;
	struct board_file board;
	int r = data_file_read(&data_boards, name, &file, why);

	if (r == 0)
		r = board_file_parse(file.path, file.data, file.size, &board, why);
	if (r == 0)
		r = data_check_name(name, file.path, board.name, why);
	if (r == 0)
		*ret = board;
	return r;
}

struct board_file board_file_instance(const struct board_file *board, unsigned int n)
{
	struct board_file copy = *board;
	unsigned int x = board->uid[0] | (unsigned int)board->uid[1] << 8;

	if (n <= 1)
		return copy;
	x += n - 1;
	copy.uid[0] = (uint8_t)x;
	copy.uid[1] = (uint8_t)(x >> 8);
	snprintf(copy.name, sizeof(copy.name), "%.48s-%u", board->name, n);
	return copy;
}

struct stm32_board_config board_file_config(const struct board_file *board)
{
	struct stm32_board_config config = {
		.name = board->name,
		.chip = board->chip->name,
		.rom_bcd_device = board->rom->bcd_device,
		.width = board->has_width ? &board->width : NULL,
	};

	memcpy(config.uid, board->uid, sizeof(config.uid));
	return config;
}
