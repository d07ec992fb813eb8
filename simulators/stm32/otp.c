/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/otp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t otp_size(const struct chip_otp *chip)
{
	return (size_t)chip->data.size + chip->locks.size;
}

void otp_init(struct otp *otp, const struct chip_otp *chip)
{
	assert(chip->locks.addr == chip->data.addr + chip->data.size);
	*otp = (struct otp){.chip = chip};
}

void otp_done(struct otp *otp)
{
	free(otp->data);
	otp->data = NULL;
}

bool otp_holds(const struct chip_otp *chip, uint32_t addr, size_t size)
{
	uint32_t offset = addr - chip->data.addr;

	return offset < otp_size(chip) && size <= otp_size(chip) - offset;
}

void otp_read(const struct otp *otp, uint32_t addr, uint8_t *ret_data, size_t size)
{
	assert(otp_holds(otp->chip, addr, size));
	if (otp->data)
		memcpy(ret_data, otp->data + (addr - otp->chip->data.addr), size);
	else
		memset(ret_data, 0xff, size);
}

int otp_reserve(struct otp *otp)
{
	if (otp->data)
		return 0;
	otp->data = malloc(otp_size(otp->chip));
	if (!otp->data)
		return -ENOMEM;
	memset(otp->data, 0xff, otp_size(otp->chip));
	return 0;
}

static uint64_t locked_blocks(const struct otp *otp)
{
	const uint8_t *locks = otp->data + otp->chip->data.size;
	uint64_t mask = 0;

	for (uint32_t i = 0; i < otp->chip->locks.size; i++)
		if (!locks[i])
			mask |= 1ull << i;
	return mask;
}

void otp_flip(struct otp *otp, uint32_t addr, uint64_t bit)
{
	otp->data[addr - otp->chip->data.addr + (size_t)(bit / 8)] ^= (uint8_t)(1u << bit % 8);
}

void otp_program(struct otp *otp, uint32_t addr, const uint8_t *data, size_t size)
{
	uint32_t offset = addr - otp->chip->data.addr;
	uint64_t locked = locked_blocks(otp);

	assert(otp_holds(otp->chip, addr, size) && otp->chip->locks.size <= 64);
	for (size_t i = 0; i < size; i++) {
		size_t at = offset + i;

		if (at >= otp->chip->data.size || !(locked >> at / otp->chip->block_size & 1))
			otp->data[at] &= data[i];
	}
}
