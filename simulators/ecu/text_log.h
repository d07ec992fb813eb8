/* SPDX-License-Identifier: MIT */
/*
 * The text log of an ECU: what it wants to tell, until 'G' takes it. Lines are "msg`text`", as rusEFI's console takes
 * them apart; what does not fit any more is lost. Source: rusEFI's datalogging.cpp, loggingcentral.cpp.
 */
#ifndef DFURIG_ECU_TEXT_LOG_H
#define DFURIG_ECU_TEXT_LOG_H

#include "harness/base/attr.h"
#include "harness/base/buf.h"

#define TEXT_LOG_MAX 4096u /* guessed */

struct text_log {
	struct buf lines; /* as they go over the wire */
};

void text_log_init(struct text_log *log);
void text_log_done(struct text_log *log);

/* One line, without the delimiters; those in it become blanks. */
void text_log_printf(struct text_log *log, const char *fmt, ...) PRINTF(2, 3);

/* A line of another kind than "msg": "rusEfiVersion`...`". */
void text_log_tagged(struct text_log *log, const char *tag, const char *text);

/* What was said is said. */
void text_log_clear(struct text_log *log);

#endif
