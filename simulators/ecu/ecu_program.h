/* SPDX-License-Identifier: MIT */
/*
 * The rusEFI program, inside: what its parts share. Nobody else includes it; see ecu.h.
 *
 * ecu_program.c: reset handler, start-up, time. ecu_commands.c: TunerStudio requests. ecu_execute.c: texts of 'E' and
 * commands of 'Z'. ecu_burn.c: the tune goes to flash. ecu_reply.c: answers, and what may go wrong with them.
 */
#ifndef DFURIG_ECU_ECU_PROGRAM_H
#define DFURIG_ECU_ECU_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/msc_ini_drive.h"
#include "simulators/ecu/outputs.h"
#include "simulators/ecu/text_log.h"
#include "simulators/ecu/ts_server.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/program.h"

#define ECU_MAGIC_ADDR 0x2001fff0u /* [rusEFI stm32_common.cpp, jump_to_bootloader] */
#define ECU_MAGIC      0xdeadbeefu

#define ECU_PAGE_SETTINGS 0u
#define ECU_PAGE_SCATTER  0x100u /* what the scattered read reads [rusEFI tunerstudio_impl.h] */
#define ECU_SCATTER_SIZE  256u   /* 128 words */

#define ECU_MATCH 48 /* what a fault rule is compared with: "R", "E reboot" */

/* The tune on its way into flash. */
struct ecu_burn {
	bool busy;
	bool failed;
	uint8_t copy;
	uint32_t erase_at; /* the next address to be erased; 0 = the copy is erased */
	struct buf container;
	enum ts_code code; /* of the answer when it is over */
	char match[ECU_MATCH];
};

struct ecu {
	struct program program;
	struct machine *machine; /* borrowed */
	struct firmware firmware;
	struct cdc_acm cdc;
	struct msc_ini_drive drive; /* unused without firmware.mass_storage */
	struct ts_server ts;
	struct text_log log;
	struct ecu_burn burn;
	uint8_t *tune; /* owned; firmware.settings_size bytes */
	uint8_t scatter[ECU_SCATTER_SIZE];
	uint32_t commands, tests;
	char error[96]; /* the critical error, "" = none */

	uint64_t now_us;
	uint64_t start_us;
	uint64_t connect_at_us; /* CLOCK_NEVER = done or not wanted, here and below */
	uint64_t healthy_at_us;
	uint64_t reboot_at_us;
	bool gone; /* a reset was asked for: no more answers */
};

/* ecu_commands.c */
extern const struct ts_server_ops ecu_ts_ops;

/* ecu_reply.c. match: see ECU_MATCH. */
void ecu_tell(struct ecu *ecu, enum program_fact_kind kind, size_t size, const char *fmt, ...)
	PRINTF(4, 5);
void ecu_reply(
	struct ecu *ecu, const char *match, enum ts_code code, const void *data, size_t size);
void ecu_reply_plain(struct ecu *ecu, const char *match, const void *data, size_t size);

/* ecu_execute.c. Both answer, or do not. */
void ecu_execute(struct ecu *ecu, const uint8_t *text, size_t size);
void ecu_io_test(struct ecu *ecu, uint16_t subsystem);

/* ecu_burn.c. The answer is sent when both copies are written. */
void ecu_burn_start(struct ecu *ecu, enum ts_code code, const char *match);
void ecu_burn_done(struct ecu_burn *burn);
uint64_t ecu_burn_deadline_us(const struct ecu *ecu);
void ecu_burn_tick(struct ecu *ecu);

/* ecu_program.c. A reset: nothing is answered any more. */
void ecu_reset(struct ecu *ecu);

#endif
