/* SPDX-License-Identifier: MIT */
/* What firmware says it is: the signature text inside an image. Pure. */
#ifndef DFURIG_TS_SIGNATURE_SCAN_H
#define DFURIG_TS_SIGNATURE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "harness/ts/ts.h"

/* The first text in data that reads as a signature ("rusEFI" and six parts), up to a byte that does not print. 0, or
 * -ENOENT: there is none. */
MUST_CHECK int ts_signature_scan(
	const uint8_t *data, size_t size, char ret[static TS_SIGNATURE_ROOM]);

#endif
