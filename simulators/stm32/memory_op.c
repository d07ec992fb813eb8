/* SPDX-License-Identifier: MIT */
/* The operation in hand: starting, finishing, breaking off. */
#include "simulators/stm32/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LATE_US 100000 /* by which a real clock may bring a fault too late */

static void op_drop(struct memory_op *op)
{
	free(op->data);
	*op = (struct memory_op){0};
}

static void op_begin(struct memory *memory, uint32_t addr, uint64_t now_us)
{
	assert(!memory_busy(memory));
	memory->op = (struct memory_op){.start_us = now_us, .addr = addr};
}

/* Keeps a copy of what is to be programmed. */
static enum memory_result op_keep(struct memory_op *op, const uint8_t *data, size_t size)
{
	op->data = malloc(size);
	if (!op->data)
		return MEMORY_OUT_OF_MEMORY;
	memcpy(op->data, data, size);
	op->size = size;
	return MEMORY_OK;
}

static uint64_t phase_start_us(const struct memory_op *op, uint8_t phase)
{
	return phase ? op->phases[phase - 1].end_us : op->start_us;
}

/* At once is too short for what a fault does inside: with a fault the step takes the chip's time. */
static uint64_t takes_us(const struct memory *memory, const struct memory_phase *next)
{
	const struct memory_op *op = &memory->op;

	return memory->config.pace.percent ? next->end_us - phase_start_us(op, op->phase_count)
					   : next->chip_us;
}

/* The named point of the step that comes next in the operation, before its end. */
static struct fault_hit ask(
	struct memory *memory, enum fault_point point, const struct memory_phase *next)
{
	const struct memory_op *op = &memory->op;
	uint64_t start_us = phase_start_us(op, op->phase_count);

	return fault_ask(memory->config.faults, &(struct fault_occasion){
							.point = point,
							.addr = next->about.addr,
							.size = next->about.size,
							.starts_in_us = start_us - op->start_us,
							.takes_us = takes_us(memory, next),
						});
}

static struct memory_phase next_phase(const struct memory *memory, enum memory_phase_kind kind,
	const struct chip_range *about, uint64_t chip_us)
{
	return (struct memory_phase){
		.kind = kind,
		.chip_us = chip_us,
		.end_us = phase_start_us(&memory->op, memory->op.phase_count) +
			  chip_us * memory->config.pace.percent / 100,
		.about = *about,
	};
}

/* What the fault plan has handed on, now or for later. */
static enum fault_action effect_of(struct fault_hit hit)
{
	return hit.effect ? hit.effect : hit.later;
}

static bool breaks_off(enum fault_action action)
{
	return action == FAULT_CUT_POWER || action == FAULT_BROWN_OUT || action == FAULT_RESET;
}

/* Adds a step, with what its point had to say. */
static void op_add_hit(struct memory *memory, struct memory_phase phase, struct fault_hit hit)
{
	struct memory_op *op = &memory->op;
	uint64_t start_us = phase_start_us(op, op->phase_count);

	assert(op->phase_count < MEMORY_PHASE_MAX);
	if (effect_of(hit) || hit.action == FAULT_SLOW)
		phase.end_us = start_us + takes_us(memory, &phase);
	if (hit.action == FAULT_SLOW)
		phase.end_us = start_us + (phase.end_us - start_us) * hit.value / 100;
	phase.flips = hit.action == FAULT_FLIP;
	phase.flip = hit.value % (phase.about.size * UINT64_C(8));
	phase.break_us = breaks_off(effect_of(hit)) ? op->start_us + hit.later_us : CLOCK_NEVER;
	op->phases[op->phase_count++] = phase;
}

/* Adds a step that takes the chip `chip_us`. */
static void op_add(struct memory *memory, enum memory_phase_kind kind,
	const struct chip_range *about, uint64_t chip_us)
{
	bool programs = kind == MEMORY_PROGRAM || kind == MEMORY_PROGRAM_OTP;
	struct memory_phase phase = next_phase(memory, kind, about, chip_us);

	op_add_hit(memory, phase, ask(memory, programs ? FAULT_PROGRAM : FAULT_ERASE, &phase));
}

