/* SPDX-License-Identifier: MIT */
/*
 * Sources: rusEFI's console of 2026 is DfuFlasher at 6f7abb70 with AbstractAutoFlashJob, CalibrationsHelper, SerialPortScanner
 * at 57131867586 and EcuHardwareProbes at 58544260927; that of 2021 is known from its issues only. What neither says is marked
 * as guessed.
 */
#include "harness/flasher/profiles.h"

#include <string.h>

#define CONSOLE_HELD                                                                               \
	"Make sure TUNERSTUDIO IS DISCONNECTED FROM ECU\n"                                         \
	"*** ERROR *** rusEFI has not responded on selected port"
#define CONSOLE_TARGET "controller does not look right to program it with this image"

/* ---- our own ---- */

static const struct update_profile builtin = {
	.name = "builtin",
	.title = "dfurig's own update",
	.source = "dfurig",
	.reads_tune = true,
	.restores_tune = true,
	.checks_tune = true,
	.guard = true,
	.checks_image = true,
	.find =
		{
			.signature_ms = 2000,
			.attempts = 3,
			.attempt_gap_ms = 1100, /* an ECU is out of sync 1 s after an error */
			.port_ms = 10000,
			.round_gap_ms = 200,
			.limit_ms = 5000,
			.held_ms = 20000, /* ModemManager keeps a new port so long */
			.usb_only = true,
		},
	.look = {.limit_ms = 30000, .react_ms = 10000, .gap_ms = 50},
	.after =
		{
			.waits = true,
			.gap_ms = 100,
			.limit_ms = 60000,
			.manual_limit_ms = 10000,
			.same_serial = true,
			.check_signature = true,
		},
};

/* ---- the console of 2026 ---- */

/* EcuHardwareProbes: XCP 250 ms and 100 ms of pause, up to 3 attempts 200 ms apart, 5 s a port; SerialPortScanner: rounds
 * every 300 ms; BINARY_IO 5 s for an answer. The whole tune that each attempt reads besides is left out: the backup that
 * follows reads it again. The 10 s for a live connection are guessed. */
#define CONSOLE_2026_FIND                                                                          \
	{                                                                                          \
		.xcp_probe_ms = 250, .xcp_pause_ms = 100, .signature_ms = 5000, .attempts = 3,     \
		.attempt_gap_ms = 200, .port_ms = 5000, .round_gap_ms = 300, .limit_ms = 10000,    \
		.first_wins = true                                                                 \
	}

/* AbstractAutoFlashJob: 3 s of sleep, then a look every 200 ms for 60 s. Manual DFU does not wait. */
#define CONSOLE_2026_AFTER                                                                         \
	{                                                                                          \
		.waits = true, .settle_ms = 3000, .gap_ms = 200, .limit_ms = 60000                 \
	}

/* Ends of the sentences are not known in all cases. */
#define CONSOLE_2026_SENTENCES                                                                     \
	[FLASHER_NO_ECU] = "Timed out waiting for connection.",                                    \
	[FLASHER_PORT_HELD] = CONSOLE_HELD, [FLASHER_BAD_ANSWER] = CONSOLE_HELD,                   \
	[FLASHER_SYSTEM_UNSUPPORTED] = "DFU programming is not supported on Mac OS X",             \
	[FLASHER_TUNE_UNREADABLE] = "Failed to back up current tune from ECU",                     \
	[FLASHER_WRONG_IMAGE] = CONSOLE_TARGET,                                                    \
	[FLASHER_NO_ECU_AFTER] = "No ECU found after firmware update",                             \
	[FLASHER_SEVERAL_ECUS] = "Multiple ECU-s are found"

static const char *const lsusb[] = {"lsusb", NULL};
static const char *const dfu_util_version[] = {"dfu-util", "--version", NULL};
static const char *const dfu_util_flash[] = {"dfu-util", "--device", "0483:df11", "--alt", "0",
	"--dfuse-address", "0x08000000:leave", "--download", "{image}", NULL};

