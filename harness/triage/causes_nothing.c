/* SPDX-License-Identifier: MIT */
/* Rows for when nothing of a board is on USB: the cable, the port, the power, and firmware that has no USB. */
#include "harness/triage/predicates.h"
#include "harness/triage/rows.h"

#include <string.h>

static bool dark_although_port_works(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.led == EVIDENCE_NO &&
	       e->person.other_device == EVIDENCE_YES;
}

static bool dark(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.led == EVIDENCE_NO &&
	       e->person.other_device == EVIDENCE_UNKNOWN;
}

static bool led_unknown(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.led == EVIDENCE_UNKNOWN &&
	       e->person.other_device != EVIDENCE_NO;
}

static bool nothing_works_there(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.other_device == EVIDENCE_NO;
}

static bool no_usb_at_all(const struct evidence *e)
{
	return !e->usb.count && e->kernel.usb == EVIDENCE_NO;
}

static bool over_current(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->kernel.has_over_current && e->kernel.over_current;
}

static bool other_unknown(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.other_device == EVIDENCE_UNKNOWN;
}

/* A board with power, a port that works, the ROM's own DFU asked for: what is left is what lies between. */
static bool only_the_cable_is_left(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried == EVIDENCE_TRIED_MANUAL &&
	       e->person.led == EVIDENCE_YES && e->person.other_device == EVIDENCE_YES;
}

/* One that asked the ECU over this cable has seen it carry data. */
static bool cable_may_be(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried != EVIDENCE_TRIED_AUTO &&
	       e->person.led != EVIDENCE_NO && e->person.other_device != EVIDENCE_NO;
}

/* It runs, but what it runs has no USB: not to be told from here. */
static bool may_run_without_usb(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried != EVIDENCE_TRIED_MANUAL &&
	       e->person.led != EVIDENCE_NO && e->person.other_device != EVIDENCE_NO;
}

static bool went_after_auto(const struct evidence *e)
{
	return may_run_without_usb(e) && e->person.tried == EVIDENCE_TRIED_AUTO;
}

static bool may_not_have_been_held(const struct evidence *e)
{
	return triage_sees_nothing(e) && e->person.tried == EVIDENCE_TRIED_MANUAL &&
	       e->person.led != EVIDENCE_NO && e->person.other_device != EVIDENCE_NO;
}

static const struct triage_row rows[] = {
	{TRIAGE_PORT_DEAD, TRIAGE_LIKELY, no_usb_at_all,
		"this machine shows no USB at all: a container, a virtual machine or a server",
		"run it on the machine that the board is plugged in; or pass the USB device "
		"through to this one",
		"lsusb shows nothing"},
	{TRIAGE_PORT_DEAD, TRIAGE_SURE, nothing_works_there,
		"no board is on USB, and another device does not work in that port either",
		"use another port of the computer itself, not of a hub or a front panel; a hub "
		"may need its own supply",
		NULL},
	{TRIAGE_NO_POWER, TRIAGE_SURE, dark_although_port_works,
		"no board is on USB and none of its LEDs is lit, while another device works in "
		"that port",
		"give the board its supply (12 V where USB alone does not feed it), look at its "
		"fuse and at the supply's plug; then another USB cable",
		NULL},
	{TRIAGE_NO_POWER, TRIAGE_LIKELY, dark, "no board is on USB, and none of its LEDs is lit",
		"give the board its supply; try another cable and another port",
		"does another device work in that port? --other-device works|fails"},
	{TRIAGE_CHARGE_ONLY_CABLE, TRIAGE_LIKELY, only_the_cable_is_left,
		"the board has power, the port works with another device, PROGRAM was held, and "
		"yet nothing is on USB",
		"take a cable that has carried data before (of a phone or a printer); many are "
		"for charging only",
		"the same with another cable"},
	{TRIAGE_PORT_DEAD, TRIAGE_LIKELY, over_current,
		"the port {overcurrent} has been switched off because of too much current",
		"unplug what is in it, use another port; look for a short circuit on the board",
		NULL},
	{TRIAGE_DOES_NOT_START, TRIAGE_LIKELY, went_after_auto,
		"it was asked into its bootloader, has power, and is not on USB any more",
		"reset it, or take its power away for some seconds; then " HOLD_PROGRAM
		", and update manually",
		HOLD_PROGRAM ", then dfurig triage --tried manual"},
	/* rusEFI issues 6790 and 6791. */
	{TRIAGE_SLOW_ENUMERATION, TRIAGE_POSSIBLE, went_after_auto,
		"it was asked into its bootloader, and may still be on its way there",
		"wait half a minute; then use Manual DFU Update",
		"dfurig triage --tried auto in a minute: is it there?"},
	{TRIAGE_NO_POWER, TRIAGE_POSSIBLE, led_unknown, "no board is on USB",
		"look at the LEDs of the board; give it its supply",
		"is a LED of the board lit? --led lit|dark"},
	{TRIAGE_CHARGE_ONLY_CABLE, TRIAGE_POSSIBLE, cable_may_be, "no board is on USB",
		"take a cable that has carried data before", "the same with another cable"},
	{TRIAGE_PORT_DEAD, TRIAGE_POSSIBLE, other_unknown, "no board is on USB",
		"use another port of the computer itself",
		"does another device work in that port? --other-device works|fails"},
	{TRIAGE_BLANK_CHIP, TRIAGE_POSSIBLE, may_run_without_usb,
		"a chip without firmware does not show itself",
		HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it show up with PROGRAM held? --tried manual"},
	{TRIAGE_TORN_IMAGE, TRIAGE_POSSIBLE, may_run_without_usb,
		"firmware of an interrupted update does not show itself",
		HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it show up with PROGRAM held? --tried manual"},
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_POSSIBLE, may_run_without_usb,
		"firmware for another chip does not show itself",
		HOLD_PROGRAM ", then dfurig triage --tried manual",
		"does it show up with PROGRAM held? --tried manual"},
	{TRIAGE_BOOT0_NOT_HELD, TRIAGE_POSSIBLE, may_not_have_been_held,
		"no board is on USB; PROGRAM may not have been seen, with firmware in the chip "
		"that has no USB",
		HOLD_PROGRAM, "the same once more, with all supplies away for some seconds"},
	/* rusEFI issue 3597: no boot, and no DFU by the button either. */
	{TRIAGE_WRONG_BOOT_ADDRESS, TRIAGE_POSSIBLE, may_not_have_been_held,
		"no board is on USB; an STM32F7 whose option bytes were lost starts nowhere, not "
		"even "
		"its bootloader",
		"with an ST-Link: STM32_Programmer_CLI -c port=SWD mode=UR -ob BOOT_ADD0=0x80 "
		"BOOT_ADD1=0x40",
		"what the option bytes say, by ST-Link: STM32_Programmer_CLI -c port=SWD mode=UR "
		"-ob "
		"displ"},
};

const struct triage_rows triage_rows_nothing = TRIAGE_ROWS(rows);
