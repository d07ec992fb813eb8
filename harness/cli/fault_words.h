/* SPDX-License-Identifier: MIT */
/* The words of a scenario's fault, made a rule. */
#ifndef DFURIG_CLI_FAULT_WORDS_H
#define DFURIG_CLI_FAULT_WORDS_H

#include "harness/base/why.h"
#include "harness/fault/fault_text.h"
#include "harness/scenario/scenario.h"

/* 0; -EBADMSG with "word: what is wrong" in why, or without the word's name when ret_bad is not NULL: then *ret_bad is it. */
MUST_CHECK int fault_words_rule(const struct fault_rule_text *text, struct fault_rule *ret,
	enum fault_word *ret_bad, struct why *why);

#endif
