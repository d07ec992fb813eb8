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

/* Why a tool did not update the board, in the tool's own view. */
enum flasher_reason {
	FLASHER_NO_REASON,
	FLASHER_NO_ECU,          /* no port with an ECU that answers */
	FLASHER_PORT_HELD,       /* the ECU's port cannot be opened, or somebody else reads it */
	FLASHER_BAD_ANSWER,      /* the ECU answers, but not what it should */
	FLASHER_TUNE_UNREADABLE, /* so that nothing was flashed */
	FLASHER_TOOL_MISSING,
	FLASHER_WRONG_IMAGE,      /* for another board: refused */
	FLASHER_NO_DFU,           /* no bootloader showed up */
	FLASHER_CAME_BACK_AS_ECU, /* it was asked into the bootloader and came back as ECU */
	FLASHER_SEVERAL_DEVICES,
	FLASHER_NO_PERMISSION,
	FLASHER_WRITE_FAILED,
	FLASHER_VERIFY_FAILED,
	FLASHER_NO_ECU_AFTER, /* flashed; no ECU came back */
	FLASHER_SEVERAL_ECUS,
	FLASHER_TUNE_NOT_RESTORED,
	FLASHER_TIMED_OUT,
	FLASHER_REASON_COUNT,
};

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
	char in_process[96];          /* why it runs in-process only; "" = it does not */
	int success_exit;             /* exit code of a success; -1 = does not say */
	char success_says[96];        /* must be in the output of a success; "" = need not */
	char progress[96];            /* POSIX extended regex with the per cent in (1); "" = none */
	uint32_t limit_ms;
	struct flasher_says says[FLASHER_SAYS_MAX]; /* the first that fits counts */
	size_t says_count;
};

#endif
