/* SPDX-License-Identifier: MIT */
/* The command line of dfu-util 0.11, as far as its twin knows it. */
#ifndef DFURIG_HOST_TWIN_DFU_UTIL_ARGS_H
#define DFURIG_HOST_TWIN_DFU_UTIL_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"

/* dfu-util's exit codes: sysexits.h, and libusb's LIBUSB_ERROR_NOT_FOUND as a byte. */
enum dfu_util_exit {
	DFU_UTIL_OK = 0,
	DFU_UTIL_USAGE = 64,
	DFU_UTIL_NO_INPUT = 66,
	DFU_UTIL_SOFTWARE = 70,
	DFU_UTIL_CANNOT_CREATE = 73,
	DFU_UTIL_IO = 74,
	DFU_UTIL_PROTOCOL = 76,
	DFU_UTIL_CAME_BACK_AS_ANOTHER = 251,
};

struct dfu_util_args {
	bool version, help, list, reset;
	bool has_id; /* --device with a second pair: <vendor>:<product>,<vendor_dfu>:<product_dfu> */
	uint16_t vid, pid;
	const char *alt;    /* number or name; NULL = any */
	const char *serial; /* NULL = any */
	const char *path;   /* NULL = any */
	const char *dfuse;  /* --dfuse-address; NULL = none */
	const char *download, *upload;
};

/* What --dfuse-address says. */
struct dfu_util_dfuse {
	bool has_address, leave, mass_erase, unprotect, force, will_reset;
	uint32_t address;
	uint32_t length; /* 0 = not given */
};

/* Strings are borrowed from argv. 0, or DFU_UTIL_USAGE with what dfu-util prints in out. */
MUST_CHECK int dfu_util_args_read(char *const argv[], struct dfu_util_args *ret, struct buf *out);
MUST_CHECK int dfu_util_dfuse_read(const char *text, struct dfu_util_dfuse *ret, struct buf *out);

#endif
