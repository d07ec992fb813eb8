/* SPDX-License-Identifier: MIT */
/*
 * A scenario: a story about an update and what must come of it, as a YAML file. The same file runs in-process and
 * through the mock, with any flasher.
 *
 *     name: magic-lost                     as the file
 *     title: The board loses its RAM at the reset and comes back as ECU
 *     source: ...                          where it is known from: an issue, a wiki page, a document
 *     flow: auto                           auto | manual: what the user wants of the tool
 *     board: f407-discovery                default; --board overrides it
 *     start:
 *       firmware: rusefi-2025              an image of fixtures/images; none = a blank chip
 *       tune: custom                       custom (default) | default | none: what is in the settings sectors
 *       power: on                          on (default) | off
 *       boot0: released                    released (default) | held
 *       usb: plugged                       plugged (default) | unplugged
 *       torn: 40 %                         only so much of the image is there, from its start, and nothing behind it
 *       foreign: true                      in place of firmware: a program that is no rusEFI, and that has no USB
 *       options:                           option bytes that are not as ST ships the chip
 *         level: 1                         of the read protection: 0, 1 or 2
 *         wrp: [2, 3]                      write-protected sectors
 *         ndbank: 0                        any value, by its name in ST's documents with "-" for "_": rdp, bor-lev, nwrp, ...;
 *                                          F7: ndbank, boot-add0 (0x0080: in units of 16 KiB), boot-add1
 *         erased: true                     all are 0xff, but for what stands here besides
 *     others:                              further boards, in the order of their plugs, as start; optional
 *       - {board: f407-discovery, boot0: held}
 *     image: rusefi-2026                   what is to be flashed
 *     host:                                optional
 *       missing: [dfu-util]
 *       port-held: true
 *       no-permission: true
 *       new-number: true                   the port comes back as another ttyACM
 *       system: windows                    linux | windows | macos; default: the one that the flasher is for
 *       drivers: [st-bootloader]           Windows: what the driver store has at first, of fixtures/drivers; []: nothing.
 *                                          Default: the driver that the flasher wants
 *       install-time: 15 s                 Windows: how long it takes to give a new device its driver
 *       failing-service: WinUSB            Windows: this driver does not start (code 10)
 *       no-elevation: true                 Windows: nobody says yes to UAC's question
 *       late: [{program: powershell, time: 20 s}]   takes so long before it does anything
 *       mute: [powershell]                 prints nothing
 *       prober: ModemManager               Linux: opens each new serial port for a while
 *       kernel-driver: usbtest             Linux: is bound to the bootloader's interface
 *     faults:                              optional; each must fire, or the run is an ERROR. See dfurig list faults
 *       - at: request                      where: one or more points ("erase, program"), or any
 *         match: DNLOAD                    what it is called there; without: any. So below
 *         block: 5                         wBlockNum; nth and times count what has this block
 *         addr: 0x08020000                 lies in what it is about
 *         nth: 2                           the first time that it happens; default 1
 *         times: 3                         how often from then on; default 1; 0: for ever
 *         do: stall                        what
 *       - {at: board-reset, match: software, do: lose-ram}
 *       - {at: dfu-connect, do: delay, time: 5 s}         what follows the action: a time, or a value
 *       - {at: dfu-execute, match: write, do: dfu-error, value: errVERIFY}
 *       - {at: erase, addr: 0x08020000, after: 50 %, do: cut-power, time: 1 s}
 *                                          from outside (cut-power, brown-out, reset, unplug, kill) it may come later: a time,
 *                                          or per cent of the time that it takes
 *       - {at: time, after: 2 s, do: unplug}              since the boards began
 *     steps:                               in order; without: [update]
 *       - boot0: held                      pins: power, boot0, usb, vbus, nrst with on/off, held/released, plugged/unplugged
 *         of: 2                            of the second board; for all that moves pins, and wait-for
 *       - reset: 100 ms                    NRST held so long
 *       - power-cycle: 500 ms
 *       - replug: 1 s                      the cable out so long
 *       - press: program                   program: held while the board is powered up; reset
 *       - send: reboot_dfu                 the host asks the ECU: reboot, reboot_dfu, reboot_openblt by text;
 *                                          z-reboot, z-dfu, z-openblt by the command of the .ini
 *       - wait-for: dfu                    what the board shows on USB: dfu, ecu, openblt, other, gone; limit 10 s by default
 *         within: 3 s
 *       - wait: 500 ms
 *       - run: [dfu-util, -l, "{image}"]   a host program; {image} is the scenario's
 *         exit: 74                         without exit and says, anything but 0 is an ERROR
 *         says: "No DFU capable"
 *       - windows: uninstall-device        Device Manager: the device goes, until it is plugged in anew; and so do
 *                                          uninstall-device-and-driver, scan, add-driver st-bootloader (also for what is
 *                                          plugged in), stage-driver st-bootloader (into the driver store only)
 *         of: 2
 *         elevated: false                  without an administrator's rights; default: with them
 *       - triage: manual                   the owner asks dfurig triage; tried: nothing, auto, manual, power-on. What he
 *                                          sees it is told: an LED is lit when the board has power, another device works
 *                                          when the port has its 5 V
 *         cause: no-power                  that it must name first; without: any
 *         try: true                        with --try; default: false
 *         tool: dfu-util                   with what he flashes; default: the flasher
 *       - update                           runs the flasher
 *       - update: manual                   with another flow or image than the scenario's
 *         image: rusefi-2025
 *         stop-after: 10 s                 the flasher is stopped then; default: as its own file says
 *         expect: {tool: failure}          judged at once; what stands in expect below, at the end
 *     meanwhile:                           optional; while the flasher runs, each once; each must happen
 *       - {when: dfu, after: 200 ms, do: {power: off}}    when: the board shows itself so; start: the flasher starts
 *       - {when: write, at: 0x08020000, do: {power: off}}   the byte there is programmed
 *       - {when: progress, at: 50 %, do: {usb: unplugged}}  the flasher says so (its `progress`); through the mock only,
 *                                                           as in-process what a program says has no time
 *     expect:
 *       outcome: updated                   updated: the image is in flash and its ECU runs; written: in flash, but no ECU of it
 *                                          runs; not-updated: the flash is as before, settings aside; damaged: neither
 *       reason: no-dfu                     the tool's reason (enum flasher_reason; none)
 *       tool: success                      success | failure: its word; any: it may say what it likes
 *       tune: kept                         kept: the same all the time; restored: it was gone when the board came back, and is
 *                                          there again; lost: another one; default: the factory's (which is lost as well)
 *       usb: [ecu, {dfu: 3 s}, ecu]        what the board shows, in order, from the first step to the end; with a time: at most so
 *                                          long after what was there before has left
 *       within: 30 s                       of board time, of the last update
 *       signature: rusefi-2026             of the firmware in flash at the end: an image's, or none
 *       ends-as: ecu                       the board's mode at the end
 *       exit: 74                           of the tool
 *       timed-out: true                    it did not end by itself, but was stopped after its time
 *       says: "No DFU capable"             in the tool's output
 *       flash: {settings: untouched}       all sectors that the image lies in (image), that hold settings, or neither (other):
 *                                          untouched, erased, written, changed since the first step; untouched alone: all are
 *     expect-of:                           what differs for a flasher, by its name or the front of it ("console" means
 *       console: {outcome: not-updated}    console-linux-2026 too); the same keys, over those of expect
 *     only: [dfu-util]                     the flashers that it is about; without: any
 *     sweep:                               `dfurig sweep` only: what a flasher is known not to do well, and from where
 *       dfu-util: {tries: 2, because: "..."}     it may be needed so often after a cut, in place of once
 *       console: {without: [flip], because: "..."}   it is not cut so, unless --cut says it
 *     skip:                                flashers or transports to which it does not apply, and why
 *       dfu-util: "..."
 *       console over mock: "..."
 *
 * Besides what a file expects: a tool that says success while the board does not hold the image, or does not run it, fails,
 * unless both are expected; and no other board may be written to, settings aside. A wrong outcome is a FAIL; a fault or
 * a meanwhile that did not happen turns what would be a PASS into an ERROR.
 *
 * A flasher that has no flow `auto` gets the rig's help in it: `dfurig ecu reboot-dfu` before it runs.
 */
