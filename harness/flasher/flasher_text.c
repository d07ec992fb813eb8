/* SPDX-License-Identifier: MIT */
#include "harness/flasher/flasher_text.h"

#include <assert.h>

static const char *const flows[] = {
	[FLASHER_AUTO] = "auto",
	[FLASHER_MANUAL] = "manual",
};

static const char *const reasons[] = {
	[FLASHER_NO_REASON] = "none",
	[FLASHER_NO_ECU] = "no-ecu",
	[FLASHER_PORT_HELD] = "port-held",
	[FLASHER_BAD_ANSWER] = "bad-answer",
	[FLASHER_TUNE_UNREADABLE] = "tune-unreadable",
	[FLASHER_TOOL_MISSING] = "tool-missing",
	[FLASHER_WRONG_IMAGE] = "wrong-image",
	[FLASHER_NO_DFU] = "no-dfu",
	[FLASHER_CAME_BACK_AS_ECU] = "came-back-as-ecu",
	[FLASHER_SEVERAL_DEVICES] = "several-devices",
	[FLASHER_NO_PERMISSION] = "no-permission",
	[FLASHER_WRITE_FAILED] = "write-failed",
	[FLASHER_VERIFY_FAILED] = "verify-failed",
	[FLASHER_NO_ECU_AFTER] = "no-ecu-after",
	[FLASHER_SEVERAL_ECUS] = "several-ecus",
	[FLASHER_TUNE_NOT_RESTORED] = "tune-not-restored",
	[FLASHER_TIMED_OUT] = "timed-out",
};

static const char *const texts[] = {
	[FLASHER_NO_REASON] = "no reason given",
	[FLASHER_NO_ECU] = "no ECU answers",
	[FLASHER_PORT_HELD] = "the ECU's port is held by another program",
	[FLASHER_BAD_ANSWER] = "the ECU does not answer as it should",
	[FLASHER_TUNE_UNREADABLE] = "the tune cannot be read",
	[FLASHER_TOOL_MISSING] = "a program that is needed is not installed",
	[FLASHER_WRONG_IMAGE] = "the image is for another board",
	[FLASHER_NO_DFU] = "no bootloader showed up",
	[FLASHER_CAME_BACK_AS_ECU] = "the board came back as ECU",
	[FLASHER_SEVERAL_DEVICES] = "there are several bootloaders",
	[FLASHER_NO_PERMISSION] = "the device may not be opened",
	[FLASHER_WRITE_FAILED] = "the image was not written",
	[FLASHER_VERIFY_FAILED] = "the flash differs from the image",
	[FLASHER_NO_ECU_AFTER] = "no ECU came back",
	[FLASHER_SEVERAL_ECUS] = "there are several ECUs",
	[FLASHER_TUNE_NOT_RESTORED] = "the tune was not restored",
	[FLASHER_TIMED_OUT] = "it took too long",
};

static_assert(ARRAY_SIZE(reasons) == FLASHER_REASON_COUNT, "a reason without a name");
static_assert(ARRAY_SIZE(texts) == FLASHER_REASON_COUNT, "a reason without a text");

const struct names flasher_flow_names = NAMES(flows);
const struct names flasher_reason_names = NAMES(reasons);

static const struct names text_names = NAMES(texts);

const char *flasher_reason_text(enum flasher_reason reason)
{
	return names_text(&text_names, reason);
}
