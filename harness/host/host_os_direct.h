/* SPDX-License-Identifier: MIT */
/*
 * An operating system in-process: programs are functions on the clock of the USB host, by a table.
 *
 * A program is found by argv[0] without its folders and without ".exe" or ".bat", when this system has it: os->pnp says
 * whether it is Windows. Programs may run others. Time is never taken from
 * a program by force: one that waits or loops asks host_os_direct_deadline_us and gives up in time.
 */
#ifndef DFURIG_HOST_HOST_OS_DIRECT_H
#define DFURIG_HOST_HOST_OS_DIRECT_H

#include "harness/ports/host_os.h"

#define HOST_OS_KILLED (128 + 9) /* exit code of a program that took too long */

/* All borrowed for the system's life; programs ends with NULL; serial may be NULL. NULL when out of memory. Its clock is
 * that of usb. */
struct host_os *host_os_direct_new(struct usb_host *usb, struct serial_host *serial,
	const struct host_program *const *programs);
void host_os_direct_free(struct host_os *os);

/* Programs that are not installed: names as in the table, ended by NULL; borrowed until the next call. NULL: none. */
void host_os_direct_set_missing(struct host_os *os, const char *const *names);

/* What is wrong with a program that is installed. */
struct host_trouble {
	const char *program; /* its name as in the table */
	uint32_t late_ms;    /* it takes so long before it does anything */
	bool mute;           /* what it prints is lost */
};

/* count troubles; borrowed until the next call. */
void host_os_direct_set_troubles(
	struct host_os *os, const struct host_trouble *troubles, size_t count);

/* The program that runs, and whoever it runs, is killed: it ends with HOST_OS_KILLED, whatever it does and says from now on. Its hosts
 * are the caller's to switch off (usb_host_direct_set_dead). */
void host_os_direct_kill(struct host_os *os);

/* When the program that runs now has to be done, on os->clock; CLOCK_NEVER without a limit, and on other systems. */
uint64_t host_os_direct_deadline_us(const struct host_os *os);

/* "STM32_Programmer_CLI" of "bin/STM32_Programmer_CLI.exe": what of it is the name, *ret_size characters (borrowed). */
const char *host_os_direct_name(const char *path, size_t *ret_size);

#endif
