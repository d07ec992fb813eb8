/* SPDX-License-Identifier: MIT */
/* The story of the two drivers, as rusEFI's HOWTO-DFU tells it, and what belongs to it. */
#include "simulators/windows/windows_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OLD_NAME "STM Device in DFU Mode"
#define NEW_NAME "STM32  BOOTLOADER"
#define OLD_OEM0 OLD_NAME "|0|STTub30|oem0.inf"
#define NEW_OEM0 NEW_NAME "|0|WinUSB|oem0.inf"

/* A driver without a service; otherwise as good as st-dfu-old. */
static const char null_driver[] =
	"[Version]\nSignature=$Chicago$\nClass=USB\nClassGuid={0}\nProvider=p\n"
	"DriverVer=04/26/2018,3.0.6.1\nCatalogFile=c\n[dfurig]\nSigner=s\n"
	"[Manufacturer]\np=M\n[M]\nd=I,USB\\VID_0483&PID_DF11\n[I]\n";

static struct windows_rig rig;

static void setup(void)
{
	rig_init(&rig);
}

static void teardown(void)
{
	rig_done(&rig);
}

TestSuite(windows, .init = setup, .fini = teardown);

static void replug(size_t port, const char *serial)
{
	rig_unplug(&rig, port);
	(void)rig_device(&rig, ""); /* Windows sees that it is away */
	rig_plug_dfu(&rig, port, serial);
}

Test(windows, binds_the_newer_driver)
{
	const struct pnp_device *device;

	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	device = rig_device(&rig, SERIAL);
	cr_assert(device);
	cr_expect_str_eq(device->instance, "USB\\VID_0483&PID_DF11\\" SERIAL);
	cr_expect_str_eq(device->hardware_ids[0], "USB\\VID_0483&PID_DF11&REV_2200");
	cr_expect_str_eq(device->hardware_ids[1], "USB\\VID_0483&PID_DF11");
	cr_expect_str_eq(device->caption, NEW_NAME);
	cr_expect_str_eq(device->class_name, "USBDevice");
	cr_expect_str_eq(device->manufacturer, "STMicroelectronics");
	cr_expect_str_eq(device->service, "WinUSB");
	cr_expect_str_eq(device->inf, "oem0.inf");
	cr_expect_str_eq(device->driver_date, "11/28/2025");
	cr_expect_str_eq(device->driver_version, "1.3.0.0");
	cr_expect_str_eq(device->usb_path, "1-1");
	cr_expect_eq(device->problem, PNP_OK);
	cr_expect_eq(device->route, PNP_ROUTE_WINUSB);
	cr_assert(device->present);
}

Test(windows, removing_the_device_alone_brings_the_same_driver_back)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, false, true, NULL),
		0);
	cr_expect_str_eq(rig_state(&rig, SERIAL), "none", "gone while it is plugged in");
	replug(0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
}

Test(windows, a_scan_finds_the_removed_device_again)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "usb\\vid_0483&pid_df11\\" SERIAL, false, true, NULL),
		0);
	cr_assert_eq(rig.pnp->ops->scan(rig.pnp, NULL), 0);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
}

Test(windows, removing_device_and_driver_and_installing_the_old_one_cures_an_old_console)
{
	rig_add(&rig, "st-bootloader", true);
	rig_source(&rig, "st-dfu-old");
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, true, true, NULL),
		0);
	cr_expect_str_eq(rig_published(&rig, "st-bootloader"), "");
	replug(0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_NAME "|28||", "its own name, no driver");
	cr_assert_eq(rig.pnp->ops->add_driver(rig.pnp, "st-dfu-old", true, true, NULL), 0);
	cr_expect_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
	cr_assert_eq(rig_device(&rig, SERIAL)->route, PNP_ROUTE_STTUB30);
}

Test(windows, removing_device_and_driver_and_installing_the_newer_one_cures_a_newer_console)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, true, true, NULL),
		0);
	replug(0, SERIAL);
	rig_add(&rig, "st-bootloader", true);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
	cr_assert_eq(rig_device(&rig, SERIAL)->route, PNP_ROUTE_WINUSB);
}

