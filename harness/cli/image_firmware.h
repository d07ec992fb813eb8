/* SPDX-License-Identifier: MIT */
/* What firmware a file of any image format holds: rusEFI or OpenBLT, made by dfurig or real. For `dfurig image info`. */
#ifndef DFURIG_CLI_IMAGE_FIRMWARE_H
#define DFURIG_CLI_IMAGE_FIRMWARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/dfu/image.h"
#include "simulators/firmware/firmware.h"

#define IMAGE_FIRMWARE_MAX 2

struct image_firmware {
	struct firmware firmware;
	bool whole; /* false: the bytes are not those that were made */
};

/* Looks where the image begins, and behind an OpenBLT; an image without addresses is taken to lie where it says itself, else
 * at the start of the flash. Returns how many there are. */
size_t image_firmware_find(
	const struct image *image, struct image_firmware ret[static IMAGE_FIRMWARE_MAX]);

/* Lines for people on stdout; an object of JSON (owned by the caller). */
void image_firmware_print(const struct image_firmware *found);
json_t *image_firmware_json(const struct image_firmware *found);

#endif
