/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_children.h"

#include "harness/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELL_US 100000

/* By which a person or the system ends us. */
static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[ARRAY_SIZE(end_signals)];
static volatile sig_atomic_t interrupted;

static void on_signal(int number UNUSED)
{
	interrupted = 1;
}

void *sweep_share(size_t size)
{
	void *memory = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void sweep_unshare(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size ? size : 1);
}

void sweep_children_begin(struct sweep_children *self)
{
	const struct sigaction action = {.sa_handler = on_signal}; /* waits are to end */

	interrupted = 0;
	self->told_us = clock_now_us(clock_monotonic());
	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
		sigaction(end_signals[i], &action, &before[i]);
}

void sweep_children_end(struct sweep_children *self UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
		sigaction(end_signals[i], &before[i], NULL);
}

/* ---- in a child ---- */

/* The terminal's signals are the parent's to act on. One that hangs is ended by its alarm. */
static void become_child(const struct sweep_children *self, pid_t parent)
{
	const struct itimerval limit = {.it_value.tv_sec = self->limit_s};

	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setitimer(ITIMER_REAL, &limit, NULL);
}

void sweep_children_hand_in(
	struct sweep_children *self, const struct sweep_cell *cell, int r, const struct why *why)
{
	struct sweep_cell *mine = &self->cells[self->mine];

	if (r == 0) {
		*mine = *cell;
	} else {
		mine->verdict = VERDICT_ERROR;
		snprintf(mine->why, sizeof(mine->why), "%.*s", SWEEP_TEXT - 1, why_text(why));
	}
	mine->wall_us = (uint32_t)(clock_now_us(clock_monotonic()) - self->start_us);
	_exit(0);
}

/* ---- in the parent ---- */

static void note_end(const struct sweep_children *self, struct sweep_cell *cell, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	/* Who ends us may have ended them, too. */
	cell->verdict = interrupted ? VERDICT_SKIP : VERDICT_ERROR;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(cell->why, sizeof(cell->why), "it did not end within %u s", self->limit_s);
	else if (WIFSIGNALED(status))
		snprintf(cell->why, sizeof(cell->why), "its process crashed: %s",
			strsignal(WTERMSIG(status)));
	else
		snprintf(cell->why, sizeof(cell->why), "its process ended with exit code %d",
			WEXITSTATUS(status));
}

static void forget(struct sweep_children *self, pid_t pid, int status)
{
	for (size_t i = 0; i < SWEEP_CHILD_MAX; i++) {
		struct sweep_child *child = &self->children[i];

		if (child->pid != pid)
			continue;
		note_end(self, &self->cells[child->cell], status);
		child->pid = 0;
		self->busy--;
		self->done++;
		return;
	}
}

static void stop(struct sweep_children *self)
{
	self->stopped = true;
	for (size_t i = 0; i < SWEEP_CHILD_MAX; i++) {
		struct sweep_child *child = &self->children[i];

		if (!child->pid)
			continue;
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		self->cells[child->cell].verdict = VERDICT_SKIP;
		child->pid = 0;
	}
	self->busy = 0;
}

static void tell(struct sweep_children *self)
{
	uint64_t now_us = clock_now_us(clock_monotonic());

	if (!self->progress || now_us - self->told_us < TELL_US)
		return;
	self->told_us = now_us;
	self->progress(self->user, self->done);
}

/* Until fewer than `most` run, or it is stopped. */
static void wait_until_fewer(struct sweep_children *self, unsigned int most)
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
	if (interrupted && !self->stopped)
		stop(self);
}

static struct sweep_child *free_child(struct sweep_children *self)
{
	size_t i = 0;

	while (self->children[i].pid)
		i++;
	assert(i < SWEEP_CHILD_MAX);
	return &self->children[i];
}

/* Until it says otherwise, it has failed. */
static void prepare(struct sweep_cell *cell)
{
	cell->verdict = VERDICT_ERROR;
	snprintf(cell->why, sizeof(cell->why), "it did not end");
}

int sweep_children_fork(struct sweep_children *self, size_t cell)
{
	pid_t parent = getpid(), pid;

	wait_until_fewer(self, self->jobs);
	if (self->stopped)
		return 0;
	prepare(&self->cells[cell]);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		become_child(self, parent);
		self->mine = cell;
		self->start_us = clock_now_us(clock_monotonic());
		return 1;
	}
	*free_child(self) = (struct sweep_child){pid, cell};
	self->busy++;
	return 0;
}

void sweep_children_wait(struct sweep_children *self)
{
	wait_until_fewer(self, 1);
}
