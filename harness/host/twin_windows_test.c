/* SPDX-License-Identifier: MIT */
/* The twins of Windows programs, on simulated chips and a Plug and Play that says what the test wants. */
#include "harness/host/twin.h"

#include "harness/host/host_os_direct.h"
#include "harness/testing/fake_pnp.h"
#include "harness/testing/temp.h"
#include "harness/testing/usb_rig.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLASH  0x08000000u
#define BOARDS 2

struct windows_rig {
	struct usb_rig usb;
	struct fake_pnp pnp;
	struct host_os *os;
	struct board *boards[BOARDS];
	struct temp_dir dir;
	char image[300];
	uint8_t bytes[5000];
	char *text; /* of the output */
	struct why why;
};

static struct board *make_board(struct windows_rig *rig, uint8_t n)
{
	struct stm32_board_config config = {
		.name = "board", .chip = "stm32f407xg", .pace = ROM_PACE_FAST, .uid = {n}};
	struct board *board = NULL;

	cr_assert_eq(stm32_board_new(&config, rig->usb.bus, vusb_bus_port(rig->usb.bus, n), &board,
			     &rig->why),
		0, "%s", rig->why.text);
	cr_assert_eq(board->ops->set_pin(board, BOARD_BOOT0, true, NULL), 0);
	cr_assert_eq(board->ops->set_pin(board, BOARD_POWER, true, NULL), 0);
	return board;
}

static void windows_rig_init(struct windows_rig *rig, size_t boards)
{
	*rig = (struct windows_rig){.dir = temp_dir_or_fail()};
	usb_rig_init_or_fail(&rig->usb);
	for (size_t i = 0; i < boards; i++)
		rig->boards[i] = make_board(rig, (uint8_t)(i + 1));
	rig->os = host_os_direct_new(rig->usb.host, NULL, host_twins);
	cr_assert(rig->os);
	fake_pnp_init(&rig->pnp, rig->usb.host);
	rig->os->pnp = &rig->pnp.pnp;
	for (size_t i = 0; i < sizeof(rig->bytes); i++)
		rig->bytes[i] = (uint8_t)(i * 7 % 251);
	snprintf(rig->image, sizeof(rig->image), "%s",
		temp_file_or_fail(&rig->dir, "image.bin", rig->bytes, sizeof(rig->bytes)));
	clock_sleep_until_us(rig->usb.host->clock, 1000000);
}

static void windows_rig_done(struct windows_rig *rig)
{
	free(rig->text);
	host_os_direct_free(rig->os);
	for (size_t i = 0; i < BOARDS; i++)
		if (rig->boards[i])
			rig->boards[i]->ops->free(rig->boards[i]);
	usb_rig_done(&rig->usb);
	temp_dir_done(&rig->dir);
}

static int run(struct windows_rig *rig, char *const argv[])
{
	struct host_program_result result = {0};
	int r = rig->os->ops->run(rig->os, argv, 60000, &result, &rig->why);

	free(rig->text);
	rig->text = strndup(
		r < 0 || !result.output.data ? "" : (char *)result.output.data, result.output.size);
	buf_done(&result.output);
	return r < 0 ? r : result.exit_code;
}

#define RUN(rig, ...) run(rig, (char *const[]){__VA_ARGS__, NULL})
#define SAYS(rig, what)                                                                            \
	cr_expect(strstr((rig)->text, what), "\"%s\" is not in:\n%s", what, (rig)->text)
#define SAYS_NOT(rig, what)                                                                        \
	cr_expect(!strstr((rig)->text, what), "\"%s\" is in:\n%s", what, (rig)->text)

static bool is_flashed(struct windows_rig *rig, size_t board)
{
	struct board *it = rig->boards[board];
	uint8_t flash[sizeof(rig->bytes)];

	cr_assert_eq(it->ops->read_flash(it, FLASH, flash, sizeof(flash)), 0);
	return memcmp(flash, rig->bytes, sizeof(flash)) == 0;
}

/* ---- queries ---- */

