/* SPDX-License-Identifier: MIT */
/* Scenarios in a fake world: each step, each expectation, fitting and not, and what is never a pass. */
#include "harness/scenario/fake_world_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEAD  "name: s\ntitle: A story\nsource: a test\n"
#define AUTO  HEAD "flow: auto\nstart: {firmware: old}\nimage: new\n"
#define WANTS "expect: {outcome: updated, tool: success, tune: kept, usb: [ecu, dfu, ecu]}\n"

struct fixture {
	struct fake_world world;
	struct why reason;
};

static void fixture_done(struct fixture *fixture)
{
	fake_world_done(&fixture->world);
}

#define FIXTURE(name, boards)                                                                      \
	CLEANUP(fixture_done) struct fixture name;                                                 \
	name.reason = (struct why){""};                                                            \
	fake_world_init(&name.world, boards)

static void assert_verdict(
	struct fixture *fixture, const char *yaml, enum verdict verdict, const char *reason)
{
	enum verdict got = fake_run(&fixture->world, yaml, &fixture->reason);

	cr_assert_eq(got, verdict, "%s: %s", names_text(&verdict_names, got), fixture->reason.text);
	cr_assert_str_eq(fixture->reason.text, reason);
}

Test(scenario_run, a_good_update_passes_and_says_from_what_to_what)
{
	FIXTURE(f, 1);

	assert_verdict(&f, AUTO WANTS, VERDICT_PASS, "2025.01.01 → 2026.07.14, tune kept");
}

/* ---- the tool's word against the board's ---- */

static void says_success_at_once(struct fake_world *world, enum flasher_flow flow,
	const char *image_path, struct flasher_result *ret)
{
	(void)world;
	(void)flow;
	(void)image_path;
	ret->success = true;
	fake_say(ret, "Done\n");
}

static void writes_half(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	fake_good_flasher(world, flow, image_path, ret);
	world->boards[0].flash[90] = 0;
	fake_reset(&world->boards[0]);
}

static void never_leaves(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	(void)flow;
	fake_enter_dfu(world);
	fake_pass(world, 1000000);
	fake_write(world, 0, image_path);
	ret->success = true;
}

static void loses_tune(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	memset(world->boards[0].flash + FAKE_SETTINGS, 0xff, FAKE_SECTOR);
	fake_good_flasher(world, flow, image_path, ret);
}

static void makes_default_tune(struct fake_world *world, enum flasher_flow flow,
	const char *image_path, struct flasher_result *ret)
{
	memcpy(world->boards[0].flash + FAKE_SETTINGS, "factory!", FAKE_TUNE);
	fake_good_flasher(world, flow, image_path, ret);
}

static void writes_other_tune(struct fake_world *world, enum flasher_flow flow,
	const char *image_path, struct flasher_result *ret)
{
	memcpy(world->boards[0].flash + FAKE_SETTINGS, "somebody", FAKE_TUNE);
	fake_good_flasher(world, flow, image_path, ret);
}

static void restores_tune(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	loses_tune(world, flow, image_path, ret);
	fake_pass(world, 1000000);
	memcpy(world->boards[0].flash + FAKE_SETTINGS, "my tune!", FAKE_TUNE);
}

static void flashes_the_wrong_board(struct fake_world *world, enum flasher_flow flow,
	const char *image_path, struct flasher_result *ret)
{
	fake_write(world, 1, image_path);
	fake_good_flasher(world, flow, image_path, ret);
}

static void fails(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	(void)world;
	(void)flow;
	(void)image_path;
	ret->exit_code = 74;
	ret->reason = FLASHER_PORT_HELD;
	fake_say(ret, "a line\nthe port is held\n");
}

static void is_missing(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	(void)world;
	(void)flow;
	(void)image_path;
	ret->missing = true;
}

static void is_stopped(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	(void)world;
	(void)flow;
	(void)image_path;
	ret->timed_out = true;
	ret->reason = FLASHER_TIMED_OUT;
}

struct flasher_case {
	const char *name;
	fake_flasher *flash;
	const char *expect;
	enum verdict verdict;
	const char *reason;
};

