/* SPDX-License-Identifier: MIT */
/* The rows of a board. */
#include "harness/report/board_text.h"
#include "harness/report/html_plot.h"

#include <assert.h>
#include <stdio.h>

static const char *pin_level(size_t pin, bool level)
{
	static const char *const high[] = {"on", "held", "held", "plugged", "connected", "on"};
	static const char *const low[] = {"off", "released", "released", "unplugged", "cut", "off"};

	static_assert(ARRAY_SIZE(high) == BOARD_PIN_COUNT, "a word for each pin");
	return level ? high[pin] : low[pin];
}

static void put_pin_row(const struct plot *plot, const struct track_row *row, size_t pin)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct track_span *span = &row->spans[i];
		const char *word = pin_level(pin, span->state);

		if (span->state)
			plot_bar(plot, &(struct plot_bar){.start_us = span->start_us,
					       .end_us = span->end_us,
					       .class = "pin",
					       .full = word});
		else
			plot_low(plot, span, plot->y + PLOT_ROW_PX - 4, word);
	}
}

static void put_usb_span(const struct plot *plot, const struct track_span *span)
{
	enum track_usb usb = (enum track_usb)span->state;
	const char *brief = html_usb_text(usb);
	char class[16], full[96];

	if (usb == TRACK_USB_NONE) {
		plot_low(plot, span, plot->y + PLOT_ROW_PX / 2, NULL);
		return;
	}
	snprintf(class, sizeof(class), "u-%s", html_usb_class(usb));
	snprintf(full, sizeof(full), "%s %04x:%04x", brief, span->event->vid, span->event->pid);
	plot_bar(plot, &(struct plot_bar){.start_us = span->start_us,
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
		plot_low(plot, span, plot->y + PLOT_ROW_PX / 2, NULL);
		return;
	}
	plot_bar(plot, &(struct plot_bar){.start_us = span->start_us,
			       .end_us = span->end_us,
			       .class = classes[span->state],
			       .full = names_text(&board_mode_names, (size_t)span->state)});
}

static void put_traffic_span(const struct plot *plot, const struct track_span *span)
{
	static const char *const classes[] = {"", "t-talk", "t-erase", "t-write", "t-read"};
	static const char *const briefs[] = {"", "talk", "erase", "write", "read"};

	static_assert(ARRAY_SIZE(classes) == TRACK_TRAFFIC_COUNT, "a class for each");
	plot_bar(plot, &(struct plot_bar){.start_us = span->start_us,
			       .end_us = span->end_us,
			       .class = classes[span->state],
			       .full = span->item->text,
			       .brief = briefs[span->state]});
}

void plot_row(const struct plot *plot, const struct track_row *row, size_t kind)
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
