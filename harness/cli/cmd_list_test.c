/* SPDX-License-Identifier: MIT */
/* `dfurig list` as a person starts it. */
#include "harness/testing/run.h"
#include "harness/testing/temp.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DFURIG DFURIG_BUILD "/harness/cli/dfurig"

Test(list, shows_boards_chips_and_formats)
{
	CLEANUP(run_done) struct run boards = RUN_OR_FAIL(DFURIG, "list");
	CLEANUP(run_done) struct run chips = RUN_OR_FAIL(DFURIG, "list", "chips");
	CLEANUP(run_done) struct run formats = RUN_OR_FAIL(DFURIG, "list", "formats");

	cr_expect_eq(boards.code, 0);
	cr_expect(strstr(boards.out, "NAME "));
	cr_expect(strstr(boards.out, "0x2200  0483:df11  315A28A0B956\n"), "%s", boards.out);
	cr_expect_eq(chips.code, 0);
	cr_expect(strstr(chips.out, "stm32f407xg"), "%s", chips.out);
	cr_expect_eq(formats.code, 0);
	cr_expect(strstr(formats.out, "dfuse"), "%s", formats.out);
}

Test(list, says_where_facts_come_from_and_how_sure_they_are)
{
	CLEANUP(run_done) struct run table = RUN_OR_FAIL(DFURIG, "list", "sources");
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "sources", "--json");
	json_t *document = json_loads(run.out, 0, NULL);
	json_t *source = json_array_get(json_object_get(document, "sources"), 0);

	cr_expect(strstr(table.out, "device feature"), "%s", table.out);
	cr_expect(strstr(table.out, "guessed     [AN2606], from memory\n"), "%s", table.out);
	cr_expect_str_eq(json_string_value(json_object_get(source, "chip")), "stm32f407xg");
	cr_expect_str_eq(json_string_value(json_object_get(source, "rom")), "all");
	cr_expect_str_eq(json_string_value(json_object_get(source, "about")), "flash map");
	cr_expect_str_eq(json_string_value(json_object_get(source, "confidence")), "verified");
	cr_expect(json_string_value(json_object_get(source, "source")));
	json_decref(document);
}

Test(list, says_the_same_in_json)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "boards", "--json");
	json_t *document = json_loads(run.out, 0, NULL);
	json_t *board = json_array_get(json_object_get(document, "boards"), 0);

	cr_expect_eq(run.code, 0);
	cr_expect_str_eq(json_string_value(json_object_get(board, "name")), "f407-discovery");
	cr_expect_str_eq(json_string_value(json_object_get(board, "serial")), "315A28A0B956");
	json_decref(document);
}

Test(list, a_damaged_board_is_named_and_the_others_are_listed)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	struct run run;

	cr_assert_eq(mkdir(temp_path(&dir, "boards"), 0777), 0);
	temp_file_or_fail(&dir, "boards/a.yaml", "name: a\ncolour: red\n", 20);
	setenv("DFURIG_DATA", dir.path, 1);
	run = RUN_OR_FAIL(DFURIG, "list");
	cr_expect_eq(run.code, 3);
	cr_expect(strstr(run.err, "/boards/a.yaml:2: colour: unknown key"), "%s", run.err);
	cr_expect(strstr(run.out, "f407-discovery"), "%s", run.out);
	run_done(&run);
}

Test(list, help_has_an_example_and_the_exit_codes)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "--help");

	cr_expect_eq(run.code, 0);
	cr_expect(strstr(run.out, "dfurig list chips"));
	cr_expect(strstr(run.out, "Exit codes:"));
}

Test(list, a_wrong_word_is_a_usage_error)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "dogs");

	cr_expect_eq(run.code, 2);
	cr_expect(strstr(run.err, "\"dogs\" is not one of boards, chips, images, scenarios, "
				  "flashers, drivers, faults, sources, formats"),
		"%s", run.err);
}

Test(list, faults_are_the_words_that_fault_takes)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "faults");

	cr_expect_eq(run.code, 0);
	cr_expect(strstr(run.out, "\nwhere  dfu-execute "), "%s", run.out);
	cr_expect(strstr(run.out, "GETSTATUS erase (and so on: after it), control, in, out\n"),
		"%s", run.out);
	cr_expect(strstr(run.out, "  a DFU status such as errVENDOR\n"), "%s", run.out);
	cr_expect(strstr(run.out, " flip "), "%s", run.out);
}

Test(list, drivers_are_told_apart_as_device_manager_does)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "drivers");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect(strstr(run.out, "STM32  BOOTLOADER"), "%s", run.out);
	cr_expect(strstr(run.out, "STM Device in DFU Mode"), "%s", run.out);
	cr_expect(strstr(run.out, "STTub30"), "%s", run.out);
}
