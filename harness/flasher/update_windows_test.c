/* SPDX-License-Identifier: MIT */
/* The consoles for Windows, and what is wrong with the drivers there. */
#include "harness/flasher/flasher_text.h"
#include "harness/flasher/update_rig_test.h"
#include "harness/host/host_os_direct.h"

#include <criterion/criterion.h>
#include <string.h>

#define BANNER "YOU NEED TO REMOVE LEGACY DFU DRIVER"

static const struct fake_driver broken = {
	"STM32  BOOTLOADER", "WinUSB", "oem12.inf", PNP_ROUTE_NONE, PNP_CANNOT_START};
static const struct fake_driver none = {"STM32  BOOTLOADER", "", "", PNP_ROUTE_NONE, PNP_NO_DRIVER};
/* Another program has it open: all looks well, and nobody else gets through. */
static const struct fake_driver taken = {
	"STM32  BOOTLOADER", "WinUSB", "oem12.inf", PNP_ROUTE_NONE, PNP_OK};

static const struct driver_case {
	const char *profile;
	const struct fake_driver *driver;
	enum flasher_reason reason;
	const char *says, *says_not;
} cases[] = {
	{"windows-2026", &fake_driver_new, FLASHER_NO_REASON, "ConfigManagerErrorCode : 0",
		"DRIVER ERROR"},
	{"windows-2026", &fake_driver_old, FLASHER_NO_DFU, "*** DRIVER ERROR? ***", BANNER},
	{"windows-2026", &broken, FLASHER_NO_DFU, "ConfigManagerErrorCode : 10",
		"Target device not found"},
	{"windows-2026", &none, FLASHER_NO_DFU, "ConfigManagerErrorCode : 28",
		"Target device not found"},
	{"windows-2026", &taken, FLASHER_NO_DFU, "does not look like DFU has worked", BANNER},
	{"windows-2025", &fake_driver_new, FLASHER_NO_REASON, "ConfigManagerErrorCode=0",
		"DRIVER ERROR"},
	{"windows-2025", &fake_driver_old, FLASHER_NO_DFU, "No Instance(s) Available.", BANNER},
	{"windows-2025", &broken, FLASHER_NO_DFU, "ConfigManagerErrorCode=10",
		"Target device not found"},
	{"windows-2022", &fake_driver_new, FLASHER_NO_REASON, "Download verified successfully",
		"Devices: "},
	{"windows-2022", &fake_driver_old, FLASHER_WRONG_DRIVER, BANNER, "DRIVER ERROR?"},
	{"windows-2022", &none, FLASHER_NO_DFU, "Devices: Error", BANNER},
	{"windows-2021", &fake_driver_old, FLASHER_NO_REASON, "Upgrade successful", BANNER},
	{"windows-2021", &fake_driver_new, FLASHER_NO_DFU, "0 Device(s) found", BANNER},
	{"windows-2021", &none, FLASHER_NO_DFU, "0 Device(s) found", BANNER},
};

Test(update_windows, each_driver_is_for_some_consoles)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct driver_case *c = &cases[i];
		CLEANUP(update_rig_done) struct update_rig rig;
		enum flasher_reason reason;
		bool done;

		update_rig_init(&rig);
		update_rig_add_dfu(&rig);
		rig.options.flow = FLASHER_MANUAL;
		rig.driver = c->driver;
		reason = update_rig_update(&rig, c->profile);
		done = reason == FLASHER_NO_REASON;
		cr_expect_eq(reason, c->reason, "%zu: %s:\n%s", i,
			names_text(&flasher_reason_names, reason), rig.text);
		cr_expect(strstr(rig.text, c->says), "%zu: no \"%s\":\n%s", i, c->says, rig.text);
		cr_expect(!strstr(rig.text, c->says_not), "%zu: \"%s\":\n%s", i, c->says_not,
			rig.text);
		cr_expect(update_rig_holds(&rig, 0, done ? &rig.new : &rig.old), "%zu", i);
	}
}

/* Only then the console of 2026 comes so far as to look at the devices. */
Test(update_windows, the_banner_of_2026_needs_another_device_that_passes_the_look)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_dfu(&rig);
	update_rig_add_dfu(&rig);
	rig.options.flow = FLASHER_MANUAL;
	rig.driver = &taken;
	rig.second_driver = &fake_driver_old;
	cr_expect_eq(update_rig_update(&rig, "windows-2026"), FLASHER_WRONG_DRIVER);
	cr_expect(strstr(rig.text, BANNER), "%s", rig.text);
}

/* Then the banner is reached: it flashes, which fails, and only then looks at the devices. */
Test(update_windows, without_wmic_a_console_of_2025_flashes_all_the_same)
{
	static const char *const missing[] = {"wmic", NULL};
	static const struct {
		const struct fake_driver *driver;
		enum flasher_reason reason;
		const char *says;
	} drivers[] = {
		{&fake_driver_new, FLASHER_NO_REASON, "Download verified successfully"},
		{&fake_driver_old, FLASHER_WRONG_DRIVER, BANNER},
		{&none, FLASHER_NO_DFU, "Target device not found"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_dfu(&rig);
		rig.options.flow = FLASHER_MANUAL;
		rig.driver = drivers[i].driver;
		host_os_direct_set_missing(rig.os, missing);
		cr_expect_eq(
			update_rig_update(&rig, "windows-2025"), drivers[i].reason, "%s", rig.text);
		cr_expect(strstr(rig.text, drivers[i].says), "%s", rig.text);
	}
}

Test(update_windows, without_powershell_there_is_no_look_and_no_report)
{
	static const char *const missing[] = {"powershell", NULL};
	static const struct {
		const char *profile, *says;
	} tools[] = {
		{"windows-2026", "detectSTM32BootloaderDriverState IOError"},
		{"windows-2022", "does not look like DFU has worked"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_dfu(&rig);
		rig.options.flow = FLASHER_MANUAL;
		rig.driver = &fake_driver_old;
		host_os_direct_set_missing(rig.os, missing);
		cr_expect_eq(update_rig_update(&rig, tools[i].profile), FLASHER_NO_DFU);
		cr_expect(strstr(rig.text, tools[i].says), "%s", rig.text);
		cr_expect(!strstr(rig.text, BANNER), "%s", rig.text);
	}
}
