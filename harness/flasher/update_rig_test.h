/* SPDX-License-Identifier: MIT */
/* For the tests of this folder: simulated boards that run a rusEFI ECU, and a host in-process with the twins of its tools. */
#ifndef DFURIG_FLASHER_UPDATE_RIG_TEST_H
#define DFURIG_FLASHER_UPDATE_RIG_TEST_H

#include "harness/fault/fault.h"
#include "harness/flasher/update.h"
#include "harness/testing/fake_pnp.h"
#include "harness/testing/temp.h"
#include "harness/testing/usb_rig.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#define RIG_FLASH_ADDR 0x08000000u
#define RIG_FLASH_SIZE (1u << 20)
#define RIG_BOARDS     2
#define RIG_OLD        "rusEFI main.2025.01.01.f407-discovery.1111111111"
#define RIG_NEW        "rusEFI main.2026.07.14.f407-discovery.2222222222"
#define RIG_OTHER      "rusEFI main.2026.07.14.proteus_f7.3333333333"
#define RIG_H7         "rusEFI main.2026.07.14.proteus_h7.4444444444"

struct update_rig {
	struct usb_rig usb;
	struct serial_host *serial;
	struct host_os *os;
	struct fake_pnp pnp; /* of the profiles that are for Windows */
	/* Of the bootloaders there; NULL: what the profile wants, and as the first one. */
	const struct fake_driver *driver, *second_driver;
	struct board *boards[RIG_BOARDS];
	struct fault_plan faults; /* of the first board */
	struct temp_dir dir;

	struct firmware old, new; /* change them before a board is added, or rig_image_or_fail */
	struct image image;       /* of `new` */
	char image_path[300];

	struct update_options options; /* builtin, auto, the image; for the test to change */
	struct update_result result;
	char *text; /* what was said */
};

/* No board yet. CLEANUP(update_rig_done). */
void update_rig_init(struct update_rig *rig);
void update_rig_done(struct update_rig *rig);

/* A board with the old firmware and an owner's tune, and what it starts as; off: without power. */
struct board *update_rig_add_ecu(struct update_rig *rig);
struct board *update_rig_add_dfu(struct update_rig *rig);
struct board *update_rig_add_off(struct update_rig *rig);

/* Makes the image of `new`. */
void update_rig_image_or_fail(struct update_rig *rig);

/* A rule for the first board. */
void update_rig_fault(struct update_rig *rig, const struct fault_rule *rule);

void update_rig_run_ms(struct update_rig *rig, uint32_t ms);

/* Runs the update: its reason; the text is in rig->text. */
enum flasher_reason update_rig_update(struct update_rig *rig, const char *profile);

/* What the board holds and does, by the second channel. */
bool update_rig_holds(struct update_rig *rig, size_t board, const struct firmware *firmware);
bool update_rig_has_tune(struct update_rig *rig, size_t board, const struct firmware *firmware);

#endif
