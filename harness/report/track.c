/* SPDX-License-Identifier: MIT */
#include "harness/report/track.h"

#include "harness/report/board_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DFU_VID 0x0483
#define DFU_PID 0xdf11

static struct track *find(const struct tracks *tracks, const char *board)
{
	for (size_t i = 0; board && i < tracks->count; i++)
		if (strcmp(tracks->boards[i].board, board) == 0)
			return &tracks->boards[i];
	return NULL;
}

static struct track *find_or_add(struct tracks *tracks, const char *board)
{
	struct track *track = find(tracks, board);

	if (track || !board || tracks->count == TRACK_BOARD_MAX)
		return track;
	track = &tracks->boards[tracks->count++];
	track->board = board;
	return track;
}

/* The row's state changes; the span before ends. Spans of no length are none. */
static void change(struct track_row *row, const struct track_span *span)
{
	struct track_span *last = row->count ? &row->spans[row->count - 1] : NULL;

	if (last && last->state == span->state && last->event == span->event)
		return;
	if (last)
		last->end_us = span->start_us;
	if (last && last->start_us == span->start_us)
		row->count--;
	if (row->count == TRACK_SPAN_MAX) {
		row->more++;
		return;
	}
	row->spans[row->count++] = *span;
}

static void take_pin(struct track_row *row, const struct event *event, uint64_t start_us)
{
	if (!row->count && event->time_us > start_us)
		change(row, &(struct track_span){.start_us = start_us, .state = !event->level});
	change(row, &(struct track_span){
			    .start_us = event->time_us, .state = event->level, .event = event});
}

static enum track_usb usb_of_mode(const struct track_row *modes)
{
	if (!modes->count)
		return TRACK_USB_OTHER;
	switch ((enum board_mode)modes->spans[modes->count - 1].state) {
	case BOARD_ECU:
		return TRACK_USB_ECU;
	case BOARD_OPENBLT:
		return TRACK_USB_OPENBLT;
	case BOARD_DFU:
		return TRACK_USB_DFU;
	case BOARD_OFF:
	case BOARD_RESET:
	case BOARD_FIRMWARE:
	case BOARD_DEAD:
	case BOARD_MODE_COUNT:
		break;
	}
	return TRACK_USB_OTHER;
}

static bool is_dfu(const struct event *event)
{
	return event->vid == DFU_VID && event->pid == DFU_PID;
}

static enum track_usb usb_of(const struct event *event, const struct track_row *modes)
{
	if (event->kind == EVENT_UNPLUGGED)
		return TRACK_USB_NONE;
	if (is_dfu(event))
		return TRACK_USB_DFU;
	return usb_of_mode(modes);
}

static void take_usb(struct track *track, const struct event *event, uint64_t start_us)
{
	struct track_row *row = &track->rows[TRACK_ROW_USB];

	if (!row->count)
		change(row, &(struct track_span){.start_us = start_us, .state = TRACK_USB_NONE});
	change(row, &(struct track_span){.start_us = event->time_us,
			    .state = (int)usb_of(event, &track->rows[TRACK_ROW_MODE]),
			    .event = event});
}

/* The board may tell its mode only after it has appeared on USB. */
static void take_mode(struct track *track, const struct event *event)
{
	struct track_row *row = &track->rows[TRACK_ROW_MODE];
	struct track_row *usb = &track->rows[TRACK_ROW_USB];
	struct track_span *on_usb = usb->count ? &usb->spans[usb->count - 1] : NULL;
	int mode = event->name ? names_value(&board_mode_names, event->name) : -ENOENT;

	if (mode < 0)
		return;
	change(row,
		&(struct track_span){.start_us = event->time_us, .state = mode, .event = event});
	if (on_usb && on_usb->state == TRACK_USB_OTHER && !usb->more)
		on_usb->state = (int)usb_of(on_usb->event, row);
}

