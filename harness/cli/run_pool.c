/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_pool.h"

#include "harness/base/attr.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKER_MAX 64
#define TEXT_MAX   (4u << 20)
#define HTML_MAX   (16u << 20)
#define CHUNK      65536
#define IDLE_MS    250
#define KEPT_HEAP  (256 << 20)

/* By which a person or the system ends us. */
static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

/* What a worker writes: this, then the text, then the HTML. */
struct head {
	struct run_summary summary;
	size_t text_size, html_size;
};

struct worker {
	pid_t pid; /* 0 = this place is free */
	int fd;
	size_t job, end; /* what it works on, and what it does not do any more */
	uint64_t until_us;
	bool killed;
	struct buf in;
};

struct crew {
	struct run_pool *pool;
	struct worker workers[WORKER_MAX];
	unsigned int size, busy;
	size_t next;
};

void run_output_init(struct run_output *output)
{
	buf_init(&output->text, TEXT_MAX);
	buf_init(&output->html, HTML_MAX);
}

void run_output_done(struct run_output *output)
{
	buf_done(&output->text);
	buf_done(&output->html);
}

/* --- in the worker --- */

static bool write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool work_and_send(struct run_pool *pool, size_t index, int fd)
{
	struct head head = {.summary = pool->jobs[index]};
	struct run_output output;
	bool sent;

	run_output_init(&output);
	pool->work(pool, index, &head.summary, &output);
	head.text_size = output.text.size;
	head.html_size = output.html.size;
	sent = write_all(fd, &head, sizeof(head)) &&
	       write_all(fd, output.text.data, output.text.size) &&
	       write_all(fd, output.html.data, output.html.size);
	run_output_done(&output);
	return sent;
}

/* With the program's usual end, so that what looks for leaks does. */
static void work_and_exit(struct run_pool *pool, size_t index, size_t end, int fd)
{
	/* Flashes come and go; their pages may stay. */
	mallopt(M_MMAP_THRESHOLD, KEPT_HEAP);
	mallopt(M_TRIM_THRESHOLD, KEPT_HEAP);
	while (index < end && work_and_send(pool, index, fd))
		index++;
	exit(index == end ? 0 : 1);
}

static void begin_worker(struct crew *crew, const struct worker *self, pid_t parent, int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The terminal sends these two to us as well: the parent says when to end. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(null, STDIN_FILENO);
	for (unsigned int i = 0; i < crew->size; i++)
		if (crew->workers[i].pid) {
			close(crew->workers[i].fd);
			buf_done(&crew->workers[i].in);
		}
	work_and_exit(crew->pool, self->job, self->end, fd);
}

/* --- in the parent --- */

static void allow_time(struct crew *crew, struct worker *worker)
{
	worker->until_us = clock_after_us(clock_monotonic(), crew->pool->limit_us);
}

/* Starts a process for jobs from index up to end. */
static int start_worker(
	struct crew *crew, struct worker *worker, size_t index, size_t end, struct why *why)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return why_errno(why, -errno, "pipe");
	worker->job = index;
	worker->end = end;
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0) {
		close(ends[0]);
		begin_worker(crew, worker, parent, ends[1]);
	}
	close(ends[1]);
	if (worker->pid < 0) {
		worker->pid = 0;
		close(ends[0]);
		return why_errno(why, -errno, "fork");
	}
	worker->fd = ends[0];
	worker->killed = false;
	buf_init(&worker->in, sizeof(struct head) + TEXT_MAX + HTML_MAX);
	allow_time(crew, worker);
	crew->busy++;
	return 0;
}

static int start_next(struct crew *crew, struct worker *worker, struct why *why)
{
	const struct run_pool *pool = crew->pool;
	size_t index = crew->next;
	size_t size = pool->batch ? pool->batch(pool, index) : 1;

	crew->next = size < pool->count - index ? index + size : pool->count;
	return start_worker(crew, worker, index, crew->next, why);
}

static int start_workers(struct crew *crew, struct why *why)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < crew->size && crew->next < crew->pool->count; i++)
		if (!crew->workers[i].pid)
			r = start_next(crew, &crew->workers[i], why);
	return r;
}

/* Takes apart what the worker wrote of one job; false when it is not all there yet. */
static bool unpack(struct buf *in, struct run_summary *ret, struct run_output *output)
{
	const uint8_t *text = in->data + sizeof(struct head);
	struct head head;

	if (in->size < sizeof(head))
		return false;
	memcpy(&head, in->data, sizeof(head));
	if (in->size < sizeof(head) + head.text_size + head.html_size)
		return false;
	/* Room for all of it was there in the worker. */
	if (buf_append(&output->text, text, head.text_size) < 0 ||
		buf_append(&output->html, text + head.text_size, head.html_size) < 0)
		return false;
	*ret = head.summary;
	buf_consume(in, sizeof(head) + head.text_size + head.html_size);
	return true;
}

static bool take_job(struct crew *crew, struct worker *worker)
{
	struct run_output output;
	bool whole;

	run_output_init(&output);
	whole = worker->job < worker->end &&
		unpack(&worker->in, &crew->pool->jobs[worker->job], &output);
	if (whole) {
		crew->pool->ended(crew->pool, worker->job++, &output);
		allow_time(crew, worker);
	}
	run_output_done(&output);
	return whole;
}

