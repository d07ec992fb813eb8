/* SPDX-License-Identifier: MIT */
/* Scenario files: what they give, and what is said of mistakes. */
#include "harness/scenario/model.h"
#include "harness/scenario/steps.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD   "name: s\ntitle: A story\nsource: a test\nflow: auto\nimage: new\n" /* 5 lines */
#define EXPECT "expect: {outcome: updated}\n"

static int parse(const char *text, struct scenario **ret, struct why *why)
{
	return scenario_parse("f.yaml", (const uint8_t *)text, strlen(text), ret, why);
}

static void scenario_freep(struct scenario **scenario)
{
	scenario_free(*scenario);
}

static struct scenario *parse_or_fail(const char *text)
{
	struct scenario *scenario = NULL;
	struct why why = {""};

	cr_assert_eq(parse(text, &scenario, &why), 0, "%s", why_text(&why));
	return scenario;
}

Test(scenario_parse, the_shortest_file_is_an_update_of_the_default_board)
{
	CLEANUP(scenario_freep) struct scenario *s = parse_or_fail(HEAD EXPECT);
	struct scenario_board board = scenario_board(s, 0);

	cr_assert_str_eq(scenario_name(s), "s");
	cr_assert_str_eq(scenario_title(s), "A story");
	cr_assert_eq(scenario_board_count(s), 1);
	cr_assert_str_eq(board.board, "f407-discovery");
	cr_assert_null(board.firmware);
	cr_assert_eq(board.tune, SCENARIO_TUNE_NONE);
	cr_assert_eq(board.percent, 100);
	cr_assert_not(board.foreign);
	cr_assert_eq(board.options.value_count, 0);
	cr_assert(s->starts[0].power);
	cr_assert(s->starts[0].usb);
	cr_assert_not(s->starts[0].boot0);
	cr_assert_eq(s->step_count, 1);
	cr_assert(step_is_update(&s->steps[0]));
	cr_assert_eq(scenario_fault_count(s), 0);
}

Test(scenario_parse, boards_begin_as_the_file_says)
{
	CLEANUP(scenario_freep)
	struct scenario *s = parse_or_fail(HEAD
		"board: proteus-f7\n"
		"start: {firmware: old, tune: default, power: off, boot0: held, usb: unplugged}\n"
		"others:\n  - {firmware: old}\n  - {board: other, boot0: held}\n" EXPECT);
	struct scenario_board board = scenario_board(s, 0);

	cr_assert_eq(scenario_board_count(s), 3);
	cr_assert_str_eq(board.board, "proteus-f7");
	cr_assert_str_eq(board.firmware, "old");
	cr_assert_eq(board.tune, SCENARIO_TUNE_DEFAULT);
	cr_assert_not(s->starts[0].power);
	cr_assert(s->starts[0].boot0);
	cr_assert_not(s->starts[0].usb);
	cr_assert_str_eq(scenario_board(s, 1).board, "proteus-f7");
	cr_assert_eq(scenario_board(s, 1).tune, SCENARIO_TUNE_CUSTOM);
	cr_assert_str_eq(scenario_board(s, 2).board, "other");
	cr_assert_null(scenario_board(s, 2).firmware);
	cr_assert(s->starts[2].boot0);
}

Test(scenario_parse, what_is_in_a_chip_can_be_torn_foreign_and_protected)
{
	CLEANUP(scenario_freep)
	struct scenario *s = parse_or_fail(
		HEAD "start: {firmware: old, torn: 40 %, options: {erased: true, level: 0,\n"
		     "  wrp: [0, 31], ndbank: 0, boot-add0: 0x2000}}\n"
		     "others: [{foreign: true, options: {wrp: [1]}}]\n" EXPECT);
	struct scenario_board board = scenario_board(s, 0), other = scenario_board(s, 1);

	cr_assert_eq(board.percent, 40);
	cr_assert_not(board.foreign);
	cr_assert(board.options.erased);
	cr_assert(board.options.has_level);
	cr_assert_eq(board.options.level, 0);
	cr_assert_eq(board.options.write_protected, 0x80000001);
	cr_assert_eq(board.options.value_count, 2);
	cr_assert_str_eq(board.options.values[0].name, "ndbank");
	cr_assert_eq(board.options.values[0].value, 0);
	cr_assert_str_eq(board.options.values[1].name, "boot-add0");
	cr_assert_eq(board.options.values[1].value, 0x2000);
	cr_assert(other.foreign);
	cr_assert_null(other.firmware);
	cr_assert_eq(other.percent, 100);
	cr_assert_eq(other.options.write_protected, 2);
	cr_assert_not(other.options.has_level);
}