/* Both steps of a change of the option bytes are one point. */
static void op_add_options(struct memory *memory)
{
	const struct chip_options *chip = memory->options.chip;
	bool worst = memory->config.pace.worst;
	uint64_t erase_us = worst ? chip->erase.max_us : chip->erase.typ_us;
	uint64_t program_us = worst ? chip->program.max_us : chip->program.typ_us;
	struct memory_phase both =
		next_phase(memory, MEMORY_PROGRAM_OPTIONS, &chip->range, erase_us + program_us);
	struct fault_hit hit = ask(memory, FAULT_OPTIONS, &both);

	op_add_hit(memory, next_phase(memory, MEMORY_ERASE_OPTIONS, &chip->range, erase_us), hit);
	op_add_hit(
		memory, next_phase(memory, MEMORY_PROGRAM_OPTIONS, &chip->range, program_us), hit);
}

static enum memory_result op_refuse(struct memory *memory, enum memory_result result)
{
	op_drop(&memory->op);
	return result;
}

/* A wrong bit in erased flash takes memory. */
static int reserve_flips(struct memory *memory)
{
	static const uint8_t programmed = 0;
	const struct memory_op *op = &memory->op;
	int r = 0;

	for (uint8_t i = 0; r == 0 && i < op->phase_count; i++) {
		const struct memory_phase *phase = &op->phases[i];

		if (phase->flips && memory_region_at(memory, phase->about.addr) == MEMORY_FLASH)
			r = flash_reserve(&memory->flash,
				phase->about.addr + (uint32_t)(phase->flip / 8), &programmed, 1);
	}
	return r;
}

static enum memory_result op_go(struct memory *memory)
{
	if (reserve_flips(memory) < 0)
		return op_refuse(memory, MEMORY_OUT_OF_MEMORY);
	memory_settle(memory, memory->op.start_us);
	return MEMORY_OK;
}

static uint64_t program_us(const struct memory *memory, uint32_t addr, size_t size)
{
	return flash_program_us(memory->flash.chip,
		&(struct flash_work){addr, size, memory->width, memory->config.pace.worst});
}

/* A write into protected sectors alone takes no time (guessed) and keeps no memory. */
static enum memory_result start_flash(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size, uint64_t now_us)
{
	const struct chip_flash *chip = memory->flash.chip;
	uint32_t touched = flash_sector_mask(chip, addr, size);

	if (touched && !(touched & ~options_write_protected(&memory->options)))
		return MEMORY_OK;
	if (flash_reserve(&memory->flash, addr, data, size) < 0)
		return MEMORY_OUT_OF_MEMORY;
	op_begin(memory, addr, now_us);
	if (op_keep(&memory->op, data, size) != MEMORY_OK)
		return op_refuse(memory, MEMORY_OUT_OF_MEMORY);
	op_add(memory, MEMORY_PROGRAM, &(struct chip_range){addr, (uint32_t)size},
		program_us(memory, addr, size));
	return op_go(memory);
}

static enum memory_result start_otp(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size, uint64_t now_us)
{
	if (otp_reserve(&memory->otp) < 0)
		return MEMORY_OUT_OF_MEMORY;
	op_begin(memory, addr, now_us);
	if (op_keep(&memory->op, data, size) != MEMORY_OK)
		return op_refuse(memory, MEMORY_OUT_OF_MEMORY);
	op_add(memory, MEMORY_PROGRAM_OTP, &(struct chip_range){addr, (uint32_t)size},
		program_us(memory, addr, size));
	return op_go(memory);
}

/* Erases the flash first when asked to: the protection falls only when nothing is left to be read. */
static enum memory_result start_options(
	struct memory *memory, const uint8_t *image, bool erase_flash, uint64_t now_us)
{
	const struct chip_options *chip = memory->options.chip;

	op_begin(memory, chip->range.addr, now_us);
	if (op_keep(&memory->op, image, chip->range.size) != MEMORY_OK)
		return op_refuse(memory, MEMORY_OUT_OF_MEMORY);
	if (erase_flash)
		op_add(memory, MEMORY_ERASE_ALL, &memory->flash.chip->range,
			flash_mass_erase_us(
				memory->flash.chip, memory->width, memory->config.pace.worst));
	op_add_options(memory);
	return op_go(memory);
}

