/* SPDX-License-Identifier: MIT */
#include "harness/report/run_terminal.h"

#include "harness/report/digest.h"
#include "harness/report/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STORY_LINES 40 /* of a FAIL that nobody asked for more of */
#define WORDS_MAX   3
#define WHO_WIDTH   22
#define STRIP_MAX   64 /* letters; then several sectors share one */

enum paint {
	PAINT_NONE,
	PAINT_GOOD,
	PAINT_BAD,
	PAINT_ODD,
	PAINT_DIM,
	PAINT_BOLD,
	PAINT_COUNT,
};

static void put_painted(
	const struct run_terminal *terminal, FILE *out, enum paint paint, const char *text)
{
	/* 256 colours: near to the page's, told apart by colour-blind people. */
	static const char *const codes[] = {
		"", "\033[38;5;36m", "\033[1;38;5;208m", "\033[1;38;5;175m", "\033[2m", "\033[1m"};
	CLEANUP(free_ptr) char *clean = utf8_printable(text);

	static_assert(ARRAY_SIZE(codes) == PAINT_COUNT, "a code for each");
	if (!clean)
		return;
	if (terminal->colour && paint != PAINT_NONE)
		fprintf(out, "%s%s\033[0m", codes[paint], clean);
	else
		fputs(clean, out);
}

/* ---- the line ---- */

static enum paint verdict_paint(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return PAINT_GOOD;
	case VERDICT_FAIL:
		return PAINT_BAD;
	case VERDICT_ERROR:
		return PAINT_ODD;
	case VERDICT_SKIP:
		return PAINT_DIM;
	case VERDICT_COUNT:
		break;
	}
	return PAINT_NONE;
}

static int letters(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void put_column(const struct run_terminal *terminal, FILE *out, enum paint paint,
	const char *text, int width)
{
	int used = letters(text);

	put_painted(terminal, out, paint, text);
	fprintf(out, "%*s", width > used ? width - used + 2 : 2, "");
}

static void put_heading(
	const struct run_terminal *terminal, FILE *out, const struct run_summary *run)
{
	put_column(terminal, out, PAINT_BOLD, run->scenario, terminal->scenario_width);
	put_column(terminal, out, PAINT_NONE, run->board, terminal->board_width);
	put_column(terminal, out, PAINT_NONE, run->flasher, terminal->flasher_width);
	put_column(terminal, out, verdict_paint(run->verdict),
		names_text(&verdict_names, run->verdict), 5);
	fprintf(out, "%5.1f s  ", (double)run->board_us / 1e6);
	put_painted(terminal, out, PAINT_NONE, run->reason);
	fputc('\n', out);
}

/* ---- the story ---- */

static void who_of(const struct digest_item *item, char *out, size_t size)
{
	switch (item->kind) {
	case DIGEST_STEP:
		snprintf(out, size, "step");
		return;
	case DIGEST_USB:
		snprintf(out, size, "USB");
		return;
	case DIGEST_FAULT:
		snprintf(out, size, "fault");
		return;
	case DIGEST_ECU:
	case DIGEST_DFU:
		if (item->own)
			snprintf(out, size, "board");
		else
			snprintf(out, size, "%s \xe2\x86\x92 %s", item->tool, item->peer);
		return;
	case DIGEST_REQUESTS:
		snprintf(out, size, "%s \xe2\x86\x92 USB", item->tool);
		return;
	case DIGEST_TOOL_START:
	case DIGEST_TOOL_END:
		snprintf(out, size, "%s", item->tool);
		return;
	case DIGEST_PIN:
	case DIGEST_BOARD:
		snprintf(out, size, "board");
		return;
	case DIGEST_NOTE:
	case DIGEST_ERROR:
		snprintf(out, size, "%s", item->board ? "board" : "rig");
		return;
	case DIGEST_KIND_COUNT:
		break;
	}
	out[0] = '\0';
}

static enum paint item_paint(const struct digest_item *item)
{
	if (item->bad || item->kind == DIGEST_FAULT || item->kind == DIGEST_ERROR)
		return PAINT_BAD;
	return item->kind == DIGEST_STEP || item->kind == DIGEST_REQUESTS ? PAINT_DIM : PAINT_NONE;
}

static void put_item(const struct run_terminal *terminal, FILE *out, const struct digest_item *item,
	bool several)
{
	char who[96], text[640];

	who_of(item, who, sizeof(who));
	snprintf(text, sizeof(text), "%s%s%s%s", several && item->board ? item->board : "",
		several && item->board ? ": " : "", item->kind == DIGEST_TOOL_START ? "$ " : "",
		item->text);
	if (item->kind == DIGEST_ECU) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s",
			item->silent ? ", " : " \xe2\x86\x92 ", item->answer);
	}
	fprintf(out, "%5" PRIu64 ".%03u  ", item->time_us / 1000000,
		(unsigned int)(item->time_us / 1000 % 1000));
	put_column(terminal, out, PAINT_DIM, who, WHO_WIDTH);
	put_painted(terminal, out, item_paint(item), text);
	fputc('\n', out);
}

