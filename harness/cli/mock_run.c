/* SPDX-License-Identifier: MIT */
#include "harness/cli/mock_run.h"

#include "harness/base/clock.h"
#include "harness/cli/child.h"
#include "harness/cli/cli.h"
#include "harness/cli/command_line.h"
#include "harness/cli/installed.h"
#include "harness/transport/mock/mock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOCK_ENVIRONMENT    "DFURIG_MOCK"
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND      127

struct mock_run {
	struct rig *rig;
	uv_loop_t loop;
	struct mock *mock;
	uv_signal_t on_child, on_term, on_hup, on_int, on_quit;
	uv_prepare_t idle;
	pid_t pid;
	int wait_status;
	bool ended;
	unsigned int terms; /* how often we were asked to end */
};

/* --- the preload library --- */

/* Beside the program when it is installed, else where it was built. */
static int find_preload(char ret[static PATH_MAX], struct why *why)
{
	const char *given = getenv("DFURIG_PRELOAD");

	if (given) {
		snprintf(ret, PATH_MAX, "%s", given);
	} else {
		installed_path(ret, DFURIG_PRELOAD_INSTALLED);
		if (access(ret, R_OK) < 0)
			snprintf(ret, PATH_MAX, "%s", DFURIG_PRELOAD_BUILT);
	}
	if (access(ret, R_OK) < 0)
		return why_errno(why, -errno, "the mock's preload library %s", ret);
	return 0;
}

static int start_command(struct mock_run *run, char *const argv[], struct why *why)
{
	const char *others = getenv("LD_PRELOAD");
	char library[PATH_MAX], preload[2 * PATH_MAX];
	int r = find_preload(library, why);

	if (r < 0)
		return r;
	snprintf(preload, sizeof(preload), "%s%s%s", library, others && *others ? ":" : "",
		others ? others : "");
	const struct child_environment env[] = {
		{"LD_PRELOAD", preload},
		{MOCK_ENVIRONMENT, mock_address(run->mock)},
		{NULL, NULL},
	};
	return child_start(argv, env, &run->pid, why);
}

/* --- signals --- */

static void on_child(uv_signal_t *handle, int signum UNUSED)
{
	struct mock_run *run = handle->data;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != run->pid)
			continue;
		run->wait_status = status;
		run->ended = true;
		uv_stop(&run->loop);
	}
}

/* Asked to end: the command is asked in turn; who asks twice means it. */
static void on_term(uv_signal_t *handle, int signum)
{
	struct mock_run *run = handle->data;

	kill(run->pid, run->terms++ ? SIGKILL : signum);
}

/* The terminal sends these to the command as well: it decides. */
static void on_keyboard(uv_signal_t *handle UNUSED, int signum UNUSED)
{
}

/* Before the loop waits: what has happened is told. */
static void on_idle(uv_prepare_t *handle)
{
	struct mock_run *run = handle->data;

	rig_report_modes(run->rig);
	if (run->rig->capture)
		usbmon_capture_flush(run->rig->capture);
}

static void watch(struct mock_run *run, uv_signal_t *handle, int signum, uv_signal_cb callback)
{
	uv_signal_init(&run->loop, handle);
	handle->data = run;
	uv_signal_start(handle, callback, signum);
}

static void watch_all(struct mock_run *run)
{
	watch(run, &run->on_child, SIGCHLD, on_child);
	watch(run, &run->on_term, SIGTERM, on_term);
	watch(run, &run->on_hup, SIGHUP, on_term);
	watch(run, &run->on_int, SIGINT, on_keyboard);
	watch(run, &run->on_quit, SIGQUIT, on_keyboard);
	uv_prepare_init(&run->loop, &run->idle);
	run->idle.data = run;
	uv_prepare_start(&run->idle, on_idle);
}

static void close_handle(uv_handle_t *handle, void *arg UNUSED)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* --- the run --- */

static int failed_start(int r, const struct why *why)
{
	if (r == -ENOENT)
		return cli_error(EXIT_NOT_FOUND, why);
	if (r == -EACCES || r == -ENOEXEC)
		return cli_error(EXIT_NOT_EXECUTABLE, why);
	return cli_error(CLI_RIG, why);
}

static int run_command(struct mock_run *run, char *const argv[], struct why *why)
{
	CLEANUP(free_ptr) char *line = command_line_text(argv);
	int r;

	watch_all(run);
	child_adopt_orphans();
	r = start_command(run, argv, why);
	if (r < 0)
		return failed_start(r, why);
	EVENT_EMIT(&run->rig->events, .kind = EVENT_COMMAND_START, .text = line ? line : argv[0]);
	while (!run->ended)
		uv_run(&run->loop, UV_RUN_DEFAULT);
	r = child_exit_code(run->wait_status);
	EVENT_EMIT(&run->rig->events, .kind = EVENT_COMMAND_END, .text = argv[0], .status = r);
	return r;
}

static int mock_run(struct rig *rig, char *const argv[])
{
	struct mock_run run = {.rig = rig};
	struct why why = {""};
	int code, r;

	r = uv_loop_init(&run.loop);
	if (r < 0)
		return cli_errorf(CLI_RIG, "event loop: %s", uv_strerror(r));
	r = mock_start(rig->bus, &run.loop, &run.mock, &why);
	code = r < 0 ? cli_error(CLI_RIG, &why) : run_command(&run, argv, &why);
	mock_stop(run.mock);
	child_end_orphans();
	uv_walk(&run.loop, close_handle, NULL);
	uv_run(&run.loop, UV_RUN_DEFAULT);
	uv_loop_close(&run.loop);
	uv_library_shutdown();
	return code;
}

int mock_run_rig(struct rig *rig, char *const argv[], mock_run_after after, void *user)
{
	struct why why = {""};
	int code = mock_run(rig, argv);

	if (after)
		code = after(rig, code, user);
	return rig_finish(rig, &why) < 0 ? cli_error(CLI_RIG, &why) : code;
}