static enum memory_result write_feature(struct memory *memory, uint32_t addr, uint8_t value)
{
	const struct chip_feature *feature = &memory->config.chip->feature;

	if (addr == feature->range.addr && value < feature->width_count)
		memory->width = feature->widths[value];
	return MEMORY_OK;
}

enum memory_result memory_start_write(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size, uint64_t now_us)
{
	enum memory_result result = memory_check(memory, MEMORY_WRITE, addr, size);

	assert(size && !memory_busy(memory));
	if (result != MEMORY_OK)
		return result;
	switch (memory_region_at(memory, addr)) {
	case MEMORY_FLASH:
		return start_flash(memory, addr, data, size, now_us);
	case MEMORY_OPTIONS:
		return start_options(memory, data, false, now_us);
	case MEMORY_OTP:
		return start_otp(memory, addr, data, size, now_us);
	case MEMORY_FEATURE:
		return write_feature(memory, addr, data[0]);
	case MEMORY_RAM:
		return memory_write_ram(memory, addr, data, size);
	case MEMORY_SYSTEM:
	case MEMORY_SIGNATURE:
	case MEMORY_NOWHERE:
	case MEMORY_REGION_COUNT:
		break;
	}
	return MEMORY_BAD_ADDRESS;
}

/* addr lies in the flash. */
static enum memory_result start_erase(struct memory *memory, uint32_t addr, uint64_t now_us)
{
	const struct chip_flash *chip = memory->flash.chip;
	struct chip_sector sector;

	if (!chip_sector_at(chip, addr, &sector))
		return MEMORY_BAD_ADDRESS;
	if (flash_sector_mask(chip, addr, 1) & options_write_protected(&memory->options))
		return MEMORY_OK;
	op_begin(memory, addr, now_us);
	op_add(memory, MEMORY_ERASE_SECTOR, &(struct chip_range){sector.addr, sector.size},
		flash_erase_us(chip, sector.size, memory->width, memory->config.pace.worst));
	return op_go(memory);
}

/* As start_erase of a write-protected sector: nothing happens, and nobody is told. */
static bool rom_cannot_erase(const struct memory *memory, uint32_t addr)
{
	const struct chip_flash *chip = memory->flash.chip;
	struct chip_sector sector;

	return chip->rom_erases && chip_sector_at(chip, addr, &sector) &&
	       sector.index >= chip->rom_erases;
}

enum memory_result memory_start_erase(struct memory *memory, uint32_t addr, uint64_t now_us)
{
	enum memory_result result = memory_check(memory, MEMORY_ERASE, addr, 0);

	assert(!memory_busy(memory));
	if (result == MEMORY_OK && rom_cannot_erase(memory, addr))
		return MEMORY_OK;
	return result == MEMORY_OK ? start_erase(memory, addr, now_us) : result;
}

enum memory_result memory_start_own_erase(struct memory *memory, uint32_t addr, uint64_t now_us)
{
	assert(!memory_busy(memory));
	return start_erase(memory, addr, now_us);
}

enum memory_result memory_start_own_program(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size, uint64_t now_us)
{
	assert(size && !memory_busy(memory));
	if (!chip_range_holds(&memory->flash.chip->range, addr, size))
		return MEMORY_BAD_ADDRESS;
	return start_flash(memory, addr, data, size, now_us);
}

enum memory_result memory_write_ram(
	struct memory *memory, uint32_t addr, const uint8_t *data, size_t size)
{
	if (!chip_range_holds(&memory->ram.range, addr, size))
		return MEMORY_BAD_ADDRESS;
	return ram_write(&memory->ram, addr, data, size) < 0 ? MEMORY_OUT_OF_MEMORY : MEMORY_OK;
}

enum memory_result memory_start_mass_erase(struct memory *memory, uint64_t now_us)
{
	const struct chip_flash *chip = memory->flash.chip;

	assert(!memory_busy(memory));
	if (options_level(&memory->options) != OPTIONS_OPEN)
		return MEMORY_PROTECTED;
	if (options_write_protected(&memory->options))
		return MEMORY_OK;
	op_begin(memory, chip->range.addr, now_us);
	op_add(memory, MEMORY_ERASE_ALL, &chip->range,
		flash_mass_erase_us(chip, memory->width, memory->config.pace.worst));
	return op_go(memory);
}

