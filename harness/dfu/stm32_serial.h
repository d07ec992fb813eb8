/* SPDX-License-Identifier: MIT */
/*
 * The chain unique ID -> serial number of the running ECU -> serial number of the ROM bootloader, as a host sees it. Pure.
 *
 * rusEFI shows the 12 bytes of the UID as 24 hex digits (usbcfg.cpp); ST's ROM shows 12 digits made of it, or a constant.
 * Source of the formula: comma.ai panda, python/__init__.py before 1ce986f75, used with F4 (plus 10) and H7.
 */
#ifndef DFURIG_DFU_STM32_SERIAL_H
#define DFURIG_DFU_STM32_SERIAL_H

#include <stdint.h>

#include "harness/base/attr.h"

#define STM32_UID_SIZE         12
#define STM32_ROM_SERIAL_ROOM  13
#define STM32_ROM_SERIAL_FORMS 2 /* of F4, of H7 */

enum stm32_serial_match {
	STM32_SERIAL_OTHER, /* another chip */
	STM32_SERIAL_SAME,  /* made of the same UID */
	STM32_SERIAL_UNKNOWN, /* a ROM's constant, or a serial number of another kind: cannot be told */
};

/* What a ROM makes of the UID, in each of its forms. */
void stm32_rom_serials(const uint8_t uid[static STM32_UID_SIZE],
	char ret[static STM32_ROM_SERIAL_FORMS][STM32_ROM_SERIAL_ROOM]);

/* The UID that a serial number of 24 hex digits spells. 0 or -EBADMSG. */
MUST_CHECK int stm32_uid_read(const char *text, uint8_t ret[static STM32_UID_SIZE]);

/* Whether a bootloader with this serial number is on the same chip as the ECU with that one. */
enum stm32_serial_match stm32_serial_match(const char *ecu_serial, const char *rom_serial);

#endif
