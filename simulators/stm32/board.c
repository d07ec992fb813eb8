/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/board.h"

#include "harness/base/names.h"
#include "harness/fault/fault.h"
#include "simulators/stm32/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From power or NRST to the first instruction [DS8626, reset temporisation, typical; from memory]. */
#define START_UP_US 1500
/* From a jump to the first instruction that matters: clocks, stack, zeroed memory. Guessed. */
#define JUMP_US 100
/* How long a detach stays off the bus. Guessed: what a hub takes to see both edges. */
#define DETACH_US 10000
/* All of these at fast pace: a host still sees the device go and come. */
#define FAST_US 1000

/* What a board waits for. */
enum step {
	STEP_NONE,
	STEP_RELEASE, /* out of reset */
	STEP_BOOT,    /* sample BOOT0 */
	STEP_JUMP,    /* run what lies at jump_addr */
	STEP_CONNECT, /* D+ is pulled up */
};

struct stm32_board {
	struct board board;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct vusb_ticker ticker;
	struct memory memory;
	struct rom_dfu rom;
	struct rom_observer *rom_observer;
	struct runner runner;
	struct runner_observer runner_observer;
	struct stm32_board_observer *observer;
	struct fault_plan *faults;
	enum rom_pace pace;
	enum chip_width width;
	bool usb_powered;
	bool pins[BOARD_PIN_COUNT];
	enum board_mode mode;
	const char *dead_text;  /* why, when mode is BOARD_DEAD */
	bool connected;         /* the chip's pull-up is on */
	bool program_wants_usb; /* what was made of runner.wants_usb */
	enum reset_cause cause; /* of the last reset */
	uint64_t reset_us;
	enum step step;
	uint64_t step_at_us;
	uint32_t jump_addr;
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

static bool has_power(const struct stm32_board *self)
{
	return self->pins[BOARD_POWER] ||
	       (self->usb_powered && self->pins[BOARD_USB] && self->pins[BOARD_VBUS]);
}

static void set_mode(struct stm32_board *self, enum board_mode mode, const char *dead_text)
{
	if (self->mode == mode)
		return;
	self->mode = mode;
	self->dead_text = dead_text;
	if (self->observer)
		self->observer->mode(self->observer, mode, dead_text);
}

static struct vusb_device *device_of(struct stm32_board *self)
{
	return self->mode == BOARD_DFU ? &self->rom.device : runner_device(&self->runner);
}

/* The device is on the bus when the chip and the cable both want it. */
static void update_plug(struct stm32_board *self)
{
	struct vusb_device *device = device_of(self);
	bool wanted = device && self->connected && self->pins[BOARD_USB] &&
		      self->pins[BOARD_DATA] && self->pins[BOARD_VBUS];

	if (wanted && !self->port->device)
		vusb_port_plug(self->port, device, self->board.name);
	else if (!wanted && self->port->device)
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

/* Nothing of the chip runs any more; what comes next decides the mode. */
static void stop(struct stm32_board *self)
{
	wait_for(self, STEP_NONE, 0);
	set_connected(self, false);
	runner_stop(&self->runner);
	self->program_wants_usb = false;
}

static void halt(struct stm32_board *self, enum board_mode mode)
{
	stop(self);
	set_mode(self, mode, NULL);
}

/* Power and NRST allow it: the chip starts. */
static void start(struct stm32_board *self, enum reset_cause cause)
{
	memory_reset(&self->memory, now_us(self));
	self->memory.width = self->width;
	self->cause = cause;
	self->reset_us = now_us(self);
	set_mode(self, BOARD_RESET, NULL);
	wait_for(self, STEP_RELEASE, now_us(self) + pace_us(self, START_UP_US));
}

static void be_dead(struct stm32_board *self, const char *text)
{
	stop(self);
	set_mode(self, BOARD_DEAD, text);
}

static void run_program(struct stm32_board *self, uint32_t addr)
{
	const char *cannot = runner_cannot_start(&self->memory, addr);
	int r;

	stop(self);
	if (cannot) {
		set_mode(self, BOARD_DEAD, cannot);
		return;
	}
	r = runner_load(&self->runner, addr, self->cause);
	if (r == -ENODATA)
		set_mode(self, BOARD_DEAD, "the firmware in flash is not whole");
	else if (r == -ENOMEM)
		set_mode(self, BOARD_DEAD, "the rig is out of memory");
	else if (r < 0)
		set_mode(self, BOARD_FIRMWARE, NULL);
	else if (self->runner.request.kind == RUNNER_NOTHING)
		set_mode(self, self->runner.program->mode, NULL);
}

static const struct rom_owner_ops rom_owner_ops;

/* The named point where a device is about to appear, usual_us after since_us; a delay counts from there too. */
static void connect_after(struct stm32_board *self, uint64_t since_us, uint64_t usual_us,
	enum fault_point point, const char *match)
{
	struct fault_hit hit = fault_at(self->faults, point, match);
	bool late = hit.action == FAULT_DELAY && hit.value > usual_us;

	if (hit.action == FAULT_NO_SHOW)
		return;
	wait_for(self, STEP_CONNECT, since_us + (late ? hit.value : usual_us));
}

/* Level 2 knows no way into the ROM [RM0090 2.6.3]; for a jump that is guessed. It works in the first part of the RAM. */
static void start_rom(struct stm32_board *self, uint64_t since_us)
{
	const struct chip_ram *ram = &self->memory.config.chip->ram;
	uint64_t connect_us = self->memory.config.rom->usb_connect_ms * UINT64_C(1000);

	stop(self);
	ram_lose_part(&self->memory.ram, ram->range.addr, ram->rom_size);
	rom_dfu_init(&self->rom, &(struct rom_config){
					 .memory = &self->memory,
					 .pace = self->pace,
					 .owner_ops = &rom_owner_ops,
					 .owner = self,
					 .observer = self->rom_observer,
					 .faults = self->faults,
				 });
	set_mode(self, BOARD_DFU, NULL);
	connect_after(self, since_us, pace_us(self, connect_us), FAULT_DFU_CONNECT, NULL);
}

static bool rom_is_sealed(const struct stm32_board *self)
{
	return options_level(&self->memory.options) == OPTIONS_SEALED;
}

/* Out of reset: the named point. */
static void release(struct stm32_board *self)
{
	struct fault_hit hit =
		fault_at(self->faults, FAULT_BOARD_RESET, reset_cause_text(self->cause));

	if (hit.action == FAULT_NO_SHOW)
		return;
	if (hit.action == FAULT_LOSE_RAM)
		ram_lose(&self->memory.ram);
	if (hit.action == FAULT_DELAY)
		self->reset_us += hit.value;
	wait_for(self, STEP_BOOT, now_us(self) + (hit.action == FAULT_DELAY ? hit.value : 0));
}

/* BOOT0 is sampled now. BOOT1 (PB2) is taken to be low. At level 2 the flash alone boots [RM0090 2.6.3; RM0410 2.6]. */
static void boot(struct stm32_board *self)
{
	const struct chip *chip = self->memory.config.chip;
	bool boot0 = self->pins[BOARD_BOOT0] && !rom_is_sealed(self);
	bool lost;
	uint32_t addr = options_boot_address(&self->memory.options, chip, boot0, &lost);

	if (chip_range_holds(&chip->identity.system, addr, 1))
		start_rom(self, self->reset_us);
	else if (lost && !chip_range_holds(&chip->flash.range, addr, 1))
		be_dead(self, "the boot address in the option bytes leads nowhere");
	else
		run_program(self, addr);
}

static void jump_to(struct stm32_board *self, uint32_t addr)
{
	halt(self, BOARD_RESET);
	self->jump_addr = addr;
	wait_for(self, STEP_JUMP, now_us(self) + JUMP_US);
}

static void land(struct stm32_board *self)
{
	const struct chip_range *system = &self->memory.config.chip->identity.system;

	if (!chip_range_holds(system, self->jump_addr, 1))
		run_program(self, self->jump_addr);
	else if (rom_is_sealed(self))
		set_mode(self, BOARD_DEAD, "read protection level 2 keeps the ROM from running");
	else
		start_rom(self, now_us(self));
}

static void rom_leaves(void *owner, uint32_t addr)
{
	run_program(owner, addr);
}

static void reset_chip(struct stm32_board *self, enum reset_cause cause)
{
	halt(self, BOARD_RESET);
	memory_reset(&self->memory, now_us(self));
	start(self, cause);
}

static void rom_resets(void *owner, enum rom_reset_reason reason UNUSED)
{
	reset_chip(owner, RESET_SOFTWARE);
}

static void rom_detaches(void *owner)
{
	struct stm32_board *self = owner;

	set_connected(self, false);
	wait_for(self, STEP_CONNECT, now_us(self) + pace_us(self, DETACH_US));
}

static const struct rom_owner_ops rom_owner_ops = {
	.leave = rom_leaves,
	.system_reset = rom_resets,
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

static const char *program_match(enum board_mode mode)
{
	return mode == BOARD_ECU ? "ecu" : mode == BOARD_OPENBLT ? "openblt" : "firmware";
}

static void program_connects(struct stm32_board *self)
{
	self->program_wants_usb = self->runner.wants_usb;
	if (self->program_wants_usb) {
		connect_after(self, now_us(self), 0, FAULT_ECU_CONNECT, program_match(self->mode));
		return;
	}
	wait_for(self, STEP_NONE, 0);
	set_connected(self, false);
}

/* Does what the program asked for while it could not be disturbed. */
static void obey(struct stm32_board *self)
{
	struct runner_request request = runner_take_request(&self->runner);

	switch (request.kind) {
	case RUNNER_NOTHING:
		if (self->program_wants_usb != self->runner.wants_usb)
			program_connects(self);
		return;
	case RUNNER_RESET:
		if (self->observer)
			self->observer->reset(self->observer, request.cause);
		reset_chip(self, request.cause);
		return;
	case RUNNER_JUMP:
		jump_to(self, request.addr);
		return;
	}
}

static void take_step(struct stm32_board *self, uint64_t now)
{
	enum step step = self->step;

	if (self->step_at_us > now)
		return;
	self->step = STEP_NONE;
	switch (step) {
	case STEP_NONE:
		return;
	case STEP_RELEASE:
		release(self);
		return;
	case STEP_BOOT:
		boot(self);
		return;
	case STEP_JUMP:
		land(self);
		return;
	case STEP_CONNECT:
		set_connected(self, true);
		return;
	}
}

/* What is due at the same time happens in one tick: each step leads to the next one or to a wait. */
static void board_tick(struct vusb_ticker *ticker, uint64_t now)
{
	struct stm32_board *self = CONTAINER_OF(ticker, struct stm32_board, ticker);

	tick_rom(self, now);
	runner_tick(&self->runner);
	obey(self);
	do {
		take_step(self, now);
		obey(self);
	} while (self->step != STEP_NONE && self->step_at_us <= now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t board_deadline_us(const struct vusb_ticker *ticker)
{
	const struct stm32_board *self =
		CONTAINER_OF((struct vusb_ticker *)ticker, struct stm32_board, ticker);
	uint64_t deadline = runner_deadline_us(&self->runner);

	if (self->runner.wants_usb != self->program_wants_usb)
		return 0;
	if (self->step != STEP_NONE)
		deadline = earlier(deadline, self->step_at_us);
	if (rom_is_alone(self))
		deadline = earlier(deadline, vusb_device_deadline_us(&self->rom.device));
	return deadline;
}

static void power_changed(struct stm32_board *self)
{
	if (!has_power(self)) {
		halt(self, BOARD_OFF);
		memory_power_lost(&self->memory, now_us(self));
	} else if (self->pins[BOARD_NRST]) {
		set_mode(self, BOARD_RESET, NULL);
	} else {
		start(self, RESET_POWER);
	}
}

static void nrst_changed(struct stm32_board *self)
{
	if (!has_power(self))
		return;
	if (!self->pins[BOARD_NRST]) {
		start(self, RESET_PIN);
		return;
	}
	halt(self, BOARD_RESET);
	memory_reset(&self->memory, now_us(self));
}

/* BOOT0 is looked at when the chip comes out of reset. */
static int set_pin(struct board *board, enum board_pin pin, bool high, struct why *why)
{
	struct stm32_board *self = board_of(board);
	bool had_power = has_power(self);

	if ((unsigned int)pin >= BOARD_PIN_COUNT)
		return why_set(why, -EINVAL, "%s: no pin %d", board->name, (int)pin);
	if (self->pins[pin] == high)
		return 0;
	self->pins[pin] = high;
	if (has_power(self) != had_power)
		power_changed(self);
	if (pin == BOARD_NRST)
		nrst_changed(self);
	update_plug(self);
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

	self->observer = NULL;
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
	*ret = (struct memory_config){
		.chip = chip, .rom = rom, .seed = config->seed, .faults = config->faults};
	memcpy(ret->uid, config->uid, sizeof(ret->uid));
	ret->pace.percent = config->pace == ROM_PACE_FAST ? 0 : 100;
	ret->pace.worst = config->worst_times;
	return 0;
}

static void program_told(struct runner_observer *observer, enum program_fact_kind kind,
	uint32_t size, const char *text)
{
	struct stm32_board *self = CONTAINER_OF(observer, struct stm32_board, runner_observer);

	if (self->observer)
		self->observer->program(self->observer, kind, size, text);
}

static void program_changes_flash(struct runner_observer *observer, const struct rom_fact *fact)
{
	struct stm32_board *self = CONTAINER_OF(observer, struct stm32_board, runner_observer);

	if (self->rom_observer)
		self->rom_observer->fact(self->rom_observer, fact);
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
	self->rom_observer = config->observer;
	self->observer = config->board_observer;
	self->faults = config->faults;
	self->usb_powered = config->usb_powered;
	self->pins[BOARD_USB] = !config->usb_powered;
	self->pins[BOARD_DATA] = true;
	self->pins[BOARD_VBUS] = true;
	self->mode = BOARD_OFF;
	self->runner_observer =
		(struct runner_observer){.fact = program_told, .flash = program_changes_flash};
	runner_init(&self->runner, &(struct runner_config){
					   .memory = &self->memory,
					   .clock = vusb_bus_clock(self->bus),
					   .loaders = config->loaders,
					   .faults = config->faults,
					   .fast = config->pace == ROM_PACE_FAST,
					   .observer = &self->runner_observer,
				   });
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
	self->bus = bus;
	self->port = port;
	init(self, config);
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

int stm32_board_brown_out(struct board *board, struct why *why UNUSED)
{
	struct stm32_board *self = board_of(board);

	if (!has_power(self))
		return 0;
	halt(self, BOARD_RESET);
	memory_brown_out(&self->memory, now_us(self));
	if (!self->pins[BOARD_NRST])
		start(self, RESET_POWER);
	return 0;
}

struct memory *stm32_board_memory(struct board *board)
{
	return &board_of(board)->memory;
}

const char *stm32_board_dead_text(const struct board *board)
{
	const struct stm32_board *self = board_of_const(board);

	return self->mode == BOARD_DEAD ? self->dead_text : NULL;
}

size_t stm32_board_footprint(const struct board *board)
{
	const struct stm32_board *self = board_of_const(board);

	return sizeof(*self) - sizeof(self->memory) + memory_footprint(&self->memory);
}
