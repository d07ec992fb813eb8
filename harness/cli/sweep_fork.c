/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_fork.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_MAX 64
#define LIMIT_S   60 /* of one cell, on the wall: they take milliseconds */
#define TELL_US   100000
#define KEPT_HEAP (256 << 20)

/* What the counting child found; in shared memory. */
struct count {
	size_t planned;
	uint32_t occasions, image_size;
	uint64_t update_us;
	int r;
	struct why why;
};

struct child {
	pid_t pid; /* 0 = free */
	size_t cell;
};

struct forker {
	const struct sweep_fork *fork;
	struct sweep_take take;
	struct count *count;      /* shared */
	struct sweep_cell *cells; /* shared */
	size_t next;              /* cell */
	size_t done;
	struct child children[CHILD_MAX];
	unsigned int busy;
	uint64_t told_us;
	size_t mine; /* in a child: its cell */
	uint64_t start_us;
	bool stopped;
	int failed; /* fork's errno, negative */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number UNUSED)
{
	interrupted = 1;
}

/* ---- shared memory ---- */

static void *share(size_t size)
{
	void *memory = mmap(
		NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void sweep_fork_done(struct sweep *sweep)
{
	if (sweep->cells)
		munmap((void *)sweep->cells,
			(sweep->planned ? sweep->planned : 1) * sizeof(*sweep->cells));
	sweep->cells = NULL;
	sweep->count = 0;
}

/* ---- in a child ---- */

/* The terminal's signals are the parent's to act on. A child that hangs is ended by its alarm. */
static void become_child(pid_t parent)
{
	const struct itimerval limit = {.it_value.tv_sec = LIMIT_S};

	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setitimer(ITIMER_REAL, &limit, NULL);
}

/* The end of a child: its cell is complete, or says why not. */
static void hand_in(struct forker *self, int r, const struct why *why)
{
	struct sweep_cell *cell = &self->cells[self->mine];

	self->take.cell.wall_us = (uint32_t)(clock_now_us(clock_monotonic()) - self->start_us);
	*cell = self->take.cell;
	if (r < 0) {
		cell->verdict = VERDICT_ERROR;
		snprintf(cell->why, sizeof(cell->why), "%.*s", SWEEP_TEXT - 1, why_text(why));
	}
	_exit(0);
}

/* ---- counting ---- */

static bool count_one(struct sweep_take *take, const struct sweep_cell *cell UNUSED)
{
	struct forker *self = take->user;

	self->count->planned++;
	return false;
}

static void count_in_child(struct forker *self)
{
	struct count *count = self->count;

	self->take.choose = count_one;
	count->r = sweep_take_run(&self->take, &count->why);
	count->occasions = self->take.occasions;
	count->update_us = self->take.story.update_us;
	count->image_size = self->take.story.image_size;
	_exit(0);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Runs the update once without any cut, in a process of its own: how many there will be. */
static int count(struct forker *self, struct why *why)
{
	pid_t parent = getpid(), pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return why_errno(why, -errno, "fork");
	if (pid == 0) {
		become_child(parent);
		count_in_child(self);
	}
	status = wait_for(pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return why_set(
			why, -EIO, "the update without a cut ended badly (status %d)", status);
	if (self->count->r < 0)
		*why = self->count->why;
	return self->count->r;
}

/* ---- cutting ---- */

static void tell(struct forker *self)
{
	const struct sweep_fork *fork = self->fork;
	uint64_t now_us = clock_now_us(clock_monotonic());

	if (!fork->progress || now_us - self->told_us < TELL_US)
		return;
	self->told_us = now_us;
	fork->progress(fork->user, self->done, self->count->planned);
}

static void note_end(struct sweep_cell *cell, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	cell->verdict = VERDICT_ERROR;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(cell->why, sizeof(cell->why), "it did not end within %d s", LIMIT_S);
	else if (WIFSIGNALED(status))
		snprintf(cell->why, sizeof(cell->why), "its process crashed: %s",
			strsignal(WTERMSIG(status)));
	else
		snprintf(cell->why, sizeof(cell->why), "its process ended with exit code %d",
			WEXITSTATUS(status));
}

static void forget(struct forker *self, pid_t pid, int status)
{
	for (size_t i = 0; i < CHILD_MAX; i++) {
		struct child *child = &self->children[i];

		if (child->pid != pid)
			continue;
		note_end(&self->cells[child->cell], status);
		child->pid = 0;
		self->busy--;
		self->done++;
		return;
	}
}

/* Ctrl-C: what runs has no verdict. */
static void stop(struct forker *self)
{
	self->stopped = true;
	for (size_t i = 0; i < CHILD_MAX; i++) {
		struct child *child = &self->children[i];

		if (!child->pid)
			continue;
		kill(child->pid, SIGKILL);
		wait_for(child->pid);
		self->cells[child->cell].verdict = VERDICT_SKIP;
		child->pid = 0;
	}
	self->busy = 0;
}

/* Until fewer than `most` children run. */
static void wait_until_fewer(struct forker *self, unsigned int most)
{
	while (self->busy >= most && !self->stopped) {
		int status;
		pid_t pid = waitpid(-1, &status, 0);

		if (pid > 0)
			forget(self, pid, status);
		if (interrupted)
			stop(self);
		tell(self);
	}
}

static struct child *free_child(struct forker *self)
{
	for (size_t i = 0; i < CHILD_MAX; i++)
		if (!self->children[i].pid)
			return &self->children[i];
	return NULL;
}

/* Until it says otherwise, a child has failed. */
static void prepare(struct forker *self, const struct sweep_cell *cell)
{
	struct sweep_cell *mine = &self->cells[self->next];

	*mine = *cell;
	mine->verdict = VERDICT_ERROR;
	snprintf(mine->why, sizeof(mine->why), "it did not end");
}

static bool fork_one(struct sweep_take *take, const struct sweep_cell *cell)
{
	struct forker *self = take->user;
	pid_t parent = getpid(), pid;
	struct child *child;

	wait_until_fewer(self, self->fork->jobs);
	if (interrupted && !self->stopped)
		stop(self);
	if (self->stopped || self->failed || self->next >= self->count->planned)
		return false;
	child = free_child(self);
	prepare(self, cell);
	pid = fork();
	if (pid == 0) {
		become_child(parent);
		self->mine = self->next;
		self->start_us = clock_now_us(clock_monotonic());
		return true;
	}
	if (pid < 0 || !child) {
		self->failed = pid < 0 ? -errno : -ENOSPC;
		return false;
	}
	*child = (struct child){pid, self->next++};
	self->busy++;
	return false;
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

static int cut_all(struct forker *self, struct why *why)
{
	int r;

	self->take = (struct sweep_take){
		.request = self->fork->request, .choose = fork_one, .user = self};
	r = sweep_take_run(&self->take, why);
	if (self->take.story.cut)
		hand_in(self, r, why);
	wait_until_fewer(self, 1);
	sweep_take_done(&self->take);
	if (r == 0 && self->failed)
		return why_errno(why, self->failed, "fork");
	if (r == 0 && !self->stopped && self->next != self->count->planned)
		return why_set(why, -EIO,
			"the update came to %zu cuts, and before to %zu: it is not the same each "
			"time",
			self->next, self->count->planned);
	return r;
}

/* ---- the whole ---- */

static int run(struct forker *self, struct sweep *ret, struct why *why)
{
	int r = count(self, why);

	if (r < 0)
		return r;
	ret->planned = self->count->planned;
	ret->occasions = self->count->occasions;
	ret->update_us = self->count->update_us;
	ret->image_size = self->count->image_size;
	self->cells = share(ret->planned * sizeof(*self->cells));
	if (!self->cells)
		return why_errno(why, -ENOMEM, "%zu cells", ret->planned);
	ret->cells = self->cells;
	r = cut_all(self, why);
	ret->count = pack(self);
	ret->interrupted = self->stopped;
	return r;
}

static void catch_signals(struct sigaction old[static 3])
{
	const struct sigaction action = {.sa_handler = on_signal}; /* waits are to end */

	interrupted = 0;
	sigaction(SIGINT, &action, &old[0]);
	sigaction(SIGTERM, &action, &old[1]);
	sigaction(SIGHUP, &action, &old[2]);
}

static void leave_signals(const struct sigaction old[static 3])
{
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
	sigaction(SIGHUP, &old[2], NULL);
}

int sweep_fork_run(const struct sweep_fork *fork, struct sweep *ret, struct why *why)
{
	struct forker self = {.fork = fork};
	struct sigaction old[3];
	int r;

	self.take = (struct sweep_take){.request = fork->request, .user = &self};
	self.count = share(sizeof(*self.count));
	if (!self.count)
		return why_errno(why, -ENOMEM, "sweep");
	/* Flashes come and go; their pages may stay. */
	mallopt(M_MMAP_THRESHOLD, KEPT_HEAP);
	mallopt(M_TRIM_THRESHOLD, KEPT_HEAP);
	catch_signals(old);
	self.told_us = clock_now_us(clock_monotonic());
	r = run(&self, ret, why);
	leave_signals(old);
	munmap(self.count, sizeof(*self.count));
	return r;
}
