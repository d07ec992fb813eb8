/* SPDX-License-Identifier: MIT */
/*
 * OpenBLT as rusEFI builds it: a program for the simulated board.
 *
 * After each reset it decides from RAM, the cause of the reset and the flash's content whether it starts the
 * application or stays; while it stays it is a CDC port (the ECU's identity, without mass storage) that speaks XCP
 * (openblt_xcp.h). Sources: rusEFI's bootloader_main.cpp, openblt_usb.cpp, openblt_flash.cpp and rusEfiStartup.S.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "harness/base/wire.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/openblt_xcp.h"
#include "simulators/ecu/shared_params.h"
#include "simulators/firmware/firmware.h"

#define DFU_MAGIC_ADDR 0x2001fff0u /* [rusEFI stm32_common.cpp, jump_to_bootloader] */
#define DFU_MAGIC      0xdeadbeefu

#define WATCHDOG_RESETS_MAX                                                                        \
	10 /* more than so many in a row: it stays [rusEFI bootloader_main.cpp] */
#define SOFTWARE_RESETS_MAX 15

#define APPLICATION_MAX 0x100000u /* bytes; more are no size [rusEFI openblt_flash.cpp] */

#define DISCONNECT_US                                                                              \
	250000 /* [FOME usbconsole.cpp; rusEFI's is the same]: off the bus for so long at first */
#define DISCONNECT_FAST_US 1000

struct openblt {
	struct program program;
	struct machine *machine;
	struct firmware firmware;
	struct cdc_acm cdc;
	struct openblt_xcp xcp;
	char board[FIRMWARE_TEXT];
	uint64_t connect_at_us; /* CLOCK_NEVER: it is connected */
	uint64_t start_at_us;   /* then the application is started; CLOCK_NEVER: it stays */
};

static struct openblt *openblt_of(struct program *program)
{
	return CONTAINER_OF(program, struct openblt, program);
}

static int read_memory(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct machine *machine = user;

	return machine->ops->read(machine, addr, ret_data, size);
}

/* Looks for the word, and overwrites it whatever it is. With what: guessed. */
static bool take_dfu_magic(struct machine *machine)
{
	uint8_t word[4] = {0}, none[4] = {0};
	struct reader in = reader_of(word, sizeof(word));

	if (machine->ops->read(machine, DFU_MAGIC_ADDR, word, sizeof(word)) < 0)
		return false;
	return machine->ops->write_ram(machine, DFU_MAGIC_ADDR, none, sizeof(none)) >= 0 &&
	       reader_le32(&in) == DFU_MAGIC;
}

static uint8_t one_more(uint8_t count)
{
	return count < UINT8_MAX ? (uint8_t)(count + 1) : count;
}

/* Counts this reset. NULL, or why it looks like a loop. Errors of RAM: nothing is counted, as in a chip without it. */
static const char *count_resets(struct machine *machine)
{
	uint8_t watchdog = shared_params_get(machine, SHARED_PARAM_WATCHDOG_RESETS);
	uint8_t software = shared_params_get(machine, SHARED_PARAM_SOFTWARE_RESETS);

	if (machine->cause == RESET_WATCHDOG)
		watchdog = one_more(watchdog);
	else if (machine->cause == RESET_SOFTWARE)
		software = one_more(software);
	else
		watchdog = software = 0;
	if (shared_params_set(machine, SHARED_PARAM_WATCHDOG_RESETS, watchdog) < 0 ||
		shared_params_set(machine, SHARED_PARAM_SOFTWARE_RESETS, software) < 0)
		return NULL;
	if (watchdog > WATCHDOG_RESETS_MAX)
		return "the watchdog has bitten too often";
	return software > SOFTWARE_RESETS_MAX ? "too many software resets in a row" : NULL;
}

static bool take_stay_request(struct machine *machine)
{
	return shared_params_get(machine, SHARED_PARAM_STAY) == 1 &&
	       shared_params_set(machine, SHARED_PARAM_STAY, 0) >= 0;
}

