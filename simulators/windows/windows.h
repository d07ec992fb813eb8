/* SPDX-License-Identifier: MIT */
/*
 * A 64-bit Windows 10, as far as Plug and Play of USB devices goes: device nodes, the driver store, which driver a device
 * gets, what Device Manager shows, and which way to the device its driver opens. Behind struct pnp (harness/ports/pnp.h).
 *
 * It looks at what is plugged in when somebody asks, on the clock of its own caller; it does no I/O but through the usb_host.
 *
 * Source: Microsoft's documentation, named at each part (rank.h, inf.h, usb_ids.h, nodes.c); rusEFI's HOWTO-DFU and its issues
 * for what people see. What is guessed is marked so.
 */
#ifndef DFURIG_WINDOWS_WINDOWS_H
#define DFURIG_WINDOWS_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/why.h"
#include "harness/ports/pnp.h"
#include "harness/ports/usb_host.h"

struct windows;

/* With the drivers that come with Windows and no others. usb and clock are borrowed for its life. NULL when out of memory. */
struct windows *windows_new(struct usb_host *usb, struct clock *clock);

/* NULL is fine. */
void windows_free(struct windows *windows);

/* Borrowed for the life of windows. */
struct pnp *windows_pnp(struct windows *windows);

/* Puts an INF where add_driver finds it: by name ("st-bootloader"), or by any path that ends in name.inf. text is copied.
 * Another of the same name takes its place. 0; -EBADMSG with "name.inf:line: ..."; -ENOSPC; -ENOMEM. */
MUST_CHECK int windows_add_inf(
	struct windows *windows, const char *name, const char *text, size_t size, struct why *why);

/* How long a driver takes to be found and installed for a device that is new, from when it was seen; each function of a
 * composite device after the device. Drivers that Windows brings take no time. 0 at first. ["Windows takes forever": rusEFI issues 6790 and 6791] */
void windows_set_install_time_us(struct windows *windows, uint64_t time_us);

/* Somebody saw the device with this number being plugged in just now: its installation begins, as in Windows, before anybody
 * asks. Without it, it begins when the device is first asked for. */
void windows_plugged(struct windows *windows, uint8_t devnum);

/* Ports that are plugged in again get numbers that were never used, instead of the one that they had. */
void windows_set_new_ports(struct windows *windows, bool new_ports);

/* Plants a driver that does not start: devices of this service ("STTub30") have code 10. */
void windows_set_service_fails(struct windows *windows, const char *service, bool fails);

/* Lets drivers be installed that nobody has signed (test signing, or "Disable driver signature enforcement"). */
void windows_set_unsigned_allowed(struct windows *windows, bool allowed);

#endif
