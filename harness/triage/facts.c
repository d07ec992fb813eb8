/* SPDX-License-Identifier: MIT */
/* The evidence in words: a row for each thing that may be known. */
#include "harness/triage/triage.h"

#include <stdio.h>

#define SAY(...)   ((void)snprintf(out, size, __VA_ARGS__))
#define FACT(name) static void tell_##name(const struct evidence *e, char *out, size_t size)
#define SAY_KNOWN(known, yes, no)                                                                  \
	SAY("%s", (known) == EVIDENCE_UNKNOWN ? "" : (known) == EVIDENCE_YES ? (yes) : (no))

FACT(system)
{
	static const char *const systems[] = {
		[EVIDENCE_SYSTEM_UNKNOWN] = "",
		[EVIDENCE_LINUX] = "Linux",
		[EVIDENCE_WINDOWS] = "Windows",
		[EVIDENCE_MACOS] = "macOS",
	};

	SAY("%s", systems[e->system]);
}

FACT(tried)
{
	static const char *const texts[] = {
		[EVIDENCE_TRIED_NOTHING] = "",
		[EVIDENCE_TRIED_AUTO] = "the tool asked the ECU into its bootloader",
		[EVIDENCE_TRIED_MANUAL] = "PROGRAM was held while the board was powered up",
		[EVIDENCE_TRIED_POWER_ON] = "the board was powered up, and nobody held PROGRAM",
	};

	SAY("%s", texts[e->person.tried]);
}

FACT(led)
{
	SAY_KNOWN(e->person.led, "lit", "dark");
}

FACT(other_device)
{
	SAY_KNOWN(e->person.other_device, "works in that port", "does not work in that port");
}

FACT(tool)
{
	if (e->tool.installed == EVIDENCE_UNKNOWN)
		SAY("%s", e->tool.named ? e->tool.name : "");
	else
		SAY("%s: %s is %s", e->tool.name, e->tool.program,
			e->tool.installed == EVIDENCE_YES ? "installed" : "not installed");
}

FACT(query)
{
	if (e->tool.query_installed == EVIDENCE_UNKNOWN)
		return;
	SAY("%s %s", e->tool.query,
		e->tool.query_installed == EVIDENCE_NO ? "cannot run"
		: e->tool.query_answers == EVIDENCE_NO ? "gives no answer"
						       : "runs");
}

FACT(usb_devices)
{
	if (e->usb.listed == EVIDENCE_YES)
		SAY("%u, of which %u in DFU mode and %u with rusEFI's serial port", e->usb.devices,
			e->usb.dfu_count, e->usb.serial_count);
}

FACT(left)
{
	if (e->usb.left == EVIDENCE_YES)
		SAY("while it was looked at");
}

FACT(hubs)
{
	if (e->kernel.has_hubs)
		SAY("%u between the computer and the board", e->kernel.hubs);
}

FACT(over_current)
{
	if (e->kernel.has_over_current)
		SAY("%u times%s%s", e->kernel.over_current,
			e->kernel.over_current_port[0] ? " at port " : "",
			e->kernel.over_current_port);
}

FACT(node)
{
	SAY("%s%s%s%s", e->kernel.node, e->kernel.node_mode[0] ? ", " : "", e->kernel.node_mode,
		e->kernel.writable == EVIDENCE_NO ? ", not for this user" : "");
}

FACT(udev_rule)
{
	SAY_KNOWN(e->kernel.rule, "names the device", "none names the device");
}

FACT(kernel_driver)
{
	if (e->kernel.driver_looked == EVIDENCE_YES)
		SAY("%s", e->kernel.driver[0] ? e->kernel.driver : "none");
}

FACT(holder)
{
	SAY("%s", e->kernel.holder);
}

FACT(prober)
{
	SAY_KNOWN(e->kernel.prober, "ModemManager runs", "ModemManager does not run");
}

FACT(device_manager)
{
	const struct pnp_device *node = &e->windows.node;

	if (e->windows.looked != EVIDENCE_YES)
		return;
	if (e->windows.present == EVIDENCE_YES)
		SAY("\"%s\", code %u, %s, %s", node->caption, node->problem,
			node->service[0] ? node->service : "no service",
			node->inf[0] ? node->inf : "no INF");
	else
		SAY("shows no board");
}

FACT(port)
{
	static const char *const answers[] = {
		[EVIDENCE_ANSWER_UNKNOWN] = "not asked",
		[EVIDENCE_NO_PORT] = "there is none",
		[EVIDENCE_PORT_BUSY] = "held by another program",
		[EVIDENCE_PORT_DENIED] = "may not be opened",
		[EVIDENCE_PORT_FAILED] = "cannot be opened",
		[EVIDENCE_SILENT] = "nobody answers",
		[EVIDENCE_ANSWERS_BADLY] = "somebody answers, not as an ECU does",
		[EVIDENCE_ANSWERS_ECU] = "the ECU answers",
		[EVIDENCE_ANSWERS_OPENBLT] = "OpenBLT answers",
	};

	if (e->ecu.answer != EVIDENCE_ANSWER_UNKNOWN)
		SAY("%s%s%s", e->ecu.port, e->ecu.port[0] ? ": " : "", answers[e->ecu.answer]);
}

FACT(signature)
{
	SAY("%s", e->ecu.signature);
}

FACT(critical)
{
	SAY("%s", e->ecu.critical);
}

