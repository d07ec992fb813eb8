/* SPDX-License-Identifier: MIT */
/*
 * One-time programmable bytes: data blocks, and a lock byte for each [RM0090].
 * Programming clears bits; nothing sets them again. A lock byte of 0x00 makes its block read-only.
 */
#ifndef DFURIG_STM32_OTP_H
#define DFURIG_STM32_OTP_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "simulators/stm32/chip.h"

struct otp {
	const struct chip_otp *chip; /* borrowed */
	uint8_t *data;               /* owned; data and locks; NULL = nothing programmed yet */
};

void otp_init(struct otp *otp, const struct chip_otp *chip);
void otp_done(struct otp *otp);

/* True when the access lies in data and locks together. */
bool otp_holds(const struct chip_otp *chip, uint32_t addr, size_t size);

/* addr and size must be held, here and below. */
void otp_read(const struct otp *otp, uint32_t addr, uint8_t *ret_data, size_t size);

/* Takes the memory that otp_program needs. 0 or -ENOMEM. */
MUST_CHECK int otp_reserve(struct otp *otp);

/* A fault: inverts one bit, counted from addr on. The memory was taken by otp_reserve. */
void otp_flip(struct otp *otp, uint32_t addr, uint64_t bit);

/* AND; bytes of a block that was locked before this call stay, silently (guessed: as with write-protected flash). */
void otp_program(struct otp *otp, uint32_t addr, const uint8_t *data, size_t size);

#endif
