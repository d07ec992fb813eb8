/* SPDX-License-Identifier: MIT */
#include "harness/triage/triage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define YES EVIDENCE_YES
#define NO  EVIDENCE_NO

/* ---- pieces of evidence ---- */

#define NOTHING_THERE .usb = {.listed = YES}
#define ECU_THERE                                                                                  \
	.usb = {.listed = YES, .devices = 1, .count = 1, .serial_count = 1},                       \
	.board = {.face = EVIDENCE_SERIAL,                                                         \
		.vid = 0x0483,                                                                     \
		.pid = 0x5740,                                                                     \
		.path = "1-4",                                                                     \
		.product = "rusEFI Engine Management ECU"}
#define DFU_THERE                                                                                  \
	.usb = {.listed = YES, .devices = 1, .count = 1, .dfu_count = 1},                          \
	.board = {.face = EVIDENCE_DFU,                                                            \
		.vid = 0x0483,                                                                     \
		.pid = 0xdf11,                                                                     \
		.path = "1-4",                                                                     \
		.product = "STM32  BOOTLOADER",                                                    \
		.serial = "3074395E3034"}
#define GOOD_DFU                                                                                   \
	.open = EVIDENCE_OPENED, .rests = YES, .family = EVIDENCE_F4, .has_options = true,         \
	.rdp = 0xaa, .has_status = true, .state = 10, .status = 10
#define SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define GOOD_FLASH                                                                                 \
	.readable = YES, .read = 0xc0000, .blank = NO, .starts = YES, .front_erased = NO,          \
	.other_chip = NO, .whole = YES, .end = 0x0803d800, .signature = SIGNATURE
#define GOOD_ECU                                                                                   \
	.answer = EVIDENCE_ANSWERS_ECU, .port = "/dev/ttyACM0", .signature = SIGNATURE,            \
	.tune_readable = YES, .tune_size = 22000, .openblt = NO
#define LIT_AND_WORKS .led = YES, .other_device = YES
#define WINUSB_TOOL   .tool = {.name = "console", .route = PNP_ROUTE_WINUSB}
#define NODE(code, way)                                                                            \
	.system = EVIDENCE_WINDOWS,                                                                \
	.windows = {.looked = YES,                                                                 \
		.present = YES,                                                                    \
		.bootloader = true,                                                                \
		.node = {.caption = "STM32  BOOTLOADER", .problem = (code), .route = (way)}}

/* ---- the table ---- */

struct verdict_case {
	const char *name;
	enum triage_cause cause;
	enum triage_sure sure;
	struct evidence evidence;
};

static const struct verdict_case nothing_cases[] = {
	{"dark, and the port works", TRIAGE_NO_POWER, TRIAGE_SURE,
		{NOTHING_THERE, .person = {.led = NO, .other_device = YES}}},
	{"dark", TRIAGE_NO_POWER, TRIAGE_LIKELY, {NOTHING_THERE, .person = {.led = NO}}},
	{"nothing is known", TRIAGE_NO_POWER, TRIAGE_POSSIBLE, {NOTHING_THERE}},
	{"lit, another device fails", TRIAGE_PORT_DEAD, TRIAGE_SURE,
		{NOTHING_THERE, .person = {.led = YES, .other_device = NO}}},
	{"dark, another device fails", TRIAGE_PORT_DEAD, TRIAGE_SURE,
		{NOTHING_THERE, .person = {.led = NO, .other_device = NO}}},
	{"no USB at all", TRIAGE_PORT_DEAD, TRIAGE_LIKELY, {NOTHING_THERE, .kernel = {.usb = NO}}},
	{"over-current", TRIAGE_PORT_DEAD, TRIAGE_LIKELY,
		{NOTHING_THERE, .kernel = {.usb = YES,
					.has_over_current = true,
					.over_current = 2,
					.over_current_port = "usb1-port4"}}},
	{"PROGRAM held, power, a port that works", TRIAGE_CHARGE_ONLY_CABLE, TRIAGE_LIKELY,
		{NOTHING_THERE, .person = {.tried = EVIDENCE_TRIED_MANUAL, LIT_AND_WORKS}}},
	{"powered up, nothing comes", TRIAGE_CHARGE_ONLY_CABLE, TRIAGE_POSSIBLE,
		{NOTHING_THERE, .person = {.tried = EVIDENCE_TRIED_POWER_ON, LIT_AND_WORKS}}},
	{"gone after it was asked", TRIAGE_DOES_NOT_START, TRIAGE_LIKELY,
		{NOTHING_THERE, .person = {.tried = EVIDENCE_TRIED_AUTO, LIT_AND_WORKS}}},
};

