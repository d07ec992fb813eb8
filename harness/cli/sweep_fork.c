/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_fork.h"

#include "harness/cli/sweep_again.h"
#include "harness/cli/sweep_children.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DIRECT_S 60 /* of one cell, on the wall: they take milliseconds */
#define LIMIT_MOCK_S   600
#define KEPT_HEAP      (256 << 20)

/* What the first child found, which runs the update without a cut; in shared memory. */
struct count {
	size_t planned;
	uint32_t occasions, image_size;
	uint64_t update_us;
	int r;
	struct why why;
};

struct forker {
	const struct sweep_fork *fork;
	struct sweep_take take;
	struct sweep_children children;
	struct count *count;      /* shared */
	struct sweep_cell *cells; /* shared */
	size_t planned;
	size_t next; /* cell */
	int failed;  /* fork's errno, negative */
};

static bool is_direct(const struct forker *self)
{
	return self->fork->request->run.transport == RUN_DIRECT;
}

static struct sweep_take take_by(
	struct forker *self, bool (*choose)(struct sweep_take *, const struct sweep_cell *))
{
	return (struct sweep_take){.request = self->fork->request, .choose = choose, .user = self};
}

/* ---- the list of cuts ---- */

static bool list_one(struct sweep_take *take, const struct sweep_cell *cell)
{
	struct count *count = ((struct forker *)take->user)->count;

	if (count->planned < SWEEP_CELL_MAX)
		((struct forker *)take->user)->cells[count->planned] = *cell;
	count->planned++;
	return false;
}

static void list_in_child(struct forker *self)
{
	struct count *count = self->count;

	self->take = take_by(self, list_one);
	count->r = sweep_take_run(&self->take, &count->why);
	count->occasions = self->take.occasions;
	count->update_us = self->take.story.update_us;
	count->image_size = self->take.story.image_size;
	sweep_take_done(&self->take);
	if (count->r == 0 && count->planned > SWEEP_CELL_MAX)
		count->r = why_set(&count->why, -E2BIG, "%zu cuts are too many; at most %d",
			count->planned, SWEEP_CELL_MAX);
}

/* Runs the update once, in a process of its own: the cells are where and how it can be cut. A place behind them is the
 * child's. */
static int list_cells(struct forker *self, struct why *why)
{
	struct sweep_cell *last = &self->cells[SWEEP_CELL_MAX];
	int r = sweep_children_fork(&self->children, SWEEP_CELL_MAX);

	if (r < 0)
		return why_errno(why, r, "fork");
	if (r > 0) {
		list_in_child(self);
		sweep_children_hand_in(
			&self->children, &(struct sweep_cell){.verdict = VERDICT_PASS}, 0, NULL);
	}
	sweep_children_wait(&self->children);
	self->children.done = 0;
	if (self->children.stopped)
		return 0;
	if (last->verdict != VERDICT_PASS)
		return why_set(why, -EIO, "the update without a cut: %s", last->why);
	self->planned = self->count->planned;
	*why = self->count->why;
	return self->count->r;
}

/* Real programs poll, and are never as fast as the last time: their occasions have other numbers each time, but the same names. */
static bool has_name_of(const struct sweep_cell *cell, const struct sweep_cell *wanted)
{
	return cell->cut == wanted->cut && cell->inside == wanted->inside &&
	       cell->percent == wanted->percent && strcmp(cell->where, wanted->where) == 0;
}

/* In-process the cell itself, else the first of its name: that one will come again. */
static size_t findable(const struct forker *self, size_t index)
{
	size_t first = 0;

	if (is_direct(self))
		return index;
	while (!has_name_of(&self->cells[first], &self->cells[index]))
		first++;
	return first;
}

/* Marks those that are wanted: of each kind at most `points`, spread evenly. */
static void choose(const struct forker *self, bool *wanted)
{
	uint64_t all[SWEEP_CUT_COUNT] = {0}, seen[SWEEP_CUT_COUNT] = {0};
	uint64_t points = self->fork->points;

	for (size_t i = 0; i < self->planned; i++)
		all[self->cells[i].cut]++;
	for (size_t i = 0; i < self->planned; i++) {
		enum sweep_cut cut = self->cells[i].cut;
		uint64_t n = seen[cut]++;

		if (!points || all[cut] <= points ||
			n * points / all[cut] != (n + 1) * points / all[cut])
			wanted[findable(self, i)] = true;
	}
}

