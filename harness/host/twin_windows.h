/* SPDX-License-Identifier: MIT */
/* What the twins of Windows programs share. All of it reads what Plug and Play says (os->pnp). */
#ifndef DFURIG_HOST_TWIN_WINDOWS_H
#define DFURIG_HOST_TWIN_WINDOWS_H

#include "harness/host/dfuse_client.h"
#include "harness/host/twin.h"

#define SAY(out, ...) ((void)!buf_printf((out), __VA_ARGS__))

/* Device nodes, those that are not plugged in too. */
struct windows_devices {
	struct pnp_device *at; /* owned */
	size_t count;
};

/* CLEANUP(windows_devices_done) in all cases. 0 or negative errno. */
MUST_CHECK int windows_devices_read(struct host_os *os, struct windows_devices *ret);
void windows_devices_done(struct windows_devices *devices);

/* The first word of a command line that holds text, and the one behind an option; NULL: there is none. */
const char *windows_word_with(char *const argv[], const char *text);
const char *windows_value_of(char *const argv[], const char *option);

/* Whether a word is there, in any case. */
bool windows_has_word(char *const argv[], const char *word);

/* Whether text holds part, in any case. */
bool windows_contains(const char *text, const char *part, size_t size);

/* The first of ST's bootloaders that can be reached by this route, as an entry of os->usb. 0; -ENODEV: there is none; other
 * negative errno. */
MUST_CHECK int windows_find_bootloader(
	struct host_os *os, enum pnp_route route, struct usb_host_entry *ret);

/* The driver of a device of os->usb; PNP_ROUTE_NONE when Plug and Play does not know it. */
enum pnp_route windows_route(struct host_os *os, const struct usb_host_entry *entry);

/* Its time is that of the program that runs. As windows_find_bootloader, and the errors of dfuse_client_open. */
MUST_CHECK int windows_open_bootloader(
	struct host_os *os, enum pnp_route route, struct dfuse_client *ret);

#endif
