/* SPDX-License-Identifier: MIT */
#include "harness/base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __clang_analyzer__
#undef why_set
#undef why_prefix
#undef why_errno
#endif

/* Cuts visibly: a reader must see that the sentence went on. */
static void mark_cut(struct why *why, int wanted)
{
	if (wanted >= (int)sizeof(why->text))
		memcpy(why->text + sizeof(why->text) - 4, "...", 4);
}

int why_set(struct why *why, int err, const char *fmt, ...)
{
	va_list args;

	if (!why)
		return err;
	va_start(args, fmt);
	mark_cut(why, vsnprintf(why->text, sizeof(why->text), fmt, args));
	va_end(args);
	return err;
}

int why_prefix(struct why *why, int err, const char *fmt, ...)
{
	struct why old;
	char context[sizeof(old.text)];
	va_list args;

	if (!why)
		return err;
	old = *why;
	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
	return why_set(why, err, "%s: %s", context, why_text(&old));
}

int why_errno(struct why *why, int err, const char *fmt, ...)
{
	va_list args;
	char what[sizeof(why->text)];

	if (!why)
		return err;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return why_set(why, err, "%s: %s", what, strerror(-err));
}

const char *why_text(const struct why *why)
{
	return why && why->text[0] ? why->text : "unknown reason";
}
