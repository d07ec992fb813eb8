/* SPDX-License-Identifier: MIT */
#include "simulators/firmware/foreign.h"

#include "harness/base/wire.h"

#include <string.h>

#define VECTORS 98u /* an F4's: 16 of the core, 82 interrupts [RM0090 table 62] */
#define CODE    (4 * VECTORS)
#define TEXT    0x300u

/* Thumb, made by hand: GPIOD's clock on, PD12 an output, and toggled for ever. The handler behind it is an endless loop. */
static const uint16_t code[] = {
	0x4808,         /* ldr r0, =RCC_AHB1ENR */
	0x2108,         /* movs r1, #8 */
	0x6001,         /* str r1, [r0] */
	0x4808,         /* ldr r0, =GPIOD */
	0x2101,         /* movs r1, #1 */
	0x0609,         /* lsls r1, r1, #24 */
	0x6001,         /* str r1, [r0] */
	0x2101,         /* movs r1, #1 */
	0x0309,         /* lsls r1, r1, #12 */
	0x6942,         /* ldr r2, [r0, #20] */
	0x404a,         /* eors r2, r1 */
	0x6142,         /* str r2, [r0, #20] */
	0x4b04,         /* ldr r3, =delay */
	0x3b01,         /* subs r3, #1 */
	0xd1fd,         /* bne .-2 */
	0xe7f8,         /* b to the ldr of r2 */
	0xe7fe,         /* b . */
	0xbf00,         /* nop */
	0x3830, 0x4002, /* RCC_AHB1ENR */
	0x0c00, 0x4002, /* GPIOD */
	0x4240, 0x000f, /* delay */
};

void foreign_build(const struct chip *chip, uint8_t ret[static FOREIGN_SIZE])
{
	static const char text[] = "blinky 1.0";
	uint32_t base = chip->flash.range.addr;
	struct writer out = writer_of(ret, FOREIGN_SIZE);

	memset(ret, 0xff, FOREIGN_SIZE);
	writer_le32(&out, chip->ram.range.addr + chip->ram.range.size);
	writer_le32(&out, (base + CODE) | 1);
	for (uint32_t i = 2; i < VECTORS; i++)
		writer_le32(&out, (base + CODE + 32) | 1);
	for (size_t i = 0; i < ARRAY_SIZE(code); i++)
		writer_le16(&out, code[i]);
	memcpy(ret + TEXT, text, sizeof(text));
}
