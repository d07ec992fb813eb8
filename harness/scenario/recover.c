/* SPDX-License-Identifier: MIT */
#include "harness/scenario/recover.h"

#include "harness/report/board_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PIECE        16384u   /* bytes compared at a time: they stay in the processor's cache */
#define OUT_US       500000u  /* how long an owner leaves power or cable out */
#define HELD_US      1000000u /* from power-up until PROGRAM is let go */
#define UNPROTECT_MS 180000u  /* a mass erase at its slowest */

struct recover {
	struct run *run;
	struct board *board;
	struct sweep_cell *cell;
	unsigned int tries; /* of the flasher at one level */
	uint64_t cut_us;
	bool done;               /* the board holds the image and runs it */
	bool options;            /* they were written before the recovery */
	enum face shown;         /* with supply and cable back, before anything else was done */
	char last[SWEEP_TEXT];   /* what the flasher said last */
	char failed[SWEEP_TEXT]; /* when it failed last */
};

/* ---- what the flash holds ---- */

/* Compares memory with bytes. 1: they are equal; 0; or the rig's failure. */
static int equals(
	struct board *board, uint32_t addr, const uint8_t *wanted, size_t size, struct why *why)
{
	uint8_t piece[PIECE];

	while (size) {
		size_t part = size < sizeof(piece) ? size : sizeof(piece);
		int r = board->ops->read_flash(board, addr, piece, part);

		if (r < 0)
			return why_errno(
				why, r, "%s: read the flash by the second channel", board->name);
		if (memcmp(piece, wanted, part) != 0)
			return 0;
		addr += (uint32_t)part;
		wanted += part;
		size -= part;
	}
	return 1;
}

static int holds_image(struct run *run, bool *ret, struct why *why)
{
	const struct world_image *image = &run->image;
	int r = equals(run->world->boards[0], image->addr, image->data, image->size, why);

	*ret = r > 0;
	return r < 0 ? r : 0;
}

/* What is in flash decides what runs; a board that is on its way is not there yet. */
static bool runs(const struct run *run)
{
	const struct board *board = run->world->boards[0];

	if (!run->image.signature[0])
		return board->ops->mode(board) == BOARD_FIRMWARE;
	return board->ops->mode(board) == BOARD_ECU && run->watch.face[0] == FACE_ECU;
}

int recover_is_done(struct run *run, bool *ret, struct why *why)
{
	*ret = false;
	return runs(run) ? holds_image(run, ret, why) : 0;
}

static bool overlaps(const struct watch_sector *sector, const struct world_image *image)
{
	return image->addr < sector->addr + sector->size &&
	       sector->addr < image->addr + image->size;
}

/* All sectors that are settings, or are neither settings nor the image's, hold what they held before. */
static int are_kept(struct recover *self, bool settings, bool *ret, struct why *why)
{
	const struct run *run = self->run;
	int r = 1;

	for (size_t i = 0; r > 0 && i < run->watch.sector_count; i++) {
		const struct watch_sector *sector = &run->watch.sectors[i];
		size_t offset = sector->addr - (size_t)self->board->flash_addr;

		if (run->map.settings[0][i] != settings ||
			(!settings && overlaps(sector, &run->image)))
			continue;
		r = equals(self->board, sector->addr, run->before_update.flash[0] + offset,
			sector->size, why);
	}
	*ret = r > 0;
	return r < 0 ? r : 0;
}

/* Reading the second channel moves nothing, so that it may be done in the middle of an event. */
static void on_leave(void *user)
{
	struct run *run = user;
	struct why why = {""};
	bool holds = false;
	int r = holds_image(run, &holds, &why);

	if (r < 0)
		run_keep_failure(run, r, &why);
	run->left_damaged |= !holds;
}

void recover_listen(struct run *run)
{
	run->watch.on_leave = on_leave;
	run->swept = true;
}

/* ---- blame ---- */

/* The first thing that is wrong is what is told. */
static void blame(struct recover *self, const char *expected, const char *why, const char *fmt, ...)
	PRINTF(4, 5);

static void blame(struct recover *self, const char *expected, const char *why, const char *fmt, ...)
{
	struct sweep_cell *cell = self->cell;
	va_list args;

	if (cell->verdict == VERDICT_FAIL)
		return;
	cell->verdict = VERDICT_FAIL;
	snprintf(cell->expected, sizeof(cell->expected), "%s", expected);
	snprintf(cell->why, sizeof(cell->why), "%s", why);
	va_start(args, fmt);
	vsnprintf(cell->got, sizeof(cell->got), fmt, args);
	va_end(args);
}