static const struct flasher_case flasher_cases[] = {
	{"success at once", says_success_at_once, "{tune: kept}", VERDICT_FAIL,
		"the tool said success; the flash still holds what it held before"},
	{"half an image", writes_half, "{tool: success}", VERDICT_FAIL,
		"the tool said success; the flash differs from the image at 0x0800005a"},
	{"never leaves the bootloader", never_leaves, "{tool: success}", VERDICT_FAIL,
		"the tool said success; the board holds the image, but does not run it: it ends as "
		"dfu"},
	{"never leaves, which is known of it", never_leaves, "{tool: success, outcome: written}",
		VERDICT_PASS, "written, as it should be"},
	{"success, which is known to be none", says_success_at_once,
		"{tool: success, outcome: not-updated}", VERDICT_PASS,
		"not-updated, as it should be"},
	{"success, of which only the outcome is known", says_success_at_once,
		"{outcome: not-updated}", VERDICT_FAIL,
		"the tool said success; the flash still holds what it held before"},

	{"whatever it says", never_leaves, "{tool: any, outcome: written}", VERDICT_PASS,
		"written, as it should be"},
	{"outcome", fails, "{outcome: updated}", VERDICT_FAIL,
		"outcome: expected updated, got not-updated: the flash still holds what it held "
		"before"},
	{"outcome fits", fails, "{outcome: not-updated}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"damaged", writes_half, "{outcome: damaged, tool: success}", VERDICT_PASS,
		"damaged, as it should be"},
	{"reason", fails, "{reason: no-dfu}", VERDICT_FAIL,
		"reason: expected no-dfu, got port-held"},
	{"reason fits", fails, "{reason: port-held}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"tool", fails, "{tool: success}", VERDICT_FAIL,
		"tool: expected success, got failure (port-held), exit 74"},
	{"tool fails", fake_good_flasher, "{tool: failure}", VERDICT_FAIL,
		"tool: expected failure, got success, exit 0"},
	{"tool stopped", is_stopped, "{tool: success}", VERDICT_FAIL,
		"tool: expected success, got it was stopped after its time"},
	{"tune lost", loses_tune, "{tune: kept}", VERDICT_FAIL,
		"tune: expected kept, got default: nothing valid is stored"},
	{"tune lost fits", loses_tune, "{tune: lost}", VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune default"},
	{"tune default", makes_default_tune, "{tune: kept}", VERDICT_FAIL,
		"tune: expected kept, got default"},
	{"tune of somebody else", writes_other_tune, "{tune: default}", VERDICT_FAIL,
		"tune: expected default, got lost"},
	{"tune restored", restores_tune, "{tune: kept}", VERDICT_FAIL,
		"tune: expected kept, got restored"},
	{"tune restored fits", restores_tune, "{tune: restored}", VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune restored"},
	{"tune kept is not restored", fake_good_flasher, "{tune: restored}", VERDICT_FAIL,
		"tune: expected restored, got kept"},
	{"identities", fake_good_flasher, "{usb: [ecu, dfu]}", VERDICT_FAIL,
		"usb: expected ecu, dfu, got ecu, dfu after 0.01 s, ecu after 0.01 s"},
	{"identity too late", fake_good_flasher, "{usb: [ecu, {dfu: 9 ms}, ecu]}", VERDICT_FAIL,
		"usb: expected ecu, dfu within 0.009 s, ecu, got ecu, dfu after 0.01 s, ecu after "
		"0.01 s"},
	{"identity in time", fake_good_flasher, "{usb: [ecu, {dfu: 10 ms}, ecu]}", VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune kept"},
	{"no identity at all", fails, "{usb: []}", VERDICT_FAIL, "usb: expected nothing, got ecu"},
	{"within", fake_good_flasher, "{within: 1.9 s}", VERDICT_FAIL,
		"within: expected at most 1.900 s, got 2.000 s"},
	{"within fits", fake_good_flasher, "{within: 2 s}", VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune kept"},
	{"signature", fake_good_flasher, "{signature: old}", VERDICT_FAIL,
		"signature: expected rusEFI main.2025.01.01.f407-discovery.1, got rusEFI "
		"main.2026.07.14.f407-discovery.2"},
	{"signature fits", fails, "{signature: old}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"no signature", writes_half, "{signature: none, tool: success, outcome: damaged}",
		VERDICT_PASS, "damaged, as it should be"},
	{"ends as", fails, "{ends-as: dfu}", VERDICT_FAIL, "ends-as: expected dfu, got ecu"},
	{"ends as fits", fails, "{ends-as: ecu}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"exit", fails, "{exit: 0}", VERDICT_FAIL, "exit: expected 0, got 74"},
	{"exit fits", fails, "{exit: 74}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"timed out", fails, "{timed-out: true}", VERDICT_FAIL,
		"timed-out: expected stopped after its time, got it ended by itself"},
	{"timed out fits", is_stopped, "{timed-out: true}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: timed-out"},
	{"says", fails, "{says: no such words}", VERDICT_FAIL,
		"says: expected \"no such words\", got it does not say so"},
	{"says fits", fails, "{says: port is held}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"flash", fake_good_flasher, "{flash: {image: written, settings: untouched}}", VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune kept"},
	{"flash, a kind", loses_tune, "{flash: {image: written, settings: untouched}}",
		VERDICT_FAIL,
		"flash: expected image written, settings untouched, got sector 3 (settings) "
		"erased"},
	{"flash, untouched", fails, "{flash: untouched}", VERDICT_PASS,
		"not-updated, as it should be; the tool's reason: port-held"},
	{"flash, not untouched", fake_good_flasher, "{flash: untouched}", VERDICT_FAIL,
		"flash: expected image untouched, settings untouched, other untouched, got sector "
		"0 "
		"(image) written"},
	{"not installed", is_missing, "{tool: failure}", VERDICT_ERROR,
		"step 1 (update): fake-tool is not installed"},
};

Test(scenario_run, what_a_flasher_does_is_judged_by_each_expectation)
{
	for (size_t i = 0; i < ARRAY_SIZE(flasher_cases); i++) {
		const struct flasher_case *c = &flasher_cases[i];
		char yaml[512];
		enum verdict got;

		FIXTURE(f, 1);
		f.world.flash = c->flash;
		snprintf(yaml, sizeof(yaml), AUTO "expect: %s\n", c->expect);
		got = fake_run(&f.world, yaml, &f.reason);
		cr_expect_eq(got, c->verdict, "%s: %s", c->name, names_text(&verdict_names, got));
		cr_expect_str_eq(f.reason.text, c->reason, "%s: %s", c->name, f.reason.text);
	}
}

Test(scenario_run, an_unmet_expectation_is_told_with_what_was_got)
{
	FIXTURE(f, 1);
	const struct fake_seen *seen;

	f.world.flash = fails;
	assert_verdict(&f, AUTO "expect: {exit: 0, ends-as: ecu}\n", VERDICT_FAIL,
		"exit: expected 0, got 74");
	seen = fake_find(&f.world, EVENT_EXPECTATION, "exit");
	cr_assert_not_null(seen);
	cr_assert_not(seen->level);
	cr_assert_str_eq(seen->expected, "0");
	cr_assert_str_eq(seen->text, "74");
	seen = fake_find(&f.world, EVENT_EXPECTATION, "ends-as");
	cr_assert_not_null(seen);
	cr_assert(seen->level);
	cr_assert_not_null(fake_find(&f.world, EVENT_VERDICT, "FAIL"));
}

Test(scenario_run, sectors_are_told_by_what_became_of_them)
{
	FIXTURE(f, 1);
	const struct fake_seen *seen;

	f.world.flash = loses_tune;
	assert_verdict(&f, AUTO "expect: {tune: lost}\n", VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune default");
	seen = fake_find(&f.world, EVENT_SECTOR, "image");
	cr_assert_not_null(seen);
	cr_assert_eq(seen->sector, 1);
	cr_assert_str_eq(seen->text, "written");
	seen = fake_find(&f.world, EVENT_SECTOR, "other");
	cr_assert_not_null(seen);
	cr_assert_eq(seen->sector, 2);
	cr_assert_str_eq(seen->text, "untouched");
	seen = fake_find(&f.world, EVENT_SECTOR, "settings");
	cr_assert_not_null(seen);
	cr_assert_eq(seen->sector, 3);
	cr_assert_str_eq(seen->text, "erased");
}

Test(scenario_run, a_board_that_was_not_meant_must_not_be_written_to)
{
	FIXTURE(f, 2);

	f.world.flash = flashes_the_wrong_board;
	assert_verdict(&f, AUTO "others: [{firmware: old}]\nexpect: {outcome: updated}\n",
		VERDICT_FAIL, "other boards: expected none is touched, got board-2 was written to");
}

Test(scenario_run, several_boards_are_no_fault_of_their_own)
{
	FIXTURE(f, 2);

	assert_verdict(&f, AUTO "others: [{firmware: old}]\n" WANTS, VERDICT_PASS,
		"2025.01.01 → 2026.07.14, tune kept");
}

/* ---- what is never a pass ---- */

Test(scenario_run, a_fault_that_never_fired_is_an_error)
{
	FIXTURE(f, 1);

	f.world.unfired = "board-reset: lose-ram";
	assert_verdict(
		&f, AUTO WANTS, VERDICT_ERROR, "the fault never fired: board-reset: lose-ram");
}

static void leaves_two_running(struct fake_world *world, enum flasher_flow flow,
	const char *image_path, struct flasher_result *ret)
{
	fake_good_flasher(world, flow, image_path, ret);
	ret->left_running = 2;
}

Test(scenario_run, a_tool_that_leaves_processes_running_fails)
{
	FIXTURE(f, 1);

	f.world.flash = leaves_two_running;
	assert_verdict(&f, AUTO WANTS, VERDICT_FAIL,
		"processes: expected none is left running, got 2 left running");
}

Test(scenario_run, a_wrong_outcome_is_a_fail_although_a_fault_never_fired)
{
	FIXTURE(f, 1);

	f.world.unfired = "board-reset: lose-ram";
	f.world.flash = says_success_at_once;
	assert_verdict(&f, AUTO WANTS, VERDICT_FAIL,
		"the tool said success; the flash still holds what it held before; the fault never "
		"fired: board-reset: lose-ram");
}

Test(scenario_run, what_should_happen_meanwhile_and_does_not_is_an_error)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		AUTO "meanwhile: [{when: openblt, do: {power: off}}]\n"
		     "expect: {outcome: updated}\n",
		VERDICT_ERROR, "meanwhile 1 never happened (power)");
}

static void tells_progress(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	(void)flow;
	(void)image_path;
	for (uint32_t percent = 0; percent <= 60; percent += 30)
		EVENT_EMIT(&world->events, .kind = EVENT_PROGRESS, .size = percent);
	fake_pass(world, 1000000);
	ret->exit_code = 74;
}

Test(scenario_run, what_the_tool_says_of_its_progress_is_a_moment)
{
	FIXTURE(f, 1);

	f.world.flash = tells_progress;
	assert_verdict(&f,
		AUTO "meanwhile: [{when: progress, at: 50 %, do: {power: off}}]\n"
		     "expect: {ends-as: \"off\"}\n",
		VERDICT_PASS, "not-updated, as it should be");
	assert_verdict(&f,
		AUTO "meanwhile: [{when: progress, at: 61 %, do: {power: off}}]\n"
		     "expect: {tool: failure}\n",
		VERDICT_ERROR, "meanwhile 1 never happened (power)");
}

Test(scenario_run, a_rig_that_fails_is_an_error)
{
	FIXTURE(f, 1);

	f.world.broken = -EIO;
	assert_verdict(&f, AUTO WANTS, VERDICT_ERROR, "the rig is broken");
}

Test(scenario_run, an_image_that_is_not_there_is_an_error)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		HEAD "flow: auto\nstart: {firmware: old}\nimage: none-such\n"
		     "expect: {outcome: updated}\n",
		VERDICT_ERROR, "no image \"none-such\"");
}

Test(scenario_run, a_world_with_other_boards_is_an_error)
{
	FIXTURE(f, 2);

	assert_verdict(&f, AUTO WANTS, VERDICT_ERROR, "the scenario has 1 boards, the world 2");
}

Test(scenario_run, a_flasher_to_which_it_does_not_apply_is_skipped)
{
	FIXTURE(f, 1);

	assert_verdict(&f, AUTO WANTS "skip: {fake-tool: it has no button for that}\n",
		VERDICT_SKIP, "it has no button for that");
	cr_assert_null(fake_find(&f.world, EVENT_PIN, "power"));
}

Test(scenario_run, a_transport_to_which_it_does_not_apply_is_skipped)
{
	FIXTURE(f, 1);

	assert_verdict(
		&f, AUTO WANTS "skip: {unreal: it is too real}\n", VERDICT_SKIP, "it is too real");
}

Test(scenario_run, a_flasher_to_which_it_does_not_apply_over_a_transport_is_skipped)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		AUTO WANTS "skip: {fake-tool over mock: not this, fake-tool over unreal: slow}\n",
		VERDICT_SKIP, "slow");
}

