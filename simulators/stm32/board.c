/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/board.h"

#include "harness/base/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From power or NRST to the first instruction [DS8626, reset temporisation, typical; from memory]. */
#define START_UP_US 1500
/* How long a detach stays off the bus. Guessed: what a hub takes to see both edges. */
#define DETACH_US 10000
/* All of these at fast pace: a host still sees the device go and come. */
#define FAST_US 1000

/* What a board waits for. */
enum step {
	STEP_NONE,
	STEP_BOOT,    /* out of reset: sample BOOT0 */
	STEP_CONNECT, /* the ROM pulls D+ up */
};

struct stm32_board {
	struct board board;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct vusb_ticker ticker;
	struct memory memory;
	struct rom_dfu rom;
	struct rom_observer *observer;
	enum rom_pace pace;
	enum chip_width width;
	bool pins[BOARD_PIN_COUNT];
	enum board_mode mode;
	bool connected; /* the chip's pull-up is on */
	uint64_t reset_us;
	enum step step;
	uint64_t step_at_us;
};

static struct stm32_board *board_of(struct board *board)
{
	return CONTAINER_OF(board, struct stm32_board, board);
}

static const struct stm32_board *board_of_const(const struct board *board)
{
	return CONTAINER_OF((struct board *)board, struct stm32_board, board);
}

static uint64_t now_us(const struct stm32_board *self)
{
	return clock_now_us(vusb_bus_clock(self->bus));
}

static uint64_t pace_us(const struct stm32_board *self, uint64_t chip_us)
{
	return self->pace == ROM_PACE_FAST ? FAST_US : chip_us;
}

/* The device is on the bus when the chip and the cable both want it. */
static void update_plug(struct stm32_board *self)
{
	bool wanted = self->connected && self->pins[BOARD_USB] && self->pins[BOARD_VBUS];
	bool plugged = self->port->device == &self->rom.device;

	if (wanted && !plugged)
		vusb_port_plug(self->port, &self->rom.device, self->board.name);
	else if (!wanted && plugged)
		vusb_port_unplug(self->port);
}

static void set_connected(struct stm32_board *self, bool connected)
{
	self->connected = connected;
	update_plug(self);
}

static void wait_for(struct stm32_board *self, enum step step, uint64_t at_us)
{
	self->step = step;
	self->step_at_us = at_us;
}

/* Nothing of the chip runs any more. */
static void halt(struct stm32_board *self, enum board_mode mode)
{
	self->mode = mode;
	wait_for(self, STEP_NONE, 0);
	set_connected(self, false);
}

/* Power and NRST allow it: the chip starts. */
static void start(struct stm32_board *self)
{
	self->memory.width = self->width;
	self->mode = BOARD_RESET;
	self->reset_us = now_us(self);
	wait_for(self, STEP_BOOT, self->reset_us + pace_us(self, START_UP_US));
}

static bool is_stack(const struct chip_ram *ram, uint32_t addr)
{
	/* The stack grows downwards, so that it may begin right behind the RAM. */
	return addr % 4 == 0 && (chip_range_holds(&ram->range, addr - 4, 4) ||
					chip_range_holds(&ram->core, addr - 4, 4));
}

/* Whether a Cortex-M that takes its stack and its start from here gets anywhere: a stack in RAM, Thumb code in the same
 * memory as the table. */
static bool runs(const struct stm32_board *self, uint32_t addr)
{
	const struct memory *memory = &self->memory;
	enum memory_region region = memory_region_at(memory, addr);
	uint8_t table[8];
	struct reader in = reader_of(table, sizeof(table));
	uint32_t stack, entry;

	if ((region != MEMORY_FLASH && region != MEMORY_RAM) ||
		memory_peek(memory, addr, table, sizeof(table)) < 0)
		return false;
	stack = reader_le32(&in);
	entry = reader_le32(&in);
	return is_stack(&memory->config.chip->ram, stack) && entry & 1 &&
	       memory_region_at(memory, entry - 1) == region;
}

static void run_firmware(struct stm32_board *self, uint32_t addr)
{
	halt(self, runs(self, addr) ? BOARD_FIRMWARE : BOARD_DEAD);
}

static const struct rom_owner_ops rom_owner_ops;

static void start_rom(struct stm32_board *self)
{
	const struct chip_rom *rom = self->memory.config.rom;

	rom_dfu_init(&self->rom, &(struct rom_config){
					 .memory = &self->memory,
					 .pace = self->pace,
					 .owner_ops = &rom_owner_ops,
					 .owner = self,
					 .observer = self->observer,
				 });
	self->mode = BOARD_DFU;
	wait_for(self, STEP_CONNECT,
		self->reset_us + pace_us(self, rom->usb_connect_ms * UINT64_C(1000)));
}