static const struct update_profile linux_2026 = {
	.name = "linux-2026",
	.title = "rusEFI console, Linux, 2026",
	.source = "rusEFI DfuFlasher at 6f7abb70, AbstractAutoFlashJob, CalibrationsHelper",
	.reads_tune = true,
	.restores_tune = true,
	.reopens = true,
	.guard = true,
	.not_on_macos = true,
	.find = CONSOLE_2026_FIND,
	/* "two seconds not enough on my Windows 10": 3 s, once, then one look; lsusb has 3 s. */
	.look =
		{
			.by = UPDATE_LOOK_COMMAND,
			.settle_ms = 3000,
			.command = lsusb,
			.command_ms = 3000,
			.says = "0483:df11",
			.not_found = "STM32 DFU device 0483:df11 was not detected. Check the USB "
				     "connection and lsusb access.",
		},
	.flash =
		{
			.command = dfu_util_flash,
			.check = dfu_util_version, /* before the ECU is rebooted */
			.limit_ms = 180000,        /* then dfu-util is destroyed */
			.success_exit = 0,
			.says =
				{
					/* The three that the console itself looks for, for its udev hint. */
					{"libusb_error_access", FLASHER_NO_PERMISSION},
					{"permission denied", FLASHER_NO_PERMISSION},
					{"cannot open dfu device", FLASHER_NO_PERMISSION},
					/* For our own last line. */
					{"more than one dfu capable", FLASHER_SEVERAL_DEVICES},
					{"no dfu capable usb device", FLASHER_NO_DFU},
					{"cannot claim interface", FLASHER_WRONG_DRIVER},
				},
		},
	.after = CONSOLE_2026_AFTER,
	.sentences =
		{
			CONSOLE_2026_SENTENCES,
			[FLASHER_NO_PERMISSION] =
				"Grant this user USB access to 0483:df11 with an appropriate udev "
				"rule, then reconnect the ECU.",
			[FLASHER_TOOL_MISSING] =
				"Unable to run dfu-util. Install dfu-util and make sure it is "
				"available on PATH",
		},
};

#define QUERY(where)                                                                               \
	{                                                                                          \
		"powershell", "-NoProfile", "-Command",                                            \
			"Get-CimInstance Win32_PnPEntity -Filter \"" where                         \
			"\" | Select-Object Caption, ConfigManagerErrorCode | Format-List",        \
			NULL                                                                       \
	}

static const char *const cim_query[] =
	QUERY("Caption like '%STM32%' and Caption like '%Bootloader%'");
static const char *const cim_query_h7[] =
	QUERY("Caption like '%DFU%' and Caption like '%FS Mode%'");
static const char *const device_report[] = {"powershell", "Get-PnpDevice -PresentOnly", NULL};
static const char *const device_report_keeps[] = {"stm32", "dfu", "rusefi", NULL};
static const char *const programmer_flash[] = {"STM32_Programmer_CLI/bin/STM32_Programmer_CLI.exe",
	"-c", "port=usb1", "-w", "{image}", "0x08000000", "-v", "-s", NULL};

/* ExecHelper at 0859ef1f waits so long for a command, and goes on with what it has read by then; it does not end it. The query
 * takes 0.8 s as a rule. */
#define CONSOLE_WAITS_MS 180000

/* DfuFlasher's executeDFU and appendDeviceReport, the same from late 2021 on. Its exit code is not looked at. How long the report
 * may take is guessed: nobody limits it. */
#define CONSOLE_PROGRAMMER                                                                         \
	{                                                                                          \
		.command = programmer_flash, .limit_ms = CONSOLE_WAITS_MS, .success_exit = -1,     \
		.success_says = "Download verified successfully",                                  \
		.says = {{"target device not found", FLASHER_NO_DFU}},                             \
		.failed = "ERROR: does not look like DFU has worked!",                             \
		.report = {                                                                        \
			.command = device_report,                                                  \
			.limit_ms = 60000,                                                         \
			.keeps = device_report_keeps,                                              \
			.driver = "STM Device in DFU Mode",                                        \
			.banner = "YOU NEED TO REMOVE LEGACY DFU DRIVER",                          \
		},                                                                                 \
	}

/* With the old driver the caption lacks "STM32", so that the look fails first: the report with its banner is not reached but
 * when another device fits. What the look's command says of a problem (10, 28) is not told apart from nothing at all. */
static const struct update_profile windows_2026 = {
	.name = "windows-2026",
	.title = "rusEFI console, Windows, 2026",
	.source = "rusEFI DfuFlasher at 6f7abb70, AbstractAutoFlashJob, CalibrationsHelper",
	.reads_tune = true,
	.restores_tune = true,
	.reopens = true,
	.guard = true,
	.find = CONSOLE_2026_FIND,
	.look =
		{
			.by = UPDATE_LOOK_COMMAND,
			.settle_ms = 3000,
			.command = cim_query,
			.command_h7 = cim_query_h7,
			.command_ms = CONSOLE_WAITS_MS,
			.says = "ConfigManagerErrorCode=0",
			.not_found = "*** DRIVER ERROR? ***",
			.cannot_run = "detectSTM32BootloaderDriverState IOError",
		},
	.flash = CONSOLE_PROGRAMMER,
	.after = CONSOLE_2026_AFTER,
	.sentences = {CONSOLE_2026_SENTENCES},
};

/* ---- the console of 2025 ---- */

