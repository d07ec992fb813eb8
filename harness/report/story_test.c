/* SPDX-License-Identifier: MIT */
#include "harness/report/story.h"

#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <string.h>

Test(story, texts_are_kept_when_their_owner_changes_them)
{
	struct teller teller;
	char text[] = "first", name[] = "outcome", expected[] = "yes";

	teller_init(&teller);
	EVENT_EMIT(&teller.stream, .kind = EVENT_EXPECTATION, .board = TELLER_BOARD, .text = text,
		.name = name, .expected = expected, .level = true);
	memset(text, 'x', 5);
	memset(name, 'x', 7);
	memset(expected, 'x', 3);
	TELL(&teller, .kind = EVENT_NOTE, .text = text);
	cr_assert_eq(teller.story.count, 2);
	cr_assert_str_eq(teller.story.events[0].text, "first");
	cr_assert_str_eq(teller.story.events[0].name, "outcome");
	cr_assert_str_eq(teller.story.events[0].expected, "yes");
	cr_assert_str_eq(teller.story.events[0].board, TELLER_BOARD);
	cr_assert_str_eq(teller.story.events[1].text, "xxxxx");
	cr_assert_null(teller.story.events[1].name);
	cr_assert_eq(teller.story.events[1].seq, 2);
	teller_done(&teller);
}

Test(story, time_begins_with_the_first_event)
{
	struct teller teller;

	teller_init(&teller);
	teller_wait(&teller, 35000000);
	TELL(&teller, .kind = EVENT_NOTE);
	teller_wait(&teller, 250);
	TELL(&teller, .kind = EVENT_NOTE);
	cr_assert_eq(teller.story.events[0].time_us, 0);
	cr_assert_eq(teller.story.events[1].time_us, 250);
	teller_done(&teller);
}

Test(story, a_long_text_is_cut)
{
	struct teller teller;
	static char text[3 * STORY_TEXT_MAX];

	memset(text, 'a', sizeof(text) - 1);
	teller_init(&teller);
	TELL(&teller, .kind = EVENT_NOTE, .text = text);
	cr_assert_eq(strlen(teller.story.events[0].text), STORY_TEXT_MAX + 3);
	cr_assert_str_eq(teller.story.events[0].text + STORY_TEXT_MAX, "...");
	teller_done(&teller);
}

Test(story, beyond_the_limit_events_are_counted_and_the_judgement_is_kept)
{
	struct teller teller;
	const size_t limit = STORY_EVENT_MAX - STORY_END_ROOM;

	teller_init(&teller);
	for (size_t i = 0; i < limit + 10; i++)
		TELL(&teller, .kind = EVENT_NOTE, .text = "n");
	cr_assert_eq(teller.story.count, limit);
	cr_assert_eq(teller.story.dropped, 10);
	EVENT_EMIT(&teller.stream, .kind = EVENT_VERDICT, .name = "PASS");
	cr_assert_eq(teller.story.count, limit + 1);
	for (size_t i = 0; i < STORY_END_ROOM + 5; i++)
		TELL(&teller, .kind = EVENT_SECTOR);
	cr_assert_eq(teller.story.count, STORY_EVENT_MAX);
	cr_assert_eq(teller.story.dropped, 16);
	teller_done(&teller);
}

Test(story, requests_leave_room_for_what_they_did)
{
	struct teller teller;

	teller_init(&teller);
	for (size_t i = 0; i < STORY_EVENT_MAX; i++)
		TELL(&teller, .kind = EVENT_REQUEST, .text = "DFU_GETSTATUS");
	cr_assert_eq(teller.story.count, STORY_EVENT_MAX / 2);
	TELL(&teller, .kind = EVENT_PROGRAM, .size = 2048);
	cr_assert_eq(teller.story.count, STORY_EVENT_MAX / 2 + 1);
	teller_done(&teller);
}

Test(story, texts_have_a_limit)
{
	struct teller teller;
	static char text[STORY_TEXT_MAX];
	size_t before;

	memset(text, 'a', sizeof(text) - 1);
	teller_init(&teller);
	for (size_t i = 0; i < 2 * STORY_TEXTS_MAX / STORY_TEXT_MAX; i++) {
		text[i % 100] ^= 1; /* or it would be kept once */
		TELL(&teller, .kind = EVENT_NOTE, .text = text);
	}
	cr_assert_leq(teller.story.text_bytes, STORY_TEXTS_MAX);
	cr_assert_gt(teller.story.dropped, 0);
	before = teller.story.count;
	teller_done(&teller);
	cr_assert_gt(before, 1000);
	cr_assert_eq(teller.story.count, 0);
}