Test(scenario_parse, faults_are_words_with_a_time_or_a_value)
{
	CLEANUP(scenario_freep)
	struct scenario *s = parse_or_fail(
		HEAD "faults:\n"
		     "  - {at: board-reset, match: software, do: lose-ram, nth: 2, times: 0}\n"
		     "  - {at: dfu-connect, do: delay, time: 2.9 s}\n"
		     "  - {at: ecu-reply, match: R, do: code, value: 0x83}\n"
		     "  - {at: erase, addr: 0x08020000, block: 5, after: 50 %, do: kill}\n" EXPECT);
	struct fault_rule_text fault = scenario_fault(s, 0);

	cr_assert_eq(scenario_fault_count(s), 4);
	cr_assert_str_eq(fault.at, "board-reset");
	cr_assert_str_eq(fault.match, "software");
	cr_assert_str_eq(fault.action, "lose-ram");
	cr_assert_str_eq(fault.nth, "2");
	cr_assert_str_eq(fault.times, "0");
	fault = scenario_fault(s, 1);
	cr_assert_str_eq(fault.match, "");
	cr_assert_str_eq(fault.nth, "");
	cr_assert_str_eq(fault.value, "2.9 s");
	cr_assert_str_eq(scenario_fault(s, 2).value, "0x83");
	fault = scenario_fault(s, 3);
	cr_assert_str_eq(fault.block, "5");
	cr_assert_str_eq(fault.addr, "0x08020000");
	cr_assert_str_eq(fault.after, "50 %");
}

Test(scenario_parse, steps_have_a_word_a_value_and_what_stands_beside)
{
	CLEANUP(scenario_freep)
	struct scenario *s = parse_or_fail(HEAD "others: [{firmware: old}]\n"
						"steps:\n"
						"  - {boot0: held, of: 2}\n"
						"  - reset: 100 ms\n"
						"  - wait-for: dfu\n"
						"    within: 3 s\n"
						"  - update: manual\n"
						"    image: other\n"
						"    expect: {tool: failure}\n"
						"  - run: [dfu-util, -a, \"0\"]\n"
						"    exit: 74\n" EXPECT);

	cr_assert_eq(s->step_count, 5);
	cr_assert_eq(s->steps[0].board, 1);
	cr_assert_eq(s->steps[0].pin, BOARD_BOOT0);
	cr_assert(s->steps[0].level);
	cr_assert_eq(s->steps[1].time_us, 100000);
	cr_assert_eq(s->steps[2].face, FACE_DFU);
	cr_assert_eq(s->steps[2].limit_us, 3000000);
	cr_assert_eq(s->steps[3].flow, FLASHER_MANUAL);
	cr_assert_str_eq(s->steps[3].image, "other");
	cr_assert_eq(s->steps[3].expect.given, 1u << EXPECT_TOOL);
	cr_assert_str_eq(s->steps[4].words[2], "0");
	cr_assert_null(s->steps[4].words[3]);
	cr_assert_eq(s->steps[4].exit_code, 74);
}

Test(scenario_parse, a_key_means_a_flasher_by_its_name_or_the_front_of_it)
{
	static const char console[] = "console-linux-2026";

	cr_assert(scenario_means("console-linux-2026", console));
	cr_assert(scenario_means("console-linux", console));
	cr_assert(scenario_means("console", console));
	cr_assert_not(scenario_means("consol", console));
	cr_assert_not(scenario_means("console-linux-2026-x", console));
	cr_assert_not(scenario_means("dfu-util", console));
}

