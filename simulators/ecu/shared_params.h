/* SPDX-License-Identifier: MIT */
/*
 * The bytes in RAM by which rusEFI and OpenBLT talk to each other across a reset.
 *
 * 16 bytes at the start of RAM: 0xCAFEBABE, ten bytes of parameters, and the two's complement of the sum of all these
 * bytes, in 16 bits; little-endian. Source: rusEFI's shared_params.c; the address from FOME's linker scripts
 * (0x20000000 on F4 and F7).
 */
#ifndef DFURIG_ECU_SHARED_PARAMS_H
#define DFURIG_ECU_SHARED_PARAMS_H

#include <stdint.h>

#include "harness/base/attr.h"
#include "simulators/stm32/program.h"

enum shared_param {
	SHARED_PARAM_STAY,            /* 1: OpenBLT stays, once [rusEFI bootloader_main.cpp] */
	SHARED_PARAM_WATCHDOG_RESETS, /* counted by OpenBLT, cleared by healthy firmware */
	SHARED_PARAM_SOFTWARE_RESETS, /* the same [rusEFI error_handling.cpp: index 2] */
	SHARED_PARAM_COUNT,
};

/* Makes the block valid, all parameters 0, when it is not. 0, -EFAULT, -ENOMEM. */
MUST_CHECK int shared_params_init(struct machine *machine);

/* A parameter's value; 0 when the block is not valid. */
uint8_t shared_params_get(struct machine *machine, enum shared_param param);

/* 0; -ENODATA: the block is not valid, nothing was written; -EFAULT, -ENOMEM. */
MUST_CHECK int shared_params_set(struct machine *machine, enum shared_param param, uint8_t value);

#endif
