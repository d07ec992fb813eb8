/* SPDX-License-Identifier: MIT */
#include "harness/cli/board_file.h"

#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME   "name: b\n"
#define TITLE  "title: A board\n"
#define CHIP   "chip: stm32f407xg\n"
#define ROM    "rom: 0x2200\n"
#define UID    "uid: 57002700033556b93f283331\n"
#define SOURCE "source: a test\n"
#define GOOD   NAME TITLE CHIP ROM UID SOURCE

static int parse(const char *text, struct board_file *ret, struct why *why)
{
	return board_file_parse("f.yaml", (const uint8_t *)text, strlen(text), ret, why);
}

Test(board_file, a_good_file_gives_a_board)
{
	static const uint8_t uid[] = {
		0x57, 0x00, 0x27, 0x00, 0x03, 0x35, 0x56, 0xb9, 0x3f, 0x28, 0x33, 0x31};
	struct board_file board;
	struct why why = {0};

	cr_assert_eq(parse(GOOD "parallelism: x32\n", &board, &why), 0, "%s", why_text(&why));
	cr_assert_str_eq(board.name, "b");
	cr_assert_str_eq(board.title, "A board");
	cr_assert_str_eq(board.chip->name, "stm32f407xg");
	cr_assert_eq(board.rom->bcd_device, 0x2200);
	cr_assert_arr_eq(board.uid, uid, sizeof(uid));
	cr_assert(board.has_width);
	cr_assert_eq(board.width, CHIP_X32);
}

Test(board_file, the_order_of_keys_is_free_and_parallelism_optional)
{
	struct board_file board;

	cr_assert_eq(parse(SOURCE UID ROM CHIP TITLE NAME, &board, NULL), 0);
	cr_assert_not(board.has_width);
}

struct mistake {
	const char *name;
	const char *text;
	const char *why;
};