/* What the flasher said: its last line. */
static void keep_last(struct recover *self)
{
	const struct flasher_result *result = &self->run->result;
	const char *text = (const char *)result->output.data;
	size_t end = result->output.size, begin;

	while (end && (text[end - 1] == '\n' || text[end - 1] == '\r'))
		end--;
	for (begin = end; begin && text[begin - 1] != '\n' && text[begin - 1] != '\r';)
		begin--;
	snprintf(self->last, sizeof(self->last), "%s: exit %d: %.*s", self->run->flasher->name,
		result->exit_code, (int)(end - begin < 120 ? end - begin : 120),
		text ? text + begin : "");
}

/* A flasher has ended: neither its word nor its deed may take a flash for the image that differs from it. */
static int check_word(struct recover *self, struct why *why)
{
	bool holds = false;
	int r;

	keep_last(self);
	if (!self->run->result.success)
		memcpy(self->failed, self->last, sizeof(self->failed));
	if (self->run->left_damaged)
		blame(self, "the bootloader is left only when the flash equals the image",
			self->last, "%s made it jump into a flash that differs",
			self->run->flasher->name);
	if (!self->run->result.success || self->done)
		return 0;
	r = holds_image(self->run, &holds, why);
	if (r == 0 && !holds)
		blame(self, "no success is claimed over a flash that differs from the image",
			self->last, "%s said success", self->run->flasher->name);
	return r;
}

/* ---- what an owner does ---- */

static int look(struct recover *self, struct why *why)
{
	int r = run_settle(self->run, why);

	return r == 0 ? recover_is_done(self->run, &self->done, why) : r;
}

static int set_pin(struct recover *self, enum board_pin pin, bool level, struct why *why)
{
	if (self->board->ops->get_pin(self->board, pin) == level)
		return 0;
	return run_set_pin(self->run, 0, pin, level, why);
}

/* All as it was when the update began. */
static int reconnect(struct recover *self, struct why *why)
{
	static const enum board_pin pins[] = {
		BOARD_NRST, BOARD_VBUS, BOARD_DATA, BOARD_USB, BOARD_POWER};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pins); i++)
		r = set_pin(self, pins[i], self->run->pins_before_update[pins[i]], why);
	return r == 0 ? look(self, why) : r;
}

/* The flasher once, in this flow. */
static int update(struct recover *self, enum flasher_flow flow, struct why *why)
{
	int r;

	run_result_done(&self->run->result);
	self->cell->tries++;
	r = run_tool(self->run, flow, why);
	if (r == 0)
		r = look(self, why);
	return r == 0 ? check_word(self, why) : r;
}

/* The flasher, as often as may be, while the board shows something that it can work with. */
static int update_often(struct recover *self, struct why *why)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && !self->done && i < self->tries; i++) {
		enum face face = self->run->watch.face[0];

		if (face == FACE_DFU)
			r = update(self, FLASHER_MANUAL, why);
		else if (face == FACE_ECU)
			r = update(self, FLASHER_AUTO, why);
		else
			break;
	}
	return r;
}

static int unplug_all(struct recover *self, struct why *why)
{
	int r = set_pin(self, BOARD_USB, false, why);

	if (r == 0)
		r = set_pin(self, BOARD_POWER, false, why);
	return r == 0 ? run_wait(self->run, OUT_US, why) : r;
}

static int replug(struct recover *self, struct why *why)
{
	int r;

	run_tell_step(
		self->run, 0, "replug", "the owner takes power and cable off and puts them back");
	r = unplug_all(self, why);
	if (r == 0)
		r = reconnect(self, why);
	return r == 0 ? update_often(self, why) : r;
}

static int hold_program(struct recover *self, struct why *why)
{
	int r;

	run_tell_step(self->run, 0, "press", "PROGRAM is held while the board is powered up");
	r = unplug_all(self, why);
	if (r == 0)
		r = set_pin(self, BOARD_BOOT0, true, why);
	if (r == 0)
		r = reconnect(self, why);
	if (r == 0)
		r = run_wait(self->run, HELD_US, why);
	if (r == 0)
		r = set_pin(self, BOARD_BOOT0, self->run->pins_before_update[BOARD_BOOT0], why);
	if (r == 0 && self->run->watch.face[0] != FACE_DFU)
		blame(self, "PROGRAM held at power-up leads to the bootloader",
			"whatever is in flash, BOOT0 starts the ROM", "the board is %s",
			names_text(&board_mode_names, self->board->ops->mode(self->board)));
	return r;
}

static int program_held(struct recover *self, struct why *why)
{
	int r = hold_program(self, why);

	return r == 0 ? update_often(self, why) : r;
}

static void program_done(struct world_program *program)
{
	buf_done(&program->output);
}