static const struct verdict_case machine_cases[] = {
	{"macOS", TRIAGE_SYSTEM_UNSUPPORTED, TRIAGE_SURE,
		{ECU_THERE, .system = EVIDENCE_MACOS, .ecu = {GOOD_ECU}}},
	{"macOS, with a tool that works there", TRIAGE_HEALTHY, TRIAGE_LIKELY,
		{ECU_THERE, .system = EVIDENCE_MACOS, .ecu = {GOOD_ECU},
			.tool = {.sees_macos = true}}},
	{"Linux, with a console for Windows", TRIAGE_SYSTEM_UNSUPPORTED, TRIAGE_SURE,
		{ECU_THERE, .system = EVIDENCE_LINUX, .ecu = {GOOD_ECU},
			.tool = {.works_on = EVIDENCE_WINDOWS, .installed = NO, .named = true}}},
	{"two in DFU", TRIAGE_SEVERAL_DEVICES, TRIAGE_SURE,
		{.usb = {.listed = YES,
			 .count = 2,
			 .dfu_count = 2,
			 .boards = {{.face = EVIDENCE_DFU, .path = "1-1"},
				 {.face = EVIDENCE_DFU, .path = "1-2"}}}}},
	{"the tool is not there", TRIAGE_TOOL_MISSING, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU},
			.tool = {.named = true, .program = "dfu-util", .installed = NO}}},
	{"the console's tool is not there", TRIAGE_TOOL_MISSING, TRIAGE_POSSIBLE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .tool = {.program = "dfu-util", .installed = NO}}},
	{"the query cannot run", TRIAGE_QUERY_TOOL_MISSING, TRIAGE_SURE,
		{DFU_THERE, NODE(0, PNP_ROUTE_WINUSB),
			.tool = {.query = "powershell",
				.query_installed = NO,
				.route = PNP_ROUTE_WINUSB}}},
	{"the query gives no answer", TRIAGE_QUERY_TOOL_MISSING, TRIAGE_LIKELY,
		{DFU_THERE, NODE(0, PNP_ROUTE_WINUSB),
			.tool = {.query_installed = YES, .query_answers = NO}}},
	{"code 28", TRIAGE_DRIVER_MISSING, TRIAGE_SURE,
		{DFU_THERE, WINUSB_TOOL, NODE(PNP_NO_DRIVER, PNP_ROUTE_NONE)}},
	{"code 10", TRIAGE_DRIVER_FAILED, TRIAGE_SURE,
		{DFU_THERE, WINUSB_TOOL, NODE(PNP_CANNOT_START, PNP_ROUTE_NONE)}},
	{"code 43", TRIAGE_DRIVER_FAILED, TRIAGE_LIKELY,
		{DFU_THERE, WINUSB_TOOL, NODE(43, PNP_ROUTE_NONE)}},
	{"the old driver, a new tool", TRIAGE_DRIVER_OLD, TRIAGE_SURE,
		{DFU_THERE, WINUSB_TOOL, NODE(0, PNP_ROUTE_STTUB30)}},
	{"the new driver, an old tool", TRIAGE_DRIVER_NEW, TRIAGE_SURE,
		{DFU_THERE, NODE(0, PNP_ROUTE_WINUSB), .tool = {.route = PNP_ROUTE_STTUB30}}},
	{"the old driver, an old tool", TRIAGE_HEALTHY, TRIAGE_LIKELY,
		{DFU_THERE, NODE(0, PNP_ROUTE_STTUB30), .tool = {.route = PNP_ROUTE_STTUB30}}},
	{"a driver through which nothing goes", TRIAGE_DRIVER_OTHER, TRIAGE_SURE,
		{DFU_THERE, WINUSB_TOOL, NODE(0, PNP_ROUTE_OTHER)}},
	{"the kernel's driver holds it", TRIAGE_DRIVER_OTHER, TRIAGE_SURE,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPEN_BUSY}, .kernel = {.driver = "usbtest"}}},
	{"somebody holds it", TRIAGE_DRIVER_OTHER, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPEN_BUSY}}},
	{"the kernel's driver is bound", TRIAGE_DRIVER_OTHER, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH},
			.kernel = {.driver = "usbtest"}}},
	{"a program holds the bootloader", TRIAGE_PORT_BUSY, TRIAGE_SURE,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPEN_BUSY},
			.kernel = {.holder = "dfu-util (process 7)"}}},
	{"the bootloader may not be opened", TRIAGE_NO_PERMISSION, TRIAGE_SURE,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPEN_DENIED}}},
	{"the port may not be opened", TRIAGE_NO_PERMISSION, TRIAGE_SURE,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_PORT_DENIED, .port = "/dev/ttyACM0"}}},
	{"the device is not authorized", TRIAGE_NO_PERMISSION, TRIAGE_SURE,
		{ECU_THERE, .kernel = {.enabled = NO}, .ecu = {.answer = EVIDENCE_NO_PORT}}},
};

