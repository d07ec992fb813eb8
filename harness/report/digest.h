/* SPDX-License-Identifier: MIT */
/*
 * A run's events told shortly: what follows on itself is one item ("erase sectors 0-4", "write 251,904 bytes in 123
 * blocks", sixteen reads of the tune). The terminal's story and the page's conversation are both this.
 *
 * Not in it: the judgement (sectors, expectations, verdict), the program's own output, and what the rig does for itself.
 */
#ifndef DFURIG_REPORT_DIGEST_H
#define DFURIG_REPORT_DIGEST_H

#include "harness/base/attr.h"
#include "harness/report/story.h"

#define DIGEST_ITEM_MAX  300 /* then only what a story cannot do without */
#define DIGEST_END_ROOM  100 /* for that */
#define DIGEST_STATE_MAX 6

enum digest_kind {
	DIGEST_STEP,       /* of the scenario */
	DIGEST_PIN,        /* pins moved at one moment */
	DIGEST_USB,        /* a device came or went */
	DIGEST_BOARD,      /* what the board does by itself, or tells */
	DIGEST_FAULT,      /* a planned fault fired */
	DIGEST_TOOL_START, /* a program on the host */
	DIGEST_TOOL_END,
	DIGEST_ECU, /* the host asked the firmware something */
	DIGEST_DFU, /* the host made the bootloader do something; own: the firmware did it to its flash */
	DIGEST_REQUESTS, /* other requests: descriptors and the like */
	DIGEST_NOTE,
	DIGEST_ERROR,
	DIGEST_KIND_COUNT,
};

struct digest_state {
	const char *name; /* "dfuDNBUSY"; of an answer "OK, 52 bytes" */
	uint32_t count;
	uint64_t time_us; /* of the last */
};

struct digest_item {
	enum digest_kind kind;
	const struct event *
		event; /* the first of it; borrowed from the story, as all texts here but text and answer */
	uint64_t time_us, end_us;
	const char *board; /* NULL = none */
	const char *peer;  /* who is asked: "ECU", "OpenBLT", "DFU" */
	char tool[32];     /* who asks, or starts, or ends: "dfu-util"; "host" when not known */
	uint32_t count;    /* events of it */
	bool own;          /* DFU: no host asked for it */
	bool bad;          /* an error of the device, a program that failed */
	char text[240];    /* the sentence, as it came: not fit for a terminal yet */
	char answer[240]; /* ECU: what came back, or "no answer"; DFU: the states it went through */
	bool silent;      /* ECU: there was no answer at all */

	/* What the texts are made of. */
	uint64_t bytes;
	uint32_t addr, requests, refused;
	uint32_t sector_first, sector_last;
	struct digest_state states[DIGEST_STATE_MAX]; /* or answers */
	size_t state_count;
};

struct digest {
	struct digest_item *items; /* owned */
	size_t count;
	size_t more; /* left out for want of room */
};

/* 0 or -ENOMEM. The digest is valid as long as the story. */
MUST_CHECK int digest_make(const struct story *story, struct digest *ret);
void digest_done(struct digest *digest);

/* "dfu-util": what a command line starts, cut to size. Returns out. */
const char *digest_tool_name(const char *command, char *out, size_t size);

#endif
