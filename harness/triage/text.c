/* SPDX-License-Identifier: MIT */
/* The words in curly braces of the rows: what each becomes, from the evidence. */
#include "harness/triage/predicates.h"
#include "harness/triage/triage.h"

#include <stdio.h>
#include <string.h>

#define SAY(...) ((void)snprintf(out, size, __VA_ARGS__))

struct word {
	const char *name;
	void (*fill)(const struct evidence *e, char *out, size_t size);
};

/* For plain texts that the evidence has. */
#define TEXT_WORD(name, member, without)                                                           \
	static void fill_##name(const struct evidence *e, char *out, size_t size)                  \
	{                                                                                          \
		SAY("%s", e->member[0] ? e->member : (without));                                   \
	}

TEXT_WORD(port, ecu.port, "its serial port")
TEXT_WORD(holder, kernel.holder, "another program")
TEXT_WORD(tool, tool.name, "the tool")
TEXT_WORD(program, tool.program, "a program")
TEXT_WORD(query, tool.query, "a program")
TEXT_WORD(driver, kernel.driver, "unknown")
TEXT_WORD(node, kernel.node, "on USB")
TEXT_WORD(caption, windows.node.caption, "Unknown device")
TEXT_WORD(id, windows.node.hardware_ids[0], "it")
TEXT_WORD(service, windows.node.service, "none")
TEXT_WORD(inf, windows.node.inf, "no INF")
TEXT_WORD(state, dfu.state_text, "an unknown state")
TEXT_WORD(status, dfu.status_text, "an unknown status")
TEXT_WORD(dfu, dfu.why, "it answers nothing")
TEXT_WORD(trial, trial.why, "nobody knows why")
TEXT_WORD(tune, ecu.tune_why, "it does not come")
TEXT_WORD(critical, ecu.critical, "nothing")
TEXT_WORD(overcurrent, kernel.over_current_port, "of the computer")

static void fill_signature(const struct evidence *e, char *out, size_t size)
{
	SAY("%s", e->ecu.signature[0]     ? e->ecu.signature
		  : e->flash.signature[0] ? e->flash.signature
					  : "no signature");
}

static void fill_install(const struct evidence *e, char *out, size_t size)
{
	const char *program = e->tool.program;

	if (strcmp(program, "dfu-util") == 0 && e->system == EVIDENCE_WINDOWS)
		SAY("unpack it from dfu-util.sourceforge.net into a folder of PATH");
	else if (strcmp(program, "dfu-util") == 0)
		SAY("sudo apt install dfu-util");
	else if (strcmp(program, "STM32_Programmer_CLI") == 0)
		SAY("unpack the console's bundle anew, which has it in STM32_Programmer_CLI/bin; "
		    "or "
		    "install STM32CubeProgrammer from st.com");
	else
		SAY("install it anew, into a folder of PATH");
}

static void fill_queryremedy(const struct evidence *e, char *out, size_t size)
{
	if (e->system != EVIDENCE_WINDOWS)
		SAY("sudo apt install usbutils");
	else if (strcmp(e->tool.query, "wmic") == 0)
		SAY("take a newer console, which asks PowerShell: newer versions of Windows have "
		    "no "
		    "wmic (or add it under Optional features, WMIC)");
	else
		SAY("%s has to run: put C:\\Windows\\System32\\WindowsPowerShell\\v1.0 back "
		    "into PATH, and run the console as administrator",
			e->tool.query);
}

static void fill_interface(const struct evidence *e, char *out, size_t size)
{
	SAY("%s:1.0", e->board.path[0] ? e->board.path : "1-1");
}

static void fill_what(const struct evidence *e, char *out, size_t size)
{
	SAY("%s", e->ecu.answer == EVIDENCE_PORT_DENIED ? "serial port" : "bootloader's device");
}

static void fill_file(const struct evidence *e, char *out, size_t size)
{
	if (e->ecu.answer == EVIDENCE_PORT_DENIED)
		fill_port(e, out, size);
	else
		fill_node(e, out, size);
}

static void fill_mode(const struct evidence *e, char *out, size_t size)
{
	if (e->kernel.node_mode[0] && e->ecu.answer != EVIDENCE_PORT_DENIED)
		SAY(" (it is %s)", e->kernel.node_mode);
}

static void fill_rule(const struct evidence *e, char *out, size_t size)
{
	if (e->ecu.answer == EVIDENCE_PORT_DENIED)
		SAY("; serial ports belong to the group dialout");
	else if (e->kernel.rule == EVIDENCE_NO)
		SAY("; no udev rule names it");
	else if (e->kernel.rule == EVIDENCE_YES)
		SAY("; a udev rule names it: was the board plugged in again since?");
}

static void fill_prober(const struct evidence *e, char *out, size_t size)
{
	if (e->kernel.prober == EVIDENCE_YES)
		SAY("; ModemManager runs here and opens new serial ports: sudo systemctl mask "
		    "--now ModemManager");
}

