/* SPDX-License-Identifier: MIT */
/* Rows about a board in its bootloader: option bytes, state, what lies in flash, and whether it starts. */
#include "harness/triage/predicates.h"
#include "harness/triage/rows.h"

#include <string.h>

static bool stuck_in_error(const struct evidence *e)
{
	return e->dfu.rests == EVIDENCE_NO && triage_is_dfu_error(e);
}

static bool does_not_rest(const struct evidence *e)
{
	return e->dfu.rests == EVIDENCE_NO;
}

static bool does_not_answer(const struct evidence *e)
{
	return triage_sees_dfu(e) && e->dfu.open == EVIDENCE_OPEN_FAILED;
}

static bool wrong_bank_mode(const struct evidence *e)
{
	return e->dfu.single_bank == EVIDENCE_YES && e->dfu.flash_kib == 1024;
}

static bool maybe_wrong_bank_mode(const struct evidence *e)
{
	return e->dfu.single_bank == EVIDENCE_YES && !e->dfu.flash_kib;
}

/* What rusEFI says itself then. */
static bool complains_of_bank(const struct evidence *e)
{
	return strcasestr(e->ecu.critical, "nDBANK") != NULL;
}

static bool blank(const struct evidence *e)
{
	return e->flash.blank == EVIDENCE_YES;
}

static bool has_hole(const struct evidence *e)
{
	return e->flash.hole_size && e->flash.whole == EVIDENCE_UNKNOWN && e->flash.signature[0];
}

static bool ends_like_a_transfer(const struct evidence *e)
{
	return e->flash.cut == EVIDENCE_YES && e->flash.whole == EVIDENCE_UNKNOWN &&
	       triage_holds_firmware(e);
}

static bool nothing_of_rusefi(const struct evidence *e)
{
	return e->flash.blank == EVIDENCE_NO && !triage_is_torn(e) && !e->flash.signature[0] &&
	       e->flash.whole != EVIDENCE_YES;
}

static bool loader_without_rusefi(const struct evidence *e)
{
	return e->flash.whole == EVIDENCE_YES && !e->flash.signature[0];
}

static bool loader_alone(const struct evidence *e)
{
	return loader_without_rusefi(e) && !e->flash.hole_size;
}

static bool pieces_behind_loader(const struct evidence *e)
{
	return loader_without_rusefi(e) && e->flash.hole_size;
}

static bool woke_in_dfu(const struct evidence *e)
{
	return triage_sees_dfu(e) && e->person.tried == EVIDENCE_TRIED_POWER_ON;
}

static bool woke_in_dfu_with_firmware(const struct evidence *e)
{
	return woke_in_dfu(e) && triage_holds_firmware(e) && e->flash.whole == EVIDENCE_YES;
}

static bool woke_in_dfu_with_some(const struct evidence *e)
{
	return woke_in_dfu(e) && triage_holds_firmware(e);
}

/* F4, F7 and H7 come up in their bootloader by BOOT0 alone, whatever is in flash [ST AN2606]. */
static bool woke_in_dfu_with_nothing(const struct evidence *e)
{
	return woke_in_dfu(e) && e->flash.readable == EVIDENCE_YES && !triage_holds_firmware(e);
}

static bool woke_in_dfu_unread(const struct evidence *e)
{
	return woke_in_dfu(e) && e->flash.readable == EVIDENCE_UNKNOWN;
}

static bool dfu_again(const struct evidence *e)
{
	return e->trial.dfu_again == EVIDENCE_YES;
}

static bool did_not_leave(const struct evidence *e)
{
	return e->trial.left == EVIDENCE_NO;
}

static bool does_not_start(const struct evidence *e)
{
	return e->trial.left == EVIDENCE_YES && e->trial.starts == EVIDENCE_NO &&
	       e->trial.dfu_again != EVIDENCE_YES;
}

