/* SPDX-License-Identifier: MIT */
/*
 * What each one fits and how it is called is known from Microsoft's "USB device class drivers included in Windows"; date and
 * version are what Device Manager shows for inbox drivers (06/21/2006, and the version of the system).
 */
#include "simulators/windows/inbox.h"

#include "harness/base/attr.h"

#define VERSION(class, guid)                                                                       \
	"[Version]\nSignature=\"$Windows NT$\"\nClass=" class "\nClassGuid=" guid                  \
							      "\nProvider=%MS%\nDriverVer=06/21/"  \
							      "2006,10.0.19041.1\nCatalogFile="    \
							      "inbox.cat\n"                        \
							      "[dfurig]\nSigner=\"Microsoft "      \
							      "Windows\"\n"                        \
							      "[Manufacturer]\n%Maker%=Models,"    \
							      "NTamd64\n[Strings]\nMS="            \
							      "\"Microsoft\"\n"

#define SERVICE(name, binary)                                                                      \
	"[Install.NT]\nFeatureScore=FF\n[Install.NT.Services]\nAddService=" name ",2,Service\n"    \
	"[Service]\nServiceBinary=%12%\\" binary "\n"

const struct inbox_driver inbox_drivers[] = {
	/* Windows 10 and newer have CDC-ACM without another's INF. [USB serial driver (Usbser.sys)] */
	{"usbser.inf",
		VERSION("Ports", "{4d36e978-e325-11ce-bfc1-08002be10318}") SERVICE("usbser",
			"usbser.sys") "[Strings]\nMaker=\"Microsoft\"\n"
				      "[Models.NTamd64]\n\"USB Serial "
				      "Device\"=Install,USB\\Class_02&SubClass_02&Prot_01\n"
				      "\"USB Serial Device\"=Install,USB\\Class_02&SubClass_02\n"},
	/* The generic parent driver, and hubs. */
	{"usb.inf", VERSION("USB", "{36fc9e60-c465-11cf-8056-444553540000}") SERVICE("usbccgp",
			    "usbccgp.sys") "[Strings]\nMaker=\"(Standard USB Host Controller)\"\n"
					   "[Models.NTamd64]\n\"USB Composite "
					   "Device\"=Install,USB\\COMPOSITE\n"},
	{"usbhub3.inf", VERSION("USB", "{36fc9e60-c465-11cf-8056-444553540000}") SERVICE("USBHUB3",
				"UsbHub3.sys") "[Strings]\nMaker=\"(Standard USB HUBs)\"\n"
					       "[Models.NTamd64]\n\"Generic USB "
					       "Hub\"=Install,USB\\Class_09\n"},
	{"usbstor.inf",
		VERSION("USB", "{36fc9e60-c465-11cf-8056-444553540000}") SERVICE("USBSTOR",
			"USBSTOR.SYS") "[Strings]\nMaker=\"Compatible USB storage device\"\n"
				       "[Models.NTamd64]\n\"USB Mass Storage "
				       "Device\"=Install,USB\\Class_08&SubClass_06&Prot_50\n"},
	/* For devices that ask for it by a Microsoft OS descriptor, which ST's bootloader does not have. */
	{"winusb.inf", VERSION("USBDevice", "{88bae032-5a81-49f0-bc3d-a4ff138216d6}") SERVICE(
			       "WinUSB", "winusb.sys") "[Strings]\nMaker=\"WinUsb Device\"\n"
						       "[Models.NTamd64]\n\"WinUsb "
						       "Device\"=Install,USB\\MS_COMP_WINUSB\n"},
};

const size_t inbox_driver_count = ARRAY_SIZE(inbox_drivers);