#define QUERY(where)                                                                               \
	"Get-CimInstance Win32_PnPEntity -Filter \"" where                                         \
	"\" | Select-Object Caption, ConfigManagerErrorCode | Format-List"
#define STM32 "Caption like '%STM32%' and Caption like '%Bootloader%'"
#define H7    "Caption like '%DFU%' and Caption like '%FS Mode%'"

static const struct fake_driver broken = {
	"STM32  BOOTLOADER", "WinUSB", "oem12.inf", PNP_ROUTE_NONE, PNP_CANNOT_START};
static const struct fake_driver none = {"STM32  BOOTLOADER", "", "", PNP_ROUTE_NONE, PNP_NO_DRIVER};

Test(twin_windows, powershell_finds_a_bootloader_by_its_caption)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "powershell", "-NoProfile", "-Command", QUERY(STM32)), 0);
	SAYS(&rig, "Caption                : STM32  BOOTLOADER\r\nConfigManagerErrorCode : 0\r\n");
	cr_expect_eq(RUN(&rig, "powershell", "-NoProfile", "-Command", QUERY(H7)), 0);
	cr_expect_str_eq(rig.text, "");
}

Test(twin_windows, powershell_does_not_find_the_old_driver_s_caption)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	rig.pnp.drivers[0] = &fake_driver_old;
	cr_expect_eq(RUN(&rig, "powershell", "-NoProfile", "-Command", QUERY(STM32)), 0);
	cr_expect_str_eq(rig.text, "");
}

/* The caption of an H7's bootloader [rusEFI issue 5574]. */
Test(twin_windows, powershell_finds_an_h7_by_its_own_caption_only)
{
	static const struct fake_driver h7 = {
		"DFU in FS Mode", "WinUSB", "oem12.inf", PNP_ROUTE_WINUSB, PNP_OK};
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	rig.pnp.drivers[0] = &h7;
	cr_expect_eq(RUN(&rig, "powershell", "-NoProfile", "-Command", QUERY(H7)), 0);
	SAYS(&rig, "Caption                : DFU in FS Mode\r\n");
	cr_expect_eq(RUN(&rig, "powershell", "-NoProfile", "-Command", QUERY(STM32)), 0);
	cr_expect_str_eq(rig.text, "");
}

Test(twin_windows, powershell_tells_problem_codes)
{
	static const struct {
		const struct fake_driver *driver;
		const char *says;
	} cases[] = {
		{&broken, "ConfigManagerErrorCode : 10\r\n"},
		{&none, "ConfigManagerErrorCode : 28\r\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(windows_rig_done) struct windows_rig rig;

		windows_rig_init(&rig, 1);
		rig.pnp.drivers[0] = cases[i].driver;
		cr_expect_eq(RUN(&rig, "powershell", "-NoProfile", "-Command", QUERY(STM32)), 0);
		SAYS(&rig, cases[i].says);
	}
}

Test(twin_windows, powershell_lists_devices_for_the_console_s_report)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 2);
	rig.pnp.drivers[0] = &fake_driver_old;
	rig.pnp.drivers[1] = &none;
	cr_expect_eq(RUN(&rig, "powershell", "Get-PnpDevice -PresentOnly"), 0);
	SAYS(&rig, "OK         USBDevice       STM Device in DFU Mode ");
	SAYS(&rig, "Error                      STM32  BOOTLOADER ");
	SAYS(&rig, " USB\\VID_0483&PID_DF11\\");
}

Test(twin_windows, powershell_refuses_what_it_cannot_read)
{
	static const char *const commands[] = {
		"Get-Process",
		QUERY("Caption unlike '%x%'"),
		QUERY("Caption like 'x"),
		QUERY("Nonsense like '%x%'"),
		QUERY(STM32 " or Caption like '%x%'"),
		"Get-CimInstance Win32_PnPEntity",
	};
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		cr_expect_eq(RUN(&rig, "powershell", "-Command", (char *)commands[i]), 1, "%s: %s",
			commands[i], rig.text);
}

