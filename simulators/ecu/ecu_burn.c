/* SPDX-License-Identifier: MIT */
/*
 * Burning: both copies are erased and programmed, one after the other, the first one first. Meanwhile the CPU stands still,
 * as it runs from the same flash, and the USB device NAKs.
 * Source: rusEFI's flash_main.cpp (order of the copies). There the answer goes out first and the flash is written soon after;
 * here it is sent when the tune is safe, so that a host never sees less than what it was promised.
 */
#include "simulators/ecu/ecu_program.h"

#include "simulators/ecu/tune.h"

#include <errno.h>
#include <stdio.h>

#define COPIES 2

static uint32_t copy_addr(const struct ecu *ecu)
{
	return ecu->firmware.settings_addr[ecu->burn.copy];
}

static int erase(struct ecu *ecu)
{
	struct ecu_burn *burn = &ecu->burn;
	struct chip_sector sector;
	int r;

	if (!chip_sector_at(ecu->machine->flash, burn->erase_at, &sector))
		return -EFAULT;
	r = ecu->machine->ops->start_erase(ecu->machine, burn->erase_at);
	burn->erase_at = sector.addr + sector.size;
	if (burn->erase_at >= copy_addr(ecu) + burn->container.size)
		burn->erase_at = 0;
	return r;
}

static void next_copy(struct ecu_burn *burn, const struct firmware *firmware)
{
	burn->copy++;
	if (burn->copy < COPIES)
		burn->erase_at = firmware->settings_addr[burn->copy];
}

static int program(struct ecu *ecu)
{
	struct ecu_burn *burn = &ecu->burn;
	uint32_t addr = copy_addr(ecu);

	next_copy(burn, &ecu->firmware);
	return ecu->machine->ops->start_program(
		ecu->machine, addr, burn->container.data, burn->container.size);
}

static void finish(struct ecu *ecu)
{
	struct ecu_burn *burn = &ecu->burn;

	burn->busy = false;
	buf_done(&burn->container);
	text_log_printf(&ecu->log, burn->failed ? "burning failed" : "FLASH_SUCCESS");
	ecu_tell(ecu, PROGRAM_FACT_TUNE, ecu->firmware.settings_size,
		burn->failed ? "burning failed" : "burned");
	ecu_reply(ecu, burn->match, burn->code, NULL, 0);
	ts_server_resume(&ecu->ts, ecu->now_us);
}

/* Goes on until the flash is busy, or there is nothing left. */
static void go_on(struct ecu *ecu)
{
	struct ecu_burn *burn = &ecu->burn;
	uint64_t until_us;

	while (burn->copy < COPIES) {
		int r;

		if (!copy_addr(ecu)) {
			next_copy(burn, &ecu->firmware);
			continue;
		}
		r = burn->erase_at ? erase(ecu) : program(ecu);
		if (r < 0) {
			burn->failed = true;
			break;
		}
		until_us = ecu->machine->ops->busy_until_us(ecu->machine);
		if (until_us > ecu->now_us) {
			ecu->cdc.device.nak_until_us = until_us;
			return;
		}
	}
	finish(ecu);
}

void ecu_burn_start(struct ecu *ecu, enum ts_code code, const char *match)
{
	struct ecu_burn *burn = &ecu->burn;

	*burn = (struct ecu_burn){
		.busy = true, .code = code, .erase_at = ecu->firmware.settings_addr[0]};
	snprintf(burn->match, sizeof(burn->match), "%s", match);
	buf_init(&burn->container, tune_container_size(&ecu->firmware));
	ts_server_stop(&ecu->ts);
	text_log_printf(&ecu->log, "burning");
	if (tune_container_append(&burn->container, &ecu->firmware, ecu->tune) < 0) {
		burn->failed = true;
		burn->copy = COPIES;
	}
	go_on(ecu);
}

void ecu_burn_done(struct ecu_burn *burn)
{
	if (burn->busy)
		buf_done(&burn->container);
}

uint64_t ecu_burn_deadline_us(const struct ecu *ecu)
{
	return ecu->burn.busy ? ecu->machine->ops->busy_until_us(ecu->machine) : CLOCK_NEVER;
}

void ecu_burn_tick(struct ecu *ecu)
{
	if (ecu->burn.busy && ecu_burn_deadline_us(ecu) <= ecu->now_us)
		go_on(ecu);
}
