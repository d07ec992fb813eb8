/* SPDX-License-Identifier: MIT */
/*
 * A sweep: one update that was interrupted at every opportunity, in every way, and what it took each time to bring the
 * board back. Plain data, and what can be counted from it; who makes it is harness/cli/sweep_*.c, by
 * harness/scenario/recover.h.
 *
 * The opportunities ("occasions") are numbered from 1 as the undisturbed update comes to them, and lie on its time line. Each
 * cell is one cut: the board and the host were as at that occasion, one thing befell them, the flasher ran on to its end,
 * and then somebody recovered the board as its owner would.
 */
#ifndef DFURIG_REPORT_SWEEP_H
#define DFURIG_REPORT_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/names.h"
#include "harness/report/verdict.h"

/* What befell board, host or bus. */
enum sweep_cut {
	SWEEP_VDD,       /* power cut; stays away until the recovery */
	SWEEP_BROWN_OUT, /* VDD dips: reset, some bits of RAM are wrong */
	SWEEP_NRST,      /* reset pulse */
	SWEEP_USB,       /* cable out; stays out until the recovery */
	SWEEP_KILL,      /* the flasher was killed */
	SWEEP_STALL,     /* one request was answered by STALL */
	SWEEP_NAK,       /* one request was never answered */
	SWEEP_ERROR,     /* the bootloader reported dfuERROR / errVENDOR in place of doing it */
	SWEEP_SHORT,     /* one answer came short */
	SWEEP_CORRUPT,   /* one byte was wrong on its way */
	SWEEP_FLIP,      /* a weak cell: one bit did not take while it was programmed or erased */
	SWEEP_LOSE_RAM,  /* RAM was lost in a reset */
	SWEEP_NO_SHOW,   /* the board did not appear on USB */
	SWEEP_CUT_COUNT,
};

extern const struct names sweep_cut_names; /* "vdd", "brown-out", "nrst", "usb", "kill", ... */
extern const struct names sweep_cut_texts; /* "power cut", "cable out", ... for people */

/* What it took to bring the board back, in order of effort. */
enum sweep_need {
	SWEEP_NOTHING,      /* supply and cable back, no more */
	SWEEP_RUN_AGAIN,    /* the flasher, once more or as often as the scenario grants it */
	SWEEP_REPLUG,       /* cable or power out and in, then perhaps the flasher */
	SWEEP_PROGRAM_HELD, /* PROGRAM (BOOT0) held while powered up, then the flasher */
	SWEEP_OPTION_BYTES, /* read protection taken off first: the chip is erased, the tune is lost, which is announced */
	SWEEP_LOST, /* none of these helped */
	SWEEP_NEED_COUNT,
};

extern const struct names sweep_need_names; /* "nothing", "run-again", ..., in JSON */
extern const struct names sweep_need_texts; /* "run again", "PROGRAM held", ... for people */

/* The letter of a need in the cut map: ". r p P O L" */
char sweep_need_letter(enum sweep_need need);

/* What became of the settings when all was over. */
enum sweep_tune {
	SWEEP_TUNE_KEPT,      /* their sectors are what they were */
	SWEEP_TUNE_SAME,      /* other bytes, the same tune: written anew or restored */
	SWEEP_TUNE_ANNOUNCED, /* lost, and it was said before that it would be */
	SWEEP_TUNE_LOST,
	SWEEP_TUNE_COUNT,
};

extern const struct names sweep_tune_names; /* "kept", "same", "announced", "lost" */

/* Where the update was, for the axis of the cut map. */
enum sweep_phase {
	SWEEP_BEFORE,  /* no bootloader yet: the ECU is talked to and asked to reboot */
	SWEEP_OPENING, /* the bootloader is found, opened, brought to dfuIDLE */
	SWEEP_ERASING,
	SWEEP_WRITING,
	SWEEP_READING, /* verify */
	SWEEP_LEAVING, /* from the empty block on */
	SWEEP_AFTER,   /* the bootloader has gone */
	SWEEP_PHASE_COUNT,
};

extern const struct names sweep_phase_names; /* "before", "opening", "erasing", ... */

#define SWEEP_WHERE 80
#define SWEEP_TEXT  200