static void fill_problem(const struct evidence *e, char *out, size_t size)
{
	SAY("%u", e->windows.node.problem);
}

static void fill_count(const struct evidence *e, char *out, size_t size)
{
	SAY("%zu", e->usb.count);
}

static void fill_boards(const struct evidence *e, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < e->usb.count && i < EVIDENCE_DEVICE_MAX && used < size; i++) {
		const struct evidence_device *board = &e->usb.boards[i];

		used += (size_t)snprintf(out + used, size - used, "%s%s at USB %s, serial %s",
			i ? "; " : "",
			board->face == EVIDENCE_DFU ? "a bootloader" : "an ECU or OpenBLT",
			board->path, board->serial[0] ? board->serial : "unknown");
	}
}

static void fill_boot(const struct evidence *e, char *out, size_t size)
{
	SAY("BOOT_ADD0 0x%04x, BOOT_ADD1 0x%04x", e->dfu.boot_add[0], e->dfu.boot_add[1]);
}

static void fill_protection(const struct evidence *e, char *out, size_t size)
{
	if (e->dfu.has_options)
		SAY("the option bytes say RDP 0x%02x: level 1, the flash can be neither read nor "
		    "written",
			e->dfu.rdp);
	else
		SAY("the address command is answered dfuERROR / errVENDOR; the option bytes "
		    "cannot be read (RDP level 1)");
}

static void fill_sectors(const struct evidence *e, char *out, size_t size)
{
	size_t used = 0, count = 0;

	for (uint32_t i = 0; i < 32; i++)
		count += e->dfu.protected_sectors >> i & 1;
	used = (size_t)snprintf(out, size, "%s", count == 1 ? "sector" : "sectors");
	for (uint32_t i = 0; i < 32 && used < size; i++)
		if (e->dfu.protected_sectors >> i & 1)
			used += (size_t)snprintf(out + used, size - used, " %u", i);
}

/* As STM32_Programmer_CLI takes them. */
static void fill_nwrp(const struct evidence *e, char *out, size_t size)
{
	size_t used = 0;

	for (uint32_t i = 0; i < 32 && used < size; i++)
		if (e->dfu.protected_sectors >> i & 1)
			used += (size_t)snprintf(
				out + used, size - used, "%snWRP%u=1", used ? " " : "", i);
}

/* rusEFI issue 3597: BOOT_ADD0 was 0xffff behind it. */
static void fill_afterwards(const struct evidence *e, char *out, size_t size)
{
	if (e->dfu.family == EVIDENCE_F7)
		SAY(". On this STM32F7 run dfurig triage again before its power goes: boot "
		    "addresses "
		    "have been lost by it");
}

static void fill_family(const struct evidence *e, char *out, size_t size)
{
	static const char *const families[] = {
		[EVIDENCE_FAMILY_UNKNOWN] = "chip",
		[EVIDENCE_F4] = "STM32F4",
		[EVIDENCE_F7] = "STM32F7",
		[EVIDENCE_H7] = "STM32H7",
	};

	SAY("%s", families[e->dfu.family]);
}

static void fill_hole(const struct evidence *e, char *out, size_t size)
{
	SAY("%u bytes from 0x%08x", e->flash.hole_size, e->flash.hole_addr);
}

static void fill_end(const struct evidence *e, char *out, size_t size)
{
	SAY("0x%08x", e->flash.end);
}

static void fill_torn(const struct evidence *e, char *out, size_t size)
{
	size_t used;

	if (e->flash.front_erased == EVIDENCE_YES)
		used = (size_t)snprintf(
			out, size, "the start of the flash is erased, and data lie behind it");
	else
		used = (size_t)snprintf(
			out, size, "the firmware in flash does not fit its own checksum");
	if (e->flash.hole_size && used < size)
		used += (size_t)snprintf(out + used, size - used,
			"; %u bytes from 0x%08x are erased", e->flash.hole_size,
			e->flash.hole_addr);
	if (used < size)
		snprintf(out + used, size - used, "; it ends at 0x%08x", e->flash.end);
}

static void fill_starts(const struct evidence *e, char *out, size_t size)
{
	if (e->flash.starts_why[0])
		SAY("; %s", e->flash.starts_why);
}

static void fill_ms(const struct evidence *e, char *out, size_t size)
{
	SAY("%.1f s", (double)e->trial.starts_ms / 1e3);
}

static void fill_trialms(const struct evidence *e, char *out, size_t size)
{
	SAY("%.1f s", (double)e->trial.into_dfu_ms / 1e3);
}

static void fill_waited(const struct evidence *e, char *out, size_t size)
{
	SAY("%.1f s", (double)e->windows.waited_ms / 1e3);
}

static const char *const system_names[] = {
	[EVIDENCE_SYSTEM_UNKNOWN] = "another system",
	[EVIDENCE_LINUX] = "Linux",
	[EVIDENCE_WINDOWS] = "Windows",
	[EVIDENCE_MACOS] = "macOS",
};

static void fill_system(const struct evidence *e, char *out, size_t size)
{
	SAY("%s", system_names[e->system]);
}

