/* SPDX-License-Identifier: MIT */
/* What a board went through, as rows of spans over time: pins, who is on USB, what runs, what the host did. */
#ifndef DFURIG_REPORT_TRACK_H
#define DFURIG_REPORT_TRACK_H

#include "harness/ports/board.h"
#include "harness/report/digest.h"

#define TRACK_BOARD_MAX 4
#define TRACK_SPAN_MAX  160 /* in a row; the last one stands for all that follow */

enum track_usb {
	TRACK_USB_NONE,
	TRACK_USB_ECU,
	TRACK_USB_OPENBLT,
	TRACK_USB_DFU,
	TRACK_USB_OTHER,
	TRACK_USB_COUNT,
};

enum track_traffic {
	TRACK_IDLE,
	TRACK_TALK, /* with the firmware */
	TRACK_ERASE,
	TRACK_WRITE,
	TRACK_READ,
	TRACK_TRAFFIC_COUNT,
};

enum track_row_kind {
	/* Those of enum board_pin come first; state: 0, 1. */
	TRACK_ROW_USB = BOARD_PIN_COUNT, /* state: enum track_usb; event: the plug */
	TRACK_ROW_MODE,                  /* state: enum board_mode */
	TRACK_ROW_TRAFFIC,               /* state: enum track_traffic; item */
	TRACK_ROW_COUNT,
};

struct track_span {
	uint64_t start_us, end_us;
	int state;
	const struct event *event;      /* borrowed from the story; NULL = nothing happened */
	const struct digest_item *item; /* borrowed from the digest */
};

struct track_row {
	struct track_span spans[TRACK_SPAN_MAX];
	size_t count; /* 0 = nothing is known */
	size_t more;  /* changes that found no room */
};

struct track {
	const char *board; /* borrowed from the story */
	struct track_row rows[TRACK_ROW_COUNT];
};

struct tracks {
	struct track *boards; /* owned */
	size_t count;
	uint64_t start_us, end_us; /* of the run; end > start */
};

/* 0 or -ENOMEM. Valid as long as story and digest. */
MUST_CHECK int tracks_make(
	const struct story *story, const struct digest *digest, struct tracks *ret);
void tracks_done(struct tracks *tracks);

/* By name; NULL when there is none. */
const struct track *tracks_board(const struct tracks *tracks, const char *board);

/* Who is on USB at a time; and who came or went with this event. */
enum track_usb track_usb_at(const struct track *track, uint64_t time_us);
enum track_usb track_usb_of(const struct track *track, const struct event *event);

#endif