static bool several_boards(const struct digest *digest)
{
	const char *first = NULL;

	for (size_t i = 0; i < digest->count; i++) {
		const char *board = digest->items[i].board;

		if (board && first && strcmp(board, first) != 0)
			return true;
		if (board)
			first = board;
	}
	return false;
}

/* Descriptors are for nobody, notes for those who ask for all. */
static bool is_told(const struct run_terminal *terminal, const struct digest_item *item)
{
	if (item->bad)
		return true;
	return item->kind != DIGEST_REQUESTS && (terminal->verbose || item->kind != DIGEST_NOTE);
}

static size_t count_told(const struct run_terminal *terminal, const struct digest *digest)
{
	size_t count = 0;

	for (size_t i = 0; i < digest->count; i++)
		count += is_told(terminal, &digest->items[i]);
	return count;
}

/* The beginning and the end, when it is long and nobody asked for all. */
static void put_story(const struct run_terminal *terminal, FILE *out, const struct digest *digest)
{
	size_t told = count_told(terminal, digest), line = 0;
	bool all = terminal->verbose || told <= STORY_LINES;
	bool several = several_boards(digest);

	for (size_t i = 0; i < digest->count; i++) {
		const struct digest_item *item = &digest->items[i];

		if (!is_told(terminal, item))
			continue;
		line++;
		if (all || line <= STORY_LINES / 2 || told - line < STORY_LINES / 2)
			put_item(terminal, out, item, several);
		else if (line == STORY_LINES / 2 + 1)
			fprintf(out,
				"         \xe2\x80\xa6 %zu lines, all of them with --verbose\n",
				told - STORY_LINES);
	}
	if (digest->more)
		fprintf(out, "         \xe2\x80\xa6 %zu more not shown\n", digest->more);
}

/* ---- the flash ---- */

static const struct fate {
	const char *name;
	bool settings;
	const char *letter, *legend;
} fates[] = {
	{"written", false, "\xe2\x96\x93", "written"},
	{"erased", false, "\xc2\xb7", "erased"},
	{"untouched", false, "\xe2\x96\x91", "untouched"},
	{"changed", false, "\xe2\x96\x88", "changed"},
	{"untouched", true, "\xe2\x96\x92", "settings, untouched"},
	{"written", true, "W", "settings, written"},
	{"changed", true, "C", "settings, changed"},
	{"erased", true, "x", "settings, erased"},
};

static size_t fate_of(const struct event *sector)
{
	bool settings = sector->name && strcmp(sector->name, "settings") == 0;
	size_t i = 0;

	while (i < ARRAY_SIZE(fates) && (fates[i].settings != settings || !sector->text ||
						strcmp(fates[i].name, sector->text) != 0))
		i++;
	return i < ARRAY_SIZE(fates) ? i : 2;
}

static size_t count_sectors(const struct story *story, uint32_t *ret_addr)
{
	size_t count = 0;

	for (size_t i = story->count; i-- > 0;) {
		const struct event *event = &story->events[i];

		if (event->kind != EVENT_SECTOR)
			continue;
		*ret_addr = event->addr;
		count++;
	}
	return count;
}

/* Of many sectors, those that differ from their neighbours are shown: a letter stands for step of them at most. */
static unsigned int put_letters(FILE *out, const struct story *story, size_t step)
{
	unsigned int seen = 0;
	size_t last = ARRAY_SIZE(fates), run = 0;

	for (size_t i = 0; i < story->count; i++) {
		size_t fate;

		if (story->events[i].kind != EVENT_SECTOR)
			continue;
		fate = fate_of(&story->events[i]);
		seen |= 1u << fate;
		run = fate == last ? run + 1 : 0;
		last = fate;
		if (run % step == 0)
			fputs(fates[fate].letter, out);
	}
	return seen;
}

