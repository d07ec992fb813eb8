/* SPDX-License-Identifier: MIT */
/* Regions, what may be done to them, and reading. */
#include "simulators/stm32/memory.h"

#include "harness/base/names.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const region_text[MEMORY_REGION_COUNT] = {
	[MEMORY_NOWHERE] = "nowhere",
	[MEMORY_FLASH] = "flash",
	[MEMORY_OPTIONS] = "option bytes",
	[MEMORY_OTP] = "OTP",
	[MEMORY_SYSTEM] = "system memory",
	[MEMORY_SIGNATURE] = "device signature",
	[MEMORY_FEATURE] = "device feature",
	[MEMORY_RAM] = "RAM",
};

/* What the ROM offers at all; erase of anything but flash is errTARGET [AN2662]. */
static const bool offered[MEMORY_REGION_COUNT][MEMORY_ACCESS_COUNT] = {
	[MEMORY_FLASH] = {[MEMORY_READ] = true, [MEMORY_WRITE] = true, [MEMORY_ERASE] = true},
	[MEMORY_OPTIONS] = {[MEMORY_READ] = true, [MEMORY_WRITE] = true},
	[MEMORY_OTP] = {[MEMORY_READ] = true, [MEMORY_WRITE] = true},
	[MEMORY_SYSTEM] = {[MEMORY_READ] = true},
	[MEMORY_SIGNATURE] = {[MEMORY_READ] = true},
	[MEMORY_FEATURE] = {[MEMORY_READ] = true, [MEMORY_WRITE] = true},
	[MEMORY_RAM] = {[MEMORY_READ] = true, [MEMORY_WRITE] = true},
};

int memory_init(struct memory *memory, const struct memory_config *config)
{
	const struct chip *chip = config->chip;
	struct flash flash;
	struct ram ram;
	int r = flash_init(&flash, &chip->flash);

	if (r < 0)
		return r;
	r = ram_init(&ram, &chip->ram.range, config->seed);
	if (r < 0) {
		flash_done(&flash);
		return r;
	}
	*memory = (struct memory){
		.config = *config,
		.width = chip->dfu.width,
		.flash = flash,
		.ram = ram,
		.rng = {.state = config->seed},
		.shake = {.state = ~config->seed},
	};
	options_init(&memory->options, &chip->options);
	otp_init(&memory->otp, &chip->otp);
	return 0;
}

void memory_done(struct memory *memory)
{
	free(memory->op.data);
	memory->op = (struct memory_op){0};
	flash_done(&memory->flash);
	otp_done(&memory->otp);
	ram_done(&memory->ram);
}

/* What there is, and what may be done to it. */

enum memory_region memory_region_at(const struct memory *memory, uint32_t addr)
{
	const struct chip *chip = memory->config.chip;

	if (chip_range_holds(&chip->flash.range, addr, 1))
		return MEMORY_FLASH;
	if (chip_range_holds(&chip->ram.range, addr, 1))
		return MEMORY_RAM;
	if (chip_range_holds(&chip->options.range, addr, 1))
		return MEMORY_OPTIONS;
	if (otp_holds(&chip->otp, addr, 1))
		return MEMORY_OTP;
	if (chip_range_holds(&chip->identity.system, addr, 1))
		return MEMORY_SYSTEM;
	if (chip_range_holds(&chip->identity.signature, addr, 1))
		return MEMORY_SIGNATURE;
	if (chip_range_holds(&chip->feature.range, addr, 1))
		return MEMORY_FEATURE;
	return MEMORY_NOWHERE;
}

/* True when the access does not leave the region that it begins in. */
static bool stays_inside(const struct memory *memory, uint32_t addr, size_t size)
{
	const struct chip *chip = memory->config.chip;

	switch (memory_region_at(memory, addr)) {
	case MEMORY_FLASH:
		return chip_range_holds(&chip->flash.range, addr, size);
	case MEMORY_OPTIONS:
		return chip_range_holds(&chip->options.range, addr, size);
	case MEMORY_OTP:
		return otp_holds(&chip->otp, addr, size);
	case MEMORY_SYSTEM:
		return chip_range_holds(&chip->identity.system, addr, size);
	case MEMORY_SIGNATURE:
		return chip_range_holds(&chip->identity.signature, addr, size);
	case MEMORY_FEATURE:
		return chip_range_holds(&chip->feature.range, addr, size);
	case MEMORY_RAM:
		return chip_range_holds(&chip->ram.range, addr, size);
	case MEMORY_NOWHERE:
	case MEMORY_REGION_COUNT:
		break;
	}
	return false;
}

/* The option bytes only from their start [AN2662], and written as a whole; a shorter read is guessed to work. The
 * RAM that the ROM works in is out of reach. */
static bool rom_accepts(
	const struct memory *memory, enum memory_access access, uint32_t addr, size_t size)
{
	const struct chip *chip = memory->config.chip;
	enum memory_region region = memory_region_at(memory, addr);

	if (region == MEMORY_OPTIONS)
		return addr == chip->options.range.addr &&
		       (access != MEMORY_WRITE || !size || size == chip->options.range.size);
	if (region == MEMORY_RAM)
		return addr - chip->ram.range.addr >= chip->ram.rom_size;
	return true;
}

