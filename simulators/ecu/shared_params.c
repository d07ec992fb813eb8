/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/shared_params.h"

#include <errno.h>
#include <stddef.h>

#include "harness/base/wire.h"

#define BLOCK_SIZE      16
#define DATA_OFFSET     4
#define CHECKSUM_OFFSET 14
#define BLOCK_ID        0xcafebabeu

static uint16_t checksum(const uint8_t *block)
{
	uint16_t sum = 0;

	for (size_t i = 0; i < CHECKSUM_OFFSET; i++)
		sum = (uint16_t)(sum + block[i]);
	return (uint16_t)-sum;
}

/* 0, -ENODATA (not valid), -EFAULT. */
static int load(struct machine *machine, uint8_t *ret_block)
{
	struct reader in = reader_of(ret_block, BLOCK_SIZE);
	int err = machine->ops->read(machine, machine->chip->ram.range.addr, ret_block, BLOCK_SIZE);

	if (err < 0)
		return err;
	if (reader_le32(&in) != BLOCK_ID)
		return -ENODATA;
	in.pos = CHECKSUM_OFFSET;
	return reader_le16(&in) == checksum(ret_block) ? 0 : -ENODATA;
}

static int store(struct machine *machine, uint8_t *block)
{
	struct writer out = writer_of(block, BLOCK_SIZE);

	out.pos = CHECKSUM_OFFSET;
	writer_le16(&out, checksum(block));
	return machine->ops->write_ram(machine, machine->chip->ram.range.addr, block, BLOCK_SIZE);
}

int shared_params_init(struct machine *machine)
{
	uint8_t block[BLOCK_SIZE];
	struct writer out = writer_of(block, sizeof(block));
	int err = load(machine, block);

	if (err != -ENODATA)
		return err;
	writer_le32(&out, BLOCK_ID);
	writer_fill(&out, 0, sizeof(block) - DATA_OFFSET);
	return store(machine, block);
}

uint8_t shared_params_get(struct machine *machine, enum shared_param param)
{
	uint8_t block[BLOCK_SIZE];

	return load(machine, block) < 0 ? 0 : block[DATA_OFFSET + param];
}

int shared_params_set(struct machine *machine, enum shared_param param, uint8_t value)
{
	uint8_t block[BLOCK_SIZE];
	int err = load(machine, block);

	if (err < 0)
		return err;
	block[DATA_OFFSET + param] = value;
	return store(machine, block);
}