Test(windows, the_newer_of_two_drivers_is_taken)
{
	rig_add(&rig, "st-bootloader", false);
	rig_add(&rig, "st-dfu-old", false);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
}

Test(windows, removing_the_newer_of_two_drivers_gives_the_older_one)
{
	rig_add(&rig, "st-bootloader", false);
	rig_add(&rig, "st-dfu-old", false);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, true, true, NULL),
		0);
	replug(0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_NAME "|0|STTub30|oem1.inf");
}

Test(windows, installing_an_older_driver_leaves_the_newer_one_bound)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_add(&rig, "st-dfu-old", true);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
}

Test(windows, installing_a_newer_driver_takes_a_device_that_is_there)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_add(&rig, "st-bootloader", true);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_NAME "|0|WinUSB|oem1.inf");
}

Test(windows, adding_a_driver_without_installing_leaves_the_device_alone)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_add(&rig, "st-bootloader", false);
	cr_expect_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
	replug(0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_OEM0, "a known device keeps its driver");
}

Test(windows, a_device_with_another_serial_number_gets_the_best_driver)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_add(&rig, "st-bootloader", false);
	rig_unplug(&rig, 0);
	rig_plug_dfu(&rig, 0, OTHER);
	cr_expect_str_eq(rig_state(&rig, OTHER), NEW_NAME "|0|WinUSB|oem1.inf");
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_NAME "|45|STTub30|oem0.inf");
}

Test(windows, installing_a_driver_passes_by_a_device_that_is_away)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_unplug(&rig, 0);
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
}

Test(windows, installing_a_worse_driver_does_not_bring_in_another)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_add(&rig, "st-bootloader", false);
	rig_add(&rig, "zadig-winusb", true);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
}

Test(windows, a_device_that_is_away_is_in_no_port)
{
	const struct pnp_device *device;

	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_device(&rig, SERIAL)->usb_path, "1-1");
	rig_unplug(&rig, 0);
	device = rig_device(&rig, SERIAL);
	cr_expect_not(device->present);
	cr_expect_eq(device->problem, PNP_NOT_PRESENT);
	cr_expect_eq(device->route, PNP_ROUTE_NONE);
	cr_expect_str_eq(device->caption, OLD_NAME, "it is remembered");
	cr_assert_str_eq(device->usb_path, "");
}

Test(windows, of_two_drivers_that_nothing_tells_apart_the_first_is_taken)
{
	rig_add(&rig, "st-dfu-old", false);
	cr_assert_eq(windows_add_inf(
			     rig.windows, "other.inf", null_driver, sizeof(null_driver) - 1, NULL),
		0);
	cr_assert_eq(rig.pnp->ops->add_driver(rig.pnp, "other", true, true, NULL), 0);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
}

Test(windows, a_driver_without_a_service_has_nothing_to_start)
{
	cr_assert_eq(
		windows_add_inf(rig.windows, "null", null_driver, sizeof(null_driver) - 1, NULL),
		0);
	cr_assert_eq(rig.pnp->ops->add_driver(rig.pnp, "null", true, true, NULL), 0);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), "d|0||oem0.inf");
	cr_assert_eq(rig_device(&rig, SERIAL)->route, PNP_ROUTE_OTHER);
}

Test(windows, two_devices_are_two_nodes)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	rig_plug_dfu(&rig, 1, OTHER);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
	cr_expect_str_eq(rig_state(&rig, OTHER), NEW_OEM0);
	cr_assert_eq(rig.count, 2);
}

Test(windows, the_same_serial_number_twice_is_two_nodes)
{
	rig_plug_dfu(&rig, 0, SERIAL);
	rig_plug_dfu(&rig, 1, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_expect_eq(rig.count, 2);
	cr_expect_str_eq(rig.devices[0].usb_path, "1-1");
	cr_expect_str_eq(rig.devices[1].usb_path, "1-2");
	cr_assert(strstr(rig.devices[1].instance, "\\5&"));
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.count, 2, "and stays two");
}