static const struct verdict_case dfu_cases[] = {
	{"boot addresses erased", TRIAGE_WRONG_BOOT_ADDRESS, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {GOOD_DFU, .has_boot_add = true, .boot_add = {0xffff, 0x0040}}}},
	{"boot addresses as ST ships them", TRIAGE_HEALTHY, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {GOOD_DFU, .has_boot_add = true, .boot_add = {0x0080, 0x0040}}}},
	{"option bytes refused", TRIAGE_READ_PROTECTED, TRIAGE_SURE,
		{DFU_THERE,
			.dfu = {.open = EVIDENCE_OPENED, .rests = YES, .options_refused = YES}}},
	{"RDP 0x55", TRIAGE_READ_PROTECTED, TRIAGE_SURE,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPENED, .has_options = true, .rdp = 0x55}}},
	{"one errVENDOR, and all can be read", TRIAGE_HEALTHY, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {.open = EVIDENCE_OPENED, .rests = YES, .options_refused = YES}}},
	{"RDP 0x55, and all can be read", TRIAGE_HEALTHY, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {.open = EVIDENCE_OPENED, .has_options = true, .rdp = 0x55}}},
	{"RDP 0xaa, and the flash is refused", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE,
		{DFU_THERE, .dfu = {GOOD_DFU, .options_refused = YES},
			.flash = {.readable = NO, .why = "errVENDOR"}}},
	{"half of it can be read", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.signature = SIGNATURE,
				.broke_off = true}}},
	{"firmware without a checksum", TRIAGE_HEALTHY, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.signature = SIGNATURE}}},
	{"left while it was read", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, {DFU_THERE, .usb.left = YES}},
	{"left while it was read, on Windows", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE,
		{DFU_THERE, .usb.left = YES, WINUSB_TOOL, NODE(0, PNP_ROUTE_WINUSB)}},
	{"one bank of 1 MiB", TRIAGE_WRONG_BANK_MODE, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {GOOD_DFU, .single_bank = YES, .flash_kib = 1024}}},
	{"one bank of nobody knows how much", TRIAGE_WRONG_BANK_MODE, TRIAGE_POSSIBLE,
		{DFU_THERE, .flash = {GOOD_FLASH}, .dfu = {GOOD_DFU, .single_bank = YES}}},
	{"one bank of 2 MiB", TRIAGE_HEALTHY, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {GOOD_DFU, .single_bank = YES, .flash_kib = 2048}}},
	{"the ECU complains of its bank", TRIAGE_WRONG_BANK_MODE, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU, .critical = "please clear nDBANK option bit"}}},
	{"a protected sector", TRIAGE_WRITE_PROTECTED, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH}, .dfu = {GOOD_DFU, .protected_sectors = 0x0c}}},
	{"left in an error", TRIAGE_DFU_ERROR, TRIAGE_SURE,
		{DFU_THERE, .flash = {GOOD_FLASH},
			.dfu = {.open = EVIDENCE_OPENED,
				.rests = YES,
				.has_status = true,
				.state = 10,
				.status = 11}}},
	{"stays in its error", TRIAGE_DFU_ERROR, TRIAGE_SURE,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPENED,
				    .rests = NO,
				    .has_status = true,
				    .state = 10,
				    .status = 11,
				    .why = "stays in dfuERROR"}}},
	{"was new, and is mute then", TRIAGE_DFU_ERROR, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPENED,
				    .rests = NO,
				    .has_status = true,
				    .state = 10,
				    .status = 10,
				    .why = "does not answer"}}},
	{"a loader and half an application", TRIAGE_TORN_IMAGE, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.whole = YES,
				.hole_addr = 0x08006000,
				.hole_size = 0x3000}}},
	{"woke in DFU with who knows what", TRIAGE_FOREIGN_IMAGE, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {.readable = YES, .blank = NO},
			.person = {.tried = EVIDENCE_TRIED_POWER_ON}}},
	{"does not leave", TRIAGE_DOES_NOT_START, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH},
			.trial = {.left = NO, .why = "STALL"}}},
	{"stays busy", TRIAGE_DFU_ERROR, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPENED, .rests = NO, .why = "stays busy"}}},
	{"answers nothing", TRIAGE_DFU_ERROR, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {.open = EVIDENCE_OPEN_FAILED, .why = "does not answer"}}},
	{"fresh", TRIAGE_HEALTHY, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH}}},
	{"erased", TRIAGE_BLANK_CHIP, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {.readable = YES, .blank = YES}}},
	{"for another chip", TRIAGE_FOREIGN_IMAGE, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.front_erased = NO,
				.signature = "rusEFI main.2026.07.14.proteus_f7.1",
				.other_chip = YES,
				.whole = YES}}},
	{"no rusEFI", TRIAGE_FOREIGN_IMAGE, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash =
				{.readable = YES, .blank = NO, .starts = YES, .front_erased = NO}}},
	{"does not fit its checksum", TRIAGE_TORN_IMAGE, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.whole = NO,
				.signature = SIGNATURE}}},
	{"its start is erased", TRIAGE_TORN_IMAGE, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash =
				{.readable = YES, .blank = NO, .starts = NO, .front_erased = YES}}},
	{"a hole", TRIAGE_TORN_IMAGE, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.front_erased = NO,
				.signature = SIGNATURE,
				.hole_addr = 0x08010000,
				.hole_size = 2048}}},
	{"it ends with a transfer", TRIAGE_TORN_IMAGE, TRIAGE_POSSIBLE,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.front_erased = NO,
				.signature = SIGNATURE,
				.cut = YES}}},
	{"powered up, and in DFU", TRIAGE_BOOT0_STUCK, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH},
			.person = {.tried = EVIDENCE_TRIED_POWER_ON}}},
	{"powered up, in DFU, firmware without a checksum", TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.front_erased = NO,
				.signature = SIGNATURE},
			.person = {.tried = EVIDENCE_TRIED_POWER_ON}}},
	{"powered up, in DFU, flash unread", TRIAGE_BOOT0_STUCK, TRIAGE_POSSIBLE,
		{DFU_THERE, .person = {.tried = EVIDENCE_TRIED_POWER_ON}}},
	{"in DFU again", TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH},
			.trial = {.left = YES, .starts = NO, .dfu_again = YES}}},
	{"left, and nothing came", TRIAGE_DOES_NOT_START, TRIAGE_SURE,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH},
			.trial = {.left = YES, .starts = NO}}},
	{"a loader alone", TRIAGE_IN_OPENBLT, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU},
			.flash = {.readable = YES,
				.blank = NO,
				.starts = YES,
				.front_erased = NO,
				.whole = YES}}},
};