static void take(struct tracks *tracks, const struct event *event)
{
	struct track *track = find_or_add(tracks, event->board);
	int pin;

	if (!track)
		return;
	if (event->kind == EVENT_PIN && event->name) {
		pin = names_value(&board_pin_names, event->name);
		if (pin >= 0)
			take_pin(&track->rows[pin], event, tracks->start_us);
	} else if (event->kind == EVENT_PLUGGED || event->kind == EVENT_UNPLUGGED) {
		take_usb(track, event, tracks->start_us);
	} else if (event->kind == EVENT_MODE) {
		take_mode(track, event);
	}
}

static enum track_traffic traffic_of(const struct digest_item *item)
{
	if (item->kind == DIGEST_ECU)
		return TRACK_TALK;
	if (item->kind != DIGEST_DFU)
		return TRACK_IDLE;
	if (item->event->kind == EVENT_UPLOAD)
		return TRACK_READ;
	if (item->event->kind == EVENT_PROGRAM || item->event->kind == EVENT_OPTIONS)
		return TRACK_WRITE;
	return item->event->kind == EVENT_ERASE || item->event->kind == EVENT_MASS_ERASE
		       ? TRACK_ERASE
		       : TRACK_IDLE;
}

static void take_item(struct tracks *tracks, const struct digest_item *item)
{
	struct track *track = find(tracks, item->board);
	enum track_traffic traffic = traffic_of(item);
	struct track_row *row;

	if (!track || traffic == TRACK_IDLE)
		return;
	row = &track->rows[TRACK_ROW_TRAFFIC];
	if (row->count == TRACK_SPAN_MAX) {
		row->more++;
		return;
	}
	row->spans[row->count++] = (struct track_span){.start_us = item->time_us,
		.end_us = item->end_us,
		.state = (int)traffic,
		.item = item};
}

static void end_rows(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++)
		for (size_t j = 0; j < TRACK_ROW_TRAFFIC; j++) {
			struct track_row *row = &tracks->boards[i].rows[j];

			if (row->count)
				row->spans[row->count - 1].end_us = tracks->end_us;
		}
}

int tracks_make(const struct story *story, const struct digest *digest, struct tracks *ret)
{
	*ret = (struct tracks){.boards = calloc(TRACK_BOARD_MAX, sizeof(*ret->boards))};
	if (!ret->boards)
		return -ENOMEM;
	if (story->count) {
		ret->start_us = story->events[0].time_us;
		ret->end_us = story->events[story->count - 1].time_us;
	}
	if (ret->end_us < ret->start_us + 1000)
		ret->end_us = ret->start_us + 1000;
	for (size_t i = 0; i < story->count; i++)
		take(ret, &story->events[i]);
	for (size_t i = 0; i < digest->count; i++)
		take_item(ret, &digest->items[i]);
	end_rows(ret);
	return 0;
}

void tracks_done(struct tracks *tracks)
{
	free(tracks->boards);
	*tracks = (struct tracks){0};
}

const struct track *tracks_board(const struct tracks *tracks, const char *board)
{
	return find(tracks, board);
}

enum track_usb track_usb_at(const struct track *track, uint64_t time_us)
{
	const struct track_row *row = &track->rows[TRACK_ROW_USB];
	enum track_usb usb = TRACK_USB_NONE;

	for (size_t i = 0; i < row->count && row->spans[i].start_us <= time_us; i++)
		usb = (enum track_usb)row->spans[i].state;
	return usb;
}

/* A device that left in the microsecond in which it came has no span. */
enum track_usb track_usb_of(const struct track *track, const struct event *event)
{
	const struct track_row *row = &track->rows[TRACK_ROW_USB];

	for (size_t i = 0; i < row->count; i++)
		if (row->spans[i].event == event)
			return (enum track_usb)row->spans[i].state;
	if (event->kind == EVENT_UNPLUGGED)
		return TRACK_USB_NONE;
	return is_dfu(event) ? TRACK_USB_DFU : TRACK_USB_ECU;
}
