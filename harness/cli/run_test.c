/* SPDX-License-Identifier: MIT */
/*
 * `dfurig run` in the hands of somebody who is in a hurry: mistakes in files and on the command line, tools that misbehave,
 * ends before the end.
 */
#include "harness/cli/exec_files_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCENARIO                                                                                   \
	"name: story\ntitle: t\nsource: s\nflow: manual\n"                                         \
	"start: {firmware: rusefi-2025}\nimage: rusefi-2026\n"
#define STEPS  "steps:\n  - press: program\n  - wait-for: dfu\n  - update\n"
#define EXPECT "expect: {outcome: updated}\n"

/* --- mistakes in files --- */

/* The scenario as a file; its path, borrowed until the next of the folder. */
static const char *scenario_or_fail(struct temp_dir *dir, const char *text)
{
	return temp_file_or_fail(dir, "story.yaml", text, strlen(text));
}

static const struct mistake {
	const char *text, *says; /* behind the path */
} mistakes[] = {
	{SCENARIO "board: teensy\n" STEPS EXPECT,
		":7: board: no board \"teensy\"; there are: f407"},
	{"name: story\ntitle: t\nsource: s\nflow: manual\nstart: {firmware: rusefi-1066}\n"
	 "image: rusefi-2026\n" EXPECT,
		":5: start.firmware: no image \"rusefi-1066\"; there are: "},
	{"name: story\ntitle: t\nsource: s\nflow: manual\nimage: rusefi-1066\n" EXPECT,
		":5: image: no image \"rusefi-1066\"; there are: "},
	{SCENARIO "steps:\n  - update\n  - update: manual\n    image: nothing\n" EXPECT,
		":10: steps[1].image: no image \"nothing\"; there are: "},
	{SCENARIO "expect: {signature: nothing}\n",
		":7: expect.signature: no image \"nothing\"; there are: "},
	{SCENARIO EXPECT "expect-of:\n  builtin: {signature: nothing}\n",
		":9: expect-of.builtin.signature: no image \"nothing\"; there are: "},
	{SCENARIO EXPECT "faults:\n  - {at: moon, do: lose-ram}\n",
		":9: faults[0].at: \"moon\" is not one of board-reset, "},
	{SCENARIO EXPECT "faults:\n  - {at: board-reset, do: explode}\n",
		":9: faults[0].do: \"explode\" is not one of nothing, delay, "},
	{SCENARIO EXPECT "faults:\n  - {at: dfu-connect, do: delay}\n",
		":9: faults[0].do: a delay needs a time such as 2.9 s"},
	{SCENARIO EXPECT "faults:\n  - {at: dfu-connect, do: delay,\n     time: soon}\n",
		":10: faults[0].time: \"soon\" is not a time such as 2.9 s"},
	{SCENARIO EXPECT "faults:\n  - {at: board-reset, do: stall}\n",
		":9: faults[0].do: \"stall\" is not possible at board-reset; possible are "
		"delay, lose-ram, no-show, cut-power, brown-out, reset, unplug, kill"},
	{SCENARIO EXPECT "faults:\n  - {at: request, match: DNLODE, do: stall}\n",
		":9: faults[0].match: \"DNLODE\" is not one of DETACH, DNLOAD, "},
	{SCENARIO EXPECT "faults:\n  - {at: request, nth: 0, do: stall}\n",
		":9: faults[0].nth: \"0\" is not a number from 1"},
	{SCENARIO EXPECT "faults:\n  - {at: time, do: kill}\n",
		":9: faults[0].at: after: a time such as 2 s is needed"},
};

Test(run, what_a_scenario_names_in_vain_is_said_with_its_place_before_anything_runs)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const struct mistake *mistake = &mistakes[i];
		const char *path = scenario_or_fail(&dir, mistake->text);
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "run", "--flasher", "builtin", path);

		cr_expect_eq(run.code, 3, "%s: exit %d", mistake->says, run.code);
		cr_expect_str_empty(run.out);
		cr_expect(strstr(run.err, mistake->says), "\"%s\" is not in: %s", mistake->says,
			run.err);
	}
}

Test(run, the_same_scenario_without_a_mistake_passes)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = scenario_or_fail(&dir, SCENARIO STEPS EXPECT);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "--flasher", "builtin", path);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
}