/* BOOT0 is sampled now. Level 2 knows no way into the ROM [RM0090 2.6.3]. BOOT1 (PB2) is taken to be low. */
static void boot(struct stm32_board *self)
{
	if (self->pins[BOARD_BOOT0] && options_level(&self->memory.options) != OPTIONS_SEALED)
		start_rom(self);
	else
		run_firmware(self, self->board.flash_addr);
}

static void rom_leaves(void *owner, uint32_t addr)
{
	run_firmware(owner, addr);
}

static void system_reset(void *owner, enum rom_reset_reason reason)
{
	struct stm32_board *self = owner;

	(void)reason;
	halt(self, BOARD_RESET);
	memory_reset(&self->memory, now_us(self));
	start(self);
}

static void rom_detaches(void *owner)
{
	struct stm32_board *self = owner;

	set_connected(self, false);
	wait_for(self, STEP_CONNECT, now_us(self) + pace_us(self, DETACH_US));
}

static const struct rom_owner_ops rom_owner_ops = {
	.leave = rom_leaves,
	.system_reset = system_reset,
	.detach = rom_detaches,
};

/* With the cable out the bus does not know the device, but the ROM works on. */
static bool rom_is_alone(const struct stm32_board *self)
{
	return self->mode == BOARD_DFU && !self->rom.device.port;
}

static void tick_rom(struct stm32_board *self, uint64_t now)
{
	if (!rom_is_alone(self) || vusb_device_deadline_us(&self->rom.device) > now)
		return;
	self->rom.device.now_us = now;
	self->rom.device.ops->tick(&self->rom.device);
}

static void board_tick(struct vusb_ticker *ticker, uint64_t now)
{
	struct stm32_board *self = CONTAINER_OF(ticker, struct stm32_board, ticker);
	enum step step = self->step;

	tick_rom(self, now);
	if (step != self->step || step == STEP_NONE || self->step_at_us > now)
		return;
	self->step = STEP_NONE;
	switch (step) {
	case STEP_NONE:
		return;
	case STEP_BOOT:
		boot(self);
		return;
	case STEP_CONNECT:
		set_connected(self, true);
		return;
	}
}

static uint64_t board_deadline_us(const struct vusb_ticker *ticker)
{
	const struct stm32_board *self =
		CONTAINER_OF((struct vusb_ticker *)ticker, struct stm32_board, ticker);

	uint64_t step_us = self->step == STEP_NONE ? CLOCK_NEVER : self->step_at_us;
	uint64_t rom_us =
		rom_is_alone(self) ? vusb_device_deadline_us(&self->rom.device) : CLOCK_NEVER;

	return rom_us < step_us ? rom_us : step_us;
}

static void set_power(struct stm32_board *self, bool on)
{
	if (on && self->pins[BOARD_NRST]) {
		self->mode = BOARD_RESET;
	} else if (on) {
		start(self);
	} else {
		halt(self, BOARD_OFF);
		memory_power_lost(&self->memory, now_us(self));
	}
}

static void set_reset(struct stm32_board *self, bool held)
{
	if (!self->pins[BOARD_POWER])
		return;
	if (!held) {
		start(self);
		return;
	}
	halt(self, BOARD_RESET);
	memory_reset(&self->memory, now_us(self));
}

static int set_pin(struct board *board, enum board_pin pin, bool high, struct why *why)
{
	struct stm32_board *self = board_of(board);

	if ((unsigned int)pin >= BOARD_PIN_COUNT)
		return why_set(why, -EINVAL, "%s: no pin %d", board->name, (int)pin);
	if (self->pins[pin] == high)
		return 0;
	self->pins[pin] = high;
	switch (pin) {
	case BOARD_POWER:
		set_power(self, high);
		break;
	case BOARD_NRST:
		set_reset(self, high);
		break;
	case BOARD_USB:
	case BOARD_VBUS:
		update_plug(self);
		break;
	case BOARD_BOOT0: /* looked at when the chip comes out of reset */
	case BOARD_PIN_COUNT:
		break;
	}
	return 0;
}

static bool get_pin(const struct board *board, enum board_pin pin)
{
	return (unsigned int)pin < BOARD_PIN_COUNT && board_of_const(board)->pins[pin];
}

static enum board_mode get_mode(const struct board *board)
{
	return board_of_const(board)->mode;
}

static bool in_flash(const struct board *board, uint32_t addr, size_t size)
{
	return addr >= board->flash_addr && addr - board->flash_addr <= board->flash_size &&
	       size <= board->flash_size - (addr - board->flash_addr);
}