static int spread(struct forker *self)
{
	CLEANUP(free_ptr) bool *wanted = NULL;
	size_t count = 0;

	if (!self->fork->points && is_direct(self))
		return 0;
	wanted = calloc(self->planned + 1, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	choose(self, wanted);
	for (size_t i = 0; i < self->planned; i++)
		if (wanted[i])
			self->cells[count++] = self->cells[i];
	self->planned = count;
	return 0;
}

/* ---- cutting ---- */

static bool fork_one(struct sweep_take *take, const struct sweep_cell *cell)
{
	struct forker *self = take->user;
	int r;

	if (self->next >= self->planned || self->failed || self->children.stopped ||
		!sweep_cell_is(cell, &self->cells[self->next]))
		return false;
	r = sweep_children_fork(&self->children, self->next);
	if (r > 0)
		return true;
	self->failed = r;
	self->next += r == 0 && !self->children.stopped;
	return false;
}

static int cut_direct(struct forker *self, struct why *why)
{
	int r;

	self->take = take_by(self, fork_one);
	r = sweep_take_run(&self->take, why);
	if (self->take.story.cut)
		sweep_children_hand_in(&self->children, &self->take.cell, r, why);
	sweep_children_wait(&self->children);
	sweep_take_done(&self->take);
	return r;
}

static bool is_mine(struct sweep_take *take, const struct sweep_cell *cell)
{
	const struct forker *self = take->user;

	return has_name_of(cell, &self->cells[self->children.mine]);
}

/* Real programs: from the start up to the cut, and on. */
static void play_in_child(struct forker *self)
{
	struct why why = {""};
	int r;

	self->take = take_by(self, is_mine);
	r = sweep_take_run(&self->take, &why);
	if (r == 0 && !self->take.story.cut)
		r = why_set(&why, -EIO, "the update did not come to it this time: %s",
			self->cells[self->children.mine].where);
	sweep_take_done(&self->take);
	sweep_children_hand_in(&self->children, &self->take.cell, r, &why);
}

static int cut_mock(struct forker *self, struct why *why UNUSED)
{
	while (self->next < self->planned && !self->failed && !self->children.stopped) {
		int r = sweep_children_fork(&self->children, self->next);

		if (r > 0)
			play_in_child(self);
		self->failed = r;
		self->next += r == 0 && !self->children.stopped;
	}
	sweep_children_wait(&self->children);
	return 0;
}

static int cut_all(struct forker *self, struct why *why)
{
	int r = is_direct(self) ? cut_direct(self, why) : cut_mock(self, why);

	if (r == 0 && self->failed)
		return why_errno(why, self->failed, "fork");
	if (r == 0 && !self->children.stopped && self->next != self->planned)
		return why_set(why, -EIO,
			"the update is not the same each time: %zu cuts of %zu were met",
			self->next, self->planned);
	return r;
}

/* What was begun and not ended is no cell. */
static size_t pack(struct forker *self)
{
	size_t count = 0;

	for (size_t i = 0; i < self->next; i++)
		if (self->cells[i].verdict != VERDICT_SKIP)
			self->cells[count++] = self->cells[i];
	return count;
}

/* ---- the whole ---- */

static void tell(void *user, size_t done)
{
	struct forker *self = user;

	if (self->planned)
		self->fork->progress(self->fork->user, done, self->planned);
}

static int run(struct forker *self, struct sweep *ret, struct why *why)
{
	int r = list_cells(self, why);

	if (r < 0)
		return r;
	if (spread(self) < 0)
		return why_errno(why, -ENOMEM, "%zu cells", self->planned);
	ret->planned = self->planned;
	ret->occasions = self->count->occasions;
	ret->update_us = self->count->update_us;
	ret->image_size = self->count->image_size;
	r = cut_all(self, why);
	ret->count = pack(self);
	ret->interrupted = self->children.stopped;
	return r;
}

static int make(struct forker *self, struct sweep *ret, struct why *why)
{
	self->count = sweep_share(sizeof(*self->count));
	self->cells = sweep_share((SWEEP_CELL_MAX + 1) * sizeof(*self->cells));
	ret->cells = self->cells;
	self->children = (struct sweep_children){
		.cells = self->cells,
		.jobs = self->fork->jobs < SWEEP_CHILD_MAX ? self->fork->jobs : SWEEP_CHILD_MAX,
		.limit_s = is_direct(self) ? LIMIT_DIRECT_S : LIMIT_MOCK_S,
		.progress = self->fork->progress ? tell : NULL,
		.user = self,
	};
	return self->count && self->cells ? 0 : why_errno(why, -ENOMEM, "sweep");
}

int sweep_fork_run(const struct sweep_fork *fork, struct sweep *ret, struct why *why)
{
	struct forker self = {.fork = fork};
	int r = make(&self, ret, why);

	if (r == 0) {
		/* Flashes come and go; their pages may stay. */
		mallopt(M_MMAP_THRESHOLD, KEPT_HEAP);
		mallopt(M_TRIM_THRESHOLD, KEPT_HEAP);
		sweep_children_begin(&self.children);
		r = run(&self, ret, why);
		sweep_children_end(&self.children);
	}
	sweep_unshare(self.count, sizeof(*self.count));
	return r;
}

void sweep_fork_done(struct sweep *sweep)
{
	sweep_unshare((void *)sweep->cells, (SWEEP_CELL_MAX + 1) * sizeof(*sweep->cells));
	sweep->cells = NULL;
	sweep->count = 0;
}
