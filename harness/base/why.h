/* SPDX-License-Identifier: MIT */
/*
 * The reason of a failure, as a sentence for a person.
 *
 * The function at the cause sets it, callers put their context in front ("flash: erase sector 3: ...").
 * Every function here takes NULL for "nobody wants to know".
 */
#ifndef DFURIG_BASE_WHY_H
#define DFURIG_BASE_WHY_H

#include "harness/base/attr.h"

struct why {
	char text[512]; /* "" = no reason yet; too long a text is cut and ends in "..." */
};

/* Sets the sentence, replacing an earlier one. Returns err, so that `return why_set(...)` reads well. */
int why_set(struct why *why, int err, const char *fmt, ...) PRINTF(3, 4);

/* Puts "<context>: " in front of the sentence. Returns err. */
int why_prefix(struct why *why, int err, const char *fmt, ...) PRINTF(3, 4);

/* Sets "<what>: <strerror(-err)>". Returns err. */
int why_errno(struct why *why, int err, const char *fmt, ...) PRINTF(3, 4);

/* Never NULL; "unknown reason" when nothing was set. */
const char *why_text(const struct why *why);

/* clang's analyzer looks at one file at a time: so that it knows which value comes back. */
#ifdef __clang_analyzer__
#define why_set(why, err, ...)    ((void)why_set(why, err, __VA_ARGS__), (err))
#define why_prefix(why, err, ...) ((void)why_prefix(why, err, __VA_ARGS__), (err))
#define why_errno(why, err, ...)  ((void)why_errno(why, err, __VA_ARGS__), (err))
#endif

#endif
