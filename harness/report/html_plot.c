/* SPDX-License-Identifier: MIT */
#include "harness/report/html_plot.h"

#include <string.h>

#define LETTER_PX 6.4
#define TICK_MAX  8
#define TICK_PX   52 /* that a tick's text takes */

/* ---- texts with room ---- */

static double px(const struct plot *plot, uint64_t start_us, uint64_t end_us)
{
	return (time_scale_at(&plot->scale, end_us) - time_scale_at(&plot->scale, start_us)) *
	       PLOT_PX;
}

double plot_per_cent(const struct plot *plot, uint64_t time_us)
{
	return time_scale_at(&plot->scale, time_us) * 100;
}

static bool fits(const char *text, double room_px)
{
	return (double)strlen(text) * LETTER_PX + 6 <= room_px;
}

/* ---- bars ---- */

void plot_bar(const struct plot *plot, const struct plot_bar *bar)
{
	struct markup *html = plot->html;
	double x = plot_per_cent(plot, bar->start_us), width = plot_per_cent(plot, bar->end_us) - x;
	double room_px = px(plot, bar->start_us, bar->end_us);
	const char *text = fits(bar->full, room_px)                  ? bar->full
			   : bar->brief && fits(bar->brief, room_px) ? bar->brief
								     : "";

	/* What is too short to be seen is shown as a line. */
	markup_raw(html,
		"<g><rect class=\"%s\" x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" height=\"%d\"/>",
		bar->class, x, plot->y + 3, width < 0.15 ? 0.15 : width, PLOT_ROW_PX - 6);
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

void plot_low(
	const struct plot *plot, const struct track_span *span, unsigned int y, const char *word)
{
	double x = plot_per_cent(plot, span->start_us);

	markup_raw(plot->html,
		"<line class=\"low\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"%u\" y2=\"%u\"/>", x,
		plot_per_cent(plot, span->end_us), y, y);
	if (word && fits(word, px(plot, span->start_us, span->end_us)))
		markup_raw(plot->html,
			"<text class=\"idle\" x=\"%.3f%%\" dx=\"4\" y=\"%u\">%s</text>", x, y - 5,
			word);
	markup_raw(plot->html, "\n");
}

/* ---- the axis ---- */

/* Behind everything else, over the whole height. */
void plot_cuts(const struct plot *plot, unsigned int height)
{
	for (size_t i = 0; i < plot->scale.cut_count; i++) {
		const struct time_cut *cut = &plot->scale.cuts[i];
		double x = plot_per_cent(plot, cut->start_us),
		       end = plot_per_cent(plot, cut->end_us);
		double seconds = (double)(cut->end_us - cut->start_us) / 1e6;

		markup_raw(plot->html,
			"<g><rect class=\"cut\" x=\"%.3f%%\" y=\"0\" width=\"%.3f%%\" "
			"height=\"%u\"/><text class=\"cut\" text-anchor=\"middle\" "
			"x=\"%.3f%%\" y=\"%u\">+%.*f s</text><title>%.3f s in which nothing "
			"happened, drawn shorter</title></g>\n",
			x, end - x, height, (x + end) / 2, height - 7, seconds < 10 ? 1 : 0,
			seconds, seconds);
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
	double x = plot_per_cent(plot, time_us);

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

void plot_axis(const struct plot *plot)
{
	const struct time_scale *scale = &plot->scale;
	uint64_t tick_us = time_scale_tick_us(scale, TICK_MAX);
	uint64_t time_us = (scale->start_us + tick_us - 1) / tick_us * tick_us;
	double free_px = 0;

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
