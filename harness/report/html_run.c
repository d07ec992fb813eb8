/* SPDX-License-Identifier: MIT */
/* One run of the page: from what was expected to the events themselves. */
#include "harness/report/html.h"

#include "harness/report/event_text.h"
#include "harness/report/html_parts.h"

#include <inttypes.h>
#include <string.h>

#define LINE_MAX_BYTES  400 /* of a line of the output or the log */
#define OUTPUT_HEAD     30  /* lines that are seen at once */
#define OUTPUT_TAIL     200 /* of the end, when it is long */
#define OUTPUT_LINE_MAX 500
#define LOG_LINE_MAX    400
#define EXPECTATION_MAX 60

/* ---- expectations ---- */

static size_t count_kind(const struct story *story, enum event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < story->count; i++)
		count += story->events[i].kind == kind;
	return count;
}

static void put_expectation(struct markup *html, const struct event *event)
{
	markup_raw(html, "<tr class=\"%s\"><th>", event->level ? "fits" : "differs");
	markup_text(html, event->name);
	markup_raw(html, "</th><td data-h=\"expected\">");
	markup_text_cut(html, event->expected, LINE_MAX_BYTES);
	markup_raw(html, "</td><td data-h=\"got\">");
	markup_text_cut(html, event->text, LINE_MAX_BYTES);
	markup_raw(html, "</td><td class=\"fit\">%s</td></tr>\n",
		event->level ? "\xe2\x9c\x94 fits" : "\xe2\x9c\x96 differs");
}

/* What differs comes first. */
static size_t put_expectations(
	struct markup *html, const struct story *story, bool fits, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < story->count; i++) {
		const struct event *event = &story->events[i];

		if (event->kind != EVENT_EXPECTATION || event->level != fits)
			continue;
		if (count++ < room)
			put_expectation(html, event);
	}
	return count;
}

void html_expectations(struct markup *html, const struct story *story)
{
	size_t all = count_kind(story, EVENT_EXPECTATION), differ;

	if (!all)
		return;
	markup_raw(html, "<h3>What was expected</h3>\n<table class=\"expect\"><thead><tr><th></th>"
			 "<th>expected</th><th>got</th><th></th></tr></thead><tbody>\n");
	differ = put_expectations(html, story, false, EXPECTATION_MAX);
	if (differ < EXPECTATION_MAX)
		put_expectations(html, story, true, EXPECTATION_MAX - differ);
	markup_raw(html, "</tbody></table>\n");
	if (all > EXPECTATION_MAX)
		markup_raw(html, "<p class=\"more\">%zu more</p>\n", all - EXPECTATION_MAX);
}

/* ---- the program's own words ---- */

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* A progress bar draws over itself: what it said last is what a person saw. */
static const char *last_drawn(const char *text)
{
	const char *seen = text, *next;

	while ((next = strchr(seen, '\r')) && next[1])
		seen = next + 1;
	return seen;
}

static void put_output_line(
	struct markup *html, const struct event *event, const struct event *before)
{
	if (event->name && (!before || !same(event->name, before->name))) {
		markup_raw(html, "<b class=\"of\">");
		markup_text_cut(html, event->name, LINE_MAX_BYTES);
		markup_raw(html, "</b>\n");
	}
	markup_text_cut(html, last_drawn(event->text ? event->text : ""), LINE_MAX_BYTES);
	markup_raw(html, "\n");
}

/* Lines first to last - 1 of the output; when there are too many, the beginning and the end. */
static void put_output_lines(
	struct markup *html, const struct story *story, size_t first, size_t last)
{
	size_t skip_from = first + OUTPUT_LINE_MAX - OUTPUT_TAIL, line = 0;
	size_t skip_to = last - first > OUTPUT_LINE_MAX ? last - OUTPUT_TAIL : skip_from;
	const struct event *before = NULL;

	for (size_t i = 0; i < story->count; i++) {
		const struct event *event = &story->events[i];

		if (event->kind != EVENT_OUTPUT)
			continue;
		if (line == skip_from && skip_to > skip_from)
			markup_raw(html, "<i>\xe2\x80\xa6 %zu lines \xe2\x80\xa6</i>\n",
				skip_to - skip_from);
		if (line >= first && line < last && (line < skip_from || line >= skip_to))
			put_output_line(html, event, before);
		before = event;
		line++;
	}
}

void html_output(struct markup *html, const struct story *story)
{
	size_t count = count_kind(story, EVENT_OUTPUT);
	size_t head = count > OUTPUT_HEAD + 5 ? OUTPUT_HEAD : count;

	if (!count)
		return;
	markup_raw(html, "<h3>The tool\xe2\x80\x99s words</h3>\n<pre>");
	put_output_lines(html, story, 0, head);
	markup_raw(html, "</pre>\n");
	if (head == count)
		return;
	markup_raw(html, "<details class=\"fold\"><summary>%zu more lines</summary><pre>",
		count - head);
	put_output_lines(html, story, head, count);
	markup_raw(html, "</pre></details>\n");
}

/* ---- all events ---- */

static bool is_detail(const struct event *event)
{
	return event->kind == EVENT_REQUEST || event->kind == EVENT_DFU_STATE ||
	       event->kind == EVENT_OUTPUT || event->kind == EVENT_PROGRESS ||
	       event->kind == EVENT_BUS_RESET;
}

