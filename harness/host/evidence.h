/* SPDX-License-Identifier: MIT */
/*
 * Gathers what can be observed of a board and of the machine that it hangs on: struct evidence, for the judgement in
 * harness/triage.
 *
 * Step by step, and without changing what can be left as it is: the ECU is asked for its signature and its tune, the
 * bootloader for its state, its option bytes and its flash (by set address, ABORT and UPLOAD, at the end dfuIDLE). Only with
 * `try` the board is asked into its bootloader and out of it again.
 */
#ifndef DFURIG_HOST_EVIDENCE_H
#define DFURIG_HOST_EVIDENCE_H

#include "harness/ports/evidence.h"
#include "harness/ports/host_os.h"

struct evidence_options {
	struct evidence_person person;
	const char *serial; /* only the board with this serial number; NULL = any */
	const char *
		tool; /* "console", "dfu-util", or a program; NULL = what rusEFI's console uses here */
	/* In front of /sys, /dev, /proc and the folders of udev's rules: "" for the system's own; NULL = this is no Linux machine
	 * that could be looked at. */
	const char *root;
	bool try;
	/* Told before each step that may take seconds; what is for a person. NULL = nobody. */
	void (*step)(const char *what);
};

/* What cannot be observed stays unknown; nothing that a board does is a failure. 0 or -ENOMEM. */
MUST_CHECK int evidence_gather(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret);

/* What was read of a flash, from its start on. */
struct evidence_bytes {
	const uint8_t *data; /* borrowed */
	size_t size;
	uint32_t base; /* address of the first byte */
	enum evidence_family family;
	uint16_t transfer; /* bytes of the bootloader's transfers; 0 = not known */
};

/* Judges them: all of *ret but why. Pure. */
void evidence_flash_scan(const struct evidence_bytes *bytes, struct evidence_flash *ret);

#endif