Test(windows, a_device_without_a_serial_number_is_known_by_its_port)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, "");
	cr_expect_str_eq(rig_state(&rig, "PID_DF11\\5&"), OLD_OEM0);
	rig_add(&rig, "st-bootloader", false);
	replug(0, "");
	cr_expect_str_eq(rig_state(&rig, "PID_DF11\\5&"), OLD_OEM0);
	rig_unplug(&rig, 0);
	rig_plug_dfu(&rig, 3, "");
	cr_assert_str_eq(rig_state(&rig, "&0&4"), NEW_NAME "|0|WinUSB|oem1.inf");
}

Test(windows, no_driver_is_code_28)
{
	const struct pnp_device *device;

	rig_plug_dfu(&rig, 0, SERIAL);
	device = rig_device(&rig, SERIAL);
	cr_assert(device);
	cr_expect_eq(device->problem, PNP_NO_DRIVER);
	cr_expect_str_eq(device->caption, RIG_DFU);
	cr_expect_str_eq(device->class_name, "");
	cr_expect_str_eq(device->inf, "");
	cr_assert_eq(device->route, PNP_ROUTE_NONE);
}

Test(windows, a_driver_that_came_later_is_found_by_a_scan_or_a_new_plug)
{
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_add(&rig, "st-bootloader", false);
	cr_expect_str_eq(rig_state(&rig, SERIAL), RIG_DFU "|28||");
	cr_assert_eq(rig.pnp->ops->scan(rig.pnp, NULL), 0);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
	rig_plug_dfu(&rig, 1, OTHER);
	cr_assert_str_eq(rig_state(&rig, OTHER), NEW_OEM0);
}

Test(windows, a_driver_whose_file_is_not_there_is_code_10)
{
	rig_add(&rig, "st-bootloader-broken", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_NAME "|10|WinUSB|oem0.inf");
	cr_assert_eq(rig_device(&rig, SERIAL)->route, PNP_ROUTE_NONE);
}

Test(windows, the_old_driver_without_its_file_is_code_10)
{
	rig_add(&rig, "st-dfu-broken", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_NAME "|10|STTub30|oem0.inf");
}

Test(windows, a_service_can_be_made_to_fail_and_to_work_again)
{
	rig_add(&rig, "st-dfu-old", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	windows_set_service_fails(rig.windows, "sttub30", true);
	cr_expect_str_eq(rig_state(&rig, SERIAL), OLD_NAME "|10|STTub30|oem0.inf");
	windows_set_service_fails(rig.windows, "STTub30", false);
	cr_assert_str_eq(rig_state(&rig, SERIAL), OLD_OEM0);
}

Test(windows, refuses_what_is_not_signed)
{
	struct why why = {0};

	rig_source(&rig, "st-unsigned");
	cr_expect_eq(rig.pnp->ops->add_driver(rig.pnp, "st-unsigned", true, true, &why), -EACCES);
	cr_expect(strstr(why.text, "does not contain digital signature information"));
	cr_expect_str_eq(rig_published(&rig, "st-unsigned"), "");
	windows_set_unsigned_allowed(rig.windows, true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_eq(rig.pnp->ops->add_driver(rig.pnp, "st-unsigned", true, true, &why), 0);
	cr_expect_str_eq(rig_device(&rig, SERIAL)->service, "STTub30");
	rig_add(&rig, "st-dfu-old", true);
	cr_assert_str_eq(rig_device(&rig, SERIAL)->inf, "oem1.inf", "signed goes before newer");
}

Test(windows, a_driver_of_zadig_is_as_good_as_one_by_st_but_older)
{
	rig_add(&rig, "zadig-winusb", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
	cr_expect_eq(rig_device(&rig, SERIAL)->route, PNP_ROUTE_WINUSB);
	rig_add(&rig, "st-dfu-old", true);
	cr_assert_str_eq(rig_device(&rig, SERIAL)->service, "STTub30");
}

Test(windows, shows_the_h7_by_its_other_name)
{
	rig_add(&rig, "st-dfu-fs-mode", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), "DFU in FS Mode|0|WinUSB|oem0.inf");
}

Test(windows, wants_an_elevated_process_for_every_change)
{
	const struct pnp_ops *ops = rig.pnp->ops;
	struct why why = {0};

	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_expect_eq(ops->add_driver(rig.pnp, "st-bootloader", true, false, &why), -EPERM);
	cr_expect_str_eq(why.text, "Access is denied.");
	cr_expect_eq(ops->delete_driver(rig.pnp, "oem0.inf", true, false, &why), -EPERM);
	cr_expect_eq(
		ops->remove_device(rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, true, false, &why),
		-EPERM);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0, "nothing happened");
}

Test(windows, a_driver_in_use_is_not_deleted)
{
	struct why why = {0};

	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_eq(rig.pnp->ops->delete_driver(rig.pnp, "oem0.inf", false, true, &why), -EBUSY);
	cr_expect_str_eq(
		why.text, "One or more devices are presently installed using the specified INF.");
	rig_unplug(&rig, 0);
	cr_expect_eq(rig.pnp->ops->delete_driver(rig.pnp, "oem0.inf", false, true, &why), -EBUSY,
		"a device that is away uses it too");
	cr_assert_str_eq(rig_published(&rig, "st-bootloader"), "oem0.inf");
}

Test(windows, a_driver_is_deleted_with_its_use)
{
	rig_add(&rig, "st-bootloader", true);
	rig_add(&rig, "st-dfu-old", false);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->delete_driver(rig.pnp, "OEM0.INF", true, true, NULL), 0);
	cr_expect_str_eq(rig_state(&rig, SERIAL), OLD_NAME "|0|STTub30|oem1.inf");
	cr_assert_eq(rig.pnp->ops->delete_driver(rig.pnp, "oem1.inf", true, true, NULL), 0);
	cr_assert_str_eq(rig_state(&rig, SERIAL), RIG_DFU "|28||");
}

