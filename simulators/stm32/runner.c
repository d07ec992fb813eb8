/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/runner.h"

#include "harness/base/names.h"
#include "harness/base/wire.h"

#include <assert.h>
#include <errno.h>

const char *reset_cause_text(enum reset_cause cause)
{
	static const char *const text[] = {
		[RESET_POWER] = "power",
		[RESET_PIN] = "pin",
		[RESET_SOFTWARE] = "software",
		[RESET_WATCHDOG] = "watchdog",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == RESET_CAUSE_COUNT, "a text for each cause");
	return names_text(&names, cause);
}

/* --- the machine --- */

/* The runner behind a machine, with its time and its flash brought up to date. */
static struct runner *runner_now(struct machine *machine)
{
	struct runner *self = CONTAINER_OF(machine, struct runner, machine);

	machine->now_us = clock_now_us(self->config.clock);
	memory_settle(self->config.memory, machine->now_us);
	return self;
}

static int error_of(enum memory_result result)
{
	switch (result) {
	case MEMORY_OK:
		return 0;
	case MEMORY_OUT_OF_MEMORY:
		return -ENOMEM;
	case MEMORY_BAD_ADDRESS:
	case MEMORY_PROTECTED:
	case MEMORY_RESULT_COUNT:
		break;
	}
	return -EFAULT;
}

static int machine_read(struct machine *machine, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct runner *self = runner_now(machine);

	return memory_fetch(self->config.memory, addr, ret_data, size);
}

static int machine_write_ram(
	struct machine *machine, uint32_t addr, const uint8_t *data, size_t size)
{
	struct runner *self = runner_now(machine);

	return error_of(memory_write_ram(self->config.memory, addr, data, size));
}

static int tell_flash(struct runner *self, enum memory_result result, struct rom_fact fact)
{
	struct runner_observer *observer = self->config.observer;

	fact.time_us = self->machine.now_us;
	if (result == MEMORY_OK)
		observer->flash(observer, &fact);
	return error_of(result);
}

static int machine_start_erase(struct machine *machine, uint32_t addr)
{
	struct runner *self = runner_now(machine);
	struct memory *memory = self->config.memory;
	struct chip_sector sector;

	if (memory_busy(memory))
		return -EBUSY;
	if (!chip_sector_at(memory->flash.chip, addr, &sector))
		return -EFAULT;
	return tell_flash(self, memory_start_own_erase(memory, addr, machine->now_us),
		(struct rom_fact){.kind = ROM_FACT_ERASE,
			.addr = sector.addr,
			.size = sector.size,
			.index = sector.index});
}

static int machine_start_program(
	struct machine *machine, uint32_t addr, const uint8_t *data, size_t size)
{
	struct runner *self = runner_now(machine);
	struct memory *memory = self->config.memory;

	if (memory_busy(memory))
		return -EBUSY;
	if (!size)
		return 0;
	return tell_flash(self, memory_start_own_program(memory, addr, data, size, machine->now_us),
		(struct rom_fact){.kind = ROM_FACT_PROGRAM, .addr = addr, .size = (uint32_t)size});
}

static uint64_t machine_busy_until_us(const struct machine *machine)
{
	const struct runner *self = CONTAINER_OF((struct machine *)machine, struct runner, machine);

	return memory_busy_until_us(self->config.memory);
}

static void machine_set_connected(struct machine *machine, bool connected)
{
	runner_now(machine)->wants_usb = connected;
}

/* The CPU is in the reset handler, or elsewhere: the program answers nothing more. */
static void ask(struct runner *self, struct runner_request request)
{
	if (self->request.kind != RUNNER_NOTHING)
		return;
	self->request = request;
	if (runner_device(self))
		runner_device(self)->nak_until_us = CLOCK_NEVER;
}

static void machine_system_reset(struct machine *machine, enum reset_cause cause)
{
	ask(runner_now(machine), (struct runner_request){.kind = RUNNER_RESET, .cause = cause});
}

static void machine_jump(struct machine *machine, uint32_t addr)
{
	ask(runner_now(machine), (struct runner_request){.kind = RUNNER_JUMP, .addr = addr});
}

static void machine_tell(
	struct machine *machine, enum program_fact_kind kind, uint32_t size, const char *text)
{
	struct runner_observer *observer = runner_now(machine)->config.observer;