Test(twin_windows, wmic_answers_as_before_2026)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "wmic", "path", "win32_pnpentity", "where", STM32, "get",
			     "Caption,ConfigManagerErrorCode", "/format:list"),
		0);
	SAYS(&rig, "\r\nCaption=STM32  BOOTLOADER\r\nConfigManagerErrorCode=0\r\n");
	rig.pnp.drivers[0] = &fake_driver_old;
	cr_expect_eq(RUN(&rig, "wmic", "path", "win32_pnpentity", "where", STM32, "get",
			     "Caption,ConfigManagerErrorCode", "/format:list"),
		0);
	cr_expect_str_eq(rig.text, "No Instance(s) Available.\r\n");
}

/* ---- flashing ---- */

static int program(struct windows_rig *rig)
{
	return RUN(rig, "STM32_Programmer_CLI/bin/STM32_Programmer_CLI.exe", "-c", "port=usb1",
		"-w", rig->image, "0x08000000", "-v", "-s");
}

static int dfuse_command(struct windows_rig *rig)
{
	return RUN(rig, "DfuSeCommand.exe", "-c", "-d", "--v", "--fn", rig->image);
}

static int dfu_util(struct windows_rig *rig)
{
	return RUN(rig, "dfu-util", "-a", "0", "-s", "0x08000000:leave", "-D", rig->image);
}

/* Which tool gets through which driver. */
static const struct route_case {
	const char *name;
	int (*tool)(struct windows_rig *rig);
	const struct fake_driver *driver;
	int exit;
	const char *says;
} routes[] = {
	{"programmer, new", program, &fake_driver_new, 0, "Download verified successfully"},
	{"programmer, old", program, &fake_driver_old, 1, "Target device not found"},
	{"programmer, broken", program, &broken, 1, "Target device not found"},
	{"programmer, none", program, &none, 1, "Target device not found"},
	{"DfuSeCommand, old", dfuse_command, &fake_driver_old, 0, "Upgrade successful"},
	{"DfuSeCommand, new", dfuse_command, &fake_driver_new, 1,
		"0 Device(s) found. Plug your DFU Device !"},
	{"DfuSeCommand, none", dfuse_command, &none, 1, "0 Device(s) found"},
	{"dfu-util, new", dfu_util, &fake_driver_new, 0, "File downloaded successfully"},
	{"dfu-util, old", dfu_util, &fake_driver_old, 74,
		"dfu-util: Cannot open DFU device 0483:df11 found on devnum 2 "
		"(LIBUSB_ERROR_NOT_SUPPORTED)\n"
		"dfu-util: No DFU capable USB device available\n"},
	{"dfu-util, none", dfu_util, &none, 74, "LIBUSB_ERROR_NOT_SUPPORTED"},
};

Test(twin_windows, tools_reach_what_their_driver_lets_them)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		const struct route_case *c = &routes[i];
		CLEANUP(windows_rig_done) struct windows_rig rig;

		windows_rig_init(&rig, 1);
		rig.pnp.drivers[0] = c->driver;
		cr_expect_eq(c->tool(&rig), c->exit, "%s: %s", c->name, rig.text);
		cr_expect(strstr(rig.text, c->says), "%s: %s", c->name, rig.text);
		cr_expect_eq(is_flashed(&rig, 0), c->exit == 0, "%s", c->name);
	}
}

/* usb1 is the first that its driver shows it, not the first that is plugged in. */
Test(twin_windows, two_bootloaders_with_different_drivers_are_one_for_each_tool)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 2);
	rig.pnp.drivers[0] = &fake_driver_old;
	cr_expect_eq(program(&rig), 0, "%s", rig.text);
	cr_expect_not(is_flashed(&rig, 0));
	cr_expect(is_flashed(&rig, 1));
	cr_expect_eq(dfuse_command(&rig), 0, "%s", rig.text);
	cr_expect(is_flashed(&rig, 0));
}

