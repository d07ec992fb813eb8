/* SPDX-License-Identifier: MIT */
#include "harness/dfu/stm32_serial.h"

#include <criterion/criterion.h>
#include <errno.h>

/* The F4 Discovery of dfu-util's device log: UID chosen so that it gives the log's serial number. */
#define UID "57002700033556B93F283331"

Test(stm32_serial, a_rom_makes_its_serial_number_of_the_uid)
{
	char serials[STM32_ROM_SERIAL_FORMS][STM32_ROM_SERIAL_ROOM];
	uint8_t uid[STM32_UID_SIZE];

	cr_assert_eq(stm32_uid_read("57002700033556b93f283331", uid), 0);
	stm32_rom_serials(uid, serials);
	cr_expect_str_eq(serials[0], "315A28A0B956");
	cr_expect_str_eq(serials[1], "315A2896B956");
}

Test(stm32_serial, tells_whether_two_are_one_chip)
{
	cr_expect_eq(stm32_serial_match(UID, "315A28A0B956"), STM32_SERIAL_SAME);
	cr_expect_eq(stm32_serial_match(UID, "315A2896B956"), STM32_SERIAL_SAME);
	cr_expect_eq(stm32_serial_match(UID, "315A28A0B957"), STM32_SERIAL_OTHER);
	cr_expect_eq(stm32_serial_match(UID, "STM32FxSTM32"), STM32_SERIAL_UNKNOWN);
	cr_expect_eq(stm32_serial_match(UID, "200364500000"), STM32_SERIAL_UNKNOWN);
	cr_expect_eq(stm32_serial_match(UID, ""), STM32_SERIAL_UNKNOWN);
	cr_expect_eq(stm32_serial_match("", "315A28A0B956"), STM32_SERIAL_UNKNOWN);
}

Test(stm32_serial, what_is_no_uid_is_refused)
{
	uint8_t uid[STM32_UID_SIZE];

	cr_expect_eq(stm32_uid_read("", uid), -EBADMSG);
	cr_expect_eq(stm32_uid_read("57002700033556B93F28333", uid), -EBADMSG);
	cr_expect_eq(stm32_uid_read("57002700033556B93F28333G", uid), -EBADMSG);
	cr_expect_eq(stm32_uid_read("57002700033556B93F2833310", uid), -EBADMSG);
}
