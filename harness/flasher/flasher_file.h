/* SPDX-License-Identifier: MIT */
/*
 * Flashers as data: fixtures/flashers/<name>.yaml.
 *
 *     name: dfu-util               as the file
 *     title: dfu-util 0.11         one line for people
 *     command: [dfu-util, --device, "0483:df11", --download, "{image}"]
 *                                  {image}: path of the image; {flow}: auto, manual; {serial}: the DFU device's serial number
 *     version: [dfu-util, --version]   optional: ends with 0 when the tool is installed
 *     flows: [manual]              which it does by itself: auto, manual. Without auto the rig asks the ECU into DFU
 *     restores-tune: no            optional (no): it brings the tune back, in flow auto
 *     system: windows              optional: linux or windows; it is there only
 *     driver: st-bootloader        optional: on Windows it needs this driver package, of fixtures/drivers
 *     in-process: why              optional: it is known in-process only, and why
 *     success:
 *       exit: 0                    optional; without it the exit code does not matter
 *       says: "..."                optional: must be in the output of a success
 *     progress: "([0-9]+)%"        optional: regex with the per cent in ()
 *     limit: 3 min                 it is ended then
 *     says:                        optional: what a text in its output means; the first that fits counts
 *       - {text: "...", reason: no-dfu}
 *     source: ...                  where all this is known from
 */
#ifndef DFURIG_FLASHER_FLASHER_FILE_H
#define DFURIG_FLASHER_FLASHER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/ports/flasher.h"

#define FLASHER_FILE_MAX (64u << 10)

/* Reads a flasher from memory; path is for messages only. 0: flasher_done on it later; -EBADMSG with "path:line: key: what to
 * do" in why; -ENOMEM. *ret is untouched on failure. */
MUST_CHECK int flasher_parse(
	const char *path, const uint8_t *data, size_t size, struct flasher *ret, struct why *why);
void flasher_done(struct flasher *flasher);

/* What the words of its command stand for; NULL is "". */
struct flasher_vars {
	const char *image, *serial;
	enum flasher_flow flow;
};

/* The command line, ended by NULL; owned by the caller (flasher_argv_free). 0 or -ENOMEM. */
MUST_CHECK int flasher_expand(
	const struct flasher *flasher, const struct flasher_vars *vars, char ***ret_argv);
void flasher_argv_free(char **argv);

/* The tool's word: true = success. *ret_reason is why not, FLASHER_NO_REASON when it does not say. A last line of ours,
 * "dfurig: <reason>: ...", counts before all else. output needs no NUL. */
bool flasher_judge(const struct flasher *flasher, int exit_code, const void *output, size_t size,
	enum flasher_reason *ret_reason);

#endif
