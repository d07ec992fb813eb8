/* SPDX-License-Identifier: MIT */
/*
 * A rig of simulated boards on one bus, with what is preset, written down and read back: the options that `exec` and
 * `flash` share, and the composition behind them.
 */
#ifndef DFURIG_CLI_RIG_H
#define DFURIG_CLI_RIG_H

#include <argp.h>
#include <stdbool.h>

#include "harness/base/why.h"
#include "harness/cli/board_file.h"
#include "harness/cli/rom_events.h"
#include "harness/fault/fault.h"
#include "harness/fault/fault_effects.h"
#include "harness/fault/fault_tap.h"
#include "harness/ports/board.h"
#include "harness/report/event.h"
#include "harness/report/event_jsonl.h"
#include "harness/report/event_tap.h"
#include "harness/report/event_terminal.h"
#include "harness/report/usbmon_capture.h"
#include "harness/vusb/bus.h"

#define RIG_BOARD_MAX     32
#define RIG_DEFAULT_BOARD "f407-discovery"

enum rig_start {
	RIG_START_DFU, /* PROGRAM (BOOT0) held, power on: in the ROM bootloader */
	RIG_START_OFF, /* no power */
	RIG_START_RUN, /* power on, BOOT0 released: what is in flash runs */
	RIG_START_COUNT,
};

/* What the command line says of one board, or who makes a rig otherwise; all borrowed until rig_begin returns, dump_flash
 * until rig_finish. */
struct rig_board_options {
	const char *name; /* NULL = RIG_DEFAULT_BOARD; the first one's only */
	const char *
		flash; /* to preset the flash with: a file, or an image of fixtures/images; NULL = neither */
	const uint8_t *
		flash_data; /* the same as bytes from the flash's start on, or NULL; before `flash` */
	size_t flash_size;
	const char *dump_flash; /* file to write the flash to at the end, or NULL */
};

struct rig_options {
	struct rig_board_options boards[RIG_BOARD_MAX];
	unsigned int board_count;
	enum rig_start start;
	enum rom_pace pace;
	uint64_t seed; /* for what power cuts and power-ups leave behind; 0 is as good as any */
	struct fault_plan
		*faults; /* of the first board; borrowed until rig_finish; NULL = `planned` */
	struct fault_plan planned; /* copied */
	const char *capture;       /* file, or NULL */
	const char *events;        /* file, or NULL */
	bool verbose;              /* events on stderr */
	bool requests; /* events tell each request of the host, as they do with `events` */
	bool given;    /* one of these options was on the command line */
};

/* The options as an argp parser for use as a child: its input is a struct rig_options. */
extern const struct argp rig_argp;

struct rig_board {
	struct board_file file;
	struct rom_events events;
	struct board *board;    /* owned */
	const char *dump_flash; /* borrowed */
};

struct rig {
	struct vusb_bus *bus; /* owned */
	struct event_stream events;
	struct event_tap event_tap;
	struct event_terminal terminal;
	struct event_jsonl *jsonl;      /* owned, or NULL */
	struct usbmon_capture *capture; /* owned, or NULL */
	const char *capture_path;       /* borrowed; NULL without a capture */
	struct rig_board boards[RIG_BOARD_MAX];
	unsigned int board_count;
	struct fault_plan *faults; /* borrowed, or `planned`; NULL = none */
	struct fault_plan planned;
	struct fault_tap fault_tap;
	struct fault_effects fault_effects;
	/* Kills the program under test: FAULT_KILL. Set by who runs it; NULL = none runs. */
	void (*kill)(void *user);
	void *kill_user;
	bool kill_missed; /* it was asked for when none ran */
};

/* Loads the boards (without any, one of RIG_DEFAULT_BOARD) and their presets, opens the files, and starts the
 * boards. clock is borrowed until rig_finish, as are the paths in options. Returns 0 or negative errno, with
 * nothing left behind but files that were asked for; *ret needs no initialisation. */
MUST_CHECK int rig_begin(
	struct rig *ret, const struct rig_options *options, struct clock *clock, struct why *why);

/* The exit code for an error of rig_begin: CLI_INPUT, or CLI_RIG when it is none of the user's making. */
int rig_begin_code(int r);

/* Lets boards that start up do so, so that whoever comes then finds them on the bus. 0 or -ETIMEDOUT. */
MUST_CHECK int rig_await_boards(struct rig *rig, struct why *why);

/* Writes the flash dumps, ends capture (with a line on stderr that says how to open it) and events, frees all.
 * Returns 0 or the first error; all is freed in any case. */
int rig_finish(struct rig *rig, struct why *why);

#endif
