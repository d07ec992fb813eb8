/* SPDX-License-Identifier: MIT */
/* How `dfurig triage` shows what it has found: as text, or as one JSON object. */
#ifndef DFURIG_CLI_TRIAGE_SAY_H
#define DFURIG_CLI_TRIAGE_SAY_H

#include "harness/triage/triage.h"

/* 0, -ENOMEM, -EOVERFLOW. */
MUST_CHECK int triage_say_text(
	const struct evidence *evidence, const struct triage_result *result, struct buf *out);
MUST_CHECK int triage_say_json(
	const struct evidence *evidence, const struct triage_result *result, struct buf *out);

#endif