/* --- mistakes on the command line --- */

static const struct bad_line {
	const char *option, *value;
	int code;
	const char *says;
} bad_lines[] = {
	{"--jobs", "-1", 2, "run: --jobs: \"-1\" is no number"},
	{"--seed", "0x1ffffffff", 2, "run: --seed: 0x1ffffffff is too large"},
	{"--shard", "0/3", 2, "--shard: \"0/3\" is not I/N"},
	{"--shard", "-1/-1", 2, "--shard: \"-1/-1\" is not I/N"},
	{"--shard", "1/99999999999999999999", 2, "is not I/N"},
	{"--shard", "1/2/", 2, "is not I/N"},
	{"--report", "", 2, "--report: a name is needed"},
	{"--json", "", 2, "--json: a name is needed"},
	{"--transport", "usb", 2, "\"usb\" is not one of direct, mock"},
	{"--board", "teensy", 3, "dfurig: no board \"teensy\"; there are: f407"},
	{"--flasher", "nothing", 3, "dfurig: no flasher \"nothing\"; there are: builtin"},
	{"--report", "/dev/full", 3, "dfurig: /dev/full: Not a directory"},
	{"--json", "/nowhere/x", 3, "dfurig: /nowhere/x: No such file or directory"},
};

Test(run, a_wrong_command_line_runs_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		const struct bad_line *line = &bad_lines[i];
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "run", "auto-dfu", line->option, line->value);

		cr_expect_eq(run.code, line->code, "%s \"%s\": exit %d", line->option, line->value,
			run.code);
		cr_expect_str_empty(run.out);
		cr_expect(strstr(run.err, line->says), "\"%s\" is not in: %s", line->says, run.err);
	}
}

Test(run, a_report_does_not_take_the_place_of_a_file)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "report", "mine", 4);
	CLEANUP(run_done)
	struct run run =
		RUN_OR_FAIL(DFURIG, "run", "auto-dfu", "--flasher", "builtin", "--report", path);
	CLEANUP(buf_done) struct buf content = content_or_fail(path);

	cr_expect_eq(run.code, 3);
	expect_text(run.err, "/report: Not a directory\n");
	cr_expect_eq(content.size, 4);
}

Test(run, runs_of_the_same_name_have_their_own_captures_and_the_line_that_repeats_one_is_quoted)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *text = "name: idle\ntitle: t\nsource: s\nflow: manual\n"
			   "image: rusefi-2026\nsteps:\n  - wait: 1 ms\n" EXPECT;
	char path[512], report[512], capture[600];

	snprintf(path, sizeof(path), "%s",
		temp_file_or_fail(&dir, "my idle.yaml", text, strlen(text)));
	snprintf(report, sizeof(report), "%s", temp_path(&dir, "rép ort"));
	CLEANUP(run_done)
	struct run run =
		RUN_OR_FAIL(DFURIG, "run", "--flasher", "builtin", "--report", report, path, path);

	cr_expect_eq(run.code, 1, "%s%s", run.out, run.err);
	expect_text(run.out, "my idle.yaml' --flasher builtin --transport direct --seed 1\n");
	expect_text(run.out, "  capture   idle-builtin-direct.pcapng\n");
	expect_text(run.out, "  capture   idle-builtin-direct-2.pcapng\n");
	snprintf(capture, sizeof(capture), "%s/idle-builtin-direct-2.pcapng", report);
	cr_expect_eq(access(capture, R_OK), 0);
}

Test(run, without_its_capture_a_run_has_not_passed)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("sh", "-c",
		"trap '' XFSZ; ulimit -f 1000; exec \"$0\" run auto-dfu --flasher builtin --report "
		"\"$1\"",
		DFURIG, temp_path(&dir, "report"));

	cr_expect_eq(run.code, 125, "exit %d", run.code);
	expect_text(run.out, "ERROR");
	expect_text(run.out, "auto-dfu-builtin-direct.pcapng: File too large\n");
}

Test(run, json_comes_behind_what_was_printed_before)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, "run", "auto-dfu", "--flasher", "builtin", "--json", "/dev/stdout");
	const char *totals = strstr(run.out, "\n1 run in "), *json = strstr(run.out, "\n{");

	cr_assert(totals && json, "%s", run.out);
	cr_expect_lt(totals, json, "%s", run.out);
}