#define WMIC_QUERY(where)                                                                          \
	{                                                                                          \
		"wmic", "path", "win32_pnpentity", "where", where, "get",                          \
			"Caption,ConfigManagerErrorCode", "/format:list", NULL                     \
	}

static const char *const wmic_query[] =
	WMIC_QUERY("Caption like '%STM32%' and Caption like '%Bootloader%'");
static const char *const wmic_query_h7[] =
	WMIC_QUERY("Caption like '%DFU%' and Caption like '%FS Mode%'");

/* The last with wmic, which newer versions of Windows lack [rusEFI issue 6774]: DfuFlasher with dfuEnabledInCaseOfError. Without the
 * command it takes the bootloader for there, "to give user more options"; its basic window does not. How it finds the ECU is
 * guessed to be as in 2026. */
static const struct update_profile windows_2025 = {
	.name = "windows-2025",
	.title = "rusEFI console, Windows, 2025",
	.source = "rusEFI DfuFlasher and MaintenanceUtil with dfuEnabledInCaseOfError, "
		  "CalibrationsHelper; issues 4626, 6774 and 7403",
	.reads_tune = true,
	.restores_tune = true,
	.reopens = true,
	.guard = true,
	.find = CONSOLE_2026_FIND,
	.look =
		{
			.by = UPDATE_LOOK_COMMAND,
			.settle_ms = 3000,
			.command = wmic_query,
			.command_h7 = wmic_query_h7,
			.command_ms = CONSOLE_WAITS_MS,
			.says = "ConfigManagerErrorCode=0",
			.not_found = "*** DRIVER ERROR? ***",
			.cannot_run = "IOError",
			.assumes = true,
		},
	.flash = CONSOLE_PROGRAMMER,
	.after = CONSOLE_2026_AFTER,
	.sentences = {CONSOLE_2026_SENTENCES},
};

/* ---- the console of 2021 ---- */

static const char *const dfuse_command_flash[] = {
	"DfuSeCommand.exe", "-c", "-d", "--v", "--fn", "{image}", NULL};

#define CONSOLE_2021_FIND                                                                          \
	{                                                                                          \
		.signature_ms = 500, .attempts = 1, .port_ms = 5000, .round_gap_ms = 300,          \
		.limit_ms = 5000, .first_wins = true                                               \
	}

/* PortDetector.autoDetectSerial: S on all ports at once, 500 ms for an answer, the first wins, 5 s in all. No backup: that
 * came with PR #7389. No look at the image's target (guessed). It did not look for the bootloader but ran DfuSeCommand after the pause (guessed; issues before 2022
 * show no query). Its .dfu was in the bundle; here it is handed the image as it is. */
static const struct update_profile windows_2021 = {
	.name = "windows-2021",
	.title = "rusEFI console, Windows, 2021",
	.source = "rusEFI issues 2675, 2996 and 3232; PortDetector",
	.find = CONSOLE_2021_FIND,
	.look = {.by = UPDATE_LOOK_NOT, .settle_ms = 3000},
	.flash =
		{
			.command = dfuse_command_flash,
			.limit_ms = 180000, /* guessed */
			.success_exit = -1,
			.success_says = "Upgrade successful",
			.says =
				{
					{"matching not good", FLASHER_VERIFY_FAILED},
					{"0 device(s) found", FLASHER_NO_DFU},
				},
		},
	.sentences = {[FLASHER_NO_ECU] = CONSOLE_HELD, [FLASHER_PORT_HELD] = CONSOLE_HELD},
};

/* ---- the console of 2022 ---- */

/* From October 2021 on with STM32_Programmer_CLI and the newer driver [rusEFI HOWTO-DFU], and still without a look for the
 * bootloader: so its banner is reached. It flashed a .hex of the bundle; here it is handed the image as it is. */
static const struct update_profile windows_2022 = {
	.name = "windows-2022",
	.title = "rusEFI console, Windows, 2022",
	.source = "rusEFI DfuFlasher between October 2021 and the first WMIC_DFU_QUERY_COMMAND; "
		  "PortDetector",
	.find = CONSOLE_2021_FIND,
	.look = {.by = UPDATE_LOOK_NOT, .settle_ms = 3000},
	.flash = CONSOLE_PROGRAMMER,
	.sentences = {[FLASHER_NO_ECU] = CONSOLE_HELD, [FLASHER_PORT_HELD] = CONSOLE_HELD},
};

const struct update_profile *const update_profiles[] = {
	&builtin,
	&linux_2026,
	&windows_2026,
	&windows_2025,
	&windows_2022,
	&windows_2021,
	NULL,
};

const struct update_profile *update_profile_find(const char *name)
{
	for (size_t i = 0; update_profiles[i]; i++)
		if (strcmp(update_profiles[i]->name, name) == 0)
			return update_profiles[i];
	return NULL;
}
