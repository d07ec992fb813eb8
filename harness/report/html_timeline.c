/* SPDX-License-Identifier: MIT */
/*
 * The time line of a board as SVG: x in per cent of the width, y in pixels, so that texts keep their size in any width.
 * A text is only written where it has room at the least width of the drawing (PLOT_PX); everything has its words in a
 * title and in the list below.
 */
#include "harness/report/board_text.h"
#include "harness/report/html_parts.h"
#include "harness/report/time_scale.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLOT_PX      600 /* the style sheet's least width of the drawing */
#define LETTER_PX    6.4
#define ROW_PX       24
#define MARK_PX      20
#define MARK_LANES   3
#define MARK_MAX     40
#define ITEM_MOMENTS 8 /* more than one in a fourth of its length: see time_scale.c */
#define TICK_MAX     8
#define TICK_PX      52 /* that a tick's text takes */

struct plot {
	struct markup *html;
	const struct tracks *tracks;
	const struct digest *digest;
	struct time_scale scale;
	unsigned int y; /* of the next row */
};

/* ---- texts with room ---- */

static double px(const struct plot *plot, uint64_t start_us, uint64_t end_us)
{
	return (time_scale_at(&plot->scale, end_us) - time_scale_at(&plot->scale, start_us)) *
	       PLOT_PX;
}

static double per_cent(const struct plot *plot, uint64_t time_us)
{
	return time_scale_at(&plot->scale, time_us) * 100;
}

static bool fits(const char *text, double room_px)
{
	return (double)strlen(text) * LETTER_PX + 6 <= room_px;
}

/* ---- bars ---- */

struct bar {
	uint64_t start_us, end_us;
	const char *class;
	const char *full, *brief; /* the longer one that has room is written; brief may be NULL */
};

static void put_bar(const struct plot *plot, const struct bar *bar)
{
	struct markup *html = plot->html;
	double x = per_cent(plot, bar->start_us), width = per_cent(plot, bar->end_us) - x;
	double room_px = px(plot, bar->start_us, bar->end_us);
	const char *text = fits(bar->full, room_px)                  ? bar->full
			   : bar->brief && fits(bar->brief, room_px) ? bar->brief
								     : "";

	/* What is too short to be seen is shown as a line. */
	markup_raw(html,
		"<g><rect class=\"%s\" x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" height=\"%d\"/>",
		bar->class, x, plot->y + 3, width < 0.15 ? 0.15 : width, ROW_PX - 6);
	if (text[0]) {
		markup_raw(html, "<text class=\"on-%s\" x=\"%.3f%%\" dx=\"4\" y=\"%u\">",
			bar->class, x, plot->y + 16);
		markup_text(html, text);
		markup_raw(html, "</text>");
	}
	markup_raw(html, "<title>");
	markup_text(html, bar->full);
	markup_raw(html, ", %.3f to %.3f s</title></g>\n", (double)bar->start_us / 1e6,
		(double)bar->end_us / 1e6);
}

static void put_line(const struct plot *plot, const struct track_span *span, unsigned int y)
{
	markup_raw(plot->html,
		"<line class=\"low\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"%u\" y2=\"%u\"/>\n",
		per_cent(plot, span->start_us), per_cent(plot, span->end_us), y, y);
}

/* ---- rows of a board ---- */

static const char *pin_level(size_t pin, bool level)
{
	static const char *const high[] = {"on", "held", "held", "plugged", "on"};
	static const char *const low[] = {"off", "released", "released", "unplugged", "off"};

	static_assert(ARRAY_SIZE(high) == BOARD_PIN_COUNT, "a word for each pin");
	return level ? high[pin] : low[pin];
}

static void put_pin_row(const struct plot *plot, const struct track_row *row, size_t pin)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct track_span *span = &row->spans[i];
		const char *word = pin_level(pin, span->state);

		if (span->state)
			put_bar(plot, &(struct bar){.start_us = span->start_us,
					      .end_us = span->end_us,
					      .class = "pin",
					      .full = word});
		else
			put_line(plot, span, plot->y + ROW_PX - 4);
	}
}

static void put_usb_span(const struct plot *plot, const struct track_span *span)
{
	enum track_usb usb = (enum track_usb)span->state;
	const char *brief = html_usb_text(usb);
	char class[16], full[96];

	if (usb == TRACK_USB_NONE) {
		put_line(plot, span, plot->y + ROW_PX / 2);
		return;
	}
	snprintf(class, sizeof(class), "u-%s", html_usb_class(usb));
	snprintf(full, sizeof(full), "%s %04x:%04x", brief, span->event->vid, span->event->pid);
	put_bar(plot, &(struct bar){.start_us = span->start_us,
			      .end_us = span->end_us,
			      .class = class,
			      .full = full,
			      .brief = brief});
}

