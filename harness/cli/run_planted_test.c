/* SPDX-License-Identifier: MIT */
/* Scenarios see what a careless tool gets wrong: each runs with a flasher into which a flaw was planted, and must FAIL. */
#include "harness/cli/exec_files_test.h"

/* Words of the report that name the cause: a scenario that fails for another reason proves nothing. */
static const struct planted {
	const char *flaw, *scenario, *says;
} planted[] = {
	{"done-at-once", "auto-dfu", "the tool said success; the flash still holds"},
	{"done-at-once", "manual-dfu", "the tool said success; the flash still holds"},
	{"ignores-failure", "magic-lost", "the tool said success; the flash still holds"},
	{"ignores-failure", "no-permission", "the tool said success; the flash still holds"},
	{"asks-once", "ecu-bad-crc", "failure (bad-answer)"},
	{"reboots-first", "tune-unreadable", "usb: expected ecu, got ecu, dfu"},
	{"flashes-without-tune", "tune-unreadable", "outcome: expected not-updated, got updated"},
	{"no-guard", "wrong-chip-refused", "outcome: expected not-updated, got written"},
	{"one-look", "dfu-after-2900-ms", "failure (no-dfu)"},
	{"any-device", "ecu-and-dfu", "f407-discovery-2 was written to"},
	{"any-device", "two-in-dfu", "outcome: expected not-updated, got updated"},
	{"skips-verify, --flaw, no-wait", "auto-dfu", "the tool said success; "},
	{"half", "manual-dfu", "outcome: expected updated, got damaged"},
	{"wrong-address", "blank-chip", "outcome: expected updated, got damaged"},
	{"mass-erase", "auto-dfu", "tune: expected kept, got restored"},
	{"no-leave", "auto-dfu", "outcome: expected updated, got written"},
	{"no-wait", "settings-version-change", "tune: expected restored, got default"},
	{"any-ecu", "two-ecus-after", "failure (verify-failed)"},
	{"no-restore", "settings-version-change", "tune: expected restored, got default"},
};

static struct run run_with(struct temp_dir *dir, const char *flaw, const char *scenario)
{
	char text[600];
	int n = snprintf(text, sizeof(text),
		"name: careless\ntitle: a tool with a flaw\n"
		"command: [dfurig, update, \"{flow}\"%s%s, --image, \"{image}\"]\n"
		"flows: [auto, manual]\nrestores-tune: yes\n"
		"success: {exit: 0, says: \"update: done\"}\nlimit: 5 min\nsource: planted\n",
		flaw ? ", --flaw, " : "", flaw ? flaw : "");

	return RUN_OR_FAIL(DFURIG, "run", scenario, "--transport", "direct", "--jobs", "1",
		"--flasher", temp_file_or_fail(dir, "careless.yaml", text, (size_t)n));
}

Test(run, scenarios_fail_when_their_cause_is_planted)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(planted); i++) {
		const struct planted *p = &planted[i];
		CLEANUP(run_done) struct run run = run_with(&dir, p->flaw, p->scenario);

		cr_expect_eq(run.code, 1, "%s in %s: exit %d\n%s%s", p->flaw, p->scenario, run.code,
			run.out, run.err);
		cr_expect(strstr(run.out, " FAIL "), "%s in %s: %s", p->flaw, p->scenario, run.out);
		cr_expect(strstr(run.out, p->says), "%s in %s: no \"%s\" in %s", p->flaw,
			p->scenario, p->says, run.out);
	}
}

/* The same flasher, with nothing planted. */
Test(run, scenarios_pass_when_nothing_is_planted)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(planted); i++) {
		CLEANUP(run_done) struct run run = run_with(&dir, NULL, planted[i].scenario);

		cr_expect_eq(run.code, 0, "%s: exit %d\n%s%s", planted[i].scenario, run.code,
			run.out, run.err);
	}
}