	observer->fact(observer, kind, size, text);
}

static const struct machine_ops machine_ops = {
	.read = machine_read,
	.write_ram = machine_write_ram,
	.start_erase = machine_start_erase,
	.start_program = machine_start_program,
	.busy_until_us = machine_busy_until_us,
	.set_connected = machine_set_connected,
	.system_reset = machine_system_reset,
	.jump = machine_jump,
	.tell = machine_tell,
};

/* --- the program --- */

void runner_init(struct runner *runner, const struct runner_config *config)
{
	*runner = (struct runner){
		.config = *config,
		.machine =
			{
				.ops = &machine_ops,
				.chip = config->memory->config.chip,
				.flash = config->memory->flash.chip,
				.uid = config->memory->config.uid,
				.faults = config->faults,
				.fast = config->fast,
			},
	};
}

static bool is_stack(const struct chip_ram *ram, uint32_t addr)
{
	/* The stack grows downwards, so that it may begin right behind the RAM. */
	return addr % 4 == 0 && (chip_range_holds(&ram->range, addr - 4, 4) ||
					chip_range_holds(&ram->core, addr - 4, 4));
}

/* Where the vector table leads to. NULL, or why that is nowhere. */
static const char *read_vectors(struct memory *memory, uint32_t addr, uint32_t *ret_entry)
{
	enum memory_region region = memory_region_at(memory, addr);
	uint8_t table[8] = {0};
	struct reader in = reader_of(table, sizeof(table));
	uint32_t stack, entry;

	if ((region != MEMORY_FLASH && region != MEMORY_RAM) ||
		memory_fetch(memory, addr, table, sizeof(table)) < 0)
		return "there is no vector table to start from";
	stack = reader_le32(&in);
	entry = chip_real_address(memory->config.chip, reader_le32(&in));
	if (!(entry & 1) || memory_region_at(memory, entry - 1) != region)
		return "there is no vector table to start from";
	if (!is_stack(&memory->config.chip->ram, stack))
		return "the vector table's stack is not in this chip's RAM: an image for another "
		       "chip?";
	*ret_entry = entry - 1;
	return NULL;
}

const char *runner_cannot_start(struct memory *memory, uint32_t addr)
{
	uint8_t code[2] = {0xff, 0xff};
	uint32_t entry;
	const char *cannot = read_vectors(memory, addr, &entry);

	if (cannot)
		return cannot;
	if (memory_fetch(memory, entry, code, sizeof(code)) < 0 ||
		(code[0] == 0xff && code[1] == 0xff))
		return "the vector table leads to erased flash";
	return NULL;
}

int runner_load(struct runner *runner, uint32_t addr, enum reset_cause cause)
{
	const struct program_loader *const *loaders = runner->config.loaders;
	int r = -ENOEXEC;

	assert(!runner->program);
	runner->request = (struct runner_request){0};
	runner->wants_usb = false;
	runner->machine.cause = cause;
	runner->machine.flash = runner->config.memory->flash.chip;
	runner_now(&runner->machine);
	for (size_t i = 0; loaders && loaders[i] && r == -ENOEXEC; i++)
		r = loaders[i]->load(&runner->machine, addr, &runner->program);
	assert(r < 0 || runner->program || runner->request.kind != RUNNER_NOTHING);
	return r;
}

void runner_stop(struct runner *runner)
{
	if (runner->program)
		runner->program->ops->free(runner->program);
	runner->program = NULL;
	runner->request = (struct runner_request){0};
	runner->wants_usb = false;
}

struct vusb_device *runner_device(const struct runner *runner)
{
	return runner->program ? runner->program->device : NULL;
}

uint64_t runner_deadline_us(const struct runner *runner)
{
	const struct program *program = runner->program;

	if (runner->request.kind != RUNNER_NOTHING)
		return 0;
	return program ? program->ops->deadline_us(program) : CLOCK_NEVER;
}

void runner_tick(struct runner *runner)
{
	struct program *program = runner->program;

	if (!program || runner->request.kind != RUNNER_NOTHING)
		return;
	runner_now(&runner->machine);
	if (program->ops->deadline_us(program) <= runner->machine.now_us)
		program->ops->tick(program);
}

struct runner_request runner_take_request(struct runner *runner)
{
	struct runner_request request = runner->request;

	runner->request = (struct runner_request){0};
	return request;
}