static void fill_workson(const struct evidence *e, char *out, size_t size)
{
	SAY("%s", system_names[e->tool.works_on]);
}

static void fill_loader(const struct evidence *e, char *out, size_t size)
{
	if (e->ecu.loader[0])
		SAY(" (%s)", e->ecu.loader);
}

static void fill_well(const struct evidence *e, char *out, size_t size)
{
	if (e->trial.starts == EVIDENCE_YES && triage_is_healthy_dfu(e) &&
		e->board.face == EVIDENCE_DFU)
		SAY("the board was in its bootloader, which answers as it should, left it, and its "
		    "firmware came (%s)",
			e->flash.signature[0] ? e->flash.signature : "no signature");
	else if (triage_is_healthy_dfu(e))
		SAY("the board is in its bootloader, which answers as it should%s%s%s",
			e->flash.signature[0] ? ", and holds " : "", e->flash.signature,
			e->flash.whole == EVIDENCE_YES ? ", whole" : "");
	else
		SAY("the ECU answers on %s (%s)%s%s", e->ecu.port, e->ecu.signature,
			e->ecu.tune_readable == EVIDENCE_YES ? ", its tune can be read" : "",
			e->trial.into_dfu == EVIDENCE_TRY_DFU
				? ", goes into its bootloader and comes back"
				: "");
}

static void fill_next(const struct evidence *e, char *out, size_t size)
{
	if (triage_is_healthy_dfu(e) && e->trial.starts != EVIDENCE_YES)
		SAY("flash it: dfurig update manual --image rusefi.bin; or press reset, and it "
		    "starts its firmware. If nobody wanted the bootloader: dfurig triage --tried "
		    "power-on");
	else if (e->trial.into_dfu == EVIDENCE_NOT_TRIED && e->trial.starts != EVIDENCE_YES)
		SAY("update it: dfurig update auto --image rusefi.bin. If the update still does "
		    "nothing: dfurig triage --try, which asks it into its bootloader and back");
	else
		SAY("update it: dfurig update auto --image rusefi.bin");
}

static void fill_odd(const struct evidence *e, char *out, size_t size)
{
	if (e->usb.listed != EVIDENCE_YES)
		SAY("the USB devices of this machine cannot be listed");
	else if (e->usb.not_meant)
		SAY("no board has the serial number that was given; %u others are there",
			e->usb.not_meant);
	else if (e->ecu.answer == EVIDENCE_NO_PORT)
		SAY("the ECU is on USB, and this machine has made no serial port of it");
	else if (e->ecu.why[0])
		SAY("%s", e->ecu.why);
	else if (e->dfu.why[0])
		SAY("%s", e->dfu.why);
	else if (e->flash.why[0])
		SAY("%s", e->flash.why);
	else if (e->trial.why[0])
		SAY("%s", e->trial.why);
	else
		SAY("what was seen fits nothing that is known");
}

#define WORD(name)                                                                                 \
	{                                                                                          \
#name, fill_##name                                                                 \
	}

static const struct word words[] = {
	WORD(port),
	WORD(holder),
	WORD(tool),
	WORD(program),
	WORD(query),
	WORD(install),
	WORD(driver),
	WORD(interface),
	WORD(node),
	WORD(what),
	WORD(file),
	WORD(mode),
	WORD(rule),
	WORD(caption),
	WORD(problem),
	WORD(id),
	WORD(service),
	WORD(inf),
	WORD(count),
	WORD(boards),
	WORD(boot),
	WORD(protection),
	WORD(sectors),
	WORD(state),
	WORD(status),
	WORD(dfu),
	WORD(signature),
	WORD(family),
	WORD(torn),
	WORD(hole),
	WORD(end),
	WORD(starts),
	WORD(ms),
	WORD(trialms),
	WORD(loader),
	WORD(trial),
	WORD(tune),
	WORD(system),
	WORD(workson),
	WORD(prober),
	WORD(overcurrent),
	WORD(well),
	WORD(nwrp),
	WORD(afterwards),
	WORD(queryremedy),
	WORD(critical),
	WORD(waited),
	WORD(next),
	WORD(odd),
};

/* Writes the word that begins at text (behind the brace). Returns its length with the closing brace, 0: it is none. */
static size_t fill_word(const char *text, const struct evidence *e, char *out, size_t size)
{
	size_t length = strcspn(text, "}");

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].name) == length && strncmp(words[i].name, text, length) == 0) {
			words[i].fill(e, out, size);
			return length + 1;
		}
	return 0;
}

const char *triage_fill(const char *text, const struct evidence *evidence, char *out, size_t size)
{
	size_t used = 0;

	for (; *text && used + 1 < size; text++) {
		size_t length = 0;

		if (*text == '{')
			length = fill_word(text + 1, evidence, out + used, size - used);
		if (length) {
			used += strlen(out + used);
			text += length;
		} else {
			out[used++] = *text;
		}
	}
	out[used] = '\0';
	return out;
}
