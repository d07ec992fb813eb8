/* SPDX-License-Identifier: MIT */
/* The step `windows`, and what a scenario says of a Windows host. */
#include "harness/scenario/fake_world_test.h"

#include "harness/scenario/model.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEAD   "name: t\ntitle: t\nsource: s\nflow: auto\nstart: {firmware: old}\nimage: new\n"
#define EXPECT "expect: {outcome: not-updated}\n"

static void done(struct fake_world *fake)
{
	fake_world_done(fake);
}

static const struct windows_case {
	const char *step;
	enum world_windows_action action;
	const char *driver;
	bool elevated;
	size_t board;
} cases[] = {
	{"{windows: uninstall-device}", WORLD_UNINSTALL_DEVICE, "", true, 0},
	{"{windows: uninstall-device, of: 2}", WORLD_UNINSTALL_DEVICE, "", true, 1},
	{"{windows: uninstall-device-and-driver}", WORLD_UNINSTALL_DEVICE_AND_DRIVER, "", true, 0},
	{"{windows: scan}", WORLD_SCAN, "", true, 0},
	{"{windows: add-driver st-bootloader}", WORLD_ADD_DRIVER, "st-bootloader", true, 0},
	{"{windows: stage-driver st-dfu-old, elevated: true}", WORLD_STAGE_DRIVER, "st-dfu-old",
		true, 0},
};

Test(step_windows, it_is_done_as_it_is_written)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct windows_case *c = &cases[i];
		CLEANUP(done) struct fake_world fake;
		struct why why = {0};
		char yaml[400];

		fake_world_init(&fake, 2);
		snprintf(yaml, sizeof(yaml), HEAD "others: [{firmware: old}]\nsteps: [%s]\n" EXPECT,
			c->step);
		cr_expect_eq(
			fake_run(&fake, yaml, &why), VERDICT_PASS, "%s: %s", c->step, why.text);
		cr_expect_eq(fake.windows.action, c->action, "%s", c->step);
		cr_expect_str_eq(fake.windows_driver, c->driver);
		cr_expect_eq(fake.windows.elevated, c->elevated, "%s", c->step);
		cr_expect_eq(fake.windows.board, &fake.boards[c->board].board, "%s", c->step);
	}
}

/* A refusal is what a step without an administrator's rights expects, and nobody else. */
Test(step_windows, a_refusal_is_expected_of_who_is_not_elevated)
{
	static const struct {
		const char *elevated;
		int answer;
		enum verdict verdict;
		const char *says;
	} refusals[] = {
		{", elevated: false", -EPERM, VERDICT_PASS, ""},
		{", elevated: false", 0, VERDICT_FAIL, "it does as it is told"},
		{"", -EPERM, VERDICT_ERROR, "step 1 (windows): Access is denied."},
		{", elevated: false", -ENODEV, VERDICT_ERROR, "Access is denied."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		CLEANUP(done) struct fake_world fake;
		struct why why = {0};
		char yaml[400];

		fake_world_init(&fake, 1);
		fake.windows_answer = refusals[i].answer;
		snprintf(yaml, sizeof(yaml),
			HEAD "steps: [{windows: add-driver st-bootloader%s}]\n" EXPECT,
			refusals[i].elevated);
		cr_expect_eq(
			fake_run(&fake, yaml, &why), refusals[i].verdict, "%zu: %s", i, why.text);
		cr_expect(strstr(why.text, refusals[i].says), "%zu: %s", i, why.text);
	}
}

Test(step_windows, a_world_without_windows_says_so)
{
	CLEANUP(done) struct fake_world fake;
	struct world_ops ops;
	struct why why = {0};

	fake_world_init(&fake, 1);
	ops = *fake.world.ops;
	ops.windows = NULL;
	fake.world.ops = &ops;
	cr_expect_eq(
		fake_run(&fake, HEAD "steps: [{windows: scan}]\n" EXPECT, &why), VERDICT_ERROR);
	cr_expect(strstr(why.text, "there is no Windows here"), "%s", why.text);
}

static int parse(const char *yaml, struct scenario **ret, struct why *why)
{
	return scenario_parse("f.yaml", (const uint8_t *)yaml, strlen(yaml), ret, why);
}

Test(step_windows, mistakes_are_said_with_what_there_is)
{
	static const struct {
		const char *text, *says;
	} mistakes[] = {
		{"steps: [{windows: reinstall}]", "\"reinstall\" is not uninstall-device, "},
		{"steps: [{windows: add-driver}]", "\"add-driver\" is not uninstall-device, "},
		{"steps: [{windows: scan now}]", "\"scan now\" is not uninstall-device, "},
		{"steps: [{windows: scan, elevated: perhaps}]", "is not one of false, true"},
		{"steps: [{wait: 1 s, elevated: true}]", "does not stand beside \"wait\""},
		{"host: {install-time: soon}", "host.install-time: \"soon\" is not a time"},
		{"host: {late: [{program: x, time: soon}]}", "host.late[0].time: \"soon\" is not"},
		{"host: {late: [{program: x}]}", "time"},
		{"host: {mute: []}", "host.mute"},
		{"host: {no-elevation: perhaps}", "host.no-elevation"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct scenario *scenario = NULL;
		struct why why = {0};
		char yaml[400];

		snprintf(yaml, sizeof(yaml), HEAD "%s\n" EXPECT, mistakes[i].text);
		cr_expect_eq(parse(yaml, &scenario, &why), -EBADMSG, "%s", mistakes[i].text);
		cr_expect(strstr(why.text, mistakes[i].says), "%s: %s", mistakes[i].text, why.text);
		scenario_free(scenario);
	}
}

Test(step_windows, the_host_s_trouble_is_as_the_scenario_says)
{
	CLEANUP(done) struct fake_world fake;
	struct why why = {0};

	fake_world_init(&fake, 1);
	cr_expect_eq(fake_run(&fake,
			     HEAD "host: {system: windows, drivers: [a, b], install-time: 15 s, "
				  "failing-service: WinUSB, no-elevation: true, late: [{program: "
				  "powershell, time: 20 s}], mute: [wmic]}\n"
				  "expect: {outcome: updated}\n",
			     &why),
		VERDICT_PASS, "%s", why.text);
	cr_expect_eq(fake.host.install_us, 15000000);
	cr_expect(fake.host.no_elevation);
	cr_expect(fake.host.has_drivers);
}

Test(step_windows, the_host_s_system_is_the_flasher_s_unless_it_is_said)
{
	static const struct {
		const char *host;
		enum flasher_system tool;
		enum world_system system;
	} systems[] = {
		{"", FLASHER_ON_ANY, WORLD_SYSTEM_USUAL},
		{"", FLASHER_ON_LINUX, WORLD_LINUX},
		{"", FLASHER_ON_WINDOWS, WORLD_WINDOWS},
		{"host: {system: windows}\n", FLASHER_ON_ANY, WORLD_WINDOWS},
		{"host: {system: macos}\n", FLASHER_ON_WINDOWS, WORLD_MACOS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		const struct flasher flasher = {.name = "tool", .system = systems[i].tool};
		struct scenario *scenario = NULL;
		struct why why = {0};
		char yaml[400];

		snprintf(yaml, sizeof(yaml), HEAD "%s" EXPECT, systems[i].host);
		cr_assert_eq(parse(yaml, &scenario, &why), 0, "%s", why.text);
		cr_expect_eq(scenario_system(scenario, &flasher), systems[i].system, "%zu", i);
		scenario_free(scenario);
	}
}
