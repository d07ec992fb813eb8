/* SPDX-License-Identifier: MIT */
/*
 * The ROM's own source is not public. ST's DFU device class for applications (usbd_dfu.c of stm32-mw-usb-device)
 * has the same corner cases as those that were seen of ROMs, and stands for what nobody has seen.
 */
#include "simulators/stm32/rom_rules.h"

#define AN3156 "AN3156 (text of AN2662 rev 1)"
#define USBD   "ST usbd_dfu.c"
#define H743   "ST usbd_dfu.c; CubeProgrammer log of an H743: CLRSTATUS twice"

#define CELL(state_, request_, action, next, status, source_)                                      \
	{                                                                                          \
		.state = state_, .request = request_, .rule = {action, next, next, status},        \
		.source = source_                                                                  \
	}
/* A request out of place is STALLed, but is no error that has to be cleared. */
#define STALLED(state, request) CELL(state, request, DFU_DO_STALL, state, DFU_OK, USBD)
/* CLRSTATUS without an error is an error. */
#define UNKNOWN(state)                       CELL(state, DFU_CLRSTATUS, DFU_DO_SET, DFU_ERROR, DFU_ERR_UNKNOWN, H743)
#define DETACHED(state, next)                CELL(state, DFU_DETACH, DFU_DO_DETACH, next, DFU_OK, USBD)
#define ABORTED(state, action, next, source) CELL(state, DFU_ABORT, action, next, DFU_OK, source)
#define ANSWERED(state, request, action)     CELL(state, request, action, state, DFU_OK, USBD)

static const struct dfu_rule_cell f4_cells[] = {
	/* bitWillDetach: off the bus and back, from every state. */
	DETACHED(DFU_IDLE, DFU_IDLE),
	DETACHED(DFU_DNLOAD_SYNC, DFU_IDLE),
	DETACHED(DFU_DNBUSY, DFU_DNBUSY),
	DETACHED(DFU_DNLOAD_IDLE, DFU_IDLE),
	DETACHED(DFU_MANIFEST_SYNC, DFU_IDLE),
	DETACHED(DFU_MANIFEST, DFU_MANIFEST),
	DETACHED(DFU_UPLOAD_IDLE, DFU_IDLE),
	DETACHED(DFU_ERROR, DFU_ERROR),

	/* Leaving needs no download before it. */
	{
		.state = DFU_IDLE,
		.request = DFU_DNLOAD,
		.rule = {DFU_DO_STORE, DFU_DNLOAD_SYNC, DFU_MANIFEST_SYNC, DFU_OK},
		.source = AN3156 ", Leave DFU mode",
	},
	STALLED(DFU_DNLOAD_SYNC, DFU_DNLOAD),
	STALLED(DFU_DNBUSY, DFU_DNLOAD),
	STALLED(DFU_MANIFEST_SYNC, DFU_DNLOAD),
	STALLED(DFU_MANIFEST, DFU_DNLOAD),
	STALLED(DFU_UPLOAD_IDLE, DFU_DNLOAD),

	/* An upload of nothing ends the upload. */
	{
		.state = DFU_IDLE,
		.request = DFU_UPLOAD,
		.rule = {DFU_DO_UPLOAD, DFU_UPLOAD_IDLE, DFU_IDLE, DFU_OK},
		.source = USBD,
	},
	STALLED(DFU_DNLOAD_SYNC, DFU_UPLOAD),
	STALLED(DFU_DNBUSY, DFU_UPLOAD),
	STALLED(DFU_DNLOAD_IDLE, DFU_UPLOAD),
	STALLED(DFU_MANIFEST_SYNC, DFU_UPLOAD),
	STALLED(DFU_MANIFEST, DFU_UPLOAD),
	{
		.state = DFU_UPLOAD_IDLE,
		.request = DFU_UPLOAD,
		.rule = {DFU_DO_UPLOAD, DFU_UPLOAD_IDLE, DFU_IDLE, DFU_OK},
		.source = USBD,
	},

	ANSWERED(DFU_DNBUSY, DFU_GETSTATUS, DFU_DO_STATUS),
	ANSWERED(DFU_MANIFEST, DFU_GETSTATUS, DFU_DO_STATUS),
	ANSWERED(DFU_DNBUSY, DFU_GETSTATE, DFU_DO_STATE),
	ANSWERED(DFU_MANIFEST, DFU_GETSTATE, DFU_DO_STATE),

	UNKNOWN(DFU_IDLE),
	UNKNOWN(DFU_DNLOAD_SYNC),
	UNKNOWN(DFU_DNBUSY),
	UNKNOWN(DFU_DNLOAD_IDLE),
	UNKNOWN(DFU_MANIFEST_SYNC),
	UNKNOWN(DFU_MANIFEST),
	UNKNOWN(DFU_UPLOAD_IDLE),

	ABORTED(DFU_DNLOAD_SYNC, DFU_DO_SET, DFU_IDLE, AN3156 ", DFU_ABORT cancels a block"),
	ABORTED(DFU_MANIFEST_SYNC, DFU_DO_SET, DFU_IDLE, USBD),
	ABORTED(DFU_DNBUSY, DFU_DO_IGNORE, DFU_DNBUSY, USBD),
	ABORTED(DFU_MANIFEST, DFU_DO_IGNORE, DFU_MANIFEST, USBD),
	ABORTED(DFU_ERROR, DFU_DO_IGNORE, DFU_ERROR, USBD),
};

const struct dfu_overlay rom_rules_f4 = {
	.cells = f4_cells,
	.count = ARRAY_SIZE(f4_cells),
};