Test(windows, a_device_that_is_away_loses_a_deleted_driver)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_unplug(&rig, 0);
	cr_assert_eq(rig.pnp->ops->delete_driver(rig.pnp, "oem0.inf", true, true, NULL), 0);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), RIG_DFU "|28||");
}

Test(windows, drivers_of_windows_cannot_be_deleted)
{
	struct why why = {0};

	cr_expect_eq(rig.pnp->ops->delete_driver(rig.pnp, "usbser.inf", true, true, &why), -ENOENT);
	cr_expect_str_eq(why.text, "The specified file is not an installed OEM INF.");
	cr_assert_eq(rig.pnp->ops->delete_driver(rig.pnp, "oem7.inf", true, true, &why), -ENOENT);
}

Test(windows, another_device_keeps_the_driver_in_the_store)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	rig_plug_dfu(&rig, 1, OTHER);
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, true, true, NULL),
		0);
	cr_expect_str_eq(rig_published(&rig, "st-bootloader"), "oem0.inf");
	cr_assert_str_eq(rig_state(&rig, OTHER), NEW_OEM0);
}

Test(windows, a_device_that_is_away_can_be_removed)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	rig_unplug(&rig, 0);
	cr_expect_eq(rig_device(&rig, SERIAL)->problem, PNP_NOT_PRESENT);
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, false, true, NULL),
		0);
	cr_expect_null(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, false, true, NULL),
		-ENODEV);
}

Test(windows, a_removed_device_that_goes_away_is_forgotten)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_assert(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_DF11\\" SERIAL, false, true, NULL),
		0);
	rig_unplug(&rig, 0);
	cr_expect_null(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.pnp->ops->scan(rig.pnp, NULL), 0);
	cr_expect_null(rig_device(&rig, SERIAL));
	cr_assert_eq(rig.count, 0);
}

/* ---- the running ECU ---- */

Test(windows, takes_a_running_ecu_apart)
{
	rig_plug_ecu(&rig, 0, true);
	cr_expect_str_eq(
		rig_state(&rig, "PID_5740\\" ECU_SERIAL), "USB Composite Device|0|usbccgp|usb.inf");
	cr_expect_str_eq(rig_state(&rig, "MI_00"), "USB Mass Storage Device|0|USBSTOR|usbstor.inf");
	cr_expect_str_eq(rig_state(&rig, "MI_01"), "USB Serial Device (COM3)|0|usbser|usbser.inf");
	cr_expect_eq(rig_device(&rig, "MI_01")->route, PNP_ROUTE_SERIAL);
	cr_expect_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
	cr_expect_str_eq(
		rig_device(&rig, "MI_01")->hardware_ids[1], "USB\\VID_0483&PID_5740&MI_01");
	cr_expect_str_eq(rig_device(&rig, "MI_01")->class_name, "Ports");
	cr_expect_eq(rig_device(&rig, "MI_00")->route, PNP_ROUTE_OTHER);
	cr_assert_eq(rig.count, 3);
}

