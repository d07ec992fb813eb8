/* SPDX-License-Identifier: MIT */
/*
 * A flasher: the thing under test. Always a command line, with what is known of the tool as data.
 */
#ifndef DFURIG_PORTS_FLASHER_H
#define DFURIG_PORTS_FLASHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLASHER_NAME     49
#define FLASHER_WORD_MAX 32
#define FLASHER_SAYS_MAX 32

/* What the user wants of the tool. */
enum flasher_flow {
	FLASHER_AUTO,   /* the ECU runs: ask it into the bootloader, flash, bring the tune back */
	FLASHER_MANUAL, /* the board is in its bootloader: flash */
	FLASHER_FLOW_COUNT,
};

/* Where it runs, when that matters. */
enum flasher_system {
	FLASHER_ON_ANY,
	FLASHER_ON_LINUX,
	FLASHER_ON_WINDOWS,
};

/* Why a tool did not update the board, in the tool's own view: enumerator, name in files, and in words. */
#define FLASHER_REASONS(X)                                                                         \
	X(FLASHER_NO_REASON, "none", "no reason given")                                            \
	X(FLASHER_NO_ECU, "no-ecu", "no ECU answers")                                              \
	X(FLASHER_PORT_HELD, "port-held", "the ECU's port is held by another program")             \
	X(FLASHER_BAD_ANSWER, "bad-answer", "the ECU does not answer as it should")                \
	X(FLASHER_TUNE_UNREADABLE, "tune-unreadable", "the tune cannot be read")                   \
	X(FLASHER_SYSTEM_UNSUPPORTED, "system-unsupported",                                        \
		"the tool does not flash on this system")                                          \
	X(FLASHER_TOOL_MISSING, "tool-missing", "a program that is needed is not installed")       \
	X(FLASHER_WRONG_IMAGE, "wrong-image", "the image is for another board")                    \
	X(FLASHER_NO_DFU, "no-dfu", "no bootloader showed up")                                     \
	X(FLASHER_CAME_BACK_AS_ECU, "came-back-as-ecu", "the board came back as ECU")              \
	X(FLASHER_SEVERAL_DEVICES, "several-devices", "there are several bootloaders")             \
	X(FLASHER_NO_PERMISSION, "no-permission", "the device may not be opened")                  \
	X(FLASHER_WRONG_DRIVER, "wrong-driver", "the device has a driver for other tools")         \
	X(FLASHER_WRITE_FAILED, "write-failed", "the image was not written")                       \
	X(FLASHER_VERIFY_FAILED, "verify-failed", "the flash differs from the image")              \
	X(FLASHER_NO_ECU_AFTER, "no-ecu-after", "no ECU came back")                                \
	X(FLASHER_SEVERAL_ECUS, "several-ecus", "there are several ECUs")                          \
	X(FLASHER_TUNE_NOT_RESTORED, "tune-not-restored", "the tune was not restored")             \
	X(FLASHER_TIMED_OUT, "timed-out", "it took too long")

#define FLASHER_REASON_ENUMERATOR(id, name, text) id,
enum flasher_reason { FLASHER_REASONS(FLASHER_REASON_ENUMERATOR) FLASHER_REASON_COUNT };

/* For tables by the enumerator. */
#define FLASHER_REASON_NAME(id, name, text) [id] = (name),
#define FLASHER_REASON_TEXT(id, name, text) [id] = (text),

/* A text in the tool's output, and what it means. */
struct flasher_says {
	char text[96];
	enum flasher_reason reason;
};

/* One flasher, as its file says it. Words of the command may hold {image} (path), {serial} (of the DFU device that is
 * meant, or ""), {flow} (auto, manual). */
struct flasher {
	char name[FLASHER_NAME]; /* "dfu-util" */
	char title[96];
	char *command[FLASHER_WORD_MAX + 1]; /* owned; ends with NULL */
	char *version[FLASHER_WORD_MAX +
		      1]; /* owned; a command that works when it is installed; [0] NULL = none */
	bool flows
		[FLASHER_FLOW_COUNT]; /* which it can do itself; without auto the rig asks the ECU */
	bool restores_tune;           /* in flow auto */
	enum flasher_system system;
	char driver
		[FLASHER_NAME]; /* Windows: the package of fixtures/drivers that it needs, or "" */
	char in_process[96];    /* why it runs in-process only; "" = it does not */
	int success_exit;       /* exit code of a success; -1 = does not say */
	char success_says[96];  /* must be in the output of a success; "" = need not */
	char progress[96];      /* POSIX extended regex with the per cent in (1); "" = none */
	uint32_t limit_ms;
	struct flasher_says says[FLASHER_SAYS_MAX]; /* the first that fits counts */
	size_t says_count;
};

#endif
