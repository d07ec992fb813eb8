/* SPDX-License-Identifier: MIT */
/* What steps do: pins, waits, programs. All waits are bounded, on the board's clock. */
#include "harness/scenario/run.h"

#include "harness/report/board_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SETTLE_LIMIT_US 5000000u /* after the flasher, until the board rests */
#define SETTLE_QUIET_US 400000u  /* a board that has not come or gone for so long stays */

void run_tell_step(struct run *run, size_t board, const char *word, const char *fmt, ...)
{
	char text[192];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	EVENT_EMIT(run->world->events, .kind = EVENT_STEP, .board = run->world->boards[board]->name,
		.name = word, .text = text);
}

int run_set_pin(struct run *run, size_t board, enum board_pin pin, bool level, struct why *why)
{
	struct board *of = run->world->boards[board];
	int r = of->ops->set_pin(of, pin, level, why);

	if (r < 0)
		return why_prefix(why, r, "%s: %s", of->name, names_text(&board_pin_names, pin));
	EVENT_EMIT(run->world->events, .kind = EVENT_PIN, .board = of->name,
		.name = names_text(&board_pin_names, pin), .level = level);
	return 0;
}

/* What callbacks could not say when it happened. */
int run_check_failure(const struct run *run, struct why *why)
{
	if (run->failed)
		*why = run->failure;
	return run->failed;
}

int run_until(
	struct run *run, bool (*done)(void *user), void *user, uint64_t until_us, struct why *why)
{
	int r = run->world->ops->run_until(run->world, done, user, until_us, why);

	if (r < 0 && r != -ETIMEDOUT)
		return r;
	return run_check_failure(run, why);
}

uint64_t run_now_us(const struct run *run)
{
	return clock_now_us(run->world->clock);
}

int run_wait(struct run *run, uint64_t time_us, struct why *why)
{
	return run_until(run, NULL, NULL, run_now_us(run) + time_us, why);
}

struct face_wait {
	const struct run *run;
	size_t board;
	enum face face;
};

static bool shows_face(void *user)
{
	const struct face_wait *wait = user;

	return wait->run->watch.face[wait->board] == wait->face;
}

int run_wait_for(struct run *run, size_t board, enum face face, uint64_t limit_us, struct why *why)
{
	struct face_wait wait = {run, board, face};

	if (shows_face(&wait))
		return 0;
	return run_until(run, shows_face, &wait, run_now_us(run) + limit_us, why);
}

void run_expect(struct run *run, const char *name, bool fits, const char *expected, const char *got)
{
	expect_tell(run->world, fits, &(struct expect_told){name, expected, got}, &run->unmet);
	if (!fits)
		run->stopped = true;
}

int run_program(struct run *run, char *const argv[], uint64_t limit_us, struct world_program *ret,
	struct why *why)
{
	struct world_image image = {0};
	char *words[SCENARIO_WORD_MAX + 1] = {NULL};
	CLEANUP(free_ptr) char *path = NULL;
	int r = 0;

	if (run->scenario->image[0])
		r = run->world->ops->image(run->world, run->scenario->image, &image, why);
	if (r < 0)
		return r;
	path = strdup(image.path ? image.path : "");
	if (!path)
		return why_errno(why, -ENOMEM, "%s", argv[0]);
	for (size_t i = 0; argv[i] && i < SCENARIO_WORD_MAX; i++)
		words[i] = strcmp(argv[i], "{image}") == 0 ? path : argv[i];
	r = run->world->ops->run_program(run->world, words, (uint32_t)(limit_us / 1000), ret, why);
	if (r < 0)
		return why_prefix(why, r, "%s", argv[0]);
	if (ret->missing)
		return why_set(why, -ENOENT, "%s is not installed", argv[0]);
	return run_check_failure(run, why);
}

/* ---- until a board rests ---- */

static bool rests(const struct run *run, size_t i)
{
	const struct board *board = run->world->boards[i];
	enum face face = run->watch.face[i];

	switch (board->ops->mode(board)) {
	case BOARD_OFF:
	case BOARD_DEAD:
	case BOARD_FIRMWARE:
		return true;
	case BOARD_RESET:
		return board->ops->get_pin(board, BOARD_NRST);
	case BOARD_DFU:
	case BOARD_ECU:
	case BOARD_OPENBLT:
		return face != FACE_GONE || !board->ops->get_pin(board, BOARD_USB) ||
		       !board->ops->get_pin(board, BOARD_DATA) ||
		       !board->ops->get_pin(board, BOARD_VBUS);
	case BOARD_MODE_COUNT:
		break;
	}
	return true;
}

bool run_all_rest(void *user)
{
	const struct run *run = user;

	for (size_t i = 0; i < run->world->board_count; i++)
		if (!rests(run, i))
			return false;
	return true;
}

static bool tested_one_rests(void *user)
{
	return rests(user, 0);
}

/* The board under test has come to rest, and stays so; a board that does not within the limit is what it is. */
int run_settle(struct run *run, struct why *why)
{
	uint64_t begin_us = run_now_us(run);
	uint64_t limit_us = begin_us + SETTLE_LIMIT_US;
	int r = 0;

	while (r == 0 && run_now_us(run) < limit_us) {
		uint64_t since_us = run->watch.changed_us[0];
		uint64_t quiet_us = (since_us > begin_us ? since_us : begin_us) + SETTLE_QUIET_US;

		if (!rests(run, 0))
			r = run_until(run, tested_one_rests, run, limit_us, why);
		else if (run_now_us(run) < quiet_us)
			r = run_until(run, NULL, NULL, quiet_us, why);
		else
			return 0;
	}
	return r;
}
