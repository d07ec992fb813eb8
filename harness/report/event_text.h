/* SPDX-License-Identifier: MIT */
/* One event as a sentence for a person; the terminal, the log and the page say the same. */
#ifndef DFURIG_REPORT_EVENT_TEXT_H
#define DFURIG_REPORT_EVENT_TEXT_H

#include <stddef.h>

#include "harness/report/event.h"

#define EVENT_SENTENCE_SIZE 1280

/* Whose event it is: the board's name, "command", "rig"; borrowed from the event. */
const char *event_who(const struct event *event);

/* Writes the sentence, cut to size, always terminated, as it came: not yet fit for a terminal. count: of an erase: sectors
 * that this event stands for. Returns out. */
const char *event_sentence(const struct event *event, uint32_t count, char *out, size_t size);

/* "on", "held": what a level of this pin is called; "high", "low" for a pin not known. */
const char *event_pin_level_text(const char *pin, bool level);

#endif
