/* SPDX-License-Identifier: MIT */
#include "harness/cli/board_file.h"

#include "harness/base/file.h"
#include "harness/cli/installed.h"
#include "harness/yaml/yaml_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSION   ".yaml"
#define FOLDER_MAX  3
#define NAMES_MAX   1000
#define LOWER_ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"

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

static bool is_name(const char *text)
{
	return text[0] && text[0] != '-' && strlen(text) < BOARD_FILE_NAME &&
	       text[strspn(text, LOWER_ALNUM "-")] == '\0';
}

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

	if (!is_name(document->name))
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

static bool is_path(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') ||
	       (length > strlen(EXTENSION) &&
		       strcmp(name + length - strlen(EXTENSION), EXTENSION) == 0);
}

static int load_path(const char *path, struct board_file *ret, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;
	int r;

	buf_init(&buf, BOARD_FILE_SIZE_MAX);
	r = file_read(path, &buf, why);
	return r < 0 ? r : board_file_parse(path, buf.data, buf.size, ret, why);
}

/* The folders to look in, in order. Returns their number. */
static size_t folders(char ret[static FOLDER_MAX][PATH_MAX])
{
	const char *data = getenv("DFURIG_DATA");
	size_t count = 0;

	if (data && data[0])
		snprintf(ret[count++], PATH_MAX, "%s/boards", data);
	installed_path(ret[count++], DFURIG_DATA_INSTALLED "/boards");
	snprintf(ret[count++], PATH_MAX, "%s", DFURIG_SOURCE_DIR "/fixtures/boards");
	return count;
}

static int unknown_board(const char *name, struct why *why)
{
	struct board_names names;
	char known[400] = "";
	size_t used = 0;
	int r;

	r = board_names_read(&names, why);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			used ? ", " : "", names.names[i]);
	board_names_done(&names);
	return why_set(why, -ENOENT, "no board \"%.60s\"; there are: %s", name, known);
}

int board_file_load(const char *name, struct board_file *ret, struct why *why)
{
	char where[FOLDER_MAX][PATH_MAX];
	char path[PATH_MAX + BOARD_FILE_NAME + sizeof(EXTENSION)];
	struct board_file board;
	size_t count;
	int r;

	if (is_path(name))
		return load_path(name, ret, why);
	if (!is_name(name))
		return unknown_board(name, why);
	count = folders(where);
	for (size_t i = 0; i < count; i++) {
		if (snprintf(path, sizeof(path), "%s/%s" EXTENSION, where[i], name) >=
			(int)sizeof(path))
			continue;
		r = load_path(path, &board, why);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return r;
		if (strcmp(board.name, name) != 0)
			return why_set(why, -EBADMSG,
				"%s: name: \"%s\" is not what the file is called", path,
				board.name);
		*ret = board;
		return 0;
	}
	return unknown_board(name, why);
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

/* --- the names that there are --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int add_name(struct board_names *names, const char *name)
{
	char(*more)[BOARD_FILE_NAME];

	if (names->count >= NAMES_MAX)
		return 0;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return 0;
	more = realloc(names->names, (names->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->names = more;
	snprintf(more[names->count++], sizeof(*more), "%s", name);
	return 0;
}

/* The board's name of a file's name; false when it is none. */
static bool name_of_file(const char *file, char ret[static BOARD_FILE_NAME])
{
	size_t length = strlen(file);
	size_t stem = length > strlen(EXTENSION) ? length - strlen(EXTENSION) : 0;

	if (!stem || stem >= BOARD_FILE_NAME || strcmp(file + stem, EXTENSION) != 0)
		return false;
	memcpy(ret, file, stem);
	ret[stem] = '\0';
	return is_name(ret);
}

static int add_folder(struct board_names *names, const char *path)
{
	DIR *dir = opendir(path);
	char name[BOARD_FILE_NAME];
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0; /* not built here, or not installed */
	while (r == 0 && (entry = readdir(dir)))
		if (name_of_file(entry->d_name, name))
			r = add_name(names, name);
	closedir(dir);
	return r;
}

int board_names_read(struct board_names *ret, struct why *why)
{
	char where[FOLDER_MAX][PATH_MAX];
	struct board_names names = {0};
	size_t count = folders(where);

	for (size_t i = 0; i < count; i++) {
		if (add_folder(&names, where[i]) == 0)
			continue;
		board_names_done(&names);
		return why_errno(why, -ENOMEM, "%s", where[i]);
	}
	if (names.count)
		qsort(names.names, names.count, sizeof(names.names[0]), compare_names);
	*ret = names;
	return 0;
}

void board_names_done(struct board_names *names)
{
	free(names->names);
	*names = (struct board_names){0};
}
