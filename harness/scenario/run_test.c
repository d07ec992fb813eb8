/* SPDX-License-Identifier: MIT */
/* Scenarios in a fake world: each step, each expectation, fitting and not, and what is never a pass. */
#include "harness/scenario/fake_world_test.h"

#include <criterion/criterion.h>
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