enum memory_result memory_start_unprotect(struct memory *memory, uint64_t now_us)
{
	uint8_t image[OPTIONS_MAX];

	assert(!memory_busy(memory));
	if (options_level(&memory->options) == OPTIONS_SEALED)
		return MEMORY_PROTECTED;
	memcpy(image, memory->options.loaded, sizeof(image));
	image[memory->options.chip->rdp_offset] = OPTIONS_RDP_0;
	return start_options(memory, image, true, now_us);
}

/* The first `size` bytes of what the operation in hand programs. */
static void program(struct memory *memory, enum memory_phase_kind kind, size_t size)
{
	const struct memory_op *op = &memory->op;

	if (kind == MEMORY_PROGRAM_OTP)
		otp_program(&memory->otp, op->addr, op->data, size);
	else
		flash_program(&memory->flash, op->addr, op->data, size,
			options_write_protected(&memory->options));
}

static uint16_t sector_in_hand(const struct memory *memory)
{
	struct chip_sector sector = {0};
	bool found = chip_sector_at(memory->flash.chip, memory->op.addr, &sector);

	assert(found);
	(void)found;
	return sector.index;
}

/* The wrong bit that a fault plan wants. */
static void flip(struct memory *memory, const struct memory_phase *phase)
{
	switch (phase->kind) {
	case MEMORY_ERASE_SECTOR:
	case MEMORY_ERASE_ALL:
	case MEMORY_PROGRAM:
		flash_flip(&memory->flash, phase->about.addr, phase->flip);
		break;
	case MEMORY_PROGRAM_OPTIONS:
		options_flip(&memory->options, phase->flip);
		break;
	case MEMORY_PROGRAM_OTP:
		otp_flip(&memory->otp, phase->about.addr, phase->flip);
		break;
	case MEMORY_ERASE_OPTIONS:
	case MEMORY_PHASE_KIND_COUNT:
		break;
	}
}

static void finish(struct memory *memory, const struct memory_phase *phase)
{
	switch (phase->kind) {
	case MEMORY_PROGRAM:
	case MEMORY_PROGRAM_OTP:
		program(memory, phase->kind, memory->op.size);
		break;
	case MEMORY_ERASE_SECTOR:
		flash_erase(&memory->flash, sector_in_hand(memory));
		break;
	case MEMORY_ERASE_ALL:
		flash_erase_all(&memory->flash);
		break;
	case MEMORY_ERASE_OPTIONS:
		options_erase(&memory->options);
		break;
	case MEMORY_PROGRAM_OPTIONS:
		options_program(&memory->options, memory->op.data);
		break;
	case MEMORY_PHASE_KIND_COUNT:
		assert(false);
	}
	if (phase->flips)
		flip(memory, phase);
}

/* What is going to break it off is late. */
static bool waits(const struct memory_op *op, uint64_t now_us)
{
	const struct memory_phase *phase = &op->phases[op->phase];

	return phase->break_us >= phase_start_us(op, op->phase) &&
	       phase->break_us < phase->end_us && now_us - phase->break_us < LATE_US;
}

void memory_settle(struct memory *memory, uint64_t now_us)
{
	struct memory_op *op = &memory->op;

	while (op->phase < op->phase_count && op->phases[op->phase].end_us <= now_us &&
		!waits(op, now_us)) {
		finish(memory, &op->phases[op->phase]);
		op->phase++;
	}
	if (op->phase == op->phase_count)
		op_drop(op);
}

bool memory_busy(const struct memory *memory)
{
	return memory->op.phase_count;
}

uint64_t memory_busy_until_us(const struct memory *memory)
{
	const struct memory_op *op = &memory->op;

	return op->phase_count ? op->phases[op->phase_count - 1].end_us : 0;
}