/* One cut and its recovery. Fixed size: children write it into shared memory. */
struct sweep_cell {
	uint32_t occasion; /* from 1 */
	enum sweep_cut cut;
	uint8_t percent; /* inside: after so much of the time that the erase or the programming takes */
	bool inside;     /* percent means something */
	enum sweep_phase phase;
	uint64_t at_us; /* since the update began, on the board's clock */
	char where
		[SWEEP_WHERE]; /* "GETSTATUS (write 0x08020000), before it", "erase of 0x08060000, 50 %" */
	bool has_addr;
	uint32_t addr; /* what the occasion is about */

	enum verdict
		verdict; /* FAIL: an invariant was broken; ERROR: the rig's; SKIP: not made (interrupted) */
	enum sweep_need need;
	enum sweep_tune tune;
	uint8_t tries;        /* how often the flasher ran after the cut */
	bool said_success;    /* the flasher that was cut, of itself */
	uint64_t recovery_us; /* from the cut to an updated board, of its time */
	uint32_t wall_us;     /* that the cell took the machine */
	/* Of a FAIL and an ERROR, for people. */
	char expected[SWEEP_TEXT], got[SWEEP_TEXT], why[SWEEP_TEXT];
};

/* The whole. Strings in it are its own; cells are borrowed. */
struct sweep {
	char scenario[RUN_TEXT];
	char title[160];
	char flasher[RUN_TEXT];
	char board[RUN_TEXT];
	char transport[16];
	char again
		[512]; /* the command line that makes the whole sweep; of a cell see sweep_again */
	uint64_t seed;
	uint32_t occasions;  /* of the undisturbed update */
	uint64_t update_us;  /* that it took, of the board's time */
	uint32_t image_size; /* bytes */
	uint64_t wall_us;    /* that the sweep took */
	uint32_t jobs;       /* at a time */
	uint32_t from, to; /* the occasions that were looked at; 0 = from the first, to the last */
	char without[320]; /* what was left out for this flasher, and why; "" = nothing */
	bool exhaustive; /* every occasion was cut in every way that was asked for and makes sense there */
	bool interrupted;               /* Ctrl-C */
	size_t planned;                 /* cells that there should be */
	const struct sweep_cell *cells; /* borrowed; by occasion, then cut, then percent */
	size_t count;                   /* cells that there are */
};

/* Counted from the cells. Indices are into sweep->cells; SIZE_MAX = none. */
struct sweep_summary {
	size_t verdicts[VERDICT_COUNT];
	size_t needs[SWEEP_NEED_COUNT]; /* of PASS and FAIL */
	size_t cuts[SWEEP_CUT_COUNT];   /* cells of this kind */
	size_t cut_needs[SWEEP_CUT_COUNT][SWEEP_NEED_COUNT];
	size_t tunes[SWEEP_TUNE_COUNT];
	size_t worst;       /* the longest recovery */
	size_t first_fail;  /* the first FAIL, else the first ERROR */
	uint64_t median_us; /* of the recoveries */
};

/* *ret_summary needs no initialisation. 0 or -ENOMEM (the median is 0 then). */
int sweep_summarise(const struct sweep *sweep, struct sweep_summary *ret_summary);

enum verdict sweep_verdict(const struct sweep *sweep, const struct sweep_summary *summary);

/* One square of the cut map: the cells of one kind of cut in one of `columns` equal parts of the occasions. */
struct sweep_square {
	size_t count;           /* 0: nothing was cut here in this way */
	size_t fails;           /* FAIL and ERROR */
	enum sweep_need need;   /* the worst of them */
	enum sweep_phase phase; /* of the first one */
	size_t first;           /* index of the first FAIL, else of the worst need */
};

/* column is 0 .. columns - 1. Goes over all cells: for whole maps use sweep_map. */
struct sweep_square sweep_square_at(
	const struct sweep *sweep, enum sweep_cut cut, unsigned int column, unsigned int columns);

/* ret[cut * columns + column], SWEEP_CUT_COUNT * columns squares, in one go. */
void sweep_map(const struct sweep *sweep, unsigned int columns, struct sweep_square *ret);

/* The phase of each column of a map (that of its first cell; the one before when it has none). */
void sweep_map_phases(
	const struct sweep *sweep, unsigned int columns, enum sweep_phase *ret_phases);

/* "vdd@1234" or "vdd@1234+50%": names a cell for --again-cell. Returns out. */
const char *sweep_cell_name(const struct sweep_cell *cell, char *out, size_t size);

/* The command line that repeats exactly this cell, with its story. Returns out. */
const char *sweep_again(
	const struct sweep *sweep, const struct sweep_cell *cell, char *out, size_t size);

#endif
