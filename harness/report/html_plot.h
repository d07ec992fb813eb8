/* SPDX-License-Identifier: MIT */
/*
 * The time line's drawing: x in per cent of the width, y in pixels, so that texts keep their size in any width. A text is only
 * written where it has room at the least width of the drawing (PLOT_PX); everything has its words in a title and in the list
 * below. For html_timeline.c and html_plot_*.c only.
 */
#ifndef DFURIG_REPORT_HTML_PLOT_H
#define DFURIG_REPORT_HTML_PLOT_H

#include "harness/report/html_parts.h"
#include "harness/report/time_scale.h"

#define PLOT_PX      600 /* the style sheet's least width of the drawing */
#define PLOT_ROW_PX  24
#define PLOT_MARK_PX 20
#define PLOT_AXIS_PX 20

struct plot {
	struct markup *html;
	const struct tracks *tracks;
	const struct digest *digest;
	struct time_scale scale;
	unsigned int y; /* of the next row */
};

struct plot_bar {
	uint64_t start_us, end_us;
	const char *class;
	const char *full, *brief; /* the longer one that has room is written; brief may be NULL */
};

double plot_per_cent(const struct plot *plot, uint64_t time_us);

/* In the row at plot->y. */
void plot_bar(const struct plot *plot, const struct plot_bar *bar);

/* A thin line for what is off, with a word when there is one and it has room. */
void plot_low(
	const struct plot *plot, const struct track_span *span, unsigned int y, const char *word);

/* What is cut out of the time, as bands; and the axis with its ticks at plot->y. */
void plot_cuts(const struct plot *plot, unsigned int height);
void plot_axis(const struct plot *plot);

/* One row of a board; kind: enum track_row_kind or board_pin. */
void plot_row(const struct plot *plot, const struct track_row *row, size_t kind);

/* Programs on the host, plot_tool_rows of them from plot->y on. */
unsigned int plot_tool_rows(const struct digest *digest);
void plot_tools(const struct plot *plot);

/* Numbered markers of what happened, plot_mark_lanes of them from the top on; and their list. */
unsigned int plot_mark_lanes(const struct digest *digest);
void plot_marks(const struct plot *plot);
void plot_mark_list(struct markup *html, const struct digest *digest);

#endif
