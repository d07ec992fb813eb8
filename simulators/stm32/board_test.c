/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/conformance_rig.h"

#include <criterion/criterion.h>
#include <string.h>

Test(board, erases_programs_reads_back_and_leaves_to_the_firmware)
{
	uint8_t image[5000], back[5000];
	struct rig rig;

	rig_pattern(image, sizeof(image), 1);
	memcpy(image, rig_vectors, sizeof(rig_vectors));
	rig_start_idle(&rig, NULL);
	rig_erase(&rig, FLASH);
	for (size_t i = 0; i < sizeof(image); i += XFER)
		rig_program(&rig, FLASH + i, image + i,
			sizeof(image) - i < XFER ? sizeof(image) - i : XFER);
	cr_assert_eq(rig_abort(&rig), 0);
	rig_read(&rig, FLASH, back, sizeof(back));
	cr_assert_arr_eq(back, image, sizeof(image));
	rig_set_address(&rig, FLASH);
	cr_assert_eq(rig_dnload(&rig, 2, NULL, 0), 0);
	rig_expect(&rig, DFU_MANIFEST, DFU_OK, 1, "leave");
	rig_wait_ms(&rig, 10);
	cr_assert_eq(rig.board->ops->mode(rig.board), BOARD_FIRMWARE);
	cr_assert_eq(rig_devices(&rig), 0);
	rig_stop(&rig);
}
