/* SPDX-License-Identifier: MIT */
#include "harness/cli/fault_words.h"

int fault_words_rule(const struct fault_rule_text *text, struct fault_rule *ret,
	enum fault_word *ret_bad, struct why *why)
{
	const struct fault_words words = {{
		[FAULT_WORD_AT] = text->at,
		[FAULT_WORD_MATCH] = text->match,
		[FAULT_WORD_BLOCK] = text->block,
		[FAULT_WORD_ADDR] = text->addr,
		[FAULT_WORD_NTH] = text->nth,
		[FAULT_WORD_TIMES] = text->times,
		[FAULT_WORD_AFTER] = text->after,
		[FAULT_WORD_DO] = text->action,
		[FAULT_WORD_VALUE] = text->value,
	}};
	enum fault_word bad = FAULT_WORD_AT;
	int r = fault_rule_of_words(&words, ret, &bad, why);

	if (r < 0 && !ret_bad)
		return why_prefix(why, r, "%s", names_text(&fault_word_names, bad));
	if (r < 0)
		*ret_bad = bad;
	return r;
}
