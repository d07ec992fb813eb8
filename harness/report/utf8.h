/* SPDX-License-Identifier: MIT */
/* Text of unknown origin (command lines, device strings) made fit for JSON and the terminal. */
#ifndef DFURIG_REPORT_UTF8_H
#define DFURIG_REPORT_UTF8_H

#include <stddef.h>

/* Length of the valid UTF-8 sequence that text begins with (RFC 3629: no overlongs, no surrogates), or 0. */
size_t utf8_length(const char *text);

/* A copy in which each byte that belongs to no valid sequence is U+FFFD. Owned by the caller; NULL when out of memory. */
char *utf8_clean(const char *text);

/* The same for a person's terminal: control characters become U+FFFD too, so that no device string moves the cursor. */
char *utf8_printable(const char *text);

#endif
