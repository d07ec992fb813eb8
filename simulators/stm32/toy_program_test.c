/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/toy_program_test.h"

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0xdeadbeefu

struct toy {
	struct program program;
	struct vusb_device device;
	struct machine *machine;
	uint64_t connect_at_us;
};

static const struct vusb_config_desc config_desc = {.value = 1, .attributes = 0x80};
static const struct vusb_device_desc device_desc = {
	.speed = USB_SPEED_FULL,
	.bcd_usb = 0x0200,
	.max_packet0 = 64,
	.vid = 0x1209,
	.pid = 0x0001,
	.configs = &config_desc,
	.config_count = 1,
};

static uint32_t kib(uint16_t value)
{
	return 0x08000000u + value * 1024u;
}

static void write_magic(struct machine *machine, uint32_t word)
{
	uint8_t bytes[4];
	struct writer out = writer_of(bytes, sizeof(bytes));

	writer_le32(&out, word);
	machine->ops->write_ram(machine, TOY_MAGIC_ADDR, bytes, sizeof(bytes));
}

static bool take_magic(struct machine *machine)
{
	uint8_t bytes[4] = {0};
	struct reader in = reader_of(bytes, sizeof(bytes));

	if (machine->ops->read(machine, TOY_MAGIC_ADDR, bytes, sizeof(bytes)) < 0)
		return false;
	write_magic(machine, 0);
	return reader_le32(&in) == MAGIC;
}

static enum vusb_result result_of(int r)
{
	return r < 0 ? VUSB_STALL : VUSB_ACK;
}

static void disconnect(struct toy *toy, uint16_t ms)
{
	toy->machine->ops->set_connected(toy->machine, false);
	toy->connect_at_us = ms ? toy->machine->now_us + ms * UINT64_C(1000) : CLOCK_NEVER;
}

static enum vusb_result toy_control(struct vusb_device *device, const struct usb_setup *setup,
	uint8_t *data UNUSED, size_t *size UNUSED)
{
	struct toy *toy = CONTAINER_OF(device, struct toy, device);
	struct machine *machine = toy->machine;
	const struct machine_ops *ops = machine->ops;

	switch ((enum toy_request)setup->bRequest) {
	case TOY_ENTER_DFU:
		write_magic(machine, MAGIC);
		ops->system_reset(machine, RESET_SOFTWARE);
		return VUSB_ACK;
	case TOY_RESET:
		ops->system_reset(machine, (enum reset_cause)setup->wValue);
		return VUSB_ACK;
	case TOY_RESET_TWICE:
		ops->system_reset(machine, RESET_SOFTWARE);
		ops->jump(machine, TOY_APP);
		return VUSB_ACK;
	case TOY_JUMP:
		ops->jump(machine, TOY_APP);
		return VUSB_ACK;
	case TOY_ERASE:
		return result_of(ops->start_erase(machine, kib(setup->wValue)));
	case TOY_PROGRAM:
		return result_of(ops->start_program(
			machine, kib(setup->wValue), (const uint8_t *)"data", 4));
	case TOY_DISCONNECT:
		disconnect(toy, setup->wValue);
		return VUSB_ACK;
	case TOY_TELL_CAUSE:
		ops->tell(machine, PROGRAM_FACT_NOTE, 0, reset_cause_text(machine->cause));
		return VUSB_ACK;
	}
	return VUSB_STALL;
}

static const struct vusb_device_ops device_ops = {.name = "toy", .control = toy_control};

static struct toy *toy_of(struct program *program)
{
	return CONTAINER_OF(program, struct toy, program);
}

static void toy_tick(struct program *program)
{
	struct toy *toy = toy_of(program);

	toy->connect_at_us = CLOCK_NEVER;
	toy->machine->ops->set_connected(toy->machine, true);
}

static uint64_t toy_deadline_us(const struct program *program)
{
	return toy_of((struct program *)program)->connect_at_us;
}

static void toy_free(struct program *program)
{
	free(toy_of(program));
}

static const struct program_ops program_ops = {
	.name = "toy", .tick = toy_tick, .deadline_us = toy_deadline_us, .free = toy_free};

static int toy_new(struct machine *machine, enum board_mode mode, struct program **ret)
{
	struct toy *toy = calloc(1, sizeof(*toy));

	if (!toy)
		return -ENOMEM;
	*toy = (struct toy){
		.program = {.ops = &program_ops, .device = &toy->device, .mode = mode},
		.machine = machine,
		.connect_at_us = machine->now_us + TOY_CONNECT_US,
	};
	vusb_device_init(&toy->device, &device_ops, &device_desc, (struct vusb_strings){0});
	machine->ops->tell(machine, PROGRAM_FACT_START, 0, "toy");
	*ret = &toy->program;
	return 0;
}

static int toy_load(struct machine *machine, uint32_t addr, struct program **ret)
{
	uint8_t mark[4];

	if (machine->ops->read(machine, addr + TOY_MARK, mark, sizeof(mark)) < 0 ||
		memcmp(mark, "TOY", 3) != 0)
		return -ENOEXEC;
	switch ((enum toy_kind)mark[3]) {
	case TOY_DAMAGED:
		return -ENODATA;
	case TOY_LOOP:
		machine->ops->system_reset(machine, RESET_WATCHDOG);
		return 0;
	case TOY_LOADER:
		machine->ops->jump(machine, TOY_APP);
		return 0;
	case TOY_MAGIC:
		if (take_magic(machine)) {
			machine->ops->jump(machine, machine->chip->identity.system.addr);
			return 0;
		}
		return toy_new(machine, BOARD_ECU, ret);
	case TOY_BLT:
		return toy_new(machine, BOARD_OPENBLT, ret);
	case TOY_PLAIN:
		break;
	}
	return toy_new(machine, BOARD_ECU, ret);
}

/* One that knows nothing comes first: the board must go on to the next. */
static int ignorant_load(
	struct machine *machine UNUSED, uint32_t addr UNUSED, struct program **ret UNUSED)
{
	return -ENOEXEC;
}

static const struct program_loader ignorant = {.name = "ignorant", .load = ignorant_load};
static const struct program_loader toy = {.name = "toy", .load = toy_load};

const struct program_loader *const toy_loaders[] = {&ignorant, &toy, NULL};

void toy_image(uint8_t *image, uint32_t addr, enum toy_kind kind)
{
	struct writer out = writer_of(image, TOY_IMAGE_SIZE);

	writer_le32(&out, 0x20020000);
	writer_le32(&out, (addr + 8) | 1);
	writer_fill(&out, 0, TOY_MARK - out.pos);
	writer_bytes(&out, "TOY", 3);
	writer_u8(&out, (uint8_t)kind);
	writer_fill(&out, 0, TOY_IMAGE_SIZE - out.pos);
}