Test(scenario_run, a_flasher_without_the_flow_is_skipped)
{
	FIXTURE(f, 1);

	f.world.flasher.flows[FLASHER_MANUAL] = false;
	assert_verdict(&f,
		HEAD "flow: manual\nstart: {firmware: old, boot0: held}\nimage: new\n"
		     "expect: {outcome: written}\n",
		VERDICT_SKIP, "it cannot flash a board that is in its bootloader");
}

/* ---- for whom ---- */

Test(scenario_run, expectations_of_a_flasher_stand_over_the_common_ones)
{
	FIXTURE(f, 1);

	f.world.flash = fails;
	assert_verdict(&f,
		AUTO WANTS "expect-of:\n"
			   "  other: {exit: 1}\n"
			   "  fake: {outcome: not-updated, tool: failure, usb: [ecu]}\n"
			   "  fake-tool: {reason: port-held}\n"
			   "  fake-too: {exit: 2}\n",
		VERDICT_PASS, "not-updated, as it should be; the tool's reason: port-held");
}

/* ---- the rig's part ---- */

Test(scenario_run, the_rig_asks_the_ecu_for_a_flasher_that_cannot)
{
	FIXTURE(f, 1);

	f.world.flasher.flows[FLASHER_AUTO] = false;
	assert_verdict(&f, AUTO WANTS, VERDICT_PASS, "2025.01.01 → 2026.07.14, tune kept");
	cr_assert_not_null(fake_find(&f.world, EVENT_STEP, "enter"));
}

