/* SPDX-License-Identifier: MIT */
#include "harness/report/run_terminal.h"

#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct printed {
	char *text;
	size_t size;
	FILE *file;
};

static void print_or_fail(struct printed *printed, const struct run_terminal *terminal,
	const struct run_summary *run, const struct teller *teller)
{
	printed->file = open_memstream(&printed->text, &printed->size);
	cr_assert_not_null(printed->file);
	cr_assert_eq(
		run_terminal_print(terminal, printed->file, run, teller ? &teller->story : NULL),
		0);
	fclose(printed->file);
}

static void expect_print(const struct run_terminal *terminal, const struct run_summary *run,
	const struct teller *teller, const char *expected)
{
	struct printed printed;

	print_or_fail(&printed, terminal, run, teller);
	cr_expect_str_eq(printed.text, expected, "got:\n%s", printed.text);
	free(printed.text);
}

Test(run_terminal, a_pass_is_one_line)
{
	struct run_summary run = summary_of("auto-dfu", VERDICT_PASS, "updated");
	struct run_terminal terminal = {.scenario_width = 10, .flasher_width = 6};
	struct teller teller;

	teller_init(&teller);
	teller_good_run(&teller);
	expect_print(&terminal, &run, &teller,
		"auto-dfu    f407-discovery  tool    PASS     4.1 s  updated\n");
	teller_done(&teller);
}

Test(run_terminal, verbose_tells_the_story)
{
	struct run_summary run = summary_of("auto-dfu", VERDICT_PASS, "updated");
	struct run_terminal terminal = {.verbose = true};
	struct teller teller;

	teller_init(&teller);
	teller_good_run(&teller);
	expect_print(&terminal, &run, &teller,
		"auto-dfu  f407-discovery  tool  PASS     4.1 s  updated\n"
		"    0.000  board                   boot0 released, power on\n"
		"    0.000  board                   runs rusEFI old\n"
		"    0.300  USB                     0483:5740 \"rusEFI Engine Management ECU\" "
		"serial 0123456789ABCDEF01234567\n"
		"    0.300  step                    the tool runs\n"
		"    0.300  tool                    $ /usr/bin/tool --auto\n"
		"    0.300  tool \u2192 ECU              S \u2192 OK, 52 bytes\n"
		"    0.300  tool \u2192 ECU              E reboot_dfu, no answer\n"
		"    0.300  board                   resets, the firmware resets itself\n"
		"    0.300  USB                     0483:5740 gone\n"
		"    0.300  USB                     0483:df11 \"STM32  BOOTLOADER\" serial "
		"315A28A0B956\n"
		"    3.300  tool \u2192 DFU              erase sectors 0 to 3, 65,536 bytes at "
		"0x08000000\n"
		"    5.300  tool \u2192 DFU              write 65,536 bytes in 32 blocks at "
		"0x08000000\n"
		"    5.556  tool \u2192 DFU              leave, jump to 0x08000000\n"
		"    5.556  USB                     0483:df11 gone\n"
		"    5.556  tool                    exit 0\n"
		"    5.556  board                   runs rusEFI new\n"
		"    5.856  USB                     0483:5740 \"rusEFI Engine Management ECU\" "
		"serial 0123456789ABCDEF01234567\n"
		"  flash    0x08000000 \u2593\u2591\u2591\u2591\u2591\u2591\u2591\u2591\u2591\u2591"
		"\u2592\u2592  \u2593 written  \u2591 untouched  \u2592 settings, untouched\n");
	teller_done(&teller);
}

Test(run_terminal, a_fail_says_expected_got_why_and_again)
{
	struct run_summary run = summary_of("magic-lost", VERDICT_FAIL, "it lied");
	struct run_terminal terminal = {0};
	struct printed printed;
	struct teller teller;

	teller_init(&teller);
	teller_bad_run(&teller);
	print_or_fail(&printed, &terminal, &run, &teller);
	cr_expect_not_null(strstr(printed.text,
		"  expected  tool: failure\n"
		"  got       success\n"
		"  why       fault board-reset software: lose-ram, fired at 0.300 s\n"
		"  again     dfurig run magic-lost\n"));
	cr_expect_not_null(strstr(printed.text, "    0.300  fault "));
	free(printed.text);
	teller_done(&teller);
}

Test(run_terminal, a_long_story_of_a_fail_is_cut_in_the_middle)
{
	struct run_summary run = summary_of("x", VERDICT_FAIL, "");
	struct run_terminal terminal = {0};
	struct printed printed;
	struct teller teller;
	char text[16];

	teller_init(&teller);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "fault %u", i);
		TELL(&teller, .kind = EVENT_FAULT, .text = text);
	}
	print_or_fail(&printed, &terminal, &run, &teller);
	cr_expect_not_null(strstr(printed.text, "fault 19\n         \u2026 60 lines"));
	cr_expect_not_null(
		strstr(printed.text, "--verbose\n    0.000  fault                   fault 80\n"));
	free(printed.text);
	teller_done(&teller);
}

Test(run_terminal, an_error_without_a_story_says_how_to_see_it_again)
{
	struct run_summary run = summary_of("x", VERDICT_ERROR, "killed by signal 11");
	struct run_terminal terminal = {0};

	expect_print(&terminal, &run, NULL,
		"x  f407-discovery  tool  ERROR    4.1 s  killed by signal 11\n"
		"  again     dfurig run x\n");
}

Test(run_terminal, colour_is_only_there_when_asked_for_and_controls_never)
{
	struct run_summary run = summary_of("x", VERDICT_PASS, "a\033[2Jb");
	struct run_terminal colour = {.colour = true}, plain = {0};

	expect_print(&plain, &run, NULL, "x  f407-discovery  tool  PASS     4.1 s  a\uFFFD[2Jb\n");
	expect_print(&colour, &run, NULL,
		"\033[1mx\033[0m  f407-discovery  tool  \033[38;5;36mPASS\033[0m     4.1 s  "
		"a\uFFFD[2Jb\n");
}

Test(run_terminal, totals_name_the_verdicts_that_came_up)
{
	struct run_summary runs[] = {
		summary_of("a", VERDICT_PASS, ""),
		summary_of("b", VERDICT_PASS, ""),
		summary_of("c", VERDICT_SKIP, ""),
	};
	struct run_terminal terminal = {0};
	struct printed printed;

	printed.file = open_memstream(&printed.text, &printed.size);
	cr_assert_not_null(printed.file);
	run_terminal_totals(&terminal, printed.file, runs, 3, 3210000);
	run_terminal_totals(&terminal, printed.file, runs, 1, 0);
	fclose(printed.file);
	cr_expect_str_eq(printed.text, "3 runs in 3.2 s: 2 PASS, 1 SKIP\n1 run in 0.0 s: 1 PASS\n");
	free(printed.text);
}