static void put_mode_span(const struct plot *plot, const struct track_span *span)
{
	static const char *const classes[] = {
		[BOARD_OFF] = NULL,
		[BOARD_RESET] = "m-reset",
		[BOARD_DFU] = "u-dfu",
		[BOARD_ECU] = "u-ecu",
		[BOARD_OPENBLT] = "u-openblt",
		[BOARD_FIRMWARE] = "u-other",
		[BOARD_DEAD] = "m-dead",
	};

	static_assert(ARRAY_SIZE(classes) == BOARD_MODE_COUNT, "a class for each mode");
	if (!classes[span->state]) {
		put_line(plot, span, plot->y + ROW_PX / 2);
		return;
	}
	put_bar(plot, &(struct bar){.start_us = span->start_us,
			      .end_us = span->end_us,
			      .class = classes[span->state],
			      .full = names_text(&board_mode_names, (size_t)span->state)});
}

static void put_traffic_span(const struct plot *plot, const struct track_span *span)
{
	static const char *const classes[] = {"", "t-talk", "t-erase", "t-write", "t-read"};
	static const char *const briefs[] = {"", "talk", "erase", "write", "read"};

	static_assert(ARRAY_SIZE(classes) == TRACK_TRAFFIC_COUNT, "a class for each");
	put_bar(plot, &(struct bar){.start_us = span->start_us,
			      .end_us = span->end_us,
			      .class = classes[span->state],
			      .full = span->item->text,
			      .brief = briefs[span->state]});
}

static void put_row(const struct plot *plot, const struct track_row *row, size_t kind)
{
	if (kind < BOARD_PIN_COUNT) {
		put_pin_row(plot, row, kind);
		return;
	}
	for (size_t i = 0; i < row->count; i++) {
		if (kind == TRACK_ROW_USB)
			put_usb_span(plot, &row->spans[i]);
		else if (kind == TRACK_ROW_MODE)
			put_mode_span(plot, &row->spans[i]);
		else
			put_traffic_span(plot, &row->spans[i]);
	}
}

/* In the order in which a person asks: has it power, what was pressed, what runs, who is on USB, what was done to it. */
static const struct row_name {
	size_t kind;
	const char *name;
} row_order[] = {
	{BOARD_POWER, "power"},
	{BOARD_VBUS, "VBUS"},
	{BOARD_USB, "cable"},
	{BOARD_BOOT0, "BOOT0"},
	{BOARD_NRST, "NRST"},
	{TRACK_ROW_MODE, "runs"},
	{TRACK_ROW_USB, "on USB"},
	{TRACK_ROW_TRAFFIC, "traffic"},
};
static_assert(ARRAY_SIZE(row_order) == TRACK_ROW_COUNT, "a place for each row");

/* ---- markers ---- */

struct mark_look {
	const char *class, *sign;
};

static const struct mark_look mark_looks[DIGEST_KIND_COUNT] = {
	[DIGEST_STEP] = {"k-step", "\xe2\x96\xbc"},
	[DIGEST_FAULT] = {"k-fault", "\xe2\x97\x86"},
	[DIGEST_TOOL_START] = {"k-tool", "\xe2\x96\xb6"},
	[DIGEST_TOOL_END] = {"k-tool", "\xe2\x96\xa0"},
	[DIGEST_ERROR] = {"k-fault", "\xe2\x9c\x96"},
};

/* The next item with a marker from index on; digest->count when there is none. */
static size_t next_mark(const struct digest *digest, size_t index)
{
	while (index < digest->count && !mark_looks[digest->items[index].kind].class)
		index++;
	return index;
}

static void put_mark(const struct plot *plot, const struct digest_item *item, unsigned int number,
	unsigned int y)
{
	const struct mark_look *look = &mark_looks[item->kind];
	double x = per_cent(plot, item->time_us);

	markup_raw(plot->html,
		"<g class=\"%s\"><line x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"%u\" y2=\"100%%\"/>"
		"<svg x=\"%.3f%%\" y=\"%u\" overflow=\"visible\">"
		"<rect x=\"-9\" y=\"1\" width=\"18\" height=\"16\" rx=\"%d\"/>"
		"<text x=\"0\" y=\"13\" text-anchor=\"middle\">%u</text></svg><title>",
		look->class, x, x, y + 16, x, y, item->kind == DIGEST_FAULT ? 0 : 8, number);
	markup_text(plot->html, item->text);
	markup_raw(plot->html, ", %.3f s</title></g>\n", (double)item->time_us / 1e6);
}

/* The first lane in which the marker at x is clear of the one before, or MARK_LANES. */
static size_t free_lane(const double *ends_px, double x_px)
{
	size_t lane = 0;

	while (lane < MARK_LANES && x_px < ends_px[lane])
		lane++;
	return lane;
}