Test(windows, a_port_keeps_its_number)
{
	rig_plug_ecu(&rig, 0, true);
	cr_expect_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
	rig_unplug(&rig, 0);
	cr_expect_not(rig_device(&rig, "MI_01")->present);
	rig_plug_ecu(&rig, 2, true);
	cr_assert_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
}

Test(windows, a_port_can_be_made_to_get_a_new_number_each_time)
{
	windows_set_new_ports(rig.windows, true);
	rig_plug_ecu(&rig, 0, true);
	cr_expect_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
	rig_unplug(&rig, 0);
	(void)rig_device(&rig, "");
	rig_plug_ecu(&rig, 0, true);
	cr_expect_str_eq(rig_device(&rig, "MI_01")->com_port, "COM4");
	cr_expect_str_eq(rig_device(&rig, "MI_01")->com_port, "COM4", "and keeps it");
	rig_unplug(&rig, 0);
	rig_plug_ecu(&rig, 0, true);
	cr_assert_str_eq(rig_device(&rig, "MI_01")->com_port, "COM5");
}

Test(windows, a_function_that_is_another_one_now_gets_another_driver)
{
	rig_plug_ecu(&rig, 0, true);
	cr_expect_str_eq(rig_state(&rig, "MI_00"), "USB Mass Storage Device|0|USBSTOR|usbstor.inf");
	cr_expect_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
	rig_unplug(&rig, 0);
	rig_plug_ecu(&rig, 0, false);
	cr_expect_str_eq(rig_state(&rig, "MI_00"), "USB Serial Device (COM4)|0|usbser|usbser.inf");
	cr_expect_not(rig_device(&rig, "MI_01")->present);
	rig_unplug(&rig, 0);
	rig_plug_ecu(&rig, 0, true);
	cr_expect_str_eq(rig_state(&rig, "MI_00"), "USB Mass Storage Device|0|USBSTOR|usbstor.inf");
	cr_assert_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
}

Test(windows, removing_a_composite_device_removes_its_functions)
{
	rig_plug_ecu(&rig, 0, true);
	cr_assert(rig_device(&rig, "MI_01"));
	cr_assert_eq(rig.pnp->ops->remove_device(
			     rig.pnp, "USB\\VID_0483&PID_5740\\" ECU_SERIAL, false, true, NULL),
		0);
	cr_expect_null(rig_device(&rig, "PID_5740"));
	cr_assert_eq(rig.pnp->ops->scan(rig.pnp, NULL), 0);
	cr_assert(rig_device(&rig, "MI_01"));
}

Test(windows, removing_a_port_leaves_the_rest)
{
	const char *instance;
	char port[PNP_TEXT];

	rig_plug_ecu(&rig, 0, true);
	instance = rig_device(&rig, "MI_01")->instance;
	strncpy(port, instance, sizeof(port) - 1);
	port[sizeof(port) - 1] = '\0';
	cr_assert_eq(rig.pnp->ops->remove_device(rig.pnp, port, false, true, NULL), 0);
	cr_expect_null(rig_device(&rig, "MI_01"));
	cr_expect_null(rig_device(&rig, "MI_01"), "and stays so");
	cr_expect(rig_device(&rig, "MI_00"));
	cr_assert_eq(rig.pnp->ops->scan(rig.pnp, NULL), 0);
	cr_assert_str_eq(rig_device(&rig, "MI_01")->com_port, "COM3");
}

Test(windows, a_device_of_which_nothing_can_be_read_has_its_ids_all_the_same)
{
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	rig.ports[0].config = NULL;
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
}

/* ---- time ---- */

