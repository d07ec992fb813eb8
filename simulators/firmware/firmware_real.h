/* SPDX-License-Identifier: MIT */
/* Real images of rusEFI, which carry no header of ours: recognised by vector table and signature text. */
#ifndef DFURIG_FIRMWARE_FIRMWARE_REAL_H
#define DFURIG_FIRMWARE_FIRMWARE_REAL_H

#include "simulators/firmware/firmware.h"

/* As firmware_identify. 0 or -ENOEXEC. */
MUST_CHECK int firmware_real_identify(const struct chip *chip, uint32_t base,
	int (*read)(void *user, uint32_t addr, uint8_t *ret_data, size_t size), void *user,
	struct firmware *ret);

#endif
