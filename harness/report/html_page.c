/* SPDX-License-Identifier: MIT */
/* The page around the runs: what failed, the table of all, then the stories. */
#include "harness/report/html.h"

#include "harness/report/html_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- small parts ---- */

struct verdict_look {
	const char *class, *sign;
};

static const struct verdict_look verdict_looks[] = {
	[VERDICT_PASS] = {"pass", "\xe2\x9c\x94"},
	[VERDICT_FAIL] = {"fail", "\xe2\x9c\x96"},
	[VERDICT_ERROR] = {"error", "!"},
	[VERDICT_SKIP] = {"skip", "\xe2\x80\x93"},
};
static_assert(ARRAY_SIZE(verdict_looks) == VERDICT_COUNT, "a look for each verdict");

const char *html_verdict_class(enum verdict verdict)
{
	return verdict_looks[verdict].class;
}

void html_badge(struct markup *html, enum verdict verdict)
{
	markup_raw(html, "<span class=\"badge v-%s\">%s %s</span>", verdict_looks[verdict].class,
		verdict_looks[verdict].sign, names_text(&verdict_names, verdict));
}

void html_duration(struct markup *html, uint64_t us)
{
	if (!us)
		markup_raw(html, "\xe2\x80\x93");
	else if (us < 1000)
		markup_raw(html, "%" PRIu64 " \xc2\xb5s", us);
	else if (us < 100000)
		markup_raw(html, "%.1f ms", (double)us / 1e3);
	else if (us < 100000000)
		markup_raw(html, "%.2f s", (double)us / 1e6);
	else
		markup_raw(html, "%" PRIu64 " min %" PRIu64 " s", us / 60000000,
			us % 60000000 / 1000000);
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void put_slug(struct markup *html, const char *text)
{
	char slug[RUN_TEXT];
	size_t i = 0;

	for (; text[i] && i < sizeof(slug) - 1; i++)
		slug[i] = is_plain(text[i]) ? text[i] : '-';
	slug[i] = '\0';
	markup_raw(html, "%s", slug);
}

void html_anchor(struct markup *html, const struct run_summary *summary)
{
	markup_raw(html, "run-");
	put_slug(html, summary->scenario);
	markup_raw(html, "--");
	put_slug(html, summary->board);
	markup_raw(html, "--");
	put_slug(html, summary->flasher);
	markup_raw(html, "--");
	put_slug(html, summary->transport);
	markup_raw(html, "--%" PRIu64, summary->seed);
}

static const struct {
	const char *class, *text;
} usb_looks[] = {
	[TRACK_USB_NONE] = {"none", "nobody"},
	[TRACK_USB_ECU] = {"ecu", "ECU"},
	[TRACK_USB_OPENBLT] = {"openblt", "OpenBLT"},
	[TRACK_USB_DFU] = {"dfu", "DFU"},
	[TRACK_USB_OTHER] = {"other", "other"},
};
static_assert(ARRAY_SIZE(usb_looks) == TRACK_USB_COUNT, "a look for each");

const char *html_usb_class(enum track_usb usb)
{
	return usb_looks[usb].class;
}

const char *html_usb_text(enum track_usb usb)
{
	return usb_looks[usb].text;
}

/* ---- the first screen ---- */

static size_t count_verdict(const struct html_run *runs, size_t count, enum verdict verdict)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += runs[i].summary.verdict == verdict;
	return found;
}

static bool is_bad(const struct html_run *run)
{
	return run->summary.verdict == VERDICT_FAIL || run->summary.verdict == VERDICT_ERROR;
}

static void put_counts(struct markup *html, const struct html_run *runs, size_t count)
{
	static const enum verdict order[] = {
		VERDICT_FAIL, VERDICT_ERROR, VERDICT_PASS, VERDICT_SKIP};

	markup_raw(html, "<ul class=\"counts\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		size_t found = count_verdict(runs, count, order[i]);

		markup_raw(html, "<li class=\"%s%s\"><b>%zu</b>", html_verdict_class(order[i]),
			found ? "" : " zero", found);
		html_badge(html, order[i]);
		markup_raw(html, "</li>\n");
	}
	markup_raw(html, "</ul>\n");
}

static void put_link(struct markup *html, const struct run_summary *run)
{
	markup_raw(html, "<a href=\"#");
	html_anchor(html, run);
	markup_raw(html, "\">");
	markup_text(html, run->scenario);
	markup_raw(html, "</a>");
}

static void put_failure(struct markup *html, const struct run_summary *run)
{
	markup_raw(html, "<li class=\"%s\">", html_verdict_class(run->verdict));
	html_badge(html, run->verdict);
	markup_raw(html, " <b>");
	put_link(html, run);
	markup_raw(html, "</b> <span class=\"with\">");
	markup_text(html, run->flasher);
	markup_raw(html, ", ");
	markup_text(html, run->board);
	markup_raw(html, ", ");
	markup_text(html, run->transport);
	markup_raw(html, "</span><p class=\"reason\">");
	markup_text(html, run->reason);
	markup_raw(html, "</p>");
	if (run->again[0]) {
		markup_raw(html, "<p class=\"again\">again <code>");
		markup_text(html, run->again);
		markup_raw(html, "</code></p>");
	}
	markup_raw(html, "</li>\n");
}

