/* SPDX-License-Identifier: MIT */
#include "harness/triage/triage.h"

#include <string.h>

#define CAUSE_NAME(id, name, text) [id] = (name),
#define CAUSE_TEXT(id, name, text) [id] = (text),

static const char *const cause_names[] = {TRIAGE_CAUSES(CAUSE_NAME)};
static const char *const cause_texts[] = {TRIAGE_CAUSES(CAUSE_TEXT)};
static const char *const sure_names[] = {
	[TRIAGE_POSSIBLE] = "possible",
	[TRIAGE_LIKELY] = "likely",
	[TRIAGE_SURE] = "sure",
};

const struct names triage_cause_names = NAMES(cause_names);
const struct names triage_sure_names = NAMES(sure_names);

const char *triage_cause_text(enum triage_cause cause)
{
	return cause_texts[cause];
}

static void fill(const char *text, const struct evidence *evidence, char *out, size_t size)
{
	if (text)
		triage_fill(text, evidence, out, size);
	else
		out[0] = '\0';
}

static bool has(const struct triage_result *result, enum triage_cause cause)
{
	for (size_t i = 0; i < result->count; i++)
		if (result->findings[i].cause == cause)
			return true;
	return false;
}

static void add(
	struct triage_result *result, const struct triage_row *row, const struct evidence *evidence)
{
	struct triage_finding *finding = &result->findings[result->count++];

	finding->cause = row->cause;
	finding->sure = row->sure;
	fill(row->because, evidence, finding->because, sizeof(finding->because));
	fill(row->remedy, evidence, finding->remedy, sizeof(finding->remedy));
	fill(row->settle, evidence, finding->settle, sizeof(finding->settle));
}

static void add_all(
	struct triage_result *result, enum triage_sure sure, const struct evidence *evidence)
{
	const struct triage_row *row;

	for (size_t i = 0; (row = triage_row(i)); i++) {
		if (row->sure == sure && row->cause != TRIAGE_HEALTHY &&
			row->cause != TRIAGE_UNKNOWN && !has(result, row->cause) &&
			row->fits(evidence))
			add(result, row, evidence);
	}
}

/* The last two rows: nothing is wrong, or nobody knows. */
static void add_rest(struct triage_result *result, const struct evidence *evidence)
{
	const struct triage_row *row;

	for (size_t i = 0; !result->count && (row = triage_row(i)); i++) {
		if ((row->cause == TRIAGE_HEALTHY || row->cause == TRIAGE_UNKNOWN) &&
			row->fits(evidence))
			add(result, row, evidence);
	}
}

void triage_judge(const struct evidence *evidence, struct triage_result *ret)
{
	memset(ret, 0, sizeof(*ret));
	add_all(ret, TRIAGE_SURE, evidence);
	add_all(ret, TRIAGE_LIKELY, evidence);
	if (!ret->count || ret->findings[0].sure != TRIAGE_SURE)
		add_all(ret, TRIAGE_POSSIBLE, evidence);
	if (!ret->count)
		add_rest(ret, evidence);
}