/* Markers that find no lane are in the list only. */
static void put_marks(const struct plot *plot)
{
	double ends_px[MARK_LANES] = {-100, -100, -100};
	unsigned int number = 0;

	for (size_t i = next_mark(plot->digest, 0); i < plot->digest->count && number < MARK_MAX;
		i = next_mark(plot->digest, i + 1)) {
		const struct digest_item *item = &plot->digest->items[i];
		double x_px = time_scale_at(&plot->scale, item->time_us) * PLOT_PX;
		size_t lane = free_lane(ends_px, x_px);

		number++;
		if (lane == MARK_LANES)
			continue;
		ends_px[lane] = x_px + MARK_PX;
		put_mark(plot, item, number, (unsigned int)lane * MARK_PX);
	}
}

static unsigned int mark_count(const struct digest *digest)
{
	unsigned int count = 0;

	for (size_t i = next_mark(digest, 0); i < digest->count; i = next_mark(digest, i + 1))
		count++;
	return count;
}

static void put_mark_list(struct markup *html, const struct digest *digest)
{
	unsigned int number = 0, count = mark_count(digest);

	if (!count)
		return;
	markup_raw(html, "<ol class=\"marks\">\n");
	for (size_t i = next_mark(digest, 0); i < digest->count && number < MARK_MAX;
		i = next_mark(digest, i + 1)) {
		const struct digest_item *item = &digest->items[i];
		const struct mark_look *look = &mark_looks[item->kind];

		number++;
		markup_raw(html,
			"<li class=\"%s\"><b>%u</b> <span class=\"t\">%.3f s</span> <i>%s</i> ",
			look->class, number, (double)item->time_us / 1e6, look->sign);
		if (item->kind == DIGEST_TOOL_END) {
			markup_text(html, item->tool);
			markup_raw(html, " ");
		}
		markup_text(html, item->text);
		markup_raw(html, "</li>\n");
	}
	markup_raw(html, "</ol>\n");
	if (count > number)
		markup_raw(html, "<p class=\"more\">%u more</p>\n", count - number);
}

/* ---- the axis ---- */

static void put_cuts(const struct plot *plot)
{
	for (size_t i = 0; i < plot->scale.cut_count; i++) {
		const struct time_cut *cut = &plot->scale.cuts[i];
		double x = per_cent(plot, cut->start_us);

		markup_raw(plot->html,
			"<g><rect class=\"cut\" x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" "
			"height=\"18\"/><text class=\"cut\" text-anchor=\"middle\" x=\"%.3f%%\" "
			"y=\"%u\">\xe2\x80\xa6</text><title>%.1f s in which nothing happened, "
			"shortened</title></g>\n",
			x, plot->y, per_cent(plot, cut->end_us) - x,
			(x + per_cent(plot, cut->end_us)) / 2, plot->y + 12,
			(double)(cut->end_us - cut->start_us) / 1e6);
	}
}

static bool is_cut(const struct plot *plot, uint64_t time_us)
{
	for (size_t i = 0; i < plot->scale.cut_count; i++)
		if (time_us > plot->scale.cuts[i].start_us && time_us < plot->scale.cuts[i].end_us)
			return true;
	return false;
}

static void put_tick(const struct plot *plot, uint64_t time_us, unsigned int decimals)
{
	double x = per_cent(plot, time_us);

	markup_raw(plot->html,
		"<line class=\"grid\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"0\" y2=\"%u\"/>"
		"<text class=\"tick\" x=\"%.3f%%\" dx=\"3\" y=\"%u\">%.*f s</text>\n",
		x, x, plot->y + 14, x, plot->y + 13, (int)decimals, (double)time_us / 1e6);
}

static unsigned int decimals_of(uint64_t tick_us)
{
	unsigned int decimals = 6;

	while (decimals > 0 && tick_us % 10 == 0) {
		tick_us /= 10;
		decimals--;
	}
	return decimals;
}

static void put_axis(const struct plot *plot)
{
	const struct time_scale *scale = &plot->scale;
	uint64_t tick_us = time_scale_tick_us(scale, TICK_MAX);
	uint64_t time_us = (scale->start_us + tick_us - 1) / tick_us * tick_us;
	double free_px = 0;

	put_cuts(plot);
	for (size_t i = 0; time_us <= scale->end_us; time_us += tick_us) {
		double x_px = time_scale_at(scale, time_us) * PLOT_PX;

		if (is_cut(plot, time_us)) {
			while (i < scale->cut_count && scale->cuts[i].end_us <= time_us)
				i++;
			/* Straight to the end of the cut. */
			if (i < scale->cut_count)
				time_us = scale->cuts[i].end_us / tick_us * tick_us;
			continue;
		}
		if (x_px < free_px || x_px > PLOT_PX - TICK_PX + 8)
			continue;
		put_tick(plot, time_us, decimals_of(tick_us));
		free_px = x_px + TICK_PX;
	}
}

