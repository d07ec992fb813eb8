/* SPDX-License-Identifier: MIT */
#include "harness/report/track.h"

#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>

struct tracked {
	struct teller teller;
	struct digest digest;
	struct tracks tracks;
};

static void track_or_fail(struct tracked *tracked)
{
	cr_assert_eq(digest_make(&tracked->teller.story, &tracked->digest), 0);
	cr_assert_eq(tracks_make(&tracked->teller.story, &tracked->digest, &tracked->tracks), 0);
}

static void tracked_done(struct tracked *tracked)
{
	tracks_done(&tracked->tracks);
	digest_done(&tracked->digest);
	teller_done(&tracked->teller);
}

static void expect_spans(const struct track_row *row, const struct track_span *spans, size_t count)
{
	cr_assert_eq(row->count, count, "%zu spans", row->count);
	for (size_t i = 0; i < count; i++) {
		cr_expect_eq(row->spans[i].start_us, spans[i].start_us, "span %zu: starts %lu", i,
			row->spans[i].start_us);
		cr_expect_eq(row->spans[i].end_us, spans[i].end_us, "span %zu: ends %lu", i,
			row->spans[i].end_us);
		cr_expect_eq(row->spans[i].state, spans[i].state, "span %zu: %d", i,
			row->spans[i].state);
	}
}

Test(track, an_update_shows_who_was_on_usb_and_when)
{
	struct tracked tracked;
	const struct track *track;

	teller_init(&tracked.teller);
	teller_good_run(&tracked.teller);
	track_or_fail(&tracked);
	track = tracks_board(&tracked.tracks, TELLER_BOARD);
	cr_assert_not_null(track);
	/* The ECU left in the microsecond in which it came: it has no span. */
	cr_expect_eq(track->rows[TRACK_ROW_USB].spans[0].state, TRACK_USB_NONE);
	cr_expect_eq(track->rows[TRACK_ROW_USB].spans[1].state, TRACK_USB_DFU);
	cr_expect_eq(track_usb_at(track, 0), TRACK_USB_NONE);
	cr_expect_eq(track_usb_at(track, 3000000), TRACK_USB_DFU);
	cr_expect_eq(track_usb_at(track, 5600000), TRACK_USB_NONE);
	cr_expect_eq(track_usb_at(track, 6000000), TRACK_USB_ECU);
	tracked_done(&tracked);
}

Test(track, a_pin_was_the_other_way_before_it_first_moved)
{
	static const struct track_span boot0[] = {
		{0, 1000000, 0, 0, 0}, {1000000, 3000000, 1, 0, 0}, {3000000, 4000000, 0, 0, 0}};
	static const struct track_span power[] = {{0, 4000000, 1, 0, 0}};
	struct tracked tracked;

	teller_init(&tracked.teller);
	TELL(&tracked.teller, .kind = EVENT_PIN, .name = "power", .level = true);
	teller_wait(&tracked.teller, 1000000);
	TELL(&tracked.teller, .kind = EVENT_PIN, .name = "boot0", .level = true);
	teller_wait(&tracked.teller, 2000000);
	TELL(&tracked.teller, .kind = EVENT_PIN, .name = "boot0", .level = false);
	TELL(&tracked.teller, .kind = EVENT_PIN, .name = "no such pin", .level = true);
	teller_wait(&tracked.teller, 1000000);
	TELL(&tracked.teller, .kind = EVENT_NOTE);
	track_or_fail(&tracked);
	expect_spans(&tracked.tracks.boards[0].rows[BOARD_BOOT0], boot0, ARRAY_SIZE(boot0));
	expect_spans(&tracked.tracks.boards[0].rows[BOARD_POWER], power, ARRAY_SIZE(power));
	cr_expect_eq(tracked.tracks.boards[0].rows[BOARD_NRST].count, 0);
	tracked_done(&tracked);
}

Test(track, openblt_is_told_from_the_ecu_by_the_boards_mode)
{
	struct tracked tracked;
	const struct track_row *usb;

	teller_init(&tracked.teller);
	TELL(&tracked.teller, .kind = EVENT_MODE, .name = "openblt");
	teller_wait(&tracked.teller, 1000);
	TELL(&tracked.teller, .kind = EVENT_PLUGGED, .vid = 0x0483, .pid = 0x5740);
	teller_wait(&tracked.teller, 1000);
	TELL(&tracked.teller, .kind = EVENT_UNPLUGGED, .vid = 0x0483, .pid = 0x5740);
	TELL(&tracked.teller, .kind = EVENT_MODE, .name = "reset");
	teller_wait(&tracked.teller, 1000);
	TELL(&tracked.teller, .kind = EVENT_PLUGGED, .vid = 0x0483, .pid = 0x5740);
	teller_wait(&tracked.teller, 1000);
	TELL(&tracked.teller, .kind = EVENT_MODE, .name = "ecu"); /* told late */
	track_or_fail(&tracked);
	usb = &tracked.tracks.boards[0].rows[TRACK_ROW_USB];
	cr_assert_eq(usb->count, 4, "%zu", usb->count);
	cr_expect_eq(usb->spans[1].state, TRACK_USB_OPENBLT);
	cr_expect_eq(usb->spans[2].state, TRACK_USB_NONE);
	cr_expect_eq(usb->spans[3].state, TRACK_USB_ECU);
	tracked_done(&tracked);
}

Test(track, changes_and_boards_beyond_the_limit_are_counted_or_left_out)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	struct tracked tracked;

	teller_init(&tracked.teller);
	for (unsigned int i = 0; i < 1000; i++) {
		TELL(&tracked.teller, .kind = EVENT_PIN, .name = "boot0", .level = i % 2);
		teller_wait(&tracked.teller, 10);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		EVENT_EMIT(&tracked.teller.stream, .kind = EVENT_MODE, .board = names[i],
			.name = "ecu");
	track_or_fail(&tracked);
	cr_expect_eq(tracked.tracks.count, TRACK_BOARD_MAX);
	cr_expect_eq(tracked.tracks.boards[0].rows[BOARD_BOOT0].count, TRACK_SPAN_MAX);
	cr_expect_eq(tracked.tracks.boards[0].rows[BOARD_BOOT0].more, 1000 - TRACK_SPAN_MAX);
	cr_expect_null(tracks_board(&tracked.tracks, "f"));
	tracked_done(&tracked);
}