Test(twin_windows, stm32_programmer_erases_all)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	cr_expect_eq(
		RUN(&rig, "STM32_Programmer_CLI", "-c", "port=usb1", "-w", rig.image, "0x08000000"),
		0, "%s", rig.text);
	rig.boards[0]->ops->free(rig.boards[0]);
	rig.boards[0] = make_board(&rig, 1);
	clock_sleep_until_us(rig.usb.host->clock, clock_after_us(rig.os->clock, 1000000));
	cr_expect_eq(RUN(&rig, "STM32_Programmer_CLI", "-c", "port=usb1", "-e", "all"), 0, "%s",
		rig.text);
	cr_expect_not(is_flashed(&rig, 0));
}

/* ---- drivers ---- */

Test(twin_windows, pnputil_lists_devices_and_their_problems)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 2);
	rig.pnp.drivers[1] = &none;
	cr_expect_eq(RUN(&rig, "pnputil", "/enum-devices", "/connected"), 0);
	SAYS(&rig, "Microsoft PnP Utility\r\n\r\nInstance ID:                "
		   "USB\\VID_0483&PID_DF11\\");
	SAYS(&rig, "Device Description:         STM32  BOOTLOADER\r\n"
		   "Class Name:                 USBDevice\r\n");
	SAYS(&rig,
		"Status:                     Started\r\nDriver Name:                oem12.inf\r\n");
	SAYS(&rig, "Status:                     Problem\r\n"
		   "Problem Code:               28 (0x1C) [CM_PROB_FAILED_INSTALL]\r\n");
	cr_expect_eq(RUN(&rig, "pnputil", "/enum-devices", "/problem"), 0);
	SAYS_NOT(&rig, "Started");
	cr_expect_eq(RUN(&rig, "pnputil", "/enum-devices", "/disconnected"), 0);
	SAYS(&rig, "No devices were found");
}

Test(twin_windows, pnputil_lists_the_driver_store)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 0);
	cr_expect_eq(RUN(&rig, "pnputil", "/enum-drivers"), 0);
	SAYS(&rig, "Published Name:     oem12.inf\r\nOriginal Name:      stm32bootloader.inf\r\n");
	SAYS(&rig, "Driver Version:     11/28/2025 1.3.0.0\r\n");
}