/* ---- the drawing ---- */

static unsigned int lanes_of(const struct plot *plot)
{
	return plot->digest && mark_count(plot->digest) ? MARK_LANES : 0;
}

static void put_names(const struct plot *plot, const struct track *track, bool marks)
{
	struct markup *html = plot->html;

	markup_raw(html, "<div class=\"names\">");
	if (marks)
		markup_raw(html, "<span style=\"height:%upx\">what happened</span>",
			lanes_of(plot) * MARK_PX);
	for (size_t i = 0; i < ARRAY_SIZE(row_order); i++)
		if (track->rows[row_order[i].kind].count)
			markup_raw(html, "<span style=\"height:%dpx\">%s</span>", ROW_PX,
				row_order[i].name);
	markup_raw(html, "</div>");
}

static unsigned int height_of(const struct plot *plot, const struct track *track, bool marks)
{
	unsigned int height = (marks ? lanes_of(plot) * MARK_PX : 0) + 20;

	for (size_t i = 0; i < TRACK_ROW_COUNT; i++)
		height += track->rows[i].count ? ROW_PX : 0;
	return height;
}

static void put_track(struct plot *plot, const struct track *track, bool marks)
{
	struct markup *html = plot->html;

	if (plot->tracks->count > 1) {
		markup_raw(html, "<h4>");
		markup_text(html, track->board);
		markup_raw(html, "</h4>\n");
	}
	markup_raw(html, "<div class=\"scroll\"><div class=\"plot\">");
	put_names(plot, track, marks);
	markup_raw(html,
		"<svg width=\"100%%\" height=\"%u\" role=\"img\" aria-label=\"time line\">\n",
		height_of(plot, track, marks));
	plot->y = marks ? lanes_of(plot) * MARK_PX : 0;
	for (size_t i = 0; i < ARRAY_SIZE(row_order); i++) {
		const struct track_row *row = &track->rows[row_order[i].kind];

		if (!row->count)
			continue;
		put_row(plot, row, row_order[i].kind);
		plot->y += ROW_PX;
	}
	put_axis(plot);
	if (marks)
		put_marks(plot);
	markup_raw(html, "</svg></div></div>\n");
}

static void put_legend(struct markup *html)
{
	markup_raw(html, "<p class=\"legend\">");
	for (enum track_usb usb = TRACK_USB_ECU; usb < TRACK_USB_COUNT; usb++)
		markup_raw(html, "<span><i class=\"sw u-%s\"></i>%s</span> ", html_usb_class(usb),
			html_usb_text(usb));
	markup_raw(html, "<span><i class=\"sw u-none\"></i>nobody on USB</span></p>\n");
}

/* ---- the scale ---- */

/* Whatever begins or ends, and what lasts in between, keeps the axis from being cut there. */
static size_t collect_item(const struct digest_item *item, uint64_t *ret)
{
	uint64_t took_us = item->end_us - item->time_us;

	for (size_t i = 0; i <= ITEM_MOMENTS; i++)
		ret[i] = item->time_us + took_us * i / ITEM_MOMENTS;
	return ITEM_MOMENTS + 1;
}

static size_t collect(const struct plot *plot, uint64_t *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < plot->digest->count; i++)
		count += collect_item(&plot->digest->items[i], ret + count);
	for (size_t i = 0; i < plot->tracks->count; i++)
		for (size_t j = 0; j < TRACK_ROW_TRAFFIC; j++)
			for (size_t k = 0; k < plot->tracks->boards[i].rows[j].count; k++)
				ret[count++] = plot->tracks->boards[i].rows[j].spans[k].start_us;
	return count;
}

static bool make_scale(struct plot *plot)
{
	size_t room = (ITEM_MOMENTS + 1) * (DIGEST_ITEM_MAX + DIGEST_END_ROOM) +
		      (size_t)TRACK_BOARD_MAX * TRACK_ROW_COUNT * TRACK_SPAN_MAX;
	uint64_t *moments = malloc(room * sizeof(*moments));

	if (!moments)
		return false;
	time_scale_init(&plot->scale, plot->tracks->start_us, plot->tracks->end_us, moments,
		collect(plot, moments));
	free(moments);
	return true;
}

void html_timeline(struct markup *html, const struct tracks *tracks, const struct digest *digest)
{
	struct plot plot = {.html = html, .tracks = tracks, .digest = digest};

	if (!tracks->count || !make_scale(&plot))
		return;
	markup_raw(html, "<h3>Time line</h3>\n<div class=\"timeline\">\n");
	for (size_t i = 0; i < tracks->count; i++)
		put_track(&plot, &tracks->boards[i], i == 0);
	put_legend(html);
	put_mark_list(html, digest);
	markup_raw(html, "</div>\n");
}
