/* SPDX-License-Identifier: MIT */
/*
 * The rusEFI program: from the reset handler to the port on USB.
 * Source: rusEFI's rusEfiStartup.S (the magic word), usbconsole.cpp (off the bus for 250 ms at start-up).
 */
#include "simulators/ecu/ecu_program.h"

#include "harness/base/wire.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/shared_params.h"
#include "simulators/ecu/tune.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOT_US       60000u   /* clocks, pins, settings (guessed) */
#define DISCONNECT_US 250000u  /* [rusEFI usbconsole.cpp] */
#define FAST_US       1000u    /* of both each, when nobody has to see it */
#define HEALTHY_US    4000000u /* then OpenBLT's counters are cleared (guessed, between 3 and 5 s) */

#define SCRATCH_MORE                                                                               \
	30u /* bytes of rusEFI's buffer beyond the blocking factor, the CRC among them */
#define CRC_SIZE 4u

static struct ecu *ecu_of(const struct program *program)
{
	return CONTAINER_OF((struct program *)program, struct ecu, program);
}

void ecu_reset(struct ecu *ecu)
{
	ecu->gone = true;
	ts_server_stop(&ecu->ts);
	ecu->machine->ops->system_reset(ecu->machine, RESET_SOFTWARE);
}

static void received(struct cdc_acm *cdc, const uint8_t *data, size_t size)
{
	struct ecu *ecu = cdc->owner;

	if (ecu->gone)
		return;
	ecu->now_us = cdc->device.now_us;
	ts_server_feed(&ecu->ts, data, size, ecu->now_us);
}

static void bus_reset(struct cdc_acm *cdc)
{
	struct ecu *ecu = cdc->owner;

	msc_reset(&ecu->drive.msc);
	if (!ecu->gone && !ecu->burn.busy)
		ts_server_reset(&ecu->ts);
}

static enum vusb_result drive_data(
	struct cdc_acm *cdc, uint8_t endpoint, uint8_t *data, size_t *size)
{
	struct ecu *ecu = cdc->owner;

	return msc_data(&ecu->drive.msc, endpoint, data, size);
}

static enum vusb_result drive_control(
	struct cdc_acm *cdc, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct ecu *ecu = cdc->owner;

	return msc_control(&ecu->drive.msc, setup, data, size);
}

static const struct cdc_acm_ops cdc_ops = {
	.received = received,
	.bus_reset = bus_reset,
	.msc_data = drive_data,
	.msc_control = drive_control,
};

/* Without a valid block there is no OpenBLT that counts, and nothing to clear. */
static void become_healthy(struct ecu *ecu)
{
	ecu->healthy_at_us = CLOCK_NEVER;
	(void)!shared_params_set(ecu->machine, SHARED_PARAM_WATCHDOG_RESETS, 0);
	(void)!shared_params_set(ecu->machine, SHARED_PARAM_SOFTWARE_RESETS, 0);
}

