/* SPDX-License-Identifier: MIT */
/* Expectations of what came of the board. */
#include "harness/scenario/expect_rows.h"

#include "harness/report/board_text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int expect_parse_outcome(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &outcome_names, &value);

	if (r == 0)
		expect->outcome = (enum outcome)value;
	return r;
}

int expect_check_outcome(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(told->expected, "%s", names_text(&outcome_names, expect->outcome));
	expect_print(told->got, "%s: %s", names_text(&outcome_names, findings->outcome),
		findings->outcome_text);
	return findings->outcome == expect->outcome;
}

int expect_parse_tune(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &tune_fate_names, &value);

	if (r == 0)
		expect->tune = (enum tune_fate)value;
	return r;
}

int expect_check_tune(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(told->expected, "%s", names_text(&tune_fate_names, expect->tune));
	expect_print(told->got, "%s%s%s", names_text(&tune_fate_names, findings->tune),
		findings->tune_text[0] ? ": " : "", findings->tune_text);
	return findings->tune == expect->tune ||
	       (expect->tune == TUNE_LOST && findings->tune == TUNE_DEFAULT);
}

/* "dfu", or "dfu: 3 s" as a mapping. */
static int parse_usb_entry(const struct words *entry, struct expect_usb *ret)
{
	struct words bound = words_entry(entry, 0);
	const char *name = bound.mark ? words_key(&bound) : entry->mark->text;
	int face = name ? names_value(&face_names, name) : -ENOENT;

	*ret = (struct expect_usb){0};
	if (face <= FACE_GONE || words_entry(entry, 1).mark)
		return words_bad(entry,
			"what the board shows (dfu, ecu, openblt, other) or {dfu: 3 s}, 3 s "
			"after what was there before has left");
	ret->face = (enum face)face;
	return bound.mark ? words_time(&bound, &ret->within_us) : 0;
}

int expect_parse_usb(const struct words *words, struct expect *expect)
{
	struct words entry = words_entry(words, 0);
	int r = 0;

	if (words->mark->text)
		return words_bad(words, "a list such as [ecu, dfu, ecu]");
	expect->usb_count = 0;
	for (size_t n = 1; r == 0 && entry.mark; n++) {
		if (expect->usb_count == EXPECT_USB_MAX)
			return words_bad_because(
				words, "at most %d of them can be given", EXPECT_USB_MAX);
		r = parse_usb_entry(&entry, &expect->usb[expect->usb_count++]);
		entry = words_entry(words, n);
	}
	return r;
}

static void add(char *out, const char *fmt, const char *word, double seconds)
{
	size_t used = strlen(out);

	snprintf(out + used, EXPECT_SENTENCE - used, fmt, used ? ", " : "", word, seconds);
}

/* From the moment when what was there before left; 0 for the first. */
static uint64_t came_after(const struct watch *watch, size_t i)
{
	return i ? watch->seen[i].from_us - watch->seen[i - 1].to_us : 0;
}

static void tell_usb(
	const struct expect *expect, const struct watch *watch, size_t seen, struct told *told)
{
	for (size_t i = 0; i < expect->usb_count; i++)
		add(told->expected, expect->usb[i].within_us ? "%s%s within %.3g s" : "%s%s",
			names_text(&face_names, expect->usb[i].face),
			expect_seconds(expect->usb[i].within_us));
	for (size_t i = 0; i < seen; i++)
		add(told->got, i ? "%s%s after %.3g s" : "%s%s",
			names_text(&face_names, watch->seen[i].face),
			expect_seconds(came_after(watch, i)));
	if (watch->seen_count > seen)
		add(told->got, "%s%s", "and more", 0);
	if (!told->expected[0])
		expect_print(told->expected, "nothing");
	if (!told->got[0])
		expect_print(told->got, "nothing");
}

int expect_check_usb(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct watch *watch = findings->watch;
	size_t seen = watch->seen_count < WATCH_SEEN_MAX ? watch->seen_count : WATCH_SEEN_MAX;
	bool fits = watch->seen_count == expect->usb_count;

	for (size_t i = 0; fits && i < expect->usb_count; i++) {
		uint64_t within_us = expect->usb[i].within_us;

		fits = watch->seen[i].face == expect->usb[i].face &&
		       (!within_us || came_after(watch, i) <= within_us);
	}
	tell_usb(expect, watch, seen, told);
	return fits;
}