static const struct verdict_case ecu_cases[] = {
	{"a good one, asked and back", TRIAGE_HEALTHY, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU},
			.trial = {.into_dfu = EVIDENCE_TRY_DFU, .starts = YES}}},
	{"a good one", TRIAGE_HEALTHY, TRIAGE_LIKELY, {ECU_THERE, .ecu = {GOOD_ECU}}},
	{"although PROGRAM was held", TRIAGE_BOOT0_NOT_HELD, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .person = {.tried = EVIDENCE_TRIED_MANUAL}}},
	{"held", TRIAGE_PORT_BUSY, TRIAGE_SURE,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_PORT_BUSY, .port = "/dev/ttyACM0"}}},
	{"held for a while", TRIAGE_PORT_BUSY, TRIAGE_LIKELY,
		{ECU_THERE, .ecu = {GOOD_ECU, .had_to_wait = YES}}},
	{"OpenBLT", TRIAGE_IN_OPENBLT, TRIAGE_SURE,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_ANSWERS_OPENBLT}}},
	{"no tune", TRIAGE_TUNE_UNREADABLE, TRIAGE_SURE,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_ANSWERS_ECU,
				    .tune_readable = NO,
				    .tune_why = "0x84"}}},
	{"silent", TRIAGE_FOREIGN_IMAGE, TRIAGE_POSSIBLE,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_SILENT}}},
	{"without a port", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_NO_PORT}}},
	{"stays", TRIAGE_NO_DFU_JUMP, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .trial = {.into_dfu = EVIDENCE_TRY_STAYED}}},
	{"comes back", TRIAGE_MAGIC_LOST, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .trial = {.into_dfu = EVIDENCE_TRY_CAME_BACK}}},
	{"comes back, nobody knows behind what", TRIAGE_MAGIC_LOST, TRIAGE_LIKELY,
		{ECU_THERE, .ecu = {.answer = EVIDENCE_ANSWERS_ECU, .tune_readable = YES},
			.trial = {.into_dfu = EVIDENCE_TRY_CAME_BACK}}},
	{"comes back, behind OpenBLT", TRIAGE_MAGIC_LOST, TRIAGE_LIKELY,
		{ECU_THERE,
			.ecu = {.answer = EVIDENCE_ANSWERS_ECU,
				.tune_readable = YES,
				.openblt = YES},
			.trial = {.into_dfu = EVIDENCE_TRY_CAME_BACK}}},
	{"comes back as OpenBLT", TRIAGE_IN_OPENBLT, TRIAGE_LIKELY,
		{ECU_THERE, .ecu = {GOOD_ECU}, .trial = {.into_dfu = EVIDENCE_TRY_OPENBLT}}},
	{"in DFU after 3.1 s", TRIAGE_SLOW_ENUMERATION, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU},
			.trial = {.into_dfu = EVIDENCE_TRY_DFU, .into_dfu_ms = 3100}}},
	{"in DFU after 2.9 s", TRIAGE_HEALTHY, TRIAGE_SURE,
		{ECU_THERE, .ecu = {GOOD_ECU},
			.trial = {.into_dfu = EVIDENCE_TRY_DFU, .into_dfu_ms = 2900}}},
	{"gone", TRIAGE_SLOW_ENUMERATION, TRIAGE_POSSIBLE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .trial = {.into_dfu = EVIDENCE_TRY_GONE}}},
	{"hangs", TRIAGE_DOES_NOT_START, TRIAGE_POSSIBLE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .trial = {.into_dfu = EVIDENCE_TRY_HANGS}}},
	{"Windows was slow", TRIAGE_SLOW_ENUMERATION, TRIAGE_LIKELY,
		{DFU_THERE, WINUSB_TOOL, .system = EVIDENCE_WINDOWS, .flash = {GOOD_FLASH},
			.windows = {.present = YES,
				.bootloader = true,
				.waited_ms = 15000,
				.node = {.route = PNP_ROUTE_WINUSB}}}},
	{"in DFU after Auto", TRIAGE_SLOW_ENUMERATION, TRIAGE_LIKELY,
		{DFU_THERE, .dfu = {GOOD_DFU}, .flash = {GOOD_FLASH},
			.person = {.tried = EVIDENCE_TRIED_AUTO}}},
	{"here after Auto", TRIAGE_MAGIC_LOST, TRIAGE_POSSIBLE,
		{ECU_THERE, .ecu = {GOOD_ECU}, .person = {.tried = EVIDENCE_TRIED_AUTO}}},
	{"another serial number", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE,
		{.usb = {.listed = YES, .devices = 1, .not_meant = 1}}},
	{"USB cannot be listed", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, {.usb = {.listed = NO}}},
	{"nothing was looked at", TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, {.system = EVIDENCE_LINUX}},
};

