/* SPDX-License-Identifier: MIT */
/*
 * The table of causes. A row is evidence -> cause -> remedy; the comments name where a cause is known from.
 *
 * The order counts among rows of the same sureness: what hides the others comes first. One cause may have several rows, for
 * different evidence; the first that fits tells it.
 */
#include "harness/triage/predicates.h"
#include "harness/triage/triage.h"

#include <string.h>

/* ---- the machine and the tool ---- */

static bool on_macos(const struct evidence *e)
{
	return e->system == EVIDENCE_MACOS && !e->tool.sees_macos;
}

static bool several(const struct evidence *e)
{
	return e->usb.count > 1 && e->board.face == EVIDENCE_NOTHING;
}

static bool tool_missing(const struct evidence *e)
{
	return e->tool.installed == EVIDENCE_NO && e->tool.named;
}

static bool usual_tool_missing(const struct evidence *e)
{
	return e->tool.installed == EVIDENCE_NO && !e->tool.named;
}

static bool query_missing(const struct evidence *e)
{
	return e->tool.query_installed == EVIDENCE_NO;
}

static bool query_mute(const struct evidence *e)
{
	return e->tool.query_answers == EVIDENCE_NO;
}

/* ---- Windows' drivers ---- */

static bool no_driver(const struct evidence *e)
{
	return triage_has_windows_node(e) && (e->windows.node.problem == PNP_NO_DRIVER ||
						     e->windows.node.problem == PNP_NOT_CONFIGURED);
}

static bool driver_failed(const struct evidence *e)
{
	return triage_has_windows_node(e) && e->windows.node.problem == PNP_CANNOT_START;
}

static bool driver_has_problem(const struct evidence *e)
{
	return triage_has_windows_node(e) && e->windows.node.problem != PNP_OK;
}

static bool driver_works(const struct evidence *e)
{
	return triage_has_windows_node(e) && e->windows.node.problem == PNP_OK &&
	       e->windows.bootloader;
}

static bool driver_old(const struct evidence *e)
{
	return driver_works(e) && e->windows.node.route == PNP_ROUTE_STTUB30 &&
	       e->tool.route == PNP_ROUTE_WINUSB;
}

static bool driver_new(const struct evidence *e)
{
	return driver_works(e) && e->windows.node.route == PNP_ROUTE_WINUSB &&
	       e->tool.route == PNP_ROUTE_STTUB30;
}

static bool driver_foreign(const struct evidence *e)
{
	return driver_works(e) && (e->windows.node.route == PNP_ROUTE_NONE ||
					  e->windows.node.route == PNP_ROUTE_SERIAL ||
					  e->windows.node.route == PNP_ROUTE_OTHER);
}

/* ---- Linux ---- */

static bool kernel_driver_holds(const struct evidence *e)
{
	return e->kernel.driver[0] && e->dfu.open == EVIDENCE_OPEN_BUSY;
}

static bool kernel_driver_bound(const struct evidence *e)
{
	return e->kernel.driver[0] && triage_sees_dfu(e);
}

static bool interface_busy(const struct evidence *e)
{
	return e->dfu.open == EVIDENCE_OPEN_BUSY && !e->kernel.holder[0];
}

static bool interface_held(const struct evidence *e)
{
	return e->dfu.open == EVIDENCE_OPEN_BUSY && e->kernel.holder[0] && !e->kernel.driver[0];
}

static bool denied(const struct evidence *e)
{
	return e->dfu.open == EVIDENCE_OPEN_DENIED || e->ecu.answer == EVIDENCE_PORT_DENIED;
}

static bool disabled(const struct evidence *e)
{
	return e->kernel.enabled == EVIDENCE_NO;
}

static bool port_held(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_PORT_BUSY;
}

static bool port_was_held(const struct evidence *e)
{
	return e->ecu.had_to_wait == EVIDENCE_YES;
}

/* ---- nothing on USB ---- */

static bool dark_although_port_works(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.led == EVIDENCE_NO &&
	       e->person.other_device == EVIDENCE_YES;
}

static bool dark(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.led == EVIDENCE_NO &&
	       e->person.other_device == EVIDENCE_UNKNOWN;
}

static bool led_unknown(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.led == EVIDENCE_UNKNOWN &&
	       e->person.other_device != EVIDENCE_NO;
}

static bool nothing_works_there(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.other_device == EVIDENCE_NO;
}