int expect_parse_firmware(const struct words *words, struct expect *expect)
{
	int r = words_identifier(words, expect->firmware, sizeof(expect->firmware));

	if (r == 0 && strcmp(expect->firmware, "none") == 0)
		expect->firmware[0] = '\0';
	return r;
}

int expect_check_firmware(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	struct world_image image = {.signature = ""};
	struct world *world = findings->world;
	struct why why = {""};
	int r = 0;

	if (expect->firmware[0])
		r = world->ops->image(world, expect->firmware, &image, &why);
	if (r < 0) {
		expect_print(told->got, "%s", why_text(&why));
		return r;
	}
	expect_print(told->expected, "%s", image.signature[0] ? image.signature : "none");
	expect_print(told->got, "%s", findings->signature[0] ? findings->signature : "none");
	return strcmp(image.signature, findings->signature) == 0;
}

int expect_parse_ends_as(const struct words *words, struct expect *expect)
{
	int value, r = words_name(words, &board_mode_names, &value);

	if (r == 0)
		expect->ends_as = (enum board_mode)value;
	return r;
}

int expect_check_ends_as(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	expect_print(told->expected, "%s", names_text(&board_mode_names, expect->ends_as));
	expect_print(told->got, "%s", names_text(&board_mode_names, findings->mode));
	return findings->mode == expect->ends_as;
}

static const char *const flash_forms = "untouched, or a list of \"settings: untouched\" with "
				       "image, settings, other and untouched, "
				       "erased, written, changed";

static int parse_flash_entry(const struct words *entry, struct expect *expect)
{
	int kind = names_value(&sector_kind_names, words_key(entry));
	int fate = names_value(&sector_fate_names, entry->mark->text ? entry->mark->text : "");

	if (kind < 0 || fate < 0)
		return words_bad(entry, flash_forms);
	expect->flash_given[kind] = true;
	expect->flash[kind] = (enum sector_fate)fate;
	return 0;
}

int expect_parse_flash(const struct words *words, struct expect *expect)
{
	struct words entry = words_entry(words, 0);
	bool all = words->mark->text && strcmp(words->mark->text, "untouched") == 0;
	int r = 0;

	if (!all && !entry.mark)
		return words_bad(words, flash_forms);
	for (size_t kind = 0; kind < SECTOR_KIND_COUNT; kind++) {
		expect->flash_given[kind] = all;
		expect->flash[kind] = SECTOR_UNTOUCHED;
	}
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(words, n++))
		r = parse_flash_entry(&entry, expect);
	return r;
}

/* The first sector that is not as it should be; NULL when all are. */
static const struct sector_state *first_other(
	const struct expect *expect, const struct findings *findings)
{
	for (size_t i = 0; i < findings->sector_count; i++) {
		const struct sector_state *sector = &findings->sectors[i];

		if (expect->flash_given[sector->kind] &&
			sector->fate != expect->flash[sector->kind])
			return sector;
	}
	return NULL;
}

int expect_check_flash(
	const struct expect *expect, const struct findings *findings, struct told *told)
{
	const struct sector_state *other = first_other(expect, findings);

	for (size_t kind = 0; kind < SECTOR_KIND_COUNT; kind++) {
		size_t used = strlen(told->expected);

		if (expect->flash_given[kind])
			snprintf(told->expected + used, EXPECT_SENTENCE - used, "%s%s %s",
				used ? ", " : "", names_text(&sector_kind_names, kind),
				names_text(&sector_fate_names, expect->flash[kind]));
	}
	if (!other)
		expect_print(told->got, "it is so");
	else
		expect_print(told->got, "sector %zu (%s) %s", (size_t)(other - findings->sectors),
			names_text(&sector_kind_names, other->kind),
			names_text(&sector_fate_names, other->fate));
	return other == NULL;
}
