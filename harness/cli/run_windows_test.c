/* SPDX-License-Identifier: MIT */
/*
 * The scenarios about Windows: each is run without the one thing that it is about, and must then FAIL, for the reason that is
 * named here. A healthy Windows that one with its trouble cannot be told from would prove nothing.
 */
#include "harness/cli/exec_files_test.h"

#include "harness/base/file.h"

#include <dirent.h>

#define FOLDER DFURIG_FIXTURES "/scenarios"

/* A text of the scenario, and what it is replaced by. */
static const struct healthy {
	const char *scenario, *flasher;
	const char *cut, *put;
	const char *says; /* in the report */
} cases[] = {
	{"windows-newer-driver-2021", "console-windows-2021", "[st-bootloader]", "[st-dfu-old]",
		"got       written"},
	{"windows-old-driver-2026", "console-windows-2026", "[st-dfu-old]", "[st-bootloader]",
		"outcome: expected not-updated, got updated"},
	{"windows-old-driver-2022", "console-windows-2022", "[st-dfu-old]", "[st-bootloader]",
		"outcome: expected not-updated, got updated"},
	{"windows-old-driver-2022", "console-windows-2022", "[st-dfu-old]", "[]",
		"reason: expected wrong-driver, got no-dfu"},
	{"windows-old-driver-dfu-util", "dfu-util", "[st-dfu-old]", "[st-bootloader]",
		"outcome: expected not-updated, got updated"},
	{"windows-old-driver-programmer", "stm32-programmer-cli", "[st-dfu-old]", "[st-bootloader]",
		"outcome: expected not-updated, got updated"},
	{"windows-faq-2021", "console-windows-2021", "[st-bootloader]", "[st-dfu-old]",
		"got       written"},
	{"windows-faq-2021", "console-windows-2021", "  - windows: uninstall-device-and-driver\n",
		"", "Device Description:         STM Device in DFU Mode"},
	{"windows-faq-2021", "console-windows-2021", "  - windows: add-driver st-dfu-old\n", "",
		"Device Description:         STM Device in DFU Mode"},
	/* The newer driver is the better one: it would come without the old one's removal as well. */
	{"windows-faq-2026", "console-windows-2026", "[st-dfu-old]", "[st-bootloader]",
		"outcome: expected not-updated, got updated"},
	{"windows-faq-2026", "console-windows-2026", "  - windows: add-driver st-bootloader\n", "",
		"\"Status:                     Started\""},
	{"windows-driver-kept", "console-windows-2026", "windows: uninstall-device\n",
		"windows: uninstall-device-and-driver\n", "pnputil"},
	{"windows-no-driver", "console-windows-2026", "drivers: []", "drivers: [st-bootloader]",
		"outcome: expected not-updated, got updated"},
	{"windows-no-driver", "console-windows-2021", "drivers: []", "drivers: [st-dfu-old]",
		"got       written"},
	{"windows-no-driver-dfu-util", "dfu-util", "  - windows: add-driver st-bootloader\n", "",
		"outcome: expected updated, got not-updated"},
	{"windows-driver-fails", "console-windows-2026", ", failing-service: WinUSB", "",
		"outcome: expected not-updated, got updated"},
	{"windows-old-driver-blocked", "console-windows-2021", ", failing-service: STTub30", "",
		"pnputil"},
	{"windows-query-missing", "console-windows-2026", ", missing: [powershell]", "",
		"outcome: expected not-updated, got updated"},
	{"windows-query-empty", "console-windows-2026", ", mute: [powershell, wmic]", "",
		"outcome: expected not-updated, got updated"},
	{"windows-query-late", "console-windows-2026", "time: 20 s", "time: 4 min",
		"outcome: expected updated, got not-updated"},
	{"windows-query-too-late", "console-windows-2026", "time: 4 min", "time: 2 min",
		"outcome: expected not-updated, got updated"},
	{"windows-query-empty", "console-windows-2025", ", mute: [powershell, wmic]", "",
		"outcome: expected not-updated, got updated"},
	{"windows-wmic-missing", "console-windows-2025", ", missing: [wmic]", "",
		"says: expected \"IOError\""},
	{"windows-wmic-missing-old-driver", "console-windows-2025", "missing: [wmic], ", "",
		"reason: expected wrong-driver, got no-dfu"},
	{"windows-two-drivers", "console-windows-2026", "[st-dfu-old, st-bootloader]",
		"[st-dfu-old]", "outcome: expected updated, got not-updated"},
	{"windows-two-drivers", "console-windows-2021", "[st-dfu-old, st-bootloader]",
		"[st-dfu-old]", "got       written"},
	{"windows-old-installed-beside-newer", "console-windows-2021",
		"  - windows: uninstall-device-and-driver\n", "",
		"outcome: expected written, got not-updated"},
	{"windows-two-devices", "console-windows-2026",
		"  - windows: stage-driver st-bootloader\n    of: 2\n", "", "pnputil"},
	{"windows-two-devices", "console-windows-2026", "stage-driver", "add-driver", "pnputil"},
	{"windows-two-devices-2021", "console-windows-2021", "stage-driver", "add-driver",
		"outcome: expected written, got not-updated"},
	{"windows-installer-not-elevated", "console-windows-2026", ", no-elevation: true", "",
		"pnputil"},
	{"windows-installer-not-elevated", "console-windows-2026", "elevated: false",
		"elevated: true", "Access is denied"},
	{"windows-installer", "console-windows-2026", "drivers: []",
		"drivers: [], no-elevation: true", "pnputil"},
	{"windows-broken-driver-cured", "console-windows-2026",
		"[st-bootloader, st-bootloader-broken]", "[st-bootloader]", "pnputil"},
	{"windows-broken-driver-cured", "console-windows-2026",
		"  - windows: uninstall-device-and-driver\n", "",
		"\"Status:                     Started\""},
	{"windows-unsigned-driver", "console-windows-2021", "st-unsigned.inf", "st-dfu-old.inf",
		"\"Failed to add driver package: \""},
	{"windows-pnputil-cure", "console-windows-2021",
		"  - run: [pnputil, /add-driver, st-dfu-old.inf, /install]\n"
		"    says: Driver package added successfully.\n",
		"", "Device Description:         STM Device in DFU Mode"},
	{"windows-pnputil-cure", "console-windows-2021", "oem0.inf, /uninstall", "oem9.inf",
		"Driver package deleted successfully."},
	{"windows-zadig", "dfu-util", "[zadig-winusb]", "[st-dfu-old]",
		"outcome: expected updated, got not-updated"},
	{"windows-slow-installation", "console-windows-2026", ", install-time: 15 s", "",
		"outcome: expected not-updated, got updated"},
	{"windows-slow-installation", "console-windows-2026", "  - wait: 15 s\n", "",
		"outcome: expected updated, got not-updated"},
};

