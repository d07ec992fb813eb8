/* SPDX-License-Identifier: MIT */
/*
 * Writes XML and HTML: text of unknown origin is escaped, our own markup is not.
 *
 * The first error stays; what is written after it is dropped. Elements are well-formed XML in both, so that one check fits
 * all. Format strings of markup_raw are ours: its %s never gets a text from outside.
 */
#ifndef DFURIG_REPORT_MARKUP_H
#define DFURIG_REPORT_MARKUP_H

#include "harness/base/buf.h"

struct markup {
	struct buf *out; /* borrowed */
	int error;       /* 0, -ENOMEM, -EOVERFLOW */
};

/* Our own markup, printf-like. */
void markup_raw(struct markup *markup, const char *fmt, ...) PRINTF(2, 3);

/* Any text, for element content and attributes in quotes: & < > " ' as entities; control characters but tab and line feed,
 * bytes that are not UTF-8 and what XML does not allow become U+FFFD. NULL is nothing. */
void markup_text(struct markup *markup, const char *text);

/* The same, of at most max bytes; cut text ends in an ellipsis. */
void markup_text_cut(struct markup *markup, const char *text, size_t max);

#endif