static void say_how_it_ended(struct run_summary *job, const struct worker *worker, int status)
{
	job->verdict = VERDICT_ERROR;
	if (worker->killed)
		snprintf(job->reason, sizeof(job->reason),
			"the run did not end in its time and was killed");
	else if (WIFSIGNALED(status))
		snprintf(job->reason, sizeof(job->reason), "the run crashed: %s",
			strsignal(WTERMSIG(status)));
	else
		snprintf(job->reason, sizeof(job->reason), "the run broke off with exit code %d",
			WEXITSTATUS(status));
}

/* The job in hand has no result, and will have none. */
static void give_up_job(struct crew *crew, struct worker *worker, int status)
{
	struct run_output output;

	run_output_init(&output);
	say_how_it_ended(&crew->pool->jobs[worker->job], worker, status);
	crew->pool->ended(crew->pool, worker->job++, &output);
	run_output_done(&output);
}

/* All that it wrote has been taken. Another one goes on with what it did not do. */
static int finish_worker(struct crew *crew, struct worker *worker, struct why *why)
{
	int status = 0;

	close(worker->fd);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	buf_done(&worker->in);
	worker->pid = 0;
	crew->busy--;
	/* An end that is none of a job's, such as a leak that is found at the exit, is the last one's. */
	if (status != 0 && worker->job == worker->end)
		worker->job--;
	if (worker->job < worker->end)
		give_up_job(crew, worker, status);
	return worker->job < worker->end ? start_worker(crew, worker, worker->job, worker->end, why)
					 : 0;
}

static int read_worker(struct crew *crew, struct worker *worker, struct why *why)
{
	uint8_t *room;
	ssize_t n;

	if (buf_grow(&worker->in, CHUNK, &room) < 0) {
		kill(worker->pid, SIGKILL);
		return finish_worker(crew, worker, why);
	}
	n = read(worker->fd, room, CHUNK);
	worker->in.size -= CHUNK - (n > 0 ? (size_t)n : 0);
	while (take_job(crew, worker))
		;
	if (n == 0 || (n < 0 && errno != EINTR))
		return finish_worker(crew, worker, why);
	return 0;
}

static void kill_late(struct crew *crew)
{
	uint64_t now = clock_now_us(clock_monotonic());

	for (unsigned int i = 0; i < crew->size; i++) {
		struct worker *worker = &crew->workers[i];

		if (worker->pid && !worker->killed && now >= worker->until_us) {
			worker->killed = true;
			kill(worker->pid, SIGKILL);
		}
	}
}

static void kill_all(struct crew *crew)
{
	for (unsigned int i = 0; i < crew->size; i++) {
		struct worker *worker = &crew->workers[i];

		if (!worker->pid)
			continue;
		kill(worker->pid, SIGKILL);
		while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(worker->fd);
		buf_done(&worker->in);
		worker->pid = 0;
	}
}

static volatile sig_atomic_t interrupted;

static void on_signal(int signum UNUSED)
{
	interrupted = 1;
}

static bool is_over(const struct crew *crew)
{
	return interrupted || crew->pool->stop;
}

static int poll_workers(struct crew *crew, struct why *why)
{
	struct pollfd fds[WORKER_MAX];
	int r = 0;

	for (unsigned int i = 0; i < crew->size; i++)
		fds[i] = (struct pollfd){
			.fd = crew->workers[i].pid ? crew->workers[i].fd : -1, .events = POLLIN};
	if (poll(fds, crew->size, IDLE_MS) < 0)
		return 0;
	for (unsigned int i = 0; r == 0 && i < crew->size; i++)
		if (crew->workers[i].pid && fds[i].revents)
			r = read_worker(crew, &crew->workers[i], why);
	return r;
}

static int work_off(struct crew *crew, struct why *why)
{
	int r = start_workers(crew, why);

	while (r == 0 && crew->busy && !is_over(crew)) {
		r = poll_workers(crew, why);
		kill_late(crew);
		if (crew->pool->idle)
			crew->pool->idle(crew->pool);
		if (r == 0 && !is_over(crew))
			r = start_workers(crew, why);
	}
	kill_all(crew);
	return r == 0 && is_over(crew) ? why_set(why, -EINTR, "interrupted") : r;
}

/* What the caller ignores stays ignored: nohup. */
static void watch_signals(struct sigaction ret_old[static ARRAY_SIZE(end_signals)])
{
	const struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++) {
		sigaction(end_signals[i], NULL, &ret_old[i]);
		if (ret_old[i].sa_handler != SIG_IGN)
			sigaction(end_signals[i], &action, NULL);
	}
}

int run_pool(struct run_pool *pool, struct why *why)
{
	struct sigaction old[ARRAY_SIZE(end_signals)];
	struct crew *crew = calloc(1, sizeof(*crew));
	int r;

	if (!crew)
		return why_errno(why, -ENOMEM, "workers");
	crew->pool = pool;
	crew->size = pool->workers < 1            ? 1
		     : pool->workers > WORKER_MAX ? WORKER_MAX
						  : pool->workers;
	interrupted = 0;
	watch_signals(old);
	r = work_off(crew, why);
	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
		sigaction(end_signals[i], &old[i], NULL);
	free(crew);
	return r;
}