Test(scenario_parse, all_expectations_can_be_given)
{
	CLEANUP(scenario_freep)
	struct scenario *s = parse_or_fail(
		HEAD "expect:\n"
		     "  outcome: not-updated\n  reason: no-dfu\n  tool: failure\n  tune: kept\n"
		     "  usb: [ecu, {dfu: 3 s}]\n  within: 30 s\n  signature: none\n  ends-as: dfu\n"
		     "  exit: 74\n  says: \"No DFU\"\n  timed-out: true\n"
		     "  flash: {settings: untouched}\n");

	cr_assert_eq(s->expect.given, (1u << EXPECT_KEY_COUNT) - 1);
	cr_assert_eq(s->expect.outcome, OUTCOME_NOT_UPDATED);
	cr_assert_eq(s->expect.reason, FLASHER_NO_DFU);
	cr_assert_eq(s->expect.tool, EXPECT_FAILURE);
	cr_assert_eq(s->expect.usb_count, 2);
	cr_assert_eq(s->expect.usb[1].within_us, 3000000);
	cr_assert_str_eq(s->expect.firmware, "");
	cr_assert_eq(s->expect.ends_as, BOARD_DFU);
	cr_assert_str_eq(s->expect.says, "No DFU");
	cr_assert(s->expect.timed_out);
}

struct mistake {
	const char *name;
	const char *text;
	const char *why;
};

#define STEPS_ARE                                                                                  \
	"there are power, boot0, nrst, usb, data, vbus, reset, power-cycle, replug, press, send, " \
	"wait-for, wait, run, windows, triage, update"

