/* SPDX-License-Identifier: MIT */
/* Rows about the tool, and the two that are told when no other fits. */
#include "harness/triage/predicates.h"
#include "harness/triage/rows.h"

#include <string.h>

static bool tool_missing(const struct evidence *e)
{
	return e->tool.installed == EVIDENCE_NO && e->tool.named &&
	       !triage_is_tool_of_other_system(e);
}

static bool usual_tool_missing(const struct evidence *e)
{
	return e->tool.installed == EVIDENCE_NO && !e->tool.named;
}

static bool query_missing(const struct evidence *e)
{
	return e->tool.query_installed == EVIDENCE_NO;
}

static bool query_mute(const struct evidence *e)
{
	return e->tool.query_answers == EVIDENCE_NO;
}

static bool healthy(const struct evidence *e)
{
	return triage_is_healthy_ecu(e) || triage_is_healthy_dfu(e);
}

/* It was seen to go where it should. */
static bool healthy_and_tried(const struct evidence *e)
{
	return healthy(e) &&
	       (e->trial.into_dfu == EVIDENCE_TRY_DFU || e->trial.starts == EVIDENCE_YES ||
		       (triage_is_healthy_dfu(e) && e->flash.whole == EVIDENCE_YES));
}

static bool left(const struct evidence *e)
{
	return e->usb.left == EVIDENCE_YES;
}

static bool no_such_serial(const struct evidence *e)
{
	return !e->usb.count && e->usb.not_meant;
}

static bool always(const struct evidence *e UNUSED)
{
	return true;
}

static const struct triage_row rows[] = {
	{TRIAGE_TOOL_MISSING, TRIAGE_SURE, tool_missing,
		"{tool} needs the program {program}, which is not installed", "{install}", NULL},
	/* rusEFI issues 6774, 9157 and 9272. */
	{TRIAGE_QUERY_TOOL_MISSING, TRIAGE_SURE, query_missing,
		"{tool} looks for the bootloader with {query}, which cannot run here; so it finds "
		"nothing, whatever is plugged in",
		"{queryremedy}", NULL},
	{TRIAGE_QUERY_TOOL_MISSING, TRIAGE_LIKELY, query_mute,
		"{tool} looks for the bootloader with {query}, which gives no answer here, or not "
		"within 10 s",
		"run the console as administrator; try {query} by hand in a terminal", NULL},
	{TRIAGE_TOOL_MISSING, TRIAGE_POSSIBLE, usual_tool_missing,
		"{program}, with which {tool} flashes, is not installed", "{install}", NULL},
	{TRIAGE_HEALTHY, TRIAGE_SURE, healthy_and_tried, "{well}", "{next}", NULL},
	{TRIAGE_HEALTHY, TRIAGE_LIKELY, triage_is_healthy_dfu, "{well}", "{next}",
		"does its firmware start when it is reset, PROGRAM not held?"},
	{TRIAGE_HEALTHY, TRIAGE_LIKELY, healthy, "{well}", "{next}",
		"dfurig triage --try: does it go into its bootloader, and come back?"},
	/* rusEFI issues 6715 and 3923. */
	{TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, left,
		"the board left USB while it was looked at: a plug or a cable that is loose, a "
		"supply that drops, or firmware that keeps resetting",
		"push in both plugs, take another cable and a port of the computer itself; then "
		"ask again. If it goes on: " HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it stay when it is in its bootloader? dfurig triage --tried manual"},
	{TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, no_such_serial, "{odd}",
		"leave --serial away, and see which boards there are; the same chip has another "
		"serial number as bootloader than as ECU",
		NULL},
	{TRIAGE_UNKNOWN, TRIAGE_POSSIBLE, always, "{odd}",
		"take the board's power away for some seconds and try again; " HOLD_PROGRAM
		", then dfurig triage --tried manual; send the output of dfurig triage --json with "
		"a report",
		NULL},
};

const struct triage_rows triage_rows_tool = TRIAGE_ROWS(rows);