Test(windows, a_first_installation_takes_its_time)
{
	windows_set_install_time_us(rig.windows, 5000000);
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	cr_expect_str_eq(rig_state(&rig, SERIAL), RIG_DFU "|1||");
	cr_expect_eq(rig_device(&rig, SERIAL)->route, PNP_ROUTE_NONE);
	clock_sleep_until_us(&rig.clock.clock, 4999999);
	cr_expect_str_eq(rig_state(&rig, SERIAL), RIG_DFU "|1||");
	clock_sleep_until_us(&rig.clock.clock, 5000000);
	cr_expect_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
	replug(0, SERIAL);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0, "it is known now");
}

Test(windows, an_installation_begins_when_the_device_is_plugged_in)
{
	windows_set_install_time_us(rig.windows, 2000000);
	rig_add(&rig, "st-bootloader", true);
	rig_plug_dfu(&rig, 0, SERIAL);
	windows_plugged(rig.windows, rig.last_devnum);
	clock_sleep_until_us(&rig.clock.clock, 2000000);
	cr_assert_str_eq(rig_state(&rig, SERIAL), NEW_OEM0);
}

Test(windows, what_windows_brings_takes_no_time)
{
	windows_set_install_time_us(rig.windows, 2000000);
	rig_plug_ecu(&rig, 0, true);
	cr_assert(rig_device(&rig, "MI_01"));
	cr_assert_eq(rig_device(&rig, "MI_01")->problem, PNP_OK);
}

/* Another's drivers for a composite device and for its port. */
#define PACKAGE                                                                                    \
	"[Version]\nSignature=$Chicago$\nClass=Ports\nClassGuid={0}\nProvider=p\n"                 \
	"DriverVer=04/26/2018,1.2\nCatalogFile=c\n[dfurig]\nSigner=s\n[Manufacturer]\np=M\n"

static void add_ecu_drivers(void)
{
	static const char text[] =
		PACKAGE "[M]\nd=I,USB\\VID_0483&PID_5740\n"
			"p=J,USB\\VID_0483&PID_5740&MI_01\n[I]\n[J]\n"
			"[I.Services]\nAddService=usbccgp,2,S\n"
			"[J.Services]\nAddService=usbser,2,T\n"
			"[S]\nServiceBinary=usbccgp.sys\n[T]\nServiceBinary=usbser.sys\n";

	cr_assert_eq(windows_add_inf(rig.windows, "ecu", text, sizeof(text) - 1, NULL), 0);
	cr_assert_eq(rig.pnp->ops->add_driver(rig.pnp, "ecu", true, true, NULL), 0);
}

Test(windows, the_functions_of_a_device_are_installed_after_it)
{
	windows_set_install_time_us(rig.windows, 2000000);
	add_ecu_drivers();
	rig_plug_ecu(&rig, 0, true);
	cr_expect_eq(rig_device(&rig, "PID_5740")->problem, PNP_NOT_CONFIGURED);
	cr_expect_null(rig_device(&rig, "MI_01"));
	clock_sleep_until_us(&rig.clock.clock, 2000000);
	cr_expect_eq(rig_device(&rig, "MI_01")->problem, PNP_NOT_CONFIGURED);
	clock_sleep_until_us(&rig.clock.clock, 4000000);
	cr_assert_eq(rig_device(&rig, "MI_01")->problem, PNP_OK);
}

Test(windows, the_functions_of_a_device_are_counted_from_its_own_installation)
{
	windows_set_install_time_us(rig.windows, 2000000);
	add_ecu_drivers();
	rig_plug_ecu(&rig, 0, true);
	windows_plugged(rig.windows, rig.last_devnum);
	clock_sleep_until_us(&rig.clock.clock, 3000000);
	cr_expect_eq(rig_device(&rig, "MI_01")->problem, PNP_NOT_CONFIGURED);
	clock_sleep_until_us(&rig.clock.clock, 3999999);
	cr_expect_eq(rig_device(&rig, "MI_01")->problem, PNP_NOT_CONFIGURED);
	clock_sleep_until_us(&rig.clock.clock, 4000000);
	cr_assert_eq(rig_device(&rig, "MI_01")->problem, PNP_OK);
}

/* ---- the rest ---- */

