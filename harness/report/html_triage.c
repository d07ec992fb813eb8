/* SPDX-License-Identifier: MIT */
/* What triage said in a run, and what Windows' Device Manager showed: what a person who has the same board looks for. */
#include "harness/report/html_parts.h"

#include <inttypes.h>
#include <string.h>

#define LINE_MAX_BYTES    1000
#define DRIVER_INSTALLING 1 /* CM_PROB_NOT_CONFIGURED */
#define DIAGNOSIS_MAX     20
#define DRIVER_MAX        60

static bool has_kind(const struct story *story, enum event_kind kind)
{
	for (size_t i = 0; i < story->count; i++)
		if (story->events[i].kind == kind)
			return true;
	return false;
}

static void put_line(struct markup *html, const char *head, const char *text)
{
	if (!text || !text[0])
		return;
	markup_raw(html, "<dt>%s</dt><dd>", head);
	markup_text_cut(html, text, LINE_MAX_BYTES);
	markup_raw(html, "</dd>\n");
}

/* ---- triage ---- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void put_diagnosis(struct markup *html, const struct event *event)
{
	const char *sure = or_empty(event->sure);

	markup_raw(html, "<div class=\"dx\"><p class=\"cause\"><b>");
	markup_text_cut(html, or_empty(event->title), LINE_MAX_BYTES);
	markup_raw(html, "</b> <code>");
	markup_text_cut(html, or_empty(event->name), LINE_MAX_BYTES);
	markup_raw(html, "</code> <span class=\"badge %s\">",
		strcmp(sure, "sure") == 0 ? "is-sure" : "is-unsure");
	markup_text_cut(html, sure, LINE_MAX_BYTES);
	markup_raw(html, "</span></p>\n<dl>\n");
	put_line(html, "because", event->text);
	put_line(html, "remedy", event->remedy);
	markup_raw(html, "</dl></div>\n");
}

void html_diagnosis(struct markup *html, const struct story *story)
{
	size_t count = 0;

	if (!has_kind(story, EVENT_DIAGNOSIS))
		return;
	markup_raw(html, "<h3>What triage says</h3>\n");
	for (size_t i = 0; i < story->count && count < DIAGNOSIS_MAX; i++)
		if (story->events[i].kind == EVENT_DIAGNOSIS && ++count)
			put_diagnosis(html, &story->events[i]);
}

/* ---- Device Manager ---- */

/* The name of the bootloader's newer driver has two blanks in it. */
static void put_driver(struct markup *html, const struct event *event)
{
	bool works = event->name && !event->status;

	markup_raw(html, "<tr><td class=\"t\" data-h=\"from\">%.3f s</td><td data-h=\"board\">",
		(double)event->time_us / 1e6);
	markup_text_cut(html, or_empty(event->board), LINE_MAX_BYTES);
	markup_raw(html, "</td><td class=\"shown\" data-h=\"shown\">%s",
		!event->name                        ? "<i>no device</i>"
		: event->status > DRIVER_INSTALLING ? "<b class=\"warn\">\xe2\x9a\xa0</b> "
						    : "");
	if (event->name)
		markup_text_cut(html, event->name, LINE_MAX_BYTES);
	markup_raw(html, "</td><td data-h=\"state\">");
	if (works)
		markup_raw(html, "works");
	else if (event->name && event->status == DRIVER_INSTALLING)
		markup_raw(html, "being installed");
	else if (event->name)
		markup_raw(html, "code %" PRId32, event->status);
	markup_raw(html, "</td><td data-h=\"driver\">");
	markup_text_cut(html, or_empty(event->text), LINE_MAX_BYTES);
	markup_raw(html, "</td></tr>\n");
}

void html_drivers(struct markup *html, const struct story *story)
{
	size_t count = 0;

	if (!has_kind(story, EVENT_DRIVER))
		return;
	markup_raw(html, "<h3>What Windows\xe2\x80\x99 Device Manager shows</h3>\n"
			 "<table class=\"expect "
			 "drivers\"><thead><tr><th>from</th><th>board</th><th>shown</th>"
			 "<th>state</th><th>driver</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < story->count && count < DRIVER_MAX; i++)
		if (story->events[i].kind == EVENT_DRIVER && ++count)
			put_driver(html, &story->events[i]);
	markup_raw(html, "</tbody></table>\n");
}
