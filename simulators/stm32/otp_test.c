/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/otp.h"

#include <criterion/criterion.h>
#include <string.h>

#define DATA  0x1fff7800u
#define LOCKS 0x1fff7a00u

static struct otp fresh(void)
{
	struct otp otp;

	otp_init(&otp, &chip_find("stm32f407xg")->otp);
	return otp;
}

static void program(struct otp *otp, uint32_t addr, const uint8_t *data, size_t size)
{
	cr_assert_eq(otp_reserve(otp), 0);
	otp_program(otp, addr, data, size);
}

static uint8_t byte_at(const struct otp *otp, uint32_t addr)
{
	uint8_t byte;

	otp_read(otp, addr, &byte, 1);
	return byte;
}

Test(otp, new_bytes_read_0xff_and_take_no_memory)
{
	struct otp otp = fresh();

	cr_expect_eq(byte_at(&otp, DATA), 0xff);
	cr_expect_eq(byte_at(&otp, LOCKS + 15), 0xff);
	cr_expect_null(otp.data);
	otp_done(&otp);
}

Test(otp, is_512_bytes_with_16_locks_behind)
{
	const struct chip_otp *chip = &chip_find("stm32f407xg")->otp;

	cr_expect(otp_holds(chip, DATA, 528));
	cr_expect(otp_holds(chip, LOCKS + 15, 1));
	cr_expect_not(otp_holds(chip, DATA, 529));
	cr_expect_not(otp_holds(chip, LOCKS + 16, 1));
	cr_expect_not(otp_holds(chip, DATA - 1, 1));
}

Test(otp, a_bit_once_cleared_never_comes_back)
{
	struct otp otp = fresh();

	program(&otp, DATA + 33, (const uint8_t[]){0x0f}, 1);
	program(&otp, DATA + 33, (const uint8_t[]){0xf7}, 1);
	cr_expect_eq(byte_at(&otp, DATA + 33), 0x07);
	program(&otp, DATA + 33, (const uint8_t[]){0xff}, 1);
	cr_expect_eq(byte_at(&otp, DATA + 33), 0x07);
	otp_done(&otp);
}

Test(otp, a_lock_byte_of_zero_makes_its_block_read_only)
{
	uint8_t zeros[96] = {0};
	struct otp otp = fresh();

	program(&otp, LOCKS + 1, (const uint8_t[]){0x00}, 1);
	program(&otp, DATA, zeros, sizeof(zeros));
	cr_expect_eq(byte_at(&otp, DATA + 31), 0x00, "block 0 is open");
	cr_expect_eq(byte_at(&otp, DATA + 32), 0xff, "block 1 is locked");
	cr_expect_eq(byte_at(&otp, DATA + 63), 0xff, "block 1 is locked");
	cr_expect_eq(byte_at(&otp, DATA + 64), 0x00, "block 2 is open");
	otp_done(&otp);
}

Test(otp, a_lock_byte_other_than_zero_locks_nothing)
{
	struct otp otp = fresh();

	program(&otp, LOCKS, (const uint8_t[]){0x01}, 1);
	program(&otp, DATA, (const uint8_t[]){0x55}, 1);
	cr_expect_eq(byte_at(&otp, DATA), 0x55);
	otp_done(&otp);
}

Test(otp, data_and_lock_may_come_in_one_write)
{
	uint8_t all[528];
	struct otp otp = fresh();

	memset(all, 0xff, sizeof(all));
	all[480] = 0x12;
	all[527] = 0x00;
	program(&otp, DATA, all, sizeof(all));
	cr_expect_eq(byte_at(&otp, DATA + 480), 0x12);
	program(&otp, DATA + 480, (const uint8_t[]){0x00}, 1);
	cr_expect_eq(byte_at(&otp, DATA + 480), 0x12, "block 15 is locked now");
	otp_done(&otp);
}
