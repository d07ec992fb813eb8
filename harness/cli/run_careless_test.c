/* SPDX-License-Identifier: MIT */
/*
 * Flashers with a flaw, each a shell script around the real tools: the scenario that looks for this flaw says FAIL, and why.
 */
#include <criterion/criterion.h>

#include "harness/cli/exec_files_test.h"

#define ECU   DFURIG " ecu --port auto"
#define WRITE "dfu-util -d 0483:df11 -a 0 -s 0x08000000:leave -D \"$1\""
#define WAIT  "for i in $(seq 200); do lsusb -d 0483:df11 >/dev/null && break; sleep 0.05; done; "
#define ENTER DFURIG " ecu reboot-dfu --port auto; " WAIT

struct flaw {
	const char *name;
	const char *scenario;
	const char *script; /* $1: the image, $2: auto or manual */
	const char *says;   /* in the verdict's line */
};

static const struct flaw flaws[] = {
	{"says_success_at_once", "auto-dfu", "echo Done", "the tool said success"},
	{"writes_half_of_the_image", "auto-dfu",
		ENTER "head -c 100000 \"$1\" >\"$1.half\"; dfu-util -d 0483:df11 -a 0 -s "
		      "0x08000000:leave -D \"$1.half\"",
		"the tool said success"},
	{"does_not_leave_the_bootloader", "auto-dfu",
		ENTER "dfu-util -d 0483:df11 -a 0 -s 0x08000000 -D \"$1\"", "dfu"},
	{"erases_everything", "settings-survive",
		ENTER "dfu-util -d 0483:df11 -a 0 -s 0x08000000:mass-erase:force:leave -D \"$1\"",
		"tune"},
	{"restores_no_tune", "settings-version-change", ENTER WRITE, "tune"},
	{"flashes_the_wrong_device", "two-in-dfu",
		"dfu-util -d 0483:df11 -S $(dfu-util -l | sed -n 's/.*serial=\"\\(.*\\)\"/\\1/p' | "
		"sort -u | tail -n 1) -a 0 -s 0x08000000:leave -D \"$1\"",
		"the tool said success"},
	{"takes_a_missing_device_for_success", "magic-lost", ENTER WRITE " || true",
		"the tool said success"},
	{"reboots_the_ecu_without_its_tool", "dfu-util-missing", ENTER WRITE, "ecu, dfu after"},
	{"does_not_mind_a_held_port", "port-held", DFURIG " ecu reboot-dfu --port auto; echo Done",
		"the tool said success"},
	{"flashes_without_having_the_tune", "tune-unreadable", ENTER WRITE, "outcome"},
	{"flashes_what_is_for_another_chip", "wrong-chip-refused", ENTER WRITE, "outcome"},
	{"does_not_mind_permissions", "no-permission", WRITE "; true", "the tool said success"},
	{"leaves_a_process_running", "auto-dfu", ENTER WRITE "; sleep 1000 & exit 0",
		"1 left running"},
};

static const char flasher[] = "name: careless\n"
			      "title: a flasher with a flaw\n"
			      "command: [sh, %s, \"{image}\", \"{flow}\"]\n"
			      "flows: [auto, manual]\n"
			      "success: {exit: 0}\n"
			      "limit: 20 s\n"
			      "source: made for this test\n";

/* Writes the flasher and its script; the flasher's path, borrowed from files->extra. */
static const char *make_flasher(struct exec_files *files, const struct flaw *flaw)
{
	char script[300], text[1024];

	snprintf(script, sizeof(script), "%s",
		temp_file_or_fail(&files->dir, "careless.sh", flaw->script, strlen(flaw->script)));
	snprintf(text, sizeof(text), flasher, script);
	snprintf(files->extra, sizeof(files->extra), "%s",
		temp_file_or_fail(&files->dir, "careless.yaml", text, strlen(text)));
	return files->extra;
}

static const struct flaw *find_or_fail(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(flaws); i++)
		if (strcmp(flaws[i].name, name) == 0)
			return &flaws[i];
	cr_assert_fail("no flaw %s", name);
	return NULL;
}

/* What the flaws are taken from: it has none. */
static const struct flaw careful = {"careful", "auto-dfu", ENTER WRITE, "PASS"};

static void expect_caught(const char *name)
{
	const struct flaw *flaw = find_or_fail(name);
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(8);
	const char *path = make_flasher(&files, flaw);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, "run", flaw->scenario, "--transport", "mock", "--flasher", path);

	cr_expect_eq(run.code, 1, "%s: exit code %d\n%s%s", flaw->name, run.code, run.out, run.err);
	cr_expect(strstr(run.out, "FAIL") && strstr(run.out, flaw->says),
		"%s: not caught by %s: %s", flaw->name, flaw->scenario, run.out);
}

Test(careless, without_a_flaw_it_passes)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(8);
	const char *path = make_flasher(&files, &careful);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, "run", careful.scenario, "--transport", "mock", "--flasher", path);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, careful.says), "%s", run.out);
}

Test(careless, says_success_at_once)
{
	expect_caught("says_success_at_once");
}

Test(careless, writes_half_of_the_image)
{
	expect_caught("writes_half_of_the_image");
}

Test(careless, does_not_leave_the_bootloader)
{
	expect_caught("does_not_leave_the_bootloader");
}

Test(careless, erases_everything)
{
	expect_caught("erases_everything");
}

Test(careless, restores_no_tune)
{
	expect_caught("restores_no_tune");
}

Test(careless, flashes_the_wrong_device)
{
	expect_caught("flashes_the_wrong_device");
}

Test(careless, takes_a_missing_device_for_success)
{
	expect_caught("takes_a_missing_device_for_success");
}

Test(careless, reboots_the_ecu_without_its_tool)
{
	expect_caught("reboots_the_ecu_without_its_tool");
}

Test(careless, does_not_mind_a_held_port)
{
	expect_caught("does_not_mind_a_held_port");
}

Test(careless, flashes_without_having_the_tune)
{
	expect_caught("flashes_without_having_the_tune");
}

Test(careless, flashes_what_is_for_another_chip)
{
	expect_caught("flashes_what_is_for_another_chip");
}

Test(careless, does_not_mind_permissions)
{
	expect_caught("does_not_mind_permissions");
}

Test(careless, leaves_a_process_running)
{
	expect_caught("leaves_a_process_running");
}