static void put_log_line(struct markup *html, const struct event *event)
{
	char sentence[EVENT_SENTENCE_SIZE];

	markup_raw(html, "%5" PRIu64 ".%06u  ", event->time_us / 1000000,
		(unsigned int)(event->time_us % 1000000));
	markup_text_cut(html, event_who(event), 40);
	markup_raw(html, "  ");
	markup_text_cut(html, event_sentence(event, 1, sentence, sizeof(sentence)), LINE_MAX_BYTES);
	markup_raw(html, "\n");
}

/* Requests and states go first when there is too much, then the middle. */
void html_log(struct markup *html, const struct story *story)
{
	bool brief = story->count > LOG_LINE_MAX;
	size_t wanted = 0, line = 0, hidden = story->dropped;

	for (size_t i = 0; i < story->count; i++)
		wanted += !(brief && is_detail(&story->events[i]));
	markup_raw(html, "<details class=\"fold\"><summary>All events: %zu</summary><pre>",
		story->count + story->dropped);
	for (size_t i = 0; i < story->count; i++) {
		if (brief && is_detail(&story->events[i])) {
			hidden++;
			continue;
		}
		line++;
		if (line > LOG_LINE_MAX / 2 && wanted - line >= LOG_LINE_MAX / 2) {
			hidden++;
			if (line == LOG_LINE_MAX / 2 + 1)
				markup_raw(html, "<i>\xe2\x80\xa6</i>\n");
			continue;
		}
		put_log_line(html, &story->events[i]);
	}
	markup_raw(html, "</pre>");
	if (hidden)
		markup_raw(html,
			"<p class=\"more\">%zu more, most of them single requests; the "
			"capture has them</p>",
			hidden);
	markup_raw(html, "</details>\n");
}

/* ---- the run ---- */

static void put_heading(struct markup *html, const struct run_summary *run)
{
	markup_raw(html, "<summary>");
	html_badge(html, run->verdict);
	markup_raw(html, " <span class=\"name\">");
	markup_text(html, run->scenario);
	markup_raw(html, "</span> <span class=\"with\">");
	markup_text(html, run->flasher);
	markup_raw(html, "</span> <span class=\"title\">");
	markup_text(html, run->title);
	markup_raw(html, "</span></summary>\n");
}

static void put_facts(struct markup *html, const struct run_summary *run)
{
	markup_raw(html, "<p class=\"facts\"><span>board <b>");
	markup_text(html, run->board);
	markup_raw(html, "</b></span> <span>flasher <b>");
	markup_text(html, run->flasher);
	markup_raw(html, "</b></span> <span>transport <b>");
	markup_text(html, run->transport);
	markup_raw(html, "</b></span> <span>board time <b>");
	html_duration(html, run->board_us);
	markup_raw(html, "</b></span> <span>took <b>");
	html_duration(html, run->wall_us);
	markup_raw(html, "</b></span></p>\n");
}

static void put_reason(struct markup *html, const struct run_summary *run)
{
	if (run->reason[0]) {
		markup_raw(html, "<p class=\"reason\">");
		markup_text(html, run->reason);
		markup_raw(html, "</p>\n");
	}
	if (run->again[0]) {
		markup_raw(html, "<p class=\"again\">again <code>");
		markup_text(html, run->again);
		markup_raw(html, "</code></p>\n");
	}
}

static void put_capture(struct markup *html, const struct run_summary *run)
{
	if (!run->capture[0])
		return;
	markup_raw(html, "<p class=\"capture\">USB capture <a href=\"");
	markup_text(html, run->capture[0] == '/' || strchr(run->capture, ':') ? "#" : run->capture);
	markup_raw(html, "\">");
	markup_text(html, run->capture);
	markup_raw(html, "</a>, open with <code>wireshark ");
	markup_text(html, run->capture);
	markup_raw(html, "</code></p>\n");
}

static void put_story(struct markup *html, const struct story *story, const struct digest *digest)
{
	struct tracks tracks;

	html_diagnosis(html, story);
	html_drivers(html, story);
	html_expectations(html, story);
	if (!html->error)
		html->error = tracks_make(story, digest, &tracks);
	if (html->error)
		return;
	html_timeline(html, &tracks, digest);
	html_flashmap(html, story);
	html_sequence(html, &tracks, digest);
	html_output(html, story);
	html_log(html, story);
	tracks_done(&tracks);
}

int html_run_append(struct buf *out, const struct run_summary *summary, const struct story *story)
{
	struct markup html = {.out = out};
	bool open = summary->verdict == VERDICT_FAIL || summary->verdict == VERDICT_ERROR;
	struct digest digest;
	int r = digest_make(story, &digest);

	if (r < 0)
		return r;
	markup_raw(&html, "<details class=\"run %s\"%s>", html_verdict_class(summary->verdict),
		open ? " open=\"open\"" : "");
	put_heading(&html, summary);
	/* Inside, so that a link to it opens the details. */
	markup_raw(&html, "<div class=\"body\" id=\"");
	html_anchor(&html, summary);
	markup_raw(&html, "\">\n");
	put_facts(&html, summary);
	put_reason(&html, summary);
	put_story(&html, story, &digest);
	put_capture(&html, summary);
	markup_raw(&html, "</div></details>\n");
	digest_done(&digest);
	return html.error;
}