static const struct mistake mistakes[] = {
	{"empty", "", "f.yaml: the file is empty"},
	{"only a comment", "# nothing\n", "f.yaml: the file is empty"},
	{"null document", "---\n", "f.yaml:2: \"key: value\" lines are expected (Invalid value)"},
	{"list", "- a\n", "f.yaml:1: \"key: value\" lines are expected (Invalid value)"},
	{"unknown key", GOOD "\ncolour: red\n",
		"f.yaml:8: colour: unknown key; known are name, title, chip, rom, uid, "
		"parallelism, source"},
	{"missing", NAME TITLE CHIP ROM SOURCE,
		"f.yaml:1: uid: missing; it must be 24 hex digits, the chip's unique ID as it lies "
		"in memory"},
	{"twice", GOOD NAME, "f.yaml:7: name: given twice (first in line 1)"},
	{"bad name", "name: B b\n" TITLE CHIP ROM UID SOURCE,
		"f.yaml:1: name: \"B b\" is not 1 to 48 lower-case letters, digits and \"-\", as "
		"the file is called"},
	{"name too long",
		"name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" TITLE CHIP ROM UID
			SOURCE,
		"f.yaml:1: name: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is not 1 to "
		"48 lower-case letters, digits and \"-\", as the file is called"},
	{"empty title", NAME "title:\n" CHIP ROM UID SOURCE,
		"f.yaml:2: title: \"\" is not one line of 1 to 95 characters that says what board "
		"it is"},
	{"title of two lines", NAME "title: |\n  a\n  b\n" CHIP ROM UID SOURCE,
		"f.yaml:2: title: \"a b \" is not one line of 1 to 95 characters that says what "
		"board it is"},
	{"key of two lines", "\"a\\nb\": c\n", "f.yaml:1: a key must be a word"},
	{"unknown chip", NAME TITLE "chip: z80\n" ROM UID SOURCE,
		"f.yaml:3: chip: no chip \"z80\"; there are: stm32f407xg, stm32f767xi, "
		"stm32f767xg"},
	{"rom that the chip never had", NAME TITLE CHIP "rom: 0x1234\n" UID SOURCE,
		"f.yaml:4: rom: stm32f407xg has no ROM 0x1234; it has: 0x2200, 0x2100"},
	{"rom no number", NAME TITLE CHIP "rom: new\n" UID SOURCE,
		"f.yaml:4: rom: \"new\" is not the bcdDevice of the chip's ROM bootloader, such as "
		"0x2200"},
	{"rom too large", NAME TITLE CHIP "rom: 0x12345\n" UID SOURCE,
		"f.yaml:4: rom: \"0x12345\" is not the bcdDevice of the chip's ROM bootloader, "
		"such "
		"as 0x2200"},
	{"short uid", NAME TITLE CHIP ROM "uid: 31\n" SOURCE,
		"f.yaml:5: uid: \"31\" is not 24 hex digits, the chip's unique ID as it lies in "
		"memory"},
	{"uid with other letters", NAME TITLE CHIP ROM "uid: 57002700033556b93f28333g\n" SOURCE,
		"f.yaml:5: uid: \"57002700033556b93f28333g\" is not 24 hex digits, the chip's "
		"unique "
		"ID as it lies in memory"},
	{"uid as a list", NAME TITLE CHIP ROM "uid: [1, 2]\n" SOURCE,
		"f.yaml:5: uid: this is not 24 hex digits, the chip's unique ID as it lies in "
		"memory"},
	{"uid as a mapping", NAME TITLE CHIP ROM "uid:\n  low: 1\n" SOURCE,
		"f.yaml:6: uid: this is not 24 hex digits, the chip's unique ID as it lies in "
		"memory"},
	{"unknown parallelism", GOOD "parallelism: x9\n",
		"f.yaml:7: parallelism: \"x9\" is not one of x8, x16, x32, x64"},
	{"syntax", NAME TITLE "chip: [a\n" ROM,
		"f.yaml:4: no valid YAML: did not find expected ',' or ']' while parsing a flow "
		"sequence"},
	{"tab", NAME "\ttitle: x\n",
		"f.yaml:2: no valid YAML: found a tab character that violates indentation while "
		"scanning a plain scalar"},
	{"two documents", GOOD "---\n" GOOD, "f.yaml:7: a second document begins; one is expected"},
	{"alias", "name: &a b\ntitle: *a\n", "f.yaml:2: title: aliases (*name) are not supported"},
	{"control character", NAME "title: \"a\\e[2J\"\n",
		"f.yaml:2: title: control characters are not allowed"},
	{"nul", NAME "title: \"a\\0b\"\n", "f.yaml:2: title: control characters are not allowed"},
	{"key that is no word", "[a]: b\n", "f.yaml:1: a key must be a word"},
	{"deep", "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
		"f.yaml:1: a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: nested too deeply"},
	{"not UTF-8", "name: \xff\n", "f.yaml: byte 6: no valid YAML: invalid leading UTF-8 octet"},
};

Test(board_file, a_mistake_names_file_line_key_and_what_to_do)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct board_file board = {.name = "untouched"};
		struct why why = {0};

		cr_expect_eq(
			parse(mistakes[i].text, &board, &why), -EBADMSG, "%s", mistakes[i].name);
		cr_expect_str_eq(why_text(&why), mistakes[i].why, "%s:\n%s\n%s", mistakes[i].name,
			why_text(&why), mistakes[i].why);
		cr_expect_str_eq(board.name, "untouched", "%s", mistakes[i].name);
	}
}

static void expect_serial(const char *name, uint16_t rom, const char *expected)
{
	char serial[CHIP_SERIAL_ROOM];
	struct board_file board;
	struct why why = {0};

	cr_assert_eq(board_file_load(name, &board, &why), 0, "%s", why_text(&why));
	cr_expect_str_eq(board.name, name);
	cr_expect_eq(board.rom->bcd_device, rom);
	chip_serial(board.rom, board.uid, serial);
	cr_expect_str_eq(serial, expected);
}

Test(board_file, the_boards_of_the_project_load_by_name)
{
	expect_serial("f407-discovery", 0x2200, "315A28A0B956");
	expect_serial("f407-discovery-2012", 0x2100, "207A389B5848");
}

Test(board_file, a_path_is_taken_as_it_is)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "other.yaml", GOOD, strlen(GOOD));
	struct board_file board;
	struct why why = {0};

	cr_assert_eq(board_file_load(path, &board, &why), 0, "%s", why_text(&why));
	cr_assert_str_eq(board.name, "b");
	cr_assert_eq(board_file_load("nowhere.yaml", &board, &why), -ENOENT);
	cr_assert_str_eq(why_text(&why), "nowhere.yaml: No such file or directory");
}

