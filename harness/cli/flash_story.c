/* SPDX-License-Identifier: MIT */
#include "harness/cli/flash_story.h"

#include "harness/base/names.h"
#include "harness/cli/cli.h"
#include "harness/cli/json_out.h"
#include "harness/report/board_text.h"
#include "harness/report/format.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_AFTER_US 1000000
#define BAR_EVERY_US 100000
#define BAR_WIDTH    30

/* ---- progress ---- */

void flash_story_start(struct flash_story *story)
{
	story->real_start_us = clock_now_us(clock_monotonic());
	story->host_start_us = clock_now_us(story->host->clock);
}

void flash_story_stop(struct flash_story *story)
{
	story->real_us = clock_now_us(clock_monotonic()) - story->real_start_us;
	story->host_us = clock_now_us(story->host->clock) - story->host_start_us;
	if (story->drawn_us)
		fputs("\r\033[K", stderr);
}

static void draw(const struct dfuse_progress *progress)
{
	char bar[BAR_WIDTH + 1];
	size_t filled = progress->total ? progress->done * BAR_WIDTH / progress->total : BAR_WIDTH;

	memset(bar, '-', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r\033[K %-6s [%s] %3zu %%", dfuse_phase_text(progress->phase), bar,
		progress->total ? progress->done * 100 / progress->total : 100);
}

void flash_story_progress(void *user, const struct dfuse_progress *progress)
{
	struct flash_story *story = user;
	uint64_t now_us = clock_now_us(clock_monotonic());

	if (now_us - story->real_start_us < BAR_AFTER_US ||
		now_us - story->drawn_us < BAR_EVERY_US || !isatty(STDERR_FILENO))
		return;
	story->drawn_us = now_us;
	draw(progress);
}

/* ---- the end ---- */

static const char *mode_text(enum board_mode mode)
{
	switch (mode) {
	case BOARD_OFF:
		return "the board is off";
	case BOARD_RESET:
		return "the board is in reset";
	case BOARD_DFU:
		return "the board is in its bootloader";
	case BOARD_ECU:
		return "the ECU runs";
	case BOARD_OPENBLT:
		return "OpenBLT runs: there is no application that it would start";
	case BOARD_FIRMWARE:
		return "the board runs its new firmware";
	case BOARD_DEAD:
		return "nothing runs";
	case BOARD_MODE_COUNT:
		break;
	}
	return "?";
}

static void tell_memory(const struct flash_story *story)
{
	const struct dfuse_result *result = &story->result;
	char bytes[FORMAT_U64_SIZE];

	if (result->erased_sectors)
		printf("  erased    %zu sector%s, %s bytes\n", result->erased_sectors,
			result->erased_sectors == 1 ? "" : "s",
			format_u64(result->erased_bytes, bytes));
	else if (result->erased_bytes)
		printf("  erased    the whole chip\n");
	if (result->programmed_bytes)
		printf("  written   %s bytes\n", format_u64(result->programmed_bytes, bytes));
	if (result->verified_bytes)
		printf("  verified  %s bytes read back over USB\n",
			format_u64(result->verified_bytes, bytes));
}

/* "left      the bootloader; the ECU runs: rusEFI main..." */
static void tell_what_runs(const struct flash_story *story, const char *event)
{
	const char *runs = story->runs && story->runs[0] ? story->runs : story->dead;

	fputs(event, stdout);
	if (story->has_mode)
		printf("; %s%s%s", mode_text(story->mode), runs ? ": " : "", runs ? runs : "");
	putchar('\n');
}

static void tell_end(const struct flash_story *story)
{
	char bytes[FORMAT_U64_SIZE];

	if (story->flash == FLASH_EQUAL)
		printf("  flash     equals the image (second channel)\n");
	if (story->flash == FLASH_DIFFERENT)
		printf("  flash     DIFFERS from the image (second channel)\n");
	if (story->elsewhere)
		printf("  others    %s bytes for other memories (no second channel)\n",
			format_u64(story->elsewhere, bytes));
	if (story->result.reset)
		tell_what_runs(story, "  reset     itself, as announced");
	if (story->result.left)
		tell_what_runs(story, "  left      the bootloader");
}

static void tell_time(const struct flash_story *story)
{
	double real_ms = (double)story->real_us / 1e3;

	printf("  took      ");
	if (story->virtual_time)
		printf("%.3f s of the board's time, ", (double)story->host_us / 1e6);
	if (real_ms < 1000)
		printf("%.1f ms", real_ms);
	else
		printf("%.2f s", real_ms / 1e3);
	printf(story->virtual_time ? " of yours\n" : "\n");
}

static void tell_text(const struct flash_story *story)
{
	const struct usb_host_entry *entry = &story->entry;

	if (!entry->bus)
		return;
	printf("%s%sUSB %s  %04x:%04x \"%s\"  serial %s\n", story->board ? story->board : "",
		story->board ? "  " : "", entry->path, entry->vid, entry->pid, entry->product,
		entry->serial);
	tell_memory(story);
	tell_end(story);
	if (story->result.erased_bytes || story->result.programmed_bytes)
		tell_time(story);
}

static json_t *json_usb(const struct usb_host_entry *entry)
{
	if (!entry->bus)
		return json_null();
	return json_pack("{s:o, s:i, s:i, s:o, s:o}", "path", json_out_text(entry->path), "vid",
		(int)entry->vid, "pid", (int)entry->pid, "product", json_out_text(entry->product),
		"serial", json_out_text(entry->serial));
}

static json_t *json_flash(enum flash_compare flash)
{
	return flash == FLASH_NOT_COMPARED ? json_null() : json_boolean(flash == FLASH_EQUAL);
}

static json_t *json_mode(const struct flash_story *story)
{
	return json_out_text(story->has_mode ? names_text(&board_mode_names, story->mode) : NULL);
}

static int tell_json(const struct flash_story *story, const struct why *why)
{
	const struct dfuse_result *result = &story->result;
	json_t *root = json_pack("{s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:b, s:b, s:o, "
				 "s:I, s:o, s:o, s:f, s:f}",
		"ok", !why, "why", json_out_text(why ? why_text(why) : NULL), "transport",
		json_out_text(story->transport), "board", json_out_text(story->board), "usb",
		json_usb(&story->entry), "erased_sectors", (json_int_t)result->erased_sectors,
		"erased_bytes", (json_int_t)result->erased_bytes, "programmed_bytes",
		(json_int_t)result->programmed_bytes, "verified_bytes",
		(json_int_t)result->verified_bytes, "left", (int)result->left, "reset",
		(int)result->reset, "flash_equal", json_flash(story->flash), "not_compared_bytes",
		(json_int_t)story->elsewhere, "mode", json_mode(story), "runs",
		json_out_text(story->runs && story->runs[0] ? story->runs : NULL), "board_seconds",
		(double)story->host_us / 1e6, "real_seconds", (double)story->real_us / 1e6);

	return json_out_print(root);
}

int flash_story_tell(const struct flash_story *story, int code, const struct why *why)
{
	int r = CLI_OK;

	if (story->json)
		r = tell_json(story, why);
	else
		tell_text(story);
	fflush(stdout); /* what follows on stderr comes after it, on a terminal and in a log */
	return r ? r : why ? cli_error(code, why) : code;
}
