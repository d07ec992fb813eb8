/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the board: a kind of firmware that does what it is told over USB.
 *
 * In flash: vector table, "TOY" and a letter at TOY_MARK. The letter says what its reset handler does.
 */
#ifndef DFURIG_STM32_TOY_PROGRAM_TEST_H
#define DFURIG_STM32_TOY_PROGRAM_TEST_H

#include "simulators/stm32/program.h"

#define TOY_MARK       16u
#define TOY_IMAGE_SIZE 24u
#define TOY_MAGIC_ADDR 0x2001fff0u /* where rusEFI leaves 0xDEADBEEF */
#define TOY_APP        0x08008000u
#define TOY_CONNECT_US 5000u

enum toy_kind {
	TOY_PLAIN = 'p',   /* shows its device as an ECU */
	TOY_MAGIC = 'm',   /* looks for the word first, and goes to the ROM */
	TOY_LOADER = 'l',  /* jumps to TOY_APP */
	TOY_LOOP = 'o',    /* resets at once */
	TOY_DAMAGED = 'd', /* of this kind, but damaged */
	TOY_BLT = 'b',     /* shows its device as OpenBLT */
};

/* Vendor requests of its device, OUT without data; wValue says more. */
enum toy_request {
	TOY_RESET = 1,   /* wValue: the cause */
	TOY_ENTER_DFU,   /* writes the word and resets */
	TOY_JUMP,        /* to TOY_APP */
	TOY_ERASE,       /* sector at FLASH + wValue KiB */
	TOY_PROGRAM,     /* "data" at FLASH + wValue KiB */
	TOY_DISCONNECT,  /* and comes back after wValue ms; 0 = never */
	TOY_TELL_CAUSE,  /* the fact NOTE: the cause of the last reset */
	TOY_RESET_TWICE, /* asks for a jump after it has asked for a reset */
};

extern const struct program_loader *const toy_loaders[];

/* Image of TOY_IMAGE_SIZE bytes that starts at addr. */
void toy_image(uint8_t *image, uint32_t addr, enum toy_kind kind);

#endif
