/* SPDX-License-Identifier: MIT */
/*
 * The tune: rusEFI's settings, and how they lie in flash: a container with size, version and CRC-32, in a first and a
 * second copy. Pure; the ECU, presets and the second channel share it.
 *
 * The container, little-endian: version, size of the whole container, the settings, zlib's CRC-32 over the settings.
 * Source: rusEFI's persistent_configuration.h, and flash_main.cpp: the CRC at the place where this firmware expects it is
 * checked first (a CRC of ones means blank), then version and size; the first copy, else the second, else defaults.
 */
#ifndef DFURIG_ECU_TUNE_H
#define DFURIG_ECU_TUNE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "simulators/firmware/firmware.h"

enum tune_state {
	TUNE_FIRST_COPY,
	TUNE_SECOND_COPY,
	TUNE_BLANK,         /* nothing stored: defaults */
	TUNE_DAMAGED,       /* wrong CRC or size: defaults */
	TUNE_OTHER_VERSION, /* of another settings version: defaults, the engine type kept */
	TUNE_STATE_COUNT,
};

/* "read from the first copy", "defaults: wrong CRC", ... */
const char *tune_state_text(enum tune_state state);

typedef int tune_read_fn(void *user, uint32_t addr, uint8_t *ret_data, size_t size);

/* What an ECU with this firmware has as its tune after start-up: fills firmware->settings_size bytes. read: 0 or -EFAULT.
 * Returns the state (a flash that cannot be read counts as blank) or -ENOMEM. When neither copy is good, the one that says
 * more counts: another version before damage, damage before blank (guessed). */
MUST_CHECK int tune_load(
	const struct firmware *firmware, tune_read_fn *read, void *user, uint8_t *ret_tune);

/* The factory's tune of this firmware, and one that an owner has changed: settings_size bytes each; the engine type is the
 * first little-endian 32-bit word, in both the same in all versions. */
void tune_default(const struct firmware *firmware, uint8_t *ret_tune);
void tune_custom(const struct firmware *firmware, uint64_t seed, uint8_t *ret_tune);

/* Appends the container of a tune, as it is programmed at a settings address. 0, -ENOMEM, -EOVERFLOW. */
MUST_CHECK int tune_container_append(
	struct buf *out, const struct firmware *firmware, const uint8_t *tune);

/* Bytes of the container. */
size_t tune_container_size(const struct firmware *firmware);

#endif
