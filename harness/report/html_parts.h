/* SPDX-License-Identifier: MIT */
/* The parts of the page; for the files html_*.c only. */
#ifndef DFURIG_REPORT_HTML_PARTS_H
#define DFURIG_REPORT_HTML_PARTS_H

#include "harness/report/digest.h"
#include "harness/report/markup.h"
#include "harness/report/sweep.h"
#include "harness/report/track.h"
#include "harness/report/verdict.h"

/* Each appends its part of a run, headline included, or nothing when there is nothing to show. */
void html_expectations(struct markup *html, const struct story *story);
void html_diagnosis(struct markup *html, const struct story *story);
void html_drivers(struct markup *html, const struct story *story);
void html_timeline(struct markup *html, const struct tracks *tracks, const struct digest *digest);
void html_sequence(struct markup *html, const struct tracks *tracks, const struct digest *digest);
void html_flashmap(struct markup *html, const struct story *story);
void html_output(struct markup *html, const struct story *story);
void html_log(struct markup *html, const struct story *story);

/* The cut map of a sweep, with its legend. */
void html_cutmap(
	struct markup *html, const struct sweep *sweep, const struct sweep_summary *summary);

/* "again": the class of a need. */
const char *html_need_class(enum sweep_need need);

/* The element that links lead to: "cell-vdd-1234". */
void html_cell_anchor(struct markup *html, const struct sweep_cell *cell);

/* Cells that failed in one way are told as one; index of the first like this one (of a failed cell, perhaps itself). */
size_t html_cell_like(const struct sweep *sweep, size_t index);

/* The first lines of any page, up to the style; the title is of our own making or plain text. */
void html_begin(struct markup *html, const char *title);

/* "2026-11-24 02:15:00 UTC". */
void html_when(struct markup *html, uint64_t wall_us);

/* The style sheet and the script, with their elements. */
void html_style(struct markup *html);
void html_script(struct markup *html);

/* A verdict as a badge: a sign, its word, its colour. */
void html_badge(struct markup *html, enum verdict verdict);

/* "fail": the class of a verdict. */
const char *html_verdict_class(enum verdict verdict);

/* "0.514 s", "85 ms", "1 min 20 s". */
void html_duration(struct markup *html, uint64_t us);

/* The run's anchor, of letters, digits and dashes. */
void html_anchor(struct markup *html, const struct run_summary *summary);

/* "ecu", "dfu", "openblt", "other", "none": the class of who is on USB; and what a person calls it. */
const char *html_usb_class(enum track_usb usb);
const char *html_usb_text(enum track_usb usb);

#endif
