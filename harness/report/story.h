/* SPDX-License-Identifier: MIT */
/* Keeps a run's events, for reports that are written when it is over. */
#ifndef DFURIG_REPORT_STORY_H
#define DFURIG_REPORT_STORY_H

#include "harness/report/event.h"

#define STORY_EVENT_MAX 200000u     /* more are counted, not kept */
#define STORY_TEXT_MAX  4096u       /* bytes of one text; what is longer is cut and ends in "..." */
#define STORY_TEXTS_MAX (64u << 20) /* bytes of all texts */
#define STORY_END_ROOM  (4u << 10)  /* events that only the end of a run (its judgement) may use */

struct story_chunk;

struct story {
	struct event_sink sink;
	struct event
		*events; /* owned, texts included; in order; time 0 is when the first one came */
	size_t count, room;
	size_t dropped; /* beyond the limit, or for want of memory */

	/* Its own. */
	uint64_t start_us; /* of the first event, on the stream's clock */
	size_t details; /* requests and DFU states among the events: at most half of what there is room for */
	size_t text_bytes;
	struct story_chunk *chunks; /* of texts */
};

/* To be added to a stream by the caller, and removed before story_done. */
void story_init(struct story *story);
void story_done(struct story *story);

#endif
