/* SPDX-License-Identifier: MIT */
/* What a board may begin with: torn and foreign programs, option bytes. */
#include "harness/cli/exec_files_test.h"

#define HEAD "name: story\ntitle: t\nsource: s\nflow: manual\nimage: rusefi-2026\n"
#define F767 "board: nucleo-f767\n"
/* Nothing is flashed: what does the board come to by itself? */
#define LOOK    "steps: [{wait: 1 s}]\n"
#define IN_DFU  "boot0: held"
#define UPDATE  "steps: [{wait-for: dfu}, update]\n"
#define REFUSED "expect: {outcome: not-updated, tool: failure, ends-as: dfu}\n"

static const struct row {
	const char *name, *text;
} rows[] = {
	{"a whole image runs", HEAD "start: {firmware: rusefi-2025}\n" LOOK
				    "expect: {outcome: not-updated, ends-as: ecu}\n"},
	{"a torn one does not", HEAD "start: {firmware: rusefi-2025, torn: 40 %}\n" LOOK
				     "expect: {outcome: not-updated, ends-as: dead}\n"},
	{"and what is behind it is erased",
		HEAD "start: {firmware: rusefi-2025, torn: 0 %, tune: none}\n" LOOK
		     "expect: {outcome: not-updated, ends-as: dead, signature: none}\n"},
	{"OpenBLT runs before a torn application",
		HEAD "start: {firmware: rusefi-2025-openblt, torn: 60 %}\n" LOOK
		     "expect: {outcome: not-updated, ends-as: openblt}\n"},
	{"a foreign program runs", HEAD "start: {foreign: true}\n" LOOK
					"expect: {outcome: not-updated, ends-as: firmware}\n"},
	{"on an F7 too", HEAD F767 "start: {foreign: true}\n" LOOK
				   "expect: {outcome: not-updated, ends-as: firmware}\n"},
	{"without protection it is updated",
		HEAD "start: {firmware: rusefi-2025, boot0: held, options: {level: 0}}\n" UPDATE
		     "expect: {outcome: updated, tool: success}\n"},
	{"read protection refuses",
		HEAD "start: {firmware: rusefi-2025, boot0: held, options: {level: 1}}\n" UPDATE
			REFUSED},
	{"erased option bytes are read protection",
		HEAD "start: {firmware: rusefi-2025, boot0: held, options: {erased: true}}\n" UPDATE
			REFUSED},
	{"erased but for the level", HEAD "start: {firmware: rusefi-2025, boot0: held,\n"
					  "  options: {erased: true, level: 0}}\n" UPDATE
					  "expect: {outcome: updated, tool: success}\n"},
	{"level 2 keeps the ROM from starting",
		HEAD "start: {firmware: rusefi-2025, boot0: held, options: {level: 2}}\n" LOOK
		     "expect: {outcome: not-updated, ends-as: ecu}\n"},
	{"write-protected sectors stay",
		HEAD "start: {firmware: rusefi-2025, boot0: held,\n"
		     "  options: {wrp: [0, 1, 2, 3, 4, 5]}}\n" UPDATE
		     "expect: {outcome: not-updated, tool: failure, ends-as: dfu}\n"},
	{"a boot address that leads nowhere",
		HEAD F767 "start: {firmware: rusefi-2025-f767, options: {boot-add0: 0xffff}}\n" LOOK
			  "expect: {outcome: not-updated, ends-as: ecu}\n"},
	{"one that leads into erased flash",
		HEAD F767 "start: {firmware: rusefi-2025-f767, options: {boot-add0: 0x2040}}\n" LOOK
			  "expect: {outcome: not-updated, ends-as: dead}\n"},
	{"two that lead to the flash: BOOT0 does nothing",
		HEAD F767 "start: {firmware: rusefi-2025-f767, boot0: held,\n"
			  "  options: {boot-add0: 0x2000, boot-add1: 0x2000}}\n" LOOK
			  "expect: {outcome: not-updated, ends-as: ecu}\n"},
	{"two banks", HEAD F767 "start: {firmware: rusefi-2025-f767,\n"
				"  options: {ndbank: 0}}\n" LOOK
				"expect: {outcome: not-updated, ends-as: ecu}\n"},
	{"others", HEAD "start: {firmware: rusefi-2025}\n"
			"others: [{boot0: held, options: {level: 1}}]\n"
			"steps: [{wait-for: dfu, of: 2}]\n"
			"expect: {outcome: not-updated, ends-as: ecu}\n"},
};

Test(run_preset, boards_begin_with_what_the_scenario_says)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path =
			temp_file_or_fail(&dir, "story.yaml", rows[i].text, strlen(rows[i].text));
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "run", "--flasher", "builtin", path);

		cr_expect_eq(
			run.code, 0, "%s: exit %d: %s%s", rows[i].name, run.code, run.out, run.err);
	}
}

static const struct {
	const char *text, *says;
	int code; /* 3: said before anything runs */
} mistakes[] = {
	{HEAD "start: {firmware: rusefi-2025, foreign: true}\n" LOOK,
		"start.foreign: there is a firmware already", 3},
	{HEAD "start: {torn: 40 %}\n" LOOK, "start.torn: there is no firmware", 3},
	{HEAD "start: {firmware: rusefi-2025, torn: half}\n" LOOK,
		"start.torn: \"half\" is not a part such as", 3},
	{HEAD "start: {options: {level: 3}}\n" LOOK,
		"start.options.level: \"3\" is not a whole number from 0 to 2", 3},
	{HEAD "start: {options: {wrp: [32]}}\n" LOOK, "\"32\" is not a whole number from 0 to 31",
		3},
	{HEAD "start: {options: {wrp: 3}}\n" LOOK, "\"3\" is not a list of sectors", 3},
	{HEAD "start: {options: {rdp: 65536}}\n" LOOK, "is not a whole number from 0 to 65535", 3},
	{HEAD "start: {options: {erased: maybe}}\n" LOOK, "\"maybe\" is not true", 3},
	{HEAD "start: {options: protected}\n" LOOK, "\"protected\" is not option bytes such as", 3},
	{HEAD "start: {options: {ndbank: 0}}\n" LOOK, "ndbank: the chip has no such option byte",
		125},
	{HEAD "start: {options: {rdp: 256}}\n" LOOK, "rdp: the value has too many bits", 125},
};

Test(run_preset, what_makes_no_sense_is_said)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		CLEANUP(free_ptr) char *text = NULL;
		const char *path;

		cr_assert_gt(
			asprintf(&text, "%sexpect: {outcome: not-updated}\n", mistakes[i].text), 0);
		path = temp_file_or_fail(&dir, "story.yaml", text, strlen(text));
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "run", "--flasher", "builtin", path);

		cr_expect_eq(run.code, mistakes[i].code, "%s: exit %d: %s", mistakes[i].says,
			run.code, run.out);
		cr_expect(strstr(run.err, mistakes[i].says) || strstr(run.out, mistakes[i].says),
			"\"%s\" is not in: %s%s", mistakes[i].says, run.out, run.err);
	}
}
