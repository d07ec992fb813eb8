/* SPDX-License-Identifier: MIT */
/* Rows about a board on its serial port: who answers there, and what became of it when it was asked into its bootloader. */
#include "harness/triage/predicates.h"
#include "harness/triage/rows.h"

static bool port_held(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_PORT_BUSY;
}

static bool port_was_held(const struct evidence *e)
{
	return e->ecu.had_to_wait == EVIDENCE_YES;
}

static bool ecu_although_held(const struct evidence *e)
{
	return triage_sees_serial(e) && e->person.tried == EVIDENCE_TRIED_MANUAL;
}

static bool answers_openblt(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_ANSWERS_OPENBLT;
}

static bool went_to_openblt(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_OPENBLT;
}

static bool tune_unreadable(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_ANSWERS_ECU && e->ecu.tune_readable == EVIDENCE_NO;
}

static bool silent(const struct evidence *e)
{
	return e->ecu.answer == EVIDENCE_SILENT;
}

static bool stayed(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_STAYED;
}

static bool came_back(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_CAME_BACK && e->ecu.openblt == EVIDENCE_NO;
}

static bool came_back_maybe_by_openblt(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_CAME_BACK && e->ecu.openblt != EVIDENCE_NO;
}

static bool came_late(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_DFU && e->trial.into_dfu_ms > TRIAGE_ONE_LOOK_MS;
}

/* The tool asked for the bootloader, and did nothing with it. */
static bool is_there_now(const struct evidence *e)
{
	return triage_is_healthy_dfu(e) && e->person.tried == EVIDENCE_TRIED_AUTO &&
	       e->trial.left == EVIDENCE_UNKNOWN;
}

/* The tool asked for the bootloader, and here is the ECU: it stayed, or it came back. */
static bool is_here_after_auto(const struct evidence *e)
{
	return triage_is_healthy_ecu(e) && e->person.tried == EVIDENCE_TRIED_AUTO &&
	       e->trial.into_dfu == EVIDENCE_NOT_TRIED;
}

static bool windows_was_slow(const struct evidence *e)
{
	return e->windows.waited_ms > TRIAGE_ONE_LOOK_MS && e->windows.node.problem == PNP_OK;
}

static bool never_came(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_GONE;
}

static bool hangs(const struct evidence *e)
{
	return e->trial.into_dfu == EVIDENCE_TRY_HANGS;
}