#ifndef DFURIG_SCENARIO_SCENARIO_H
#define DFURIG_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/ports/flasher.h"
#include "harness/report/verdict.h"
#include "harness/scenario/world.h"

#define SCENARIO_FILE_MAX (256u << 10)

struct scenario;

/* Reads a scenario from memory; path is for messages. *ret is owned by the caller (scenario_free). 0; -EBADMSG with
 * "path:line: key: what to do" in why; -ENOMEM. */
MUST_CHECK int scenario_parse(
	const char *path, const uint8_t *data, size_t size, struct scenario **ret, struct why *why);
void scenario_free(struct scenario *scenario);

const char *scenario_name(const struct scenario *scenario);
const char *scenario_title(const struct scenario *scenario);

/* How a board begins: for whoever makes the world. */
enum scenario_tune {
	SCENARIO_TUNE_CUSTOM,  /* one that an owner has changed */
	SCENARIO_TUNE_DEFAULT, /* as the firmware makes it */
	SCENARIO_TUNE_NONE,    /* nothing stored yet */
};

#define SCENARIO_OPTION_MAX 8

struct scenario_option {
	char name[16]; /* as ST calls it, letters in any case, "-" for "_" */
	uint32_t value;
};

/* Option bytes that are not as ST ships the chip. In this order: */
struct scenario_options {
	bool erased; /* all 0xff before what follows */
	struct scenario_option values[SCENARIO_OPTION_MAX];
	size_t value_count;
	bool has_level;
	uint32_t level;           /* of the read protection */
	uint32_t write_protected; /* bit = sector; 0 = as they are */
};