static bool no_usb_at_all(const struct evidence *e)
{
	return !e->usb.count && e->kernel.usb == EVIDENCE_NO;
}

static bool over_current(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->kernel.has_over_current && e->kernel.over_current;
}

static bool other_unknown(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.other_device == EVIDENCE_UNKNOWN;
}

/* A board with power, a port that works, the ROM's own DFU asked for: what is left is what lies between. */
static bool only_the_cable_is_left(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried == EVIDENCE_TRIED_MANUAL &&
	       e->person.led == EVIDENCE_YES && e->person.other_device == EVIDENCE_YES;
}

/* One that asked the ECU over this cable has seen it carry data. */
static bool cable_may_be(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried != EVIDENCE_TRIED_AUTO &&
	       e->person.led != EVIDENCE_NO && e->person.other_device != EVIDENCE_NO;
}

/* It runs, but what it runs has no USB: not to be told from here. */
static bool may_run_without_usb(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried != EVIDENCE_TRIED_MANUAL &&
	       e->person.led != EVIDENCE_NO && e->person.other_device != EVIDENCE_NO;
}

static bool went_after_auto(const struct evidence *e)
{
	return may_run_without_usb(e) && e->person.tried == EVIDENCE_TRIED_AUTO;
}

static bool may_not_have_been_held(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried == EVIDENCE_TRIED_MANUAL &&
	       e->person.led != EVIDENCE_NO && e->person.other_device != EVIDENCE_NO;
}

/* ---- the bootloader ---- */

static bool stuck_in_error(const struct evidence *e)
{
	return e->dfu.rests == EVIDENCE_NO;
}

static bool wrong_bank_mode(const struct evidence *e)
{
	return e->dfu.single_bank == EVIDENCE_YES && e->dfu.flash_kib == 1024;
}

static bool maybe_wrong_bank_mode(const struct evidence *e)
{
	return e->dfu.single_bank == EVIDENCE_YES && !e->dfu.flash_kib;
}

/* What rusEFI says itself then. */
static bool complains_of_bank(const struct evidence *e)
{
	return strcasestr(e->ecu.critical, "nDBANK") != NULL;
}

static bool blank(const struct evidence *e)
{
	return e->flash.blank == EVIDENCE_YES;
}

static bool has_hole(const struct evidence *e)
{
	return e->flash.hole_size && e->flash.whole == EVIDENCE_UNKNOWN && e->flash.signature[0];
}

static bool ends_like_a_transfer(const struct evidence *e)
{
	return e->flash.cut == EVIDENCE_YES && e->flash.whole == EVIDENCE_UNKNOWN &&
	       triage_holds_firmware(e);
}

static bool nothing_of_rusefi(const struct evidence *e)
{
	return e->flash.blank == EVIDENCE_NO && !triage_is_torn(e) && !e->flash.signature[0] &&
	       e->flash.whole != EVIDENCE_YES;
}

static bool loader_alone(const struct evidence *e)
{
	return e->flash.whole == EVIDENCE_YES && !e->flash.signature[0];
}

static bool woke_in_dfu(const struct evidence *e)
{
	return triage_sees_dfu(e) && e->person.tried == EVIDENCE_TRIED_POWER_ON;
}

static bool woke_in_dfu_with_firmware(const struct evidence *e)
{
	return woke_in_dfu(e) && triage_holds_firmware(e) && e->flash.whole == EVIDENCE_YES;
}

static bool woke_in_dfu_with_some(const struct evidence *e)
{
	return woke_in_dfu(e) && triage_holds_firmware(e);
}

static bool woke_in_dfu_unread(const struct evidence *e)
{
	return woke_in_dfu(e) && e->flash.readable == EVIDENCE_UNKNOWN;
}

static bool dfu_again(const struct evidence *e)
{
	return e->trial.dfu_again == EVIDENCE_YES;
}

static bool does_not_start(const struct evidence *e)
{
	return e->trial.left == EVIDENCE_YES && e->trial.starts == EVIDENCE_NO &&
	       e->trial.dfu_again != EVIDENCE_YES;
}

/* ---- the serial port ---- */

static bool ecu_although_held(const struct evidence *e)
{
	return triage_sees_serial(e) && e->person.tried == EVIDENCE_TRIED_MANUAL;
}

static bool answers_openblt(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_ANSWERS_OPENBLT;
}

static bool went_to_openblt(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_OPENBLT;
}

static bool tune_unreadable(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_ANSWERS_ECU && e->ecu.tune_readable == EVIDENCE_NO;
}