Test(scenario_run, a_board_that_does_not_enter_is_the_flashers_to_find)
{
	FIXTURE(f, 1);

	f.world.flasher.flows[FLASHER_AUTO] = false;
	f.world.ecu_forgets = true;
	assert_verdict(&f, AUTO "expect: {outcome: not-updated, reason: no-dfu, usb: [ecu, ecu]}\n",
		VERDICT_PASS, "not-updated, as it should be; the tool's reason: no-dfu");
}

Test(scenario_run, an_ecu_that_cannot_be_asked_is_noted_and_the_flasher_runs)
{
	FIXTURE(f, 1);

	f.world.flasher.flows[FLASHER_AUTO] = false;
	f.world.program_exit = 1;
	assert_verdict(&f, AUTO "expect: {outcome: not-updated, reason: no-dfu, usb: [ecu]}\n",
		VERDICT_PASS, "not-updated, as it should be; the tool's reason: no-dfu");
}

Test(scenario_run, a_board_in_its_bootloader_need_not_be_asked)
{
	FIXTURE(f, 1);

	f.world.flasher.flows[FLASHER_AUTO] = false;
	assert_verdict(&f,
		HEAD "flow: auto\nstart: {firmware: old, boot0: held}\nimage: new\n"
		     "expect: {outcome: written, tool: success}\n",
		VERDICT_PASS, "written, as it should be");
	cr_assert_null(fake_find(&f.world, EVENT_STEP, "enter"));
}