/* What the world must have before the scenario runs; strings are borrowed from the scenario. The pins are moved by
 * scenario_run. */
struct scenario_board {
	const char *board;    /* a name of fixtures/boards */
	const char *firmware; /* a name of fixtures/images; NULL = blank, or foreign */
	uint32_t percent;     /* so much of it is there; 100 = all */
	bool foreign;         /* some other program */
	enum scenario_tune tune;
	struct scenario_options options;
};

struct fault_rule_text { /* words of a fault, for whoever knows the points; "" = not said */
	const char *at, *match, *block, *addr, *nth, *times, *after, *action;
	const char *value; /* or a time */
};

size_t scenario_board_count(const struct scenario *scenario);
struct scenario_board scenario_board(const struct scenario *scenario, size_t index);
size_t scenario_fault_count(const struct scenario *scenario);
struct fault_rule_text scenario_fault(const struct scenario *scenario, size_t index);

/* The system of its host with this flasher; WORLD_SYSTEM_USUAL: any that the flasher runs on. */
enum world_system scenario_system(const struct scenario *scenario, const struct flasher *flasher);

/* The flashers that it is about; ends with NULL, [0] NULL = any. Borrowed. */
const char *const *scenario_only(const struct scenario *scenario);

/* Whether it is about this flasher; one that names none is about any. */
bool scenario_is_about(const struct scenario *scenario, const struct flasher *flasher);

/* What a flasher is granted when it is swept: how often it may be needed after a cut, at least 1; cuts that are not made (bit
 * per enum sweep_cut), and why ("" = nothing is granted). Borrowed. */
struct scenario_grant {
	unsigned int tries;
	uint32_t without;
	const char *because;
};

struct scenario_grant scenario_grant(
	const struct scenario *scenario, const struct flasher *flasher);

/* Why it does not apply to this flasher, or NULL. */
const char *scenario_skips(const struct scenario *scenario, const struct flasher *flasher);

/* Runs it: moves pins, runs the flasher, judges. Emits pins, steps, sectors, expectations and the verdict. Returns 0 with
 * *ret_verdict and a sentence in reason; never a negative errno but -ENOMEM: the rig's failures are VERDICT_ERROR. */
MUST_CHECK int scenario_run(const struct scenario *scenario, const struct flasher *flasher,
	struct world *world, enum verdict *ret_verdict, struct why *reason);

#endif