static bool silent(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_SILENT;
}

/* ---- asked into the bootloader ---- */

static bool stayed(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_STAYED;
}

static bool came_back(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_CAME_BACK && e->ecu.openblt != EVIDENCE_YES;
}

static bool came_back_by_openblt(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_CAME_BACK && e->ecu.openblt == EVIDENCE_YES;
}

static bool came_late(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_DFU && e->trial.into_dfu_ms > TRIAGE_ONE_LOOK_MS;
}

/* The tool asked for the bootloader, and did nothing with it. */
static bool is_there_now(const struct evidence *e)
{
	return triage_is_healthy_dfu(e) && e->person.tried == EVIDENCE_TRIED_AUTO &&
	       e->trial.left == EVIDENCE_UNKNOWN;
}

/* The tool asked for the bootloader, and here is the ECU: it stayed, or it came back. */
static bool is_here_after_auto(const struct evidence *e)
{
	return triage_is_healthy_ecu(e) && e->person.tried == EVIDENCE_TRIED_AUTO &&
	       e->trial.into_dfu == EVIDENCE_NOT_TRIED;
}

static bool windows_was_slow(const struct evidence *e)
{
	return e->windows.waited_ms > TRIAGE_ONE_LOOK_MS && e->windows.node.problem == PNP_OK;
}

static bool never_came(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_GONE;
}

static bool hangs(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_HANGS;
}

/* ---- the rest ---- */

static bool healthy(const struct evidence *e)
{
	return triage_is_healthy_ecu(e) || triage_is_healthy_dfu(e);
}

/* It was seen to go where it should. */
static bool healthy_and_tried(const struct evidence *e)
{
	return healthy(e) && (e->trial.into_dfu == EVIDENCE_TRY_DFU ||
				     e->trial.starts == EVIDENCE_YES || triage_is_healthy_dfu(e));
}

static bool always(const struct evidence *e UNUSED)
{
	return true;
}

#define HOLD_PROGRAM "unplug the board, hold PROGRAM (BOOT0), plug it in, let go after a second"
#define FLASH_AGAIN                                                                                \
	"flash the whole firmware again from the bootloader: dfu-util -a 0 -d 0483:df11 "          \
	"-s 0x08000000:leave -D rusefi.bin"

