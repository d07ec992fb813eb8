/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_world.h"

#include "harness/cli/child.h"
#include "harness/cli/command_line.h"
#include "harness/cli/mock_session.h"
#include "harness/cli/work_folder.h"
#include "harness/ports/host_os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 4096

/* A program that runs. */
struct process {
	pid_t pid;
	int output;    /* what it prints can be read here */
	bool all_read; /* nothing more will come */
	int wait_status;
	bool ended, killed;
	size_t told; /* bytes of its output that are told as lines */
	struct world_program *result;
	struct world_mock *world;
};

struct world_mock {
	struct run_world base;
	struct mock_session session;
	uv_signal_t on_child;
	uv_timer_t timer;
	struct process *process; /* borrowed; NULL = none runs */
	char path[4 * PATH_MAX]; /* PATH of programs */
};

static struct world_mock *mock_of(struct world *world)
{
	return CONTAINER_OF(world, struct world_mock, base.world);
}

static void on_child(uv_signal_t *handle, int signum UNUSED)
{
	struct world_mock *self = handle->data;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!self->process || pid != self->process->pid)
			continue;
		self->process->wait_status = status;
		self->process->ended = true;
	}
}

/* Time that is over before the loop waits must not let it wait for ever. */
static void on_timer(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* One turn of the loop, at most until when_us. */
static void turn(struct world_mock *self, uint64_t when_us)
{
	uint64_t now_us = clock_now_us(self->base.world.clock);
	uint64_t wait_us = when_us > now_us ? when_us - now_us : 0;

	uv_update_time(&self->session.loop);
	if (when_us != CLOCK_NEVER)
		uv_timer_start(&self->timer, on_timer, wait_us / 1000 + (wait_us % 1000 != 0), 0);
	uv_run(&self->session.loop, UV_RUN_ONCE);
	uv_timer_stop(&self->timer);
}

static int run_until(struct world *world, bool (*done)(void *user), void *user, uint64_t until_us,
	struct why *why UNUSED)
{
	while (!done || !done(user)) {
		if (clock_now_us(world->clock) >= until_us)
			return -ETIMEDOUT;
		turn(mock_of(world), until_us);
	}
	return 0;
}

/* --- programs --- */

static void tell_output(struct process *process)
{
	struct buf *output = &process->result->output;
	size_t size = output->size - process->told;

	if (!size)
		return;
	run_world_progress(&process->world->base, (const char *)output->data + process->told, size);
	process->told += size - run_world_output(&process->world->base,
					(const char *)output->data + process->told, size);
}

/* Its last words, when no end of line is behind them. */
static void tell_rest(struct process *process)
{
	struct buf *output = &process->result->output;

	if (output->size > process->told)
		run_world_output_rest(&process->world->base,
			(const char *)output->data + process->told, output->size - process->told);
}

/* Takes in what it has printed. Beyond the limit it is read and dropped, so that the program can go on. */
static void read_output(struct process *process)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read(process->output, chunk, sizeof(chunk))) > 0)
		(void)!buf_append(&process->result->output, chunk, (size_t)n);
	if (n == 0 || errno != EAGAIN)
		process->all_read = true;
	tell_output(process);
}

static void on_output(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct process *process = poll->data;

	read_output(process);
	if (process->all_read)
		uv_poll_stop(poll);
}

/* Until it has ended; then nothing of it may be left. */
static void await(struct world_mock *self, struct process *process, uint64_t until_us)
{
	while (!process->ended && clock_now_us(self->base.world.clock) < until_us)
		turn(self, until_us);
	if (!process->ended) {
		process->result->timed_out = true;
		kill(process->pid, SIGKILL);
		while (!process->ended)
			turn(self, CLOCK_NEVER);
	}
	/* Who was killed could not end its own. */
	process->result->left_running =
		process->result->timed_out || process->killed ? 0 : child_count();
	child_end_orphans();
	if (!process->all_read)
		read_output(process);
	tell_rest(process);
}

/* FAULT_KILL. */
static void kill_process(void *user)
{
	struct process *process = user;

	process->killed = true;
	child_kill(process->pid);
}

static void close_poll(struct world_mock *self, uv_poll_t *poll)
{
	uv_close((uv_handle_t *)poll, NULL);
	uv_run(&self->session.loop, UV_RUN_NOWAIT);
}

static int follow(
	struct world_mock *self, struct process *process, uint32_t limit_ms, struct why *why)
{
	struct clock *clock = self->base.world.clock;
	uv_poll_t poll = {.data = process};
	int r = uv_poll_init(&self->session.loop, &poll, process->output);

	if (r < 0)
		return why_set(why, r, "output of the program: %s", uv_strerror(r));
	poll.data = process;
	uv_poll_start(&poll, UV_READABLE | UV_DISCONNECT, on_output);
	self->process = process;
	self->base.rig.kill = kill_process;
	self->base.rig.kill_user = process;
	await(self, process,
		limit_ms ? clock_after_us(clock, limit_ms * UINT64_C(1000)) : CLOCK_NEVER);
	self->base.rig.kill = NULL;
	self->process = NULL;
	close_poll(self, &poll);
	process->result->exit_code = child_exit_code(process->wait_status);
	return 0;
}