/* dfu-util says that it erases the chip, and wants "force". */
static int unprotect(struct recover *self, struct why *why)
{
	static char *const argv[] = {"dfu-util", "--device", "0483:df11", "--alt", "0",
		"--dfuse-address", "0x08000000:unprotect:force", NULL};
	CLEANUP(program_done) struct world_program program = {0};
	int r = hold_program(self, why);

	if (r < 0)
		return r;
	run_tell_step(self->run, 0, "unprotect",
		"the read protection is taken off, which erases the chip, the tune included");
	r = self->run->world->ops->run_program(self->run->world, argv, UNPROTECT_MS, &program, why);
	if (r < 0 || program.missing)
		return r;
	/* The chip erases itself, and resets when it has done so: until then it must not lose power. */
	r = run_wait_for(self->run, 0, FACE_GONE, UNPROTECT_MS * UINT64_C(1000), why);
	return r == 0 ? program_held(self, why) : r;
}

struct level {
	enum sweep_need need;
	int (*help)(struct recover *self, struct why *why);
};

static const struct level levels[] = {
	{SWEEP_NOTHING, reconnect},
	{SWEEP_RUN_AGAIN, update_often},
	{SWEEP_REPLUG, replug},
	{SWEEP_PROGRAM_HELD, program_held},
	{SWEEP_OPTION_BYTES, unprotect},
};

static int help(struct recover *self, struct why *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		int r = levels[i].help(self, why);

		if (r < 0)
			return r;
		if (levels[i].need == SWEEP_NOTHING)
			self->shown = self->run->watch.face[0];
		if (self->done) {
			self->cell->need = levels[i].need;
			return 0;
		}
	}
	self->cell->need = SWEEP_LOST;
	return 0;
}

/* ---- the proof ---- */

static void judge_need(struct recover *self)
{
	enum sweep_need need = self->cell->need;

	if (need == SWEEP_LOST) {
		blame(self, "the board can be brought back", self->failed, "it was lost: it is %s",
			names_text(&board_mode_names, self->board->ops->mode(self->board)));
		return;
	}
	if (need <= SWEEP_RUN_AGAIN)
		return;
	if (need == SWEEP_OPTION_BYTES && self->options)
		return;
	if (need == SWEEP_OPTION_BYTES)
		blame(self, "PROGRAM held at power-up and the flasher bring the board back",
			self->failed,
			"the chip had to be erased, though nobody wrote option bytes");
	if (self->shown == FACE_DFU)
		blame(self, "a board in its bootloader comes back by running the flasher again",
			self->failed, "it needed: %s", names_text(&sweep_need_texts, need));
	if (self->shown == FACE_ECU)
		blame(self, "a board whose ECU runs comes back by running the flasher again",
			self->failed, "it needed: %s", names_text(&sweep_need_texts, need));
}

static int judge_tune(struct recover *self, struct why *why)
{
	const struct truth *before = &self->run->before_update;
	CLEANUP(free_ptr) uint8_t *tune = NULL;
	struct world *world = self->run->world;
	size_t size = 0;
	bool kept = false;
	int r = are_kept(self, true, &kept, why);

	if (r < 0 || kept || !before->tune) {
		self->cell->tune = SWEEP_TUNE_KEPT;
		return r;
	}
	r = world->ops->tune(world, self->board, &tune, &size, why);
	if (r < 0 && r != -ENODATA)
		return r;
	if (r == 0 && !truth_tune_differs(before, tune, size))
		self->cell->tune = SWEEP_TUNE_SAME;
	else
		self->cell->tune =
			self->run->watch.unprotected ? SWEEP_TUNE_ANNOUNCED : SWEEP_TUNE_LOST;
	if (self->cell->tune == SWEEP_TUNE_LOST)
		blame(self, "the settings are what they were, or their loss was announced",
			"their sectors were changed", "the tune is lost");
	return 0;
}

static int judge_others(struct recover *self, struct why *why)
{
	bool kept = false;
	int r = are_kept(self, false, &kept, why);

	if (r == 0 && !kept && !self->run->watch.unprotected)
		blame(self, "sectors that the image does not need are left alone",
			"they differ from before the update", "one was changed");
	return r;
}

int recover(struct run *run, uint64_t cut_us, unsigned int tries, struct sweep_cell *cell,
	struct why *why)
{
	struct recover self = {
		.run = run,
		.board = run->world->boards[0],
		.cell = cell,
		.tries = tries,
		.cut_us = cut_us,
		.options = run->watch.options || run->scenario->starts[0].board.options.level,
	};
	int r;

	cell->verdict = VERDICT_PASS;
	cell->said_success = run->result.success;
	r = check_word(&self, why);
	if (r == 0)
		r = help(&self, why);
	if (r < 0)
		return r;
	cell->recovery_us = run_now_us(run) - cut_us;
	judge_need(&self);
	if (cell->need == SWEEP_LOST)
		return 0;
	r = judge_tune(&self, why);
	return r == 0 ? judge_others(&self, why) : r;
}