static const struct {
	const struct verdict_case *cases;
	size_t count;
} tables[] = {
	{nothing_cases, ARRAY_SIZE(nothing_cases)},
	{machine_cases, ARRAY_SIZE(machine_cases)},
	{dfu_cases, ARRAY_SIZE(dfu_cases)},
	{ecu_cases, ARRAY_SIZE(ecu_cases)},
};

Test(triage, names_the_cause_that_the_evidence_speaks_of)
{
	struct triage_result result;

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct verdict_case *c = &tables[t].cases[i];

			triage_judge(&c->evidence, &result);
			cr_expect_eq(result.findings[0].cause, c->cause, "%s: %s", c->name,
				names_text(&triage_cause_names, result.findings[0].cause));
			cr_expect_eq(result.findings[0].sure, c->sure, "%s: %s", c->name,
				names_text(&triage_sure_names, result.findings[0].sure));
		}
}

/* Each row is the reason of some case: none is dead, none hides behind another. */
Test(triage, every_row_tells_some_case)
{
	const struct triage_row *wanted;

	for (size_t row = 0; (wanted = triage_row(row)); row++) {
		bool told = false;

		for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
			for (size_t i = 0; i < tables[t].count; i++) {
				const struct evidence *evidence = &tables[t].cases[i].evidence;
				struct triage_result result;
				char because[512];

				triage_judge(evidence, &result);
				triage_fill(wanted->because, evidence, because, sizeof(because));
				for (size_t n = 0; n < result.count; n++)
					told |= result.findings[n].cause == wanted->cause &&
						result.findings[n].sure == wanted->sure &&
						strcmp(result.findings[n].because, because) == 0;
			}
		cr_expect(told, "row %zu, %s: %s", row,
			names_text(&triage_cause_names, wanted->cause), wanted->because);
	}
}

