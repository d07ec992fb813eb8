/* SPDX-License-Identifier: MIT */
/* The conversation: the host's programs on the left, the board on the right, time downwards. */
#include "harness/report/html_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void put_time(struct markup *html, const struct digest_item *item)
{
	markup_raw(html, "<span class=\"t\">%" PRIu64 ".%03u</span>", item->time_us / 1000000,
		(unsigned int)(item->time_us / 1000 % 1000));
}

static void put_took(struct markup *html, const struct digest_item *item)
{
	if (item->end_us < item->time_us + 10000)
		return;
	markup_raw(html, " <small class=\"took\">");
	html_duration(html, item->end_us - item->time_us);
	markup_raw(html, "</small>");
}

/* With several boards each message says whose it is. */
static void put_board(
	struct markup *html, const struct tracks *tracks, const struct digest_item *item)
{
	if (tracks->count < 2 || !item->board)
		return;
	markup_raw(html, "<small class=\"of\">");
	markup_text(html, item->board);
	markup_raw(html, "</small> ");
}

static void put_ask(
	struct markup *html, const struct tracks *tracks, const struct digest_item *item)
{
	markup_raw(html, "<p class=\"m to\"><small class=\"by\">");
	markup_text(html, item->tool);
	markup_raw(html, " \xe2\x86\x92 %s</small> ", item->peer ? item->peer : "");
	put_board(html, tracks, item);
	markup_raw(html, "<b>");
	markup_text(html, item->text);
	markup_raw(html, "</b>");
	put_took(html, item);
	markup_raw(html, "</p>");
}

static void put_answer(struct markup *html, const struct digest_item *item)
{
	if (!item->answer[0])
		return;
	markup_raw(html, "<p class=\"m %s\">", item->silent ? "silent" : "from");
	markup_text(html, item->answer);
	markup_raw(html, "</p>");
}

static void put_talk(
	struct markup *html, const struct tracks *tracks, const struct digest_item *item)
{
	put_ask(html, tracks, item);
	put_answer(html, item);
}

static void put_requests(
	struct markup *html, const struct tracks *tracks, const struct digest_item *item)
{
	markup_raw(html, "<p class=\"m to%s\">", item->bad ? " bad" : " minor");
	put_board(html, tracks, item);
	markup_text(html, item->text);
	if (item->answer[0]) {
		markup_raw(html, ", ");
		markup_text(html, item->answer);
	}
	markup_raw(html, "</p>");
}

struct look {
	const char *class, *sign;
};

static const struct look looks[] = {
	[DIGEST_STEP] = {"step", "\xe2\x96\xbc"},
	[DIGEST_PIN] = {"board pin", ""},
	[DIGEST_USB] = {"board usb", "\xe2\x97\x8f"},
	[DIGEST_BOARD] = {"board", ""},
	[DIGEST_FAULT] = {"board fault", "\xe2\x97\x86 fault:"},
	[DIGEST_TOOL_START] = {"host", "\xe2\x96\xb6"},
	[DIGEST_TOOL_END] = {"host", "\xe2\x96\xa0"},
	[DIGEST_ECU] = {"", ""},
	[DIGEST_DFU] = {"board", ""},
	[DIGEST_REQUESTS] = {"", ""},
	[DIGEST_NOTE] = {"note", ""},
	[DIGEST_ERROR] = {"", "\xe2\x9c\x96"},
};
static_assert(ARRAY_SIZE(looks) == DIGEST_KIND_COUNT, "a look for each kind");

static void put_box(
	struct markup *html, const struct tracks *tracks, const struct digest_item *item)
{
	const struct look *look = &looks[item->kind];
	bool plain = item->kind == DIGEST_NOTE || item->kind == DIGEST_ERROR;
	bool gone = item->kind == DIGEST_USB && item->event->kind == EVENT_UNPLUGGED;

	markup_raw(html, "<p class=\"box %s%s%s\">", look->class,
		!plain        ? ""
		: item->board ? " board"
			      : " host",
		item->bad ? " bad" : "");
	if (look->sign[0])
		markup_raw(html, "<i>%s</i> ", gone ? "\xe2\x97\x8b" : look->sign);
	put_board(html, tracks, item);
	if (item->kind == DIGEST_TOOL_END) {
		markup_text(html, item->tool);
		markup_raw(html, " ");
	}
	/* The whole command line, not what fits into an item. */
	markup_text(html, item->kind == DIGEST_TOOL_START && item->event->text ? item->event->text
									       : item->text);
	markup_raw(html, "</p>");
}

static bool is_talk(const struct digest_item *item)
{
	return item->kind == DIGEST_ECU || (item->kind == DIGEST_DFU && !item->own);
}

static void put_item(
	struct markup *html, const struct tracks *tracks, const struct digest_item *item)
{
	if (is_talk(item))
		put_talk(html, tracks, item);
	else if (item->kind == DIGEST_REQUESTS)
		put_requests(html, tracks, item);
	else
		put_box(html, tracks, item);
}

/* The lane of the board shows who it is from this row on. */
static enum track_usb usb_after(
	const struct tracks *tracks, const struct digest_item *item, enum track_usb before)
{
	const struct track *track = tracks_board(tracks, item->board);

	if (item->kind != DIGEST_USB || !track || track != &tracks->boards[0])
		return before;
	return track_usb_of(track, item->event);
}

static void put_head(struct markup *html, const struct tracks *tracks)
{
	markup_raw(html, "<h3>Conversation</h3>\n<div class=\"seq\"><div class=\"row head\">"
			 "<span class=\"t\">s</span><div class=\"b\"><p class=\"lane\">host</p>"
			 "<p class=\"lane right\">");
	markup_text(html, tracks->count ? tracks->boards[0].board : "board");
	if (tracks->count > 1)
		markup_raw(html, " and others");
	markup_raw(html, "</p></div></div>\n");
}

void html_sequence(struct markup *html, const struct tracks *tracks, const struct digest *digest)
{
	enum track_usb usb = TRACK_USB_NONE;

	if (!digest->count)
		return;
	put_head(html, tracks);
	for (size_t i = 0; i < digest->count; i++) {
		const struct digest_item *item = &digest->items[i];

		usb = usb_after(tracks, item, usb);
		markup_raw(html, "<div class=\"row u-%s\">", html_usb_class(usb));
		put_time(html, item);
		markup_raw(html, "<div class=\"b\">");
		put_item(html, tracks, item);
		markup_raw(html, "</div></div>\n");
	}
	markup_raw(html, "</div>\n");
	if (digest->more)
		markup_raw(html,
			"<p class=\"more\">%zu more not shown; the capture has them all</p>\n",
			digest->more);
}
