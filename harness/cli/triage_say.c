/* SPDX-License-Identifier: MIT */
#include "harness/cli/triage_say.h"

#include "harness/cli/json_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_COLUMN 70 /* where "sure" begins, unless the cause is longer */

/* ---- text ---- */

static int say_line(struct buf *out, const char *head, const char *text)
{
	return text[0] ? buf_printf(out, " %-8s%s\n", head, text) : 0;
}

/* "nobody held it (boot0-stuck)      sure" */
static int say_cause(struct buf *out, const char *head, const struct triage_finding *finding)
{
	char cause[160];

	snprintf(cause, sizeof(cause), "%s (%s)", triage_cause_text(finding->cause),
		names_text(&triage_cause_names, finding->cause));
	return buf_printf(out, " %-8s%-*s  %s\n", head, TEXT_COLUMN, cause,
		names_text(&triage_sure_names, finding->sure));
}

static int say_finding(struct buf *out, const char *head, const struct triage_finding *finding)
{
	int r = say_cause(out, head, finding);

	if (r == 0)
		r = say_line(out, "Because", finding->because);
	if (r == 0)
		r = say_line(out, "Remedy", finding->remedy);
	return r == 0 ? say_line(out, "Settle", finding->settle) : r;
}

static int say_facts(struct buf *out, const struct evidence *evidence)
{
	char text[TRIAGE_FACT_ROOM];
	const char *head = "Seen";
	int r = 0;

	for (size_t i = 0; i < triage_fact_count && r == 0; i++) {
		text[0] = '\0';
		triage_facts[i].tell(evidence, text, sizeof(text));
		if (!text[0])
			continue;
		r = buf_printf(out, " %-8s%-15s %s\n", head, triage_facts[i].name, text);
		head = "";
	}
	return r;
}

int triage_say_text(
	const struct evidence *evidence, const struct triage_result *result, struct buf *out)
{
	char board[TRIAGE_FACT_ROOM];
	int r = say_line(out, "Board", triage_board_text(evidence, board, sizeof(board)));

	for (size_t i = 0; i < result->count && r == 0; i++)
		r = say_finding(out, i ? "Or" : "Cause", &result->findings[i]);
	return r == 0 ? say_facts(out, evidence) : r;
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
	return json_out_text(text[0] ? text : NULL);
}

static json_t *json_of_finding(const struct triage_finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "cause",
		names_text(&triage_cause_names, finding->cause), "title",
		triage_cause_text(finding->cause), "sure",
		names_text(&triage_sure_names, finding->sure), "because",
		text_or_null(finding->because), "remedy", text_or_null(finding->remedy), "settle",
		text_or_null(finding->settle));
}

static json_t *json_of_findings(const struct triage_result *result)
{
	json_t *array = json_array();

	for (size_t i = 0; i < result->count; i++)
		json_array_append_new(array, json_of_finding(&result->findings[i]));
	return array;
}

static json_t *json_of_board(const struct evidence_device *board)
{
	char id[16];

	if (board->face == EVIDENCE_NOTHING)
		return json_null();
	snprintf(id, sizeof(id), "%04x:%04x", board->vid, board->pid);
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "shows-itself-as",
		board->face == EVIDENCE_DFU ? "dfu" : "serial", "id", id, "usb",
		text_or_null(board->path), "product", text_or_null(board->product), "serial",
		text_or_null(board->serial));
}

/* "USB devices" becomes "usb-devices". */
static void key_of(const char *name, char *out, size_t size)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < size; i++)
		out[i] = name[i] == ' '                     ? '-'
			 : name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a')
							    : name[i];
	out[i] = '\0';
}

/* All that may be known; null where nothing is. */
static json_t *json_of_evidence(const struct evidence *evidence)
{
	json_t *object = json_object();

	for (size_t i = 0; i < triage_fact_count; i++) {
		char text[TRIAGE_FACT_ROOM] = "", key[32];

		triage_facts[i].tell(evidence, text, sizeof(text));
		key_of(triage_facts[i].name, key, sizeof(key));
		json_object_set_new(object, key, text_or_null(text));
	}
	return object;
}

int triage_say_json(
	const struct evidence *evidence, const struct triage_result *result, struct buf *out)
{
	const struct triage_finding *first = &result->findings[0];
	json_t *root = json_pack("{s:b, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "healthy",
		(int)(first->cause == TRIAGE_HEALTHY), "cause",
		names_text(&triage_cause_names, first->cause), "title",
		triage_cause_text(first->cause), "sure",
		names_text(&triage_sure_names, first->sure), "because",
		text_or_null(first->because), "remedy", text_or_null(first->remedy), "settle",
		text_or_null(first->settle), "board", json_of_board(&evidence->board), "causes",
		json_of_findings(result), "evidence", json_of_evidence(evidence));
	char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	int r = text ? buf_printf(out, "%s\n", text) : -ENOMEM;

	free(text);
	json_decref(root);
	return r;
}
