/* SPDX-License-Identifier: MIT */
/* One finished control transfer in words:
 * "DFU_DNLOAD block 2, 2048 bytes", "DFU_GETSTATUS: dfuDNBUSY, OK, poll 100 ms". */
#ifndef DFURIG_REPORT_REQUEST_TEXT_H
#define DFURIG_REPORT_REQUEST_TEXT_H

#include <stddef.h>

#include "harness/vusb/bus.h"

/* Writes the words, cut to size, always terminated; with "STALL" and the like when it did not work out. Class
 * requests are read as DFU's when dfu is true. Returns out. */
const char *request_text(const struct vusb_transfer *transfer, bool dfu, char *out, size_t size);

#endif