static void put_failures(struct markup *html, const struct html_run *runs, size_t count)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_bad(&runs[i]))
			continue;
		if (!bad++)
			markup_raw(html, "<h2>What failed</h2>\n<ul class=\"failures\">\n");
		put_failure(html, &runs[i].summary);
	}
	if (bad)
		markup_raw(html, "</ul>\n");
	else if (count)
		markup_raw(html, "<p class=\"good\">Nothing failed.</p>\n");
}

static void put_cell(struct markup *html, const char *head, const char *text)
{
	markup_raw(html, "<td data-h=\"%s\">", head);
	markup_text(html, text);
	markup_raw(html, "</td>");
}

static void put_table_row(struct markup *html, const struct run_summary *run)
{
	markup_raw(html, "<tr class=\"%s\"><td class=\"v\">", html_verdict_class(run->verdict));
	html_badge(html, run->verdict);
	markup_raw(html, "</td><th>");
	put_link(html, run);
	markup_raw(html, "<span class=\"title\">");
	markup_text(html, run->title);
	if (run->verdict == VERDICT_SKIP) {
		markup_raw(html, " \xe2\x80\x93 skipped: ");
		markup_text(html, run->reason);
	}
	markup_raw(html, "</span></th>");
	put_cell(html, "flasher", run->flasher);
	put_cell(html, "board", run->board);
	put_cell(html, "transport", run->transport);
	markup_raw(html, "<td class=\"n\" data-h=\"board time\">");
	html_duration(html, run->board_us);
	markup_raw(html, "</td><td class=\"n\" data-h=\"took\">");
	html_duration(html, run->wall_us);
	markup_raw(html, "</td></tr>\n");
}

static void put_table(struct markup *html, const struct html_run *runs, size_t count)
{
	markup_raw(html,
		"<h2>All runs</h2>\n<table class=\"runs\" id=\"runs\"><thead><tr><th></th>"
		"<th>scenario</th><th>flasher</th><th>board</th><th>transport</th>"
		"<th class=\"n\">board time</th><th class=\"n\">took</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < count; i++)
		put_table_row(html, &runs[i].summary);
	markup_raw(html, "</tbody></table>\n");
}

/* ---- the page ---- */

/* A run that was killed has no story, but links lead to it. */
static void put_story(struct markup *html, const struct html_run *run)
{
	static const struct story none = {0};

	if (html->error)
		return;
	html->error = run->fragment && run->size ? buf_append(html->out, run->fragment, run->size)
						 : html_run_append(html->out, &run->summary, &none);
}

static void put_stories(struct markup *html, const struct html_run *runs, size_t count, bool bad)
{
	for (size_t i = 0; i < count; i++)
		if (is_bad(&runs[i]) == bad)
			put_story(html, &runs[i]);
}

void html_when(struct markup *html, uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	char text[48] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	markup_raw(html, "%s", text);
}

void html_begin(struct markup *html, const char *title)
{
	markup_raw(html, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
			 "<meta name=\"viewport\" content=\"width=device-width, "
			 "initial-scale=1\"/>\n"
			 "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
	markup_text(html, title);
	markup_raw(html, " \xe2\x80\x93 dfurig</title>\n");
	html_style(html);
}

static void put_head(struct markup *html, const struct html_run *runs, size_t count)
{
	char title[64];
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += is_bad(&runs[i]);
	if (bad)
		snprintf(title, sizeof(title), "%zu of %zu failed", bad, count);
	else
		snprintf(title, sizeof(title), "%zu passed",
			count_verdict(runs, count, VERDICT_PASS));
	html_begin(html, title);
	markup_raw(html, "</head><body>\n");
}

int html_page_append(struct buf *out, const struct html_run *runs, size_t count, uint64_t wall_us,
	const char *version)
{
	struct markup html = {.out = out};
	uint64_t took_us = 0;

	for (size_t i = 0; i < count; i++)
		took_us += runs[i].summary.wall_us;
	put_head(&html, runs, count);
	markup_raw(&html, "<header><h1>Firmware update report</h1>\n<p class=\"facts\"><span>");
	html_when(&html, wall_us);
	markup_raw(&html, "</span> <span>%zu run%s in ", count, count == 1 ? "" : "s");
	html_duration(&html, took_us);
	markup_raw(&html, "</span> <span>dfurig ");
	markup_text(&html, version);
	markup_raw(&html, "</span></p></header>\n<main>\n");
	put_counts(&html, runs, count);
	put_failures(&html, runs, count);
	put_table(&html, runs, count);
	markup_raw(&html, "<h2>The stories</h2>\n<div id=\"stories\">\n");
	put_stories(&html, runs, count, true);
	put_stories(&html, runs, count, false);
	markup_raw(&html, "</div>\n</main>\n");
	html_script(&html);
	markup_raw(&html, "</body></html>\n");
	return html.error;
}