/* Over [addr, end). 0 or -EFAULT. */
static int add_crc(struct machine *machine, uint32_t addr, uint32_t end, uint32_t *crc)
{
	uint8_t data[4096];

	while (addr < end) {
		uint32_t part = end - addr < sizeof(data) ? end - addr : (uint32_t)sizeof(data);
		int err = machine->ops->read(machine, addr, data, part);

		if (err < 0)
			return err;
		*crc = (uint32_t)crc32_z(*crc, data, part);
		addr += part;
	}
	return 0;
}

/* The application's CRC and size lie in its vector table, where the CPU has no use for them; NULL = it may be
 * started. Source: rusEFI's openblt_flash.cpp, FlashVerifyChecksum. */
static const char *why_no_application(struct machine *machine, uint32_t base)
{
	uint8_t start[FIRMWARE_SIZE_OFFSET + 4] = {0};
	struct reader in = reader_of(start, sizeof(start));
	uint32_t crc = 0, stored, size;

	if (machine->ops->read(machine, base, start, sizeof(start)) < 0 ||
		reader_le32(&in) == UINT32_MAX)
		return "there is no application";
	in.pos = FIRMWARE_CRC_OFFSET;
	stored = reader_le32(&in);
	size = reader_le32(&in);
	if (size < sizeof(start) || size > APPLICATION_MAX)
		return "the application's size makes no sense";
	if (add_crc(machine, base, base + FIRMWARE_CRC_OFFSET, &crc) < 0 ||
		add_crc(machine, base + FIRMWARE_SIZE_OFFSET, base + size, &crc) < 0 ||
		crc != stored)
		return "the application's checksum is wrong";
	return NULL;
}

/* Why it does not start the application; NULL = nothing speaks against it. */
static const char *why_stay(struct machine *machine, const struct firmware *openblt)
{
	const char *loop = NULL;
	int err = shared_params_init(machine);

	if (err >= 0)
		loop = count_resets(machine);
	if (err >= 0 && take_stay_request(machine))
		return "it was asked to";
	return loop ? loop : why_no_application(machine, openblt->app_base);
}

static void send(void *owner, const uint8_t *data, size_t size)
{
	struct openblt *self = owner;

	/* Guessed: on a chip the loader waits, and loses the answer with the next bus reset. */
	if (cdc_acm_send(&self->cdc, data, size, 0) < 0)
		self->machine->ops->tell(self->machine, PROGRAM_FACT_NOTE, 0,
			"an answer is lost: the host does not read");
}

static void received(struct cdc_acm *cdc, const uint8_t *data, size_t size)
{
	struct openblt *self = cdc->owner;

	openblt_xcp_receive(&self->xcp, cdc->device.now_us, data, size);
	/* A host came in time: it stays, even when its session has ended. */
	if (self->xcp.was_connected)
		self->start_at_us = CLOCK_NEVER;
}

static void bus_reset(struct cdc_acm *cdc)
{
	struct openblt *self = cdc->owner;

	openblt_xcp_drop(&self->xcp);
}

static const struct cdc_acm_ops cdc_ops = {.received = received, .bus_reset = bus_reset};

static void leave_to(struct machine *machine, const char *what, uint32_t addr)
{
	char text[64];

	snprintf(text, sizeof(text), "OpenBLT starts the %s at 0x%08x", what, (unsigned int)addr);
	machine->ops->tell(machine, PROGRAM_FACT_NOTE, 0, text);
	machine->ops->jump(machine, addr);
}

static void start_application(struct openblt *self)
{
	struct machine *machine = self->machine;

	self->start_at_us = CLOCK_NEVER;
	machine->ops->set_connected(machine, false);
	leave_to(machine, "application", self->firmware.app_base);
}

static void openblt_tick(struct program *program)
{
	struct openblt *self = openblt_of(program);
	struct machine *machine = self->machine;

	if (self->connect_at_us <= machine->now_us) {
		self->connect_at_us = CLOCK_NEVER;
		machine->ops->set_connected(machine, true);
	}
	openblt_xcp_tick(&self->xcp, machine->now_us);
	if (self->start_at_us <= machine->now_us)
		start_application(self);
}

