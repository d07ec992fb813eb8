/* SPDX-License-Identifier: MIT */
#include "harness/dfu/stm32_serial.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of ROMs that do not look at the UID: F446, F72x; H743 (boards of several makers). */
static const char *const constants[] = {"STM32FxSTM32", "200364500000"};

static unsigned int half_word(const uint8_t *uid, int index)
{
	return uid[2 * index] | (unsigned int)uid[2 * index + 1] << 8;
}

void stm32_rom_serials(const uint8_t uid[static STM32_UID_SIZE],
	char ret[static STM32_ROM_SERIAL_FORMS][STM32_ROM_SERIAL_ROOM])
{
	static const unsigned int added[STM32_ROM_SERIAL_FORMS] = {0x0a, 0};
	unsigned int high = half_word(uid, 1) + half_word(uid, 5);
	unsigned int middle = half_word(uid, 0) + half_word(uid, 4);

	for (int i = 0; i < STM32_ROM_SERIAL_FORMS; i++)
		snprintf(ret[i], STM32_ROM_SERIAL_ROOM, "%04X%04X%04X", high & 0xffff,
			(middle + added[i]) & 0xffff, half_word(uid, 3));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int stm32_uid_read(const char *text, uint8_t ret[static STM32_UID_SIZE])
{
	uint8_t uid[STM32_UID_SIZE];

	if (strlen(text) != 2 * STM32_UID_SIZE)
		return -EBADMSG;
	for (int i = 0; i < STM32_UID_SIZE; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		uid[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, uid, sizeof(uid));
	return 0;
}

enum stm32_serial_match stm32_serial_match(const char *ecu_serial, const char *rom_serial)
{
	char serials[STM32_ROM_SERIAL_FORMS][STM32_ROM_SERIAL_ROOM];
	uint8_t uid[STM32_UID_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (strcmp(rom_serial, constants[i]) == 0)
			return STM32_SERIAL_UNKNOWN;
	if (stm32_uid_read(ecu_serial, uid) < 0 || strlen(rom_serial) != STM32_ROM_SERIAL_ROOM - 1)
		return STM32_SERIAL_UNKNOWN;
	stm32_rom_serials(uid, serials);
	for (int i = 0; i < STM32_ROM_SERIAL_FORMS; i++)
		if (strcmp(rom_serial, serials[i]) == 0)
			return STM32_SERIAL_SAME;
	return STM32_SERIAL_OTHER;
}