Test(scenario_run, a_board_that_comes_back_late_is_waited_for)
{
	FIXTURE(f, 1);

	f.world.ecu_delay_us = 4000000;
	assert_verdict(&f, AUTO WANTS, VERDICT_PASS, "2025.01.01 → 2026.07.14, tune kept");
}

Test(scenario_run, the_host_is_as_the_scenario_says)
{
	FIXTURE(f, 1);

	f.world.flash = is_missing;
	assert_verdict(&f,
		AUTO "host: {missing: [fake-tool], port-held: true, no-permission: true, "
		     "new-number: true}\n"
		     "expect: {reason: tool-missing}\n",
		VERDICT_PASS, "not-updated, as it should be; the tool's reason: tool-missing");
	cr_assert(f.world.host.port_held);
	cr_assert(f.world.host.no_permission);
	cr_assert(f.world.host.new_number);
}

/* ---- steps ---- */

struct step_case {
	const char *name;
	const char *steps;
	const char *expect;
	enum verdict verdict;
	const char *reason;
};

#define UPDATED "2025.01.01 → 2026.07.14, tune kept"
#define NOTHING "as it should be; no flasher has a part in it"

static const struct step_case step_cases[] = {
	{"PROGRAM held at power-up",
		"[power: off, boot0: held, power: on, {wait-for: dfu, within: 1 s}, boot0: "
		"released, update: manual]",
		"{outcome: updated, usb: [ecu, dfu, ecu]}", VERDICT_PASS, UPDATED},
	{"PROGRAM pressed", "[press: program, wait-for: dfu, update: manual]", "{outcome: updated}",
		VERDICT_PASS, UPDATED},
	{"jumper and reset",
		"[boot0: held, reset: 100 ms, wait-for: dfu, boot0: released, update: manual]",
		"{outcome: updated}", VERDICT_PASS, UPDATED},
	{"reset pressed", "[press: reset, wait-for: ecu]", "{usb: [ecu, ecu]}", VERDICT_PASS,
		NOTHING},
	{"power cycle", "[power-cycle: 500 ms, wait-for: ecu]", "{usb: [ecu, {ecu: 600 ms}]}",
		VERDICT_PASS, NOTHING},
	{"replug", "[replug: 1 s, wait-for: ecu]", "{usb: [ecu, ecu]}", VERDICT_PASS, NOTHING},
	{"VBUS", "[vbus: off, wait-for: gone]", "{usb: [ecu], ends-as: ecu}", VERDICT_PASS,
		NOTHING},
	{"held in reset", "[nrst: held, wait-for: gone]", "{ends-as: reset}", VERDICT_PASS,
		NOTHING},
	{"cable", "[usb: unplugged, wait: 1 s, usb: plugged]", "{usb: [ecu, {ecu: 1 s}]}",
		VERDICT_PASS, NOTHING},
	{"send", "[send: reboot_dfu, wait-for: dfu, update: manual]",
		"{usb: [ecu, dfu, ecu], outcome: updated}", VERDICT_PASS, UPDATED},
	{"wait-for in vain", "[{wait-for: dfu, within: 3 s}, update]", "{outcome: updated}",
		VERDICT_FAIL, "wait-for: expected dfu within 3 s, got ecu"},
	{"no update at all", "[wait: 1 s]", "{tool: success}", VERDICT_FAIL,
		"tool: expected success, got the flasher was not run"},
	{"two updates, the first in vain",
		"[{update: manual, expect: {tool: failure, reason: no-dfu}}, update]",
		"{outcome: updated, tool: success}", VERDICT_PASS, UPDATED},
	{"two updates, the first unexpectedly good",
		"[{update: , expect: {tool: failure}}, update]", "{outcome: updated}", VERDICT_FAIL,
		"tool: expected failure, got success, exit 0"},
	{"the wrong image, and another",
		"[{update: , image: alien, expect: {outcome: written, tool: success, ends-as: "
		"dead}}, "
		"press: program, wait-for: dfu, update: manual]",
		"{outcome: updated, tune: kept}", VERDICT_PASS, UPDATED},
	{"a lie in between", "[{update: , image: alien}, press: program, update: manual]",
		"{outcome: updated}", VERDICT_FAIL,
		"the tool said success; the board holds the image, but does not run it: it ends as "
		"dead"},
	{"run", "[run: [lsusb]]", "{outcome: not-updated}", VERDICT_PASS, NOTHING},
	{"run with an exit code", "[{run: [lsusb], exit: 1}]", "{outcome: not-updated}",
		VERDICT_FAIL, "lsusb: expected exit 1, got exit 0"},
	{"run with words", "[{run: [lsusb], says: hello}]", "{outcome: not-updated}", VERDICT_FAIL,
		"lsusb: expected \"hello\", got it does not say so"},
};

