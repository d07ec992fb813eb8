/* SPDX-License-Identifier: MIT */
/* The drivers that come with Windows and that a rusEFI board can meet, as INF texts of our own. */
#ifndef DFURIG_WINDOWS_INBOX_H
#define DFURIG_WINDOWS_INBOX_H

#include <stdbool.h>
#include <stddef.h>

struct inbox_driver {
	const char *name; /* "usbser.inf" */
	const char *text;
};

extern const struct inbox_driver inbox_drivers[];
extern const size_t inbox_driver_count;

#endif