/* "dfurig" in a command line is this program. */
static int start(
	struct world_mock *self, char *const argv[], int output, pid_t *ret, struct why *why)
{
	char *copy[FLASHER_WORD_MAX + 1] = {(char[]){"/proc/self/exe"}};
	struct mock_program program = {argv, self->path, output};

	if (strcmp(argv[0], "dfurig") == 0) {
		for (size_t i = 1; argv[i] && i < FLASHER_WORD_MAX; i++)
			copy[i] = argv[i];
		program.argv = copy;
	}
	return mock_session_start(&self->session, &program, ret, why);
}

static int run_started(
	struct world_mock *self, struct process *process, uint32_t limit_ms, struct why *why)
{
	int r = follow(self, process, limit_ms, why);

	close(process->output);
	return r;
}

static int run_program(struct world *world, char *const argv[], uint32_t limit_ms,
	struct world_program *ret, struct why *why)
{
	struct world_mock *self = mock_of(world);
	CLEANUP(free_ptr) char *line = command_line_text(argv);
	struct process process = {.result = ret, .world = self};
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return why_errno(why, -errno, "pipe");
	fcntl(ends[1], F_SETFL, 0);
	process.output = ends[0];
	buf_init(&ret->output, HOST_OUTPUT_MAX);
	EVENT_EMIT(world->events, .kind = EVENT_COMMAND_START, .text = line ? line : argv[0]);
	r = start(self, argv, ends[1], &process.pid, why);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		ret->missing = true;
		ret->exit_code = 127;
		r = r == -ENOENT || r == -EACCES || r == -ENOEXEC ? 0 : r;
	} else {
		r = run_started(self, &process, limit_ms, why);
	}
	EVENT_EMIT(world->events, .kind = EVENT_COMMAND_END, .text = argv[0],
		.status = ret->exit_code);
	return r;
}

static const char *path_of_host(void)
{
	const char *path = getenv("PATH");

	return path ? path : "/usr/bin:/bin";
}

/* The programs in `folders`, and behind them this one: scripts that are tested may call it. */
static void set_path(struct world_mock *self, const char *folders)
{
	char exe[PATH_MAX] = "";
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash = length > 0 ? strrchr(exe, '/') : NULL;

	snprintf(self->path, sizeof(self->path), "%s%s%.*s", folders, slash ? ":" : "",
		slash ? (int)(slash - exe) : 0, exe);
}

static int set_host(struct world *world, const struct world_host *host, struct why *why)
{
	struct world_mock *self = mock_of(world);
	char without[PATH_MAX];
	int r;

	if (host->late[0].program || host->mute[0])
		return why_set(why, -ENOTSUP,
			"host: late and mute are for --transport direct: real programs are as they "
			"are");
	self->base.host = *host;
	mock_set_permission(self->session.mock, !host->no_permission);
	mock_hold_ports(self->session.mock, host->port_held);
	mock_new_numbers(self->session.mock, host->new_number);
	mock_probe_ports(self->session.mock, host->prober ? WORLD_PROBE_US : 0);
	r = mock_set_kernel_driver(self->session.mock, host->kernel_driver, why);
	if (r < 0)
		return r;
	set_path(self, path_of_host());
	if (!host->missing[0])
		return 0;
	r = work_folder_path_without(
		self->base.request->work, self->base.host.missing, without, why);
	if (r == 0)
		set_path(self, without);
	return r;
}

static const struct world_ops ops = {
	.name = "mock",
	.run_until = run_until,
	.run_program = run_program,
	.run_flasher = run_world_flasher,
	.set_host = set_host,
	.at = run_world_at,
	.image = run_world_image,
	.tune = run_world_tune,
	.default_tune = run_world_default_tune,
	.sector = run_world_sector,
	.unfired = run_world_unfired,
	.signature = run_world_signature,
};

int world_mock_new(const struct run_request *request, struct run_world **ret, struct why *why)
{
	struct world_mock *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return why_errno(why, -ENOMEM, "world");
	r = run_world_begin(&self->base, request, &ops, clock_monotonic(), why);
	if (r < 0) {
		free(self);
		return r;
	}
	r = mock_session_begin(&self->session, &self->base.rig, why);
	if (r < 0) {
		run_world_done(&self->base);
		free(self);
		return r;
	}
	set_path(self, path_of_host());
	uv_timer_init(&self->session.loop, &self->timer);
	uv_signal_init(&self->session.loop, &self->on_child);
	self->on_child.data = self;
	uv_signal_start(&self->on_child, on_child, SIGCHLD);
	*ret = &self->base;
	return 0;
}

void world_mock_free(struct run_world *world)
{
	struct world_mock *self = CONTAINER_OF(world, struct world_mock, base);

	mock_session_end(&self->session);
	run_world_done(world);
	free(self);
}