/* --- tools that misbehave --- */

/* A flasher of this script; its path. */
static const char *flasher_or_fail(struct temp_dir *dir, const char *script)
{
	char path[512], text[1024];

	snprintf(path, sizeof(path), "%s",
		temp_file_or_fail(dir, "tool.sh", script, strlen(script)));
	snprintf(text, sizeof(text),
		"name: tool\ntitle: t\ncommand: [sh, %s, \"{image}\"]\nflows: [auto, manual]\n"
		"success: {exit: 0}\nlimit: 20 s\nsource: t\n",
		path);
	return temp_file_or_fail(dir, "tool.yaml", text, strlen(text));
}

/* It runs in place of an update of a blank board; what the terminal shows of it. */
static struct run run_tool_or_fail(struct temp_dir *dir, const char *script, const char *report)
{
	const char *text = "name: story\ntitle: t\nsource: s\nflow: manual\nimage: rusefi-2026\n"
			   "expect: {outcome: not-updated, tool: failure}\n";
	char scenario[512];

	snprintf(scenario, sizeof(scenario), "%s", scenario_or_fail(dir, text));
	return RUN_OR_FAIL(DFURIG, "run", scenario, "--transport", "mock", "--verbose", "--flasher",
		flasher_or_fail(dir, script), "--report", report);
}

static void expect_no_control(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		cr_assert(*c >= ' ' || *c == '\n', "control character %02x in %s", *c, text);
	cr_expect_not(strstr(text, "\302\233"), "CSI of 8 bits");
}

Test(run, what_a_tool_prints_cannot_reach_into_the_terminal_nor_the_page)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char report[512], page[600];

	snprintf(report, sizeof(report), "%s", temp_path(&dir, "report"));
	CLEANUP(run_done)
	struct run run = run_tool_or_fail(&dir,
		"printf '\\033]0;title\\007\\033[31m\\302\\233 "
		"31m\\n<script>alert(1)</script>\\n'\n"
		"printf 'a\\tb\\n\\377\\376 no end of line <b>'; exit 1\n",
		report);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_no_control(run.out);
	snprintf(page, sizeof(page), "%s/index.html", report);
	CLEANUP(buf_done) struct buf html = content_or_fail(page);
	cr_assert_eq(buf_append(&html, "", 1), 0);
	expect_text((const char *)html.data, "&lt;script&gt;alert(1)");
	expect_text((const char *)html.data, "no end of line &lt;b&gt;");
	expect_text((const char *)html.data, "a b");
	cr_expect_not(strstr((const char *)html.data, "<script>alert"));
	cr_expect_not(memchr(html.data, '\033', html.size));
}

static const struct tool {
	const char *name, *script;
} tools[] = {
	{"says nothing", "exit 1"},
	{"closes its output and ends by a signal", "exec >&- 2>&-; kill -SEGV $$"},
	{"prints anything, and far too much",
		"head -c 100000 /dev/urandom; head -c 3000000 /dev/zero | tr '\\0' x; "
		"yes | head -c 10000000; exit 1"},
	{"asks, and removes the folder of its image",
		"read answer && exit 0; rm -rf \"${1%/*}\"; exit 1"},
};

Test(run, a_tool_may_do_what_it_likes_and_is_judged, .timeout = 60)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char report[512];

	snprintf(report, sizeof(report), "%s", temp_path(&dir, "report"));
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		CLEANUP(run_done)
		struct run run = run_tool_or_fail(&dir, tools[i].script, report);

		cr_expect_eq(run.code, 0, "%s: exit %d\n%s%s", tools[i].name, run.code, run.out,
			run.err);
		cr_expect_str_empty(run.err, "%s", tools[i].name);
		expect_no_control(run.out);
	}
}

/* What a tool writes into its image is its own affair. */
Test(run, a_tool_that_spoils_its_image_spoils_no_other_run)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *flasher = flasher_or_fail(&dir, "echo >\"$1\"; exit 1\n");
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "blank-chip", "--transport", "mock", "-j1",
		"--flasher", flasher, "--flasher", "builtin");

	expect_text(run.out, "  tool     FAIL ");
	expect_text(run.out, "  builtin  PASS ");
}