/* The scenario without it, as a file beside others. */
static const char *write_healthy(struct temp_dir *dir, const struct healthy *c)
{
	CLEANUP(buf_done) struct buf text;
	char path[300], name[100], out[8192];
	const char *at;
	struct why why = {0};
	int n;

	snprintf(path, sizeof(path), FOLDER "/%s.yaml", c->scenario);
	buf_init(&text, 4096);
	cr_assert_eq(file_read(path, &text, &why), 0, "%s", why.text);
	cr_assert_eq(buf_append(&text, "", 1), 0);
	at = strstr((char *)text.data, c->cut);
	cr_assert(at, "%s: there is no \"%s\"", c->scenario, c->cut);
	n = snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - (char *)text.data), (char *)text.data,
		c->put, at + strlen(c->cut));
	snprintf(name, sizeof(name), "%s.yaml", c->scenario);
	return temp_file_or_fail(dir, name, out, (size_t)n);
}

Test(run_windows, scenarios_fail_without_what_they_are_about)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct healthy *c = &cases[i];
		CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
		const char *path = write_healthy(&dir, c);
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "run", path, "--transport", "direct", "--jobs",
			"1", "--flasher", c->flasher);

		cr_expect_neq(
			run.code, 0, "%s without \"%s\" passes\n%s", c->scenario, c->cut, run.out);
		cr_expect(strstr(run.out, c->says), "%s without \"%s\": no \"%s\" in %s%s",
			c->scenario, c->cut, c->says, run.out, run.err);
	}
}

Test(run_windows, every_scenario_about_windows_is_checked_so)
{
	DIR *folder = opendir(FOLDER);
	struct dirent *entry;
	size_t found = 0;

	cr_assert(folder);
	while ((entry = readdir(folder))) {
		bool known = strncmp(entry->d_name, "windows-", 8) != 0;

		for (size_t i = 0; !known && i < ARRAY_SIZE(cases); i++)
			known = strncmp(entry->d_name, cases[i].scenario,
					strlen(cases[i].scenario)) == 0 &&
				strcmp(entry->d_name + strlen(cases[i].scenario), ".yaml") == 0;
		cr_expect(known, "%s is not in the table", entry->d_name);
		found += strncmp(entry->d_name, "windows-", 8) == 0;
	}
	closedir(folder);
	cr_expect_geq(found, 20);
}

/* Windows is in-process only. */
Test(run_windows, below_the_mock_they_are_skipped_with_a_reason)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "windows-old-driver-dfu-util", "--transport",
		"mock", "--flasher", "dfu-util", "-v");

	cr_expect(strstr(run.out, "SKIP"), "%s", run.out);
	cr_expect(strstr(run.out, "below the mock there is no Windows"), "%s", run.out);
}

/* Nobody said which transport: not the one that a real dfu-util would have. */
Test(run_windows, without_a_transport_they_run_in_process)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "run", "windows-old-driver-dfu-util");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "PASS"), "%s", run.out);
}

Test(run_windows, a_driver_that_is_not_there_is_said_with_its_line)
{
	static const struct {
		const char *cut, *put, *says;
	} mistakes[] = {
		{"[st-dfu-old]", "[st-nonsense]",
			"host.drivers[0]: no driver package \"st-nonsense\"; there are: "
			"st-bootloader, "},
		{"add-driver st-bootloader", "add-driver st-nonsense",
			"no driver package \"st-nonsense\""},
		{"add-driver st-bootloader", "add-driver", "is not uninstall-device, "},
		{"add-driver st-bootloader", "scan st-bootloader", "is not uninstall-device, "},
		{"add-driver st-bootloader", "reinstall", "is not uninstall-device, "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const struct healthy c = {"windows-faq-2026", "console-windows-2026",
			mistakes[i].cut, mistakes[i].put, mistakes[i].says};
		CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(
			DFURIG, "run", write_healthy(&dir, &c), "--transport", "direct");

		cr_expect_neq(run.code, 0);
		cr_expect(strstr(run.err, c.says), "no \"%s\" in %s%s", c.says, run.err, run.out);
	}
}
