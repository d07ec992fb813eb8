/* SPDX-License-Identifier: MIT */
#include "harness/triage/predicates.h"

#define RDP_LEVEL_0 0xaa
#define STATE_IDLE  2
#define STATE_ERROR 10
#define STATUS_OK   0
/* How F2, F4 and F7 begin: dfuERROR with errFIRMWARE, which the first CLRSTATUS takes away [dfu-util's device logs]. */
#define STATUS_FIRMWARE 10

bool triage_sees_nothing(const struct evidence *e)
{
	return e->usb.listed == EVIDENCE_YES && e->usb.count == 0 && !e->usb.not_meant &&
	       e->kernel.usb != EVIDENCE_NO;
}

bool triage_sees_dfu(const struct evidence *e)
{
	return e->board.face == EVIDENCE_DFU;
}

bool triage_sees_serial(const struct evidence *e)
{
	return e->board.face == EVIDENCE_SERIAL;
}

bool triage_is_tool_of_other_system(const struct evidence *e)
{
	return e->tool.works_on != EVIDENCE_SYSTEM_UNKNOWN &&
	       e->system != EVIDENCE_SYSTEM_UNKNOWN && e->tool.works_on != e->system;
}

bool triage_has_windows_node(const struct evidence *e)
{
	return e->windows.present == EVIDENCE_YES;
}

/* Its cure erases the tune, so one errVENDOR is not enough: the ROM has it for a failed erase too [rusEFI forum 1747], and no
 * flash that can be read is protected. */
bool triage_is_read_protected(const struct evidence *e)
{
	if (e->flash.readable == EVIDENCE_YES)
		return false;
	if (e->dfu.has_options)
		return e->dfu.rdp != RDP_LEVEL_0;
	return e->dfu.options_refused == EVIDENCE_YES;
}

bool triage_is_write_protected(const struct evidence *e)
{
	return e->dfu.has_options && e->dfu.protected_sectors != 0;
}

/* Where code may start, in units of 16 KiB: flash by either bus, system memory by either [ST RM0410, "Boot configuration"]. */
static bool is_boot_address(uint16_t add, uint16_t itcm, uint16_t axi)
{
	return add == itcm || add == axi;
}

bool triage_has_bad_boot_address(const struct evidence *e)
{
	return e->dfu.has_boot_add && (!is_boot_address(e->dfu.boot_add[0], 0x0080, 0x2000) ||
					      !is_boot_address(e->dfu.boot_add[1], 0x0040, 0x7fc0));
}

bool triage_is_torn(const struct evidence *e)
{
	return e->flash.blank == EVIDENCE_NO &&
	       (e->flash.whole == EVIDENCE_NO || e->flash.front_erased == EVIDENCE_YES);
}

bool triage_is_foreign(const struct evidence *e)
{
	return e->flash.other_chip == EVIDENCE_YES;
}

bool triage_holds_firmware(const struct evidence *e)
{
	return e->flash.starts == EVIDENCE_YES && e->flash.signature[0] &&
	       e->flash.whole != EVIDENCE_NO && e->flash.other_chip != EVIDENCE_YES &&
	       (e->flash.whole == EVIDENCE_YES || (!e->flash.hole_size && !e->flash.broke_off));
}

bool triage_is_dfu_error(const struct evidence *e)
{
	return e->dfu.has_status && e->dfu.state == STATE_ERROR &&
	       e->dfu.status != STATUS_FIRMWARE && e->dfu.status != STATUS_OK;
}

bool triage_is_healthy_ecu(const struct evidence *e)
{
	return triage_sees_serial(e) && e->ecu.answer == EVIDENCE_ANSWERS_ECU &&
	       e->ecu.tune_readable != EVIDENCE_NO;
}

/* Below a driver of another kind its flash is not to be seen from here; the driver is what counts then. */
bool triage_is_healthy_dfu(const struct evidence *e)
{
	if (!triage_sees_dfu(e) || e->usb.left == EVIDENCE_YES)
		return false;
	if (triage_holds_firmware(e))
		return true;
	return e->dfu.open == EVIDENCE_OPEN_UNKNOWN && triage_has_windows_node(e) &&
	       e->windows.node.problem == PNP_OK;
}
