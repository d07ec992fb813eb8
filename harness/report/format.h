/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. */
#ifndef DFURIG_REPORT_FORMAT_H
#define DFURIG_REPORT_FORMAT_H

#include <stdint.h>

#define FORMAT_U64_SIZE 28 /* twenty digits, six commas, NUL */

/* "251,904". Returns out. */
const char *format_u64(uint64_t value, char out[static FORMAT_U64_SIZE]);

#endif