static void put_flash(const struct run_terminal *terminal, FILE *out, const struct story *story)
{
	uint32_t addr = 0;
	size_t sectors = count_sectors(story, &addr);
	unsigned int seen;

	if (!sectors)
		return;
	put_painted(terminal, out, PAINT_DIM, "  flash");
	fprintf(out, "    0x%08" PRIx32 " ", addr);
	seen = put_letters(out, story, (sectors + STRIP_MAX - 1) / STRIP_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(fates); i++)
		if (seen & 1u << i)
			fprintf(out, "  %s %s", fates[i].letter, fates[i].legend);
	fputc('\n', out);
}

/* ---- the judgement ---- */

static void put_fact(
	const struct run_terminal *terminal, FILE *out, const char *label, const char *text)
{
	fputs("  ", out);
	put_painted(terminal, out, PAINT_DIM, label);
	fprintf(out, "%*s", (int)(10 - strlen(label)), "");
	put_painted(terminal, out, PAINT_NONE, text);
	fputc('\n', out);
}

static void put_expectations(
	const struct run_terminal *terminal, FILE *out, const struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		const struct event *event = &story->events[i];
		char text[512];

		if (event->kind != EVENT_EXPECTATION || event->level)
			continue;
		snprintf(text, sizeof(text), "%s: %s", event->name ? event->name : "?",
			event->expected ? event->expected : "");
		put_fact(terminal, out, "expected", text);
		put_fact(terminal, out, "got", event->text ? event->text : "");
	}
}

/* The last that the tool said, on fewer lines than the eye can skip. */
static void put_words(const struct run_terminal *terminal, FILE *out, const struct story *story)
{
	const char *lines[WORDS_MAX];
	size_t count = 0;

	for (size_t i = story->count; i-- > 0 && count < WORDS_MAX;) {
		const struct event *event = &story->events[i];
		const char *text = event->text ? event->text : "";

		if (event->kind == EVENT_OUTPUT && text[strspn(text, " \t\r")])
			lines[count++] = text;
	}
	while (count > 0) {
		const char *line = lines[--count], *drawn = strrchr(line, '\r');

		put_fact(terminal, out, "says", drawn && drawn[1] ? drawn + 1 : line);
	}
}

static void put_faults(const struct run_terminal *terminal, FILE *out, const struct digest *digest)
{
	for (size_t i = 0; i < digest->count; i++) {
		const struct digest_item *item = &digest->items[i];
		char text[512];

		if (item->kind != DIGEST_FAULT)
			continue;
		snprintf(text, sizeof(text), "fault %s, fired at %.3f s", item->text,
			(double)item->time_us / 1e6);
		put_fact(terminal, out, "why", text);
	}
}

static void put_end(const struct run_terminal *terminal, FILE *out, const struct run_summary *run)
{
	if (run->again[0])
		put_fact(terminal, out, "again", run->again);
	if (run->capture[0])
		put_fact(terminal, out, "capture", run->capture);
}

/* ---- all of it ---- */

int run_terminal_print(const struct run_terminal *terminal, FILE *out,
	const struct run_summary *run, const struct story *story)
{
	bool bad = run->verdict == VERDICT_FAIL || run->verdict == VERDICT_ERROR;
	struct digest digest;
	int r;

	put_heading(terminal, out, run);
	if (!bad && !terminal->verbose)
		return 0;
	if (story) {
		r = digest_make(story, &digest);
		if (r < 0)
			return r;
		put_story(terminal, out, &digest);
		put_flash(terminal, out, story);
		put_expectations(terminal, out, story);
		if (bad) {
			put_words(terminal, out, story);
			put_faults(terminal, out, &digest);
		}
		digest_done(&digest);
	}
	if (bad)
		put_end(terminal, out, run);
	return 0;
}

void run_terminal_totals(const struct run_terminal *terminal, FILE *out,
	const struct run_summary *runs, size_t count, uint64_t wall_us)
{
	size_t of[VERDICT_COUNT] = {0};
	const char *between = ": ";

	for (size_t i = 0; i < count; i++)
		of[runs[i].verdict]++;
	fprintf(out, "%zu run%s in %.1f s", count, count == 1 ? "" : "s", (double)wall_us / 1e6);
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		char text[48];

		if (!of[i])
			continue;
		snprintf(text, sizeof(text), "%zu %s", of[i], names_text(&verdict_names, i));
		fputs(between, out);
		put_painted(terminal, out, verdict_paint((enum verdict)i), text);
		between = ", ";
	}
	fputc('\n', out);
}