Test(twin_windows, pnputil_changes_what_it_is_asked_to)
{
	static const struct {
		char *argv[5];
		const char *did, *says;
		int exit;
	} cases[] = {
		{{"pnputil", "/add-driver", "st-bootloader", NULL}, "add st-bootloader elevated",
			"Driver package added successfully.", 5},
		{{"pnputil", "/add-driver", "x\\st.inf", "/install", NULL},
			"add x\\st.inf install elevated", "Adding driver package:  st.inf\r\n",
			259},
		{{"pnputil", "/delete-driver", "oem12.inf", NULL}, "delete oem12.inf elevated",
			"Driver package deleted successfully.", 0},
		{{"pnputil", "/delete-driver", "oem12.inf", "/uninstall", NULL},
			"delete oem12.inf uninstall elevated", "Driver package uninstalled.", 0},
		{{"pnputil", "/remove-device", "USB\\X", NULL}, "remove USB\\X elevated",
			"Device removed successfully.", 0},
		{{"pnputil", "/scan-devices", NULL}, "scan", "Scan complete.", 0},
		{{"pnputil", "/help", NULL}, "", "PNPUTIL [/add-driver", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(windows_rig_done) struct windows_rig rig;

		windows_rig_init(&rig, 1);
		cr_expect_eq(run(&rig, cases[i].argv), cases[i].exit, "%s", rig.text);
		SAYS(&rig, cases[i].says);
		cr_expect_str_eq(rig.pnp.did, cases[i].did);
	}
}

Test(twin_windows, pnputil_says_why_it_could_not)
{
	static const struct {
		int answer;
		char *argv[4];
		const char *says;
		int exit;
	} cases[] = {
		{-EPERM, {"pnputil", "/add-driver", "st.inf", NULL},
			"Failed to add driver package: Access is denied.\r\n\r\n"
			"Total driver packages:  1\r\nAdded driver packages:  0\r\n",
			5},
		{-EBUSY, {"pnputil", "/delete-driver", "oem12.inf", NULL},
			"Failed to delete driver package: One or more devices are presently "
			"installed using the specified INF.\r\n",
			1},
		{-ENOENT, {"pnputil", "/remove-device", "USB\\X", NULL},
			"Failed to remove device: the fake was told so\r\n", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(windows_rig_done) struct windows_rig rig;

		windows_rig_init(&rig, 1);
		rig.pnp.answer = cases[i].answer;
		cr_expect_eq(run(&rig, cases[i].argv), cases[i].exit, "%s", rig.text);
		SAYS(&rig, cases[i].says);
	}
}

Test(twin_windows, install_drivers_without_elevation_installs_nothing_and_does_not_say_so)
{
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	rig.os->unelevated = true;
	cr_expect_eq(RUN(&rig, "drivers/silent_st_drivers2.exe", "-y"), 0);
	cr_expect_eq(RUN(&rig, "silent_install_windows8.bat"), 0);
	cr_expect_str_eq(rig.text, "Requesting administrative privileges...\r\n");
	cr_expect_str_eq(rig.pnp.did, "");
	rig.os->unelevated = false;
	cr_expect_eq(RUN(&rig, "silent_install_windows8.bat"), 0);
	cr_expect_str_eq(rig.pnp.did, "add st-bootloader install elevated");
}

/* ---- which system has which program ---- */

Test(twin_windows, programs_are_on_the_systems_that_have_them)
{
	static char *const only_windows[] = {"powershell", "wmic", "pnputil", "DfuSeCommand.exe",
		"silent_st_drivers2.exe", "silent_install_windows8.bat"};
	CLEANUP(windows_rig_done) struct windows_rig rig;

	windows_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "lsusb"), -ENOENT);
	cr_expect_eq(RUN(&rig, "dfu-util", "--version"), 0);
	rig.os->pnp = NULL;
	cr_expect_eq(RUN(&rig, "lsusb"), 0);
	cr_expect_eq(RUN(&rig, "dfu-util", "--version"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(only_windows); i++)
		cr_expect_eq(RUN(&rig, only_windows[i]), -ENOENT, "%s", only_windows[i]);
	cr_expect_eq(program(&rig), 0, "STM32_Programmer_CLI is on Linux too: %s", rig.text);
}

/* ---- trouble ---- */

Test(twin_windows, a_query_may_be_late_or_empty)
{
	static const struct host_trouble late = {.program = "powershell", .late_ms = 20000};
	static const struct host_trouble mute = {.program = "powershell", .mute = true};
	struct host_program_result result = {0};
	char *const argv[] = {"powershell", "-NoProfile", "-Command", QUERY(STM32), NULL};
	CLEANUP(windows_rig_done) struct windows_rig rig;
	uint64_t begin_us;

	windows_rig_init(&rig, 1);
	begin_us = clock_now_us(rig.os->clock);
	host_os_direct_set_troubles(rig.os, &late, 1);
	cr_assert_eq(run(&rig, argv), 0);
	SAYS(&rig, "ConfigManagerErrorCode : 0");
	cr_expect_geq(clock_now_us(rig.os->clock) - begin_us, 20000000);
	cr_assert_eq(rig.os->ops->run(rig.os, argv, 10000, &result, NULL), 0);
	cr_expect(result.timed_out);
	cr_expect_eq(result.output.size, 0);
	buf_done(&result.output);
	host_os_direct_set_troubles(rig.os, &mute, 1);
	cr_expect_eq(run(&rig, argv), 0);
	cr_expect_str_eq(rig.text, "");
	host_os_direct_set_troubles(rig.os, NULL, 0);
	cr_expect_eq(run(&rig, argv), 0);
	SAYS(&rig, "ConfigManagerErrorCode : 0");
}
