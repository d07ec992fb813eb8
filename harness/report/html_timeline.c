/* SPDX-License-Identifier: MIT */
/* The time line: rows of pins, what runs, who is on USB, programs and what happened, over seconds. */
#include "harness/report/html_plot.h"

#include <assert.h>
#include <stdlib.h>

#define ITEM_MOMENTS 8 /* more than one in a fourth of its length: see time_scale.c */

/* In the order in which a person asks: has it power, what was pressed, what runs, who is on USB, what was done to it. */
static const struct row_name {
	size_t kind;
	const char *name;
} row_order[] = {
	{BOARD_POWER, "power"},
	{BOARD_DATA, "data"},
	{BOARD_VBUS, "vbus"},
	{BOARD_USB, "usb cable"},
	{BOARD_BOOT0, "boot0"},
	{BOARD_NRST, "nrst"},
	{TRACK_ROW_MODE, "runs"},
	{TRACK_ROW_USB, "on USB"},
	{TRACK_ROW_TRAFFIC, "traffic"},
};
static_assert(ARRAY_SIZE(row_order) == TRACK_ROW_COUNT, "a place for each row");

/* ---- the drawing ---- */

static void put_name(struct markup *html, unsigned int height, const char *name)
{
	markup_raw(html, "<span style=\"height:%upx\">%s</span>", height, name);
}

static void put_names(const struct plot *plot, const struct track *track, bool first)
{
	struct markup *html = plot->html;
	unsigned int tools = first ? plot_tool_rows(plot->digest) : 0;

	markup_raw(html, "<div class=\"names\">");
	if (first && plot_mark_lanes(plot->digest))
		put_name(html, plot_mark_lanes(plot->digest) * PLOT_MARK_PX, "what happened");
	for (size_t i = 0; i < ARRAY_SIZE(row_order); i++)
		if (track->rows[row_order[i].kind].count)
			put_name(html, PLOT_ROW_PX, row_order[i].name);
	if (tools)
		put_name(html, tools * PLOT_ROW_PX, "programs");
	markup_raw(html, "</div>");
}

static unsigned int height_of(const struct plot *plot, const struct track *track, bool first)
{
	unsigned int height = PLOT_AXIS_PX;

	if (first)
		height += plot_mark_lanes(plot->digest) * PLOT_MARK_PX +
			  plot_tool_rows(plot->digest) * PLOT_ROW_PX;
	for (size_t i = 0; i < TRACK_ROW_COUNT; i++)
		height += track->rows[i].count ? PLOT_ROW_PX : 0;
	return height;
}

static void put_rows(struct plot *plot, const struct track *track, bool first)
{
	plot->y = first ? plot_mark_lanes(plot->digest) * PLOT_MARK_PX : 0;
	for (size_t i = 0; i < ARRAY_SIZE(row_order); i++) {
		const struct track_row *row = &track->rows[row_order[i].kind];

		if (!row->count)
			continue;
		plot_row(plot, row, row_order[i].kind);
		plot->y += PLOT_ROW_PX;
	}
	if (!first)
		return;
	plot_tools(plot);
	plot->y += plot_tool_rows(plot->digest) * PLOT_ROW_PX;
}

/* Programs and what happened are told once, with the first board. */
static void put_track(struct plot *plot, const struct track *track, bool first)
{
	struct markup *html = plot->html;
	unsigned int height = height_of(plot, track, first);

	if (plot->tracks->count > 1) {
		markup_raw(html, "<h4>");
		markup_text(html, track->board);
		markup_raw(html, "</h4>\n");
	}
	markup_raw(html, "<div class=\"scroll\"><div class=\"plot\">");
	put_names(plot, track, first);
	markup_raw(html,
		"<svg width=\"100%%\" height=\"%u\" role=\"img\" aria-label=\"time line\">\n",
		height);
	plot_cuts(plot, height);
	put_rows(plot, track, first);
	plot_axis(plot);
	if (first)
		plot_marks(plot);
	markup_raw(html, "</svg></div></div>\n");
}

static void put_legend(struct markup *html, const struct time_scale *scale)
{
	uint64_t cut_us = 0;

	markup_raw(html, "<p class=\"legend\">");
	for (enum track_usb usb = TRACK_USB_ECU; usb < TRACK_USB_COUNT; usb++)
		markup_raw(html, "<span><i class=\"sw u-%s\"></i>%s</span> ", html_usb_class(usb),
			html_usb_text(usb));
	markup_raw(html, "<span><i class=\"sw u-none\"></i>nobody on USB</span>");
	for (size_t i = 0; i < scale->cut_count; i++)
		cut_us += scale->cuts[i].end_us - scale->cuts[i].start_us;
	if (cut_us)
		markup_raw(html,
			" <span><i class=\"sw cut\"></i>nothing happened for %.1f s in all, drawn "
			"shorter</span>",
			(double)cut_us / 1e6);
	markup_raw(html, "</p>\n");
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
	put_legend(html, &plot.scale);
	plot_mark_list(html, digest);
	markup_raw(html, "</div>\n");
}
