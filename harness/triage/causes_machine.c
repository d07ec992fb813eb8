/* SPDX-License-Identifier: MIT */
/* Rows about the machine: its system, how many boards there are, which driver has the bootloader and who may open it. */
#include "harness/triage/predicates.h"
#include "harness/triage/rows.h"

#include <string.h>

static bool on_macos(const struct evidence *e)
{
	return e->system == EVIDENCE_MACOS && !e->tool.sees_macos;
}

static bool several(const struct evidence *e)
{
	return e->usb.count > 1 && e->board.face == EVIDENCE_NOTHING;
}

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

static const struct triage_row rows[] = {
	/* rusEFI's console has its DFU items on Windows and Linux only. [rusEFI ProgramSelector] */
	{TRIAGE_SYSTEM_UNSUPPORTED, TRIAGE_SURE, on_macos,
		"this is macOS, and {tool} has no DFU there",
		"flash from Linux or Windows, or on this machine with dfu-util (brew install "
		"dfu-util): dfu-util -a 0 -d 0483:df11 -s 0x08000000:leave -D rusefi.bin, with the "
		"board in its bootloader (" HOLD_PROGRAM ")",
		NULL},
	{TRIAGE_SYSTEM_UNSUPPORTED, TRIAGE_SURE, triage_is_tool_of_other_system,
		"this is {system}, and {tool} works on {workson}",
		"use the console of this system, or ask on the machine that has that one", NULL},
	/* STM32_Programmer_CLI takes "usb1", whichever that is; dfu-util refuses. */
	{TRIAGE_SEVERAL_DEVICES, TRIAGE_SURE, several,
		"{count} boards may be meant: {boards}. Tools refuse then, or take the wrong one",
		"unplug all but one; or name one: dfurig triage --serial S, dfu-util -S S", NULL},
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
	{TRIAGE_DRIVER_OTHER, TRIAGE_SURE, kernel_driver_holds,
		"the kernel's driver {driver} is bound to the bootloader's interface, and does "
		"not let tools have it",
		"echo {interface} | sudo tee /sys/bus/usb/drivers/{driver}/unbind; to keep it "
		"away: sudo modprobe -r {driver}, and a line \"blacklist {driver}\" in "
		"/etc/modprobe.d/",
		NULL},
	{TRIAGE_PORT_BUSY, TRIAGE_SURE, interface_held,
		"{holder} has the bootloader's device {node} open", "close it, then try again",
		NULL},
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
};

const struct triage_rows triage_rows_machine = TRIAGE_ROWS(rows);
