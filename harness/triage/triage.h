/* SPDX-License-Identifier: MIT */
/*
 * Evidence -> cause -> remedy: why does nothing happen when an owner presses the buttons? Pure.
 *
 * causes_*.c are the table: a row each with what evidence fits, how sure it makes the cause, and what to tell the owner.
 */
#ifndef DFURIG_TRIAGE_TRIAGE_H
#define DFURIG_TRIAGE_TRIAGE_H

#include <stddef.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/names.h"
#include "harness/ports/evidence.h"

/* Enumerator, name in files, and in words. */
#define TRIAGE_CAUSES(X)                                                                           \
	X(TRIAGE_HEALTHY, "healthy", "nothing is wrong")                                           \
	X(TRIAGE_NO_POWER, "no-power", "the board has no power")                                   \
	X(TRIAGE_CHARGE_ONLY_CABLE, "charge-only-cable", "a cable without data wires")             \
	X(TRIAGE_PORT_DEAD, "port-dead", "the USB port or hub does not work")                      \
	X(TRIAGE_BOOT0_NOT_HELD, "boot0-not-held",                                                 \
		"PROGRAM (BOOT0) was not held when the chip started")                              \
	X(TRIAGE_BOOT0_STUCK, "boot0-stuck", "PROGRAM (BOOT0) is stuck, or its jumper is set")     \
	X(TRIAGE_IN_OPENBLT, "in-openblt", "the board is in OpenBLT")                              \
	X(TRIAGE_PORT_BUSY, "port-busy", "another program holds the port")                         \
	X(TRIAGE_NO_PERMISSION, "no-permission", "this user may not open the device")              \
	X(TRIAGE_DRIVER_OLD, "driver-old", "the old driver \"STM Device in DFU Mode\" is bound")   \
	X(TRIAGE_DRIVER_NEW, "driver-new", "the newer driver \"STM32  BOOTLOADER\" is bound")      \
	X(TRIAGE_DRIVER_MISSING, "driver-missing", "there is no driver (code 28)")                 \
	X(TRIAGE_DRIVER_FAILED, "driver-failed", "the driver does not start (code 10)")            \
	X(TRIAGE_DRIVER_OTHER, "driver-other", "another driver has the bootloader")                \
	X(TRIAGE_SEVERAL_DEVICES, "several-devices", "there are several boards")                   \
	X(TRIAGE_DFU_ERROR, "dfu-error", "the bootloader is in its error state")                   \
	X(TRIAGE_READ_PROTECTED, "read-protected", "read protection")                              \
	X(TRIAGE_WRITE_PROTECTED, "write-protected", "write protection")                           \
	X(TRIAGE_WRONG_BANK_MODE, "wrong-bank-mode", "the flash is in the wrong bank mode")        \
	X(TRIAGE_WRONG_BOOT_ADDRESS, "wrong-boot-address", "a wrong boot address")                 \
	X(TRIAGE_BLANK_CHIP, "blank-chip", "there is no firmware in the chip")                     \
	X(TRIAGE_FOREIGN_IMAGE, "foreign-image", "the chip holds firmware that is not for it")     \
	X(TRIAGE_TORN_IMAGE, "torn-image", "the firmware in the chip is not whole")                \
	X(TRIAGE_NO_DFU_JUMP, "no-dfu-jump", "this firmware does not jump into the bootloader")    \
	X(TRIAGE_MAGIC_LOST, "magic-lost", "the board forgets on the way to the bootloader")       \
	X(TRIAGE_SLOW_ENUMERATION, "slow-enumeration", "the bootloader shows up too late")         \
	X(TRIAGE_DOES_NOT_START, "does-not-start", "the board does not start its firmware")        \
	X(TRIAGE_TOOL_MISSING, "tool-missing", "a program that is needed is not installed")        \
	X(TRIAGE_QUERY_TOOL_MISSING, "query-tool-missing",                                         \
		"the program that looks for the bootloader cannot run")                            \
	X(TRIAGE_SYSTEM_UNSUPPORTED, "system-unsupported",                                         \
		"the tool does not work on this system")                                           \
	X(TRIAGE_TUNE_UNREADABLE, "tune-unreadable", "the tune cannot be read")                    \
	X(TRIAGE_UNKNOWN, "unknown", "no cause is known for this")

#define TRIAGE_CAUSE_ENUMERATOR(id, name, text) id,
enum triage_cause { TRIAGE_CAUSES(TRIAGE_CAUSE_ENUMERATOR) TRIAGE_CAUSE_COUNT };

enum triage_sure {
	TRIAGE_POSSIBLE,
	TRIAGE_LIKELY,
	TRIAGE_SURE,
	TRIAGE_SURE_COUNT,
};

extern const struct names triage_cause_names; /* "no-power" */
extern const struct names triage_sure_names;  /* "possible", "likely", "sure" */
const char *triage_cause_text(enum triage_cause cause);

/* Texts may hold {port}, {holder}, ... : what stands there comes from the evidence, see text.c. */
struct triage_row {
	enum triage_cause cause;
	enum triage_sure sure;
	bool (*fits)(const struct evidence *evidence);
	const char *because;
	const char *remedy;
	const char *settle; /* which question or test would make sure; NULL = none is needed */
};

/* The index-th row, in the order in which causes of the same sureness are told; NULL behind the last. */
const struct triage_row *triage_row(size_t index);

struct triage_finding {
	enum triage_cause cause;
	enum triage_sure sure;
	char because[512], remedy[768], settle[384]; /* "" = none */
};

/* At least one finding, the most sure first; what is only possible is left out where something is sure. The first is the
 * verdict. */
struct triage_result {
	struct triage_finding findings[TRIAGE_CAUSE_COUNT];
	size_t count;
};

void triage_judge(const struct evidence *evidence, struct triage_result *ret);

/* text with its {words} filled in, cut to size. Returns out. */
const char *triage_fill(const char *text, const struct evidence *evidence, char *out, size_t size);

/* ---- the evidence in words ---- */

/* One thing that may be known. */
struct triage_fact {
	const char *name; /* "port holder", in JSON too (with "_" for the blank) */
	/* Writes it; leaves out empty when it is not known. */
	void (*tell)(const struct evidence *evidence, char *out, size_t size);
};

#define TRIAGE_FACT_ROOM 320

extern const struct triage_fact triage_facts[];
extern const size_t triage_fact_count;

/* "0483:df11 "STM32  BOOTLOADER", USB 1-4.2, serial 3074395E3034", or that there is none. Returns out. */
const char *triage_board_text(const struct evidence *evidence, char *out, size_t size);

#endif
