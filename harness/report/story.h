/* SPDX-License-Identifier: MIT */
/* Keeps a run's events, for reports that are written when it is over. */
#ifndef DFURIG_REPORT_STORY_H
#define DFURIG_REPORT_STORY_H

#include "harness/report/event.h"

#define STORY_EVENT_MAX 200000u /* more are counted, not kept */

struct story {
	struct event_sink sink;
	struct event *events; /* owned, texts included; in order */
	size_t count, room;
	size_t dropped; /* beyond the limit, or for want of memory */
};

/* To be added to a stream by the caller, and removed before story_done. */
void story_init(struct story *story);
void story_done(struct story *story);

#endif