Test(triage, every_cause_has_a_row_and_a_remedy)
{
	const struct triage_row *row;

	for (size_t cause = 0; cause < TRIAGE_CAUSE_COUNT; cause++) {
		size_t rows = 0;

		for (size_t i = 0; (row = triage_row(i)); i++)
			if (row->cause == (enum triage_cause)cause) {
				rows++;
				cr_expect(row->remedy && row->remedy[0]);
			}
		cr_expect(rows > 0, "%s", names_text(&triage_cause_names, cause));
	}
}

/* What is only possible comes with a question or a test; but for what is to be installed. */
Test(triage, what_is_possible_says_what_would_settle_it)
{
	const struct triage_row *row;

	for (size_t i = 0; (row = triage_row(i)); i++)
		if (row->sure == TRIAGE_POSSIBLE && row->cause != TRIAGE_UNKNOWN &&
			row->cause != TRIAGE_TOOL_MISSING)
			cr_expect_not_null(row->settle, "%s", row->because);
}

/* Small letters in braces are a word of ours; ATTRS{idVendor} is udev's. */
static bool has_word(const char *text)
{
	while ((text = strchr(text, '{'))) {
		size_t length = strspn(++text, "abcdefghijklmnopqrstuvwxyz");

		if (length && text[length] == '}')
			return true;
	}
	return false;
}

static void expect_filled(const char *text, const struct evidence *evidence)
{
	char out[1024];

	if (text)
		cr_expect_not(has_word(triage_fill(text, evidence, out, sizeof(out))), "%s", out);
}

Test(triage, all_words_in_braces_are_known)
{
	const struct triage_row *row;

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (size_t c = 0; c < tables[t].count; c++)
			for (size_t i = 0; (row = triage_row(i)); i++) {
				const struct evidence *evidence = &tables[t].cases[c].evidence;

				expect_filled(row->because, evidence);
				expect_filled(row->remedy, evidence);
				expect_filled(row->settle, evidence);
			}
}

Test(triage, what_is_sure_leaves_no_room_for_what_is_possible)
{
	static const struct evidence evidence = {ECU_THERE, .ecu = {GOOD_ECU},
		.person = {.tried = EVIDENCE_TRIED_AUTO},
		.tool = {.named = true, .program = "dfu-util", .installed = NO}};
	struct triage_result result;

	triage_judge(&evidence, &result);
	cr_expect_eq(result.count, 1);
	cr_expect_eq(result.findings[0].cause, TRIAGE_TOOL_MISSING);
}