static const struct triage_row rows[] = {
	{TRIAGE_BOOT0_NOT_HELD, TRIAGE_SURE, ecu_although_held,
		"PROGRAM was held, and yet the firmware runs ({port}): the chip did not see it "
		"when it started",
		HOLD_PROGRAM
		". A reset or a click is not enough when USB or 12 V keep the chip powered: take "
		"all supplies away first. Or from here: dfurig ecu reboot-dfu",
		NULL},
	/* rusEFI issue 10123. */
	{TRIAGE_PORT_BUSY, TRIAGE_SURE, port_held, "{holder} has {port} open",
		"close it (TunerStudio, the console, a terminal), then try again{prober}", NULL},
	{TRIAGE_PORT_BUSY, TRIAGE_LIKELY, port_was_held,
		"{port} was held by {holder} at first, and free a little later: a service that "
		"looks at each new serial port",
		"sudo systemctl mask --now ModemManager; or a udev rule with "
		"ENV{ID_MM_DEVICE_IGNORE}=\"1\" for 0483:5740",
		"does it happen again when the service is stopped?"},
	{TRIAGE_IN_OPENBLT, TRIAGE_SURE, answers_openblt,
		"{port} answers as OpenBLT{loader}, which has the same USB identity as the ECU: it "
		"found no whole firmware, was asked to stay, or the firmware kept crashing",
		"flash through OpenBLT (the console's \"Manual OpenBLT Update\", file .srec); for "
		"DFU: " HOLD_PROGRAM,
		NULL},
	{TRIAGE_TUNE_UNREADABLE, TRIAGE_SURE, tune_unreadable,
		"the ECU answers ({signature}), but its tune cannot be read: {tune}",
		"an update stops here so that the tune is not lost. If you have the tune as a "
		"file, or do not need it: " HOLD_PROGRAM ", then update manually",
		NULL},
	/* EFI_DFU_JUMP. */
	{TRIAGE_NO_DFU_JUMP, TRIAGE_SURE, stayed,
		"it was asked into its bootloader, stayed on USB and still answers as ECU",
		"this firmware is built without the jump: " HOLD_PROGRAM
		", then update manually; or use the console's OpenBLT update",
		NULL},
	/* ST community 27801; rusEFI issues 4230 and 4367. */
	{TRIAGE_MAGIC_LOST, TRIAGE_SURE, came_back,
		"it was asked into its bootloader, left, and came back as ECU after {trialms}: "
		"the word in RAM that should have led it there was lost at the reset",
		"feed the board from 12 V, not from USB alone, or " HOLD_PROGRAM
		", then update manually",
		NULL},
	{TRIAGE_MAGIC_LOST, TRIAGE_LIKELY, came_back_maybe_by_openblt,
		"it was asked into its bootloader, left, and came back as ECU: an OpenBLT in "
		"front of the firmware is from before it passed that on, or RAM was lost",
		HOLD_PROGRAM ", then update manually, OpenBLT included", NULL},
	{TRIAGE_IN_OPENBLT, TRIAGE_LIKELY, went_to_openblt,
		"it was asked into its bootloader, and came up in OpenBLT",
		HOLD_PROGRAM ", then update manually", NULL},
	/* rusEFI issues 6790 and 6791. */
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_SURE, came_late,
		"the bootloader showed up {trialms} after it was asked for; the console looks "
		"once, after 3 s",
		"ask for it, wait until it is there, and use Manual DFU Update. Another port, "
		"without a hub, may be faster",
		NULL},
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_LIKELY, windows_was_slow,
		"Windows took {waited} more to install the driver of \"{caption}\"; a tool that "
		"looks once, after 3 s, finds nothing until then",
		"try again now, by Manual DFU Update; Windows knows the device in this port from "
		"now on, so use the same port",
		"is it as slow when the board is plugged in again?"},
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_LIKELY, is_there_now,
		"the tool asked the board into its bootloader, the board is there, and nothing was "
		"flashed: it showed up after the tool had looked",
		"use Manual DFU Update now",
		"start the firmware again (reset), then dfurig triage --try measures it"},
	{TRIAGE_MAGIC_LOST, TRIAGE_POSSIBLE, is_here_after_auto,
		"the tool asked the board into its bootloader, and here is the ECU, in order: it "
		"may have left and come back",
		"feed the board from 12 V, not from USB alone, or " HOLD_PROGRAM
		", then update manually",
		"dfurig triage --try asks once more, and watches"},
	{TRIAGE_NO_DFU_JUMP, TRIAGE_POSSIBLE, is_here_after_auto,
		"the tool asked the board into its bootloader, and here is the ECU, in order: it "
		"may never have left",
		HOLD_PROGRAM ", then update manually",
		"dfurig triage --try asks once more, and watches"},
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_POSSIBLE, never_came,
		"it was asked into its bootloader, left, and nothing came within {trialms}",
		HOLD_PROGRAM ", then update manually", "dfurig triage in a minute: is it there?"},
	{TRIAGE_DOES_NOT_START, TRIAGE_POSSIBLE, hangs,
		"it was asked into its bootloader, stayed on USB, and does not answer any more",
		"take its power away for some seconds; then " HOLD_PROGRAM,
		"dfurig triage once more, after it was without power"},
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_POSSIBLE, silent,
		"{port} has rusEFI's USB identity, but nobody answers there: other firmware on "
		"the same chip, or one that hangs",
		"take its power away for some seconds and try again; else " HOLD_PROGRAM
		" and flash",
		"what answers in a terminal at {port}?"},
};

const struct triage_rows triage_rows_ecu = TRIAGE_ROWS(rows);
