/* SPDX-License-Identifier: MIT */
/* The host's rows: programs, and markers of what happened. */
#include "harness/report/html_plot.h"

#define MARK_LANES 3
#define MARK_MAX   40
#define TOOL_ROWS  2

/* ---- programs on the host ---- */

/* The end of the program that starts with this item; NULL when it does not end. */
static const struct digest_item *end_of_tool(
	const struct digest *digest, const struct digest_item *start)
{
	const struct digest_item *item = start + 1, *last = digest->items + digest->count;
	int depth = 1;

	for (; item < last; item++) {
		depth += item->kind == DIGEST_TOOL_START;
		depth -= item->kind == DIGEST_TOOL_END;
		if (depth == 0)
			return item;
	}
	return NULL;
}

/* Of programs that start programs, two rows are shown. */
unsigned int plot_tool_rows(const struct digest *digest)
{
	unsigned int depth = 0, deepest = 0;

	for (size_t i = 0; i < digest->count; i++) {
		if (digest->items[i].kind == DIGEST_TOOL_START)
			depth++;
		else if (digest->items[i].kind == DIGEST_TOOL_END && depth)
			depth--;
		if (depth > deepest)
			deepest = depth;
	}
	return deepest < TOOL_ROWS ? deepest : TOOL_ROWS;
}

void plot_tools(const struct plot *plot)
{
	unsigned int depth = 0;

	for (size_t i = 0; i < plot->digest->count; i++) {
		const struct digest_item *item = &plot->digest->items[i];
		const struct digest_item *end;
		struct plot row = *plot;

		if (item->kind == DIGEST_TOOL_END && depth)
			depth--;
		if (item->kind != DIGEST_TOOL_START)
			continue;
		end = end_of_tool(plot->digest, item);
		row.y += (depth < TOOL_ROWS ? depth : TOOL_ROWS - 1) * PLOT_ROW_PX;
		depth++;
		plot_bar(&row, &(struct plot_bar){.start_us = item->time_us,
				       .end_us = end ? end->time_us : plot->tracks->end_us,
				       .class = end && !end->bad ? "p-good" : "p-bad",
				       .full = item->tool});
	}
}

/* ---- markers ---- */

struct mark_look {
	const char *class, *sign;
};

static const struct mark_look mark_looks[DIGEST_KIND_COUNT] = {
	[DIGEST_STEP] = {"k-step", "\xe2\x96\xbc"},
	[DIGEST_FAULT] = {"k-fault", "\xe2\x97\x86"},
	[DIGEST_TOOL_START] = {"k-tool", "\xe2\x96\xb6"},
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
	double x = plot_per_cent(plot, item->time_us);

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
void plot_marks(const struct plot *plot)
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
		ends_px[lane] = x_px + PLOT_MARK_PX;
		put_mark(plot, item, number, (unsigned int)lane * PLOT_MARK_PX);
	}
}

static unsigned int mark_count(const struct digest *digest)
{
	unsigned int count = 0;

	for (size_t i = next_mark(digest, 0); i < digest->count; i = next_mark(digest, i + 1))
		count++;
	return count;
}

static void put_tool_end(
	struct markup *html, const struct digest_item *start, const struct digest_item *end)
{
	markup_raw(html, " <small class=\"end%s\">", end && !end->bad ? "" : " bad");
	if (end) {
		markup_text(html, end->text);
		markup_raw(html, " after ");
		html_duration(html, end->time_us - start->time_us);
	} else {
		markup_raw(html, "did not end");
	}
	markup_raw(html, "</small>");
}

void plot_mark_list(struct markup *html, const struct digest *digest)
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
		markup_text(html, item->text);
		if (item->kind == DIGEST_TOOL_START)
			put_tool_end(html, item, end_of_tool(digest, item));
		markup_raw(html, "</li>\n");
	}
	markup_raw(html, "</ol>\n");
	if (count > number)
		markup_raw(html, "<p class=\"more\">%u more</p>\n", count - number);
}

unsigned int plot_mark_lanes(const struct digest *digest)
{
	unsigned int marks = mark_count(digest);

	return marks < MARK_LANES ? marks : MARK_LANES;
}