/* The most sure first, whatever the order of the table. */
Test(triage, what_is_sure_comes_before_what_is_likely)
{
	static const struct evidence evidence = {DFU_THERE,
		.dfu = {GOOD_DFU, .protected_sectors = 1}, .flash = {GOOD_FLASH},
		.kernel = {.driver = "usbtest"}};
	struct triage_result result;

	triage_judge(&evidence, &result);
	cr_assert_eq(result.count, 2);
	cr_expect_eq(result.findings[0].cause, TRIAGE_WRITE_PROTECTED);
	cr_expect_eq(result.findings[1].cause, TRIAGE_DRIVER_OTHER);
}

Test(triage, several_possible_causes_are_told_in_order)
{
	static const enum triage_cause expected[] = {TRIAGE_NO_POWER, TRIAGE_CHARGE_ONLY_CABLE,
		TRIAGE_PORT_DEAD, TRIAGE_BLANK_CHIP, TRIAGE_TORN_IMAGE, TRIAGE_FOREIGN_IMAGE};
	static const struct evidence evidence = {NOTHING_THERE};
	struct triage_result result;

	triage_judge(&evidence, &result);
	cr_assert_eq(result.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < result.count; i++)
		cr_expect_eq(result.findings[i].cause, expected[i], "%zu: %s", i,
			names_text(&triage_cause_names, result.findings[i].cause));
}

Test(triage, a_text_that_is_too_long_is_cut)
{
	static const struct evidence evidence = {ECU_THERE, .ecu = {GOOD_ECU}};
	char out[12];

	cr_expect_str_eq(triage_fill("at {port}!", &evidence, out, sizeof(out)), "at /dev/tty");
	cr_expect_str_eq(
		triage_fill("a {strange} word", &evidence, out, sizeof(out)), "a {strange}");
}

Test(triage, protected_sectors_are_named)
{
	static const struct evidence evidence = {
		DFU_THERE, .dfu = {GOOD_DFU, .protected_sectors = 0x804}, .flash = {GOOD_FLASH}};
	struct triage_result result;

	triage_judge(&evidence, &result);
	cr_expect(strstr(result.findings[0].because, "sectors 2 11 "), "%s",
		result.findings[0].because);
}

static void fact(const char *name, const struct evidence *evidence, char out[static 320])
{
	out[0] = '\0';
	for (size_t i = 0; i < triage_fact_count; i++)
		if (strcmp(triage_facts[i].name, name) == 0) {
			triage_facts[i].tell(evidence, out, 320);
			return;
		}
	cr_assert_fail("no fact \"%s\"", name);
}

Test(triage, nothing_known_is_nothing_told)
{
	static const struct evidence evidence = {.system = EVIDENCE_SYSTEM_UNKNOWN};
	char text[320];

	for (size_t i = 0; i < triage_fact_count; i++) {
		fact(triage_facts[i].name, &evidence, text);
		cr_expect_str_empty(text, "%s: %s", triage_facts[i].name, text);
	}
}

Test(triage, facts_are_told_in_words)
{
	static const struct evidence evidence = {DFU_THERE,
		.person = {.led = NO, .other_device = YES},
		.dfu = {GOOD_DFU, .single_bank = YES, .state_text = "dfuERROR",
			.status_text = "errFIRMWARE"},
		.flash = {GOOD_FLASH},
		.kernel = {.node = "/dev/bus/usb/001/004",
			.node_mode = "root:root 0664",
			.writable = NO}};
	static const struct {
		const char *name, *text;
	} cases[] = {
		{"LED", "dark"},
		{"other device", "works in that port"},
		{"node", "/dev/bus/usb/001/004, root:root 0664, not for this user"},
		{"DFU status", "dfuERROR / errFIRMWARE"},
		{"option bytes", "RDP 0xaa, no sector write-protected, one bank (nDBANK 1)"},
		{"flash", "used up to 0x0803d800, checksum fits"},
		{"in flash", SIGNATURE},
	};
	char text[320];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fact(cases[i].name, &evidence, text);
		cr_expect_str_eq(text, cases[i].text);
	}
	cr_expect_str_eq(triage_board_text(&evidence, text, sizeof(text)),
		"0483:df11 \"STM32  BOOTLOADER\", USB 1-4, serial 3074395E3034");
}