static const struct absent {
	const char *command, *says;
} absents[] = {
	{"no-such-tool", "tool.yaml: command: no-such-tool is not installed\n"},
	{"/tmp", "tool.yaml: command: /tmp is not installed\n"},
};

Test(run, a_program_that_is_not_there_is_named)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(absents); i++) {
		char text[300];
		int n = snprintf(text, sizeof(text),
			"name: tool\ntitle: t\ncommand: [%s, \"{image}\"]\nflows: [manual]\n"
			"success: {exit: 0}\nlimit: 20 s\nsource: t\n",
			absents[i].command);
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "run", "blank-chip", "--flasher",
			temp_file_or_fail(&dir, "tool.yaml", text, (size_t)n));

		cr_expect_eq(run.code, 3, "%s%s", run.out, run.err);
		expect_text(run.err, absents[i].says);
	}
}

Test(run, a_flasher_of_ours_that_is_not_installed_is_skipped)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("env", "PATH=/nowhere", DFURIG, "run", "blank-chip",
		"--transport", "mock", "--flasher", "stm32-programmer-cli");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_text(run.out, "SKIP     0.0 s  STM32_Programmer_CLI is not installed\n");
}

/* What it started goes with it, and is not held against it. */
Test(run, a_tool_that_takes_too_long_is_stopped)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *text = "name: tool\ntitle: t\n"
			   "command: [sh, -c, \"sleep 100; exit 0\", \"{image}\"]\n"
			   "flows: [manual]\nsuccess: {exit: 0}\nlimit: 300 ms\nsource: t\n";
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "manual-dfu", "--transport", "mock",
		"--flasher", temp_file_or_fail(&dir, "tool.yaml", text, strlen(text)));

	cr_expect_eq(run.code, 1, "%s%s", run.out, run.err);
	expect_text(run.out, "it was stopped after its time");
	cr_expect_null(strstr(run.out, "left running"), "%s", run.out);
}

/* --- the terminal --- */

static const struct screen {
	const char *set_up, *options, *has, *has_not;
} screens[] = {
	{"stty cols 80", "--transport mock", "\r\033[K 0 of 1 runs", NULL},
	{"stty cols 20", "--transport mock", "\033[1mstory", "of 1 runs"},
	{"export TERM=dumb", "--transport direct", "story", "\033"},
	{"export NO_COLOR=1", "--transport direct", "story", "\033[1m"},
};

Test(run, the_terminal_is_sent_what_it_understands, .timeout = 60)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *text = "name: story\ntitle: t\nsource: s\nflow: manual\nimage: rusefi-2026\n"
			   "expect: {outcome: not-updated}\n";
	char scenario[300], flasher[300], command[1200];

	need_tool("script");
	snprintf(scenario, sizeof(scenario), "%s", scenario_or_fail(&dir, text));
	snprintf(flasher, sizeof(flasher), "%s", flasher_or_fail(&dir, "sleep 1.5; exit 1\n"));
	for (size_t i = 0; i < ARRAY_SIZE(screens); i++) {
		const struct screen *screen = &screens[i];

		snprintf(command, sizeof(command),
			"unset NO_COLOR; export TERM=xterm; %s; " DFURIG " run %s %s --flasher %s",
			screen->set_up, scenario, screen->options,
			strstr(screen->options, "mock") ? flasher : "builtin");
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL("script", "-qec", command, "/dev/null");

		expect_text(run.out, screen->has);
		cr_expect(!screen->has_not || !strstr(run.out, screen->has_not), "%s: %s",
			screen->set_up, run.out);
	}
}

Test(run, a_name_from_the_command_line_does_not_steer_the_terminal)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "run", "\033[2Jx");

	cr_expect_eq(run.code, 3);
	expect_text(run.err, "dfurig: no scenario \"?[2Jx\"; there are: ");
}

/* --- the same again --- */

/* Only the folder of the image has another name each time. */
static void forget_folder(char *text)
{
	for (char *at = text; (at = strstr(at, "/dfurig-")); at++)
		for (char *c = at + strlen("/dfurig-"); *c && *c != '/'; c++)
			*c = 'X';
}

