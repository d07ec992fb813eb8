/* SPDX-License-Identifier: MIT */
/* The parts of the page; for the files html_*.c only. */
#ifndef DFURIG_REPORT_HTML_PARTS_H
#define DFURIG_REPORT_HTML_PARTS_H

#include "harness/report/digest.h"
#include "harness/report/markup.h"
#include "harness/report/track.h"
#include "harness/report/verdict.h"

/* Each appends its part of a run, headline included, or nothing when there is nothing to show. */
void html_expectations(struct markup *html, const struct story *story);
void html_timeline(struct markup *html, const struct tracks *tracks, const struct digest *digest);
void html_sequence(struct markup *html, const struct tracks *tracks, const struct digest *digest);
void html_flashmap(struct markup *html, const struct story *story);
void html_output(struct markup *html, const struct story *story);
void html_log(struct markup *html, const struct story *story);

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