Test(scenario_run, steps_do_what_they_say)
{
	for (size_t i = 0; i < ARRAY_SIZE(step_cases); i++) {
		const struct step_case *c = &step_cases[i];
		char yaml[600];
		enum verdict got;

		FIXTURE(f, 1);
		snprintf(yaml, sizeof(yaml), AUTO "steps: %s\nexpect: %s\n", c->steps, c->expect);
		got = fake_run(&f.world, yaml, &f.reason);
		cr_expect_eq(got, c->verdict, "%s: %s", c->name, names_text(&verdict_names, got));
		cr_expect_str_eq(f.reason.text, c->reason, "%s: %s", c->name, f.reason.text);
	}
}

/* The fake flasher is told when it would be stopped. */
static void tells_its_limit(struct fake_world *world, enum flasher_flow flow,
	const char *image_path, struct flasher_result *ret)
{
	(void)flow;
	(void)image_path;
	ret->exit_code = (int)(world->limit_ms / 1000);
}

Test(scenario_run, a_flasher_may_be_stopped_earlier)
{
	FIXTURE(f, 1);
	f.world.flash = tells_its_limit;
	assert_verdict(&f,
		AUTO "steps:\n"
		     "  - update: auto\n"
		     "    stop-after: 7 s\n"
		     "    expect: {exit: 7, outcome: not-updated}\n"
		     "  - update\n"
		     "expect: {exit: 0, outcome: not-updated}\n",
		VERDICT_PASS, "not-updated, as it should be");
}

