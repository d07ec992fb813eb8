/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/fake_machine_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_machine *fake_of(const struct machine *machine)
{
	return CONTAINER_OF(machine, struct fake_machine, machine);
}

static bool in_ram(const struct machine *machine, uint32_t addr, size_t size)
{
	struct chip_range range = {machine->chip->ram.range.addr, FAKE_RAM_SIZE};

	return chip_range_holds(&range, addr, size);
}

static int fake_read(struct machine *machine, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct fake_machine *fake = fake_of(machine);

	if (chip_range_holds(&machine->chip->flash.range, addr, size))
		flash_read(&fake->flash, addr, ret_data, size);
	else if (in_ram(machine, addr, size))
		memcpy(ret_data, fake->ram + (addr - machine->chip->ram.range.addr), size);
	else
		return -EFAULT;
	return 0;
}

static int fake_write_ram(struct machine *machine, uint32_t addr, const uint8_t *data, size_t size)
{
	if (!in_ram(machine, addr, size))
		return -EFAULT;
	memcpy(fake_of(machine)->ram + (addr - machine->chip->ram.range.addr), data, size);
	return 0;
}

static int take_time(struct fake_machine *fake)
{
	if (fake->busy_until_us > fake->machine.now_us)
		return -EBUSY;
	fake->busy_until_us = fake->machine.now_us + FAKE_FLASH_US;
	return 0;
}

static int fake_start_erase(struct machine *machine, uint32_t addr)
{
	struct fake_machine *fake = fake_of(machine);
	struct chip_sector sector;

	if (!chip_sector_at(&machine->chip->flash, addr, &sector))
		return -EFAULT;
	if (take_time(fake) < 0)
		return -EBUSY;
	flash_erase(&fake->flash, sector.index);
	fake->erases++;
	return 0;
}

static int fake_start_program(
	struct machine *machine, uint32_t addr, const uint8_t *data, size_t size)
{
	struct fake_machine *fake = fake_of(machine);

	if (!chip_range_holds(&machine->chip->flash.range, addr, size))
		return -EFAULT;
	if (take_time(fake) < 0)
		return -EBUSY;
	cr_assert_eq(flash_reserve(&fake->flash, addr, data, size), 0);
	flash_program(&fake->flash, addr, data, size, 0);
	fake->programs++;
	return 0;
}

static uint64_t fake_busy_until_us(const struct machine *machine)
{
	return fake_of(machine)->busy_until_us;
}

static void fake_set_connected(struct machine *machine, bool connected)
{
	fake_of(machine)->connected = connected;
}

static void fake_system_reset(struct machine *machine, enum reset_cause cause)
{
	fake_of(machine)->resets++;
	fake_of(machine)->reset_cause = cause;
}

static void fake_jump(struct machine *machine, uint32_t addr)
{
	fake_of(machine)->jumps++;
	fake_of(machine)->jump_addr = addr;
}

static void fake_tell(
	struct machine *machine, enum program_fact_kind kind, uint32_t size, const char *text)
{
	struct fake_machine *fake = fake_of(machine);

	(void)size;
	if (kind == PROGRAM_FACT_NOTE)
		snprintf(fake->note, sizeof(fake->note), "%s", text);
	else if (kind == PROGRAM_FACT_TUNE)
		snprintf(fake->tune, sizeof(fake->tune), "%s", text);
	else if (kind == PROGRAM_FACT_REPLY)
		snprintf(fake->reply, sizeof(fake->reply), "%s", text);
	else if (kind == PROGRAM_FACT_COMMAND)
		snprintf(fake->command, sizeof(fake->command), "%s", text);
}

static const struct machine_ops fake_ops = {
	.read = fake_read,
	.write_ram = fake_write_ram,
	.start_erase = fake_start_erase,
	.start_program = fake_start_program,
	.busy_until_us = fake_busy_until_us,
	.set_connected = fake_set_connected,
	.system_reset = fake_system_reset,
	.jump = fake_jump,
	.tell = fake_tell,
};

void fake_machine_init_or_fail(struct fake_machine *fake)
{
	static const uint8_t uid[CHIP_UID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

	*fake = (struct fake_machine){
		.machine = {.ops = &fake_ops, .chip = chip_find("stm32f407xg"), .uid = uid}};
	cr_assert_not_null(fake->machine.chip);
	fake->machine.flash = &fake->machine.chip->flash;
	cr_assert_eq(flash_init(&fake->flash, &fake->machine.chip->flash), 0);
	fake->ram = calloc(1, FAKE_RAM_SIZE);
	cr_assert_not_null(fake->ram);
}

void fake_machine_done(struct fake_machine *fake)
{
	flash_done(&fake->flash);
	free(fake->ram);
}

void fake_machine_put_or_fail(
	struct fake_machine *fake, uint32_t addr, const uint8_t *data, size_t size)
{
	cr_assert_eq(flash_put(&fake->flash, addr, data, size), 0);
}
