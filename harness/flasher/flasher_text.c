/* SPDX-License-Identifier: MIT */
#include "harness/flasher/flasher_text.h"

static const char *const flows[] = {
	[FLASHER_AUTO] = "auto",
	[FLASHER_MANUAL] = "manual",
};

static const char *const reasons[] = {FLASHER_REASONS(FLASHER_REASON_NAME)};
static const char *const texts[] = {FLASHER_REASONS(FLASHER_REASON_TEXT)};

const struct names flasher_flow_names = NAMES(flows);
const struct names flasher_reason_names = NAMES(reasons);

static const struct names text_names = NAMES(texts);

const char *flasher_reason_text(enum flasher_reason reason)
{
	return names_text(&text_names, reason);
}