static const struct triage_row rows[] = {
	/* rusEFI issue 3597. */
	{TRIAGE_WRONG_BOOT_ADDRESS, TRIAGE_SURE, triage_has_bad_boot_address,
		"the option bytes say {boot}: the chip starts where there is nothing (right are "
		"BOOT_ADD0 0x0080, BOOT_ADD1 0x0040)",
		"do not unplug the board while it is in its bootloader - it may not come back "
		"there. Set the option bytes now: STM32_Programmer_CLI -c port=usb1 -ob "
		"BOOT_ADD0=0x80 BOOT_ADD1=0x40; if it is gone already, the same with an ST-Link "
		"(-c port=SWD mode=UR)",
		NULL},
	/* UX of rusEFI issues 8287 and 8926. */
	{TRIAGE_READ_PROTECTED, TRIAGE_SURE, triage_is_read_protected, "{protection}",
		"dfu-util -a 0 -d 0483:df11 -s 0:unprotect:force - this erases the chip, the tune "
		"included. It cannot be saved first in this state. Then flash the firmware and "
		"load the tune from a file{afterwards}",
		NULL},
	/* rusEFI: "1MB single bank MCU detected: please clear nDBANK option bit and reinstall FW." */
	{TRIAGE_WRONG_BANK_MODE, TRIAGE_SURE, wrong_bank_mode,
		"the option byte nDBANK is 1 (single bank) on a chip of 1024 KiB, where rusEFI "
		"needs two banks",
		"STM32_Programmer_CLI -c port=usb1 -ob nDBANK=0, then erase all (the tune is "
		"lost: save it first) and flash the whole firmware",
		NULL},
	{TRIAGE_WRONG_BANK_MODE, TRIAGE_SURE, complains_of_bank,
		"the ECU runs, and says: \"{critical}\"",
		HOLD_PROGRAM
		"; then STM32_Programmer_CLI -c port=usb1 -ob nDBANK=0, erase all (save "
		"the tune first) and flash the whole firmware",
		NULL},
	{TRIAGE_WRONG_BANK_MODE, TRIAGE_POSSIBLE, maybe_wrong_bank_mode,
		"the option byte nDBANK is 1 (single bank); on a chip of 1 MiB rusEFI needs two",
		"on a chip of 1 MiB: STM32_Programmer_CLI -c port=usb1 -ob nDBANK=0, then erase "
		"all and flash",
		"the chip's marking: STM32F76xxG has 1 MiB, xxI has 2 MiB"},
	{TRIAGE_WRITE_PROTECTED, TRIAGE_SURE, triage_is_write_protected,
		"the option bytes protect {sectors} from being written; the bootloader says "
		"nothing when it leaves them as they are",
		"STM32_Programmer_CLI -c port=usb1 -ob {nwrp}; then flash again", NULL},
	{TRIAGE_DFU_ERROR, TRIAGE_SURE, stuck_in_error, "it does not come to rest: {dfu}",
		"plug the board out and in: " HOLD_PROGRAM "; then flash again", NULL},
	/* [rusEFI forum 1747] */
	{TRIAGE_DFU_ERROR, TRIAGE_SURE, triage_is_dfu_error,
		"it was in {state} with {status}: the last tool left it so, and the next one that "
		"does not clear it gets nowhere",
		"plug the board out and in (" HOLD_PROGRAM "), or clear it by any dfu-util "
		"command; then flash again",
		NULL},
	{TRIAGE_DFU_ERROR, TRIAGE_LIKELY, does_not_rest, "it does not come to rest: {dfu}",
		"plug the board out and in: " HOLD_PROGRAM "; then flash again",
		"dfurig triage once more, after that"},
	{TRIAGE_DFU_ERROR, TRIAGE_LIKELY, does_not_answer,
		"it is on USB, and does not answer as a bootloader should: {dfu}",
		"plug the board out and in: " HOLD_PROGRAM "; then flash again",
		"dfurig triage once more, after that"},
	{TRIAGE_BLANK_CHIP, TRIAGE_SURE, blank, "all of the flash where firmware belongs is erased",
		FLASH_AGAIN, NULL},
	/* rusEFI forum 36396: an image for F7 on an F4 board. */
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_SURE, triage_is_foreign,
		"the flash holds \"{signature}\", which is for another family of chips than this "
		"{family}",
		"take the firmware for this board; " FLASH_AGAIN, NULL},
	{TRIAGE_TORN_IMAGE, TRIAGE_SURE, triage_is_torn, "{torn}",
		FLASH_AGAIN ". An update was interrupted; the settings lie elsewhere and are not "
			    "touched by this",
		NULL},
	{TRIAGE_TORN_IMAGE, TRIAGE_LIKELY, has_hole,
		"the firmware in flash has a hole: {hole} are erased, and data lie behind them",
		FLASH_AGAIN, "flashing again settles it"},
	{TRIAGE_TORN_IMAGE, TRIAGE_LIKELY, pieces_behind_loader,
		"the flash holds a loader that is whole, and pieces of firmware behind it, without "
		"a "
		"beginning: {hole} are erased",
		FLASH_AGAIN, "flashing again settles it"},
	{TRIAGE_TORN_IMAGE, TRIAGE_POSSIBLE, ends_like_a_transfer,
		"the firmware in flash ends at {end}, where a transfer of the bootloader ends; an "
		"interrupted update looks so",
		FLASH_AGAIN, "dfurig triage --try: does it start?"},
	{TRIAGE_FOREIGN_IMAGE, TRIAGE_LIKELY, nothing_of_rusefi,
		"the flash is not empty, but there is no signature of rusEFI in it{starts}",
		FLASH_AGAIN, NULL},
	{TRIAGE_BOOT0_STUCK, TRIAGE_SURE, woke_in_dfu_with_firmware,
		"the board was powered up, nobody held PROGRAM, it is in its bootloader, and its "
		"firmware ({signature}) is whole",
		"look for the BOOT0 jumper or a PROGRAM button that hangs; BOOT0 has to be low "
		"when the chip starts",
		NULL},
	{TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY, woke_in_dfu_with_some,
		"the board was powered up, nobody held PROGRAM, it is in its bootloader, and it "
		"holds firmware ({signature})",
		"look for the BOOT0 jumper or a PROGRAM button that hangs; BOOT0 has to be low "
		"when the chip starts",
		"dfurig triage --try: does the firmware start when the bootloader is left?"},
	{TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY, woke_in_dfu_with_nothing,
		"the board was powered up, nobody held PROGRAM, and it is in its bootloader",
		"flash it first; then look for the BOOT0 jumper or a PROGRAM button that hangs, or "
		"the new firmware does not start either",
		"does it start its firmware then, PROGRAM not held?"},
	{TRIAGE_BOOT0_STUCK, TRIAGE_LIKELY, dfu_again,
		"it was told to leave the bootloader, and came up in it again",
		"look for the BOOT0 jumper or a PROGRAM button that hangs", NULL},
	{TRIAGE_BOOT0_STUCK, TRIAGE_POSSIBLE, woke_in_dfu_unread,
		"the board was powered up, nobody held PROGRAM, and it is in its bootloader",
		"look for the BOOT0 jumper or a PROGRAM button that hangs",
		"does it start its firmware when PROGRAM is surely let go, and the jumper is out?"},
	/* rusEFI issue 4847. */
	{TRIAGE_DOES_NOT_START, TRIAGE_SURE, does_not_start,
		"it left the bootloader when it was told to, and nothing came within {ms}",
		"reset the board, or take its power away for some seconds (PROGRAM not held). If "
		"it does not start then either, flash the whole firmware again, for exactly this "
		"board",
		NULL},
	{TRIAGE_DOES_NOT_START, TRIAGE_LIKELY, did_not_leave,
		"it was told to leave the bootloader, and is still there: {trial}",
		"reset the board, or take its power away for some seconds (PROGRAM not held); use "
		"another cable if it goes on",
		"dfurig triage --try once more: does it leave then?"},
	{TRIAGE_IN_OPENBLT, TRIAGE_LIKELY, loader_alone,
		"the flash holds a loader that is whole, and no rusEFI behind it",
		FLASH_AGAIN ", or the .srec through OpenBLT", NULL},
};

const struct triage_rows triage_rows_dfu = TRIAGE_ROWS(rows);
