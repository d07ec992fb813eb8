/* SPDX-License-Identifier: MIT */
/*
 * The header of a generated image, as bytes: magic, format, fields of struct firmware little-endian, CRC-32 of all before.
 */
#ifndef DFURIG_FIRMWARE_FIRMWARE_HEADER_H
#define DFURIG_FIRMWARE_FIRMWARE_HEADER_H

#include "simulators/firmware/firmware.h"

#define FIRMWARE_HEADER_SIZE 0x100u

/* What is found where a header would be. */
enum firmware_header_state {
	FIRMWARE_HEADER_NONE,
	FIRMWARE_HEADER_DAMAGED, /* remains of one, or one that makes no sense */
	FIRMWARE_HEADER_GOOD,
};

/* Writes FIRMWARE_HEADER_SIZE bytes. */
void firmware_header_write(const struct firmware *firmware, uint8_t *ret_bytes);

/* bytes: FIRMWARE_HEADER_SIZE of them. *ret is set when the header is good. */
enum firmware_header_state firmware_header_read(const uint8_t *bytes, struct firmware *ret);

#endif