static void tick(struct program *program)
{
	struct ecu *ecu = ecu_of(program);
	uint64_t now_us = ecu->now_us = ecu->machine->now_us;

	if (ecu->gone)
		return;
	if (ecu->connect_at_us <= now_us) {
		ecu->connect_at_us = CLOCK_NEVER;
		ecu->machine->ops->set_connected(ecu->machine, true);
	}
	if (ecu->healthy_at_us <= now_us)
		become_healthy(ecu);
	ecu_burn_tick(ecu);
	ts_server_tick(&ecu->ts, now_us);
	if (ecu->reboot_at_us <= now_us && !ecu->gone) {
		ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "resets itself, as it said");
		ecu_reset(ecu);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline_us(const struct program *program)
{
	const struct ecu *ecu = ecu_of(program);
	uint64_t at_us = earlier(ecu->connect_at_us, ecu->healthy_at_us);

	if (ecu->gone)
		return CLOCK_NEVER;
	at_us = earlier(at_us, ecu->reboot_at_us);
	at_us = earlier(at_us, ts_server_deadline_us(&ecu->ts));
	return earlier(at_us, ecu_burn_deadline_us(ecu));
}

static void free_program(struct program *program)
{
	struct ecu *ecu = ecu_of(program);

	ecu_burn_done(&ecu->burn);
	text_log_done(&ecu->log);
	ts_server_done(&ecu->ts);
	msc_ini_drive_done(&ecu->drive);
	cdc_acm_done(&ecu->cdc);
	free(ecu->tune);
	free(ecu);
}

static const struct program_ops program_ops = {
	.name = "rusEFI",
	.tick = tick,
	.deadline_us = deadline_us,
	.free = free_program,
};

static int read_machine(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct machine *machine = user;

	return machine->ops->read(machine, addr, ret_data, size);
}

/* The reset handler: the word is used up by looking at it. True: it asks for the ROM bootloader. */
static bool take_magic(struct machine *machine)
{
	static const uint8_t none[4];
	uint8_t word[4] = {0};
	struct reader in = reader_of(word, sizeof(word));

	if (machine->ops->read(machine, ECU_MAGIC_ADDR, word, sizeof(word)) < 0)
		return false;
	if (machine->ops->write_ram(machine, ECU_MAGIC_ADDR, none, sizeof(none)) < 0)
		return false;
	return reader_le32(&in) == ECU_MAGIC;
}

static void init_times(struct ecu *ecu)
{
	const struct machine *machine = ecu->machine;
	uint64_t pause_us = machine->fast ? 2 * FAST_US : BOOT_US + DISCONNECT_US;

	ecu->now_us = ecu->start_us = machine->now_us;
	ecu->connect_at_us = ecu->now_us + pause_us;
	ecu->healthy_at_us = ecu->now_us + HEALTHY_US;
	ecu->reboot_at_us = CLOCK_NEVER;
}

static void init_parts(struct ecu *ecu)
{
	const struct cdc_acm_config cdc = {
		.ops = &cdc_ops,
		.owner = ecu,
		.uid = ecu->machine->uid,
		.mass_storage = ecu->firmware.mass_storage,
	};

	cdc_acm_init(&ecu->cdc, &cdc);
	ts_server_init(&ecu->ts, &ecu_ts_ops, ecu,
		ecu->firmware.blocking_factor + SCRATCH_MORE - CRC_SIZE);
	ecu->ts.older = !ecu->firmware.paged;
	text_log_init(&ecu->log);
	ecu->program = (struct program){
		.ops = &program_ops, .device = &ecu->cdc.device, .mode = BOARD_ECU};
}

/* It goes on, but no engine would [rusEFI mpu_util.cpp of the F7; the text: issue 2679]. */
static void check_banks(struct ecu *ecu)
{
	const struct chip *chip = ecu->machine->chip;
	uint8_t options = 0;

	if (!firmware_wants_two_banks(chip) ||
		ecu->machine->ops->read(ecu->machine,
			chip->options.range.addr + chip->options.dual_offset, &options, 1) < 0 ||
		!(options & chip->options.dual_bit))
		return;
	snprintf(ecu->error, sizeof(ecu->error), "%s",
		"1MB single bank MCU detected: please clear nDBANK option bit and reinstall FW.");
	text_log_printf(&ecu->log, "CRITICAL error: %s", ecu->error);
	ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "critical error: %s", ecu->error);
}

/* Says what runs, and with which settings. */
static int start(struct ecu *ecu)
{
	int state = tune_load(&ecu->firmware, read_machine, ecu->machine, ecu->tune);

	if (state < 0)
		return state;
	ecu_tell(ecu, PROGRAM_FACT_START, ecu->firmware.size, "%s", ecu->firmware.signature);
	ecu_tell(ecu, PROGRAM_FACT_TUNE, ecu->firmware.settings_size, "%s",
		tune_state_text((enum tune_state)state));
	text_log_printf(&ecu->log, "%s", ecu->firmware.signature);
	text_log_printf(&ecu->log, "settings: %s", tune_state_text((enum tune_state)state));
	check_banks(ecu);
	return 0;
}

static int ecu_new(struct machine *machine, const struct firmware *firmware, struct program **ret)
{
	struct ecu *ecu = calloc(1, sizeof(*ecu));
	int r;

	if (!ecu)
		return -ENOMEM;
	ecu->machine = machine;
	ecu->firmware = *firmware;
	init_times(ecu);
	init_parts(ecu);
	ecu->tune = malloc(firmware->settings_size);
	r = ecu->tune ? msc_ini_drive_init(&ecu->drive, &ecu->cdc.device, firmware) : -ENOMEM;
	if (r >= 0)
		r = start(ecu);
	if (r < 0)
		free_program(&ecu->program);
	else
		*ret = &ecu->program;
	return r;
}

static bool is_for(const struct firmware *firmware, const struct chip *chip)
{
	return chip_find(firmware->chip) == chip;
}

static int load(struct machine *machine, uint32_t addr, struct program **ret)
{
	struct firmware firmware;
	int r = firmware_identify(machine->chip, addr, read_machine, machine, &firmware);

	if (r == -ENOEXEC || (r == 0 && firmware.kind != FIRMWARE_ECU))
		return -ENOEXEC;
	if (r < 0 && (r != -ENODATA || firmware.kind != FIRMWARE_ECU))
		return r == -ENODATA ? -ENOEXEC : r;
	if (!is_for(&firmware, machine->chip)) {
		machine->ops->tell(machine, PROGRAM_FACT_NOTE, 0,
			"the firmware is for another chip: it hangs");
		return -ENODATA;
	}
	if (take_magic(machine)) {
		machine->ops->jump(machine, machine->chip->identity.system.addr);
		return 0;
	}
	return r < 0 ? r : ecu_new(machine, &firmware, ret);
}

const struct program_loader ecu_loader = {.name = "rusEFI", .load = load};