Test(scenario_run, a_program_that_fails_unexpectedly_is_an_error)
{
	FIXTURE(f, 1);

	f.world.program_exit = 3;
	f.world.program_says = "no bus\nat all\n";
	assert_verdict(&f, AUTO "steps: [run: [lsusb]]\n" WANTS, VERDICT_ERROR,
		"step 1 (run): lsusb: exit 3: no bus");
}

Test(scenario_run, a_program_that_is_not_installed_is_an_error)
{
	FIXTURE(f, 1);

	f.world.program_missing = true;
	assert_verdict(&f, AUTO "steps: [send: reboot]\n" WANTS, VERDICT_ERROR,
		"step 1 (send): dfurig is not installed");
}

Test(scenario_run, a_program_may_fail_as_it_should_and_say_so)
{
	FIXTURE(f, 1);

	f.world.program_exit = 3;
	f.world.program_says = "no bus\n";
	assert_verdict(&f,
		AUTO "steps: [{run: [lsusb], exit: 3, says: no bus}]\n"
		     "expect: {outcome: not-updated}\n",
		VERDICT_PASS, NOTHING);
}

Test(scenario_run, a_story_needs_no_image_and_no_update)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		HEAD "flow: auto\nstart: {firmware: old}\n"
		     "steps: [send: reboot_dfu, wait-for: dfu, press: reset, wait-for: ecu]\n"
		     "expect: {outcome: not-updated, usb: [ecu, dfu, ecu], tune: kept}\n",
		VERDICT_PASS, NOTHING);
}

Test(scenario_run, a_step_may_move_another_board)
{
	FIXTURE(f, 2);

	assert_verdict(&f,
		AUTO "others: [{firmware: old, usb: unplugged}]\n"
		     "steps: [{usb: plugged, of: 2}, {wait-for: ecu, of: 2}]\n"
		     "expect: {usb: [ecu]}\n",
		VERDICT_PASS, NOTHING);
}

/* ---- meanwhile ---- */

Test(scenario_run, power_goes_while_the_flasher_runs)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		AUTO "meanwhile: [{when: dfu, after: 200 ms, do: {power: off}}]\n"
		     "expect: {outcome: not-updated, reason: no-dfu, ends-as: off, usb: [ecu, "
		     "{dfu: 1 s}]}\n",
		VERDICT_PASS, "not-updated, as it should be; the tool's reason: no-dfu");
}

Test(scenario_run, meanwhile_may_count_from_the_start_of_the_flasher)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		AUTO "meanwhile:\n"
		     "  - {when: start, after: 10 ms, do: {usb: unplugged}}\n"
		     "  - {when: gone, after: 500 ms, do: {usb: plugged}}\n"
		     "expect: {outcome: updated}\n",
		VERDICT_PASS, UPDATED);
}

Test(scenario_run, meanwhile_may_wait_for_an_address_to_be_written)
{
	FIXTURE(f, 1);

	assert_verdict(&f,
		AUTO "meanwhile: [{when: write, at: 0x08000050, do: {power: off}}]\n"
		     "expect: {outcome: written, tool: any, ends-as: off}\n",
		VERDICT_PASS, "written, as it should be");
}
