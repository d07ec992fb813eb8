/* SPDX-License-Identifier: MIT */
/*
 * Rules of a fault plan as people write them, on a command line and in a file.
 *
 *     request DNLOAD block=5 nth=2: stall
 *     erase addr=0x08020000 after=50%: cut-power 500 ms
 *     answer GETSTATUS nth=3 times=0: corrupt 4
 *     dfu-execute write block=7: dfu-error errVENDOR
 *     time after=2s: unplug
 *
 * Before the last colon where: one or more points ("erase,program"; any), what matches, then keys. Behind it what happens,
 * with its value in its natural unit. A file has the same words under their names: {at: request, match: DNLOAD, block: 5,
 * nth: 2, do: stall}; what follows the action is `value`.
 */
#ifndef DFURIG_FAULT_FAULT_TEXT_H
#define DFURIG_FAULT_FAULT_TEXT_H

#include "harness/base/why.h"
#include "harness/fault/fault.h"

#define FAULT_TEXT_MAX 256 /* characters of a rule, NUL included */

enum fault_word {
	FAULT_WORD_AT,
	FAULT_WORD_MATCH,
	FAULT_WORD_BLOCK,
	FAULT_WORD_ADDR,
	FAULT_WORD_NTH,
	FAULT_WORD_TIMES,
	FAULT_WORD_AFTER,
	FAULT_WORD_DO,
	FAULT_WORD_VALUE,
	FAULT_WORD_COUNT,
};

extern const struct names fault_word_names; /* "at", "match", "block", ... as in files */

/* The words of a rule; NULL or "" = not said. Borrowed. */
struct fault_words {
	const char *text[FAULT_WORD_COUNT];
};

/* Makes the rule. 0; -EBADMSG with what is wrong in why, without the word's name, and *ret_bad the word. */
MUST_CHECK int fault_rule_of_words(const struct fault_words *words, struct fault_rule *ret,
	enum fault_word *ret_bad, struct why *why);

/* The form with a colon. 0 or -EBADMSG with what is wrong in why. */
MUST_CHECK int fault_rule_parse(const char *text, struct fault_rule *ret, struct why *why);

/* The same form, which fault_rule_parse reads again; out is cut to size. Returns out. */
const char *fault_rule_text(const struct fault_rule *rule, char *out, size_t size);

/* What has fired, and where: "request DNLOAD write block=5 addr=0x08001800: stall". out is cut to size. Returns out. */
const char *fault_fired_text(const struct fault_rule *rule, const struct fault_occasion *occasion,
	char *out, size_t size);

/* The points at which an action is possible: a bit each. */
uint32_t fault_action_points(enum fault_action action);

/* For people: what the point or the action is, what may match there, and what the action's value is ("" = none). */
const char *fault_point_about(enum fault_point point);
const char *fault_point_matches(enum fault_point point);
const char *fault_action_about(enum fault_action action);
const char *fault_action_value(enum fault_action action);

#endif
