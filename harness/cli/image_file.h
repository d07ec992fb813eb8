/* SPDX-License-Identifier: MIT */
/*
 * Firmware images as data: fixtures/images/<name>.yaml. The bytes are made from it (simulators/firmware), the same every time.
 *
 *     name: rusefi-2026                  as the file
 *     title: rusEFI of July 2026, for the F4 Discovery
 *     chip: stm32f407xg                  a row of simulators/stm32/chips.c, or another one together with `stack`
 *     stack: 0x20080000                  initial stack pointer; the end of the chip's RAM without it
 *     signature: rusEFI main.2026.07.14.f407-discovery.3461352391     without it there is no ECU in the image
 *     size: 250 KiB                      of the ECU's part
 *     protocol: paged                    paged (default) | unpaged: whether R, C, k and B carry a page number
 *     blocking-factor: 750               bytes of the largest transfer
 *     settings-size: 22000               bytes of the tune
 *     settings-version: 20250101         another one than in flash resets the tune
 *     dfu-jump: yes                      reboot_dfu is compiled in
 *     mass-storage: yes                  USB composite with a drive
 *     locked: no
 *     openblt: "1.2"                     OpenBLT of this version at the start, the ECU behind it
 *     openblt-size: 24 KiB
 *     openblt-dfu-check: yes             it looks for the DFU word after a reset
 *     openblt-probes: yes                it answers the newer probes
 *     openblt-backdoor: 500 ms           it waits so long for a host
 *     source: ...
 *
 * All but name, title, chip and source is optional; what rusEFI has on the chip is the default (firmware_defaults).
 */
#ifndef DFURIG_CLI_IMAGE_FILE_H
#define DFURIG_CLI_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/why.h"
#include "harness/cli/data_files.h"
#include "simulators/firmware/firmware.h"

#define IMAGE_PART_MAX 2

struct image_file {
	char name[DATA_NAME];
	char title[96];
	char source[1024];
	struct firmware parts[IMAGE_PART_MAX]; /* by address */
	size_t part_count;
	struct firmware ecu; /* the ECU among them; all zero when there is none */
	struct buf bytes;    /* owned; the whole image */
	uint32_t addr;       /* of its first byte */
};

/* Reads a spec from memory and makes the image; path is for messages only. 0; -EBADMSG with "path:line: key: what to do"
 * in why; -ENOMEM. *ret is untouched on failure. */
MUST_CHECK int image_file_parse(const char *path, const uint8_t *data, size_t size,
	struct image_file *ret, struct why *why);

/* By name, or by path when it contains "/" or ends in ".yaml". As image_file_parse, and -ENOENT with the names that there
 * are. */
MUST_CHECK int image_file_load(const char *name, struct image_file *ret, struct why *why);

void image_file_done(struct image_file *image);

#endif
