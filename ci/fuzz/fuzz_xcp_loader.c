/* SPDX-License-Identifier: MIT */
/*
 * OpenBLT's XCP session: whatever the host sends, in whatever pieces and pauses, its own area stays as it is, every
 * answer is a packet, and no more than one for each command.
 *
 * Input: pieces, each a pause in ms, a length, and so many bytes.
 */
#include "harness/base/wire.h"
#include "harness/ts/xcp.h"
#include "simulators/ecu/openblt_xcp.h"
#include "simulators/stm32/flash.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define APP_BASE 0x08008000u
#define FLASH_US 700

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct machine machine;
	struct flash flash;
	struct openblt_xcp xcp;
	uint64_t busy_until_us;
	unsigned int answers;
	bool was_reset;
};

static struct fuzz *fuzz_of(const struct machine *machine)
{
	return CONTAINER_OF(machine, struct fuzz, machine);
}

static int read_flash(struct machine *machine, uint32_t addr, uint8_t *ret_data, size_t size)
{
	if (!chip_range_holds(&machine->chip->flash.range, addr, size))
		return -EFAULT;
	flash_read(&fuzz_of(machine)->flash, addr, ret_data, size);
	return 0;
}

static void begin(struct fuzz *fuzz, uint32_t addr)
{
	assert(addr >= APP_BASE);
	assert(fuzz->busy_until_us <= fuzz->machine.now_us);
	fuzz->busy_until_us = fuzz->machine.now_us + FLASH_US;
}

static int start_erase(struct machine *machine, uint32_t addr)
{
	struct chip_sector sector;

	if (!chip_sector_at(&machine->chip->flash, addr, &sector))
		return -EFAULT;
	begin(fuzz_of(machine), sector.addr);
	flash_erase(&fuzz_of(machine)->flash, sector.index);
	return 0;
}

static int start_program(struct machine *machine, uint32_t addr, const uint8_t *data, size_t size)
{
	struct fuzz *fuzz = fuzz_of(machine);

	assert(chip_range_holds(&machine->chip->flash.range, addr, size));
	begin(fuzz, addr);
	if (flash_reserve(&fuzz->flash, addr, data, size) < 0)
		return -ENOMEM;
	flash_program(&fuzz->flash, addr, data, size, 0);
	return 0;
}

static uint64_t busy_until_us(const struct machine *machine)
{
	return fuzz_of(machine)->busy_until_us;
}

static void system_reset(struct machine *machine, enum reset_cause cause)
{
	assert(cause == RESET_SOFTWARE && !fuzz_of(machine)->was_reset);
	fuzz_of(machine)->was_reset = true;
}

static void tell(
	struct machine *machine, enum program_fact_kind kind, uint32_t size, const char *text)
{
	(void)machine;
	assert(size && size <= 1 + XCP_PACKET_MAX && *text && strlen(text) < 96);
	assert(kind == PROGRAM_FACT_COMMAND || kind == PROGRAM_FACT_REPLY);
}

static const struct machine_ops machine_ops = {
	.read = read_flash,
	.start_erase = start_erase,
	.start_program = start_program,
	.busy_until_us = busy_until_us,
	.system_reset = system_reset,
	.tell = tell,
};

static void answer(void *owner, const uint8_t *data, size_t size)
{
	struct fuzz *fuzz = owner;

	assert(size >= 2 && data[0] == size - 1 && data[0] <= XCP_PACKET_MAX);
	assert(!fuzz->was_reset);
	fuzz->answers++;
}

/* All that is due up to then. */
static void run_until(struct fuzz *fuzz, uint64_t end_us)
{
	for (;;) {
		uint64_t deadline = openblt_xcp_deadline_us(&fuzz->xcp);

		if (fuzz->was_reset || deadline > end_us)
			break;
		if (deadline > fuzz->machine.now_us)
			fuzz->machine.now_us = deadline;
		openblt_xcp_tick(&fuzz->xcp, fuzz->machine.now_us);
	}
	fuzz->machine.now_us = end_us;
}

static void step(struct fuzz *fuzz, struct reader *in)
{
	uint64_t pause_us = reader_u8(in) * UINT64_C(1000);
	size_t size = reader_u8(in);
	const uint8_t *data;

	if (size > reader_left(in))
		size = reader_left(in);
	data = reader_take(in, size);
	run_until(fuzz, fuzz->machine.now_us + pause_us);
	if (!fuzz->was_reset && data)
		openblt_xcp_receive(&fuzz->xcp, fuzz->machine.now_us, data, size);
	assert(fuzz->xcp.in.size <= 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {.machine = {.ops = &machine_ops, .chip = chip_find("stm32f407xg")}};
	struct reader in = reader_of(data, size);
	uint8_t byte;

	fuzz.machine.flash = &fuzz.machine.chip->flash;
	if (flash_init(&fuzz.flash, &fuzz.machine.chip->flash) < 0)
		return 0;
	openblt_xcp_init(&fuzz.xcp, &(struct openblt_xcp_config){.machine = &fuzz.machine,
					    .app_base = APP_BASE,
					    .probes = size & 1,
					    .version = "1.0",
					    .board = "toy.board",
					    .send = answer,
					    .owner = &fuzz});
	while (reader_left(&in) && !in.failed && !fuzz.was_reset)
		step(&fuzz, &in);
	run_until(&fuzz, fuzz.machine.now_us + 1000000);
	flash_read(&fuzz.flash, APP_BASE - 1, &byte, 1);
	assert(byte == 0xff && fuzz.answers <= size);
	openblt_xcp_done(&fuzz.xcp);
	flash_done(&fuzz.flash);
	return 0;
}