static int read_flash(struct board *board, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct stm32_board *self = board_of(board);

	if (!in_flash(board, addr, size))
		return -EFAULT;
	memory_settle(&self->memory, now_us(self));
	return size ? memory_peek(&self->memory, addr, ret_data, size) : 0;
}

static int write_flash(struct board *board, uint32_t addr, const uint8_t *data, size_t size)
{
	struct stm32_board *self = board_of(board);

	if (!in_flash(board, addr, size))
		return -EFAULT;
	memory_settle(&self->memory, now_us(self));
	return size ? memory_poke(&self->memory, addr, data, size) : 0;
}

static void board_free(struct board *board)
{
	struct stm32_board *self = board_of(board);

	halt(self, BOARD_OFF);
	vusb_bus_remove_ticker(&self->ticker);
	memory_done(&self->memory);
	free(self);
}

static const struct board_ops board_ops = {
	.set_pin = set_pin,
	.get_pin = get_pin,
	.mode = get_mode,
	.read_flash = read_flash,
	.write_flash = write_flash,
	.free = board_free,
};

/* Checks the config and looks up what it names. */
static int memory_config_of(
	const struct stm32_board_config *config, struct memory_config *ret, struct why *why)
{
	const struct chip *chip = config->chip ? chip_find(config->chip) : NULL;
	const struct chip_rom *rom;

	if (!config->name || strlen(config->name) >= sizeof(((struct board *)0)->name))
		return why_set(why, -EINVAL, "board: its name is missing or too long");
	if (!chip)
		return why_set(why, -EINVAL, "%s: unknown chip \"%s\"", config->name,
			config->chip ? config->chip : "");
	rom = config->rom_bcd_device ? chip_find_rom(chip, config->rom_bcd_device) : chip->roms;
	if (!rom)
		return why_set(why, -EINVAL, "%s: %s has no ROM revision %x.%02x", config->name,
			chip->name, config->rom_bcd_device >> 8, config->rom_bcd_device & 0xffu);
	if (config->width && chip->flash.program[*config->width].typ_us == 0)
		return why_set(why, -EINVAL, "%s: the flash of %s does not work at this width",
			config->name, chip->name);
	if (config->flash_size > chip->flash.range.size)
		return why_set(why, -EINVAL, "%s: %zu bytes for a flash of %u", config->name,
			config->flash_size, chip->flash.range.size);
	*ret = (struct memory_config){.chip = chip, .rom = rom, .seed = config->seed};
	memcpy(ret->uid, config->uid, sizeof(ret->uid));
	ret->pace.percent = config->pace == ROM_PACE_FAST ? 0 : 100;
	ret->pace.worst = config->worst_times;
	return 0;
}

static void init(struct stm32_board *self, const struct stm32_board_config *config)
{
	const struct chip *chip = self->memory.config.chip;

	self->board.ops = &board_ops;
	memcpy(self->board.name, config->name, strlen(config->name) + 1);
	self->board.flash_addr = chip->flash.range.addr;
	self->board.flash_size = chip->flash.range.size;
	self->pace = config->pace;
	self->width = config->width ? *config->width : chip->dfu.width;
	self->observer = config->observer;
	self->pins[BOARD_USB] = self->pins[BOARD_VBUS] = true;
	self->mode = BOARD_OFF;
}

int stm32_board_new(const struct stm32_board_config *config, struct vusb_bus *bus,
	struct vusb_port *port, struct board **ret, struct why *why)
{
	struct memory_config memory_config;
	struct stm32_board *self;
	int err = memory_config_of(config, &memory_config, why);

	if (err)
		return err;
	self = calloc(1, sizeof(*self));
	if (!self)
		return why_errno(why, -ENOMEM, "%s", config->name);
	err = memory_init(&self->memory, &memory_config);
	if (err) {
		free(self);
		return why_errno(why, err, "%s", config->name);
	}
	init(self, config);
	self->bus = bus;
	self->port = port;
	self->ticker = (struct vusb_ticker){.tick = board_tick, .deadline_us = board_deadline_us};
	vusb_bus_add_ticker(bus, &self->ticker);
	if (config->flash)
		err = write_flash(
			&self->board, self->board.flash_addr, config->flash, config->flash_size);
	if (err) {
		board_free(&self->board);
		return why_errno(why, err, "%s", config->name);
	}
	*ret = &self->board;
	return 0;
}

struct memory *stm32_board_memory(struct board *board)
{
	return &board_of(board)->memory;
}

size_t stm32_board_footprint(const struct board *board)
{
	const struct stm32_board *self = board_of_const(board);

	return sizeof(*self) - sizeof(self->memory) + memory_footprint(&self->memory);
}
