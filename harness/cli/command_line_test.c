/* SPDX-License-Identifier: MIT */
#include "harness/cli/command_line.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(command_line, is_what_one_types_into_a_shell)
{
	static const struct {
		const char *argv[4];
		const char *text;
	} rows[] = {
		{{"true"}, "true"},
		{{"dfu-util", "-s", "0x08000000:leave"}, "dfu-util -s 0x08000000:leave"},
		{{"sh", "-c", "lsusb; dfu-util -l"}, "sh -c 'lsusb; dfu-util -l'"},
		{{"echo", ""}, "echo ''"},
		{{"echo", "it's"}, "echo 'it'\\''s'"},
		{{"echo", "'"}, "echo ''\\'''"},
		{{"cat", "a b.bin", "~"}, "cat 'a b.bin' '~'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_ptr) char *text = command_line_text((char *const *)rows[i].argv);

		cr_expect_str_eq(text, rows[i].text);
	}
}

Test(command_line, gives_up_on_a_line_out_of_all_proportion)
{
	CLEANUP(free_ptr) char *word = malloc(70001);
	char *argv[] = {word, NULL};

	memset(word, 'a', 70000);
	word[70000] = '\0';
	cr_expect_null(command_line_text(argv));
}