FACT(tune)
{
	if (e->ecu.tune_readable == EVIDENCE_YES)
		SAY("%u bytes, readable", e->ecu.tune_size);
	else if (e->ecu.tune_readable == EVIDENCE_NO)
		SAY("not readable: %s", e->ecu.tune_why);
}

FACT(openblt)
{
	if (e->ecu.loader[0])
		SAY("%s", e->ecu.loader);
	else
		SAY_KNOWN(e->ecu.openblt, "in front of the firmware", "none");
}

FACT(dfu_open)
{
	static const char *const texts[] = {
		[EVIDENCE_OPEN_UNKNOWN] = "",
		[EVIDENCE_OPENED] = "opens",
		[EVIDENCE_OPEN_DENIED] = "may not be opened",
		[EVIDENCE_OPEN_BUSY] = "is held by another",
		[EVIDENCE_OPEN_FAILED] = "cannot be opened",
	};

	SAY("%s", texts[e->dfu.open]);
}

FACT(dfu_status)
{
	if (e->dfu.has_status)
		SAY("%s / %s", e->dfu.state_text, e->dfu.status_text);
}

FACT(options)
{
	if (e->dfu.options_refused == EVIDENCE_YES)
		SAY("may not be read");
	else if (e->dfu.has_options)
		SAY("RDP 0x%02x, %s%s", e->dfu.rdp,
			e->dfu.protected_sectors ? "some sectors write-protected"
						 : "no sector write-protected",
			e->dfu.single_bank == EVIDENCE_YES  ? ", one bank (nDBANK 1)"
			: e->dfu.single_bank == EVIDENCE_NO ? ", two banks (nDBANK 0)"
							    : "");
}

FACT(boot_address)
{
	if (e->dfu.has_boot_add)
		SAY("BOOT_ADD0 0x%04x, BOOT_ADD1 0x%04x", e->dfu.boot_add[0], e->dfu.boot_add[1]);
}

FACT(flash)
{
	const struct evidence_flash *flash = &e->flash;

	if (flash->readable == EVIDENCE_NO)
		SAY("cannot be read: %s", flash->why);
	else if (flash->blank == EVIDENCE_YES)
		SAY("erased (%u bytes looked at)", flash->read);
	else if (flash->blank == EVIDENCE_NO)
		SAY("used up to 0x%08x, checksum %s%s%s", flash->end,
			flash->whole == EVIDENCE_YES  ? "fits"
			: flash->whole == EVIDENCE_NO ? "does not fit"
						      : "none",
			flash->starts_why[0] ? ", " : "", flash->starts_why);
}

FACT(flash_signature)
{
	SAY("%s", e->flash.signature);
}

FACT(into_dfu)
{
	static const char *const texts[] = {
		[EVIDENCE_NOT_TRIED] = "",
		[EVIDENCE_TRY_STAYED] = "the ECU stayed and answers",
		[EVIDENCE_TRY_HANGS] = "the ECU stayed and does not answer",
		[EVIDENCE_TRY_CAME_BACK] = "it came back as ECU",
		[EVIDENCE_TRY_OPENBLT] = "it came back as OpenBLT",
		[EVIDENCE_TRY_GONE] = "it left, and nothing came",
		[EVIDENCE_TRY_DFU] = "it came as bootloader",
	};

	if (e->trial.into_dfu != EVIDENCE_NOT_TRIED)
		SAY("%s, %u ms", texts[e->trial.into_dfu], e->trial.into_dfu_ms);
}

FACT(out_of_dfu)
{
	if (e->trial.left == EVIDENCE_NO)
		SAY("it did not leave: %s", e->trial.why);
	else if (e->trial.left == EVIDENCE_YES)
		SAY("it left, and %s, %u ms",
			e->trial.starts == EVIDENCE_YES      ? "the ECU came"
			: e->trial.dfu_again == EVIDENCE_YES ? "the bootloader came again"
							     : "nothing came",
			e->trial.starts_ms);
}

const struct triage_fact triage_facts[] = {
	{"system", tell_system},
	{"tried", tell_tried},
	{"LED", tell_led},
	{"other device", tell_other_device},
	{"tool", tell_tool},
	{"query", tell_query},
	{"USB devices", tell_usb_devices},
	{"left USB", tell_left},
	{"hubs", tell_hubs},
	{"over-current", tell_over_current},
	{"node", tell_node},
	{"udev rule", tell_udev_rule},
	{"kernel driver", tell_kernel_driver},
	{"held by", tell_holder},
	{"prober", tell_prober},
	{"Device Manager", tell_device_manager},
	{"port", tell_port},
	{"signature", tell_signature},
	{"critical error", tell_critical},
	{"tune", tell_tune},
	{"OpenBLT", tell_openblt},
	{"bootloader", tell_dfu_open},
	{"DFU status", tell_dfu_status},
	{"option bytes", tell_options},
	{"boot addresses", tell_boot_address},
	{"flash", tell_flash},
	{"in flash", tell_flash_signature},
	{"into DFU", tell_into_dfu},
	{"out of DFU", tell_out_of_dfu},
};

const size_t triage_fact_count = ARRAY_SIZE(triage_facts);

const char *triage_board_text(const struct evidence *evidence, char *out, size_t size)
{
	const struct evidence_device *board = &evidence->board;

	if (board->face != EVIDENCE_NOTHING)
		SAY("%04x:%04x \"%s\", USB %s%s%s", board->vid, board->pid, board->product,
			board->path, board->serial[0] ? ", serial " : "", board->serial);
	else if (evidence->usb.count)
		SAY("%zu boards on USB", evidence->usb.count);
	else
		SAY("none on USB");
	return out;
}
