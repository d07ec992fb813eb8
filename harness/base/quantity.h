/* SPDX-License-Identifier: MIT */
/* Times and sizes as people write them: "2.9 s", "300 ms", "251,904 bytes", "248 KiB". */
#ifndef DFURIG_BASE_QUANTITY_H
#define DFURIG_BASE_QUANTITY_H

#include <stdint.h>

#include "harness/base/attr.h"

/* A number, perhaps with decimals, and "us", "ms", "s" or "min"; blanks between are fine. *ret in microseconds. 0 or
 * -EINVAL: none, negative, or more than a day. *ret is untouched on failure. */
MUST_CHECK int quantity_time_us(const char *text, uint64_t *ret);

/* A whole number, decimal (commas between digits are fine) or hexadecimal with 0x, and nothing, "bytes", "KiB" or
 * "MiB". *ret in bytes. 0 or -EINVAL: none, or 4 GiB and more. */
MUST_CHECK int quantity_size(const char *text, uint32_t *ret);

#endif