static uint64_t openblt_deadline_us(const struct program *program)
{
	const struct openblt *self = openblt_of((struct program *)program);
	uint64_t deadline = openblt_xcp_deadline_us(&self->xcp);

	if (self->connect_at_us < deadline)
		deadline = self->connect_at_us;
	if (self->start_at_us < deadline)
		deadline = self->start_at_us;
	return deadline;
}

static void openblt_free(struct program *program)
{
	struct openblt *self = openblt_of(program);

	openblt_xcp_done(&self->xcp);
	cdc_acm_done(&self->cdc);
	free(self);
}

static const struct program_ops openblt_ops = {
	.name = "openblt",
	.tick = openblt_tick,
	.deadline_us = openblt_deadline_us,
	.free = openblt_free,
};

static struct openblt *openblt_new(struct machine *machine, const struct firmware *firmware)
{
	struct openblt *self = calloc(1, sizeof(*self));
	struct openblt_xcp_config xcp;

	if (!self)
		return NULL;
	self->program = (struct program){
		.ops = &openblt_ops, .device = &self->cdc.device, .mode = BOARD_OPENBLT};
	self->machine = machine;
	self->firmware = *firmware;
	/* Guessed: the names that a build has; only their form is known ("brand.board"). */
	snprintf(self->board, sizeof(self->board), "rusefi.%s", firmware->chip);
	cdc_acm_init(&self->cdc,
		&(struct cdc_acm_config){.ops = &cdc_ops, .owner = self, .uid = machine->uid});
	xcp = (struct openblt_xcp_config){
		.machine = machine,
		.app_base = firmware->app_base,
		.probes = firmware->probes,
		.version = self->firmware.signature,
		.board = self->board,
		.send = send,
		.owner = self,
	};
	openblt_xcp_init(&self->xcp, &xcp);
	self->connect_at_us =
		machine->now_us + (machine->fast ? DISCONNECT_FAST_US : DISCONNECT_US);
	self->start_at_us = CLOCK_NEVER;
	return self;
}

/* USB is up while it stays, and while it waits for a host [rusEFI openblt_usb.cpp, Rs232Init]. */
static int stay(struct machine *machine, const struct firmware *firmware, const char *reason,
	struct program **ret)
{
	struct openblt *self = openblt_new(machine, firmware);
	char text[64 + FIRMWARE_TEXT];

	if (!self)
		return -ENOMEM;
	if (!reason)
		self->start_at_us = machine->now_us + UINT64_C(1000) * firmware->backdoor_ms;
	snprintf(text, sizeof(text), "OpenBLT %s", firmware->signature);
	machine->ops->tell(machine, PROGRAM_FACT_START, 0, text);
	snprintf(text, sizeof(text), "OpenBLT %s: %s", reason ? "stays" : "waits for a host",
		reason ? reason : "it starts the application otherwise");
	machine->ops->tell(machine, PROGRAM_FACT_NOTE, 0, text);
	*ret = &self->program;
	return 0;
}

static int load(struct machine *machine, uint32_t addr, struct program **ret)
{
	struct firmware firmware;
	const char *reason;
	bool asked_for_dfu;
	int err = firmware_identify(machine->chip, addr, read_memory, machine, &firmware);

	if (err < 0 && err != -ENODATA)
		return err;
	if (firmware.kind != FIRMWARE_OPENBLT)
		return -ENOEXEC;
	if (err < 0 || !firmware_is_for(&firmware, machine->chip))
		return -ENODATA; /* damaged, or for another chip: it hangs */
	/* An older one does not look, but its start-up code leaves nothing of the word, so that the application does
	 * not find it either [rusEFI issue 4230: it only reboots]. */
	asked_for_dfu = take_dfu_magic(machine);
	if (asked_for_dfu && firmware.dfu_check) {
		leave_to(machine, "ROM bootloader", machine->chip->identity.system.addr);
		return 0;
	}
	reason = why_stay(machine, &firmware);
	if (reason || firmware.backdoor_ms)
		return stay(machine, &firmware, reason, ret);
	leave_to(machine, "application", firmware.app_base);
	return 0;
}

const struct program_loader openblt_loader = {.name = "openblt", .load = load};