/* The access in hand has made some of its bits 0. */
static void tear_program(struct memory *memory, const struct memory_phase *phase, uint64_t now_us)
{
	struct memory_op *op = &memory->op;
	struct flash_work work = {op->addr, op->size, memory->width, memory->config.pace.worst};
	uint64_t start_us = phase_start_us(op, op->phase);
	uint64_t chip_us = flash_program_us(memory->flash.chip, &work);
	size_t in_hand, done;

	chip_us = chip_us * (now_us - start_us) / (phase->end_us - start_us);
	done = flash_programmed(memory->flash.chip, &work, chip_us, &in_hand);
	for (size_t i = done; i < done + in_hand; i++)
		op->data[i] |= (uint8_t)rng_u64(&memory->rng);
	program(memory, phase->kind, done + in_hand);
}

/* How far the phase has come, in steps of flash_tear; what has begun has done something. */
static uint32_t tear_step(
	const struct memory *memory, const struct memory_phase *phase, uint64_t now_us)
{
	uint64_t start_us = phase_start_us(&memory->op, memory->op.phase);
	uint64_t all_us = phase->end_us - start_us;

	if (now_us == start_us)
		return 0;
	return 1 + (uint32_t)((now_us - start_us) * (FLASH_TEAR_STEPS - 1) / all_us);
}

/* Each sector as far as it likes, between half and all of the way that the operation has come. */
static void tear_all(struct memory *memory, uint32_t step)
{
	for (uint16_t i = 0; step && i < memory->flash.chip->sector_count; i++) {
		uint32_t here = step - rng_below(&memory->rng, step / 2 + 1);

		flash_tear(&memory->flash, i, here, &memory->rng);
	}
}

/* Still erased, or some of the bits have become 0. */
static void tear_options(struct memory *memory)
{
	struct memory_op *op = &memory->op;

	if (rng_below(&memory->rng, 2))
		return;
	for (size_t i = 0; i < op->size; i++)
		op->data[i] |= (uint8_t)rng_u64(&memory->rng);
	options_program(&memory->options, op->data);
}

/* When it was torn. */
static uint64_t moment(
	const struct memory *memory, const struct memory_phase *phase, uint64_t now_us)
{
	uint64_t start_us = phase_start_us(&memory->op, memory->op.phase);

	return phase->break_us >= start_us && phase->break_us < now_us ? phase->break_us : now_us;
}

/* The phase in hand has begun by now_us and is not over. */
static void tear(struct memory *memory, uint64_t now_us)
{
	const struct memory_phase *phase = &memory->op.phases[memory->op.phase];
	uint64_t at_us = moment(memory, phase, now_us);
	uint32_t step = tear_step(memory, phase, at_us);

	switch (phase->kind) {
	case MEMORY_PROGRAM:
	case MEMORY_PROGRAM_OTP:
		tear_program(memory, phase, at_us);
		break;
	case MEMORY_ERASE_SECTOR:
		flash_tear(&memory->flash, sector_in_hand(memory), step, &memory->rng);
		break;
	case MEMORY_ERASE_ALL:
		tear_all(memory, step);
		break;
	case MEMORY_ERASE_OPTIONS:
		options_erase(&memory->options);
		break;
	case MEMORY_PROGRAM_OPTIONS:
		tear_options(memory);
		break;
	case MEMORY_PHASE_KIND_COUNT:
		assert(false);
	}
}

/* Without memory for it the flash stays organised as it was. */
static void take_options(struct memory *memory)
{
	const struct chip_flash *usual = &memory->config.chip->flash;
	const struct chip_flash *before = options_flash(&memory->options, usual);
	const struct chip_flash *now;
	int r = 0;

	options_load(&memory->options);
	now = options_flash(&memory->options, usual);
	if (now != memory->flash.chip)
		r = flash_organise(&memory->flash, now, now != before);
	(void)r;
}

void memory_reset(struct memory *memory, uint64_t now_us)
{
	memory_settle(memory, now_us);
	if (memory_busy(memory))
		tear(memory, now_us);
	op_drop(&memory->op);
	take_options(memory);
	memory->width = memory->config.chip->dfu.width;
}

void memory_power_lost(struct memory *memory, uint64_t now_us)
{
	memory_reset(memory, now_us);
	ram_lose(&memory->ram);
}

void memory_brown_out(struct memory *memory, uint64_t now_us)
{
	memory_reset(memory, now_us);
	ram_disturb(&memory->ram, &memory->rng);
}
