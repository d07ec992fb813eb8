/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/shared_params.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "simulators/ecu/fake_machine_test.h"

#define ADDR 0x20000000u

Test(shared_params, are_nothing_until_somebody_makes_them_valid)
{
	struct fake_machine fake;

	fake_machine_init_or_fail(&fake);
	cr_assert_eq(shared_params_get(&fake.machine, SHARED_PARAM_STAY), 0);
	cr_assert_eq(shared_params_set(&fake.machine, SHARED_PARAM_STAY, 1), -ENODATA);
	cr_assert_eq(shared_params_init(&fake.machine), 0);
	cr_assert_eq(shared_params_get(&fake.machine, SHARED_PARAM_STAY), 0);
	fake_machine_done(&fake);
}

/* CAFEBABE, 01 in front of nine zeros: the sum is 0x341, its complement 0xfcbf. */
Test(shared_params, lie_in_ram_as_openblt_has_them)
{
	static const uint8_t block[16] = {
		0xbe, 0xba, 0xfe, 0xca, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbf, 0xfc};
	struct fake_machine fake;

	fake_machine_init_or_fail(&fake);
	cr_assert_eq(shared_params_init(&fake.machine), 0);
	cr_assert_eq(shared_params_set(&fake.machine, SHARED_PARAM_STAY, 1), 0);
	cr_assert_arr_eq(fake.ram, block, sizeof(block));
	cr_assert_eq(shared_params_init(&fake.machine), 0);
	cr_assert_eq(
		shared_params_get(&fake.machine, SHARED_PARAM_STAY), 1, "init keeps what is valid");
	fake_machine_done(&fake);
}

Test(shared_params, a_wrong_byte_makes_them_invalid_and_init_clears_them)
{
	for (size_t i = 0; i < 16; i++) {
		struct fake_machine fake;

		fake_machine_init_or_fail(&fake);
		cr_assert_eq(shared_params_init(&fake.machine), 0);
		cr_assert_eq(shared_params_set(&fake.machine, SHARED_PARAM_WATCHDOG_RESETS, 7), 0);
		fake.ram[i] ^= 0x10;
		cr_assert_eq(shared_params_get(&fake.machine, SHARED_PARAM_WATCHDOG_RESETS), 0,
			"byte %zu", i);
		cr_assert_eq(shared_params_init(&fake.machine), 0);
		cr_assert_eq(shared_params_set(&fake.machine, SHARED_PARAM_WATCHDOG_RESETS, 8), 0);
		cr_assert_eq(shared_params_get(&fake.machine, SHARED_PARAM_WATCHDOG_RESETS), 8);
		fake_machine_done(&fake);
	}
}