Test(board_file, a_file_that_is_too_large_is_refused)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char *text = malloc(data_boards.size_max + 1);
	struct board_file board;
	struct why why = {0};

	memset(text, '\n', data_boards.size_max + 1);
	cr_assert_eq(
		board_file_load(temp_file_or_fail(&dir, "x.yaml", text, data_boards.size_max + 1),
			&board, &why),
		-EFBIG);
	cr_assert_not_null(strstr(why_text(&why), "x.yaml: larger than 65536 bytes"));
	free(text);
}

/* A data folder with one board "b" of its own. */
static struct temp_dir data_dir_or_fail(const char *file, const char *text)
{
	struct temp_dir dir = temp_dir_or_fail();

	setenv("DFURIG_DATA", dir.path, 1);
	cr_assert_eq(mkdir(temp_path(&dir, "boards"), 0777), 0);
	temp_file_or_fail(&dir, file, text, strlen(text));
	return dir;
}

Test(board_file, boards_of_the_data_folder_come_first)
{
	CLEANUP(temp_dir_done)
	UNUSED struct temp_dir dir = data_dir_or_fail("boards/f407-discovery.yaml",
		"name: f407-discovery\ntitle: Mine\n" CHIP ROM UID SOURCE);
	struct board_file board;

	cr_assert_eq(board_file_load("f407-discovery", &board, NULL), 0);
	cr_assert_str_eq(board.title, "Mine");
	cr_assert_eq(board_file_load("f407-discovery-2012", &board, NULL), 0);
}

Test(board_file, a_name_that_is_not_the_files_is_refused)
{
	CLEANUP(temp_dir_done)
	UNUSED struct temp_dir dir = data_dir_or_fail("boards/other.yaml", GOOD);
	struct board_file board;
	struct why why = {0};

	cr_assert_eq(board_file_load("other", &board, &why), -EBADMSG);
	cr_assert_not_null(
		strstr(why_text(&why), "other.yaml: name: \"b\" is not what the file is called"));
}

Test(board_file, an_unknown_name_lists_the_known_ones)
{
	CLEANUP(temp_dir_done)
	UNUSED struct temp_dir dir = data_dir_or_fail("boards/a-board.yaml", GOOD);
	static const char *const names[] = {"nope", "", "..", "NOPE"};
	struct board_file board;
	char expected[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct why why = {0};

		cr_expect_eq(board_file_load(names[i], &board, &why), -ENOENT, "%s", names[i]);
		snprintf(expected, sizeof(expected),
			"no board \"%s\"; there are: a-board, f407-discovery, f407-discovery-2012, "
			"nucleo-f767, proteus-f7-1m",
			names[i]);
		cr_expect_str_eq(why_text(&why), expected);
	}
}

Test(board_file, boards_of_a_kind_differ_in_name_and_serial)
{
	struct board_file board, second, third;
	char serial[CHIP_SERIAL_ROOM];

	cr_assert_eq(board_file_load("f407-discovery", &board, NULL), 0);
	second = board_file_instance(&board, 1);
	cr_assert_arr_eq(second.uid, board.uid, sizeof(board.uid));
	cr_assert_str_eq(second.name, "f407-discovery");
	second = board_file_instance(&board, 2);
	cr_assert_str_eq(second.name, "f407-discovery-2");
	chip_serial(second.rom, second.uid, serial);
	cr_assert_str_eq(serial, "315A28A1B956");
	third = board_file_instance(&board, 3);
	cr_assert_str_eq(third.name, "f407-discovery-3");
	chip_serial(third.rom, third.uid, serial);
	cr_assert_str_eq(serial, "315A28A2B956");
}

Test(board_file, a_simulated_board_can_be_made_of_it)
{
	struct board_file board;
	struct stm32_board_config config;

	cr_assert_eq(parse(GOOD "parallelism: x32\n", &board, NULL), 0);
	config = board_file_config(&board);
	cr_assert_str_eq(config.name, "b");
	cr_assert_str_eq(config.chip, "stm32f407xg");
	cr_assert_eq(config.rom_bcd_device, 0x2200);
	cr_assert_arr_eq(config.uid, board.uid, sizeof(board.uid));
	cr_assert_eq(*config.width, CHIP_X32);
}