Test(windows, lists_its_packages)
{
	struct pnp_package packages[32];
	size_t count, first;

	cr_assert_eq(rig.pnp->ops->packages(rig.pnp, packages, 32, &first, NULL), 0);
	for (size_t i = 0; i < first; i++)
		cr_expect(packages[i].inbox, "%s", packages[i].published);
	rig_add(&rig, "st-dfu-old", false);
	rig_add(&rig, "st-bootloader", false);
	cr_assert_eq(rig.pnp->ops->packages(rig.pnp, packages, 32, &count, NULL), 0);
	cr_assert_eq(count, first + 2);
	cr_expect_str_eq(packages[first].published, "oem0.inf");
	cr_expect_str_eq(packages[first].original, "st-dfu-old.inf");
	cr_expect_str_eq(packages[first].provider, "STMicroelectronics");
	cr_expect_str_eq(packages[first].class_name, "Universal Serial Bus controllers");
	cr_expect_str_eq(packages[first].date, "04/26/2018");
	cr_expect_str_eq(packages[first].version, "3.0.6.1");
	cr_expect_str_eq(
		packages[first].signer, "Microsoft Windows Hardware Compatibility Publisher");
	cr_assert_str_eq(packages[first + 1].published, "oem1.inf");
}

Test(windows, the_same_package_is_added_once_and_a_free_number_is_taken)
{
	rig_add(&rig, "st-dfu-old", false);
	rig_add(&rig, "st-dfu-old", false);
	rig_add(&rig, "st-bootloader", false);
	cr_expect_str_eq(rig_published(&rig, "st-bootloader"), "oem1.inf");
	cr_assert_eq(rig.pnp->ops->delete_driver(rig.pnp, "oem0.inf", false, true, NULL), 0);
	rig_add(&rig, "zadig-winusb", false);
	cr_assert_str_eq(rig_published(&rig, "zadig-winusb"), "oem0.inf");
}

Test(windows, finds_a_package_by_its_path)
{
	rig_source(&rig, "st-dfu-old");
	cr_expect_eq(rig.pnp->ops->add_driver(
			     rig.pnp, "C:\\rusefi\\drivers\\ST-DFU-old.INF", true, true, NULL),
		0);
	cr_expect_eq(rig.pnp->ops->add_driver(rig.pnp, "./st-dfu-old.inf", true, true, NULL), 0);
	cr_assert_eq(rig.pnp->ops->add_driver(rig.pnp, "st-dfu", true, true, NULL), -ENOENT);
}

Test(windows, says_how_many_devices_there_are_beyond_the_room)
{
	struct pnp_device one;
	size_t count;

	rig_plug_ecu(&rig, 0, true);
	cr_assert_eq(rig.pnp->ops->devices(rig.pnp, &one, 1, &count, NULL), 0);
	cr_expect_eq(count, 3);
	cr_assert_eq(rig.pnp->ops->devices(rig.pnp, NULL, 0, &count, NULL), 0);
}

Test(windows, passes_on_what_the_usb_host_says)
{
	struct why why = {0};
	size_t count = 77;

	rig.list_error = -EIO;
	cr_expect_eq(rig.pnp->ops->devices(rig.pnp, NULL, 0, &count, &why), -EIO);
	cr_expect_eq(count, 77);
	cr_assert(why.text[0]);
}

Test(windows, forgets_the_oldest_devices_when_there_are_too_many)
{
	char serial[16];

	for (int i = 0; i < 100; i++) {
		snprintf(serial, sizeof(serial), "S%03d", i);
		rig_unplug(&rig, 0);
		rig_plug_dfu(&rig, 0, serial);
		cr_assert(rig.pnp->ops->devices(rig.pnp, NULL, 0, &rig.count, NULL) == 0);
	}
	cr_assert_eq(rig.count, 64);
}

Test(windows, a_broken_inf_is_refused_with_its_line)
{
	static const char text[] = "[Version\n";
	struct why why = {0};

	cr_expect_eq(windows_add_inf(rig.windows, "x", text, sizeof(text) - 1, &why), -EBADMSG);
	cr_assert(strncmp(why.text, "x.inf:1: ", 9) == 0, "%s", why.text);
}