static const struct mistake mistakes[] = {
	{"empty", "", "f.yaml: the file is empty"},
	{"no name", "title: t\nsource: s\nflow: auto\nimage: new\n" EXPECT,
		"f.yaml:1: name: missing; it must be 1 to 48 lower-case letters, digits and \"-\", "
		"as the file is called"},
	{"bad name", "name: A b\ntitle: t\nsource: s\nflow: auto\nimage: new\n" EXPECT,
		"f.yaml:1: name: \"A b\" is not 1 to 48 lower-case letters, digits and \"-\""},
	{"no expectation", HEAD,
		"f.yaml:1: expect: missing; it must be a list of \"outcome: updated\" and other "
		"expectations"},
	{"empty expectation", HEAD "expect:\n",
		"f.yaml:6: expect: \"\" is not a list of \"outcome: updated\" and other "
		"expectations"},
	{"unknown key", HEAD "colour: red\n" EXPECT,
		"f.yaml:6: colour: unknown key; known are name, title, source, flow, board, start, "
		"others, image, host, faults, steps, meanwhile, expect, expect-of, only, skip, "
		"sweep"},
	{"unknown flow", "name: s\ntitle: t\nsource: s\nflow: fast\n" EXPECT,
		"f.yaml:4: flow: \"fast\" is not one of auto, manual"},
	{"start.power", HEAD "start:\n  power: onn\n" EXPECT,
		"f.yaml:7: start.power: \"onn\" is not one of on, off"},
	{"unknown key in start", HEAD "start: {colour: red}\n" EXPECT,
		"f.yaml:6: start.colour: unknown key; known are firmware, tune, power, boot0, usb, "
		"torn, foreign, options"},
	{"others", HEAD "others:\n  - {firmware: a}\n  - {boot0: hold}\n" EXPECT,
		"f.yaml:8: others[1].boot0: \"hold\" is not one of released, held"},
	{"unknown key in others", HEAD "others: [{x: a}]\n" EXPECT,
		"f.yaml:6: others[0].x: unknown key; known are board, firmware, tune, power, "
		"boot0, usb, torn, foreign, options"},
	{"too many others",
		HEAD "others: [{tune: none}, {tune: none}, {tune: none}, {tune: none}]\n" EXPECT,
		"f.yaml:6: others: this is not a list of 1 to 3 boards"},
	{"host", HEAD "host: {port-held: perhaps}\n" EXPECT,
		"f.yaml:6: host.port-held: \"perhaps\" is not true or false"},
	{"fault without at", HEAD "faults: [{do: delay}]\n" EXPECT,
		"f.yaml:6: faults[0].at: missing; it must be the name of a point"},
	{"time and value", HEAD "faults: [{at: a, do: b, time: 1 s, value: 1}]\n" EXPECT,
		"f.yaml:6: faults[0].time: either a time or a value"},
	{"firmware", HEAD "start: {firmware: ../x}\n" EXPECT,
		"f.yaml:6: start.firmware: \"../x\" is not 1 to 48 lower-case letters, digits and "
		"\"-\""},
	{"no image", "name: s\ntitle: t\nsource: s\nflow: auto\n" EXPECT,
		"f.yaml:1: update needs an image: \"image: rusefi-2026\""},
	{"steps no list", HEAD "steps: update\n" EXPECT,
		"f.yaml:6: steps: \"update\" is not a list of steps"},
	{"steps a mapping", HEAD "steps: {update: auto}\n" EXPECT,
		"f.yaml:6: steps: this is not a list of steps"},
	{"unknown step", HEAD "steps:\n  - update\n  - jump: 1 s\n" EXPECT,
		"f.yaml:8: steps[1]: here is no step; " STEPS_ARE},
	{"unknown word", HEAD "steps: [jump]\n" EXPECT,
		"f.yaml:6: steps[0]: \"jump\" is no step; " STEPS_ARE},
	{"step without value", HEAD "steps: [reset]\n" EXPECT,
		"f.yaml:6: steps[0]: \"reset\" needs a value: \"reset: ...\""},
	{"two steps in one", HEAD "steps:\n  - power: on\n    boot0: held\n" EXPECT,
		"f.yaml:8: steps[0].boot0: one step at a time; \"power\" is one already"},
	{"pin's level", HEAD "steps: [{power: onn}]\n" EXPECT,
		"f.yaml:6: steps[0].power: \"onn\" is not one of off, on"},
	{"beside", HEAD "steps: [{wait: 1 s, within: 2 s}]\n" EXPECT,
		"f.yaml:6: steps[0].within: this does not stand beside \"wait\""},
	{"of nobody", HEAD "steps: [{power: on, of: 2}]\n" EXPECT,
		"f.yaml:6: steps[0].of: there is no board 2 here; there are 1"},
	{"send", HEAD "steps: [send: flash_me]\n" EXPECT,
		"f.yaml:6: steps[0].send: \"flash_me\" is not one of reboot, reboot_dfu, "
		"reboot_openblt, z-reboot, z-dfu, z-openblt"},
	{"wait-for", HEAD "steps: [wait-for: usb]\n" EXPECT,
		"f.yaml:6: steps[0].wait-for: \"usb\" is not one of gone, dfu, ecu, openblt, "
		"other"},
	{"run", HEAD "steps: [run: lsusb]\n" EXPECT,
		"f.yaml:6: steps[0].run: \"lsusb\" is not a command line such as [dfu-util, -l]"},
	{"update's expectation", HEAD "steps: [{update: , expect: {tool: good}}]\n" EXPECT,
		"f.yaml:6: steps[0].expect.tool: \"good\" is not one of failure, success, any"},
	{"meanwhile no pin", HEAD "meanwhile: [{when: dfu, do: {wait: 1 s}}]\n" EXPECT,
		"f.yaml:6: meanwhile[0].do: only pins can be moved here"},
	{"meanwhile without do", HEAD "meanwhile: [{when: dfu}]\n" EXPECT,
		"f.yaml:6: meanwhile[0]: this is not {when: dfu, after: 200 ms, do: {power: off}}"},
	{"meanwhile's keys", HEAD "meanwhile: [{if: dfu, do: {power: off}}]\n" EXPECT,
		"f.yaml:6: meanwhile[0].if: unknown key; known are when, at, after, do"},
	{"meanwhile's address", HEAD "meanwhile: [{when: write, do: {power: off}}]\n" EXPECT,
		"f.yaml:6: meanwhile[0].when: \"write\" needs \"at: 0x08020000\", \"progress\" "
		"needs "
		"\"at: 50 %\", and nothing else has it"},
	{"no percentage",
		HEAD "meanwhile: [{when: progress, at: 120 %, do: {power: off}}]\n" EXPECT,
		"f.yaml:6: meanwhile[0].at: \"120 %\" is not a part such as 50 %"},
	{"no address", HEAD "meanwhile: [{when: write, at: here, do: {power: off}}]\n" EXPECT,
		"f.yaml:6: meanwhile[0].at: \"here\" is not an address such as 0x08020000"},
	{"unknown moment", HEAD "meanwhile: [{when: then, do: {power: off}}]\n" EXPECT,
		"f.yaml:6: meanwhile[0].when: \"then\" is not one of gone, dfu, ecu, openblt, "
		"other"},
	{"expectation", HEAD "expect:\n  outcome: good\n",
		"f.yaml:7: expect.outcome: \"good\" is not one of updated, written, not-updated, "
		"damaged"},
	{"unknown expectation", HEAD "expect: {colour: red}\n",
		"f.yaml:6: expect.colour: unknown key; known are outcome, reason, tool, tune, usb, "
		"within, signature, ends-as, exit, timed-out, says, flash"},
	{"usb", HEAD "expect: {usb: ecu}\n",
		"f.yaml:6: expect.usb: \"ecu\" is not a list such as [ecu, dfu, ecu]"},
	{"usb without a device", HEAD "expect: {usb: [ecu, gone]}\n",
		"f.yaml:6: expect.usb[1]: \"gone\" is not what the board shows (dfu, ecu, openblt, "
		"other) or {dfu: 3 s}, 3 s after what was there before has left"},
	{"usb entry", HEAD "expect: {usb: [ecu, {dfu: soon}]}\n",
		"f.yaml:6: expect.usb[1].dfu: \"soon\" is not a time such as 2.9 s, 100 ms or 2 "
		"min"},
	{"flash", HEAD "expect: {flash: {settings: gone}}\n",
		"f.yaml:6: expect.flash.settings: \"gone\" is not untouched, or a list of "
		"\"settings: untouched\" with image, settings, other and untouched, erased, "
		"written, "
		"changed"},
	{"exit", HEAD "expect: {exit: -1}\n",
		"f.yaml:6: expect.exit: \"-1\" is not a whole number from 0 to 255"},
	{"expect-of", HEAD EXPECT "expect-of:\n  dfu-util:\n    exit: 300\n",
		"f.yaml:9: expect-of.dfu-util.exit: \"300\" is not a whole number from 0 to 255"},
	{"expect-of a list", HEAD EXPECT "expect-of: [dfu-util]\n",
		"f.yaml:7: expect-of[0]: the name of a flasher is expected here"},
	{"skip without reason", HEAD EXPECT "skip: {dfu-util: }\n",
		"f.yaml:7: skip.dfu-util: \"\" is not one line of 1 to 199 characters that says "
		"why"},
	{"key with a dot", HEAD EXPECT "skip: {dfu.util: x}\n",
		"f.yaml:7: skip.dfu.util: a key has no \".\" and no \"[\""},
};

Test(scenario_parse, a_mistake_is_said_with_its_line_and_what_to_do)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct scenario *scenario = NULL;
		struct why why = {""};
		int r = parse(mistakes[i].text, &scenario, &why);

		cr_expect_eq(r, -EBADMSG, "%s: %d", mistakes[i].name, r);
		cr_expect_str_eq(why.text, mistakes[i].why, "%s: %s", mistakes[i].name, why.text);
		cr_expect_null(scenario, "%s", mistakes[i].name);
		scenario_free(scenario);
	}
}

Test(scenario_parse, nothing_to_free_is_fine)
{
	scenario_free(NULL);
}