const struct triage_row triage_rows[] = {
	/* rusEFI's console has its DFU items on Windows and Linux only. [rusEFI ProgramSelector] */
	{TRIAGE_SYSTEM_UNSUPPORTED, TRIAGE_SURE, on_macos,
		"this is macOS, and {tool} has no DFU there",
		"flash from Linux or Windows, or on this machine with dfu-util (brew install "
		"dfu-util): dfu-util -a 0 -d 0483:df11 -s 0x08000000:leave -D rusefi.bin, with the "
		"board in its bootloader (" HOLD_PROGRAM ")",
		NULL},

	/* STM32_Programmer_CLI takes "usb1", whichever that is; dfu-util refuses. */
	{TRIAGE_SEVERAL_DEVICES, TRIAGE_SURE, several,
		"{count} boards may be meant: {boards}. Tools refuse then, or take the wrong one",
		"unplug all but one; or name one: dfurig triage --serial S, dfu-util -S S", NULL},

	/* ---- nothing on USB ---- */
	{TRIAGE_PORT_DEAD, TRIAGE_SURE, nothing_works_there,
		"no board is on USB, and another device does not work in that port either",
		"use another port of the computer itself, not of a hub or a front panel; a hub "
		"may need its own supply",
		NULL},
	{TRIAGE_NO_POWER, TRIAGE_SURE, dark_although_port_works,
		"no board is on USB and none of its LEDs is lit, while another device works in "
		"that port",
		"give the board its supply (12 V where USB alone does not feed it), look at its "
		"fuse and at the supply's plug; then another USB cable",
		NULL},

	/* ---- the driver, Windows ---- */
	/* rusEFI issues 4313, 4475, 4476. */
	{TRIAGE_DRIVER_MISSING, TRIAGE_SURE, no_driver,
		"Device Manager shows \"{caption}\" with code {problem}: Windows has found no "
		"driver for {id}",
		"install the drivers with administrator's rights (the console's \"Install "
		"Drivers\"; or in Device Manager: Update driver, Browse my computer, and the "
		"whole Drivers folder with its subfolders), then plug the board in again",
		NULL},
	{TRIAGE_DRIVER_FAILED, TRIAGE_SURE, driver_failed,
		"Device Manager shows \"{caption}\" with code {problem}: its driver {inf} is there "
		"and does not start",
		"in Device Manager: Uninstall device, with \"Attempt to remove the driver\"; plug "
		"the board in again, in another port; if the code comes back, install the driver "
		"anew (STM32CubeProgrammer brings it)",
		NULL},
	{TRIAGE_DRIVER_FAILED, TRIAGE_LIKELY, driver_has_problem,
		"Device Manager shows \"{caption}\" with code {problem}",
		"in Device Manager: Uninstall device, then plug the board in again; if the code "
		"comes back, uninstall with \"Attempt to remove the driver\" and install it anew",
		"what Device Manager says of the device under Properties, Device status"},
	/* rusEFI wiki, HOWTO-DFU and its FAQ. */
	{TRIAGE_DRIVER_OLD, TRIAGE_SURE, driver_old,
		"Windows has bound ST's old driver (\"{caption}\", service {service}, {inf}); "
		"{tool} works with the newer one (WinUSB) only and does not see the device",
		"in Device Manager: Uninstall device \"{caption}\" with \"Attempt to remove the "
		"driver\" (else the same one comes back), plug the board in again, install the "
		"driver of STM32CubeProgrammer; it must read \"STM32  BOOTLOADER\" then",
		NULL},
	{TRIAGE_DRIVER_NEW, TRIAGE_SURE, driver_new,
		"Windows has bound the newer driver (\"{caption}\", service {service}, {inf}); "
		"{tool} works with ST's old one (STTub30) only and updates nothing",
		"use a newer console; or, in Device Manager, Uninstall device \"{caption}\" with "
		"\"Attempt to remove the driver\" - each of them that is installed, else the same "
		"one comes back - and install the old driver; it must read \"STM Device in DFU "
		"Mode\" then",
		NULL},
	{TRIAGE_DRIVER_OTHER, TRIAGE_SURE, driver_foreign,
		"Windows has bound \"{caption}\" (service {service}, {inf}), through which no "
		"flash tool reaches the bootloader",
		"in Device Manager: Uninstall device \"{caption}\" with \"Attempt to remove the "
		"driver\", plug the board in again, install the driver of STM32CubeProgrammer",
		NULL},

	/* ---- who has it, Linux ---- */
	{TRIAGE_DRIVER_OTHER, TRIAGE_SURE, kernel_driver_holds,
		"the kernel's driver {driver} is bound to the bootloader's interface, and does "
		"not let tools have it",
		"echo {interface} | sudo tee /sys/bus/usb/drivers/{driver}/unbind; to keep it "
		"away: sudo modprobe -r {driver}, and a line \"blacklist {driver}\" in "
		"/etc/modprobe.d/",
		NULL},
	{TRIAGE_PORT_BUSY, TRIAGE_SURE, interface_held,
		"{holder} has the bootloader's device {node} open",
		"close {holder}, then try again", NULL},
	{TRIAGE_DRIVER_OTHER, TRIAGE_LIKELY, interface_busy,
		"somebody else has the bootloader's interface: a driver of the kernel, or a "
		"program that flashes",
		"lsusb -t shows a driver: echo {interface} | sudo tee "
		"/sys/bus/usb/drivers/DRIVER/unbind. It shows none: end the other dfu-util or "
		"STM32_Programmer_CLI",
		"what stands behind Driver= in lsusb -t"},
	{TRIAGE_DRIVER_OTHER, TRIAGE_LIKELY, kernel_driver_bound,
		"the kernel's driver {driver} is bound to the bootloader's interface, where none "
		"should be",
		"echo {interface} | sudo tee /sys/bus/usb/drivers/{driver}/unbind", NULL},
	{TRIAGE_NO_PERMISSION, TRIAGE_SURE, denied,
		"the {what} {file} may not be opened by this user{mode}{rule}",
		"as root, once: echo 'SUBSYSTEMS==\"usb\", ATTRS{idVendor}==\"0483\", "
		"ATTRS{idProduct}==\"df11|5740\", MODE=\"0660\", TAG+=\"uaccess\"' > "
		"/etc/udev/rules.d/60-stm32-dfu.rules; udevadm control --reload; plug the board "
		"in again. For the serial port also: sudo usermod -aG dialout $USER, and log in "
		"again",
		NULL},
	{TRIAGE_NO_PERMISSION, TRIAGE_SURE, disabled,
		"this machine does not let the device work (sysfs: authorized = 0; USBGuard, or "
		"a policy)",
		"allow it: usbguard list-devices, usbguard allow-device N", NULL},

	/* ---- the bootloader ---- */
	/* rusEFI issue 3597. */
	{TRIAGE_WRONG_BOOT_ADDRESS, TRIAGE_SURE, triage_has_bad_boot_address,
		"the option bytes say {boot}: the chip starts where there is nothing (right are "
		"BOOT_ADD0 0x0080, BOOT_ADD1 0x0040)",
		"do not unplug the board while it is in its bootloader - it may not come back "
		"there. Set the option bytes now: STM32_Programmer_CLI -c port=usb1 -ob "
		"BOOT_ADD0=0x80 BOOT_ADD1=0x40; if it is gone already, the same with an ST-Link "
		"(-c port=SWD mode=UR)",
		NULL},
	/* UX of rusEFI issues 8287 and 8926. */
	{TRIAGE_READ_PROTECTED, TRIAGE_SURE, triage_is_read_protected, "{protection}",
		"dfu-util -a 0 -d 0483:df11 -s 0:unprotect:force - this erases the chip, the tune "
		"included. It cannot be saved first in this state. Then flash the firmware and "
		"load the tune from a file",
		NULL},
	/* rusEFI: "1MB single bank MCU detected: please clear nDBANK option bit and reinstall FW." */
	{TRIAGE_WRONG_BANK_MODE, TRIAGE_SURE, wrong_bank_mode,
		"the option byte nDBANK is 1 (single bank) on a chip of 1024 KiB, where rusEFI "
		"needs two banks",
		"STM32_Programmer_CLI -c port=usb1 -ob nDBANK=0, then erase all (the tune is "
		"lost: save it first) and flash the whole firmware",
		NULL},
	{TRIAGE_WRONG_BANK_MODE, TRIAGE_SURE, complains_of_bank,
		"the ECU runs, and says: \"{critical}\"",
		HOLD_PROGRAM
		"; then STM32_Programmer_CLI -c port=usb1 -ob nDBANK=0, erase all (save "
		"the tune first) and flash the whole firmware",
		NULL},
	{TRIAGE_WRONG_BANK_MODE, TRIAGE_POSSIBLE, maybe_wrong_bank_mode,
		"the option byte nDBANK is 1 (single bank); on a chip of 1 MiB rusEFI needs two",
		"on a chip of 1 MiB: STM32_Programmer_CLI -c port=usb1 -ob nDBANK=0, then erase "
		"all and flash",
		"the chip's marking: STM32F76xxG has 1 MiB, xxI has 2 MiB"},
	{TRIAGE_WRITE_PROTECTED, TRIAGE_SURE, triage_is_write_protected,
		"the option bytes protect {sectors} from being written; the bootloader says "
		"nothing when it leaves them as they are",
		"STM32_Programmer_CLI -c port=usb1 -ob nWRP0=1 nWRP1=1 ... for these sectors; "
		"then flash again",
		NULL},
	/* [rusEFI forum 1747] */
	{TRIAGE_DFU_ERROR, TRIAGE_SURE, triage_is_dfu_error,
		"it was in {state} with {status}: the last tool left it so, and the next one that "
		"does not clear it gets nowhere",
		"plug the board out and in (" HOLD_PROGRAM "), or clear it by any dfu-util "
		"command; then flash again",
		NULL},
	{TRIAGE_DFU_ERROR, TRIAGE_SURE, stuck_in_error, "it does not come to rest: {dfu}",
		"plug the board out and in: " HOLD_PROGRAM "; then flash again", NULL},
	{TRIAGE_BLANK_CHIP, TRIAGE_SURE, blank, "all of the flash where firmware belongs is erased",
		FLASH_AGAIN, NULL},
	/* rusEFI forum 36396: an image for F7 on an F4 board. */
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_SURE, triage_is_foreign,
		"the flash holds \"{signature}\", which is for another family of chips than this "
		"{family}",
		"take the firmware for this board; " FLASH_AGAIN, NULL},
	{TRIAGE_TORN_IMAGE, TRIAGE_SURE, triage_is_torn, "{torn}",
		FLASH_AGAIN ". An update was interrupted; the settings lie elsewhere and are not "
			    "touched by this",
		NULL},
	{TRIAGE_TORN_IMAGE, TRIAGE_LIKELY, has_hole,
		"the firmware in flash has a hole: {hole} are erased, and data lie behind them",
		FLASH_AGAIN, "flashing again settles it"},
	{TRIAGE_TORN_IMAGE, TRIAGE_POSSIBLE, ends_like_a_transfer,
		"the firmware in flash ends at {end}, where a transfer of the bootloader ends; an "
		"interrupted update looks so",
		FLASH_AGAIN, "dfurig triage --try: does it start?"},
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_LIKELY, nothing_of_rusefi,
		"the flash is not empty, but there is no signature of rusEFI in it{starts}",
		FLASH_AGAIN, NULL},
	{TRIAGE_BOOT0_STUCK, TRIAGE_SURE, woke_in_dfu_with_firmware,
		"the board was powered up, nobody held PROGRAM, it is in its bootloader, and its "
		"firmware ({signature}) is whole",
		"look for the BOOT0 jumper or a PROGRAM button that hangs; BOOT0 has to be low "
		"when the chip starts",
		NULL},
	{TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY, woke_in_dfu_with_some,
		"the board was powered up, nobody held PROGRAM, it is in its bootloader, and it "
		"holds firmware ({signature})",
		"look for the BOOT0 jumper or a PROGRAM button that hangs; BOOT0 has to be low "
		"when the chip starts",
		"dfurig triage --try: does the firmware start when the bootloader is left?"},
	{TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY, dfu_again,
		"it was told to leave the bootloader, and came up in it again",
		"look for the BOOT0 jumper or a PROGRAM button that hangs", NULL},
	{TRIAGE_BOOT0_STUCK, TRIAGE_POSSIBLE, woke_in_dfu_unread,
		"the board was powered up, nobody held PROGRAM, and it is in its bootloader",
		"look for the BOOT0 jumper or a PROGRAM button that hangs",
		"does it start its firmware when PROGRAM is surely let go, and the jumper is out?"},
	/* rusEFI issue 4847. */
	{TRIAGE_DOES_NOT_START, TRIAGE_SURE, does_not_start,
		"it left the bootloader when it was told to, and nothing came within {ms}",
		"reset the board, or take its power away for some seconds (PROGRAM not held). If "
		"it does not start then either, flash the whole firmware again, for exactly this "
		"board",
		NULL},
	{TRIAGE_IN_OPENBLT, TRIAGE_LIKELY, loader_alone,
		"the flash holds a loader that is whole, and no rusEFI behind it",
		FLASH_AGAIN ", or the .srec through OpenBLT", NULL},

	/* ---- the serial port ---- */
	{TRIAGE_BOOT0_NOT_HELD, TRIAGE_SURE, ecu_although_held,
		"PROGRAM was held, and yet the firmware runs ({port}): the chip did not see it "
		"when "
		"it started",
		HOLD_PROGRAM
		". A reset or a click is not enough when USB or 12 V keep the chip powered: take "
		"all supplies away first. Or from here: dfurig ecu reboot-dfu",
		NULL},
	/* rusEFI issue 10123. */
	{TRIAGE_PORT_BUSY, TRIAGE_SURE, port_held, "{holder} has {port} open",
		"close {holder} (TunerStudio, the console, a terminal), then try again{prober}",
		NULL},
	{TRIAGE_PORT_BUSY, TRIAGE_LIKELY, port_was_held,
		"{port} was held by {holder} at first, and free a little later: a service that "
		"looks at each new serial port",
		"sudo systemctl mask --now ModemManager; or a udev rule with "
		"ENV{ID_MM_DEVICE_IGNORE}=\"1\" for 0483:5740",
		"does it happen again when the service is stopped?"},
	{TRIAGE_IN_OPENBLT, TRIAGE_SURE, answers_openblt,
		"{port} answers as OpenBLT{loader}, which has the same USB identity as the ECU: it "
		"found no whole firmware, was asked to stay, or the firmware kept crashing",
		"flash through OpenBLT (the console's \"Manual OpenBLT Update\", file .srec); for "
		"DFU: " HOLD_PROGRAM,
		NULL},
	{TRIAGE_TUNE_UNREADABLE, TRIAGE_SURE, tune_unreadable,
		"the ECU answers ({signature}), but its tune cannot be read: {tune}",
		"an update stops here so that the tune is not lost. If you have the tune as a "
		"file, or do not need it: " HOLD_PROGRAM ", then update manually",
		NULL},

	/* ---- asked into the bootloader ---- */
	/* EFI_DFU_JUMP. */
	{TRIAGE_NO_DFU_JUMP, TRIAGE_SURE, stayed,
		"it was asked into its bootloader, stayed on USB and still answers as ECU",
		"this firmware is built without the jump: " HOLD_PROGRAM
		", then update manually; or use the console's OpenBLT update",
		NULL},
	/* ST community 27801; rusEFI issues 4230 and 4367. */
	{TRIAGE_MAGIC_LOST, TRIAGE_SURE, came_back,
		"it was asked into its bootloader, left, and came back as ECU after {trialms}: "
		"the word in RAM that should have led it there was lost at the reset",
		"feed the board from 12 V, not from USB alone, or " HOLD_PROGRAM
		", then update manually",
		NULL},
	{TRIAGE_MAGIC_LOST, TRIAGE_LIKELY, came_back_by_openblt,
		"it was asked into its bootloader, left, and came back as ECU: the OpenBLT in "
		"front of the firmware is from before it passed that on, or RAM was lost",
		HOLD_PROGRAM ", then update manually, OpenBLT included", NULL},
	{TRIAGE_IN_OPENBLT, TRIAGE_LIKELY, went_to_openblt,
		"it was asked into its bootloader, and came up in OpenBLT",
		HOLD_PROGRAM ", then update manually", NULL},
	/* rusEFI issues 6790 and 6791. */
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_SURE, came_late,
		"the bootloader showed up {trialms} after it was asked for; the console looks "
		"once, after 3 s",
		"the board is in its bootloader now: use Manual DFU Update. Another port, "
		"without a hub, may be faster",
		NULL},
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_LIKELY, windows_was_slow,
		"Windows took {waited} more to install the driver of \"{caption}\"; a tool that "
		"looks once, after 3 s, finds nothing until then",
		"try again now, by Manual DFU Update; Windows knows the device in this port from "
		"now on, so use the same port",
		"is it as slow when the board is plugged in again?"},
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_LIKELY, is_there_now,
		"the tool asked the board into its bootloader, the board is there, and nothing was "
		"flashed: it showed up after the tool had looked",
		"use Manual DFU Update now",
		"start the firmware again (reset), then dfurig triage --try measures it"},
	{TRIAGE_MAGIC_LOST, TRIAGE_POSSIBLE, is_here_after_auto,
		"the tool asked the board into its bootloader, and here is the ECU, in order: it "
		"may "
		"have left and come back",
		"feed the board from 12 V, not from USB alone, or " HOLD_PROGRAM
		", then update manually",
		"dfurig triage --try asks once more, and watches"},
	{TRIAGE_NO_DFU_JUMP, TRIAGE_POSSIBLE, is_here_after_auto,
		"the tool asked the board into its bootloader, and here is the ECU, in order: it "
		"may "
		"never have left",
		HOLD_PROGRAM ", then update manually",
		"dfurig triage --try asks once more, and watches"},
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_POSSIBLE, never_came,
		"it was asked into its bootloader, left, and nothing came within {trialms}",
		HOLD_PROGRAM ", then update manually", "dfurig triage in a minute: is it there?"},
	{TRIAGE_DOES_NOT_START, TRIAGE_POSSIBLE, hangs,
		"it was asked into its bootloader, stayed on USB, and does not answer any more",
		"take its power away for some seconds; then " HOLD_PROGRAM,
		"dfurig triage once more, after it was without power"},
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_POSSIBLE, silent,
		"{port} has rusEFI's USB identity, but nobody answers there: other firmware on "
		"the same chip, or one that hangs",
		"take its power away for some seconds and try again; else " HOLD_PROGRAM
		" and flash",
		"what answers in a terminal at {port}?"},

	/* ---- the tool ---- */
	{TRIAGE_TOOL_MISSING, TRIAGE_SURE, tool_missing,
		"{tool} needs the program {program}, which is not installed",
		"install it: {install}", NULL},
	/* rusEFI issues 6774, 9157 and 9272. */
	{TRIAGE_QUERY_TOOL_MISSING, TRIAGE_SURE, query_missing,
		"{tool} looks for the bootloader with {query}, which cannot run here; so it finds "
		"nothing, whatever is plugged in",
		"{queryremedy}", NULL},
	{TRIAGE_QUERY_TOOL_MISSING, TRIAGE_LIKELY, query_mute,
		"{tool} looks for the bootloader with {query}, which gives no answer here, or not "
		"within 10 s",
		"run the console as administrator; try {query} by hand in a terminal", NULL},

	/* ---- nothing on USB, and too little is known ---- */
	{TRIAGE_NO_POWER, TRIAGE_LIKELY, dark, "no board is on USB, and none of its LEDs is lit",
		"give the board its supply; try another cable and another port",
		"does another device work in that port? --other-device works|fails"},
	{TRIAGE_CHARGE_ONLY_CABLE, TRIAGE_LIKELY, only_the_cable_is_left,
		"the board has power, the port works with another device, PROGRAM was held, and "
		"yet nothing is on USB",
		"take a cable that has carried data before (of a phone or a printer); many are "
		"for charging only",
		"the same with another cable"},
	{TRIAGE_PORT_DEAD, TRIAGE_LIKELY, no_usb_at_all,
		"this machine shows no USB at all: a container, a virtual machine or a server",
		"run it on the machine that the board is plugged in; or pass the USB device "
		"through to this one",
		"lsusb shows nothing"},
	{TRIAGE_PORT_DEAD, TRIAGE_LIKELY, over_current,
		"the port {overcurrent} has been switched off because of too much current",
		"unplug what is in it, use another port; look for a short circuit on the board",
		NULL},
	{TRIAGE_DOES_NOT_START, TRIAGE_LIKELY, went_after_auto,
		"it was asked into its bootloader, has power, and is not on USB any more",
		"reset it, or take its power away for some seconds; then " HOLD_PROGRAM
		", and update manually",
		HOLD_PROGRAM ", then dfurig triage --tried manual"},
	{TRIAGE_NO_POWER, TRIAGE_POSSIBLE, led_unknown, "no board is on USB",
		"look at the LEDs of the board; give it its supply",
		"is a LED of the board lit? --led lit|dark"},
	{TRIAGE_CHARGE_ONLY_CABLE, TRIAGE_POSSIBLE, cable_may_be, "no board is on USB",
		"take a cable that has carried data before", "the same with another cable"},
	{TRIAGE_PORT_DEAD, TRIAGE_POSSIBLE, other_unknown, "no board is on USB",
		"use another port of the computer itself",
		"does another device work in that port? --other-device works|fails"},
	{TRIAGE_BLANK_CHIP, TRIAGE_POSSIBLE, may_run_without_usb,
		"a chip without firmware does not show itself",
		HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it show up with PROGRAM held? --tried manual"},
	{TRIAGE_TORN_IMAGE, TRIAGE_POSSIBLE, may_run_without_usb,
		"firmware of an interrupted update does not show itself",
		HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it show up with PROGRAM held? --tried manual"},
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_POSSIBLE, may_run_without_usb,
		"firmware for another chip does not show itself",
		HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it show up with PROGRAM held? --tried manual"},
	{TRIAGE_BOOT0_NOT_HELD, TRIAGE_POSSIBLE, may_not_have_been_held,
		"no board is on USB; PROGRAM may not have been seen, with firmware in the chip "
		"that has no USB",
		HOLD_PROGRAM, "the same once more, with all supplies away for some seconds"},
	/* rusEFI issue 3597: no boot, and no DFU by the button either. */
	{TRIAGE_WRONG_BOOT_ADDRESS, TRIAGE_POSSIBLE, may_not_have_been_held,
		"no board is on USB; an STM32F7 whose option bytes were lost starts nowhere, not "
		"even "
		"its bootloader",
		"with an ST-Link: STM32_Programmer_CLI -c port=SWD mode=UR -ob BOOT_ADD0=0x80 "
		"BOOT_ADD1=0x40",
		"what the option bytes say, by ST-Link: STM32_Programmer_CLI -c port=SWD mode=UR "
		"-ob "
		"displ"},
	{TRIAGE_TOOL_MISSING, TRIAGE_POSSIBLE, usual_tool_missing,
		"{program}, with which {tool} flashes, is not installed", "install it: {install}",
		NULL},

	{TRIAGE_HEALTHY, TRIAGE_SURE, healthy_and_tried, "{well}", "{next}", NULL},
	{TRIAGE_HEALTHY, TRIAGE_LIKELY, healthy, "{well}", "{next}",
		"dfurig triage --try: does it go into its bootloader, and come back?"},
	{TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, always, "{odd}",
		"take the board's power away for some seconds and try again; " HOLD_PROGRAM
		", then dfurig triage --tried manual; send the output of dfurig triage --json with "
		"a report",
		NULL},
};

const size_t triage_row_count = ARRAY_SIZE(triage_rows);
