/* SPDX-License-Identifier: MIT */
/*
 * Plug and Play as Windows does it, as far as update tools and their users meet it: which driver each USB device has, what
 * Device Manager says of it, and what an installer or a person does to that.
 *
 * Implemented by simulators/windows. A host without it (os->pnp is NULL) is not Windows.
 */
#ifndef DFURIG_PORTS_PNP_H
#define DFURIG_PORTS_PNP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/why.h"

#define PNP_TEXT 128

/* How a program reaches a device, which its driver decides. */
enum pnp_route {
	PNP_ROUTE_NONE,    /* no driver, or one that did not start */
	PNP_ROUTE_STTUB30, /* ST's old driver and its API: DfuSeCommand, DfuSe Demo */
	PNP_ROUTE_WINUSB,  /* WinUSB, and with it libusb: STM32_Programmer_CLI, dfu-util */
	PNP_ROUTE_SERIAL,  /* usbser.sys or ST's VCP: a COM port */
	PNP_ROUTE_OTHER,   /* a driver of another kind: hub, mass storage */
	PNP_ROUTE_COUNT,
};

/* Device Manager's codes that are met here. */
#define PNP_OK             0
#define PNP_CANNOT_START   10 /* CM_PROB_FAILED_START: yellow triangle */
#define PNP_NOT_CONFIGURED 1  /* while its driver is being installed */
#define PNP_NO_DRIVER      28 /* CM_PROB_FAILED_INSTALL: yellow triangle, no driver */
#define PNP_NOT_PRESENT    45 /* CM_PROB_PHANTOM: hidden device, not plugged in */

/* One device node. Texts are "" when Windows has none. */
struct pnp_device {
	char instance[PNP_TEXT]; /* "USB\VID_0483&PID_DF11\315A28A0B956" */
	char hardware_ids
		[2][PNP_TEXT];  /* most specific first: "USB\VID_0483&PID_DF11&REV_2200", ... */
	char caption[PNP_TEXT]; /* what Device Manager shows */
	char class_name
		[PNP_TEXT]; /* "USBDevice", "Universal Serial Bus devices" is its caption; "" with no driver */
	char manufacturer[PNP_TEXT]; /* of the INF */
	char service[PNP_TEXT];      /* "STTub30", "WinUSB", "usbser" */
	char inf[PNP_TEXT];          /* "oem12.inf" */
	char driver_date[PNP_TEXT], driver_version[PNP_TEXT];
	char usb_path[32]; /* as usb_host_entry.path; "" = not present */
	char com_port[16]; /* "COM4", or "" */
	uint32_t problem;  /* Device Manager's code */
	bool present;
	enum pnp_route route;
};

/* One driver package in the driver store. */
struct pnp_package {
	char published[PNP_TEXT]; /* "oem12.inf" */
	char original[PNP_TEXT];  /* "sttub30.inf" */
	char provider[PNP_TEXT];
	char class_name[PNP_TEXT]; /* for people: "Universal Serial Bus devices" */
	char date[PNP_TEXT], version[PNP_TEXT];
	char signer[PNP_TEXT]; /* "" = not signed */
	bool inbox;            /* comes with Windows; cannot be deleted */
};

struct pnp;

/* 0 or negative errno throughout; -EPERM: needs an elevated process; why says what Windows would. */
struct pnp_ops {
	const char *name;

	/* Looks at what is plugged in now, lets new devices find their drivers, and gives all nodes, those that are not present
	 * too. At most room; *ret_count says how many there are. */
	int (*devices)(struct pnp *pnp, struct pnp_device *ret, size_t room, size_t *ret_count,
		struct why *why);
	int (*packages)(struct pnp *pnp, struct pnp_package *ret, size_t room, size_t *ret_count,
		struct why *why);

	/* pnputil /add-driver, with install: best driver anew for the devices that are plugged in and that it fits better than what
	 * they have. source is an INF by its name in the world's driver folder ("st-bootloader") or its path. -ENOENT: there is no
	 * such file; -EACCES: nobody has signed it. */
	int (*add_driver)(
		struct pnp *pnp, const char *source, bool install, bool elevated, struct why *why);

	/* pnputil /delete-driver. With uninstall, devices of it get the next best. -EBUSY: in use, also by devices that are away, and
	 * not with uninstall; -ENOENT: no such package, or it comes with Windows. */
	int (*delete_driver)(struct pnp *pnp, const char *published, bool uninstall, bool elevated,
		struct why *why);

	/* Device Manager's "Uninstall device", with "Attempt to remove the driver": the node goes, until the device is plugged in
	 * anew or somebody scans. A driver that other devices have stays. -ENODEV: there is no such device. */
	int (*remove_device)(struct pnp *pnp, const char *instance, bool delete_driver,
		bool elevated, struct why *why);

	/* "Scan for hardware changes". */
	int (*scan)(struct pnp *pnp, struct why *why);
};

struct pnp {
	const struct pnp_ops *ops;
};

#endif
