/* SPDX-License-Identifier: MIT */
/*
 * ST's ROM bootloader on USB: DFU 1.1 with the DfuSe extensions, as a vusb_device.
 *
 * All that differs between chips comes from the chip's row (chip.h) and its table of rules (rom_rules.h); what the
 * commands do to memory, and how long it takes, is memory.h's. The device never waits: while the flash is busy it NAKs
 * everything. What happens to the whole board (leaving, resets) is its owner's: see rom_owner_ops.
 * Source of the protocol: AN3156 (text of AN2662 rev 1, chapter on the DFU bootloader).
 */
#ifndef DFURIG_STM32_ROM_DFU_H
#define DFURIG_STM32_ROM_DFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/dfu/rules.h"
#include "harness/fault/fault.h"
#include "harness/vusb/device.h"
#include "simulators/stm32/memory.h"

#define ROM_TRANSFER_MAX 2048 /* the largest wTransferSize of any chip */
#define ROM_STRING_FIRST 4    /* index of the first alternate setting's string */
#define ROM_STRING_COUNT (ROM_STRING_FIRST + CHIP_ALT_MAX)

enum rom_pace {
	ROM_PACE_CHIP, /* poll times as the chip says them */
	ROM_PACE_FAST, /* 1 ms */
	ROM_PACE_COUNT,
};

enum rom_reset_reason {
	ROM_RESET_OPTIONS,   /* option bytes were written */
	ROM_RESET_UNPROTECT, /* read unprotect is done */
	ROM_RESET_REASON_COUNT,
};

/* The board around the device. Called from tick, when no transfer is in the device's hands; each may unplug the device
 * and initialise it anew. */
struct rom_owner_ops {
	void (*leave)(void *owner, uint32_t addr); /* jump to the vector table at addr */
	void (*system_reset)(void *owner, enum rom_reset_reason reason);
	void (*detach)(void *owner); /* off the bus and back */
};

enum rom_fact_kind {
	ROM_FACT_STATE,      /* state, status: what GETSTATE would say now */
	ROM_FACT_POINTER,    /* addr */
	ROM_FACT_ERASE,      /* addr, size: the sector; index: its number */
	ROM_FACT_MASS_ERASE, /* addr, size: the flash */
	ROM_FACT_PROGRAM,    /* addr, size: flash, OTP, RAM or feature word */
	ROM_FACT_OPTIONS,    /* addr, size: option bytes */
	ROM_FACT_UPLOAD,     /* addr, size */
	ROM_FACT_UNPROTECT,
	ROM_FACT_LEAVE, /* addr */
	ROM_FACT_DETACH,
	ROM_FACT_RESET, /* reason: the whole chip */
	ROM_FACT_KIND_COUNT,
};

/* One thing that happened; for an operation: that it began. Fields that a kind does not name are 0. */
struct rom_fact {
	enum rom_fact_kind kind;
	uint64_t time_us;
	uint32_t addr;
	uint32_t size; /* bytes */
	uint16_t index;
	enum dfu_state state;
	enum dfu_status status;
	enum rom_reset_reason reason;
};

/* Somebody who wants to tell a person. */
struct rom_observer {
	void (*fact)(struct rom_observer *observer, const struct rom_fact *fact);
};

struct rom_config {
	struct memory *memory; /* borrowed; its config says chip, ROM and UID */
	enum rom_pace pace;
	const struct rom_owner_ops *owner_ops; /* borrowed */
	void *owner;
	struct rom_observer *observer; /* borrowed, or NULL */
	/* Asked at FAULT_DFU_EXECUTE and FAULT_DFU_STATE; borrowed, or NULL. */
	struct fault_plan *faults;
};

/* What follows when its time has come; until then the device NAKs. */
enum rom_event {
	ROM_EVENT_NONE,
	ROM_EVENT_EXECUTE, /* a fault: the block is carried out late */
	ROM_EVENT_LEAVE,
	ROM_EVENT_DETACH,
	ROM_EVENT_RESET_OPTIONS,
	ROM_EVENT_RESET_UNPROTECT,
};

/* The block of the last DNLOAD, until a GETSTATUS carries it out. */
struct rom_block {
	bool stored;
	uint16_t number;
	uint16_t size;
	uint8_t data[ROM_TRANSFER_MAX];
};

struct rom_dfu {
	struct vusb_device device;
	struct rom_config config;
	const struct chip *chip; /* borrowed, for ever */
	struct dfu_rules rules;

	enum dfu_state state;
	enum dfu_status status;
	uint32_t pointer; /* Set Address Pointer */
	struct rom_block block;
	bool stuck; /* a fault: in dfuDNBUSY for ever */
	enum rom_event event;
	uint64_t event_at_us;

	/* What the device's descriptors point to. */
	struct vusb_device_desc desc;
	struct vusb_config_desc config_desc;
	struct vusb_interface_desc interfaces[CHIP_ALT_MAX];
	uint8_t functional[DFU_FUNCTIONAL_SIZE];
	const char *strings[ROM_STRING_COUNT];
	char serial[CHIP_SERIAL_ROOM];
};

/* As after a system reset into the ROM. The struct must not move while it is in use: its parts point to each other. */
void rom_dfu_init(struct rom_dfu *rom, const struct rom_config *config);

const char *rom_reset_reason_text(enum rom_reset_reason reason);

#endif