enum memory_result memory_check(
	const struct memory *memory, enum memory_access access, uint32_t addr, size_t size)
{
	if (options_level(&memory->options) != OPTIONS_OPEN)
		return MEMORY_PROTECTED;
	if (!offered[memory_region_at(memory, addr)][access])
		return MEMORY_BAD_ADDRESS;
	if (access == MEMORY_ERASE)
		return MEMORY_OK;
	if (!stays_inside(memory, addr, size) || !rom_accepts(memory, access, addr, size))
		return MEMORY_BAD_ADDRESS;
	return MEMORY_OK;
}

/* Reading. */

/* An access: `size` bytes from addr on, at data. */
struct window {
	uint32_t addr;
	uint8_t *data;
	size_t size;
};

/* Puts those of the bytes that stand from `addr` on into the window that it shows. */
static void show(const struct window *window, uint32_t addr, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint32_t at = addr + (uint32_t)i - window->addr;

		if (at < window->size)
			window->data[at] = bytes[i];
	}
}

static void read_identity(const struct memory *memory, const struct window *window)
{
	const struct chip *chip = memory->config.chip;
	const struct chip_identity *identity = &chip->identity;
	uint32_t kib = chip->flash.range.size / 1024;
	uint8_t flash_kib[2] = {(uint8_t)kib, (uint8_t)(kib >> 8)};

	memset(window->data, identity->filler, window->size);
	show(window, identity->uid.addr, memory->config.uid, CHIP_UID_SIZE);
	show(window, identity->flash_kib.addr, flash_kib, sizeof(flash_kib));
	show(window, identity->bootloader_version, &memory->config.rom->bootloader_version, 1);
}

/* The access stays inside its region. */
static void read_region(const struct memory *memory, const struct window *window)
{
	const struct chip *chip = memory->config.chip;

	switch (memory_region_at(memory, window->addr)) {
	case MEMORY_FLASH:
		flash_read(&memory->flash, window->addr, window->data, window->size);
		break;
	case MEMORY_OPTIONS:
		memcpy(window->data,
			memory->options.stored + (window->addr - chip->options.range.addr),
			window->size);
		break;
	case MEMORY_OTP:
		otp_read(&memory->otp, window->addr, window->data, window->size);
		break;
	case MEMORY_SYSTEM:
	case MEMORY_SIGNATURE:
		read_identity(memory, window);
		break;
	case MEMORY_FEATURE: /* nothing is known of what it reads */
		memset(window->data, chip->identity.filler, window->size);
		break;
	case MEMORY_RAM:
		ram_read(&memory->ram, window->addr, window->data, window->size);
		break;
	case MEMORY_NOWHERE:
	case MEMORY_REGION_COUNT:
		assert(false);
	}
}

/* As code on the chip sees it. */
static void fetch_region(struct memory *memory, const struct window *window)
{
	if (memory_region_at(memory, window->addr) == MEMORY_FLASH)
		flash_sense(
			&memory->flash, window->addr, window->data, window->size, &memory->shake);
	else
		read_region(memory, window);
}

enum memory_result memory_read(struct memory *memory, uint32_t addr, uint8_t *ret_data, size_t size)
{
	enum memory_result result = memory_check(memory, MEMORY_READ, addr, size);

	if (result == MEMORY_OK && size)
		fetch_region(memory, &(struct window){addr, ret_data, size});
	return result;
}

static bool is_readable(const struct memory *memory, uint32_t addr, size_t size)
{
	return memory_region_at(memory, addr) != MEMORY_FEATURE && stays_inside(memory, addr, size);
}

int memory_fetch(struct memory *memory, uint32_t addr, uint8_t *ret_data, size_t size)
{
	if (!is_readable(memory, addr, size))
		return -EFAULT;
	if (size)
		fetch_region(memory, &(struct window){addr, ret_data, size});
	return 0;
}

/* The second channel. */

int memory_peek(const struct memory *memory, uint32_t addr, uint8_t *ret_data, size_t size)
{
	if (!is_readable(memory, addr, size))
		return -EFAULT;
	if (size)
		read_region(memory, &(struct window){addr, ret_data, size});
	return 0;
}

int memory_poke(struct memory *memory, uint32_t addr, const uint8_t *data, size_t size)
{
	if (!chip_range_holds(&memory->flash.chip->range, addr, size))
		return -EFAULT;
	return flash_put(&memory->flash, addr, data, size);
}

size_t memory_footprint(const struct memory *memory)
{
	const struct chip *chip = memory->config.chip;
	size_t bytes =
		sizeof(*memory) + 2 * chip->flash.sector_count * sizeof(*memory->flash.sectors);

	bytes += memory->flash.taken + chip->flash.range.size / 1024 + memory->op.size;
	bytes += memory->otp.data ? chip->otp.data.size + chip->otp.locks.size : 0;
	bytes += memory->ram.taken + memory->ram.page_count * sizeof(*memory->ram.pages);
	return bytes;
}

const char *memory_region_text(enum memory_region region)
{
	static const struct names names = NAMES(region_text);

	return names_text(&names, region);
}