Test(run, the_same_seed_tells_the_same_story)
{
	CLEANUP(run_done)
	struct run first = RUN_OR_FAIL(
		DFURIG, "run", "auto-dfu", "magic-lost", "--flasher", "builtin", "-v", "-j1");
	CLEANUP(run_done)
	struct run second = RUN_OR_FAIL(
		DFURIG, "run", "auto-dfu", "magic-lost", "--flasher", "builtin", "-v", "-j1");
	const char *end = strstr(first.out, "2 runs in");

	cr_assert_eq(first.code, 0, "%s%s", first.out, first.err);
	cr_assert_not_null(end);
	forget_folder(first.out);
	forget_folder(second.out);
	cr_expect_eq(strncmp(first.out, second.out, (size_t)(end - first.out)), 0, "%s\n%s",
		first.out, second.out);
}

/* --- an end before the end --- */

/* Ends the run with a signal as soon as the tool has begun; or closes what it prints to. */
static const char ending[] =
	"export TMPDIR=\"$1\"; mkfifo \"$1/begun\"\n"
	"case $2 in\n"
	"PIPE) \"$0\" run magic-lost --flasher builtin --flasher \"$3\" --transport mock -j1 "
	"--report \"$1/report\" | true; exit ;;\n"
	"esac\n"
	"\"$0\" run magic-lost --flasher builtin --flasher \"$3\" --transport mock -j1 "
	"--report \"$1/report\" & pid=$!\n"
	"read line <\"$1/begun\"; kill -$2 $pid; wait $pid\n";

static void expect_tidy(struct temp_dir *dir, const char *signal_name)
{
	char command[600];

	snprintf(command, sizeof(command), "ls %s | grep -v -e report -e begun -e tool", dir->path);
	CLEANUP(run_done) struct run left = RUN_OR_FAIL("sh", "-c", command);
	cr_expect_str_empty(left.out, "%s: left: %s", signal_name, left.out);
	snprintf(command, sizeof(command), "%s/report/index.html", dir->path);
	cr_expect_eq(access(command, R_OK), 0, "%s: no report", signal_name);
}

static void expect_ended_by(const char *signal_name, const char *says)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char script[600], flasher[512];

	snprintf(script, sizeof(script), "echo >%s/begun; sleep 1000 & sleep 1000\n", dir.path);
	snprintf(flasher, sizeof(flasher), "%s", flasher_or_fail(&dir, script));
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("sh", "-c", ending, DFURIG, dir.path, signal_name, flasher);

	expect_tidy(&dir, signal_name);
	cr_expect(strstr(run.err, says), "%s: no \"%s\" in: %s", signal_name, says, run.err);
	if (strcmp(signal_name, "PIPE") == 0)
		return;
	cr_expect_eq(run.code, 125, "%s: exit %d", signal_name, run.code);
	expect_text(run.out, "/report/index.html\n");
}

Test(run, ended_by_a_person_or_the_system_it_tidies_up_and_writes_the_report, .timeout = 60)
{
	expect_ended_by("TERM", "interrupted after 1 of 2 runs");
	expect_ended_by("HUP", "interrupted after 1 of 2 runs");
	expect_ended_by("PIPE", "cannot be printed");
}

/* --- faults besides --- */

Test(run, faults_besides_are_in_the_line_that_repeats_the_run)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "manual-dfu", "--flasher", "builtin", "--fault",
		"request write nth=3: stall", "--fault", "erase after=50%: kill");

	cr_expect_eq(run.code, 1, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, " --fault 'request write nth=3: stall' --fault 'erase after=50%: "
				  "kill'"),
		"%s", run.out);
}

Test(run, a_fault_besides_that_never_fires_is_an_error)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "manual-dfu", "--flasher", "builtin", "--fault",
		"request UPLOAD nth=60000: stall");

	cr_expect_eq(run.code, 125, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "the fault never fired: request UPLOAD nth=60000: stall"), "%s",
		run.out);
}

Test(run, a_fault_that_makes_no_sense_is_a_mistake_of_the_command_line)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "manual-dfu", "--fault", "board-reset: stall");

	cr_expect_eq(run.code, 2);
	cr_expect(
		strstr(run.err, "--fault: \"stall\" is not possible at board-reset; possible are "),
		"%s", run.err);
}
