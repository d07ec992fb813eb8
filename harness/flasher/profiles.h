/* SPDX-License-Identifier: MIT */
/*
 * How an update is done, as data: our own way, and the buttons of rusEFI's console step by step, flaws included. Each figure
 * in profiles.c names its source.
 */
#ifndef DFURIG_FLASHER_PROFILES_H
#define DFURIG_FLASHER_PROFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/ports/flasher.h"

#define UPDATE_SAYS_MAX 8

/* How the ECU is found, and talked to. */
struct update_find {
	uint32_t xcp_probe_ms;   /* OpenBLT is asked first, and waited for so long; 0 = not */
	uint32_t xcp_pause_ms;   /* after it */
	uint32_t signature_ms;   /* for one answer to S */
	unsigned int attempts;   /* to read the signature from a port, in one round */
	uint32_t attempt_gap_ms; /* between them */
	uint32_t port_ms;        /* for one port in a round, all attempts together */
	uint32_t round_gap_ms;   /* between two rounds over the ports */
	uint32_t limit_ms;       /* until an ECU must have been found */
	uint32_t held_ms; /* besides limit_ms, for a port that somebody else has open; 0 = not */
	bool usb_only;    /* ports without 0483:5740 are not asked */
	bool first_wins;  /* several ECUs: the first that answers is taken; else that is an error */
};

/* How the bootloader is found. */
enum update_look_by {
	UPDATE_LOOK_USB, /* by the USB host, and by the serial number of the chip that was an ECU */
	UPDATE_LOOK_COMMAND, /* by a command whose output tells */
	UPDATE_LOOK_NOT,     /* not at all: what flashes will see */
};

struct update_look {
	enum update_look_by by;
	uint32_t settle_ms; /* after the reboot command */
	uint32_t limit_ms;  /* 0 = one look */
	uint32_t react_ms;  /* UPDATE_LOOK_USB: an ECU that is still there then will not go */
	uint32_t gap_ms;    /* between two looks */
	const char *const *command;
	const char *const *command_h7; /* for an H7's target; NULL = the same */
	uint32_t command_ms;
	const char *says; /* in its output, blanks around ":" and "=" apart */
	/* The tool's own words when it is not found, and when the command cannot be run; NULL = none known. */
	const char *not_found, *cannot_run;
	bool assumes; /* that it is there, when the command cannot be run */
};

/* What a tool looks at when the flashing program has failed, so that its user knows more. */
struct update_report {
	const char *const *command; /* NULL = none */
	uint32_t limit_ms;
	const char *const *keeps; /* lines with one of these, in any case; ends with NULL */
	const char *driver;       /* in such a line: the wrong driver is bound */
	const char *banner;       /* the tool's own words then */
};

/* How it is flashed. */
struct update_flash {
	const char *const *command; /* "{image}" stands for the path; NULL = by our own client */
	const char *const *check;   /* run before the ECU is rebooted; NULL = not */
	uint32_t limit_ms;          /* for command */
	int success_exit;           /* -1 = it does not matter */
	const char *success_says;   /* NULL = it does not matter */
	struct flasher_says says[UPDATE_SAYS_MAX]; /* of a failure; lower-case texts */
	const char *failed;                        /* the tool's own words; NULL = none known */
	struct update_report report;
};

/* What happens when the image is in. */
struct update_after {
	bool waits; /* for the ECU */
	uint32_t settle_ms, gap_ms, limit_ms;
	uint32_t manual_limit_ms; /* in flow manual; 0 = it does not wait there */
	bool same_serial;         /* waits for the very ECU; else for any, and one only */
	bool check_signature;     /* it must be the image's then */
};

struct update_profile {
	const char *name;
	const char *title;
	const char *source;
	bool reads_tune, restores_tune;
	bool checks_tune; /* by the ECU's own CRC: a locked one gives zeros */
	bool reopens; /* the port is opened and asked for its signature once more before the reboot */
	bool guard;   /* the image's target must be the ECU's */
	bool not_on_macos;
	bool checks_image; /* it must begin as firmware does, before anything is done */
	struct update_find find;
	struct update_look look;
	struct update_flash flash;
	struct update_after after;
	const char *sentences[FLASHER_REASON_COUNT]; /* the tool's own words; NULL = none known */
};

extern const struct update_profile *const update_profiles[]; /* ends with NULL; [0] is builtin */

/* NULL: there is no such profile. */
const struct update_profile *update_profile_find(const char *name);

#endif
